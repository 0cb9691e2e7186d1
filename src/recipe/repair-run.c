/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/repair-plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "blk/draft.h"
#include "ntfs/read.h"
#include "recipe/undo.h"

/* Running a plan of repairs: what the drafts hold goes onto the target, the old bytes first into
 * the undo file; then the target is looked at again. */

/* ---- witnesses -------------------------------------------------------------------------- */

enum { WITNESSES_MAX = 64, WITNESS_BYTES = 256 << 10 };

struct witnesses {
    struct undo_range range[WITNESSES_MAX];
    size_t n;
};

static void add_witness(struct witnesses *w, const struct blk *disk, uint64_t off, uint64_t bytes)
{
    if (w->n < WITNESSES_MAX && off < disk->size)
        w->range[w->n++] = (struct undo_range){ off, min_u64(bytes, disk->size - off) };
}

/* The first records and the log of an NTFS volume: whoever mounts it writes to both. */
static void witness_ntfs(struct witnesses *w, struct blk *disk, const struct disk_content_part *p)
{
    struct blk *vol = NULL;
    struct ntfs_volume *v = NULL;
    struct ntfs_file f = { 0 };
    struct wtg_err ignored = { 0 };

    if (blk_slice_new(disk, p->offset_bytes, p->size_bytes, &vol, &ignored) == 0 &&
        ntfs_volume_open(vol, &v, &ignored) == 0) {
        struct ntfs_extents runs = { 0 };
        const struct ntfs_attr *a = ntfs_file_load(v, NTFS_REC_LOGFILE, &f, &ignored) == 0
                                        ? ntfs_file_find(&f, NTFS_AT_DATA, "")
                                        : NULL;
        add_witness(w, disk, p->offset_bytes + v->geom.mft_lcn * v->geom.cluster_bytes,
                    WITNESS_BYTES);
        if (a && a->nonresident && ntfs_extents_add(&runs, a, v->geom.clusters, &ignored) == 0 &&
            runs.n && runs.item[0].lcn != NTFS_HOLE)
            add_witness(w, disk, p->offset_bytes + runs.item[0].lcn * v->geom.cluster_bytes,
                        min_u64(WITNESS_BYTES, runs.item[0].clusters * v->geom.cluster_bytes));
        ntfs_extents_release(&runs);
    }
    ntfs_file_release(&f);
    ntfs_volume_free(v);
    blk_free(vol);
}

static int find_witnesses(struct blk *disk, struct witnesses *w, struct wtg_err *err)
{
    struct disk_contents c = { 0 };
    struct wtg_err why = { 0 };
    uint64_t tail = min_u64(disk->size, 64 << 10);
    int r = disk_contents_read(disk, &c, &why);

    if (repair_soft(r) < 0) {
        *err = why;
        return r;
    }
    add_witness(w, disk, 0, 64 << 10);
    add_witness(w, disk, disk->size - tail, tail);
    for (size_t i = 0; i < c.nparts; i++)
        if (c.part[i].number) {
            add_witness(w, disk, c.part[i].offset_bytes, WITNESS_BYTES);
            witness_ntfs(w, disk, &c.part[i]);
        }
    disk_contents_release(&c);
    return 0;
}

/* ---- steps ------------------------------------------------------------------------------ */

static int same_target(void *ctx, struct wtg_err *err)
{
    struct repair *r = ctx;
    return r->opened ? disk_target_recheck(NULL, &r->target, &r->id, err) : 0;
}

static void name_repairs(const struct repair *r, char *buf, size_t cap)
{
    buf[0] = '\0';
    for (size_t i = 0; i < r->nitems; i++) {
        size_t n = strlen(buf);
        if (r->item[i].layer)
            snprintf(buf + n, cap - n, "%s%s", n ? " " : "", r->item[i].row->slug);
    }
}

/* The undo file comes between the target and the drafts. */
static int begin_keeping(void *ctx, struct wtg_job *job, struct wtg_err *err)
{
    struct repair *r = ctx;
    struct witnesses w = { .n = 0 };
    struct undo_id id;
    char what[UNDO_WHAT_BYTES];

    (void)job;
    name_repairs(r, what, sizeof what);
    undo_file_id(&r->id, r->time, what, &id);
    int code = undo_file_path(r->state_dir, &r->id, r->time, r->undo_path, err);
    if (code == 0)
        code = find_witnesses(r->on.disk, &w, err);
    if (code == 0)
        code = undo_begin(r->undo_path, &id, r->on.disk, w.range, w.n, &r->undo, err);
    if (code == 0)
        r->watch->below = r->undo;
    return code;
}

struct places {
    struct undo_range *range;
    size_t n, cap;
};

static int note_place(void *ctx, uint64_t off, const void *bytes, size_t n, struct wtg_err *err)
{
    struct places *p = ctx;

    (void)bytes;
    if (mem_grow(&p->range, &p->cap, p->n, sizeof p->range[0], err) < 0)
        return err->code;
    p->range[p->n++] = (struct undo_range){ off, n };
    return 0;
}

