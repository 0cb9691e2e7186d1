/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../test.h"

#include "diagnose/code.h"

/* How people, logs and cameras write codes, and what comes first of what they may mean. */
static const struct {
    const char *text, *family, *code, *name; /* name NULL: there is none */
} spellings[] = {
    /* clang-format off */
    { "0x80070005",                  "hresult",  "0x80070005", "E_ACCESSDENIED" },
    { "0X80070005",                  "hresult",  "0x80070005", "E_ACCESSDENIED" },
    { "-2147024891",                 "hresult",  "0x80070005", "E_ACCESSDENIED" },
    { "2147942405",                  "hresult",  "0x80070005", "E_ACCESSDENIED" },
    { "0xFFFFFFFF80070005",          "hresult",  "0x80070005", "E_ACCESSDENIED" },
    { "E_ACCESSDENIED",              "hresult",  "0x80070005", "E_ACCESSDENIED" },
    { "e_accessdenied",              "hresult",  "0x80070005", "E_ACCESSDENIED" },
    { "hr:0x80070005)",              "hresult",  "0x80070005", "E_ACCESSDENIED" },
    { "HRESULT=8007000D",            "hresult",  "0x8007000D", "ERROR_INVALID_DATA" },
    { "0xD0000022",                  "hresult",  "0xD0000022", "STATUS_ACCESS_DENIED" },
    { "5",                           "win32",    "5",          "ERROR_ACCESS_DENIED" },
    { "0x5",                         "win32",    "5",          "ERROR_ACCESS_DENIED" },
    { "[0x00000013]",                "win32",    "19",         "ERROR_WRITE_PROTECT" },
    { "ERROR_ACCESS_DENIED",         "win32",    "5",          "ERROR_ACCESS_DENIED" },
    { "ACCESS_DENIED",               "win32",    "5",          "ERROR_ACCESS_DENIED" },
    { "DISM exited with code 1392",  "win32",    "1392",       "ERROR_FILE_CORRUPT" },
    { "dism:1392",                   "win32",    "1392",       "ERROR_FILE_CORRUPT" },
    { "Windows 10 says error 5",     "win32",    "5",          "ERROR_ACCESS_DENIED" },
    { "112",                         "win32",    "112",        "ERROR_DISK_FULL" },
    { "STATUS_ACCESS_DENIED",        "nt",       "0xC0000022", "STATUS_ACCESS_DENIED" },
    { "0xC0000022",                  "nt",       "0xC0000022", "STATUS_ACCESS_DENIED" },
    { "0xc000000f",                  "boot",     "0xc000000f", "STATUS_NO_SUCH_FILE" },
    { "Status: Oxc00000e9",          "boot",     "0xc00000e9", "STATUS_UNEXPECTED_IO_ERROR" },
    { "0xcOOOOOe9",                  "boot",     "0xc00000e9", "STATUS_UNEXPECTED_IO_ERROR" },
    { "0xc0000225",                  "boot",     "0xc0000225", "STATUS_NOT_FOUND" },
    { "0xe0000243",                  "setupapi", "0xE0000243", "ERROR_AUTHENTICODE_PUBLISHER_NOT_TRUSTED" },
    { "0xC1900101-0x20017",          "setup",    "0xC1900101-0x20017", NULL },
    { "0xC1900101 - 0x20017",        "setup",    "0xC1900101-0x20017", NULL },
    { "0xC1900101 \xe2\x80\x93 0x20017", "setup", "0xC1900101-0x20017", NULL },
    { "0x8007000D - 0x90002",        "setup",    "0x8007000D-0x90002", "ERROR_INVALID_DATA" },
    { "0xC1900101",                  "hresult",  "0xC1900101", NULL },
    { "0x7B",                        "bugcheck", "0x7B",       "INACCESSIBLE_BOOT_DEVICE" },
    { "0x0000007B",                  "bugcheck", "0x7B",       "INACCESSIBLE_BOOT_DEVICE" },
    { "STOP: 0x0000007B (0xFFFFF880009A97E8, 0xFFFFFFFFC0000034)", "bugcheck", "0x7B", "INACCESSIBLE_BOOT_DEVICE" },
    { "INACCESSIBLE_BOOT_DEVICE",    "bugcheck", "0x7B",       "INACCESSIBLE_BOOT_DEVICE" },
    { "0xC000021A",                  "bugcheck", "0xC000021A", "WINLOGON_FATAL_ERROR" },
    { "UNMOUNTABLE_BOOT_VOLUME",     "bugcheck", "0xED",       "UNMOUNTABLE_BOOT_VOLUME" },
    { "stop 123",                    "bugcheck", "0x7B",       "INACCESSIBLE_BOOT_DEVICE" },
    { "(Code 52)",                   "devmgr",   "52",         "CM_PROB_UNSIGNED_DRIVER" },
    { "wimlib:55",                   "wimlib",   "55",         "WIMLIB_ERR_RESOURCE_NOT_FOUND" },
    { "wimlib-imagex exited with code 55", "wimlib", "55",     "WIMLIB_ERR_RESOURCE_NOT_FOUND" },
    { "EIO",                         "errno",    "5",          "EIO" },
    { "errno 5",                     "errno",    "5",          "EIO" },
    { "[Errno 28] No space left",    "errno",    "28",         "ENOSPC" },
    { "[0xC0030570] The file",       "rufus",    "0xC0030570", "ERROR_FILE_CORRUPT" },
    { "curl: (60)",                  "curl",     "60",         "CURLE_PEER_FAILED_VERIFICATION" },
    { "aria2:9",                     "aria2",    "9",          "ARIA2_NOT_ENOUGH_DISK_SPACE" },
    { "gpg:2",                       "gpg",      "2",          "GPG_ERROR" },
    { "message code 715-123130 and", "download", "715-123130", NULL },
    { "0xC00E001F",                  "hresult",  "0xC00E001F", "MQ_ERROR_FORMATNAME_BUFFER_TOO_SMALL" },
    { "0x8024402C",                  "hresult",  "0x8024402C", "WU_E_PT_WINHTTP_NAME_NOT_RESOLVED" },
    { "0xC1510111",                  "hresult",  "0xC1510111", NULL },
    /* Nobody knows them; their bits are told. */
    { "0x8BAD1234",                  "hresult",  "0x8BAD1234", NULL },
    { "0xCBAD1234",                  "nt",       "0xCBAD1234", NULL },
    { "99999999",                    "hresult",  "0x05F5E0FF", NULL },
    { "65535",                       "win32",    "65535",      NULL },
    /* clang-format on */
};

