/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sign/room.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>

const char *wtg_sign_slug(enum wtg_sign_state state)
{
    static const char *const slugs[] = {
#define S(name, slug, text) slug,
        WTG_SIGN_STATES(S)
#undef S
    };
    return slugs[state];
}

const char *wtg_sign_text(enum wtg_sign_state state)
{
    static const char *const texts[] = {
#define S(name, slug, text) N_(text),
        WTG_SIGN_STATES(S)
#undef S
    };
    return texts[state];
}

const char *wtg_sign_ca_slug(enum wtg_sign_ca ca)
{
    static const char *const slugs[] = {
#define C(name, slug) slug,
        WTG_SIGN_CAS(C)
#undef C
    };
    return slugs[ca];
}

/* Names come from certificates that anybody can make: nothing in them may move a cursor, and what
 * is cut off ends at a character. */
void clean_words(const char *s, size_t n, char *buf, size_t cap)
{
    size_t len = n < cap - 1 ? n : cap - 1;

    while (len < n && len > 0 && ((unsigned char)s[len] & 0xc0) == 0x80)
        len--;
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)s[i];
        /* 0xc2 0x80..0x9f are control characters too */
        const bool control = c < 0x20 || c == 0x7f ||
                             (i > 0 && (unsigned char)s[i - 1] == 0xc2 && c >= 0x80 && c < 0xa0);
        buf[i] = control ? '?' : (char)c;
        if (control && c >= 0x80)
            buf[i - 1] = '?';
    }
    buf[len] = '\0';
}

void cert_name(const X509_NAME *name, char buf[WTG_SIGN_NAME])
{
    static const int parts[] = { NID_commonName, NID_organizationalUnitName, NID_organizationName };

    snprintf(buf, WTG_SIGN_NAME, "(no name)");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        int at = X509_NAME_get_index_by_NID(name, parts[i], -1);
        unsigned char *text = NULL;
        int n = at < 0 ? -1
                       : ASN1_STRING_to_UTF8(
                             &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
        if (n > 0)
            clean_words((const char *)text, (size_t)n, buf, WTG_SIGN_NAME);
        OPENSSL_free(text);
        if (n > 0)
            break;
    }
    ERR_clear_error();
}

int64_t time_value(const ASN1_TIME *t)
{
    struct tm tm = { 0 };
    int64_t v = t && ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : 0;
    ERR_clear_error();
    return v;
}

void time_words(int64_t t, char buf[24])
{
    struct tm tm;
    time_t s = (time_t)t;

    if (!gmtime_r(&s, &tm) || strftime(buf, 24, "%Y-%m-%d %H:%M UTC", &tm) == 0)
        snprintf(buf, 24, "-");
}
