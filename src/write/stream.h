/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_WRITE_STREAM_H
#define WTG_WRITE_STREAM_H

#include "blk/blk.h"

/* One stream of bytes onto many targets at once.  The source is read once, in order, into a ring of
 * chunks; every target takes them from there at its own pace, several writes in flight.  The
 * slowest target sets the pace once the ring is full.  A target that fails is dropped, the others
 * go on.
 *
 * The first MiB of a target is zero until the source has been found good and everything else was
 * written, read back and compared: nothing that is cut short boots. */
enum {
    STREAM_CHUNK_BYTES = 4 * 1024 * 1024,
    STREAM_HEAD_BYTES = 1024 * 1024,
    STREAM_HOLE_BYTES = 64 * 1024, /* zeroes that are worth a hole */
};

struct stream_piece {
    uint64_t off; /* on the target, rising */
    size_t n;     /* at most STREAM_CHUNK_BYTES */
    bool skipped; /* only looked at, not written */
    bool last;    /* behind it the target's sector is filled up with zeroes */
};

struct stream_source {
    void *ctx;
    /* Fills buf (STREAM_CHUNK_BYTES); n = 0 is the end. */
    int (*read)(void *ctx, uint8_t *buf, struct stream_piece *ret, struct wtg_err *err);
    /* Sees every piece, in order, in a thread of its own; an error ends everything.  May be NULL.
     */
    int (*look)(void *ctx, const struct stream_piece *p, const uint8_t *bytes, struct wtg_err *err);
    /* After the last piece: was it good?  May be NULL. */
    int (*verdict)(void *ctx, struct wtg_err *err);
};

enum stream_phase {
    STREAM_WRITES,
    STREAM_FLUSHES, /* waits for the target, or for the verdict on the source */
    STREAM_PROVES,  /* reads back */
    STREAM_DONE,
    STREAM_FAILED, /* err says why */
};

struct stream_target {
    struct blk *blk;  /* writable, large enough */
    bool keeps_holes; /* reads as zeroes where nothing is written: a new image file */
    /* A file that grows, with a brick that has no end: once it is known where the image ends, makes
     * file and brick so long.  NULL for all others. */
    int (*end_known)(struct stream_target *t, uint64_t bytes, struct wtg_err *err);
    void *ctx;
    /* What became of it: */
    enum stream_phase phase;
    uint64_t written_bytes; /* that the target has taken; zeroes of a hole count too */
    uint64_t proved_bytes;  /* read back and found equal */
    double seconds;
    struct wtg_err err;
};

struct stream_opts {
    uint64_t memory_bytes; /* of the ring; 0: 64 MiB for one target, 256 MiB for several */
    uint64_t total_bytes;  /* that each target gets, for progress; 0: not known */
    bool no_verify;        /* do not read back */
    /* Now and then, from the calling thread: how far each target is.  The array is a copy. */
    void (*on_state)(const struct stream_target *t, size_t n, void *user);
    void *user;
};

/* Reads all of the source and writes all targets, n > 0.  0 also when targets failed: each says so.
 * An error of the source, or CANCELLED, ends everything; then no target boots. */
int stream_run(const struct stream_source *source, struct stream_target *target, size_t n,
               const struct stream_opts *opts, struct wtg_job *job,
               struct wtg_err *err) WTG_MUST_USE;

#endif
