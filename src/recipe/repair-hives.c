/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/repair-volume.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/le.h"
#include "hive/hive.h"
#include "windows/windows.h"

/* The registry: a hive is read, changed in memory and written back in place. */

#define CONFIG "\\Windows\\System32\\config\\"

/* ---- One value of windows_settings ------------------------------------------------------ */

struct settings_work {
    struct tree_edits edits;
    struct windows_changes changes;
};

/* 0 with no changes also when the hive cannot be read: that is another cause. */
static int find_changes(struct repair_case *c, const char *setting, struct settings_work *w,
                        struct wtg_err *err)
{
    struct tree *windows = NULL;
    struct wtg_err why = { 0 };
    int at = windows_setting_find(setting);
    int r = repair_windows_tree(&c->stick, c->job, &windows, err);

    if (r < 0 || !windows || at < 0)
        return r;
    const struct windows_opts o = { .without = ~(UINT64_C(1) << at), .architecture = "amd64" };
    r = windows_edits(windows, &o, &w->edits, &w->changes, &why);
    if (repair_soft(r) < 0)
        *err = why;
    return repair_soft(r);
}

static void settings_work_release(struct settings_work *w)
{
    tree_edits_release(&w->edits);
    windows_changes_release(&w->changes);
}

static int check_setting(struct repair_case *c, const char *setting, const char *cause,
                         enum repair_need need, enum repair_need *ret, struct wtg_err *err)
{
    struct settings_work w = { 0 };
    int r = find_changes(c, setting, &w, err);

    *ret = REPAIR_FINE;
    if (r == 0 && w.changes.n)
        *ret = repair_says(c, need, cause, "%s\\%s\\%s is %s, not %s", w.changes.change[0].hive,
                           w.changes.change[0].key, w.changes.change[0].name,
                           w.changes.change[0].old_text, w.changes.change[0].new_text);
    settings_work_release(&w);
    return r;
}

static int apply_edits(struct ntfs3g *v, void *ctx, struct wtg_err *err)
{
    const struct tree_edits *e = ctx;
    int r = 0;

    for (size_t i = 0; r == 0 && i < e->n; i++) {
        AUTO_FREE uint8_t *bytes = NULL;
        size_t n = 0;
        if (e->edit[i].op != TREE_EDIT_REPLACE)
            continue;
        r = tree_blob_slurp(e->edit[i].content, HIVE_MAX_BYTES, &bytes, &n, err);
        if (r == 0)
            r = ntfs3g_write(v, e->edit[i].path, bytes, n, err);
    }
    return r;
}

static int run_setting(struct repair_case *c, const char *setting, struct wtg_err *err)
{
    struct settings_work w = { 0 };
    int r = find_changes(c, setting, &w, err);

    if (r == 0)
        r = repair_volume_change(c, false, apply_edits, &w.edits, err);
    settings_work_release(&w);
    return r;
}

#define SETTING(name, slug, cause, need)                                                           \
    int repair_check_##name(struct repair_case *c, enum repair_need *ret, struct wtg_err *err)     \
    {                                                                                              \
        return check_setting(c, slug, cause, need, ret, err);                                      \
    }                                                                                              \
    int repair_run_##name(struct repair_case *c, struct wtg_err *err)                              \
    {                                                                                              \
        return run_setting(c, slug, err);                                                          \
    }
SETTING(san_policy, "san-policy", "san_policy_wrong", REPAIR_NEEDED)
SETTING(portable_flag, "portable", "portable_flag_missing", REPAIR_NEEDED)
SETTING(bitlocker_prevent, "device-encryption", "bitlocker_auto_encryption", REPAIR_USEFUL)

/* ---- Other changes of one hive ---------------------------------------------------------- */

struct hive_change {
    const char *hive; /* "SYSTEM" */
    /* Changes it; `n` counts, `what` gets a word about the first. */
    int (*change)(struct hive *h, size_t *n, char what[96], struct wtg_err *err);
    const char *cause;
};

