/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/verify-priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "recipe/facts.h"

/* Every blob once, in source order, on all cores.  Each worker takes the next unit from the feed
 * (one at a time, which keeps reads sequential), decodes it into a buffer of its own and compares
 * the SHA-1 of the blobs in it.  Blobs that span units are hashed in the order of their units: a
 * worker waits for its turn, which the others, being about as fast, have mostly left already.
 *
 * Damage does not end it.  A solid chunk that does not decode spoils all that stands in it; of a
 * unit of plain resources each blob is proved again by itself, since one of them is to blame. */

enum {
    UNIT_BYTES = 2 * 1024 * 1024,
    PROVE_BYTES = 1024 * 1024,
    THREADS_MAX = 64,
    TICK_MS = 100,
};

enum suspect {
    SUSPECT_NOT,
    SUSPECT_ALONE, /* has to be proved by itself */
    SUSPECT_BAD,   /* is known to be bad */
};

struct pass {
    struct verify *v;
    const struct tree_blob **blob; /* what is left of it; this pass begins with the first */
    size_t n;
    bool solid;
    struct tree_feed *feed;
    pthread_cond_t moved;      /* with v->lock: anything below changed */
    pthread_mutex_t feed_lock; /* of feed->next, `brought`, `spans` */
    size_t brought;            /* blobs that came whole, or are not to come any more */
    uint64_t spans, turn;      /* units with parts of blobs: taken, hashed */
    bool ended, stop;
    unsigned alive;
    struct wtg_err err; /* what stops it */
    uint8_t *suspect;   /* of blobs: enum suspect */
    struct hash *running;
    uint8_t *gather; /* a program that spans units, as far as it came; NULL: none */
};

struct worker {
    struct pass *p;
    void *decoder;
    struct tree_unit unit;
    uint64_t turn;
    bool spans;
    uint8_t *out;
    size_t out_cap;
    uint8_t **dst;
    size_t dst_cap;
    pthread_t thread;
};

/* Verdicts on blobs. */

/* Nobody reads a longer list. */
static bool enough(struct verify *v)
{
    pthread_mutex_lock(&v->lock);
    bool yes = v->nbad == VERIFY_MAX_BAD;
    pthread_mutex_unlock(&v->lock);
    return yes;
}

static int add_bad(struct verify *v, const struct tree_blob *b, const char *why,
                   struct wtg_err *err)
{
    pthread_mutex_lock(&v->lock);
    bool full = v->nbad == VERIFY_MAX_BAD;
    int r = full ? 0 : mem_grow(&v->bad, &v->bad_cap, v->nbad, sizeof *v->bad, err);
    if (r == 0 && !full) {
        struct verify_bad *bad = &v->bad[v->nbad++];
        bad->blob = b;
        snprintf(bad->why, sizeof bad->why, "%s", why);
    }
    pthread_mutex_unlock(&v->lock);
    return r;
}

static int judge(struct verify *v, const struct tree_blob *b, const uint8_t digest[SHA1_BYTES],
                 struct wtg_err *err)
{
    char want[2 * SHA1_BYTES + 1], got[2 * SHA1_BYTES + 1], why[VERIFY_WHY_BYTES];

    hash_hex(b->sha1, SHA1_BYTES, want);
    hash_hex(digest, SHA1_BYTES, got);
    snprintf(why, sizeof why, "its SHA-1 is %s, the image promises %s", got, want);
    return add_bad(v, b, why, err);
}

static int whole_blob(struct verify *v, const struct tree_blob *b, const uint8_t *bytes,
                      struct wtg_err *err)
{
    uint8_t digest[SHA1_BYTES];
    struct wtg_span all = { bytes, (size_t)b->size_bytes };

    hash_sha1(bytes, all.n, digest);
    if (memcmp(digest, b->sha1, SHA1_BYTES) != 0)
        return judge(v, b, digest, err);
    return verify_sign_look(v, b, all, err);
}

/* A blob is marked once, by the first who finds out. */
static bool mark_suspect(struct pass *p, size_t blob, enum suspect how)
{
    pthread_mutex_lock(&p->v->lock);
    bool first = p->suspect[blob] == SUSPECT_NOT;
    if (first)
        p->suspect[blob] = (uint8_t)how;
    pthread_mutex_unlock(&p->v->lock);
    return first;
}

static bool is_suspect(struct pass *p, size_t blob)
{
    pthread_mutex_lock(&p->v->lock);
    bool yes = p->suspect[blob] != SUSPECT_NOT;
    pthread_mutex_unlock(&p->v->lock);
    return yes;
}

/* A piece of a blob that spans units, in order.  `*ret_gathered`: the whole of it, to be looked at
 * after the turn is over. */
