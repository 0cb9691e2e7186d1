/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BENCH_REPAIR_H
#define BENCH_REPAIR_H

/* Repairing a stick in memory, and taking that back, for bench-diagnose. */

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "recipe/repair.h"
#include "recipe/undo.h"
#include "stick.h"

struct bench_repair {
    unsigned repairs;
    bool exact;      /* after bench_undo: every byte is as before */
    char why[1024];  /* what was done, or why nothing */
    char undo[4096]; /* path */
    uint64_t before; /* hash of the whole disk */
};

static inline uint64_t bench_hash(struct stick *s)
{
    return hash_quick(stick_bytes(s), s->disk->size);
}

static inline struct repair_on bench_on(struct stick *s)
{
    struct repair_on on = { .disk = stick_blk(s), .state_dir = s->from->dir, .time = 1700000000 };
    snprintf(on.id.path, sizeof on.id.path, "stick");
    on.id.bus = DISK_BUS_FILE;
    on.id.size_bytes = on.disk->size;
    on.id.sector_bytes = 512;
    on.id.exists = true;
    return on;
}

/* `cause`: what diagnosis named, or NULL for what is mended without being asked for. */
static inline void bench_repair(struct stick *s, const char *cause, struct bench_repair *ret)
{
    struct wtg_err err = { 0 };
    struct repair *r = NULL;
    struct wtg_repair_report report = { 0 };
    const struct repair_on on = bench_on(s);
    const struct wtg_repair_opts o = {
        .target = "stick", .only = &cause, .nonly = cause ? 1 : 0, .image = s->from->path
    };

    *ret = (struct bench_repair){ .before = bench_hash(s) };
    if (repair_new(&o, &on, NULL, &r, &err) < 0) {
        snprintf(ret->why, sizeof ret->why, "no plan: %s", err.text);
        return;
    }
    const struct wtg_repair_info *info = repair_info(r);
    for (size_t i = 0; i < info->nitems; i++) {
        size_t at = strlen(ret->why);
        snprintf(
            ret->why + at, sizeof ret->why - at, "%s%s: %s", at ? "; " : "", info->item[i].slug,
            info->item[i].state == WTG_REPAIR_CANNOT ? info->item[i].why_not : info->item[i].why);
    }
    if (info->nwill > 0 && repair_run(r, NULL, &report, &err) < 0) {
        snprintf(ret->why, sizeof ret->why, "failed: %s", err.text);
    } else if (info->nwill > 0) {
        ret->repairs = (unsigned)info->nwill;
        snprintf(ret->undo, sizeof ret->undo, "%s", report.undo_file);
    }
    repair_free(r);
}

static inline void bench_undo(struct stick *s, struct bench_repair *b)
{
    struct wtg_err err = { 0 };
    struct taking_back *t = NULL;
    const struct repair_on on = bench_on(s);
    const struct wtg_undo_opts o = { .target = "stick" };

    if (b->repairs == 0)
        return;
    int r = taking_back_new(&o, &on, NULL, &t, &err);
    if (r == 0)
        r = taking_back_run(t, NULL, &err);
    taking_back_free(t);
    if (r < 0)
        snprintf(b->why, sizeof b->why, "undo: %s", err.text);
    b->exact = r == 0 && bench_hash(s) == b->before;
    if (b->undo[0])
        remove(b->undo);
}

#endif
