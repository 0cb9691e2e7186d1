/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "write/room.h"

#include <string.h>

/* Metadata and all else that comes from no source, by rising offset.  While one stage is written
 * the next is made. */

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

/* The next stretch of a region; `*ret_n` is how much that was. */
static int burst_some(struct run *r, const struct tree_region *g, uint64_t at, size_t *ret_n,
                      struct wtg_err *err)
{
    uint8_t *p;
    size_t n;
    int e = sink_room(r->sink, g->offset + at, g->length - at, &p, &n, err);

    if (e < 0)
        return e;
    /* `make` is called in multiples of WRITE_ALIGN except at the end of its region. */
    if (g->kind == REGION_MAKE && n < g->length - at)
        n -= n % WRITE_ALIGN;
    *ret_n = n;
    if (n == 0)
        return sink_push(r->sink, err);
    e = produce(g, at, p, n, err);
    if (e < 0)
        return e;
    sink_filled(r->sink, n);
    return run_tick(r, err);
}

int burst_run(struct run *r, enum tree_region_pass pass, struct wtg_err *err)
{
    int e = 0;

    for (size_t i = 0; i < r->nother; i++)
        for (uint64_t at = 0; r->other[i].pass == pass && at < r->other[i].length;) {
            size_t n = 0;
            e = burst_some(r, &r->other[i], at, &n, err);
            if (e < 0)
                return e;
            at += n;
        }
    return e;
}
