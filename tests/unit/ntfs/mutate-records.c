/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mutate.h"

#include <string.h>

/* Faults of the boot sector, of records, attributes, runs and attribute lists. */

static void tear_record(struct mut *m)
{
    mut_load(m, "plain");
    mut_put(m);
    mut_undo(m); /* only to learn where it stands */
    uint64_t at = m->vol->mft.extents.item[0].lcn * m->vol->geom.cluster_bytes +
                  m->rec_n * m->vol->geom.record_bytes;
    uint8_t b = m->img[at + 510] ^ 1;
    mut_poke(m, at + 510, &b, 1);
}

static void magic(struct mut *m, const char *file, const char *text)
{
    uint64_t at = m->vol->mft.extents.item[0].lcn * m->vol->geom.cluster_bytes +
                  mut_find(m, file) * m->vol->geom.record_bytes;
    mut_poke(m, at, text, 4);
}

static void wipe_magic(struct mut *m)
{
    magic(m, "plain", "XXXX");
}
static void wipe_free_magic(struct mut *m)
{
    magic(m, "#16", "\0\0\0\0");
}

static void mirror_differs(struct mut *m)
{
    uint8_t b = 0x77;
    mut_poke(m, m->vol->geom.mirror_lcn * m->vol->geom.cluster_bytes + 0x300, &b, 1);
}

static void backup_differs(struct mut *m)
{
    uint8_t b = 0x77;
    mut_poke(m, m->vol->geom.sectors * m->vol->geom.sector_bytes + 0x60, &b, 1);
}

static void flip_mft_bit(struct mut *m, uint64_t n)
{
    uint64_t at = mut_stream_at(m, "#0", NTFS_AT_BITMAP, "", n / 8);
    uint8_t b = m->img[at] ^ (uint8_t)(1u << n % 8);
    mut_poke(m, at, &b, 1);
}

static void mft_bit_cleared(struct mut *m)
{
    flip_mft_bit(m, mut_find(m, "plain"));
}
static void mft_bit_set(struct mut *m)
{
    flip_mft_bit(m, 40);
}

/* $STANDARD_INFORMATION and the attribute behind it change places. */
static void swap_attrs(struct mut *m)
{
    uint8_t copy[NTFS_READ_RECORD_MAX];
    mut_load(m, "plain");
    uint8_t *a = mut_attr(m, NTFS_AT_STANDARD_INFORMATION, "");
    uint32_t an = le32_at(a + 4), bn = le32_at(a + an + 4);
    memcpy(copy, a, an);
    memmove(a, a + an, bn);
    memcpy(a + bn, copy, an);
    mut_put(m);
}

static void same_instance(struct mut *m)
{
    mut_load(m, "plain");
    struct ntfs_attr_disk *a = mut_attr(m, NTFS_AT_STANDARD_INFORMATION, "");
    struct ntfs_attr_disk *b = mut_attr(m, NTFS_AT_DATA, "");
    b->instance = a->instance;
    mut_put(m);
}

static void same_stream_name(struct mut *m)
{
    mut_load(m, "streams");
    uint8_t *two = mut_attr(m, NTFS_AT_DATA, "two");
    memcpy(two + le16_at(two + 10), "o\0n\0e\0", 6);
    mut_put(m);
}

static void remove_attr(struct mut *m, const char *file, uint32_t type, const char *name)
{
    mut_load(m, file);
    mut_remove_attr(m, mut_attr(m, type, name));
    mut_put(m);
}

static void no_standard(struct mut *m)
{
    remove_attr(m, "small", NTFS_AT_STANDARD_INFORMATION, "");
}
static void no_data(struct mut *m)
{
    remove_attr(m, "small", NTFS_AT_DATA, "");
}
static void no_index(struct mut *m)
{
    remove_attr(m, "down", NTFS_AT_INDEX_ROOT, NTFS_NAME_I30);
}
static void no_name(struct mut *m)
{
    remove_attr(m, "small", NTFS_AT_FILE_NAME, "");
}

/* ---- Runs ------------------------------------------------------------------------------- */

static uint8_t *pairs(struct mut *m, const char *file)
{
    mut_load(m, file);
    uint8_t *a = mut_attr(m, NTFS_AT_DATA, "");
    return a + le16_at(a + 0x20);
}

