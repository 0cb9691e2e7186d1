/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "blk/blk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"

/* The nth access fails. */

struct fault {
    struct blk blk;
    struct blk_fault want;
    atomic_long reads, writes, flushes;
};

static bool strikes(const struct fault *f, long nth, atomic_long *seen)
{
    long i = atomic_fetch_add(seen, 1);
    return nth >= 0 && (i == nth || (f->want.stays_broken && i > nth));
}

static int fault_read(struct blk *b, uint64_t off, void *buf, size_t n, struct wtg_err *err)
{
    struct fault *f = (struct fault *)b;

    if (strikes(f, f->want.fail_read, &f->reads))
        return wtg_fail_errno(err, EIO, "injected: cannot read %zu bytes at byte %" PRIu64, n, off);
    return blk_read(b->below, off, buf, n, err);
}

static int fault_write(struct blk *b, uint64_t off, const void *buf, size_t n, struct wtg_err *err)
{
    struct fault *f = (struct fault *)b;

    if (strikes(f, f->want.fail_write, &f->writes))
        return wtg_fail_errno(err, f->want.no_space ? ENOSPC : EIO,
                              "injected: cannot write %zu bytes at byte %" PRIu64, n, off);
    return blk_write(b->below, off, buf, n, err);
}

static int fault_flush(struct blk *b, struct wtg_err *err)
{
    struct fault *f = (struct fault *)b;

    if (strikes(f, f->want.fail_flush, &f->flushes))
        return wtg_fail_errno(err, EIO, "injected: the target did not confirm what was written");
    return blk_flush(b->below, err);
}

static int below_flush(struct blk *b, struct wtg_err *err)
{
    return blk_flush(b->below, err);
}

static void plain_free(struct blk *b)
{
    free(b);
}

static const struct blk_ops fault_ops = { .name = "fault",
                                          .read = fault_read,
                                          .write = fault_write,
                                          .flush = fault_flush,
                                          .free = plain_free };

int blk_fault_new(struct blk *below, const struct blk_fault *want, struct blk **ret,
                  struct wtg_err *err)
{
    struct fault *f = mem_zeroed(1, sizeof *f, err);
    if (!f)
        return err->code;
    f->blk = (struct blk){ .ops = &fault_ops,
                           .below = below,
                           .size = below->size,
                           .sector_bytes = below->sector_bytes,
                           .writable = below->writable };
    f->want = *want;
    *ret = &f->blk;
    return 0;
}

/* Lying. */

struct lying {
    struct blk blk;
    struct blk_lie lie;
    atomic_ullong told; /* times */
};

/* The parts of an access before, inside and behind [off, off+n). */
static int write_around(struct blk *b, uint64_t off, const uint8_t *p, size_t n, uint64_t hole,
                        uint64_t hole_n, struct wtg_err *err)
{
    size_t before = (size_t)min_u64(n, hole > off ? hole - off : 0);
    uint64_t end = hole + hole_n;
    size_t skip = (size_t)min_u64(n, max_u64(before, end > off ? end - off : 0));
    int r = blk_write(b, off, p, before, err);

    return r < 0 ? r : blk_write(b, off + skip, p + skip, n - skip, err);
}

static int lying_write(struct blk *b, uint64_t off, const void *buf, size_t n, struct wtg_err *err)
{
    const struct blk_lie *l = &((struct lying *)b)->lie;
    const uint8_t *p = buf;

    switch (l->kind) {
    case BLK_LIE_DROP:
        return write_around(b->below, off, p, n, l->off, l->n, err);
    case BLK_LIE_SHORT:
        return blk_write(b->below, off, p, (size_t)min_u64(n, l->n), err);
    case BLK_LIE_WRAP:
        for (int r; n > 0;) {
            size_t part = (size_t)min_u64(n, l->off - off % l->off);
            r = blk_write(b->below, off % l->off, p, part, err);
            if (r < 0)
                return r;
            off += part;
            p += part;
            n -= part;
        }
        return 0;
    case BLK_LIE_FLIP:
        break;
    }
    return blk_write(b->below, off, p, n, err);
}

