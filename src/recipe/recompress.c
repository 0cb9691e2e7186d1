/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/recompress-priv.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum { MIB = 1 << 20, DEFAULT_MEMORY = 256 * MIB };

static void lock(struct recompress *r)
{
    pthread_mutex_lock(&r->lock);
}

static void unlock(struct recompress *r)
{
    pthread_cond_broadcast(&r->moved);
    pthread_mutex_unlock(&r->lock);
}

/* A source's own error names its item in the fact "tree.blob". */
static size_t blamed(const struct recompress *r, const struct wtg_err *err)
{
    for (size_t i = 0; i < err->nfacts; i++)
        if (strcmp(err->fact[i].key, "tree.blob") == 0)
            return (size_t)min_u64(strtoull(err->fact[i].value, NULL, 10), r->nitems);
    return r->nitems;
}

static void fail(struct recompress *r, const struct wtg_err *err, size_t bad)
{
    lock(r);
    if (!r->stop) {
        r->err = *err;
        r->bad = bad < r->nitems ? bad : blamed(r, err);
    }
    r->stop = true;
    unlock(r);
}

/* Reader. */

static int unit_room(struct unit *u, struct wtg_err *err)
{
    size_t bytes = 0, n = u->unit.npieces;

    for (size_t i = 0; i < n; i++)
        bytes += u->unit.piece[i].len;
    if (bytes > u->out_cap) {
        free(u->out);
        u->out_cap = 0;
        u->out = malloc(round_up(bytes, 2 * UNIT_BYTES));
        if (!u->out)
            return wtg_fail_nomem(err);
        u->out_cap = round_up(bytes, 2 * UNIT_BYTES);
    }
    if (n > u->dst_cap) {
        free(u->dst);
        u->dst_cap = 0;
        u->dst = mem_zeroed(n, sizeof *u->dst, err);
        if (!u->dst)
            return err->code;
        u->dst_cap = n;
    }
    bytes = 0;
    for (size_t i = 0; i < n; bytes += u->unit.piece[i++].len)
        u->dst[i] = u->out + bytes;
    return 0;
}

static void *reader_main(void *arg)
{
    struct recompress *r = arg;
    struct wtg_err err = { 0 };

    for (;;) {
        lock(r);
        while (!r->stop && r->read - r->freed == r->nunits)
            pthread_cond_wait(&r->moved, &r->lock);
        struct unit *u = &r->unit[r->read % r->nunits];
        bool stop = r->stop;
        unlock(r);
        if (stop)
            return NULL;
        int e = r->feed->ops->next(r->feed, &u->unit, &err);
        if (e > 0 && unit_room(u, &err) < 0)
            e = err.code;
        if (e < 0) {
            fail(r, &err, r->nitems);
            return NULL;
        }
        lock(r);
        u->decoded = u->cut = false;
        r->read += e > 0;
        r->ended = e == 0;
        unlock(r);
        if (e == 0)
            return NULL;
    }
}

/* Workers. */

struct task {
    struct unit *unit;   /* to decode, or */
    struct batch *batch; /* to pack; both NULL: there is nothing left to do */
};

static bool can_decode(const struct recompress *r)
{
    return r->taken < r->read && r->decoding < r->max_decoders;
}

static struct task take_task(struct recompress *r)
{
    struct task t = { 0 };

    lock(r);
    while (!r->stop && !can_decode(r) && r->claimed == r->made &&
           !(r->ended && r->cut_units == r->read))
        pthread_cond_wait(&r->moved, &r->lock);
    if (!r->stop && can_decode(r)) { /* first, so that there is always something to pack */
        t.unit = &r->unit[r->taken++ % r->nunits];
        r->decoding++;
    } else if (!r->stop && r->claimed < r->made) {
        t.batch = &r->batch[r->claimed++ % r->nbatches];
    }
    unlock(r);
    return t;
}

static int decode(struct recompress *r, void *decoder, struct unit *u, size_t *ret_bad,
                  struct wtg_err *err)
{
    int e = r->feed->ops->decode(r->feed, decoder, &u->unit, u->dst, NULL, err);

    if (e < 0) {
        *ret_bad = blamed(r, err);
        return e;
    }
    for (size_t i = 0; e == 0 && i < u->unit.npieces; i++) {
        const struct tree_piece *p = &u->unit.piece[i];
        const struct tree_blob *b = r->item[p->blob].blob;
        uint8_t digest[SHA1_BYTES];
        if (p->len != b->size_bytes)
            continue; /* hashed in order by who cuts */
        hash_sha1(u->dst[i], p->len, digest);
        *ret_bad = p->blob;
        e = recompress_check_sha1(b, digest, err);
    }
    return e;
}

/* Units whose bytes nobody looks at any more are free for the reader again.  With the lock. */
static void free_units(struct recompress *r)
{
    while (r->freed < r->cut_units && r->unit[r->freed % r->nunits].users == 0)
        r->freed++;
}

