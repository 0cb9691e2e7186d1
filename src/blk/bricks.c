/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "blk/blk.h"

#include <string.h>

#include "base/mem.h"

/* Memory. */

struct blk_mem {
    struct blk blk;
    uint8_t *own;
    const uint8_t *bytes;
};

static int mem_read(struct blk *b, uint64_t off, void *buf, size_t n, struct wtg_err *err)
{
    (void)err;
    memcpy(buf, ((struct blk_mem *)b)->bytes + off, n);
    return 0;
}

static int mem_write(struct blk *b, uint64_t off, const void *buf, size_t n, struct wtg_err *err)
{
    (void)err;
    memcpy(((struct blk_mem *)b)->own + off, buf, n);
    return 0;
}

static void mem_free(struct blk *b)
{
    free(((struct blk_mem *)b)->own);
    free(b);
}

static const struct blk_ops mem_ops = {
    .name = "mem", .read = mem_read, .write = mem_write, .free = mem_free
};

int blk_mem_new(uint64_t size, struct blk **ret, struct wtg_err *err)
{
    struct blk_mem *m = mem_zeroed(1, sizeof *m, err);
    if (!m)
        return err->code;
    m->own = mem_zeroed(size, 1, err);
    if (!m->own) {
        free(m);
        return err->code;
    }
    m->bytes = m->own;
    m->blk = (struct blk){ .ops = &mem_ops, .size = size, .sector_bytes = 512, .writable = true };
    *ret = &m->blk;
    return 0;
}

int blk_mem_wrap(const void *p, size_t n, struct blk **ret, struct wtg_err *err)
{
    struct blk_mem *m = mem_zeroed(1, sizeof *m, err);
    if (!m)
        return err->code;
    m->bytes = p;
    m->blk = (struct blk){ .ops = &mem_ops, .size = n, .sector_bytes = 512 };
    *ret = &m->blk;
    return 0;
}

uint8_t *blk_mem_bytes(struct blk *b)
{
    return ((struct blk_mem *)b)->own;
}

/* A part of another brick. */

struct blk_slice {
    struct blk blk;
    uint64_t off;
};

static int slice_read(struct blk *b, uint64_t off, void *buf, size_t n, struct wtg_err *err)
{
    return blk_read(b->below, ((struct blk_slice *)b)->off + off, buf, n, err);
}

static int slice_write(struct blk *b, uint64_t off, const void *buf, size_t n, struct wtg_err *err)
{
    return blk_write(b->below, ((struct blk_slice *)b)->off + off, buf, n, err);
}

static int below_flush(struct blk *b, struct wtg_err *err)
{
    return blk_flush(b->below, err);
}

static void plain_free(struct blk *b)
{
    free(b);
}

static const struct blk_ops slice_ops = { .name = "slice",
                                          .read = slice_read,
                                          .write = slice_write,
                                          .flush = below_flush,
                                          .free = plain_free };

int blk_slice_new(struct blk *below, uint64_t off, uint64_t size, struct blk **ret,
                  struct wtg_err *err)
{
    if (off > below->size || size > below->size - off)
        return wtg_fail(err, WTG_E_IO, "a part of %llu bytes at byte %llu does not lie inside %llu",
                        (unsigned long long)size, (unsigned long long)off,
                        (unsigned long long)below->size);
    struct blk_slice *s = mem_zeroed(1, sizeof *s, err);
    if (!s)
        return err->code;
    s->blk = (struct blk){ .ops = &slice_ops,
                           .below = below,
                           .size = size,
                           .sector_bytes = below->sector_bytes,
                           .writable = below->writable };
    s->off = off;
    *ret = &s->blk;
    return 0;
}

/* A file in pieces. */

struct extent_at {
    uint64_t start; /* in the file */
    struct blk_extent extent;
};

struct blk_extents {
    struct blk blk;
    size_t n;
    struct extent_at at[];
};

/* The extent that holds byte `off` of the file: the last that starts at or before it. */
static size_t extent_of(const struct blk_extents *e, uint64_t off)
{
    size_t lo = 0, hi = e->n;

    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (e->at[mid].start <= off)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

static int extents_read(struct blk *b, uint64_t off, void *buf, size_t n, struct wtg_err *err)
{
    const struct blk_extents *e = (const struct blk_extents *)b;
    uint8_t *p = buf;

    for (size_t i = extent_of(e, off); n > 0; i++) {
        const struct extent_at *a = &e->at[i];
        uint64_t in = off - a->start;
        size_t part = (size_t)min_u64(n, a->extent.size - in);
        int r = 0;
        if (a->extent.off == BLK_HOLE)
            memset(p, 0, part);
        else
            r = blk_read(b->below, a->extent.off + in, p, part, err);
        if (r < 0)
            return r;
        p += part;
        off += part;
        n -= part;
    }
    return 0;
}

static const struct blk_ops extents_ops = { .name = "extents",
                                            .read = extents_read,
                                            .free = plain_free };

int blk_extents_new(struct blk *below, const struct blk_extent *extent, size_t n,
                    struct blk **ret, struct wtg_err *err)
{
    size_t bytes;
    if (MUL_OVERFLOW(n, sizeof(struct extent_at), &bytes) ||
        ADD_OVERFLOW(bytes, sizeof(struct blk_extents), &bytes))
        return wtg_fail_nomem(err);
    struct blk_extents *e = mem_zeroed(1, bytes, err);
    if (!e)
        return err->code;
    e->blk = (struct blk){ .ops = &extents_ops, .below = below, .sector_bytes = below->sector_bytes };
    for (size_t i = 0; i < n; i++) {
        if (extent[i].size == 0)
            continue;
        e->at[e->n++] = (struct extent_at){ e->blk.size, extent[i] };
        if (ADD_OVERFLOW(e->blk.size, extent[i].size, &e->blk.size)) {
            free(e);
            return wtg_fail(err, WTG_E_IO, "the pieces of a file are longer than 2^64 bytes");
        }
    }
    *ret = &e->blk;
    return 0;
}