static int lying_read(struct blk *b, uint64_t off, void *buf, size_t n, struct wtg_err *err)
{
    struct lying *f = (struct lying *)b;
    const struct blk_lie *l = &f->lie;
    uint8_t *p = buf;

    if (l->kind == BLK_LIE_WRAP) {
        for (int r; n > 0;) {
            size_t part = (size_t)min_u64(n, l->off - off % l->off);
            r = blk_read(b->below, off % l->off, p, part, err);
            if (r < 0)
                return r;
            off += part;
            p += part;
            n -= part;
        }
        return 0;
    }
    int r = blk_read(b->below, off, buf, n, err);
    if (r == 0 && l->kind == BLK_LIE_FLIP && l->off >= off && l->off - off < n &&
        (l->n == 0 || atomic_fetch_add(&f->told, 1) < l->n))
        p[l->off - off] ^= 1;
    return r;
}

static const struct blk_ops lying_ops = { .name = "lie",
                                          .read = lying_read,
                                          .write = lying_write,
                                          .flush = below_flush,
                                          .free = plain_free };

int blk_lie_new(struct blk *below, const struct blk_lie *lie, struct blk **ret,
                struct wtg_err *err)
{
    struct lying *f = mem_zeroed(1, sizeof *f, err);
    if (!f)
        return err->code;
    f->blk = (struct blk){ .ops = &lying_ops,
                           .below = below,
                           .size = below->size,
                           .sector_bytes = below->sector_bytes,
                           .writable = below->writable };
    f->lie = *lie;
    *ret = &f->blk;
    return 0;
}

/* Counting. */

struct counting {
    struct blk blk;
    _Atomic uint64_t reads, read_bytes, writes, write_bytes, flushes, large_write_bytes, backward;
    _Atomic uint64_t end; /* of the last write */
};

enum { LARGE_WRITE_BYTES = 1024 * 1024 };

static int count_read(struct blk *b, uint64_t off, void *buf, size_t n, struct wtg_err *err)
{
    struct counting *c = (struct counting *)b;

    c->reads++;
    c->read_bytes += n;
    return blk_read(b->below, off, buf, n, err);
}

static int count_write(struct blk *b, uint64_t off, const void *buf, size_t n, struct wtg_err *err)
{
    struct counting *c = (struct counting *)b;

    c->writes++;
    c->write_bytes += n;
    if (n >= LARGE_WRITE_BYTES)
        c->large_write_bytes += n;
    if (off < atomic_exchange(&c->end, off + n))
        c->backward++;
    return blk_write(b->below, off, buf, n, err);
}

static int count_flush(struct blk *b, struct wtg_err *err)
{
    ((struct counting *)b)->flushes++;
    return blk_flush(b->below, err);
}

static const struct blk_ops counting_ops = { .name = "count",
                                             .read = count_read,
                                             .write = count_write,
                                             .flush = count_flush,
                                             .free = plain_free };

int blk_count_new(struct blk *below, struct blk **ret, struct wtg_err *err)
{
    struct counting *c = mem_zeroed(1, sizeof *c, err);
    if (!c)
        return err->code;
    c->blk = (struct blk){ .ops = &counting_ops,
                           .below = below,
                           .size = below->size,
                           .sector_bytes = below->sector_bytes,
                           .writable = below->writable };
    *ret = &c->blk;
    return 0;
}

struct blk_counts blk_counts(struct blk *counting)
{
    struct counting *c = (struct counting *)counting;

    return (struct blk_counts){ .reads = c->reads,
                                .read_bytes = c->read_bytes,
                                .writes = c->writes,
                                .write_bytes = c->write_bytes,
                                .flushes = c->flushes,
                                .large_write_bytes = c->large_write_bytes,
                                .backward_writes = c->backward };
}
