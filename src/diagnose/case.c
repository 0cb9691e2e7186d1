/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "diagnose/case.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int diagnose_case_new(struct diagnose_case **ret, struct wtg_err *err)
{
    struct diagnose_case *c = mem_zeroed(1, sizeof *c, err);

    if (!c)
        return err->code;
    c->seen = mem_zeroed(sign_count + 1, sizeof *c->seen, err);
    c->near = c->seen ? mem_zeroed(sign_link_count + 1, sizeof *c->near, err) : NULL;
    c->reply = c->near ? mem_zeroed(sign_question_count + 1, sizeof *c->reply, err) : NULL;
    c->index = c->reply ? match_index_new(err) : NULL;
    if (!c->index) {
        diagnose_case_free(c);
        return err->code;
    }
    for (size_t i = 0; i < sign_question_count; i++)
        c->reply[i] = -1;
    *ret = c;
    return 0;
}

void diagnose_case_free(struct diagnose_case *c)
{
    if (!c)
        return;
    arena_release(&c->verdict_arena);
    arena_release(&c->arena);
    match_index_free(c->index);
    free(c->seen);
    free(c->near);
    free(c->reply);
    free(c);
}

int case_see(struct diagnose_case *c, size_t sign, const char *where, const char *text, size_t n,
             struct wtg_err *err)
{
    struct case_seen *s = &c->seen[sign];

    if (s->count == 0) {
        char *copy = arena_alloc(&c->arena, n + 1, err);
        s->where = copy ? arena_dup(&c->arena, where, strlen(where) + 1, err) : NULL;
        if (!s->where)
            return err->code;
        memcpy(copy, text, n);
        s->text = copy;
    }
    s->count++;
    return 0;
}

static bool is_near(uint64_t a, uint64_t b)
{
    return a && b && (a > b ? a - b : b - a) <= CASE_NEAR_LINES;
}

int case_see_line(struct diagnose_case *c, size_t sign, uint64_t place, const char *where,
                  const char *text, size_t n, struct wtg_err *err)
{
    const struct sign *s = &sign_table[sign];

    c->seen[sign].place = place;
    for (size_t i = 0; i < s->nlinks; i++) {
        size_t l = s->first_link + i;
        c->near[l] |= is_near(place, c->seen[sign_links[l].sign].place);
    }
    for (size_t i = 0; i < s->nbacklinks; i++) {
        const struct sign_backlink *b = &sign_backlinks[s->first_backlink + i];
        c->near[b->link] |= is_near(place, c->seen[b->sign].place);
    }
    int r = case_see(c, sign, where, text, n, err);
    /* Context that is known stays known, wherever it stands again. */
    if (r == 0 && s->nweights == 0 && s->nlinks == 0 && s->nbacklinks == 0 &&
        !(s->flags & SIGN_BENIGN) && c->seen[sign].count >= s->many)
        match_skip(c->index, sign);
    return r;
}

static bool is_fact(const struct sign_fact *f, const char *key, const char *value)
{
    return strcmp(f->key, key) == 0 && (strcmp(f->value, "*") == 0 || strcmp(f->value, value) == 0);
}

int diagnose_fact(struct diagnose_case *c, const char *key, const char *value, const char *where,
                  struct wtg_err *err, const char *fmt, ...)
{
    char text[512];
    va_list args;
    int r = 0;

    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n < 0)
        return wtg_fail(err, WTG_E_BUG, "a fact about '%s' cannot be put in words", key);
    c->facts++;
    for (size_t i = 0; i < sign_fact_count && r == 0; i++)
        if (is_fact(&sign_facts[i], key, value))
            r = case_see(c, sign_facts[i].sign, where, text, strlen(text), err);
    return r;
}

/* The first reading of a code that has a page with causes. */
static int add_page(struct diagnose_case *c, const char *code, struct wtg_err *err)
{
    struct code_readings readings = { 0 };
    struct wtg_err none = { 0 };

    if (c->npages == CASE_PAGES_MAX || code_parse(code, &readings, &none) < 0)
        return 0;
    for (size_t i = 0; i < readings.n; i++) {
        const struct wtg_code_page *page = code_page(&readings.code[i]);
        if (!page || !page->cause[0])
            continue;
        struct case_page *p = &c->page[c->npages];
        p->code = arena_dup(&c->arena, code, strlen(code) + 1, err);
        if (!p->code)
            return err->code;
        p->page = page;
        c->npages++;
        break;
    }
    return 0;
}

int diagnose_code(struct diagnose_case *c, const char *code, struct wtg_err *err)
{
    struct diagnose_log *log;
    char text[256];
    int r = diagnose_log_new(c, "code", &log, err);

    if (r < 0)
        return r;
    /* As a tool would print it, so that the signs of messages with numbers see it too. */
    int n = snprintf(text, sizeof text, "%s error code %.200s\n", code, code);
    r = diagnose_log_feed(log, text, min_u64((uint64_t)n, sizeof text - 1), err);
    if (diagnose_log_end(log, err) < 0 || r < 0)
        return err->code;
    return add_page(c, code, err);
}

int diagnose_reply(struct diagnose_case *c, const char *question, enum diagnose_reply reply,
                   struct wtg_err *err)
{
    for (size_t i = 0; i < sign_question_count; i++) {
        if (strcmp(sign_questions[i].name, question) == 0) {
            c->reply[i] = (int)reply;
            return 0;
        }
    }
    return wtg_fail(err, WTG_E_USAGE, "there is no question '%s'", question);
}

bool diagnose_saw(const struct diagnose_case *c, const char *sign)
{
    for (size_t i = 0; i < sign_count; i++)
        if (strcmp(sign_table[i].name, sign) == 0)
            return c->seen[i].count > 0;
    return false;
}
