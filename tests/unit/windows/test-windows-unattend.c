/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "windows/unattend.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "windows-tree.h"
#include "windows/windows.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
#define OPEN "<unattend xmlns=\"urn:schemas-microsoft-com:unattend\">\n"
#define SETTINGS(pass, inner) "<settings pass=\"" pass "\">\n" inner "</settings>\n"
#define COMPONENT(name, arch)                                                                      \
    "<component name=\"" name "\" processorArchitecture=\"" arch "\" language=\"neutral\" "        \
    "publicKeyToken=\"31bf3856ad364e35\" versionScope=\"nonSxS\"/>\n"
#define CLOSE "</unattend>\n"

static struct wtg_span span_of(const char *s)
{
    return (struct wtg_span){ (const uint8_t *)s, strlen(s) };
}

static const struct {
    const char *xml;
    const char *summary; /* NULL: refused ... */
    const char *told;    /* ... with this in the text */
} rows[] = {
    { HEAD OPEN SETTINGS("oobeSystem", COMPONENT("A", "amd64")) CLOSE,
      "components for oobeSystem (1)", NULL },
    { OPEN SETTINGS("windowsPE", COMPONENT("A", "amd64"))
          SETTINGS("specialize", COMPONENT("A", "amd64") COMPONENT("B", "AMD64")) CLOSE,
      "components for specialize (2); without effect here: windowsPE (1)", NULL },
    { OPEN SETTINGS("offlineServicing", COMPONENT("A", "amd64")) CLOSE,
      "without effect here: offlineServicing (1)", NULL },
    /* other processors beside this one: as generators write it */
    { OPEN SETTINGS("oobeSystem",
                    COMPONENT("A", "x86") COMPONENT("A", "amd64") COMPONENT("A", "arm64")) CLOSE,
      "components for oobeSystem (3)", NULL },
    { "\xef\xbb\xbf" HEAD OPEN SETTINGS("auditUser", COMPONENT("A", "amd64")) CLOSE,
      "components for auditUser (1)", NULL },
    { "", NULL, "has 0 bytes" },
    { "hello", NULL, "not well-formed" },
    { HEAD OPEN "\n\n<settings>\n" CLOSE, NULL, "line 7: it is not well-formed" },
    { "<unattend/>", NULL, "should begin with 'unattend'" },
    { "<unattend xmlns=\"urn:other\"/>", NULL, "should begin with 'unattend'" },
    { "<u xmlns=\"urn:schemas-microsoft-com:unattend\"/>", NULL, "should begin with 'unattend'" },
    { OPEN CLOSE, NULL, "no settings with a component" },
    { OPEN SETTINGS("oobeSystem", "") CLOSE, NULL, "no settings with a component" },
    { OPEN "<settings xmlns=\"urn:other\" pass=\"oobeSystem\"/>" CLOSE, NULL, "no settings" },
    { OPEN SETTINGS("oobe", COMPONENT("A", "amd64")) CLOSE, NULL, "line 2: settings need a pass" },
    { OPEN "<settings>" COMPONENT("A", "amd64") "</settings>" CLOSE, NULL, "need a pass" },
    { OPEN SETTINGS("oobeSystem", COMPONENT("", "amd64")) CLOSE, NULL, "line 3: a component has" },
    { OPEN SETTINGS("oobeSystem", "<component name=\"A\"/>") CLOSE, NULL, "processorArchitecture" },
    { OPEN SETTINGS("oobeSystem", COMPONENT("A", "alpha")) CLOSE, NULL, "processorArchitecture" },
    { OPEN SETTINGS("oobeSystem", COMPONENT("A", "arm64")) CLOSE, NULL,
      "line 3: component 'A' is for arm64, the image is for amd64" },
    { OPEN SETTINGS("oobeSystem", COMPONENT("A", "amd64"))
          SETTINGS("specialize", COMPONENT("A", "x86")) CLOSE,
      NULL, "is for x86" },
    { OPEN SETTINGS("oobeSystem", COMPONENT("A", "amd64") COMPONENT("a", "amd64")) CLOSE, NULL,
      "line 4: component 'a' of pass oobeSystem stands in line 3 already" },
    { OPEN SETTINGS("oobeSystem", COMPONENT("A", "amd64"))
          SETTINGS("oobeSystem", COMPONENT("A", "amd64")) CLOSE,
      NULL, "already" },
    { "<!DOCTYPE unattend [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\n" OPEN SETTINGS(
          "oobeSystem", COMPONENT("A", "amd64") "&x;") CLOSE,
      NULL, "DOCTYPE" },
    { "<!DOCTYPE unattend SYSTEM \"http://127.0.0.1:1/x.dtd\">\n" OPEN SETTINGS(
          "oobeSystem", COMPONENT("A", "amd64")) CLOSE,
      NULL, "DOCTYPE" },
};

