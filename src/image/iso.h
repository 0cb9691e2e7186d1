/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_IMAGE_ISO_H
#define WTG_IMAGE_ISO_H

#include "blk/blk.h"

/* The ISO 9660 file system of a disc image, with Joliet names where it has them. */
struct iso {
    struct blk *blk;
    bool present; /* there is one */
    bool joliet;
    uint32_t block_bytes;
    uint64_t bytes; /* of the volume, as it says itself */
    uint64_t root_off, root_bytes;
    bool udf; /* the volume recognition sequence announces UDF */
};

/* Reads the descriptors; `ret->present` false when there is no ISO 9660.  IMAGE_DAMAGED when the
 * file is shorter than the volume says. */
int iso_open(struct blk *b, struct iso *ret, struct wtg_err *err) WTG_MUST_USE;

/* Finds "sources/install.wim", without case and version number, and gives it as a brick over the
 * image.  `*ret_path`: as it is written there; malloc'ed. NOT_FOUND. */
int iso_find(const struct iso *iso, const char *path, struct blk **ret, char **ret_path,
             struct wtg_err *err) WTG_MUST_USE;

/* Does an extent of a file lie inside the image?  Shared with UDF. */
int iso_extent_check(const struct blk *b, const char *path, uint64_t off, uint64_t n,
                     struct wtg_err *err) WTG_MUST_USE;

#endif