static void every_spelling_is_read(void)
{
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        struct wtg_err err = { 0 };
        struct wtg_explanation e;
        bool read = code_explain(spellings[i].text, &e, &err) == 0;
        const struct wtg_reading *r = &e.reading[0];
        const char *want = spellings[i].name ? spellings[i].name : "";
        bool good = read && strcmp(r->family, spellings[i].family) == 0 &&
                    strcmp(r->code, spellings[i].code) == 0 &&
                    strcmp(r->name ? r->name : "", want) == 0;
        if (!good)
            printf("# '%s': %s %s %s\n", spellings[i].text, read ? r->family : err.text,
                   read ? r->code : "", read && r->name ? r->name : "");
        CHECK(good);
    }
}

static void what_is_no_code_is_refused(void)
{
    static const char *const texts[] = { "",           " ",           "hello",
                                         "0x",         "0xZZ",        "0x123456789",
                                         "4294967296", "-2147483649", "the stick does not boot",
                                         "-",          "--" };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct wtg_err err = { 0 };
        struct code_readings found;
        CHECK(code_parse(texts[i], &found, &err) == WTG_E_USAGE);
        CHECK(strstr(err.text, "there is no code"));
        CHECK(err.hint[0]);
    }
}

static struct wtg_reading first(const char *text)
{
    struct wtg_err err = { 0 };
    struct wtg_explanation e = { 0 };

    CHECK(code_explain(text, &e, &err) == 0);
    return e.reading[0];
}

static bool same_as(const struct wtg_reading *r, const char *family, const char *code)
{
    for (size_t i = 0; i < r->naliases; i++)
        if (strcmp(r->alias[i].family, family) == 0 && strcmp(r->alias[i].code, code) == 0)
            return true;
    return false;
}

