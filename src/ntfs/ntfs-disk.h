/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS_NTFS_DISK_H
#define WTG_NTFS_NTFS_DISK_H

/* NTFS 3.1 as it stands on disk.  Only structs, numbers and asserts; all integers little endian.
 * Sources: the ntfs-3g and Linux ntfs3 documentation of the format, and volumes looked at byte by
 * byte; docs/formats/ntfs.md says which fact comes from where.
 *
 * Words used below.  Record: an entry of the $MFT.  Ref: 64 bits that name a record, the record
 * number in the low 48 and its sequence number in the high 16.  Cluster: the unit of allocation.
 * LCN: a cluster of the volume.  VCN: a cluster of a stream.  Times: 100 ns since 1601-01-01 UTC.
 */

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/le.h"

/* ---- Numbers ---------------------------------------------------------------------------- */

enum {
    NTFS_STRIDE_BYTES = 512,  /* what one update sequence word protects, on 4Kn media too */
    NTFS_RECORD_BYTES = 1024, /* usual size of a FILE record (4096 on 4Kn media) */
    NTFS_INDEX_BLOCK_BYTES = 4096,
    NTFS_BOOT_FILE_BYTES = 8192,  /* $Boot: boot sector and the rest of the boot code */
    NTFS_UPCASE_BYTES = 131072,   /* $UpCase: 65536 units of 2 bytes */
    NTFS_UPCASE_INFO_BYTES = 32,  /* $UpCase:$Info */
    NTFS_SDS_BLOCK = 0x40000,     /* $SDS: every other block of 256 KiB mirrors the one before */
    NTFS_ATTR_LIST_MAX = 0x40000, /* the most that Windows reads of an $ATTRIBUTE_LIST */
    NTFS_REPARSE_MAX = 16384,     /* whole $REPARSE_POINT value, with its header */
    NTFS_EA_MAX = 65536,          /* whole $EA value */
    NTFS_NAME_MAX = 255,          /* units of a file or attribute name */
    NTFS_SPARSE_UNIT_LOG = 4, /* compression_unit of sparse and compressed streams: 16 clusters */
    NTFS_FIRST_USER_RECORD = 64, /* below: the system's own */
};

/* Well-known records. */
enum {
    NTFS_REC_MFT = 0,
    NTFS_REC_MFTMIRR = 1,
    NTFS_REC_LOGFILE = 2,
    NTFS_REC_VOLUME = 3,
    NTFS_REC_ATTRDEF = 4,
    NTFS_REC_ROOT = 5,
    NTFS_REC_BITMAP = 6,
    NTFS_REC_BOOT = 7,
    NTFS_REC_BADCLUS = 8,
    NTFS_REC_SECURE = 9,
    NTFS_REC_UPCASE = 10,
    NTFS_REC_EXTEND = 11,
    NTFS_REC_RESERVED = 12,     /* 12..15: in use, no name */
    NTFS_REC_FIRST_UNUSED = 16, /* 16..23: never used by anybody */
    NTFS_REC_QUOTA = 24,        /* 24..26: by custom of every formatter; found through $Extend */
    NTFS_REC_OBJID = 25,
    NTFS_REC_REPARSE = 26,
};

/* Attribute types, in the order in which they stand in a record. */
enum {
    NTFS_AT_STANDARD_INFORMATION = 0x10,
    NTFS_AT_ATTRIBUTE_LIST = 0x20,
    NTFS_AT_FILE_NAME = 0x30,
    NTFS_AT_OBJECT_ID = 0x40,
    NTFS_AT_SECURITY_DESCRIPTOR = 0x50,
    NTFS_AT_VOLUME_NAME = 0x60,
    NTFS_AT_VOLUME_INFORMATION = 0x70,
    NTFS_AT_DATA = 0x80,
    NTFS_AT_INDEX_ROOT = 0x90,
    NTFS_AT_INDEX_ALLOCATION = 0xa0,
    NTFS_AT_BITMAP = 0xb0,
    NTFS_AT_REPARSE_POINT = 0xc0,
    NTFS_AT_EA_INFORMATION = 0xd0,
    NTFS_AT_EA = 0xe0,
    NTFS_AT_LOGGED_UTILITY_STREAM = 0x100,
};
#define NTFS_AT_END UINT32_C(0xffffffff)

