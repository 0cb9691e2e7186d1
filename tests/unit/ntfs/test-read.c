/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/read.h"

#include <string.h>

#include "mutate.h"
#include "rich.h"
#include "test.h"

/* ---- The boot sector -------------------------------------------------------------------- */

/* One mutation of a good boot sector per row. */
/* clang-format off */
static const struct {
    const char *name;
    size_t at;
    uint8_t value;
    int want;
} boots[] = {
    { "good",                0x00,  0xeb, 0 },
    { "another file system", 0x03,  'X',  WTG_E_VOLUME_FORMAT },
    { "sector of 0",         0x0c,  0x00, WTG_E_VOLUME_DAMAGED },
    { "sector of 768",       0x0c,  0x03, WTG_E_VOLUME_DAMAGED },
    { "sector of 8192",      0x0c,  0x20, WTG_E_VOLUME_DAMAGED },
    { "cluster of 0",        0x0d,  0x00, WTG_E_VOLUME_DAMAGED },
    { "cluster of 3",        0x0d,  0x03, WTG_E_VOLUME_DAMAGED },
    { "cluster of 2^127",    0x0d,  0x81, WTG_E_VOLUME_DAMAGED },
    { "cluster of 16 MiB",   0x0d,  0xf1, WTG_E_VOLUME_DAMAGED },
    { "record of 0",         0x40,  0x00, WTG_E_VOLUME_DAMAGED },
    { "record of 2^31",      0x40,  0xe1, WTG_E_VOLUME_DAMAGED },
    { "record of 2^128",     0x40,  0x80, WTG_E_VOLUME_DAMAGED },
    { "record of 12 KiB",    0x40,  0x03, WTG_E_VOLUME_DAMAGED },
    { "block of 128",        0x44,  0xf9, WTG_E_VOLUME_DAMAGED },
    { "block of 128 KiB",    0x44,  0x20, WTG_E_VOLUME_DAMAGED },
    { "too many sectors",    0x2f,  0x01, WTG_E_VOLUME_DAMAGED },
    { "$MFT beyond the end", 0x34,  0x01, WTG_E_VOLUME_DAMAGED },
    { "mirror beyond",       0x3c,  0x01, WTG_E_VOLUME_DAMAGED },
};
/* clang-format on */

static void senseless_boot_sectors_are_refused(void)
{
    struct blk *vol = rich_volume_new(512);
    for (size_t i = 0; i < ARRAY_LEN(boots); i++) {
        struct ntfs_boot_disk d;
        struct ntfs_geom g;
        struct wtg_err err = { 0 };
        memcpy(&d, blk_mem_bytes(vol), sizeof d);
        ((uint8_t *)&d)[boots[i].at] = boots[i].value;
        int r = ntfs_geom_read(&d, vol->size, &g, &err);
        if (r != boots[i].want)
            printf("# %s: %d %s\n", boots[i].name, r, err.text);
        CHECK(r == boots[i].want);
    }
    blk_free(vol);
}

