/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "write/room.h"

#include <string.h>

/* Everything that is written goes through here, by the caller's thread alone: cut into large
 * aligned writes in rising order, several of them in flight.  Bytes that stand together anyway are
 * written from where they are; small runs that follow each other are gathered in stages first. */

enum {
    SINK_DEPTH = 8,               /* writes in flight */
    SINK_STAGES = 4,              /* one is filled while others are written */
    LARGE_BYTES = 1024 * 1024,    /* worth a write of its own */
    MAX_BYTES = WRITE_STAGE_BYTES, /* of one write */
    WAIT_MS = 200,                /* between two looks at the job */
};

struct flight {
    struct blk_io io; /* first: the queue gives it back */
    unsigned *busy;   /* NULL: free */
};

struct stage {
    uint8_t *buf; /* WRITE_STAGE_BYTES; NULL: not needed so far */
    unsigned busy;
};

struct sink {
    struct run *run;
    struct blk_queue *queue;
    struct flight flight[SINK_DEPTH];
    struct stage stage[SINK_STAGES];
    size_t at;    /* the stage that is filled */
    uint64_t off; /* of its bytes on the target */
    size_t lead;  /* where they start in the stage: off % WRITE_ALIGN */
    size_t len;
};

/* In flight. */

static int land(struct sink *s, unsigned wait_ms, struct wtg_err *err)
{
    struct blk_io *io = NULL;
    int r = blk_queue_get(s->queue, wait_ms, &io, err);

    if (io) {
        struct flight *f = (struct flight *)io;
        --*f->busy;
        f->busy = NULL;
        if (r == 0)
            s->run->result->bytes += io->n;
    }
    return r < 0 ? wtg_because(err, "writing to the target") : 0;
}

int sink_wait(struct sink *s, struct wtg_err *err)
{
    int r = land(s, WAIT_MS, err);
    return r < 0 ? r : run_tick(s->run, err);
}

unsigned sink_busy(const struct sink *s)
{
    return blk_queue_busy(s->queue);
}

static int launch(struct sink *s, uint64_t off, uint8_t *p, size_t n, unsigned *busy,
                  struct wtg_err *err)
{
    struct flight *f = s->flight;

    while (sink_busy(s) == SINK_DEPTH) {
        int r = sink_wait(s, err);
        if (r < 0)
            return r;
    }
    while (f->busy)
        f++;
    f->io = (struct blk_io){ .write = true, .off = off, .buf = p, .n = n };
    if (blk_queue_put(s->queue, &f->io, err) < 0)
        return wtg_because(err, "writing to the target");
    f->busy = busy;
    ++*busy;
    return 0;
}

/* Blocks that are not whole go by themselves, so that the rest goes past the page cache. */
static int write_parts(struct sink *s, uint64_t off, uint8_t *p, size_t n, unsigned *busy,
                       struct wtg_err *err)
{
    size_t head = (size_t)min_u64(n, round_up(off, WRITE_ALIGN) - off);
    size_t tail = (n - head) % WRITE_ALIGN, middle = n - head - tail;
    int r = n ? write_proof_add(s->run->proof, off, p, n, err) : 0;

    if (r == 0 && head)
        r = launch(s, off, p, head, busy, err);
    if (r == 0 && middle)
        r = launch(s, off + head, p + head, middle, busy, err);
    if (r == 0 && tail)
        r = launch(s, off + head + middle, p + head + middle, tail, busy, err);
    return r;
}

/* Stages. */

int sink_push(struct sink *s, struct wtg_err *err)
{
    struct stage *t = &s->stage[s->at];
    int r = s->len ? write_parts(s, s->off, t->buf + s->lead, s->len, &t->busy, err) : 0;

    s->off += s->len;
    s->lead = s->off % WRITE_ALIGN;
    s->len = 0;
    return r;
}

/* A stage that nothing is written from any more. */
static int stage_free(struct sink *s, struct wtg_err *err)
{
    int r = 0;

    for (size_t i = 0; i < SINK_STAGES; i++)
        if (s->stage[(s->at + i) % SINK_STAGES].busy == 0) {
            s->at = (s->at + i) % SINK_STAGES;
            break;
        }
    while (r == 0 && s->stage[s->at].busy > 0)
        r = sink_wait(s, err);
    if (r == 0 && !s->stage[s->at].buf)
        s->stage[s->at].buf = aligned_alloc(WRITE_ALIGN, WRITE_STAGE_BYTES);
    return r < 0 ? r : s->stage[s->at].buf ? 0 : wtg_fail_nomem(err);
}

