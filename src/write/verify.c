/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "write/room.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Reads back what the proof says, in windows: aligned stretches of the target with one or more
 * extents in them, several being read at once. */

enum {
    WINDOWS = 4,
    WINDOW_BYTES = WRITE_STAGE_BYTES + 2 * WRITE_ALIGN,
    READ_OVER_BYTES = 64 * 1024, /* cheaper than another read */
    LARGE_READ_BYTES = 1024 * 1024,
    SEARCH_BYTES = 32 * 1024 * 1024, /* a fake shows within a few extents */
    WAIT_MS = 200,
};

struct window {
    struct blk_io io; /* first: the queue gives it back */
    uint8_t *buf;     /* NULL: not needed so far */
    size_t first, n;  /* extents */
    bool busy;
};

struct verify {
    struct blk *target;
    const struct tree_regions *regions;
    struct wtg_job *job;
    struct write_verdict *ret;
    struct write_extent *extent;
    size_t n, at; /* extents; the first that nobody has begun to read */
    uint64_t total;
    struct blk_queue *queue;
    struct window window[WINDOWS];
};

static int tick(const struct verify *v, struct wtg_err *err)
{
    const struct wtg_progress p = {
        .step = "verify", .unit = "bytes", .done = v->ret->bytes, .total = v->total
    };
    return wtg_tick(v->job, &p, err);
}

/* Whose it is. */

static int blob_is_whole(const struct verify *v, const struct tree_region *g, bool *ret,
                         struct wtg_err *err)
{
    uint8_t digest[SHA1_BYTES];
    struct hash *h = NULL;
    AUTO_FREE uint8_t *buf = malloc(LARGE_READ_BYTES);
    int r = buf ? hash_new(HASH_SHA1, &h, err) : wtg_fail_nomem(err);

    for (uint64_t at = 0, size = g->blob->size_bytes; r == 0 && at < size;) {
        size_t n = (size_t)min_u64(size - at, LARGE_READ_BYTES);
        r = blk_read(v->target, g->offset + at, buf, n, err);
        if (r == 0)
            hash_add(h, buf, n);
        at += n;
    }
    if (r == 0) {
        hash_end(h, digest);
        *ret = memcmp(digest, g->blob->sha1, SHA1_BYTES) == 0;
    }
    hash_free(h);
    return r;
}

/* The SHA-1 of a file that stands in one piece says of each by itself whether it is the one. */
static bool is_proved_bad(const struct verify *v, const struct tree_region *g)
{
    struct wtg_err ignored = { 0 };
    bool whole = true;

    if (!g->blob->has_sha1 || g->blob->content_bytes || g->blob_off ||
        g->length < g->blob->size_bytes)
        return false;
    return blob_is_whole(v, g, &whole, &ignored) < 0 || !whole;
}

static void find_blob(const struct verify *v, const struct write_extent *e)
{
    size_t seen = 0;

    for (size_t i = 0; i < v->regions->n; i++) {
        const struct tree_region *g = &v->regions->region[i];
        if (g->kind != REGION_BLOB || !g->blob || g->offset >= e->off + e->len ||
            g->offset + g->length <= e->off)
            continue;
        if (is_proved_bad(v, g)) {
            v->ret->bad_blob = g->blob;
            v->ret->bad_others = 0;
            return;
        }
        if (seen++ == 0)
            v->ret->bad_blob = g->blob;
    }
    v->ret->bad_others = seen > 1 ? seen - 1 : 0;
}

/* What it looks like. */

static const struct tree_region *region_at(const struct verify *v, uint64_t off)
{
    for (size_t i = 0; i < v->regions->n; i++) {
        const struct tree_region *g = &v->regions->region[i];
        if (g->kind == REGION_BLOB && g->offset <= off && off - g->offset < g->length)
            return g;
    }
    return NULL;
}

/* One content in two places is no lie. */
static bool is_twin(const struct verify *v, uint64_t here, uint64_t there)
{
    const struct tree_region *g = region_at(v, here), *h = region_at(v, there);

    return g && h && g->blob == h->blob &&
           g->blob_off + (here - g->offset) == h->blob_off + (there - h->offset);
}

