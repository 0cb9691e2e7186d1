/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_IMAGE_RAW_H
#define WTG_IMAGE_RAW_H

#include "base/hash.h"
#include "blk/blk.h"

/* A disk image as a stream of its bytes: a plain file, or one packed with gzip, xz, zstd, bzip2 or
 * zip (found by content, not by name), which is unpacked on the way. */

struct raw_info {
    const char *form;    /* "plain", "gzip", "xz", "zstd", "bzip2", "zip" */
    const char *suffix;  /* what packing adds to a name: ".gz"; "" for a plain file */
    const char *member;  /* zip: the name of the file in it; else "" */
    uint64_t file_bytes; /* of the file as it is */
    bool size_known;
    bool size_exact;     /* else there may be more: another zstd frame */
    uint64_t size_bytes; /* unpacked, with size_known */
    bool is_iso;         /* a disc, ... */
    bool boots_disk;     /* ... and an MBR or GPT, so that it also boots from a stick */
};

struct raw;

/* Opens it and looks at its beginning.  IMAGE_FORMAT for what is no raw image, by name: archives,
 * virtual disks, web pages, and Windows setup discs that would not boot, with the advice to use
 * 'wtg create'.  IMAGE_DAMAGED, UNSUPPORTED (an encrypted zip). */
int raw_open(const char *path, struct raw **ret, struct wtg_err *err) WTG_MUST_USE;
void raw_free(struct raw *r);
const struct raw_info *raw_info(const struct raw *r);

/* Bytes of the unpacked image from `off` on; `off` never falls below the end of the read before.
 * `*ret_n` < n only where the image ends.  IMAGE_DAMAGED: what was packed does not unpack. */
int raw_read(struct raw *r, uint64_t off, void *buf, size_t n, size_t *ret_n,
             struct wtg_err *err) WTG_MUST_USE;

/* Before the first raw_read of a packed image: every byte of the file itself goes to `file` as it
 * is read; raw_finish reads those behind the packed data.  Both do nothing for a plain file. */
void raw_hash_file(struct raw *r, struct hash *file);
int raw_finish(struct raw *r, struct wtg_err *err) WTG_MUST_USE;

#endif
