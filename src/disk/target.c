/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk/target.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/mem.h"
#include "disk/host-files.h"
#include "disk/refuse.h"
#include "disk/udisks.h"

/* ---- looking ---------------------------------------------------------------------------- */

/* The kernel's name of the block device that `path` leads to; "" when it is none. */
static int find_device(const struct disk_host *host, const char *path, char name[HOST_NAME_BYTES],
                       struct wtg_err *err)
{
    char real[HOST_PATH_BYTES];
    struct stat st;

    name[0] = 0;
    if (stat(path, &st) < 0) {
        if (errno == ENOENT && strncmp(path, "/dev/", 5) == 0 &&
            strncmp(path, "/dev/shm/", 9) != 0) {
            wtg_fail(err, WTG_E_DISK_GONE, "there is no disk '%s'", path);
            return wtg_hint(err, "'lsblk -d' lists the disks of this computer");
        }
        return errno == ENOENT ? 0 : wtg_fail_errno(err, errno, "looking for '%s'", path);
    }
    if (!S_ISBLK(st.st_mode))
        return 0;
    if (!host_real(host, real, "/sys/dev/block/%u:%u", major(st.st_rdev), minor(st.st_rdev)))
        return wtg_fail(err, WTG_E_DISK_GONE, "'%s' is not (or no longer) there", path);
    snprintf(name, HOST_NAME_BYTES, "%.*s", HOST_NAME_BYTES - 1, host_base(real));
    return 0;
}

int disk_target_look(const struct disk_host *host, const char *path,
                     const struct disk_target_opts *opts, struct disk_identity *ret,
                     struct wtg_err *err)
{
    char name[HOST_NAME_BYTES];
    int r = find_device(host, path, name, err);

    if (r < 0)
        return r;
    return name[0] ? disk_look_device(host, name, opts, ret, err)
                   : disk_look_file(host, path, opts, ret, err);
}

/* ---- claiming --------------------------------------------------------------------------- */

static int open_failed(const char *path, int sys, struct wtg_err *err)
{
    wtg_fail_errno(err, sys, "opening '%s' for writing", path);
    switch (err->code) {
    case WTG_E_DISK_IN_USE:
        return wtg_hint(err,
                        "it is mounted somewhere or another program holds it; 'lsof %s' may "
                        "tell which",
                        path);
    case WTG_E_PERMISSION:
        return wtg_hint(err, "run it again with sudo: sudo wtg ...");
    case WTG_E_DISK_READ_ONLY:
        return wtg_hint(err, "slide the lock of the card or stick to the other side");
    case WTG_E_NOT_FOUND:
        err->code = WTG_E_DISK_GONE;
        return err->code;
    default:
        return err->code;
    }
}

/* Is the open device the one that sysfs tells of under that name?  Numbers are used again after a
 * stick was pulled; the sequence number (Linux 5.15) is not. */
static int same_device(const struct disk_host *host, int fd, const struct disk_identity *id,
                       struct wtg_err *err)
{
    struct stat st;
    uint64_t seq = 0, known = host_number(host, "/sys/class/block/%s/diskseq", id->name);
    uint64_t size = 0;

    if (fstat(fd, &st) < 0)
        return wtg_fail_errno(err, errno, "looking at '%s'", id->path);
    if (!S_ISBLK(st.st_mode) || major(st.st_rdev) != id->dev_major ||
        minor(st.st_rdev) != id->dev_minor ||
        (known && ioctl(fd, BLKGETDISKSEQ, &seq) == 0 && seq != known))
        return wtg_fail(err, WTG_E_DISK_CHANGED,
                        "'%s' was taken out and another device has its name now", id->path);
    if (ioctl(fd, BLKGETSIZE64, &size) < 0)
        return wtg_fail_errno(err, errno, "asking for the size of '%s'", id->path);
    if (size != id->size_bytes)
        return wtg_fail(err, WTG_E_DISK_CHANGED,
                        "'%s' has %" PRIu64 " bytes now, %" PRIu64 " were expected", id->path, size,
                        id->size_bytes);
    return 0;
}

/* Whoever is not root asks UDisks2; where there is none, the refusal of the kernel stands. */
static int ask_udisks(const char *path, int sys, int *ret, struct wtg_err *err)
{
    int r = disk_udisks_open(path, ret, err);

    return r == WTG_E_UNSUPPORTED ? open_failed(path, sys, err) : r;
}

