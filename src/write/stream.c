/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "write/stream-priv.h"

#include <string.h>
#include <time.h>

/* The ring, its reader, and the caller, who watches. */

enum { TICK_NS = 100 * 1000 * 1000, RING_MIN_CHUNKS = STREAM_LANES + 2, RING_MAX_CHUNKS = 4096 };

double stream_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The ring. */

struct stream_chunk *stream_take(struct stream *s, struct stream_consumer *c)
{
    while (!s->stop && !c->gone && c->next == s->filled && !s->ended)
        pthread_cond_wait(&s->work, &s->lock);
    if (s->stop || c->gone || c->next == s->filled)
        return NULL;
    return &s->chunk[c->next++ % s->nchunks];
}

void stream_give_back(struct stream *s, struct stream_chunk *c)
{
    if (--c->pending == 0)
        pthread_cond_signal(&s->room);
}

void stream_leave(struct stream *s, struct stream_consumer *c)
{
    if (c->gone)
        return;
    c->gone = true;
    for (uint64_t i = c->next; i < s->filled; i++)
        stream_give_back(s, &s->chunk[i % s->nchunks]);
    pthread_cond_broadcast(&s->work); /* its other lanes */
}

void stream_stop(struct stream *s, const struct wtg_err *err)
{
    if (s->err.code == 0)
        s->err = *err;
    s->stop = true;
    for (size_t i = 0; i < s->ntargets; i++)
        atomic_store(&s->target[i].job.cancel, true);
    pthread_cond_broadcast(&s->room);
    pthread_cond_broadcast(&s->work);
    pthread_cond_broadcast(&s->state);
}

/* The reader. */

static uint64_t find_zeroes(const uint8_t *p, size_t n)
{
    uint64_t zero = 0;

    for (size_t i = 0; i * STREAM_HOLE_BYTES < n; i++) {
        const uint8_t *at = p + i * STREAM_HOLE_BYTES;
        size_t len = (size_t)min_u64(STREAM_HOLE_BYTES, n - i * STREAM_HOLE_BYTES);
        if (at[0] == 0 && memcmp(at, at + 1, len - 1) == 0)
            zero |= UINT64_C(1) << i;
    }
    return zero;
}

/* The bytes of the first MiB wait in memory. */
static void keep_head(struct stream *s, const struct stream_piece *p, const uint8_t *buf)
{
    if (p->skipped || p->off >= STREAM_HEAD_BYTES)
        return;
    size_t n = (size_t)min_u64(p->n, STREAM_HEAD_BYTES - p->off);
    memcpy(s->head + p->off, buf, n);
    s->head_n = (size_t)p->off + n;
}

/* Everything about a chunk that is the same for all targets. */
static int fill(struct stream *s, struct stream_chunk *c, struct wtg_err *err)
{
    struct stream_piece *p = &c->piece;

    *p = (struct stream_piece){ 0 };
    int r = s->source->read(s->source->ctx, c->buf, p, err);
    if (r < 0 || p->n == 0)
        return r;
    memset(c->buf + p->n, 0, STREAM_ALIGN); /* up to whole sectors */
    c->zero = s->any_holes ? find_zeroes(c->buf, p->n) : 0;
    keep_head(s, p, c->buf);
    s->end = p->off + p->n;
    /* Only what lies behind the head, which is proved by itself. */
    size_t head =
        p->off < STREAM_HEAD_BYTES ? (size_t)min_u64(p->n, STREAM_HEAD_BYTES - p->off) : 0;
    if (p->skipped || head == p->n)
        return 0;
    return write_proof_add(s->proof, p->off + head, c->buf + head, p->n - head, err);
}

static void publish(struct stream *s, struct stream_chunk *c)
{
    c->pending = !s->looker.gone;
    for (size_t i = 0; i < s->ntargets; i++)
        c->pending += !s->target[i].in.gone;
    s->filled++;
    pthread_cond_broadcast(&s->work);
}

/* 1: there is more; 0: the end.  With the lock held, which it gives up while it reads. */
static int read_one(struct stream *s, struct wtg_err *err)
{
    struct stream_chunk *c = &s->chunk[s->filled % s->nchunks];

    while (!s->stop && s->alive > 0 && c->pending > 0)
        pthread_cond_wait(&s->room, &s->lock);
    if (s->stop || s->alive == 0)
        return 0;
    pthread_mutex_unlock(&s->lock);
    int r = fill(s, c, err);
    pthread_mutex_lock(&s->lock);
    s->complete = r == 0 && c->piece.n == 0;
    if (r == 0 && !s->complete)
        publish(s, c);
    return r < 0 ? r : !s->complete;
}

