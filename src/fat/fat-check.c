/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fat/fat-check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fat/fat-volume.h"

struct check {
    struct fat *f;
    fat_check_sink *sink;
    void *user;
    size_t problems;
};

static void tell(struct check *c, const char *fmt, ...) WTG_PRINTF(2, 3);
static void tell(struct check *c, const char *fmt, ...)
{
    char text[FAT_CHECK_TEXT_BYTES];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    c->problems++;
    if (c->sink)
        c->sink(text, c->user);
}

static void check_boot(struct check *c)
{
    const struct fat_boot_disk *b = &c->f->boot;

    if (c->f->boot_from_backup)
        tell(c, "the boot sector is damaged, its backup is used");
    if (c->f->clusters < FAT_CLUSTERS_LEAST)
        tell(c, "%u clusters, fewer than the %u from which on a volume is FAT32", c->f->clusters,
             FAT_CLUSTERS_LEAST);
    if (b->media < 0xf0 || fat_next(c->f, 0) != ((FAT_ENTRY_END & ~0xffu) | b->media))
        tell(c, "the media byte %02x does not go with entry 0 of the FAT, %08x", b->media,
             fat_next(c->f, 0));
    if (le32_at(c->f->table + FAT_ENTRY_BYTES) != FAT_UNKNOWN &&
        (fat_next(c->f, 1) & FAT_CLEAN_BITS) != FAT_CLEAN_BITS)
        tell(c, "the volume was not unmounted cleanly");
    if (b->fats != FAT_COPIES || get_le16(b->flags) != 0)
        tell(c, "%u FATs with flags %04x, not two equal ones", b->fats, get_le16(b->flags));
}

/* The boot sector, FSINFO and the third sector against their backups; free counts aside. */
static int check_backup(struct check *c, struct wtg_err *err)
{
    uint32_t at = get_le16(c->f->boot.backup_sector), reserved;
    uint8_t first[512], backup[512];

    reserved = get_le16(c->f->boot.reserved_sectors);
    if (at == 0 || at >= reserved) {
        tell(c, "no backup of the boot sector");
        return 0;
    }
    int r = blk_read(c->f->vol, 0, first, sizeof first, err);
    if (r == 0)
        r = blk_read(c->f->vol, (uint64_t)at * c->f->sector_bytes, backup, sizeof backup, err);
    if (r == 0 && memcmp(first, backup, sizeof first) != 0)
        tell(c, "the boot sector and its backup in sector %u differ", at);
    return r;
}

static int check_fsinfo(struct check *c, struct wtg_err *err)
{
    uint32_t at = get_le16(c->f->boot.fsinfo_sector);
    struct fat_fsinfo_disk d;

    if (at == 0 || at >= get_le16(c->f->boot.reserved_sectors)) {
        tell(c, "no FSINFO sector");
        return 0;
    }
    int r = blk_read(c->f->vol, (uint64_t)at * c->f->sector_bytes, &d, sizeof d, err);
    if (r < 0)
        return r;
    uint32_t free_clusters = get_le32(d.free_clusters);
    if (get_le32(d.lead) != FAT_FSINFO_LEAD || get_le32(d.mark) != FAT_FSINFO_STRUCT ||
        get_le32(d.trail) != FAT_SECTOR_TRAIL)
        tell(c, "sector %u holds no FSINFO", at);
    else if (free_clusters != FAT_UNKNOWN && free_clusters != c->f->free_clusters)
        tell(c, "FSINFO counts %u free clusters, the FAT has %u", free_clusters,
             c->f->free_clusters);
    return 0;
}

static int check_fat_copies(struct check *c, struct wtg_err *err)
{
    enum { STEP = 65536 };
    const struct fat *f = c->f;
    uint64_t second = (uint64_t)get_le16(f->boot.reserved_sectors) * f->sector_bytes;
    uint64_t bytes = ((uint64_t)f->clusters + FAT_FIRST_CLUSTER) * FAT_ENTRY_BYTES;

    if (f->boot.fats != FAT_COPIES)
        return 0;
    if (second == f->fat_offset)
        second += f->fat_bytes;
    AUTO_FREE uint8_t *buf = mem_zeroed(STEP, 1, err);
    if (!buf)
        return err->code;
    for (uint64_t at = 0; at < bytes; at += STEP) {
        size_t n = (size_t)min_u64(STEP, bytes - at);
        int r = blk_read(f->vol, second + at, buf, n, err);
        if (r < 0)
            return r;
        if (memcmp(buf, f->table + at, n) == 0)
            continue;
        tell(c, "the two FATs differ within entries %" PRIu64 " to %" PRIu64, at / FAT_ENTRY_BYTES,
             (at + n) / FAT_ENTRY_BYTES);
        return 0;
    }
    return 0;
}

static void check_lost(struct check *c, const uint8_t *seen)
{
    uint32_t lost = 0, first = 0;

    for (uint32_t k = FAT_FIRST_CLUSTER; k < c->f->clusters + FAT_FIRST_CLUSTER; k++) {
        uint32_t next = fat_next(c->f, k);
        if (next == 0 || next == FAT_ENTRY_BAD || (seen[k / 8] & 1u << k % 8))
            continue;
        if (lost++ == 0)
            first = k;
    }
    if (lost)
        tell(c, "%u clusters belong to no file, the first is %u", lost, first);
}

static int tell_problem(void *ctx, bool fatal, const char *text, struct wtg_err *err)
{
    (void)fatal, (void)err;
    tell(ctx, "%s", text);
    return 0;
}

static int check_files(struct check *c, struct wtg_err *err)
{
    struct fat_walk_ops ops = { .problem = tell_problem, .ctx = c };
    AUTO_FREE uint8_t *seen = mem_zeroed(fat_seen_bytes(c->f), 1, err);
    struct tree *t = NULL;

    if (!seen)
        return err->code;
    int r = tree_new(&t, err);
    if (r == 0)
        r = fat_walk(c->f, t, seen, &ops, err);
    if (r == 0)
        check_lost(c, seen);
    tree_free(t);
    return r;
}

int fat_check(struct blk *vol, fat_check_sink *sink, void *user, size_t *ret_problems,
              struct wtg_err *err)
{
    struct check c = { .sink = sink, .user = user };
    int r = fat_open(vol, &c.f, err);

    if (r < 0)
        return r;
    check_boot(&c);
    r = check_backup(&c, err);
    if (r == 0)
        r = check_fsinfo(&c, err);
    if (r == 0)
        r = check_fat_copies(&c, err);
    if (r == 0)
        r = check_files(&c, err);
    fat_free(c.f);
    if (r < 0)
        return wtg_because(err, "checking the FAT32 volume");
    *ret_problems = c.problems;
    return 0;
}
