/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "write/room.h"

#include <string.h>

/* The list of what was written. */

struct write_proof {
    struct write_extent *extent;
    size_t n, cap;
    struct tree_region *wipe;
    size_t nwipes, wipes_cap;
};

int write_proof_new(struct write_proof **ret, struct wtg_err *err)
{
    struct write_proof *p = mem_zeroed(1, sizeof *p, err);
    if (!p)
        return err->code;
    *ret = p;
    return 0;
}

void write_proof_free(struct write_proof *p)
{
    if (!p)
        return;
    free(p->extent);
    free(p->wipe);
    free(p);
}

bool proof_is_one_byte(const uint8_t *p, size_t n)
{
    return n > 0 && memcmp(p, p + 1, n - 1) == 0;
}

static struct write_extent extent_of(uint64_t off, const uint8_t *bytes, size_t n)
{
    struct write_extent e = { .off = off, .hash = hash_quick(bytes, n), .len = n };

    if (off % WRITE_ALIGN == 0 && n >= WRITE_ALIGN && !proof_is_one_byte(bytes, WRITE_ALIGN))
        e.head = hash_quick(bytes, WRITE_ALIGN);
    return e;
}

int write_proof_add(struct write_proof *p, uint64_t off, const uint8_t *bytes, size_t n,
                    struct wtg_err *err)
{
    if (!p)
        return 0;
    int r = mem_grow(&p->extent, &p->cap, p->n, sizeof *p->extent, err);
    if (r == 0)
        p->extent[p->n++] = extent_of(off, bytes, n);
    return r;
}

int write_proof_restore(struct write_proof *p, const struct write_extent *extent, size_t n,
                        struct wtg_err *err)
{
    for (size_t i = 0; i < n; i++) {
        int r = mem_grow(&p->extent, &p->cap, p->n, sizeof *p->extent, err);
        if (r < 0)
            return r;
        p->extent[p->n++] = extent[i];
    }
    return 0;
}

const struct write_extent *write_proof_since(const struct write_proof *p, size_t from,
                                             size_t *ret_n)
{
    *ret_n = p ? p->n - from : 0;
    return p ? p->extent + from : NULL;
}

int write_proof_wipe(struct write_proof *p, const struct tree_region *g, struct wtg_err *err)
{
    if (!p)
        return 0;
    if (g->kind != REGION_FILL)
        return wtg_fail(err, WTG_E_BUG, "a wipe that is more than a fill");
    int r = mem_grow(&p->wipe, &p->wipes_cap, p->nwipes, sizeof *p->wipe, err);
    if (r == 0)
        p->wipe[p->nwipes++] = *g;
    return r;
}

/* What must be found: the extents, and between them what is left of the wipes. */

struct list {
    struct write_extent *extent;
    size_t n, cap;
    uint8_t *fill; /* WRITE_STAGE_BYTES of one value */
};

static int add_fill(struct list *l, uint64_t off, uint64_t end, struct wtg_err *err)
{
    for (size_t n; off < end; off += n) {
        int r = mem_grow(&l->extent, &l->cap, l->n, sizeof *l->extent, err);
        if (r < 0)
            return r;
        n = (size_t)min_u64(end - off, WRITE_STAGE_BYTES);
        l->extent[l->n++] = extent_of(off, l->fill, n);
    }
    return 0;
}

static int by_offset(const void *a, const void *b)
{
    const struct write_extent *x = a, *y = b;
    return x->off < y->off ? -1 : x->off > y->off;
}

/* `sorted`: the first n of the list. */
static int add_wipe(struct list *l, size_t n, const struct tree_region *g, struct wtg_err *err)
{
    uint64_t at = g->offset, end = g->offset + g->length;

    memset(l->fill, g->fill, WRITE_STAGE_BYTES);
    for (size_t i = 0; i < n && at < end; i++) {
        struct write_extent e = l->extent[i];
        if (e.off + e.len <= at)
            continue;
        int r = add_fill(l, at, min_u64(end, e.off), err);
        if (r < 0)
            return r;
        at = max_u64(at, e.off + e.len);
    }
    return add_fill(l, at, end, err);
}

int write_proof_extents(const struct write_proof *p, struct write_extent **ret, size_t *ret_n,
                        struct wtg_err *err)
{
    struct list l = { .n = p->n, .cap = p->n };
    AUTO_FREE uint8_t *fill = malloc(WRITE_STAGE_BYTES);
    int r = 0;

    l.fill = fill;
    l.extent = fill ? mem_zeroed(p->n, sizeof *l.extent, err) : NULL;
    if (!l.extent)
        return wtg_fail_nomem(err);
    if (p->n)
        memcpy(l.extent, p->extent, p->n * sizeof *l.extent);
    qsort(l.extent, l.n, sizeof *l.extent, by_offset);
    for (size_t i = 0; i < p->nwipes && r == 0; i++)
        r = add_wipe(&l, p->n, &p->wipe[i], err);
    if (r < 0) {
        free(l.extent);
        return r;
    }
    qsort(l.extent, l.n, sizeof *l.extent, by_offset);
    *ret = l.extent;
    *ret_n = l.n;
    return 0;
}
