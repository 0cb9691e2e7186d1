/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "blk/queue.h"

#include <string.h>

#include "base/mem.h"

void queue_done(struct blk_queue *q, struct blk_io *io)
{
    q->done[q->ndone++] = io;
}

/* The plain queue: everything at once. */

static int plain_put(struct blk_queue *q, struct blk_io *io, struct wtg_err *err)
{
    int r = io->write ? blk_write(q->blk, io->off, io->buf, io->n, err)
                      : blk_read(q->blk, io->off, io->buf, io->n, err);
    if (r == 0)
        queue_done(q, io);
    return r;
}

static int plain_get(struct blk_queue *q, unsigned wait_ms, struct blk_io **ret,
                     struct wtg_err *err)
{
    (void)q, (void)wait_ms, (void)ret;
    return wtg_fail(err, WTG_E_BUG, "something is in flight in a queue where nothing can be");
}

static void plain_free(struct blk_queue *q)
{
    free(q);
}

static const struct blk_queue_ops plain_ops = { plain_put, plain_get, plain_free };

/* All queues. */

int blk_queue_new(struct blk *b, unsigned depth, struct blk_queue **ret, struct wtg_err *err)
{
    struct blk_queue *q = NULL;

    if (depth == 0 || depth > BLK_QUEUE_MAX)
        return wtg_fail(err, WTG_E_BUG, "a queue of depth %u", depth);
    int r = depth > 1 && b->ops->queue ? b->ops->queue(b, depth, &q, err) : 0;
    if (r < 0)
        return r;
    if (!q) {
        q = mem_zeroed(1, sizeof *q, err);
        if (!q)
            return err->code;
        q->ops = &plain_ops;
    }
    q->blk = b;
    q->depth = depth;
    *ret = q;
    return 0;
}

int blk_queue_put(struct blk_queue *q, struct blk_io *io, struct wtg_err *err)
{
    if (q->busy == q->depth)
        return wtg_fail(err, WTG_E_BUG, "more than %u accesses in flight", q->depth);
    int r = q->ops->put(q, io, err);
    if (r == 0)
        q->busy++;
    return r;
}

int blk_queue_get(struct blk_queue *q, unsigned wait_ms, struct blk_io **ret, struct wtg_err *err)
{
    int r = 0;

    *ret = NULL;
    if (q->busy == 0)
        return 0;
    if (q->ndone > 0) {
        *ret = q->done[0];
        memmove(q->done, q->done + 1, --q->ndone * sizeof q->done[0]);
    } else {
        r = q->ops->get(q, wait_ms, ret, err);
    }
    q->busy -= *ret != NULL;
    return r;
}

unsigned blk_queue_busy(const struct blk_queue *q)
{
    return q->busy;
}

void blk_queue_free(struct blk_queue *q)
{
    struct blk_io *io;
    struct wtg_err ignored = { 0 };

    if (!q)
        return;
    while (q->busy > 0)
        if (blk_queue_get(q, 1000, &io, &ignored) < 0 && !io)
            break; /* the ring itself is broken: closing it cancels what is in it */
    q->ops->free(q);
}