/* ---- Mapping pairs ---------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *name;
    uint8_t pairs[24];
    uint64_t clusters;
    int want;
    size_t n;
    struct ntfs_extent extent[3];
} runs[] = {
    { "nothing",           { 0 }, 0, 0, 0, { { 0 } } },
    { "one",               { 0x11, 5, 100, 0 }, 5, 0, 1, { { 0, 100, 5 } } },
    { "two, back",         { 0x11, 5, 100, 0x11, 2, 0xfe, 0 }, 7, 0, 2, { { 0, 100, 5 }, { 5, 98, 2 } } },
    { "hole between",      { 0x11, 5, 100, 0x01, 9, 0x11, 1, 1, 0 }, 15, 0, 3,
                           { { 0, 100, 5 }, { 5, NTFS_HOLE, 9 }, { 14, 101, 1 } } },
    { "wide numbers",      { 0x24, 5, 0, 0, 0, 0x2c, 1, 0 }, 5, 0, 1, { { 0, 300, 5 } } },
    { "no end",            { 0x11, 5, 100, 0x11, 5 }, 10, WTG_E_VOLUME_DAMAGED, 0, { { 0 } } },
    { "length 0",          { 0x11, 0, 100, 0 }, 0, WTG_E_VOLUME_DAMAGED, 0, { { 0 } } },
    { "length -1",         { 0x11, 0xff, 100, 0 }, 255, WTG_E_VOLUME_DAMAGED, 0, { { 0 } } },
    { "no length",         { 0x10, 100, 0 }, 1, WTG_E_VOLUME_DAMAGED, 0, { { 0 } } },
    { "length of 9 bytes", { 0x19, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0 }, 1, WTG_E_VOLUME_DAMAGED, 0, { { 0 } } },
    { "before the volume", { 0x11, 5, 0xff, 0 }, 5, WTG_E_VOLUME_DAMAGED, 0, { { 0 } } },
    { "behind the volume", { 0x21, 5, 0xfc, 3, 0 }, 5, WTG_E_VOLUME_DAMAGED, 0, { { 0 } } },
    { "far behind it",     { 0x81, 5, 0, 0, 0, 0, 0, 0, 0, 0x7f, 0 }, 5, WTG_E_VOLUME_DAMAGED, 0, { { 0 } } },
    { "twice far",         { 0x81, 1, 0, 0, 0, 0, 0, 0, 0, 0x7f, 0x81, 1, 0, 0, 0, 0, 0, 0, 0, 0x7f, 0 },
                           2, WTG_E_VOLUME_DAMAGED, 0, { { 0 } } },
    { "fewer than told",   { 0x11, 5, 100, 0 }, 6, WTG_E_VOLUME_DAMAGED, 0, { { 0 } } },
    { "more than told",    { 0x11, 5, 100, 0 }, 4, WTG_E_VOLUME_DAMAGED, 0, { { 0 } } },
};
/* clang-format on */

static void mapping_pairs_table(void)
{
    for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
        struct ntfs_extents e = { 0 };
        struct wtg_err err = { 0 };
        size_t n = strcmp(runs[i].name, "no end") == 0 ? 5 : sizeof runs[i].pairs;
        struct ntfs_attr a = { .clusters = runs[i].clusters, .pairs = { runs[i].pairs, n } };
        int r = ntfs_extents_add(&e, &a, 1024, &err);
        if (r != runs[i].want)
            printf("# %s: %d %s\n", runs[i].name, r, err.text);
        CHECK(r == runs[i].want);
        CHECK(r < 0 || (e.n == runs[i].n &&
                        (!e.n || memcmp(e.item, runs[i].extent, e.n * sizeof *e.item) == 0)));
        ntfs_extents_release(&e);
    }
}

/* ---- Trees ------------------------------------------------------------------------------ */

static bool same_bytes(const struct tree_blob *a, const struct tree_blob *b)
{
    struct wtg_err err = { 0 };
    uint8_t *p = NULL, *q = NULL;
    size_t n = 0, m = 0;
    bool same = tree_blob_slurp(a, 1 << 24, &p, &n, &err) == 0 &&
                tree_blob_slurp(b, 1 << 24, &q, &m, &err) == 0 && n == m && memcmp(p, q, n) == 0;
    free(p);
    free(q);
    return same;
}

static bool same_streams(const struct tree_node *a, const struct tree_node *b)
{
    size_t found = 0;
    for (uint32_t i = 0; i < a->nstreams; i++)
        for (uint32_t k = 0; k < b->nstreams; k++)
            found +=
                a->stream[i].name_len == b->stream[k].name_len &&
                memcmp(a->stream[i].name, b->stream[k].name, a->stream[i].name_len * 2u) == 0 &&
                same_bytes(a->stream[i].blob, b->stream[k].blob);
    /* A file without streams gets an empty one. */
    return found == a->nstreams && b->nstreams <= (a->nstreams ? a->nstreams : 1);
}

static bool same_eas(const struct tree_node *a, const struct tree_node *b)
{
    for (uint32_t i = 0; i < a->neas && a->neas == b->neas; i++) {
        const struct tree_ea *x = &a->ea[i], *y = &b->ea[i];
        if (x->flags != y->flags || strcmp(x->name, y->name) != 0 || x->value_len != y->value_len ||
            memcmp(x->value, y->value, x->value_len) != 0)
            return false;
    }
    return a->neas == b->neas;
}

