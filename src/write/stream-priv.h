/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_WRITE_STREAM_PRIV_H
#define WTG_WRITE_STREAM_PRIV_H

#include <pthread.h>

#include "base/mem.h"
#include "write/stream.h"
#include "write/room.h"

enum { STREAM_LANES = 4, STREAM_ALIGN = 4096 }; /* writes in flight; what O_DIRECT asks for */

struct stream_chunk {
    uint8_t *buf;
    struct stream_piece piece;
    uint64_t zero;    /* bit i: STREAM_HOLE_BYTES number i are all zero */
    unsigned pending; /* consumers that still need it */
};

/* A reader of the ring: takes chunk after chunk. */
struct stream_consumer {
    uint64_t next; /* chunks up to here are taken */
    bool gone;     /* failed or ended: chunks do not wait for it */
};

struct stream_lane_target {
    struct stream *s;
    struct stream_target *t;
    struct stream_consumer in;
    pthread_t thread;
    bool started;
    struct wtg_job job;     /* of reading back */
    uint64_t proved_before; /* by the readings that are over */
};

enum stream_verdict { VERDICT_OPEN, VERDICT_GOOD, VERDICT_BAD };

struct stream {
    const struct stream_source *source;
    const struct stream_opts *opts;
    struct stream_lane_target *target;
    size_t ntargets;
    bool any_holes;
    uint8_t *head; /* STREAM_HEAD_BYTES, kept back until the end */
    size_t head_n;
    struct write_proof *proof; /* of the rest; the reader's, until the verdict */
    uint64_t end;              /* of the image, so far */

    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t room;  /* a chunk became free */
    pthread_cond_t work;  /* a chunk was filled, or the end is known */
    pthread_cond_t state; /* for the caller: somebody ended */
    struct stream_chunk *chunk;
    size_t nchunks;
    uint64_t filled; /* chunks so far */
    bool ended;      /* no more will come, ... */
    bool complete;   /* ... because the source was read to its end */
    bool stop;       /* leave everything */
    enum stream_verdict verdict;
    struct wtg_err err; /* of the source */
    struct stream_consumer looker;
    size_t alive; /* target threads */
};

/* Waits for the next chunk; NULL when there will be none.  With the lock held. */
struct stream_chunk *stream_take(struct stream *s, struct stream_consumer *c);
/* The chunk is no longer needed by one who took it. */
void stream_give_back(struct stream *s, struct stream_chunk *c);
/* It takes no more. */
void stream_leave(struct stream *s, struct stream_consumer *c);
/* Everything is left as it is; the first error counts. */
void stream_stop(struct stream *s, const struct wtg_err *err);

double stream_now(void);

/* The life of one target: a pthread's function.  stream-target.c */
void *stream_target_main(void *lane_target);

#endif
