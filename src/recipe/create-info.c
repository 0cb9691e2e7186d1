/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/create-priv.h"

#include <inttypes.h>
#include <string.h>

#include "recipe/target-words.h"

/* The plan in the public words of wtg/create.h. */

static void *array(struct create *c, size_t n, size_t bytes, struct wtg_err *err)
{
    return arena_alloc(&c->words, n * bytes + 1, err);
}

/* What a target takes, where nobody has measured it. */
static const struct {
    enum disk_bus bus;
    uint32_t least_mbps; /* of a USB link */
    uint64_t rate;       /* bytes per second */
    const char *source;
} rates[] = {
    { DISK_BUS_FILE, 0, 400000000, N_("assumed for an image file") },
    { DISK_BUS_USB, 5000, 120000000, N_("assumed for USB 3") },
    { DISK_BUS_USB, 0, 30000000, N_("assumed for USB 2") },
    { DISK_BUS_SD, 0, 40000000, N_("assumed for an SD card") },
    { DISK_BUS_EMMC, 0, 100000000, N_("assumed for eMMC") },
    { DISK_BUS_NVME, 0, 1000000000, N_("assumed for NVMe") },
    { DISK_BUS_OTHER, 0, 150000000, N_("assumed for a disk") },
};

uint64_t create_assumed_rate(const struct disk_identity *id, const char **ret_source)
{
    size_t k = 0;

    while (k + 1 < ARRAY_LEN(rates) &&
           !(rates[k].bus == id->bus && id->usb_mbps >= rates[k].least_mbps))
        k++;
    *ret_source = rates[k].source;
    return rates[k].rate;
}

static void describe_rate(struct create *c)
{
    struct wtg_plan_info *i = &c->plan_info;

    i->rate = create_assumed_rate(&c->id, &i->rate_source);
    i->seconds = div_up(i->write_bytes, i->rate);
}

static const char *guid_words(struct create *c, const struct guid *g, struct wtg_err *err)
{
    char text[GUID_TEXT_BYTES];
    guid_text(g, text);
    return recipe_text(&c->words, err, "%s", text);
}

static int describe_parts(struct create *c, struct wtg_err *err)
{
    static const char *const file_system[] = {
        [DISK_ROLE_ESP] = "FAT32", [DISK_ROLE_MSR] = "", [DISK_ROLE_WINDOWS] = "NTFS"
    };
    struct wtg_plan_part *out = array(c, c->layout.nparts, sizeof *out, err);
    if (!out)
        return err->code;
    for (size_t i = 0; i < c->layout.nparts; i++) {
        const struct disk_part *p = &c->layout.part[i];
        out[i] = (struct wtg_plan_part){ .name = p->name,
                                         .file_system = file_system[p->role],
                                         .guid = guid_words(c, &p->id, err),
                                         .offset_bytes = p->offset_bytes,
                                         .size_bytes = p->size_bytes };
        if (!out[i].guid)
            return err->code;
    }
    c->plan_info.part = out;
    c->plan_info.nparts = c->layout.nparts;
    c->plan_info.disk_guid = guid_words(c, &c->layout.id, err);
    return c->plan_info.disk_guid ? 0 : err->code;
}

/* The setting that a deleted file belongs to; "" when a person cannot leave the edit out. */
static const char *slug_of(const struct tree_edit *e)
{
    for (size_t i = 0; i < windows_nsettings; i++)
        if (windows_settings[i].remove && strcmp(windows_settings[i].remove, e->path) == 0)
            return windows_settings[i].slug;
    return "";
}

static const char *edit_text(struct create *c, const struct tree_edit *e, struct wtg_err *err)
{
    uint64_t n = e->content ? e->content->size_bytes : 0;

    if (e->op == TREE_EDIT_DELETE)
        return "removed";
    return recipe_text(&c->words, err, "%s, %" PRIu64 " bytes",
                       e->op == TREE_EDIT_ADD ? "added" : "replaced", n);
}

static int describe_changes(struct create *c, struct wtg_err *err)
{
    size_t n = 0;
    struct wtg_plan_change *out = array(c, c->from->changes.n + c->from->edits.n, sizeof *out, err);
    if (!out)
        return err->code;
    for (size_t i = 0; i < c->from->changes.n; i++) {
        const struct windows_change *w = &c->from->changes.change[i];
        out[n++] = (struct wtg_plan_change){
            .slug = w->setting->slug,
            .where = recipe_text(&c->words, err, "%s\\%s\\%s", w->hive, w->key, w->name),
            .what = recipe_text(&c->words, err, "%s -> %s", w->old_text, w->new_text),
            .why = w->setting->why,
        };
    }
    for (size_t i = 0; i < c->from->edits.n; i++) {
        const struct tree_edit *e = &c->from->edits.edit[i];
        out[n++] = (struct wtg_plan_change){ .slug = slug_of(e),
                                             .where = e->path,
                                             .what = edit_text(c, e, err),
                                             .why = e->why };
    }
    for (size_t i = 0; i < n; i++)
        if (!out[i].where || !out[i].what)
            return err->code;
    c->plan_info.change = out;
    c->plan_info.nchanges = n;
    return 0;
}

/* What a person should know before saying yes. */

enum { NOTES_MAX = 8, ROOM_TO_RUN_GB = 8, FIRST_MANY_PARTITIONS_BUILD = 15063 };

static int add_note(struct create *c, const char **note, const char *text, struct wtg_err *err)
{
    if (!text)
        return err->code;
    if (c->plan_info.nnotes < NOTES_MAX)
        note[c->plan_info.nnotes++] = text;
    return 0;
}

