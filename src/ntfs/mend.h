/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS_MEND_H
#define WTG_NTFS_MEND_H

#include "ntfs/look.h"

/* What can be mended without knowing the files of a volume: its boot sectors, the copy of its first
 * records, its dirty flag. */

/* One boot sector from the other; when both are fine and differ, the copy from the first.  When
 * neither is, one is put together of what still makes sense in them, if exactly one way of doing so
 * leads to an $MFT.  `start_lba`: where the volume begins on its disk.  VOLUME_DAMAGED: it cannot.
 */
int ntfs_mend_boot(struct blk *vol, uint64_t start_lba, struct wtg_err *err) WTG_MUST_USE;

/* Each of the first four records and its copy in $MFTMirr: from whichever is whole, and when both
 * are, the copy from the record.  VOLUME_DAMAGED when neither is. */
int ntfs_mend_mirror(struct blk *vol, struct wtg_err *err) WTG_MUST_USE;

/* The flags of $VOLUME_INFORMATION: NTFS_VOLUME_DIRTY and others. */
int ntfs_volume_flags(struct blk *vol, uint16_t *ret, struct wtg_err *err) WTG_MUST_USE;
int ntfs_set_volume_flags(struct blk *vol, uint16_t flags, struct wtg_err *err) WTG_MUST_USE;

#endif
