/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/examine-priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "boot/files.h"
#include "sign/pe-sum.h"
#include "tree/names.h"
#include "windows/windows.h"

/* The files of the volume against those of the image that it was made from. */

enum { KEY_FILE_MAX_BYTES = 64 << 20, PATH_BYTES = 1024 };

/* ---- The image -------------------------------------------------------------------------- */

/* The changes that create makes with any of its settings; each is no difference. */
static int plan_edits(struct exam *x, struct wtg_err *err)
{
    struct windows_changes changes = { 0 };
    struct windows_opts o = { 0 };
    struct wtg_err why = { 0 };
    const struct boot_arch *arch = NULL;
    int r = boot_is_windows(x->image_tree, &arch, &why);

    if (r == 0) {
        o.architecture = arch->name;
        r = windows_edits(x->image_tree, &o, &x->edits, &changes, &why);
    }
    windows_changes_release(&changes);
    if (exam_soft(r) < 0)
        *err = why;
    return exam_soft(r);
}

int exam_image(struct exam *x, struct wtg_err *err)
{
    uint32_t index = 0;

    if (!x->o->image)
        return 0;
    int r = image_open(x->o->image, x->o->inside, &x->image, err);
    if (r == 0)
        r = image_select(x->image, x->o->index, x->o->edition, &index, err);
    if (r == 0)
        r = image_load_tree(x->image, index, &x->image_tree, err);
    return r < 0 ? r : plan_edits(x, err);
}

void exam_image_release(struct exam *x)
{
    tree_edits_release(&x->edits);
    tree_free(x->image_tree);
    image_free(x->image);
}

/* ---- What Windows writes without saying when -------------------------------------------- */

static const char *const volatile_places[] = {
    "\\Windows\\System32\\config\\",
    "\\Windows\\Panther\\",
    "\\Windows\\Logs\\",
    "\\Windows\\System32\\winevt\\",
    "\\Windows\\System32\\LogFiles\\",
    "\\Windows\\Temp\\",
    "\\Windows\\SoftwareDistribution\\",
    "\\Windows\\Prefetch\\",
    "\\Windows\\debug\\",
    "\\Windows\\ServiceProfiles\\",
    "\\Windows\\System32\\SMI\\",
    "\\Windows\\System32\\sru\\",
    "\\Windows\\System32\\wdi\\",
    "\\Windows\\System32\\Tasks\\",
    "\\Windows\\appcompat\\",
    "\\$Recycle.Bin\\",
};
static const char *const volatile_endings[] = { ".log",         ".etl",  ".evtx", ".dat", ".blf",
                                                ".regtrans-ms", ".log1", ".log2", ".edb", ".pnf" };

static bool is_volatile(const struct exam *x, const char *path)
{
    size_t len = strlen(path);

    for (size_t i = 0; i < ARRAY_LEN(volatile_places); i++)
        if (strncasecmp(path, volatile_places[i], strlen(volatile_places[i])) == 0)
            return true;
    for (size_t i = 0; i < ARRAY_LEN(volatile_endings); i++) {
        size_t n = strlen(volatile_endings[i]);
        if (len > n && strcasecmp(path + len - n, volatile_endings[i]) == 0)
            return true;
    }
    for (size_t i = 0; i < x->edits.n; i++)
        if (strcasecmp(path, x->edits.edit[i].path) == 0)
            return true;
    return false;
}

/* ---- Pairs ------------------------------------------------------------------------------ */

struct dir_pair {
    const struct tree_node *image, *stick; /* stick: NULL when the folder is not there */
};

enum place { SYSTEM_PLACE, STORE_PLACE, OTHER_PLACE, PLACES };
struct tally {
    uint64_t files, missing[PLACES], damaged[PLACES], changed;
    char first_missing[PLACES][300], first_damaged[PLACES][300];
};

struct walk {
    struct exam *x;
    struct dir_pair *dir; /* still to be looked into */
    size_t ndirs, dirs_cap;
    struct exam_pair *pair; /* contents to compare */
    size_t npairs, pairs_cap;
    struct tally t;
};

static enum place place_of(const char *path)
{
    if (strncasecmp(path, "\\Windows\\WinSxS\\", 16) == 0)
        return STORE_PLACE;
    return strncasecmp(path, "\\Windows\\", 9) == 0 ? SYSTEM_PLACE : OTHER_PLACE;
}

