/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/wim-dentry.h"

#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/utf16.h"
#include "tree/names.h"

/* A metadata resource becomes a tree.  The directories are walked with a stack of our own, and
 * every entry may be reached once: a cycle, or a directory that stands in two places, is found at
 * its first repeated entry. */

struct dir {
    struct tree_node *node;
    uint64_t off; /* of its first entry */
    uint32_t depth;
};

/* Names of one file.  wimlib's rule, found out from Windows: same group, same content, neither a
 * directory; where group members differ in content, they are different files. */
struct group {
    uint64_t id;
    const uint8_t *sha1; /* of the unnamed data, in the metadata */
    struct tree_node *node;
};

struct loader {
    const struct wim *w;
    struct tree *t;
    struct wtg_span m;   /* the metadata */
    uint8_t *seen;       /* a bit for every 8 bytes of it; entries are larger than that */
    uint64_t used;       /* bytes of it that entries so far take */
    struct wtg_span *sd; /* security descriptors */
    uint32_t nsds;
    struct dir *dir; /* still to be read */
    size_t ndirs, dirs_cap;
    struct arena scratch; /* groups */
    void *groups;         /* of tsearch */
};

/* Returns the offset behind the descriptors: the root's entry. */
static int security_load(struct loader *l, uint64_t *ret_root, struct wtg_err *err)
{
    const struct wim_security_disk *d = span_at(l->m, 0, sizeof *d);
    if (!d)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "%zu bytes of metadata are too few", l->m.n);
    uint64_t total = max_u64(get_le32(d->total_bytes), sizeof *d);
    struct wtg_span all = span_sub(l->m, 0, total);
    uint32_t n = get_le32(d->count);
    const uint8_t *sizes = span_at(all, sizeof *d, (uint64_t)n * 8);
    if (!sizes)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                        "%u security descriptors do not fit into the %" PRIu64 " bytes for them", n,
                        total);
    l->sd = mem_zeroed(n, sizeof *l->sd, err);
    if (!l->sd)
        return err->code;
    l->nsds = n;
    uint64_t at = sizeof *d + (uint64_t)n * 8;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t size = le64_at(sizes + 8 * (size_t)i);
        l->sd[i] = span_sub(all, at, size);
        if (!l->sd[i].p)
            return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                            "security descriptor %u, %" PRIu64 " bytes, does not fit", i, size);
        at += size;
    }
    *ret_root = round_up(total, 8);
    return 0;
}

static int security_of(struct loader *l, const struct wim_dentry *d, struct tree_node *node,
                       struct wtg_err *err)
{
    if (d->security == -1)
        return 0;
    if (d->security < 0 || (uint32_t)d->security >= l->nsds)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "security descriptor %d of %u does not exist",
                        d->security, l->nsds);
    struct wtg_span sd = l->sd[d->security];
    return sd.n == 0 ? 0 : tree_share_sd(l->t, sd.p, sd.n, &node->sd, err);
}

static int mark_seen(struct loader *l, uint64_t off, uint64_t next, struct wtg_err *err)
{
    uint8_t *byte = &l->seen[off / 64], bit = (uint8_t)(1u << (off / 8 % 8));

    if (*byte & bit)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                        "the entry at byte %" PRIu64
                        " of the metadata is reached twice: directories "
                        "go round in a circle or share their content",
                        off);
    *byte |= bit;
    l->used += next - off;
    if (l->used >
        round_up(l->m.n, 8)) /* else overlapping entries could cost more than linear time */
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "directory entries overlap");
    return 0;
}

static int push(struct loader *l, struct tree_node *node, uint64_t off, uint32_t depth,
                struct wtg_err *err)
{
    if (off == 0)
        return 0;
    if (!(node->attributes & ATTR_DIRECTORY))
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "it is a file and has files in it");
    if (depth > WIM_MAX_DEPTH)
        return wtg_fail(err, WTG_E_IMAGE_NAME, "more than %d directories in each other",
                        WIM_MAX_DEPTH);
    int r = mem_grow(&l->dir, &l->dirs_cap, l->ndirs, sizeof *l->dir, err);
    if (r == 0)
        l->dir[l->ndirs++] = (struct dir){ node, off, depth };
    return r;
}

static int by_group(const void *pa, const void *pb)
{
    const struct group *a = pa, *b = pb;

    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return memcmp(a->sha1, b->sha1, SHA1_BYTES);
}

/* The group that a name belongs to, made if this is its first; NULL in `*ret` for a file alone. */
static int group_of(struct loader *l, const struct wim_dentry *d, struct group **ret,
                    struct wtg_err *err)
{
    struct group key = { .id = d->group };

    *ret = NULL;
    if (d->group == 0 || (d->attributes & ATTR_DIRECTORY))
        return 0;
    int r = wim_data_sha1(d, &key.sha1, err);
    if (r < 0)
        return r;
    struct group **found = tfind(&key, &l->groups, by_group);
    struct group *g = found ? *found : arena_dup(&l->scratch, &key, sizeof key, err);
    if (!g)
        return err->code;
    if (!found && !tsearch(g, &l->groups, by_group))
        return wtg_fail_nomem(err);
    *ret = g;
    return 0;
}

static int node_of(struct loader *l, const struct wim_dentry *d, struct tree_node **ret,
                   struct wtg_err *err)
{
    struct group *g = NULL;
    int r = group_of(l, d, &g, err);

