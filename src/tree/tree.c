/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tree/tree.h"

#include <stdio.h>
#include <string.h>

#include "base/utf16.h"
#include "tree/names.h"

int tree_new(struct tree **ret, struct wtg_err *err)
{
    struct tree *t = mem_zeroed(1, sizeof *t, err);
    if (!t)
        return err->code;
    struct tree_link *own = NULL;
    int r = tree_add_node(t, ATTR_DIRECTORY, &t->root, err);
    if (r == 0 && !(own = arena_alloc(&t->arena, sizeof *own, err)))
        r = err->code;
    if (r < 0) {
        tree_free(t);
        return r;
    }
    own->node = t->root;
    t->root->link = own;
    t->root->nlinks = 1;
    *ret = t;
    return 0;
}

void tree_free(struct tree *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->nnodes; i++)
        free(t->node[i]->child);
    free(t->node);
    free(t->sd);
    free(t->sd_index);
    arena_release(&t->arena);
    free(t);
}

int tree_add_node(struct tree *t, uint32_t attributes, struct tree_node **ret,
                  struct wtg_err *err)
{
    int r = mem_grow(&t->node, &t->nodes_cap, t->nnodes, sizeof *t->node, err);
    if (r < 0)
        return r;
    struct tree_node *n = arena_alloc(&t->arena, sizeof *n, err);
    if (!n)
        return err->code;
    n->attributes = attributes;
    t->node[t->nnodes++] = *ret = n;
    return 0;
}

static int room_for_child(struct tree_node *dir, struct wtg_err *err)
{
    size_t cap = dir->children_cap;
    int r = mem_grow(&dir->child, &cap, dir->nchildren, sizeof *dir->child, err);
    if (r == 0)
        dir->children_cap = (uint32_t)cap;
    return r;
}

static int check_names(const struct tree_node *node, const uint16_t *name, size_t name_len,
                       size_t short_len, struct wtg_err *err)
{
    char text[UTF16_MAX_UTF8(64)];

    utf16_to_utf8(name, name_len < 64 ? name_len : 64, text, sizeof text);
    if (!names_valid(name, name_len))
        return wtg_fail(err, WTG_E_IMAGE_NAME, "the name '%s' of %zu characters cannot stand on NTFS",
                        text, name_len);
    if (short_len > SHORT_NAME_MAX_UNITS)
        return wtg_fail(err, WTG_E_IMAGE_NAME,
                        "the short name of '%s' has %zu characters, more than the 12 of DOS", text,
                        short_len);
    if ((node->attributes & ATTR_DIRECTORY) && node->nlinks > 0)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "the directory '%s' stands in two places", text);
    return 0;
}

static void hang_on_node(struct tree_node *node, struct tree_link *l)
{
    struct tree_link **end = &node->link;

    if (node->nlinks > 0) { /* constant time: behind the first, whose order alone matters */
        l->next = node->link->next;
        end = &node->link->next;
    }
    *end = l;
    node->nlinks++;
}

int tree_add_link(struct tree *t, struct tree_node *parent, struct tree_node *node,
                  const uint16_t *name, size_t name_len, const uint16_t *short_name,
                  size_t short_len, struct tree_link **ret, struct wtg_err *err)
{
    int r = check_names(node, name, name_len, short_len, err);
    if (r == 0)
        r = room_for_child(parent, err);
    if (r < 0)
        return r;
    struct tree_link *l = arena_alloc(&t->arena, sizeof *l, err);
    if (!l || !(l->name = arena_dup(&t->arena, name, name_len * 2, err)))
        return err->code;
    if (short_len > 0 && !(l->short_name = arena_dup(&t->arena, short_name, short_len * 2, err)))
        return err->code;
    l->node = node;
    l->parent = parent;
    l->name_len = (uint8_t)name_len;
    l->short_len = (uint8_t)short_len;
    parent->child[parent->nchildren++] = l;
    hang_on_node(node, l);
    t->nlinks++;
    if (ret)
        *ret = l;
    return 0;
}

int tree_add_stream(struct tree *t, struct tree_node *node, const uint16_t *name, size_t name_len,
                    const struct tree_blob *blob, struct wtg_err *err)
{
    if (name_len > NAME_MAX_UNITS)
        return wtg_fail(err, WTG_E_IMAGE_NAME, "a stream name of %zu characters, more than 255",
                        name_len);
    for (uint32_t i = 0; i < node->nstreams; i++)
        if (names_same(node->stream[i].name, node->stream[i].name_len, name, name_len))
            return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "a file has two streams of one name");
    struct tree_stream *s =
        arena_alloc(&t->arena, (node->nstreams + 1) * sizeof *s, err);
    const uint16_t *copy = s ? arena_dup(&t->arena, name, name_len * 2, err) : NULL;
    if (!copy)
        return err->code;
    /* Few files have more than one stream, so arrays are simply made anew; unnamed first. */
    size_t at = name_len == 0 ? 0 : node->nstreams;
    if (node->nstreams)
        memcpy(s + (name_len == 0), node->stream, node->nstreams * sizeof *s);
    s[at] = (struct tree_stream){ .name = copy, .name_len = (uint8_t)name_len, .blob = blob };
    node->stream = s;
    node->nstreams++;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct tree_link *x = *(struct tree_link *const *)a, *y = *(struct tree_link *const *)b;
    return names_compare(x->name, x->name_len, y->name, y->name_len);
}