/* The whole of an extent, not only its first block. */
static bool stands_at(const struct verify *v, uint64_t here, const struct write_extent *e)
{
    struct wtg_err ignored = { 0 };
    AUTO_FREE uint8_t *buf = malloc(e->len);

    return buf && here <= v->target->size && blk_read(v->target, here, buf, e->len, &ignored) == 0 &&
           hash_quick(buf, e->len) == e->hash;
}

/* The extent whose bytes stand at `here`, where the block with that hash was found. */
static const struct write_extent *extent_found_at(const struct verify *v, uint64_t here, uint64_t head)
{
    for (size_t i = 0; i < v->n; i++) {
        const struct write_extent *e = &v->extent[i];
        if (e->head == head && e->off != here && !is_twin(v, here, e->off) && stands_at(v, here, e))
            return e;
    }
    return NULL;
}

/* Bytes that were written somewhere else. */
struct displaced {
    uint64_t here, there;
};

static bool find_in_extent(const struct verify *v, const struct write_extent *bad,
                           const uint8_t *bytes, struct displaced *ret)
{
    size_t first = (size_t)(round_up(bad->off, WRITE_ALIGN) - bad->off);

    for (size_t at = first; at + WRITE_ALIGN <= bad->len; at += WRITE_ALIGN) {
        if (proof_is_one_byte(bytes + at, WRITE_ALIGN))
            continue;
        const struct write_extent *e =
            extent_found_at(v, bad->off + at, hash_quick(bytes + at, WRITE_ALIGN));
        if (e) {
            *ret = (struct displaced){ bad->off + at, e->off };
            return true;
        }
    }
    return false;
}

/* A fake stick counts from 0 again behind its real end.  Looks at the bad places that follow, until
 * the start of something that was written elsewhere is among them. */
static bool find_displaced(const struct verify *v, const struct write_extent *bad,
                           struct displaced *ret)
{
    struct wtg_err ignored = { 0 };
    AUTO_FREE uint8_t *buf = malloc(WRITE_STAGE_BYTES);
    const struct write_extent *end = v->extent + v->n;
    bool found = false;

    for (const struct write_extent *e = bad;
         buf && !found && e < end && e->off - bad->off < SEARCH_BYTES; e++)
        found = blk_read(v->target, e->off, buf, e->len, &ignored) == 0 &&
                hash_quick(buf, e->len) != e->hash && find_in_extent(v, e, buf, ret);
    return found;
}

static int explain(const struct verify *v, const struct write_extent *e, const uint8_t *bytes,
                   struct wtg_err *err)
{
    struct displaced d = { 0 };

    v->ret->bad_off = e->off;
    v->ret->bad_bytes = e->len;
    wtg_fail(err, WTG_E_VERIFY, "%zu bytes from byte %" PRIu64 " are not what was written there: ",
             e->len, e->off);
    size_t used = strlen(err->text), room = sizeof err->text - used;
    if (find_displaced(v, e, &d)) {
        uint64_t apart = max_u64(d.here, d.there) - min_u64(d.here, d.there);
        snprintf(err->text + used, room,
                 "at byte %" PRIu64 " stands what belongs to byte %" PRIu64
                 ", so the target has no more than %" PRIu64 " bytes, and says that it has %" PRIu64,
                 d.here, d.there, apart, v->target->size);
        wtg_fact(err, "verify.real_bytes", "%" PRIu64, apart);
        wtg_hint(err, "this is a fake: it returns old places for new ones; ask for your money back");
    } else {
        if (proof_is_one_byte(bytes, e->len))
            snprintf(err->text + used, room, "nothing but bytes 0x%02x stand there", bytes[0]);
        else
            snprintf(err->text + used, room, "other bytes stand there, also when read again");
        wtg_hint(err, "a target that does not keep what is written is worn out or a fake, or its "
                      "cable or port is bad: try another port, then another stick");
    }
    find_blob(v, e);
    wtg_fact(err, "verify.offset", "%" PRIu64, e->off);
    wtg_fact(err, "verify.bytes", "%zu", e->len);
    return err->code;
}

static int explain_unreadable(const struct verify *v, const struct write_extent *e,
                              struct wtg_err *err)
{
    v->ret->bad_off = e->off;
    v->ret->bad_bytes = e->len;
    find_blob(v, e);
    err->code = WTG_E_VERIFY;
    wtg_because(err, "what was written cannot be read back");
    return wtg_hint(err, "a target that cannot read what it has just written is dying: take another");
}

