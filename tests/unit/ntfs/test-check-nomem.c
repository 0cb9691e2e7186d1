/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/check.h"

#include <string.h>

#include "ntfs/read.h"
#include "rich.h"
#include "test.h"
#include "nomem.h"

/* Every allocation and every read fails once: an error of that kind, nothing leaked (the ASan build
 * sees that), nothing read that is not there. */

static void every_allocation_of_the_checker(void)
{
    const struct ntfs_check_opts o = { .strict = true, .max_problems = 10 };
    struct blk *vol = rich_small_volume_new();
    struct ntfs_check_result r = { 0 };
    WALK_ALLOCATIONS(ntfs_check(vol, &o, NULL, &r, &err), {
        CHECK(r.errors == 0);
        ntfs_check_result_release(&r);
    });
    blk_free(vol);
}

static void every_allocation_of_the_reader(void)
{
    struct blk *vol = rich_small_volume_new();
    struct tree *t = NULL;
    WALK_ALLOCATIONS(ntfs_read_tree(vol, NULL, &t, &err), tree_free(t));
    blk_free(vol);
}

static void every_read(void)
{
    struct blk *vol = rich_small_volume_new();
    int r = WTG_E_IO;
    for (long n = 0; r < 0 && n < 10000; n++) {
        const struct blk_fault f = { .fail_read = n, .fail_write = -1, .fail_flush = -1 };
        const struct ntfs_check_opts o = { .strict = true };
        struct ntfs_check_result result = { 0 };
        struct wtg_err err = { 0 };
        struct blk *faulty = NULL;
        struct tree *t = NULL;
        OK(blk_fault_new(vol, &f, &faulty, &err), err);
        r = ntfs_read_tree(faulty, NULL, &t, &err);
        CHECK(r == 0 || r == WTG_E_IO);
        tree_free(t);
        blk_free(faulty);
        OK(blk_fault_new(vol, &f, &faulty, &err), err);
        int c = ntfs_check(faulty, &o, NULL, &result, &err);
        CHECK(c == 0 || c == WTG_E_IO);
        if (c == 0)
            ntfs_check_result_release(&result);
        blk_free(faulty);
        r = r < 0 || c < 0 ? WTG_E_IO : 0;
    }
    CHECK(r == 0);
    blk_free(vol);
}

static const struct test tests[] = {
    TEST(every_allocation_of_the_checker),
    TEST(every_allocation_of_the_reader),
    TEST(every_read),
};
TEST_MAIN(tests)
