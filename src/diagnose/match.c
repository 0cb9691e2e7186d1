/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "diagnose/match.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "diagnose/sign.h"

/* Gaps of patterns: within a line, and across lines. */
enum { GAP_BYTES = 160, WIDE_GAP_BYTES = 600, EDGE = 1, LINE_END = 2 };

enum { HASH_BITS = 16, BUCKETS = 1 << 12, NONE = 0xffff };

struct match_index {
    uint64_t present[(1 << HASH_BITS) / 64]; /* 8 KiB: stays in the first cache */
    uint16_t bucket[BUCKETS];
    struct entry {
        uint64_t before,
            before_mask;          /* the 8 bytes in front of the four, as far as they are known */
        uint64_t from, from_mask; /* the 8 bytes from the four on */
        uint32_t four;
        uint16_t next;
        uint8_t first; /* byte with which the text begins, 0: not known */
        bool space;    /* a blank must stand in front of the four */
        bool skip;
    } of[]; /* one for each pattern */
};

struct text {
    const uint8_t *p;
    size_t n;
};

/* Lower case for letters; what it does to other bytes is the same on both sides. */
static uint32_t four_at(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return v | 0x20202020U;
}

static uint32_t hash(uint32_t four)
{
    return four * 0x9e3779b1U >> (32 - HASH_BITS);
}

/* The byte with which every text that matches begins, in lower case; 0 where there are several. */
static uint8_t first_byte(const char *pattern)
{
    while (*pattern == EDGE || *pattern == '^')
        pattern++;
    return strchr(" *#?'\\", *pattern) ? 0 : (uint8_t)*pattern;
}

/* Does the byte of a pattern stand for itself, once, wherever it is? */
static bool is_plain(uint8_t c)
{
    return c > LINE_END && !strchr(" *#?'\\^", c);
}

/* What is known of the bytes around the four. */
static void learn_window(struct entry *e, const struct sign_pattern *p)
{
    size_t length = strlen(p->text), at = p->rest;
    uint8_t before[8] = { 0 }, before_mask[8] = { 0 }, from[8] = { 0 }, from_mask[8] = { 0 };

    for (size_t i = 0; i < 8 && at + i < length && is_plain((uint8_t)p->text[at + i]); i++) {
        from[i] = (uint8_t)p->text[at + i] | 0x20;
        from_mask[i] = 0xff;
    }
    for (size_t i = 1; i <= 8 && i <= at && is_plain((uint8_t)p->text[at - i]); i++) {
        if (i < at && p->text[at - i - 1] == '\\')
            break; /* may be the second half of what is written in two */
        before[8 - i] = (uint8_t)p->text[at - i] | 0x20;
        before_mask[8 - i] = 0xff;
    }
    memcpy(&e->before, before, 8);
    memcpy(&e->before_mask, before_mask, 8);
    memcpy(&e->from, from, 8);
    memcpy(&e->from_mask, from_mask, 8);
    e->space = at > 0 && p->text[at - 1] == ' ' && (at < 2 || p->text[at - 2] != '\\');
}

/* A quick look, which refuses most places at which the pattern does not stand. */
static bool window_fits(const struct entry *e, const uint8_t *text, size_t n, size_t at)
{
    uint64_t v;

    if (at < 8 || n - at < 8)
        return true; /* no room for it: let the slow look decide */
    memcpy(&v, text + at, 8);
    if (((v | 0x2020202020202020U) & e->from_mask) != e->from)
        return false;
    memcpy(&v, text + at - 8, 8);
    return ((v | 0x2020202020202020U) & e->before_mask) == e->before &&
           (!e->space || text[at - 1] <= ' ');
}

struct match_index *match_index_new(struct wtg_err *err)
{
    struct match_index *m = mem_zeroed(1, sizeof *m + sign_pattern_count * sizeof m->of[0], err);

