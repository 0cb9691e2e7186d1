/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "boot/bcd-model.h"

#include <stdio.h>
#include <string.h>

#include "base/le.h"

/* Between the model and the hive:
 *   \Description                          KeyName, System
 *   \Objects\{guid}\Description           Type
 *   \Objects\{guid}\Elements\12000002     Element */

/* A DWORD; `*ret_has` is false when the key or the value is missing or is no DWORD. */
static int read_dword(struct hive *h, hive_key from, const char *path, const char *name,
                      bool *ret_has, uint32_t *ret, struct wtg_err *err)
{
    hive_key key = HIVE_NO_KEY;
    struct hive_value v = { 0 };
    int r = hive_find(h, from, path, &key, err);
    if (r == 0 && key != HIVE_NO_KEY)
        r = hive_get(h, key, name, &v, err);
    if (r < 0)
        return r;
    *ret_has = v.data && v.type == HIVE_DWORD && v.len == 4;
    *ret = *ret_has ? le32_at(v.data) : 0;
    hive_value_release(&v);
    return 0;
}

static int read_element(struct hive *h, hive_key key, struct boot_bcd *b, struct boot_bcd_object *o,
                        struct wtg_err *err)
{
    AUTO_FREE char *name = NULL;
    struct hive_value v = { 0 };
    struct wtg_err why;
    int r = hive_key_name(h, key, &name, err);
    if (r < 0)
        return r;
    r = hive_get(h, key, "Element", &v, &why); /* a value that cannot be read is told, not fatal */
    if (r == WTG_E_NOMEM)
        return wtg_fail_nomem(err);
    struct boot_bcd_element e = {
        .key = name,
        .present = r == 0 && v.data,
        .type = v.type,
        .data = { v.data, v.len },
    };
    if (strlen(name) == 8 && strspn(name, "0123456789abcdefABCDEF") == 8)
        e.id = (uint32_t)strtoul(name, NULL, 16);
    r = boot_bcd_add_element(b, o, &e, err);
    hive_value_release(&v);
    return r;
}

static int read_object(struct hive *h, hive_key key, struct boot_bcd *b, struct wtg_err *err)
{
    AUTO_FREE char *name = NULL;
    AUTO_FREE hive_key *child = NULL;
    size_t n = 0;
    hive_key elements = HIVE_NO_KEY;
    struct boot_bcd_object *o = NULL;
    int r = hive_key_name(h, key, &name, err);
    if (r == 0)
        r = boot_bcd_add_object(b, name, &o, err);
    if (r < 0)
        return r;
    r = read_dword(h, key, "Description", "Type", &o->has_type, &o->type, err);
    if (r == 0)
        r = hive_find(h, key, "Elements", &elements, err);
    if (r == 0 && elements != HIVE_NO_KEY)
        r = hive_children(h, elements, &child, &n, err);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = read_element(h, child[i], b, o, err);
    return r;
}

static int read_key_name(struct hive *h, struct boot_bcd *b, struct wtg_err *err)
{
    char text[64] = "";
    hive_key key = HIVE_NO_KEY;
    struct hive_value v = { 0 };
    int r = hive_find(h, hive_root(h), "Description", &key, err);
    if (r == 0 && key != HIVE_NO_KEY)
        r = hive_get(h, key, "KeyName", &v, err);
    if (r < 0)
        return r;
    if (v.data && v.type == HIVE_SZ)
        hive_decode_text(v.data, v.len, text, sizeof text);
    hive_value_release(&v);
    b->key_name = arena_dup(&b->arena, text, strlen(text) + 1, err);
    return b->key_name ? 0 : err->code;
}

static int read_store(struct hive *h, struct boot_bcd *b, struct wtg_err *err)
{
    AUTO_FREE hive_key *child = NULL;
    size_t n = 0;
    hive_key objects = HIVE_NO_KEY;
    uint32_t system = 0;
    int r = read_key_name(h, b, err);
    if (r == 0)
        r = read_dword(h, hive_root(h), "Description", "System", &b->system, &system, err);
    if (r == 0)
        r = hive_find(h, hive_root(h), "Objects", &objects, err);
    if (r == 0 && objects == HIVE_NO_KEY)
        r = wtg_fail(err, WTG_E_BCD,
                     "the registry hive holds no boot configuration (no key "
                     "'Objects')");
    if (r == 0)
        r = hive_children(h, objects, &child, &n, err);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = read_object(h, child[i], b, err);
    b->system = b->system && system == 1;
    return r;
}

