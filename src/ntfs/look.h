/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS_LOOK_H
#define WTG_NTFS_LOOK_H

#include "base/span.h"
#include "blk/blk.h"
#include "tree/tree.h"

/* What can be said of a volume before, or without, believing its boot sector. */

enum ntfs_twin {
    NTFS_TWIN_FINE,
    NTFS_TWIN_DAMAGED,    /* is no such thing, or leads nowhere */
    NTFS_TWIN_UNREADABLE, /* reading failed */
};

struct ntfs_look {
    enum ntfs_twin boot, backup; /* boot sectors; fine: makes sense and leads to an $MFT */
    bool boot_same;              /* both are fine and equal */
    uint64_t backup_off;         /* where the copy stands, or was looked for; bytes */
    enum ntfs_twin mft, mirror;  /* the first four records, and their copy in $MFTMirr */
    bool mft_same;               /* both are fine and equal */
    uint64_t mft_off, mirror_off;
    uint32_t records_bytes; /* of these four; 0: no boot sector leads there */
    bool encrypted;         /* BitLocker */
};
/* Reads only.  Fails with NOMEM alone; a volume that has nothing of NTFS is all damaged. */
int ntfs_look(struct blk *vol, struct ntfs_look *ret, struct wtg_err *err) WTG_MUST_USE;
/* The volume as it would be if what is damaged were put back from its copy, read only, over `vol`,
 * which must outlive it.  UNSUPPORTED when nothing needs or can be put back. */
int ntfs_look_through(struct blk *vol, const struct ntfs_look *l, struct blk **ret,
                      struct wtg_err *err) WTG_MUST_USE;

/* Since Windows Vista; [MS-KB174619], NtfsMftZoneReservation 1. */
#define NTFS_ZONE_MAX_BYTES (UINT64_C(200) << 20)

/* Where there is room on a volume, from $Bitmap. */
struct ntfs_space {
    uint64_t clusters, free_clusters, largest_free; /* largest_free: clusters side by side */
    uint32_t cluster_bytes;
    uint64_t free_runs; /* pieces that free space consists of */
    uint64_t mft_runs;  /* pieces that $MFT consists of */
    /* Free clusters from the end of $MFT on, which Windows (and ntfs-3g) keep for it as long as
     * others are free: at most NTFS_ZONE_MAX_BYTES.  Its size stands nowhere on the volume. */
    uint64_t zone_clusters;
};
int ntfs_look_space(struct blk *vol, struct ntfs_space *ret, struct wtg_err *err) WTG_MUST_USE;

/* What a \hiberfil.sys, by its first bytes, holds. */
enum ntfs_hibernation { NTFS_AWAKE, NTFS_HIBERNATED, NTFS_HIBERNATION_UNKNOWN };
enum ntfs_hibernation ntfs_look_hibernation(struct wtg_span head);

#endif
