/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fat/fat-build.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fat/fat-name.h"
#include "fat/fat-plan.h"
#include "tree/names.h"

struct fat_build {
    struct fat_shape shape;
    struct fat_build_opts opts; /* without its label, which is in `label` */
    uint8_t label[FAT_SHORT_BYTES];
    bool has_label;
    struct fat_item *item; /* the root first; directories before what is in them */
    size_t nitems, items_cap;
    uint32_t dir_clusters;  /* they come first, from cluster 2 on, without gaps */
    uint32_t used_clusters; /* files follow, without gaps */
    uint64_t content_bytes;
    uint32_t ndirs;
    uint8_t *boot, *fat, *dirs; /* rendered */
    size_t fat_bytes;           /* of the part of a FAT that is not zero, whole sectors */
};

void fat_build_free(struct fat_build *b)
{
    if (!b)
        return;
    free(b->item);
    free(b->boot);
    free(b->fat);
    free(b->dirs);
    free(b);
}

/* ---- the tree becomes a list of items --------------------------------------------------- */

static int check_item(const struct tree_link *l, const struct tree_link *before,
                      struct wtg_err *err)
{
    const struct tree_node *node = l->node;
    char path[300];

    if (!fat_name_valid(l->name, l->name_len))
        return wtg_fail(err, WTG_E_IMAGE_NAME, "'%s' is no name that FAT32 can hold",
                        tree_path(l, path, sizeof path));
    if (before && names_same(before->name, before->name_len, l->name, l->name_len))
        return wtg_fail(err, WTG_E_IMAGE_NAME,
                        "'%s' differs only in case from another name, FAT32 takes them for one",
                        tree_path(l, path, sizeof path));
    if ((node->attributes & (ATTR_REPARSE | ATTR_ENCRYPTED)) || node->efs)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "'%s' is %s, which FAT32 cannot hold",
                        tree_path(l, path, sizeof path),
                        node->attributes & ATTR_REPARSE ? "a link or other reparse point"
                                                        : "encrypted");
    if (tree_data_size(node) > UINT32_MAX)
        return wtg_fail(err, WTG_E_UNSUPPORTED,
                        "'%s' has %" PRIu64 " bytes, a file on FAT32 has less than 4 GiB",
                        tree_path(l, path, sizeof path), tree_data_size(node));
    return 0;
}

static int add_item(struct fat_build *b, const struct tree_link *l, uint32_t parent,
                    struct wtg_err *err)
{
    int r = mem_grow(&b->item, &b->items_cap, b->nitems, sizeof *b->item, err);
    if (r < 0)
        return r;
    bool is_dir = l->node->attributes & ATTR_DIRECTORY;
    b->item[b->nitems++] = (struct fat_item){
        .link = l,
        .parent = parent,
        .is_dir = is_dir,
        .size_bytes = is_dir ? 0 : (uint32_t)tree_data_size(l->node),
    };
    b->ndirs += is_dir;
    return 0;
}

static int too_many(const struct tree_link *dir, size_t entries, struct wtg_err *err)
{
    char path[300];

    return wtg_fail(err, WTG_E_UNSUPPORTED, "'%s' needs %zu directory entries, FAT32 allows %d",
                    tree_path(dir, path, sizeof path), entries, FAT_DIR_ENTRIES_MAX);
}

static int add_children(struct fat_build *b, uint32_t dir, struct wtg_err *err)
{
    const struct tree_node *node = b->item[dir].link->node;

    if (node->nchildren > FAT_DIR_ENTRIES_MAX)
        return too_many(b->item[dir].link, node->nchildren, err);
    b->item[dir].first_child = (uint32_t)b->nitems;
    b->item[dir].children = node->nchildren;
    for (uint32_t i = 0; i < node->nchildren; i++) {
        int r = check_item(node->child[i], i ? node->child[i - 1] : NULL, err);
        if (r == 0)
            r = add_item(b, node->child[i], dir, err);
        if (r < 0)
            return r;
    }
    int r = fat_short_names(b->item + b->item[dir].first_child, node->nchildren, err);
    if (r < 0)
        return r;
    size_t entries = fat_dir_entries(b->item, dir, b->has_label);
    if (entries > FAT_DIR_ENTRIES_MAX)
        return too_many(b->item[dir].link, entries, err);
    b->item[dir].size_bytes = (uint32_t)entries * FAT_DIRENT_BYTES;
    return 0;
}

