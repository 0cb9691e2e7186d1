/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_NTFS_RICH_H
#define TEST_NTFS_RICH_H

#include "blk/blk.h"
#include "tree/tree.h"

/* A small volume that has one of everything the checker looks at.  In its root:
 *   plain, alike            files of three clusters each
 *   small                   a resident file
 *   streams                 with streams 'one' (resident), 'two' and 'wide' (not)
 *   Long name.text          LONGNA~1.TEX besides
 *   twin a, twin b          two links of one file
 *   sparse                  one megabyte, of which the first 64 KiB are there
 *   attributes              with two extended attributes
 *   object, object too      with object ids
 *   symlink                 a reparse point of 40 bytes
 *   overlay                 compressed by WOF: 65536 bytes in 2 chunks
 *   alone                   with a descriptor that nobody else has
 *   links                   60 links of one file, so it has an attribute list: 'link 0 ...'
 *   up, up\down             directories; 'up' has the short name UP~1
 *   big                     1,200 files 'a file with a number, 0000'...
 * Aborts when it cannot be made: then the builder's own tests fail. */
enum { RICH_BYTES = 32 * 1024 * 1024, RICH_START_LBA = 2048 };
struct blk *rich_volume_new(uint32_t sector_bytes);
/* The same with 40 files in 'big', for tests that check it a thousand times. */
struct blk *rich_small_volume_new(void);

/* The tree it is made of, for comparing; lives until rich_tree_free. */
struct rich_tree {
    struct tree *tree;
    struct tree_blob *blob[32];
    size_t nblobs;
    int files; /* in 'big'; 0: 1,200 */
};
/* Zero it first, or set `files`. */
void rich_tree_new(struct rich_tree *r);
void rich_tree_free(struct rich_tree *r);

#endif