/* Collation rules: how the keys of an index are ordered. */
enum {
    NTFS_COLLATE_BINARY = 0x00,
    NTFS_COLLATE_FILE_NAME = 0x01,     /* $I30: names_compare() of the name in the key */
    NTFS_COLLATE_ULONG = 0x10,         /* $SII, $Q: one u32 */
    NTFS_COLLATE_SID = 0x11,           /* $Quota:$O */
    NTFS_COLLATE_SECURITY_HASH = 0x12, /* $SDH: hash, then id */
    NTFS_COLLATE_ULONGS = 0x13, /* $R, $ObjId:$O: u32 by u32, as unsigned little endian words */
};

/* File attributes that stand in $STANDARD_INFORMATION are FILE_ATTRIBUTE_* (ATTR_* in
 * tree/tree.h), without DIRECTORY (0x10) and NORMAL (0x80), which are never stored.  $FILE_NAME
 * adds these two, copied from the record's flags. */
#define NTFS_FN_DIRECTORY UINT32_C(0x10000000)
#define NTFS_FN_VIEW_INDEX UINT32_C(0x20000000)

static inline uint64_t ntfs_ref(uint64_t record, uint16_t sequence)
{
    return record | (uint64_t)sequence << 48;
}
static inline uint64_t ntfs_ref_record(uint64_t ref)
{
    return ref & UINT64_C(0xffffffffffff);
}
static inline uint16_t ntfs_ref_sequence(uint64_t ref)
{
    return (uint16_t)(ref >> 48);
}

/* ---- Boot sector ------------------------------------------------------------------------ */

/* Sector 0 of $Boot, and byte for byte the same in the last sector of the partition, which lies
 * outside the clusters. */
struct ntfs_boot_disk {
    uint8_t jump[3];         /* 0x00: EB 52 90 */
    uint8_t oem[8];          /* 0x03: NTFS_OEM */
    le16 sector_bytes;       /* 0x0b: 512 or 4096 */
    uint8_t cluster_sectors; /* 0x0d: a power of two; above 0x80: 2^(256 - it) */
    le16 reserved_sectors;   /* 0x0e: 0, else Windows refuses; so are the next three */
    uint8_t fats;            /* 0x10: 0 */
    le16 root_entries;       /* 0x11: 0 */
    le16 sectors_16;         /* 0x13: 0 */
    uint8_t media;           /* 0x15: F8 */
    le16 fat_sectors;        /* 0x16: 0 */
    le16 track_sectors;      /* 0x18: 63; only BIOS boot code looks */
    le16 heads;              /* 0x1a: 255 */
    le32 hidden_sectors; /* 0x1c: where the partition starts, in sectors; 0 if that is too big */
    le32 sectors_32;     /* 0x20: 0 */
    uint8_t drive[4];    /* 0x24: 80 00 80 00 */
    le64 total_sectors;  /* 0x28: of the partition, MINUS ONE: also the backup's number */
    le64 mft_lcn;        /* 0x30 */
    le64 mirror_lcn;     /* 0x38 */
    uint8_t record_size; /* 0x40: clusters; as int8_t negative: 2^-it bytes (F6: 1024) */
    uint8_t unused_41[3];
    uint8_t index_block_size; /* 0x44: the same for INDX blocks */
    uint8_t unused_45[3];
    le64 serial;       /* 0x48: any, not 0 */
    le32 checksum;     /* 0x50: 0, nobody looks */
    uint8_t code[426]; /* 0x54: BIOS boot code; UEFI never runs it */
    uint8_t mark[2];   /* 0x1fe: 55 AA */
};
#define NTFS_OEM "NTFS    "
static_assert(sizeof(struct ntfs_boot_disk) == 512, "boot sector");
static_assert(offsetof(struct ntfs_boot_disk, hidden_sectors) == 0x1c, "boot sector");
static_assert(offsetof(struct ntfs_boot_disk, total_sectors) == 0x28, "boot sector");
static_assert(offsetof(struct ntfs_boot_disk, serial) == 0x48, "boot sector");
static_assert(offsetof(struct ntfs_boot_disk, mark) == 0x1fe, "boot sector");

