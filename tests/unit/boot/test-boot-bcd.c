/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bcd-fixture.h"
#include "boot/bcd-model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

#define ESP                                                                                        \
    "partition 22222222-2222-4222-8222-222222222222 of disk "                                      \
    "11111111-1111-4111-8111-111111111111\n"
#define WIN                                                                                        \
    "partition 33333333-3333-4333-8333-333333333333 of disk "                                      \
    "11111111-1111-4111-8111-111111111111\n"
#define LOADER "{44444444-4444-4444-8444-444444444444}"
#define RESUME "{55555555-5555-4555-8555-555555555555}"

/* Compared with a real Windows 10 store (UEFI, made by bcdboot): the same but for GUIDs, strings,
 * recoveryenabled, and what a running Windows adds. */
static const char golden[] =
    "{emssettings} 0x20100000 settings\n"
    "  16000020 bootems                  no\n"
    "\n"
    "{resumeloadersettings} 0x20200004 settings\n"
    "  14000006 inherit                  {globalsettings}\n"
    "\n" LOADER " 0x10200003 OS loader\n"
    "  11000001 device                   " WIN
    "  12000002 path                     \\Windows\\system32\\winload.efi\n"
    "  12000004 description              Windows 11\n"
    "  12000005 locale                   en-US\n"
    "  14000006 inherit                  {bootloadersettings}\n"
    "  16000009 recoveryenabled          no\n"
    "  16000060 isolatedcontext          yes\n"
    "  17000077 allowedinmemorysettings  0x15000075\n"
    "  21000001 osdevice                 " WIN "  22000002 systemroot               \\Windows\n"
    "  23000003 resumeobject             " RESUME "\n"
    "  25000020 nx                       0x0\n"
    "  250000c2 bootmenupolicy           0x1\n"
    "\n"
    "{dbgsettings} 0x20100000 settings\n"
    "  15000011 debugtype                0x4\n"
    "\n"
    "{badmemory} 0x20100000 settings\n"
    "\n" RESUME " 0x10200004 resume loader\n"
    "  11000001 device                   " WIN
    "  12000002 path                     \\Windows\\system32\\winresume.efi\n"
    "  12000004 description              Windows Resume Application\n"
    "  12000005 locale                   en-US\n"
    "  14000006 inherit                  {resumeloadersettings}\n"
    "  16000060 isolatedcontext          yes\n"
    "  17000077 allowedinmemorysettings  0x15000075\n"
    "  21000001 filedevice               " WIN
    "  22000002 filepath                 \\hiberfil.sys\n"
    "  25000008 bootmenupolicy           0x1\n"
    "  26000006 debugoptionenabled       no\n"
    "\n"
    "{bootloadersettings} 0x20200003 settings\n"
    "  14000006 inherit                  {globalsettings} {hypervisorsettings}\n"
    "\n"
    "{globalsettings} 0x20100000 settings\n"
    "  14000006 inherit                  {dbgsettings} {emssettings} {badmemory}\n"
    "\n"
    "{hypervisorsettings} 0x20200003 settings\n"
    "  250000f3 hypervisordebugtype      0x0\n"
    "  250000f4 hypervisordebugport      0x1\n"
    "  250000f5 hypervisorbaudrate       0x1c200\n"
    "\n"
    "{bootmgr} 0x10100002 Windows boot manager\n"
    "  11000001 device                   " ESP
    "  12000002 path                     \\EFI\\Microsoft\\Boot\\bootmgfw.efi\n"
    "  12000004 description              Windows Boot Manager\n"
    "  12000005 locale                   en-US\n"
    "  14000006 inherit                  {globalsettings}\n"
    "  23000003 default                  " LOADER "\n"
    "  23000006 resumeobject             " RESUME "\n"
    "  24000001 displayorder             " LOADER "\n"
    "  24000010 toolsdisplayorder        {memdiag}\n"
    "  25000004 timeout                  0x1e\n"
    "\n"
    "{memdiag} 0x10200005 memory tester\n"
    "  11000001 device                   " ESP
    "  12000002 path                     \\EFI\\Microsoft\\Boot\\memtest.efi\n"
    "  12000004 description              Windows Memory Diagnostic\n"
    "  12000005 locale                   en-US\n"
    "  14000006 inherit                  {globalsettings}\n"
    "  1600000b badmemoryaccess          yes\n";

static char *text_of(const struct boot_bcd_params *p, struct wtg_err *err)
{
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    struct boot_bcd b = { 0 };
    char *text = NULL;
    if (boot_bcd_build(p, &bytes, &n, err) < 0 ||
        boot_bcd_decode((struct wtg_span){ bytes, n }, &b, err) < 0 ||
        boot_bcd_text(&b, &text, err) < 0)
        printf("# %s\n", err->text);
    boot_bcd_release(&b);
    return text;
}

