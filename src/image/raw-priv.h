/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_IMAGE_RAW_PRIV_H
#define WTG_IMAGE_RAW_PRIV_H

#include "base/span.h"
#include "image/raw.h"

/* The packed file, read front to back, hashed on the way. */
struct raw_file {
    struct blk *blk;
    uint64_t at;
    struct hash *hash; /* borrowed; NULL: nobody wants to know */
    uint8_t *buf;      /* RAW_FILE_BYTES */
    size_t n;          /* what the last raw_file_next brought; 0: the end */
};
enum { RAW_FILE_BYTES = 256 * 1024 };
int raw_file_next(struct raw_file *f, struct wtg_err *err) WTG_MUST_USE;

/* One way of packing.  `read` fills buf as far as the image goes. */
struct raw_codec {
    int (*open)(struct raw_file *f, const struct raw_info *info, void **ret, struct wtg_err *err);
    int (*read)(void *codec, uint8_t *buf, size_t n, size_t *ret_n, struct wtg_err *err);
    void (*free)(void *codec);
};
extern const struct raw_codec raw_gzip, raw_archive; /* raw-gzip.c, raw-archive.c */

/* raw-archive.c: chooses the file in a zip.  `*ret_member` is malloc'ed. */
int raw_zip_look(struct blk *b, char **ret_member, struct raw_info *info,
                 struct wtg_err *err) WTG_MUST_USE;
/* raw-size.c: the unpacked size where the file says it; leaves `info` alone where not. */
int raw_xz_size(struct blk *b, struct raw_info *info, struct wtg_err *err) WTG_MUST_USE;
int raw_zstd_size(struct blk *b, struct raw_info *info, struct wtg_err *err) WTG_MUST_USE;

/* raw-refuse.c: what must not be written as it is, from its first bytes.  Sets is_iso and
 * boots_disk. */
enum { RAW_HEAD_BYTES = 68 * 1024 }; /* holds the first descriptors of a disc */
int raw_refuse(struct wtg_span head, struct raw_info *info, struct wtg_err *err) WTG_MUST_USE;
/* A plain disc: refused when Windows would be installed from it and it boots from no stick. */
int raw_refuse_windows(struct blk *b, const struct raw_info *info,
                       struct wtg_err *err) WTG_MUST_USE;

#endif
