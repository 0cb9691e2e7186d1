/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BOOT_DEVICE_H
#define WTG_BOOT_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/guid.h"
#include "base/span.h"

/* How a BCD names the place of a file. */

/* A partition.  A GPT knows it by GUIDs, an MBR by signature and offset; so a store that is made
 * before the disk is written fits it afterwards. */
struct boot_partition {
    bool mbr;
    struct guid disk, partition; /* GPT */
    uint32_t signature;          /* MBR */
    uint64_t offset_bytes;       /* MBR */
};

enum { BOOT_PARTITION_BYTES = 0x58 };
void boot_device_encode(const struct boot_partition *p, uint8_t ret[BOOT_PARTITION_BYTES]);

/* A device read from a store, as layers from the inside out: a partition in a VHD is
 * { PARTITION, FILE, PARTITION }. */
enum boot_device_kind {
    BOOT_DEVICE_START,     /* what the boot manager itself came from */
    BOOT_DEVICE_DISK,      /* a whole disk */
    BOOT_DEVICE_PARTITION, /* a partition, of the disk in the next layer if there is one */
    BOOT_DEVICE_FILE,      /* a disk in a file, on the next layer */
    BOOT_DEVICE_RAMDISK,   /* a disk in memory, loaded from a file on the next layer */
    BOOT_DEVICE_LOCATE,    /* the first volume that holds a path */
    BOOT_DEVICE_UNKNOWN,   /* of a kind that is not known: see `code` */
    BOOT_DEVICE_DAMAGED,   /* cut short or contradicting itself */
};
struct boot_device_layer {
    enum boot_device_kind kind;
    struct boot_partition partition; /* DISK, PARTITION */
    struct wtg_span path;            /* FILE, RAMDISK, LOCATE: UTF-16LE in the element */
    uint32_t code;                   /* LOCATE: element id; UNKNOWN: its number */
};
enum { BOOT_DEVICE_LAYERS = 6 }; /* two more than any store seen has */
struct boot_device {
    struct guid options; /* the object with options; all zero: none */
    struct boot_device_layer layer[BOOT_DEVICE_LAYERS];
    size_t nlayers; /* > 0 */
};

/* Never fails: what is not understood is a layer too. `ret` borrows from `element`. */
void boot_device_decode(struct wtg_span element, struct boot_device *ret);
/* "partition 36be... of disk 0b23...", truncated to fit.  Returns `buf`. */
char *boot_device_text(struct wtg_span element, char *buf, size_t cap);

#endif
