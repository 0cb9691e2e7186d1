/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/examine-priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "disk/layout.h"

/* The partition table, and which partitions are the ones that Windows needs. */

/* ---- Both copies of a GPT --------------------------------------------------------------- */

static const char *const state_words[] = {
    [GPT_FINE] = "is fine",
    [GPT_MISSING] = "is not there",
    [GPT_HEADER] = "has a damaged header",
    [GPT_ENTRIES] = "has damaged entries",
    [GPT_UNREADABLE] = "cannot be read",
};

static int tell_copy(struct exam *x, const char *key, const char *what, const struct gpt_copy *g,
                     struct wtg_err *err)
{
    char where[160];

    snprintf(where, sizeof where, "sector %" PRIu64 " of %.100s", g->lba, x->name);
    return exam_fact(x, key, gpt_state_name(g->state), where, err,
                     "the partition table at the %s %s", what, state_words[g->state]);
}

static int tell_copies(struct exam *x, struct wtg_err *err)
{
    static const char *const mbr_name[] = { "fine", "hybrid", "wrong", "missing" };
    static const char *const mbr_words[] = { "protects the GPT", "has partitions of its own",
                                             "does not protect the GPT", "is not there" };
    const struct gpt_look *g = &x->gpt;
    bool both = g->primary.state == GPT_FINE && g->backup.state == GPT_FINE;
    int r = tell_copy(x, "gpt.primary", "beginning of the disk", &g->primary, err);

    if (r == 0)
        r = tell_copy(x, "gpt.backup", "end of the disk", &g->backup, err);
    if (r == 0 && g->backup.state == GPT_FINE)
        r = exam_judge(x, g->at_end, "gpt.backup_place", "elsewhere", x->name, err,
                       "the copy of the partition table stands at the end of the disk",
                       "the copy of the partition table does not stand at the end of this disk: it "
                       "was copied from a smaller one");
    if (r == 0 && both)
        r = exam_judge(x, g->same, "gpt.copies", "differ", x->name, err,
                       "both partition tables say the same",
                       "the two partition tables are whole and say different things");
    return r < 0 ? r
                 : exam_fact(x, "gpt.protective", mbr_name[g->mbr], x->name, err, "the MBR %s",
                             mbr_words[g->mbr]);
}

/* ---- Partitions ------------------------------------------------------------------------- */

static const struct guid *known_type(const char *text, struct guid *g)
{
    return guid_parse(text, g) ? g : NULL;
}

static bool is_type(const struct exam_part *p, const char *text)
{
    struct guid g;
    return known_type(text, &g) && memcmp(&p->part.type, &g, sizeof g) == 0;
}

#define TYPE_ESP "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
#define TYPE_MSR "e3c9e316-0b5c-4db8-817d-f92df00215ae"
#define TYPE_DATA "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"
enum { MBR_ESP = 0xef, MBR_FAT32 = 0x0b, MBR_FAT32_LBA = 0x0c, MBR_NTFS = 0x07 };

static bool is_esp(const struct exam *x, const struct exam_part *p)
{
    return x->table.label == DISK_LABEL_GPT ? is_type(p, TYPE_ESP) : p->part.mbr_type == MBR_ESP;
}

static int slice_of(struct exam *x, const struct exam_part *p, struct blk **ret,
                    struct wtg_err *err)
{
    return blk_slice_new(x->disk, p->part.offset_bytes,
                         min_u64(p->part.size_bytes, x->disk->size - p->part.offset_bytes), ret,
                         err);
}

/* By either of its two boot sectors. */
static int find_kind(struct exam *x, struct exam_part *p, struct wtg_err *err)
{
    struct ntfs_look ntfs;
    struct fat *fat = NULL;
    struct wtg_err why = { 0 };
    struct blk *b = NULL;
    int r = slice_of(x, p, &b, err);

    if (r == 0)
        r = ntfs_look(b, &ntfs, err);
    if (r == 0 && ntfs.encrypted)
        p->kind = EXAM_BITLOCKER;
    else if (r == 0 && (ntfs.boot == NTFS_TWIN_FINE || ntfs.backup == NTFS_TWIN_FINE))
        p->kind = EXAM_NTFS;
    else if (r == 0 && (r = exam_soft(fat_open(b, &fat, &why))) == 0 && fat)
        p->kind = EXAM_FAT;
    if (r < 0 && !err->code)
        *err = why;
    fat_free(fat);
    blk_free(b);
    return r;
}

static int list_parts(struct exam *x, struct wtg_err *err)
{
    x->part = mem_zeroed(x->table.nparts + 1, sizeof *x->part, err);
    if (!x->part)
        return err->code;
    int r = 0;
    for (size_t i = 0; r == 0 && i < x->table.nparts; i++) {
        const struct disk_content_part *p = &x->table.part[i];
        if (!p->number || p->size_bytes == 0)
            continue;
        x->part[x->nparts].part = *p;
        r = find_kind(x, &x->part[x->nparts++], err);
    }
    return r;
}

