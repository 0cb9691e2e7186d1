/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "write/room.h"

#include <string.h>

int run_tick(struct run *r, struct wtg_err *err)
{
    const struct wtg_progress p = {
        .step = r->step, .unit = "bytes", .done = r->result->bytes, .total = r->total
    };
    return wtg_tick(r->job, &p, err);
}

static int by_offset(const void *a, const void *b)
{
    const struct tree_region *x = a, *y = b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static bool is_content(const struct tree_region *g)
{
    return (g->kind == REGION_BLOB || g->kind == REGION_KEEP) && g->length > 0 && g->blob &&
           g->blob->size_bytes > 0;
}

/* Content of a later pass waits in memory: its blob comes now, it is written then. */
static int add_late(struct run *r, struct tree_region *g, struct wtg_err *err)
{
    uint8_t *bytes = arena_alloc(&r->late, g->length, err);
    if (!bytes)
        return err->code;
    struct tree_region later = *g;
    later.kind = REGION_BYTES;
    later.bytes = bytes;
    r->other[r->nother++] = later;
    g->kind = REGION_KEEP;
    g->keep = bytes;
    return 0;
}

/* Sorts the regions into content and the rest. */
static int split_regions(struct run *r, const struct tree_regions *regions, struct wtg_err *err)
{
    r->sorted = mem_zeroed(regions->n, sizeof *r->sorted, err);
    r->other = r->sorted ? mem_zeroed(regions->n, sizeof *r->other, err) : NULL;
    if (!r->other)
        return err->code;
    for (size_t i = 0; i < regions->n; i++) {
        struct tree_region g = regions->region[i];
        if (g.kind != REGION_KEEP)
            r->total += g.length;
        if (!is_content(&g)) {
            if (g.kind == REGION_BLOB) { /* an empty blob: nothing but its padding */
                g.kind = REGION_FILL;
                g.fill = 0;
            }
            if (g.kind != REGION_KEEP)
                r->other[r->nother++] = g;
            continue;
        }
        if (g.kind == REGION_BLOB && g.pass != PASS_DATA && add_late(r, &g, err) < 0)
            return err->code;
        r->sorted[r->nsorted++] = g;
    }
    qsort(r->other, r->nother, sizeof *r->other, by_offset);
    return 0;
}

static const enum tree_region_pass later_passes[] = { PASS_METADATA, PASS_BOOT, PASS_TABLE };

static int flush(struct run *r, struct wtg_err *err)
{
    r->step = "flush";
    int e = sink_flush(r->sink, err);
    if (e == 0)
        e = run_tick(r, err);
    return e < 0 ? e : blk_flush(r->target, err);
}

static int run_all(struct run *r, struct wtg_err *err)
{
    r->step = "wipe";
    int e = r->opts->progress.done ? 0 : burst_run(r, PASS_WIPE, err);
    if (e == 0)
        e = flush(r, err);
    r->proof = r->opts->proof;
    write_proof_since(r->proof, 0, &r->marked_extents); /* an earlier run's are told already */
    r->step = "write-data";
    if (e == 0)
        e = content_run(r, err);
    if (e == 0)
        e = burst_run(r, PASS_DATA, err);
    if (e == 0)
        e = flush(r, err);
    for (size_t i = 0; i < ARRAY_LEN(later_passes) && e == 0; i++) {
        r->step = "write-metadata";
        e = burst_run(r, later_passes[i], err);
        if (e == 0)
            e = flush(r, err);
    }
    return e;
}

int write_regions(struct blk *target, const struct tree_regions *regions,
                  const struct write_opts *opts, struct wtg_job *job, struct write_result *ret,
                  struct wtg_err *err)
{
    struct run r = { .target = target, .opts = opts, .job = job, .result = ret };

    *ret = (struct write_result){ 0 };
    int e = split_regions(&r, regions, err);
    for (size_t i = 0; e == 0 && i < r.nother; i++)
        if (r.other[i].pass == PASS_WIPE)
            e = write_proof_wipe(opts->proof, &r.other[i], err);
    if (e == 0)
        e = sink_new(&r, &r.sink, err);
    if (e == 0)
        e = run_all(&r, err);
    write_group_leave(opts->group, opts->member);
    sink_free(r.sink);
    free(r.sorted);
    free(r.other);
    free(r.want);
    arena_release(&r.late);
    return e;
}
