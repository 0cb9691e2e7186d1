/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DISK_TABLE_H
#define WTG_DISK_TABLE_H

#include "disk/layout.h"
#include "tree/region.h"

/* The bytes of a GPT: protective MBR, header, entries and their backup at the end of the disk.
 * libfdisk makes them in memory; it never sees the target. */
struct disk_table;
int disk_table_new(const struct disk_layout *layout, struct disk_table **ret,
                   struct wtg_err *err) WTG_MUST_USE;
void disk_table_free(struct disk_table *t);

/* Appends the table's regions, offsets from the start of the disk: the backup in PASS_BOOT, so that
 * it stands on the medium before the MBR and the primary table, the last of all, in PASS_TABLE.
 * Bytes belong to the table. */
int disk_table_regions(const struct disk_table *t, struct tree_regions *regions,
                       struct wtg_err *err) WTG_MUST_USE;

/* Appends zeroes in PASS_WIPE over what would let an old content of the disk be taken for real: the
 * first and the last MiB of the disk and the first MiB of every partition.  For disks; an image
 * file is empty anyway.  Later passes write over parts of it. */
int disk_wipe_regions(const struct disk_layout *layout, struct tree_regions *regions,
                      struct wtg_err *err) WTG_MUST_USE;

#endif