    if (r < 0)
        return r;
    if (g && g->node) {
        *ret = g->node;
        return 0;
    }
    r = tree_add_node(l->t, d->attributes, ret, err);
    if (r == 0)
        r = security_of(l, d, *ret, err);
    if (r == 0)
        r = wim_node_fill(l->w, l->t, *ret, d, err);
    if (r == 0 && g)
        g->node = *ret;
    return r;
}

/* Host order; more units than a name may have are cut, the length is not. */
static size_t units_of(struct wtg_span utf16le, uint16_t units[NAME_MAX_UNITS])
{
    for (size_t i = 0; i < utf16le.n / 2 && i < NAME_MAX_UNITS; i++)
        units[i] = le16_at(utf16le.p + 2 * i);
    return utf16le.n / 2;
}

static int child_add(struct loader *l, const struct dir *dir, const struct wim_dentry *d,
                     struct wtg_err *err)
{
    uint16_t name[NAME_MAX_UNITS], short_name[NAME_MAX_UNITS];
    size_t n = units_of(d->name, name), short_n = units_of(d->short_name, short_name);
    struct tree_node *node = NULL;

    /* The name first: the context of all other errors needs it. */
    if (!names_valid(name, n))
        return wtg_fail(err, WTG_E_IMAGE_NAME,
                        "a name of %zu characters%s, which cannot stand on "
                        "NTFS",
                        n, n == 0 ? "" : ", or '.', '..', or one with '/', '\\' or a zero in it");
    int r = node_of(l, d, &node, err);
    if (r == 0)
        r = tree_add_link(l->t, dir->node, node, name, n, short_name, short_n, NULL, err);
    return r < 0 ? r : push(l, node, d->children, dir->depth + 1, err);
}

/* "'\Windows\System32\x': ..." */
static int in_file(const struct dir *dir, const struct wim_dentry *d, struct wtg_err *err)
{
    uint16_t units[NAME_MAX_UNITS];
    char path[256], name[UTF16_MAX_UTF8(64)];
    size_t n = units_of(d->name, units);

    utf16_to_utf8(units, min_u64(n, 64), name, sizeof name);
    tree_path(dir->node->link, path, sizeof path);
    return wtg_because(err, "'%s\\%s%s'", path[1] == '\0' ? "" : path, name, n > 64 ? "..." : "");
}

static int dir_load(struct loader *l, struct dir dir, struct wtg_err *err)
{
    for (uint64_t off = dir.off;;) {
        struct wim_dentry d;
        char path[256];
        int r = wim_dentry_at(l->m, off, &d, err);
        if (r == 0)
            return 0;
        if (r > 0)
            r = mark_seen(l, off, d.next, err);
        if (r < 0)
            return wtg_because(err, "directory '%s'", tree_path(dir.node->link, path, sizeof path));
        r = child_add(l, &dir, &d, err);
        if (r < 0)
            return in_file(&dir, &d, err);
        off = d.next;
    }
}

static int root_load(struct loader *l, uint64_t off, struct wtg_err *err)
{
    struct wim_dentry d;

    int r = wim_dentry_at(l->m, off, &d, err);
    if (r <= 0) /* an image without even a root is an empty one */
        return r;
    if (!(d.attributes & ATTR_DIRECTORY))
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "the root is no directory");
    l->t->root->attributes = d.attributes;
    r = mark_seen(l, off, d.next, err);
    if (r == 0)
        r = security_of(l, &d, l->t->root, err);
    if (r == 0)
        r = wim_node_fill(l->w, l->t, l->t->root, &d, err);
    if (r == 0)
        r = push(l, l->t->root, d.children, 0, err);
    return r < 0 ? wtg_because(err, "the root directory") : 0;
}

static void keep_group(void *g)
{
    (void)g; /* on the scratch arena */
}

static void loader_release(struct loader *l)
{
    tdestroy(l->groups, keep_group);
    arena_release(&l->scratch);
    free(l->seen);
    free(l->sd);
    free(l->dir);
}

static int metadata_parse(struct loader *l, struct wtg_err *err)
{
    uint64_t root = 0;

    l->seen = mem_zeroed(l->m.n / 64 + 1, 1, err);
    int r = l->seen ? security_load(l, &root, err) : err->code;
    if (r == 0)
        r = root_load(l, root, err);
    while (r == 0 && l->ndirs > 0)
        r = dir_load(l, l->dir[--l->ndirs], err);
    return r < 0 ? r : tree_sort(l->t, err);
}

int wim_tree_load(struct wim *w, size_t image, struct tree **ret, struct wtg_err *err)
{
    AUTO_FREE uint8_t *bytes = NULL;
    struct loader l = { .w = w };

    if (image >= w->nmetadata)
        return wtg_fail(
            err, WTG_E_IMAGE_DAMAGED,
            "the image has no metadata: there are %zu metadata resources for %zu images",
            w->nmetadata, w->nimages);
    const struct wim_blob *b = &w->metadata[image];
    int r = wim_slurp(w, b, WIM_MAX_METADATA_BYTES, &bytes, err);
    if (r == 0)
        r = tree_new(&l.t, err);
    if (r == 0) {
        l.m = (struct wtg_span){ bytes, (size_t)b->b.size_bytes };
        r = metadata_parse(&l, err);
    }
    loader_release(&l);
    if (r < 0) {
        tree_free(l.t);
        return wtg_because(err, "reading the directories of image %zu", image + 1);
    }
    *ret = l.t;
    return 0;
}