static int tell_overlap(struct exam *x, struct wtg_err *err)
{
    for (size_t i = 0; i < x->nparts; i++)
        for (size_t k = i + 1; k < x->nparts; k++) {
            const struct disk_content_part *a = &x->part[i].part, *b = &x->part[k].part;
            if (a->offset_bytes < b->offset_bytes + b->size_bytes &&
                b->offset_bytes < a->offset_bytes + a->size_bytes)
                return exam_fact(x, "table.overlap", "some", x->name, err,
                                 "partitions %u and %u claim the same sectors", a->number,
                                 b->number);
        }
    return exam_fact(x, "table.overlap", "fine", x->name, err, "no two partitions overlap");
}

static int tell_alignment(struct exam *x, struct wtg_err *err)
{
    for (size_t i = 0; i < x->nparts; i++)
        if (x->part[i].part.offset_bytes % 4096)
            return exam_fact(
                x, "table.alignment", "odd", x->name, err,
                "partition %u does not begin on a border of 4096 bytes, which makes the "
                "stick slow",
                x->part[i].part.number);
    return exam_fact(x, "table.alignment", "fine", x->name, err,
                     "all partitions begin on borders of 4096 bytes");
}

/* Attributes of a GPT entry, "Partition attributes" of [MS] PARTITION_BASIC_INFORMATION. */
static int tell_attributes(struct exam *x, const struct exam_part *p, const char *where,
                           struct wtg_err *err)
{
    const uint64_t read_only = UINT64_C(1) << 60, hidden = UINT64_C(1) << 62,
                   shadow = UINT64_C(1) << 61,
                   known = read_only | hidden | shadow | DISK_ATTR_NO_LETTER | 1 | 2 | 4;
    uint64_t a = p->part.attributes;

    if (x->table.label != DISK_LABEL_GPT)
        return 0;
    return exam_fact(x, "part.attributes",
                     a & read_only           ? "read-only"
                     : a & (hidden | shadow) ? "hidden"
                     : a & ~known            ? "unknown"
                                             : "fine",
                     where, err, "the partition has the attributes 0x%016" PRIx64, a);
}

/* ---- Which is which --------------------------------------------------------------------- */

static bool has_folder(struct exam *x, const struct exam_part *p, const char *path)
{
    struct wtg_err ignored = { 0 };
    struct blk *b = NULL;
    struct fat *fat = NULL;
    struct tree *t = NULL;
    bool found = slice_of(x, p, &b, &ignored) == 0 && fat_open(b, &fat, &ignored) == 0 &&
                 fat_read_tree(fat, &t, &ignored) == 0 && tree_find(t, path);
    tree_free(t);
    fat_free(fat);
    blk_free(b);
    return found;
}

/* Other disks carry a boot file too: an installation stick has \EFI\Boot on its data. */
static const struct exam_part *find_esp(struct exam *x, size_t *ret_n)
{
    const struct exam_part *typed = NULL, *first = NULL;

    *ret_n = 0;
    for (size_t i = 0; i < x->nparts; i++) {
        const struct exam_part *p = &x->part[i];
        if (!is_esp(x, p) || p->kind == EXAM_NTFS)
            continue;
        ++*ret_n;
        if (!first)
            first = p;
        if (!typed && p->kind == EXAM_FAT && has_folder(x, p, "\\EFI\\Microsoft\\Boot"))
            typed = p;
    }
    if (typed || first)
        return typed ? typed : first;
    for (size_t i = 0; i < x->nparts; i++)
        if (x->part[i].kind == EXAM_FAT && has_folder(x, &x->part[i], "\\EFI\\Microsoft\\Boot"))
            return &x->part[i];
    return NULL;
}

/* The largest, if there are several: Windows needs most of the stick. */
static const struct exam_part *find_windows(struct exam *x)
{
    const struct exam_part *best = NULL;

    for (size_t i = 0; i < x->nparts; i++)
        if (x->part[i].kind == EXAM_NTFS &&
            (!best || x->part[i].part.size_bytes > best->part.size_bytes))
            best = &x->part[i];
    return best;
}

static int tell_esp(struct exam *x, struct wtg_err *err)
{
    size_t n = 0;
    char where[64] = "partition table";

    x->esp = find_esp(x, &n);
    if (x->esp)
        snprintf(where, sizeof where, "partition %u", x->esp->part.number);
    int r = exam_fact(x, "part.esp",
                      !x->esp  ? "none"
                      : n == 0 ? "mistyped"
                      : n > 1  ? "several"
                               : "fine",
                      where, err,
                      !x->esp  ? "there is no EFI system partition"
                      : n == 0 ? "the EFI system partition has the type of another kind"
                      : n > 1  ? "there is more than one EFI system partition"
                               : "there is one EFI system partition");
    return r < 0 || !x->esp ? r : slice_of(x, x->esp, &x->esp_blk, err);
}

static bool has_bitlocker(const struct exam *x)
{
    for (size_t i = 0; i < x->nparts; i++)
        if (x->part[i].kind == EXAM_BITLOCKER)
            return true;
    return false;
}

