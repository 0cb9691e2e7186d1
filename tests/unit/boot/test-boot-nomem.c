/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bcd-fixture.h"
#include "boot/files.h"
#include "sign/pe.h"
#include "test.h"
#include "windows-tree.h"

#include "nomem.h"

static int make_files(const struct tree *t, struct boot_esp *esp, struct wtg_err *err)
{
    uint8_t *bcd = calloc(1, 9);
    return bcd ? boot_files(t, bcd, 9, 0, esp, err) : wtg_fail_nomem(err);
}

static int text(struct wtg_span bytes, char **ret, struct wtg_err *err)
{
    struct boot_bcd b = { 0 };
    int r = boot_bcd_decode(bytes, &b, err);
    if (r == 0)
        r = boot_bcd_text(&b, ret, err);
    boot_bcd_release(&b);
    return r;
}

static void every_allocation_of_a_store(void)
{
    struct boot_bcd_params p = bcd_params();
    uint8_t *bytes = NULL;
    size_t n = 0;
    char *t = NULL;
    struct wtg_err why = { 0 };
    WALK_ALLOCATIONS(boot_bcd_build(&p, &bytes, &n, &err), free(bytes));
    OK(boot_bcd_build(&p, &bytes, &n, &why), why);
    WALK_ALLOCATIONS(text((struct wtg_span){ bytes, n }, &t, &err), free(t));
    free(bytes);
}

static void every_allocation_of_the_files(void)
{
    uint8_t pe[PE_TEST_BYTES];
    struct windows_tree w;
    struct boot_esp esp = { 0 };
    windows_tree_new(&w);
    windows_tree_pe(pe, PE_X64, PE_SUBSYSTEM_EFI_APPLICATION);
    windows_tree_add(&w, "Windows\\Boot\\EFI\\bootmgfw.efi", pe, sizeof pe);
    windows_tree_text(&w, "Windows\\Boot\\EFI\\en-US\\x.mui", "x");
    windows_tree_text(&w, "Windows\\System32\\config\\SYSTEM", "x");
    windows_tree_text(&w, "Windows\\System32\\winload.efi", "x");
    windows_tree_sort(&w);
    WALK_ALLOCATIONS(make_files(w.t, &esp, &err), boot_esp_release(&esp));
    windows_tree_free(&w);
}

static const struct test tests[] = { TEST(every_allocation_of_a_store),
                                     TEST(every_allocation_of_the_files) };
TEST_MAIN(tests)
