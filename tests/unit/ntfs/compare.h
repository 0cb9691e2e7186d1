/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_TEST_NTFS_COMPARE_H
#define WTG_TEST_NTFS_COMPARE_H

#include <stdbool.h>

#include "tree/tree.h"

/* Does the tree read back from a volume hold all that the one it was built from holds? Prints the
 * first differences.  Content of files marked as
 * compressed is stored plain, without that mark. */
bool same_trees(const struct tree *want, const struct tree *got);

#endif
