/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_TREE_NAMES_H
#define WTG_TREE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Names as NTFS compares them: UTF-16 units through the $UpCase table of Windows 7 and later. */

enum { UPCASE_UNITS = 65536, NAME_MAX_UNITS = 255, SHORT_NAME_MAX_UNITS = 12 };

/* The whole table, as NTFS stores it in $UpCase (host order). Constant after the build; no lock. */
const uint16_t *names_upcase(void);

/* Order of two names in a directory (collation FILE_NAME): first without case, then shorter first,
 * then with case.  <0, 0, >0.  Source: spec of NTFS collation in docs/formats/ntfs.md. */
int names_compare(const uint16_t *a, size_t an, const uint16_t *b, size_t bn);
/* Equal without case: the same file for a Win32 program. */
bool names_same(const uint16_t *a, size_t an, const uint16_t *b, size_t bn);

/* May a Windows volume hold this name?  Refuses empty, "." and "..", longer than 255 units, and
 * names with NUL, '/', or '\\'.  (Other characters that Win32 dislikes are allowed on NTFS.) */
bool names_valid(const uint16_t *name, size_t n);

#endif
