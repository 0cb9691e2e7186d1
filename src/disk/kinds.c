/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk/kinds.h"

#include <fnmatch.h>
#include <stddef.h>

static const struct {
    const char *pattern, *what;
} rows[] = {
    { "sr[0-9]*", "an optical drive" },
    { "fd[0-9]*", "a floppy drive" },
    { "ram[0-9]*", "a RAM disk" },
    { "zram[0-9]*", "compressed memory" },
    { "dm-[0-9]*", "a device of LVM, dm-crypt or multipath" },
    { "md[0-9]*", "a RAID" },
    { "md_*", "a RAID" },
    { "bcache[0-9]*", "a cached device" },
    { "zd[0-9]*", "a ZFS volume" },
    { "nbd[0-9]*", "a network block device" },
    { "mtdblock[0-9]*", "raw flash" },
    { "mmcblk[0-9]*boot[0-9]*", "a boot area of a flash chip" },
    { "mmcblk[0-9]*rpmb*", "a protected area of a flash chip" },
    { "mmcblk[0-9]*gp[0-9]*", "a special area of a flash chip" },
};

const char *disk_no_target(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (fnmatch(rows[i].pattern, name, 0) == 0)
            return rows[i].what;
    return NULL;
}
