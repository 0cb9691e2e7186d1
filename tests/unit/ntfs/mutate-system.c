/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mutate.h"

#include <string.h>

/* Faults of $Secure, of the indexes in $Extend, and of the system's other files. */

static uint64_t sds_at(struct mut *m, uint64_t off)
{
    return mut_stream_at(m, "#9", NTFS_AT_DATA, "$SDS", off);
}

/* Changes a byte of $SDS, and the same one in the mirror. */
static void poke_sds(struct mut *m, uint64_t off, uint8_t v)
{
    mut_poke(m, sds_at(m, off), &v, 1);
    mut_poke(m, sds_at(m, off + NTFS_SDS_BLOCK), &v, 1);
}

/* The first two entries are the system's own, 0x80 bytes apart and equally long. */
enum { SECOND = 0x80, HEAD = 0x14 };

static void sds_offset(struct mut *m)
{
    poke_sds(m, SECOND + 8, 0x90);
}
static void sds_descriptor(struct mut *m)
{
    poke_sds(m, SECOND + HEAD + 0x20, 0x77);
}
static void sds_not_valid(struct mut *m)
{
    poke_sds(m, SECOND + HEAD, 7);
}
static void sds_same_id(struct mut *m)
{
    poke_sds(m, SECOND + 4, 0);
}

static void sds_same_bytes(struct mut *m)
{
    uint8_t copy[0x7c - HEAD];
    memcpy(copy, m->img + sds_at(m, HEAD), sizeof copy);
    mut_poke(m, sds_at(m, SECOND + HEAD), copy, sizeof copy);
    mut_poke(m, sds_at(m, NTFS_SDS_BLOCK + SECOND + HEAD), copy, sizeof copy);
}

static void sds_longer(struct mut *m)
{
    mut_load(m, "#9");
    uint8_t *a = mut_attr(m, NTFS_AT_DATA, "$SDS");
    put_le64(a + 0x30, le64_at(a + 0x30) + 1);
    put_le64(a + 0x38, le64_at(a + 0x30));
    mut_put(m);
}

/* 'alone' is the only file with its descriptor. */
static void descriptor_unused(struct mut *m)
{
    mut_load(m, "alone");
    put_le32((uint8_t *)mut_value(m, NTFS_AT_STANDARD_INFORMATION, "") + 0x34, 0x102);
    mut_put(m);
}

static void sii_missing(struct mut *m)
{
    struct ntfs_index_header_disk *h = mut_first(m, "#9", "$SII");
    mut_remove_entry(h, mut_nth(h, 1));
    mut_put_node(m);
}

/* ---- Other files ------------------------------------------------------------------------ */

/* A restart page as Windows writes it; `flags` 2: closed in order. */
static void restart_page(struct mut *m, uint16_t flags)
{
    uint8_t p[4096] = { 'R', 'S', 'T', 'R', 0x1e, 0, 9, 0 };
    put_le32(p + 0x10, 4096);
    put_le32(p + 0x14, 4096);
    put_le16(p + 0x18, 0x30);
    put_le16(p + 0x1e, 1);
    put_le16(p + 0x30 + 0x0e, flags);
    for (size_t i = 1; i <= 8; i++)
        put_le16(p + i * 512 - 2, 1);
    mut_poke(m, mut_stream_at(m, "#2", NTFS_AT_DATA, "", 0), p, sizeof p);
}

static void log_open(struct mut *m)
{
    restart_page(m, 0);
}
static void log_closed(struct mut *m)
{
    restart_page(m, 2);
}

static void boot_elsewhere(struct mut *m)
{
    mut_load(m, "#7");
    uint8_t *a = mut_attr(m, NTFS_AT_DATA, "");
    put_le64(a + 0x30, 4096);
    put_le64(a + 0x38, 4096);
    mut_put(m);
}

