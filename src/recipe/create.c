/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/create-priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/utf16.h"

enum {
    UNATTEND_MAX_BYTES = 4 << 20, /* answer files are a few KiB; Windows' own limit is not known */
    ENCRYPTED_NAMED = 3,          /* files that the refusal names; it counts the rest */
};

/* Where no image says when it was made: 2020-01-01, so that the same seed gives the same bytes. */
#define SOME_TIME UINT64_C(132223104000000000)

/* The image. */

static int open_image(struct create *c, struct wtg_err *err)
{
    uint32_t index = 0;
    size_t n = 0;
    int r = image_open(c->opts.image, c->opts.inside, &c->image, err);

    if (r == 0)
        r = recipe_facts_init(&c->view, c->opts.image, c->image, err);
    if (r == 0)
        r = image_select(c->image, c->opts.index, c->opts.edition, &index, err);
    if (r < 0)
        return r;
    c->facts = image_facts(c->image);
    c->info = &image_infos(c->image, &n)[index - 1];
    r = image_load_tree(c->image, index, &c->tree, err);
    if (r < 0)
        return wtg_because(err, "reading image %u of '%s'", index, c->opts.image);
    c->time = c->info->modified  ? c->info->modified
              : c->info->created ? c->info->created
                                 : SOME_TIME;
    return 0;
}

static bool is_encrypted(const struct tree_node *n)
{
    return n->link && (n->efs || ((n->attributes & ATTR_ENCRYPTED) &&
                                  !(n->attributes & ATTR_DIRECTORY)));
}

/* EFS files can be read by nobody but their owner's keys: refuse, or leave them out by name. */
static int handle_encrypted(struct create *c, struct wtg_err *err)
{
    char path[512], names[700] = "";
    size_t count = 0;

    for (size_t i = 0; i < c->tree->nnodes; i++) {
        if (!is_encrypted(c->tree->node[i]))
            continue;
        tree_path(c->tree->node[i]->link, path, sizeof path);
        size_t used = strlen(names);
        if (count++ < ENCRYPTED_NAMED)
            snprintf(names + used, sizeof names - used, "%s'%s'", used ? ", " : "", path);
        if (c->opts.skip_encrypted &&
            tree_edits_add(&c->edits, TREE_EDIT_DELETE, path, NULL,
                           "it is encrypted by EFS and cannot be written by wtg", NULL, err) < 0)
            return err->code;
    }
    if (count == 0 || c->opts.skip_encrypted)
        return 0;
    wtg_fail(err, WTG_E_IMAGE_ENCRYPTED, "the image holds %zu file%s encrypted by EFS: %s%s", count,
             count == 1 ? "" : "s", names, count > ENCRYPTED_NAMED ? ", ..." : "");
    return wtg_hint(err, "'--skip-encrypted' leaves them out; on Windows, 'cipher /d' decrypts them");
}

/* Edits. */

static int find_settings(const struct create *c, uint64_t *ret, struct wtg_err *err)
{
    uint64_t mask = 0;

    for (size_t i = 0; i < c->opts.nwithout; i++) {
        int at = windows_setting_find(c->opts.without[i]);
        if (at >= 0) {
            mask |= UINT64_C(1) << at;
            continue;
        }
        char all[256] = "";
        for (size_t k = 0; k < windows_nsettings; k++) {
            size_t used = strlen(all);
            snprintf(all + used, sizeof all - used, "%s%s", k ? ", " : "", windows_settings[k].slug);
        }
        wtg_fail(err, WTG_E_USAGE, "there is no setting '%s' to leave out", c->opts.without[i]);
        return wtg_hint(err, "the settings are: %s", all);
    }
    *ret = mask;
    return 0;
}

static int read_host_file(const char *path, size_t limit, uint8_t **ret, size_t *ret_n,
                          struct wtg_err *err)
{
    struct blk *b = NULL;
    int r = blk_open(path, &b, err);
    if (r < 0)
        return r;
    size_t n = (size_t)b->size;
    uint8_t *bytes = NULL;
    if (b->size > limit)
        r = wtg_fail(err, WTG_E_UNSUPPORTED, "'%s' has %llu bytes, more than the limit of %zu", path,
                     (unsigned long long)b->size, limit);
    else if (!(bytes = mem_zeroed(n + 1, 1, err)))
        r = err->code;
    else
        r = blk_read(b, 0, bytes, n, err);
    blk_free(b);
    if (r < 0) {
        free(bytes);
        return r;
    }
    *ret = bytes;
    *ret_n = n;
    return 0;
}

static int make_edits(struct create *c, struct wtg_err *err)
{
    struct windows_opts o = { 0 };
    const struct boot_arch *arch = NULL;
    AUTO_FREE uint8_t *unattend = NULL;
    size_t n = 0;
    int r = find_settings(c, &o.without, err);

    if (r == 0)
        r = handle_encrypted(c, err);
    if (r == 0 && !c->opts.no_boot) {
        r = boot_is_windows(c->tree, &arch, err);
        if (r == 0 && c->opts.unattend)
            r = read_host_file(c->opts.unattend, UNATTEND_MAX_BYTES, &unattend, &n, err);
        if (r == 0) {
            o.architecture = arch->name;
            o.unattend = (struct wtg_span){ unattend, n };
            o.unattend_name = c->opts.unattend;
            r = windows_edits(c->tree, &o, &c->edits, &c->changes, err);
        }
    }
    return r < 0 ? r : tree_edits_apply(c->tree, &c->edits, c->time, err);
}