static void uefi_store_is_the_golden_one(void)
{
    struct wtg_err err = { 0 };
    struct boot_bcd_params p = bcd_params();
    AUTO_FREE char *text = text_of(&p, &err);
    REQUIRE(text);
    if (strcmp(text, golden) != 0)
        printf("%s", text);
    CHECK(strcmp(text, golden) == 0);
}

static void bios_store_differs_where_it_must(void)
{
    struct wtg_err err = { 0 };
    struct boot_bcd_params p = bcd_params();
    p.firmware = BOOT_BIOS;
    p.locale = NULL;
    p.system = (struct boot_partition){ .mbr = true, .signature = 0x1234, .offset_bytes = 1 << 20 };
    p.keep_recovery = true;
    AUTO_FREE char *text = text_of(&p, &err);
    REQUIRE(text);
    CHECK(strstr(text, "\\Windows\\system32\\winload.exe"));
    CHECK(strstr(text, "\\Windows\\system32\\winresume.exe"));
    CHECK(strstr(text, "\\boot\\memtest.exe"));
    CHECK(strstr(text, "partition at byte 1048576 of disk 00001234"));
    CHECK(strstr(text, "locale                   en-us"));
    CHECK(!strstr(text, ".efi"));
    CHECK(!strstr(text, "16000060"));
    CHECK(!strstr(text, "filedevice"));
    CHECK(!strstr(text, "recoveryenabled"));
}

static void same_parameters_give_same_bytes(void)
{
    struct wtg_err err = { 0 };
    struct boot_bcd_params p = bcd_params();
    AUTO_FREE uint8_t *a = NULL;
    AUTO_FREE uint8_t *b = NULL;
    size_t an = 0, bn = 0;
    OK(boot_bcd_build(&p, &a, &an, &err), err);
    usleep(20000);
    OK(boot_bcd_build(&p, &b, &bn, &err), err);
    CHECK(an == bn && memcmp(a, b, an) == 0);
    CHECK(an % 4096 == 0 && an <= 65536);
}

static void nonsense_parameters_are_refused(void)
{
    struct wtg_err err = { 0 };
    uint8_t *p = NULL;
    size_t n = 0;
    static const char *const locales[] = { "en us", "\\x",
                                           "en-US-en-US-en-US-en-US-en-US-en-US-en-US" };
    for (size_t i = 0; i < ARRAY_LEN(locales); i++) {
        struct boot_bcd_params bad = bcd_params();
        bad.locale = locales[i];
        CHECK(boot_bcd_build(&bad, &p, &n, &err) == WTG_E_BCD);
    }
    struct boot_bcd_params bad = bcd_params();
    bad.description = "";
    CHECK(boot_bcd_build(&bad, &p, &n, &err) == WTG_E_BUG);
    bad = bcd_params();
    bad.resume = bad.loader;
    CHECK(boot_bcd_build(&bad, &p, &n, &err) == WTG_E_BUG);
    CHECK(p == NULL);
}

/* A store that is not what was meant is told by its first difference. */
static void differences_are_found(void)
{
    struct wtg_err err = { 0 };
    static const char *const told[] = { "12000004", "{3", "16000060", "objects", "key" };
    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        struct boot_bcd_params p = bcd_params();
        struct boot_bcd a = { 0 }, b = { 0 };
        struct boot_bcd_object *o = NULL;
        OK(boot_bcd_plan(&p, &a, &err), err);
        p.description = i == 0 ? "Windows 10" : p.description;
        if (i == 1)
            guid_parse("35555555-5555-4555-8555-555555555555", &p.resume);
        OK(boot_bcd_plan(&p, &b, &err), err);
        if (i == 2)
            b.object[2].element[6].present = false;
        if (i == 3)
            OK(boot_bcd_add_object(&b, "{ffffffff-0000-0000-0000-000000000000}", &o, &err), err);
        if (i == 4)
            b.key_name = "key";
        CHECK(boot_bcd_compare(&a, &b, &err) == WTG_E_BCD);
        if (!strstr(err.text, told[i]))
            printf("# %s\n", err.text);
        CHECK(strstr(err.text, told[i]));
        boot_bcd_release(&a);
        boot_bcd_release(&b);
    }
}

/* As other programs leave them: an object without type, named by a word, with a device shifted by
 * a byte; elements of the wrong type, unknown, without value, not named by a number. */
