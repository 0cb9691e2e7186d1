/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BOOT_BCD_DISK_H
#define WTG_BOOT_BCD_DISK_H

/* Device elements of a BCD store.  Source: docs/formats/bcd.md.  All integers little endian, all
 * GUIDs as on disk. */

#include <assert.h>
#include <stddef.h>

#include "base/le.h"

/* An element is 16 bytes (the GUID of an object with options, or zero) and one descriptor. */
enum { BCD_OPTIONS_BYTES = 16 };

enum bcd_descriptor_type {
    BCD_DEVICE_BLOCK = 0,     /* body: a block */
    BCD_DEVICE_BOOT = 5,      /* body: 0x38 zero bytes; what the boot manager came from */
    BCD_DEVICE_PARTITION = 6, /* body: 16 bytes of partition id, a block */
    BCD_DEVICE_LOCATE = 8,    /* body: struct bcd_locate_disk, path, parent */
};
struct bcd_descriptor_disk {
    le32 type;  /* +0x00  enum bcd_descriptor_type */
    le32 flags; /* +0x04  1: the options object counts */
    le32 size;  /* +0x08  of all, with these 16 bytes */
    le32 zero;  /* +0x0c */
};
static_assert(sizeof(struct bcd_descriptor_disk) == 16, "as documented");

enum bcd_block_kind {
    BCD_BLOCK_HARD_DISK = 0, /* struct bcd_disk_id, 16 zero bytes */
    BCD_BLOCK_RAMDISK = 3,   /* u64 base, u64 size, u32 offset, file path */
    BCD_BLOCK_FILE = 5,      /* file path */
    BCD_BLOCK_VHD = 6,       /* struct bcd_disk_id, descriptor of the file */
};
enum { BCD_RAMDISK_BYTES = 20 }; /* before its file path */

/* How a disk is named, behind the block's u32 kind. */
enum { BCD_STYLE_GPT = 0, BCD_STYLE_MBR = 1 };
struct bcd_disk_id {
    le32 style;     /* +0x00 */
    uint8_t id[16]; /* +0x04  GPT: disk GUID; MBR: u32 signature, zeroes */
};
static_assert(sizeof(struct bcd_disk_id) == 20, "as documented");

struct bcd_file_path_disk {
    le32 version; /* +0x00  1 */
    le32 size;    /* +0x04  with these 12 bytes */
    le32 source;  /* +0x08  5 */
    /* the descriptor of where the file is; its path in UTF-16, with a NUL */
};
static_assert(sizeof(struct bcd_file_path_disk) == 12, "as documented");

struct bcd_locate_disk {
    le32 how;     /* +0x00  0: by the path in an element */
    le32 element; /* +0x04  id of that element */
    le32 parent;  /* +0x08  offset of a parent from the start of the descriptor; 0: none */
    /* a path in UTF-16, with a NUL; then the parent's descriptor */
};
static_assert(sizeof(struct bcd_locate_disk) == 12, "as documented");

/* The whole element for a partition of a plain disk: the only one that is written. */
struct bcd_partition_disk {
    uint8_t options[BCD_OPTIONS_BYTES];    /* +0x00  zero */
    struct bcd_descriptor_disk descriptor; /* +0x10  partition, size 0x48 */
    uint8_t partition[16];                 /* +0x20  GPT: its GUID; MBR: u64 byte offset, zeroes */
    le32 kind;                             /* +0x30  hard disk */
    struct bcd_disk_id disk;               /* +0x34 */
    uint8_t zero[16];                      /* +0x48 */
};
static_assert(sizeof(struct bcd_partition_disk) == 0x58, "as in every store seen");
static_assert(offsetof(struct bcd_partition_disk, disk) == 0x34, "as documented");

#endif
