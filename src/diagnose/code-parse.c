/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "diagnose/code-bits.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* How a number was written; in rising order of how surely it is a code. */
enum form {
    FORM_NONE,
    FORM_DECIMAL,
    FORM_DECIMAL_TOLD, /* behind "error", "code", ... */
    FORM_NAME,
    FORM_HEX_BARE, /* 8007000D */
    FORM_NEGATIVE,
    FORM_HEX_SHORT, /* 0x7B */
    FORM_HEX_LONG,  /* 0x0000007B */
};

struct typed {
    enum form form;
    uint32_t value, extend;
    bool has_extend, download;
    const char *name, *end; /* end: behind it in the text */
    size_t name_n;
    int hint[CODE_FAMILIES];
};

/* A word that says which family a number belongs to.  SURE: it can be nothing else where the family
 * has such numbers; otherwise it tips the scales. */
enum { SURE = 1000, LIKELY = 200, HINTS = 60, HAS_PAGE = 100 };
/* clang-format off */
static const struct hint {
    const char *word;
    enum code_family family;
    int weight;
} hints[] = {
    { "errno",        CODE_ERRNO,    SURE },
    { "linux",        CODE_ERRNO,    SURE },
    { "wimlib",       CODE_WIMLIB,   SURE },
    { "imagex",       CODE_WIMLIB,   LIKELY },
    { "dism",         CODE_WIN32,    LIKELY },
    { "win32",        CODE_WIN32,    SURE },
    { "getlasterror", CODE_WIN32,    SURE },
    { "hresult",      CODE_HRESULT,  SURE },
    { "hr",           CODE_HRESULT,  LIKELY },
    { "nt",           CODE_NT,       SURE },
    { "ntstatus",     CODE_NT,       SURE },
    { "stop",         CODE_BUGCHECK, SURE },
    { "bugcheck",     CODE_BUGCHECK, SURE },
    { "bsod",         CODE_BUGCHECK, SURE },
    { "boot",         CODE_BOOT,     SURE },
    { "bootmgr",      CODE_BOOT,     SURE },
    { "setupapi",     CODE_SETUPAPI, SURE },
    { "devmgr",       CODE_DEVMGR,   SURE },
    { "code",         CODE_DEVMGR,   HINTS },
    { "rufus",        CODE_RUFUS,    LIKELY },
    { "curl",         CODE_CURL,     SURE },
    { "aria2",        CODE_ARIA2,    SURE },
    { "aria2c",       CODE_ARIA2,    SURE },
    { "gpg",          CODE_GPG,      SURE },
};
/* clang-format on */
static const char *const telling[] = { "error",  "code",   "errno",   "exit",
                                       "exited", "status", "returned" };

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool same(const char *word, const char *p, size_t n)
{
    return strlen(word) == n && strncasecmp(word, p, n) == 0;
}

/* A digit of a hexadecimal number, also as a camera or a hurried hand writes it: O for 0, l for 1.
 */
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c == 'o' || c == 'O' ? 0 : c == 'l' || c == 'I' ? 1 : -1;
}

/* 1 to 16 digits; of 16, the upper 8 only repeat the sign, as 64-bit programs print it. */
static bool hex_value(const char *p, size_t n, uint32_t *ret)
{
    uint64_t v = 0;

    if (n == 0 || n > 16)
        return false;
    for (size_t i = 0; i < n; i++) {
        int d = hex_digit(p[i]);
        if (d < 0)
            return false;
        v = v << 4 | (unsigned)d;
    }
    *ret = (uint32_t)v;
    return v >> 32 == 0 || (v >> 32 == 0xffffffff && v >> 31 & 1);
}

static bool decimal_value(const char *p, size_t n, bool negative, uint32_t *ret)
{
    uint64_t v = 0;

    if (n == 0 || n > 10)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
        v = v * 10 + (unsigned)(p[i] - '0');
    }
    *ret = negative ? (uint32_t)-v : (uint32_t)v;
    return v <= (negative ? 0x80000000u : 0xffffffffu);
}

