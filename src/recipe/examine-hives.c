/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/examine-priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/le.h"
#include "base/mem.h"

/* The registry of the Windows on the stick. */

#define CONFIG "\\Windows\\System32\\config\\"
enum { LOG_MAX_BYTES = 64 << 20 };

struct work {
    struct exam *x;
    const char *name; /* "SYSTEM" */
    char key[32];     /* "hive.system" */
    char where[64];
    struct hive *hive;
    char set[32]; /* "ControlSet001" */
};

/* ---- Opening ---------------------------------------------------------------------------- */

/* A log beside it that holds changes it has not got. */
static int logs_are_empty(struct work *w, struct wtg_span hive, bool *ret, struct wtg_err *err)
{
    static const char *const suffix[] = { ".LOG1", ".LOG2" };

    *ret = true;
    for (size_t i = 0; i < ARRAY_LEN(suffix); i++) {
        char path[64];
        AUTO_FREE uint8_t *log = NULL;
        size_t n = 0;
        struct wtg_err why = { 0 };
        snprintf(path, sizeof path, CONFIG "%s%s", w->name, suffix[i]);
        int r = exam_slurp(w->x->win_tree, path, LOG_MAX_BYTES, &log, &n, &why);
        if (r > 0)
            r = hive_check_log(hive, (struct wtg_span){ log, n }, w->name, path, &why);
        if (r == WTG_E_HIVE_DIRTY)
            *ret = false;
        else if (exam_soft(r) < 0) {
            *err = why;
            return r;
        }
    }
    return 0;
}

static int open_bytes(struct work *w, struct wtg_span bytes, struct wtg_err *err)
{
    struct wtg_err why = { 0 };
    bool clean = true;
    int r = hive_open(bytes, w->name, false, &w->hive, &why);

    if (r < 0 && exam_soft(r) < 0) {
        *err = why;
        return r;
    }
    if (r < 0)
        return exam_fact(w->x, w->key, r == WTG_E_HIVE_DIRTY ? "dirty" : "damaged", w->where, err,
                         "%s", why.text);
    r = logs_are_empty(w, bytes, &clean, err);
    return r < 0 ? r
                 : exam_fact(w->x, w->key, clean ? "fine" : "dirty", w->where, err,
                             clean ? "the registry hive '%s' is sound and was closed"
                                   : "the log of registry hive '%s' holds changes it has not got",
                             w->name);
}

static int open_hive(struct work *w, struct wtg_err *err)
{
    char path[64];
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    struct wtg_err why = { 0 };

    snprintf(path, sizeof path, CONFIG "%s", w->name);
    snprintf(w->where, sizeof w->where, "partition %u", w->x->win->part.number);
    int r = exam_slurp(w->x->win_tree, path, HIVE_MAX_BYTES, &bytes, &n, &why);
    if (r < 0) {
        *err = why;
        return r;
    }
    if (r == 0)
        return exam_fact(w->x, w->key, tree_find(w->x->win_tree, path) ? "damaged" : "missing",
                         w->where, err, "the registry hive '%s' %s", path,
                         why.text[0] ? why.text : "is not there");
    return open_bytes(w, (struct wtg_span){ bytes, n }, err);
}

/* ---- Looking up ------------------------------------------------------------------------- */

/* A number; `ret_there` is false when there is none.  What libhivex cannot read is not there. */
static int get_number(struct work *w, const char *path, const char *name, uint32_t *ret,
                      bool *ret_there, struct wtg_err *err)
{
    hive_key key = HIVE_NO_KEY;
    struct hive_value v = { 0 };
    struct wtg_err why = { 0 };
    int r = hive_find(w->hive, hive_root(w->hive), path, &key, &why);

    if (r == 0 && key != HIVE_NO_KEY)
        r = hive_get(w->hive, key, name, &v, &why);
    *ret_there = r == 0 && v.data && v.type == HIVE_DWORD && v.len == 4;
    *ret = *ret_there ? le32_at(v.data) : 0;
    hive_value_release(&v);
    if (exam_soft(r) < 0)
        *err = why;
    return exam_soft(r);
}

static int count_children(struct work *w, const char *path, size_t *ret, struct wtg_err *err)
{
    hive_key key = HIVE_NO_KEY;
    AUTO_FREE hive_key *child = NULL;
    struct wtg_err why = { 0 };
    int r = hive_find(w->hive, hive_root(w->hive), path, &key, &why);

    *ret = 0;
    if (r == 0 && key != HIVE_NO_KEY)
        r = hive_children(w->hive, key, &child, ret, &why);
    if (exam_soft(r) < 0)
        *err = why;
    return exam_soft(r);
}

