/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/build-priv.h"

#include "tree/names.h"

/* The files that make a volume a volume, as tables.  Flags, attributes and descriptors are those
 * that mkntfs (ntfs-3g 2022.10.3) gives them, but security ids everywhere, as Windows has it. */

#define DIRECTORY NTFS_RECORD_DIRECTORY
#define VIEW NTFS_RECORD_VIEW_INDEX
#define EXTEND (NTFS_RECORD_EXTEND | NTFS_RECORD_VIEW_INDEX)
enum {
    HS = ATTR_HIDDEN | ATTR_SYSTEM,
    HSA = HS | ATTR_ARCHIVE,
    READ = NTFS_SECURITY_ID_SYSTEM,
    WRITE = NTFS_SECURITY_ID_EXTEND,
};
/* clang-format off */
const struct system_file system_files[SYSTEM_FILES] = {
    { NTFS_REC_MFT,      "$MFT",     0,         READ,  HS,                       false },
    { NTFS_REC_MFTMIRR,  "$MFTMirr", 0,         READ,  HS,                       false },
    { NTFS_REC_LOGFILE,  "$LogFile", 0,         READ,  HS,                       false },
    { NTFS_REC_VOLUME,   "$Volume",  0,         WRITE, HS,                       false },
    { NTFS_REC_ATTRDEF,  "$AttrDef", 0,         READ,  HS,                       false },
    { NTFS_REC_ROOT,     ".",        DIRECTORY, 0 /* the tree's own: this row only names it */, 0, false },
    { NTFS_REC_BITMAP,   "$Bitmap",  0,         READ,  HS,                       false },
    { NTFS_REC_BOOT,     "$Boot",    0,         READ,  HS,                       false },
    { NTFS_REC_BADCLUS,  "$BadClus", 0,         READ,  HS,                       false },
    { NTFS_REC_SECURE,   "$Secure",  VIEW,      WRITE, HS | NTFS_FN_VIEW_INDEX,  false },
    { NTFS_REC_UPCASE,   "$UpCase",  0,         READ,  HS,                       false },
    { NTFS_REC_EXTEND,   "$Extend",  DIRECTORY, WRITE, HS,                       false },
    { 12,                NULL,       0,         WRITE, HS,                       false },
    { 13,                NULL,       0,         WRITE, HS,                       false },
    { 14,                NULL,       0,         WRITE, HS,                       false },
    { 15,                NULL,       0,         WRITE, HS,                       false },
    { NTFS_REC_QUOTA,    "$Quota",   EXTEND,    WRITE, HSA | NTFS_FN_VIEW_INDEX, true },
    { NTFS_REC_OBJID,    "$ObjId",   EXTEND,    WRITE, HSA | NTFS_FN_VIEW_INDEX, true },
    { NTFS_REC_REPARSE,  "$Reparse", EXTEND,    WRITE, HSA | NTFS_FN_VIEW_INDEX, true },
};

enum source { EMPTY, IN_AREA, ALL_BAD, MADE };
static mft_put put_volume_name, put_volume_information, put_upcase_info;

static const struct system_stream {
    uint8_t record;
    uint32_t type;
    const uint16_t *name;
    uint8_t name_len;
    enum source source;
    enum area_id area;    /* IN_AREA */
    mft_put *put;         /* MADE */
    uint32_t value_len;
} streams[] = {
    { NTFS_REC_MFT,     NTFS_AT_DATA,   NULL,      0, IN_AREA, AREA_MFT,        NULL, 0 },
    { NTFS_REC_MFT,     NTFS_AT_BITMAP, NULL,      0, IN_AREA, AREA_MFT_BITMAP, NULL, 0 },
    { NTFS_REC_MFTMIRR, NTFS_AT_DATA,   NULL,      0, IN_AREA, AREA_MIRROR,     NULL, 0 },
    { NTFS_REC_LOGFILE, NTFS_AT_DATA,   NULL,      0, IN_AREA, AREA_LOG,        NULL, 0 },
    { NTFS_REC_VOLUME,  NTFS_AT_VOLUME_NAME, NULL, 0, MADE,    AREAS, put_volume_name, 0 /* label */ },
    { NTFS_REC_VOLUME,  NTFS_AT_VOLUME_INFORMATION, NULL, 0, MADE, AREAS, put_volume_information,
      sizeof(struct ntfs_volume_information_disk) },
    { NTFS_REC_VOLUME,  NTFS_AT_DATA,   NULL,      0, EMPTY,   AREAS,           NULL, 0 },
    { NTFS_REC_ATTRDEF, NTFS_AT_DATA,   NULL,      0, IN_AREA, AREA_ATTRDEF,    NULL, 0 },
    { NTFS_REC_BITMAP,  NTFS_AT_DATA,   NULL,      0, IN_AREA, AREA_BITMAP,     NULL, 0 },
    { NTFS_REC_BOOT,    NTFS_AT_DATA,   NULL,      0, IN_AREA, AREA_BOOT,       NULL, 0 },
    { NTFS_REC_BADCLUS, NTFS_AT_DATA,   NULL,      0, EMPTY,   AREAS,           NULL, 0 },
    { NTFS_REC_BADCLUS, NTFS_AT_DATA,   u"$Bad",   4, ALL_BAD, AREAS,           NULL, 0 },
    { NTFS_REC_SECURE,  NTFS_AT_DATA,   u"$SDS",   4, IN_AREA, AREA_SDS,        NULL, 0 },
    { NTFS_REC_UPCASE,  NTFS_AT_DATA,   NULL,      0, IN_AREA, AREA_UPCASE,     NULL, 0 },
    { NTFS_REC_UPCASE,  NTFS_AT_DATA,   u"$Info",  5, MADE,    AREAS, put_upcase_info,
      NTFS_UPCASE_INFO_BYTES },
    { 12,               NTFS_AT_DATA,   NULL,      0, EMPTY,   AREAS,           NULL, 0 },
    { 13,               NTFS_AT_DATA,   NULL,      0, EMPTY,   AREAS,           NULL, 0 },
    { 14,               NTFS_AT_DATA,   NULL,      0, EMPTY,   AREAS,           NULL, 0 },
    { 15,               NTFS_AT_DATA,   NULL,      0, EMPTY,   AREAS,           NULL, 0 },
};

