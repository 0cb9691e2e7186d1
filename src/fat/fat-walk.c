/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fat/fat-volume.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/span.h"
#include "fat/fat-name.h"
#include "tree/names.h"

/* A directory whose entries are still to be read. */
struct dir {
    struct tree_node *node;
    uint32_t cluster, parent; /* parent: its first cluster, 0 for the root */
};

struct walk {
    struct fat *f;
    struct tree *t;
    uint8_t *seen;
    const struct fat_walk_ops *ops;
    struct dir *dir; /* a queue; each cluster is seen once, so it is as short as the volume */
    size_t ndirs, dirs_cap;
};

/* The long name that is being put together from the entries before a file's own. */
struct longname {
    unsigned left; /* parts still to come; with `units` > 0 and left == 0 it is complete */
    unsigned parts;
    uint8_t checksum;
    uint16_t unit[FAT_LFN_ENTRIES_MAX * FAT_LFN_UNITS];
};

/* `at` is the file or directory that it is about. */
static int problem(struct walk *w, const struct tree_link *at, bool fatal, struct wtg_err *err,
                   const char *fmt, ...) WTG_PRINTF(5, 6);
static int problem(struct walk *w, const struct tree_link *at, bool fatal, struct wtg_err *err,
                   const char *fmt, ...)
{
    char path[200], what[160], text[sizeof path + sizeof what + 8];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    snprintf(text, sizeof text, "'%s': %s", tree_path(at, path, sizeof path), what);
    return w->ops->problem(w->ops->ctx, fatal, text, err);
}

/* ---- chains ----------------------------------------------------------------------------- */

static int add_run(struct fat *f, struct fat_file *file, uint32_t at, uint32_t cluster,
                   struct wtg_err *err)
{
    struct fat_run *last = file->nruns ? &f->run[f->nruns - 1] : NULL;

    if (last && last->cluster + last->count == cluster) {
        last->count++;
        return 0;
    }
    int r = mem_grow(&f->run, &f->runs_cap, f->nruns, sizeof *f->run, err);
    if (r < 0)
        return r;
    f->run[f->nruns++] = (struct fat_run){ .at = at, .cluster = cluster, .count = 1 };
    file->nruns++;
    return 0;
}

/* Follows a chain to its end and marks its clusters as seen, so that none is followed twice.  The
 * text tells what is wrong with it, or is NULL. */
static int follow(struct walk *w, uint32_t first, struct fat_file *ret, uint32_t *ret_count,
                  const char **ret_wrong, struct wtg_err *err)
{
    struct fat_file file = { .run = w->f->nruns };
    uint32_t count = 0;
    const char *wrong = NULL;

    for (uint32_t c = first; c < FAT_ENTRY_END_FIRST && !wrong;) {
        if (!fat_has_cluster(w->f, c))
            wrong = c == 0 ? "runs into a free cluster" : "leaves the volume";
        else if (w->seen[c / 8] & 1u << c % 8)
            wrong = "shares a cluster with another or with itself";
        if (wrong)
            break;
        w->seen[c / 8] = (uint8_t)(w->seen[c / 8] | 1u << c % 8);
        int r = add_run(w->f, &file, count++, c, err);
        if (r < 0)
            return r;
        c = fat_next(w->f, c);
        if (c == FAT_ENTRY_BAD)
            wrong = "runs into a bad cluster";
    }
    *ret = file;
    *ret_count = count;
    *ret_wrong = wrong;
    return 0;
}

/* ---- one entry -------------------------------------------------------------------------- */

static uint32_t first_cluster(const struct fat_dirent_disk *d)
{
    return (uint32_t)get_le16(d->cluster_high) << 16 | get_le16(d->cluster_low);
}

static uint64_t stamp(le16 date, le16 time, uint8_t tens)
{
    return fat_time_to((struct fat_time){ get_le16(date), get_le16(time), tens });
}

static int make_node(struct walk *w, const struct fat_dirent_disk *d, struct tree_node **ret,
                     struct wtg_err *err)
{
    uint32_t attributes = d->attributes & (FAT_ATTR_KEPT | FAT_ATTR_DIR);
    int r = tree_add_node(w->t, attributes ? attributes : ATTR_NORMAL, ret, err);

