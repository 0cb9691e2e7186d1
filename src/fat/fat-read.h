/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FAT_FAT_READ_H
#define WTG_FAT_FAT_READ_H

#include "blk/blk.h"
#include "tree/tree.h"

/* Reads FAT32 volumes of anybody's making. Nothing on them is believed. */

enum { FAT_LABEL_BYTES = 12 };

struct fat_info {
    uint32_t sector_bytes, cluster_bytes;
    uint32_t clusters, free_clusters; /* counted in the FAT, not taken from FSINFO */
    uint32_t volume_id;
    uint64_t start_lba; /* hidden sectors */
    uint64_t size_bytes;
    char label[FAT_LABEL_BYTES]; /* of the root directory, else of the boot sector; may be "" */
};

/* Reads the boot sector (the backup when the first is damaged) and the FAT into memory. `vol` is
 * borrowed and must outlive it. VOLUME_FORMAT: no FAT32; VOLUME_DAMAGED: FAT32 that lies. */
struct fat;
int fat_open(struct blk *vol, struct fat **ret, struct wtg_err *err) WTG_MUST_USE;
void fat_free(struct fat *f);
struct fat_info fat_info(const struct fat *f);

/* The whole tree; contents are lazy blobs over the volume, so `f` must outlive the tree.  Stops
 * with VOLUME_DAMAGED at cycles, crossed or too short chains and impossible names. */
int fat_read_tree(struct fat *f, struct tree **ret, struct wtg_err *err) WTG_MUST_USE;
/* The same, without what cannot be read: `*ret_lost` says how many things that were. */
int fat_salvage_tree(struct fat *f, struct tree **ret, size_t *ret_lost,
                     struct wtg_err *err) WTG_MUST_USE;

#endif