static void bad_pairs(struct mut *m)
{
    *pairs(m, "plain") = 0xff;
    mut_put(m);
}

static void pairs_too_short(struct mut *m)
{
    uint8_t *p = pairs(m, "plain");
    p[1] = (uint8_t)(p[1] - 1); /* one byte of length */
    mut_put(m);
}

static void run_beyond_volume(struct mut *m)
{
    uint8_t *p = pairs(m, "plain");
    p[1 + (p[0] & 15) + (p[0] >> 4) - 1] = 0x7f; /* the highest byte of the cluster */
    mut_put(m);
}

static void two_runs_for_one(struct mut *m)
{
    uint8_t *p = pairs(m, "plain"), dist = p[0] >> 4, n = p[1];
    uint8_t *q = p + 2 + dist;
    p[1] = 1;
    q[0] = 0x11, q[1] = (uint8_t)(n - 1), q[2] = 1, q[3] = 0;
    mut_put(m);
}

static void hole_unflagged(struct mut *m)
{
    uint8_t *p = pairs(m, "plain");
    p[0] &= 15;
    p[1 + p[0]] = 0;
    mut_put(m);
}

static void cross_link(struct mut *m)
{
    uint8_t copy[8];
    memcpy(copy, pairs(m, "plain"), sizeof copy);
    memcpy(pairs(m, "alike"), copy, sizeof copy);
    mut_put(m);
}

static void flip_cluster(struct mut *m, uint64_t lcn)
{
    uint64_t at = mut_stream_at(m, "#6", NTFS_AT_DATA, "", lcn / 8);
    uint8_t b = m->img[at] ^ (uint8_t)(1u << lcn % 8);
    mut_poke(m, at, &b, 1);
}

static void cluster_free(struct mut *m)
{
    flip_cluster(m, mut_stream_at(m, "plain", NTFS_AT_DATA, "", 4096) / 4096);
}

static void cluster_lost(struct mut *m)
{
    uint64_t at = mut_stream_at(m, "#6", NTFS_AT_DATA, "", 0), lcn = m->vol->geom.clusters - 9;
    while (m->img[at + lcn / 8] >> lcn % 8 & 1)
        lcn--;
    flip_cluster(m, lcn);
}

static void cluster_beyond(struct mut *m)
{
    flip_cluster(m, m->vol->geom.clusters);
}

static void stream_begins_late(struct mut *m)
{
    mut_load(m, "plain");
    uint8_t *a = mut_attr(m, NTFS_AT_DATA, "");
    put_le64(a + 0x10, 1);
    put_le64(a + 0x18, le64_at(a + 0x18) + 1);
    mut_put(m);
}

/* ---- Attribute lists -------------------------------------------------------------------- */

/* The list of 'link 0 ...'s file, which stands in clusters of its own. */
static const char links[] = "link 0 with a long name, so that they fill records";

static uint64_t list_at(struct mut *m, uint64_t off)
{
    return mut_stream_at(m, links, NTFS_AT_ATTRIBUTE_LIST, "", off);
}

/* Its first two entries: $STANDARD_INFORMATION and a $FILE_NAME, both of 0x20 bytes. */
static void list_order(struct mut *m)
{
    uint8_t swapped[0x40];
    uint64_t at = list_at(m, 0);
    memcpy(swapped, m->img + at + 0x20, 0x20);
    memcpy(swapped + 0x20, m->img + at, 0x20);
    mut_poke(m, at, swapped, sizeof swapped);
}

static void list_shorter(struct mut *m)
{
    mut_load(m, links);
    uint8_t *a = mut_attr(m, NTFS_AT_ATTRIBUTE_LIST, "");
    put_le64(a + 0x30, le64_at(a + 0x30) - 0x20);
    put_le64(a + 0x38, le64_at(a + 0x30));
    mut_put(m);
}

/* Finds an extension record of that file. */
static void extension_of_other(struct mut *m)
{
    uint64_t base = mut_find(m, links);
    for (uint64_t n = base + 1;; n++) {
        struct wtg_err err = { 0 };
        struct ntfs_record_disk *d = (void *)m->rec;
        if (ntfs_record_read(m->vol, n, m->rec, &err) < 0)
            return;
        if (ntfs_ref_record(get_le64(d->base_ref)) != base)
            continue;
        m->rec_n = n;
        d->base_ref = to_le64(get_le64(d->base_ref) + ((uint64_t)1 << 48));
        mut_put(m);
        return;
    }
}

