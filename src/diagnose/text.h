/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DIAGNOSE_TEXT_H
#define WTG_DIAGNOSE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* Bytes of a log to text: UTF-8 as it stands, UTF-16 of either order with or without a mark at the
 * beginning, without NULs.  Bytes of other encodings stay as they are. */

enum { TEXT_GUESS_BYTES = 512, TEXT_LEAST_ROOM = 2048 };

struct text_decoder {
    enum text_form {
        TEXT_NOT_KNOWN, /* until there are TEXT_GUESS_BYTES, or the end */
        TEXT_BYTES,
        TEXT_UTF16_LE,
        TEXT_UTF16_BE,
    } form;
    uint8_t held[TEXT_GUESS_BYTES]; /* what came before the form was known, or half a unit */
    size_t nheld;
    uint16_t high; /* the first half of a surrogate pair, or 0 */
};

/* Takes from the front of `in` what fits into `room` bytes (at least TEXT_LEAST_ROOM) and returns
 * how many bytes of text it wrote.  At the end it is called once more with nothing. */
size_t text_decode(struct text_decoder *d, struct wtg_span *in, bool end, uint8_t *out,
                   size_t room);

/* Writes at most `cap` - 1 bytes and a NUL: valid UTF-8, blanks and control characters as single
 * blanks, none at the ends. Returns the length. */
size_t text_for_people(const uint8_t *p, size_t n, char *buf, size_t cap);

#endif
