/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "diagnose/case.h"
#include "test.h"

/* The cases of a table are told by what they find; "" for nothing. */
static const char *found(const char *text, size_t n, size_t step, double *ret_p)
{
    static char name[64];
    struct wtg_err err = { 0 };
    struct diagnose_case *c = NULL;
    struct diagnose_log *log = NULL;
    const struct diagnose_verdict *v = NULL;
    bool good = diagnose_case_new(&c, &err) == 0 && diagnose_log_new(c, "a.log", &log, &err) == 0;

    for (size_t at = 0; good && at < n; at += step)
        good = diagnose_log_feed(log, text + at, n - at < step ? n - at : step, &err) == 0;
    good = good && diagnose_log_end(log, &err) == 0 && diagnose_solve(c, &v, &err) == 0;
    CHECK(good);
    snprintf(name, sizeof name, "%s", good && v->nfindings ? v->finding[0].cause->name : "");
    if (ret_p)
        *ret_p = good && v->nfindings ? v->finding[0].probability : 0;
    diagnose_case_free(c);
    return name;
}

static const char grub[] = "grub-install: error: /usr/lib/grub/i386-pc/modinfo.sh doesn't exist.\n";

static void pieces_of_any_size_find_the_same(void)
{
    for (size_t step = 1; step < sizeof grub; step++)
        CHECK(strcmp(found(grub, sizeof grub - 1, step, NULL), "grub_pc_bin_missing") == 0);
}

static void wrapped_messages_are_found(void)
{
    static const char text[] = "The NTFS partition is hibernated. Please resume and\n"
                               "   shutdown Windows fully\r\n";
    CHECK(strcmp(found(text, sizeof text - 1, 7, NULL), "windows_fast_startup") == 0);
}

static void utf16_of_both_orders_is_read(void)
{
    char wide[4 * sizeof grub] = "";

    for (unsigned big = 0; big < 2; big++) {
        for (unsigned mark = 0; mark < 2; mark++) {
            size_t n = 0;
            if (mark) {
                wide[n++] = (char)(big ? 0xfe : 0xff);
                wide[n++] = (char)(big ? 0xff : 0xfe);
            }
            for (size_t i = 0; i < sizeof grub - 1; i++) {
                wide[n + big] = grub[i];
                wide[n + !big] = 0;
                n += 2;
            }
            for (size_t step = 1; step < 40; step += 13)
                CHECK(strcmp(found(wide, n, step, NULL), "grub_pc_bin_missing") == 0);
        }
    }
}

/* PowerShell appends UTF-16 to what was UTF-8. */
static void appended_utf16_is_read(void)
{
    char text[3000];
    size_t n = 0;

    for (; n < 1000; n++)
        text[n] = n % 50 ? 'a' : '\n';
    for (size_t i = 0; i < sizeof grub - 1; i++) {
        text[n++] = grub[i];
        text[n++] = 0;
    }
    CHECK(strcmp(found(text, n, 100, NULL), "grub_pc_bin_missing") == 0);
}

/* A line without end, with the message anywhere in it, also across the edge of the window. */
static void endless_lines_are_searched(void)
{
    enum { BYTES = 900 << 10 };
    char *text = malloc(BYTES);

    REQUIRE(text);
    for (size_t at = 200 << 10; at < 300 << 10; at += 1013) {
        memset(text, 'x', BYTES);
        memcpy(text + at, grub, sizeof grub - 2);
        if (strcmp(found(text, BYTES, 65536, NULL), "grub_pc_bin_missing") != 0) {
            printf("# at %zu\n", at);
            CHECK(false);
        }
    }
    free(text);
}

static void line_numbers_and_counts_are_kept(void)
{
    struct wtg_err err = { 0 };
    struct diagnose_case *c;
    struct diagnose_log *log;
    const struct diagnose_verdict *v;

    OK(diagnose_case_new(&c, &err), err);
    OK(diagnose_log_new(c, "big.log", &log, &err), err);
    for (unsigned i = 0; i < 200000; i++)
        OK(diagnose_log_feed(log, "nothing here\n", 13, &err), err);
    for (unsigned i = 0; i < 3; i++)
        OK(diagnose_log_feed(log, grub, sizeof grub - 1, &err), err);
    OK(diagnose_log_end(log, &err), err);
    OK(diagnose_solve(c, &v, &err), err);
    REQUIRE(v->answer == DIAGNOSE_FOUND && v->finding[0].nevidence > 0);
    CHECK(strcmp(v->finding[0].evidence[0].where, "big.log:200001") == 0);
    CHECK(v->finding[0].evidence[0].count == 3);
    CHECK(strncmp(v->finding[0].evidence[0].text, "grub-install: error", 19) == 0);
    diagnose_case_free(c);
}

static void information_is_no_error(void)
{
    static const char text[] = "2024-01-01 10:00:00, Info   SP   winre.wim was not found\n";
    static const char error[] = "2024-01-01 10:00:00, Error  SP   winre.wim was not found\n";

    CHECK(strcmp(found(text, sizeof text - 1, 9, NULL), "") == 0);
    CHECK(strcmp(found(error, sizeof error - 1, 9, NULL), "winre_missing_in_image") == 0);
}

