/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "write/room.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* One reader thread, N decoder threads, and a writer for each target: the threads that call
 * pipeline_write.  Units travel around in a ring of slots: the reader fills slot `seq % nslots` in
 * source order, any decoder takes the next one, every writer writes them in order again.  A slot is
 * free when the last writer is done with it.  Nobody spins: all wait on one condition. */
struct pipeline {
    struct seat *seat;
    size_t nseats;
    const struct tree_blob **blob; /* of the feed: all that somebody wants */
    size_t nblobs;
    struct tree_feed *feed;
    struct slot *slot;
    size_t nslots;
    pthread_mutex_t lock;
    pthread_cond_t moved; /* anything below changed, also of the seats */
    uint64_t read, taken; /* units: filled by the reader, taken by decoders */
    uint64_t hashed;      /* units whose long blobs are in `running` */
    bool hashing;         /* some decoder is adding to `running` */
    bool ended;           /* the reader has brought everything */
    bool stop;            /* it failed for all: everybody leaves */
    struct hash *running; /* SHA-1 of the blob that spans units */
    struct wtg_err err;   /* the first failure */
    const struct tree_blob *bad_blob;
    pthread_t *thread;
    size_t nthreads;
};

static void lock(struct pipeline *p)
{
    pthread_mutex_lock(&p->lock);
}

static void unlock(struct pipeline *p)
{
    pthread_cond_broadcast(&p->moved);
    pthread_mutex_unlock(&p->lock);
}

/* The blob that a source's own error is about: its place among those that were asked for stands in
 * the fact "tree.blob". */
static const struct tree_blob *blamed(const struct pipeline *p, const struct wtg_err *err)
{
    for (size_t i = 0; i < err->nfacts; i++)
        if (strcmp(err->fact[i].key, "tree.blob") == 0) {
            size_t at = strtoull(err->fact[i].value, NULL, 10);
            return at < p->nblobs ? p->blob[at] : NULL;
        }
    return NULL;
}

static void fail(struct pipeline *p, const struct wtg_err *err, const struct tree_blob *bad)
{
    lock(p);
    if (!p->stop) {
        p->err = *err;
        p->bad_blob = bad ? bad : blamed(p, err);
    }
    p->stop = true;
    unlock(p);
}

/* Units that all writers are done with.  With the lock. */
static uint64_t written(const struct pipeline *p)
{
    uint64_t least = UINT64_MAX;

    for (size_t k = 0; k < p->nseats; k++)
        if (!p->seat[k].gone)
            least = min_u64(least, p->seat[k].done);
    return least;
}

/* Reader. */

static void *reader_main(void *arg)
{
    struct pipeline *p = arg;
    struct wtg_err err = { 0 };

    for (;;) {
        lock(p);
        while (!p->stop && p->read - written(p) == p->nslots)
            pthread_cond_wait(&p->moved, &p->lock);
        struct slot *s = &p->slot[p->read % p->nslots];
        bool stop = p->stop;
        unlock(p);
        if (stop)
            return NULL;
        int r = p->feed->ops->next(p->feed, &s->unit, &err);
        if (r > 0 && slot_plan(s, p->seat, &err) < 0)
            r = err.code;
        if (r < 0) {
            fail(p, &err, NULL);
            return NULL;
        }
        lock(p);
        s->state = SLOT_READ;
        p->read += r > 0;
        p->ended = r == 0;
        unlock(p);
        if (r == 0)
            return NULL;
    }
}

/* Decoders. */

static int check_sha1(const struct tree_blob *b, const uint8_t digest[SHA1_BYTES],
                      struct wtg_err *err)
{
    char want[2 * SHA1_BYTES + 1], got[2 * SHA1_BYTES + 1];

    if (!b->has_sha1 || memcmp(digest, b->sha1, SHA1_BYTES) == 0)
        return 0;
    hash_hex(b->sha1, SHA1_BYTES, want);
    hash_hex(digest, SHA1_BYTES, got);
    return wtg_fail(err, WTG_E_IMAGE_HASH, "its SHA-1 is %s, the image promises %s", got, want);
}

static bool is_whole(const struct pipeline *p, const struct tree_piece *piece)
{
    return piece->len == p->blob[piece->blob]->size_bytes;
}

