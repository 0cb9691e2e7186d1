/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DISK_CONTENTS_READ_H
#define WTG_DISK_CONTENTS_READ_H

#include "disk/contents.h"

/* Private to the room: the readers of the two kinds of table. */

/* Puts a partition into the list; drops one that lies outside the disk. */
int contents_add(struct disk_contents *c, uint64_t disk_bytes, const struct disk_content_part *part,
                 struct wtg_err *err) WTG_MUST_USE;

/* *ret_found: there is a table of that kind, and it is in `c` now. */
int gpt_read(struct blk *b, struct disk_contents *c, bool *ret_found,
             struct wtg_err *err) WTG_MUST_USE;
int mbr_read(struct blk *b, struct disk_contents *c, bool *ret_found,
             struct wtg_err *err) WTG_MUST_USE;

#endif
