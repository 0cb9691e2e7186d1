/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/repair-priv.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/guid.h"
#include "boot/bcd-mend.h"
#include "tree/edit.h"

/* The boot configuration for the disk as it is now. */

#define BCD_PATH "\\EFI\\Microsoft\\Boot\\BCD"
enum {
    ID_DEVICE = 0x11000001,
    ID_PATH = 0x12000002,
    ID_OS_DEVICE = 0x21000001,
    ID_SYSTEM_ROOT = 0x22000002,
};

/* 0 with has false: there is none, or it cannot be read; `why` says which. */
static int read_store(struct repair_case *c, struct boot_bcd *ret, bool *ret_has, const char **why,
                      struct wtg_err *err)
{
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    struct wtg_err sub = { 0 };

    *ret_has = false;
    *why = "bcd_missing";
    if (!c->stick.esp_tree || !tree_find(c->stick.esp_tree, BCD_PATH))
        return 0;
    *why = "bcd_damaged";
    int r = tree_read_file(c->stick.esp_tree, BCD_PATH, BOOT_BCD_MAX_BYTES, &bytes, &n, &sub);
    if (r == 0)
        r = boot_bcd_decode((struct wtg_span){ bytes, n }, ret, &sub);
    *ret_has = r == 0;
    if (repair_soft(r) < 0)
        *err = sub;
    return repair_soft(r);
}

/* Does the element lead to this partition?  What the boot manager looks for by itself fits any. */
static bool leads_to(const struct boot_bcd_element *e, const struct boot_partition *want)
{
    struct boot_device d;

    if (!e)
        return false;
    boot_device_decode(e->data, &d);
    switch (d.layer[0].kind) {
    case BOOT_DEVICE_START:
    case BOOT_DEVICE_LOCATE:
    case BOOT_DEVICE_FILE:
    case BOOT_DEVICE_RAMDISK:
        return true;
    case BOOT_DEVICE_PARTITION:
        return boot_bcd_names(e, want);
    default:
        return false;
    }
}

/* An MBR disk can have a GPT's names in no other way, and the other way round. */
static bool names_a_partition(const struct boot_bcd_element *e)
{
    struct boot_partition p;
    return boot_bcd_partition(e, &p);
}

static bool path_is_there(const struct tree *t, const struct boot_bcd_element *e)
{
    char path[512];

    if (!e || e->type != HIVE_SZ)
        return false;
    hive_decode_text(e->data.p, e->data.n, path, sizeof path);
    return path[0] && tree_find(t, path);
}

static bool is_usual_path(const struct boot_bcd_element *e)
{
    char path[512];

    if (!e || e->type != HIVE_SZ)
        return false;
    hive_decode_text(e->data.p, e->data.n, path, sizeof path);
    return strcasecmp(path, "\\Windows\\system32\\winload.efi") == 0;
}

static enum repair_need judge(struct repair_case *c, const struct boot_bcd *b,
                              const struct tree *windows)
{
    struct boot_partition esp = repair_place(&c->stick, c->stick.esp),
                          win = repair_place(&c->stick, c->stick.windows);
    const struct boot_bcd_object *manager = boot_bcd_manager(b),
                                 *loader = boot_bcd_default_loader(b);
    const struct boot_bcd_element *path = boot_bcd_find_element(loader, ID_PATH);

    if (!manager || !loader)
        return repair_says(c, REPAIR_NEEDED, "bcd_store_empty", "'" BCD_PATH "' has no %s",
                           manager ? "entry that starts a Windows" : "boot manager");
    if (!leads_to(boot_bcd_find_element(manager, ID_DEVICE), &esp))
        return repair_says(c, REPAIR_NEEDED, "bcd_device_unresolved",
                           "the boot manager's entry names another partition than the EFI system "
                           "partition of this disk");
    if (!leads_to(boot_bcd_find_element(loader, ID_DEVICE), &win) ||
        !leads_to(boot_bcd_find_element(loader, ID_OS_DEVICE), &win))
        return repair_says(c, REPAIR_NEEDED, "bcd_device_unresolved", "Windows' entry names %s",
                           names_a_partition(boot_bcd_find_element(loader, ID_DEVICE))
                               ? "a partition that is not Windows' on this disk"
                               : "no partition");
    if (!is_usual_path(path) && !path_is_there(windows, path))
        return repair_says(c, REPAIR_NEEDED, "bcd_path_missing",
                           "Windows' entry names a loader that is not there");
    if (!path_is_there(windows, boot_bcd_find_element(loader, ID_SYSTEM_ROOT)))
        return repair_says(c, REPAIR_NEEDED, "bcd_path_missing",
                           "Windows' entry names a folder that is not there");
    return REPAIR_FINE;
}