/* ---- Multi-sector records --------------------------------------------------------------- */

/* FILE, INDX, RSTR and RCRD begin so.  The update sequence array at usa_offset: one u16 number,
 * then the u16 that belongs at the end of each stride; on disk the number stands there instead,
 * so that a torn write is seen. */
struct ntfs_multi_disk {
    uint8_t magic[4];
    le16 usa_offset; /* 0x04: from the start of the record, even */
    le16 usa_count;  /* 0x06: words with the number itself: size / 512 + 1 */
};
static_assert(sizeof(struct ntfs_multi_disk) == 8, "multi-sector header");

#define NTFS_MAGIC_FILE "FILE"
#define NTFS_MAGIC_INDX "INDX"
#define NTFS_MAGIC_RSTR "RSTR"
#define NTFS_MAGIC_RCRD "RCRD"
#define NTFS_MAGIC_BAAD "BAAD" /* written by chkdsk over what it could not fix up */

/* ---- FILE record ------------------------------------------------------------------------ */

enum {
    NTFS_RECORD_USA_OFFSET = 0x30,
    NTFS_RECORD_ATTRS_OFFSET = 0x38, /* with 1024-byte records; 0x48 with 4096-byte ones */
};

struct ntfs_record_disk {
    struct ntfs_multi_disk multi;
    le64 lsn;             /* 0x08: $LogFile number; 0 on a volume nobody has mounted */
    le16 sequence;        /* 0x10: never 0; records 1..15 have their own number, record 0 has 1 */
    le16 links;           /* 0x12: number of $FILE_NAMEs, the DOS one too; 0 in extension records */
    le16 attrs_offset;    /* 0x14: first attribute, 8-aligned, behind the update sequence */
    le16 flags;           /* 0x16: NTFS_RECORD_* */
    le32 bytes_used;      /* 0x18: to the end of the end mark, rounded up to 8 */
    le32 bytes_allocated; /* 0x1c: the record size */
    le64 base_ref;        /* 0x20: 0, or in an extension record the ref of the file's base record */
    le16 next_instance;   /* 0x28: above every instance number in this record */
    le16 unused_2a;
    le32 number; /* 0x2c: this record's own number (low 32 bits) */
};
static_assert(sizeof(struct ntfs_record_disk) == 0x30, "FILE record");
static_assert(offsetof(struct ntfs_record_disk, base_ref) == 0x20, "FILE record");
static_assert(offsetof(struct ntfs_record_disk, number) == 0x2c, "FILE record");

enum {
    NTFS_RECORD_IN_USE = 1,
    NTFS_RECORD_DIRECTORY = 2,  /* has an $I30 index */
    NTFS_RECORD_EXTEND = 4,     /* $Quota, $ObjId, $Reparse, ... in $Extend */
    NTFS_RECORD_VIEW_INDEX = 8, /* has an index that is not $I30 */
};

/* Follows the last attribute: NTFS_AT_END and 4 bytes of 0; bytes_used counts all 8. */
enum { NTFS_RECORD_END_BYTES = 8 };

/* ---- Attributes ------------------------------------------------------------------------- */

/* In a record: by type; same type: without name first, then by name (names_compare); same name:
 * by lowest_vcn. Each starts and ends 8-aligned. */
struct ntfs_attr_disk {
    le32 type;           /* 0x00: NTFS_AT_* */
    le32 length;         /* 0x04: whole attribute, multiple of 8 */
    uint8_t nonresident; /* 0x08: 0 or 1: which of the two structs below follows */
    uint8_t name_len;    /* 0x09: units */
    le16 name_offset;    /* 0x0a: from the attribute's start */
    le16 flags;          /* 0x0c: NTFS_ATTR_* */
    le16 instance;       /* 0x0e: unique in the record */
};
static_assert(sizeof(struct ntfs_attr_disk) == 0x10, "attribute");

enum {
    NTFS_ATTR_COMPRESSED = 0x0001, /* LZNT1 */
    NTFS_ATTR_COMPRESSION_MASK = 0x00ff,
    NTFS_ATTR_ENCRYPTED = 0x4000,
    NTFS_ATTR_SPARSE = 0x8000,
};

