/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Length of the good, printable character at `s`, or 0. */
static size_t good_char(const uint8_t *s)
{
    /* clang-format off */
    static const struct {
        uint8_t mask, lead, len;
        uint32_t least;
    } rows[] = {
        { 0x80, 0x00, 1, 0x20 }, { 0xe0, 0xc0, 2, 0xa0 },
        { 0xf0, 0xe0, 3, 0x800 }, { 0xf8, 0xf0, 4, 0x10000 },
    };
    /* clang-format on */

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if ((s[0] & rows[i].mask) != rows[i].lead)
            continue;
        uint32_t c = s[0] & (uint8_t)~rows[i].mask;
        for (size_t k = 1; k < rows[i].len; k++) {
            if ((s[k] & 0xc0) != 0x80)
                return 0;
            c = c << 6 | (s[k] & 0x3f);
        }
        /* Surrogates, and the characters that turn the direction of writing round. */
        bool bad = c < rows[i].least || c == 0x7f || (c >= 0xd800 && c < 0xe000) ||
                   (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
                   (c >= 0x2066 && c <= 0x2069) || c == 0xfeff || c > 0x10ffff;
        return bad ? 0 : rows[i].len;
    }
    return 0;
}

char *disk_printable(char *buf, size_t cap, const char *text)
{
    const uint8_t *s = (const uint8_t *)text;
    size_t n = 0;

    while (*s == ' ')
        s++;
    while (*s) {
        size_t len = good_char(s), room = len ? len : 1;
        if (n + room >= cap)
            break;
        if (len)
            memcpy(buf + n, s, len);
        else
            buf[n] = '?';
        n += room;
        s += room;
    }
    while (n > 0 && buf[n - 1] == ' ')
        n--;
    buf[n] = 0;
    return buf;
}
