/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_TEST_FAT_VOLUME_H
#define WTG_TEST_FAT_VOLUME_H

/* Fixtures: trees from tables, and regions laid into memory without the write room. */

#include "test.h"

#include <string.h>

#include "base/utf16.h"
#include "blk/blk.h"
#include "fat/fat-build.h"
#include "fat/fat-check.h"
#include "fat/fat-read.h"

/* 2024-02-29 12:34:56.78 UTC */
#define TEST_TIME ((UINT64_C(154556) * 86400 + 12 * 3600 + 34 * 60 + 56) * 10000000 + 7800000)

struct fixture {
    struct tree *t;
    struct tree_blob *blob[1024]; /* freed with it */
    size_t nblobs;
    struct wtg_err err;
};

static inline struct tree_node *fixture_add(struct fixture *f, struct tree_node *dir,
                                            const char *name, uint32_t attributes)
{
    uint16_t *units = NULL;
    size_t n = 0;
    struct tree_node *node = NULL;

    if (utf16_from_utf8(name, &units, &n, &f->err) < 0 ||
        tree_add_node(f->t, attributes, &node, &f->err) < 0 ||
        tree_add_link(f->t, dir, node, units, n, NULL, 0, NULL, &f->err) < 0) {
        printf("# %s: %s\n", name, f->err.text);
        abort();
    }
    free(units);
    node->created = TEST_TIME;
    node->written = TEST_TIME + 20000000;
    node->accessed = TEST_TIME;
    return node;
}

static inline struct tree_node *fixture_dir(struct fixture *f, struct tree_node *dir,
                                            const char *name)
{
    return fixture_add(f, dir, name, ATTR_DIRECTORY);
}

/* A file whose bytes follow from its size. */
static inline struct tree_node *fixture_file(struct fixture *f, struct tree_node *dir,
                                             const char *name, size_t size)
{
    struct tree_node *node = fixture_add(f, dir, name, ATTR_ARCHIVE);
    uint8_t *bytes = malloc(size + 1);

    for (size_t i = 0; bytes && i < size; i++)
        bytes[i] = (uint8_t)(i * 7 + size + i / 251);
    if (!bytes || f->nblobs == 1024 ||
        (size && (tree_memory_blob_new(bytes, size, &f->blob[f->nblobs++], &f->err) < 0 ||
                  tree_add_stream(f->t, node, NULL, 0, f->blob[f->nblobs - 1], &f->err) < 0)))
        abort();
    if (!size)
        free(bytes);
    return node;
}

static inline void fixture_new(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    if (tree_new(&f->t, &f->err) < 0)
        abort();
}

static inline void fixture_free(struct fixture *f)
{
    tree_free(f->t);
    for (size_t i = 0; i < f->nblobs; i++)
        tree_memory_blob_free(f->blob[i]);
}

/* What an ESP made by us holds, and names that are hard. */
static inline void fixture_fill(struct fixture *f)
{
    struct tree_node *root = f->t->root, *efi = fixture_dir(f, root, "EFI");
    struct tree_node *boot = fixture_dir(f, efi, "Boot"), *ms = fixture_dir(f, efi, "Microsoft");
    struct tree_node *msboot = fixture_dir(f, ms, "Boot"), *many = fixture_dir(f, root, "many");
    char name[300];

    fixture_file(f, boot, "bootx64.efi", 150000);
    fixture_file(f, msboot, "bootmgfw.efi", 150000)->attributes =
        ATTR_READONLY | ATTR_HIDDEN | ATTR_SYSTEM | ATTR_ARCHIVE;
    fixture_file(f, msboot, "BCD", 32768);
    fixture_file(f, msboot, "EMPTY.TXT", 0);
    fixture_file(f, msboot, "one byte", 1);
    fixture_file(f, msboot, "cluster.bin", 4096);
    fixture_file(f, msboot, "cluster plus one.bin", 4097);
    fixture_file(f, fixture_dir(f, msboot, "zh-CN"), "bootmgr.efi.mui", 3000);
    fixture_file(f, root, "LONGFI~1.TXT", 11); /* what the next would like to be called */
    fixture_file(f, root, "long file name.txt", 12);
    fixture_file(f, root, "long file name 2.txt", 13);
    fixture_file(f, root, ".hidden", 14);
    fixture_file(f, root, "\xe4\xb8\xad\xe6\x96\x87.txt", 15);
    fixture_file(f, root, "\xf0\x9f\x98\x80 smile", 16);
    fixture_file(f, root, "a.b.c.d", 17);
    fixture_file(f, root, "plus+[1].txt", 18);
    memset(name, 'x', 255);
    name[255] = 0;
    fixture_file(f, root, name, 19);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "many files in here %03d.data", i);
        fixture_file(f, many, name, (size_t)i);
    }
    if (tree_sort(f->t, &f->err) < 0)
        abort();
}

