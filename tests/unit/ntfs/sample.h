/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_TEST_NTFS_SAMPLE_H
#define WTG_TEST_NTFS_SAMPLE_H

#include "ntfs/build.h"

/* Trees that are hard to lay down, and the way from a tree to a volume in memory or in a file
 * without the write room. */

struct sample {
    struct tree *t;
    struct tree_blob **blob; /* freed with it */
    size_t nblobs, blobs_cap;
    uint64_t random;
    struct wtg_err err;
};

/* 2024-02-29 12:34:56.7890123 UTC */
#define SAMPLE_TIME (UINT64_C(133536836967890123))

/* All of these abort when there is no memory: samples are not what is tested. */
void sample_new(struct sample *s);
void sample_free(struct sample *s);
void sample_sort(struct sample *s);
struct tree_node *sample_node(struct sample *s, uint32_t attributes);
/* Names in UTF-8; `short_name` may be NULL. */
struct tree_link *sample_link(struct sample *s, struct tree_node *dir, struct tree_node *n,
                              const char *name, const char *short_name);
struct tree_node *sample_dir(struct sample *s, struct tree_node *dir, const char *name);
struct tree_node *sample_file(struct sample *s, struct tree_node *dir, const char *name,
                              size_t bytes);
void sample_stream(struct sample *s, struct tree_node *n, const char *name, size_t bytes);
struct tree_blob *sample_blob(struct sample *s, size_t bytes);
struct tree_blob *sample_blob_of(struct sample *s, const void *bytes, size_t n);
/* The nth of many different valid descriptors. */
const struct tree_sd *sample_sd(struct sample *s, unsigned nth);
void sample_reparse(struct sample *s, struct tree_node *n, uint32_t tag, size_t bytes);
void sample_ea(struct sample *s, struct tree_node *n, unsigned count, size_t value_bytes);
void sample_object_id(struct sample *s, struct tree_node *n, unsigned id, bool all);

/* Samples by name, all below the root of `s`; a NULL name ends the table. */
struct sample_kind {
    const char *name;
    void (*fill)(struct sample *s);
    uint64_t mib; /* of a volume that it fits */
};
extern const struct sample_kind sample_kinds[];
/* The kind of this name; aborts when there is none. */
const struct sample_kind *sample_kind(const char *name);

struct ntfs_build_opts sample_opts(uint64_t mib, uint32_t sector_bytes);

/* For ntfs_build_opts.holes: finds them by reading. */
int sample_holes(void *ctx, const struct tree_blob *blob, struct ntfs_hole **ret, size_t *ret_n,
                 struct wtg_err *err);

/* Puts regions onto `fd`, as the write room does, and proves of them what region.h promises.
 * `fd` is made as long as `size`. */
int sample_write_regions(const struct tree_regions *r, int fd, uint64_t size, struct wtg_err *err);
/* The whole way from a tree to a file. */
int sample_write(const struct tree *t, const struct ntfs_build_opts *o, int fd,
                 struct wtg_err *err);

#endif
