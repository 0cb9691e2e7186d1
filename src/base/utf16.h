/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BASE_UTF16_H
#define WTG_BASE_UTF16_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

#include "base/err.h"

/* Names are UTF-16 code units in host order, as Windows has them: any unit is allowed, also lone
 * surrogates, so a round trip loses nothing.  In UTF-8 a lone surrogate takes the three bytes
 * that it would take as a code point (WTF-8). */

/* UTF-8 bytes that `n` units need at the most, with the NUL. */
#define UTF16_MAX_UTF8(n) ((size_t)(n) * 3 + 1)

/* Writes NUL-terminated (W)UTF-8, truncated at a character to fit `cap` (> 0); returns its length
 * without the NUL. */
size_t utf16_to_utf8(const uint16_t *s, size_t n, char *buf, size_t cap);

/* The same in a new string, or NULL (err set). */
char *utf16_to_utf8_dup(const uint16_t *s, size_t n, struct wtg_err *err) WTG_MUST_USE;

/* Converts a NUL-terminated string.  `*ret` is malloc'ed, not terminated.  Fails with USAGE on
 * bytes that are not (W)UTF-8. */
int utf16_from_utf8(const char *s, uint16_t **ret, size_t *ret_n, struct wtg_err *err)
    WTG_MUST_USE;

/* The same for `len` bytes of a NUL-terminated string that end before a NUL or another ASCII
 * character, into a buffer, allocating nothing.  False when they are not (W)UTF-8 or do not fit. */
bool utf16_from_utf8_buf(const char *s, size_t len, uint16_t *buf, size_t cap, size_t *ret_n);

#endif
