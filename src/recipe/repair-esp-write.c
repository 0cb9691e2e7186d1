/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/repair-priv.h"

#include <string.h>

#include "base/guid.h"
#include "fat/fat-build.h"

/* The EFI system partition with other files on it: a new tree of the old and the new ones, and a
 * new volume of it in the old one's place. */

struct merge {
    struct repair_case *c;
    const struct tree *old, *over; /* either may be NULL */
    struct tree *t;
    struct tree_node **made; /* of the old nodes, by their place in old->node; NULL: left out */
    enum repair_pick (*pick)(void *ctx, const char *path, const struct tree_node *old,
                             const struct tree_node *newer);
    void *ctx;
};

static int add_node(struct merge *m, struct tree_node *parent, const struct tree_link *name,
                    const struct tree_node *from, struct tree_node **ret, struct wtg_err *err)
{
    struct tree_node *n = NULL;
    struct tree_link *l = NULL;
    int r = tree_add_node(m->t, from->attributes, &n, err);

    if (r == 0)
        r = tree_add_link(m->t, parent, n, name->name, name->name_len, NULL, 0, &l, err);
    if (r == 0 && tree_data(from))
        r = tree_add_stream(m->t, n, NULL, 0, tree_data(from), err);
    if (r < 0)
        return r;
    n->created = from->created;
    n->accessed = from->accessed;
    n->written = from->written;
    n->changed = from->changed;
    *ret = n;
    return 0;
}

/* So that a node tells its place in its tree. */
static void number_nodes(const struct tree *t)
{
    for (size_t i = 0; t && i < t->nnodes; i++)
        t->node[i]->mark = i;
}

static bool is_dir(const struct tree_node *n)
{
    return n->attributes & ATTR_DIRECTORY;
}

/* What was there, as far as it stays.  Directories stand before what is in them. */
static int take_old(struct merge *m, struct wtg_err *err)
{
    char path[512];
    int r = 0;

    for (size_t i = 1; r == 0 && i < m->old->nnodes; i++) {
        const struct tree_node *n = m->old->node[i];
        if (!n->link || !n->link->parent)
            continue;
        struct tree_node *parent = m->made[n->link->parent->mark];
        tree_path(n->link, path, sizeof path);
        const struct tree_link *other = m->over ? tree_find(m->over, path) : NULL;
        const struct tree_node *newer = other ? other->node : NULL;
        if (!parent || (newer && is_dir(newer) != is_dir(n)))
            continue;
        enum repair_pick p = is_dir(n) ? REPAIR_KEEP : m->pick(m->ctx, path, n, newer);
        if (p != REPAIR_DROP)
            r = add_node(m, parent, n->link, p == REPAIR_TAKE && newer ? newer : n, &m->made[i],
                         err);
    }
    return r;
}

/* What is new.  Finds its directory among what stands already, by path. */
static int take_new(struct merge *m, struct wtg_err *err)
{
    char path[512];
    AUTO_FREE struct tree_node **made = mem_zeroed(m->over->nnodes, sizeof *made, err);
    int r = made ? 0 : err->code;

    if (r == 0)
        made[0] = m->t->root;
    for (size_t i = 1; r == 0 && i < m->over->nnodes; i++) {
        const struct tree_node *n = m->over->node[i];
        if (!n->link || !n->link->parent)
            continue;
        tree_path(n->link, path, sizeof path);
        const struct tree_link *was = m->old ? tree_find(m->old, path) : NULL;
        if (was)
            made[i] = m->made[was->node->mark];
        struct tree_node *parent = made[n->link->parent->mark];
        if (!made[i] && parent && !(was && is_dir(was->node) == is_dir(n)))
            r = add_node(m, parent, n->link, n, &made[i], err);
    }
    return r;
}

static int merge(struct merge *m, struct wtg_err *err)
{
    int r = tree_new(&m->t, err);

    if (r < 0)
        return r;
    m->made = mem_zeroed(m->old ? m->old->nnodes : 1, sizeof *m->made, err);
    if (!m->made)
        return err->code;
    m->made[0] = m->t->root;
    number_nodes(m->old);
    number_nodes(m->over);
    if (m->old)
        r = take_old(m, err);
    if (r == 0 && m->over)
        r = take_new(m, err);
    return r < 0 ? r : tree_sort(m->t, err);
}

