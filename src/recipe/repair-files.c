/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/repair-volume.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "ntfs/look.h"
#include "recipe/examine.h"

/* Files of Windows' volume: those that the image has otherwise, and the one that keeps it asleep.
 */

/* ---- files ------------------------------------------------------------------------------ */

enum {
    PATH_BYTES = 4096,
    FILES_MAX = 200000
}; /* an image has 120,000; more than all is no repair */

static int add_path(struct repair_files *list, const char *path, struct wtg_err *err)
{
    if (list->n == FILES_MAX)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "more than %d files are damaged or missing",
                        FILES_MAX);
    if (mem_grow(&list->path, &list->cap, list->n, sizeof list->path[0], err) < 0)
        return err->code;
    const char *copy = arena_dup(&list->words, path, strlen(path) + 1, err);
    if (!copy)
        return err->code;
    list->path[list->n++] = copy;
    return 0;
}

static void take_difference(const struct examine_file *f, void *user)
{
    struct repair_files *list = user;

    if (!f->system || f->what == EXAMINE_CHANGED || list->err.code)
        return;
    list->missing += f->what == EXAMINE_MISSING;
    if (add_path(list, f->path, &list->err) < 0)
        return;
}

/* Of a folder that is missing only the folder is told. */
static int add_below(struct repair_case *c, struct wtg_err *err)
{
    struct repair_files *list = c->files;
    char path[PATH_BYTES];
    int r = 0;

    for (size_t i = 0; r == 0 && i < list->n; i++) {
        const struct tree_link *l = tree_find(c->image_tree, list->path[i]);
        if (!l || !(l->node->attributes & ATTR_DIRECTORY) || (l->node->attributes & ATTR_REPARSE))
            continue;
        for (uint32_t k = 0; r == 0 && k < l->node->nchildren; k++, list->missing++)
            r = add_path(list, tree_path(l->node->child[k], path, sizeof path), err);
    }
    return r;
}

/* All files are compared once; what is looked at later is what was found then. */
static int compare_all(struct repair_case *c, struct wtg_err *err)
{
    struct repair_files *list = c->files;
    struct diagnose_case *d = NULL;
    const struct examine_opts o = {
        .target = c->opts->target ? c->opts->target : "target",
        .blk = c->stick.disk,
        .image = c->opts->image,
        .inside = c->opts->inside,
        .index = c->opts->index,
        .edition = c->opts->edition,
        .compare_files = true,
        .no_logs = true,
        .differs = take_difference,
        .user = list,
    };
    int r = diagnose_case_new(&d, err);

    if (r == 0)
        r = examine(&o, d, c->job, err);
    diagnose_case_free(d);
    if (r == 0 && list->err.code) {
        *err = list->err;
        r = err->code;
    }
    if (r == 0)
        r = add_below(c, err);
    list->known = r == 0;
    return r;
}

/* Is the file now what the image has? */
static int is_restored(struct repair_case *c, const struct tree *windows, const char *path,
                       bool *ret, struct wtg_err *err)
{
    const struct tree_link *have = tree_find(windows, path), *want = tree_find(c->image_tree, path);
    const struct tree_blob *b = want ? tree_data(want->node) : NULL;
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    uint8_t sha1[SHA1_BYTES];
    struct wtg_err why = { 0 };

    *ret = have && want && tree_data_size(have->node) == tree_data_size(want->node);
    if (!*ret || !b || !b->has_sha1 || b->size_bytes > (1u << 30))
        return 0;
    int r = tree_blob_slurp(tree_data(have->node), 1u << 30, &bytes, &n, &why);
    if (r == 0)
        hash_sha1(bytes, n, sha1);
    *ret = r == 0 && memcmp(sha1, b->sha1, sizeof sha1) == 0;
    if (repair_soft(r) < 0)
        *err = why;
    return repair_soft(r);
}

static int count_left(struct repair_case *c, size_t *ret, struct wtg_err *err)
{
    struct tree *windows = NULL;
    int r = repair_windows_tree(&c->stick, c->job, &windows, err);

    *ret = 0;
    for (size_t i = 0; r == 0 && i < c->files->n; i++) {
        bool fine = false;
        if (windows)
            r = is_restored(c, windows, c->files->path[i], &fine, err);
        *ret += !fine;
    }
    return r;
}

int repair_check_files(struct repair_case *c, enum repair_need *ret, struct wtg_err *err)
{
    struct repair_files *list = c->files;
    struct tree *windows = NULL;
    size_t left = 0;

    *ret = REPAIR_FINE;
    if (!c->image_tree)
        return 0;
    int r = repair_windows_tree(&c->stick, c->job, &windows, err);
    if (r == 0 && windows && !list->known)
        r = compare_all(c, err);
    if (r < 0 || !windows)
        return r;
    r = count_left(c, &left, err);
    if (r == 0 && left)
        *ret = repair_says(c, REPAIR_NEEDED,
                           list->missing == list->n ? "system_file_missing" : "system_file_damaged",
                           "%zu file%s of Windows differ from what the image has, %zu missing; the "
                           "first: '%.120s'",
                           left, left == 1 ? "" : "s", list->missing, list->path[0]);
    return r;
}

static int restore_files(struct ntfs3g *v, void *ctx, struct wtg_err *err)
{
    struct repair_case *c = ctx;
    int r = 0;

    for (size_t i = 0; r == 0 && i < c->files->n; i++) {
        const struct tree_link *l = tree_find(c->image_tree, c->files->path[i]);
        const struct wtg_progress p = { "restore", N_("files"), i, c->files->n };
        r = wtg_tick(c->job, &p, err);
        if (r == 0 && l)
            r = ntfs3g_restore(v, l, err);
    }
    return r;
}

int repair_run_files(struct repair_case *c, struct wtg_err *err)
{
    return repair_volume_change(c, false, restore_files, c, err);
}

/* ---- hibernation ------------------------------------------------------------------------ */

#define HIBERFIL "\\hiberfil.sys"

int repair_check_hibernation(struct repair_case *c, enum repair_need *ret, struct wtg_err *err)
{
    struct tree *windows = NULL;
    uint8_t head[512] = { 0 };
    struct wtg_err ignored = { 0 };
    int r = repair_windows_tree(&c->stick, c->job, &windows, err);
    const struct tree_link *l = r == 0 && windows ? tree_find(windows, HIBERFIL) : NULL;
    const struct tree_blob *b = l ? tree_data(l->node) : NULL;

    *ret = REPAIR_FINE;
    if (!b)
        return r;
    size_t n = (size_t)min_u64(sizeof head, b->size_bytes);
    if (tree_blob_read(b, 0, head, n, &ignored) == 0 &&
        ntfs_look_hibernation((struct wtg_span){ head, n }) == NTFS_HIBERNATED)
        *ret = repair_says(c, REPAIR_NEEDED, "windows_fast_startup",
                           "Windows is hibernated in '" HIBERFIL
                           "'; removing it loses what was open then");
    return 0;
}

static int remove_file(struct ntfs3g *v, void *ctx, struct wtg_err *err)
{
    (void)ctx;
    return ntfs3g_remove(v, HIBERFIL, err);
}

int repair_run_hibernation(struct repair_case *c, struct wtg_err *err)
{
    return repair_volume_change(c, true, remove_file, NULL, err);
}
