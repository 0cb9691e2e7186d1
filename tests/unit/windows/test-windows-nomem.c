/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hive/hive.h"
#include "test.h"
#include "windows-tree.h"
#include "windows/windows.h"

#include "nomem.h"

static int make_hive(uint8_t **ret, size_t *ret_n, struct wtg_err *err)
{
    struct hive *h = NULL;
    hive_key k = 0;
    int r = hive_new("SYSTEM", "ROOT", 5, 0, &h, err);
    if (r == 0)
        r = hive_make(h, hive_root(h), "ControlSet001", &k, err);
    if (r == 0)
        r = hive_make(h, hive_root(h), "Select", &k, err);
    if (r == 0)
        r = hive_set_dword(h, k, "Current", 1, err);
    if (r == 0)
        r = hive_set_dword(h, k, "Default", 1, err);
    if (r == 0)
        r = hive_commit(h, ret, ret_n, err);
    hive_free(h);
    return r;
}

static int edit(const struct tree *t, struct wtg_err *err)
{
    static const char xml[] =
        "<unattend xmlns=\"urn:schemas-microsoft-com:unattend\"><settings pass=\"oobeSystem\">"
        "<component name=\"A\" processorArchitecture=\"amd64\"/></settings></unattend>";
    struct tree_edits edits = { 0 };
    struct windows_changes changes = { 0 };
    struct windows_opts o = { .architecture = "amd64",
                              .unattend_name = "x",
                              .unattend = { (const uint8_t *)xml, sizeof xml - 1 } };
    int r = windows_edits(t, &o, &edits, &changes, err);
    tree_edits_release(&edits);
    windows_changes_release(&changes);
    return r;
}

static void every_allocation(void)
{
    struct windows_tree w;
    struct wtg_err why = { 0 };
    AUTO_FREE uint8_t *hive = NULL;
    size_t n = 0;
    OK(make_hive(&hive, &n, &why), why);
    windows_tree_new(&w);
    windows_tree_add(&w, "Windows\\System32\\config\\SYSTEM", hive, n);
    windows_tree_text(&w, "Windows\\System32\\config\\SYSTEM.LOG1", "x");
    windows_tree_text(&w, "Windows\\System32\\Recovery\\winre.wim", "x");
    windows_tree_sort(&w);
    WALK_ALLOCATIONS(edit(w.t, &err), (void)0);
    windows_tree_free(&w);
}

static const struct test tests[] = { TEST(every_allocation) };
TEST_MAIN(tests)