static void nonsense_in_a_store_is_shown(void)
{
    struct wtg_err err = { 0 };
    struct hive *h = NULL;
    hive_key k = 0;
    AUTO_FREE uint8_t *bytes = NULL;
    AUTO_FREE char *text = NULL;
    size_t n = 0;
    struct boot_bcd b = { 0 };
    OK(hive_new("BCD", "NewStoreRoot", 3, 0, &h, &err), err);
    static const struct {
        const char *key;
        enum hive_reg type;
        const char *data;
        size_t n;
    } rows[] = {
        { "Objects\\{Default}\\Elements\\11000001", HIVE_BINARY, "\0\0\0", 3 },
        { "Objects\\{Default}\\Elements\\12000004", HIVE_BINARY, "abcd", 4 },
        { "Objects\\{Default}\\Elements\\15000011", HIVE_BINARY, "abcd", 4 },
        { "Objects\\{Default}\\Elements\\16000009", HIVE_BINARY, "", 0 },
        { "Objects\\{Default}\\Elements\\19abcdef", HIVE_BINARY, "xy", 2 },
        { "Objects\\{Default}\\Elements\\14000006", HIVE_MULTI_SZ, "", 0 },
        { "Objects\\{Default}\\Elements\\hello", HIVE_BINARY, "x", 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        OK(hive_make(h, hive_root(h), rows[i].key, &k, &err), err);
        OK(hive_set(h, k, "Element", rows[i].type, rows[i].data, rows[i].n, &err), err);
    }
    OK(hive_make(h, hive_root(h), "Objects\\{Default}\\Elements\\12000002", &k, &err), err);
    OK(hive_make(h, hive_root(h), "Objects\\nothing", &k, &err), err);
    OK(hive_commit(h, &bytes, &n, &err), err);
    hive_free(h);
    OK(boot_bcd_decode((struct wtg_span){ bytes, n }, &b, &err), err);
    CHECK(b.nobjects == 2 && !b.object[1].has_type && b.object[1].nelements == 8);
    OK(boot_bcd_text(&b, &text, &err), err);
    CHECK(strstr(text, "{Default} without type\n"));
    CHECK(strstr(text, "11000001 device                   damaged\n"));
    CHECK(strstr(text, "12000002 path                     nothing\n"));
    CHECK(strstr(text, "12000004 description              a value of type 3 with 4 bytes\n"));
    CHECK(strstr(text, "15000011 debugtype                61 62 63 64\n"));
    CHECK(strstr(text, "19abcdef unknown                  78 79\n"));
    CHECK(strstr(text, "hello    unknown                  78\n"));
    boot_bcd_release(&b);
}

static void a_hive_that_is_no_store_is_refused(void)
{
    struct wtg_err err = { 0 };
    AUTO_FREE uint8_t *p = NULL;
    size_t n = 0;
    struct boot_bcd b = { 0 };
    OK(hive_empty("ROOT", 5, 0, &p, &n, &err), err);
    CHECK(boot_bcd_decode((struct wtg_span){ p, n }, &b, &err) == WTG_E_BCD);
    CHECK(boot_bcd_decode((struct wtg_span){ p, 100 }, &b, &err) == WTG_E_HIVE_DAMAGED);
    CHECK(boot_bcd_decode((struct wtg_span){ p, BOOT_BCD_MAX_BYTES + 1 }, &b, &err) == WTG_E_BCD);
}

static void names_are_found(void)
{
    CHECK(strcmp(boot_bcd_object_name("{9DEA862C-5CDD-4E70-ACC1-F32B344D4795}"), "bootmgr") == 0);
    CHECK(!boot_bcd_object_name("{9dea862c-5cdd-4e70-acc1-f32b344d4796}"));
    CHECK(!boot_bcd_object_name("x"));
    CHECK(strcmp(boot_bcd_type_name(0x10300006), "legacy OS loader") == 0);
    CHECK(!boot_bcd_type_name(0x40000000));
    CHECK(strcmp(boot_bcd_element_name(0x10200003, 0x22000002), "systemroot") == 0);
    CHECK(strcmp(boot_bcd_element_name(0x10200004, 0x22000002), "filepath") == 0);
    CHECK(!boot_bcd_element_name(0x10100002, 0x22000002));
    CHECK(strcmp(boot_bcd_element_name(0, 0x11000001), "device") == 0);
}

/* No GUID or name twice in the table of known objects. */
static void known_objects_are_distinct(void)
{
    for (size_t i = 0; i < boot_bcd_nknown; i++) {
        struct guid g;
        CHECK(guid_parse(boot_bcd_known[i].guid, &g));
        for (size_t k = 0; k < i; k++) {
            CHECK(strcmp(boot_bcd_known[i].guid, boot_bcd_known[k].guid) != 0);
            CHECK(strcmp(boot_bcd_known[i].name, boot_bcd_known[k].name) != 0);
        }
    }
}

static const struct test tests[] = {
    TEST(uefi_store_is_the_golden_one),
    TEST(bios_store_differs_where_it_must),
    TEST(same_parameters_give_same_bytes),
    TEST(nonsense_parameters_are_refused),
    TEST(differences_are_found),
    TEST(nonsense_in_a_store_is_shown),
    TEST(a_hive_that_is_no_store_is_refused),
    TEST(names_are_found),
    TEST(known_objects_are_distinct),
};
TEST_MAIN(tests)
