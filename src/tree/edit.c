/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tree/edit.h"

#include <stdio.h>
#include <string.h>

#include "base/utf16.h"
#include "tree/names.h"

static char *dup_or_null(const char *s, struct wtg_err *err)
{
    char *d = s ? strdup(s) : NULL;
    if (s && !d)
        wtg_fail_nomem(err);
    return d;
}

static void edit_release(struct tree_edit *e)
{
    free(e->path);
    free(e->why);
    free(e->detail);
    tree_memory_blob_free(e->content);
}

int tree_edits_add(struct tree_edits *e, enum tree_edit_op op, const char *path,
                   struct tree_blob *content, const char *why, const char *detail,
                   struct wtg_err *err)
{
    struct tree_edit one = { .op = op,
                             .path = dup_or_null(path, err),
                             .content = content,
                             .why = dup_or_null(why, err),
                             .detail = dup_or_null(detail, err) };

    if (!one.path || !one.why || (detail && !one.detail) ||
        mem_grow(&e->edit, &e->cap, e->n, sizeof *e->edit, err) < 0) {
        edit_release(&one);
        return err->code;
    }
    e->edit[e->n++] = one;
    return 0;
}

void tree_edits_release(struct tree_edits *e)
{
    for (size_t i = 0; i < e->n; i++)
        edit_release(&e->edit[i]);
    free(e->edit);
    *e = (struct tree_edits){ 0 };
}

/* A path as names one after the other, so that "/Windows\x" and "\WINDOWS\X" compare equal. */
struct parts {
    uint16_t *unit;
    struct {
        size_t at, len;
    } name[64];
    size_t n;
};

enum { MAX_DEPTH = 64 }; /* edits come from wtg's own tables and options: deeper is a mistake */

static int split(const char *path, struct parts *ret, struct wtg_err *err)
{
    size_t n = 0;
    struct parts p = { 0 };

    if (utf16_from_utf8(path, &p.unit, &n, err) < 0)
        return err->code;
    for (size_t i = 0; i < n; i++) {
        size_t start = i;
        while (i < n && p.unit[i] != '\\' && p.unit[i] != '/')
            i++;
        if (i == start)
            continue;
        if (p.n == MAX_DEPTH || !names_valid(p.unit + start, i - start)) {
            free(p.unit);
            return wtg_fail(err, WTG_E_IMAGE_NAME, "'%s' is no path for a file on NTFS", path);
        }
        p.name[p.n].at = start;
        p.name[p.n++].len = i - start;
    }
    if (p.n == 0) {
        free(p.unit);
        return wtg_fail(err, WTG_E_IMAGE_NAME, "'%s' names no file", path);
    }
    *ret = p;
    return 0;
}

/* Does `a` equal `b`, or stand above it? */
static bool is_prefix(const struct parts *a, const struct parts *b)
{
    for (size_t i = 0; i < a->n; i++)
        if (i == b->n || !names_same(a->unit + a->name[i].at, a->name[i].len,
                                     b->unit + b->name[i].at, b->name[i].len))
            return false;
    return true;
}

static int conflict(const struct tree_edit *a, const struct tree_edit *b, struct wtg_err *err)
{
    return wtg_fail(err, WTG_E_EDIT_CONFLICT, "'%s' (%s) and '%s' (%s) contradict each other",
                    a->path, a->why, b->path, b->why);
}

static int check_pair(const struct tree *t, const struct tree_edit *a, const struct parts *pa,
                      const struct tree_edit *b, const struct parts *pb, struct wtg_err *err)
{
    bool a_above = is_prefix(pa, pb), b_above = is_prefix(pb, pa);

    if (a_above && b_above)
        return conflict(a, b, err);
    /* Below a deleted directory, or below what another edit makes a file. */
    if ((a_above && (a->op == TREE_EDIT_DELETE || a->op == TREE_EDIT_ADD)) ||
        (b_above && (b->op == TREE_EDIT_DELETE || b->op == TREE_EDIT_ADD)))
        return conflict(a, b, err);
    const struct tree_link *la = tree_find(t, a->path), *lb = tree_find(t, b->path);
    if (la && lb && la->node == lb->node)
        return conflict(a, b, err);
    return 0;
}

/* Does the edit fit what is in the tree? */
static int check_one(const struct tree *t, const struct tree_edit *e, const struct parts *p,
                     struct wtg_err *err)
{
    const struct tree_link *l = tree_find(t, e->path);

    if (e->op == TREE_EDIT_ADD && l)
        return wtg_fail(err, WTG_E_EDIT_CONFLICT, "'%s' is to be added, but the image has it", e->path);
    if (e->op != TREE_EDIT_ADD && !l)
        return wtg_fail(err, WTG_E_EDIT_CONFLICT, "'%s' is to be changed, but the image has none",
                        e->path);
    if (e->op == TREE_EDIT_REPLACE && (l->node->attributes & (ATTR_DIRECTORY | ATTR_REPARSE)))
        return wtg_fail(err, WTG_E_EDIT_CONFLICT, "'%s' is to get new content, but is no plain file",
                        e->path);
    const struct tree_node *dir = t->root;
    for (size_t i = 0; e->op == TREE_EDIT_ADD && i + 1 < p->n; i++) {
        l = tree_find_child(dir, p->unit + p->name[i].at, p->name[i].len);
        if (!l)
            break;
        if (!(l->node->attributes & ATTR_DIRECTORY))
            return wtg_fail(err, WTG_E_EDIT_CONFLICT, "'%s' would stand below a file", e->path);
        dir = l->node;
    }
    return 0;
}