/* Windows. */

static const struct write_extent *first_bad(const struct verify *v, const struct window *w)
{
    for (size_t i = w->first; i < w->first + w->n; i++) {
        const struct write_extent *e = &v->extent[i];
        if (hash_quick(w->buf + (e->off - w->io.off), e->len) != e->hash)
            return e;
    }
    return NULL;
}

/* Once more, and not from a cache. */
static int read_again(struct verify *v, struct window *w, struct wtg_err *err)
{
    *err = (struct wtg_err){ 0 };
    blk_forget(v->target);
    int r = blk_read(v->target, w->io.off, w->buf, w->io.n, err);
    if (r == WTG_E_CANCELLED || r == WTG_E_NOMEM)
        return r;
    if (r < 0)
        return explain_unreadable(v, &v->extent[w->first], err);
    const struct write_extent *bad = first_bad(v, w);
    if (bad)
        return explain(v, bad, w->buf + (bad->off - w->io.off), err);
    v->ret->rereads++;
    return 0;
}

static int judge(struct verify *v, struct window *w, int r, struct wtg_err *err)
{
    if (r < 0 || first_bad(v, w))
        r = read_again(v, w, err);
    for (size_t i = w->first; r == 0 && i < w->first + w->n; i++)
        v->ret->bytes += v->extent[i].len;
    return r;
}

static int begin(struct verify *v, struct window *w, struct wtg_err *err)
{
    const struct write_extent *e = &v->extent[v->at];
    uint64_t off = e->off - e->off % WRITE_ALIGN, end = 0;

    if (!w->buf)
        w->buf = aligned_alloc(WRITE_ALIGN, WINDOW_BYTES);
    if (!w->buf)
        return wtg_fail_nomem(err);
    w->first = v->at;
    for (; v->at < v->n; v->at++) {
        const struct write_extent *next = &v->extent[v->at];
        uint64_t to = min_u64(round_up(next->off + next->len, WRITE_ALIGN), v->target->size);
        if (v->at > w->first && (next->off > end + READ_OVER_BYTES || to - off > WINDOW_BYTES))
            break;
        end = max_u64(end, to);
    }
    w->n = v->at - w->first;
    w->io = (struct blk_io){ .off = off, .buf = w->buf, .n = (size_t)(end - off) };
    w->busy = blk_queue_put(v->queue, &w->io, err) == 0;
    return w->busy ? 0 : judge(v, w, err->code, err);
}

static int finish(struct verify *v, struct wtg_err *err)
{
    struct blk_io *io = NULL;
    int r = blk_queue_get(v->queue, WAIT_MS, &io, err);
    struct window *w = (struct window *)io;

    if (w) {
        w->busy = false;
        r = judge(v, w, r, err);
    }
    return r < 0 ? r : tick(v, err);
}

static int run(struct verify *v, struct wtg_err *err)
{
    int r = 0;

    for (size_t i = 0; i < v->n; i++)
        v->total += v->extent[i].len;
    while (r == 0 && (v->at < v->n || blk_queue_busy(v->queue) > 0)) {
        struct window *w = v->window;
        while (w < v->window + WINDOWS && w->busy)
            w++;
        r = w < v->window + WINDOWS && v->at < v->n ? begin(v, w, err) : finish(v, err);
    }
    return r;
}

int write_verify(struct blk *target, const struct write_proof *proof,
                 const struct tree_regions *regions, struct wtg_job *job,
                 struct write_verdict *ret, struct wtg_err *err)
{
    struct verify v = { .target = target, .regions = regions, .job = job, .ret = ret };

    *ret = (struct write_verdict){ 0 };
    int r = write_proof_extents(proof, &v.extent, &v.n, err);
    if (r == 0)
        r = blk_queue_new(target, WINDOWS, &v.queue, err);
    if (r == 0) {
        blk_forget(target);
        r = run(&v, err);
    }
    blk_queue_free(v.queue);
    for (size_t i = 0; i < WINDOWS; i++)
        free(v.window[i].buf);
    free(v.extent);
    return r;
}
