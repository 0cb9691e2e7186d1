/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "boot/bcd-model.h"

#include <string.h>
#include <strings.h>

void boot_bcd_release(struct boot_bcd *b)
{
    for (size_t i = 0; i < b->nobjects; i++)
        free(b->object[i].element);
    free(b->object);
    arena_release(&b->arena);
    *b = (struct boot_bcd){ 0 };
}

int boot_bcd_add_object(struct boot_bcd *b, const char *key, struct boot_bcd_object **ret,
                        struct wtg_err *err)
{
    const char *copy = arena_dup(&b->arena, key, strlen(key) + 1, err);
    if (!copy || mem_grow(&b->object, &b->cap, b->nobjects, sizeof b->object[0], err) < 0)
        return err->code;
    struct boot_bcd_object *o = &b->object[b->nobjects++];
    *o = (struct boot_bcd_object){ .key = copy };
    *ret = o;
    return 0;
}

int boot_bcd_add_element(struct boot_bcd *b, struct boot_bcd_object *o,
                         const struct boot_bcd_element *e, struct wtg_err *err)
{
    struct boot_bcd_element copy = *e;
    copy.key = arena_dup(&b->arena, e->key, strlen(e->key) + 1, err);
    if (copy.key && e->data.n)
        copy.data.p = arena_dup(&b->arena, e->data.p, e->data.n, err);
    if (!copy.key || (e->data.n && !copy.data.p) ||
        mem_grow(&o->element, &o->cap, o->nelements, sizeof o->element[0], err) < 0)
        return err->code;
    o->element[o->nelements++] = copy;
    return 0;
}

static int by_element_key(const void *a, const void *b)
{
    const struct boot_bcd_element *x = a, *y = b;
    return strcasecmp(x->key, y->key);
}

static int by_object_key(const void *a, const void *b)
{
    const struct boot_bcd_object *x = a, *y = b;
    return strcasecmp(x->key, y->key);
}

void boot_bcd_sort(struct boot_bcd *b)
{
    if (b->nobjects)
        qsort(b->object, b->nobjects, sizeof b->object[0], by_object_key);
    for (size_t i = 0; i < b->nobjects; i++) {
        struct boot_bcd_object *o = &b->object[i];
        if (o->nelements)
            qsort(o->element, o->nelements, sizeof o->element[0], by_element_key);
    }
}

static bool same_data(struct wtg_span a, struct wtg_span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static int compare_elements(const struct boot_bcd_object *meant,
                            const struct boot_bcd_object *found, struct wtg_err *err)
{
    char a[160], b[160];
    for (size_t i = 0; i < meant->nelements && i < found->nelements; i++) {
        const struct boot_bcd_element *m = &meant->element[i], *f = &found->element[i];
        if (strcmp(m->key, f->key) != 0)
            return wtg_fail(err, WTG_E_BCD, "object %s: element %s was meant, %s is there",
                            meant->key, m->key, f->key);
        if (m->type != f->type || m->present != f->present || !same_data(m->data, f->data))
            return wtg_fail(err, WTG_E_BCD, "object %s, element %s: %s was meant, %s is there",
                            meant->key, m->key, boot_bcd_element_text(m, a, sizeof a),
                            boot_bcd_element_text(f, b, sizeof b));
    }
    if (meant->nelements != found->nelements)
        return wtg_fail(err, WTG_E_BCD, "object %s: %zu elements were meant, %zu are there",
                        meant->key, meant->nelements, found->nelements);
    return 0;
}

int boot_bcd_compare(const struct boot_bcd *meant, const struct boot_bcd *found,
                     struct wtg_err *err)
{
    if (strcmp(meant->key_name, found->key_name) != 0 || meant->system != found->system)
        return wtg_fail(err, WTG_E_BCD, "a %s store '%s' was meant, a %s store '%s' is there",
                        meant->system ? "system" : "plain", meant->key_name,
                        found->system ? "system" : "plain", found->key_name);
    for (size_t i = 0; i < meant->nobjects && i < found->nobjects; i++) {
        const struct boot_bcd_object *m = &meant->object[i], *f = &found->object[i];
        if (strcmp(m->key, f->key) != 0)
            return wtg_fail(err, WTG_E_BCD, "object %s was meant, %s is there", m->key, f->key);
        if (m->has_type != f->has_type || m->type != f->type)
            return wtg_fail(err, WTG_E_BCD, "object %s: type 0x%08x was meant, 0x%08x is there",
                            m->key, m->type, f->type);
        int r = compare_elements(m, f, err);
        if (r < 0)
            return r;
    }
    if (meant->nobjects != found->nobjects)
        return wtg_fail(err, WTG_E_BCD, "%zu objects were meant, %zu are there", meant->nobjects,
                        found->nobjects);
    return 0;
}
