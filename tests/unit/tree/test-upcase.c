/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our $UpCase against the one that mkntfs writes, through libntfs-3g. */
#include "test.h"

#include "base/le.h"
#include "tree/names.h"

/* <ntfs-3g/unistr.h>: u32 ntfs_upcase_build_default(ntfschar **upcase).  Its header clashes with
 * others, so the one function is declared here. */
uint32_t ntfs_upcase_build_default(uint16_t **upcase);

static void table_is_that_of_mkntfs(void)
{
    uint16_t *theirs = NULL;
    uint32_t n = ntfs_upcase_build_default(&theirs);
    const uint16_t *ours = names_upcase();

    REQUIRE(n == UPCASE_UNITS && theirs);
    for (uint32_t i = 0; i < n; i++)
        CHECK(ours[i] == le16_at(&theirs[i]));
    free(theirs);
}

static const struct test tests[] = { TEST(table_is_that_of_mkntfs) };
TEST_MAIN(tests)
