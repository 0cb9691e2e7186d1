/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_TREE_REGION_H
#define WTG_TREE_REGION_H

#include <stddef.h>
#include <stdint.h>

#include "tree/content.h"

/* What builders make of a tree: a list of regions says which bytes stand where on a volume, before
 * anything is written.  Everything that no region covers stays unwritten (a hole in an image file,
 * old bytes on a device). Regions of one volume do not overlap. */
enum tree_region_kind {
    REGION_BLOB,  /* [blob_off, ...) of a blob, zero-padded to `length` */
    REGION_BYTES, /* `bytes`, exactly `length` of them */
    REGION_FILL,  /* `fill`, `length` times */
    REGION_MAKE,  /* made when it is written, after all blobs have come: `make` */
    REGION_KEEP,  /* not on the volume: the blob's bytes go to `keep` (resident data), which a
                   * later REGION_MAKE looks at; offset and length are those inside the blob */
};

/* When a region is written.  Within one pass by rising offset; a flush between passes. */
enum tree_region_pass {
    PASS_WIPE,     /* what stood there before stops being mountable */
    PASS_DATA,     /* file content, in the order of its source */
    PASS_METADATA, /* what makes it a file system */
    PASS_BOOT,     /* the sectors that make it mountable */
    PASS_TABLE,    /* the partition table */
};

struct tree_region {
    enum tree_region_kind kind;
    enum tree_region_pass pass;
    uint64_t offset; /* bytes from the start of the volume */
    uint64_t length; /* bytes */
    const struct tree_blob *blob;
    uint64_t blob_off;
    const uint8_t *bytes; /* borrowed: lives as long as the builder */
    uint8_t *keep;
    /* Fills buf with [off, off+n) of the region; called by rising off, each byte once, and `off`
     * and `n` are multiples of 4096 except at the region's end. */
    int (*make)(void *ctx, uint64_t off, uint8_t *buf, size_t n, struct wtg_err *err);
    void *ctx;
    uint8_t fill;
};

struct tree_regions {
    struct tree_region *region;
    size_t n, cap;
};
int tree_regions_add(struct tree_regions *r, const struct tree_region *one, struct wtg_err *err)
    WTG_MUST_USE;
/* Appends those of `more`, moved by `shift` bytes: a volume becomes a part of a disk. */
int tree_regions_append(struct tree_regions *r, const struct tree_regions *more, uint64_t shift,
                        struct wtg_err *err) WTG_MUST_USE;
void tree_regions_release(struct tree_regions *r);

#endif