/* Pieces that are a whole blob are hashed by whoever decoded them. */
static int hash_whole(struct pipeline *p, const struct slot *s, const struct tree_blob **ret_bad,
                      struct wtg_err *err)
{
    for (size_t i = 0; i < s->unit.npieces; i++) {
        const struct tree_piece *piece = &s->unit.piece[i];
        const struct tree_blob *b = p->blob[piece->blob];
        uint8_t digest[SHA1_BYTES];
        size_t n = 0;
        const uint8_t *content = slot_content(s, i, b, &n);
        if (n == 0 || !is_whole(p, piece) || !b->has_sha1)
            continue;
        hash_sha1(content, n, digest);
        *ret_bad = b;
        if (check_sha1(b, digest, err) < 0)
            return err->code;
    }
    return 0;
}

/* Pieces of a blob that spans units, added in order; the last one compares. */
static int hash_spanning(struct pipeline *p, const struct slot *s, const struct tree_blob **ret_bad,
                         struct wtg_err *err)
{
    for (size_t i = 0; i < s->unit.npieces; i++) {
        const struct tree_piece *piece = &s->unit.piece[i];
        const struct tree_blob *b = p->blob[piece->blob];
        uint8_t digest[SHA1_BYTES];
        size_t n = 0;
        const uint8_t *content = slot_content(s, i, b, &n);
        if (n == 0 || is_whole(p, piece) || !b->has_sha1)
            continue;
        if (piece->blob_off == 0)
            hash_reset(p->running);
        hash_add(p->running, content, n);
        if (piece->blob_off + piece->len < b->size_bytes)
            continue;
        hash_end(p->running, digest);
        *ret_bad = b;
        if (check_sha1(b, digest, err) < 0)
            return err->code;
    }
    return 0;
}

/* Whoever finds the next units in order decoded, and nobody at it, hashes their spanning blobs:
 * so the order is kept and no thread waits for its turn.  Called and left with the lock held. */
static int hash_in_order(struct pipeline *p, const struct tree_blob **ret_bad, struct wtg_err *err)
{
    int r = 0;

    while (r == 0 && !p->hashing && p->hashed < p->taken &&
           p->slot[p->hashed % p->nslots].state == SLOT_DECODED) {
        struct slot *s = &p->slot[p->hashed % p->nslots];
        p->hashing = true;
        pthread_mutex_unlock(&p->lock);
        r = hash_spanning(p, s, ret_bad, err);
        pthread_mutex_lock(&p->lock);
        p->hashing = false;
        if (r == 0) {
            s->state = SLOT_READY;
            p->hashed++;
            pthread_cond_broadcast(&p->moved);
        }
    }
    return r;
}

/* NULL when there is nothing left to do. */
static struct slot *take_slot(struct pipeline *p)
{
    struct slot *s = NULL;

    lock(p);
    while (!p->stop && p->taken == p->read && !p->ended)
        pthread_cond_wait(&p->moved, &p->lock);
    if (!p->stop && p->taken < p->read)
        s = &p->slot[p->taken++ % p->nslots];
    unlock(p);
    return s;
}

static int decode_slot(struct pipeline *p, void *decoder, struct slot *s,
                       const struct tree_blob **ret_bad, struct wtg_err *err)
{
    int r = p->feed->ops->decode(p->feed, decoder, &s->unit, s->dst, s->content, err);
    if (r < 0) {
        *ret_bad = blamed(p, err);
        if (!*ret_bad && s->unit.npieces)
            *ret_bad = p->blob[s->unit.piece[0].blob];
        return r;
    }
    r = hash_whole(p, s, ret_bad, err);
    if (r == 0)
        slot_copy_all(s);
    return r;
}

static void *decoder_main(void *arg)
{
    struct pipeline *p = arg;
    struct wtg_err err = { 0 };
    const struct tree_blob *bad = NULL;
    void *decoder = NULL;
    struct slot *s;
    int r = p->feed->ops->decoder_new ? p->feed->ops->decoder_new(p->feed, &decoder, &err) : 0;

    while (r == 0 && (s = take_slot(p))) {
        r = decode_slot(p, decoder, s, &bad, &err);
        if (r < 0)
            break;
        lock(p);
        s->state = SLOT_DECODED;
        r = hash_in_order(p, &bad, &err);
        unlock(p);
    }
    if (r < 0)
        fail(p, &err, err.code == WTG_E_IMAGE_HASH || err.code == WTG_E_IMAGE_DAMAGED ? bad : NULL);
    if (decoder)
        p->feed->ops->decoder_free(p->feed, decoder);
    return NULL;
}

