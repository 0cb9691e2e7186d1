/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DISK_GPT_MEND_H
#define WTG_DISK_GPT_MEND_H

#include "disk/gpt-look.h"

/* Writing a partition table that was read before, in place. */

/* Both copies where they belong on this disk, listing what `from` (GPT_FINE) lists; the caller may
 * have changed its entries.  The protective MBR, when there is one, gets this disk's size.
 * UNSUPPORTED when a partition would not fit the disk. */
int gpt_mend(struct blk *disk, const struct gpt_copy *from, struct wtg_err *err) WTG_MUST_USE;

/* A protective MBR; the boot code and the disk signature that stand there stay. */
int gpt_mend_mbr(struct blk *disk, struct wtg_err *err) WTG_MUST_USE;

#endif
