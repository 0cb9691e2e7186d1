/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "boot/bcd-mend.h"

#include <string.h>
#include <strings.h>

#include "boot/bcd-model.h"

enum {
    ID_DEVICE = 0x11000001,
    ID_PATH = 0x12000002,
    ID_DEFAULT = 0x23000003, /* of the boot manager */
    ID_RESUME = 0x23000003,  /* of a loader: what wakes it */
    ID_ORDER = 0x24000001,
    ID_OS_DEVICE = 0x21000001,
    ID_SYSTEM_ROOT = 0x22000002,
};
enum { KEY_MAX_BYTES = 128 }; /* a GUID in braces takes 39; hive_decode_text wants room to spare */
#define BOOTMGR_KEY "{9dea862c-5cdd-4e70-acc1-f32b344d4795}"

/* ---- Looking ---------------------------------------------------------------------------- */

const struct boot_bcd_object *boot_bcd_find_object(const struct boot_bcd *b, const char *key)
{
    for (size_t i = 0; i < b->nobjects; i++)
        if (strcasecmp(b->object[i].key, key) == 0)
            return &b->object[i];
    return NULL;
}

const struct boot_bcd_element *boot_bcd_find_element(const struct boot_bcd_object *o, uint32_t id)
{
    for (size_t i = 0; o && i < o->nelements; i++)
        if (o->element[i].id == id && o->element[i].present)
            return &o->element[i];
    return NULL;
}

const struct boot_bcd_object *boot_bcd_manager(const struct boot_bcd *b)
{
    return boot_bcd_find_object(b, BOOTMGR_KEY);
}

/* The object that an element (REG_SZ, or the first of a REG_MULTI_SZ) names. */
static const struct boot_bcd_object *named_object(const struct boot_bcd *b,
                                                  const struct boot_bcd_element *e)
{
    char key[KEY_MAX_BYTES];

    if (!e || (e->type != HIVE_SZ && e->type != HIVE_MULTI_SZ))
        return NULL;
    hive_decode_text(e->data.p, e->data.n, key, sizeof key);
    return boot_bcd_find_object(b, key);
}

static bool is_loader(const struct boot_bcd_object *o)
{
    return o && o->has_type && o->type == BCD_TYPE_LOADER;
}

const struct boot_bcd_object *boot_bcd_default_loader(const struct boot_bcd *b)
{
    static const uint32_t ids[] = { ID_DEFAULT, ID_ORDER };
    const struct boot_bcd_object *manager = boot_bcd_manager(b);

    for (size_t i = 0; manager && i < ARRAY_LEN(ids); i++) {
        const struct boot_bcd_object *o = named_object(b, boot_bcd_find_element(manager, ids[i]));
        if (is_loader(o))
            return o;
    }
    return NULL;
}

bool boot_bcd_partition(const struct boot_bcd_element *e, struct boot_partition *ret)
{
    struct boot_device d;

    if (!e)
        return false;
    boot_device_decode(e->data, &d);
    for (size_t i = d.nlayers; i-- > 0;) /* the outermost stands on a real disk */
        if (d.layer[i].kind == BOOT_DEVICE_PARTITION) {
            *ret = d.layer[i].partition;
            return true;
        }
    return false;
}

static bool same_partition(const struct boot_partition *a, const struct boot_partition *b)
{
    if (a->mbr != b->mbr)
        return false;
    if (a->mbr)
        return a->signature == b->signature && a->offset_bytes == b->offset_bytes;
    return memcmp(&a->disk, &b->disk, sizeof a->disk) == 0 &&
           memcmp(&a->partition, &b->partition, sizeof a->partition) == 0;
}

bool boot_bcd_names(const struct boot_bcd_element *e, const struct boot_partition *p)
{
    struct boot_partition found;

    return boot_bcd_partition(e, &found) && same_partition(&found, p);
}

/* ---- New names for the same places ------------------------------------------------------ */

