/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/build-priv.h"

#include "tree/names.h"

/* Step 2: the names that stand in each directory, in collation order.  The tree's children are
 * sorted already; short names and the system files' names are sorted and merged in. */

static const uint16_t *name_text(uintptr_t name, size_t *ret_n)
{
    const struct tree_link *l = name_link(name);
    *ret_n = name_is_short(name) ? l->short_len : l->name_len;
    return name_is_short(name) ? l->short_name : l->name;
}

static int compare(uintptr_t a, uintptr_t b)
{
    size_t an, bn;
    const uint16_t *at = name_text(a, &an), *bt = name_text(b, &bn);
    return names_compare(at, an, bt, bn);
}

static int by_name(const void *a, const void *b)
{
    return compare(*(const uintptr_t *)a, *(const uintptr_t *)b);
}

/* One name is both when the short one is the same but for case. */
static bool one_name_is_both(const struct tree_link *l)
{
    return names_same(l->name, l->name_len, l->short_name, l->short_len);
}

/* Links without a short name get the namespace that wimlib and ntfs-3g give them, POSIX: with
 * WIN32_AND_DOS an image captured from the volume would have short names that this one has not. */
uint8_t name_space(const struct ntfs_build *b, uintptr_t name)
{
    const struct tree_link *l = name_link(name);
    const struct build_file *f = node_file(b, l->node);
    if (name_is_short(name))
        return NTFS_NS_DOS;
    if (f->system)
        return NTFS_NS_WIN32_AND_DOS;
    if (f->short_link != l)
        return NTFS_NS_POSIX;
    return one_name_is_both(l) ? NTFS_NS_WIN32_AND_DOS : NTFS_NS_WIN32;
}

uint32_t file_name_bytes(uintptr_t name)
{
    size_t n;
    name_text(name, &n);
    return (uint32_t)(NTFS_FILE_NAME_BYTES + n * 2);
}

void file_name_put(const struct ntfs_build *b, uintptr_t name, uint8_t *value)
{
    const struct tree_link *l = name_link(name);
    const struct build_file *f = node_file(b, l->node);
    const struct tree_node *n = f->node;
    uint64_t size, allocated, packed;
    struct ntfs_file_name_disk *d = (void *)value;
    size_t len;
    const uint16_t *text = name_text(name, &len);

    file_sizes(b, f, &size, &allocated);
    d->parent = to_le64(file_ref(node_file(b, l->parent)));
    d->created = to_le64(n->created);
    d->written = to_le64(n->written);
    d->changed = to_le64(n->changed);
    d->accessed = to_le64(n->accessed);
    d->allocated = to_le64(allocated);
    d->data_size = to_le64(size);
    d->attributes = to_le32(file_attributes(f) | (file_is_directory(f) ? NTFS_FN_DIRECTORY : 0));
    if (n->attributes & ATTR_REPARSE)
        d->ea_or_tag = to_le32(n->reparse_tag);
    else if (file_ea_bytes(n, &packed) > 0)
        d->ea_or_tag = to_le32((uint32_t)packed);
    d->name_len = (uint8_t)len;
    d->name_space = name_space(b, name);
    for (size_t i = 0; i < len; i++)
        put_le16(value + NTFS_FILE_NAME_BYTES + i * 2, text[i]);
}

/* Names that a directory gets beside its children's. */
struct extras {
    uintptr_t *name;
    size_t n, cap;
};

static int add_extra(struct extras *x, const struct tree_link *l, bool is_short,
                     struct wtg_err *err)
{
    if (mem_grow(&x->name, &x->cap, x->n, sizeof x->name[0], err) < 0)
        return err->code;
    x->name[x->n++] = (uintptr_t)l | is_short;
    return 0;
}

