/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DISK_GPT_DISK_H
#define WTG_DISK_GPT_DISK_H

/* Partition tables as they stand on disk.  Only structs, numbers and asserts; little endian.
 * Source: UEFI specification 2.10, chapter 5 (GPT, MBR).  LBAs count logical sectors. */

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/guid.h"
#include "base/le.h"

/* clang-format off */
enum {
    GPT_HEADER_LEAST  = 92,
    GPT_ENTRY_LEAST   = 128,
    GPT_NAME_UNITS    = 36,
    MBR_TYPE_PROTECT  = 0xee, /* "a GPT is here" */
};

struct gpt_header_disk {         /* LBA 1, and the last one */
    uint8_t signature[8];        /* +0x00  "EFI PART" */
    le32    revision;            /* +0x08  0x00010000 */
    le32    header_bytes;        /* +0x0c  92 or more, one sector at the most */
    le32    header_crc32;        /* +0x10  of header_bytes, with this field 0 */
    le32    zero;                /* +0x14 */
    le64    own_lba;             /* +0x18 */
    le64    other_lba;           /* +0x20  of the other header */
    le64    first_usable_lba;    /* +0x28 */
    le64    last_usable_lba;     /* +0x30 */
    struct guid disk_id;         /* +0x38 */
    le64    entries_lba;         /* +0x48  2 in the primary */
    le32    entries;             /* +0x50  128 usually; used or not */
    le32    entry_bytes;         /* +0x54  128 times a power of two */
    le32    entries_crc32;       /* +0x58  of entries * entry_bytes */
};
static_assert(sizeof(struct gpt_header_disk) == GPT_HEADER_LEAST, "GPT header");
static_assert(offsetof(struct gpt_header_disk, entries_lba) == 0x48, "as specified");

struct gpt_entry_disk {
    struct guid type;            /* +0x00  all 0: not used */
    struct guid id;              /* +0x10 */
    le64    first_lba;           /* +0x20 */
    le64    last_lba;            /* +0x28  included */
    le64    attributes;          /* +0x30 */
    uint8_t name[72];            /* +0x38  36 UTF-16 units, padded with 0 */
};
static_assert(sizeof(struct gpt_entry_disk) == GPT_ENTRY_LEAST, "GPT entry");
static_assert(offsetof(struct gpt_entry_disk, name) == 0x38, "as specified");

struct mbr_entry_disk {
    uint8_t boot;                /* +0x0   0x80: active; else 0 */
    uint8_t chs_first[3];        /* +0x1 */
    uint8_t type;                /* +0x4   0: not used */
    uint8_t chs_last[3];         /* +0x5 */
    le32    first_lba;           /* +0x8   logical partitions: from the sector that says so */
    le32    sectors;             /* +0xc */
};
static_assert(sizeof(struct mbr_entry_disk) == 16, "MBR entry");

struct mbr_disk {                /* LBA 0 */
    uint8_t code[440];           /* +0x000 */
    le32    disk_id;             /* +0x1b8 "disk signature", Windows' name for the disk */
    uint8_t zero[2];             /* +0x1bc */
    struct mbr_entry_disk entry[4]; /* +0x1be */
    le16    mark;                /* +0x1fe 55 aa */
};
static_assert(sizeof(struct mbr_disk) == 512, "MBR");
static_assert(offsetof(struct mbr_disk, entry) == 0x1be, "as specified");
/* clang-format on */

#endif
