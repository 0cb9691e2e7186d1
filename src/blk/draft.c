/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "blk/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"

struct draft {
    struct blk blk;
    const char *dir;
    int fd;         /* as large as what is below, holes where nothing was written; -1: none yet */
    uint8_t *dirty; /* a bit a block */
    bool committed;
};

static uint64_t blocks_of(const struct draft *d)
{
    return div_up(d->blk.size, DRAFT_BLOCK_BYTES);
}

static bool is_dirty(const struct draft *d, uint64_t block)
{
    return d->dirty && (d->dirty[block / 8] >> block % 8 & 1);
}

/* ---- the nameless file ------------------------------------------------------------------ */

static int begin(struct draft *d, struct wtg_err *err)
{
    if (d->fd >= 0)
        return 0;
    AUTO_FREE uint8_t *dirty = mem_zeroed((size_t)(blocks_of(d) / 8 + 1), 1, err);
    if (!dirty)
        return err->code;
    AUTO_FD fd = d->dir ? open(d->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    if (fd >= 0 && ftruncate(fd, (off_t)d->blk.size) < 0) { /* no holes there, or no such size */
        close(fd);
        fd = -1;
    }
    if (fd < 0) {
        fd = memfd_create("wtg-draft", MFD_CLOEXEC);
        if (fd < 0 || ftruncate(fd, (off_t)d->blk.size) < 0)
            return wtg_fail_errno(err, errno, "making a draft of the target");
    }
    d->fd = TAKE_FD(fd);
    d->dirty = TAKE_PTR(dirty);
    return 0;
}

static int file_read(const struct draft *d, uint64_t off, uint8_t *p, size_t n, struct wtg_err *err)
{
    while (n > 0) {
        ssize_t got = pread(d->fd, p, n, (off_t)off);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return wtg_fail_errno(err, got < 0 ? errno : EIO, "reading the draft of the target");
        p += got;
        off += (uint64_t)got;
        n -= (size_t)got;
    }
    return 0;
}

static int file_write(const struct draft *d, uint64_t off, const uint8_t *p, size_t n,
                      struct wtg_err *err)
{
    while (n > 0) {
        ssize_t put = pwrite(d->fd, p, n, (off_t)off);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return wtg_fail_errno(err, put < 0 ? errno : EIO, "writing the draft of the target");
        p += put;
        off += (uint64_t)put;
        n -= (size_t)put;
    }
    return 0;
}

/* ---- the brick -------------------------------------------------------------------------- */

/* How many bytes from `off` on, at most n, are all dirty or all clean. */
static size_t alike(const struct draft *d, uint64_t off, size_t n)
{
    uint64_t block = off / DRAFT_BLOCK_BYTES, end = off + n;
    bool dirty = is_dirty(d, block);

    while (++block * DRAFT_BLOCK_BYTES < end)
        if (is_dirty(d, block) != dirty)
            return (size_t)(block * DRAFT_BLOCK_BYTES - off);
    return n;
}

static int draft_read(struct blk *b, uint64_t off, void *buf, size_t n, struct wtg_err *err)
{
    struct draft *d = (struct draft *)b;
    uint8_t *p = buf;

    if (d->fd < 0)
        return blk_read(b->below, off, buf, n, err);
    while (n > 0) {
        size_t part = alike(d, off, n);
        int r = is_dirty(d, off / DRAFT_BLOCK_BYTES) ? file_read(d, off, p, part, err)
                                                     : blk_read(b->below, off, p, part, err);
        if (r < 0)
            return r;
        p += part;
        off += part;
        n -= part;
    }
    return 0;
}

/* A block that will be written in part only brings along what stands below. */
static int fill_block(struct draft *d, uint64_t block, struct wtg_err *err)
{
    uint8_t bytes[DRAFT_BLOCK_BYTES];
    uint64_t off = block * DRAFT_BLOCK_BYTES;
    size_t n = (size_t)min_u64(sizeof bytes, d->blk.size - off);

    if (is_dirty(d, block))
        return 0;
    int r = blk_read(d->blk.below, off, bytes, n, err);
    return r < 0 ? r : file_write(d, off, bytes, n, err);
}

static int draft_write(struct blk *b, uint64_t off, const void *buf, size_t n, struct wtg_err *err)
{
    struct draft *d = (struct draft *)b;
    uint64_t first = off / DRAFT_BLOCK_BYTES, last = (off + n - 1) / DRAFT_BLOCK_BYTES;

    if (d->committed)
        return blk_write(b->below, off, buf, n, err);
    int r = begin(d, err);
    if (r == 0 && off % DRAFT_BLOCK_BYTES)
        r = fill_block(d, first, err);
    if (r == 0 && (off + n) % DRAFT_BLOCK_BYTES && off + n < b->size)
        r = fill_block(d, last, err);
    if (r == 0)
        r = file_write(d, off, buf, n, err);
    for (uint64_t i = first; r == 0 && i <= last; i++)
        d->dirty[i / 8] |= (uint8_t)(1 << i % 8);
    return r;
}

static int draft_flush(struct blk *b, struct wtg_err *err)
{
    return ((struct draft *)b)->committed ? blk_flush(b->below, err) : 0;
}

static void draft_forget(struct blk *b)
{
    blk_forget(b->below);
}

static void drop(struct draft *d)
{
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
    free(d->dirty);
    d->dirty = NULL;
}

static void draft_free(struct blk *b)
{
    drop((struct draft *)b);
    free(b);
}

static const struct blk_ops draft_ops = { .name = "draft",
                                          .read = draft_read,
                                          .write = draft_write,
                                          .flush = draft_flush,
                                          .free = draft_free,
                                          .forget = draft_forget };

int draft_new(struct blk *below, const char *dir, struct blk **ret, struct wtg_err *err)
{
    struct draft *d = mem_zeroed(1, sizeof *d, err);
    if (!d)
        return err->code;
    d->blk = (struct blk){ .ops = &draft_ops,
                           .below = below,
                           .size = below->size,
                           .sector_bytes = below->sector_bytes,
                           .writable = true };
    d->dir = dir;
    d->fd = -1;
    *ret = &d->blk;
    return 0;
}

/* ---- changes ---------------------------------------------------------------------------- */

struct step {
    uint8_t *now, *below;
    int (*each)(void *ctx, uint64_t off, const void *bytes, size_t n, struct wtg_err *err);
    void *ctx;
};

/* Of [off, off+n), which is dirty, the blocks that really differ. */
static int tell_step(struct draft *d, struct step *s, uint64_t off, size_t n, struct wtg_err *err)
{
    int r = file_read(d, off, s->now, n, err);

    if (r == 0)
        r = blk_read(d->blk.below, off, s->below, n, err);
    for (size_t at = 0, end; r == 0 && at < n; at = end) {
        end = at;
        while (end < n) {
            size_t block = (size_t)min_u64(DRAFT_BLOCK_BYTES, n - end);
            if (memcmp(s->now + end, s->below + end, block) == 0)
                break;
            end += block;
        }
        if (end > at)
            r = s->each(s->ctx, off + at, s->now + at, end - at, err);
        else
            end = at + (size_t)min_u64(DRAFT_BLOCK_BYTES, n - at);
    }
    return r;
}

int draft_changes(struct blk *draft,
                  int (*each)(void *ctx, uint64_t off, const void *bytes, size_t n,
                              struct wtg_err *err),
                  void *ctx, struct wtg_err *err)
{
    struct draft *d = (struct draft *)draft;
    struct step s = { .each = each, .ctx = ctx };
    uint64_t n = blocks_of(d);
    int r = 0;

    if (d->fd < 0)
        return 0;
    AUTO_FREE uint8_t *both = aligned_alloc(DRAFT_BLOCK_BYTES, 2 * (size_t)DRAFT_STEP_BYTES);
    if (!both)
        return wtg_fail_nomem(err);
    s.now = both;
    s.below = both + DRAFT_STEP_BYTES;
    for (uint64_t i = 0, end; r == 0 && i < n; i = end) {
        if (i % 8 == 0 && d->dirty[i / 8] == 0) {
            end = min_u64(i + 8, n);
            continue;
        }
        end = i + 1;
        if (!is_dirty(d, i))
            continue;
        while (end < n && is_dirty(d, end) && (end - i) * DRAFT_BLOCK_BYTES < DRAFT_STEP_BYTES)
            end++;
        uint64_t off = i * DRAFT_BLOCK_BYTES;
        r = tell_step(d, &s, off, (size_t)(min_u64(end * DRAFT_BLOCK_BYTES, d->blk.size) - off),
                      err);
    }
    return r;
}

static int put_below(void *ctx, uint64_t off, const void *bytes, size_t n, struct wtg_err *err)
{
    struct draft *d = ctx;
    return blk_write(d->blk.below, off, bytes, n, err);
}

int draft_commit(struct blk *draft, struct wtg_err *err)
{
    struct draft *d = (struct draft *)draft;
    int r = draft_changes(draft, put_below, d, err);

    if (r == 0) {
        drop(d);
        d->committed = true;
    }
    return r;
}

/* ---- watching --------------------------------------------------------------------------- */

struct watch {
    struct blk blk;
    bool failed, write;
    uint64_t off;
};

/* Only what the kernel said counts: being asked for bytes beyond the end is no failure. */
static int note(struct watch *w, int r, uint64_t off, bool write, const struct wtg_err *err)
{
    if (r < 0 && err->sys != 0 && !w->failed) {
        w->failed = true;
        w->off = off;
        w->write = write;
    }
    return r;
}

static int watch_read(struct blk *b, uint64_t off, void *buf, size_t n, struct wtg_err *err)
{
    return note((struct watch *)b, blk_read(b->below, off, buf, n, err), off, false, err);
}

static int watch_write(struct blk *b, uint64_t off, const void *buf, size_t n, struct wtg_err *err)
{
    return note((struct watch *)b, blk_write(b->below, off, buf, n, err), off, true, err);
}

static int watch_flush(struct blk *b, struct wtg_err *err)
{
    return blk_flush(b->below, err);
}

static void watch_forget(struct blk *b)
{
    blk_forget(b->below);
}

static void watch_free(struct blk *b)
{
    free(b);
}

static const struct blk_ops watch_ops = { .name = "watch",
                                          .read = watch_read,
                                          .write = watch_write,
                                          .flush = watch_flush,
                                          .free = watch_free,
                                          .forget = watch_forget };

int watch_new(struct blk *below, struct blk **ret, struct wtg_err *err)
{
    struct watch *w = mem_zeroed(1, sizeof *w, err);
    if (!w)
        return err->code;
    w->blk = (struct blk){ .ops = &watch_ops,
                           .below = below,
                           .size = below->size,
                           .sector_bytes = below->sector_bytes,
                           .writable = below->writable };
    *ret = &w->blk;
    return 0;
}

bool watch_failure(struct blk *watch, uint64_t *ret_off, bool *ret_write)
{
    const struct watch *w = (const struct watch *)watch;

    if (w->failed) {
        *ret_off = w->off;
        *ret_write = w->write;
    }
    return w->failed;
}
