/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "write/stream-priv.h"

#include <inttypes.h>
#include <string.h>

/* The life of one target: cleared, written by several lanes at once, flushed, read back, and only
 * then made to boot. */

/* Drops the target; the first error of its lanes counts.  With the lock held. */
static void fail(struct stream_lane_target *l, const struct wtg_err *err)
{
    if (l->t->err.code == 0) {
        l->t->err = *err;
        l->t->phase = STREAM_FAILED;
    }
    stream_leave(l->s, &l->in);
}

/* Writing. */

/* n bytes from off on, up to whole sectors; behind a chunk's bytes its buffer holds zeroes. */
static size_t padded(const struct stream_lane_target *l, uint64_t off, size_t n)
{
    return (size_t)(round_up(off + n, l->t->blk->sector_bytes) - off);
}

static int put_run(struct stream_lane_target *l, const struct stream_chunk *c, size_t from,
                   size_t to, struct wtg_err *err)
{
    bool last = c->piece.last && to == c->piece.n;
    size_t n = (last ? padded(l, c->piece.off, to) : to) - from;

    if (from == to)
        return 0;
    if (c->piece.off + to > l->t->blk->size) {
        wtg_fail(err, WTG_E_DISK_TOO_SMALL,
                 "the target ends at byte %" PRIu64 ", the image does not", l->t->blk->size);
        return wtg_hint(err, "take a larger one; how long this image is was not known before");
    }
    return blk_write(l->t->blk, c->piece.off + from, c->buf + from, n, err);
}

static int put_chunk(struct stream_lane_target *l, const struct stream_chunk *c,
                     struct wtg_err *err)
{
    const struct stream_piece *p = &c->piece;
    size_t from =
        p->off < STREAM_HEAD_BYTES ? (size_t)min_u64(p->n, STREAM_HEAD_BYTES - p->off) : 0;
    int r = 0;

    if (p->skipped)
        return 0;
    if (!l->t->keeps_holes || c->zero == 0)
        return put_run(l, c, from, p->n, err);
    for (size_t at = from; r == 0 && at < p->n;) {
        size_t i = at / STREAM_HOLE_BYTES;
        size_t end = (size_t)min_u64((i + 1) * STREAM_HOLE_BYTES, p->n);
        if (c->zero >> i & 1) {
            r = put_run(l, c, from, at, err);
            from = end;
        }
        at = end;
    }
    return r < 0 ? r : put_run(l, c, from, p->n, err);
}

