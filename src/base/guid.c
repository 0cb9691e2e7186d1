/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/guid.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/le.h"

/* Byte of the binary form for each pair of hex digits of the text, in order. */
static const uint8_t place[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

void guid_text(const struct guid *g, char text[GUID_TEXT_BYTES])
{
    size_t n = 0;

    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[n++] = '-';
        snprintf(text + n, 3, "%02x", g->b[place[i]]);
        n += 2;
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool guid_parse(const char *text, struct guid *ret)
{
    struct guid g;
    bool braces = *text == '{';
    const char *p = text + braces;

    for (size_t i = 0; i < 16; i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *p++ != '-')
            return false;
        int hi = hex_value(p[0]);
        int lo = hi < 0 ? -1 : hex_value(p[1]);
        if (lo < 0)
            return false;
        g.b[place[i]] = (uint8_t)(hi << 4 | lo);
        p += 2;
    }
    if (braces && *p++ != '}')
        return false;
    if (*p != '\0')
        return false;
    *ret = g;
    return true;
}

struct seed seed_from_text(const char *text)
{
    struct seed s;
    hash_sha256(text, strlen(text), s.b);
    return s;
}

struct seed seed_random(void)
{
    struct seed s = { { 0 } };
    size_t got = 0;

    while (got < sizeof s.b) {
        ssize_t n = getrandom(s.b + got, sizeof s.b - got, 0);
        if (n > 0)
            got += (size_t)n;
    }
    return s;
}

static void derive(const struct seed *s, const char *label, uint8_t digest[SHA256_BYTES])
{
    uint8_t buf[sizeof s->b + 128];
    size_t n = strnlen(label, 128);

    memcpy(buf, s->b, sizeof s->b);
    memcpy(buf + sizeof s->b, label, n);
    hash_sha256(buf, sizeof s->b + n, digest);
}

struct guid seed_guid(const struct seed *s, const char *label)
{
    uint8_t d[SHA256_BYTES];
    struct guid g;

    derive(s, label, d);
    memcpy(g.b, d, sizeof g.b);
    g.b[7] = (uint8_t)((g.b[7] & 0x0f) | 0x40); /* version 4: high nibble of the third group */
    g.b[8] = (uint8_t)((g.b[8] & 0x3f) | 0x80);
    return g;
}

uint64_t seed_u64(const struct seed *s, const char *label)
{
    uint8_t d[SHA256_BYTES];

    derive(s, label, d);
    uint64_t v = le64_at(d);
    return v ? v : 1;
}
