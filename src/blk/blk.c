/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "blk/blk.h"

#include <inttypes.h>

static int inside(const struct blk *b, const char *verb, uint64_t off, size_t n,
                  struct wtg_err *err)
{
    if (off <= b->size && n <= b->size - off)
        return 0;
    return wtg_fail(err, WTG_E_IO, "cannot %s %zu bytes at byte %" PRIu64 ": the end is at %" PRIu64,
                    verb, n, off, b->size);
}

int blk_read(struct blk *b, uint64_t off, void *buf, size_t n, struct wtg_err *err)
{
    int r = inside(b, "read", off, n, err);
    return r < 0 || n == 0 ? r : b->ops->read(b, off, buf, n, err);
}

int blk_write(struct blk *b, uint64_t off, const void *buf, size_t n, struct wtg_err *err)
{
    if (!b->writable || !b->ops->write)
        return wtg_fail(err, WTG_E_BUG, "a write to something opened for reading ('%s')",
                        b->ops->name);
    int r = inside(b, "write", off, n, err);
    return r < 0 || n == 0 ? r : b->ops->write(b, off, buf, n, err);
}

int blk_flush(struct blk *b, struct wtg_err *err)
{
    return b->ops->flush ? b->ops->flush(b, err) : 0;
}

void blk_forget(struct blk *b)
{
    if (b->ops->forget)
        b->ops->forget(b);
}

int blk_discard(struct blk *b, bool *ret, struct wtg_err *err)
{
    *ret = false;
    return b->ops->discard ? b->ops->discard(b, ret, err) : 0;
}

void blk_free(struct blk *b)
{
    if (b)
        b->ops->free(b);
}
