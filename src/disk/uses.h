/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DISK_USES_H
#define WTG_DISK_USES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "disk/host.h"

/* What this computer does with a disk right now, through partitions, LVM, RAID, dm-crypt and loop
 * devices on it. */
enum disk_use_kind {
    DISK_USE_MOUNT,  /* a file system is mounted */
    DISK_USE_SWAP,   /* the kernel swaps there */
    DISK_USE_HOLDER, /* LVM, RAID, dm-crypt, or another device on top of it */
    DISK_USE_LOOP,   /* a loop device shows it, or a part of it, as another disk */
};

struct disk_use {
    enum disk_use_kind kind;
    bool system;      /* the running system lives on it: /, /boot, /usr, ... */
    char device[64];  /* kernel name of what is used: "sdb1", "dm-0" */
    char where[256];  /* mount point; or what holds it: "volume group 'vg'", "RAID 'md0'" */
    char remedy[320]; /* the command that ends it: "umount '/media/x'" */
};

/* Looks through /proc/self/mountinfo, /proc/swaps and the holders in sysfs.  System uses come
 * first.  `*ret` is malloc'ed (NULL when there are none). */
int disk_uses(const struct disk_host *host, const char *name, struct disk_use **ret, size_t *ret_n,
              struct wtg_err *err) WTG_MUST_USE;

/* The same for an image file, given by its absolute path: loop devices and swap. */
int disk_file_uses(const struct disk_host *host, const char *path, struct disk_use **ret,
                   size_t *ret_n, struct wtg_err *err) WTG_MUST_USE;

#endif