/* Something should be there, and nothing of NTFS can be seen: another trouble than no partition. */
static bool has_unknown_data(const struct exam *x)
{
    for (size_t i = 0; i < x->nparts; i++)
        if (x->part[i].kind == EXAM_OTHER && is_type(&x->part[i], TYPE_DATA))
            return true;
    return false;
}

static int tell_no_windows(struct exam *x, const char *where, struct wtg_err *err)
{
    if (has_bitlocker(x))
        return exam_fact(x, "part.windows", "bitlocker", where, err,
                         "the volume of Windows is encrypted by BitLocker");
    if (x->beyond)
        return exam_fact(x, "part.windows", "beyond", where, err,
                         "the partition of Windows does not lie on the disk");
    if (has_unknown_data(x))
        return exam_fact(x, "part.windows", "unrecognised", where, err,
                         "a data partition holds no file system that can be recognised");
    return exam_fact(x, "part.windows", "none", where, err, "no partition holds an NTFS volume");
}

static int tell_windows(struct exam *x, struct wtg_err *err)
{
    char where[64] = "partition table";

    x->win = find_windows(x);
    if (!x->win)
        return tell_no_windows(x, where, err);
    snprintf(where, sizeof where, "partition %u", x->win->part.number);
    bool gpt = x->table.label == DISK_LABEL_GPT;
    bool fine = gpt ? is_type(x->win, TYPE_DATA) : x->win->part.mbr_type == MBR_NTFS;
    int r = exam_fact(x, "part.windows_type",
                      fine                ? "fine"
                      : is_esp(x, x->win) ? "esp"
                                          : "other",
                      where, err,
                      fine ? "the NTFS partition has the type of one that holds data"
                      : is_esp(x, x->win)
                          ? "the NTFS partition has the type of an EFI system partition"
                          : "the NTFS partition has a type that Windows does not mount");
    if (r == 0)
        r = tell_attributes(x, x->win, where, err);
    if (r == 0)
        r = slice_of(x, x->win, &x->win_blk, err);
    return r;
}

int exam_volumes(struct exam *x, struct wtg_err *err)
{
    int r = x->table.label == DISK_LABEL_NONE ? 0 : list_parts(x, err);

    if (r < 0 || x->table.label == DISK_LABEL_NONE)
        return r;
    if ((r = tell_overlap(x, err)) < 0 || (r = tell_alignment(x, err)) < 0 ||
        (r = tell_esp(x, err)) < 0)
        return r;
    return tell_windows(x, err);
}

/* ---- The table -------------------------------------------------------------------------- */

/* A disk that was copied byte for byte from one with other sectors is looked at with those. */
static int other_sectors(struct exam *x, struct wtg_err *err)
{
    int r = exam_fact(x, "table.sector_size", "other", x->name, err,
                      "the partition table was made for sectors of %u bytes, the disk has %u",
                      x->gpt.other_sector_bytes, x->disk->sector_bytes);
    x->disk->sector_bytes = x->gpt.other_sector_bytes;
    gpt_look_release(&x->gpt);
    return r < 0 ? r : gpt_look(x->disk, &x->gpt, err);
}

int exam_table(struct exam *x, struct wtg_err *err)
{
    int r = gpt_look(x->disk, &x->gpt, err);

    if (r == 0 && x->gpt.other_sector_bytes)
        r = other_sectors(x, err);
    else if (r == 0)
        r = exam_fact(x, "table.sector_size", "fine", x->name, err,
                      "the partition table fits the disk's sectors of %u bytes",
                      x->disk->sector_bytes);
    if (r == 0)
        r = disk_contents_read(x->disk, &x->table, err);
    if (r < 0)
        return r;
    x->beyond = strstr(x->table.damage, "beyond") != NULL;
    bool traces = x->gpt.primary.state != GPT_MISSING || x->gpt.backup.state != GPT_MISSING ||
                  x->gpt.mbr == GPT_MBR_FINE;
    bool mbr = x->table.label == DISK_LABEL_MBR && !traces;
    r = exam_fact(x, "table.kind",
                  mbr                                ? "mbr"
                  : x->table.label == DISK_LABEL_GPT ? "gpt"
                  : traces                           ? "gpt-damaged"
                                                     : "none",
                  x->name, err, "%s",
                  mbr                                ? "the disk has an MBR partition table"
                  : x->table.label == DISK_LABEL_GPT ? "the disk has a GPT partition table"
                  : traces ? "the disk had a GPT, and neither copy can be used"
                           : "the disk has no partition table");
    if (r == 0 && !mbr && traces)
        r = tell_copies(x, err);
    if (r == 0 && x->table.label != DISK_LABEL_NONE)
        r = exam_judge(
            x, !x->beyond, "table.beyond", "some", x->name, err, "all partitions lie on the disk",
            "a partition ends behind the end of the disk: the copy was cut short, or the "
            "stick is smaller than its source");
    return r;
}
