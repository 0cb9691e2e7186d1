/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FAT_FAT_CHECK_H
#define WTG_FAT_FAT_CHECK_H

#include "blk/blk.h"

/* Proves a FAT32 volume's structure: boot sector and backup, both FATs equal, FSINFO counts, every
 * chain (ends, length, crossed, lost clusters), directory entries, long names and their checksums,
 * "." and "..".  Reads only. */

enum { FAT_CHECK_TEXT_BYTES = 240 };

typedef void fat_check_sink(const char *text, void *user); /* one problem, one sentence */

/* 0 when the check could be made; `*ret_problems` says how many were found and told to `sink`
 * (which may be NULL).  Negative: no FAT32 volume, or reading failed. */
int fat_check(struct blk *vol, fat_check_sink *sink, void *user, size_t *ret_problems,
              struct wtg_err *err) WTG_MUST_USE;

#endif
