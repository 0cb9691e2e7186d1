/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_TREE_SD_TEXT_H
#define WTG_TREE_SD_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* Security descriptors in the words of icacls.  Everything here takes bytes that nobody vouches
 * for, allocates nothing, and looks at each entry of a list once.  docs/formats/acl.md */

/* "NT AUTHORITY\SYSTEM", or "S-1-5-21-..." where the name is not the same on every Windows, or
 * "(damaged)".  Returns `buf`. */
enum { SID_TEXT_BYTES = 200 }; /* the longest: 15 numbers of 10 digits, and an authority of 14 */
char *sid_text(struct wtg_span sid, char *buf, size_t cap);

/* "(RX,W)"; "(N)" for none. */
char *sd_rights_text(uint32_t mask, char *buf, size_t cap);

/* Calls `line` for the owner ("owner: BUILTIN\Administrators"), each entry of the list
 * ("BUILTIN\Administrators:(I)(OI)(CI)(F)"), and the mandatory label, in this order. False when the
 * descriptor is damaged; what came before the damage was told, and that it is damaged is too. */
bool sd_lines(struct wtg_span sd, void (*line)(const char *text, void *user), void *user);

/* What somebody may do who has nothing but these groups. */
enum sd_who {
    SD_SYSTEM,         /* Windows itself */
    SD_ADMINISTRATORS, /* elevated */
};
/* The bits of `wanted` that the list refuses; those of a damaged descriptor are all. */
uint32_t sd_refused(struct wtg_span sd, enum sd_who who, uint32_t wanted);

/* FILE_GENERIC_READ | FILE_GENERIC_EXECUTE: what a folder has to give to be used. */
#define SD_READ_EXECUTE UINT32_C(0x1200a9)

#endif
