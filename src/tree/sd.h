/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_TREE_SD_H
#define WTG_TREE_SD_H

#include <stdbool.h>

#include "base/span.h"

/* Is this a self-relative security descriptor whose owner, group and lists lie inside it?
 * Layout: MS-DTYP 2.4.6 (SECURITY_DESCRIPTOR), 2.4.2 (SID), 2.4.5 (ACL). */
bool sd_valid(struct wtg_span sd);

/* The largest that NTFS can hold in $SDS: an entry with its 20-byte header stays below the
 * 256 KiB between a block and its mirror. */
enum { SD_MAX_BYTES = 256 * 1024 - 20 };

#endif
