/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/mend.h"

#include <string.h>

#include "ntfs/mft.h"
#include "ntfs/read.h"

enum { TWIN_RECORDS = 4 };

/* ---- Boot sectors ----------------------------------------------------------------------- */

static int copy_boot(struct blk *vol, uint64_t from, uint64_t to, struct wtg_err *err)
{
    struct ntfs_boot_disk d;
    int r = blk_read(vol, from, &d, sizeof d, err);

    return r < 0 ? r : blk_write(vol, to, &d, sizeof d, err);
}

/* Does it lead to an $MFT that says it begins there, and to a mirror of it? */
static bool proves_itself(struct blk *vol, const struct ntfs_boot_disk *d)
{
    struct wtg_err ignored = { 0 };
    struct ntfs_geom g;
    struct ntfs_extents runs = { 0 };
    struct ntfs_attr a;
    uint8_t buf[NTFS_READ_RECORD_MAX], twin[NTFS_READ_RECORD_MAX];
    uint32_t at = 0;
    bool found = false;

    if (ntfs_geom_read(d, vol->size, &g, &ignored) < 0 ||
        blk_read(vol, g.mft_lcn * g.cluster_bytes, buf, g.record_bytes, &ignored) < 0 ||
        blk_read(vol, g.mirror_lcn * g.cluster_bytes, twin, g.record_bytes, &ignored) < 0 ||
        ntfs_fixup(buf, g.record_bytes, NTFS_MAGIC_FILE, &ignored) < 0 ||
        ntfs_fixup(twin, g.record_bytes, NTFS_MAGIC_FILE, &ignored) < 0 ||
        ntfs_record_look(&g, buf, &ignored) < 0)
        return false;
    while (!found &&
           ntfs_attr_next((struct wtg_span){ buf, g.record_bytes }, &at, &a, &ignored) > 0)
        found = a.type == NTFS_AT_DATA && a.nonresident && a.name_len == 0 &&
                ntfs_extents_add(&runs, &a, g.clusters, &ignored) == 0 && runs.n > 0 &&
                runs.item[0].lcn == g.mft_lcn;
    ntfs_extents_release(&runs);
    return found;
}

/* What never changes, and what the partition says. */
static void fill_constants(struct ntfs_boot_disk *d, const struct blk *vol, uint64_t start_lba)
{
    static const uint8_t jump[3] = { 0xeb, 0x52, 0x90 }, drive[4] = { 0x80, 0, 0x80, 0 };

    memcpy(d->jump, jump, sizeof jump);
    memcpy(d->oem, NTFS_OEM, sizeof d->oem);
    memset(&d->reserved_sectors, 0, 7); /* reserved_sectors to sectors_16 */
    d->media = 0xf8;
    d->fat_sectors = to_le16(0);
    d->track_sectors = to_le16(63);
    d->heads = to_le16(255);
    d->sectors_32 = to_le32(0);
    memcpy(d->drive, drive, sizeof drive);
    memset(d->unused_41, 0, sizeof d->unused_41);
    memset(d->unused_45, 0, sizeof d->unused_45);
    d->checksum = to_le32(0);
    d->mark[0] = 0x55;
    d->mark[1] = 0xaa;
    d->sector_bytes = to_le16((uint16_t)vol->sector_bytes);
    d->hidden_sectors = to_le32(start_lba > UINT32_MAX ? 0 : (uint32_t)start_lba);
    d->total_sectors = to_le64(vol->size / vol->sector_bytes - 1);
}

/* Choice number `n` of the fields that cannot be known otherwise; false: there are no more. */
static bool choose_fields(struct ntfs_boot_disk *d, const struct ntfs_boot_disk from[2], unsigned n)
{
    static const uint8_t usual_cluster = 8, usual_record = 0xf6, usual_block = 1;
    const struct ntfs_boot_disk *const mft = &from[n % 2], *const mirror = &from[n / 2 % 2];
    unsigned cluster = n / 4 % 3, record = n / 12 % 3, block = n / 36 % 3;

    d->mft_lcn = mft->mft_lcn;
    d->mirror_lcn = mirror->mirror_lcn;
    d->cluster_sectors = cluster < 2 ? from[cluster].cluster_sectors : usual_cluster;
    d->record_size = record < 2 ? from[record].record_size : usual_record;
    d->index_block_size = block < 2 ? from[block].index_block_size : usual_block;
    return n < 108;
}

static int compute_boot(struct blk *vol, uint64_t start_lba, uint64_t backup_off,
                        struct wtg_err *err)
{
    struct ntfs_boot_disk from[2], made = { 0 }, found = { 0 };
    bool any = false;
    int r = blk_read(vol, 0, &from[0], sizeof from[0], err);

    if (r == 0)
        r = blk_read(vol, backup_off, &from[1], sizeof from[1], err);
    if (r < 0)
        return r;
    made = from[0];
    fill_constants(&made, vol, start_lba);
    if (get_le64(made.serial) == 0)
        made.serial = from[1].serial;
    for (unsigned n = 0; choose_fields(&made, from, n); n++) {
        if (!proves_itself(vol, &made))
            continue;
        if (any && memcmp(&found, &made, sizeof made) != 0)
            return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                            "both boot sectors are damaged, and several ways to put one together "
                            "lead to an $MFT");
        found = made;
        any = true;
    }
    if (!any)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "both boot sectors are damaged, and nothing in them leads to an $MFT");
    r = blk_write(vol, backup_off, &found, sizeof found, err);
    return r < 0 ? r : blk_write(vol, 0, &found, sizeof found, err);
}