static int list_items(struct fat_build *b, const struct tree *t, struct wtg_err *err)
{
    int r = add_item(b, t->root->link, 0, err);

    for (size_t i = 0; r == 0 && i < b->nitems; i++)
        if (b->item[i].is_dir)
            r = add_children(b, (uint32_t)i, err);
    return r;
}

/* ---- every item gets its clusters ------------------------------------------------------- */

static uint64_t give_clusters(struct fat_build *b, bool dirs, uint64_t at)
{
    for (size_t i = 0; i < b->nitems; i++) {
        struct fat_item *it = &b->item[i];
        if (it->is_dir != dirs)
            continue;
        uint64_t n = div_up(it->size_bytes, b->shape.cluster_bytes);
        it->clusters = (uint32_t)(dirs ? max_u64(n, 1) : n);
        it->cluster = it->clusters ? (uint32_t)at : 0;
        at += it->clusters;
        b->content_bytes += dirs ? 0 : it->size_bytes;
    }
    return at;
}

static int allot(struct fat_build *b, struct wtg_err *err)
{
    uint64_t dirs = give_clusters(b, true, FAT_FIRST_CLUSTER);
    uint64_t used = give_clusters(b, false, dirs) - FAT_FIRST_CLUSTER;

    if (used > b->shape.clusters)
        return wtg_fail(err, WTG_E_DISK_TOO_SMALL,
                        "the files need %" PRIu64 " bytes more than the %" PRIu64
                        " of the FAT32 volume",
                        (used - b->shape.clusters) * b->shape.cluster_bytes, b->opts.size_bytes);
    b->dir_clusters = (uint32_t)dirs - FAT_FIRST_CLUSTER;
    b->used_clusters = (uint32_t)used;
    return 0;
}

/* ---- rendering -------------------------------------------------------------------------- */

static int render_fat(struct fat_build *b, struct wtg_err *err)
{
    size_t entries = (size_t)b->used_clusters + FAT_FIRST_CLUSTER;

    b->fat_bytes = (size_t)round_up(entries * FAT_ENTRY_BYTES, b->shape.sector_bytes);
    b->fat = mem_zeroed(b->fat_bytes, 1, err);
    if (!b->fat)
        return err->code;
    put_le32(b->fat, (FAT_ENTRY_END & ~0xffu) | FAT_MEDIA_FIXED);
    put_le32(b->fat + FAT_ENTRY_BYTES, FAT_ENTRY_END | FAT_CLEAN_BITS);
    for (size_t i = 0; i < b->nitems; i++)
        for (uint32_t k = 0; k < b->item[i].clusters; k++) {
            size_t c = (size_t)b->item[i].cluster + k;
            bool last = k + 1 == b->item[i].clusters;
            put_le32(b->fat + c * FAT_ENTRY_BYTES, last ? FAT_ENTRY_END : (uint32_t)c + 1);
        }
    return 0;
}

static int render_dirs(struct fat_build *b, struct wtg_err *err)
{
    b->dirs = mem_zeroed(b->dir_clusters, b->shape.cluster_bytes, err);
    if (!b->dirs)
        return err->code;
    for (size_t i = 0; i < b->nitems; i++)
        if (b->item[i].is_dir)
            fat_dir_render(b->item, i, b->has_label ? b->label : NULL, b->opts.time,
                           b->dirs + (size_t)(b->item[i].cluster - FAT_FIRST_CLUSTER) *
                                         b->shape.cluster_bytes);
    return 0;
}

static int render_boot(struct fat_build *b, struct wtg_err *err)
{
    bool full = b->used_clusters == b->shape.clusters;
    struct fat_boot_facts facts = {
        .start_lba = b->opts.start_lba,
        .volume_id = b->opts.volume_id,
        .free_clusters = b->shape.clusters - b->used_clusters,
        .next_free = full ? FAT_UNKNOWN : b->used_clusters + FAT_FIRST_CLUSTER,
        .label = b->has_label ? b->label : NULL,
    };
    b->boot = mem_zeroed(b->shape.reserved_sectors, b->shape.sector_bytes, err);
    if (!b->boot)
        return err->code;
    fat_boot_render(&b->shape, &facts, b->boot);
    return 0;
}