/* 8 digits without 0x: HRESULT=8007000D.  Only what begins like a failure. */
static bool bare_hex(const char *p, size_t n, uint32_t *ret)
{
    if (n != 8 || !strchr("8cCdDeE", p[0]))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!isxdigit((unsigned char)p[i]))
            return false;
    return hex_value(p, n, ret);
}

/* What a word may be, as far as its letters tell. */
static enum form form_of(const char *p, size_t n, bool negative, bool told, uint32_t *ret)
{
    struct code c[CODE_READINGS_MAX];

    if (n > 2 && hex_digit(p[0]) == 0 && (p[1] == 'x' || p[1] == 'X'))
        return !hex_value(p + 2, n - 2, ret) ? FORM_NONE
               : n - 2 > 4                   ? FORM_HEX_LONG
                                             : FORM_HEX_SHORT;
    if (bare_hex(p, n, ret))
        return FORM_HEX_BARE;
    if (decimal_value(p, n, negative, ret))
        return negative ? FORM_NEGATIVE : told ? FORM_DECIMAL_TOLD : FORM_DECIMAL;
    return code_by_its_name(p, n, c) ? FORM_NAME : FORM_NONE;
}

/* Behind a number: 0x90002 of '0x8007000D - 0x90002', 123130 of '715-123130'. */
static void take_extend(struct typed *t)
{
    static const char dash[] = "\xe2\x80\x93"; /* U+2013 */
    const char *p = t->end;
    size_t n = 0;
    uint32_t v;

    while (*p == ' ' || *p == '-' || *p == ',' || *p == '(' || strncmp(p, dash, 3) == 0)
        p += *p == dash[0] ? 3 : 1;
    if (p == t->end)
        return;
    while (is_word(p[n]))
        n++;
    if (t->form <= FORM_DECIMAL_TOLD && n == 6 && p == t->end + 1 && *t->end == '-' &&
        t->value < 1000 && decimal_value(p, n, false, &v))
        t->download = t->has_extend = true;
    else if (t->value >> 31 && n > 2 && n <= 7 && hex_digit(p[0]) == 0 && (p[1] | 0x20) == 'x' &&
             hex_value(p + 2, n - 2, &v))
        t->has_extend = true;
    else
        return;
    t->extend = v;
    t->end = p + n;
}

/* One word of the text: a hint, a better code than the one so far, or nothing. */
static void take_word(struct typed *t, const char *text, const char *p, size_t n, bool *told)
{
    bool was_told = *told;
    uint32_t value = 0;

    *told = false;
    for (size_t i = 0; i < ARRAY_LEN(telling); i++)
        *told |= same(telling[i], p, n);
    for (size_t i = 0; i < ARRAY_LEN(hints); i++)
        if (same(hints[i].word, p, n)) {
            t->hint[hints[i].family] = hints[i].weight;
            *told = true;
            return;
        }
    bool negative = p > text && p[-1] == '-' && (p - 1 == text || !is_word(p[-2]));
    enum form form = form_of(p, n, negative, was_told, &value);
    if (form <= t->form)
        return;
    t->form = form;
    t->value = value;
    t->name = p;
    t->name_n = n;
    t->end = p + n;
    t->has_extend = t->download = false;
    if (form != FORM_NAME)
        take_extend(t);
}

static void take_words(struct typed *t, const char *text)
{
    bool told = false;

    for (const char *p = text; *p;) {
        size_t n = 0;
        while (is_word(p[n]))
            n++;
        if (n > 0 && p >= (t->end ? t->end : text))
            take_word(t, text, p, n, &told);
        p += n ? n : 1;
    }
}

/* Of facilities that tools of Microsoft use with codes that look like an NTSTATUS. */
static bool is_hresult_of_c(uint32_t v)
{
    return v >> 28 == 0xc && (v >> 16 & 0xfff) >= 0x140 && code_knows_facility(v >> 16 & 0xfff);
}