/* Writers. */

static struct slot *slot_at(const struct pipeline *p, uint64_t unit)
{
    return &p->slot[unit % p->nslots];
}

static struct slot_part *part_at(const struct pipeline *p, const struct seat *w, uint64_t unit)
{
    return &slot_at(p, unit)->part[w - p->seat];
}

/* Units whose bytes are on the target, or copied, are no more needed.  With the lock. */
static void retire(struct pipeline *p, struct seat *w)
{
    uint64_t before = w->done;

    while (w->done < w->put && part_at(p, w, w->done)->busy == 0)
        w->done++;
    if (w->done != before)
        pthread_cond_broadcast(&p->moved);
}

static void wait_moved(struct pipeline *p)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 200 * 1000 * 1000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&p->moved, &p->lock, &until);
}

/* Waits for the next unit in order, and looks at the job five times a second meanwhile.  While
 * writes are in flight it waits for those: nobody else may look, and each makes room for the
 * reader. */
static int wait_ready(struct pipeline *p, struct seat *w, struct slot **ret, struct wtg_err *err)
{
    int r = 0;

    *ret = NULL;
    lock(p);
    retire(p, w);
    while (r == 0 && !p->stop && p->hashed == w->put && !(p->ended && w->put == p->read)) {
        bool writing = sink_busy(w->run->sink) > 0;
        if (!writing)
            wait_moved(p);
        pthread_mutex_unlock(&p->lock);
        r = writing ? sink_wait(w->run->sink, err) : run_tick(w->run, err);
        pthread_mutex_lock(&p->lock);
        retire(p, w);
    }
    if (r == 0 && !p->stop && w->put < p->hashed)
        *ret = slot_at(p, w->put);
    unlock(p);
    return r;
}

static int write_slot(struct pipeline *p, struct seat *w, struct slot *s, struct wtg_err *err)
{
    struct slot_part *part = part_at(p, w, w->put);
    int r = 0;

    for (size_t i = 0; i < part->nwrites && r == 0; i++)
        r = sink_put(w->run->sink, part->write[i].off, part->write[i].at, part->write[i].len,
                     &part->busy, err);
    for (size_t i = 0; i < s->unit.npieces; i++) {
        const struct want *want = &w->want[s->unit.piece[i].blob];
        size_t n = 0;
        slot_content(s, i, want->blob, &n);
        if (want->n > 0)
            w->run->result->content_bytes += n;
    }
    return r < 0 ? r : run_tick(w->run, err);
}

enum { DEFAULT_MARK_BYTES = 256 * 1024 * 1024 };

/* How many blobs of the feed are complete, when all of them up to the last are; else 0. */
static size_t complete_blobs(struct pipeline *p, struct seat *w, const struct slot *s)
{
    size_t last = 0;

    for (size_t i = 0; i < s->unit.npieces; i++) {
        const struct tree_piece *piece = &s->unit.piece[i];
        last = piece->blob > last ? piece->blob : last;
        w->completed += piece->blob_off + piece->len == p->blob[piece->blob]->size_bytes;
    }
    return s->unit.npieces && w->completed == last + 1 ? last + 1 : 0;
}

/* Every so often everything so far is made safe, and somebody told. */
static int mark(struct pipeline *p, struct seat *w, const struct slot *s, struct wtg_err *err)
{
    struct run *run = w->run;
    const struct write_progress *o = &run->opts->progress;
    size_t complete = complete_blobs(p, w, s), n = 0;

    if (!o->mark || !complete ||
        run->result->bytes - run->marked_bytes <
            (o->mark_bytes ? o->mark_bytes : DEFAULT_MARK_BYTES))
        return 0;
    int r = sink_flush(run->sink, err);
    if (r == 0)
        r = blk_flush(run->target, err);
    const struct write_extent *e = write_proof_since(run->proof, run->marked_extents, &n);
    if (r == 0)
        r = o->mark(o->ctx, w->want[complete - 1].done, e, n, err);
    run->marked_bytes = run->result->bytes;
    run->marked_extents += n;
    return r;
}