static int has_key(struct work *w, const char *path, bool *ret, struct wtg_err *err)
{
    hive_key key = HIVE_NO_KEY;
    struct wtg_err why = { 0 };
    int r = hive_find(w->hive, hive_root(w->hive), path, &key, &why);

    *ret = r == 0 && key != HIVE_NO_KEY;
    if (exam_soft(r) < 0)
        *err = why;
    return exam_soft(r);
}

/* ---- SYSTEM ----------------------------------------------------------------------------- */

static int find_control_set(struct work *w, bool *ret, struct wtg_err *err)
{
    static const char *const which[] = { "Current", "Default" };
    int r = 0;

    *ret = true;
    for (size_t i = 0; r == 0 && *ret && i < ARRAY_LEN(which); i++) {
        char set[32];
        uint32_t n = 0;
        bool there = false;
        r = get_number(w, "Select", which[i], &n, &there, err);
        snprintf(set, sizeof set, "ControlSet%03u", n % 1000);
        if (r == 0 && there && n > 0 && n < 1000)
            r = has_key(w, set, &there, err);
        else
            there = false;
        *ret = there;
        if (i == 0)
            memcpy(w->set, set, sizeof w->set);
    }
    return r < 0 ? r
                 : exam_fact(
                       w->x, "hive.control_set", *ret ? "fine" : "unresolved", w->where, err,
                       *ret ? "the SYSTEM hive holds the control set that it starts with, '%s'"
                            : "the SYSTEM hive names control set '%s' or another that it does not "
                              "hold",
                       w->set);
}

/* Values that make a Windows one that runs from a stick. */
/* clang-format off */
static const struct {
    const char *fact, *key, *name;
    uint32_t want;
    const char *good, *bad;
} settings[] = {
    { "hive.san_policy", "Services\\partmgr\\Parameters", "SanPolicy", 4,
      "internal disks stay offline (SanPolicy 4)",
      "SanPolicy is not 4: Windows takes internal disks online" },
    { "hive.portable", "Control", "PortableOperatingSystem", 1,
      "Windows knows that it runs from a stick",
      "PortableOperatingSystem is not 1: Windows does not know that it runs from a stick" },
    { "hive.device_encryption", "Control\\BitLocker", "PreventDeviceEncryption", 1,
      "Windows will not encrypt the stick by itself",
      "PreventDeviceEncryption is not 1: Windows may encrypt the stick by itself" },
};
/* clang-format on */

static int tell_settings(struct work *w, struct wtg_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < ARRAY_LEN(settings); i++) {
        char path[128];
        uint32_t v = 0;
        bool there = false;
        snprintf(path, sizeof path, "%s\\%s", w->set, settings[i].key);
        r = get_number(w, path, settings[i].name, &v, &there, err);
        bool fine = there && v == settings[i].want;
        if (r == 0)
            r = exam_fact(w->x, settings[i].fact,
                          fine    ? "fine"
                          : there ? "other"
                                  : "absent",
                          w->where, err, "%s", fine ? settings[i].good : settings[i].bad);
    }
    return r;
}

/* Drivers without which Windows does not find its own stick again.  A driver starts with the loader
 * when Start is 0, or when its BootFlags and the hive's BootDriverFlags have a bit in common
 * (Windows 8 and later set both so for USB). */
static const char *const boot_drivers[] = { "USBXHCI", "USBHUB3", "UCX01000", "USBSTOR", "UASPStor",
                                            "usbehci", "usbhub",  "disk",     "partmgr" };

static int is_boot_driver(struct work *w, const char *name, uint32_t flags, bool *ret,
                          struct wtg_err *err)
{
    char path[96];
    uint32_t start = 0, own = 0;
    bool has_start = false, has_own = false;

    snprintf(path, sizeof path, "%s\\Services\\%s", w->set, name);
    int r = get_number(w, path, "Start", &start, &has_start, err);
    if (r == 0)
        r = get_number(w, path, "BootFlags", &own, &has_own, err);
    *ret = r == 0 && (!has_start || start == 0 || (start != 4 && (own & flags)));
    return r;
}

