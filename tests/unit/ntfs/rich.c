/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rich.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "base/utf16.h"
#include "ntfs/build.h"
#include "ntfs/ntfs-disk.h"

static struct wtg_err err;

static void must(int r)
{
    if (r >= 0)
        return;
    printf("# rich volume: %s\n", err.text);
    abort();
}

static void *need(void *p)
{
    if (!p)
        abort();
    return p;
}

/* ---- The tree --------------------------------------------------------------------------- */

/* Bytes that differ from blob to blob; `zeroes_from`: nothing but zeroes from there on. */
static struct tree_blob *blob(struct rich_tree *r, size_t n, size_t zeroes_from)
{
    uint8_t *p = need(calloc(n, 1));
    for (size_t i = 0; i < n && i < zeroes_from; i++)
        p[i] = (uint8_t)(i * 7 + i / 251 + r->nblobs + 1);
    struct tree_blob *b = NULL;
    must(tree_memory_blob_new(p, n, &b, &err));
    b->order = r->nblobs;
    r->blob[r->nblobs++] = b;
    return b;
}

/* One of a family of descriptors: owner S-1-5-32-(544 + n), and a list of one entry. */
static const struct tree_sd *descriptor(struct rich_tree *r, uint32_t n)
{
    static const uint8_t form[] = {
        1, 0, 4,  0x80, 20,   0, 0,    0, 20, 0, 0, 0, 0,    0, 0, 0, 36, 0, 0, 0, /* head */
        1, 2, 0,  0,    0,    0, 0,    5, 32, 0, 0, 0, 0x20, 2, 0, 0,              /* SID */
        2, 0, 32, 0,    1,    0, 0,    0,                                          /* ACL */
        0, 0, 24, 0,    0xff, 1, 0x1f, 0,                                          /* ACE */
        1, 2, 0,  0,    0,    0, 0,    5, 32, 0, 0, 0, 0x20, 2, 0, 0,
    };
    uint8_t sd[sizeof form];
    const struct tree_sd *ret = NULL;
    memcpy(sd, form, sizeof sd);
    put_le32(sd + 32, 0x220 + n);
    must(tree_share_sd(r->tree, sd, sizeof sd, &ret, &err));
    return ret;
}

static void name(struct rich_tree *r, struct tree_node *dir, struct tree_node *node,
                 const char *text, const char *brief)
{
    AUTO_FREE uint16_t *u = NULL, *b = NULL;
    size_t n = 0, bn = 0;
    must(utf16_from_utf8(text, &u, &n, &err));
    if (brief)
        must(utf16_from_utf8(brief, &b, &bn, &err));
    must(tree_add_link(r->tree, dir, node, u, n, b, bn, NULL, &err));
}

static struct tree_node *file(struct rich_tree *r, struct tree_node *dir, const char *text,
                              uint32_t attributes, const struct tree_blob *content)
{
    struct tree_node *f = NULL;
    must(tree_add_node(r->tree, attributes, &f, &err));
    f->created = 130000000000000000;
    f->written = f->created + 10;
    f->changed = f->created + 20;
    f->accessed = f->created + 30;
    f->sd = descriptor(r, 0);
    if (content)
        must(tree_add_stream(r->tree, f, NULL, 0, content, &err));
    if (text)
        name(r, dir, f, text, NULL);
    return f;
}

static void stream(struct rich_tree *r, struct tree_node *f, const char *text,
                   const struct tree_blob *content)
{
    AUTO_FREE uint16_t *u = NULL;
    size_t n = 0;
    must(utf16_from_utf8(text, &u, &n, &err));
    must(tree_add_stream(r->tree, f, u, n, content, &err));
}

static void fill_reparse(struct rich_tree *r, struct tree_node *root)
{
    struct tree_node *f = file(r, root, "symlink", ATTR_REPARSE, NULL);
    f->reparse_tag = NTFS_REPARSE_TAG_SYMLINK;
    f->reparse = blob(r, 32, SIZE_MAX);
    /* 64 KiB in two chunks that are not compressed; the unnamed stream is one hole. */
    f = file(r, root, "overlay", ATTR_REPARSE | ATTR_SPARSE, blob(r, 65536, 0));
    f->reparse_tag = NTFS_REPARSE_TAG_WOF;
    uint8_t *p = need(calloc(16, 1));
    p[0] = 1, p[4] = NTFS_WOF_PROVIDER_FILE, p[8] = 1, p[12] = NTFS_WOF_LZX;
    must(tree_memory_blob_new(p, 16, &r->blob[r->nblobs], &err));
    f->reparse = r->blob[r->nblobs++];
    p = need(calloc(4 + 65536, 1));
    put_le32(p, 32768);
    must(tree_memory_blob_new(p, 4 + 65536, &r->blob[r->nblobs], &err));
    stream(r, f, NTFS_WOF_STREAM, r->blob[r->nblobs++]);
}

static void fill_ids(struct rich_tree *r, struct tree_node *root)
{
    static const uint8_t ids[2][16] = { "a first object i", "b second object " };
    static const struct tree_ea eas[2] = {
        { .name_len = 4, .value_len = 5, .name = "FOUR", .value = (const uint8_t *)"value" },
        { .flags = NTFS_EA_NEED,
          .name_len = 3,
          .value_len = 2,
          .name = "TWO",
          .value = (const uint8_t *)"ab" },
    };
    struct tree_node *f = file(r, root, "object", ATTR_ARCHIVE, blob(r, 30, SIZE_MAX));
    f->object_id = ids[0];
    f->object_id_len = 16;
    f = file(r, root, "object too", ATTR_ARCHIVE, blob(r, 31, SIZE_MAX));
    f->object_id = ids[1];
    f->object_id_len = 16;
    f = file(r, root, "attributes", ATTR_ARCHIVE, blob(r, 33, SIZE_MAX));
    f->ea = eas;
    f->neas = 2;
    file(r, root, "alone", ATTR_ARCHIVE, blob(r, 34, SIZE_MAX))->sd = descriptor(r, 9);
}

