/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_TREE_CONTENT_H
#define WTG_TREE_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Content is lazy: a blob says how long it is, where in its source it stands and what its SHA-1
 * is; its bytes come later, either a few at random (tree_blob_read) or many in the source's own
 * order (a feed), which is the only fast way. */

struct tree_source;

struct tree_blob { /* bytes that one or more streams hold */
    struct tree_source *source;
    uint64_t size_bytes;
    uint64_t order;   /* where it stands in its source: reading by rising order is cheapest */
    uint64_t cookie;  /* for the source */
    /* Not 0: a stored form.  Its bytes are those of a chunk table and compressed chunks, which stand
     * for so many bytes of content; the SHA-1 is the content's. */
    uint64_t content_bytes;
    bool has_sha1;
    uint8_t sha1[20];
};

/* A run of one blob's bytes, as one unit brings it. */
struct tree_piece {
    size_t blob;       /* index into the array the feed was opened with */
    uint64_t blob_off; /* rises without gaps over the pieces of one blob */
    size_t len;        /* decoded bytes; > 0 */
    size_t raw_off, raw_len; /* where its stored form stands in unit->raw, for non-solid sources */
    uint64_t content_off;    /* of a stored form: the part of the content that it stands for */
    size_t content_len;
    uint64_t cookie;   /* for the source */
};

/* What one sequential read brings and one decode turns into bytes.  The reader thread fills it,
 * one of the decoder threads decodes it, then it is used again. */
struct tree_unit {
    uint8_t *raw; /* malloc'ed, grown by the feed */
    size_t raw_len, raw_cap;
    struct tree_piece *piece; /* malloc'ed, grown by the feed */
    size_t npieces, pieces_cap;
    uint64_t cookie;
};
void tree_unit_release(struct tree_unit *u);

/* Brings many blobs in source order. */
struct tree_feed;
struct tree_feed_ops {
    /* Fills `u` with the next unit: the only function that reads the source.  One thread at a
     * time.  1: there is a unit; 0: all blobs have been brought; negative: error. */
    int (*next)(struct tree_feed *f, struct tree_unit *u, struct wtg_err *err);
    /* State that decoding needs, one per thread; may be NULL when there is none. */
    int (*decoder_new)(struct tree_feed *f, void **ret, struct wtg_err *err);
    void (*decoder_free)(struct tree_feed *f, void *decoder);
    /* Writes piece i's bytes to dst[i] (len bytes each).  Of stored forms it also decodes the
     * content to content[i] (content_len bytes each); `content` or one of it is NULL where nobody
     * wants it.  Pure computation; many threads at once with different decoders and units.
     * Damaged data is IMAGE_DAMAGED. */
    int (*decode)(struct tree_feed *f, void *decoder, const struct tree_unit *u,
                  uint8_t *const *dst, uint8_t *const *content, struct wtg_err *err);
    void (*free)(struct tree_feed *f);
};
/* An error about one blob carries its index in the fact "tree.blob". */
struct tree_feed { /* first member of a source's own */
    const struct tree_feed_ops *ops;
    uint64_t decoder_bytes; /* memory that one decoder needs, at the most */
    uint64_t unit_bytes;    /* decoded bytes of one unit, at the most; of stored forms the content */
};

struct tree_source_ops {
    const char *name; /* "wim", "memory", "file" */
    /* Random access; thread-safe unless the source says otherwise; may be slow. */
    int (*read)(struct tree_source *s, const struct tree_blob *b, uint64_t off, void *buf, size_t n,
                struct wtg_err *err);
    /* `blob` (sorted by rising order, none twice, none of size 0) is borrowed until the feed is
     * freed.  `unit_bytes`: the decoded size to aim at; sources with larger chunks exceed it.
     * NULL: tree_feed_open makes a plain one over `read`. */
    int (*feed)(struct tree_source *s, const struct tree_blob *const *blob, size_t n,
                size_t unit_bytes, struct tree_feed **ret, struct wtg_err *err);
};
struct tree_source { /* first member of a source's own */
    const struct tree_source_ops *ops;
};

/* Reads [off, off+n), which must lie inside the blob. */
int tree_blob_read(const struct tree_blob *b, uint64_t off, void *buf, size_t n,
                   struct wtg_err *err) WTG_MUST_USE;
/* The whole blob in one malloc'ed buffer with a NUL behind it, its SHA-1 checked (not that of a
 * stored form); fails when it is larger than `limit`. A NULL blob is empty. */
int tree_blob_slurp(const struct tree_blob *b, size_t limit, uint8_t **ret, size_t *ret_n,
                    struct wtg_err *err) WTG_MUST_USE;

int tree_feed_open(struct tree_source *s, const struct tree_blob *const *blob, size_t n,
                   size_t unit_bytes, struct tree_feed **ret, struct wtg_err *err) WTG_MUST_USE;
void tree_feed_free(struct tree_feed *f);

/* A blob over bytes in memory that it takes over (malloc'ed). Its SHA-1 is computed. */
int tree_memory_blob_new(uint8_t *take, size_t n, struct tree_blob **ret, struct wtg_err *err)
    WTG_MUST_USE;
void tree_memory_blob_free(struct tree_blob *b); /* NULL is fine */

#endif