static int tell_boot_drivers(struct work *w, struct wtg_err *err)
{
    char path[64];
    uint32_t flags = 0;
    bool there = false;

    snprintf(path, sizeof path, "%s\\Control", w->set);
    int r = get_number(w, path, "BootDriverFlags", &flags, &there, err);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(boot_drivers); i++) {
        bool fine = true;
        r = is_boot_driver(w, boot_drivers[i], flags, &fine, err);
        if (r == 0 && !fine)
            return exam_fact(w->x, "hive.boot_drivers", "missing", w->where, err,
                             "the driver '%s' does not start with the loader, so Windows loses its "
                             "stick while it starts",
                             boot_drivers[i]);
    }
    return r < 0 ? r
                 : exam_fact(w->x, "hive.boot_drivers", "fine", w->where, err,
                             "the USB and disk drivers start with the loader");
}

/* Nothing that Windows could do without. */
static int tell_content(struct work *w, struct wtg_err *err)
{
    static const char *const needed[] = { "Control", "Services" };
    int r = 0;

    for (size_t i = 0; r == 0 && i < ARRAY_LEN(needed); i++) {
        char path[64];
        size_t n = 0;
        snprintf(path, sizeof path, "%s\\%s", w->set, needed[i]);
        r = count_children(w, path, &n, err);
        if (r == 0 && n == 0)
            return exam_fact(w->x, "hive.content", "odd", w->where, err,
                             "the SYSTEM hive has nothing below '%s'", path);
    }
    return r < 0 ? r
                 : exam_fact(w->x, "hive.content", "fine", w->where, err,
                             "the SYSTEM hive has services and settings");
}

static int tell_system(struct work *w, struct wtg_err *err)
{
    bool resolved = false;
    int r = find_control_set(w, &resolved, err);

    if (r < 0 || !resolved)
        return r;
    if ((r = tell_content(w, err)) < 0 || (r = tell_settings(w, err)) < 0)
        return r;
    return tell_boot_drivers(w, err);
}

/* ---- SOFTWARE --------------------------------------------------------------------------- */

#define SERVICING "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\"

static int tell_servicing(struct work *w, struct wtg_err *err)
{
    static const char *const pending[] = { SERVICING "RebootPending", SERVICING "PackagesPending" };
    const char *what = NULL;
    int r = 0;

    if (tree_find(w->x->win_tree, "\\Windows\\WinSxS\\pending.xml"))
        what = "'\\Windows\\WinSxS\\pending.xml' waits";
    for (size_t i = 0; r == 0 && !what && i < ARRAY_LEN(pending); i++) {
        bool there = false;
        r = has_key(w, pending[i], &there, err);
        if (there)
            what = "the registry says that packages wait";
    }
    return r < 0 ? r
                 : exam_fact(w->x, "windows.servicing", what ? "pending" : "fine", w->where, err,
                             "%s%s",
                             what ? "an update was begun and is not finished: " : "no update waits",
                             what ? what : "");
}

static int tell_software(struct work *w, struct wtg_err *err)
{
    size_t n = 0;
    uint32_t ubr = 0;
    bool there = false;
    int r = count_children(w, "Microsoft\\WIMMount\\Mounted Images", &n, err);

    if (r == 0)
        r = exam_judge(w->x, n == 0, "windows.mounts", "stale", w->where, err,
                       "no image is noted as mounted",
                       "an image is noted as mounted, which it cannot be here");
    if (r == 0)
        r = get_number(w, "Microsoft\\Windows NT\\CurrentVersion", "UBR", &ubr, &there, err);
    w->x->ubr = there ? ubr : 0;
    return r < 0 ? r : tell_servicing(w, err);
}

/* ---- All of it -------------------------------------------------------------------------- */

int exam_hives(struct exam *x, struct wtg_err *err)
{
    static const struct {
        const char *name, *key;
        int (*tell)(struct work *, struct wtg_err *);
    } hives[] = { { "SYSTEM", "hive.system", tell_system },
                  { "SOFTWARE", "hive.software", tell_software } };
    int r = 0;

    if (!x->win_tree || !tree_find(x->win_tree, "\\Windows\\System32"))
        return 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(hives); i++) {
        struct work w = { .x = x, .name = hives[i].name };
        snprintf(w.key, sizeof w.key, "%s", hives[i].key);
        r = open_hive(&w, err);
        if (r == 0 && w.hive)
            r = hives[i].tell(&w, err);
        hive_free(w.hive);
    }
    return r;
}