int tree_sort(struct tree *t, struct wtg_err *err)
{
    char path[512];

    for (size_t i = 0; i < t->nnodes; i++) {
        struct tree_node *d = t->node[i];
        if (d->nchildren < 2)
            continue;
        qsort(d->child, d->nchildren, sizeof *d->child, by_name);
        for (uint32_t k = 1; k < d->nchildren; k++)
            if (by_name(&d->child[k - 1], &d->child[k]) == 0)
                return wtg_fail(err, WTG_E_IMAGE_NAME, "'%s' stands twice in its directory",
                                tree_path(d->child[k], path, sizeof path));
    }
    return 0;
}

struct tree_link *tree_find_child(const struct tree_node *dir, const uint16_t *name, size_t n)
{
    size_t lo = 0, hi = dir->nchildren;

    while (lo < hi) { /* the first child not before `name` */
        size_t mid = lo + (hi - lo) / 2;
        if (names_compare(dir->child[mid]->name, dir->child[mid]->name_len, name, n) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    /* Names that differ only in case stand side by side: the exact one is at lo if it exists. */
    for (size_t i = lo; i < dir->nchildren && i <= lo; i++)
        if (names_same(dir->child[i]->name, dir->child[i]->name_len, name, n))
            return dir->child[i];
    if (lo > 0 && names_same(dir->child[lo - 1]->name, dir->child[lo - 1]->name_len, name, n))
        return dir->child[lo - 1];
    return NULL;
}

struct tree_link *tree_find(const struct tree *t, const char *path)
{
    struct tree_link *at = t->root->link;

    while (*path && at) {
        uint16_t name[NAME_MAX_UNITS];
        size_t n = 0, len = strcspn(path, "\\/");
        if (!utf16_from_utf8_buf(path, len, name, NAME_MAX_UNITS, &n))
            return NULL; /* no node has such a name */
        if (n > 0)
            at = tree_find_child(at->node, name, n);
        path += len + (path[len] != '\0');
    }
    return at;
}

const struct tree_blob *tree_data(const struct tree_node *node)
{
    return node->nstreams > 0 && node->stream[0].name_len == 0 ? node->stream[0].blob : NULL;
}

uint64_t tree_data_size(const struct tree_node *node)
{
    const struct tree_blob *b = tree_data(node);
    return b ? b->size_bytes : 0;
}

char *tree_path(const struct tree_link *link, char *buf, size_t cap)
{
    size_t at = cap - 1;

    buf[at] = '\0';
    if (!link->parent && at > 0)
        buf[--at] = '\\';
    /* Bounded by the tree's own depth: parents are made before children. */
    for (const struct tree_link *l = link; l->parent; l = l->parent->link) {
        char name[UTF16_MAX_UTF8(NAME_MAX_UNITS)];
        size_t n = utf16_to_utf8(l->name, l->name_len, name, sizeof name);
        if (n + 1 + 3 > at) { /* room for "..." */
            at -= 3;
            memcpy(buf + at, "...", 3);
            break;
        }
        at -= n;
        memcpy(buf + at, name, n);
        buf[--at] = '\\';
    }
    memmove(buf, buf + at, cap - at);
    return buf;
}

static bool holds(const struct tree_node *n, const struct tree_blob *blob)
{
    for (uint32_t i = 0; i < n->nstreams; i++)
        if (n->stream[i].blob == blob)
            return true;
    return n->reparse == blob || n->efs == blob;
}

char *tree_blob_path(const struct tree *t, const struct tree_blob *blob, char *buf, size_t cap)
{
    for (size_t i = 0; i < t->nnodes; i++)
        if (t->node[i]->link && holds(t->node[i], blob))
            return tree_path(t->node[i]->link, buf, cap);
    snprintf(buf, cap, "(no file)");
    return buf;
}

int tree_read_file(const struct tree *t, const char *path, size_t limit, uint8_t **ret,
                   size_t *ret_n, struct wtg_err *err)
{
    const struct tree_link *l = tree_find(t, path);
    if (!l)
        return wtg_fail(err, WTG_E_NOT_FOUND, "the image holds no '%s'", path);
    if (l->node->attributes & (ATTR_DIRECTORY | ATTR_ENCRYPTED))
        return wtg_fail(err, WTG_E_UNSUPPORTED, "'%s' is a directory or encrypted", path);
    if (tree_blob_slurp(tree_data(l->node), limit, ret, ret_n, err) < 0)
        return wtg_because(err, "reading '%s' from the image", path);
    return 0;
}