static inline struct fat_build_opts fixture_opts(uint64_t mib, uint32_t sector_bytes)
{
    return (struct fat_build_opts){
        .size_bytes = mib << 20,
        .sector_bytes = sector_bytes,
        .start_lba = (UINT64_C(1) << 20) / sector_bytes,
        .label = "System",
        .volume_id = 0x1234abcd,
        .time = TEST_TIME,
    };
}

/* Lays regions down as the write room does. Bytes under no region stay. */
static inline int lay_down(const struct tree_regions *r, struct blk *vol, struct wtg_err *err)
{
    for (int pass = PASS_WIPE; pass <= PASS_TABLE; pass++)
        for (size_t i = 0; i < r->n; i++) {
            const struct tree_region *g = &r->region[i];
            uint8_t *buf = calloc(g->length ? g->length : 1, 1);
            int e = buf ? 0 : wtg_fail_nomem(err);
            if (e == 0 && (int)g->pass == pass) {
                if (g->kind == REGION_BYTES)
                    memcpy(buf, g->bytes, g->length);
                else if (g->kind == REGION_FILL)
                    memset(buf, g->fill, g->length);
                else if (g->kind == REGION_BLOB)
                    e = tree_blob_read(g->blob, g->blob_off, buf,
                                       (size_t)min_u64(g->length, g->blob->size_bytes), err);
                if (e == 0)
                    e = blk_write(vol, g->offset, buf, g->length, err);
            }
            free(buf);
            if (e < 0)
                return e;
        }
    return 0;
}

/* The whole way into `vol`, which is as large as opts say. */
static inline int build_into(const struct tree *t, const struct fat_build_opts *opts,
                             struct blk *vol, struct wtg_err *err)
{
    struct fat_build *b = NULL;
    struct tree_regions r = { 0 };
    int e = fat_build_new(t, opts, &b, err);

    if (e == 0)
        e = fat_build_regions(b, &r, err);
    if (e == 0)
        e = lay_down(&r, vol, err);
    tree_regions_release(&r);
    fat_build_free(b);
    return e;
}

static inline void print_problem(const char *text, void *user)
{
    (void)user;
    printf("# problem: %s\n", text);
}

/* The same names, attributes, times (as FAT has them) and bytes below both? */
static inline bool same_tree(const struct tree_node *a, const struct tree_node *b)
{
    struct wtg_err err = { 0 };

    if (a->nchildren != b->nchildren)
        return false;
    for (uint32_t i = 0; i < a->nchildren; i++) {
        const struct tree_link *x = a->child[i], *y = b->child[i];
        uint8_t *p = NULL, *q = NULL;
        size_t n = 0, m = 0;
        bool same = x->name_len == y->name_len && !memcmp(x->name, y->name, x->name_len * 2u) &&
                    (x->node->attributes & 0x37) == (y->node->attributes & 0x37) &&
                    x->node->created / 100000 == y->node->created / 100000 &&
                    x->node->written / 20000000 == y->node->written / 20000000 &&
                    tree_blob_slurp(tree_data(x->node), SIZE_MAX / 2, &p, &n, &err) == 0 &&
                    tree_blob_slurp(tree_data(y->node), SIZE_MAX / 2, &q, &m, &err) == 0 &&
                    n == m && !memcmp(p, q, n) && same_tree(x->node, y->node);
        free(p);
        free(q);
        if (!same) {
            char path[300];
            printf("# differs: %s %s\n", tree_path(x, path, sizeof path), err.text);
            return false;
        }
    }
    return true;
}

#endif