/* The target. */

static int look_at_target(struct create *c, struct wtg_err *err)
{
    int r;

    c->target_opts = (struct disk_target_opts){
        .allow_fixed = c->opts.allow_fixed,
        .size_bytes = c->opts.size_bytes,
        .sector_bytes = c->opts.sector_bytes,
        .source = &c->opts.image,
        .nsources = 1,
    };
    r = disk_target_look(NULL, c->opts.target, &c->target_opts, &c->id, err);
    if (r < 0 || !c->id.exists)
        return r;
    struct wtg_err ignored = { 0 }; /* what is there now is told when it can be read */
    if (disk_contents_probe(c->id.path, c->id.sector_bytes, &c->contents, &ignored) < 0)
        c->contents = (struct disk_contents){ 0 };
    return 0;
}

/* Once it is known how much will be written. */
static int claim_target(struct create *c, struct wtg_err *err)
{
    for (size_t i = 0; i < c->regions.n; i++)
        if (c->regions.region[i].kind != REGION_KEEP)
            c->target_opts.need_bytes += c->regions.region[i].length;
    if (c->opts.look_only)
        return disk_target_look(NULL, c->opts.target, &c->target_opts, &c->id, err);
    return disk_target_claim(NULL, c->opts.target, &c->target_opts, &c->target, err);
}

/* All of it. */

static int choose_seed(struct create *c, struct wtg_err *err)
{
    if (c->opts.resume && !c->opts.seed) {
        snprintf(c->seed_text, sizeof c->seed_text, "%s", c->resume.seed);
    } else if (!c->opts.seed) {
        struct seed s = seed_random();
        struct guid g = seed_guid(&s, "seed");
        guid_text(&g, c->seed_text);
    } else if ((size_t)snprintf(c->seed_text, sizeof c->seed_text, "%s", c->opts.seed) >=
               sizeof c->seed_text) {
        return wtg_fail(err, WTG_E_USAGE, "the seed is longer than %zu characters",
                        sizeof c->seed_text - 1);
    }
    c->seed = seed_from_text(c->seed_text);
    return 0;
}

static int check_opts(const struct wtg_create_opts *o, struct wtg_err *err)
{
    if (o->index && o->edition)
        return wtg_fail(err, WTG_E_USAGE, "an index and an edition: one of them is enough");
    if (o->no_boot && (o->unattend || o->nwithout))
        return wtg_fail(err, WTG_E_USAGE,
                        "an image that is not made to boot gets no settings and no answer file");
    return 0;
}

/* After the edits, whose files stay plain. */
static int make_compact(struct create *c, struct wtg_err *err)
{
    const struct compact_opts o = {
        .how = c->opts.compact ? c->opts.compact : c->opts.no_boot ? "off" : "auto",
        .build = c->info->build,
        .boots = !c->opts.no_boot,
    };
    return compact_tree(c->tree, &o, &c->compact, err);
}

static int plan_all(struct create *c, struct wtg_err *err)
{
    const struct wtg_progress reading = { "read-image", "bytes", 0, 0 };
    int r = look_at_target(c, err);

    if (r == 0)
        create_look_back(c);
    if (r == 0)
        r = choose_seed(c, err);
    if (r == 0)
        r = prove_image(c->opts.image, c->opts.sha256, c->job, &c->proof, err);
    if (r == 0)
        r = wtg_tick(c->job, &reading, err);
    if (r == 0)
        r = open_image(c, err);
    if (r == 0)
        r = make_edits(c, err);
    if (r == 0)
        r = make_compact(c, err);
    if (r == 0)
        r = create_lay_out(c, err);
    if (r == 0)
        r = create_match_resume(c, err);
    if (r == 0)
        r = claim_target(c, err);
    return r < 0 ? r : create_describe(c, err);
}

int create_new(const struct wtg_create_opts *opts, struct wtg_job *job, struct create **ret,
               struct wtg_err *err)
{
    int r = check_opts(opts, err);
    if (r < 0)
        return r;
    struct create *c = mem_zeroed(1, sizeof *c, err);
    if (!c)
        return err->code;
    c->opts = *opts;
    c->job = job;
    c->target.fd = -1;
    c->resume.fd = -1;
    r = plan_all(c, err);
    if (r < 0) {
        create_free(c);
        return r;
    }
    c->job = NULL;
    *ret = c;
    return 0;
}

const struct wtg_plan_info *create_info(const struct create *c)
{
    return &c->plan_info;
}

void create_free(struct create *c)
{
    if (!c)
        return;
    disk_target_discard(&c->target); /* a no-op after a run that went well */
    write_proof_free(c->readback);
    resume_release(&c->resume);
    tree_regions_release(&c->regions);
    ntfs_build_free(c->ntfs);
    fat_build_free(c->fat);
    boot_esp_release(&c->esp);
    disk_table_free(c->table);
    disk_contents_release(&c->contents);
    free(c->bcd);
    tree_free(c->tree);
    compact_release(&c->compact);
    tree_edits_release(&c->edits);
    windows_changes_release(&c->changes);
    recipe_facts_release(&c->view);
    image_free(c->image);
    arena_release(&c->words);
    free(c);
}

const char *create_setting_slug(size_t i)
{
    return i < windows_nsettings ? windows_settings[i].slug : NULL;
}

const char *create_setting_why(size_t i)
{
    return i < windows_nsettings ? windows_settings[i].why : NULL;
}
