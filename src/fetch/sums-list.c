/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/sums.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* Lists of checksums: one file a line. */

enum { NAMES_TOLD = 6, NAME_MAX_BYTES = 4096 };

/* A name as it stands in the list: not terminated. */
struct line {
    struct wanted_sum sum;
    const char *name;
    size_t name_bytes; /* 0: only a hash */
    bool escaped;      /* \\, \n and \r stand for what they stand for */
};

/* Best first. */
/* clang-format off */
static const struct {
    enum hash_kind kind;
    const char *tag;
} forms[] = {
    { HASH_SHA512, "SHA512" },
    { HASH_SHA256, "SHA256" },
    { HASH_SHA1,   "SHA1" },
    { HASH_MD5,    "MD5" },
};
/* clang-format on */

/* "SHA256 (NAME) = HEX" */
static bool parse_bsd(const char *s, size_t n, struct line *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        size_t tag = strlen(forms[i].tag), digits = 2 * hash_bytes(forms[i].kind);
        if (n < tag + 2 + 4 + digits || memcmp(s, forms[i].tag, tag) != 0 ||
            memcmp(s + tag, " (", 2) != 0 || memcmp(s + n - digits - 4, ") = ", 4) != 0)
            continue;
        ret->name = s + tag + 2;
        ret->name_bytes = n - tag - 2 - 4 - digits;
        return ret->name_bytes > 0 && sums_parse(forms[i].kind, s + n - digits, digits, &ret->sum);
    }
    return false;
}

/* "HEX  NAME", "HEX *NAME" or "HEX" */
static bool parse_gnu(const char *s, size_t n, struct line *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        size_t digits = 2 * hash_bytes(forms[i].kind);
        if (n < digits || (n > digits && s[digits] != ' ') ||
            !sums_parse(forms[i].kind, s, digits, &ret->sum))
            continue;
        if (n == digits)
            return true;
        if (n < digits + 3 || (s[digits + 1] != ' ' && s[digits + 1] != '*'))
            return false;
        ret->name = s + digits + 2;
        ret->name_bytes = n - digits - 2;
        return true;
    }
    return false;
}

static bool parse_line(const char *s, size_t n, struct line *ret)
{
    *ret = (struct line){ 0 };
    while (n > 0 && strchr(" \t\r", s[n - 1]))
        n--;
    if (n > 0 && s[0] == '\\') {
        ret->escaped = true;
        s++;
        n--;
    }
    return parse_bsd(s, n, ret) || parse_gnu(s, n, ret);
}

/* The name of a line, escapes undone, "./" left away. */
static void name_of(const struct line *l, char name[NAME_MAX_BYTES])
{
    size_t n = 0, i = 0;

    for (; i < l->name_bytes && n + 1 < NAME_MAX_BYTES; i++) {
        char c = l->name[i], next = i + 1 < l->name_bytes ? l->name[i + 1] : '\0';
        if (l->escaped && c == '\\' && (next == '\\' || next == 'n' || next == 'r')) {
            c = next == 'n' ? '\n' : next == 'r' ? '\r' : '\\';
            i++;
        }
        name[n++] = c;
    }
    name[n] = '\0';
    if (strncmp(name, "./", 2) == 0)
        memmove(name, name + 2, n - 1);
}

/* 2: the same name; 1: the same behind the last '/'; 0: another. */
static int fits(const char *listed, const char *wanted)
{
    const char *base = strrchr(listed, '/');

    return strcmp(listed, wanted) == 0 ? 2 : base && strcmp(base + 1, wanted) == 0 ? 1 : 0;
}

struct search {
    const char *wanted;
    int best;        /* how well the line found fits */
    size_t strength; /* of its hash: digest bytes */
    struct wanted_sum found;
    bool torn; /* two lines about it differ */
    size_t nlines, nbare;
    struct wanted_sum bare;
    char told[512]; /* names that stand in the list */
    size_t ntold;
    char name[NAME_MAX_BYTES];
};

static void tell(struct search *s)
{
    size_t used = strlen(s->told);

    for (char *c = s->name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    if (s->ntold++ < NAMES_TOLD)
        snprintf(s->told + used, sizeof s->told - used, "%s'%.100s'", used ? ", " : "", s->name);
}

static void consider(struct search *s, const struct line *l)
{
    s->nlines++;
    if (l->name_bytes == 0) {
        s->nbare++;
        s->bare = l->sum;
        return;
    }
    name_of(l, s->name);
    size_t bytes = hash_bytes(l->sum.kind);
    int fit = fits(s->name, s->wanted);
    if (fit == 0) {
        tell(s);
        return;
    }
    if (fit < s->best || (fit == s->best && bytes < s->strength))
        return;
    bool again = fit == s->best && bytes == s->strength;
    s->torn = again ? s->torn || memcmp(s->found.digest, l->sum.digest, bytes) != 0 : false;
    s->best = fit;
    s->strength = bytes;
    s->found = l->sum;
}

static void search(struct search *s, struct wtg_span list, const char *wanted)
{
    const char *p = (const char *)list.p, *end = p + list.n;
    struct line l;

    *s = (struct search){ .wanted = wanted };
    while (p < end) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((stop ? stop : end) - p);
        if (parse_line(p, n, &l))
            consider(s, &l);
        p += n + 1;
    }
}

static int failed(const struct search *s, struct wtg_err *err)
{
    if (s->nlines == 0)
        return wtg_fail(err, WTG_E_IMAGE_FORMAT,
                        "it is no list of SHA-512, SHA-256, SHA-1 or MD5 sums");
    wtg_fail(err, WTG_E_NOT_FOUND, "it says nothing about '%.200s', but about %s%s", s->wanted,
             s->told[0] ? s->told : "files without names",
             s->ntold > NAMES_TOLD ? " and others" : "");
    return wtg_hint(err,
                    "is it the list of another version? a file under another name: --name NAME");
}

int sums_find(struct wtg_span list, const char *const *name, struct wanted_sum *ret,
              struct wtg_err *err)
{
    static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };
    AUTO_FREE struct search *s = mem_zeroed(1, sizeof *s, err);

    if (!s)
        return err->code;
    if (list.n >= sizeof mark && memcmp(list.p, mark, sizeof mark) == 0)
        list = span_sub(list, sizeof mark, list.n - sizeof mark);
    for (size_t i = 0; name[i] && s->best == 0; i++)
        search(s, list, name[i]);
    if (s->torn)
        return wtg_fail(err, WTG_E_IMAGE_FORMAT, "it has two different sums of '%.200s'",
                        s->wanted);
    if (s->best == 0 && s->nlines == 1 && s->nbare == 1) {
        *ret = s->bare;
        return 0;
    }
    if (s->best == 0)
        return failed(s, err);
    *ret = s->found;
    return 0;
}
