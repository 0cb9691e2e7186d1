/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS3G_DEVICE_H
#define WTG_NTFS3G_DEVICE_H

#include "blk/blk.h"

/* A brick as libntfs-3g sees its devices. */
struct ntfs3g_device {
    struct blk *vol; /* borrowed */
    int64_t position;
    struct wtg_err first; /* what first went wrong below */
};
struct ntfs_device; /* libntfs-3g's */
/* NULL: no memory. `d` must outlive it. */
struct ntfs_device *ntfs3g_device_new(struct ntfs3g_device *d);

#endif
