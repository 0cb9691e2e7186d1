/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FAT_FAT_VOLUME_H
#define WTG_FAT_FAT_VOLUME_H

/* Private to the room: an opened volume, shared by reader and checker. */

#include "fat/fat-disk.h"
#include "fat/fat-read.h"

/* Sticks of 2 TiB formatted with 128 KiB clusters, and 8 GiB ones with sectors for clusters, have
 * as many; their FAT takes 64 MiB of memory. */
enum { FAT_READ_CLUSTERS_MAX = 1 << 24 };
/* Larger clusters than fatgen103 allows exist in the wild, up to 128 sectors of 4096 bytes. */
enum { FAT_READ_CLUSTER_BYTES_MAX = 128 * 4096 };

struct fat_run {      /* clusters one behind the other */
    uint32_t at;      /* first cluster of the file that it holds, from 0 */
    uint32_t cluster; /* where that stands */
    uint32_t count;
};
struct fat_file {
    size_t run, nruns; /* in fat->run */
};

struct fat {
    struct tree_source source; /* the blobs' */
    struct blk *vol;
    struct fat_boot_disk boot;
    bool boot_from_backup;
    uint32_t sector_bytes, cluster_bytes, clusters, root_cluster;
    uint64_t fat_offset, fat_bytes; /* of the live FAT; of one FAT */
    uint64_t data_offset;
    uint8_t *table; /* the live FAT, entries 0 .. clusters + 1 */
    uint32_t free_clusters;
    char label[FAT_LABEL_BYTES];
    struct fat_run *run;
    size_t nruns, runs_cap;
    struct fat_file *file; /* a blob's cookie is an index of it */
    size_t nfiles, files_cap;
};

/* What a cluster's entry says, without the upper four bits. `cluster` is one of the volume's. */
static inline uint32_t fat_next(const struct fat *f, uint32_t cluster)
{
    return le32_at(f->table + (size_t)cluster * FAT_ENTRY_BYTES) & FAT_ENTRY_MASK;
}
static inline bool fat_has_cluster(const struct fat *f, uint32_t cluster)
{
    return cluster >= FAT_FIRST_CLUSTER && cluster - FAT_FIRST_CLUSTER < f->clusters;
}
static inline uint64_t fat_cluster_offset(const struct fat *f, uint32_t cluster)
{
    return f->data_offset + (uint64_t)(cluster - FAT_FIRST_CLUSTER) * f->cluster_bytes;
}

/* Reads and checks a boot sector: VOLUME_FORMAT, VOLUME_DAMAGED. `sector` is 512 bytes. */
int fat_boot_parse(struct fat *f, const uint8_t sector[512], uint64_t vol_bytes,
                   struct wtg_err *err) WTG_MUST_USE;

/* Follows everything from the root and makes the tree of it.  What is wrong goes to `problem`:
 * `fatal` when nothing sensible can be read there; its return value, when negative, ends the walk.
 * `seen` gets a bit for each cluster that belongs to something; fat_seen_bytes, zeroed. */
static inline size_t fat_seen_bytes(const struct fat *f)
{
    return ((size_t)f->clusters + FAT_FIRST_CLUSTER) / 8 + 1;
}
struct fat_walk_ops {
    int (*problem)(void *ctx, bool fatal, const char *text, struct wtg_err *err);
    void *ctx;
};
int fat_walk(struct fat *f, struct tree *t, uint8_t *seen, const struct fat_walk_ops *ops,
             struct wtg_err *err) WTG_MUST_USE;

#endif
