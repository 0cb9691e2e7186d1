/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FAT_FAT_DISK_H
#define WTG_FAT_FAT_DISK_H

/* FAT32 as it stands on disk.  Only structs, numbers and asserts; all integers little endian.
 * Source: Microsoft, "FAT: General Overview of On-Disk Format" (fatgen103); see
 * docs/formats/fat.md.  Sectors are counted from the start of the volume. */

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/le.h"

/* clang-format off */
enum {
    FAT_FSINFO_SECTOR   = 1,
    FAT_BACKUP_SECTOR   = 6,      /* where the backups of sectors 0, 1 and 2 begin */
    FAT_BOOT_SECTORS    = 3,      /* boot sector, FSINFO, a third with only the mark at its end */
    FAT_RESERVED_LEAST  = 32,     /* as every formatter has it */
    FAT_COPIES          = 2,
    FAT_MEDIA_FIXED     = 0xf8,
    FAT_FIRST_CLUSTER   = 2,      /* entries 0 and 1 of the FAT are marks */
    FAT_ENTRY_BYTES     = 4,
    FAT_DIRENT_BYTES    = 32,
    FAT_DIR_ENTRIES_MAX = 65536,  /* a directory has at most 2 MiB */
    FAT_LFN_UNITS       = 13,     /* of a name, in one long-name entry */
    FAT_LFN_ENTRIES_MAX = 20,     /* 255 / 13, rounded up */
    FAT_NAME_MAX        = 255,
    FAT_SHORT_BYTES     = 11,
    FAT_CLUSTER_MAX     = 32768,  /* bytes; larger ones are not portable */
};

#define FAT_CLUSTERS_LEAST  65525u       /* with fewer, drivers take the volume for FAT16 */
#define FAT_CLUSTERS_MOST   0x0ffffff5u  /* below the marks */
#define FAT_ENTRY_MASK      0x0fffffffu  /* the upper four bits are nobody's */
#define FAT_ENTRY_BAD       0x0ffffff7u
#define FAT_ENTRY_END_FIRST 0x0ffffff8u  /* this and all above end a chain */
#define FAT_ENTRY_END       0x0fffffffu
#define FAT_CLEAN_BITS      0x0c000000u  /* entry 1: unmounted cleanly, no I/O errors */
#define FAT_FSINFO_LEAD     0x41615252u
#define FAT_FSINFO_STRUCT   0x61417272u
#define FAT_SECTOR_TRAIL    0xaa550000u  /* "55 aa" as its last two bytes */
#define FAT_UNKNOWN         0xffffffffu

/* Attributes of a directory entry; the lower ones are FILE_ATTRIBUTE_* as they are. */
enum {
    FAT_ATTR_READONLY = 0x01,
    FAT_ATTR_HIDDEN   = 0x02,
    FAT_ATTR_SYSTEM   = 0x04,
    FAT_ATTR_VOLUME   = 0x08,  /* the label; no file */
    FAT_ATTR_DIR      = 0x10,
    FAT_ATTR_ARCHIVE  = 0x20,
    FAT_ATTR_KEPT     = 0x27,  /* what a tree's attributes and an entry's have in common */
    FAT_ATTR_LFN      = 0x0f,  /* a long-name entry: a combination old systems pass over */
    FAT_ATTR_LFN_MASK = 0x3f,
};

enum {
    FAT_LFN_LAST      = 0x40,  /* in `order`: the last part of the name, which stands first */
    FAT_NAME_END      = 0x00,  /* first byte: no more entries */
    FAT_NAME_DELETED  = 0xe5,
    FAT_NAME_IS_E5    = 0x05,  /* first byte: stands for 0xe5 */
    FAT_CASE_BASE     = 0x08,  /* in `case_bits`: the name is shown in small letters */
    FAT_CASE_EXT      = 0x10,  /* the extension too */
};

