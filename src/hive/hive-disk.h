/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_HIVE_HIVE_DISK_H
#define WTG_HIVE_HIVE_DISK_H

/* A registry hive file ("regf") as it stands on disk.  Source: docs/formats/hive.md.  Offsets
 * called "cell" count from the start of the bins, which is byte HIVE_BINS_AT of the file. */

#include <assert.h>
#include <stddef.h>

#include "base/le.h"

enum {
    HIVE_BINS_AT = 4096,   /* behind the base block */
    HIVE_BIN_STEP = 4096,  /* bins are multiples of this */
    HIVE_CELL_STEP = 8,    /* so are cells of this */
    HIVE_SUMMED = 508,     /* bytes of the base block that the checksum covers */
    HIVE_LOG_STEP = 512,   /* log entries start at multiples of this, the first one at 512 */
};
#define HIVE_NO_CELL 0xffffffffu

struct hive_base_disk {
    uint8_t magic[4];    /* +0x000  "regf" */
    le32 sequence1;      /* +0x004  counted up before a write */
    le32 sequence2;      /* +0x008  counted up after it; differs from the first: not closed cleanly */
    le64 last_written;   /* +0x00c  FILETIME; not kept up to date since Windows 8.1 */
    le32 major;          /* +0x014  1 */
    le32 minor;          /* +0x018  3 (boot stores), 5; 6 is a layered key and never a file of these */
    le32 type;           /* +0x01c  0 hive, 1 and 2 old logs, 6 new log */
    le32 format;         /* +0x020  1 */
    le32 root;           /* +0x024  cell of the root key */
    le32 bins_bytes;     /* +0x028  of all bins; the file may be longer */
    le32 cluster;        /* +0x02c  1 */
    uint8_t path[64];    /* +0x030  UTF-16, the end of the file's path; for debugging only */
    uint8_t zero[396];   /* +0x070  GUIDs of transactions, not used here */
    le32 checksum;       /* +0x1fc  exclusive or of the 127 words before */
};
static_assert(sizeof(struct hive_base_disk) == 512, "one sector");
static_assert(offsetof(struct hive_base_disk, bins_bytes) == 0x28, "as documented");
static_assert(offsetof(struct hive_base_disk, checksum) == HIVE_SUMMED, "as documented");

struct hive_bin_disk {
    uint8_t magic[4]; /* +0x00  "hbin" */
    le32 offset;      /* +0x04  of this bin from the first one */
    le32 size;        /* +0x08  bytes */
    uint8_t zero[8];  /* +0x0c */
    le64 time;        /* +0x14  first bin: copy of last_written */
    le32 spare;       /* +0x1c */
};
static_assert(sizeof(struct hive_bin_disk) == 32, "as documented");

/* A cell: i32 size (negative when in use, with these four bytes), then a record. */

struct hive_key_disk {
    uint8_t magic[2];  /* +0x00  "nk" */
    le16 flags;        /* +0x02  0x04 root, 0x08 may not be deleted, 0x20 name is Latin-1 */
    le64 time;         /* +0x04  FILETIME */
    le32 spare;        /* +0x0c */
    le32 parent;       /* +0x10  cell */
    le32 nsubkeys;     /* +0x14 */
    le32 nvolatile;    /* +0x18  no meaning on disk */
    le32 subkeys;      /* +0x1c  cell of a list */
    le32 volatiles;    /* +0x20  no meaning on disk */
    le32 nvalues;      /* +0x24 */
    le32 values;       /* +0x28  cell of a list */
    le32 security;     /* +0x2c  cell */
    le32 class_name;   /* +0x30  cell */
    le32 max_name;     /* +0x34  longest subkey name, bytes of UTF-16 */
    le32 max_class;    /* +0x38 */
    le32 max_value;    /* +0x3c  longest value name */
    le32 max_data;     /* +0x40  longest value */
    le32 work;         /* +0x44 */
    le16 name_len;     /* +0x48  bytes */
    le16 class_len;    /* +0x4a  bytes */
    /* the name */
};
static_assert(sizeof(struct hive_key_disk) == 0x4c, "as documented");
static_assert(offsetof(struct hive_key_disk, security) == 0x2c, "as documented");

struct hive_value_disk {
    uint8_t magic[2]; /* +0x00  "vk" */
    le16 name_len;    /* +0x02  bytes */
    le32 data_len;    /* +0x04  bytes; HIVE_INLINE: up to four bytes stand in `data` itself */
    le32 data;        /* +0x08  cell */
    le32 type;        /* +0x0c  REG_SZ... */
    le16 flags;       /* +0x10  1: name is Latin-1 */
    le16 spare;       /* +0x12 */
    /* the name */
};
static_assert(sizeof(struct hive_value_disk) == 20, "as documented");
#define HIVE_INLINE 0x80000000u

struct hive_list_disk {
    uint8_t magic[2]; /* +0x00  "lf", "lh": cell and hash each; "li": cells; "ri": cells of lists */
    le16 count;       /* +0x02 */
};
static_assert(sizeof(struct hive_list_disk) == 4, "as documented");

struct hive_security_disk {
    uint8_t magic[2]; /* +0x00  "sk" */
    le16 zero;        /* +0x02 */
    le32 next;        /* +0x04  cell, a ring */
    le32 previous;    /* +0x08 */
    le32 references;  /* +0x0c  keys that use it */
    le32 size;        /* +0x10  of the descriptor behind */
};
static_assert(sizeof(struct hive_security_disk) == 20, "as documented");

struct hive_big_disk {
    uint8_t magic[2]; /* +0x00  "db": a value of more than 16344 bytes, in segments */
    le16 count;       /* +0x02 */
    le32 list;        /* +0x04  cell of the list of segment cells */
};
static_assert(sizeof(struct hive_big_disk) == 8, "as documented");

struct hive_log_entry_disk {
    uint8_t magic[4]; /* +0x00  "HvLE" */
    le32 size;        /* +0x04  bytes, a multiple of 512 */
    le32 flags;       /* +0x08 */
    le32 sequence;    /* +0x0c  that the hive gets when the entry is applied */
};
static_assert(sizeof(struct hive_log_entry_disk) == 16, "as documented");

#endif
