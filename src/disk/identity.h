/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DISK_IDENTITY_H
#define WTG_DISK_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "disk/host.h"

enum disk_bus {
    DISK_BUS_OTHER, /* nothing known */
    DISK_BUS_USB,   /* USB mass storage, also a card reader on USB */
    DISK_BUS_SD,    /* an SD card in a slot of its own */
    DISK_BUS_EMMC,  /* soldered flash on the same kind of bus */
    DISK_BUS_ATA,   /* SATA, PATA */
    DISK_BUS_NVME,
    DISK_BUS_SCSI,    /* SAS, Fibre Channel, iSCSI */
    DISK_BUS_VIRTIO,  /* the disk of a virtual machine */
    DISK_BUS_LOOP,    /* a file that the kernel shows as a disk */
    DISK_BUS_VIRTUAL, /* RAM disk, LVM, RAID, dm-crypt, network block device */
    DISK_BUS_FILE,    /* no device: an image file */
};
const char *disk_bus_name(enum disk_bus bus); /* "usb", "sd", "nvme", ... */

/* Who a disk (or an image file) is.  Plain data: copy it, keep it in a plan, print it. */
struct disk_identity {
    char path[256]; /* "/dev/sdb", or the absolute path of the image file */
    char name[64];  /* the kernel's name, "sdb"; "" for a file */
    enum disk_bus bus;
    char vendor[64], model[64], serial[128], wwn[80]; /* printable UTF-8 or "" */
    uint64_t size_bytes;
    uint32_t sector_bytes;          /* logical: 512 or 4096 */
    uint32_t physical_sector_bytes; /* 0: not known */
    uint32_t usb_mbps;              /* link speed: 480, 5000, 10000; 0: not USB or not known */
    uint32_t dev_major, dev_minor;  /* 0, 0 for a file */
    bool removable, rotational, read_only;
    bool exists; /* false: an image file still to be made */
};

enum { DISK_TEXT_BYTES = 320, DISK_DIGEST_BYTES = 65 };
/* "SanDisk Extreme, serial 12AB, 128.0 GB, USB 5 Gbit/s (/dev/sdb)". Returns `buf`. */
char *disk_identity_text(const struct disk_identity *id, char buf[DISK_TEXT_BYTES]);
/* SHA-256, in hex, of what disk_identity_same compares. Returns `hex`. */
char *disk_identity_digest(const struct disk_identity *id, char hex[DISK_DIGEST_BYTES]);
/* The same disk?  Compares bus, vendor, model, serial, WWN, size and sector size; for an image file
 * its path.  The kernel's name may differ: the same stick may come back as another one. */
bool disk_identity_same(const struct disk_identity *a, const struct disk_identity *b);
/* What differs, for messages: "size 64.0 GB, not 128.0 GB". Returns `buf`; "" when nothing. */
char *disk_identity_difference(const struct disk_identity *want, const struct disk_identity *got,
                               char *buf, size_t cap);

/* "64.0 GB" as sticks are sold, powers of 1000. Returns `buf`. */
enum { DISK_SIZE_TEXT_BYTES = 32 };
char *disk_size_text(uint64_t bytes, char buf[DISK_SIZE_TEXT_BYTES]);

/* Reads who the whole disk with this kernel name ("sdb") is.  Opens nothing.  DISK_GONE: no such
 * disk; an empty card reader has size_bytes 0. */
int disk_identify(const struct disk_host *host, const char *name, struct disk_identity *ret,
                  struct wtg_err *err) WTG_MUST_USE;

/* All whole disks that could hold something: no RAM disks, optical drives, empty loop devices or
 * parts of a RAID.  Sorted by name ("sdb" before "sdaa"). `*ret` is malloc'ed. */
int disk_list(const struct disk_host *host, struct disk_identity **ret, size_t *ret_n,
              struct wtg_err *err) WTG_MUST_USE;

/* Is it something that one carries in a pocket: USB, SD card, or removable medium? */
bool disk_is_stick(const struct disk_identity *id);

#endif