/* ---- The volume ------------------------------------------------------------------------- */

enum { STEP_BYTES = 1 << 20 };

static int write_region(struct blk *vol, const struct tree_region *x, uint8_t *buf,
                        struct wtg_err *err)
{
    int r = 0;

    for (uint64_t at = 0; r == 0 && at < x->length; at += STEP_BYTES) {
        size_t n = (size_t)min_u64(STEP_BYTES, x->length - at);
        uint64_t from = x->blob_off + at;
        memset(buf, x->kind == REGION_FILL ? x->fill : 0, n);
        if (x->kind == REGION_BYTES)
            memcpy(buf, x->bytes + at, n);
        else if (x->kind == REGION_BLOB && from < x->blob->size_bytes)
            r = tree_blob_read(x->blob, from, buf, (size_t)min_u64(n, x->blob->size_bytes - from),
                               err);
        else if (x->kind == REGION_MAKE)
            r = x->make(x->ctx, at, buf, n, err);
        if (r == 0)
            r = blk_write(vol, x->offset + at, buf, n, err);
    }
    return r;
}

/* The old volume is read below the draft that is written to. */
static int write_volume(struct repair_case *c, const struct fat_build *b, struct wtg_err *err)
{
    const struct disk_content_part *p = c->stick.esp;
    struct tree_regions regions = { 0 };
    struct blk *vol = NULL;
    AUTO_FREE uint8_t *buf = malloc(STEP_BYTES);
    int r = buf ? blk_slice_new(c->out, p->offset_bytes, p->size_bytes, &vol, err)
                : wtg_fail_nomem(err);

    if (r == 0)
        r = fat_build_regions(b, &regions, err);
    for (size_t i = 0; r == 0 && i < regions.n; i++)
        r = write_region(vol, &regions.region[i], buf, err);
    tree_regions_release(&regions);
    blk_free(vol);
    return r;
}

static int build(struct repair_case *c, const struct tree *t, struct wtg_err *err)
{
    const struct disk_content_part *p = c->stick.esp;
    struct fat_info old = c->stick.fat ? fat_info(c->stick.fat) : (struct fat_info){ 0 };
    struct seed seed = seed_random();
    struct fat_build *b = NULL;
    const struct fat_build_opts o = {
        .size_bytes = p->size_bytes,
        .sector_bytes = c->out->sector_bytes,
        .start_lba = p->offset_bytes / c->out->sector_bytes,
        .label = old.label[0]   ? old.label
                 : c->stick.fat ? NULL
                                : "SYSTEM",
        .volume_id = old.volume_id ? old.volume_id : (uint32_t)seed_u64(&seed, "fat-serial"),
        .time = c->time,
    };
    int r = fat_build_new(t, &o, &b, err);

    if (r == 0)
        r = write_volume(c, b, err);
    fat_build_free(b);
    return r;
}

int repair_write_esp(struct repair_case *c, const struct tree *over,
                     enum repair_pick (*pick)(void *ctx, const char *path,
                                              const struct tree_node *old,
                                              const struct tree_node *newer),
                     void *ctx, struct wtg_err *err)
{
    struct merge m = { .c = c, .old = c->stick.esp_tree, .over = over, .pick = pick, .ctx = ctx };
    int r = !c->stick.esp ? wtg_fail(err, WTG_E_UNSUPPORTED, "there is no EFI system partition")
            : c->stick.other_fat
                ? wtg_fail(err, WTG_E_UNSUPPORTED,
                           "the EFI system partition holds FAT12 or FAT16, wtg writes FAT32 only")
                : merge(&m, err);

    if (r == 0)
        r = build(c, m.t, err);
    tree_free(m.t);
    free(m.made);
    return r < 0 ? wtg_because(err, "writing the EFI system partition") : 0;
}
