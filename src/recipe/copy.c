/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/copy-priv.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "recipe/facts.h"
#include "recipe/target-words.h"

enum { NOTES_MAX = 4, FILE_SECTOR_BYTES = 512 };

/* The image and what lies beside it. */

static int find_bmap(struct copy *c, struct wtg_err *err)
{
    const struct raw_info *info = raw_info(c->raw);
    size_t n = strlen(c->opts.image), cut = strlen(info->suffix);

    int r = copy_beside(c->opts.image, 0, ".bmap", &c->bmap_path, err);
    if (r == 0 && !c->bmap_path && cut && n > cut &&
        strcasecmp(c->opts.image + n - cut, info->suffix) == 0)
        r = copy_beside(c->opts.image, cut, ".bmap", &c->bmap_path, err);
    if (r == 0 && c->bmap_path)
        r = bmap_load(c->bmap_path, &c->bmap, err);
    if (r < 0 || !c->bmap_path || !info->size_exact || info->size_bytes == c->bmap.image_bytes)
        return r;
    wtg_fail(err, WTG_E_IMAGE_DAMAGED,
             "the block map '%s' is of an image of %" PRIu64 " bytes, this one has %" PRIu64,
             c->bmap_path, c->bmap.image_bytes, info->size_bytes);
    return wtg_hint(err, "get both again; or move the block map away to write the whole image");
}

static int open_image(struct copy *c, const char **note, struct wtg_err *err)
{
    const char *image = c->opts.image;
    int r = raw_open(image, &c->raw, err);

    if (r == 0)
        r = find_bmap(c, err);
    if (r == 0)
        r = copy_find_sum(c, note, err);
    if (r < 0)
        return r;
    const struct raw_info *i = raw_info(c->raw);
    c->info.image = image;
    c->info.form = i->form;
    c->info.member = i->member;
    c->info.file_bytes = i->file_bytes;
    c->info.image_bytes = c->bmap_path ? c->bmap.image_bytes : i->size_known ? i->size_bytes : 0;
    c->info.write_bytes = c->bmap_path ? c->bmap.mapped_bytes : c->info.image_bytes;
    c->info.bmap = c->bmap_path ? c->bmap_path : "";
    c->info.sha256_from = !c->has_want ? "" : c->sums_path ? c->sums_path : "--sha256";
    c->info.verify = !c->opts.no_verify;
    c->source = (struct copy_source){ .raw = c->raw,
                                      .bmap = c->bmap_path ? &c->bmap : NULL,
                                      .want = c->has_want ? c->want : NULL,
                                      .want_from = c->info.sha256_from };
    return copy_source_init(&c->source, err);
}

/* The targets. */

/* An image file becomes as long as it is told to be, else stays as long as it is, else becomes as
 * long as the image, which need not be known. */
static void choose_size(struct copy *c, struct copy_target *t)
{
    struct stat st;
    bool exists = stat(t->path, &st) == 0;

    t->limit_bytes = c->opts.size_bytes                                ? c->opts.size_bytes
                     : exists && S_ISREG(st.st_mode) && st.st_size > 0 ? (uint64_t)st.st_size
                                                                       : 0;
    uint64_t size = t->limit_bytes ? t->limit_bytes : max_u64(c->info.image_bytes, 1);
    t->opts.size_bytes = round_up(size, FILE_SECTOR_BYTES);
}

static int check_size(const struct copy *c, const struct copy_target *t, struct wtg_err *err)
{
    char want[DISK_SIZE_TEXT_BYTES], have[DISK_SIZE_TEXT_BYTES];

    if (t->limit_bytes == 0 || c->info.image_bytes <= t->limit_bytes)
        return 0;
    wtg_fail(err, WTG_E_DISK_TOO_SMALL,
             "the image has %s (%" PRIu64 " bytes), '%s' only %s (%" PRIu64 " bytes)",
             disk_size_text(c->info.image_bytes, want), c->info.image_bytes, t->path,
             disk_size_text(t->limit_bytes, have), t->limit_bytes);
    return wtg_hint(err, t->id.bus == DISK_BUS_FILE ? "remove the file first, or give '--size'"
                                                    : "take a larger stick");
}

static int look_at_target(struct copy *c, struct copy_target *t, struct wtg_err *err)
{
    struct wtg_err ignored = { 0 }; /* what is there now is told when it can be read */

    choose_size(c, t);
    t->opts.allow_fixed = c->opts.allow_fixed;
    t->opts.source = c->sources;
    t->opts.nsources = 1 + (c->bmap_path != NULL);
    if (c->sums_path)
        t->opts.nsources = 3;
    int r = c->opts.look_only ? disk_target_look(NULL, t->path, &t->opts, &t->id, err)
                              : disk_target_claim(NULL, t->path, &t->opts, &t->target, err);
    if (r < 0)
        return r;
    if (!c->opts.look_only)
        t->id = t->target.id;
    if (t->id.bus != DISK_BUS_FILE)
        t->limit_bytes = t->id.size_bytes;
    if (t->id.exists &&
        disk_contents_probe(t->id.path, t->id.sector_bytes, &t->contents, &ignored) < 0)
        t->contents = (struct disk_contents){ 0 };
    return check_size(c, t, err);
}