static int part_blob(struct pass *p, const struct tree_piece *piece, const uint8_t *bytes,
                     uint8_t **ret_gathered, struct wtg_err *err)
{
    const struct tree_blob *b = p->blob[piece->blob];
    uint8_t digest[SHA1_BYTES];

    if (piece->blob_off == 0) {
        hash_reset(p->running);
        free(p->gather);
        p->gather = NULL;
        if (verify_sign_wants(p->v, b, (struct wtg_span){ bytes, piece->len })) {
            p->gather = malloc((size_t)b->size_bytes);
            if (!p->gather)
                return wtg_fail_nomem(err);
        }
    }
    hash_add(p->running, bytes, piece->len);
    if (p->gather)
        memcpy(p->gather + piece->blob_off, bytes, piece->len);
    if (piece->blob_off + piece->len < b->size_bytes || is_suspect(p, piece->blob))
        return 0;
    hash_end(p->running, digest);
    if (memcmp(digest, b->sha1, SHA1_BYTES) != 0)
        return judge(p->v, b, digest, err);
    *ret_gathered = TAKE_PTR(p->gather);
    return 0;
}

/* One blob alone, through random reads. */
static int prove_alone(struct verify *v, const struct tree_blob *b, struct wtg_err *err)
{
    AUTO_FREE uint8_t *buf = malloc(PROVE_BYTES);
    struct hash *h = NULL;
    struct wtg_err why = { 0 };
    uint8_t digest[SHA1_BYTES];
    int r = buf ? hash_new(HASH_SHA1, &h, err) : wtg_fail_nomem(err), read = 0;

    for (uint64_t off = 0; r == 0 && read == 0 && off < b->size_bytes; off += PROVE_BYTES) {
        size_t n = (size_t)min_u64(PROVE_BYTES, b->size_bytes - off);
        read = tree_blob_read(b, off, buf, n, &why);
        if (read == 0)
            hash_add(h, buf, n);
    }
    if (r == 0 && read < 0)
        r = add_bad(v, b, why.text, err);
    if (r == 0 && read == 0) {
        hash_end(h, digest);
        if (memcmp(digest, b->sha1, SHA1_BYTES) != 0)
            r = judge(v, b, digest, err);
    }
    hash_free(h);
    return r;
}

/* Units. */

static void stop(struct pass *p, const struct wtg_err *err)
{
    pthread_mutex_lock(&p->v->lock);
    if (!p->stop && err)
        p->err = *err;
    p->stop = true;
    pthread_cond_broadcast(&p->moved);
    pthread_mutex_unlock(&p->v->lock);
}

static bool is_over(struct pass *p)
{
    pthread_mutex_lock(&p->v->lock);
    bool yes = p->stop || p->v->nbad == VERIFY_MAX_BAD;
    pthread_mutex_unlock(&p->v->lock);
    return yes;
}

static bool is_fatal(int code)
{
    return code == WTG_E_NOMEM || code == WTG_E_BUG;
}

static bool is_part(const struct pass *p, const struct tree_piece *piece)
{
    return piece->len != p->blob[piece->blob]->size_bytes;
}

/* The index of the blob that an error of the feed is about; n: it does not say. */
static size_t blamed(const struct pass *p, const struct wtg_err *err)
{
    for (size_t i = 0; i < err->nfacts; i++)
        if (strcmp(err->fact[i].key, "tree.blob") == 0)
            return (size_t)min_u64(strtoull(err->fact[i].value, NULL, 10), p->n);
    return p->n;
}

/* The feed cannot go on.  What was to blame is bad, or, when nobody knows, all that the unit has is
 * suspect; the next pass goes on behind them. */
static int feed_failed(struct worker *w, const struct wtg_err *why, struct wtg_err *err)
{
    struct pass *p = w->p;
    size_t bad = blamed(p, why), end = p->brought + 1;

    if (is_fatal(why->code)) {
        *err = *why;
        return err->code;
    }
    for (size_t i = 0; i < w->unit.npieces; i++)
        end = (size_t)max_u64(end, w->unit.piece[i].blob + 1);
    if (bad < p->n)
        end = (size_t)max_u64(end, bad + 1);
    for (size_t i = p->brought; i < end && i < p->n; i++)
        mark_suspect(p, i, SUSPECT_ALONE);
    p->brought = end;
    p->ended = true;
    return 0;
}