static void nothing_is_nothing(void)
{
    static const char binary[] = "\0\1\2\377\376\200";

    CHECK(strcmp(found("", 0, 1, NULL), "") == 0);
    CHECK(strcmp(found(binary, sizeof binary, 1, NULL), "") == 0);
    CHECK(strcmp(found("all is well\n", 12, 5, NULL), "") == 0);
}

static void codes_of_any_shape_mean_the_same(void)
{
    static const char *const codes[] = { "0x80070070", "0X80070070", "80070070", "-2147024784",
                                         "2147942512" };
    struct wtg_err err = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        struct diagnose_case *c;
        const struct diagnose_verdict *v;
        OK(diagnose_case_new(&c, &err), err);
        OK(diagnose_code(c, codes[i], &err), err);
        OK(diagnose_solve(c, &v, &err), err);
        CHECK(v->nfindings && strcmp(v->finding[0].cause->name, "disk_full_target") == 0);
        diagnose_case_free(c);
    }
}

static void patterns_match_as_their_language_says(void)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } row[] = {
        { "file too large", "FILE Too   Large", true },
        { "file too large", "file toolarge", false },
        { "error*wim", "error reading install.wim", true },
        { "error*wim", "error\ninstall.wim", false },
        { "error**wim", "error\ninstall.wim", true },
        { "code #.", "code 123.", true },
        { "code #.", "code .", false },
        { "can't find", "can\xe2\x80\x99t find", true },
        { "can't find", "cant find", true },
        { "ger?t", "Ger\xc3\xa4t", true },
        { "ger?t", "Ger\xe4t", true },
        { "\00180070005\001", "0x80070005", false }, /* it begins behind the x */
        { "a\\*b", "a*b", true },
        { "a\\*b", "axb", false },
        { "end\002", "end\n", true },
        { "end\002", "ending", false },
    };

    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        if (match_at(row[i].pattern, (const uint8_t *)row[i].text, strlen(row[i].text), 0) !=
            row[i].matches) {
            printf("# '%s' on '%s'\n", row[i].pattern, row[i].text);
            CHECK(false);
        }
    CHECK(match_at("\00180070005\001", (const uint8_t *)"0x80070005", 10, 2));
    CHECK(!match_at("\00180070005\001", (const uint8_t *)"9980070005", 10, 2));
    CHECK(!match_at("\00180070005\001", (const uint8_t *)"0x800700051", 11, 2));
}

/* What the generator writes: every index inside its table, every cause there. */
static void tables_hold_together(void)
{
    size_t causes = 0;

    while (diagnose_cause_at(causes))
        causes++;
    CHECK(causes == sign_cause_count);
    for (size_t i = 0; i < sign_count; i++) {
        const struct sign *s = &sign_table[i];
        for (size_t k = 0; k < s->nweights; k++) {
            const struct sign_weight *w = &sign_weights[s->first_weight + k];
            CHECK(w->cause < causes || w->cause >= SIGN_UNKNOWN);
            CHECK(w->p > 0 && w->p < 1);
        }
        for (size_t k = 0; k < s->nlinks; k++)
            CHECK(sign_links[s->first_link + k].sign < sign_count);
        CHECK(s->leak > 0 && s->leak < 1);
    }
    for (size_t i = 0; i < sign_pattern_count; i++)
        CHECK(sign_patterns[i].sign < sign_count);
}

static void answers_move_the_verdict(void)
{
    static const char text[] = "Buffer I/O error on dev sdb1, logical block 12\n"
                               "usb 1-1: USB disconnect, device number 4\n";
    struct wtg_err err = { 0 };
    struct diagnose_case *c;
    struct diagnose_log *log;
    const struct diagnose_verdict *v;

    OK(diagnose_case_new(&c, &err), err);
    OK(diagnose_log_new(c, "dmesg", &log, &err), err);
    OK(diagnose_log_feed(log, text, sizeof text - 1, &err), err);
    OK(diagnose_log_end(log, &err), err);
    OK(diagnose_solve(c, &v, &err), err);
    REQUIRE(v->nfindings > 1 && v->question);
    CHECK(v->question->bits_per_minute > 0);
    OK(diagnose_reply(c, "other-port", DIAGNOSE_YES, &err), err);
    OK(diagnose_solve(c, &v, &err), err);
    CHECK(strcmp(v->finding[0].cause->name, "usb_disconnected") == 0);
    CHECK(!v->question || strcmp(v->question->name, "other-port") != 0);
    OK(diagnose_reply(c, "other-port", DIAGNOSE_NO, &err), err);
    OK(diagnose_solve(c, &v, &err), err);
    CHECK(strcmp(v->finding[0].cause->name, "bad_usb_media") == 0);
    CHECK(diagnose_reply(c, "no-such-question", DIAGNOSE_NO, &err) == WTG_E_USAGE);
    diagnose_case_free(c);
}

static const struct test tests[] = {
    TEST(pieces_of_any_size_find_the_same),
    TEST(wrapped_messages_are_found),
    TEST(utf16_of_both_orders_is_read),
    TEST(appended_utf16_is_read),
    TEST(endless_lines_are_searched),
    TEST(line_numbers_and_counts_are_kept),
    TEST(information_is_no_error),
    TEST(nothing_is_nothing),
    TEST(codes_of_any_shape_mean_the_same),
    TEST(patterns_match_as_their_language_says),
    TEST(tables_hold_together),
    TEST(answers_move_the_verdict),
};
TEST_MAIN(tests)
