/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/preflight-priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "recipe/undo.h"

/* How fast a target is, and how far it reaches.  What writing changes is kept in an undo file
 * before, and put back after. */

enum {
    PIECE_BYTES = 4 << 20,
    READ_PIECES = 32, /* 128 MiB, or as much as two seconds give */
    WRITE_PIECES = 8,
    SMALL_BYTES = 4096,
    SMALL_READS = 256,
    PLACES = 48, /* that are tried: fake sticks double, and end at any power of two or ten */
    MARK_BYTES = UNDO_BLOCK_BYTES,
};
#define LONGEST_NS INT64_C(2000000000)

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int tick(struct wtg_job *job, uint64_t done, uint64_t total, struct wtg_err *err)
{
    const struct wtg_progress progress = { "measure", "bytes", done, total };

    return wtg_tick(job, &progress, err);
}

static uint64_t rate_of(uint64_t bytes, int64_t ns)
{
    return ns > 0 ? (uint64_t)((double)bytes * 1e9 / (double)ns) : 0;
}

/* A place that does not read is a finding; the first one is kept. */
static bool reads(struct blk *b, uint64_t off, void *buf, size_t n, struct preflight_speed *s)
{
    struct wtg_err e = { 0 };

    if (blk_read(b, off, buf, n, &e) == 0)
        return true;
    if (!s->read_err.code)
        s->read_err = e;
    return false;
}

/* From a third on, where sticks have nothing special. */
static int measure_row(struct blk *b, uint8_t *buf, struct wtg_job *job, struct preflight_speed *s,
                       struct wtg_err *err)
{
    uint64_t at = b->size / 3 / PIECE_BYTES * PIECE_BYTES, done = 0;
    int64_t begin = now_ns(), end = begin;

    for (unsigned i = 0; i < READ_PIECES && end - begin < LONGEST_NS; i++) {
        if (b->size - at < PIECE_BYTES || !reads(b, at, buf, PIECE_BYTES, s))
            break;
        at += PIECE_BYTES;
        done += PIECE_BYTES;
        end = now_ns();
        int r = tick(job, done, READ_PIECES * (uint64_t)PIECE_BYTES, err);
        if (r < 0)
            return r;
    }
    s->read_rate = done ? rate_of(done, end - begin) : 0;
    return 0;
}

/* Places far apart, in an order that no cache expects. */
static void measure_small(struct blk *b, uint8_t *buf, struct preflight_speed *s)
{
    uint64_t blocks = b->size / SMALL_BYTES, at = 0;
    int64_t begin = now_ns(), end = begin;
    unsigned n = 0;

    for (; n < SMALL_READS && blocks && end - begin < LONGEST_NS / 2; n++) {
        at = (at + blocks / 257 * 101 + 7919) % blocks;
        if (!reads(b, at * SMALL_BYTES, buf, SMALL_BYTES, s))
            break;
        end = now_ns();
    }
    s->random_us = n ? max_u64((uint64_t)(end - begin) / 1000 / n, 1) : 0;
}

/* Place i of PLACES: the end itself, then halves, quarters, ... and even steps between. */
static uint64_t place(uint64_t size, unsigned i)
{
    uint64_t last = (size - MARK_BYTES) / MARK_BYTES;

    if (i < 16)
        return (last >> i) * MARK_BYTES;
    return last / (PLACES - 16) * (i - 15) / 2 * 2 * MARK_BYTES;
}

static void reach(struct blk *b, uint8_t *buf, struct preflight_speed *s)
{
    for (unsigned i = 0; i < PLACES && b->size >= 2 * MARK_BYTES; i++) {
        uint64_t at = min_u64(place(b->size, i), b->size - MARK_BYTES);
        if (!reads(b, at, buf, MARK_BYTES, s))
            return;
        s->places++;
        s->reached_bytes = max_u64(s->reached_bytes, at + MARK_BYTES);
    }
}

int preflight_measure(struct blk *b, struct wtg_job *job, struct preflight_speed *ret,
                      struct wtg_err *err)
{
    AUTO_FREE uint8_t *buf = aligned_alloc(4096, PIECE_BYTES);

    if (!buf)
        return wtg_fail_nomem(err);
    blk_forget(b); /* the medium is asked, not the memory */
    reach(b, buf, ret);
    int r = measure_row(b, buf, job, ret, err);
    if (r == 0 && !ret->read_err.code)
        measure_small(b, buf, ret);
    return r;
}

/* ---- writing ---------------------------------------------------------------------------- */