static void table(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct wtg_err err = { 0 };
        char *summary = NULL;
        int r = unattend_check(span_of(rows[i].xml), "my.xml", "amd64", &summary, &err);
        bool good = rows[i].summary ? r == 0 && strcmp(summary, rows[i].summary) == 0
                                    : r == WTG_E_UNATTEND && strstr(err.text, rows[i].told) &&
                                          strstr(err.text, "'my.xml'");
        if (!good)
            printf("# row %zu: %d '%s' '%s'\n", i, r, summary ? summary : "", err.text);
        CHECK(good);
        free(summary);
    }
}

static void an_unknown_processor_is_not_compared(void)
{
    struct wtg_err err = { 0 };
    char *summary = NULL;
    OK(unattend_check(span_of(OPEN SETTINGS("oobeSystem", COMPONENT("A", "arm64")) CLOSE), "x",
                      NULL, &summary, &err),
       err);
    free(summary);
}

/* A few entities that would become gigabytes. */
static void entity_bombs_stay_small(void)
{
    struct wtg_err err = { 0 };
    char *summary = NULL;
    static const char bomb[] =
        "<!DOCTYPE a [<!ENTITY a \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\">"
        "<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">"
        "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">"
        "<!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\">"
        "<!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;\">"
        "<!ENTITY f \"&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;\">]>\n" OPEN
        "<settings pass=\"&f;\"/>" CLOSE;
    CHECK(unattend_check(span_of(bomb), "x", NULL, &summary, &err) == WTG_E_UNATTEND);
}

static void size_has_a_limit(void)
{
    struct wtg_err err = { 0 };
    char *summary = NULL;
    struct wtg_span s = { (const uint8_t *)"", UNATTEND_MAX_BYTES + 1 };
    CHECK(unattend_check(s, "x", NULL, &summary, &err) == WTG_E_UNATTEND);
}

static void many_components_have_a_limit(void)
{
    struct wtg_err err = { 0 };
    char *summary = NULL;
    size_t cap = 200000, n = 0;
    char *xml = malloc(cap);
    n += (size_t)snprintf(xml, cap, OPEN "<settings pass=\"oobeSystem\">");
    for (int i = 0; i < 1001; i++)
        n += (size_t)snprintf(xml + n, cap - n,
                              "<component name=\"%d\" processorArchitecture="
                              "\"amd64\"/>",
                              i);
    snprintf(xml + n, cap - n, "</settings>" CLOSE);
    CHECK(unattend_check(span_of(xml), "x", NULL, &summary, &err) == WTG_E_UNATTEND);
    CHECK(strstr(err.text, "1000"));
    free(xml);
}

/* Through windows_edits: where the file goes, and what would shadow it. */
static void it_goes_to_panther(void)
{
    static const char *const there[] = { NULL, "Windows\\Panther\\Unattend.xml",
                                         "Windows\\Panther\\unattend\\unattend.xml" };
    static const char xml[] = OPEN SETTINGS("oobeSystem", COMPONENT("A", "amd64")) CLOSE;
    for (size_t i = 0; i < sizeof there / sizeof there[0]; i++) {
        struct windows_tree w;
        struct tree_edits edits = { 0 };
        struct windows_changes changes = { 0 };
        struct wtg_err err = { 0 };
        windows_tree_new(&w);
        if (there[i])
            windows_tree_text(&w, there[i], "old");
        windows_tree_text(&w, "Windows\\x", "x");
        windows_tree_sort(&w);
        struct windows_opts o = { .without = ~0ULL,
                                  .architecture = "amd64",
                                  .unattend = span_of(xml),
                                  .unattend_name = "my.xml" };
        OK(windows_edits(w.t, &o, &edits, &changes, &err), err);
        REQUIRE(edits.n == (i == 2 ? 2u : 1u));
        CHECK(edits.edit[0].op == (i == 1 ? TREE_EDIT_REPLACE : TREE_EDIT_ADD));
        CHECK(strcmp(edits.edit[0].path, "\\Windows\\Panther\\unattend.xml") == 0);
        CHECK(edits.edit[0].content->size_bytes == strlen(xml));
        CHECK(strcmp(edits.edit[0].detail, "components for oobeSystem (1)") == 0);
        CHECK(i != 2 || edits.edit[1].op == TREE_EDIT_DELETE);
        OK(tree_edits_check(w.t, &edits, &err), err);
        tree_edits_release(&edits);
        windows_changes_release(&changes);
        windows_tree_free(&w);
    }
}

static const struct test tests[] = {
    TEST(table),
    TEST(an_unknown_processor_is_not_compared),
    TEST(entity_bombs_stay_small),
    TEST(size_has_a_limit),
    TEST(many_components_have_a_limit),
    TEST(it_goes_to_panther),
};
TEST_MAIN(tests)
