/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_WRITE_WRITE_H
#define WTG_WRITE_WRITE_H

#include "blk/blk.h"
#include "tree/region.h"

/* Puts regions onto a target: one ordered reader, N decoders, one ordered writer.  Blobs are
 * decoded once, however many regions want them, straight into the buffer that is written; each
 * blob's SHA-1 is compared with the one its image promises. */
/* A run of bytes on the target, and what it must hold. */
struct write_extent {
    uint64_t off;
    uint64_t hash; /* XXH3 of all its bytes */
    uint64_t head; /* of its first block; 0: shorter, not at a block, or of one byte value */
    uint64_t len;  /* at most 4 MiB */
};

/* How far the target has taken the content, for a run that may be interrupted and go on later.
 * Content is written in an order that depends on the regions alone, so a count of blobs says which
 * of them need not come again. */
struct write_progress {
    uint64_t done;       /* blobs that an earlier run has put there; 0: from the beginning */
    uint64_t mark_bytes; /* how much may be lost; 0: 256 MiB */
    /* The first `done` blobs are on the medium; `extent` is what was written for them since the
     * last call (none without a proof).  NULL: nobody wants to know. */
    int (*mark)(void *ctx, uint64_t done, const struct write_extent *extent, size_t n,
                struct wtg_err *err);
    void *ctx;
};

struct write_opts {
    unsigned decoders;     /* threads; 0: one per core */
    uint64_t memory_bytes; /* for buffers; 0: 256 MiB */
    /* The source has been proved as a whole: what is written as it is stored (blobs with
     * content_bytes) need not be decoded for its SHA-1. */
    bool trusted;
    struct write_proof *proof; /* NULL, or filled with what the target must hold afterwards */
    struct write_progress progress;
    struct write_group *group; /* NULL: this target alone */
    size_t member;             /* of the group */
};

struct write_result {
    uint64_t bytes;         /* written to the target */
    uint64_t content_bytes; /* decoded and checked */
    const struct tree_blob *bad_blob; /* on IMAGE_HASH and IMAGE_DAMAGED: which; else NULL */
};

/* Writes passes in order, with a flush after each.  When it fails nothing of a later pass has been
 * written. Progress: steps "write-data", "write-metadata", "flush", in bytes that the target has
 * taken. `ret` is also set on failure. Regions need not be sorted. NOMEM also when memory_bytes is
 * less than the source needs. */
int write_regions(struct blk *target, const struct tree_regions *regions,
                  const struct write_opts *opts, struct wtg_job *job, struct write_result *ret,
                  struct wtg_err *err) WTG_MUST_USE;

/* Several targets from one decode: as many calls of write_regions at once, each in a thread of its
 * own, whose blobs come from the same sources.  They wait for each other before the first blob;
 * then all of them take the same decoded bytes, and the slowest sets the pace once the buffers are
 * full.  One that fails is left out, the others go on; an error of a source is everybody's.
 * `decoders`, `memory_bytes` (for all together) and `trusted` are the same for all members. */
struct write_group;
int write_group_new(size_t members, struct write_group **ret, struct wtg_err *err) WTG_MUST_USE;
/* This member will not call write_regions (again).  After write_regions it does nothing. */
void write_group_leave(struct write_group *g, size_t member);
void write_group_free(struct write_group *g); /* NULL is fine */

/* The proof: what was written, by offset, length and XXH3, and the question whether the target
 * returns it.  64 bits of XXH3 are enough, because the target is no forger: it loses, swaps or
 * spoils bytes without knowing the hash, and then passes once in 2^64 times.  That what was written
 * was right, the SHA-1 of the image has said before. */
struct write_proof;
int write_proof_new(struct write_proof **ret, struct wtg_err *err) WTG_MUST_USE;
void write_proof_free(struct write_proof *p); /* NULL is fine */
/* What an earlier run has written. */
int write_proof_restore(struct write_proof *p, const struct write_extent *extent, size_t n,
                        struct wtg_err *err) WTG_MUST_USE;

struct write_verdict {
    uint64_t bytes;   /* read back */
    uint64_t rereads; /* places that were right only when they were read again */
    /* Where the target was wrong, on VERIFY: */
    uint64_t bad_off, bad_bytes;
    const struct tree_blob *bad_blob; /* whose bytes stand there; NULL: metadata */
    size_t bad_others;                /* it may also be one of so many others */
};

/* Reads back everything, from the medium as far as caches can be dropped, several large reads in
 * flight.  What differs is read once more, and then VERIFY says where and what it looks like.
 * `regions` are those that were written. Progress: step "verify", in bytes. `ret` is also set on
 * failure. */
int write_verify(struct blk *target, const struct write_proof *proof,
                 const struct tree_regions *regions, struct wtg_job *job,
                 struct write_verdict *ret, struct wtg_err *err) WTG_MUST_USE;

#endif