static int take_label(struct fat_build *b, const char *label, struct wtg_err *err)
{
    size_t n = label ? strlen(label) : 0;

    memset(b->label, ' ', sizeof b->label);
    b->has_label = n > 0;
    if (n > sizeof b->label || (n && label[0] == ' '))
        return wtg_fail(err, WTG_E_USAGE, "the label '%s' is not 1 to %d characters long", label,
                        FAT_SHORT_BYTES);
    for (size_t i = 0; i < n; i++) {
        char c = label[i];
        if (c < 0x20 || c > 0x7e || strchr("\"*+,./:;<=>?[\\]|", c))
            return wtg_fail(err, WTG_E_USAGE, "a character of the label '%s' cannot stand in one",
                            label);
        b->label[i] = (uint8_t)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    return 0;
}

int fat_build_new(const struct tree *tree, const struct fat_build_opts *opts,
                  struct fat_build **ret, struct wtg_err *err)
{
    struct fat_build *b = mem_zeroed(1, sizeof *b, err);
    if (!b)
        return err->code;
    b->opts = *opts;
    b->opts.label = NULL;
    int r = take_label(b, opts->label, err);
    if (r == 0)
        r = fat_shape_make(opts, &b->shape, err);
    if (r == 0)
        r = list_items(b, tree, err);
    if (r == 0)
        r = allot(b, err);
    if (r == 0)
        r = render_fat(b, err);
    if (r == 0)
        r = render_dirs(b, err);
    if (r == 0)
        r = render_boot(b, err);
    if (r < 0) {
        fat_build_free(b);
        return wtg_because(err, "laying out the FAT32 volume");
    }
    *ret = b;
    return 0;
}

struct fat_build_info fat_build_info(const struct fat_build *b)
{
    const struct fat_shape *s = &b->shape;

    return (struct fat_build_info){
        .cluster_bytes = s->cluster_bytes,
        .clusters = s->clusters,
        .used_clusters = b->used_clusters,
        .files = (uint32_t)b->nitems - b->ndirs,
        .directories = b->ndirs,
        .content_bytes = b->content_bytes,
        .write_bytes = s->data_offset + (uint64_t)b->used_clusters * s->cluster_bytes,
    };
}

/* ---- regions ---------------------------------------------------------------------------- */

static int add_bytes(struct tree_regions *r, enum tree_region_pass pass, uint64_t offset,
                     const uint8_t *bytes, uint64_t n, struct wtg_err *err)
{
    struct tree_region one = {
        .kind = REGION_BYTES, .pass = pass, .offset = offset, .length = n, .bytes = bytes
    };
    return tree_regions_add(r, &one, err);
}

static int add_fats(const struct fat_build *b, struct tree_regions *r, struct wtg_err *err)
{
    uint64_t whole = (uint64_t)b->shape.fat_sectors * b->shape.sector_bytes;

    for (unsigned i = 0; i < FAT_COPIES; i++) {
        uint64_t at = b->shape.fat_offset + i * whole;
        struct tree_region rest = {
            .kind = REGION_FILL, /* a device holds old bytes there */
            .pass = PASS_METADATA,
            .offset = at + b->fat_bytes,
            .length = whole - b->fat_bytes,
        };
        int e = add_bytes(r, PASS_METADATA, at, b->fat, b->fat_bytes, err);
        if (e == 0 && rest.length)
            e = tree_regions_add(r, &rest, err);
        if (e < 0)
            return e;
    }
    return 0;
}

static int add_files(const struct fat_build *b, struct tree_regions *r, struct wtg_err *err)
{
    for (size_t i = 0; i < b->nitems; i++) {
        const struct fat_item *it = &b->item[i];
        struct tree_region one = {
            .kind = REGION_BLOB,
            .pass = PASS_METADATA,
            .offset = b->shape.data_offset +
                      (uint64_t)(it->cluster - FAT_FIRST_CLUSTER) * b->shape.cluster_bytes,
            .length = (uint64_t)it->clusters * b->shape.cluster_bytes,
            .blob = tree_data(it->link->node),
        };
        if (it->is_dir || it->clusters == 0)
            continue;
        int e = tree_regions_add(r, &one, err);
        if (e < 0)
            return e;
    }
    return 0;
}

int fat_build_regions(const struct fat_build *b, struct tree_regions *regions, struct wtg_err *err)
{
    const struct fat_shape *s = &b->shape;
    int r = add_bytes(regions, PASS_BOOT, 0, b->boot, s->fat_offset, err);

    if (r == 0)
        r = add_fats(b, regions, err);
    if (r == 0)
        r = add_bytes(regions, PASS_METADATA, s->data_offset, b->dirs,
                      (uint64_t)b->dir_clusters * s->cluster_bytes, err);
    if (r == 0)
        r = add_files(b, regions, err);
    return r;
}