/* `*ret` NULL: nothing to change, or the hive cannot be read. */
static int change_hive(struct repair_case *c, const struct hive_change *x, char what[96],
                       uint8_t **ret, size_t *ret_n, struct wtg_err *err)
{
    char path[64];
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0, changes = 0;
    struct tree *windows = NULL;
    struct hive *h = NULL;
    struct wtg_err why = { 0 };
    int r = repair_windows_tree(&c->stick, c->job, &windows, err);

    snprintf(path, sizeof path, CONFIG "%s", x->hive);
    if (r < 0 || !windows || !tree_find(windows, path))
        return r;
    r = tree_read_file(windows, path, HIVE_MAX_BYTES, &bytes, &n, &why);
    if (r == 0)
        r = hive_open((struct wtg_span){ bytes, n }, x->hive, true, &h, &why);
    if (r == 0)
        r = x->change(h, &changes, what, &why);
    if (r == 0 && changes)
        r = hive_commit(h, ret, ret_n, &why);
    hive_free(h);
    if (repair_soft(r) < 0)
        *err = why;
    return repair_soft(r);
}

static int check_hive(struct repair_case *c, const struct hive_change *x, enum repair_need *ret,
                      struct wtg_err *err)
{
    char what[96] = "";
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    int r = change_hive(c, x, what, &bytes, &n, err);

    *ret = r == 0 && bytes
               ? repair_says(c, REPAIR_NEEDED, x->cause, "registry hive %s: %s", x->hive, what)
               : REPAIR_FINE;
    return r;
}

struct hive_bytes {
    char path[64];
    const uint8_t *bytes;
    size_t n;
};

static int put_hive(struct ntfs3g *v, void *ctx, struct wtg_err *err)
{
    const struct hive_bytes *b = ctx;
    return ntfs3g_write(v, b->path, b->bytes, b->n, err);
}

static int run_hive(struct repair_case *c, const struct hive_change *x, struct wtg_err *err)
{
    char what[96];
    AUTO_FREE uint8_t *bytes = NULL;
    struct hive_bytes b = { .n = 0 };
    int r = change_hive(c, x, what, &bytes, &b.n, err);

    if (r < 0 || !bytes)
        return r;
    snprintf(b.path, sizeof b.path, CONFIG "%s", x->hive);
    b.bytes = bytes;
    return repair_volume_change(c, false, put_hive, &b, err);
}

static int get_dword(struct hive *h, hive_key key, const char *name, bool *ret_has, uint32_t *ret,
                     struct wtg_err *err)
{
    struct hive_value v = { 0 };
    int r = hive_get(h, key, name, &v, err);

    if (r < 0)
        return r;
    *ret_has = v.data && v.type == HIVE_DWORD && v.len == 4;
    *ret = *ret_has ? le32_at(v.data) : 0;
    hive_value_release(&v);
    return 0;
}

/* ---- control-set ------------------------------------------------------------------------ */

static int has_set(struct hive *h, uint32_t number, bool *ret, struct wtg_err *err)
{
    char name[32];
    hive_key key = HIVE_NO_KEY;

    snprintf(name, sizeof name, "ControlSet%03u\\Control", number % 1000);
    int r = hive_find(h, hive_root(h), name, &key, err);
    *ret = r == 0 && number > 0 && number < 1000 && key != HIVE_NO_KEY;
    return r;
}

/* The lowest that is there; 0: none. */
static int first_set(struct hive *h, uint32_t *ret, struct wtg_err *err)
{
    bool there = false;
    int r = 0;

    *ret = 0;
    for (uint32_t i = 1; r == 0 && i < 10 && !there; i++) {
        r = has_set(h, i, &there, err);
        *ret = there ? i : 0;
    }
    return r;
}

static int mend_control_set(struct hive *h, size_t *n, char what[96], struct wtg_err *err)
{
    static const char *const names[] = { "Current", "Default" };
    hive_key select = HIVE_NO_KEY;
    uint32_t good = 0;
    int r = first_set(h, &good, err);

    if (r < 0 || good == 0)
        return r;
    r = hive_make(h, hive_root(h), "Select", &select, err);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(names); i++) {
        uint32_t number = 0;
        bool has = false, there = false;
        r = get_dword(h, select, names[i], &has, &number, err);
        if (r == 0)
            r = has_set(h, number, &there, err);
        if (r < 0 || (has && there))
            continue;
        if ((*n)++ == 0)
            snprintf(what, 96, "\\Select\\%s names control set %" PRIu32 ", which is not there",
                     names[i], number);
        r = hive_set_dword(h, select, names[i], good, err);
    }
    return r;
}

/* ---- boot-drivers ----------------------------------------------------------------------- */

