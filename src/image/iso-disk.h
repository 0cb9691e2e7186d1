/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_IMAGE_ISO_DISK_H
#define WTG_IMAGE_ISO_DISK_H

#include <assert.h>
#include <stddef.h>

#include "base/le.h"

/* What is needed of ISO 9660 (ECMA-119) to find a file.  Numbers stand there twice, little endian
 * first; the big-endian copy is skipped. Source: docs/formats/iso.md. */

/* clang-format off */
enum {
    ISO_SECTOR_BYTES = 2048,
    ISO_FIRST_DESCRIPTOR = 16, /* sector of the first volume descriptor */
    ISO_PRIMARY = 1,           /* type of a descriptor */
    ISO_SUPPLEMENTARY = 2,     /* Joliet, when its escape sequence says UCS-2 */
    ISO_LAST = 255,
    ISO_DIRECTORY = 0x02,      /* file flags */
    ISO_ASSOCIATED = 0x04,     /* a resource fork: no file of its own */
    ISO_MORE_EXTENTS = 0x80,   /* the file goes on in the next record */
};

struct iso_record_disk { /* an entry of a directory; its name follows */
    uint8_t length;      /* +0x00  bytes with the name; 0: go on at the next sector */
    uint8_t xattr_blocks; /* +0x01  in front of the data */
    le32 lba;            /* +0x02  logical block */
    uint8_t be1[4];
    le32 size;           /* +0x0a  bytes of this extent */
    uint8_t be2[4];
    uint8_t time[7];     /* +0x12 */
    uint8_t flags;       /* +0x19 */
    uint8_t unit;        /* +0x1a  not 0: interleaved */
    uint8_t gap;         /* +0x1b */
    uint8_t volume[4];   /* +0x1c */
    uint8_t name_bytes;  /* +0x20 */
};
static_assert(sizeof(struct iso_record_disk) == 33, "as documented");

struct iso_descriptor_disk {
    uint8_t type;         /* +0x00 */
    uint8_t id[5];        /* +0x01  "CD001"; of UDF's own: "BEA01", "NSR02", "NSR03", "TEA01" */
    uint8_t version;      /* +0x06 */
    uint8_t unused1[73];  /* +0x07 */
    le32 blocks;          /* +0x50  of the whole volume */
    uint8_t be1[4];
    uint8_t escape[32];   /* +0x58  "%/@", "%/C" or "%/E": Joliet */
    uint8_t unused2[8];   /* +0x78 */
    le16 block_bytes;     /* +0x80 */
    uint8_t unused3[26];  /* +0x82 */
    struct iso_record_disk root; /* +0x9c */
    uint8_t rest[1859];
};
static_assert(offsetof(struct iso_descriptor_disk, blocks) == 0x50, "as documented");
static_assert(offsetof(struct iso_descriptor_disk, root) == 0x9c, "as documented");
static_assert(sizeof(struct iso_descriptor_disk) == ISO_SECTOR_BYTES, "as documented");

/* clang-format on */

#endif
