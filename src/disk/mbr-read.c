/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/mem.h"
#include "disk/contents-read.h"
#include "disk/gpt-disk.h"

/* Windows lists no more logical partitions than this; it also ends a chain that goes in a circle.
 */
enum { LOGICAL_MAX = 128 };

static bool is_extended(uint8_t type)
{
    return type == 0x05 || type == 0x0f || type == 0x85;
}

/* A sector that ends in 55 aa may also be a volume's boot sector, with code where the entries would
 * be: then they make no sense. */
static bool makes_sense(const struct mbr_disk *m, uint64_t sectors)
{
    bool any = false;

    if (get_le16(m->mark) != 0xaa55)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(m->entry); i++) {
        const struct mbr_entry_disk *e = &m->entry[i];
        if (e->boot & 0x7f)
            return false;
        if (e->type == 0 || get_le32(e->sectors) == 0)
            continue;
        if (get_le32(e->first_lba) == 0 || get_le32(e->first_lba) >= sectors)
            return false;
        any = true;
    }
    return any;
}

static int add(struct blk *b, struct disk_contents *c, const struct mbr_entry_disk *e,
               uint64_t base, uint32_t number, struct wtg_err *err)
{
    struct disk_content_part part = {
        .number = number,
        .offset_bytes = (base + get_le32(e->first_lba)) * b->sector_bytes,
        .size_bytes = (uint64_t)get_le32(e->sectors) * b->sector_bytes,
        .mbr_type = e->type,
        .active = e->boot == 0x80,
    };
    return contents_add(c, b->size, &part, err);
}

/* Each logical partition has a table of its own: itself, and where the next such table is. */
static int add_logical(struct blk *b, struct disk_contents *c, uint64_t extended,
                       struct wtg_err *err)
{
    uint64_t at = extended, sectors = b->size / b->sector_bytes;

    for (uint32_t n = 0; n < LOGICAL_MAX && at < sectors; n++) {
        struct mbr_disk m;
        int r = blk_read(b, at * b->sector_bytes, &m, sizeof m, err);
        if (r < 0)
            return r;
        if (get_le16(m.mark) != 0xaa55)
            break;
        if (m.entry[0].type != 0 && get_le32(m.entry[0].sectors) != 0)
            r = add(b, c, &m.entry[0], at, 5 + n, err);
        if (r < 0)
            return r;
        if (!is_extended(m.entry[1].type) || get_le32(m.entry[1].first_lba) == 0)
            break;
        at = extended + get_le32(m.entry[1].first_lba);
    }
    return 0;
}

int mbr_read(struct blk *b, struct disk_contents *c, bool *ret_found, struct wtg_err *err)
{
    struct mbr_disk m;

    *ret_found = false;
    if (b->size < sizeof m)
        return 0;
    int r = blk_read(b, 0, &m, sizeof m, err);
    if (r < 0 || !makes_sense(&m, b->size / b->sector_bytes))
        return r;
    *ret_found = true;
    c->label = DISK_LABEL_MBR;
    c->mbr_id = get_le32(m.disk_id);
    for (uint32_t i = 0; r == 0 && i < ARRAY_LEN(m.entry); i++)
        if (m.entry[i].type != 0 && get_le32(m.entry[i].sectors) != 0 &&
            !is_extended(m.entry[i].type))
            r = add(b, c, &m.entry[i], 0, i + 1, err);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(m.entry); i++)
        if (is_extended(m.entry[i].type) && get_le32(m.entry[i].sectors) != 0)
            r = add_logical(b, c, get_le32(m.entry[i].first_lba), err);
    return r;
}