/* The name, if any, stands at 0x18, the value behind it, both 8-aligned. */
struct ntfs_attr_resident_disk {
    struct ntfs_attr_disk attr;
    le32 value_length; /* 0x10 */
    le16 value_offset; /* 0x14: from the attribute's start */
    uint8_t indexed;   /* 0x16: 1 in $FILE_NAME, which stands in its directory's index; else 0 */
    uint8_t unused_17;
};
static_assert(sizeof(struct ntfs_attr_resident_disk) == 0x18, "resident attribute");

/* Name at 0x40 (0x48 with total_allocated), mapping pairs behind it.  Sizes count only in the
 * piece with lowest_vcn 0; the pieces of one stream may stand in several records. */
struct ntfs_attr_nonresident_disk {
    struct ntfs_attr_disk attr;
    le64 lowest_vcn;          /* 0x10: first cluster of the stream that this piece maps */
    le64 highest_vcn;         /* 0x18: last one; -1 when there is none */
    le16 pairs_offset;        /* 0x20: mapping pairs, from the attribute's start, 8-aligned */
    uint8_t compression_unit; /* 0x22: log2 of clusters: 4 when compressed or sparse, else 0 */
    uint8_t unused_23[5];
    le64 allocated;       /* 0x28: bytes mapped, holes too: a multiple of the cluster size */
    le64 data_size;       /* 0x30: bytes */
    le64 initialized;     /* 0x38: what lies beyond reads as zeroes; <= data_size */
    le64 total_allocated; /* 0x40: ONLY when compressed or sparse: bytes of clusters really taken */
};
static_assert(sizeof(struct ntfs_attr_nonresident_disk) == 0x48, "non-resident attribute");
static_assert(offsetof(struct ntfs_attr_nonresident_disk, allocated) == 0x28, "non-resident");
enum {
    NTFS_NONRESIDENT_HEADER = 0x40,
    NTFS_NONRESIDENT_SPARSE_HEADER = 0x48,
};

/* Mapping pairs: byte h, then (h & 15) bytes of length and (h >> 4) bytes of distance, signed,
 * from the LCN of the run before that was no hole (0 at first); no distance bytes: a hole. Lengths
 * are read as signed, so the top bit stays clear.  Byte 0 ends them. */

/* ---- Values of attributes --------------------------------------------------------------- */

struct ntfs_standard_information_disk {
    le64 created;      /* 0x00 */
    le64 written;      /* 0x08 */
    le64 changed;      /* 0x10: the record itself */
    le64 accessed;     /* 0x18 */
    le32 attributes;   /* 0x20: FILE_ATTRIBUTE_*, without DIRECTORY and NORMAL */
    le32 max_versions; /* 0x24: 0 */
    le32 version;      /* 0x28: 0 */
    le32 class_id;     /* 0x2c: 0 */
    /* From here NTFS 3.0: the value is 48 or 72 bytes long. */
    le32 owner_id;      /* 0x30: of $Quota; 0 */
    le32 security_id;   /* 0x34: of $Secure; 0 with the 72-byte form: no descriptor */
    le64 quota_charged; /* 0x38 */
    le64 usn;           /* 0x40: of $UsnJrnl; 0 */
};
static_assert(sizeof(struct ntfs_standard_information_disk) == 72, "$STANDARD_INFORMATION");
enum { NTFS_STANDARD_INFORMATION_OLD_BYTES = 48 };

struct ntfs_attr_list_entry_disk {
    le32 type;           /* 0x00 */
    le16 length;         /* 0x04: 8-aligned */
    uint8_t name_len;    /* 0x06: units */
    uint8_t name_offset; /* 0x07: 0x1a */
    le64 lowest_vcn;     /* 0x08 */
    le64 ref;            /* 0x10: the record that holds the attribute */
    le16 instance;       /* 0x18: its instance number there */
    /* 0x1a: name */
};
enum { NTFS_ATTR_LIST_ENTRY_BYTES = 0x1a };
static_assert(sizeof(struct ntfs_attr_list_entry_disk) == NTFS_ATTR_LIST_ENTRY_BYTES, "entry");

