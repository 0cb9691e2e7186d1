/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "volume.h"

#include "fat/fat-disk.h"

static void round_trip(uint64_t mib, uint32_t sector_bytes)
{
    struct fixture f;
    struct blk *vol = NULL;
    struct fat *fat = NULL;
    struct tree *t = NULL;
    struct wtg_err err = { 0 };
    struct fat_build_opts opts = fixture_opts(mib, sector_bytes);
    size_t problems = 99;

    fixture_new(&f);
    fixture_fill(&f);
    OK(blk_mem_new(opts.size_bytes, &vol, &err), err);
    OK(build_into(f.t, &opts, vol, &err), err);
    OK(fat_check(vol, print_problem, NULL, &problems, &err), err);
    CHECK(problems == 0);
    OK(fat_open(vol, &fat, &err), err);
    OK(fat_read_tree(fat, &t, &err), err);
    CHECK(same_tree(f.t->root, t->root));
    CHECK(tree_find(t, "\\EFI\\Microsoft\\Boot\\bootmgfw.efi") != NULL);
    struct fat_info i = fat_info(fat);
    CHECK(strcmp(i.label, "SYSTEM") == 0);
    CHECK(i.volume_id == 0x1234abcd);
    CHECK(i.start_lba == opts.start_lba);
    CHECK(i.clusters >= FAT_CLUSTERS_LEAST);
    CHECK(i.sector_bytes == sector_bytes);
    tree_free(t);
    fat_free(fat);
    blk_free(vol);
    fixture_free(&f);
}

static void an_esp_round_trips(void)
{
    round_trip(260, 512);
}
static void an_esp_with_4096_byte_sectors_round_trips(void)
{
    round_trip(260, 4096);
}
static void a_small_volume_round_trips(void)
{
    round_trip(36, 512);
}
static void a_large_volume_round_trips(void)
{
    round_trip(9000, 512);
}

static void the_same_call_gives_the_same_bytes(void)
{
    struct fixture f;
    struct blk *a = NULL, *b = NULL;
    struct wtg_err err = { 0 };
    struct fat_build_opts opts = fixture_opts(36, 512);

    fixture_new(&f);
    fixture_fill(&f);
    OK(blk_mem_new(opts.size_bytes, &a, &err), err);
    OK(blk_mem_new(opts.size_bytes, &b, &err), err);
    OK(build_into(f.t, &opts, a, &err), err);
    OK(build_into(f.t, &opts, b, &err), err);
    CHECK(memcmp(blk_mem_bytes(a), blk_mem_bytes(b), opts.size_bytes) == 0);
    blk_free(a);
    blk_free(b);
    fixture_free(&f);
}

/* A stick that held something before: every byte that a reader looks at must be ours. */
static void old_bytes_do_not_shine_through(void)
{
    struct fixture f;
    struct blk *vol = NULL;
    struct fat *fat = NULL;
    struct tree *t = NULL;
    struct wtg_err err = { 0 };
    struct fat_build_opts opts = fixture_opts(36, 512);
    size_t problems = 99;

    fixture_new(&f);
    fixture_fill(&f);
    OK(blk_mem_new(opts.size_bytes, &vol, &err), err);
    memset(blk_mem_bytes(vol), 0xe5, opts.size_bytes);
    OK(build_into(f.t, &opts, vol, &err), err);
    OK(fat_check(vol, print_problem, NULL, &problems, &err), err);
    CHECK(problems == 0);
    OK(fat_open(vol, &fat, &err), err);
    OK(fat_read_tree(fat, &t, &err), err);
    CHECK(same_tree(f.t->root, t->root));
    tree_free(t);
    fat_free(fat);
    blk_free(vol);
    fixture_free(&f);
}

static void regions_lie_apart_and_inside(void)
{
    struct fixture f;
    struct fat_build *b = NULL;
    struct tree_regions r = { 0 };
    struct wtg_err err = { 0 };
    struct fat_build_opts opts = fixture_opts(260, 512);
    uint64_t sum = 0;

    fixture_new(&f);
    fixture_fill(&f);
    OK(fat_build_new(f.t, &opts, &b, &err), err);
    OK(fat_build_regions(b, &r, &err), err);
    for (size_t i = 0; i < r.n; i++) {
        const struct tree_region *x = &r.region[i];
        CHECK(x->length > 0 && x->offset + x->length <= opts.size_bytes);
        CHECK(x->pass == (x->offset == 0 ? PASS_BOOT : PASS_METADATA));
        CHECK(x->offset % 512 == 0 && x->length % 512 == 0);
        sum += x->length;
        for (size_t k = 0; k < i; k++)
            CHECK(r.region[k].offset >= x->offset + x->length ||
                  x->offset >= r.region[k].offset + r.region[k].length);
    }
    struct fat_build_info info = fat_build_info(b);
    CHECK(sum == info.write_bytes);
    CHECK(info.cluster_bytes == 4096);
    CHECK(info.directories == 7);
    CHECK(info.files == 317);
    tree_regions_release(&r);
    fat_build_free(b);
    fixture_free(&f);
}

