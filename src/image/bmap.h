/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_IMAGE_BMAP_H
#define WTG_IMAGE_BMAP_H

#include "base/hash.h"
#include "base/span.h"

/* A block map: which parts of an image hold something, with a checksum each.  Format versions 1.2
 * to 2.0; docs/formats/bmap.md says what stands in one. */
struct bmap_range {
    uint64_t off, size; /* bytes of the image; the last one may end with it, within a block */
    bool has_sum;
    uint8_t sum[SHA256_BYTES];
};

struct bmap {
    char version[8];     /* "2.0" */
    enum hash_kind kind; /* of the sums */
    uint32_t block_bytes;
    uint64_t image_bytes, mapped_bytes;
    struct bmap_range *range; /* rising, with gaps between them */
    size_t nranges;
    size_t nsums; /* ranges that have one */
};

/* Parses one and compares its own checksum, from version 1.3 on.  IMAGE_DAMAGED, UNSUPPORTED
 * (another version or kind of checksum). */
int bmap_parse(struct wtg_span xml, struct bmap *ret, struct wtg_err *err) WTG_MUST_USE;
/* The same from a file. */
int bmap_load(const char *path, struct bmap *ret, struct wtg_err *err) WTG_MUST_USE;
void bmap_release(struct bmap *b);

#endif
