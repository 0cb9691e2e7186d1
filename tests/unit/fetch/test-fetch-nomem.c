/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every allocation of the room's parsers fails once (those of libraries are their own). */
#include "test.h"

#include "base/hash.h"
#include "base/mem.h"
#include "fetch-fixture.h"
#include "fetch/catalog.h"
#include "fetch/journal.h"
#include "fetch/sums.h"
#include "nomem.h"

static void lists(void)
{
    const char *const name[] = { "w.iso", NULL };
    struct wanted_sum got;

    WALK_ALLOCATIONS(sums_find(text_span(SHA256_A "  w.iso\n"), name, &got, &err), (void)0);
}

static void journals(void)
{
    static struct journal_state s;
    static const char rest[] = "wtg-fetch 1\nboot abc\nsize 9000\n";
    char text[4000];
    size_t n = 0;

    for (const char *at = rest; *at; at += strcspn(at, "\n") + 1)
        n += (size_t)snprintf(text + n, sizeof text - n, "%08x %.*s\n",
                              (unsigned)(uint32_t)hash_quick(at, strcspn(at, "\n")),
                              (int)strcspn(at, "\n"), at);
    for (unsigned i = 0; i < 40; i++) {
        char line[64];
        snprintf(line, sizeof line, "have %u %u", 100 * i, 100 * i + 50);
        n += (size_t)snprintf(text + n, sizeof text - n, "%08x %s\n",
                              (unsigned)(uint32_t)hash_quick(line, strlen(line)), line);
    }
    WALK_ALLOCATIONS(journal_parse((struct wtg_span){ (const uint8_t *)text, n }, "abc", &s, &err),
                     journal_state_release(&s));
}

/* libxml2 says only that it failed, so what comes is its error or ours. */
static int catalog_once(struct wtg_err *err)
{
    struct wtg_catalog *c = NULL;
    int r = catalog_parse(text_span(SAMPLE_CATALOG), &c, err);

    if (r == 0)
        catalog_free(c);
    return r == WTG_E_IMAGE_FORMAT ? WTG_E_NOMEM : r;
}

static void catalogs(void)
{
    WALK_ALLOCATIONS(catalog_once(&err), (void)0);
}

static void addresses(void)
{
    char *text = NULL;

    WALK_ALLOCATIONS(net_name("http://x/y", &text, &err), free(text));
}

static const struct test tests[] = { TEST(lists), TEST(journals), TEST(catalogs), TEST(addresses) };
TEST_MAIN(tests)