int repair_check_bcd(struct repair_case *c, enum repair_need *ret, struct wtg_err *err)
{
    struct boot_bcd b = { 0 };
    bool has = false;
    const char *why = NULL;
    struct tree *windows = NULL;

    *ret = REPAIR_FINE;
    if (!c->stick.esp || !c->stick.esp_tree)
        return 0;
    int r = repair_windows_tree(&c->stick, c->job, &windows, err);
    if (r == 0)
        r = read_store(c, &b, &has, &why, err);
    if (r < 0)
        return r;
    if (!has)
        *ret = repair_says(c, windows ? REPAIR_NEEDED : REPAIR_CANNOT, why, "'%s' %s%s", BCD_PATH,
                           strcmp(why, "bcd_missing") == 0 ? "is not there" : "cannot be read",
                           windows ? "" : ", and there is no Windows to make it for");
    else if (windows)
        *ret = judge(c, &b, windows);
    boot_bcd_release(&b);
    return 0;
}

/* What the boot menu calls it, by the build of the Windows that is there. */
static const char *menu_name(const struct tree *windows)
{
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    struct wtg_err ignored = { 0 };
    struct hive *h = NULL;
    hive_key key = HIVE_NO_KEY;
    struct hive_value v = { 0 };
    char text[16] = "";

    if (tree_read_file(windows, "\\Windows\\System32\\config\\SOFTWARE", HIVE_MAX_BYTES, &bytes, &n,
                       &ignored) == 0 &&
        hive_open((struct wtg_span){ bytes, n }, "SOFTWARE", false, &h, &ignored) == 0 &&
        hive_find(h, hive_root(h), "Microsoft\\Windows NT\\CurrentVersion", &key, &ignored) == 0 &&
        key != HIVE_NO_KEY && hive_get(h, key, "CurrentBuildNumber", &v, &ignored) == 0 && v.data)
        hive_decode_text(v.data, v.len, text, sizeof text);
    hive_value_release(&v);
    hive_free(h);
    unsigned long build = strtoul(text, NULL, 10);
    return build >= 22000 ? "Windows 11" : build >= 10240 ? "Windows 10" : "Windows";
}

int repair_make_bcd(struct repair_case *c, uint8_t **ret, size_t *ret_n, struct wtg_err *err)
{
    struct boot_bcd old = { 0 };
    bool has = false;
    const char *why = NULL;
    struct seed seed = seed_random();
    struct tree *windows = NULL;
    int r = repair_windows_tree(&c->stick, c->job, &windows, err);

    if (r == 0 && (!windows || !c->stick.esp))
        r = wtg_fail(err, WTG_E_UNSUPPORTED,
                     "there is no Windows to make a boot configuration for");
    if (r == 0)
        r = read_store(c, &old, &has, &why, err);
    if (r < 0)
        return r;
    const struct boot_bcd_params p = {
        .firmware = BOOT_UEFI,
        .system = repair_place(&c->stick, c->stick.esp),
        .windows = repair_place(&c->stick, c->stick.windows),
        .loader = seed_guid(&seed, "loader"),
        .resume = seed_guid(&seed, "resume"),
        .description = menu_name(windows),
        .time = c->time,
    };
    r = boot_bcd_mend(has ? &old : NULL, &p, ret, ret_n, err);
    boot_bcd_release(&old);
    return r;
}

/* The logs of the old store would be put over the new one. */
static enum repair_pick pick_store(void *ctx, const char *path, const struct tree_node *old,
                                   const struct tree_node *newer)
{
    (void)ctx, (void)old;
    if (newer)
        return REPAIR_TAKE;
    return strncasecmp(path, BCD_PATH ".LOG", sizeof BCD_PATH + 3) == 0 ? REPAIR_DROP : REPAIR_KEEP;
}

/* A tree of one file. */
static int tree_of_store(struct repair_case *c, const struct tree_blob *blob, struct tree **ret,
                         struct wtg_err *err)
{
    struct tree *t = NULL;
    struct tree_edits e = { 0 };
    int r = tree_new(&t, err);

    if (r == 0)
        r = tree_edits_add(&e, TREE_EDIT_ADD, BCD_PATH, NULL, "", NULL, err);
    if (r == 0)
        r = tree_edits_apply(t, &e, c->time, err);
    if (r == 0)
        r = tree_add_stream(t, tree_find(t, BCD_PATH)->node, NULL, 0, blob, err);
    tree_edits_release(&e);
    if (r < 0) {
        tree_free(t);
        return r;
    }
    *ret = t;
    return 0;
}

int repair_run_bcd(struct repair_case *c, struct wtg_err *err)
{
    uint8_t *bytes = NULL;
    size_t n = 0;
    struct tree_blob *blob = NULL;
    struct tree *t = NULL;
    int r = repair_make_bcd(c, &bytes, &n, err);

    if (r == 0)
        r = tree_memory_blob_new(bytes, n, &blob, err);
    if (r == 0)
        r = tree_of_store(c, blob, &t, err);
    if (r == 0)
        r = repair_write_esp(c, t, pick_store, NULL, err);
    tree_free(t);
    tree_memory_blob_free(blob);
    return r;
}