    if (r < 0)
        return r;
    (*ret)->created = stamp(d->created_date, d->created_time, d->created_10ms);
    (*ret)->written = stamp(d->written_date, d->written_time, 0);
    (*ret)->accessed = stamp(d->accessed_date, (le16){ { 0, 0 } }, 0);
    (*ret)->changed = (*ret)->written;
    return 0;
}

static int hang_blob(struct walk *w, struct tree_node *node, const struct fat_file *file,
                     uint32_t size, struct wtg_err *err)
{
    struct fat *f = w->f;
    struct tree_blob *b = arena_alloc(&w->t->arena, sizeof *b, err);

    if (!b)
        return err->code;
    int r = mem_grow(&f->file, &f->files_cap, f->nfiles, sizeof *f->file, err);
    if (r < 0)
        return r;
    *b = (struct tree_blob){
        .source = &f->source,
        .size_bytes = size,
        .order = f->run[file->run].cluster,
        .cookie = f->nfiles,
    };
    f->file[f->nfiles++] = *file;
    return tree_add_stream(w->t, node, NULL, 0, b, err);
}

/* The content of a file whose node stands in the tree. */
static int take_file(struct walk *w, struct tree_link *l, const struct fat_dirent_disk *d,
                     struct wtg_err *err)
{
    uint32_t size = get_le32(d->size_bytes), first = first_cluster(d), count = 0;
    uint64_t want = div_up(size, w->f->cluster_bytes);
    struct fat_file file = { 0 };
    const char *wrong = NULL;

    int r = first || want ? follow(w, first, &file, &count, &wrong, err) : 0;
    if (r < 0)
        return r;
    if (wrong)
        r = problem(w, l, true, err, "its chain %s after %u clusters", wrong, count);
    else if (count != want)
        r = problem(w, l, count < want, err, "it has %u bytes but %u clusters of %u bytes", size,
                    count, w->f->cluster_bytes);
    if (r < 0 || count < want || size == 0)
        return r;
    return hang_blob(w, l->node, &file, size, err);
}

static int take_dir(struct walk *w, struct tree_link *l, const struct fat_dirent_disk *d,
                    const struct dir *in, struct wtg_err *err)
{

    if (get_le32(d->size_bytes) != 0) {
        int r = problem(w, l, false, err, "a directory has size 0, this one %u",
                        get_le32(d->size_bytes));
        if (r < 0)
            return r;
    }
    int r = mem_grow(&w->dir, &w->dirs_cap, w->ndirs, sizeof *w->dir, err);
    if (r < 0)
        return r;
    w->dir[w->ndirs++] = (struct dir){
        .node = l->node,
        .cluster = first_cluster(d),
        .parent = in->cluster == w->f->root_cluster ? 0 : in->cluster,
    };
    return 0;
}

/* ---- names ------------------------------------------------------------------------------ */

/* Takes a long-name entry; says what is wrong with it, or NULL. */
static const char *take_lfn(struct longname *n, const struct fat_lfn_disk *e)
{
    unsigned order = e->order & ~(unsigned)FAT_LFN_LAST;
    const char *wrong = NULL;

    if (e->order & FAT_LFN_LAST) {
        if (n->left || n->parts)
            wrong = "a long name without a file";
        n->parts = n->left = order;
        n->checksum = e->checksum;
    }
    if (order == 0 || order > FAT_LFN_ENTRIES_MAX || order != n->left ||
        e->checksum != n->checksum || e->type != 0) {
        *n = (struct longname){ 0 };
        return "a part of a long name that does not follow the one before";
    }
    fat_lfn_get(e, n->unit + (size_t)(order - 1) * FAT_LFN_UNITS);
    n->left--;
    return wrong;
}

/* Length of a complete long name that belongs to the short one; 0 when it does not. */
static size_t lfn_length(const struct longname *n, const struct fat_dirent_disk *d)
{
    size_t len = 0, cap = (size_t)n->parts * FAT_LFN_UNITS;

    if (n->parts == 0 || n->left != 0 || n->checksum != fat_short_checksum(d->name))
        return 0;
    while (len < cap && n->unit[len] != 0)
        len++;
    /* The last part begins with a unit of the name, and behind the name all is ff. */
    if (len > FAT_NAME_MAX || len <= cap - FAT_LFN_UNITS)
        return 0;
    for (size_t i = len + 1; i < cap; i++)
        if (n->unit[i] != 0xffff)
            return 0;
    return len;
}