/* clang-format off */
const struct mutation mutate_records[] = {
    { "media descriptor",       "boot-field",      IMAGE, .off = 0x15, .width = 1, .op = '=', .v = 0 },
    { "reserved sectors",       "boot-field",      IMAGE, .off = 0x0e, .width = 1, .op = '=', .v = 1 },
    { "no 55 AA",               "boot-field",      IMAGE, .off = 0x1fe, .width = 1, .op = '=', .v = 0 },
    { "geometry",               "boot-detail",     IMAGE, .off = 0x18, .width = 1, .op = '=', .v = 1 },
    { "serial number 0",        "boot-detail",     IMAGE, .off = 0x48, .width = 8, .op = '=', .v = 0 },
    { "hidden sectors",         "boot-start",      IMAGE, .off = 0x1c, .width = 4, .op = '+', .v = 1 },
    { "total sectors",          "boot-size",       IMAGE, .off = 0x28, .width = 8, .op = '+', .v = UINT64_MAX },
    { "backup boot sector",     "boot-backup",     CALL, .call = backup_differs },
    { "$MFT beyond the volume", "unreadable",      IMAGE, .off = 0x37, .width = 1, .op = '=', .v = 0x7f },
    { "cluster size code",      "unreadable",      IMAGE, .off = 0x0d, .width = 1, .op = '=', .v = 3 },
    { "$MFTMirr differs",       "mft-mirror",      CALL, .call = mirror_differs },
    { "magic of a file",        "record-magic",    CALL, .call = wipe_magic },
    { "magic of a free record", "record-blank",    CALL, .call = wipe_free_magic },
    { "torn record",            "record-torn",     CALL, .call = tear_record },
    { "sequence number 0",      "record-header",   RECORD, "plain", .off = 0x10, .width = 2, .op = '=', .v = 0 },
    { "record number",          "record-header",   RECORD, "plain", .off = 0x2c, .width = 4, .op = '+', .v = 1 },
    { "record size",            "record-header",   RECORD, "plain", .off = 0x1c, .width = 4, .op = '=', .v = 512 },
    { "first attribute",        "record-header",   RECORD, "plain", .off = 0x14, .width = 2, .op = '=', .v = 0x30 },
    { "record flags",           "record-detail",   RECORD, "plain", .off = 0x16, .width = 2, .op = '+', .v = 0x100 },
    { "view flag",              "record-detail",   RECORD, "plain", .off = 0x16, .width = 2, .op = '+', .v = 8 },
    { "bytes in use",           "record-used",     RECORD, "plain", .off = 0x18, .width = 4, .op = '+', .v = 8 },
    { "next instance",          "record-instance", RECORD, "plain", .off = 0x28, .width = 2, .op = '=', .v = 0 },
    { "record not in use",      "mft-bitmap",      RECORD, "plain", .off = 0x16, .width = 2, .op = '=', .v = 0 },
    { "bit of a file cleared",  "mft-bitmap",      CALL, .call = mft_bit_cleared },
    { "bit of no file set",     "mft-bitmap",      CALL, .call = mft_bit_set },
    { "attribute length",       "attr",            ATTR, "plain", 0x80, .off = 4, .width = 4, .op = '=', .v = 0x400 },
    { "value outside",          "attr",            ATTR, "small", 0x80, .off = 0x10, .width = 4, .op = '=', .v = 0x400 },
    { "no end mark",            "attr",            RECORD, "small", .off = 0x18, .width = 4, .op = '+', .v = UINT32_MAX - 7 },
    { "attributes swapped",     "attr-order",      CALL, .call = swap_attrs },
    { "instance twice",         "attr-instance",   CALL, .call = same_instance },
    { "stream twice",           "attr-twice",      CALL, .call = same_stream_name },
    { "no standard info",       "attr-missing",    CALL, .call = no_standard },
    { "no data",                "attr-missing",    CALL, .call = no_data },
    { "directory, no index",    "attr-missing",    CALL, .call = no_index },
    { "directory flag",         "attr-missing",    RECORD, "plain", .off = 0x16, .width = 2, .op = '+', .v = 2 },
    { "unknown type",           "attr-type",       ATTR, "small", 0x80, .off = 0, .width = 4, .op = '=', .v = 0x88 },
    { "non-resident root",      "attr-residence",  ATTR, "plain", 0x80, .off = 0, .width = 4, .op = '=', .v = 0x90 },
    { "size of an object id",   "attr-size",       ATTR, "object", 0x40, .off = 0x10, .width = 4, .op = '=', .v = 8 },
    { "attribute flags",        "attr-flags",      ATTR, "small", 0x10, .off = 0x0c, .width = 2, .op = '=', .v = 1 },
    { "compression unit",       "attr-flags",      ATTR, "plain", 0x80, .off = 0x22, .width = 1, .op = '=', .v = 4 },
    { "indexed",                "attr-detail",     ATTR, "small", 0x30, .off = 0x16, .width = 1, .op = '=', .v = 0 },
    { "mapping pairs",          "runs",            CALL, .call = bad_pairs },
    { "runs too short",         "runs",            CALL, .call = pairs_too_short },
    { "highest VCN",            "runs",            ATTR, "plain", 0x80, .off = 0x18, .width = 8, .op = '+', .v = 1 },
    { "run beyond the volume",  "runs",            CALL, .call = run_beyond_volume },
    { "two runs for one",       "runs-split",      CALL, .call = two_runs_for_one },
    { "hole",                   "runs-hole",       CALL, .call = hole_unflagged },
    { "cross-linked",           "cross-link",      CALL, .call = cross_link },
    { "used cluster is free",   "cluster-free",    CALL, .call = cluster_free },
    { "free cluster is used",   "cluster-lost",    CALL, .call = cluster_lost },
    { "bits behind the end",    "cluster-beyond",  CALL, .call = cluster_beyond },
    { "allocated size",         "size-allocated",  ATTR, "plain", 0x80, .off = 0x28, .width = 8, .op = '+', .v = 4096 },
    { "total allocated",        "size-total",      ATTR, "sparse", 0x80, .off = 0x40, .width = 8, .op = '+', .v = 4096 },
    { "size above allocated",   "size-data",       ATTR, "plain", 0x80, .off = 0x30, .width = 8, .op = '=', .v = 20000 },
    { "size far below it",      "size-slack",      ATTR, "plain", 0x80, .off = 0x30, .width = 8, .op = '=', .v = 4000 },
    { "initialized above size", "size-initialized", ATTR, "plain", 0x80, .off = 0x38, .width = 8, .op = '+', .v = 1 },
    { "lowest VCN",             "stream-gap",      CALL, .call = stream_begins_late },
    { "entry without length",   "list",            STREAM, links, 0x20, .off = 0x24, .width = 2, .op = '=', .v = 0 },
    { "list entries swapped",   "list-order",      CALL, .call = list_order },
    { "instance in a list",     "list-entry",      STREAM, links, 0x20, .off = 0x18, .width = 2, .op = '+', .v = 77 },
    { "sequence in a list",     "list-entry",      STREAM, links, 0x20, .off = 0x16, .width = 2, .op = '+', .v = 1 },
    { "VCN in a list",          "list-entry",      STREAM, links, 0x20, .off = 0x28, .width = 8, .op = '=', .v = 5 },
    { "list one shorter",       "list-missing",    CALL, .call = list_shorter },
    { "extension of another",   "extension",       CALL, .call = extension_of_other },
    { "attribute DIRECTORY",    "standard",        VALUE, "plain", 0x10, .off = 0x20, .width = 4, .op = '+', .v = 0x10 },
    { "negative time",          "standard",        VALUE, "plain", 0x10, .off = 0x0f, .width = 1, .op = '=', .v = 0xff },
    { "no REPARSE attribute",   "standard-flags",  VALUE, "symlink", 0x10, .off = 0x20, .width = 4, .op = '^', .v = 0x400 },
    { "SPARSE attribute",       "standard-flags",  VALUE, "plain", 0x10, .off = 0x20, .width = 4, .op = '+', .v = 0x200 },
    { "link count",             "links",           RECORD, "twin a", .off = 0x12, .width = 2, .op = '+', .v = 1 },
    { "no name",                "nameless",        CALL, .call = no_name },
};
/* clang-format on */
const size_t mutate_records_n = sizeof mutate_records / sizeof mutate_records[0];