/* What is written at a place: nothing else on the stick looks like it, and no other place. */
static void mark(uint8_t *buf, uint64_t at, uint64_t salt)
{
    for (size_t i = 0; i < MARK_BYTES / 8; i++) {
        uint64_t v = (at + i + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ salt;
        v = (v ^ (v >> 31)) * UINT64_C(0xbf58476d1ce4e5b9);
        memcpy(buf + i * 8, &v, 8);
    }
}

struct trial {
    struct undo_range range[PLACES + 1]; /* the last is where the rate is measured */
    size_t n;
    uint64_t salt;
};

/* Places in rising order without those that meet another one. */
static int by_offset(const void *a, const void *b)
{
    const struct undo_range *x = a, *y = b;
    return (x->off > y->off) - (x->off < y->off);
}

static void choose(uint64_t size, struct trial *t)
{
    size_t n = 0;
    uint64_t row =
        min_u64(WRITE_PIECES * (uint64_t)PIECE_BYTES, size / 8 / PIECE_BYTES * PIECE_BYTES);
    struct undo_range wide = { size / 3 / PIECE_BYTES * PIECE_BYTES, row };

    for (unsigned i = 0; i < PLACES; i++)
        t->range[i] = (struct undo_range){ place(size, i), MARK_BYTES };
    qsort(t->range, PLACES, sizeof t->range[0], by_offset);
    for (unsigned i = 0; i < PLACES; i++) {
        struct undo_range r = t->range[i];
        bool meets = (n && t->range[n - 1].off + MARK_BYTES > r.off) ||
                     (r.off + r.bytes > wide.off && r.off < wide.off + wide.bytes);
        if (!meets && r.off + MARK_BYTES <= size)
            t->range[n++] = r;
    }
    t->n = n;
    t->range[n] = wide;
}

static int write_marks(struct blk *b, const struct trial *t, uint8_t *buf, struct wtg_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < t->n; i++) {
        mark(buf, t->range[i].off, t->salt);
        r = blk_write(b, t->range[i].off, buf, MARK_BYTES, err);
    }
    return r == 0 ? blk_flush(b, err) : r;
}

static void compare_marks(struct blk *b, const struct trial *t, uint8_t *buf,
                          struct preflight_speed *s)
{
    uint8_t *got = buf + MARK_BYTES;

    blk_forget(b);
    for (size_t i = 0; i < t->n && !s->lost; i++) {
        mark(buf, t->range[i].off, t->salt);
        if (!reads(b, t->range[i].off, got, MARK_BYTES, s) || memcmp(buf, got, MARK_BYTES) != 0) {
            s->lost = true;
            s->lost_at = t->range[i].off;
        }
    }
}

static int write_row(struct blk *b, const struct trial *t, uint8_t *buf, struct wtg_job *job,
                     struct preflight_speed *s, struct wtg_err *err)
{
    const struct undo_range *wide = &t->range[t->n];
    int64_t begin = now_ns();
    uint64_t done = 0;
    int r = 0;

    for (size_t i = 0; i < PIECE_BYTES; i += MARK_BYTES)
        mark(buf + i, i, t->salt);
    for (; r == 0 && done < wide->bytes; done += PIECE_BYTES) {
        r = blk_write(b, wide->off + done, buf, PIECE_BYTES, err);
        if (r == 0)
            r = tick(job, done + PIECE_BYTES, wide->bytes, err);
    }
    if (r == 0)
        r = blk_flush(b, err);
    if (r == 0 && done)
        s->write_rate = rate_of(done, now_ns() - begin);
    return r;
}

/* Puts all back; when that fails the file stays, for 'wtg undo'. */
static int take_back(const char *path, struct blk *b, struct wtg_err *err)
{
    struct undo *u = NULL;
    int r = undo_open(path, &u, err);

    if (r == 0)
        r = undo_play(u, b, NULL, err); /* not to be cancelled */
    undo_close(u);
    if (r == 0 && unlink(path) < 0)
        r = wtg_fail(err, WTG_E_IO, "cannot remove '%s'", path);
    if (r < 0) {
        wtg_because(err, "putting back what the write test changed");
        return wtg_hint(err, "the old bytes are in '%s': wtg undo TARGET puts them back", path);
    }
    return 0;
}

static int try_all(struct blk *undo, struct blk *b, const struct trial *t, struct wtg_job *job,
                   struct preflight_speed *s, struct wtg_err *err)
{
    AUTO_FREE uint8_t *buf = aligned_alloc(4096, PIECE_BYTES);

    if (!buf)
        return wtg_fail_nomem(err);
    int r = undo_keep(undo, t->range, t->n + 1, err);
    if (r == 0)
        r = write_marks(undo, t, buf, err);
    if (r < 0)
        return r;
    compare_marks(b, t, buf, s);
    return write_row(undo, t, buf, job, s, err);
}

int preflight_write_test(struct blk *b, const struct disk_identity *id, const char *state_dir,
                         struct wtg_job *job, struct preflight_speed *ret, struct wtg_err *err)
{
    char dir[4000], path[UNDO_PATH_BYTES], open_path[UNDO_PATH_BYTES + sizeof UNDO_OPEN_SUFFIX];
    struct trial t = { .salt = (uint64_t)now_ns() };
    struct undo_id who;
    struct blk *undo = NULL;
    uint64_t time_now = (uint64_t)time(NULL);

    if (b->size < 8 * (uint64_t)PIECE_BYTES)
        return 0;
    choose(b->size, &t);
    int r = 0;
    if (state_dir)
        snprintf(dir, sizeof dir, "%s", state_dir);
    else
        r = plan_state_dir(dir, sizeof dir, err);
    if (r == 0)
        r = undo_file_path(dir, id, time_now, path, err);
    if (r < 0)
        return r;
    undo_file_id(id, time_now, "write test of wtg check", &who);
    r = undo_begin(path, &who, b, NULL, 0, &undo, err);
    if (r < 0)
        return wtg_because(err, "keeping what the write test changes");
    struct wtg_err back = { 0 };
    r = try_all(undo, b, &t, job, ret, err);
    int ended = undo_end(undo, &back);
    blk_free(undo);
    snprintf(open_path, sizeof open_path, "%s" UNDO_OPEN_SUFFIX, path);
    int taken = take_back(ended < 0 ? open_path : path, b, &back);
    if (taken < 0) {
        *err = back;
        return taken;
    }
    return r;
}
