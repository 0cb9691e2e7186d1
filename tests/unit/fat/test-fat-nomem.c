/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "volume.h"

/* Every allocation fails once (ld --wrap): an error, no crash, and ASan sees no leak. */
static long left = -1;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t m);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t m);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
    return left >= 0 && left-- == 0 ? NULL : __real_malloc(n);
}
void *__wrap_calloc(size_t n, size_t m)
{
    return left >= 0 && left-- == 0 ? NULL : __real_calloc(n, m);
}
void *__wrap_realloc(void *p, size_t n)
{
    return left >= 0 && left-- == 0 ? NULL : __real_realloc(p, n);
}

static struct tree *tree_with_files(struct fixture *f)
{
    char name[40];

    fixture_new(f);
    struct tree_node *sub = fixture_dir(f, f->t->root, "a directory");
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "a long file name %d", i);
        fixture_file(f, sub, name, 600);
    }
    if (tree_sort(f->t, &f->err) < 0)
        abort();
    return f->t;
}

static void every_allocation_of_the_builder(void)
{
    struct fixture f;
    struct fat_build_opts opts = fixture_opts(36, 512);
    struct tree *t = tree_with_files(&f);
    int r = WTG_E_NOMEM;

    for (long n = 0; r < 0 && n < 1000; n++) {
        struct wtg_err err = { 0 };
        struct fat_build *b = NULL;
        struct tree_regions regions = { 0 };
        left = n;
        r = fat_build_new(t, &opts, &b, &err);
        if (r == 0)
            r = fat_build_regions(b, &regions, &err);
        left = -1;
        CHECK(r == 0 || r == WTG_E_NOMEM);
        CHECK(r < 0 || n > 5);
        tree_regions_release(&regions);
        fat_build_free(b);
    }
    CHECK(r == 0);
    fixture_free(&f);
}

static void every_allocation_of_reader_and_checker(void)
{
    struct fixture f;
    struct blk *vol = NULL;
    struct wtg_err err = { 0 };
    struct fat_build_opts opts = fixture_opts(36, 512);
    int r = WTG_E_NOMEM;

    OK(blk_mem_new(opts.size_bytes, &vol, &err), err);
    OK(build_into(tree_with_files(&f), &opts, vol, &err), err);
    for (long n = 0; r < 0 && n < 1000; n++) {
        struct fat *fat = NULL;
        struct tree *t = NULL;
        size_t problems = 0;
        left = n;
        r = fat_open(vol, &fat, &err);
        if (r == 0)
            r = fat_read_tree(fat, &t, &err);
        if (r == 0)
            r = fat_check(vol, NULL, NULL, &problems, &err);
        left = -1;
        CHECK(r == 0 || r == WTG_E_NOMEM);
        CHECK(problems == 0);
        tree_free(t);
        fat_free(fat);
    }
    CHECK(r == 0);
    blk_free(vol);
    fixture_free(&f);
}

static const struct test tests[] = {
    TEST(every_allocation_of_the_builder),
    TEST(every_allocation_of_reader_and_checker),
};
TEST_MAIN(tests)