/* "$AttrDef" of NTFS 3.1. */
static const struct {
    const char *name;
    uint32_t type, flags;
    uint64_t min, max;
} attribute_types[NTFS_ATTRDEF_ENTRIES - 1] = {
    { "$STANDARD_INFORMATION",  0x10,  0x40, 48, 72 },
    { "$ATTRIBUTE_LIST",        0x20,  0x80, 0,  UINT64_MAX },
    { "$FILE_NAME",             0x30,  0x42, 68, 578 },
    { "$OBJECT_ID",             0x40,  0x40, 0,  256 },
    { "$SECURITY_DESCRIPTOR",   0x50,  0x80, 0,  UINT64_MAX },
    { "$VOLUME_NAME",           0x60,  0x40, 2,  256 },
    { "$VOLUME_INFORMATION",    0x70,  0x40, 12, 12 },
    { "$DATA",                  0x80,  0x00, 0,  UINT64_MAX },
    { "$INDEX_ROOT",            0x90,  0x40, 0,  UINT64_MAX },
    { "$INDEX_ALLOCATION",      0xa0,  0x80, 0,  UINT64_MAX },
    { "$BITMAP",                0xb0,  0x80, 0,  UINT64_MAX },
    { "$REPARSE_POINT",         0xc0,  0x80, 0,  16384 },
    { "$EA_INFORMATION",        0xd0,  0x40, 8,  8 },
    { "$EA",                    0xe0,  0x00, 0,  65536 },
    { "$LOGGED_UTILITY_STREAM", 0x100, 0x80, 0,  65536 },
};
/* clang-format on */

void system_put_attrdef(uint8_t *buf)
{
    struct ntfs_attrdef_disk *d = (void *)buf;
    for (size_t i = 0; i < ARRAY_LEN(attribute_types); i++, d++) {
        for (size_t c = 0; attribute_types[i].name[c]; c++)
            d->name[c] = to_le16((uint8_t)attribute_types[i].name[c]);
        d->type = to_le32(attribute_types[i].type);
        d->flags = to_le32(attribute_types[i].flags);
        d->min_bytes = to_le64(attribute_types[i].min);
        d->max_bytes = to_le64(attribute_types[i].max);
    }
}

void system_files_init(struct ntfs_build *b)
{
    for (size_t i = 0; i < SYSTEM_FILES; i++) {
        const struct system_file *s = &system_files[i];
        struct tree_node *n = &b->system_node[i];
        struct tree_link *l = &b->system_link[i];
        n->attributes = s->attributes | (s->flags & DIRECTORY ? ATTR_DIRECTORY : 0);
        n->created = n->accessed = n->written = n->changed = b->o.time;
        n->mark = i;
        l->node = i == SYSTEM_ROOT ? b->tree->root : n;
        l->parent = s->in_extend ? &b->system_node[SYSTEM_EXTEND] : b->tree->root;
        l->name = b->system_name[i];
        for (; s->name && s->name[l->name_len]; l->name_len++)
            b->system_name[i][l->name_len] = (uint8_t)s->name[l->name_len];
    }
}

static void put_volume_name(const struct mft_attr *a, uint8_t *value)
{
    const struct ntfs_build *b = a->owner;
    for (size_t i = 0; i < b->label_len; i++)
        put_le16(value + i * 2, b->label[i]);
}

