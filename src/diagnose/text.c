/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "diagnose/text.h"

#include <string.h>

#include "base/mem.h"

/* Text of mostly ASCII in UTF-16 is zero in every second byte. */
static enum text_form guess(const uint8_t *p, size_t n)
{
    size_t even = 0, odd = 0;

    if (n >= 2 && p[0] == 0xff && p[1] == 0xfe)
        return TEXT_UTF16_LE;
    if (n >= 2 && p[0] == 0xfe && p[1] == 0xff)
        return TEXT_UTF16_BE;
    for (size_t i = 0; i + 1 < n; i += 2) {
        even += p[i] == 0;
        odd += p[i + 1] == 0;
    }
    if (odd * 10 > n * 3 && even * 10 < n)
        return TEXT_UTF16_LE;
    return even * 10 > n * 3 && odd * 10 < n ? TEXT_UTF16_BE : TEXT_BYTES;
}

static size_t put_utf8(uint32_t c, uint8_t *out)
{
    if (c == 0 || c == 0xfeff) /* the mark at the beginning is no text */
        return 0;
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xc0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xe0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (c & 0x3f));
    return 4;
}

/* One unit; a half of a pair without the other is no text. */
static size_t put_unit(struct text_decoder *d, uint8_t a, uint8_t b, uint8_t *out)
{
    uint32_t u = d->form == TEXT_UTF16_LE ? a | (uint32_t)b << 8 : b | (uint32_t)a << 8;
    uint32_t high = d->high;

    d->high = 0;
    if (u >= 0xd800 && u < 0xdc00) {
        d->high = (uint16_t)u;
        return 0;
    }
    if (u >= 0xdc00 && u < 0xe000)
        return high ? put_utf8(0x10000 + ((high - 0xd800) << 10) + (u - 0xdc00), out) : 0;
    return put_utf8(u, out);
}

static size_t decode_utf16(struct text_decoder *d, struct wtg_span *in, uint8_t *out, size_t room)
{
    size_t n = 0;

    while (in->n && room - n >= 4) {
        if (d->nheld) {
            n += put_unit(d, d->held[0], in->p[0], out + n);
            d->nheld = 0;
            in->p++;
            in->n--;
        } else if (in->n == 1) {
            d->held[d->nheld++] = in->p[0];
            in->n = 0;
        } else {
            n += put_unit(d, in->p[0], in->p[1], out + n);
            in->p += 2;
            in->n -= 2;
        }
    }
    return n;
}

/* Without NULs, which also makes text of a part in UTF-16 that a shell appended to a log. */
static size_t decode_bytes(struct wtg_span *in, uint8_t *out, size_t room)
{
    size_t take = min_u64(in->n, room), n = 0;

    for (size_t i = 0; i < take;) {
        const uint8_t *nul = memchr(in->p + i, 0, take - i);
        size_t len = nul ? (size_t)(nul - in->p) - i : take - i;
        memcpy(out + n, in->p + i, len);
        n += len;
        i += len + 1;
    }
    in->p += take;
    in->n -= take;
    return n;
}

static size_t decode(struct text_decoder *d, struct wtg_span *in, uint8_t *out, size_t room)
{
    return d->form == TEXT_BYTES ? decode_bytes(in, out, room) : decode_utf16(d, in, out, room);
}

size_t text_decode(struct text_decoder *d, struct wtg_span *in, bool end, uint8_t *out, size_t room)
{
    size_t n = 0;

    if (d->form == TEXT_NOT_KNOWN) {
        size_t take = min_u64(in->n, TEXT_GUESS_BYTES - d->nheld);
        if (take) {
            memcpy(d->held + d->nheld, in->p, take);
            d->nheld += take;
            in->p += take;
            in->n -= take;
        }
        if (d->nheld < TEXT_GUESS_BYTES && !end)
            return 0;
        uint8_t first[TEXT_GUESS_BYTES];
        struct wtg_span held = { first, d->nheld };
        memcpy(first, d->held, d->nheld);
        d->form = guess(first, d->nheld);
        d->nheld = 0;
        if (held.n >= 3 && memcmp(first, "\xef\xbb\xbf", 3) == 0) /* the mark is no text */
            held = span_sub(held, 3, held.n - 3);
        n = decode(d, &held, out, room); /* fits: at most 3 bytes of text for 2 */
    }
    return in->n ? n + decode(d, in, out + n, room - n) : n;
}

/* Length of the valid UTF-8 character at p, 0 for none. */
static size_t valid_char(const uint8_t *p, size_t n)
{
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

    if (len == 0 || len > n || p[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    /* overlong forms, surrogates and what is behind U+10FFFF */
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
        return 0;
    return len;
}

size_t text_for_people(const uint8_t *p, size_t n, char *buf, size_t cap)
{
    size_t out = 0;

    for (size_t i = 0; i < n;) {
        size_t len = valid_char(p + i, n - i);
        bool blank = len == 1 && (p[i] <= ' ' || p[i] == 0x7f);
        if (out + (len ? len : 1) >= cap)
            break;
        if (len > 1 || (len == 1 && !blank)) {
            memcpy(buf + out, p + i, len);
            out += len;
        } else if (!blank) {
            buf[out++] = '?';
        } else if (out && buf[out - 1] != ' ') {
            buf[out++] = ' ';
        }
        i += len ? len : 1;
    }
    while (out && buf[out - 1] == ' ')
        out--;
    buf[out] = 0;
    return out;
}