/* The value of a $FILE_NAME and the key of an $I30 entry. */
struct ntfs_file_name_disk {
    le64 parent;      /* 0x00: ref of the directory */
    le64 created;     /* 0x08: the four times as in $STANDARD_INFORMATION */
    le64 written;     /* 0x10 */
    le64 changed;     /* 0x18 */
    le64 accessed;    /* 0x20 */
    le64 allocated;   /* 0x28: of the unnamed $DATA: resident: size rounded up to 8; sparse and
                       *       compressed: total_allocated; directories: 0 */
    le64 data_size;   /* 0x30: of the unnamed $DATA; directories: 0 */
    le32 attributes;  /* 0x38: as in $STANDARD_INFORMATION, plus NTFS_FN_* */
    le32 ea_or_tag;   /* 0x3c: reparse tag if there is a reparse point, else packed EA size (u16) */
    uint8_t name_len; /* 0x40: units, 1..255 */
    uint8_t name_space; /* 0x41: NTFS_NS_* */
    /* 0x42: name */
};
enum { NTFS_FILE_NAME_BYTES = 0x42 };
static_assert(sizeof(struct ntfs_file_name_disk) == NTFS_FILE_NAME_BYTES, "$FILE_NAME");

enum {
    NTFS_NS_POSIX = 0,
    NTFS_NS_WIN32 = 1,         /* there is a DOS name too, in the same directory */
    NTFS_NS_DOS = 2,           /* at most one in a file */
    NTFS_NS_WIN32_AND_DOS = 3, /* one name that is both */
};

struct ntfs_object_id_disk {
    uint8_t id[16];
    /* The value is 16 or 64 bytes long. */
    uint8_t birth_volume[16];
    uint8_t birth_object[16];
    uint8_t domain[16];
};
static_assert(sizeof(struct ntfs_object_id_disk) == 64, "$OBJECT_ID");
enum { NTFS_OBJECT_ID_SHORT_BYTES = 16 };

struct ntfs_volume_information_disk {
    uint8_t unused_00[8];
    uint8_t major; /* 3 */
    uint8_t minor; /* 1 */
    le16 flags;    /* NTFS_VOLUME_DIRTY... */
};
static_assert(sizeof(struct ntfs_volume_information_disk) == 12, "$VOLUME_INFORMATION");
enum {
    NTFS_VOLUME_DIRTY = 0x0001,
    NTFS_VOLUME_RESIZE_LOG = 0x0002,
    NTFS_VOLUME_UPGRADE = 0x0004,
    NTFS_VOLUME_CHKDSK_UNDERWAY = 0x4000,
    NTFS_VOLUME_CHKDSK_MODIFIED = 0x8000,
};

struct ntfs_reparse_disk {
    le32 tag;
    le16 data_length; /* bytes behind this header */
    le16 reserved;
};
static_assert(sizeof(struct ntfs_reparse_disk) == 8, "$REPARSE_POINT");
/* Tags without this bit are of third parties and carry a GUID in front of their data. */
#define NTFS_REPARSE_MICROSOFT UINT32_C(0x80000000)
#define NTFS_REPARSE_TAG_WOF UINT32_C(0x80000017)
#define NTFS_REPARSE_TAG_SYMLINK UINT32_C(0xa000000c)
#define NTFS_REPARSE_TAG_MOUNT_POINT UINT32_C(0xa0000003)
enum { NTFS_REPARSE_GUID_BYTES = 16 };

/* Data of a reparse point with NTFS_REPARSE_TAG_WOF: the file's content stands compressed in the
 * stream NTFS_WOF_STREAM, the unnamed stream is one hole of its size.  The stream: a table of
 * chunks - 1 numbers (u32; u64 when the file has 4 GiB or more), each the end of a chunk counted
 * from the end of the table; then the chunks; one as long as its content is stored plain. */
struct ntfs_wof_disk {
    le32 wof_version;      /* 1 */
    le32 provider;         /* 2: a file; 1 would be a WIM */
    le32 provider_version; /* 1 */
    le32 algorithm;        /* NTFS_WOF_* */
};
static_assert(sizeof(struct ntfs_wof_disk) == 16, "WOF reparse data");
enum { NTFS_WOF_VERSION = 1, NTFS_WOF_PROVIDER_FILE = 2, NTFS_WOF_PROVIDER_VERSION = 1 };
enum {
    NTFS_WOF_XPRESS4K = 0,
    NTFS_WOF_LZX = 1, /* chunks of 32 KiB */
    NTFS_WOF_XPRESS8K = 2,
    NTFS_WOF_XPRESS16K = 3,
};
#define NTFS_WOF_STREAM "WofCompressedData"