static int claim_device(const struct disk_host *host, const struct disk_identity *id, int *ret,
                        struct wtg_err *err)
{
    AUTO_FD fd = open(id->path, O_RDWR | O_EXCL | O_CLOEXEC); /* never again without O_EXCL */
    int sys = errno, r = 0;

    if (fd < 0)
        r = sys == EACCES || sys == EPERM ? ask_udisks(id->path, sys, &fd, err)
                                          : open_failed(id->path, sys, err);
    if (r == 0)
        r = same_device(host, fd, id, err);
    if (r == 0)
        *ret = TAKE_FD(fd);
    return r;
}

static int claim_file(const struct disk_identity *id, bool *ret_created, int *ret,
                      struct wtg_err *err)
{
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
    AUTO_FD fd = open(id->path, flags | (id->exists ? 0 : O_CREAT | O_EXCL), 0644);

    if (fd < 0)
        return open_failed(id->path, errno, err);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int sys = errno;
        if (!id->exists)
            unlink(id->path);
        if (sys != EWOULDBLOCK)
            return wtg_fail_errno(err, sys, "locking '%s'", id->path);
        wtg_fail(err, WTG_E_DISK_IN_USE, "another program has locked '%s'", id->path);
        return wtg_hint(err, "wait until it is done; 'lsof %s' tells which it is", id->path);
    }
    *ret = TAKE_FD(fd);
    *ret_created = !id->exists;
    return 0;
}

int disk_target_claim(const struct disk_host *host, const char *path,
                      const struct disk_target_opts *opts, struct disk_target *ret,
                      struct wtg_err *err)
{
    struct disk_target t = { .fd = -1 };
    int r = disk_target_look(host, path, opts, &t.id, err);

    if (r < 0)
        return r;
    t.is_file = t.id.bus == DISK_BUS_FILE;
    r = t.is_file ? claim_file(&t.id, &t.created, &t.fd, err)
                  : claim_device(host, &t.id, &t.fd, err);
    if (r == 0)
        *ret = t;
    return r;
}

/* ---- just before writing, and after ----------------------------------------------------- */

static int recheck_file(const struct disk_target *t, const struct disk_identity *plan,
                        struct wtg_err *err)
{
    char difference[300];
    struct stat open_st, path_st;

    if (disk_identity_difference(plan, &t->id, difference, sizeof difference)[0])
        return wtg_fail(err, WTG_E_DISK_CHANGED, "'%s' is not the image file of the plan: %s",
                        t->id.path, difference);
    if (fstat(t->fd, &open_st) < 0 || stat(t->id.path, &path_st) < 0 ||
        open_st.st_dev != path_st.st_dev || open_st.st_ino != path_st.st_ino)
        return wtg_fail(err, WTG_E_DISK_CHANGED, "'%s' was moved or replaced meanwhile",
                        t->id.path);
    return 0;
}

int disk_target_recheck(const struct disk_host *host, const struct disk_target *t,
                        const struct disk_identity *plan, struct wtg_err *err)
{
    struct disk_identity now;

    if (t->is_file)
        return recheck_file(t, plan, err);
    int r = disk_same_as_plan(host, t->id.name, plan, &now, err);
    return r < 0 ? r : same_device(host, t->fd, &now, err);
}

int disk_target_begin(struct disk_target *t, struct wtg_err *err)
{
    if (!t->is_file)
        return 0;
    if (ftruncate(t->fd, 0) == 0 && ftruncate(t->fd, (off_t)t->id.size_bytes) == 0)
        return 0;
    int sys = errno;
    wtg_fail_errno(err, sys, "making '%s' %" PRIu64 " bytes long", t->id.path, t->id.size_bytes);
    return sys == EFBIG ? wtg_hint(err, "that file system holds no files so large; put the image "
                                        "file on another one")
                        : err->code;
}

void disk_target_release(struct disk_target *t)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

void disk_target_discard(struct disk_target *t)
{
    if (t->fd >= 0 && t->created)
        unlink(t->id.path);
    disk_target_release(t);
}

int disk_reread(const struct disk_target *t, struct wtg_err *err)
{
    if (t->is_file || ioctl(t->fd, BLKRRPART) == 0)
        return 0;
    int sys = errno;
    wtg_fail_errno(err, sys, "making the kernel read the partition table of '%s' again",
                   t->id.path);
    return wtg_hint(err, "plug the disk out and in");
}