int ntfs_mend_boot(struct blk *vol, uint64_t start_lba, struct wtg_err *err)
{
    struct ntfs_look l;
    int r = ntfs_look(vol, &l, err);

    if (r < 0)
        return r;
    if (l.boot == NTFS_TWIN_FINE)
        return copy_boot(vol, 0, l.backup_off, err);
    if (l.backup == NTFS_TWIN_FINE)
        return copy_boot(vol, l.backup_off, 0, err);
    return compute_boot(vol, start_lba, l.backup_off, err);
}

/* ---- The first records ------------------------------------------------------------------ */

/* The boot sector that leads to the records. */
static int read_geom(struct blk *vol, struct ntfs_geom *ret, struct wtg_err *err)
{
    struct ntfs_boot_disk d;
    int r = blk_read(vol, 0, &d, sizeof d, err);

    return r < 0 ? r : ntfs_geom_read(&d, vol->size, ret, err);
}

static bool is_whole(const struct ntfs_geom *g, const uint8_t *record, uint32_t number)
{
    struct wtg_err ignored = { 0 };
    uint8_t copy[NTFS_READ_RECORD_MAX];
    const struct ntfs_record_disk *d = (const void *)copy;
    struct ntfs_attr a;
    uint32_t at = 0;
    int r;

    memcpy(copy, record, g->record_bytes);
    if (ntfs_fixup(copy, g->record_bytes, NTFS_MAGIC_FILE, &ignored) < 0 ||
        ntfs_record_look(g, copy, &ignored) < 0 || !(get_le16(d->flags) & NTFS_RECORD_IN_USE) ||
        get_le32(d->number) != number)
        return false;
    do
        r = ntfs_attr_next((struct wtg_span){ copy, g->record_bytes }, &at, &a, &ignored);
    while (r > 0);
    return r == 0;
}

int ntfs_mend_mirror(struct blk *vol, struct wtg_err *err)
{
    uint8_t a[NTFS_READ_RECORD_MAX], b[NTFS_READ_RECORD_MAX];
    struct ntfs_geom g;
    int r = read_geom(vol, &g, err);

    for (uint32_t i = 0; r == 0 && i < TWIN_RECORDS; i++) {
        uint64_t first = g.mft_lcn * g.cluster_bytes + (uint64_t)i * g.record_bytes;
        uint64_t twin = g.mirror_lcn * g.cluster_bytes + (uint64_t)i * g.record_bytes;
        r = blk_read(vol, first, a, g.record_bytes, err);
        if (r == 0)
            r = blk_read(vol, twin, b, g.record_bytes, err);
        if (r < 0 || memcmp(a, b, g.record_bytes) == 0)
            continue;
        if (is_whole(&g, a, i))
            r = blk_write(vol, twin, a, g.record_bytes, err);
        else if (is_whole(&g, b, i))
            r = blk_write(vol, first, b, g.record_bytes, err);
        else
            r = wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                         "record %u is damaged, and so is its copy in $MFTMirr", i);
    }
    return r;
}

/* ---- The flags of the volume ------------------------------------------------------------ */

/* The record of $Volume, fixed up, and where in it the flags are. */
static int read_volume_record(struct blk *vol, struct ntfs_geom *g, uint8_t *buf, size_t *ret_at,
                              struct wtg_err *err)
{
    struct ntfs_attr a;
    uint32_t at = 0;
    int r = read_geom(vol, g, err);

    if (r == 0)
        r = blk_read(vol,
                     g->mft_lcn * g->cluster_bytes + (uint64_t)NTFS_REC_VOLUME * g->record_bytes,
                     buf, g->record_bytes, err);
    if (r == 0)
        r = ntfs_fixup(buf, g->record_bytes, NTFS_MAGIC_FILE, err);
    if (r == 0)
        r = ntfs_record_look(g, buf, err);
    if (r < 0)
        return wtg_because(err, "$Volume");
    while ((r = ntfs_attr_next((struct wtg_span){ buf, g->record_bytes }, &at, &a, err)) > 0)
        if (a.type == NTFS_AT_VOLUME_INFORMATION && !a.nonresident &&
            a.value.n >= sizeof(struct ntfs_volume_information_disk)) {
            *ret_at =
                (size_t)(a.value.p - buf) + offsetof(struct ntfs_volume_information_disk, flags);
            return 0;
        }
    return r < 0 ? r : wtg_fail(err, WTG_E_VOLUME_DAMAGED, "$Volume has no $VOLUME_INFORMATION");
}

int ntfs_volume_flags(struct blk *vol, uint16_t *ret, struct wtg_err *err)
{
    uint8_t buf[NTFS_READ_RECORD_MAX];
    struct ntfs_geom g;
    size_t at = 0;
    int r = read_volume_record(vol, &g, buf, &at, err);

    if (r == 0)
        *ret = le16_at(buf + at);
    return r;
}

int ntfs_set_volume_flags(struct blk *vol, uint16_t flags, struct wtg_err *err)
{
    uint8_t buf[NTFS_READ_RECORD_MAX];
    struct ntfs_geom g;
    size_t at = 0, skip = 0;
    int r = read_volume_record(vol, &g, buf, &at, err);

    if (r < 0)
        return r;
    put_le16(buf + at, flags);
    mft_protect(buf, g.record_bytes, NTFS_MAGIC_FILE,
                get_le16(((const struct ntfs_record_disk *)(const void *)buf)->multi.usa_offset));
    skip = (size_t)NTFS_REC_VOLUME * g.record_bytes;
    r = blk_write(vol, g.mft_lcn * g.cluster_bytes + skip, buf, g.record_bytes, err);
    return r < 0 ? r
                 : blk_write(vol, g.mirror_lcn * g.cluster_bytes + skip, buf, g.record_bytes, err);
}
