/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/create-priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/utf16.h"

/* What all targets of one run get: the image, its tree with the edits, and which files are compact.
 */

enum {
    UNATTEND_MAX_BYTES = 4 << 20, /* answer files are a few KiB; Windows' own limit is not known */
    ENCRYPTED_NAMED = 3,          /* files that the refusal names; it counts the rest */
};

/* Where no image says when it was made: 2020-01-01, so that the same seed gives the same bytes. */
#define SOME_TIME UINT64_C(132223104000000000)

/* The image. */

static int open_image(struct create_source *s, struct wtg_err *err)
{
    uint32_t index = 0;
    size_t n = 0;
    int r = image_open(s->opts.image, s->opts.inside, &s->image, err);

    if (r == 0)
        r = recipe_facts_init(&s->view, s->opts.image, s->image, err);
    if (r == 0)
        r = image_select(s->image, s->opts.index, s->opts.edition, &index, err);
    if (r < 0)
        return r;
    s->facts = image_facts(s->image);
    s->info = &image_infos(s->image, &n)[index - 1];
    r = image_load_tree(s->image, index, &s->tree, err);
    if (r < 0)
        return wtg_because(err, "reading image %u of '%s'", index, s->opts.image);
    s->time = s->info->modified  ? s->info->modified
              : s->info->created ? s->info->created
                                 : SOME_TIME;
    return 0;
}

static bool is_encrypted(const struct tree_node *n)
{
    return n->link &&
           (n->efs || ((n->attributes & ATTR_ENCRYPTED) && !(n->attributes & ATTR_DIRECTORY)));
}

/* EFS files can be read by nobody but their owner's keys: refuse, or leave them out by name. */
static int handle_encrypted(struct create_source *s, struct wtg_err *err)
{
    char path[512], names[700] = "";
    size_t count = 0;

    for (size_t i = 0; i < s->tree->nnodes; i++) {
        if (!is_encrypted(s->tree->node[i]))
            continue;
        tree_path(s->tree->node[i]->link, path, sizeof path);
        size_t used = strlen(names);
        if (count++ < ENCRYPTED_NAMED)
            snprintf(names + used, sizeof names - used, "%s'%s'", used ? ", " : "", path);
        if (s->opts.skip_encrypted &&
            tree_edits_add(&s->edits, TREE_EDIT_DELETE, path, NULL,
                           "it is encrypted by EFS and cannot be written by wtg", NULL, err) < 0)
            return err->code;
    }
    if (count == 0 || s->opts.skip_encrypted)
        return 0;
    wtg_fail(err, WTG_E_IMAGE_ENCRYPTED, "the image holds %zu file%s encrypted by EFS: %s%s", count,
             count == 1 ? "" : "s", names, count > ENCRYPTED_NAMED ? ", ..." : "");
    return wtg_hint(err,
                    "'--skip-encrypted' leaves them out; on Windows, 'cipher /d' decrypts them");
}

/* Edits. */

static int find_settings(const struct create_source *s, uint64_t *ret, struct wtg_err *err)
{
    uint64_t mask = 0;

    for (size_t i = 0; i < s->opts.nwithout; i++) {
        int at = windows_setting_find(s->opts.without[i]);
        if (at >= 0) {
            mask |= UINT64_C(1) << at;
            continue;
        }
        char all[256] = "";
        for (size_t k = 0; k < windows_nsettings; k++) {
            size_t used = strlen(all);
            snprintf(all + used, sizeof all - used, "%s%s", k ? ", " : "",
                     windows_settings[k].slug);
        }
        wtg_fail(err, WTG_E_USAGE, "there is no setting '%s' to leave out", s->opts.without[i]);
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
        r = wtg_fail(err, WTG_E_UNSUPPORTED, "'%s' has %llu bytes, more than the limit of %zu",
                     path, (unsigned long long)b->size, limit);
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

static int make_edits(struct create_source *s, struct wtg_err *err)
{
    struct windows_opts o = { 0 };
    const struct boot_arch *arch = NULL;
    AUTO_FREE uint8_t *unattend = NULL;
    size_t n = 0;
    int r = find_settings(s, &o.without, err);

    if (r == 0)
        r = handle_encrypted(s, err);
    if (r == 0 && !s->opts.no_boot) {
        r = boot_is_windows(s->tree, &arch, err);
        if (r == 0 && s->opts.unattend)
            r = read_host_file(s->opts.unattend, UNATTEND_MAX_BYTES, &unattend, &n, err);
        if (r == 0) {
            o.architecture = arch->name;
            o.unattend = (struct wtg_span){ unattend, n };
            o.unattend_name = s->opts.unattend;
            r = windows_edits(s->tree, &o, &s->edits, &s->changes, err);
        }
    }
    return r < 0 ? r : tree_edits_apply(s->tree, &s->edits, s->time, err);
}

/* After the edits, whose files stay plain. */
static int make_compact(struct create_source *s, struct wtg_job *job, struct wtg_err *err)
{
    const struct compact_opts o = {
        .how = s->opts.compact   ? s->opts.compact
               : s->opts.no_boot ? "off"
                                 : "auto",
        .build = s->info->build,
        .boots = !s->opts.no_boot,
        .estimate = s->opts.look_only,
        .memory_bytes = recipe_memory(s->opts.memory_bytes),
        .threads = s->opts.decoders,
        .job = job,
    };
    return compact_tree(s->tree, &o, &s->compact, err);
}

static int load_all(struct create_source *s, struct wtg_job *job, struct wtg_err *err)
{
    const struct wtg_progress reading = { "read-image", "bytes", 0, 0 };
    int r = prove_image(s->opts.image, s->opts.sha256, job, &s->proof, err);

    if (r == 0)
        r = wtg_tick(job, &reading, err);
    if (r == 0)
        r = open_image(s, err);
    if (r == 0)
        r = make_edits(s, err);
    return r < 0 ? r : make_compact(s, job, err);
}

int create_source_new(const struct wtg_create_opts *opts, struct wtg_job *job,
                      struct create_source **ret, struct wtg_err *err)
{
    struct create_source *s = mem_zeroed(1, sizeof *s, err);
    if (!s)
        return err->code;
    s->users = 1;
    s->opts = *opts;
    int r = load_all(s, job, err);
    if (r < 0) {
        create_source_unref(s);
        return r;
    }
    *ret = s;
    return 0;
}

void create_source_unref(struct create_source *s)
{
    if (!s || --s->users > 0)
        return;
    tree_free(s->tree);
    compact_release(&s->compact);
    tree_edits_release(&s->edits);
    windows_changes_release(&s->changes);
    recipe_facts_release(&s->view);
    image_free(s->image);
    free(s);
}
