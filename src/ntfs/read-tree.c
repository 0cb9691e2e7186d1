/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/read.h"

#include <string.h>

#include "ntfs/read-names.h"
#include "ntfs/read-node.h"

/* Two passes over the $MFT: the first learns all names, and with them which records hang below the
 * root; the second makes nodes of those.  Names come from the records, not from the indexes: on a
 * volume without damage they are the same. */

struct name {
    uint64_t owner, parent; /* record; ref */
    const uint16_t *units;
    uint8_t n, space;
};

struct reader {
    struct ntfs_volume *vol;
    struct tree *tree;
    struct ntfs_place_row *row; /* per record */
    struct tree_node **node;    /* per record */
    struct name *name;          /* those of one owner side by side */
    size_t nnames, names_cap;
    struct arena arena; /* of the names */
    struct ntfs_file file;
    struct ntfs_node_maker maker;
    struct wtg_job *job;
};

/* Own records of the file system, by number; all others by where they hang. */
static bool is_reserved(uint64_t record)
{
    return record < NTFS_REC_QUOTA && record != NTFS_REC_ROOT;
}

static int tick(struct reader *r, uint64_t record, int pass, struct wtg_err *err)
{
    struct wtg_progress p = { "read-volume", "files", record + (pass ? r->vol->records : 0),
                              r->vol->records * 2 };
    return record % 512 ? 0 : wtg_tick(r->job, &p, err);
}

/* Loads the file of a record: 1; 0 when there is no file in use. */
static int load(struct reader *r, uint64_t n, struct wtg_err *err)
{
    uint8_t raw[NTFS_READ_RECORD_MAX];
    static const uint8_t nothing[4];
    const struct ntfs_record_disk *d = (const void *)raw;
    int ret = ntfs_record_read_raw(r->vol, n, raw, err);
    if (ret < 0)
        return ret;
    if (memcmp(d->multi.magic, nothing, 4) == 0)
        return 0;
    if (memcmp(d->multi.magic, NTFS_MAGIC_FILE, 4) == 0 &&
        (!(get_le16(d->flags) & NTFS_RECORD_IN_USE) || get_le64(d->base_ref)))
        return 0;
    ret = ntfs_file_load(r->vol, n, &r->file, err);
    return ret < 0 ? ret : 1;
}

static int add_name(struct reader *r, const struct ntfs_attr *a, struct wtg_err *err)
{
    const struct ntfs_file_name_disk *d = span_at(a->value, 0, sizeof *d);
    const uint8_t *units = d ? span_at(a->value, sizeof *d, d->name_len * 2u) : NULL;
    if (!units)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED, "a name of record %llu does not fit",
                        (unsigned long long)r->file.record);
    uint16_t *copy = arena_alloc(&r->arena, d->name_len * 2u, err);
    int ret =
        copy ? mem_grow(&r->name, &r->names_cap, r->nnames, sizeof *r->name, err) : WTG_E_NOMEM;
    if (ret < 0)
        return ret;
    for (unsigned i = 0; i < d->name_len; i++)
        copy[i] = le16_at(units + i * 2);
    r->name[r->nnames++] =
        (struct name){ r->file.record, get_le64(d->parent), copy, d->name_len, d->name_space };
    return 0;
}

static int learn_names(struct reader *r, uint64_t n, struct wtg_err *err)
{
    int ret = load(r, n, err);
    if (ret <= 0)
        return ret;
    const struct ntfs_file *f = &r->file;
    struct ntfs_place_row *row = &r->row[n];
    row->in_use = true;
    row->sequence = f->sequence;
    row->directory = f->flags & NTFS_RECORD_DIRECTORY;
    for (size_t i = 0; i < f->nattrs; i++) {
        if (f->attr[i].type != NTFS_AT_FILE_NAME || f->attr[i].nonresident)
            continue;
        ret = add_name(r, &f->attr[i], err);
        if (ret < 0)
            return ret;
        row->parent = r->name[r->nnames - 1].parent;
    }
    return 0;
}

/* Does this name hang in the tree?  1, 0, or an error when it hangs nowhere. */
static int is_wanted(struct reader *r, const struct name *a, struct wtg_err *err)
{
    if (is_reserved(a->owner) || a->owner == NTFS_REC_ROOT)
        return 0;
    const struct ntfs_place_row *dir = ntfs_place_dir(r->row, r->vol->records, a->parent);
    if (dir && dir->place != NTFS_PLACE_LOST)
        return dir->place == NTFS_PLACE_USER;
    wtg_fail(err, WTG_E_VOLUME_DAMAGED,
             "record %llu hangs in directory %llu, which is not there or hangs nowhere itself",
             (unsigned long long)a->owner, (unsigned long long)ntfs_ref_record(a->parent));
    return wtg_hint(err, "let Windows mend the volume with 'chkdsk /f'");
}

