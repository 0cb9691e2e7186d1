/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/examine-priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

int exam_fact(struct exam *x, const char *key, const char *value, const char *where,
              struct wtg_err *err, const char *fmt, ...)
{
    char text[768];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return diagnose_fact(x->c, key, value, where, err, "%s", text);
}

int exam_judge(struct exam *x, bool fine, const char *key, const char *bad, const char *where,
               struct wtg_err *err, const char *good_text, const char *bad_text)
{
    return exam_fact(x, key, fine ? "fine" : bad, where, err, "%s", fine ? good_text : bad_text);
}

int exam_slurp(const struct tree *t, const char *path, size_t limit, uint8_t **ret, size_t *ret_n,
               struct wtg_err *why)
{
    *why = (struct wtg_err){ 0 };
    if (!t || !tree_find(t, path))
        return 0;
    int r = tree_read_file(t, path, limit, ret, ret_n, why);
    return r < 0 ? exam_soft(r) : 1;
}

static int open_disk(struct exam *x, struct wtg_err *err)
{
    struct blk *below = x->o->blk;

    if (!below) {
        int r = blk_open(x->o->target, &x->opened, err);
        if (r < 0)
            return r;
        below = x->opened;
    }
    return exam_watch_new(below, below->sector_bytes, &x->disk, err);
}

static void release(struct exam *x)
{
    exam_image_release(x);
    tree_free(x->win_tree);
    tree_free(x->esp_tree);
    fat_free(x->fat);
    blk_free(x->win_whole);
    blk_free(x->win_blk);
    blk_free(x->esp_blk);
    free(x->part);
    disk_contents_release(&x->table);
    gpt_look_release(&x->gpt);
    blk_free(x->disk);
    blk_free(x->opened);
}

int examine(const struct examine_opts *opts, struct diagnose_case *c, struct wtg_job *job,
            struct wtg_err *err)
{
    static int (*const part[])(struct exam *, struct wtg_err *) = {
        exam_medium, exam_table, exam_volumes, exam_image, exam_windows, exam_esp,
        exam_sign,   exam_bcd,   exam_hives,   exam_files, exam_logs,    exam_reads,
    };
    struct exam x = {
        .o = opts, .c = c, .job = job, .name = opts->target ? opts->target : "the disk"
    };
    int r = open_disk(&x, err);

    for (size_t i = 0; r == 0 && i < ARRAY_LEN(part); i++) {
        const struct wtg_progress p = { "examine", "files", i, ARRAY_LEN(part) };
        r = wtg_tick(job, &p, err);
        if (r == 0)
            r = part[i](&x, err);
    }
    release(&x);
    return r;
}