static int judge(struct stream *s, struct wtg_err *err)
{
    while (!s->stop && !s->looker.gone)
        pthread_cond_wait(&s->work, &s->lock);
    if (s->stop || !s->complete || !s->source->verdict)
        return 0;
    pthread_mutex_unlock(&s->lock);
    int r = s->source->verdict(s->source->ctx, err);
    pthread_mutex_lock(&s->lock);
    return r;
}

static void *reader_main(void *stream)
{
    struct stream *s = stream;
    struct wtg_err err = { 0 };
    int r;

    pthread_mutex_lock(&s->lock);
    do
        r = read_one(s, &err);
    while (r > 0);
    s->ended = true;
    pthread_cond_broadcast(&s->work);
    if (r == 0)
        r = judge(s, &err);
    s->verdict = r < 0 ? VERDICT_BAD : VERDICT_GOOD;
    if (r < 0)
        stream_stop(s, &err);
    pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void *looker_main(void *stream)
{
    struct stream *s = stream;
    struct stream_chunk *c;
    int r = 0;

    pthread_mutex_lock(&s->lock);
    while (r == 0 && (c = stream_take(s, &s->looker))) {
        struct wtg_err err = { 0 };
        pthread_mutex_unlock(&s->lock);
        r = s->source->look(s->source->ctx, &c->piece, c->buf, &err);
        pthread_mutex_lock(&s->lock);
        stream_give_back(s, c);
        if (r < 0)
            stream_stop(s, &err);
    }
    stream_leave(s, &s->looker);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* The caller. */

/* One line for all: the slowest phase that is still going on. */
static struct wtg_progress progress_of(const struct stream_target *t, size_t n, uint64_t total)
{
    static const char *const step[] = { "write-data", "flush", "verify" };
    struct wtg_progress p = { .unit = "bytes", .done = UINT64_MAX, .total = total };
    enum stream_phase phase = STREAM_DONE;

    for (size_t i = 0; i < n; i++)
        if (t[i].phase < phase)
            phase = t[i].phase;
    p.step = step[phase <= STREAM_PROVES ? phase : STREAM_PROVES];
    for (size_t i = 0; i < n; i++) {
        uint64_t done = phase < STREAM_PROVES ? t[i].written_bytes : t[i].proved_bytes;
        if (t[i].phase != STREAM_FAILED) /* the last one says when all are done */
            p.done = min_u64(p.done, done);
    }
    if (p.done == UINT64_MAX)
        p.done = 0;
    return p;
}

static int tell(struct stream *s, struct stream_target *copy, struct wtg_job *job,
                struct wtg_err *err)
{
    for (size_t i = 0; i < s->ntargets; i++)
        copy[i] = *s->target[i].t;
    pthread_mutex_unlock(&s->lock);
    struct wtg_progress p = progress_of(copy, s->ntargets, s->opts->total_bytes);
    if (s->opts->on_state)
        s->opts->on_state(copy, s->ntargets, s->opts->user);
    int r = wtg_tick(job, &p, err);
    pthread_mutex_lock(&s->lock);
    return r;
}

static void watch(struct stream *s, struct stream_target *copy, struct wtg_job *job)
{
    struct wtg_err err = { 0 };

    pthread_mutex_lock(&s->lock);
    while (s->alive > 0) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += TICK_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&s->state, &s->lock, &until);
        if (tell(s, copy, job, &err) < 0 && !s->stop)
            stream_stop(s, &err);
    }
    pthread_mutex_unlock(&s->lock);
}

static int start_targets(struct stream *s, struct wtg_err *err)
{
    int sys = 0;

    pthread_mutex_lock(&s->lock); /* `alive` must not fall to 0 in between */
    for (size_t i = 0; i < s->ntargets && sys == 0; i++) {
        sys = pthread_create(&s->target[i].thread, NULL, stream_target_main, &s->target[i]);
        s->target[i].started = sys == 0;
        s->alive += sys == 0;
    }
    if (sys) {
        wtg_fail_errno(err, sys, "cannot start a thread");
        stream_stop(s, err);
    }
    pthread_mutex_unlock(&s->lock);
    return sys ? err->code : 0;
}

