/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "boot/files.h"
#include "sign/pe.h"
#include "test.h"
#include "windows-tree.h"

#define BOOT "Windows\\Boot\\"

static void add_manager(struct windows_tree *w, uint16_t machine, uint16_t subsystem)
{
    uint8_t pe[PE_TEST_BYTES];
    windows_tree_pe(pe, machine, subsystem);
    windows_tree_add(w, BOOT "EFI\\bootmgfw.efi", pe, sizeof pe);
}

/* Everything but the boot manager; `skip` is left out. */
static void add_rest(struct windows_tree *w, const char *skip)
{
    static const char *const path[] = {
        "Windows\\System32\\config\\SYSTEM",
        "Windows\\System32\\winload.efi",
        BOOT "EFI\\boot.stl",
        BOOT "EFI\\de-DE\\bootmgfw.efi.mui",
        BOOT "EFI\\SKUSIPOLICY.P7B",
        BOOT "Fonts\\wgl4_boot.ttf",
        BOOT "Resources\\bootres.dll",
        BOOT "Resources\\en-US\\bootres.dll.mui",
        BOOT "PCAT\\bootmgr",
    };
    for (size_t i = 0; i < ARRAY_LEN(path); i++)
        if (!skip || strcmp(path[i], skip) != 0)
            windows_tree_text(w, path[i], path[i]);
    windows_tree_text(w, BOOT "EFI\\empty.dat", "");
}

static void windows_for(struct windows_tree *w, uint16_t machine, const char *skip)
{
    windows_tree_new(w);
    add_manager(w, machine, PE_SUBSYSTEM_EFI_APPLICATION);
    add_rest(w, skip);
    windows_tree_sort(w);
}

static uint8_t *bcd_bytes(void)
{
    return (uint8_t *)strdup("the store");
}

static bool has(const struct tree *t, const char *path)
{
    return tree_find(t, path) != NULL;
}

static void esp_holds_what_firmware_needs(void)
{
    struct wtg_err err = { 0 };
    struct windows_tree w;
    struct boot_esp esp = { 0 };
    windows_for(&w, PE_X64, NULL);
    OK(boot_files(w.t, bcd_bytes(), 9, 77, &esp, &err), err);
    CHECK(has(esp.tree, "\\EFI\\Microsoft\\Boot\\boot.stl"));
    CHECK(has(esp.tree, "\\EFI\\Microsoft\\Boot\\de-DE\\bootmgfw.efi.mui"));
    CHECK(has(esp.tree, "\\EFI\\Microsoft\\Boot\\empty.dat"));
    CHECK(has(esp.tree, "\\EFI\\Microsoft\\Boot\\Fonts\\wgl4_boot.ttf"));
    CHECK(has(esp.tree, "\\EFI\\Microsoft\\Boot\\Resources\\en-US\\bootres.dll.mui"));
    CHECK(!has(esp.tree, "\\EFI\\Microsoft\\Boot\\SkuSiPolicy.p7b"));
    CHECK(!has(esp.tree, "\\bootmgr"));
    const struct tree_link *bcd = tree_find(esp.tree, "\\EFI\\Microsoft\\Boot\\BCD");
    REQUIRE(bcd);
    CHECK(tree_data(bcd->node) == esp.bcd && esp.bcd->size_bytes == 9 && bcd->node->written == 77);
    CHECK(strcmp(esp.arch->name, "amd64") == 0);
    boot_esp_release(&esp);
    windows_tree_free(&w);
}

static void content_is_shared_not_copied(void)
{
    struct wtg_err err = { 0 };
    struct windows_tree w;
    struct boot_esp esp = { 0 };
    windows_for(&w, PE_X64, NULL);
    OK(boot_files(w.t, bcd_bytes(), 9, 77, &esp, &err), err);
    const struct tree_node *from = tree_find(w.t, "\\Windows\\Boot\\EFI\\bootmgfw.efi")->node;
    const struct tree_link *a = tree_find(esp.tree, "\\EFI\\Boot\\bootx64.efi");
    const struct tree_link *b = tree_find(esp.tree, "\\EFI\\Microsoft\\Boot\\bootmgfw.efi");
    REQUIRE(a && b);
    CHECK(tree_data(a->node) == tree_data(from) && tree_data(b->node) == tree_data(from));
    CHECK(a->node->written == WINDOWS_TREE_TIME);
    boot_esp_release(&esp);
    windows_tree_free(&w);
}

