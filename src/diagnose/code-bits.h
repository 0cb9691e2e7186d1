/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DIAGNOSE_CODE_BITS_H
#define WTG_DIAGNOSE_CODE_BITS_H

#include "diagnose/code.h"

/* Between the files that read codes. */

#define CODE_NT_BIT 0x10000000u       /* HRESULT_FROM_NT sets it */
#define CODE_CUSTOMER_BIT 0x20000000u /* the code is an application's */

/* What a code wraps: 0x80070005 holds the Windows error 5.  False: nothing. */
bool code_inner(const struct code *c, struct code *ret);
/* Does a header, or codes.txt, name it? */
bool code_is_named(enum code_family family, uint32_t value);
/* Has code-parts.tsv a name for this facility of HRESULTs? */
bool code_knows_facility(uint32_t facility);
/* The codes of a name, whatever its family; ACCESS_DENIED also finds ERROR_ACCESS_DENIED.  How
 * many. */
size_t code_by_its_name(const char *name, size_t n, struct code ret[CODE_READINGS_MAX]);

#endif