struct ntfs_ea_information_disk {
    le16 packed_bytes;   /* sum of 5 + name_len + value_len over all entries */
    le16 need_count;     /* entries with NTFS_EA_NEED */
    le32 unpacked_bytes; /* length of $EA */
};
static_assert(sizeof(struct ntfs_ea_information_disk) == 8, "$EA_INFORMATION");

struct ntfs_ea_disk {
    le32 next_offset; /* to the next entry, 4-aligned; of the last one: its own size */
    uint8_t flags;    /* NTFS_EA_NEED */
    uint8_t name_len; /* bytes, without the NUL */
    le16 value_len;
    /* 0x08: name, NUL, value */
};
static_assert(sizeof(struct ntfs_ea_disk) == 8, "$EA entry");
enum { NTFS_EA_NEED = 0x80, NTFS_EA_PACKED_OVERHEAD = 5 };

/* ---- Indexes ---------------------------------------------------------------------------- */

/* A B-tree: an entry stands either in a leaf or in an inner node; the child of an entry holds the
 * keys below it, the child of the END entry the rest. */
struct ntfs_index_header_disk {
    le32 entries_offset;  /* 0x00: first entry, from this header */
    le32 bytes_used;      /* 0x04: end of the END entry, from this header */
    le32 bytes_allocated; /* 0x08: room, from this header; in a root equal to bytes_used */
    uint8_t flags;        /* 0x0c: NTFS_INDEX_HAS_CHILDREN */
    uint8_t unused_0d[3];
};
static_assert(sizeof(struct ntfs_index_header_disk) == 0x10, "index header");
/* In a root: there is an $INDEX_ALLOCATION; in a block: an inner node. */
enum { NTFS_INDEX_HAS_CHILDREN = 1 };

struct ntfs_index_root_disk {
    le32 indexed_type; /* 0x00: $FILE_NAME's for $I30, 0 for views */
    le32 collation;    /* 0x04: NTFS_COLLATE_* */
    le32 block_bytes;  /* 0x08 */
    uint8_t
        block_clusters; /* 0x0c: in clusters; in 512 bytes when a block is less than a cluster */
    uint8_t unused_0d[3];
    struct ntfs_index_header_disk header; /* 0x10 */
};
static_assert(sizeof(struct ntfs_index_root_disk) == 0x20, "$INDEX_ROOT");

struct ntfs_index_block_disk {
    struct ntfs_multi_disk multi;
    le64 lsn; /* 0x08 */
    le64 vcn; /* 0x10: its own; in clusters, or in 512 bytes when a block is less than a cluster */
    struct ntfs_index_header_disk header; /* 0x18 */
};
static_assert(sizeof(struct ntfs_index_block_disk) == 0x28, "INDX block");
enum {
    NTFS_BLOCK_USA_OFFSET = 0x28,
    NTFS_BLOCK_HEADER_OFFSET = 0x18,
    NTFS_BLOCK_ENTRIES_OFFSET = 0x40, /* of a 4096-byte block, from its start */
};

struct ntfs_index_entry_disk {
    union {
        le64 ref; /* $I30: the file */
        struct {
            le16 data_offset; /* views: from the entry's start */
            le16 data_length;
            uint8_t unused_04[4];
        } view;
    } u;
    le16 length;     /* 0x08: 8-aligned, with the child VCN */
    le16 key_length; /* 0x0a: 0 in END */
    le16 flags;      /* 0x0c: NTFS_ENTRY_* */
    le16 unused_0e;
    /* 0x10: key; then data; in the last 8 bytes the child's VCN (u64) with NTFS_ENTRY_CHILD */
};
static_assert(sizeof(struct ntfs_index_entry_disk) == 0x10, "index entry");
enum { NTFS_ENTRY_CHILD = 1, NTFS_ENTRY_END = 2 };

#define NTFS_NAME_I30 "$I30"