struct renaming {
    bool known;
    struct boot_partition from, to;
};

static void replace(uint8_t *p, size_t n, const struct guid *from, const struct guid *to)
{
    for (size_t i = 0; i + sizeof *from <= n; i++)
        if (memcmp(p + i, from, sizeof *from) == 0)
            memcpy(p + i, to, sizeof *to);
}

/* In a device element, however deep: both GUIDs of a place that has new ones.  `p` is ours. */
static void rename_places(uint8_t *p, size_t n, const struct renaming *r)
{
    if (!r->known || r->from.mbr || r->to.mbr ||
        !memmem(p, n, &r->from.partition, sizeof r->from.partition) ||
        !memmem(p, n, &r->from.disk, sizeof r->from.disk))
        return;
    replace(p, n, &r->from.partition, &r->to.partition);
    replace(p, n, &r->from.disk, &r->to.disk);
}

static void learn(struct renaming *r, const struct boot_bcd_object *o,
                  const struct boot_partition *to)
{
    r->known = boot_bcd_partition(boot_bcd_find_element(o, ID_DEVICE), &r->from);
    r->to = *to;
}

/* Of a place that was named for both, or that is the other one on this disk, nobody can say which
 * was meant. */
static void drop_mistaken(struct renaming *windows, struct renaming *system)
{
    bool both = windows->known && system->known && same_partition(&windows->from, &system->from);

    windows->known &= !both && !same_partition(&windows->from, &system->to);
    system->known &= !both && !same_partition(&system->from, &windows->to);
}

/* ---- Merging ---------------------------------------------------------------------------- */

/* What says where things stand comes from the plan, all else from what was there. */
static bool is_place(uint32_t id)
{
    return id == ID_PATH || id == ID_SYSTEM_ROOT || boot_bcd_format(id) == BCD_DEVICE;
}

static bool is_sound(const struct boot_bcd_element *e)
{
    enum boot_bcd_format f = boot_bcd_format(e->id);

    return e->id && e->present && f >= BCD_DEVICE && f <= BCD_BINARY && e->type == boot_bcd_reg(f);
}

static bool names_object(const struct boot_bcd_element *e, const char *key)
{
    char text[KEY_MAX_BYTES];
    size_t at = 0;

    for (; at + 1 < e->data.n; at += 2 * (strlen(text) + 1)) {
        hive_decode_text(e->data.p + at, e->data.n - at, text, sizeof text);
        if (!*text)
            break;
        if (strcasecmp(text, key) == 0)
            return true;
    }
    return false;
}

/* May the old value stand in place of the planned one? */
static bool may_stay(const struct boot_bcd_element *old, const struct boot_bcd_object *o,
                     const struct boot_bcd_object *loader)
{
    bool manager = strcasecmp(o->key, BOOTMGR_KEY) == 0;

    if (!is_sound(old) || is_place(old->id))
        return false;
    if (manager && (old->id == ID_DEFAULT || old->id == ID_ORDER))
        return names_object(old, loader->key);
    return true;
}

static int take_element(struct boot_bcd *to, struct boot_bcd_object *o,
                        const struct boot_bcd_element *e, const struct renaming *r, size_t n,
                        struct wtg_err *err)
{
    int code = boot_bcd_add_element(to, o, e, err);
    struct boot_bcd_element *mine = code == 0 ? &o->element[o->nelements - 1] : NULL;

    if (!mine || boot_bcd_format(e->id) != BCD_DEVICE || !e->data.n)
        return code;
    uint8_t *bytes = arena_dup(&to->arena, e->data.p, e->data.n, err);
    if (!bytes)
        return err->code;
    for (size_t i = 0; i < n; i++)
        rename_places(bytes, e->data.n, &r[i]);
    mine->data.p = bytes;
    return 0;
}