static void take(struct walk *w, const struct tree_link *l, enum examine_difference what)
{
    char path[PATH_BYTES];
    tree_path(l, path, sizeof path);
    enum place at = place_of(path);
    struct tally *t = &w->t;

    if (is_volatile(w->x, path))
        return;
    if (what == EXAMINE_MISSING && t->missing[at]++ == 0)
        snprintf(t->first_missing[at], sizeof t->first_missing[at], "%.299s", path);
    if (what == EXAMINE_DAMAGED && t->damaged[at]++ == 0)
        snprintf(t->first_damaged[at], sizeof t->first_damaged[at], "%.299s", path);
    t->changed += what == EXAMINE_CHANGED;
    const struct examine_file f = { path, what, at != OTHER_PLACE };
    if (w->x->o->differs)
        w->x->o->differs(&f, w->x->o->user);
}

static int push_dir(struct walk *w, const struct tree_node *image, const struct tree_node *stick,
                    struct wtg_err *err)
{
    int r = mem_grow(&w->dir, &w->dirs_cap, w->ndirs, sizeof w->dir[0], err);
    if (r == 0)
        w->dir[w->ndirs++] = (struct dir_pair){ image, stick };
    return r;
}

/* Nobody has written it since it was laid down. */
static bool is_untouched(const struct tree_node *image, const struct tree_node *stick)
{
    return image->written == stick->written;
}

static int add_file(struct walk *w, const struct tree_link *l, struct tree_node *stick,
                    struct wtg_err *err)
{
    const struct tree_blob *want = tree_data(l->node), *have = tree_data(stick);
    uint64_t want_size = tree_data_size(l->node), have_size = tree_data_size(stick);

    w->t.files++;
    if (want_size != have_size) {
        take(w, l, is_untouched(l->node, stick) ? EXAMINE_DAMAGED : EXAMINE_CHANGED);
        return 0;
    }
    if (!want || !have || !want->has_sha1 || stick->mark || !w->x->o->compare_files)
        return 0;
    stick->mark = 1; /* by one of its names is enough */
    int r = mem_grow(&w->pair, &w->pairs_cap, w->npairs, sizeof w->pair[0], err);
    if (r == 0)
        w->pair[w->npairs++] = (struct exam_pair){ .blob = have, .sha1 = want->sha1, .link = l };
    return r;
}

static int visit(struct walk *w, const struct dir_pair *d, struct wtg_err *err)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < d->image->nchildren; i++) {
        const struct tree_link *l = d->image->child[i];
        bool dir = l->node->attributes & ATTR_DIRECTORY;
        struct tree_link *have = tree_find_child(d->stick, l->name, l->name_len);
        if (l->node->efs || ((l->node->attributes & ATTR_REPARSE) && !tree_data(l->node) && !dir))
            continue; /* left out by create, or a link without content */
        if (!have)
            take(w, l, EXAMINE_MISSING);
        else if (dir && (have->node->attributes & ATTR_DIRECTORY))
            r = push_dir(w, l->node, have->node, err);
        else if (!dir)
            r = add_file(w, l, have->node, err);
    }
    return r;
}

static int walk_all(struct walk *w, struct wtg_err *err)
{
    int r = push_dir(w, w->x->image_tree->root, w->x->win_tree->root, err);

    for (uint64_t n = 0; r == 0 && w->ndirs > 0; n++) {
        const struct wtg_progress p = { "compare-names", "files", w->t.files, 0 };
        struct dir_pair d = w->dir[--w->ndirs];
        r = n % 64 ? 0 : wtg_tick(w->x->job, &p, err);
        if (r == 0)
            r = visit(w, &d, err);
    }
    return r;
}

static int compare_all(struct walk *w, struct wtg_err *err)
{
    int r = w->npairs ? exam_compare(w->x, w->pair, w->npairs, err) : 0;

    for (size_t i = 0; r == 0 && i < w->npairs; i++) {
        const struct exam_pair *p = &w->pair[i];
        char path[PATH_BYTES];
        if (p->same)
            continue;
        struct tree_link *have = tree_find(w->x->win_tree, tree_path(p->link, path, sizeof path));
        bool untouched = !have || is_untouched(p->link->node, have->node);
        take(w, p->link, !p->read || untouched ? EXAMINE_DAMAGED : EXAMINE_CHANGED);
    }
    return r;
}

/* ---- In words --------------------------------------------------------------------------- */

