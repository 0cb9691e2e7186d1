/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/repair-priv.h"

#include <inttypes.h>
#include <string.h>

#include "boot/bcd.h"
#include "disk/gpt-disk.h"
#include "disk/gpt-mend.h"
#include "ntfs/ntfs-disk.h"

/* Partition tables, in place. */

#define TYPE_ESP "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
#define TYPE_DATA "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"
#define TYPE_MSR "e3c9e316-0b5c-4db8-817d-f92df00215ae"
/* [MS] GPT_BASIC_DATA_ATTRIBUTE_READ_ONLY, and "hidden": what a data partition must not carry. */
#define ATTR_READ_ONLY (UINT64_C(1) << 60)

static struct guid guid_of(const char *text)
{
    struct guid g = { { 0 } };
    if (!guid_parse(text, &g))
        return (struct guid){ { 0 } };
    return g;
}

static bool same_guid(const struct guid *a, const struct guid *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* ---- Which copy is right ---------------------------------------------------------------- */

struct score {
    unsigned good, bad; /* partitions that hold a file system where they begin; that do not */
};

/* A file system that says it begins at this very sector. */
static bool holds_file_system(struct blk *disk, uint64_t lba)
{
    uint8_t b[512];
    struct wtg_err ignored = { 0 };
    struct ntfs_boot_disk d;

    if (lba >= disk->size / disk->sector_bytes ||
        blk_read(disk, lba * disk->sector_bytes, b, sizeof b, &ignored) < 0)
        return false;
    memcpy(&d, b, sizeof d); /* hidden_sectors stands in the same place of a FAT32 boot sector */
    return d.mark[0] == 0x55 && d.mark[1] == 0xaa && get_le32(d.hidden_sectors) == (uint32_t)lba &&
           (memcmp(d.oem, NTFS_OEM, sizeof d.oem) == 0 || memcmp(b + 0x52, "FAT32   ", 8) == 0);
}

static struct score score_of(struct blk *disk, const struct gpt_copy *g)
{
    const struct guid unused = { { 0 } }, msr = guid_of(TYPE_MSR);
    struct score s = { 0, 0 };

    for (uint32_t i = 0; i < g->entries; i++) {
        struct gpt_entry_disk e;
        memcpy(&e, g->bytes + (size_t)i * g->entry_bytes, sizeof e);
        if (same_guid(&e.type, &unused) || same_guid(&e.type, &msr))
            continue;
        if (holds_file_system(disk, get_le64(e.first_lba)))
            s.good++;
        else
            s.bad++;
    }
    return s;
}

static bool is_better(struct score a, struct score b)
{
    return a.good > 0 && a.bad == 0 && (a.good > b.good || b.bad > 0);
}

/* What a boot configuration calls the partitions: it was written when the table was right. */
static unsigned names_of(struct blk *disk, const struct gpt_copy *g)
{
    struct repair_names names = { 0 };
    unsigned n = 0;

    for (uint32_t pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < g->entries; i++) {
            struct gpt_entry_disk e;
            memcpy(&e, g->bytes + (size_t)i * g->entry_bytes, sizeof e);
            uint64_t first = get_le64(e.first_lba), last = get_le64(e.last_lba);
            if (pass == 0 && !names.known && holds_file_system(disk, first) && last > first)
                repair_find_names(disk, first * disk->sector_bytes,
                                  (last - first + 1) * disk->sector_bytes, &names);
            if (pass == 1 && names.known && same_guid(&g->disk_id, &names.system.disk) &&
                (same_guid(&e.id, &names.system.partition) ||
                 same_guid(&e.id, &names.windows.partition)))
                n++;
        }
    return n;
}

/* NULL: neither is.  When nothing on the disk tells them apart: the first, which Windows and Linux
 * go by as long as its checksums are right. */
static const struct gpt_copy *choose(struct blk *disk, const struct gpt_look *l)
{
    if (l->primary.state != GPT_FINE || l->backup.state != GPT_FINE)
        return l->primary.state == GPT_FINE  ? &l->primary
               : l->backup.state == GPT_FINE ? &l->backup
                                             : NULL;
    if (l->same)
        return &l->primary;
    struct score p = score_of(disk, &l->primary), b = score_of(disk, &l->backup);
    if (is_better(p, b) || is_better(b, p))
        return is_better(p, b) ? &l->primary : &l->backup;
    unsigned pn = names_of(disk, &l->primary), bn = names_of(disk, &l->backup);
    return bn > pn ? &l->backup : &l->primary;
}

/* ---- gpt -------------------------------------------------------------------------------- */

int repair_check_gpt(struct repair_case *c, enum repair_need *ret, struct wtg_err *err)
{
    const struct gpt_look *l = &c->stick.gpt;
    struct blk *disk = c->stick.disk;
    uint64_t last = disk->size / disk->sector_bytes - 1;
    bool primary = l->primary.state == GPT_FINE, backup = l->backup.state == GPT_FINE;

    (void)err;
    *ret = REPAIR_FINE;
    if (!primary && !backup)
        return 0;
    if (!primary)
        *ret =
            repair_says(c, REPAIR_NEEDED, "gpt_primary_damaged",
                        "the table at the beginning: %s; its copy in sector %" PRIu64 " is whole",
                        gpt_state_name(l->primary.state), l->backup.lba);
    else if (!backup)
        *ret = repair_says(c, REPAIR_NEEDED, "gpt_backup_damaged",
                           "the copy of the table in sector %" PRIu64 ": %s", l->backup.lba,
                           gpt_state_name(l->backup.state));
    else if (!l->same)
        *ret = repair_says(c, REPAIR_NEEDED, "gpt_copies_differ",
                           "the two tables say different things; the one at the %s fits what is on "
                           "the disk better, or is the one that systems go by",
                           choose(disk, l) == &l->primary ? "beginning" : "end");
    else if (!l->at_end || l->primary.other_lba != last)
        *ret = repair_says(c, REPAIR_NEEDED, "gpt_backup_misplaced",
                           "the copy of the table stands in sector %" PRIu64
                           ", the last sector is %" PRIu64,
                           l->primary.other_lba, last);
    return 0;
}

int repair_run_gpt(struct repair_case *c, struct wtg_err *err)
{
    const struct gpt_copy *from = choose(c->stick.disk, &c->stick.gpt);

    if (!from)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "it is not clear which of the two tables is right");
    return gpt_mend(c->out, from, err);
}