int sink_room(struct sink *s, uint64_t off, uint64_t want, uint8_t **ret, size_t *ret_n,
              struct wtg_err *err)
{
    int r = 0;

    if (off != s->off + s->len || s->lead + s->len == WRITE_STAGE_BYTES) {
        r = sink_push(s, err);
        s->off = off;
        s->lead = off % WRITE_ALIGN;
    }
    if (r == 0 && s->len == 0)
        r = stage_free(s, err);
    if (r < 0)
        return r;
    *ret = s->stage[s->at].buf + s->lead + s->len;
    *ret_n = (size_t)min_u64(want, WRITE_STAGE_BYTES - s->lead - s->len);
    return 0;
}

void sink_filled(struct sink *s, size_t n)
{
    s->len += n;
}

int sink_flush(struct sink *s, struct wtg_err *err)
{
    int r = sink_push(s, err);

    while (r == 0 && sink_busy(s) > 0)
        r = sink_wait(s, err);
    return r;
}

/* As far from a block in memory as on the target: what O_DIRECT needs. */
static bool is_congruent(uint64_t off, const uint8_t *p)
{
    return ((uintptr_t)p - off) % WRITE_ALIGN == 0;
}

/* Copies as much into the stage as makes it and what is left of the run good writes: all that fits,
 * or just so much that both are large. */
static int stage_some(struct sink *s, uint64_t off, const uint8_t *p, size_t n, size_t *ret_n,
                      struct wtg_err *err)
{
    uint8_t *to;
    size_t room;
    int r = sink_room(s, off, n, &to, &room, err);
    if (r < 0)
        return r;
    uint64_t cut = round_up(max_u64(s->off + (s->len ? LARGE_BYTES : 0), off), WRITE_ALIGN);
    bool rest_alone = off + n >= cut + LARGE_BYTES && cut - off <= room && is_congruent(off, p);
    if (rest_alone)
        room = (size_t)(cut - off);
    memcpy(to, p, room);
    s->len += room;
    *ret_n = room;
    return rest_alone ? sink_push(s, err) : 0;
}

int sink_put(struct sink *s, uint64_t off, uint8_t *p, size_t n, unsigned *busy,
             struct wtg_err *err)
{
    for (size_t part = 0; n > 0; off += part, p += part, n -= part) {
        bool follows = s->len > 0 && s->off + s->len == off;
        bool alone = !follows && n >= LARGE_BYTES && off % WRITE_ALIGN == 0 && is_congruent(off, p);
        int r;
        if (alone) {
            part = (size_t)min_u64(n - n % WRITE_ALIGN, MAX_BYTES);
            r = sink_push(s, err);
            if (r == 0)
                r = write_parts(s, off, p, part, busy, err);
        } else {
            r = stage_some(s, off, p, n, &part, err);
        }
        if (r < 0)
            return r;
    }
    return 0;
}

/* Setting up and taking down. */

int sink_new(struct run *r, struct sink **ret, struct wtg_err *err)
{
    struct sink *s = mem_zeroed(1, sizeof *s, err);
    if (!s)
        return err->code;
    s->run = r;
    if (blk_queue_new(r->target, SINK_DEPTH, &s->queue, err) < 0) {
        free(s);
        return err->code;
    }
    *ret = s;
    return 0;
}

void sink_settle(struct sink *s)
{
    struct wtg_err ignored = { 0 };

    for (unsigned before; (before = sink_busy(s)) > 0;)
        if (land(s, WAIT_MS, &ignored) < 0 && sink_busy(s) == before)
            break; /* no answer will come any more */
}

uint64_t sink_memory_bytes(void)
{
    return SINK_STAGES * WRITE_STAGE_BYTES;
}

void sink_free(struct sink *s)
{
    if (!s)
        return;
    sink_settle(s);
    blk_queue_free(s->queue);
    for (size_t i = 0; i < SINK_STAGES; i++)
        free(s->stage[i].buf);
    free(s);
}