static void compare_nodes(const struct tree_link *l, const struct tree_node *a,
                          const struct tree_node *b)
{
    char path[512];
    bool same = a->attributes == b->attributes && a->created == b->created &&
                a->written == b->written && a->changed == b->changed &&
                a->accessed == b->accessed && a->nlinks == b->nlinks &&
                a->reparse_tag == b->reparse_tag && a->object_id_len <= b->object_id_len &&
                !memcmp(a->object_id ? a->object_id : (const uint8_t *)"",
                        b->object_id ? b->object_id : (const uint8_t *)"", a->object_id_len) &&
                same_bytes(a->reparse, b->reparse) && same_streams(a, b) && same_eas(a, b) &&
                a->sd && b->sd && a->sd->size_bytes == b->sd->size_bytes &&
                memcmp(a->sd->bytes, b->sd->bytes, a->sd->size_bytes) == 0;
    if (!same)
        printf("# '%s' differs\n", tree_path(l, path, sizeof path));
    CHECK(same);
}

/* Everything of `a` is in `b`, and nothing else. */
static void compare_trees(const struct tree *a, const struct tree *b)
{
    char path[1024];
    CHECK(a->nnodes == b->nnodes && a->nlinks == b->nlinks);
    for (size_t i = 0; i < a->nnodes; i++)
        for (const struct tree_link *l = a->node[i]->link; l; l = l->next) {
            const struct tree_link *k = tree_find(b, tree_path(l, path, sizeof path));
            CHECK(k != NULL);
            if (!k)
                continue;
            CHECK(l->short_len == k->short_len &&
                  (!l->short_len || memcmp(l->short_name, k->short_name, l->short_len * 2u) == 0));
            compare_nodes(l, l->node, k->node);
        }
}

static void a_built_tree_comes_back(void)
{
    static const uint32_t sectors[] = { 512, 4096 };
    for (size_t i = 0; i < ARRAY_LEN(sectors); i++) {
        struct blk *vol = rich_volume_new(sectors[i]);
        struct wtg_err err = { 0 };
        struct tree *t = NULL;
        struct rich_tree want = { 0 };
        rich_tree_new(&want);
        OK(ntfs_read_tree(vol, NULL, &t, &err), err);
        compare_trees(want.tree, t);
        tree_free(t);
        rich_tree_free(&want);
        blk_free(vol);
    }
}

static void streams_read_from_anywhere(void)
{
    static const size_t at[][2] = { { 0, 1 },          { 0, 1 << 20 },       { 65535, 2 },
                                    { 65530, 100000 }, { (1 << 20) - 1, 1 }, { 4096, 4096 } };
    struct blk *vol = rich_volume_new(512);
    struct wtg_err err = { 0 };
    struct tree *t = NULL;
    uint8_t *whole = NULL;
    static uint8_t part[1 << 20];
    size_t n = 0;
    OK(ntfs_read_tree(vol, NULL, &t, &err), err);
    const struct tree_blob *b = tree_data(tree_find(t, "sparse")->node);
    OK(tree_blob_slurp(b, 1 << 20, &whole, &n, &err), err);
    for (size_t i = 0; i < ARRAY_LEN(at); i++) {
        OK(tree_blob_read(b, at[i][0], part, at[i][1], &err), err);
        CHECK(memcmp(part, whole + at[i][0], at[i][1]) == 0);
    }
    free(whole);
    tree_free(t);
    blk_free(vol);
}

/* ---- Damage ----------------------------------------------------------------------------- */

