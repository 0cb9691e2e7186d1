/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "blk/queue.h"

#include <errno.h>
#include <inttypes.h>
#include <liburing.h>
#include <poll.h>

#include "base/mem.h"

/* Accesses in flight through io_uring.  No thread of ours, no polling: the kernel says when one has
 * ended.  What it will not do this way (odd pieces, the rest of a short write, "try again") is done
 * the plain way, which knows all the reasons. */
struct uring {
    struct blk_queue queue;
    struct io_uring ring;
    int fd; /* borrowed */
};

enum { RETRY_MS = 5 };

static int plainly(struct blk_queue *q, const struct blk_io *io, size_t from, struct wtg_err *err)
{
    uint8_t *p = (uint8_t *)io->buf + from;

    return io->write ? blk_write(q->blk, io->off + from, p, io->n - from, err)
                     : blk_read(q->blk, io->off + from, p, io->n - from, err);
}

static bool is_inside(const struct blk *b, const struct blk_io *io)
{
    return io->off <= b->size && io->n <= b->size - io->off && (b->writable || !io->write);
}

static int uring_put(struct blk_queue *q, struct blk_io *io, struct wtg_err *err)
{
    struct uring *u = (struct uring *)q;
    struct io_uring_sqe *sqe = NULL;
    int r;

    if (io->n > 0 && io->n <= INT32_MAX && is_inside(q->blk, io) &&
        blk_is_aligned(io->off, io->buf, io->n))
        sqe = io_uring_get_sqe(&u->ring);
    if (!sqe) {
        r = plainly(q, io, 0, err);
        if (r == 0)
            queue_done(q, io);
        return r;
    }
    if (io->write)
        io_uring_prep_write(sqe, u->fd, io->buf, (unsigned)io->n, io->off);
    else
        io_uring_prep_read(sqe, u->fd, io->buf, (unsigned)io->n, io->off);
    io_uring_sqe_set_data(sqe, io);
    while ((r = io_uring_submit(&u->ring)) == -EINTR || r == -EAGAIN || r == -EBUSY)
        poll(NULL, 0, r == -EINTR ? 0 : RETRY_MS); /* the kernel is short of memory */
    return r < 0 ? wtg_fail_errno(err, -r, "cannot begin a %s of %zu bytes at byte %" PRIu64,
                                  io->write ? "write" : "read", io->n, io->off)
                 : 0;
}

static int ended(struct blk_queue *q, const struct blk_io *io, int res, struct wtg_err *err)
{
    if (res == -EINTR || res == -EAGAIN || res == -EINVAL || res == -EOPNOTSUPP)
        return plainly(q, io, 0, err);
    if (res < 0)
        return wtg_fail_errno(err, -res, "cannot %s %zu bytes at byte %" PRIu64,
                              io->write ? "write" : "read", io->n, io->off);
    return (size_t)res < io->n ? plainly(q, io, (size_t)res, err) : 0;
}

static int uring_get(struct blk_queue *q, unsigned wait_ms, struct blk_io **ret,
                     struct wtg_err *err)
{
    struct uring *u = (struct uring *)q;
    struct __kernel_timespec t = { .tv_sec = wait_ms / 1000,
                                   .tv_nsec = (long long)(wait_ms % 1000) * 1000000 };
    struct io_uring_cqe *cqe = NULL;
    int r = io_uring_wait_cqe_timeout(&u->ring, &cqe, &t);

    if (r == -ETIME || r == -EINTR || r == -EAGAIN)
        return 0;
    if (r < 0)
        return wtg_fail_errno(err, -r, "cannot wait for the target");
    *ret = io_uring_cqe_get_data(cqe);
    r = cqe->res;
    io_uring_cqe_seen(&u->ring, cqe);
    return ended(q, *ret, r, err);
}

static void uring_free(struct blk_queue *q)
{
    io_uring_queue_exit(&((struct uring *)q)->ring);
    free(q);
}

static const struct blk_queue_ops uring_ops = { uring_put, uring_get, uring_free };

int queue_uring_new(struct blk *b, int fd, unsigned depth, struct blk_queue **ret,
                    struct wtg_err *err)
{
    struct uring *u = mem_zeroed(1, sizeof *u, err);
    if (!u)
        return err->code;
    u->queue = (struct blk_queue){ .ops = &uring_ops, .blk = b };
    u->fd = fd;
    if (io_uring_queue_init(depth, &u->ring, 0) < 0) {
        free(u); /* an old kernel, or one that is told to allow none */
        return 0;
    }
    *ret = &u->queue;
    return 0;
}
