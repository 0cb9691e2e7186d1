/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "write/room.h"

/* Orders the wishes for content as their sources can bring it. */

/* One source, and the lowest offset on the target that wants something of it: sources are read
 * in the order in which their content stands there. */
struct rank {
    const struct tree_source *source;
    uint64_t lowest;
};

struct keyed {
    struct rank rank;
    struct tree_region region;
};

static uint64_t place_key(const struct tree_region *g)
{
    return g->kind == REGION_KEEP ? UINT64_MAX : g->offset;
}

int content_order(const struct tree_blob *p, const struct tree_blob *q)
{
    if (p->order != q->order)
        return p->order < q->order ? -1 : 1;
    /* A blob and its stored form stand in one place; the same order in every run. */
    if (p->size_bytes != q->size_bytes)
        return p->size_bytes < q->size_bytes ? -1 : 1;
    return p == q ? 0 : p < q ? -1 : 1;
}

static int by_order(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    const struct tree_blob *p = x->region.blob, *q = y->region.blob;

    if (x->rank.lowest != y->rank.lowest)
        return x->rank.lowest < y->rank.lowest ? -1 : 1;
    if (p->source != q->source)
        return p->source < q->source ? -1 : 1;
    if (p != q)
        return content_order(p, q);
    if (x->region.blob_off != y->region.blob_off)
        return x->region.blob_off < y->region.blob_off ? -1 : 1;
    return place_key(&x->region) < place_key(&y->region)
               ? -1
               : place_key(&x->region) > place_key(&y->region);
}

static int by_source(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    const struct tree_source *p = x->region.blob->source, *q = y->region.blob->source;

    return p < q ? -1 : p > q;
}

static void rank_sources(struct keyed *k, size_t n)
{
    qsort(k, n, sizeof *k, by_source);
    for (size_t i = 0; i < n;) {
        size_t end = i;
        uint64_t lowest = UINT64_MAX;
        for (; end < n && k[end].region.blob->source == k[i].region.blob->source; end++)
            lowest = min_u64(lowest, place_key(&k[end].region));
        for (size_t j = i; j < end; j++)
            k[j].rank.lowest = lowest;
        i = end;
    }
}

/* Takes away what an earlier run has written; what is kept in memory comes again. */
static void drop_done(struct run *r)
{
    size_t wants = 0, regions = 0;

    for (size_t i = 0; i < r->nwants; i++) {
        struct want w = r->want[i];
        const struct want old = w;
        bool done = old.done <= r->opts->progress.done;
        w.first = regions;
        w.n = 0;
        for (size_t k = old.first; k < old.first + old.n; k++) {
            struct tree_region g = r->sorted[k];
            if (done && g.kind == REGION_BLOB)
                r->result->bytes += g.length;
            else
                r->sorted[regions + w.n++] = g;
        }
        regions += w.n;
        if (w.n)
            r->want[wants++] = w;
    }
    r->nwants = wants;
    r->nsorted = regions;
    r->marked_bytes = r->result->bytes;
}

static int sort_content(struct run *r, struct wtg_err *err)
{
    AUTO_FREE struct keyed *k = mem_zeroed(r->nsorted, sizeof *k, err);
    if (!k)
        return err->code;
    for (size_t i = 0; i < r->nsorted; i++)
        k[i].region = r->sorted[i];
    rank_sources(k, r->nsorted);
    qsort(k, r->nsorted, sizeof *k, by_order);
    for (size_t i = 0; i < r->nsorted; i++)
        r->sorted[i] = k[i].region;
    r->want = mem_zeroed(r->nsorted, sizeof *r->want, err);
    if (!r->want)
        return err->code;
    for (size_t i = 0; i < r->nsorted; i++) {
        struct want *last = r->nwants ? &r->want[r->nwants - 1] : NULL;
        if (last && last->blob == r->sorted[i].blob) {
            last->n++;
            continue;
        }
        r->want[r->nwants] = (struct want){ r->sorted[i].blob, i, 1, r->nwants + 1 };
        r->nwants++;
    }
    drop_done(r);
    return 0;
}

/* How many of the wants that are left come from the next source. */
static size_t count_next(const struct run *r)
{
    size_t end = r->at_want;

    while (end < r->nwants && r->want[end].blob->source == r->want[r->at_want].blob->source)
        end++;
    return end - r->at_want;
}

int content_run(struct run *r, struct wtg_err *err)
{
    struct write_group *alone = NULL, *group = r->opts->group;
    int e = sort_content(r, err);

    if (e == 0 && !group) {
        e = write_group_new(1, &alone, err);
        group = alone;
    }
    while (e == 0 && (r->now_wants = count_next(r)) > 0) {
        e = group_round(group, alone ? 0 : r->opts->member, r, err);
        r->at_want += r->now_wants;
    }
    write_group_leave(r->opts->group, r->opts->member);
    write_group_free(alone);
    return e;
}
