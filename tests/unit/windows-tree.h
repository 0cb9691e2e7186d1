/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_WINDOWS_TREE_H
#define TEST_WINDOWS_TREE_H

/* A tree that looks like a Windows, made file by file, for the tests of boot and windows. */

#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "base/utf16.h"
#include "tree/tree.h"

enum { WINDOWS_TREE_BLOBS = 64, WINDOWS_TREE_TIME = 1000 };
struct windows_tree {
    struct tree *t;
    struct tree_blob *blob[WINDOWS_TREE_BLOBS];
    size_t nblobs;
};

static inline struct tree_node *windows_tree_node(struct windows_tree *w, struct tree_node *parent,
                                                  const char *name, size_t len, uint32_t attributes)
{
    struct wtg_err err = { 0 };
    struct tree_node *n = NULL;
    struct tree_link *l = NULL;
    char buf[256] = "";
    uint16_t *unit = NULL;
    size_t units = 0;
    memcpy(buf, name, len);
    if (utf16_from_utf8(buf, &unit, &units, &err) < 0)
        abort();
    for (size_t i = 0; i < parent->nchildren && !n; i++)
        if (parent->child[i]->name_len == units &&
            memcmp(parent->child[i]->name, unit, units * 2) == 0)
            n = parent->child[i]->node;
    if (!n && (tree_add_node(w->t, attributes, &n, &err) < 0 ||
               tree_add_link(w->t, parent, n, unit, units, NULL, 0, &l, &err) < 0))
        abort();
    n->created = n->accessed = n->written = n->changed = WINDOWS_TREE_TIME;
    free(unit);
    return n;
}

/* Adds a file with a copy of the bytes, and its directories; "A\\B\\file". */
static inline struct tree_node *windows_tree_add(struct windows_tree *w, const char *path,
                                                 const void *p, size_t n)
{
    struct wtg_err err = { 0 };
    struct tree_node *at = w->t->root;
    for (const char *end; (end = strchr(path, '\\')); path = end + 1)
        at = windows_tree_node(w, at, path, (size_t)(end - path), ATTR_DIRECTORY);
    at = windows_tree_node(w, at, path, strlen(path), ATTR_ARCHIVE);
    uint8_t *copy = malloc(n + 1);
    if (!copy || w->nblobs == WINDOWS_TREE_BLOBS)
        abort();
    memcpy(copy, p, n);
    if (n == 0)
        free(copy);
    else if (tree_memory_blob_new(copy, n, &w->blob[w->nblobs++], &err) < 0 ||
             tree_add_stream(w->t, at, NULL, 0, w->blob[w->nblobs - 1], &err) < 0)
        abort();
    return at;
}

static inline struct tree_node *windows_tree_text(struct windows_tree *w, const char *path,
                                                  const char *text)
{
    return windows_tree_add(w, path, text, strlen(text));
}

/* The least PE file for that machine and subsystem. */
enum { PE_TEST_BYTES = 256 };
static inline void windows_tree_pe(uint8_t pe[PE_TEST_BYTES], uint16_t machine, uint16_t subsystem)
{
    memset(pe, 0, PE_TEST_BYTES);
    memcpy(pe, "MZ", 2);
    put_le32(pe + 0x3c, 0x80);
    memcpy(pe + 0x80, "PE\0", 4);
    put_le16(pe + 0x84, machine);
    put_le16(pe + 0x94, 240);
    put_le16(pe + 0x98, 0x20b);
    put_le16(pe + 0xdc, subsystem);
}

static inline void windows_tree_new(struct windows_tree *w)
{
    struct wtg_err err = { 0 };
    *w = (struct windows_tree){ 0 };
    if (tree_new(&w->t, &err) < 0)
        abort();
}

static inline void windows_tree_sort(struct windows_tree *w)
{
    struct wtg_err err = { 0 };
    if (tree_sort(w->t, &err) < 0)
        abort();
}

static inline void windows_tree_free(struct windows_tree *w)
{
    tree_free(w->t);
    for (size_t i = 0; i < w->nblobs; i++)
        tree_memory_blob_free(w->blob[i]);
    *w = (struct windows_tree){ 0 };
}

#endif
