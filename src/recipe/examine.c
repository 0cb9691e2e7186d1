/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/examine-priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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

int exam_open(struct exam *x, struct wtg_err *err)
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

void exam_release(struct exam *x)
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

/* Some other program fills this volume, or reads it: only its room can be judged. */
static bool is_folder(const struct examine_opts *o)
{
    struct stat st;

    return !o->blk && o->target && stat(o->target, &st) == 0 && S_ISDIR(st.st_mode);
}

typedef int exam_part_run(struct exam *, struct wtg_err *);

int examine(const struct examine_opts *opts, struct diagnose_case *c, struct wtg_job *job,
            struct wtg_err *err)
{
    static exam_part_run *const of_disk[] = {
        exam_medium,     exam_table, exam_volumes, exam_image, exam_windows, exam_space,
        exam_acl,        exam_esp,   exam_sign,    exam_bcd,   exam_hives,   exam_files,
        exam_host_space, exam_host,  exam_logs,    exam_reads,
    };
    static exam_part_run *const of_folder[] = { exam_image, exam_folder, exam_host_space,
                                                exam_host };
    struct exam x = {
        .o = opts, .c = c, .job = job, .name = opts->target ? opts->target : "the disk"
    };
    bool folder = is_folder(opts);
    exam_part_run *const *part = folder ? of_folder : of_disk;
    size_t n = folder ? ARRAY_LEN(of_folder) : ARRAY_LEN(of_disk);
    int r = folder ? 0 : exam_open(&x, err);

    for (size_t i = 0; r == 0 && i < n; i++) {
        const struct wtg_progress p = { "examine", "files", i, n };
        r = wtg_tick(job, &p, err);
        if (r == 0)
            r = part[i](&x, err);
    }
    exam_release(&x);
    return r;
}
