/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include <unistd.h>

#include "base/mem.h"
#include "blk/blk.h"
#include "disk/contents.h"
#include "disk/identity.h"
#include "disk/table.h"
#include "disk/uses.h"

/* Every allocation of ours fails once (ld --wrap): an error, no crash, and ASan sees no leak. */
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

static struct disk_layout layout(void)
{
    struct disk_layout_opts o = { .size_bytes = 400 << 20, .sector_bytes = 512 };
    struct disk_layout l = { 0 };
    struct wtg_err err = { 0 };

    if (disk_layout_make(&o, &l, &err) < 0)
        abort();
    return l;
}

static int table(struct tree_regions *r, struct wtg_err *err)
{
    struct disk_layout l = layout();
    struct disk_table *t = NULL;
    int e = disk_table_new(&l, &t, err);

    if (e == 0)
        e = disk_table_regions(t, r, err);
    if (e == 0)
        e = disk_wipe_regions(&l, r, err);
    disk_table_free(t);
    return e;
}

static int try_table(void *ctx, struct wtg_err *err)
{
    struct tree_regions r = { 0 };
    int e = table(&r, err);

    (void)ctx;
    tree_regions_release(&r);
    return e;
}

static int try_contents(void *ctx, struct wtg_err *err)
{
    struct disk_contents c = { 0 };
    int e = disk_contents_read(ctx, &c, err);

    disk_contents_release(&c);
    return e;
}

static int try_uses(void *ctx, struct wtg_err *err)
{
    struct disk_host host = { .root = ctx };
    struct disk_use *use = NULL;
    size_t n = 0;
    int e = disk_uses(&host, "sdb", &use, &n, err);

    free(use);
    return e;
}

static int try_list(void *ctx, struct wtg_err *err)
{
    struct disk_host host = { .root = ctx };
    struct disk_identity *list = NULL;
    size_t n = 0;
    int e = disk_list(&host, &list, &n, err);

    free(list);
    return e;
}

static void walk(int (*run)(void *ctx, struct wtg_err *err), void *ctx)
{
    int r = WTG_E_NOMEM;

    for (long n = 0; r < 0 && n < 2000; n++) {
        struct wtg_err err = { 0 };
        left = n;
        r = run(ctx, &err);
        left = -1;
        if (r != 0 && r != WTG_E_NOMEM)
            printf("# allocation %ld: %d %s\n", n, r, err.text);
        CHECK(r == 0 || r == WTG_E_NOMEM);
        CHECK(r < 0 || n > 0);
    }
    CHECK(r == 0);
}

static void every_allocation_of_tables(void)
{
    walk(try_table, NULL);
}

static void every_allocation_of_contents(void)
{
    struct disk_layout l = layout();
    struct blk *b = NULL;
    struct disk_table *t = NULL;
    struct tree_regions r = { 0 };
    struct wtg_err err = { 0 };

    OK(blk_mem_new(l.size_bytes, &b, &err), err);
    OK(disk_table_new(&l, &t, &err), err);
    OK(disk_table_regions(t, &r, &err), err);
    for (size_t i = 0; i < r.n; i++)
        OK(blk_write(b, r.region[i].offset, r.region[i].bytes, r.region[i].length, &err), err);
    walk(try_contents, b);
    tree_regions_release(&r);
    disk_table_free(t);
    blk_free(b);
}

static void every_allocation_of_looking_around(void)
{
    char root[] = "/tmp/wtg-nomem-XXXXXX", line[400];

    REQUIRE(mkdtemp(root) != NULL);
    snprintf(line, sizeof line,
             "cd %s && mkdir -p proc/self sys/block/sdb sys/class/block/sdb/sdb1 "
             "sys/class/block/sdb/holders/dm-0 sys/class/block/dm-0 && "
             "echo 1 >sys/class/block/sdb/sdb1/partition && echo 8:16 >sys/class/block/sdb/dev && "
             "echo 9 >sys/class/block/sdb/size && "
             "echo '30 22 8:16 / /mnt rw - vfat /dev/sdb rw' >proc/self/mountinfo",
             root);
    REQUIRE(system(line) == 0);
    walk(try_uses, root);
    walk(try_list, root);
    snprintf(line, sizeof line, "rm -rf %s", root);
    CHECK(system(line) == 0);
}

static const struct test tests[] = {
    TEST(every_allocation_of_tables),
    TEST(every_allocation_of_contents),
    TEST(every_allocation_of_looking_around),
};
TEST_MAIN(tests)