    if (!m)
        return NULL;
    memset(m->bucket, 0xff, sizeof m->bucket);
    for (size_t i = 0; i < sign_pattern_count; i++) {
        uint32_t h = hash(four_at(sign_patterns[i].four));
        m->present[h / 64] |= UINT64_C(1) << h % 64;
        m->of[i].four = four_at(sign_patterns[i].four);
        learn_window(&m->of[i], &sign_patterns[i]);
        m->of[i].first = first_byte(sign_patterns[i].text);
        m->of[i].next = m->bucket[h % BUCKETS];
        m->bucket[h % BUCKETS] = (uint16_t)i;
    }
    return m;
}

void match_index_free(struct match_index *m)
{
    free(m);
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Digits and letters, without regard to the locale. */
static bool is_word(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Between a number and what is no part of it; 0x in front is none, also when a screen was read as
 * "Ox". */
static bool is_edge(const struct text *t, size_t at)
{
    if (at == 0 || at >= t->n || !is_word(t->p[at - 1]) || !is_word(t->p[at]))
        return true;
    return at >= 2 && (t->p[at - 1] | 0x20) == 'x' &&
           (t->p[at - 2] == '0' || (t->p[at - 2] | 0x20) == 'o') &&
           (at == 2 || !is_word(t->p[at - 3]));
}

static bool is_line_start(const struct text *t, size_t at)
{
    while (at > 0 && (t->p[at - 1] == ' ' || t->p[at - 1] == '\t'))
        at--;
    return at == 0 || t->p[at - 1] == '\n' || t->p[at - 1] == '\r';
}

/* Bytes of the quotation mark at `at`, 0 where there is none: ASCII, typographic, Windows-1252. */
static size_t quote_bytes(const struct text *t, size_t at)
{
    size_t left = t->n - at;
    const uint8_t *p = t->p + at;

    if (left >= 1 && (strchr("'\"`", *p) ? *p != 0 : *p >= 0x91 && *p <= 0x94))
        return 1;
    if (left >= 2 && p[0] == 0xc2 && (p[1] == 0xab || p[1] == 0xbb || p[1] == 0xb4))
        return 2;
    return left >= 3 && p[0] == 0xe2 && p[1] == 0x80 && p[2] >= 0x98 && p[2] <= 0x9f ? 3 : 0;
}

/* Bytes of the character at `at`; a byte that begins none is one. */
static size_t char_bytes(const struct text *t, size_t at)
{
    size_t n = at < t->n, most = 1;

    if (n && t->p[at] >= 0xc0)
        most = t->p[at] >= 0xf0 ? 4 : t->p[at] >= 0xe0 ? 3 : 2;
    while (n && n < most && at + n < t->n && (t->p[at + n] & 0xc0) == 0x80)
        n++;
    return n;
}

/* One element of a pattern at *at; moves both behind it. */
static bool match_one(const char **pattern, const struct text *t, size_t *at)
{
    size_t begin = *at;
    uint8_t c = (uint8_t) * (*pattern)++;

    switch (c) {
    case EDGE:
        return is_edge(t, begin);
    case LINE_END:
        return begin == t->n || t->p[begin] == '\n' || t->p[begin] == '\r';
    case '^':
        return is_line_start(t, begin);
    case ' ':
        while (*at < t->n && is_space(t->p[*at]))
            ++*at;
        return *at > begin;
    case '#':
        while (*at < t->n && t->p[*at] >= '0' && t->p[*at] <= '9')
            ++*at;
        return *at > begin;
    case '\'':
        *at += quote_bytes(t, begin);
        return true;
    case '?':
        *at += char_bytes(t, begin);
        return *at > begin;
    case '\\':
        c = (uint8_t) * (*pattern)++;
        break;
    default:
        break;
    }
    if (begin >= t->n)
        return false;
    uint8_t found = t->p[begin];
    if (found >= 'A' && found <= 'Z')
        found |= 0x20;
    ++*at;
    return found == c;
}

/* The elements up to the next gap or the end. */
static bool match_piece(const char **pattern, const struct text *t, size_t *at)
{
    while (**pattern && **pattern != '*')
        if (!match_one(pattern, t, at))
            return false;
    return true;
}

/* Leftmost, without going back: gaps are short, and time stays bounded by their number. */
static bool match_gap(const char **pattern, const struct text *t, size_t *at)
{
    bool wide = (*pattern)[1] == '*';
    const char *piece = *pattern + 1 + wide;
    size_t end = min_u64(t->n, *at + (wide ? WIDE_GAP_BYTES : GAP_BYTES));

    uint8_t first = first_byte(piece);

    for (size_t i = *at; i <= end; i++) {
        *pattern = piece;
        *at = i;
        if ((!first || (i < t->n && (t->p[i] | 0x20) == (first | 0x20))) &&
            match_piece(pattern, t, at))
            return true;
        if (i < t->n && !wide && t->p[i] == '\n')
            return false;
    }
    return false;
}

bool match_at(const char *pattern, const uint8_t *text, size_t n, size_t at)
{
    struct text t = { text, n };

    if (!match_piece(&pattern, &t, &at))
        return false;
    while (*pattern)
        if (!match_gap(&pattern, &t, &at))
            return false;
    return true;
}

/* Back from the four to where the text begins, over elements that each stand for themselves; blanks
 * may be several bytes.  False when they are not there. */
static bool go_back(const struct sign_pattern *p, const uint8_t *text, size_t *at)
{
    for (size_t i = p->rest; i-- > 0;) {
        uint8_t c = (uint8_t)p->text[i];
        if (c == EDGE || c == '^')
            continue; /* zero wide, and match_at will see to them */
        if (*at == 0)
            return false;
        if (c == ' ') {
            size_t end = *at;
            while (*at > 0 && is_space(text[*at - 1]))
                --*at;
            if (*at == end)
                return false;
            continue;
        }
        if ((text[*at - 1] | 0x20) != (c | 0x20))
            return false;
        --*at;
        if (i > 0 && p->text[i - 1] == '\\')
            i--; /* the character that it protects was this one */
    }
    return true;
}

static bool begins_before(const struct sign_pattern *p, uint8_t first, const uint8_t *text,
                          size_t n, size_t four, size_t *ret)
{
    *ret = four;
    if (p->before != SIGN_FLOATING)
        return go_back(p, text, ret) && match_at(p->text, text, n, *ret);
    if (!match_at(p->text + p->rest, text, n, four))
        return false;
    for (size_t back = 0; back <= MATCH_BACK && back <= four; back++) {
        *ret = four - back;
        if ((!first || (text[*ret] | 0x20) == (first | 0x20)) && match_at(p->text, text, n, *ret))
            return true;
    }
    return false;
}

void match_skip(struct match_index *m, size_t sign)
{
    for (size_t i = 0; i < sign_pattern_count; i++)
        m->of[i].skip |= sign_patterns[i].sign == sign;
}

int match_scan(const struct match_index *m, const uint8_t *text, size_t n, size_t from, size_t to,
               int (*hit)(void *user, size_t pattern, size_t begin, struct wtg_err *err),
               void *user, struct wtg_err *err)
{
    int r = 0;
    size_t begin = 0, last = n >= 4 ? min_u64(to, n - 3) : 0;

    for (size_t i = from; i < last && r == 0; i++) {
        uint32_t four = four_at(text + i), h = hash(four);
        if (!(m->present[h / 64] >> h % 64 & 1))
            continue;
        for (uint16_t k = m->bucket[h % BUCKETS]; k != NONE && r == 0; k = m->of[k].next)
            if (m->of[k].four == four && !m->of[k].skip && window_fits(&m->of[k], text, n, i) &&
                begins_before(&sign_patterns[k], m->of[k].first, text, n, i, &begin))
                r = hit(user, k, begin, err);
    }
    return r;
}