static int take_entry(struct walk *w, const struct dir *in, const struct longname *lfn,
                      const struct fat_dirent_disk *d, struct wtg_err *err)
{
    uint16_t shown[12], dos[12];
    size_t dos_len = fat_short_text(d, false, dos), len = lfn_length(lfn, d);
    const uint16_t *name = len ? lfn->unit : shown;
    struct tree_link *l = NULL;
    struct tree_node *node = NULL;
    int r = 0;

    if (lfn->parts && !len)
        r = problem(w, in->node->link, false, err, "a long name does not go with its short name");
    bool is_long = len > 0;
    if (!len)
        len = fat_short_text(d, true, shown);
    if (r == 0 && (!dos_len || !names_valid(name, len)))
        return problem(w, in->node->link, true, err, "an entry has an impossible name");
    if (r == 0)
        r = make_node(w, d, &node, err);
    if (r == 0)
        r = tree_add_link(w->t, in->node, node, name, len, dos, is_long ? dos_len : 0, &l, err);
    if (r < 0)
        return r;
    return d->attributes & FAT_ATTR_DIR ? take_dir(w, l, d, in, err) : take_file(w, l, d, err);
}

/* ---- one directory ---------------------------------------------------------------------- */

/* "." and ".." stand first and point to the directory itself and to its parent. */
static int check_dots(struct walk *w, const struct dir *in, const struct fat_dirent_disk *d,
                      size_t at, struct wtg_err *err)
{
    bool up = d->name[1] == '.';
    uint32_t want = up ? in->parent : in->cluster;

    if (in->node == w->t->root || at != up || first_cluster(d) != want ||
        !(d->attributes & FAT_ATTR_DIR))
        return problem(w, in->node->link, false, err, "its entry '%s' is wrong", up ? ".." : ".");
    return 0;
}

static bool is_dots(const struct fat_dirent_disk *d)
{
    return memcmp(d->name, ".          ", FAT_SHORT_BYTES) == 0 ||
           memcmp(d->name, "..         ", FAT_SHORT_BYTES) == 0;
}

static int take_entries(struct walk *w, const struct dir *in, struct wtg_span bytes,
                        struct wtg_err *err)
{
    struct longname lfn = { 0 };
    struct fat_dirent_disk d;
    const uint8_t *p;
    int r = 0;

    for (size_t i = 0; r == 0 && (p = span_at(bytes, i * sizeof d, sizeof d)); i++) {
        const char *wrong = NULL;
        memcpy(&d, p, sizeof d);
        if (d.name[0] == FAT_NAME_END)
            break;
        if (d.name[0] != FAT_NAME_DELETED && (d.attributes & FAT_ATTR_LFN_MASK) == FAT_ATTR_LFN) {
            struct fat_lfn_disk e;
            memcpy(&e, p, sizeof e);
            if ((wrong = take_lfn(&lfn, &e)))
                r = problem(w, in->node->link, false, err, "%s", wrong);
            continue;
        }
        if (d.name[0] == FAT_NAME_DELETED || (d.attributes & FAT_ATTR_VOLUME)) {
            if (lfn.parts)
                r = problem(w, in->node->link, false, err, "a long name without a file");
        } else if (is_dots(&d)) {
            r = check_dots(w, in, &d, i, err);
        } else {
            r = take_entry(w, in, &lfn, &d, err);
        }
        lfn = (struct longname){ 0 };
    }
    return r;
}

static int read_runs(struct fat *f, const struct fat_file *file, uint8_t *out, struct wtg_err *err)
{
    for (size_t i = 0; i < file->nruns; i++) {
        const struct fat_run *run = &f->run[file->run + i];
        size_t n = (size_t)run->count * f->cluster_bytes;
        int r = blk_read(f->vol, fat_cluster_offset(f, run->cluster), out, n, err);
        if (r < 0)
            return r;
        out += n;
    }
    return 0;
}

