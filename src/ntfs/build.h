/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS_BUILD_H
#define WTG_NTFS_BUILD_H

#include "base/guid.h"
#include "tree/region.h"
#include "tree/tree.h"

/* Makes an NTFS 3.1 volume of a tree.  The whole layout is worked out in memory first; then the
 * volume is a list of regions that somebody else writes.  File content stands on the volume in the
 * order of its source, so that it is read and written front to back; what makes it a file system
 * follows in one burst; the primary boot sector comes last, so that an interrupted volume is none.
 */

/* A run of zeroes in a blob that need not be stored. */
struct ntfs_hole {
    uint64_t off, bytes;
};

struct ntfs_build_opts {
    uint64_t size_bytes;          /* of the partition */
    uint32_t sector_bytes;        /* of the medium: 512 or 4096 */
    uint64_t start_lba;           /* of the partition: the "hidden sectors" */
    const char *label;            /* UTF-8, at most 32 UTF-16 units; NULL: none */
    uint64_t serial;              /* not 0 */
    uint64_t time;                /* of the system files: 100 ns since 1601-01-01 UTC */
    const struct guid *volume_id; /* the volume's object id; NULL: none */

    /* Where the content of a sparse file (ATTR_SPARSE) is known to be zero: rising, not
     * overlapping, malloc'ed into `*ret`, freed by the builder.  Only whole units of 64 KiB become
     * holes.  NULL: sparse files get all their clusters. */
    int (*holes)(void *ctx, const struct tree_blob *blob, struct ntfs_hole **ret, size_t *ret_n,
                 struct wtg_err *err);
    void *holes_ctx;
};

struct ntfs_build_info {
    uint64_t needed_bytes;   /* the smallest partition that this tree fits */
    uint64_t size_bytes;     /* of the partition */
    uint64_t used_bytes;     /* in allocated clusters */
    uint64_t data_bytes;     /* of them file content: what PASS_DATA writes */
    uint64_t metadata_bytes; /* what PASS_METADATA writes */
    uint64_t resident_bytes; /* file content inside $MFT: kept in memory meanwhile */
    uint64_t hole_bytes;     /* of sparse files, not written */
    uint64_t mft_bytes, index_bytes, log_bytes, zone_bytes;
    uint64_t records;                   /* in use */
    uint64_t files, directories, names; /* the tree's; names without DOS ones */
    uint32_t descriptors;               /* security descriptors, the system's two included */
    /* What could not go along: a second short name of one file, or one that another name in its
     * directory has; an object id that another file has. */
    uint64_t short_names_dropped, object_ids_dropped;
};

struct ntfs_build;

/* Plans the volume; nothing is written and no content read.  The tree must be sorted, stay as it
 * is and keep its nodes' `mark`s until ntfs_build_free.  Fails with DISK_TOO_SMALL (fact
 * "need_bytes"), IMAGE_ENCRYPTED for files with EFS data, IMAGE_NAME for names in the root that
 * belong to NTFS itself. Content of files marked as compressed is stored plain, without that
 * mark. */
int ntfs_build_new(const struct tree *t, const struct ntfs_build_opts *o, struct ntfs_build **ret,
                   struct wtg_err *err) WTG_MUST_USE;
void ntfs_build_free(struct ntfs_build *b);

/* Appends what is to be written: PASS_DATA, PASS_METADATA and PASS_BOOT.  Offsets and lengths are
 * multiples of 4096, only the backup boot sector's region may end the partition within 4096 bytes.
 * The builder must outlive the regions; their `make`s must not run in two threads at once. */
int ntfs_build_regions(struct ntfs_build *b, struct tree_regions *ret,
                       struct wtg_err *err) WTG_MUST_USE;

const struct ntfs_build_info *ntfs_build_info(const struct ntfs_build *b);

/* The smallest partition that this tree fits, free space not counted. `o->size_bytes` is not
 * looked at. */
int ntfs_build_needed(const struct tree *t, const struct ntfs_build_opts *o, uint64_t *ret_bytes,
                      struct wtg_err *err) WTG_MUST_USE;

#endif
