/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FAT_FAT_PLAN_H
#define WTG_FAT_FAT_PLAN_H

/* Private to the room: what the builder's files share. */

#include "fat/fat-build.h"
#include "fat/fat-disk.h"

/* Where everything stands, in sectors. */
struct fat_shape {
    uint32_t sector_bytes, cluster_bytes;
    uint32_t sectors;          /* of the volume */
    uint32_t reserved_sectors; /* before the first FAT */
    uint32_t fat_sectors;      /* of one FAT */
    uint32_t clusters;
    uint64_t fat_offset, data_offset; /* bytes */
};
/* Chooses cluster size and FAT size. DISK_TOO_SMALL, UNSUPPORTED (too large). */
int fat_shape_make(const struct fat_build_opts *opts, struct fat_shape *ret,
                   struct wtg_err *err) WTG_MUST_USE;

/* A file or directory of the volume; hard links have one each. */
struct fat_item {
    const struct tree_link *link;
    uint32_t parent;      /* item */
    uint32_t first_child; /* item; directories: their children stand one behind the other */
    uint32_t children;
    uint32_t cluster, clusters; /* 0, 0 for an empty file */
    uint32_t size_bytes;
    uint8_t lfn_entries;
    uint8_t short_name[FAT_SHORT_BYTES];
    bool is_dir;
};

/* Gives the children of one directory their short names. */
int fat_short_names(struct fat_item *child, size_t n, struct wtg_err *err) WTG_MUST_USE;

/* Entries that a directory has, "." and ".." or the label included. */
size_t fat_dir_entries(const struct fat_item *item, size_t dir, bool has_label);
/* Writes the entries of directory `dir` to `out`, which is zeroed and large enough. `label`: for
 * the root, NULL or 11 characters. */
void fat_dir_render(const struct fat_item *item, size_t dir, const uint8_t *label, uint64_t time,
                    uint8_t *out);

/* Boot sector, FSINFO, their backups: shape->reserved_sectors, `out` is zeroed. */
struct fat_boot_facts {
    uint64_t start_lba;
    uint32_t volume_id, free_clusters, next_free;
    const uint8_t *label; /* 11 characters, or NULL */
};
void fat_boot_render(const struct fat_shape *shape, const struct fat_boot_facts *facts,
                     uint8_t *out);

#endif