static int do_task(struct recompress *r, const struct task *t, void *decoder,
                   struct codec_packer *packer, size_t *ret_bad, struct wtg_err *err)
{
    int e = t->unit ? decode(r, decoder, t->unit, ret_bad, err)
                    : recompress_pack(r, packer, t->batch, err);
    if (e < 0)
        return e;
    lock(r);
    if (t->unit) {
        t->unit->decoded = true;
        r->decoding--;
    } else {
        t->batch->done = true;
        t->batch->unit->users--;
        free_units(r);
    }
    unlock(r);
    return 0;
}

static void *worker_main(void *arg)
{
    struct recompress *r = arg;
    struct wtg_err err = { 0 };
    struct codec_packer *packer = NULL;
    void *decoder = NULL;
    size_t bad = r->nitems;
    struct task t;
    int e = codec_packer_new(r->o->form->kind, r->chunk_bytes, &packer, &err);

    if (e == 0 && r->feed->ops->decoder_new)
        e = r->feed->ops->decoder_new(r->feed, &decoder, &err);
    while (e == 0) {
        t = take_task(r);
        if (!t.unit && !t.batch)
            break;
        e = do_task(r, &t, decoder, packer, &bad, &err);
    }
    if (e < 0)
        fail(r, &err,
             err.code == WTG_E_IMAGE_HASH || err.code == WTG_E_IMAGE_DAMAGED ? bad : r->nitems);
    if (decoder)
        r->feed->ops->decoder_free(r->feed, decoder);
    codec_packer_free(packer);
    return NULL;
}

/* The caller's thread. */

static int tick(struct recompress *r, struct wtg_err *err)
{
    const struct wtg_progress p = { "recompress", "bytes", r->done_bytes, r->total_bytes };
    return wtg_tick(r->o->job, &p, err);
}

static void wait_moved(struct recompress *r)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 200 * 1000 * 1000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&r->moved, &r->lock, &until);
}

static struct batch *packed_batch(const struct recompress *r)
{
    struct batch *b = &r->batch[r->stored % r->nbatches];
    return r->stored < r->made && b->done ? b : NULL;
}

static struct unit *decoded_unit(const struct recompress *r)
{
    struct unit *u = &r->unit[r->cut_units % r->nunits];
    return r->cut_units < r->taken && u->decoded && r->made - r->stored < r->nbatches ? u : NULL;
}

static bool all_done(const struct recompress *r)
{
    return r->ended && r->cut_units == r->read && r->stored == r->made;
}

static int store_one(struct recompress *r, struct batch *b, struct wtg_err *err)
{
    int e = recompress_store(r, b, err);

    r->done_bytes += b->content;
    lock(r);
    r->stored++;
    unlock(r);
    return e < 0 ? e : tick(r, err);
}

static int cut_one(struct recompress *r, struct unit *u, size_t *ret_bad, struct wtg_err *err)
{
    struct batch *b = &r->batch[r->made % r->nbatches];
    int e = recompress_cut(r, u, b, ret_bad, err);

    lock(r);
    if (e == 0 && b->nparts > 0) {
        r->made++;
        u->users++;
    }
    r->cut_units += e == 0 && u->cut;
    free_units(r);
    unlock(r);
    return e;
}

static int work(struct recompress *r, size_t *ret_bad, struct wtg_err *err)
{
    int e = 0;

    while (e == 0) {
        lock(r);
        bool leave = r->stop || all_done(r);
        struct batch *b = leave ? NULL : packed_batch(r);
        struct unit *u = leave || b ? NULL : decoded_unit(r);
        bool idle = !leave && !b && !u;
        if (idle)
            wait_moved(r);
        pthread_mutex_unlock(&r->lock);
        if (leave)
            break;
        e = idle ? tick(r, err) : b ? store_one(r, b, err) : cut_one(r, u, ret_bad, err);
    }
    return e;
}

/* Setting up and taking down. */

/* Memory for so many workers, of which `decoders` may decode at once, and units. */
static uint64_t memory_for(const struct recompress *r, uint64_t workers, uint64_t decoders,
                           uint64_t units)
{
    uint64_t batch = sizeof(struct batch) + BATCH_BYTES + 8 * BATCH_CHUNKS + r->chunk_bytes;
    uint64_t packer = codec_packer_bytes(r->o->form->kind, r->chunk_bytes);

    return workers * packer + (2 * workers + 2) * batch + decoders * r->feed->decoder_bytes +
           units * (2 * r->feed->unit_bytes + 2 * UNIT_BYTES) + BATCH_BYTES;
}

