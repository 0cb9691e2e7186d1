/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fat/fat-plan.h"

#include <inttypes.h>
#include <string.h>

/* Drivers disagree by a few clusters where FAT16 ends, so the volume keeps clear of the border, as
 * fatgen103 recommends. */
enum { LEAST_CLUSTERS = 65525 + 16 };

/* Cluster sizes that Windows chooses by itself; fatgen103. */
static const struct {
    uint64_t up_to_bytes;
    uint32_t cluster_bytes;
} defaults[] = {
    { UINT64_C(8) << 30, 4096 },
    { UINT64_C(16) << 30, 8192 },
    { UINT64_C(32) << 30, 16384 },
    { UINT64_MAX, FAT_CLUSTER_MAX },
};

static struct fat_shape shape_with(const struct fat_build_opts *o, uint32_t cluster_bytes)
{
    uint32_t sector = o->sector_bytes, per_cluster = cluster_bytes / sector;
    uint64_t sectors = o->size_bytes / sector;
    /* As if there were neither FATs nor reserved sectors: a few entries more than needed. */
    uint64_t fat = div_up((sectors / per_cluster + 2) * FAT_ENTRY_BYTES, sector);
    /* More reserved sectors, so that clusters lie on the blocks of flash and page cache. */
    uint64_t data =
        round_up(FAT_RESERVED_LEAST + FAT_COPIES * fat, max_u64(cluster_bytes, 4096) / sector);
    uint64_t clusters = data < sectors ? (sectors - data) / per_cluster : 0;

    return (struct fat_shape){
        .sector_bytes = sector,
        .cluster_bytes = cluster_bytes,
        .sectors = (uint32_t)sectors,
        .reserved_sectors = (uint32_t)(data - FAT_COPIES * fat),
        .fat_sectors = (uint32_t)fat,
        .clusters = (uint32_t)min_u64(clusters, FAT_CLUSTERS_MOST),
        .fat_offset = (data - FAT_COPIES * fat) * sector,
        .data_offset = data * sector,
    };
}

static uint64_t least_bytes(uint32_t sector)
{
    uint64_t fat = div_up((uint64_t)(LEAST_CLUSTERS + 2) * FAT_ENTRY_BYTES, sector) + 1;
    return round_up((LEAST_CLUSTERS + FAT_COPIES * fat + 2 * FAT_RESERVED_LEAST) * sector,
                    UINT64_C(1) << 20);
}

int fat_shape_make(const struct fat_build_opts *o, struct fat_shape *ret, struct wtg_err *err)
{
    uint32_t cluster = 0;

    if (o->sector_bytes != 512 && o->sector_bytes != 4096)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "sectors of %u bytes, not 512 or 4096",
                        o->sector_bytes);
    if (o->size_bytes / o->sector_bytes > UINT32_MAX || o->start_lba > UINT32_MAX)
        return wtg_fail(err, WTG_E_UNSUPPORTED,
                        "a FAT32 volume of %" PRIu64 " bytes at sector %" PRIu64
                        " does not fit into 32 bits of sector numbers",
                        o->size_bytes, o->start_lba);
    for (size_t i = 0; i < ARRAY_LEN(defaults) && !cluster; i++)
        if (o->size_bytes <= defaults[i].up_to_bytes)
            cluster = defaults[i].cluster_bytes;
    for (; cluster >= o->sector_bytes; cluster /= 2) {
        struct fat_shape s = shape_with(o, cluster);
        if (s.clusters < LEAST_CLUSTERS)
            continue;
        *ret = s;
        return 0;
    }
    wtg_fail(err, WTG_E_DISK_TOO_SMALL,
             "a FAT32 volume with sectors of %u bytes needs %" PRIu64 " bytes, here are %" PRIu64,
             o->sector_bytes, least_bytes(o->sector_bytes), o->size_bytes);
    return err->code;
}

/* Ours: int 0x18 tells a BIOS to try the next disk; if it comes back, halt. */
static const uint8_t no_boot_code[] = { 0xcd, 0x18, 0xf4, 0xeb, 0xfd };

static void boot_sector(const struct fat_shape *s, const struct fat_boot_facts *f, uint8_t *out)
{
    struct fat_boot_disk b = {
        .jump = { 0xeb, 0x58, 0x90 },
        .sector_bytes = to_le16((uint16_t)s->sector_bytes),
        .cluster_sectors = (uint8_t)(s->cluster_bytes / s->sector_bytes),
        .reserved_sectors = to_le16((uint16_t)s->reserved_sectors),
        .fats = FAT_COPIES,
        .media = FAT_MEDIA_FIXED,
        .track_sectors = to_le16(63),
        .heads = to_le16(255),
        .hidden_sectors = to_le32((uint32_t)f->start_lba),
        .sectors = to_le32(s->sectors),
        .fat_sectors = to_le32(s->fat_sectors),
        .root_cluster = to_le32(FAT_FIRST_CLUSTER),
        .fsinfo_sector = to_le16(FAT_FSINFO_SECTOR),
        .backup_sector = to_le16(FAT_BACKUP_SECTOR),
        .drive = 0x80,
        .ext_mark = 0x29,
        .volume_id = to_le32(f->volume_id),
        .mark = to_le16(0xaa55),
    };
    memcpy(b.oem, "MSWIN4.1", sizeof b.oem); /* what fatgen103 recommends for most readers */
    memcpy(b.label, f->label ? (const char *)f->label : "NO NAME    ", sizeof b.label);
    memcpy(b.type, "FAT32   ", sizeof b.type);
    memcpy(b.code, no_boot_code, sizeof no_boot_code);
    memcpy(out, &b, sizeof b);
}

void fat_boot_render(const struct fat_shape *s, const struct fat_boot_facts *f, uint8_t *out)
{
    struct fat_fsinfo_disk info = {
        .lead = to_le32(FAT_FSINFO_LEAD),
        .mark = to_le32(FAT_FSINFO_STRUCT),
        .free_clusters = to_le32(f->free_clusters),
        .next_free = to_le32(f->next_free),
        .trail = to_le32(FAT_SECTOR_TRAIL),
    };
    size_t sector = s->sector_bytes;

    boot_sector(s, f, out);
    memcpy(out + FAT_FSINFO_SECTOR * sector, &info, sizeof info);
    put_le32(out + 2 * sector + 508, FAT_SECTOR_TRAIL);
    memcpy(out + FAT_BACKUP_SECTOR * sector, out, FAT_BOOT_SECTORS * sector);
}
