/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixture.h"

/* Other programs read what we write, and we read what they write. */

static void hivexsh_reads_and_saves_the_empty_hive(void)
{
    struct wtg_err err = { 0 };
    struct bytes b = { 0 }, again = { calloc(1, 1 << 20), 0 };
    struct hive *h = NULL;
    char path[64], command[300];
    if (!have("hivexsh"))
        SKIP("no hivexsh (libhivex-bin)");
    OK(hive_empty("ROOT", 5, 0, &b.p, &b.n, &err), err);
    REQUIRE(to_file(b, path));
    snprintf(command, sizeof command,
             "printf 'cd \\\\\\nadd Theirs\\ncommit\\nls\\n' | hivexsh -w %s", path);
    char *text = output_of(command);
    CHECK(text && strstr(text, "Theirs"));
    FILE *f = fopen(path, "rb");
    REQUIRE(f);
    again.n = fread(again.p, 1, 1 << 20, f);
    fclose(f);
    unlink(path);
    hive_key k = 0;
    OK(hive_open(span_of(again), "T", false, &h, &err), err);
    OK(hive_find(h, hive_root(h), "Theirs", &k, &err), err);
    CHECK(k != HIVE_NO_KEY);
    hive_free(h);
    free(text);
    free(b.p);
    free(again.p);
}

static void hivexregedit_lists_our_values(void)
{
    struct bytes b = small_hive();
    char path[64], command[300];
    if (!have("hivexregedit")) {
        free(b.p);
        SKIP("no hivexregedit (libwin-hivex-perl)");
    }
    REQUIRE(to_file(b, path));
    snprintf(command, sizeof command, "hivexregedit --export %s '\\'", path);
    char *text = output_of(command);
    REQUIRE(text);
    CHECK(strstr(text, "[\\Alpha\\Beta\\Gamma]"));
    CHECK(strstr(text, "\"number\"=dword:12345678"));
    CHECK(strstr(text, "\"text\"=hex(1):67,00,72,00,fc,00,df,00,00,00"));
    CHECK(strstr(text, "\"bytes\"=hex(3):01,02,03,04,05"));
    free(text);
    unlink(path);
    free(b.p);
}

/* reglookup is no child of libhivex. */
static void reglookup_lists_our_values(void)
{
    struct bytes b = small_hive();
    char path[64], command[300];
    if (!have("reglookup")) {
        free(b.p);
        SKIP("no reglookup");
    }
    REQUIRE(to_file(b, path));
    snprintf(command, sizeof command, "reglookup -H -s %s 2>/dev/null", path);
    char *text = output_of(command);
    REQUIRE(text);
    CHECK(strstr(text, "/Alpha/Beta/Gamma/number,DWORD,0x12345678"));
    CHECK(strstr(text, "/Alpha/Beta/Gamma/path,EXPAND_SZ,%25SystemRoot%25\\inf"));
    CHECK(strstr(text, "/Alpha/Delta/bytes,BINARY,%01%02%03%04%05"));
    CHECK(strstr(text, "S-1-5-32-544,S-1-5-18")); /* owner and group of every key */
    free(text);
    unlink(path);
    free(b.p);
}

static const struct test tests[] = {
    TEST(hivexsh_reads_and_saves_the_empty_hive),
    TEST(hivexregedit_lists_our_values),
    TEST(reglookup_lists_our_values),
};
TEST_MAIN(tests)