static int write_units(struct pipeline *p, struct seat *w, struct wtg_err *err)
{
    struct slot *s = NULL;
    int r;

    while ((r = wait_ready(p, w, &s, err)) == 0 && s) {
        r = write_slot(p, w, s, err);
        if (r == 0)
            r = mark(p, w, s, err);
        if (r < 0)
            return r;
        w->put++;
    }
    /* What the sink has copied may wait for its neighbours. */
    for (uint64_t unit = w->done; r == 0 && unit < w->put;)
        if (part_at(p, w, unit)->busy == 0)
            unit++;
        else
            r = sink_wait(w->run->sink, err);
    return r;
}

/* Nobody waits for this target any more; when it was the last, it is over. */
static void give_up(struct pipeline *p, struct seat *w, const struct wtg_err *err)
{
    bool last = true;

    sink_settle(w->run->sink);
    lock(p);
    w->gone = true;
    for (size_t k = 0; k < p->nseats; k++)
        last &= p->seat[k].gone;
    unlock(p);
    if (last)
        fail(p, err, NULL);
}

int pipeline_write(struct pipeline *p, size_t seat, struct wtg_err *err)
{
    struct seat *w = &p->seat[seat];
    int r = write_units(p, w, err);

    if (r < 0) {
        give_up(p, w, err);
        return r;
    }
    lock(p);
    if (p->stop) {
        *err = p->err;
        r = err->code;
        w->run->result->bad_blob = p->bad_blob;
    }
    unlock(p);
    if (r < 0)
        sink_settle(w->run->sink);
    return r;
}

/* Setting up and taking down. */

static size_t core_count(const struct run *r)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return r->opts->decoders ? r->opts->decoders : n > 0 ? (size_t)n : 1;
}

enum {
    MIB = 1024 * 1024,
    DEFAULT_MEMORY = 256 * MIB,
    SLOTS_IN_FLIGHT = 4, /* beside those that are read and decoded */
    SLOTS_AHEAD = 64,    /* by which one of several targets may be before another */
};

/* What a slot may take: the stored bytes of a unit, the decoded ones, and where files go onto the
 * volume in stored form, their content beside that. */
static uint64_t slot_bytes(const struct pipeline *p)
{
    uint64_t forms = 2;

    for (size_t i = 0; i < p->nblobs && forms == 2; i++)
        forms += p->blob[i]->content_bytes != 0;
    return forms * p->feed->unit_bytes + WRITE_UNIT_BYTES / 4;
}

/* As many decoders and slots as the memory allows.  One of each gets through, one step after the
 * other; less than that does not. */
static int share_memory(struct pipeline *p, size_t *ret_decoders, struct wtg_err *err)
{
    const struct write_opts *o = p->seat[0].run->opts;
    uint64_t limit = o->memory_bytes ? o->memory_bytes : DEFAULT_MEMORY;
    uint64_t slot = slot_bytes(p), decoder = p->feed->decoder_bytes;
    uint64_t sinks = p->nseats * sink_memory_bytes(), least = sinks + decoder + slot;
    uint64_t decoders = core_count(p->seat[0].run);

    if (limit < least) {
        wtg_fail(err, WTG_E_NOMEM,
                 "the limit is %" PRIu64 " MiB, and the least that this image can be read with is "
                 "%" PRIu64 " MiB",
                 limit / MIB, div_up(least, MIB));
        return wtg_hint(err,
                        "give '--memory %" PRIu64 "M' or more: the image is compressed in pieces "
                        "of %" PRIu64 " MiB",
                        div_up(least, MIB), div_up(p->feed->unit_bytes, MIB));
    }
    limit -= sinks;
    while (decoders > 1 && decoders * decoder + (decoders + 2) * slot > limit)
        decoders--;
    uint64_t slots = (limit - decoders * decoder) / slot;
    uint64_t ahead = p->nseats > 1 ? SLOTS_AHEAD : 0;
    p->nslots = (size_t)max_u64(1, min_u64(slots, 2 * decoders + 2 + SLOTS_IN_FLIGHT + ahead));
    *ret_decoders = (size_t)decoders;
    return 0;
}

/* The next blob of those that the seats want, all in the same order: a merge. */
static const struct tree_blob *next_blob(const struct pipeline *p, const size_t *at)
{
    const struct tree_blob *least = NULL;

    for (size_t k = 0; k < p->nseats; k++) {
        const struct run *r = p->seat[k].run;
        if (at[k] == r->now_wants)
            continue;
        const struct tree_blob *b = r->want[r->at_want + at[k]].blob;
        if (!least || content_order(b, least) < 0)
            least = b;
    }
    return least;
}