/* Cluster sizes: the largest that is usual and still leaves a real FAT32. */
static void cluster_sizes(void)
{
    static const struct {
        uint64_t mib;
        uint32_t sector, cluster; /* cluster 0: too small */
    } rows[] = {
        { 32, 512, 0 },      { 33, 512, 512 },    { 100, 512, 1024 },    { 260, 512, 4096 },
        { 8192, 512, 4096 }, { 8193, 512, 8192 }, { 20000, 512, 16384 }, { 40000, 512, 32768 },
        { 256, 4096, 0 },    { 257, 4096, 4096 }, { 260, 4096, 4096 },
    };
    struct fixture f;

    fixture_new(&f);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fat_build *b = NULL;
        struct wtg_err err = { 0 };
        struct fat_build_opts opts = fixture_opts(rows[i].mib, rows[i].sector);
        int r = fat_build_new(f.t, &opts, &b, &err);
        CHECK(r == (rows[i].cluster ? 0 : WTG_E_DISK_TOO_SMALL));
        if (r == 0 && fat_build_info(b).cluster_bytes != rows[i].cluster)
            printf("# %d MiB: clusters of %u\n", (int)rows[i].mib, fat_build_info(b).cluster_bytes);
        CHECK(r < 0 || fat_build_info(b).cluster_bytes == rows[i].cluster);
        CHECK(r < 0 || fat_build_info(b).clusters >= 65525);
        fat_build_free(b);
    }
    fixture_free(&f);
}

static void names_that_fat_cannot_hold_are_refused(void)
{
    static const struct {
        const char *a, *b;
        int want;
    } rows[] = {
        { "fine", "also fine", 0 },         { "Readme", "README", WTG_E_IMAGE_NAME },
        { "a:b", NULL, WTG_E_IMAGE_NAME },  { "what?", NULL, WTG_E_IMAGE_NAME },
        { "dot.", NULL, WTG_E_IMAGE_NAME }, { "space ", NULL, WTG_E_IMAGE_NAME },
        { "\x01", NULL, WTG_E_IMAGE_NAME },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        struct fat_build *b = NULL;
        struct wtg_err err = { 0 };
        struct fat_build_opts opts = fixture_opts(36, 512);
        fixture_new(&f);
        fixture_file(&f, f.t->root, rows[i].a, 1);
        if (rows[i].b)
            fixture_file(&f, f.t->root, rows[i].b, 1);
        OK(tree_sort(f.t, &err), err);
        CHECK(fat_build_new(f.t, &opts, &b, &err) == rows[i].want);
        fat_build_free(b);
        fixture_free(&f);
    }
}

static int no_bytes(struct tree_source *s, const struct tree_blob *b, uint64_t off, void *buf,
                    size_t n, struct wtg_err *err)
{
    (void)s, (void)b, (void)off, (void)buf, (void)n;
    return wtg_fail(err, WTG_E_BUG, "nobody should read this");
}

static void what_fat_cannot_hold_is_refused(void)
{
    static const struct {
        uint32_t attributes;
        uint64_t size;
        int want;
    } rows[] = {
        { ATTR_ARCHIVE, 1 << 20, 0 },
        { ATTR_REPARSE, 0, WTG_E_UNSUPPORTED },
        { ATTR_ENCRYPTED, 0, WTG_E_UNSUPPORTED },
        { ATTR_ARCHIVE, UINT64_C(1) << 32, WTG_E_UNSUPPORTED },
        { ATTR_ARCHIVE, UINT32_MAX, WTG_E_DISK_TOO_SMALL },
    };
    static const struct tree_source_ops ops = { .name = "none", .read = no_bytes };
    struct tree_source source = { .ops = &ops };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        struct fat_build *b = NULL;
        struct wtg_err err = { 0 };
        struct tree_blob blob = { .source = &source, .size_bytes = rows[i].size };
        struct fat_build_opts opts = fixture_opts(36, 512);
        fixture_new(&f);
        struct tree_node *n = fixture_add(&f, f.t->root, "x", rows[i].attributes);
        OK(tree_add_stream(f.t, n, NULL, 0, &blob, &err), err);
        CHECK(fat_build_new(f.t, &opts, &b, &err) == rows[i].want);
        fat_build_free(b);
        fixture_free(&f);
    }
}

static void labels(void)
{
    static const struct {
        const char *label;
        int want;
    } rows[] = {
        { NULL, 0 },
        { "", 0 },
        { "WTG BOOT", 0 },
        { "twelve chars", WTG_E_USAGE },
        { "a*b", WTG_E_USAGE },
        { " x", WTG_E_USAGE },
        { "\xc3\xa4", WTG_E_USAGE },
    };
    struct fixture f;

    fixture_new(&f);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fat_build *b = NULL;
        struct wtg_err err = { 0 };
        struct fat_build_opts opts = fixture_opts(36, 512);
        opts.label = rows[i].label;
        CHECK(fat_build_new(f.t, &opts, &b, &err) == rows[i].want);
        fat_build_free(b);
    }
    fixture_free(&f);
}

static const struct test tests[] = {
    TEST(an_esp_round_trips),
    TEST(an_esp_with_4096_byte_sectors_round_trips),
    TEST(a_small_volume_round_trips),
    TEST(a_large_volume_round_trips),
    TEST(the_same_call_gives_the_same_bytes),
    TEST(old_bytes_do_not_shine_through),
    TEST(regions_lie_apart_and_inside),
    TEST(cluster_sizes),
    TEST(names_that_fat_cannot_hold_are_refused),
    TEST(what_fat_cannot_hold_is_refused),
    TEST(labels),
};
TEST_MAIN(tests)