/* Without these a Windows that starts from USB loses its disk while it starts (stop 0x7B).  A
 * driver is loaded by the loader when Start is 0, or when its BootFlags and the set's
 * BootDriverFlags have a bit in common. */
static const char *const drivers[] = { "USBXHCI", "USBHUB3", "UCX01000", "USBSTOR", "UASPStor",
                                       "usbehci", "usbhub",  "disk",     "partmgr" };

static int current_set(struct hive *h, char name[32], struct wtg_err *err)
{
    hive_key select = HIVE_NO_KEY;
    uint32_t number = 0;
    bool has = false, there = false;
    int r = hive_find(h, hive_root(h), "Select", &select, err);

    name[0] = '\0';
    if (r == 0 && select != HIVE_NO_KEY)
        r = get_dword(h, select, "Current", &has, &number, err);
    if (r == 0 && has)
        r = has_set(h, number, &there, err);
    if (r == 0 && there)
        snprintf(name, 32, "ControlSet%03u", number % 1000);
    return r;
}

static int mend_driver(struct hive *h, const char *set, const char *driver, uint32_t set_flags,
                       size_t *n, char what[96], struct wtg_err *err)
{
    char path[96];
    hive_key key = HIVE_NO_KEY;
    uint32_t start = 0, flags = 0;
    bool has_start = false, has_flags = false;

    snprintf(path, sizeof path, "%s\\Services\\%s", set, driver);
    int r = hive_find(h, hive_root(h), path, &key, err);
    if (r < 0 || key == HIVE_NO_KEY)
        return r;
    r = get_dword(h, key, "Start", &has_start, &start, err);
    if (r == 0)
        r = get_dword(h, key, "BootFlags", &has_flags, &flags, err);
    if (r < 0 || !has_start || start == 0 || (has_flags && start != 4 && (flags & set_flags)))
        return r;
    if ((*n)++ == 0)
        snprintf(what, 96, "the driver '%s' does not start with the loader (Start is %" PRIu32 ")",
                 driver, start);
    return hive_set_dword(h, key, "Start", 0, err);
}

static int mend_boot_drivers(struct hive *h, size_t *n, char what[96], struct wtg_err *err)
{
    char set[32], path[64];
    hive_key key = HIVE_NO_KEY;
    uint32_t flags = 0;
    bool has = false;
    int r = current_set(h, set, err);

    if (r < 0 || !set[0])
        return r;
    snprintf(path, sizeof path, "%s\\Control", set);
    r = hive_find(h, hive_root(h), path, &key, err);
    if (r == 0 && key != HIVE_NO_KEY)
        r = get_dword(h, key, "BootDriverFlags", &has, &flags, err);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(drivers); i++)
        r = mend_driver(h, set, drivers[i], flags, n, what, err);
    return r;
}

/* ---- stale-mounts ----------------------------------------------------------------------- */

static int mend_mounts(struct hive *h, size_t *n, char what[96], struct wtg_err *err)
{
    hive_key key = HIVE_NO_KEY;
    AUTO_FREE hive_key *child = NULL;
    size_t count = 0;
    int r = hive_find(h, hive_root(h), "Microsoft\\WIMMount\\Mounted Images", &key, err);

    if (r == 0 && key != HIVE_NO_KEY)
        r = hive_children(h, key, &child, &count, err);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = hive_remove(h, child[i], err);
    *n = count;
    snprintf(what, 96, "%zu image%s noted as mounted, which cannot be on this computer", count,
             count == 1 ? " is" : "s are");
    return r;
}

static const struct hive_change control_set = { "SYSTEM", mend_control_set,
                                                "control_set_unresolved" },
                                boot_drivers = { "SYSTEM", mend_boot_drivers,
                                                 "usb_boot_drivers_not_configured" },
                                mounts = { "SOFTWARE", mend_mounts, "stale_dism_mount" };

#define HIVE_REPAIR(name, change)                                                                  \
    int repair_check_##name(struct repair_case *c, enum repair_need *ret, struct wtg_err *err)     \
    {                                                                                              \
        return check_hive(c, &change, ret, err);                                                   \
    }                                                                                              \
    int repair_run_##name(struct repair_case *c, struct wtg_err *err)                              \
    {                                                                                              \
        return run_hive(c, &change, err);                                                          \
    }
HIVE_REPAIR(control_set, control_set)
HIVE_REPAIR(boot_drivers, boot_drivers)
HIVE_REPAIR(stale_mounts, mounts)