/* As many workers as there are cores, and what the memory allows of them. */
static int share_memory(struct recompress *r, size_t *ret_workers, struct wtg_err *err)
{
    uint64_t limit = r->o->memory_bytes ? r->o->memory_bytes : DEFAULT_MEMORY;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t workers = r->o->threads ? r->o->threads : cores > 0 ? (uint64_t)cores : 1;
    uint64_t decoders = 1, units = 1, least = memory_for(r, 1, 1, 1);

    if (limit < least) {
        wtg_fail(err, WTG_E_NOMEM,
                 "the limit is %" PRIu64
                 " MiB, and the least that this image can be compressed anew "
                 "with is %" PRIu64 " MiB",
                 limit / MIB, div_up(least, MIB));
        return wtg_hint(err,
                        "give '--memory %" PRIu64 "M' or more, or leave the files plain with "
                        "'--compact off'",
                        div_up(least, MIB));
    }
    while (workers > 1 && memory_for(r, workers, 1, 1) > limit)
        workers--;
    while (decoders < workers && memory_for(r, workers, decoders + 1, units + 1) <= limit) {
        decoders++;
        units++;
    }
    while (units < decoders + 2 && memory_for(r, workers, decoders, units + 1) <= limit)
        units++;
    r->max_decoders = (size_t)decoders;
    r->nunits = (size_t)units;
    r->nbatches = (size_t)(2 * workers + 2);
    *ret_workers = (size_t)workers;
    return 0;
}

static int make_rings(struct recompress *r, struct wtg_err *err)
{
    r->unit = mem_zeroed(r->nunits, sizeof *r->unit, err);
    r->batch = r->unit ? mem_zeroed(r->nbatches, sizeof *r->batch, err) : NULL;
    for (size_t i = 0; r->batch && i < r->nbatches; i++) {
        struct batch *b = &r->batch[i];
        b->carry = mem_zeroed(r->chunk_bytes, 1, err);
        b->out = b->carry ? mem_zeroed(BATCH_BYTES + 8 * BATCH_CHUNKS, 1, err) : NULL;
        if (!b->out)
            return err->code;
    }
    r->cut.carry = r->batch ? mem_zeroed(r->chunk_bytes, 1, err) : NULL;
    r->store.back = r->cut.carry ? mem_zeroed(BATCH_BYTES, 1, err) : NULL;
    int e = r->store.back ? hash_new(HASH_SHA1, &r->cut.running, err) : err->code;
    return e < 0 ? e : hash_new(HASH_SHA1, &r->store.running, err);
}

static void release(struct recompress *r)
{
    for (size_t i = 0; r->unit && i < r->nunits; i++) {
        tree_unit_release(&r->unit[i].unit);
        free(r->unit[i].out);
        free(r->unit[i].dst);
    }
    for (size_t i = 0; r->batch && i < r->nbatches; i++) {
        free(r->batch[i].carry);
        free(r->batch[i].out);
    }
    free(r->unit);
    free(r->batch);
    free(r->thread);
    free(r->cut.carry);
    free(r->store.back);
    hash_free(r->cut.running);
    hash_free(r->store.running);
    tree_feed_free(r->feed);
}

static int start(struct recompress *r, void *(*body)(void *), struct wtg_err *err)
{
    int e = pthread_create(&r->thread[r->nthreads], NULL, body, r);
    if (e != 0)
        return wtg_fail_errno(err, e, "cannot start a thread");
    r->nthreads++;
    return 0;
}

static void run_threads(struct recompress *r, size_t workers)
{
    struct wtg_err err = { 0 };
    pthread_condattr_t attr;
    size_t bad = r->nitems;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&r->moved, &attr);
    pthread_mutex_init(&r->lock, NULL);
    int e = start(r, reader_main, &err);
    for (size_t i = 0; i < workers && e == 0; i++)
        e = start(r, worker_main, &err);
    if (e == 0)
        e = work(r, &bad, &err);
    if (e < 0)
        fail(r, &err, bad);
    for (size_t i = 0; i < r->nthreads; i++)
        pthread_join(r->thread[i], NULL);
    pthread_cond_destroy(&r->moved);
    pthread_mutex_destroy(&r->lock);
    pthread_condattr_destroy(&attr);
}

int recompress_run(struct recompress_item *item, size_t n, const struct recompress_opts *o,
                   struct spool *spool, size_t *ret_bad, struct wtg_err *err)
{
    struct recompress r = { .item = item,
                            .nitems = n,
                            .o = o,
                            .chunk_bytes = o->form->chunk_bytes,
                            .spool = spool,
                            .bad = n };
    size_t workers = 0;
    AUTO_FREE const struct tree_blob **blob = mem_zeroed(n, sizeof *blob, err);

    *ret_bad = n;
    if (!blob)
        return err->code;
    for (size_t i = 0; i < n; i++) {
        blob[i] = item[i].blob;
        r.total_bytes += item[i].blob->size_bytes;
    }
    if (n == 0)
        return 0;
    int e = tree_feed_open(item[0].blob->source, blob, n, UNIT_BYTES, &r.feed, err);
    if (e == 0)
        e = share_memory(&r, &workers, err);
    if (e == 0)
        e = make_rings(&r, err);
    if (e == 0 && !(r.thread = mem_zeroed(workers + 1, sizeof *r.thread, err)))
        e = err->code;
    if (e == 0) {
        run_threads(&r, workers);
        e = r.stop ? r.err.code : 0;
        if (r.stop) {
            *err = r.err;
            *ret_bad = r.bad;
        }
    }
    release(&r);
    return e;
}
