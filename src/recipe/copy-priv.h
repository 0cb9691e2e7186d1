/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_COPY_PRIV_H
#define WTG_RECIPE_COPY_PRIV_H

/* What the files of this recipe share. */

#include "base/hash.h"
#include "base/mem.h"
#include "disk/contents.h"
#include "disk/target.h"
#include "image/bmap.h"
#include "image/raw.h"
#include "recipe/copy.h"
#include "write/stream.h"

struct copy_target {
    const char *path; /* as it was given */
    struct disk_target_opts opts;
    struct disk_identity id; /* of the plan */
    struct disk_contents contents;
    struct disk_target target; /* claimed, unless only looking */
    uint64_t limit_bytes;      /* the image must not be longer; 0: a file that grows with it */
    char warning[200];
};

/* The image as a stream: what has been read, and the hashes of it. */
struct copy_source {
    struct raw *raw;
    const struct bmap *bmap; /* NULL: none */
    bool read_all;           /* also what the block map leaves out */
    uint64_t at;             /* the next byte to read */
    size_t range;            /* of the block map, where `at` stands */
    /* Of the looker's thread: */
    struct hash *content;    /* of the unpacked image; NULL: not wanted */
    struct hash *range_hash; /* of the range that is passing */
    size_t looked;           /* ... which is this one */
    /* Of the reader's: */
    struct hash *file;   /* of a packed file as it is; NULL: not wanted */
    const uint8_t *want; /* SHA256_BYTES; NULL: nothing to compare with */
    const char *want_from;
    char sha256[2 * SHA256_BYTES + 1]; /* of the file, once it is known; "" else */
};

struct copy {
    struct wtg_write_opts opts;
    struct raw *raw;
    char *bmap_path; /* NULL: none */
    struct bmap bmap;
    bool has_want;
    uint8_t want[SHA256_BYTES];
    char *sums_path; /* NULL: no checksum file */
    struct copy_target *target;
    struct wtg_write_result *result;
    const char *sources[3]; /* files that are read and cannot be targets */
    struct copy_source source;
    struct arena words;
    struct wtg_write_info info;
};

/* copy-sums.c */

/* "--sha256 HEX", or what a checksum file beside the image says.  Sets has_want, want, sums_path;
 * none of them is fine. `note` gets a sentence when there is a file that says nothing. */
int copy_find_sum(struct copy *c, const char **note, struct wtg_err *err) WTG_MUST_USE;
/* The path of a file beside the image, if it can be read: IMAGE with `add` behind it, without its
 * last `drop` characters.  `*ret` NULL: there is none. */
int copy_beside(const char *image, size_t drop, const char *add, char **ret,
                struct wtg_err *err) WTG_MUST_USE;

/* copy-source.c: the functions of a stream_source, whose ctx is a copy_source. */
int copy_source_init(struct copy_source *s, struct wtg_err *err) WTG_MUST_USE;
void copy_source_release(struct copy_source *s);
int copy_source_read(void *source, uint8_t *buf, struct stream_piece *ret, struct wtg_err *err);
int copy_source_look(void *source, const struct stream_piece *p, const uint8_t *bytes,
                     struct wtg_err *err);
int copy_source_verdict(void *source, struct wtg_err *err);

#endif
