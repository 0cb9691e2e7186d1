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

static int by_order(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    const struct tree_blob *p = x->region.blob, *q = y->region.blob;

    if (x->rank.lowest != y->rank.lowest)
        return x->rank.lowest < y->rank.lowest ? -1 : 1;
    if (p->source != q->source)
        return p->source < q->source ? -1 : 1;
    if (p->order != q->order)
        return p->order < q->order ? -1 : 1;
    if (p != q)
        return p < q ? -1 : 1;
    if (x->region.blob_off != y->region.blob_off)
        return x->region.blob_off < y->region.blob_off ? -1 : 1;
    return place_key(&x->region) < place_key(&y->region) ? -1
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
        if (last && last->blob == r->sorted[i].blob)
            last->n++;
        else
            r->want[r->nwants++] = (struct want){ r->sorted[i].blob, i, 1 };
    }
    return 0;
}

int content_run(struct run *r, struct wtg_err *err)
{
    int e = sort_content(r, err);

    for (size_t i = 0; i < r->nwants && e == 0;) {
        size_t end = i;
        while (end < r->nwants && r->want[end].blob->source == r->want[i].blob->source)
            end++;
        e = pipeline_run(r, i, end - i, err);
        i = end;
    }
    return e;
}