/* What compressing anew does, or would do where nobody asked for it and all is plain. */
static int note_compact(struct create *c, const char **note, struct wtg_err *err)
{
    const struct compact *k = &c->from->compact;
    uint64_t plain = k->other_bytes + k->uncompressed_bytes;
    char size[DISK_SIZE_TEXT_BYTES];

    if (k->estimated)
        return add_note(c, note,
                        N_("the sizes are guessed: files are compressed anew before the plan is shown "
                           "that is to be carried out, and then their sizes are known"),
                        err);
    if (c->opts.compact || k->form || !plain)
        return 0;
    const char *text = recipe_text(&c->words, err,
                                   "files are plain, as the image has them in no form that Windows "
                                   "reads from a volume; '--compact lzx' compresses them anew, and "
                                   "saves about %s of writing and of space",
                                   disk_size_text(recompress_saves(ntfs_wof_form_named("lzx"), plain),
                                                  size));
    return add_note(c, note, text, err);
}

static int describe_notes(struct create *c, struct wtg_err *err)
{
    const struct ntfs_build_info *n = ntfs_build_info(c->ntfs);
    const char **note = array(c, NOTES_MAX, sizeof *note, err);
    char size[DISK_SIZE_TEXT_BYTES];
    int r = note ? 0 : err->code;

    c->plan_info.note = note;
    if (r == 0 && c->plan_info.boots && c->plan_info.free_bytes < ROOM_TO_RUN_GB * UINT64_C(1000000000))
        r = add_note(c, note,
                     recipe_text(&c->words, err,
                                 "only %s stay free: Windows will start, but has little room for "
                                 "updates and a page file", disk_size_text(c->plan_info.free_bytes, size)),
                     err);
    if (r == 0 && c->plan_info.boots && c->id.removable && c->from->info->build &&
        c->from->info->build < FIRST_MANY_PARTITIONS_BUILD)
        r = add_note(c, note,
                     "this stick calls itself removable, and Windows before 10 1703 then sees only "
                     "its first partition: it may not start", err);
    if (r == 0 && c->from->facts.several_inside && !c->opts.inside)
        r = add_note(c, note,
                     recipe_text(&c->words, err, "this disc holds Windows for more than one "
                                 "architecture; '%s' was taken, --inside takes another",
                                 c->from->facts.inside), err);
    if (r == 0 && n->short_names_dropped)
        r = add_note(c, note,
                     recipe_text(&c->words, err, "%" PRIu64 " second short names (8.3) of files "
                                 "cannot be kept: NTFS allows one each", n->short_names_dropped), err);
    if (r == 0)
        r = note_compact(c, note, err);
    if (r == 0 && n->object_ids_dropped)
        r = add_note(c, note,
                     recipe_text(&c->words, err, "%" PRIu64 " object ids that several files share "
                                 "are kept once", n->object_ids_dropped), err);
    if (r == 0 && !c->opts.resume && c->resume.done && strcmp(c->wish, c->resume.wish) == 0)
        r = add_note(c, note,
                     recipe_text(&c->words, err, "an earlier run of this plan was interrupted after "
                                 "%s: --resume goes on there",
                                 disk_size_text(c->resume.bytes, size)), err);
    if (r == 0 && c->opts.look_only)
        r = add_note(c, note, N_("the target was only looked at, nothing was claimed or written"), err);
    return r;
}

static int describe_steps(struct create *c, struct wtg_err *err)
{
    create_choose_steps(c);
    size_t n = c->nsteps;
    const struct plan_step *s = c->step;
    struct wtg_plan_step *out = array(c, n, sizeof *out, err);
    if (!out)
        return err->code;
    for (size_t i = 0; i < n; i++)
        out[i] = (struct wtg_plan_step){ s[i].slug, plan_effect_name(s[i].effect), s[i].text };
    c->plan_info.step = out;
    c->plan_info.nsteps = n;
    return 0;
}

int create_describe(struct create *c, struct wtg_err *err)
{
    const struct ntfs_build_info *n = ntfs_build_info(c->ntfs);
    struct wtg_plan_info *i = &c->plan_info;

    i->image = &c->from->view.info;
    i->edition = &c->from->view.edition[c->from->info->index - 1];
    i->seed = c->seed_text;
    i->boots = !c->opts.no_boot;
    i->compact = c->from->compact.form ? c->from->compact.form->name : "";
    i->compact_files = c->from->compact.files;
    i->compact_saved_bytes = c->from->compact.saved_bytes;
    i->compact_made_bytes = c->from->compact.made_bytes;
    i->compact_estimated = c->from->compact.estimated;
    i->proved = c->from->proof.sha256;
    i->files = n->files;
    i->directories = n->directories;
    i->free_bytes = n->size_bytes - min_u64(n->size_bytes, n->used_bytes);
    for (size_t k = 0; k < c->regions.n; k++)
        if (c->regions.region[k].kind != REGION_KEEP)
            i->write_bytes += c->regions.region[k].length;
    i->done_bytes = c->opts.resume ? c->resume.bytes : 0;
    describe_rate(c);
    int r = recipe_target_words(&c->words, &c->id, &c->contents, &i->target, err);
    if (r == 0)
        r = describe_parts(c, err);
    if (r == 0)
        r = describe_changes(c, err);
    if (r == 0)
        r = describe_notes(c, err);
    return r < 0 ? r : describe_steps(c, err);
}
