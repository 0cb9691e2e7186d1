/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/utf16.h"

#include <string.h>

#include "base/mem.h"

/* One code point of `s`; lone surrogates stand for themselves. */
static uint32_t next_point(const uint16_t *s, size_t n, size_t *i)
{
    uint32_t c = s[(*i)++];
    if (c >= 0xd800 && c < 0xdc00 && *i < n && s[*i] >= 0xdc00 && s[*i] < 0xe000)
        c = 0x10000 + ((c - 0xd800) << 10) + (uint32_t)(s[(*i)++] - 0xdc00);
    return c;
}

static size_t put_point(uint32_t c, char b[4])
{
    if (c < 0x80) {
        b[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        b[0] = (char)(0xc0 | c >> 6);
        b[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        b[0] = (char)(0xe0 | c >> 12);
        b[1] = (char)(0x80 | (c >> 6 & 0x3f));
        b[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    b[0] = (char)(0xf0 | c >> 18);
    b[1] = (char)(0x80 | (c >> 12 & 0x3f));
    b[2] = (char)(0x80 | (c >> 6 & 0x3f));
    b[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

size_t utf16_to_utf8(const uint16_t *s, size_t n, char *buf, size_t cap)
{
    size_t len = 0;

    for (size_t i = 0; i < n;) {
        char b[4];
        size_t k = put_point(next_point(s, n, &i), b);
        if (len + k >= cap)
            break;
        memcpy(buf + len, b, k);
        len += k;
    }
    buf[len] = '\0';
    return len;
}

char *utf16_to_utf8_dup(const uint16_t *s, size_t n, struct wtg_err *err)
{
    char *buf = malloc(UTF16_MAX_UTF8(n));
    if (!buf) {
        wtg_fail_nomem(err);
        return NULL;
    }
    utf16_to_utf8(s, n, buf, UTF16_MAX_UTF8(n));
    return buf;
}

/* The code point at *p, which is moved on; -1 when the bytes are not UTF-8. */
static int32_t take_point(const uint8_t **p)
{
    uint32_t c = *(*p)++;
    if (c < 0x80)
        return (int32_t)c;
    unsigned more = c >= 0xf0 && c < 0xf5 ? 3 : c >= 0xe0 ? 2 : 1;
    if (c < 0xc2 || c >= 0xf5)
        return -1;
    c &= 0x3fu >> more;
    for (unsigned k = 0; k < more; k++) {
        if ((**p & 0xc0) != 0x80)
            return -1;
        c = c << 6 | (*(*p)++ & 0x3f);
    }
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
    return c < least[more] || c > 0x10ffff ? -1 : (int32_t)c;
}

bool utf16_from_utf8_buf(const char *s, size_t len, uint16_t *buf, size_t cap, size_t *ret_n)
{
    const uint8_t *p = (const uint8_t *)s, *end = p + len;
    size_t n = 0;

    while (p < end) {
        int32_t c = take_point(&p);
        if (c < 0 || n + (c >= 0x10000 ? 2 : 1) > cap)
            return false;
        if (c >= 0x10000) {
            buf[n++] = (uint16_t)(0xd800 + ((c - 0x10000) >> 10));
            buf[n++] = (uint16_t)(0xdc00 + ((c - 0x10000) & 0x3ff));
        } else {
            buf[n++] = (uint16_t)c;
        }
    }
    *ret_n = n;
    return true;
}

int utf16_from_utf8(const char *s, uint16_t **ret, size_t *ret_n, struct wtg_err *err)
{
    size_t len = strlen(s);
    AUTO_FREE uint16_t *out = malloc((len + 1) * sizeof *out); /* a byte makes one unit at most */

    if (!out)
        return wtg_fail_nomem(err);
    if (!utf16_from_utf8_buf(s, len, out, len, ret_n))
        return wtg_fail(err, WTG_E_USAGE, "'%s' is not valid UTF-8", s);
    *ret = TAKE_PTR(out);
    return 0;
}