static int take_directory(struct walk *w, struct dir in, struct wtg_err *err)
{
    const size_t most = (size_t)FAT_DIR_ENTRIES_MAX * FAT_DIRENT_BYTES;
    struct fat *f = w->f;
    struct fat_file file;
    const char *wrong = NULL;
    uint32_t count = 0;

    int r = follow(w, in.cluster, &file, &count, &wrong, err);
    if (r < 0)
        return r;
    size_t bytes = (size_t)count * f->cluster_bytes;
    if (!wrong && count == 0)
        wrong = "is empty";
    if (wrong)
        r = problem(w, in.node->link, true, err, "its chain %s after %u clusters", wrong, count);
    else if (bytes > max_u64(most, f->cluster_bytes))
        r = problem(w, in.node->link, true, err, "a directory of %zu bytes, FAT32 allows %zu",
                    bytes, most);
    if (r < 0 || bytes == 0 || bytes > max_u64(most, f->cluster_bytes))
        return r;
    AUTO_FREE uint8_t *buf = mem_zeroed(bytes, 1, err);
    if (!buf)
        return err->code;
    r = read_runs(f, &file, buf, err);
    f->nruns = file.run; /* nobody reads a directory twice */
    return r < 0 ? r : take_entries(w, &in, (struct wtg_span){ buf, bytes }, err);
}

/* Two files of one name: for a driver the second does not exist. */
static int check_twins(struct walk *w, struct wtg_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < w->t->nnodes; i++) {
        const struct tree_node *d = w->t->node[i];
        for (uint32_t k = 1; r == 0 && k < d->nchildren; k++) {
            const struct tree_link *a = d->child[k - 1], *b = d->child[k];
            if (names_same(a->name, a->name_len, b->name, b->name_len))
                r = problem(w, b, false, err, "the name stands twice in its directory");
        }
    }
    return r;
}

int fat_walk(struct fat *f, struct tree *t, uint8_t *seen, const struct fat_walk_ops *ops,
             struct wtg_err *err)
{
    struct walk w = { .f = f, .t = t, .seen = seen, .ops = ops };
    int r = mem_grow(&w.dir, &w.dirs_cap, 0, sizeof *w.dir, err);

    if (r == 0)
        w.dir[w.ndirs++] = (struct dir){ .node = t->root, .cluster = f->root_cluster };
    for (size_t i = 0; r == 0 && i < w.ndirs; i++)
        r = take_directory(&w, w.dir[i], err);
    free(w.dir);
    struct wtg_err sorting = { 0 };
    if (r == 0 && tree_sort(t, &sorting) < 0)
        r = problem(&w, t->root->link, true, err, "%s", sorting.text);
    return r == 0 ? check_twins(&w, err) : r;
}

/* ---- the reader ------------------------------------------------------------------------- */

static int stop_at_fatal(void *ctx, bool fatal, const char *text, struct wtg_err *err)
{
    (void)ctx;
    return fatal ? wtg_fail(err, WTG_E_VOLUME_DAMAGED, "%s", text) : 0;
}

static int count_fatal(void *ctx, bool fatal, const char *text, struct wtg_err *err)
{
    (void)text, (void)err;
    *(size_t *)ctx += fatal;
    return 0;
}

static int read_tree(struct fat *f, const struct fat_walk_ops *ops, struct tree **ret,
                     struct wtg_err *err)
{
    AUTO_FREE uint8_t *seen = mem_zeroed(fat_seen_bytes(f), 1, err);
    struct tree *t = NULL;

    if (!seen)
        return err->code;
    int r = tree_new(&t, err);
    if (r == 0)
        r = fat_walk(f, t, seen, ops, err);
    if (r < 0) {
        tree_free(t);
        return wtg_because(err, "reading the FAT32 volume");
    }
    *ret = t;
    return 0;
}

int fat_read_tree(struct fat *f, struct tree **ret, struct wtg_err *err)
{
    static const struct fat_walk_ops ops = { .problem = stop_at_fatal };

    return read_tree(f, &ops, ret, err);
}

int fat_salvage_tree(struct fat *f, struct tree **ret, size_t *ret_lost, struct wtg_err *err)
{
    size_t lost = 0;
    const struct fat_walk_ops ops = { .problem = count_fatal, .ctx = &lost };
    int r = read_tree(f, &ops, ret, err);

    if (r == 0)
        *ret_lost = lost;
    return r;
}
