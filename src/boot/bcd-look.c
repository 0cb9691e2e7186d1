/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "boot/bcd-look.h"

#include <string.h>
#include <strings.h>

#include "base/le.h"
#include "boot/bcd-model.h"

enum {
    ELEMENT_DEVICE = 0x11000001,
    ELEMENT_PATH = 0x12000002,
    ELEMENT_SYSTEM_DEVICE = 0x21000001,
    ELEMENT_SYSTEM_ROOT = 0x22000002,
    MANAGER_DEFAULT = 0x23000003,
    MANAGER_ORDER = 0x24000001,
};

static const struct boot_bcd_element *find_element(const struct boot_bcd_object *o, uint32_t id)
{
    for (size_t i = 0; i < o->nelements; i++)
        if (o->element[i].id == id && o->element[i].present)
            return &o->element[i];
    return NULL;
}

static const struct boot_bcd_object *find_object(const struct boot_bcd *b, const char *key)
{
    for (size_t i = 0; i < b->nobjects; i++)
        if (strcasecmp(b->object[i].key, key) == 0)
            return &b->object[i];
    return NULL;
}

static bool take_device(const struct boot_bcd_object *o, uint32_t id, struct boot_device *ret)
{
    const struct boot_bcd_element *e = find_element(o, id);

    if (e)
        boot_device_decode(e->data, ret);
    return e != NULL;
}

static void take_text(const struct boot_bcd_object *o, uint32_t id, char *buf, size_t cap)
{
    const struct boot_bcd_element *e = find_element(o, id);

    buf[0] = '\0';
    if (e)
        hive_decode_text(e->data.p, e->data.n, buf, cap);
}

static void take_start(struct boot_bcd_look *l, const struct boot_bcd_object *o, bool manager)
{
    if (l->nstarts == BOOT_BCD_STARTS)
        return;
    for (size_t i = 0; i < l->nstarts; i++)
        if (l->start[i].object == o->key)
            return;
    struct boot_bcd_start *s = &l->start[l->nstarts++];
    s->object = o->key;
    s->manager = manager;
    s->has_device = take_device(o, ELEMENT_DEVICE, &s->device);
    take_text(o, ELEMENT_PATH, s->path, sizeof s->path);
    if (manager)
        return;
    s->has_system_device = take_device(o, ELEMENT_SYSTEM_DEVICE, &s->system_device);
    take_text(o, ELEMENT_SYSTEM_ROOT, s->root, sizeof s->root);
    l->systems++;
}

/* The menu: one name, or several with a NUL between, in UTF-16. */
static void take_menu(const struct boot_bcd *b, struct boot_bcd_look *l,
                      const struct boot_bcd_element *e)
{
    for (size_t at = 0; e && at + 2 <= e->data.n;) {
        char key[128];
        size_t end = at;
        while (end + 2 <= e->data.n && le16_at(e->data.p + end))
            end += 2;
        if (end > at) {
            hive_decode_text(e->data.p + at, end - at, key, sizeof key);
            const struct boot_bcd_object *o = find_object(b, key);
            if (!o)
                l->dangling++;
            else if (o->has_type && o->type == BCD_TYPE_LOADER)
                take_start(l, o, false);
        }
        at = end + 2;
    }
}

void boot_bcd_look(const struct boot_bcd *b, struct boot_bcd_look *ret)
{
    *ret = (struct boot_bcd_look){ 0 };
    for (size_t i = 0; i < b->nobjects; i++) {
        const struct boot_bcd_object *o = &b->object[i];
        if (!o->has_type || o->type != BCD_TYPE_BOOTMGR)
            continue;
        ret->has_manager = true;
        take_start(ret, o, true);
        take_menu(b, ret, find_element(o, MANAGER_DEFAULT));
        take_menu(b, ret, find_element(o, MANAGER_ORDER));
    }
}
