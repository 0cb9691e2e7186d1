/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DISK_TARGET_H
#define WTG_DISK_TARGET_H

#include "disk/identity.h"

/* The way to a target that may be written, in this order:
 *
 *     disk_target_look   who is it, may it be written?  opens nothing, changes nothing: for plans
 *     disk_target_claim  asks all that again, then opens it once, for us alone
 *     disk_target_recheck  just before the first destroying write: still the disk of the plan?
 *     disk_target_begin  image files: emptied and set to their size.  Disks: nothing
 *     ... writes through t->fd (blk_from_fd on a dup of it) ...
 *     disk_reread        the kernel looks at the new partition table
 *     disk_target_release
 *
 * A path is a disk when it names a block device, else an image file.  A path below /dev that does
 * not exist is a disk that is not there, never a new file. */

struct disk_target_opts {
    bool allow_fixed;      /* also disks that are no sticks, and loop devices */
    uint64_t size_bytes;   /* image files: the size to have; 0: the size it has.  Disks: ignored */
    uint32_t sector_bytes; /* image files: 512 (also when 0) or 4096 */
    uint64_t need_bytes;   /* image files: what will be written; 0: not known, not checked */
    const char *const *source; /* files that are read for the job and must not be the target */
    size_t nsources;
};

/* Everything that speaks against writing there, without opening it.
 *   TARGET          a partition (names the whole disk), an optical drive, a directory, a socket...
 *   DISK_SYSTEM     the running system is on it
 *   DISK_IN_USE     mounted, swap, LVM, RAID, dm-crypt, loop device (says how to end that)
 *   DISK_FIXED      no stick, and not allow_fixed
 *   DISK_READ_ONLY  a write lock
 *   DISK_GONE       no such disk, no medium
 *   USAGE           a new image file without a size
 *   NO_SPACE        no room for need_bytes where the image file is
 * For an image file still to be made, ret->exists is false. */
int disk_target_look(const struct disk_host *host, const char *path,
                     const struct disk_target_opts *opts, struct disk_identity *ret,
                     struct wtg_err *err) WTG_MUST_USE;

struct disk_target {
    int fd; /* O_RDWR, O_EXCL for disks, locked (flock) for files */
    bool is_file;
    bool created;            /* the file did not exist before */
    struct disk_identity id; /* size_bytes is the size it has after disk_target_begin */
};

/* Looks again, then opens: O_RDWR | O_EXCL | O_CLOEXEC, and on EBUSY refuses (DISK_IN_USE).  An
 * image file that does not exist is made, empty.  A disk that this user may not open is opened by
 * UDisks2, which may ask for a password.  PERMISSION says to use sudo. */
int disk_target_claim(const struct disk_host *host, const char *path,
                      const struct disk_target_opts *opts, struct disk_target *ret,
                      struct wtg_err *err) WTG_MUST_USE;

/* DISK_CHANGED unless the target is still who `plan` says, and t->fd still that very device. */
int disk_target_recheck(const struct disk_host *host, const struct disk_target *t,
                        const struct disk_identity *plan, struct wtg_err *err) WTG_MUST_USE;

/* The first change to an image file: emptied, then sparse in its full size. */
int disk_target_begin(struct disk_target *t, struct wtg_err *err) WTG_MUST_USE;

/* Closes; a no-op when fd is -1, as after a release. */
void disk_target_release(struct disk_target *t);
/* Releases, and removes the image file when it did not exist before the claim: after a failure. */
void disk_target_discard(struct disk_target *t);

/* Makes the kernel read the partition table again.  Nothing for image files.  A failure is only
 * worth a warning: pulling the stick out and in does the same. */
int disk_reread(const struct disk_target *t, struct wtg_err *err) WTG_MUST_USE;

#endif
