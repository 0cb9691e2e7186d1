/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FAT_FAT_BUILD_H
#define WTG_FAT_FAT_BUILD_H

#include "tree/region.h"
#include "tree/tree.h"

/* Lays a tree out as a FAT32 volume, whole, before anything is written.  FAT keeps names, content,
 * times and four attributes (read-only, hidden, system, archive); descriptors, object ids, EAs and
 * named streams of the tree are left out, hard links become separate files.  Times are stored as
 * UTC.  The same tree and options give the same bytes. */

struct fat_build_opts {
    uint64_t size_bytes;   /* of the volume */
    uint32_t sector_bytes; /* 512 or 4096 */
    uint64_t start_lba;    /* where the volume starts on its disk, in sectors ("hidden sectors") */
    const char *label;     /* up to 11 printable ASCII characters, stored in capitals; NULL: none */
    uint32_t volume_id;    /* the serial number that Windows shows */
    uint64_t time;         /* of the label and the volume; 100 ns since 1601-01-01 UTC */
};

struct fat_build_info {
    uint32_t cluster_bytes;
    uint32_t clusters;           /* of the volume, 65525 and more */
    uint32_t used_clusters;      /* by files and directories */
    uint32_t files, directories; /* the root is one */
    uint64_t content_bytes;      /* of all files */
    uint64_t write_bytes;        /* what the regions add up to */
};

/* `tree` is sorted (tree_sort) and borrowed: it and its blobs must outlive the builder.
 * DISK_TOO_SMALL (says how much is needed) when the volume cannot be FAT32 or cannot hold the
 * tree; IMAGE_NAME for names that FAT cannot hold or that differ only in case; UNSUPPORTED for
 * files of 4 GiB and more, reparse points, encrypted files.  With 4096-byte sectors the smallest
 * FAT32 volume is a little under 260 MiB. */
struct fat_build;
int fat_build_new(const struct tree *tree, const struct fat_build_opts *opts,
                  struct fat_build **ret, struct wtg_err *err) WTG_MUST_USE;
void fat_build_free(struct fat_build *b);

struct fat_build_info fat_build_info(const struct fat_build *b);

/* Appends the volume's regions, offsets from the volume's start.  Both FATs, directories and files
 * are PASS_METADATA (an ESP is small, and its files are the same blobs that the Windows volume
 * holds), the reserved sectors with boot sector, FSINFO and their backups PASS_BOOT.  Free
 * clusters have no region. Bytes belong to the builder. */
int fat_build_regions(const struct fat_build *b, struct tree_regions *regions,
                      struct wtg_err *err) WTG_MUST_USE;

#endif
