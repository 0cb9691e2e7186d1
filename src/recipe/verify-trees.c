/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/verify-priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf16.h"

/* Directories are loaded one image at a time, and again when something needs a name: a disc has up
 * to eleven Windows of 60 MB of directories each. */

#define CATALOGS "\\Windows\\System32\\CatRoot\\{F750E6C3-38EE-11D1-85E5-00C04FC295EE}"

/* What the firmware, the boot manager and the loader start, as far as it is signed by itself. */
static const char *const boot_files[] = {
    "\\Windows\\Boot\\EFI\\bootmgfw.efi",       "\\Windows\\Boot\\EFI\\bootmgr.efi",
    "\\Windows\\Boot\\EFI_EX\\bootmgfw_EX.efi", "\\Windows\\Boot\\EFI_EX\\bootmgr_EX.efi",
    "\\Windows\\System32\\winload.efi",         "\\Windows\\System32\\winload.exe",
    "\\Windows\\System32\\winresume.efi",       "\\Windows\\System32\\Boot\\winload.efi",
    "\\Windows\\System32\\ntoskrnl.exe",        "\\Windows\\System32\\ci.dll",
};

static bool is_ours(const struct verify *v, const struct tree_blob *b)
{
    return b && v->nblobs && b->source == v->blob[0]->source && b->order < v->norders;
}

static bool is_catalog(const struct tree_link *l)
{
    static const char suffix[] = ".cat";
    size_t n = sizeof suffix - 1;

    if (l->name_len <= n)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint16_t c = l->name[l->name_len - n + i];
        if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != suffix[i])
            return false;
    }
    return true;
}

static void mark_kinds(struct verify *v, const struct tree *t)
{
    struct tree_link *dir = tree_find(t, CATALOGS);

    for (uint32_t i = 0; dir && i < dir->node->nchildren; i++) {
        const struct tree_blob *b = tree_data(dir->node->child[i]->node);
        if (is_ours(v, b) && is_catalog(dir->node->child[i])) {
            v->kind[b->order] |= BLOB_CATALOG;
            v->has_catalogs = true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(boot_files); i++) {
        struct tree_link *l = tree_find(t, boot_files[i]);
        const struct tree_blob *b = l ? tree_data(l->node) : NULL;
        if (is_ours(v, b)) {
            v->kind[b->order] |= BLOB_BOOT;
            v->has_boot = true;
        }
    }
}

static bool is_fatal(int code)
{
    return code == WTG_E_NOMEM || code == WTG_E_BUG;
}

int verify_trees(struct verify *v, struct wtg_err *err)
{
    size_t n = 0, bad = 0;
    const struct image_info *info = image_infos(v->image, &n);
    uint64_t names = 0;

    for (size_t i = 0; i < n; i++) {
        struct tree *t = NULL;
        struct wtg_err why = { 0 };
        int r = image_load_tree(v->image, info[i].index, &t, &why);
        if (is_fatal(r)) {
            *err = why;
            return r;
        }
        if (r < 0 && bad++ == 0)
            verify_tell(v, WTG_VERIFY_METADATA, WTG_VERIFY_FAILED, "", "%s", why.text);
        if (r == 0) {
            mark_kinds(v, t);
            names += t->nlinks;
        }
        tree_free(t);
        r = wtg_tick(v->job, &(struct wtg_progress){ "read-image", "files", names, 0 }, err);
        if (r < 0)
            return r;
    }
    size_t metadata = image_nmetadata(v->image);
    if (bad == 0 && metadata != n)
        verify_tell(v, WTG_VERIFY_METADATA, WTG_VERIFY_FAILED, "",
                    "%zu metadata resources for %zu images", metadata, n);
    else if (bad == 0)
        verify_tell(v, WTG_VERIFY_METADATA, WTG_VERIFY_FINE, "",
                    "%zu images with %" PRIu64 " names, their SHA-1 is the one that the table has",
                    n, names);
    return 0;
}

/* Names. */

struct naming {
    struct verify *v;
    enum wtg_verify_check check;
    const struct verify_named *named;
    size_t n;
    size_t *by_order; /* of blobs: place in `named` + 1; 0: none, or it has been told */
    size_t left;
};

static void tell_file(struct naming *k, size_t at, unsigned image, const char *path)
{
    const struct verify_named *one = &k->named[at];
    const struct wtg_verify_file f = { k->check, one->failed, image, path, one->why };

    k->by_order[one->blob->order] = 0;
    k->left--;
    if (k->v->watch->file)
        k->v->watch->file(&f, k->v->watch->user);
}

/* "\dir\file:stream" of the first name. */
static void name_node(struct naming *k, unsigned image, const struct tree_node *node)
{
    char path[1024], stream[260];

    for (uint32_t s = 0; s < node->nstreams && node->link; s++) {
        const struct tree_blob *b = node->stream[s].blob;
        if (!is_ours(k->v, b) || !k->by_order[b->order])
            continue;
        tree_path(node->link, path, sizeof path - sizeof stream);
        if (node->stream[s].name_len) {
            utf16_to_utf8(node->stream[s].name, node->stream[s].name_len, stream, sizeof stream);
            size_t len = strlen(path);
            snprintf(path + len, sizeof path - len, ":%s", stream);
        }
        tell_file(k, k->by_order[b->order] - 1, image, path);
    }
    const struct tree_blob *b = node->reparse;
    if (node->link && is_ours(k->v, b) && k->by_order[b->order])
        tell_file(k, k->by_order[b->order] - 1, image, tree_path(node->link, path, sizeof path));
}

static int name_in_images(struct naming *k, struct wtg_err *err)
{
    size_t n = 0;
    const struct image_info *info = image_infos(k->v->image, &n);

    for (size_t i = 0; i < n && k->left > 0; i++) {
        struct tree *t = NULL;
        struct wtg_err why = { 0 };
        int r = image_load_tree(k->v->image, info[i].index, &t, &why);
        if (is_fatal(r)) {
            *err = why;
            return r;
        }
        for (size_t at = 0; r == 0 && at < t->nnodes && k->left > 0; at++)
            name_node(k, info[i].index, t->node[at]);
        tree_free(t);
    }
    for (size_t i = 0; i < k->n; i++)
        if (k->by_order[k->named[i].blob->order] == i + 1)
            tell_file(k, i, 0, "");
    return 0;
}

int verify_name(struct verify *v, enum wtg_verify_check check, const struct verify_named *named,
                size_t n, struct wtg_err *err)
{
    struct naming k = { .v = v, .check = check, .named = named, .n = n, .left = n };

    if (n == 0)
        return 0;
    AUTO_FREE size_t *by_order = k.by_order = mem_zeroed(v->norders, sizeof *by_order, err);
    if (!by_order)
        return err->code;
    for (size_t i = 0; i < n; i++)
        by_order[named[i].blob->order] = i + 1;
    return name_in_images(&k, err);
}