/* Sector 0, and its backup at sector 6. */
struct fat_boot_disk {
    uint8_t jump[3];            /* +0x00  eb 58 90 */
    uint8_t oem[8];             /* +0x03  who formatted it; means nothing */
    le16    sector_bytes;       /* +0x0b  512, 1024, 2048 or 4096 */
    uint8_t cluster_sectors;    /* +0x0d  a power of two; a cluster is 32 KiB at the most */
    le16    reserved_sectors;   /* +0x0e  before the first FAT; not 0 */
    uint8_t fats;               /* +0x10  2 */
    le16    root_entries;       /* +0x11  0: what tells FAT32 from FAT12 and FAT16 */
    le16    sectors16;          /* +0x13  0 */
    uint8_t media;              /* +0x15  f8; also the low byte of FAT entry 0 */
    le16    fat_sectors16;      /* +0x16  0 */
    le16    track_sectors;      /* +0x18  63 */
    le16    heads;              /* +0x1a  255 */
    le32    hidden_sectors;     /* +0x1c  before the volume on its disk: the partition's start */
    le32    sectors;            /* +0x20  of the volume */
    le32    fat_sectors;        /* +0x24  of one FAT */
    le16    flags;              /* +0x28  0: both FATs are kept equal; 0x80: only one is live */
    le16    version;            /* +0x2a  0 */
    le32    root_cluster;       /* +0x2c  2 usually */
    le16    fsinfo_sector;      /* +0x30  1 */
    le16    backup_sector;      /* +0x32  6 */
    uint8_t zero1[12];          /* +0x34 */
    uint8_t drive;              /* +0x40  0x80 */
    uint8_t zero2;              /* +0x41  bit 0: not unmounted cleanly (Windows) */
    uint8_t ext_mark;           /* +0x42  29: the three that follow are there */
    le32    volume_id;          /* +0x43 */
    uint8_t label[11];          /* +0x47  as in the root directory, or "NO NAME    " */
    uint8_t type[8];            /* +0x52  "FAT32   "; means nothing */
    uint8_t code[420];          /* +0x5a */
    le16    mark;               /* +0x1fe 55 aa, there whatever the sector size */
};
static_assert(sizeof(struct fat_boot_disk) == 512, "boot sector");
static_assert(offsetof(struct fat_boot_disk, sectors) == 0x20, "as documented");
static_assert(offsetof(struct fat_boot_disk, volume_id) == 0x43, "as documented");
static_assert(offsetof(struct fat_boot_disk, code) == 0x5a, "as documented");

/* Sector 1 (and 7): hints only. */
struct fat_fsinfo_disk {
    le32    lead;               /* +0x000 FAT_FSINFO_LEAD */
    uint8_t zero1[480];         /* +0x004 */
    le32    mark;               /* +0x1e4 FAT_FSINFO_STRUCT */
    le32    free_clusters;      /* +0x1e8 FAT_UNKNOWN: count them */
    le32    next_free;          /* +0x1ec where to begin to look; FAT_UNKNOWN: at 2 */
    uint8_t zero2[12];          /* +0x1f0 */
    le32    trail;              /* +0x1fc FAT_SECTOR_TRAIL */
};
static_assert(sizeof(struct fat_fsinfo_disk) == 512, "FSINFO sector");
static_assert(offsetof(struct fat_fsinfo_disk, free_clusters) == 0x1e8, "as documented");

/* A file, a directory or the label. */
struct fat_dirent_disk {
    uint8_t name[11];           /* +0x00  8 and 3, capitals of the OEM code page, spaces behind */
    uint8_t attributes;         /* +0x0b  FAT_ATTR_* */
    uint8_t case_bits;          /* +0x0c  FAT_CASE_* */
    uint8_t created_10ms;       /* +0x0d  0..199, on top of created_time */
    le16    created_time;       /* +0x0e  hour << 11 | minute << 5 | second / 2 */
    le16    created_date;       /* +0x10  (year - 1980) << 9 | month << 5 | day */
    le16    accessed_date;      /* +0x12 */
    le16    cluster_high;       /* +0x14  of the first cluster; 0: empty, or the root in ".." */
    le16    written_time;       /* +0x16 */
    le16    written_date;       /* +0x18 */
    le16    cluster_low;        /* +0x1a */
    le32    size_bytes;         /* +0x1c  0 for directories */
};
static_assert(sizeof(struct fat_dirent_disk) == FAT_DIRENT_BYTES, "directory entry");
static_assert(offsetof(struct fat_dirent_disk, cluster_low) == 0x1a, "as documented");

/* Thirteen units of a long name; they stand before their file's entry, last part first. */
struct fat_lfn_disk {
    uint8_t order;              /* +0x00  1.. from the entry upwards; FAT_LFN_LAST on the last */
    uint8_t name1[10];          /* +0x01  UTF-16 units 0..4: after the name a 0, then ff ff */
    uint8_t attributes;         /* +0x0b  FAT_ATTR_LFN */
    uint8_t type;               /* +0x0c  0 */
    uint8_t checksum;           /* +0x0d  of the short name that follows */
    uint8_t name2[12];          /* +0x0e  units 5..10 */
    le16    cluster_low;        /* +0x1a  0 */
    uint8_t name3[4];           /* +0x1c  units 11, 12 */
};
static_assert(sizeof(struct fat_lfn_disk) == FAT_DIRENT_BYTES, "long-name entry");
static_assert(offsetof(struct fat_lfn_disk, name3) == 0x1c, "as documented");
/* clang-format on */

#endif
