/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/examine-priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "boot/bcd-look.h"

/* The boot configuration: can it be read, does it start something, and is that there? */

#define STORE "\\EFI\\Microsoft\\Boot\\BCD"

/* The partition that an element means, or NULL.  The first layer is the partition itself. */
static const struct exam_part *resolve(const struct exam *x, const struct boot_device *d)
{
    const struct boot_partition *want = &d->layer[0].partition;

    for (size_t i = 0; i < x->nparts; i++) {
        const struct disk_content_part *p = &x->part[i].part;
        bool gpt = x->table.label == DISK_LABEL_GPT;
        if (want->mbr == gpt)
            continue;
        if (gpt ? memcmp(&want->disk, &x->table.id, sizeof want->disk) == 0 &&
                      memcmp(&want->partition, &p->id, sizeof p->id) == 0
                : want->signature == x->table.mbr_id && want->offset_bytes == p->offset_bytes)
            return &x->part[i];
    }
    return NULL;
}

/* Does this element lead to `want`?  Some kinds are looked for by the boot manager, wherever that
 * is: they fit any disk. */
static bool leads_to(const struct exam *x, const struct boot_device *d,
                     const struct exam_part *want)
{
    switch (d->layer[0].kind) {
    case BOOT_DEVICE_START:
    case BOOT_DEVICE_LOCATE:
    case BOOT_DEVICE_FILE: /* a disk in a file: what is in it is not looked at */
    case BOOT_DEVICE_RAMDISK:
        return true;
    case BOOT_DEVICE_PARTITION:
        return resolve(x, d) == want;
    default:
        return false;
    }
}

static const char *device_words(const struct exam *x, const struct boot_device *d, bool present)
{
    if (!present)
        return "no partition";
    if (d->layer[0].kind != BOOT_DEVICE_PARTITION)
        return "a device that cannot be understood";
    return resolve(x, d) ? "another partition" : "a partition that is not on this disk";
}

static bool device_fits(const struct exam *x, const struct boot_bcd_start *s)
{
    if (s->manager)
        return s->has_device && leads_to(x, &s->device, x->esp);
    return s->has_device && s->has_system_device && leads_to(x, &s->device, x->win) &&
           leads_to(x, &s->system_device, x->win);
}

static int tell_devices(struct exam *x, const struct boot_bcd_look *l, const char *where,
                        struct wtg_err *err)
{
    for (size_t i = 0; i < l->nstarts; i++) {
        const struct boot_bcd_start *s = &l->start[i];
        if ((!x->win && !s->manager) || device_fits(x, s))
            continue;
        bool second = !s->manager && s->has_device && leads_to(x, &s->device, x->win);
        const struct boot_device *d = second ? &s->system_device : &s->device;
        return exam_fact(x, "bcd.device", "unresolved", where, err, "the %s '%s' names %s",
                         s->manager ? "boot manager" : "system", s->object,
                         device_words(x, d, second ? s->has_system_device : s->has_device));
    }
    return exam_fact(x, "bcd.device", "fine", where, err,
                     "everything that the store starts lies on partitions of this disk");
}

/* A disk or volume inside of something else has paths that cannot be looked up here. */
static bool is_plain(const struct boot_device *d)
{
    return d->layer[0].kind == BOOT_DEVICE_PARTITION;
}

static bool path_exists(const struct exam *x, const struct boot_bcd_start *s)
{
    if (s->manager)
        return !s->path[0] || tree_find(x->esp_tree, s->path);
    if (!x->win_tree || !is_plain(&s->device))
        return true;
    return s->path[0] && s->root[0] && tree_find(x->win_tree, s->path) &&
           tree_find(x->win_tree, s->root);
}

static int tell_paths(struct exam *x, const struct boot_bcd_look *l, const char *where,
                      struct wtg_err *err)
{
    for (size_t i = 0; i < l->nstarts; i++) {
        const struct boot_bcd_start *s = &l->start[i];
        if (!path_exists(x, s)) {
            /* A store that names the usual loader is right; then the file is what is missing. */
            bool usual = strcasecmp(s->path, "\\Windows\\system32\\winload.efi") == 0 &&
                         strcasecmp(s->root, "\\Windows") == 0;
            bool own =
                s->manager && strcasecmp(s->path, "\\EFI\\Microsoft\\Boot\\bootmgfw.efi") == 0;
            return exam_fact(x, "bcd.path", usual || own ? "file-missing" : "missing", where, err,
                             "'%s' names '%.200s'%s%.200s%s, which is not there", s->object,
                             s->path, s->manager ? "" : " in '", s->root, s->manager ? "" : "'");
        }
    }
    return exam_fact(x, "bcd.path", "fine", where, err,
                     "everything that the store starts is there");
}

static int tell_store(struct exam *x, const struct boot_bcd *b, const char *where,
                      struct wtg_err *err)
{
    struct boot_bcd_look l;

    boot_bcd_look(b, &l);
    if (l.systems == 0 || !l.has_manager)
        return exam_fact(x, "bcd.store", "empty", where, err, "the store '" STORE "' has %s",
                         !l.has_manager ? "no boot manager"
                         : l.dangling   ? "a menu whose entries are not there"
                                        : "no system to start");
    int r =
        exam_fact(x, "bcd.store", "fine", where, err, "the store '" STORE "' offers %zu system%s",
                  l.systems, l.systems == 1 ? "" : "s");
    if (r == 0)
        r = exam_judge(x, l.dangling == 0, "bcd.menu", "dangling", where, err,
                       "every entry of the boot menu is there",
                       "the boot menu lists an entry that is not there");
    if (r == 0)
        r = tell_devices(x, &l, where, err);
    return r < 0 ? r : tell_paths(x, &l, where, err);
}

int exam_bcd(struct exam *x, struct wtg_err *err)
{
    char where[64];
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    struct wtg_err why = { 0 };
    struct boot_bcd b = { 0 };

    if (!x->esp_tree)
        return 0;
    snprintf(where, sizeof where, "partition %u", x->esp->part.number);
    if (!tree_find(x->esp_tree, STORE))
        return exam_fact(x, "bcd.store", "missing", where, err, "there is no '" STORE "'");
    int r = exam_slurp(x->esp_tree, STORE, BOOT_BCD_MAX_BYTES, &bytes, &n, &why);
    if (r < 0) {
        *err = why;
        return r;
    }
    int code = r == 0 ? WTG_E_BCD : boot_bcd_decode((struct wtg_span){ bytes, n }, &b, &why);
    if (exam_soft(code) < 0)
        *err = why, r = code;
    else if (code == 0)
        r = tell_store(x, &b, where, err);
    else
        r = exam_fact(x, "bcd.store", code == WTG_E_HIVE_DIRTY ? "dirty" : "damaged", where, err,
                      "the store '" STORE "': %s", why.text);
    boot_bcd_release(&b);
    return r;
}
