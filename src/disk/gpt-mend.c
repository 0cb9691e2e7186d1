/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk/gpt-mend.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "disk/gpt-disk.h"

enum { SECTOR_MAX = 4096, GPT_REVISION = 0x10000 };

/* Where everything of a table stands on one disk. */
struct place {
    uint64_t last_lba;      /* of the disk */
    uint64_t entry_sectors; /* of one copy */
    uint64_t first_usable, last_usable;
};

static int find_place(const struct blk *disk, const struct gpt_copy *from, struct place *ret,
                      struct wtg_err *err)
{
    uint64_t sectors = disk->size / disk->sector_bytes;
    uint64_t n = div_up((uint64_t)from->entries * from->entry_bytes, disk->sector_bytes);

    if (sectors < 2 * n + 3 || disk->sector_bytes > SECTOR_MAX)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "the disk is too small for its partition table");
    *ret = (struct place){
        .last_lba = sectors - 1,
        .entry_sectors = n,
        .first_usable = max_u64(from->first_usable_lba, 2 + n),
        .last_usable = sectors - 2 - n,
    };
    return 0;
}

static int check_entries(const struct gpt_copy *from, const struct place *p, struct wtg_err *err)
{
    static const struct guid unused;

    for (uint32_t i = 0; i < from->entries; i++) {
        struct gpt_entry_disk e;
        memcpy(&e, from->bytes + (size_t)i * from->entry_bytes, sizeof e);
        uint64_t first = get_le64(e.first_lba), last = get_le64(e.last_lba);
        if (memcmp(&e.type, &unused, sizeof unused) == 0)
            continue;
        if (first < 2 + p->entry_sectors || last < first || last > p->last_usable)
            return wtg_fail(err, WTG_E_UNSUPPORTED,
                            "partition %u, sectors %" PRIu64 " to %" PRIu64
                            ", does not fit a disk whose last usable sector is %" PRIu64,
                            i + 1, first, last, p->last_usable);
    }
    return 0;
}

static int write_copy(struct blk *disk, const struct gpt_copy *from, const struct place *p,
                      bool primary, struct wtg_err *err)
{
    uint8_t sector[SECTOR_MAX] = { 0 };
    size_t bytes = (size_t)from->entries * from->entry_bytes;
    size_t room = (size_t)p->entry_sectors * disk->sector_bytes;
    uint64_t own = primary ? 1 : p->last_lba;
    uint64_t entries_lba = primary ? 2 : p->last_lba - p->entry_sectors;
    struct gpt_header_disk d = {
        .signature = { 'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T' },
        .revision = to_le32(GPT_REVISION),
        .header_bytes = to_le32(sizeof d),
        .own_lba = to_le64(own),
        .other_lba = to_le64(primary ? p->last_lba : 1),
        .first_usable_lba = to_le64(p->first_usable),
        .last_usable_lba = to_le64(p->last_usable),
        .disk_id = from->disk_id,
        .entries_lba = to_le64(entries_lba),
        .entries = to_le32(from->entries),
        .entry_bytes = to_le32(from->entry_bytes),
        .entries_crc32 = to_le32(gpt_crc32(from->bytes, bytes)),
    };
    AUTO_FREE uint8_t *entries = mem_zeroed(room + 1, 1, err);

    if (!entries)
        return err->code;
    memcpy(entries, from->bytes, bytes);
    d.header_crc32 = to_le32(gpt_crc32((const uint8_t *)&d, sizeof d));
    memcpy(sector, &d, sizeof d);
    int r = blk_write(disk, entries_lba * disk->sector_bytes, entries, room, err);
    return r < 0 ? r : blk_write(disk, own * disk->sector_bytes, sector, disk->sector_bytes, err);
}

static void protect(struct mbr_entry_disk *e, uint64_t sectors)
{
    *e = (struct mbr_entry_disk){
        .chs_first = { 0x00, 0x02, 0x00 },
        .type = MBR_TYPE_PROTECT,
        .chs_last = { 0xff, 0xff, 0xff },
        .first_lba = to_le32(1),
        .sectors = to_le32((uint32_t)min_u64(sectors - 1, UINT32_MAX)),
    };
}

/* A plain protective MBR says how large the disk is; any other is left alone. */
static int resize_mbr(struct blk *disk, struct wtg_err *err)
{
    struct mbr_disk m;
    int r = blk_read(disk, 0, &m, sizeof m, err);

    if (r < 0 || get_le16(m.mark) != 0xaa55 || m.entry[0].type != MBR_TYPE_PROTECT ||
        m.entry[1].type || m.entry[2].type || m.entry[3].type)
        return r;
    uint8_t boot = m.entry[0].boot;
    protect(&m.entry[0], disk->size / disk->sector_bytes);
    m.entry[0].boot = boot;
    return blk_write(disk, 0, &m, sizeof m, err);
}

int gpt_mend(struct blk *disk, const struct gpt_copy *from, struct wtg_err *err)
{
    struct place p;

    if (!from->bytes)
        return wtg_fail(err, WTG_E_BUG, "a partition table that was not read is to be written");
    int r = find_place(disk, from, &p, err);
    if (r == 0)
        r = check_entries(from, &p, err);
    if (r == 0)
        r = write_copy(disk, from, &p, false, err);
    if (r == 0)
        r = write_copy(disk, from, &p, true, err);
    return r < 0 ? r : resize_mbr(disk, err);
}

int gpt_mend_mbr(struct blk *disk, struct wtg_err *err)
{
    struct mbr_disk m;
    int r = blk_read(disk, 0, &m, sizeof m, err);

    if (r < 0)
        return r;
    memset(m.entry, 0, sizeof m.entry);
    memset(m.zero, 0, sizeof m.zero);
    protect(&m.entry[0], disk->size / disk->sector_bytes);
    m.mark = to_le16(0xaa55);
    return blk_write(disk, 0, &m, sizeof m, err);
}