/* Takes the next unit. 1, 0 at the end, or an error. */
static int take(struct worker *w, struct wtg_err *err)
{
    struct pass *p = w->p;
    struct wtg_err why = { 0 };

    pthread_mutex_lock(&p->feed_lock);
    int r = p->ended || is_over(p) ? 0 : p->feed->ops->next(p->feed, &w->unit, &why);
    w->spans = false;
    if (r < 0)
        r = feed_failed(w, &why, err);
    else if (r == 0)
        p->ended = true;
    for (size_t i = 0; r > 0 && i < w->unit.npieces; i++) {
        const struct tree_piece *piece = &w->unit.piece[i];
        w->spans |= is_part(p, piece);
        if (piece->blob_off + piece->len == p->blob[piece->blob]->size_bytes)
            p->brought = piece->blob + 1;
    }
    if (w->spans)
        w->turn = p->spans++;
    pthread_mutex_unlock(&p->feed_lock);
    return r;
}

/* Where each piece is decoded to. */
static int room(struct worker *w, struct wtg_err *err)
{
    size_t bytes = 0, n = w->unit.npieces;

    for (size_t i = 0; i < n; i++)
        bytes += w->unit.piece[i].len;
    if (bytes > w->out_cap) {
        free(w->out);
        w->out_cap = 0;
        w->out = malloc(bytes);
        if (!w->out)
            return wtg_fail_nomem(err);
        w->out_cap = bytes;
    }
    if (n > w->dst_cap) {
        free(w->dst);
        w->dst_cap = 0;
        w->dst = mem_zeroed(n, sizeof *w->dst, err);
        if (!w->dst)
            return err->code;
        w->dst_cap = n;
    }
    uint8_t *at = w->out;
    for (size_t i = 0; i < n; i++) {
        w->dst[i] = at;
        at += w->unit.piece[i].len;
    }
    return 0;
}

/* It did not decode: all of it is bad, or has to be looked at alone. */
static int spoiled(struct worker *w, const struct wtg_err *why, struct wtg_err *err)
{
    struct pass *p = w->p;
    int r = 0;

    for (size_t i = 0; i < w->unit.npieces && r == 0; i++) {
        size_t b = w->unit.piece[i].blob;
        if (mark_suspect(p, b, p->solid ? SUSPECT_BAD : SUSPECT_ALONE) && p->solid)
            r = add_bad(p->v, p->blob[b], why->text, err);
    }
    return r;
}

/* The parts of blobs in the unit, when it is their turn.  `decoded` false: they only pass by. */
static int span(struct worker *w, bool decoded, struct wtg_err *err)
{
    struct pass *p = w->p;
    struct verify *v = p->v;
    int r = 0;

    pthread_mutex_lock(&v->lock);
    while (!p->stop && p->turn != w->turn)
        pthread_cond_wait(&p->moved, &v->lock);
    bool go = !p->stop;
    pthread_mutex_unlock(&v->lock);
    for (size_t i = 0; go && decoded && r == 0 && i < w->unit.npieces; i++) {
        const struct tree_piece *piece = &w->unit.piece[i];
        AUTO_FREE uint8_t *gathered = NULL;
        if (is_part(p, piece))
            r = part_blob(p, piece, w->dst[i], &gathered, err);
        if (r == 0 && gathered)
            r = verify_sign_look(
                v, p->blob[piece->blob],
                (struct wtg_span){ gathered, (size_t)p->blob[piece->blob]->size_bytes }, err);
    }
    pthread_mutex_lock(&v->lock);
    p->turn++;
    pthread_cond_broadcast(&p->moved);
    pthread_mutex_unlock(&v->lock);
    return r;
}

static int unit(struct worker *w, struct wtg_err *err)
{
    struct pass *p = w->p;
    struct wtg_err why = { 0 };
    uint64_t bytes = 0;
    int r = room(w, err);

    if (r < 0)
        return r;
    bool decoded = p->feed->ops->decode(p->feed, w->decoder, &w->unit, w->dst, NULL, &why) == 0;
    if (!decoded && is_fatal(why.code)) {
        *err = why;
        return err->code;
    }
    if (!decoded)
        r = spoiled(w, &why, err);
    for (size_t i = 0; i < w->unit.npieces; i++) {
        const struct tree_piece *piece = &w->unit.piece[i];
        bytes += piece->len;
        if (r == 0 && decoded && !is_part(p, piece))
            r = whole_blob(p->v, p->blob[piece->blob], w->dst[i], err);
    }
    if (w->spans && r == 0)
        r = span(w, decoded, err);
    pthread_mutex_lock(&p->v->lock);
    p->v->content_bytes += bytes;
    pthread_mutex_unlock(&p->v->lock);
    return r;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct pass *p = w->p;
    struct wtg_err err = { 0 };
    int r = p->feed->ops->decoder_new ? p->feed->ops->decoder_new(p->feed, &w->decoder, &err) : 0;

    while (r == 0 && (r = take(w, &err)) > 0)
        r = unit(w, &err);
    if (r < 0)
        stop(p, &err);
    if (w->decoder)
        p->feed->ops->decoder_free(p->feed, w->decoder);
    tree_unit_release(&w->unit);
    free(w->out);
    free(w->dst);
    pthread_mutex_lock(&p->v->lock);
    p->alive--;
    pthread_cond_broadcast(&p->moved);
    pthread_mutex_unlock(&p->v->lock);
    return NULL;
}