static int tell_place(struct exam *x, const struct tally *t, enum place at, const char *key,
                      const char *what, const char *where, struct wtg_err *err)
{
    if (t->damaged[at])
        return exam_fact(x, key, "damaged", where, err,
                         "%" PRIu64 " %s not what the image holds, though nobody has written "
                         "them since; the first is '%s'",
                         t->damaged[at], what, t->first_damaged[at]);
    if (t->missing[at])
        return exam_fact(x, key, "missing", where, err, "%" PRIu64 " %s missing; the first is '%s'",
                         t->missing[at], what, t->first_missing[at]);
    return exam_fact(x, key, "fine", where, err, "all %s as in the image", what);
}

static int tell(struct walk *w, const char *where, struct wtg_err *err)
{
    int r =
        tell_place(w->x, &w->t, SYSTEM_PLACE, "files.system", "files of Windows are", where, err);

    if (r == 0)
        r = tell_place(w->x, &w->t, STORE_PLACE, "files.store", "files of the component store are",
                       where, err);
    return r < 0
               ? r
               : exam_fact(w->x, "files.changed", w->t.changed ? "some" : "fine", where, err,
                           "%" PRIu64 " of %" PRIu64 " files have been written since the stick was "
                           "made",
                           w->t.changed, w->t.files);
}

/* ---- Without an image ------------------------------------------------------------------- */

/* One of the programs that Windows starts with. */
struct key_file {
    const char *path;
    bool there, read, program;
    enum pe_sum sum;
};

static int look_at_key_file(struct exam *x, struct key_file *f, struct wtg_err *err)
{
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    struct wtg_err why = { 0 };
    struct pe_info pe;
    int r = exam_slurp(x->win_tree, f->path, KEY_FILE_MAX_BYTES, &bytes, &n, &why);
    struct wtg_span file = { bytes, n };

    if (r < 0)
        *err = why;
    f->there = tree_find(x->win_tree, f->path);
    f->read = r > 0;
    f->program = f->read && pe_read(file, &pe, &why) == 0;
    f->sum = f->read ? pe_sum(file) : PE_SUM_NONE;
    return r < 0 ? r : 0;
}

/* Stand-ins, which tests and rescue systems use, are no programs and have no checksums.  So a file
 * that is no program counts only beside one that is Windows' own. */
static const char *judge_key_file(const struct key_file *f, bool genuine)
{
    if (!f->there)
        return "missing";
    return !f->read || f->sum == PE_SUM_WRONG || (genuine && !f->program) ? "damaged" : "fine";
}

static int tell_key_files(struct exam *x, const char *where, struct wtg_err *err)
{
    struct key_file file[] = { { .path = "\\Windows\\System32\\winload.efi" },
                               { .path = "\\Windows\\System32\\ntoskrnl.exe" },
                               { .path = "\\Windows\\Boot\\EFI\\bootmgfw.efi" } };
    bool genuine = false;

    for (size_t i = 0; i < ARRAY_LEN(file); i++) {
        int r = look_at_key_file(x, &file[i], err);
        if (r < 0)
            return r;
        genuine |= file[i].sum == PE_SUM_FITS;
    }
    for (size_t i = 0; i < ARRAY_LEN(file); i++) {
        const char *verdict = judge_key_file(&file[i], genuine);
        if (strcmp(verdict, "fine") != 0)
            return exam_fact(x, "windows.key_files", verdict, where, err, "'%s' is %s",
                             file[i].path,
                             file[i].there ? "not the program that was built" : "missing");
    }
    return exam_fact(x, "windows.key_files", "fine", where, err,
                     "the boot manager, the loader and the kernel are whole");
}

int exam_files(struct exam *x, struct wtg_err *err)
{
    char where[64];
    struct walk w = { .x = x };

    if (!x->win_tree || !tree_find(x->win_tree, "\\Windows\\System32"))
        return 0;
    snprintf(where, sizeof where, "partition %u", x->win->part.number);
    int r = tell_key_files(x, where, err);
    if (r == 0 && x->image_tree) {
        for (size_t i = 0; i < x->win_tree->nnodes; i++)
            x->win_tree->node[i]->mark = 0;
        r = walk_all(&w, err);
        if (r == 0)
            r = compare_all(&w, err);
        if (r == 0)
            r = tell(&w, where, err);
    }
    free(w.dir);
    free(w.pair);
    return r;
}