/* ---- protective-mbr --------------------------------------------------------------------- */

int repair_check_protective_mbr(struct repair_case *c, enum repair_need *ret, struct wtg_err *err)
{
    const struct gpt_look *l = &c->stick.gpt;

    (void)err;
    *ret = REPAIR_FINE;
    if ((l->primary.state == GPT_FINE || l->backup.state == GPT_FINE) &&
        (l->mbr == GPT_MBR_MISSING || l->mbr == GPT_MBR_WRONG))
        *ret = repair_says(c, REPAIR_NEEDED, "protective_mbr_damaged",
                           l->mbr == GPT_MBR_MISSING
                               ? "sector 0 holds no MBR"
                               : "the MBR in sector 0 does not say that the disk has a GPT");
    return 0;
}

int repair_run_protective_mbr(struct repair_case *c, struct wtg_err *err)
{
    return gpt_mend_mbr(c->out, err);
}

/* ---- partition-type, read-only ---------------------------------------------------------- */

/* Is this the partition whose boot files a firmware should find? */
static bool holds_boot_files(const struct repair_stick *s)
{
    return s->esp_tree && (tree_find(s->esp_tree, "\\EFI\\Microsoft\\Boot") ||
                           tree_find(s->esp_tree, "\\EFI\\Boot"));
}

static bool is_type(const struct disk_content_part *p, const char *type)
{
    struct guid g = guid_of(type);
    return same_guid(&p->type, &g);
}

static bool has_sound_table(const struct repair_stick *s)
{
    return s->table.label == DISK_LABEL_GPT && s->gpt.primary.state == GPT_FINE && s->gpt.same;
}

int repair_check_partition_type(struct repair_case *c, enum repair_need *ret, struct wtg_err *err)
{
    const struct repair_stick *s = &c->stick;

    (void)err;
    *ret = REPAIR_FINE;
    if (!has_sound_table(s))
        return 0;
    if (s->windows && !is_type(s->windows, TYPE_DATA))
        *ret = repair_says(c, REPAIR_NEEDED,
                           is_type(s->windows, TYPE_ESP) ? "usb_partition_typed_as_esp"
                                                         : "partition_wrong_type",
                           "partition %u holds NTFS and is not typed as a basic data partition",
                           s->windows->number);
    else if (s->esp && !is_type(s->esp, TYPE_ESP) && holds_boot_files(s))
        *ret = repair_says(c, REPAIR_NEEDED, "partition_wrong_type",
                           "partition %u holds the boot files and is not typed as an EFI system "
                           "partition",
                           s->esp->number);
    return 0;
}

/* Changes one entry of the table that is going to be written. */
static void set_entry(struct gpt_copy *g, const struct disk_content_part *p, const char *type,
                      uint64_t clear)
{
    if (!p || p->number == 0 || p->number > g->entries)
        return;
    uint8_t *at = g->bytes + (size_t)(p->number - 1) * g->entry_bytes;
    struct gpt_entry_disk e;
    memcpy(&e, at, sizeof e);
    if (type)
        e.type = guid_of(type);
    e.attributes = to_le64(get_le64(e.attributes) & ~clear);
    memcpy(at, &e, sizeof e);
}

int repair_run_partition_type(struct repair_case *c, struct wtg_err *err)
{
    struct repair_stick *s = &c->stick;

    set_entry(&s->gpt.primary, s->windows, TYPE_DATA, 0);
    if (holds_boot_files(s))
        set_entry(&s->gpt.primary, s->esp, TYPE_ESP, 0);
    return gpt_mend(c->out, &s->gpt.primary, err);
}

int repair_check_read_only(struct repair_case *c, enum repair_need *ret, struct wtg_err *err)
{
    const struct disk_content_part *p = c->stick.windows;

    (void)err;
    *ret = REPAIR_FINE;
    if (has_sound_table(&c->stick) && p && (p->attributes & ATTR_READ_ONLY))
        *ret = repair_says(c, REPAIR_NEEDED, "write_protected_media",
                           "the table marks partition %u as read-only", p->number);
    return 0;
}

int repair_run_read_only(struct repair_case *c, struct wtg_err *err)
{
    set_entry(&c->stick.gpt.primary, c->stick.windows, NULL, ATTR_READ_ONLY);
    return gpt_mend(c->out, &c->stick.gpt.primary, err);
}