static int collect_extras(struct ntfs_build *b, const struct tree_node *dir, struct extras *x,
                          struct wtg_err *err)
{
    x->n = 0;
    for (uint32_t i = 0; i < dir->nchildren; i++) {
        const struct tree_link *l = dir->child[i];
        if (node_file(b, l->node)->short_link == l && !one_name_is_both(l) &&
            add_extra(x, l, true, err) < 0)
            return err->code;
    }
    for (size_t i = 0; i < SYSTEM_FILES; i++) {
        const struct tree_link *l = &b->system_link[i];
        if (l->parent == dir && l->name_len > 0 && add_extra(x, l, false, err) < 0)
            return err->code;
    }
    if (x->n > 1)
        qsort(x->name, x->n, sizeof x->name[0], by_name);
    return 0;
}

/* A name of the tree's in the root that is one of NTFS's own, for a Win32 program at least. */
static int refuse_system_names(const struct ntfs_build *b, struct wtg_err *err)
{
    const struct tree_node *root = b->tree->root;
    for (size_t i = 0; i < SYSTEM_FILES; i++) {
        const struct tree_link *l = &b->system_link[i];
        if (l->parent != root || l->name_len == 0)
            continue;
        for (uint32_t k = 0; k < root->nchildren; k++) {
            const struct tree_link *c = root->child[k];
            if (!names_same(l->name, l->name_len, c->name, c->name_len))
                continue;
            wtg_fail(err, WTG_E_IMAGE_NAME,
                     "the root directory holds '%s', a name that NTFS itself uses there",
                     system_files[i].name);
            return wtg_hint(err, "remove or rename it in the image");
        }
    }
    return 0;
}

/* Merges children and extras into x->name; a short name that another name has already is dropped:
 * then its link has none. */
static int merge_names(struct ntfs_build *b, const struct tree_node *dir,
                       const struct extras *extra, struct build_index *x, struct wtg_err *err)
{
    uintptr_t *name = arena_alloc(&b->arena, (dir->nchildren + extra->n) * sizeof *name, err);
    if (!name)
        return err->code;
    size_t n = 0, e = 0;
    for (uint32_t c = 0; c < dir->nchildren || e < extra->n;) {
        uintptr_t child = c < dir->nchildren ? (uintptr_t)dir->child[c] : 0;
        int order = !child ? 1 : e == extra->n ? -1 : compare(child, extra->name[e]);
        uintptr_t next = order <= 0 ? child : extra->name[e];
        int before = n > 0 ? compare(name[n - 1], next) : -1;
        if (before > 0)
            return wtg_fail(err, WTG_E_BUG, "the tree is not sorted");
        if (order <= 0)
            c++;
        else
            e++;
        if (before < 0) {
            name[n++] = next;
        } else if (name_is_short(next)) { /* children come first */
            node_file(b, name_link(next)->node)->short_link = NULL;
            b->info.short_names_dropped++;
        } else {
            return wtg_fail(err, WTG_E_BUG, "a directory holds a name twice");
        }
    }
    x->name = name;
    x->keys.n = n;
    return 0;
}

int build_dirs(struct ntfs_build *b, struct wtg_err *err)
{
    struct extras extra = { 0 };
    int r = refuse_system_names(b, err);
    for (size_t i = 0; r == 0 && i < b->nfiles; i++) {
        struct build_file *f = &b->file[i];
        if (!file_is_directory(f))
            continue;
        r = collect_extras(b, f->node, &extra, err);
        if (r == 0)
            r = mem_grow(&b->index, &b->indexes_cap, b->nindexes, sizeof b->index[0], err);
        if (r < 0)
            break;
        f->index = (uint32_t)b->nindexes++;
        f->nindexes = 1;
        struct build_index *x = &b->index[f->index];
        *x = (struct build_index){ .b = b, .view = &view_i30 };
        x->keys = (struct index_keys){ 0, view_i30.entry_bytes, view_i30.put };
        r = merge_names(b, f->node, &extra, x, err);
    }
    free(extra.name);
    return r;
}
