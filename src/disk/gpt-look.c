/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk/gpt-look.h"

#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "disk/gpt-disk.h"

/* The specification sets no limit; no tool makes more than 128 entries by itself, and 1024 of the
 * largest that we accept are 4 MiB. */
enum { ENTRIES_MAX = 1024, ENTRY_BYTES_MAX = 4096, SECTOR_MAX = 4096 };

static const uint8_t signature[] = { 'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T' };

const char *gpt_state_name(enum gpt_state s)
{
    static const char *const name[] = { "fine", "missing", "header", "entries", "unreadable" };

    return name[s];
}

uint32_t gpt_crc32(const uint8_t *p, size_t n)
{
    uint32_t crc = ~0u;

    while (n--) {
        crc ^= *p++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
    }
    return ~crc;
}

static enum gpt_state parse_header(struct wtg_span sector, struct gpt_copy *c)
{
    struct gpt_header_disk d;
    const uint8_t *p = span_at(sector, 0, sizeof d);

    if (!p || memcmp(p, signature, sizeof signature) != 0)
        return GPT_MISSING;
    memcpy(&d, p, sizeof d);
    uint32_t bytes = get_le32(d.header_bytes), entry = get_le32(d.entry_bytes);
    if (bytes < GPT_HEADER_LEAST || !span_at(sector, 0, bytes) || get_le64(d.own_lba) != c->lba ||
        entry < GPT_ENTRY_LEAST || entry > ENTRY_BYTES_MAX || (entry & (entry - 1)) ||
        get_le32(d.entries) > ENTRIES_MAX)
        return GPT_HEADER;
    uint8_t copy[SECTOR_MAX];
    memcpy(copy, sector.p, bytes);
    put_le32(copy + offsetof(struct gpt_header_disk, header_crc32), 0);
    if (gpt_crc32(copy, bytes) != get_le32(d.header_crc32))
        return GPT_HEADER;
    c->disk_id = d.disk_id;
    c->other_lba = get_le64(d.other_lba);
    c->first_usable_lba = get_le64(d.first_usable_lba);
    c->last_usable_lba = get_le64(d.last_usable_lba);
    c->entries_lba = get_le64(d.entries_lba);
    c->entries = get_le32(d.entries);
    c->entry_bytes = entry;
    c->entries_crc32 = get_le32(d.entries_crc32);
    return GPT_FINE;
}

static enum gpt_state read_entries(struct blk *b, struct gpt_copy *c, struct wtg_err *err)
{
    uint64_t sectors = b->size / b->sector_bytes;
    size_t bytes = (size_t)c->entries * c->entry_bytes;

    if (c->entries_lba >= sectors || bytes > b->size - c->entries_lba * b->sector_bytes)
        return GPT_HEADER;
    AUTO_FREE uint8_t *entries = mem_zeroed(bytes + 1, 1, err);
    if (!entries || blk_read(b, c->entries_lba * b->sector_bytes, entries, bytes, err) < 0)
        return GPT_UNREADABLE;
    if (gpt_crc32(entries, bytes) != c->entries_crc32)
        return GPT_ENTRIES;
    c->bytes = TAKE_PTR(entries);
    return GPT_FINE;
}

/* The copy whose header stands at `lba`. */
static int look_at_copy(struct blk *b, uint64_t lba, struct gpt_copy *c, struct wtg_err *err)
{
    uint8_t sector[SECTOR_MAX];
    struct wtg_err why = { 0 };

    *c = (struct gpt_copy){ .state = GPT_MISSING, .lba = lba };
    if (lba >= b->size / b->sector_bytes || b->sector_bytes > sizeof sector)
        return 0;
    if (blk_read(b, lba * b->sector_bytes, sector, b->sector_bytes, &why) < 0)
        c->state = GPT_UNREADABLE;
    else
        c->state = parse_header((struct wtg_span){ sector, b->sector_bytes }, c);
    if (c->state == GPT_FINE)
        c->state = read_entries(b, c, &why);
    return why.code == WTG_E_NOMEM ? wtg_fail_nomem(err) : 0;
}

static enum gpt_mbr_state look_at_mbr(struct blk *b)
{
    struct wtg_err ignored = { 0 };
    struct mbr_disk m;
    bool protects = false, others = false;

    if (b->size < sizeof m || blk_read(b, 0, &m, sizeof m, &ignored) < 0 ||
        get_le16(m.mark) != 0xaa55)
        return GPT_MBR_MISSING;
    for (size_t i = 0; i < ARRAY_LEN(m.entry); i++) {
        const struct mbr_entry_disk *e = &m.entry[i];
        if (e->type == MBR_TYPE_PROTECT && get_le32(e->first_lba) == 1 && get_le32(e->sectors))
            protects = true;
        else if (e->type)
            others = true;
    }
    return !protects ? GPT_MBR_WRONG : others ? GPT_MBR_HYBRID : GPT_MBR_FINE;
}

static uint32_t find_other_size(struct blk *b)
{
    static const uint32_t sizes[] = { 512, 4096 };
    struct wtg_err ignored = { 0 };
    uint8_t head[sizeof signature];

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        if (sizes[i] != b->sector_bytes && b->size >= 2 * (uint64_t)sizes[i] &&
            blk_read(b, sizes[i], head, sizeof head, &ignored) == 0 &&
            memcmp(head, signature, sizeof signature) == 0)
            return sizes[i];
    return 0;
}

/* Where the primary says; without one, or when nothing is there, the last sector. */
static int look_at_backup(struct blk *b, struct gpt_look *l, struct wtg_err *err)
{
    uint64_t last = b->size / b->sector_bytes - 1;
    bool known = l->primary.state == GPT_FINE && l->primary.other_lba != last;
    int r = 0;

    if (known) {
        r = look_at_copy(b, l->primary.other_lba, &l->backup, err);
        if (r < 0 || l->backup.state == GPT_FINE)
            return r;
        free(l->backup.bytes);
    }
    r = look_at_copy(b, last, &l->backup, err);
    l->at_end = true;
    return r;
}

int gpt_look(struct blk *b, struct gpt_look *ret, struct wtg_err *err)
{
    struct gpt_look l = { 0 };
    bool room = b->sector_bytes && b->size / b->sector_bytes >= 3;

    l.primary.state = l.backup.state = GPT_MISSING;
    int r = room ? look_at_copy(b, 1, &l.primary, err) : 0;
    if (r == 0 && room)
        r = look_at_backup(b, &l, err);
    if (r < 0) {
        gpt_look_release(&l);
        return r;
    }
    l.mbr = look_at_mbr(b);
    l.same = l.primary.state == GPT_FINE && l.backup.state == GPT_FINE &&
             l.primary.entries_crc32 == l.backup.entries_crc32 &&
             memcmp(&l.primary.disk_id, &l.backup.disk_id, sizeof l.primary.disk_id) == 0;
    if (l.primary.state == GPT_MISSING && l.backup.state == GPT_MISSING)
        l.other_sector_bytes = find_other_size(b);
    *ret = l;
    return 0;
}

void gpt_look_release(struct gpt_look *l)
{
    free(l->primary.bytes);
    free(l->backup.bytes);
    *l = (struct gpt_look){ 0 };
}
