/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk/contents.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "disk/contents-read.h"
#include "disk/gpt-disk.h"
#include "disk/identity.h"

void disk_contents_release(struct disk_contents *c)
{
    free(c->part);
    *c = (struct disk_contents){ 0 };
}

int contents_add(struct disk_contents *c, uint64_t disk_bytes, const struct disk_content_part *part,
                 struct wtg_err *err)
{
    if (part->offset_bytes >= disk_bytes || part->size_bytes > disk_bytes - part->offset_bytes) {
        snprintf(c->damage, sizeof c->damage, "partition %u lies beyond the end of the disk",
                 part->number);
        return 0;
    }
    if (c->nparts == DISK_CONTENTS_MAX_PARTS) {
        c->nmore++;
        return 0;
    }
    int r = mem_grow(&c->part, &c->parts_cap, c->nparts, sizeof *c->part, err);
    if (r == 0)
        c->part[c->nparts++] = *part;
    return r;
}

int disk_contents_read(struct blk *b, struct disk_contents *ret, struct wtg_err *err)
{
    struct disk_contents c = { 0 };
    bool found = false;
    int r = gpt_read(b, &c, &found, err);

    if (r == 0 && !found)
        r = mbr_read(b, &c, &found, err);
    if (r < 0) {
        disk_contents_release(&c);
        return wtg_because(err, "reading the partition table");
    }
    *ret = c;
    return 0;
}

/* ---- in words --------------------------------------------------------------------------- */

static const struct {
    const char *guid, *name;
} gpt_types[] = {
    { "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "EFI system partition" },
    { "e3c9e316-0b5c-4db8-817d-f92df00215ae", "Microsoft reserved partition" },
    { "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", "basic data partition" },
    { "de94bba4-06d1-4d40-a16a-bfd50179d6ac", "Windows recovery partition" },
    { "5808c8aa-7e8f-42e0-85d2-e1e90434cfb3", "Windows LDM metadata" },
    { "af9b60a0-1431-4f62-bc68-3311714a69ad", "Windows LDM data" },
    { "0fc63daf-8483-4772-8e79-3d69d8477de4", "Linux partition" },
    { "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", "Linux swap" },
    { "e6d6d379-f507-44c2-a23c-238f2a3df928", "Linux LVM" },
    { "a19d880f-05fc-4d3b-a006-743f0f84911e", "Linux RAID" },
    { "ca7d7ccb-63ed-4c53-861c-1742536059cc", "Linux LUKS" },
    { "21686148-6449-6e6f-744e-656564454649", "BIOS boot partition" },
    { "48465300-0000-11aa-aa11-00306543ecac", "Apple HFS+ partition" },
    { "7c3457ef-0000-11aa-aa11-00306543ecac", "Apple APFS partition" },
};

static const struct {
    uint8_t type;
    const char *name;
} mbr_types[] = {
    { 0x01, "FAT12 partition" },
    { 0x04, "FAT16 partition" },
    { 0x06, "FAT16 partition" },
    { 0x07, "NTFS or exFAT partition" },
    { 0x0b, "FAT32 partition" },
    { 0x0c, "FAT32 partition" },
    { 0x0e, "FAT16 partition" },
    { 0x27, "Windows recovery partition" },
    { 0x82, "Linux swap" },
    { 0x83, "Linux partition" },
    { 0x8e, "Linux LVM" },
    { 0xcd, "ISO 9660 hybrid" },
    { 0xef, "EFI system partition" },
    { 0xfd, "Linux RAID" },
};

static void type_name(const struct disk_contents *c, const struct disk_content_part *p, char *buf,
                      size_t cap)
{
    char guid[GUID_TEXT_BYTES];

    guid_text(&p->type, guid);
    snprintf(buf, cap, "partition");
    if (c->label == DISK_LABEL_GPT) {
        snprintf(buf, cap, "partition of type %s", guid);
        for (size_t i = 0; i < ARRAY_LEN(gpt_types); i++)
            if (strcmp(gpt_types[i].guid, guid) == 0)
                snprintf(buf, cap, "%s", gpt_types[i].name);
    } else if (c->label == DISK_LABEL_MBR) {
        snprintf(buf, cap, "partition of type %02x", p->mbr_type);
        for (size_t i = 0; i < ARRAY_LEN(mbr_types); i++)
            if (mbr_types[i].type == p->mbr_type)
                snprintf(buf, cap, "%s", mbr_types[i].name);
    }
}

char *disk_content_line(const struct disk_contents *c, const struct disk_content_part *p,
                        char buf[DISK_LINE_BYTES])
{
    char type[80], size[DISK_SIZE_TEXT_BYTES], fs[200] = "";

    type_name(c, p, type, sizeof type);
    if (p->fs[0])
        snprintf(fs, sizeof fs, p->fs_label[0] ? ", %s '%s'" : ", %s", p->fs, p->fs_label);
    disk_size_text(p->size_bytes, size);
    if (p->number)
        snprintf(buf, DISK_LINE_BYTES, "%u  %s, %s%s", p->number, type, size, fs);
    else
        snprintf(buf, DISK_LINE_BYTES, "whole disk, %s%s", size, fs);
    return buf;
}

char *disk_contents_summary(const struct disk_contents *c, char buf[DISK_LINE_BYTES])
{
    size_t n = c->nparts + c->nmore;

    if (c->label == DISK_LABEL_NONE && n)
        snprintf(buf, DISK_LINE_BYTES, "a file system without a partition table");
    else if (c->label == DISK_LABEL_NONE)
        snprintf(buf, DISK_LINE_BYTES, "nothing that is known");
    else
        snprintf(buf, DISK_LINE_BYTES, "%s with %zu partition%s%s%s",
                 c->label == DISK_LABEL_GPT ? "GPT" : "MBR", n, n == 1 ? "" : "s",
                 c->damage[0] ? "; " : "", c->damage);
    return buf;
}
