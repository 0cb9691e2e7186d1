/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fat/fat-plan.h"

#include <string.h>

#include "fat/fat-name.h"

/* ---- short names, unique in their directory --------------------------------------------- */

struct taken { /* open addressing; slots hold child index + 1 */
    uint32_t *slot;
    size_t mask;
};

static uint32_t *taken_at(struct taken *t, const struct fat_item *child,
                          const uint8_t name[FAT_SHORT_BYTES])
{
    uint32_t h = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < FAT_SHORT_BYTES; i++)
        h = (h ^ name[i]) * 16777619u;
    for (size_t i = h & t->mask;; i = (i + 1) & t->mask) {
        uint32_t *s = &t->slot[i];
        if (*s == 0 || memcmp(child[*s - 1].short_name, name, FAT_SHORT_BYTES) == 0)
            return s;
    }
}

/* Names that need no number come first, since they cannot give way. */
static void take_fitting(struct taken *t, struct fat_item *child, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct tree_link *l = child[i].link;
        enum fat_short_fit fit = fat_short_make(l->name, l->name_len, child[i].short_name);
        child[i].lfn_entries =
            fit == FAT_SHORT_IS_NAME ? 0 : (uint8_t)div_up(l->name_len, FAT_LFN_UNITS);
        uint32_t *slot = taken_at(t, child, child[i].short_name);
        /* Not taken by another: names that differ only in case were refused before. */
        if (fit != FAT_SHORT_CUT)
            *slot = (uint32_t)i + 1;
    }
}

static bool same_stem(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, 6) == 0 && memcmp(a + 8, b + 8, 3) == 0;
}

static void take_numbered(struct taken *t, struct fat_item *child, size_t n)
{
    uint8_t before[FAT_SHORT_BYTES] = { 0 };
    unsigned number = 0;

    for (size_t i = 0; i < n; i++) {
        const struct tree_link *l = child[i].link;
        uint8_t plain[FAT_SHORT_BYTES];
        if (fat_short_make(l->name, l->name_len, plain) != FAT_SHORT_CUT)
            continue;
        /* Neighbours in collation order mostly share their stem: going on counting saves trying
         * all the numbers again. */
        if (!same_stem(plain, before))
            number = 0;
        memcpy(before, plain, sizeof before);
        uint8_t name[FAT_SHORT_BYTES];
        uint32_t *slot;
        do {
            memcpy(name, plain, sizeof name);
            fat_short_number(name, ++number);
            slot = taken_at(t, child, name);
        } while (*slot != 0);
        memcpy(child[i].short_name, name, sizeof name);
        *slot = (uint32_t)i + 1;
    }
}

int fat_short_names(struct fat_item *child, size_t n, struct wtg_err *err)
{
    struct taken t = { .mask = 15 };

    while (t.mask < 2 * n)
        t.mask = t.mask * 2 + 1;
    AUTO_FREE uint32_t *slots = mem_zeroed(t.mask + 1, sizeof *slots, err);
    if (!slots)
        return err->code;
    t.slot = slots;
    take_fitting(&t, child, n);
    take_numbered(&t, child, n);
    return 0;
}

/* ---- directory entries ------------------------------------------------------------------ */

size_t fat_dir_entries(const struct fat_item *item, size_t dir, bool has_label)
{
    size_t n = dir == 0 ? has_label : 2;

    for (uint32_t i = 0; i < item[dir].children; i++)
        n += 1u + item[item[dir].first_child + i].lfn_entries;
    return n;
}

static struct fat_dirent_disk entry(const struct fat_item *it, const uint8_t *name,
                                    uint32_t cluster)
{
    const struct tree_node *node = it->link->node;
    struct fat_time created = fat_time_from(node->created), written = fat_time_from(node->written);
    struct fat_dirent_disk d = {
        .attributes =
            (uint8_t)((node->attributes & FAT_ATTR_KEPT) | (it->is_dir ? FAT_ATTR_DIR : 0)),
        .created_10ms = created.tens,
        .created_time = to_le16(created.time),
        .created_date = to_le16(created.date),
        .accessed_date = to_le16(fat_time_from(node->accessed).date),
        .cluster_high = to_le16((uint16_t)(cluster >> 16)),
        .written_time = to_le16(written.time),
        .written_date = to_le16(written.date),
        .cluster_low = to_le16((uint16_t)cluster),
        .size_bytes = to_le32(it->is_dir ? 0 : it->size_bytes),
    };
    memcpy(d.name, name, sizeof d.name);
    return d;
}

static uint8_t *put(uint8_t *out, const void *one)
{
    memcpy(out, one, FAT_DIRENT_BYTES);
    return out + FAT_DIRENT_BYTES;
}

static uint8_t *put_named(uint8_t *out, const struct fat_item *it)
{
    for (size_t part = it->lfn_entries; part-- > 0;) {
        struct fat_lfn_disk e = {
            .order = (uint8_t)((part + 1) | (part + 1 == it->lfn_entries ? FAT_LFN_LAST : 0)),
            .attributes = FAT_ATTR_LFN,
            .checksum = fat_short_checksum(it->short_name),
        };
        fat_lfn_put(&e, it->link->name, it->link->name_len, part);
        out = put(out, &e);
    }
    struct fat_dirent_disk d = entry(it, it->short_name, it->cluster);
    return put(out, &d);
}

static uint8_t *put_label(uint8_t *out, const uint8_t *label, uint64_t time)
{
    struct fat_time t = fat_time_from(time);
    struct fat_dirent_disk d = {
        .attributes = FAT_ATTR_VOLUME,
        .written_time = to_le16(t.time),
        .written_date = to_le16(t.date),
    };
    memcpy(d.name, label, sizeof d.name);
    return put(out, &d);
}

void fat_dir_render(const struct fat_item *item, size_t dir, const uint8_t *label, uint64_t time,
                    uint8_t *out)
{
    const struct fat_item *it = &item[dir];

    if (dir != 0) {
        uint32_t up = it->parent == 0 ? 0 : item[it->parent].cluster; /* the root is always 0 */
        struct fat_dirent_disk self = entry(it, (const uint8_t *)".          ", it->cluster);
        struct fat_dirent_disk parent = entry(it, (const uint8_t *)"..         ", up);
        out = put(put(out, &self), &parent);
    } else if (label) {
        out = put_label(out, label, time);
    }
    for (uint32_t i = 0; i < it->children; i++)
        out = put_named(out, &item[it->first_child + i]);
}