static int look_at_targets(struct copy *c, struct wtg_job *job, struct wtg_err *err)
{
    const struct wtg_progress p = { "read-image", "bytes", 0, 0 };
    size_t n = c->opts.ntargets;

    c->target = mem_zeroed(n, sizeof c->target[0], err);
    c->result = c->target ? mem_zeroed(n, sizeof c->result[0], err) : NULL;
    if (!c->result)
        return err->code;
    for (size_t i = 0; i < n; i++)
        c->target[i] = (struct copy_target){ .path = c->opts.target[i], .target.fd = -1 };
    c->sources[0] = c->opts.image;
    c->sources[1] = c->bmap_path ? c->bmap_path : c->opts.image;
    c->sources[2] = c->sums_path;
    for (size_t i = 0; i < n; i++) {
        if (wtg_tick(job, &p, err) < 0 || look_at_target(c, &c->target[i], err) < 0)
            return err->code;
        for (size_t k = 0; k < i; k++)
            if (strcmp(c->target[k].id.path, c->target[i].id.path) == 0)
                return wtg_fail(err, WTG_E_USAGE, "'%s' is named twice", c->target[i].path);
    }
    return 0;
}

/* In plain data. */

static int describe(struct copy *c, const char *note, struct wtg_err *err)
{
    const struct raw_info *i = raw_info(c->raw);
    const char **notes = arena_alloc(&c->words, NOTES_MAX * sizeof *notes, err);
    struct wtg_plan_target *t = arena_alloc(&c->words, c->opts.ntargets * sizeof *t, err);
    char hex[2 * SHA256_BYTES + 1] = "";

    if (!notes || !t)
        return err->code;
    if (note)
        notes[c->info.nnotes++] = note;
    if (i->is_iso && !i->boots_disk)
        notes[c->info.nnotes++] =
            "this ISO is not hybrid: it has no partition table, and computers do "
            "not boot from a stick it is written to";
    if (c->opts.look_only)
        notes[c->info.nnotes++] = "the target was only looked at, nothing was claimed or written";
    if (c->has_want)
        hash_hex(c->want, sizeof c->want, hex);
    c->info.sha256 = recipe_text(&c->words, err, "%s", hex);
    for (size_t k = 0; k < c->opts.ntargets; k++) {
        struct copy_target *from = &c->target[k];
        if (recipe_target_words(&c->words, &from->id, &from->contents, &t[k], err) < 0)
            return err->code;
        if (from->limit_bytes == 0 && c->info.image_bytes == 0)
            t[k].text = recipe_text(&c->words, err, "image file, as long as the image will be (%s)",
                                    from->id.path);
        if (!t[k].text)
            return err->code;
    }
    c->info.note = notes;
    c->info.target = t;
    c->info.ntargets = c->opts.ntargets;
    return c->info.sha256 ? 0 : err->code;
}

static int plan_all(struct copy *c, struct wtg_job *job, struct wtg_err *err)
{
    const char *note = NULL;

    if (c->opts.ntargets == 0 || c->opts.ntargets > WTG_WRITE_MAX_TARGETS)
        return wtg_fail(err, WTG_E_USAGE, "%zu targets: 1 to %d can be written at once",
                        c->opts.ntargets, WTG_WRITE_MAX_TARGETS);
    int r = open_image(c, &note, err);
    if (r == 0)
        r = look_at_targets(c, job, err);
    return r < 0 ? r : describe(c, note, err);
}

int copy_new(const struct wtg_write_opts *opts, struct wtg_job *job, struct copy **ret,
             struct wtg_err *err)
{
    struct copy *c = mem_zeroed(1, sizeof *c, err);
    if (!c)
        return err->code;
    c->opts = *opts;
    int r = plan_all(c, job, err);
    if (r < 0) {
        copy_free(c);
        return r;
    }
    *ret = c;
    return 0;
}

const struct wtg_write_info *copy_info(const struct copy *c)
{
    return &c->info;
}

void copy_free(struct copy *c)
{
    if (!c)
        return;
    for (size_t i = 0; c->target && i < c->opts.ntargets; i++) {
        disk_target_discard(&c->target[i].target); /* a no-op after a run that went well */
        disk_contents_release(&c->target[i].contents);
    }
    copy_source_release(&c->source);
    raw_free(c->raw);
    bmap_release(&c->bmap);
    free(c->bmap_path);
    free(c->sums_path);
    free(c->target);
    free(c->result);
    arena_release(&c->words);
    free(c);
}