/* ---- $Secure ---------------------------------------------------------------------------- */

/* Head of an entry of $SDS; also the data of $SII and $SDH entries.  In $SDS the descriptor
 * follows; entries start 16-aligned and cross no NTFS_SDS_BLOCK. */
struct ntfs_sds_disk {
    le32 hash;   /* 0x00: over the descriptor's u32 words: h = w + rotate_left(h, 3) */
    le32 id;     /* 0x04: 0x100 and above */
    le64 offset; /* 0x08: of the entry in $SDS; the primary's, in the mirror too */
    le32 length; /* 0x10: with this head, without padding */
};
static_assert(sizeof(struct ntfs_sds_disk) == 0x14, "$SDS entry");
enum { NTFS_SDS_ALIGN = 16 };
enum {
    NTFS_SECURITY_ID_FIRST = 0x100,
    NTFS_SECURITY_ID_SYSTEM = 0x100, /* most system files */
    NTFS_SECURITY_ID_EXTEND = 0x101, /* $Secure, $Extend and what lies in it */
    NTFS_SECURITY_ID_USER = 0x102,   /* from here on: the tree's */
};

struct ntfs_sii_disk {                  /* whole entry: key id, data as in $SDS */
    struct ntfs_index_entry_disk entry; /* data_offset 0x14, data_length 0x14, key_length 4 */
    le32 id;                            /* 0x10 */
    struct ntfs_sds_disk data;          /* 0x14 */
};
static_assert(sizeof(struct ntfs_sii_disk) == 0x28, "$SII entry");

struct ntfs_sdh_disk {                  /* whole entry: key hash and id, data as in $SDS */
    struct ntfs_index_entry_disk entry; /* data_offset 0x18, data_length 0x14, key_length 8 */
    le32 hash;                          /* 0x10 */
    le32 id;                            /* 0x14 */
    struct ntfs_sds_disk data;          /* 0x18 */
    le32 filler;                        /* 0x2c: NTFS_SDH_FILLER */
};
static_assert(sizeof(struct ntfs_sdh_disk) == 0x30, "$SDH entry");
#define NTFS_SDH_FILLER UINT32_C(0x00490049) /* "II" */

/* A self-relative security descriptor; offsets are from its start, 0: not there. */
struct ntfs_sd_disk {
    uint8_t revision; /* 1 */
    uint8_t sbz1;
    le16 control; /* NTFS_SD_* */
    le32 owner, group, sacl, dacl;
};
static_assert(sizeof(struct ntfs_sd_disk) == 20, "security descriptor");
enum { NTFS_SD_DACL_PRESENT = 0x0004, NTFS_SD_SACL_PRESENT = 0x0010 };
enum { NTFS_SD_SELF_RELATIVE = 0x8000 };

struct ntfs_acl_disk {
    uint8_t revision; /* 2, or 4 with object entries */
    uint8_t sbz1;
    le16 size; /* bytes, with this head */
    le16 count;
    le16 sbz2;
};
static_assert(sizeof(struct ntfs_acl_disk) == 8, "ACL");

struct ntfs_ace_disk { /* of the common kinds: mask, then SID */
    uint8_t type;
    uint8_t flags;
    le16 size; /* whole entry, 4-aligned */
    le32 mask;
};
static_assert(sizeof(struct ntfs_ace_disk) == 8, "ACE");

struct ntfs_sid_disk {
    uint8_t revision;     /* 1 */
    uint8_t count;        /* sub-authorities, u32 each, that follow; at most 15 */
    uint8_t authority[6]; /* BIG endian */
};
static_assert(sizeof(struct ntfs_sid_disk) == 8, "SID");

/* ---- $Reparse, $ObjId, $Quota ------------------------------------------------------------ */

struct ntfs_r_disk {                    /* whole entry of $Reparse:$R: only a key */
    struct ntfs_index_entry_disk entry; /* data_offset 0x1c, data_length 0, key_length 12 */
    le32 tag;                           /* 0x10 */
    le64 ref;                           /* 0x14 */
    uint8_t pad[4];
};
static_assert(sizeof(struct ntfs_r_disk) == 0x20, "$R entry");
enum { NTFS_R_KEY_BYTES = 12 };

