/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/check-state.h"

#include <string.h>

/* Values of the boot sector that never change. */
/* clang-format off */
static const struct {
    uint8_t offset, length;
    uint8_t bytes[8];
    enum ntfs_problem_number problem;
    const char *what;
} fixed[] = {
    { 0x00, 3, { 0xeb, 0x52, 0x90 },             NTFS_P_BOOT_DETAIL, "jump" },
    { 0x0e, 7, { 0 },                            NTFS_P_BOOT_FIELD,  "reserved sectors to 16-bit size" },
    { 0x15, 1, { 0xf8 },                         NTFS_P_BOOT_FIELD,  "media descriptor" },
    { 0x16, 2, { 0 },                            NTFS_P_BOOT_FIELD,  "sectors per FAT" },
    { 0x18, 4, { 63, 0, 255, 0 },                NTFS_P_BOOT_DETAIL, "geometry" },
    { 0x20, 4, { 0 },                            NTFS_P_BOOT_FIELD,  "32-bit size" },
    { 0x24, 4, { 0x80, 0, 0x80, 0 },             NTFS_P_BOOT_DETAIL, "drive number" },
    { 0x41, 3, { 0 },                            NTFS_P_BOOT_DETAIL, "bytes behind the record size" },
    { 0x45, 3, { 0 },                            NTFS_P_BOOT_DETAIL, "bytes behind the block size" },
    { 0x50, 4, { 0 },                            NTFS_P_BOOT_DETAIL, "checksum" },
};
/* clang-format on */

static void check_fields(struct check *c, const struct ntfs_boot_disk *d)
{
    const uint8_t *p = (const uint8_t *)d;
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
        if (memcmp(p + fixed[i].offset, fixed[i].bytes, fixed[i].length) != 0)
            ntfs_check_problem(c, fixed[i].problem, NTFS_NO_RECORD,
                               "%s at byte 0x%02x: found 0x%02x", fixed[i].what, fixed[i].offset,
                               p[fixed[i].offset]);
    if (d->mark[0] != 0x55 || d->mark[1] != 0xaa)
        ntfs_check_problem(c, NTFS_P_BOOT_FIELD, NTFS_NO_RECORD, "it does not end in 55 AA");
    if (!get_le64(d->serial))
        ntfs_check_problem(c, NTFS_P_BOOT_DETAIL, NTFS_NO_RECORD, "the serial number is 0");
    uint64_t want = c->opts->start_lba > UINT32_MAX ? 0 : c->opts->start_lba;
    if (c->opts->has_start && get_le32(d->hidden_sectors) != want)
        ntfs_check_problem(c, NTFS_P_BOOT_START, NTFS_NO_RECORD, "expected sector %llu, found %u",
                           (unsigned long long)want, get_le32(d->hidden_sectors));
}

/* Some volumes do not fill their partition; the backup stands behind the volume all the same. */
static int check_backup(struct check *c, const struct ntfs_boot_disk *d, struct wtg_err *err)
{
    const struct ntfs_geom *g = &c->vol->geom;
    uint64_t sectors = c->vol->blk->size / g->sector_bytes;
    struct ntfs_boot_disk backup;
    if (g->sectors + 1 != sectors)
        ntfs_check_problem(c, NTFS_P_BOOT_SIZE, NTFS_NO_RECORD, "%llu of %llu sectors",
                           (unsigned long long)g->sectors + 1, (unsigned long long)sectors);
    if (g->sectors >= sectors) {
        ntfs_check_problem(c, NTFS_P_BOOT_BACKUP, NTFS_NO_RECORD,
                           "there is no sector behind the volume");
        return 0;
    }
    int r = blk_read(c->vol->blk, g->sectors * g->sector_bytes, &backup, sizeof backup, err);
    if (r == 0 && memcmp(d, &backup, sizeof backup) != 0)
        ntfs_check_problem(c, NTFS_P_BOOT_BACKUP, NTFS_NO_RECORD, "sector %llu",
                           (unsigned long long)g->sectors);
    return r;
}

/* As large as four records or one cluster, whichever is more. */
static int check_mirror(struct check *c, struct wtg_err *err)
{
    const struct ntfs_geom *g = &c->vol->geom;
    uint64_t n = max_u64(4 * (uint64_t)g->record_bytes, g->cluster_bytes), at;
    AUTO_FREE uint8_t *a = malloc(n), *b = NULL;
    if (!a || !(b = malloc(n)))
        return wtg_fail_nomem(err);
    n = min_u64(n, c->vol->records * g->record_bytes);
    if (!c->opts->strict) /* drivers keep the first four up to date */
        n = 4 * (uint64_t)g->record_bytes;
    at = g->mirror_lcn * g->cluster_bytes;
    if (n > c->vol->blk->size - at) {
        ntfs_check_problem(c, NTFS_P_MIRROR, NTFS_REC_MFTMIRR, "it does not lie on the volume");
        return 0;
    }
    int r = blk_read(c->vol->blk, at, b, (size_t)n, err);
    if (r == 0)
        r = ntfs_check_soft(
            c, ntfs_stream_read(c->vol->blk, g->cluster_bytes, &c->vol->mft, 0, a, (size_t)n, err),
            NTFS_P_UNREADABLE, NTFS_REC_MFT, err);
    if (r != 0)
        return r < 0 ? r : 0;
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i]) {
            ntfs_check_problem(c, NTFS_P_MIRROR, NTFS_REC_MFTMIRR, "record %zu differs at byte %zu",
                               i / g->record_bytes, i % g->record_bytes);
            break;
        }
    return 0;
}

int ntfs_check_boot(struct check *c, struct wtg_err *err)
{
    struct ntfs_boot_disk d;
    int r = blk_read(c->vol->blk, 0, &d, sizeof d, err);
    if (r < 0)
        return r;
    check_fields(c, &d);
    r = check_backup(c, &d, err);
    if (r == 0)
        r = check_mirror(c, err);
    return r;
}