/* No fault of the tables makes the reader do anything but read, or refuse. */
static void faults_do_not_harm_the_reader(void)
{
    static const struct {
        const struct mutation *row;
        const size_t *n;
    } tables[] = {
        { mutate_records, &mutate_records_n },
        { mutate_indexes, &mutate_indexes_n },
        { mutate_system, &mutate_system_n },
    };
    struct blk *vol = rich_volume_new(512);
    struct mut m;
    mut_open(&m, vol);
    for (size_t t = 0; t < ARRAY_LEN(tables); t++)
        for (size_t i = 0; i < *tables[t].n; i++) {
            struct wtg_err err = { 0 };
            struct tree *tree = NULL;
            mut_apply(&m, &tables[t].row[i]);
            int r = ntfs_read_tree(vol, NULL, &tree, &err);
            if (r == 0)
                tree_free(tree);
            CHECK(r == 0 || r == WTG_E_VOLUME_DAMAGED || r == WTG_E_IMAGE_NAME ||
                  r == WTG_E_IMAGE_DAMAGED);
            mut_undo(&m);
        }
    mut_close(&m);
    blk_free(vol);
}

static int read_mutated(const char *what)
{
    struct blk *vol = rich_volume_new(512);
    struct wtg_err err = { 0 };
    struct tree *tree = NULL;
    struct mut m;
    int r = 1;
    mut_open(&m, vol);
    for (size_t i = 0; i < mutate_indexes_n; i++)
        if (strcmp(mutate_indexes[i].what, what) == 0) {
            mut_apply(&m, &mutate_indexes[i]);
            r = ntfs_read_tree(vol, NULL, &tree, &err);
        }
    if (r == 0)
        tree_free(tree);
    mut_close(&m);
    blk_free(vol);
    return r;
}

static void directories_in_a_circle_are_refused(void)
{
    CHECK(read_mutated("directories in a circle") == WTG_E_VOLUME_DAMAGED);
}

static void orphans_are_refused(void)
{
    CHECK(read_mutated("parent is no directory") == WTG_E_VOLUME_DAMAGED);
}

/* Found by fuzzing: a directory whose only name is a DOS name was no node, its children's parent.
 */
static void a_directory_with_only_a_dos_name_stays(void)
{
    static const struct mutation x = { "DOS name", "name-dos-alone",  VALUE,
                                       "big",      NTFS_AT_FILE_NAME, .off = 0x41,
                                       .width = 1, .op = '=',         .v = NTFS_NS_DOS };
    struct blk *vol = rich_volume_new(512);
    struct wtg_err err = { 0 };
    struct tree *t = NULL;
    struct mut m;
    mut_open(&m, vol);
    mut_apply(&m, &x);
    OK(ntfs_read_tree(vol, NULL, &t, &err), err);
    CHECK(tree_find(t, "big/a file with a number, 0003") != NULL);
    tree_free(t);
    mut_close(&m);
    blk_free(vol);
}

static void a_truncated_volume_is_refused(void)
{
    static const uint64_t sizes[] = { 0, 511, 512, 8192, 1 << 20, RICH_BYTES / 2 };
    struct blk *vol = rich_volume_new(512);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct wtg_err err = { 0 };
        struct blk *part = NULL;
        struct tree *t = NULL;
        OK(blk_slice_new(vol, 0, sizes[i], &part, &err), err);
        int r = ntfs_read_tree(part, NULL, &t, &err);
        CHECK(r == WTG_E_VOLUME_DAMAGED || r == WTG_E_VOLUME_FORMAT);
        blk_free(part);
    }
    blk_free(vol);
}

static void a_cancelled_read_stops(void)
{
    struct wtg_job job = { .cancel = true };
    struct blk *vol = rich_volume_new(512);
    struct wtg_err err = { 0 };
    struct tree *t = NULL;
    CHECK(ntfs_read_tree(vol, &job, &t, &err) == WTG_E_CANCELLED);
    blk_free(vol);
}

static const struct test tests[] = {
    TEST(senseless_boot_sectors_are_refused),
    TEST(mapping_pairs_table),
    TEST(a_built_tree_comes_back),
    TEST(streams_read_from_anywhere),
    TEST(faults_do_not_harm_the_reader),
    TEST(directories_in_a_circle_are_refused),
    TEST(orphans_are_refused),
    TEST(a_directory_with_only_a_dos_name_stays),
    TEST(a_truncated_volume_is_refused),
    TEST(a_cancelled_read_stops),
};
TEST_MAIN(tests)