int boot_bcd_decode(struct wtg_span bytes, struct boot_bcd *ret, struct wtg_err *err)
{
    struct boot_bcd b = { 0 };
    struct hive *h = NULL;
    if (bytes.n > BOOT_BCD_MAX_BYTES)
        return wtg_fail(err, WTG_E_BCD,
                        "a boot configuration of %zu bytes; real ones have 64 KiB "
                        "at the most",
                        bytes.n);
    int r = hive_open(bytes, "BCD", false, &h, err);
    if (r == 0)
        r = read_store(h, &b, err);
    hive_free(h);
    if (r < 0) {
        boot_bcd_release(&b);
        return r;
    }
    boot_bcd_sort(&b);
    *ret = b;
    return 0;
}

static int write_object(struct hive *h, hive_key objects, const struct boot_bcd_object *o,
                        struct wtg_err *err)
{
    hive_key object = HIVE_NO_KEY, elements = HIVE_NO_KEY, key = HIVE_NO_KEY;
    int r = hive_make(h, objects, o->key, &object, err);
    if (r == 0)
        r = hive_make(h, object, "Description", &key, err);
    if (r == 0)
        r = hive_set_dword(h, key, "Type", o->type, err);
    if (r == 0)
        r = hive_make(h, object, "Elements", &elements, err); /* there even when it is empty */
    for (size_t i = 0; r == 0 && i < o->nelements; i++) {
        const struct boot_bcd_element *e = &o->element[i];
        r = hive_make(h, elements, e->key, &key, err);
        if (r == 0)
            r = hive_set(h, key, "Element", e->type, e->data.p, e->data.n, err);
    }
    return r;
}

static int write_store(struct hive *h, const struct boot_bcd *b, struct wtg_err *err)
{
    hive_key key = HIVE_NO_KEY;
    int r = hive_make(h, hive_root(h), "Description", &key, err);
    if (r == 0)
        r = hive_set_text(h, key, "KeyName", HIVE_SZ, b->key_name, err);
    if (r == 0 && b->system)
        r = hive_set_dword(h, key, "System", 1, err);
    if (r == 0)
        r = hive_make(h, hive_root(h), "Objects", &key, err);
    for (size_t i = 0; r == 0 && i < b->nobjects; i++)
        r = write_object(h, key, &b->object[i], err);
    return r;
}

int boot_bcd_encode(const struct boot_bcd *meant, enum boot_firmware firmware, uint64_t time,
                    uint8_t **ret, size_t *ret_n, struct wtg_err *err)
{
    struct boot_bcd found = { 0 };
    struct hive *h = NULL;
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    int r = hive_new("BCD", "NewStoreRoot", firmware == BOOT_UEFI ? 3 : 5, time, &h, err);
    if (r == 0)
        r = write_store(h, meant, err);
    if (r == 0)
        r = hive_commit(h, &bytes, &n, err);
    if (r == 0)
        r = boot_bcd_decode((struct wtg_span){ bytes, n }, &found, err);
    if (r == 0)
        r = boot_bcd_compare(meant, &found, err);
    hive_free(h);
    boot_bcd_release(&found);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(bytes);
    *ret_n = n;
    return 0;
}

int boot_bcd_build(const struct boot_bcd_params *p, uint8_t **ret, size_t *ret_n,
                   struct wtg_err *err)
{
    struct boot_bcd meant = { 0 };
    int r = boot_bcd_plan(p, &meant, err);
    if (r == 0)
        r = boot_bcd_encode(&meant, p->firmware, p->time, ret, ret_n, err);
    boot_bcd_release(&meant);
    return r < 0 ? wtg_because(err, "making the boot configuration") : 0;
}
