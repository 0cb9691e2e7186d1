/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/utf16.h"
#include "disk/contents-read.h"
#include "disk/gpt-disk.h"
#include "disk/text.h"

/* The specification sets no limit; no tool makes more than 128 entries by itself, and 1024 of the
 * largest that we accept are 4 MiB. */
enum { ENTRIES_MAX = 1024, ENTRY_BYTES_MAX = 4096 };

struct header {
    struct guid disk_id;
    uint64_t own_lba, other_lba, entries_lba;
    uint32_t entries, entry_bytes, entries_crc32;
};

/* CRC-32 as in IEEE 802.3, reflected. */
static uint32_t crc32(const uint8_t *p, size_t n)
{
    uint32_t crc = ~0u;

    while (n--) {
        crc ^= *p++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
    }
    return ~crc;
}

static bool parse_header(struct wtg_span sector, uint64_t lba, struct header *ret)
{
    struct gpt_header_disk d;
    const uint8_t *p = span_at(sector, 0, sizeof d);

    if (!p)
        return false;
    memcpy(&d, p, sizeof d);
    uint32_t bytes = get_le32(d.header_bytes), entry = get_le32(d.entry_bytes);
    if (memcmp(d.signature, "EFI PART", sizeof d.signature) != 0 || bytes < GPT_HEADER_LEAST ||
        !span_at(sector, 0, bytes) || get_le64(d.own_lba) != lba || entry < GPT_ENTRY_LEAST ||
        entry > ENTRY_BYTES_MAX || (entry & (entry - 1)) || get_le32(d.entries) > ENTRIES_MAX)
        return false;
    uint8_t copy[4096];
    memcpy(copy, sector.p, bytes);
    put_le32(copy + offsetof(struct gpt_header_disk, header_crc32), 0);
    if (crc32(copy, bytes) != get_le32(d.header_crc32))
        return false;
    *ret = (struct header){
        .disk_id = d.disk_id,
        .own_lba = lba,
        .other_lba = get_le64(d.other_lba),
        .entries_lba = get_le64(d.entries_lba),
        .entries = get_le32(d.entries),
        .entry_bytes = entry,
        .entries_crc32 = get_le32(d.entries_crc32),
    };
    return true;
}

/* Reads header and entries of one copy. `*ret_entries` is malloc'ed; NULL: this copy is no good. */
static int read_copy(struct blk *b, uint64_t lba, struct header *h, uint8_t **ret_entries,
                     struct wtg_err *err)
{
    uint8_t sector[4096];
    uint64_t sectors = b->size / b->sector_bytes;

    if (lba >= sectors || b->sector_bytes > sizeof sector)
        return 0;
    int r = blk_read(b, lba * b->sector_bytes, sector, b->sector_bytes, err);
    if (r < 0 || !parse_header((struct wtg_span){ sector, b->sector_bytes }, lba, h))
        return r;
    size_t bytes = (size_t)h->entries * h->entry_bytes;
    if (h->entries_lba >= sectors || bytes > b->size - h->entries_lba * b->sector_bytes)
        return 0;
    AUTO_FREE uint8_t *entries = mem_zeroed(bytes, 1, err);
    if (!entries)
        return err->code;
    r = blk_read(b, h->entries_lba * b->sector_bytes, entries, bytes, err);
    if (r == 0 && crc32(entries, bytes) == h->entries_crc32)
        *ret_entries = TAKE_PTR(entries);
    return r;
}

static void take_name(const uint8_t raw[72], char *buf, size_t cap)
{
    uint16_t units[GPT_NAME_UNITS];
    char text[UTF16_MAX_UTF8(GPT_NAME_UNITS)];
    size_t n = 0;

    for (; n < GPT_NAME_UNITS && le16_at(raw + 2 * n); n++)
        units[n] = le16_at(raw + 2 * n);
    utf16_to_utf8(units, n, text, sizeof text);
    disk_printable(buf, cap, text);
}

static int take_entry(struct blk *b, struct disk_contents *c, const uint8_t *p, uint32_t number,
                      struct wtg_err *err)
{
    static const struct guid unused;
    struct gpt_entry_disk e;

    memcpy(&e, p, sizeof e);
    uint64_t first = get_le64(e.first_lba), last = get_le64(e.last_lba);
    if (memcmp(&e.type, &unused, sizeof unused) == 0)
        return 0;
    if (last < first || last >= b->size / b->sector_bytes) {
        snprintf(c->damage, sizeof c->damage, "partition %u %s", number,
                 last < first ? "ends before it begins" : "lies beyond the end of the disk");
        return 0;
    }
    struct disk_content_part part = {
        .number = number,
        .offset_bytes = first * b->sector_bytes,
        .size_bytes = (last - first + 1) * b->sector_bytes,
        .type = e.type,
        .id = e.id,
        .attributes = get_le64(e.attributes),
    };
    take_name(e.name, part.name, sizeof part.name);
    return contents_add(c, b->size, &part, err);
}

static int take_entries(struct blk *b, struct disk_contents *c, const struct header *h,
                        const uint8_t *entries, struct wtg_err *err)
{
    int r = 0;

    c->label = DISK_LABEL_GPT;
    c->id = h->disk_id;
    for (uint32_t i = 0; r == 0 && i < h->entries; i++)
        r = take_entry(b, c, entries + (size_t)i * h->entry_bytes, i + 1, err);
    return r;
}

/* What is wrong though one copy can be read. */
static void compare_copies(struct blk *b, struct disk_contents *c, const struct header *primary,
                           const struct header *backup)
{
    const char *what = NULL;

    c->backup_only = !primary;
    if (!primary)
        what = "the primary table is damaged, this is its backup";
    else if (!backup)
        what = "the backup table is damaged or missing";
    else if (primary->entries_crc32 != backup->entries_crc32)
        what = "the two copies of the table differ";
    else if (backup->own_lba != b->size / b->sector_bytes - 1)
        what = "the backup table is not at the end: the disk was larger or smaller once";
    if (what && !c->damage[0])
        snprintf(c->damage, sizeof c->damage, "%s", what);
}

int gpt_read(struct blk *b, struct disk_contents *c, bool *ret_found, struct wtg_err *err)
{
    struct header primary, backup;
    AUTO_FREE uint8_t *first = NULL;
    AUTO_FREE uint8_t *second = NULL;
    uint64_t sectors = b->size / b->sector_bytes;

    *ret_found = false;
    if (sectors < 3)
        return 0;
    int r = read_copy(b, 1, &primary, &first, err);
    if (r == 0)
        r = read_copy(b, first ? primary.other_lba : sectors - 1, &backup, &second, err);
    if (r < 0 || (!first && !second))
        return r;
    *ret_found = true;
    r = take_entries(b, c, first ? &primary : &backup, first ? first : second, err);
    compare_copies(b, c, first ? &primary : NULL, second ? &backup : NULL);
    return r;
}
