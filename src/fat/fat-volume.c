/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fat/fat-volume.h"

#include <inttypes.h>
#include <string.h>

/* ---- the boot sector -------------------------------------------------------------------- */

static bool power_of_two(uint32_t v)
{
    return v != 0 && (v & (v - 1)) == 0;
}

static int check_kind(const struct fat_boot_disk *b, struct wtg_err *err)
{
    uint32_t sector = get_le16(b->sector_bytes);

    if (get_le16(b->mark) != 0xaa55)
        return wtg_fail(err, WTG_E_VOLUME_FORMAT, "no mark 55 aa at byte 510");
    if (!power_of_two(sector) || sector < 512 || sector > 4096)
        return wtg_fail(err, WTG_E_VOLUME_FORMAT,
                        "sectors of %u bytes at byte 11, not 512, 1024, 2048 or 4096", sector);
    if (!power_of_two(b->cluster_sectors))
        return wtg_fail(err, WTG_E_VOLUME_FORMAT, "clusters of %u sectors, no power of two",
                        b->cluster_sectors);
    if (get_le16(b->root_entries) || get_le16(b->fat_sectors16) || !get_le32(b->fat_sectors))
        return wtg_fail(err, WTG_E_VOLUME_FORMAT, "no FAT32: FAT12, FAT16 or something else");
    return 0;
}

static int check_numbers(const struct fat_boot_disk *b, uint64_t vol_bytes, struct wtg_err *err)
{
    uint32_t sector = get_le16(b->sector_bytes), sectors = get_le32(b->sectors);
    unsigned live = get_le16(b->flags) & 0x80 ? get_le16(b->flags) & 0xf : 0;

    if ((uint64_t)sectors * sector > vol_bytes)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "%u sectors of %u bytes at byte 32, but the volume has %" PRIu64 " bytes",
                        sectors, sector, vol_bytes);
    if (get_le16(b->reserved_sectors) == 0 || b->fats < 1 || b->fats > 2 || live >= b->fats)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "%u reserved sectors, %u FATs, FAT %u live: impossible",
                        get_le16(b->reserved_sectors), b->fats, live);
    if (get_le16(b->version) != 0)
        return wtg_fail(err, WTG_E_VOLUME_FORMAT, "FAT32 version %u, not 0", get_le16(b->version));
    return 0;
}

int fat_boot_parse(struct fat *f, const uint8_t sector[512], uint64_t vol_bytes,
                   struct wtg_err *err)
{
    struct fat_boot_disk b;

    memcpy(&b, sector, sizeof b);
    int r = check_kind(&b, err);
    if (r == 0)
        r = check_numbers(&b, vol_bytes, err);
    if (r < 0)
        return r;
    uint64_t bytes = get_le16(b.sector_bytes), sectors = get_le32(b.sectors);
    uint64_t fat = get_le32(b.fat_sectors), reserved = get_le16(b.reserved_sectors);
    uint64_t live = get_le16(b.flags) & 0x80 ? get_le16(b.flags) & 0xf : 0;
    uint64_t data = reserved + b.fats * fat;
    uint64_t clusters = data < sectors ? (sectors - data) / b.cluster_sectors : 0;

    if (clusters == 0 || clusters > FAT_READ_CLUSTERS_MAX ||
        (clusters + FAT_FIRST_CLUSTER) * FAT_ENTRY_BYTES > fat * bytes)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "%" PRIu64 " clusters do not go with a FAT of %" PRIu64 " sectors",
                        clusters, fat);
    f->boot = b;
    f->sector_bytes = (uint32_t)bytes;
    f->cluster_bytes = (uint32_t)bytes * b.cluster_sectors;
    f->clusters = (uint32_t)clusters;
    f->root_cluster = get_le32(b.root_cluster);
    f->fat_bytes = fat * bytes;
    f->fat_offset = (reserved + live * fat) * bytes;
    f->data_offset = data * bytes;
    return 0;
}

static int try_boot(struct fat *f, uint64_t off, struct wtg_err *err)
{
    uint8_t sector[512];

    if (off > f->vol->size || f->vol->size - off < sizeof sector)
        return wtg_fail(err, WTG_E_VOLUME_FORMAT, "only %" PRIu64 " bytes", f->vol->size);
    int r = blk_read(f->vol, off, sector, sizeof sector, err);
    return r < 0 ? r : fat_boot_parse(f, sector, f->vol->size, err);
}

/* The first that is good of: sector 0; sector 6 of any sector size. */
static int find_boot(struct fat *f, struct wtg_err *err)
{
    struct wtg_err backup = { 0 };
    int r = try_boot(f, 0, err);

    for (uint32_t sector = 512; r < 0 && sector <= 4096; sector *= 2) {
        if (try_boot(f, (uint64_t)sector * FAT_BACKUP_SECTOR, &backup) < 0 ||
            f->sector_bytes != sector)
            continue;
        f->boot_from_backup = true;
        r = 0;
    }
    return r;
}

