/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "blk/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <linux/fs.h>

#include "base/mem.h"

/* A file or device.  Writing goes through two descriptors of the same open target: `fd` with the
 * page cache for odd pieces, `direct_fd` with O_DIRECT for aligned ones, which is what keeps the
 * progress honest and the host's memory free.  Odd pieces are flushed with everything else. */
struct blk_file {
    struct blk blk;
    int fd;
    int direct_fd; /* -1: not allowed by this target */
};

static int file_read(struct blk *b, uint64_t off, void *buf, size_t n, struct wtg_err *err)
{
    struct blk_file *f = (struct blk_file *)b;
    uint8_t *p = buf;

    while (n > 0) {
        ssize_t got = pread(f->fd, p, n, (off_t)off);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return wtg_fail_errno(err, errno, "cannot read %zu bytes at byte %" PRIu64, n, off);
        if (got == 0)
            return wtg_fail(err, WTG_E_IO, "the file ends at byte %" PRIu64 ", %zu bytes too early",
                            off, n);
        p += got;
        off += (uint64_t)got;
        n -= (size_t)got;
    }
    return 0;
}

static int file_write(struct blk *b, uint64_t off, const void *buf, size_t n, struct wtg_err *err)
{
    struct blk_file *f = (struct blk_file *)b;
    const uint8_t *p = buf;

    bool refused = false; /* some file systems open with O_DIRECT and then want other alignments */
    while (n > 0) {
        bool direct = f->direct_fd >= 0 && !refused && blk_is_aligned(off, p, n);
        ssize_t put = pwrite(direct ? f->direct_fd : f->fd, p, n, (off_t)off);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno == EINVAL && direct) {
            refused = true;
            continue;
        }
        if (put < 0)
            return wtg_fail_errno(err, errno, "cannot write %zu bytes at byte %" PRIu64, n, off);
        if (put == 0)
            return wtg_fail(err, WTG_E_IO, "the target took none of %zu bytes at byte %" PRIu64, n,
                            off);
        p += put;
        off += (uint64_t)put;
        n -= (size_t)put;
    }
    return 0;
}

static int file_flush(struct blk *b, struct wtg_err *err)
{
    struct blk_file *f = (struct blk_file *)b;

    if (fsync(f->fd) < 0)
        return wtg_fail_errno(err, errno, "the target did not confirm what was written");
    return 0;
}

/* Clean pages go; what is dirty or mapped stays, which after a flush is nothing of ours. */
static void file_forget(struct blk *b)
{
    struct blk_file *f = (struct blk_file *)b;

    posix_fadvise(f->fd, 0, 0, POSIX_FADV_DONTNEED);
    (void)ioctl(f->fd, BLKFLSBUF, 0); /* a device, and we may: whatever others have cached of it */
}

static int file_discard(struct blk *b, bool *ret, struct wtg_err *err)
{
    struct blk_file *f = (struct blk_file *)b;
    struct stat st;
    uint64_t range[2] = { 0, b->size };

    if (fstat(f->fd, &st) < 0)
        return wtg_fail_errno(err, errno, "cannot look at the target");
    if (!S_ISBLK(st.st_mode)) /* what no region covers is a hole anyway */
        return 0;
    *ret = ioctl(f->fd, BLKDISCARD, range) == 0;
    if (!*ret && errno != EOPNOTSUPP && errno != ENOTTY && errno != EINVAL)
        return wtg_fail_errno(err, errno, "cannot discard what is on the target");
    return 0;
}

static int file_queue(struct blk *b, unsigned depth, struct blk_queue **ret, struct wtg_err *err)
{
    struct blk_file *f = (struct blk_file *)b;

    /* With the page cache in between nothing is gained: a write is over when it is copied. */
    return f->direct_fd < 0 ? 0 : queue_uring_new(b, f->direct_fd, depth, ret, err);
}

static void file_free(struct blk *b)
{
    struct blk_file *f = (struct blk_file *)b;

    if (f->direct_fd >= 0)
        close(f->direct_fd);
    close(f->fd);
    free(f);
}

static const struct blk_ops file_ops = { .name = "file",
                                         .read = file_read,
                                         .write = file_write,
                                         .flush = file_flush,
                                         .free = file_free,
                                         .forget = file_forget,
                                         .discard = file_discard,
                                         .queue = file_queue };

static int file_size(int fd, const char *path, uint64_t *ret, struct wtg_err *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return wtg_fail_errno(err, errno, "cannot look at '%s'", path);
    if (S_ISREG(st.st_mode)) {
        *ret = (uint64_t)st.st_size;
        return 0;
    }
    if (S_ISDIR(st.st_mode))
        return wtg_fail(err, WTG_E_IMAGE_FORMAT, "'%s' is a directory, not an image", path);
    if (S_ISBLK(st.st_mode) && ioctl(fd, BLKGETSIZE64, ret) == 0)
        return 0;
    return wtg_fail(err, WTG_E_IMAGE_FORMAT, "'%s' is neither a file nor a disk", path);
}

int blk_open(const char *path, struct blk **ret, struct wtg_err *err)
{
    uint64_t size = 0;
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return wtg_fail_errno(err, errno, "cannot open '%s'", path);
    int r = file_size(fd, path, &size, err);
    if (r < 0)
        return r;
    struct blk_file *f = mem_zeroed(1, sizeof *f, err);
    if (!f)
        return err->code;
    f->blk = (struct blk){ .ops = &file_ops, .size = size, .sector_bytes = 512 };
    f->fd = TAKE_FD(fd);
    f->direct_fd = -1;
    posix_fadvise(f->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    *ret = &f->blk;
    return 0;
}

int blk_from_fd(int fd, uint64_t size, uint32_t sector_bytes, struct blk **ret,
                struct wtg_err *err)
{
    char path[64];
    AUTO_FD own = fd;
    struct blk_file *f = mem_zeroed(1, sizeof *f, err);
    if (!f)
        return err->code;
    f->blk = (struct blk){
        .ops = &file_ops, .size = size, .sector_bytes = sector_bytes, .writable = true
    };
    /* A second open of the same target: the first one holds the O_EXCL claim. */
    snprintf(path, sizeof path, "/proc/self/fd/%d", own);
    f->direct_fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
    f->fd = TAKE_FD(own);
    *ret = &f->blk;
    return 0;
}