int tree_edits_check(const struct tree *t, const struct tree_edits *e, struct wtg_err *err)
{
    int r = 0;
    size_t done = 0;
    AUTO_FREE struct parts *p = mem_zeroed(e->n, sizeof *p, err);
    if (!p)
        return err->code;
    for (; done < e->n && r == 0; done++) {
        r = split(e->edit[done].path, &p[done], err);
        if (r < 0)
            break;
        r = check_one(t, &e->edit[done], &p[done], err);
        for (size_t k = 0; k < done && r == 0; k++)
            r = check_pair(t, &e->edit[k], &p[k], &e->edit[done], &p[done], err);
    }
    for (size_t i = 0; i < e->n; i++)
        free(p[i].unit);
    return r;
}

/* Keeps the directory sorted: moves the link that was added last to its place. */
static void settle_last(struct tree_node *dir)
{
    struct tree_link *l = dir->child[dir->nchildren - 1];
    uint32_t i = dir->nchildren - 1;

    for (; i > 0 && names_compare(dir->child[i - 1]->name, dir->child[i - 1]->name_len, l->name,
                                  l->name_len) > 0; i--)
        dir->child[i] = dir->child[i - 1];
    dir->child[i] = l;
}

static int make_child(struct tree *t, struct tree_node *dir, const uint16_t *name, size_t n,
                      uint32_t attributes, uint64_t time, struct tree_node **ret,
                      struct wtg_err *err)
{
    struct tree_node *node = NULL;
    int r = tree_add_node(t, attributes, &node, err);
    if (r == 0)
        r = tree_add_link(t, dir, node, name, n, NULL, 0, NULL, err);
    if (r < 0)
        return r;
    settle_last(dir);
    node->created = node->accessed = node->written = node->changed = time;
    node->sd = dir->sd;
    *ret = node;
    return 0;
}

static int apply_add(struct tree *t, const struct tree_edit *e, uint64_t time, struct wtg_err *err)
{
    struct parts p = { 0 };
    struct tree_node *at = t->root;
    int r = split(e->path, &p, err);

    for (size_t i = 0; r == 0 && i < p.n; i++) {
        const uint16_t *name = p.unit + p.name[i].at;
        bool last = i + 1 == p.n;
        struct tree_link *l = last ? NULL : tree_find_child(at, name, p.name[i].len);
        if (l)
            at = l->node;
        else
            r = make_child(t, at, name, p.name[i].len,
                           !last            ? ATTR_DIRECTORY
                           : e->attributes ? e->attributes
                                            : (uint32_t)ATTR_ARCHIVE,
                           time, &at, err);
    }
    if (r == 0 && e->content)
        r = tree_add_stream(t, at, NULL, 0, e->content, err);
    free(p.unit);
    return r;
}

static int apply_replace(struct tree *t, const struct tree_edit *e, struct wtg_err *err)
{
    struct tree_node *n = tree_find(t, e->path)->node;
    const struct tree_blob *blob = e->content && e->content->size_bytes ? e->content : NULL;

    if (n->nstreams == 0 || n->stream[0].name_len != 0)
        return tree_add_stream(t, n, NULL, 0, blob, err);
    n->stream[0].blob = blob;
    return 0;
}

/* Takes one link off its directory and its node; a node without links is no longer part of the
 * volume and is skipped by the builders. */
static void unlink_one(struct tree *t, struct tree_link *l)
{
    struct tree_node *dir = l->parent, *n = l->node;
    uint32_t i = 0;

    while (dir->child[i] != l)
        i++;
    memmove(dir->child + i, dir->child + i + 1, (dir->nchildren - i - 1) * sizeof *dir->child);
    dir->nchildren--;
    struct tree_link **at = &n->link;
    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    n->nlinks--;
    t->nlinks--;
}

/* Deletes a node by all its links, and everything below it; links from elsewhere to files below a
 * deleted directory stay.  Walks without recursion: hostile images may be deep. */
static void delete_node(struct tree *t, struct tree_node *n)
{
    struct tree_node *at = n;

    for (;;) {
        while (at->nchildren > 0 && (at->child[at->nchildren - 1]->node->attributes & ATTR_DIRECTORY))
            at = at->child[at->nchildren - 1]->node;
        if (at->nchildren > 0) {
            unlink_one(t, at->child[at->nchildren - 1]);
            continue;
        }
        if (at == n)
            break;
        struct tree_node *up = at->link->parent;
        unlink_one(t, at->link);
        at = up;
    }
    while (n->link)
        unlink_one(t, n->link);
}

int tree_edits_apply(struct tree *t, const struct tree_edits *e, uint64_t time,
                     struct wtg_err *err)
{
    int r = tree_edits_check(t, e, err);

    for (size_t i = 0; i < e->n && r == 0; i++) {
        const struct tree_edit *one = &e->edit[i];
        if (one->op == TREE_EDIT_ADD)
            r = apply_add(t, one, time, err);
        else if (one->op == TREE_EDIT_REPLACE)
            r = apply_replace(t, one, err);
        else
            delete_node(t, tree_find(t, one->path)->node);
    }
    return r;
}
