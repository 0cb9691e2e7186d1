/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BLK_QUEUE_H
#define WTG_BLK_QUEUE_H

#include "blk/blk.h"

/* What kinds of queues share. */
struct blk_queue_ops {
    /* Begins it, or does it and hands it to queue_done.  Bounds have been checked. */
    int (*put)(struct blk_queue *q, struct blk_io *io, struct wtg_err *err);
    /* As blk_queue_get; called when something is in flight and nothing is done. */
    int (*get)(struct blk_queue *q, unsigned wait_ms, struct blk_io **ret, struct wtg_err *err);
    void (*free)(struct blk_queue *q);
};
struct blk_queue { /* first member of every concrete queue */
    const struct blk_queue_ops *ops;
    struct blk *blk;
    unsigned depth, busy, ndone;
    struct blk_io *done[BLK_QUEUE_MAX]; /* over, but not yet given back */
};
void queue_done(struct blk_queue *q, struct blk_io *io);

/* uring.c: a queue over descriptors of one target.  `*ret` stays NULL where there is no io_uring.
 * Accesses that are not aligned, and what is left of short ones, go to `b`. */
int queue_uring_new(struct blk *b, int fd, unsigned depth, struct blk_queue **ret,
                    struct wtg_err *err) WTG_MUST_USE;

/* What O_DIRECT wants of all targets. */
enum { BLK_DIRECT_ALIGN = 4096 };
static inline bool blk_is_aligned(uint64_t off, const void *buf, size_t n)
{
    return off % BLK_DIRECT_ALIGN == 0 && n % BLK_DIRECT_ALIGN == 0 &&
           (uintptr_t)buf % BLK_DIRECT_ALIGN == 0;
}

#endif
