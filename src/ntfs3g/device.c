/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs3g/device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <ntfs-3g/device.h>
#include <ntfs-3g/types.h>

static struct ntfs3g_device *of(struct ntfs_device *dev)
{
    return dev->d_private;
}

static int dev_open(struct ntfs_device *dev, int flags)
{
    (void)flags;
    NDevSetOpen(dev);
    return 0;
}

static int dev_close(struct ntfs_device *dev)
{
    dev->d_state &= ~(1ul << ND_Open);
    return 0;
}

static s64 dev_seek(struct ntfs_device *dev, s64 offset, int whence)
{
    struct ntfs3g_device *d = of(dev);
    s64 base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? d->position : (s64)d->vol->size;

    if (offset < -base || base + offset > (s64)d->vol->size) {
        errno = EINVAL;
        return -1;
    }
    return d->position = base + offset;
}

/* Reading beyond the end gives less, as with a file. */
static s64 dev_pread(struct ntfs_device *dev, void *buf, s64 count, s64 offset)
{
    struct ntfs3g_device *d = of(dev);
    struct wtg_err err = { 0 };

    if (offset < 0 || count < 0 || (uint64_t)offset > d->vol->size) {
        errno = EINVAL;
        return -1;
    }
    if ((uint64_t)count > d->vol->size - (uint64_t)offset)
        count = (s64)(d->vol->size - (uint64_t)offset);
    if (blk_read(d->vol, (uint64_t)offset, buf, (size_t)count, &err) == 0)
        return count;
    if (!d->first.code)
        d->first = err;
    errno = EIO;
    return -1;
}

static s64 dev_pwrite(struct ntfs_device *dev, const void *buf, s64 count, s64 offset)
{
    struct ntfs3g_device *d = of(dev);
    struct wtg_err err = { 0 };

    if (offset < 0 || count < 0) {
        errno = EINVAL;
        return -1;
    }
    if (NDevReadOnly(dev)) {
        errno = EROFS;
        return -1;
    }
    if (blk_write(d->vol, (uint64_t)offset, buf, (size_t)count, &err) == 0)
        return count;
    if (!d->first.code)
        d->first = err;
    errno = EIO;
    return -1;
}

static s64 dev_read(struct ntfs_device *dev, void *buf, s64 count)
{
    s64 n = dev_pread(dev, buf, count, of(dev)->position);

    if (n > 0)
        of(dev)->position += n;
    return n;
}

static s64 dev_write(struct ntfs_device *dev, const void *buf, s64 count)
{
    s64 n = dev_pwrite(dev, buf, count, of(dev)->position);

    if (n > 0)
        of(dev)->position += n;
    return n;
}

/* Whoever commits the draft below waits for the medium. */
static int dev_sync(struct ntfs_device *dev)
{
    (void)dev;
    return 0;
}

static int dev_stat(struct ntfs_device *dev, struct stat *st)
{
    memset(st, 0, sizeof *st);
    st->st_mode = S_IFREG | 0600;
    st->st_size = (off_t)of(dev)->vol->size;
    return 0;
}

static int dev_ioctl(struct ntfs_device *dev, unsigned long request, void *argp)
{
    (void)dev, (void)request, (void)argp;
    errno = ENOTTY;
    return -1;
}

/* The library takes it as writable, and changes nothing in it. */
static const struct ntfs_device_operations operations = {
    .open = dev_open,
    .close = dev_close,
    .seek = dev_seek,
    .read = dev_read,
    .write = dev_write,
    .pread = dev_pread,
    .pwrite = dev_pwrite,
    .sync = dev_sync,
    .stat = dev_stat,
    .ioctl = dev_ioctl,
};

struct ntfs_device *ntfs3g_device_new(struct ntfs3g_device *d)
{
    union {
        const struct ntfs_device_operations *in;
        struct ntfs_device_operations *out;
    } ops = { .in = &operations };

    return ntfs_device_alloc("volume", 0, ops.out, d);
}