static void fallback_is_named_by_processor(void)
{
    static const struct {
        uint16_t machine;
        const char *path, *name;
    } rows[] = {
        { PE_X64, "\\EFI\\Boot\\bootx64.efi", "amd64" },
        { PE_ARM64, "\\EFI\\Boot\\bootaa64.efi", "arm64" },
        { PE_X86, "\\EFI\\Boot\\bootia32.efi", "x86" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wtg_err err = { 0 };
        struct windows_tree w;
        struct boot_esp esp = { 0 };
        windows_for(&w, rows[i].machine, NULL);
        OK(boot_files(w.t, bcd_bytes(), 9, 77, &esp, &err), err);
        CHECK(has(esp.tree, rows[i].path) && strcmp(esp.arch->name, rows[i].name) == 0);
        CHECK(tree_find(esp.tree, "\\EFI\\Boot")->node->nchildren == 1);
        boot_esp_release(&esp);
        windows_tree_free(&w);
    }
}

static void fonts_and_resources_may_be_missing(void)
{
    struct wtg_err err = { 0 };
    struct windows_tree w;
    struct boot_esp esp = { 0 };
    windows_tree_new(&w);
    add_manager(&w, PE_X64, PE_SUBSYSTEM_EFI_APPLICATION);
    windows_tree_text(&w, "Windows\\System32\\config\\SYSTEM", "x");
    windows_tree_text(&w, "Windows\\System32\\winload.efi", "x");
    windows_tree_sort(&w);
    OK(boot_files(w.t, bcd_bytes(), 9, 77, &esp, &err), err);
    CHECK(!has(esp.tree, "\\EFI\\Microsoft\\Boot\\Fonts"));
    boot_esp_release(&esp);
    windows_tree_free(&w);
}

static void what_is_no_windows_is_told(void)
{
    static const char *const needed[] = { "Windows\\System32\\config\\SYSTEM",
                                          "Windows\\System32\\winload.efi" };
    const struct boot_arch *arch = NULL;
    struct windows_tree w;
    struct wtg_err err = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        windows_for(&w, PE_X64, needed[i]);
        CHECK(boot_is_windows(w.t, &arch, &err) == WTG_E_NOT_WINDOWS);
        CHECK(strstr(err.text, needed[i]) && strstr(err.hint, "--no-boot"));
        windows_tree_free(&w);
    }
    windows_tree_new(&w);
    add_rest(&w, NULL);
    windows_tree_sort(&w);
    CHECK(boot_is_windows(w.t, &arch, &err) == WTG_E_NOT_WINDOWS);
    CHECK(strstr(err.text, "bootmgfw.efi"));
    struct boot_esp esp = { 0 };
    CHECK(boot_files(w.t, bcd_bytes(), 9, 0, &esp, &err) == WTG_E_NOT_WINDOWS && !esp.tree);
    windows_tree_free(&w);
}

/* Boot managers that cannot be: no program, for another processor, for no firmware, a directory,
 * a link. */
static void wrong_boot_managers_are_refused(void)
{
    static const char *const told[] = { "'MZ'", "0x1c0", "subsystem 3", "directory", "a link" };
    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        const struct boot_arch *arch = NULL;
        struct windows_tree w;
        struct wtg_err err = { 0 };
        windows_tree_new(&w);
        if (i == 0)
            windows_tree_text(&w, BOOT "EFI\\bootmgfw.efi", "not a program at all");
        else if (i == 3)
            windows_tree_text(&w, BOOT "EFI\\bootmgfw.efi\\x", "x");
        else
            add_manager(&w, i == 1 ? 0x1c0 : PE_X64, i == 2 ? 3 : PE_SUBSYSTEM_EFI_APPLICATION);
        add_rest(&w, NULL);
        windows_tree_sort(&w);
        if (i == 4)
            tree_find(w.t, "\\Windows\\Boot\\EFI\\bootmgfw.efi")->node->attributes |= ATTR_REPARSE;
        CHECK(boot_is_windows(w.t, &arch, &err) == WTG_E_NOT_WINDOWS);
        if (!strstr(err.text, told[i]))
            printf("# %s\n", err.text);
        CHECK(strstr(err.text, told[i]) && strstr(err.text, "bootmgfw.efi"));
        windows_tree_free(&w);
    }
}

static void endless_directories_are_refused(void)
{
    struct wtg_err err = { 0 };
    struct windows_tree w;
    struct boot_esp esp = { 0 };
    windows_tree_new(&w);
    add_manager(&w, PE_X64, PE_SUBSYSTEM_EFI_APPLICATION);
    add_rest(&w, NULL);
    windows_tree_text(&w, BOOT "EFI\\1\\2\\3\\4\\5\\6\\7\\8\\9\\x", "x");
    windows_tree_sort(&w);
    CHECK(boot_files(w.t, bcd_bytes(), 9, 0, &esp, &err) == WTG_E_NOT_WINDOWS);
    windows_tree_free(&w);
}

static void pe_heads(void)
{
    uint8_t pe[PE_TEST_BYTES];
    struct pe_info info;
    struct wtg_err err = { 0 };
    windows_tree_pe(pe, PE_ARM64, 10);
    OK(pe_read((struct wtg_span){ pe, sizeof pe }, &info, &err), err);
    CHECK(info.machine == PE_ARM64 && info.subsystem == 10);
    for (size_t n = 0; n < 0xde; n++)
        CHECK(pe_read((struct wtg_span){ pe, n }, &info, &err) == WTG_E_NOT_WINDOWS);
    put_le32(pe + 0x3c, 0xfffffff0);
    CHECK(pe_read((struct wtg_span){ pe, sizeof pe }, &info, &err) == WTG_E_NOT_WINDOWS);
    windows_tree_pe(pe, PE_ARM64, 10);
    put_le16(pe + 0x98, 0x107);
    CHECK(pe_read((struct wtg_span){ pe, sizeof pe }, &info, &err) == WTG_E_NOT_WINDOWS);
}

static const struct test tests[] = {
    TEST(esp_holds_what_firmware_needs),   TEST(content_is_shared_not_copied),
    TEST(fallback_is_named_by_processor),  TEST(fonts_and_resources_may_be_missing),
    TEST(what_is_no_windows_is_told),      TEST(wrong_boot_managers_are_refused),
    TEST(endless_directories_are_refused), TEST(pe_heads),
};
TEST_MAIN(tests)
