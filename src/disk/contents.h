/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DISK_CONTENTS_H
#define WTG_DISK_CONTENTS_H

#include "base/guid.h"
#include "blk/blk.h"

/* What is on a disk now: the partition table, read by us with everything checked, and what libblkid
 * sees in it.  For the plan ("what is on it now") and for telling one table from another. */
enum disk_label {
    DISK_LABEL_NONE, /* no partition table */
    DISK_LABEL_MBR,
    DISK_LABEL_GPT,
};

enum { DISK_CONTENTS_MAX_PARTS = 256 }; /* more are not listed; tables of Windows have 128 */

struct disk_content_part {
    uint32_t number; /* as in "sdb1"; 0: the whole disk without a table */
    uint64_t offset_bytes, size_bytes;
    struct guid type, id; /* GPT */
    uint64_t attributes;  /* GPT */
    uint8_t mbr_type;     /* MBR */
    bool active;          /* MBR: the partition that is booted */
    char name[112];       /* GPT: UTF-8, printable */
    char fs[32];          /* "ntfs", "vfat", "ext4", "BitLocker"; "" nothing known */
    char fs_label[128];
};

struct disk_contents {
    enum disk_label label;
    struct guid id;                 /* GPT: of the disk */
    uint32_t mbr_id;                /* MBR: the disk signature */
    bool backup_only;               /* GPT: the primary table is damaged, this is the backup */
    char damage[160];               /* GPT: what is wrong with it, though it is readable; or "" */
    struct disk_content_part *part; /* by number */
    size_t nparts, parts_cap;
    size_t nmore; /* how many more there are than are listed */
};

/* Reads the table through `b` alone.  Fails only when reading fails or memory is out: damage makes
 * it DISK_LABEL_NONE or goes to `damage`. Partitions that lie outside the disk are not listed. */
int disk_contents_read(struct blk *b, struct disk_contents *ret, struct wtg_err *err) WTG_MUST_USE;
/* The same for a device or image file, plus file systems and their labels by libblkid.  Opens it
 * read only and without O_EXCL, for a moment, so it also looks at disks in use. PERMISSION for
 * somebody who is not root. */
int disk_contents_probe(const char *path, uint32_t sector_bytes, struct disk_contents *ret,
                        struct wtg_err *err) WTG_MUST_USE;
void disk_contents_release(struct disk_contents *c);

enum { DISK_LINE_BYTES = 400 };
/* "1  EFI system partition, 272.6 MB, vfat 'SYSTEM'": one line for the plan. Returns `buf`. */
char *disk_content_line(const struct disk_contents *c, const struct disk_content_part *p,
                        char buf[DISK_LINE_BYTES]);
/* "GPT with 3 partitions", "no partition table", "nothing that is known". Returns `buf`. */
char *disk_contents_summary(const struct disk_contents *c, char buf[DISK_LINE_BYTES]);

#endif