static int make_node(struct reader *r, uint64_t n, struct wtg_err *err)
{
    int ret = load(r, n, err);
    if (ret == 0)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED, "record %llu changed while it was read",
                        (unsigned long long)n);
    if (ret > 0 && n == NTFS_REC_ROOT)
        r->node[n] = r->tree->root;
    else if (ret > 0)
        ret = tree_add_node(r->tree, r->file.flags & NTFS_RECORD_DIRECTORY ? ATTR_DIRECTORY : 0,
                            &r->node[n], err);
    if (ret >= 0)
        ret = ntfs_node_fill(&r->maker, &r->file, r->node[n], err);
    return ret < 0 ? wtg_because(err, "record %llu", (unsigned long long)n) : 0;
}

static int link_name(struct reader *r, const struct name *a, const struct name *dos,
                     struct wtg_err *err)
{
    int ret = is_wanted(r, a, err);
    if (ret <= 0)
        return ret;
    uint64_t dir = ntfs_ref_record(a->parent);
    if (!r->node[dir]) /* a directory of the system's own */
        ret =
            wtg_fail(err, WTG_E_VOLUME_DAMAGED, "it hangs in record %llu", (unsigned long long)dir);
    else
        ret = tree_add_link(r->tree, r->node[dir], r->node[a->owner], a->units, a->n,
                            dos ? dos->units : NULL, dos ? dos->n : 0, NULL, err);
    return ret < 0 ? wtg_because(err, "record %llu", (unsigned long long)a->owner) : 0;
}

/* All names of one file.  The DOS one belongs to the WIN32 name in the same directory; without one
 * it is a name like any other. */
static int link_names(struct reader *r, const struct name *a, size_t n, struct wtg_err *err)
{
    const struct name *dos = NULL, *longer = NULL;
    for (size_t i = 0; !dos && i < n; i++)
        if (a[i].space == NTFS_NS_DOS)
            dos = &a[i];
    for (size_t i = 0; dos && !longer && i < n; i++)
        if (a[i].space == NTFS_NS_WIN32 && a[i].parent == dos->parent)
            longer = &a[i];
    int ret = 0;
    for (size_t i = 0; ret == 0 && i < n; i++)
        if (&a[i] != dos || !longer)
            ret = link_name(r, &a[i], &a[i] == longer ? dos : NULL, err);
    return ret;
}

static int link_all(struct reader *r, struct wtg_err *err)
{
    int ret = 0;
    for (size_t i = 0, n; ret == 0 && i < r->nnames; i += n) {
        for (n = 1; i + n < r->nnames && r->name[i + n].owner == r->name[i].owner; n++)
            ;
        ret = link_names(r, &r->name[i], n, err);
    }
    return ret;
}

static int first_pass(struct reader *r, struct wtg_err *err)
{
    int ret = 0;
    for (uint64_t n = 0; ret == 0 && n < r->vol->records; n++) {
        ret = tick(r, n, 0, err);
        if (ret == 0)
            ret = learn_names(r, n, err);
    }
    ntfs_place_directories(r->row, r->vol->records);
    return ret;
}

static int second_pass(struct reader *r, struct wtg_err *err)
{
    int ret = make_node(r, NTFS_REC_ROOT, err);
    /* Names stand by rising owner, so this goes through the $MFT from front to back too. */
    for (size_t i = 0; ret == 0 && i < r->nnames; i++) {
        const struct name *a = &r->name[i];
        ret = tick(r, a->owner, 1, err);
        if (ret == 0 && !r->node[a->owner]) {
            ret = is_wanted(r, a, err);
            if (ret > 0)
                ret = make_node(r, a->owner, err);
        }
    }
    return ret;
}

static int read_all(struct reader *r, struct wtg_err *err)
{
    r->row = mem_zeroed(r->vol->records, sizeof *r->row, err);
    r->node = r->row ? mem_zeroed(r->vol->records, sizeof(struct tree_node *), err) : NULL;
    if (!r->node)
        return WTG_E_NOMEM;
    int ret = tree_new(&r->tree, err);
    if (ret == 0)
        ret = ntfs_node_maker_init(&r->maker, r->vol, r->tree, err);
    if (ret == 0)
        ret = first_pass(r, err);
    if (ret == 0)
        ret = second_pass(r, err);
    if (ret == 0)
        ret = link_all(r, err);
    if (ret == 0)
        ret = tree_sort(r->tree, err);
    return ret;
}

int ntfs_read_tree(struct blk *blk, struct wtg_job *job, struct tree **ret, struct wtg_err *err)
{
    struct reader r = { .job = job };
    int code = ntfs_volume_open(blk, &r.vol, err);
    if (code == 0)
        code = read_all(&r, err);
    ntfs_node_maker_release(&r.maker);
    ntfs_file_release(&r.file);
    arena_release(&r.arena);
    free(r.row);
    free(r.node);
    free(r.name);
    ntfs_volume_free(r.vol);
    if (code == 0)
        *ret = r.tree;
    else
        tree_free(r.tree);
    return code;
}