struct ntfs_o_disk {                    /* whole entry of $ObjId:$O: key object id, then data */
    struct ntfs_index_entry_disk entry; /* data_offset 0x20, data_length 0x38, key_length 16 */
    uint8_t id[16];                     /* 0x10 */
    le64 ref;                           /* 0x20 */
    uint8_t birth_volume[16];           /* 0x28 */
    uint8_t birth_object[16];
    uint8_t domain[16];
};
static_assert(sizeof(struct ntfs_o_disk) == 0x58, "$O entry");

struct ntfs_quota_disk { /* data of a $Quota:$Q entry, whose key is the owner id (u32) */
    le32 version;        /* 0x00: 2 */
    le32 flags;          /* 0x04: 1: default limits */
    le64 bytes_used;     /* 0x08 */
    le64 changed;        /* 0x10: time */
    le64 threshold;      /* 0x18: -1: none */
    le64 limit;          /* 0x20: -1: none */
    le64 exceeded;       /* 0x28: time */
    /* 0x30: SID of the owner; nothing for owner 1, the defaults */
};
static_assert(sizeof(struct ntfs_quota_disk) == 0x30, "$Q data");
enum { NTFS_QUOTA_VERSION = 2, NTFS_QUOTA_DEFAULTS_ID = 1, NTFS_QUOTA_FIRST_USER_ID = 0x100 };

struct ntfs_quota_owner_disk { /* data of a $Quota:$O entry, whose key is a SID */
    le32 owner_id;
    le32 unused; /* not part of the data with data_length 4; ntfs formatters write 0x20 here */
};

/* ---- $AttrDef, $UpCase ------------------------------------------------------------------ */

struct ntfs_attrdef_disk {
    le16 name[64];     /* 0x00 */
    le32 type;         /* 0x80 */
    le32 display_rule; /* 0x84: 0 */
    le32 collation;    /* 0x88: 0 */
    le32 flags;        /* 0x8c: NTFS_ATTRDEF_* */
    le64 min_bytes;    /* 0x90 */
    le64 max_bytes;    /* 0x98: -1: no limit */
};
static_assert(sizeof(struct ntfs_attrdef_disk) == 160, "$AttrDef entry");
enum { NTFS_ATTRDEF_INDEXED = 0x02, NTFS_ATTRDEF_RESIDENT = 0x40, NTFS_ATTRDEF_LOGGED = 0x80 };
enum { NTFS_ATTRDEF_ENTRIES = 16, NTFS_ATTRDEF_BYTES = 2560 }; /* 15 and one of zeroes */

struct ntfs_upcase_info_disk {         /* $UpCase:$Info */
    le32 length;                       /* 0x00: 32 */
    le32 filler;                       /* 0x04 */
    le64 crc;                          /* 0x08: CRC-64 of the table */
    le32 os_major, os_minor, os_build; /* 0x10: of the system that wrote it */
    le16 service_pack, unused_1e;
};
static_assert(sizeof(struct ntfs_upcase_info_disk) == 32, "$UpCase:$Info");

/* ---- $LogFile --------------------------------------------------------------------------- */

/* Restart page.  A log of nothing but FF is empty and clean. */
struct ntfs_restart_disk {
    struct ntfs_multi_disk multi;
    le64 chkdsk_lsn;        /* 0x08 */
    le32 system_page_bytes; /* 0x10 */
    le32 log_page_bytes;    /* 0x14 */
    le16 area_offset;       /* 0x18: restart area, from the start of the page */
    le16 minor, major;      /* 0x1a */
};
static_assert(sizeof(struct ntfs_restart_disk) == 0x1e, "RSTR page");

struct ntfs_restart_area_disk {
    le64 current_lsn;        /* 0x00 */
    le16 log_clients;        /* 0x08 */
    le16 client_free_list;   /* 0x0a */
    le16 client_in_use_list; /* 0x0c: FFFF: no client, so closed cleanly */
    le16 flags;              /* 0x0e: 2: clean */
};
static_assert(sizeof(struct ntfs_restart_area_disk) == 0x10, "restart area");
enum { NTFS_RESTART_CLEAN = 0x0002, NTFS_RESTART_NO_CLIENT = 0xffff };

#endif
