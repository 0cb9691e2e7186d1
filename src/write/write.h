/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_WRITE_WRITE_H
#define WTG_WRITE_WRITE_H

#include "blk/blk.h"
#include "tree/region.h"

/* Puts regions onto a target: one ordered reader, N decoders, one ordered writer.  Blobs are
 * decoded once, however many regions want them, straight into the buffer that is written; each
 * blob's SHA-1 is compared with the one its image promises. */
struct write_opts {
    unsigned decoders;     /* threads; 0: one per core */
    uint64_t memory_bytes; /* for buffers; 0: 256 MiB */
    /* The source has been proved as a whole: what is written as it is stored (blobs with
     * content_bytes) need not be decoded for its SHA-1. */
    bool trusted;
};

struct write_result {
    uint64_t bytes;         /* written to the target */
    uint64_t content_bytes; /* decoded and checked */
    const struct tree_blob *bad_blob; /* on IMAGE_HASH and IMAGE_DAMAGED: which; else NULL */
};

/* Writes passes in order, with a flush after each.  When it fails nothing of a later pass has been
 * written. Progress: steps "write-data", "write-metadata", "flush", in bytes. `ret` is also set on
 * failure. Regions need not be sorted. */
int write_regions(struct blk *target, const struct tree_regions *regions,
                  const struct write_opts *opts, struct wtg_job *job, struct write_result *ret,
                  struct wtg_err *err) WTG_MUST_USE;

#endif