/* clang-format off */
const struct mutation mutate_system[] = {
    { "$SDS offset",            "sds",              CALL, .call = sds_offset },
    { "$SDS descriptor",        "sds-hash",         CALL, .call = sds_descriptor },
    { "$SDS descriptor",        "sd",               CALL, .call = sds_not_valid },
    { "$SDS mirror",            "sds-mirror",       STREAM, "#9", 0x80, "$SDS", .off = 0x40090, .width = 1, .op = '^', .v = 1 },
    { "$SDS hash",              "sds-hash",         STREAM, "#9", 0x80, "$SDS", .off = 0x80, .width = 1, .op = '^', .v = 1 },
    { "$SDS descriptor twice",  "sds-twice",        CALL, .call = sds_same_bytes },
    { "$SDS id twice",          "sds-id",           CALL, .call = sds_same_id },
    { "$SDS longer",            "sds-detail",       CALL, .call = sds_longer },
    { "descriptor unused",      "sd-unused",        CALL, .call = descriptor_unused },
    { "$SII offset",            "sii",              ENTRY, "#9", 1, "$SII", .off = 0x1c, .width = 1, .op = '^', .v = 0x10 },
    { "$SII id",                "sii",              ENTRY, "#9", 1, "$SII", .off = 0x10, .width = 2, .op = '=', .v = 0x999 },
    { "$SDH key",               "sdh",              ENTRY, "#9", 1, "$SDH", .off = 0x10, .width = 1, .op = '^', .v = 1 },
    { "$SDH data",              "sdh",              ENTRY, "#9", 1, "$SDH", .off = 0x18, .width = 1, .op = '^', .v = 1 },
    { "$SII entry missing",     "sds-unlisted",     CALL, .call = sii_missing },
    { "$SII out of order",      "index-order",      ENTRY, "#9", 1, "$SII", .off = 0x10, .width = 2, .op = '=', .v = 0x999 },
    { "bad security id",        "security-id",      VALUE, "plain", 0x10, .off = 0x34, .width = 4, .op = '=', .v = 0x999 },
    { "no security id",         "security-none",    VALUE, "plain", 0x10, .off = 0x34, .width = 4, .op = '=', .v = 0 },
    { "reparse length",         "reparse",          VALUE, "symlink", 0xc0, .off = 4, .width = 2, .op = '+', .v = 1 },
    { "reparse tag",            "reparse-unlisted", VALUE, "symlink", 0xc0, .off = 0, .width = 4, .op = '+', .v = 1 },
    { "$R reference",           "reparse-entry",    ENTRY, "#26", 0, "$R", .off = 0x14, .width = 1, .op = '^', .v = 1 },
    { "$R sequence",            "reparse-entry",    ENTRY, "#26", 0, "$R", .off = 0x1a, .width = 1, .op = '^', .v = 1 },
    { "$R tag",                 "reparse-entry",    ENTRY, "#26", 0, "$R", .off = 0x10, .width = 1, .op = '^', .v = 1 },
    { "$O reference",           "object-entry",     ENTRY, "#25", 0, "$O", .off = 0x20, .width = 1, .op = '^', .v = 1 },
    { "$O id",                  "object-unlisted",  ENTRY, "#25", 0, "$O", .off = 0x10, .width = 1, .op = '^', .v = 1 },
    { "$Q version",             "quota",            ENTRY, "#24", 0, "$Q", .off = 0x14, .width = 1, .op = '=', .v = 7 },
    { "EA size",                "ea",               VALUE, "attributes", 0xd0, .off = 4, .width = 4, .op = '+', .v = 4 },
    { "EA need count",          "ea",               VALUE, "attributes", 0xd0, .off = 2, .width = 2, .op = '+', .v = 1 },
    { "EA entry",               "ea",               VALUE, "attributes", 0xe0, .off = 0, .width = 4, .op = '=', .v = 4 },
    { "WOF algorithm",          "wof",              VALUE, "overlay", 0xc0, .off = 20, .width = 4, .op = '=', .v = 9 },
    { "WOF version",            "wof",              VALUE, "overlay", 0xc0, .off = 8, .width = 4, .op = '=', .v = 9 },
    { "initialized of a hole",  "wof-detail",       ATTR, "overlay", 0x80, .off = 0x38, .width = 8, .op = '=', .v = 0 },
    { "WOF chunk table",        "wof",              STREAM, "overlay", 0x80, "WofCompressedData", .off = 0, .width = 4, .op = '=', .v = 0xffffff },
    { "$UpCase",                "upcase",           STREAM, "#10", 0x80, .off = 0x200, .width = 1, .op = '+', .v = 1 },
    { "$UpCase:$Info",          "upcase-info",      VALUE, "#10", 0x80, "$Info", .off = 8, .width = 1, .op = '^', .v = 1 },
    { "$AttrDef",               "attrdef",          STREAM, "#4", 0x80, .off = 0x8c, .width = 1, .op = '^', .v = 1 },
    { "version",                "volume-version",   VALUE, "#3", 0x70, .off = 9, .width = 1, .op = '=', .v = 2 },
    { "dirty flag",             "volume-dirty",     VALUE, "#3", 0x70, .off = 10, .width = 1, .op = '=', .v = 1 },
    { "log left open",          "log-dirty",        CALL, .call = log_open },
    { "log closed",             "log-used",         CALL, .call = log_closed },
    { "log not a log",          "log",              STREAM, "#2", 0x80, .off = 0, .width = 4, .op = '=', .v = 0 },
    { "$Boot too small",        "boot-file",        CALL, .call = boot_elsewhere },
    { "$BadClus size",          "bad-clusters",     ATTR, "#8", 0x80, "$Bad", .off = 0x30, .width = 8, .op = '+', .v = UINT64_MAX },
    { "name of $AttrDef",       "system-file",      VALUE, "#4", 0x30, .off = 0x44, .width = 2, .op = '=', .v = 'X' },
    { "flags of $Secure",       "system-detail",    RECORD, "#9", .off = 0x16, .width = 2, .op = '=', .v = 1 },
    { "flags of $Quota",        "system-detail",    RECORD, "#24", .off = 0x16, .width = 2, .op = '=', .v = 9 },
};
/* clang-format on */
const size_t mutate_system_n = sizeof mutate_system / sizeof mutate_system[0];