/* An object that stands in both, or in one (the other NULL). */
static int merge_object(struct boot_bcd *to, const struct boot_bcd_object *plan,
                        const struct boot_bcd_object *old, const struct boot_bcd_object *loader,
                        const struct renaming *r, size_t n, struct wtg_err *err)
{
    const struct boot_bcd_object *from = plan ? plan : old;
    struct boot_bcd_object *o = NULL;
    int code = boot_bcd_add_object(to, from->key, &o, err);

    if (code < 0)
        return code;
    o->has_type = from->has_type;
    o->type = from->type;
    for (size_t i = 0; code == 0 && plan && i < plan->nelements; i++) {
        const struct boot_bcd_element *e = &plan->element[i];
        const struct boot_bcd_element *was = boot_bcd_find_element(old, e->id);
        code = take_element(to, o, was && may_stay(was, plan, loader) ? was : e, r, n, err);
    }
    for (size_t i = 0; code == 0 && old && i < old->nelements; i++) {
        const struct boot_bcd_element *e = &old->element[i];
        bool extra = plan ? is_sound(e) && !boot_bcd_find_element(plan, e->id) : e->present;
        if (extra)
            code = take_element(to, o, e, r, n, err);
    }
    return code;
}

static int merge(const struct boot_bcd *old, const struct boot_bcd *plan,
                 const struct boot_bcd_params *p, struct boot_bcd *ret, struct wtg_err *err)
{
    struct boot_bcd b = { .key_name = plan->key_name, .system = plan->system };
    const struct boot_bcd_object *loader = boot_bcd_default_loader(plan);
    struct renaming r[2] = { { 0 } };
    int code = loader ? 0 : wtg_fail(err, WTG_E_BUG, "the planned store starts nothing");

    learn(&r[0], boot_bcd_default_loader(old), &p->windows);
    learn(&r[1], boot_bcd_manager(old), &p->system);
    drop_mistaken(&r[0], &r[1]);
    for (size_t i = 0; code == 0 && i < plan->nobjects; i++)
        code = merge_object(&b, &plan->object[i], boot_bcd_find_object(old, plan->object[i].key),
                            loader, r, ARRAY_LEN(r), err);
    for (size_t i = 0; code == 0 && i < old->nobjects; i++)
        if (!boot_bcd_find_object(plan, old->object[i].key) && old->object[i].has_type)
            code = merge_object(&b, NULL, &old->object[i], loader, r, ARRAY_LEN(r), err);
    if (code < 0) {
        boot_bcd_release(&b);
        return code;
    }
    boot_bcd_sort(&b);
    *ret = b;
    return 0;
}

/* The names of the two objects of this Windows stay what they were. */
static void keep_names(const struct boot_bcd *old, struct boot_bcd_params *p)
{
    const struct boot_bcd_object *loader = boot_bcd_default_loader(old);
    const struct boot_bcd_object *resume =
        named_object(old, boot_bcd_find_element(loader, ID_RESUME));
    struct guid g;

    if (loader && guid_parse(loader->key, &g))
        p->loader = g;
    if (resume && guid_parse(resume->key, &g) && memcmp(&g, &p->loader, sizeof g) != 0)
        p->resume = g;
}

int boot_bcd_mend(const struct boot_bcd *old, const struct boot_bcd_params *params, uint8_t **ret,
                  size_t *ret_n, struct wtg_err *err)
{
    struct boot_bcd_params p = *params;
    struct boot_bcd plan = { 0 }, merged = { 0 };

    if (!old)
        return boot_bcd_build(&p, ret, ret_n, err);
    keep_names(old, &p);
    int r = boot_bcd_plan(&p, &plan, err);
    if (r == 0)
        r = merge(old, &plan, &p, &merged, err);
    if (r == 0)
        r = boot_bcd_encode(&merged, p.firmware, p.time, ret, ret_n, err);
    boot_bcd_release(&merged);
    boot_bcd_release(&plan);
    return r < 0 ? wtg_because(err, "mending the boot configuration") : 0;
}