static void wrapped_codes_lead_both_ways(void)
{
    static const struct {
        const char *text, *family, *code;
    } rows[] = {
        { "0x80070005", "win32", "5" },
        { "win32:5", "hresult", "0x80070005" },
        { "0xD0000022", "nt", "0xC0000022" },
        { "0xC0000022", "hresult", "0xD0000022" },
        { "0xC0030570", "win32", "1392" },
        { "0xE0000243", "hresult", "0x800F0243" },
        { "0x800F0243", "setupapi", "0xE0000243" },
        { "0x8007000D-0x90002", "hresult", "0x8007000D" },
        { "0xC0070005", "win32", "5" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wtg_reading r = first(rows[i].text);
        if (!same_as(&r, rows[i].family, rows[i].code))
            printf("# %s is not said to be %s:%s\n", rows[i].text, rows[i].family, rows[i].code);
        CHECK(same_as(&r, rows[i].family, rows[i].code));
    }
}

static void bits_are_told_apart(void)
{
    struct wtg_reading r = first("0x80070005");
    CHECK(r.has_parts && strcmp(r.severity, "error") == 0 && !r.customer && r.facility.value == 7);
    CHECK(r.facility.name && strcmp(r.facility.name, "FACILITY_WIN32") == 0 && r.number == 5);
    r = first("0xA0001234"); /* the customer bit */
    CHECK(r.customer && r.facility.value == 0 && r.number == 0x1234);
    r = first("0x80000005");
    CHECK(strcmp(r.severity, "error") == 0);
    r = first("nt:0x80000005");
    CHECK(strcmp(r.severity, "warning") == 0 && strcmp(r.name, "STATUS_BUFFER_OVERFLOW") == 0);
    r = first("0xC0210000");
    CHECK(r.facility.value == 0x21 && r.facility.text && strcmp(r.facility.text, "BitLocker") == 0);
    r = first("0xC1900101-0x3000D");
    CHECK(r.has_phase && r.phase.value == 3 && r.operation.value == 0xd);
    CHECK(strcmp(r.phase.name, "SP_EXECUTION_FIRST_BOOT") == 0);
    CHECK(strcmp(r.operation.name, "SP_EXECUTION_OP_MIGRATE_DATA") == 0);
    r = first("0x8007000D-0x90002"); /* the Media Creation Tool's, which nobody documents */
    CHECK(r.has_phase && r.phase.value == 9 && !r.phase.text);
}

static void a_number_of_several_families_has_several_readings(void)
{
    struct wtg_err err = { 0 };
    struct code_readings found;

    CHECK(code_parse("5", &found, &err) == 0 && found.n >= 2);
    CHECK(found.code[0].family == CODE_WIN32 && found.code[1].family == CODE_ERRNO);
    CHECK(code_parse("errno 5", &found, &err) == 0 && found.n == 1); /* told which */
    CHECK(code_parse("0xc000000f", &found, &err) == 0 && found.n == 2);
    CHECK(found.code[0].family == CODE_BOOT && found.code[1].family == CODE_NT);
    for (unsigned v = 0; v < 70000; v++) { /* room for all, whatever the number */
        char text[16];
        snprintf(text, sizeof text, "%u", v);
        CHECK(code_parse(text, &found, &err) == 0 && found.n >= 1 && found.n <= CODE_READINGS_MAX);
    }
}

static void trees_are_found_by_code_and_name(void)
{
    static const struct {
        const char *text, *slug;
    } rows[] = { { "0x80070005", "access-denied" }, { "EACCES", "access-denied" },
                 { "0x80070070", "disk-full" },     { "ENOSPC", "disk-full" },
                 { "0xC00E001F", "damaged-image" }, { "disk-full", "disk-full" } };
    const struct wtg_tree *tree;
    struct wtg_err err = { 0 };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        OK(code_tree(rows[i].text, &tree, &err), err);
        CHECK(strcmp(tree->slug, rows[i].slug) == 0);
    }
    CHECK(code_tree("0x7B", &tree, &err) == WTG_E_NOT_FOUND && err.hint[0]);
    CHECK(code_tree("hello", &tree, &err) == WTG_E_USAGE);
}

static const struct test tests[] = {
    TEST(every_spelling_is_read),
    TEST(what_is_no_code_is_refused),
    TEST(wrapped_codes_lead_both_ways),
    TEST(bits_are_told_apart),
    TEST(a_number_of_several_families_has_several_readings),
    TEST(trees_are_found_by_code_and_name),
};
TEST_MAIN(tests)
