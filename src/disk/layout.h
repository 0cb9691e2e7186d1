/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DISK_LAYOUT_H
#define WTG_DISK_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/guid.h"

/* Which partitions a disk gets: numbers only, nothing is opened. */
enum disk_role {
    DISK_ROLE_ESP,     /* EFI system partition, FAT32, holds the boot files */
    DISK_ROLE_MSR,     /* Microsoft reserved partition, empty */
    DISK_ROLE_WINDOWS, /* the NTFS volume */
};

enum { DISK_LAYOUT_MAX_PARTS = 4 };
#define DISK_ALIGN_BYTES (UINT64_C(1) << 20)
#define DISK_ESP_BYTES (UINT64_C(260) << 20)
#define DISK_MSR_BYTES (UINT64_C(16) << 20)
/* "no drive letter", what a partition of Microsoft's types may carry; [MS] GPT_BASIC_DATA_... */
#define DISK_ATTR_NO_LETTER (UINT64_C(1) << 63)

struct disk_part {
    enum disk_role role;
    uint64_t offset_bytes, size_bytes; /* multiples of DISK_ALIGN_BYTES */
    uint64_t start_lba;                /* offset_bytes in sectors */
    struct guid type, id;
    uint64_t attributes;
    const char *name; /* a literal; ASCII */
};

struct disk_layout {
    uint64_t size_bytes; /* of the disk */
    uint32_t sector_bytes;
    struct guid id; /* of the disk */
    struct disk_part part[DISK_LAYOUT_MAX_PARTS];
    size_t nparts;
};

struct disk_layout_opts {
    uint64_t size_bytes;    /* of the disk; what goes beyond whole sectors is not used */
    uint32_t sector_bytes;  /* 512 or 4096 */
    bool no_boot;           /* one partition, for Windows' files only */
    uint64_t windows_bytes; /* the least that the Windows partition must have */
    struct guid disk_id, esp_id, msr_id, windows_id; /* esp and msr: not used with no_boot */
};

/* ESP 260 MiB at 1 MiB, MSR 16 MiB, Windows to the end; all of it on borders of 1 MiB.
 * DISK_TOO_SMALL says how large the disk must be. */
int disk_layout_make(const struct disk_layout_opts *opts, struct disk_layout *ret,
                     struct wtg_err *err) WTG_MUST_USE;
/* The smallest disk for these options; opts->size_bytes is not looked at. */
uint64_t disk_layout_least_bytes(const struct disk_layout_opts *opts);
/* NULL when there is none. */
const struct disk_part *disk_layout_part(const struct disk_layout *l, enum disk_role role);

#endif