static void *lane_main(void *lane_target)
{
    struct stream_lane_target *l = lane_target;
    struct stream *s = l->s;
    struct stream_chunk *c;

    pthread_mutex_lock(&s->lock);
    while ((c = stream_take(s, &l->in))) {
        struct wtg_err err = { 0 };
        pthread_mutex_unlock(&s->lock);
        int r = put_chunk(l, c, &err);
        pthread_mutex_lock(&s->lock);
        if (r < 0)
            fail(l, &err);
        else if (!c->piece.skipped)
            l->t->written_bytes += c->piece.n;
        stream_give_back(s, c);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* Several writes in flight: a lane is a thread that waits for one of them. */
static void write_all(struct stream_lane_target *l)
{
    pthread_t lane[STREAM_LANES - 1];
    size_t n = 0;

    while (n < ARRAY_LEN(lane) && pthread_create(&lane[n], NULL, lane_main, l) == 0)
        n++; /* with fewer it is only slower */
    lane_main(l);
    while (n > 0)
        pthread_join(lane[--n], NULL);
}

/* Reading back. */

static void on_proved(const struct wtg_progress *p, void *user)
{
    struct stream_lane_target *l = user;

    pthread_mutex_lock(&l->s->lock);
    l->t->proved_bytes = l->proved_before + p->done;
    pthread_mutex_unlock(&l->s->lock);
}

static int prove(struct stream_lane_target *l, const struct write_proof *proof, struct wtg_err *err)
{
    const struct tree_regions none = { 0 };
    struct write_verdict verdict;

    l->job.on_progress = on_proved;
    l->job.user = l;
    int r = write_verify(l->t->blk, proof, &none, &l->job, &verdict, err);
    l->proved_before += verdict.bytes;
    pthread_mutex_lock(&l->s->lock);
    l->t->proved_bytes = l->proved_before;
    pthread_mutex_unlock(&l->s->lock);
    return r;
}

static int prove_head(struct stream_lane_target *l, struct wtg_err *err)
{
    struct write_proof *proof = NULL;
    int r = write_proof_new(&proof, err);

    if (r == 0)
        r = write_proof_add(proof, 0, l->s->head, l->s->head_n, err);
    if (r == 0)
        r = prove(l, proof, err);
    write_proof_free(proof);
    return r;
}

/* From the first byte to the last. */

static int clear_head(struct stream_lane_target *l, struct wtg_err *err)
{
    size_t n = (size_t)min_u64(STREAM_HEAD_BYTES, l->t->blk->size);
    AUTO_FREE uint8_t *zero = aligned_alloc(STREAM_ALIGN, STREAM_HEAD_BYTES);
    if (!zero)
        return wtg_fail_nomem(err);
    memset(zero, 0, n);
    int r = blk_write(l->t->blk, 0, zero, n, err);
    return r < 0 ? r : blk_flush(l->t->blk, err);
}

static void enter(struct stream_lane_target *l, enum stream_phase phase)
{
    pthread_mutex_lock(&l->s->lock);
    if (l->t->phase != STREAM_FAILED)
        l->t->phase = phase;
    pthread_cond_signal(&l->s->state);
    pthread_mutex_unlock(&l->s->lock);
}

/* Is the source good?  False also when everything is to be left. */
static bool await_verdict(struct stream *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->verdict == VERDICT_OPEN && !s->stop)
        pthread_cond_wait(&s->work, &s->lock);
    bool good = s->verdict == VERDICT_GOOD && !s->stop;
    pthread_mutex_unlock(&s->lock);
    return good;
}

/* The last write: now it boots. */
static int put_head(struct stream_lane_target *l, struct wtg_err *err)
{
    const struct stream *s = l->s;

    if (s->head_n == 0)
        return 0;
    int r = blk_write(l->t->blk, 0, s->head, padded(l, 0, s->head_n), err);
    if (r == 0)
        r = blk_flush(l->t->blk, err);
    if (r == 0 && !s->opts->no_verify)
        r = prove_head(l, err);
    struct wtg_err ignored = { 0 }; /* the first failure is the one to tell */
    if (r < 0 && clear_head(l, &ignored) < 0)
        wtg_hint(err, "its first MiB could not be wiped: do not boot from it");
    return r;
}

/* CANCELLED when everything is to be left. */
static int finish(struct stream_lane_target *l, struct wtg_err *err)
{
    struct stream *s = l->s;

    enter(l, STREAM_FLUSHES);
    int r = blk_flush(l->t->blk, err);
    if (r == 0 && !await_verdict(s))
        return WTG_E_CANCELLED;
    if (r == 0 && l->t->end_known)
        r = l->t->end_known(l->t, s->end, err);
    if (r == 0 && !s->opts->no_verify) {
        enter(l, STREAM_PROVES);
        r = prove(l, s->proof, err);
    }
    if (r == 0)
        r = put_head(l, err);
    if (r == 0)
        enter(l, STREAM_DONE);
    return r;
}

void *stream_target_main(void *lane_target)
{
    struct stream_lane_target *l = lane_target;
    struct stream *s = l->s;
    struct wtg_err err = { 0 };
    double began = stream_now();
    int r = l->t->keeps_holes ? 0 : clear_head(l, &err);

    if (r == 0)
        write_all(l);
    pthread_mutex_lock(&s->lock);
    bool go_on = r == 0 && l->t->err.code == 0 && !s->stop;
    pthread_mutex_unlock(&s->lock);
    if (go_on)
        r = finish(l, &err);
    pthread_mutex_lock(&s->lock);
    if (r < 0 && r != WTG_E_CANCELLED)
        fail(l, &err);
    stream_leave(s, &l->in);
    l->t->seconds = stream_now() - began;
    s->alive--;
    pthread_cond_signal(&s->room);
    pthread_cond_signal(&s->state);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}
