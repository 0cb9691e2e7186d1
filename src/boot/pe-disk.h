/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BOOT_PE_DISK_H
#define WTG_BOOT_PE_DISK_H

/* The head of a PE file.  Source: "PE Format", learn.microsoft.com/windows/win32/debug/pe-format. */

#include <assert.h>
#include <stddef.h>

#include "base/le.h"

struct pe_dos_disk {
    uint8_t magic[2];  /* +0x00  "MZ" */
    uint8_t stub[58];  /* +0x02 */
    le32 header;       /* +0x3c  where struct pe_head_disk stands */
};
static_assert(offsetof(struct pe_dos_disk, header) == 0x3c, "as documented");

struct pe_head_disk {
    uint8_t magic[4];      /* +0x00  "PE\0\0" */
    le16 machine;          /* +0x04 */
    le16 nsections;        /* +0x06 */
    uint8_t symbols[12];   /* +0x08 */
    le16 optional_size;    /* +0x14  bytes of what follows this struct */
    le16 characteristics;  /* +0x16 */
    le16 optional_magic;   /* +0x18  0x10b: 32 bit; 0x20b: 64 bit */
    uint8_t addresses[66]; /* +0x1a */
    le16 subsystem;        /* +0x5c  in the same place for both */
};
static_assert(offsetof(struct pe_head_disk, optional_magic) == 24, "as documented");
static_assert(offsetof(struct pe_head_disk, subsystem) == 24 + 68, "as documented");
static_assert(sizeof(struct pe_head_disk) == 24 + 70, "as documented");

#endif
