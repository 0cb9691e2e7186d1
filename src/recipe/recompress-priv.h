/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_RECOMPRESS_PRIV_H
#define WTG_RECIPE_RECOMPRESS_PRIV_H

/* What the files of recompressing share.
 *
 * A *unit* is what the image's feed brings in one read and one decode: 2 MiB, or one chunk of an
 * ESD, which may have 64 MiB.  A *batch* is a few chunks of the new form, which one thread
 * compresses: so that all cores work on one large unit.  Units and batches travel around in two
 * rings.  The reader fills units; workers decode units and pack batches; the caller's thread cuts
 * units into batches and stores batches, both in order. */

#include <pthread.h>

#include "base/hash.h"
#include "codec/pack.h"
#include "recipe/recompress.h"

enum {
    UNIT_BYTES = 2 << 20,    /* aimed at; the feed may have larger ones */
    BATCH_BYTES = 512 << 10, /* of content: a few dozen milliseconds of work */
    BATCH_CHUNKS = 1024,     /* there may be many tiny files */
};

struct unit {
    struct tree_unit unit;
    uint8_t *out; /* decoded, all pieces */
    size_t out_cap;
    uint8_t **dst; /* a piece each */
    size_t dst_cap;
    bool decoded, cut; /* cut: nothing of it stands outside of batches */
    unsigned users;    /* batches that still look into it */
};

struct chunk {
    const uint8_t *in;  /* in the unit or in batch->carry */
    uint32_t n, packed; /* content; stored bytes, as many when it does not get smaller */
};

/* Chunks of one item. */
struct part {
    size_t item;
    uint64_t first;        /* of the item's chunks */
    size_t chunk, nchunks; /* in the batch */
    bool whole;            /* all of the item */
    bool last;             /* its end */
    /* Packed: */
    size_t at, len; /* in batch->out; whole: with the chunk table; len 0: not kept */
    bool packed;
    uint8_t sha1[SHA1_BYTES]; /* whole: of these bytes */
};

struct batch {
    struct unit *unit;
    struct chunk chunk[BATCH_CHUNKS];
    struct part part[BATCH_CHUNKS];
    size_t nchunks, nparts;
    size_t content; /* bytes */
    bool carried;   /* a chunk stands in `carry` */
    bool done;
    uint8_t *carry; /* a chunk that began in the unit before */
    uint8_t *out;   /* BATCH_BYTES and a table entry for each chunk */
};

/* Where the cutting is. */
struct cutter {
    size_t piece;   /* of the unit */
    size_t off;     /* in the piece */
    bool hashed;    /* the piece */
    uint64_t chunk; /* of the item */
    uint8_t *carry; /* the begin of a chunk whose rest the next unit brings */
    size_t carried;
    struct hash *running; /* SHA-1 of an item that spans units */
};

/* Where the storing is. */
struct store {
    uint64_t end;              /* of the spool */
    uint64_t start, chunks_at; /* of an item that spans batches */
    struct hash *running;
    uint8_t *back; /* BATCH_BYTES of it, read again for its SHA-1 */
};

struct recompress {
    struct recompress_item *item;
    size_t nitems;
    const struct recompress_opts *o;
    uint32_t chunk_bytes;
    struct spool *spool;
    struct tree_feed *feed;
    struct cutter cut;
    struct store store;
    uint64_t done_bytes, total_bytes; /* the caller's thread only */

    struct unit *unit;
    size_t nunits;
    struct batch *batch;
    size_t nbatches;
    pthread_t *thread;
    size_t nthreads;
    size_t max_decoders; /* that memory allows at once */
    pthread_mutex_t lock;
    pthread_cond_t moved;                   /* anything below changed */
    uint64_t read, taken, cut_units, freed; /* units: read, taken for decoding, cut, free again */
    uint64_t made, claimed, stored;         /* batches: cut, taken for packing, stored */
    size_t decoding;                        /* workers that do */
    bool ended;                             /* the reader has brought everything */
    bool stop;                              /* something failed: everybody leaves */
    size_t bad;                             /* item that is to blame; nitems: none */
    struct wtg_err err;                     /* the first failure */
};

int recompress_check_sha1(const struct tree_blob *b, const uint8_t digest[SHA1_BYTES],
                          struct wtg_err *err) WTG_MUST_USE;

/* recompress-cut.c: fills `b` with chunks of `u`.  u->cut tells when that was all; then `b` may be
 * empty.  `*ret_bad` as in recompress_run. */
int recompress_cut(struct recompress *r, struct unit *u, struct batch *b, size_t *ret_bad,
                   struct wtg_err *err) WTG_MUST_USE;

/* recompress-pack.c: compresses a batch and puts its bytes together; many threads at once. */
int recompress_pack(const struct recompress *r, struct codec_packer *packer, struct batch *b,
                    struct wtg_err *err) WTG_MUST_USE;
/* Puts a packed batch into the spool; in order. */
int recompress_store(struct recompress *r, const struct batch *b, struct wtg_err *err) WTG_MUST_USE;

#endif
