/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tree/names.h"

struct compare {
    unsigned shown, differences;
};

static void differ(struct compare *c, const struct tree_link *l, const char *what)
{
    char path[400] = "\\";
    c->differences++;
    if (c->shown++ < 20)
        printf("# '%s': %s\n", l->parent ? tree_path(l, path, sizeof path) : path, what);
}

static bool same_blob(const struct tree_blob *a, const struct tree_blob *b)
{
    struct wtg_err err = { 0 };
    uint8_t *p = NULL, *q = NULL;
    size_t n = 0, m = 0;
    bool same = tree_blob_slurp(a, SIZE_MAX / 2, &p, &n, &err) == 0 &&
                tree_blob_slurp(b, SIZE_MAX / 2, &q, &m, &err) == 0 && n == m &&
                memcmp(p, q, n) == 0;
    free(p);
    free(q);
    return same;
}

static const struct tree_stream *find_stream(const struct tree_node *n, const struct tree_stream *s)
{
    for (uint32_t i = 0; i < n->nstreams; i++)
        if (n->stream[i].name_len == s->name_len &&
            memcmp(n->stream[i].name, s->name, s->name_len * 2u) == 0)
            return &n->stream[i];
    return NULL;
}

static void compare_streams(struct compare *c, const struct tree_link *l, const struct tree_node *a,
                            const struct tree_node *b)
{
    uint32_t named_a = 0, named_b = 0;
    if (!same_blob(tree_data(a), tree_data(b)))
        differ(c, l, "content");
    for (uint32_t i = 0; i < a->nstreams; i++) {
        if (a->stream[i].name_len == 0)
            continue;
        const struct tree_stream *s = find_stream(b, &a->stream[i]);
        if (!s || !same_blob(a->stream[i].blob, s->blob))
            differ(c, l, "named stream");
        named_a++;
    }
    for (uint32_t i = 0; i < b->nstreams; i++)
        named_b += b->stream[i].name_len > 0;
    if (named_a != named_b)
        differ(c, l, "number of named streams");
}

static bool same_eas(const struct tree_node *a, const struct tree_node *b)
{
    if (a->neas != b->neas)
        return false;
    for (uint32_t i = 0; i < a->neas; i++) {
        const struct tree_ea *x = &a->ea[i], *y = &b->ea[i];
        if (x->flags != y->flags || x->name_len != y->name_len || x->value_len != y->value_len ||
            memcmp(x->name, y->name, x->name_len) != 0 ||
            memcmp(x->value, y->value, x->value_len) != 0)
            return false;
    }
    return true;
}

static void compare_nodes(struct compare *c, const struct tree_link *l, const struct tree_node *a,
                          const struct tree_node *b)
{
    bool directory = (a->attributes & ATTR_DIRECTORY) != 0;
    uint32_t expected =
        a->attributes & ~(uint32_t)(ATTR_NORMAL | (directory ? 0 : ATTR_COMPRESSED));
    if (expected != b->attributes)
        differ(c, l, "attributes");
    if (a->created != b->created || a->accessed != b->accessed || a->written != b->written ||
        a->changed != b->changed)
        differ(c, l, "times");
    if (a->nlinks != b->nlinks)
        differ(c, l, "number of links");
    if (a->sd && (!b->sd || a->sd->size_bytes != b->sd->size_bytes ||
                  memcmp(a->sd->bytes, b->sd->bytes, a->sd->size_bytes) != 0))
        differ(c, l, "descriptor");
    if (!b->sd)
        differ(c, l, "has no descriptor");
    if ((a->attributes & ATTR_REPARSE) &&
        (a->reparse_tag != b->reparse_tag || a->reparse_reserved != b->reparse_reserved ||
         !same_blob(a->reparse, b->reparse)))
        differ(c, l, "reparse data");
    if ((a->object_id_len != 0) != (b->object_id_len != 0) ||
        (a->object_id_len && memcmp(a->object_id, b->object_id, 16) != 0))
        differ(c, l, "object id");
    if (!same_eas(a, b))
        differ(c, l, "extended attributes");
    compare_streams(c, l, a, b);
}

/* Nodes of hard links must be the same node: b's remembers a's number. */
static void compare_dirs(struct compare *c, const struct tree_node *a, const struct tree_node *b)
{
    if (a->nchildren != b->nchildren) {
        differ(c, a->link, "number of names in it");
        return;
    }
    for (uint32_t i = 0; i < a->nchildren; i++) {
        const struct tree_link *x = a->child[i], *y = b->child[i];
        if (x->name_len != y->name_len || memcmp(x->name, y->name, x->name_len * 2u) != 0) {
            differ(c, x, "name");
            return;
        }
        /* One name that is both a long and a short one is read as having no other. */
        size_t len =
            names_same(x->name, x->name_len, x->short_name, x->short_len) ? 0 : x->short_len;
        if (len != y->short_len || (len && memcmp(x->short_name, y->short_name, len * 2) != 0))
            differ(c, x, "short name");
        if (y->node->mark == UINT64_MAX) {
            y->node->mark = x->node->mark;
            compare_nodes(c, x, x->node, y->node);
        } else if (y->node->mark != x->node->mark) {
            differ(c, x, "linked to another file");
        }
        if (x->node->nchildren || y->node->nchildren)
            compare_dirs(c, x->node, y->node);
    }
}

bool same_trees(const struct tree *want, const struct tree *got)
{
    struct compare c = { 0 };
    for (size_t i = 0; i < want->nnodes; i++)
        want->node[i]->mark = i;
    for (size_t i = 0; i < got->nnodes; i++)
        got->node[i]->mark = UINT64_MAX;
    compare_nodes(&c, want->root->link, want->root, got->root);
    compare_dirs(&c, want->root, got->root);
    return c.differences == 0;
}