/* How well a family fits a number written so; 0: not at all. */
static int fit_large(enum code_family f, const struct typed *t)
{
    uint32_t v = t->value, top = v >> 28;
    bool named = code_is_named(f, v);

    switch (f) {
    case CODE_BOOT:
        return top == 0xc && code_page(&(struct code){ .family = f, .value = v }) ? 65 : 0;
    case CODE_HRESULT:
        if (top == 0xc)
            return named || is_hresult_of_c(v) ? 60 : 0;
        return (top >= 8 && top != 0xe) ? 60 : named ? 40 : 0;
    case CODE_NT:
        if (top == 0xc)
            return is_hresult_of_c(v) && !named ? 0 : 50;
        return named ? 45 : 0;
    case CODE_SETUPAPI:
        return top == 0xe ? 60 : 0;
    case CODE_BUGCHECK:
        return named ? 55 : 0;
    case CODE_RUFUS:
        return v >> 16 == 0xc003 ? 62 : 0;
    default:
        return 0;
    }
}

/* The same for numbers of 16 bits, which nearly every family has. */
static int fit_small(enum code_family f, const struct typed *t)
{
    bool hex = t->form == FORM_HEX_SHORT || t->form == FORM_HEX_LONG;
    bool named = code_is_named(f, t->value), sure = t->hint[f] >= SURE;

    switch (f) {
    case CODE_WIN32:
        return t->form == FORM_HEX_SHORT ? 40 : t->form == FORM_HEX_LONG ? 50 : 60;
    case CODE_BUGCHECK:
        if (!named && !sure)
            return 0;
        return t->form == FORM_HEX_SHORT ? 60 : hex ? 51 : sure ? 10 : 0;
    case CODE_ERRNO:
        return (named && !hex) || sure ? 20 : 0;
    case CODE_WIMLIB:
        return (named && !hex) || sure ? 15 : 0;
    case CODE_DEVMGR:
        return (named && !hex) || sure ? 10 : 0;
    default:
        return sure ? 10 : 0;
    }
}

struct scored {
    struct code code;
    int score;
};

static void add(struct scored *list, size_t *n, struct code c, int score)
{
    size_t at = *n;

    while (at > 0 && list[at - 1].score < score)
        at--;
    memmove(&list[at + 1], &list[at], (*n - at) * sizeof *list);
    list[at] = (struct scored){ c, score };
    (*n)++;
}

static void rank(const struct typed *t, struct code_readings *ret)
{
    struct scored list[CODE_FAMILIES + 1];
    size_t n = 0;

    for (enum code_family f = 0; f < CODE_FAMILIES; f++) {
        struct code c = { .family = f, .value = t->value };
        int score = t->value > 0xffff ? fit_large(f, t) : fit_small(f, t);
        if (score > 0)
            add(list, &n, c, score + t->hint[f] + (code_page(&c) ? HAS_PAGE : 0));
    }
    if (n == 0) /* no table knows it: its bits can still be told */
        add(list, &n, (struct code){ .family = CODE_HRESULT, .value = t->value }, 1);
    bool sure = list[0].score >= SURE;
    for (ret->n = 0; ret->n < n && ret->n < CODE_READINGS_MAX; ret->n++) {
        if (sure && list[ret->n].score < SURE)
            return;
        ret->code[ret->n] = list[ret->n].code;
    }
}

int code_parse(const char *text, struct code_readings *ret, struct wtg_err *err)
{
    struct typed t = { 0 };

    take_words(&t, text);
    if (t.form == FORM_NONE) {
        wtg_fail(err, WTG_E_USAGE, "there is no code in '%.60s'", text);
        return wtg_hint(err, "%s",
                        N_("codes look like 0x80070005, -2147024891, 1392, E_ACCESSDENIED, "
                           "0xC1900101-0x20017, wimlib:55 or errno:5"));
    }
    *ret = (struct code_readings){ .n = 0 };
    if (t.form == FORM_NAME) {
        ret->n = code_by_its_name(t.name, t.name_n, ret->code);
    } else if (t.has_extend) {
        ret->n = 1;
        ret->code[0] =
            (struct code){ t.download ? CODE_DOWNLOAD : CODE_SETUP, t.value, t.extend, true };
    } else {
        rank(&t, ret);
    }
    return 0;
}