/* ---- blobs ------------------------------------------------------------------------------ */

static int source_read(struct tree_source *s, const struct tree_blob *b, uint64_t off, void *buf,
                       size_t n, struct wtg_err *err)
{
    struct fat *f = (struct fat *)s;
    const struct fat_file *file = &f->file[b->cookie];
    const struct fat_run *run = f->run + file->run;
    size_t lo = 0, hi = file->nruns; /* the last run that begins at or before `off` */

    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if ((uint64_t)run[mid].at * f->cluster_bytes <= off)
            lo = mid;
        else
            hi = mid;
    }
    for (uint8_t *out = buf; n > 0; lo++) {
        uint64_t in = off - (uint64_t)run[lo].at * f->cluster_bytes;
        size_t part = (size_t)min_u64(n, (uint64_t)run[lo].count * f->cluster_bytes - in);
        int r = blk_read(f->vol, fat_cluster_offset(f, run[lo].cluster) + in, out, part, err);
        if (r < 0)
            return r;
        out += part;
        off += part;
        n -= part;
    }
    return 0;
}

static const struct tree_source_ops source_ops = { .name = "fat", .read = source_read };

/* ---- opening ---------------------------------------------------------------------------- */

static int load_table(struct fat *f, struct wtg_err *err)
{
    size_t bytes = ((size_t)f->clusters + FAT_FIRST_CLUSTER) * FAT_ENTRY_BYTES;

    f->table = mem_zeroed(bytes, 1, err);
    if (!f->table)
        return err->code;
    int r = blk_read(f->vol, f->fat_offset, f->table, bytes, err);
    for (uint32_t i = 0; r == 0 && i < f->clusters; i++)
        f->free_clusters += fat_next(f, i + FAT_FIRST_CLUSTER) == 0;
    return r;
}

static void take_label(char label[FAT_LABEL_BYTES], const uint8_t raw[FAT_SHORT_BYTES])
{
    size_t n = FAT_SHORT_BYTES;

    while (n > 0 && raw[n - 1] == ' ')
        n--;
    for (size_t i = 0; i < n; i++)
        label[i] = (char)(raw[i] >= 0x20 && raw[i] < 0x7f ? raw[i] : '?');
    label[n] = 0;
    if (strcmp(label, "NO NAME") == 0)
        label[0] = 0;
}

/* The label's entry comes among the first; without one the boot sector's copy stands. */
static int find_label(struct fat *f, struct wtg_err *err)
{
    struct fat_dirent_disk d;
    uint32_t c = f->root_cluster, n = f->cluster_bytes / FAT_DIRENT_BYTES;

    take_label(f->label, f->boot.label);
    for (uint32_t i = 0; fat_has_cluster(f, c) && i < n; i++) {
        int r = blk_read(f->vol, fat_cluster_offset(f, c) + i * sizeof d, &d, sizeof d, err);
        if (r < 0)
            return r;
        if (d.name[0] == FAT_NAME_END)
            break;
        if (d.name[0] == FAT_NAME_DELETED || (d.attributes & FAT_ATTR_LFN) != FAT_ATTR_VOLUME)
            continue;
        take_label(f->label, d.name);
        break;
    }
    return 0;
}

int fat_open(struct blk *vol, struct fat **ret, struct wtg_err *err)
{
    struct fat *f = mem_zeroed(1, sizeof *f, err);
    if (!f)
        return err->code;
    f->source.ops = &source_ops;
    f->vol = vol;
    int r = find_boot(f, err);
    if (r == 0)
        r = load_table(f, err);
    if (r == 0)
        r = find_label(f, err);
    if (r < 0) {
        fat_free(f);
        return wtg_because(err, "reading the FAT32 volume");
    }
    *ret = f;
    return 0;
}

void fat_free(struct fat *f)
{
    if (!f)
        return;
    free(f->table);
    free(f->run);
    free(f->file);
    free(f);
}

struct fat_info fat_info(const struct fat *f)
{
    struct fat_info i = {
        .sector_bytes = f->sector_bytes,
        .cluster_bytes = f->cluster_bytes,
        .clusters = f->clusters,
        .free_clusters = f->free_clusters,
        .volume_id = get_le32(f->boot.volume_id),
        .start_lba = get_le32(f->boot.hidden_sectors),
        .size_bytes = (uint64_t)get_le32(f->boot.sectors) * f->sector_bytes,
    };
    memcpy(i.label, f->label, sizeof i.label);
    return i;
}
