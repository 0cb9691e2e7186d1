/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Walks every row of every table that is made from data/diagnose and from headers. */
#include "../test.h"

#include "diagnose/tables.h"

static bool filled(const char *text)
{
    return text && text[0] && strcmp(text, "-") != 0;
}

static void every_cause_has_words(void)
{
    const struct diagnose_cause *c;
    size_t n = 0;

    for (; (c = diagnose_cause_at(n)); n++) {
        CHECK(diagnose_cause_find(c->name) == c);
        CHECK(filled(c->title) && filled(c->means) && filled(c->check) && filled(c->mend));
        CHECK(c->prior > 0 && c->minutes > 0);
    }
    CHECK(n >= 120);
    CHECK(!diagnose_cause_find("no_such_cause"));
    CHECK(!diagnose_cause_find(""));
}

static size_t count(enum code_family family)
{
    size_t n = 0;

    for (size_t i = 0; i < code_names_n; i++)
        n += code_names[i].family == family;
    return n;
}

static void headers_brought_what_they_should(void)
{
    CHECK(count(CODE_WIN32) >= 2000);
    CHECK(count(CODE_HRESULT) >= 1370);
    CHECK(count(CODE_NT) >= 1790);
    CHECK(count(CODE_SETUPAPI) >= 76);
    CHECK(count(CODE_BUGCHECK) >= 150);
    CHECK(count(CODE_WIMLIB) >= 75);
    CHECK(count(CODE_ERRNO) >= 130);
    CHECK(count(CODE_DEVMGR) >= 50);
}

static bool has(const struct code_readings *found, const struct code *c)
{
    for (size_t i = 0; i < found->n; i++)
        if (found->code[i].family == c->family && found->code[i].value == c->value)
            return true;
    return false;
}

/* By its name and by "FAMILY:CODE", every code comes back to itself. */
static void every_name_and_number_comes_back(void)
{
    size_t bad = 0;

    for (size_t i = 0; i < code_names_n; i++) {
        struct code c = { .family = code_names[i].family, .value = code_names[i].value };
        struct code_readings found = { .n = 0 };
        struct wtg_err err = { 0 };
        char spelled[WTG_CODE_BYTES], text[64];
        code_spell(&c, spelled);
        snprintf(text, sizeof text, "%s:%s", code_family_slug(c.family), spelled);
        bool by_number = code_parse(text, &found, &err) == 0 && has(&found, &c);
        bool by_name = code_parse(code_names[i].name, &found, &err) == 0 && has(&found, &c);
        if ((!by_number || !by_name) && bad++ < 10)
            printf("# %s %s: number %d, name %d\n", text, code_names[i].name, by_number, by_name);
        CHECK(code_name(&c));
    }
    CHECK(bad == 0);
}

static void every_page_is_reached_and_full(void)
{
    CHECK(code_pages_n >= 150);
    for (size_t i = 0; i < code_page_keys_n; i++) {
        const struct code *c = &code_page_keys[i].code;
        const struct wtg_code_page *page = &code_pages[code_page_keys[i].page];
        struct code_readings found = { .n = 0 };
        struct wtg_err err = { 0 };
        char spelled[WTG_CODE_BYTES], text[64];
        CHECK(code_page(c) == page);
        CHECK(filled(page->slug) && filled(page->says));
        CHECK(page->cause[0] || (page->check && page->mend));
        for (size_t k = 0; page->cause[k]; k++)
            CHECK(diagnose_cause_find(page->cause[k]));
        code_spell(c, spelled);
        snprintf(text, sizeof text, "%s:%s", code_family_slug(c->family), spelled);
        bool first = code_parse(text, &found, &err) == 0 && code_page(&found.code[0]) == page;
        if (!first)
            printf("# '%s' does not lead to its page first\n", text);
        CHECK(first);
    }
}

static void every_tree_ends(void)
{
    const struct wtg_tree *t;
    size_t n = 0;

    for (; (t = code_tree_at(n)); n++) {
        CHECK(t->nnodes >= 5);
        for (size_t i = 0; i < t->nnodes; i++) {
            const struct wtg_tree_node *node = &t->node[i];
            CHECK(filled(node->text));
            if (node->how) {
                CHECK(node->yes > i && node->yes < t->nnodes && node->no > i &&
                      node->no < t->nnodes);
                continue;
            }
            CHECK(node->yes == 0 && node->no == 0 && node->cause);
            for (size_t k = 0; node->cause && node->cause[k]; k++)
                CHECK(diagnose_cause_find(node->cause[k]));
        }
    }
    CHECK(n == 3);
}

static void parts_stand_once(void)
{
    for (size_t i = 0; i < code_parts_n; i++) {
        CHECK(filled(code_parts[i].part.name) && filled(code_parts[i].part.text));
        for (size_t k = 0; k < i; k++)
            CHECK(code_parts[k].kind != code_parts[i].kind ||
                  code_parts[k].part.value != code_parts[i].part.value);
    }
    CHECK(code_parts_n >= 80);
}

static const struct test tests[] = {
    TEST(every_cause_has_words),
    TEST(headers_brought_what_they_should),
    TEST(every_name_and_number_comes_back),
    TEST(every_page_is_reached_and_full),
    TEST(every_tree_ends),
    TEST(parts_stand_once),
};
TEST_MAIN(tests)