static int write_layers(void *ctx, struct wtg_job *job, struct wtg_err *err)
{
    struct repair *r = ctx;
    int code = 0;
    size_t done = 0;

    for (size_t i = 0; code == 0 && i < r->nitems; i++) {
        struct places p = { 0 };
        const struct wtg_progress tick = { "repair", N_("bytes"), done, r->info.bytes };
        if (!r->item[i].layer)
            continue;
        code = wtg_tick(job, &tick, err);
        if (code == 0)
            code = draft_changes(r->item[i].layer, note_place, &p, err);
        if (code == 0)
            code = undo_keep(r->undo, p.range, p.n, err);
        if (code == 0)
            code = draft_commit(r->item[i].layer, err);
        done += r->item[i].bytes;
        free(p.range);
        if (code < 0)
            return wtg_because(err, "repair '%s'", r->item[i].row->slug);
    }
    return code < 0 ? code : blk_flush(r->undo, err);
}

/* From the medium, not from a cache: nothing of what was mended is found again. */
static int look_again(void *ctx, struct wtg_job *job, struct wtg_err *err)
{
    struct repair *r = ctx;
    int code = 0;

    (void)job;
    blk_forget(r->on.disk);
    for (size_t i = 0; code == 0 && i < r->nitems; i++) {
        const struct repair_item *item = &r->item[i];
        struct repair_case c;
        enum repair_need need = REPAIR_FINE;
        if (!item->layer)
            continue;
        code = repair_case_init(r, item->row, r->on.disk, r->on.disk, &c, err);
        if (code < 0)
            break;
        code = item->row->check(&c, &need, err);
        if (code == 0 && need >= REPAIR_NEEDED)
            code = wtg_fail(err, WTG_E_VERIFY, "after repair '%s' the target says: %s",
                            item->row->slug, c.why);
        repair_stick_release(&c.stick);
    }
    return code;
}

static int end_keeping(void *ctx, struct wtg_job *job, struct wtg_err *err)
{
    struct repair *r = ctx;

    (void)job;
    return undo_end(r->undo, err);
}

static int reread(void *ctx, struct wtg_job *job, struct wtg_err *err)
{
    struct repair *r = ctx;

    (void)job;
    if (r->opened && disk_reread(&r->target, err) < 0) {
        snprintf(r->warning, sizeof r->warning, "%.190s", err->text);
        *err = (struct wtg_err){ 0 };
    }
    return 0;
}

static const struct plan_step steps[] = {
    { "keep", N_("begin to keep what is overwritten"), PLAN_READS, NULL, begin_keeping },
    { "repair", N_("write the repairs"), PLAN_DESTROYS, same_target, write_layers },
    { "look-again", N_("examine the target again"), PLAN_READS, NULL, look_again },
    { "kept", N_("end the undo file"), PLAN_READS, NULL, end_keeping },
    { "reread", N_("let the kernel see the partitions"), PLAN_READS, NULL, reread },
};

/* ---- all of it -------------------------------------------------------------------------- */

/* It did not come to its end: everything is made as it was.  `err` stays what went wrong first. */
static int take_back(struct repair *r, struct wtg_err *err)
{
    char path[UNDO_PATH_BYTES + sizeof UNDO_OPEN_SUFFIX];
    struct undo *u = NULL;
    struct wtg_err why = { 0 };
    size_t n = strlen(err->text);

    if (!r->undo)
        return err->code;
    r->watch->below = r->on.disk;
    blk_free(TAKE_PTR(r->undo));
    snprintf(path, sizeof path, "%s" UNDO_OPEN_SUFFIX, r->undo_path);
    if (access(path, F_OK) < 0)
        snprintf(path, sizeof path, "%s", r->undo_path);
    int code = undo_open(path, &u, &why);
    if (code == 0)
        code = undo_play(u, r->on.disk, NULL, &why);
    undo_close(u);
    if (code == 0)
        unlink(path);
    snprintf(err->text + n, sizeof err->text - n,
             code == 0 ? "; all was taken back, the target is as it was"
                       : "; and it could not be taken back now: %.200s",
             why.text);
    if (code < 0)
        wtg_hint(err, "'wtg undo' takes it back later, from '%s'", path);
    return err->code;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int repair_run(struct repair *r, struct wtg_job *job, struct wtg_repair_report *ret,
               struct wtg_err *err)
{
    char digest[DISK_DIGEST_BYTES], id[40];
    struct plan_journal *journal = NULL;
    struct wtg_err ignored = { 0 }; /* a stick can be mended on a computer that keeps no journal */
    double began = now();

    if (r->opts.look_only)
        return wtg_fail(err, WTG_E_BUG, "a plan that was only to be looked at is to be run");
    if (r->info.nwill == 0) {
        *ret = (struct wtg_repair_report){ .undo_file = "", .warning = "" };
        return 0;
    }
    snprintf(id, sizeof id, "repair-%.16s", disk_identity_digest(&r->id, digest));
    if (plan_journal_open(r->state_dir, id, &journal, &ignored) < 0)
        journal = NULL;
    const struct plan p = { .id = id, .step = steps, .nsteps = ARRAY_LEN(steps), .ctx = r };
    r->job = job;
    int code = plan_run(&p, journal, job, err);
    r->job = NULL;
    plan_journal_close(journal);
    if (code < 0)
        return take_back(r, err);
    *ret = (struct wtg_repair_report){
        .written_bytes = r->info.bytes,
        .kept_bytes = undo_kept_bytes(r->undo),
        .undo_file = r->undo_path,
        .repairs = r->info.nwill,
        .seconds = now() - began,
        .warning = r->warning,
    };
    return 0;
}
