/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/structure.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "blk/blk.h"
#include "disk/contents.h"
#include "fat/fat-check.h"
#include "ntfs/check.h"

/* Where the check stands, and who listens. */
struct walk {
    const struct wtg_check_opts *opts;
    struct wtg_job *job;
    void (*each)(const struct wtg_problem *p, void *user);
    void *user;
    uint64_t errors, volumes;
    char where[96];
};

static void report(struct walk *w, const char *slug, const char *text, bool warning)
{
    const struct wtg_problem p = { w->where, slug, text, warning };

    w->errors += !warning;
    if (w->each)
        w->each(&p, w->user);
}

static void on_fat_problem(const char *text, void *user)
{
    report(user, "fat", text, false);
}

static int check_fat(struct walk *w, struct blk *vol, struct wtg_err *err)
{
    size_t problems = 0;
    w->volumes++;
    return fat_check(vol, on_fat_problem, w, &problems, err);
}

static int check_ntfs(struct walk *w, struct blk *vol, uint64_t start_lba, bool has_start,
                      struct wtg_err *err)
{
    const struct ntfs_check_opts o = { .strict = w->opts->strict,
                                       .no_content = w->opts->no_content,
                                       .has_start = has_start,
                                       .start_lba = start_lba };
    struct ntfs_check_result result = { 0 };
    int r = ntfs_check(vol, &o, w->job, &result, err);

    w->volumes++;
    for (size_t i = 0; r == 0 && i < result.nproblems; i++) {
        const struct ntfs_problem *p = &result.problem[i];
        char text[768], slug[64];
        snprintf(slug, sizeof slug, "ntfs-%s", p->id);
        size_t n = (size_t)snprintf(text, sizeof text, "%s", p->text);
        if (p->record != NTFS_NO_RECORD)
            n += (size_t)snprintf(text + n, sizeof text - n, ", record %" PRIu64, p->record);
        if (p->path[0] && n < sizeof text)
            n += (size_t)snprintf(text + n, sizeof text - n, " '%s'", p->path);
        if (p->detail[0] && n < sizeof text)
            snprintf(text + n, sizeof text - n, ": %s", p->detail);
        report(w, slug, text, p->severity == NTFS_WARNING);
    }
    if (r == 0 && result.errors > result.nproblems) {
        char text[96];
        snprintf(text, sizeof text, "%" PRIu64 " more errors", result.errors - result.nproblems);
        report(w, "ntfs-more", text, false);
    }
    ntfs_check_result_release(&result);
    return r;
}

/* FAT32, NTFS or neither, by what the boot sector says of itself. */
static int check_volume(struct walk *w, struct blk *vol, uint64_t start_lba, bool has_start,
                        struct wtg_err *err)
{
    uint8_t boot[512];
    int r = vol->size < sizeof boot ? 0 : blk_read(vol, 0, boot, sizeof boot, err);

    if (r < 0 || vol->size < sizeof boot)
        return r;
    if (memcmp(boot + 3, "NTFS    ", 8) == 0)
        return check_ntfs(w, vol, start_lba, has_start, err);
    if (memcmp(boot + 0x52, "FAT32   ", 8) == 0)
        return check_fat(w, vol, err);
    return 0;
}

static int check_part(struct walk *w, struct blk *disk, const struct disk_content_part *p,
                      struct wtg_err *err)
{
    struct blk *vol = NULL;
    int r = blk_slice_new(disk, p->offset_bytes, p->size_bytes, &vol, err);

    snprintf(w->where, sizeof w->where, "partition %u%s%.60s%s", p->number, p->name[0] ? " (" : "",
             p->name, p->name[0] ? ")" : "");
    if (r == 0)
        r = check_volume(w, vol, p->offset_bytes / disk->sector_bytes, true, err);
    blk_free(vol);
    return r < 0 ? wtg_because(err, "checking partition %u", p->number) : 0;
}

static int check_disk(struct walk *w, struct blk *disk, struct wtg_err *err)
{
    struct disk_contents contents = { 0 };
    int r = disk_contents_read(disk, &contents, err);

    snprintf(w->where, sizeof w->where, "partition table");
    if (r == 0 && contents.label == DISK_LABEL_NONE)
        report(w, "table-none", "there is no partition table that can be read", false);
    if (r == 0 && contents.damage[0])
        report(w, "table-damaged", contents.damage, false);
    for (size_t i = 0; i < contents.nparts && r == 0; i++)
        if (contents.part[i].number)
            r = check_part(w, disk, &contents.part[i], err);
    disk_contents_release(&contents);
    return r;
}

int recipe_check_blk(struct blk *disk, const struct wtg_check_opts *opts, struct wtg_job *job,
                     void (*each)(const struct wtg_problem *p, void *user), void *user,
                     uint64_t *ret_errors, struct wtg_err *err)
{
    struct walk w = { .opts = opts, .job = job, .each = each, .user = user };
    int r = check_disk(&w, disk, err);

    if (r == 0)
        *ret_errors = w.errors;
    return r;
}

int recipe_check_structure(const char *target, const struct wtg_check_opts *opts,
                           struct wtg_job *job,
                           void (*each)(const struct wtg_problem *p, void *user), void *user,
                           uint64_t *ret_errors, struct wtg_err *err)
{
    struct walk w = { .opts = opts, .job = job, .each = each, .user = user };
    struct blk *b = NULL;
    int r = blk_open(target, &b, err);

    if (r < 0)
        return r;
    snprintf(w.where, sizeof w.where, "volume");
    r = opts->volume ? check_volume(&w, b, 0, false, err) : check_disk(&w, b, err);
    blk_free(b);
    if (r == 0 && opts->volume && w.volumes == 0)
        return wtg_fail(err, WTG_E_VOLUME_FORMAT, "'%s' holds neither NTFS nor FAT32", target);
    if (r == 0)
        *ret_errors = w.errors;
    return r;
}