static void put_volume_information(const struct mft_attr *a, uint8_t *value)
{
    (void)a;
    struct ntfs_volume_information_disk *d = (void *)value;
    d->major = 3;
    d->minor = 1;
}

/* CRC-64 as $UpCase:$Info has it: reflected, polynomial 9a6c9329ac4bc9b5, all ones before and
 * after ("CRC-64/NVME"). */
static uint64_t crc64_add(uint64_t crc, uint8_t byte)
{
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++)
        crc = crc >> 1 ^ (crc & 1 ? UINT64_C(0x9a6c9329ac4bc9b5) : 0);
    return crc;
}

static void put_upcase_info(const struct mft_attr *a, uint8_t *value)
{
    (void)a;
    const uint16_t *upcase = names_upcase();
    uint64_t crc = UINT64_MAX;
    for (size_t i = 0; i < UPCASE_UNITS; i++)
        crc = crc64_add(crc64_add(crc, (uint8_t)upcase[i]), (uint8_t)(upcase[i] >> 8));
    struct ntfs_upcase_info_disk *d = (void *)value;
    d->length = to_le32(sizeof *d);
    d->crc = to_le64(~crc);
}

static int add_stream(struct ntfs_build *b, const struct system_stream *s, struct wtg_err *err)
{
    struct mft_attr *a = mft_add(&b->mft, s->type, s->name, s->name_len, err);
    if (!a)
        return err->code;
    a->pinned = true;
    a->nonresident = s->source == IN_AREA || s->source == ALL_BAD;
    a->put = s->put;
    a->owner = b;
    /* Present though empty, as mkntfs has it: sleuthkit and libfsntfs refuse a volume without. */
    a->value_len = s->type == NTFS_AT_VOLUME_NAME ? (uint32_t)b->label_len * 2 : s->value_len;
    if (s->source == IN_AREA) {
        const struct area *area = &b->area[s->area];
        a->one = (struct ntfs_run){ area->lcn, area->clusters };
        a->allocated = area->clusters * CLUSTER;
        a->data_size = a->initialized = area->bytes;
    } else if (s->source == ALL_BAD) { /* a hole as large as the volume: no cluster is bad */
        a->one = (struct ntfs_run){ RUN_HOLE, b->clusters };
        a->allocated = a->data_size = b->clusters * CLUSTER;
    }
    return 0;
}

int system_attrs(struct ntfs_build *b, const struct build_file *f, uint32_t type,
                 struct wtg_err *err)
{
    for (size_t i = 0; f->system && i < ARRAY_LEN(streams); i++) {
        const struct system_stream *s = &streams[i];
        if (s->record != f->system->record || s->type != type)
            continue;
        if (add_stream(b, s, err) < 0)
            return err->code;
    }
    return 0;
}

enum area_id system_data_area(const struct system_file *f)
{
    for (size_t i = 0; i < ARRAY_LEN(streams); i++)
        if (streams[i].record == f->record && streams[i].type == NTFS_AT_DATA &&
            streams[i].name_len == 0)
            return streams[i].area;
    return AREAS;
}

/* The code of a size in the boot sector: clusters, or 2^-code bytes below a cluster. */
static uint8_t size_code(uint32_t bytes)
{
    return bytes >= CLUSTER ? (uint8_t)(bytes / CLUSTER) : (uint8_t)-__builtin_ctz(bytes);
}

void system_put_boot(const struct ntfs_build *b, uint8_t *sector)
{
    struct ntfs_boot_disk *d = (void *)sector;
    memcpy(d->jump, "\xeb\x52\x90", sizeof d->jump);
    memcpy(d->oem, NTFS_OEM, sizeof d->oem);
    d->sector_bytes = to_le16((uint16_t)b->o.sector_bytes);
    d->cluster_sectors = (uint8_t)(CLUSTER / b->o.sector_bytes);
    d->media = 0xf8;
    d->track_sectors = to_le16(63);
    d->heads = to_le16(255);
    d->hidden_sectors = to_le32(b->o.start_lba > UINT32_MAX ? 0 : (uint32_t)b->o.start_lba);
    memcpy(d->drive, "\x80\0\x80\0", sizeof d->drive);
    d->total_sectors = to_le64(b->o.size_bytes / b->o.sector_bytes - 1);
    d->mft_lcn = to_le64(b->area[AREA_MFT].lcn);
    d->mirror_lcn = to_le64(b->area[AREA_MIRROR].lcn);
    d->record_size = size_code(b->record_bytes);
    d->index_block_size = size_code(INDEX_BLOCK_BYTES);
    d->serial = to_le64(b->o.serial);
    d->mark[0] = 0x55;
    d->mark[1] = 0xaa;
}