/* A row for each blob of the feed and each seat, whether it wants it or not. */
static void fill_wants(struct pipeline *p, size_t *at)
{
    const struct tree_blob *b;

    for (; (b = next_blob(p, at)); p->nblobs++) {
        p->blob[p->nblobs] = b;
        for (size_t k = 0; k < p->nseats; k++) {
            struct seat *w = &p->seat[k];
            const struct run *r = w->run;
            const struct want *next = &r->want[r->at_want + at[k]];
            bool wanted = at[k] < r->now_wants && next->blob == b;
            uint64_t done = r->at_want + at[k] > 0 ? next[-1].done : r->opts->progress.done;
            w->want[p->nblobs] = wanted ? *next : (struct want){ .blob = b, .done = done };
            at[k] += wanted;
        }
    }
}

static int merge_wants(struct pipeline *p, struct wtg_err *err)
{
    AUTO_FREE size_t *at = mem_zeroed(p->nseats, sizeof *at, err);
    size_t most = 0;

    if (!at)
        return err->code;
    for (size_t k = 0; k < p->nseats; k++)
        most += p->seat[k].run->now_wants;
    p->blob = mem_zeroed(most, sizeof *p->blob, err);
    for (size_t k = 0; k < p->nseats && p->blob; k++) {
        p->seat[k].want = mem_zeroed(most, sizeof *p->seat[k].want, err);
        if (!p->seat[k].want)
            return err->code;
    }
    if (!p->blob)
        return err->code;
    fill_wants(p, at);
    return 0;
}

static int make_slots(struct pipeline *p, struct wtg_err *err)
{
    p->slot = mem_zeroed(p->nslots, sizeof *p->slot, err);
    for (size_t i = 0; p->slot && i < p->nslots; i++)
        if (slot_init(&p->slot[i], p->nseats, err) < 0)
            return err->code;
    return p->slot ? 0 : err->code;
}

static int start(struct pipeline *p, void *(*body)(void *), struct wtg_err *err)
{
    int e = pthread_create(&p->thread[p->nthreads], NULL, body, p);
    if (e != 0)
        return wtg_fail_errno(err, e, "cannot start a thread");
    p->nthreads++;
    return 0;
}

static int start_threads(struct pipeline *p, size_t decoders, struct wtg_err *err)
{
    p->thread = mem_zeroed(decoders + 1, sizeof *p->thread, err);
    int r = p->thread ? start(p, reader_main, err) : err->code;

    for (size_t i = 0; i < decoders && r == 0; i++)
        r = start(p, decoder_main, err);
    return r;
}

static int open_all(struct pipeline *p, struct wtg_err *err)
{
    size_t decoders = 0;
    int r = merge_wants(p, err);

    if (r == 0)
        r = hash_new(HASH_SHA1, &p->running, err);
    if (r == 0)
        r = tree_feed_open(p->blob[0]->source, p->blob, p->nblobs, WRITE_UNIT_BYTES, &p->feed, err);
    if (r == 0)
        r = share_memory(p, &decoders, err);
    if (r == 0)
        r = make_slots(p, err);
    return r < 0 ? r : start_threads(p, decoders, err);
}

int pipeline_new(struct run *const *run, size_t n, struct pipeline **ret, struct wtg_err *err)
{
    pthread_condattr_t attr;
    struct pipeline *p = mem_zeroed(1, sizeof *p, err);
    if (!p)
        return err->code;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->moved, &attr);
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_destroy(&attr);
    p->seat = mem_zeroed(n, sizeof *p->seat, err);
    p->nseats = p->seat ? n : 0;
    for (size_t k = 0; k < p->nseats; k++)
        p->seat[k].run = run[k];
    int r = p->seat ? open_all(p, err) : err->code;
    if (r < 0) {
        fail(p, err, NULL);
        pipeline_free(p);
        return r;
    }
    *ret = p;
    return 0;
}

void pipeline_free(struct pipeline *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->nthreads; i++)
        pthread_join(p->thread[i], NULL);
    for (size_t i = 0; p->slot && i < p->nslots; i++)
        slot_release(&p->slot[i]);
    for (size_t k = 0; k < p->nseats; k++)
        free(p->seat[k].want);
    tree_feed_free(p->feed);
    hash_free(p->running);
    pthread_cond_destroy(&p->moved);
    pthread_mutex_destroy(&p->lock);
    free(p->slot);
    free(p->thread);
    free(p->blob);
    free(p->seat);
    free(p);
}
