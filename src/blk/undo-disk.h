/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BLK_UNDO_DISK_H
#define WTG_BLK_UNDO_DISK_H

/* An undo file as it stands on disk: our own format, docs/formats/undo.md.  Little endian. */

#include <assert.h>
#include <stddef.h>

#include "base/le.h"

/* Every part begins at a multiple of this, so that a reader can look for the next one. */
enum { UNDO_ALIGN_BYTES = 512 };

#define UNDO_MAGIC "WTGUNDO1"

struct undo_head_disk { /* at byte 0 */
    uint8_t magic[8];   /* +0x000  UNDO_MAGIC */
    le32 head_bytes;    /* +0x008  of this struct */
    le32 block_bytes;   /* +0x00c  a power of two, 4 KiB to 64 KiB: what is kept at once */
    le64 target_bytes;  /* +0x010  size of the target */
    le32 sector_bytes;  /* +0x018  of the target: 512 or 4096 */
    le32 zero;          /* +0x01c */
    le64 time;          /* +0x020  when it was begun, seconds since 1970 UTC */
    uint8_t id[16];     /* +0x028  random; part of every checksum below */
    uint8_t disk[32];   /* +0x038  SHA-256 of who the target is */
    char target[256];   /* +0x058  who it is, for people; UTF-8, NUL */
    char what[512];     /* +0x158  what was done to it, for people; UTF-8, NUL */
    le64 hash;          /* +0x358  XXH3 of all above */
};
static_assert(sizeof(struct undo_head_disk) == 0x360, "undo file, head");
static_assert(offsetof(struct undo_head_disk, hash) == 0x358, "undo file, head");

enum undo_part_kind {
    UNDO_PART_BLOCK = 1, /* bytes of the target as they were, before they were first overwritten */
    UNDO_PART_WITNESS = 2, /* struct undo_witness_disk[]: places that the work did not touch */
    UNDO_PART_END = 3,  /* le64[]: the hash of every kept block, in their order, as it was left */
    UNDO_PART_PLAY = 4, /* no bytes: taking back has begun, blocks may be half one, half other */
};

struct undo_part_disk {
    uint8_t magic[4]; /* +0x00  "PART" */
    le32 kind;        /* +0x04  enum undo_part_kind */
    le64 offset;      /* +0x08  BLOCK: of the target; else 0 */
    le32 bytes;       /* +0x10  that follow this struct */
    le32 number;      /* +0x14  of the part, from 0 */
    le64 data_hash;   /* +0x18  XXH3 of the bytes that follow */
    uint8_t id[16];   /* +0x20  of the file */
    le64 hash;        /* +0x30  XXH3 of all above */
    le64 zero;        /* +0x38 */
};
static_assert(sizeof(struct undo_part_disk) == 64, "undo file, part");
static_assert(offsetof(struct undo_part_disk, hash) == 0x30, "undo file, part");

struct undo_witness_disk {
    le64 offset; /* +0x00  of a block of the target */
    le64 hash;   /* +0x08  XXH3 of it, before the work */
};
static_assert(sizeof(struct undo_witness_disk) == 16, "undo file, witness");

#endif
