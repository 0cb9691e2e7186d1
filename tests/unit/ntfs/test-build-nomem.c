/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every allocation of the builder fails once. */
#include "sample.h"
#include "test.h"

#include "nomem.h"

static struct sample sample;
static struct ntfs_build_opts opts;

/* Lays out and makes every region's bytes, as a writer would. */
static int whole_way(struct wtg_err *err)
{
    static uint8_t buf[4096];
    struct ntfs_build *b = NULL;
    struct tree_regions r = { 0 };
    int e = ntfs_build_new(sample.t, &opts, &b, err);
    if (e == 0)
        e = ntfs_build_regions(b, &r, err);
    for (size_t i = 0; e == 0 && i < r.n; i++)
        for (uint64_t at = 0; e == 0 && r.region[i].kind == REGION_MAKE && at < r.region[i].length;
             at += sizeof buf)
            e = r.region[i].make(r.region[i].ctx, at, buf, sizeof buf, err);
    tree_regions_release(&r);
    ntfs_build_free(b);
    return e;
}

static void walk(const char *kind, uint64_t mib)
{
    sample_new(&sample);
    sample_kind(kind)->fill(&sample);
    sample_sort(&sample);
    opts = sample_opts(mib, 512);
    opts.holes = sample_holes;
    WALK_ALLOCATIONS(whole_way(&err), (void)0);
    sample_free(&sample);
}

static void small_directories(void)
{
    walk("names", 32);
}
static void every_extra(void)
{
    walk("extras", 32);
}
static void lists(void)
{
    walk("links", 32);
}
static void holes(void)
{
    walk("sparse-small", 64);
}

static const struct test tests[] = {
    TEST(small_directories),
    TEST(every_extra),
    TEST(lists),
    TEST(holes),
};
TEST_MAIN(tests)