static int run_threads(struct stream *s, struct stream_target *copy, struct wtg_job *job,
                       struct wtg_err *err)
{
    pthread_t reader, looker;
    bool reads = false, looks = false;
    int sys = 0;

    int r = start_targets(s, err);
    if (r == 0 && s->source->look) {
        sys = pthread_create(&looker, NULL, looker_main, s);
        looks = sys == 0;
    }
    if (r == 0 && sys == 0) {
        sys = pthread_create(&reader, NULL, reader_main, s);
        reads = sys == 0;
    }
    if (sys) {
        wtg_fail_errno(err, sys, "cannot start a thread");
        pthread_mutex_lock(&s->lock);
        stream_stop(s, err);
        pthread_mutex_unlock(&s->lock);
    }
    watch(s, copy, job);
    pthread_mutex_lock(&s->lock);
    s->ended = true; /* also when every target has failed, and nobody reads any more */
    pthread_cond_broadcast(&s->room);
    pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < s->ntargets; i++)
        if (s->target[i].started)
            pthread_join(s->target[i].thread, NULL);
    if (reads)
        pthread_join(reader, NULL);
    if (looks)
        pthread_join(looker, NULL);
    if (s->err.code)
        *err = s->err;
    return s->err.code;
}

static int make_ring(struct stream *s, struct wtg_err *err)
{
    uint64_t memory = s->opts->memory_bytes ? s->opts->memory_bytes
                      : s->ntargets > 1     ? UINT64_C(256) << 20
                                            : UINT64_C(64) << 20;
    uint64_t want = min_u64(max_u64(memory / STREAM_CHUNK_BYTES, RING_MIN_CHUNKS), RING_MAX_CHUNKS);

    s->chunk = mem_zeroed((size_t)want, sizeof s->chunk[0], err);
    s->head = s->chunk ? aligned_alloc(STREAM_ALIGN, STREAM_HEAD_BYTES) : NULL;
    if (!s->head)
        return wtg_fail_nomem(err);
    memset(s->head, 0, STREAM_HEAD_BYTES);
    for (s->nchunks = 0; s->nchunks < want; s->nchunks++) {
        s->chunk[s->nchunks].buf = aligned_alloc(STREAM_ALIGN, STREAM_CHUNK_BYTES + STREAM_ALIGN);
        if (!s->chunk[s->nchunks].buf)
            return wtg_fail_nomem(err);
    }
    return 0;
}

static void release(struct stream *s)
{
    for (size_t i = 0; s->chunk && i < s->nchunks; i++)
        free(s->chunk[i].buf);
    free(s->chunk);
    free(s->head);
    write_proof_free(s->proof);
    free(s->target);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->room);
    pthread_cond_destroy(&s->work);
    pthread_cond_destroy(&s->state);
}

static void init_locks(struct stream *s)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->room, NULL);
    pthread_cond_init(&s->work, NULL);
    pthread_cond_init(&s->state, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

int stream_run(const struct stream_source *source, struct stream_target *target, size_t n,
               const struct stream_opts *opts, struct wtg_job *job, struct wtg_err *err)
{
    struct stream s = { .source = source, .opts = opts, .ntargets = n };
    AUTO_FREE struct stream_target *copy = mem_zeroed(n, sizeof *copy, err);
    int r = copy ? 0 : err->code;

    init_locks(&s);
    s.looker.gone = !source->look;
    s.target = mem_zeroed(n, sizeof s.target[0], err);
    if (r == 0)
        r = s.target ? make_ring(&s, err) : err->code;
    if (r == 0 && !opts->no_verify)
        r = write_proof_new(&s.proof, err);
    for (size_t i = 0; r == 0 && i < n; i++) {
        s.target[i] = (struct stream_lane_target){ .s = &s, .t = &target[i] };
        s.any_holes |= target[i].keeps_holes;
        target[i].phase = STREAM_WRITES;
    }
    if (r == 0)
        r = run_threads(&s, copy, job, err);
    if (r == 0 && opts->on_state)
        opts->on_state(target, n, opts->user);
    release(&s);
    return r;
}
