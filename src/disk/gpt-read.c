/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "disk/contents-read.h"
#include "disk/gpt-disk.h"
#include "disk/gpt-look.h"
#include "disk/text.h"

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

static int take_entries(struct blk *b, struct disk_contents *c, const struct gpt_copy *g,
                        struct wtg_err *err)
{
    int r = 0;

    c->label = DISK_LABEL_GPT;
    c->id = g->disk_id;
    for (uint32_t i = 0; r == 0 && i < g->entries; i++)
        r = take_entry(b, c, g->bytes + (size_t)i * g->entry_bytes, i + 1, err);
    return r;
}

/* What is wrong though one copy can be read. */
static void compare_copies(struct disk_contents *c, const struct gpt_look *l)
{
    const char *what = NULL;

    c->backup_only = l->primary.state != GPT_FINE;
    if (c->backup_only)
        what = "the primary table is damaged, this is its backup";
    else if (l->backup.state != GPT_FINE)
        what = "the backup table is damaged or missing";
    else if (!l->same)
        what = "the two copies of the table differ";
    else if (!l->at_end)
        what = "the backup table is not at the end: the disk was larger or smaller once";
    if (what && !c->damage[0])
        snprintf(c->damage, sizeof c->damage, "%s", what);
}

int gpt_read(struct blk *b, struct disk_contents *c, bool *ret_found, struct wtg_err *err)
{
    struct gpt_look l = { 0 };
    int r = gpt_look(b, &l, err);

    *ret_found = false;
    if (r < 0)
        return r;
    if (l.primary.state == GPT_UNREADABLE || l.backup.state == GPT_UNREADABLE) {
        r = wtg_fail(err, WTG_E_IO, "sector %" PRIu64 " does not read",
                     l.primary.state == GPT_UNREADABLE ? l.primary.lba : l.backup.lba);
        gpt_look_release(&l);
        return r;
    }
    const struct gpt_copy *g = l.primary.state == GPT_FINE  ? &l.primary
                               : l.backup.state == GPT_FINE ? &l.backup
                                                            : NULL;
    if (g) {
        *ret_found = true;
        r = take_entries(b, c, g, err);
        compare_copies(c, &l);
    }
    gpt_look_release(&l);
    return r;
}