static void fill_names(struct rich_tree *r, struct tree_node *root)
{
    char text[64];
    struct tree_node *f = file(r, root, NULL, ATTR_ARCHIVE, blob(r, 10, SIZE_MAX));
    name(r, root, f, "Long name.text", "LONGNA~1.TEX");
    f = file(r, root, "twin a", ATTR_ARCHIVE, blob(r, 11, SIZE_MAX));
    name(r, root, f, "twin b", NULL);
    f = file(r, root, NULL, ATTR_ARCHIVE, blob(r, 12, SIZE_MAX));
    for (int i = 0; i < 60; i++) {
        snprintf(text, sizeof text, "link %d with a long name, so that they fill records", i);
        name(r, root, f, text, NULL);
    }
    f = file(r, root, NULL, ATTR_DIRECTORY, NULL);
    name(r, root, f, "up", "UP~1");
    file(r, f, "down", ATTR_DIRECTORY, NULL);
    f = file(r, root, "big", ATTR_DIRECTORY, NULL);
    for (int i = 0; i < r->files; i++) {
        snprintf(text, sizeof text, "a file with a number, %04d", i);
        file(r, f, text, ATTR_ARCHIVE, NULL)->sd = descriptor(r, (uint32_t)i % 5);
    }
}

void rich_tree_new(struct rich_tree *r)
{
    *r = (struct rich_tree){ .files = r->files ? r->files : 1200 };
    must(tree_new(&r->tree, &err));
    struct tree_node *root = r->tree->root;
    root->sd = descriptor(r, 1);
    root->created = root->written = root->changed = root->accessed = 131000000000000000;
    file(r, root, "plain", ATTR_ARCHIVE, blob(r, 12000, SIZE_MAX));
    file(r, root, "alike", ATTR_ARCHIVE, blob(r, 12000, SIZE_MAX));
    file(r, root, "small", ATTR_ARCHIVE, blob(r, 40, SIZE_MAX));
    file(r, root, "sparse", ATTR_ARCHIVE | ATTR_SPARSE, blob(r, 1 << 20, 65536));
    struct tree_node *f = file(r, root, "streams", ATTR_ARCHIVE, blob(r, 20, SIZE_MAX));
    stream(r, f, "one", blob(r, 21, SIZE_MAX));
    stream(r, f, "two", blob(r, 5000, SIZE_MAX));
    stream(r, f, "wide", blob(r, 9000, SIZE_MAX));
    fill_names(r, root);
    fill_reparse(r, root);
    fill_ids(r, root);
    must(tree_sort(r->tree, &err));
}

void rich_tree_free(struct rich_tree *r)
{
    tree_free(r->tree);
    for (size_t i = 0; i < r->nblobs; i++)
        tree_memory_blob_free(r->blob[i]);
}

/* ---- The volume ------------------------------------------------------------------------- */

static int find_holes(void *ctx, const struct tree_blob *b, struct ntfs_hole **ret, size_t *ret_n,
                      struct wtg_err *e)
{
    uint64_t stored = b->size_bytes == 65536 ? 0 : 65536;
    (void)ctx, (void)e;
    *ret = need(malloc(sizeof **ret));
    **ret = (struct ntfs_hole){ stored, b->size_bytes - stored };
    *ret_n = 1;
    return 0;
}

static void write_region(uint8_t *img, const struct tree_region *g)
{
    uint8_t *at = img + g->offset;
    if (g->kind == REGION_BYTES)
        memcpy(at, g->bytes, g->length);
    if (g->kind == REGION_FILL)
        memset(at, g->fill, g->length);
    if (g->kind == REGION_MAKE)
        must(g->make(g->ctx, 0, at, g->length, &err));
    if (g->kind == REGION_BLOB || g->kind == REGION_KEEP) {
        uint64_t n = min_u64(g->length, g->blob->size_bytes - g->blob_off);
        must(tree_blob_read(g->blob, g->blob_off, g->kind == REGION_KEEP ? g->keep : at, n, &err));
    }
}

static struct blk *volume_new(uint32_t sector_bytes, int files)
{
    struct rich_tree r = { .files = files };
    struct blk *vol = NULL;
    struct ntfs_build *b = NULL;
    struct tree_regions g = { 0 };
    rich_tree_new(&r);
    const struct ntfs_build_opts o = { .size_bytes = RICH_BYTES,
                                       .sector_bytes = sector_bytes,
                                       .start_lba = RICH_START_LBA,
                                       .label = "rich",
                                       .serial = 0x1122334455667788,
                                       .time = 132000000000000000,
                                       .holes = find_holes };
    must(ntfs_build_new(r.tree, &o, &b, &err));
    must(ntfs_build_regions(b, &g, &err));
    must(blk_mem_new(RICH_BYTES, &vol, &err));
    for (int pass = PASS_WIPE; pass <= PASS_TABLE; pass++)
        for (size_t i = 0; i < g.n; i++)
            if ((int)g.region[i].pass == pass)
                write_region(blk_mem_bytes(vol), &g.region[i]);
    vol->sector_bytes = sector_bytes;
    tree_regions_release(&g);
    ntfs_build_free(b);
    rich_tree_free(&r);
    return vol;
}

struct blk *rich_volume_new(uint32_t sector_bytes)
{
    return volume_new(sector_bytes, 1200);
}

struct blk *rich_small_volume_new(void)
{
    return volume_new(512, 40);
}