/* Passes. */

/* One more than cores, since they wait for each other and for the disk; fewer where memory is
 * short. */
static unsigned count_workers(const struct pass *p)
{
    const struct wtg_verify_opts *o = p->v->opts;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t each = 2 * p->feed->unit_bytes + p->feed->decoder_bytes;
    uint64_t n = o->threads ? o->threads : (uint64_t)(cores > 0 ? cores : 1) + 1;

    n = min_u64(n, recipe_memory(o->memory_bytes) / each);
    return (unsigned)max_u64(1, min_u64(n, THREADS_MAX));
}

/* Waits for the workers, and tells how far they are; nobody else calls the job. */
static void watch(struct pass *p, uint64_t total)
{
    struct verify *v = p->v;

    pthread_mutex_lock(&v->lock);
    while (p->alive > 0) {
        const struct wtg_progress now = { "verify-content", "bytes", v->content_bytes, total };
        struct timespec until;
        struct wtg_err err = { 0 };

        pthread_mutex_unlock(&v->lock);
        if (wtg_tick(v->job, &now, &err) < 0)
            stop(p, &err);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += TICK_MS * 1000 * 1000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_mutex_lock(&v->lock);
        while (p->alive > 0 && pthread_cond_timedwait(&p->moved, &v->lock, &until) != ETIMEDOUT)
            ;
    }
    pthread_mutex_unlock(&v->lock);
}

static int run_workers(struct pass *p, uint64_t total, struct wtg_err *err)
{
    unsigned n = count_workers(p), started = 0;
    AUTO_FREE struct worker *worker = mem_zeroed(n, sizeof *worker, err);

    if (!worker)
        return err->code;
    p->alive = n;
    for (; started < n; started++) {
        worker[started].p = p;
        int e = pthread_create(&worker[started].thread, NULL, work, &worker[started]);
        if (e != 0)
            break;
    }
    pthread_mutex_lock(&p->v->lock);
    p->alive -= n - started;
    pthread_mutex_unlock(&p->v->lock);
    watch(p, total);
    for (unsigned i = 0; i < started; i++)
        pthread_join(worker[i].thread, NULL);
    if (started == 0)
        return wtg_fail_errno(err, EAGAIN, "cannot start a thread");
    if (p->err.code)
        *err = p->err;
    return p->err.code;
}

/* From the first blob to where the feed ends or fails; `*ret_brought` of them are done with. */
static int pass(struct verify *v, const struct tree_blob **blob, size_t n, bool solid,
                uint64_t total, size_t *ret_brought, struct wtg_err *err)
{
    struct pass p = { .v = v, .blob = blob, .n = n, .solid = solid };
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p.moved, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&p.feed_lock, NULL);
    p.suspect = mem_zeroed(n, 1, err);
    int r = p.suspect ? hash_new(HASH_SHA1, &p.running, err) : err->code;
    /* A solid chunk a unit: what does not decode is then what is spoiled. */
    if (r == 0)
        r = tree_feed_open(blob[0]->source, blob, n, solid ? 1 : UNIT_BYTES, &p.feed, err);
    if (r == 0)
        r = run_workers(&p, total, err);
    for (size_t i = 0; r == 0 && i < n; i++)
        if (p.suspect[i] == SUSPECT_ALONE && !enough(v))
            r = prove_alone(v, blob[i], err);
    if (r == 0)
        *ret_brought = p.brought;
    tree_feed_free(p.feed);
    hash_free(p.running);
    free(p.gather);
    free(p.suspect);
    pthread_mutex_destroy(&p.feed_lock);
    pthread_cond_destroy(&p.moved);
    return r;
}

static bool is_solid(const struct tree_blob *b)
{
    struct image_stored s;
    return image_blob_stored(b, &s) && s.solid;
}

int verify_content(struct verify *v, struct wtg_err *err)
{
    uint64_t total = 0;
    int r = 0;

    for (size_t i = 0; i < v->nblobs; i++)
        total += v->blob[i]->size_bytes;
    for (size_t at = 0; r == 0 && at < v->nblobs && !enough(v);) {
        bool solid = is_solid(v->blob[at]);
        size_t n = 1, brought = 0;
        while (at + n < v->nblobs && is_solid(v->blob[at + n]) == solid)
            n++;
        r = pass(v, v->blob + at, n, solid, total, &brought, err);
        at += (size_t)max_u64(1, brought);
    }
    return r;
}
