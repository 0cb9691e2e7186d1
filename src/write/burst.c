/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "write/room.h"

#include <string.h>

/* Collects what follows each other on the target into large aligned writes. */
struct burst {
    struct run *run;
    uint8_t *buf;  /* WRITE_BURST_BYTES + WRITE_ALIGN */
    uint64_t off;  /* of the collected bytes on the target */
    size_t lead;   /* where they start in buf: off % WRITE_ALIGN */
    size_t len;
};

static int burst_flush(struct burst *b, struct wtg_err *err)
{
    int r = b->len ? run_put(b->run, b->off, b->buf + b->lead, b->len, err) : 0;

    b->off += b->len;
    b->lead = b->off % WRITE_ALIGN;
    b->len = 0;
    return r;
}

/* Room for at most `want` bytes at `off`; says how much there is. */
static int burst_room(struct burst *b, uint64_t off, uint64_t want, uint8_t **ret, size_t *ret_n,
                      struct wtg_err *err)
{
    size_t cap = WRITE_BURST_BYTES - b->lead;
    int r = 0;

    if (off != b->off + b->len || b->len == cap) {
        r = burst_flush(b, err);
        b->off = off;
        b->lead = off % WRITE_ALIGN;
        cap = WRITE_BURST_BYTES - b->lead;
    }
    *ret = b->buf + b->lead + b->len;
    *ret_n = (size_t)min_u64(want, cap - b->len);
    return r;
}

static int produce(const struct tree_region *g, uint64_t at, uint8_t *p, size_t n,
                   struct wtg_err *err)
{
    switch (g->kind) {
    case REGION_BYTES:
        memcpy(p, g->bytes + at, n);
        return 0;
    case REGION_FILL:
        memset(p, g->fill, n);
        return 0;
    case REGION_MAKE:
        return g->make(g->ctx, at, p, n, err);
    case REGION_BLOB: /* run.c has turned those of later passes into bytes */
    case REGION_KEEP:
        break;
    }
    return wtg_fail(err, WTG_E_BUG, "a region of content among metadata");
}

static int burst_region(struct burst *b, const struct tree_region *g, struct wtg_err *err)
{
    for (uint64_t at = 0; at < g->length;) {
        uint8_t *p;
        size_t n;
        int r = burst_room(b, g->offset + at, g->length - at, &p, &n, err);
        /* `make` is called in multiples of WRITE_ALIGN except at the end of its region. */
        if (r == 0 && g->kind == REGION_MAKE && n < g->length - at) {
            n -= n % WRITE_ALIGN;
            if (n == 0) {
                r = burst_flush(b, err);
                if (r < 0)
                    return r;
                continue;
            }
        }
        if (r == 0)
            r = produce(g, at, p, n, err);
        if (r < 0)
            return r;
        b->len += n;
        at += n;
        r = run_tick(b->run, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int burst_run(struct run *r, enum tree_region_pass pass, struct wtg_err *err)
{
    struct burst b = { .run = r };
    int e = 0;
    AUTO_FREE uint8_t *buf = aligned_alloc(WRITE_ALIGN, WRITE_BURST_BYTES + WRITE_ALIGN);

    if (!buf)
        return wtg_fail_nomem(err);
    b.buf = buf;
    for (size_t i = 0; i < r->nother && e == 0; i++)
        if (r->other[i].pass == pass)
            e = burst_region(&b, &r->other[i], err);
    if (e == 0)
        e = burst_flush(&b, err);
    return e;
}
