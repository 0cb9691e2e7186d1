/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_IMAGE_WIM_DISK_H
#define WTG_IMAGE_WIM_DISK_H

#include <assert.h>
#include <stddef.h>

#include "base/le.h"

/* How a WIM file stands on disk.  Source: docs/formats/wim.md. All integers little endian. */

/* clang-format off */
enum {
    WIM_VERSION_PLAIN = 0x10d00, /* 1.13: every WIM without solid resources */
    WIM_VERSION_SOLID = 0xe00,   /* 0.14: may hold solid resources (ESD) */

    WIM_COMPRESSED = 0x2,   /* header flag: some resources may be compressed */
    WIM_XPRESS = 0x20000,   /* header flags: how; one of them */
    WIM_LZX = 0x40000,
    WIM_LZMS = 0x80000,
    WIM_XPRESS_ALT = 0x200000,

    WIM_RES_METADATA = 0x2,   /* resource flag: a directory tree */
    WIM_RES_COMPRESSED = 0x4, /* resource flag: chunk table, then chunks */
    WIM_RES_SOLID = 0x10,     /* resource flag: many blobs in one, or one such blob */

    WIM_TAG_OBJECT_ID = 1, /* tagged items of a dentry: 16 to 64 bytes */
    WIM_TAG_EAS = 2,       /* extended attributes */
};

#define WIM_MAGIC "MSWIM\0\0"    /* with its own NUL 8 bytes */
#define WIM_MAGIC_PIPE "WLPWM\0\0" /* wimlib's pipable variant */
/* Uncompressed size of a table entry that describes a whole solid resource. */
#define WIM_SOLID_MARK UINT64_C(0x100000000)

/* Where a resource stands. */
struct wim_res_disk {
    uint8_t stored[7]; /* +0x00  bytes in the file, 56 bits */
    uint8_t flags;     /* +0x07  WIM_RES_* */
    le64 off;          /* +0x08  from the start of the file */
    le64 size;         /* +0x10  bytes when decoded */
};
static_assert(sizeof(struct wim_res_disk) == 24, "as documented");

struct wim_header_disk {
    uint8_t magic[8];                  /* +0x00  WIM_MAGIC */
    le32 header_bytes;                 /* +0x08  208 */
    le32 version;                      /* +0x0c  WIM_VERSION_* */
    le32 flags;                        /* +0x10 */
    le32 chunk_bytes;                  /* +0x14  of non-solid resources; anything when none is compressed */
    uint8_t guid[16];                  /* +0x18  the same in all parts of a split image */
    le16 part;                         /* +0x28  from 1 */
    le16 parts;                        /* +0x2a */
    le32 images;                       /* +0x2c */
    struct wim_res_disk table;         /* +0x30  blob table */
    struct wim_res_disk xml;           /* +0x48 */
    struct wim_res_disk boot_metadata; /* +0x60  of the bootable image */
    le32 boot_index;                   /* +0x78  0: none */
    struct wim_res_disk integrity;     /* +0x7c  not 8-aligned */
    uint8_t unused[60];                /* +0x94 */
};
static_assert(sizeof(struct wim_header_disk) == 208, "as documented");
static_assert(offsetof(struct wim_header_disk, table) == 0x30, "as documented");
static_assert(offsetof(struct wim_header_disk, integrity) == 0x7c, "as documented");

/* An entry of the blob table. In a run of entries with WIM_RES_SOLID, those of size
 * WIM_SOLID_MARK are the solid resources; the others are blobs in them: `stored` is the blob's
 * size, `off` its place in the decoded resources laid end to end. */
struct wim_blob_disk {
    struct wim_res_disk res; /* +0x00 */
    le16 part;               /* +0x18 */
    le32 refs;               /* +0x1a */
    uint8_t sha1[20];        /* +0x1e  all zero: ignore the entry */
};
static_assert(sizeof(struct wim_blob_disk) == 50, "as documented");

/* In front of a solid resource; then a le32 stored size for each chunk, then the chunks. */
struct wim_solid_disk {
    le64 size;        /* +0x00  bytes when decoded */
    le32 chunk_bytes; /* +0x08 */
    le32 kind;        /* +0x0c  enum codec_kind */
};
static_assert(sizeof(struct wim_solid_disk) == 16, "as documented");

/* In front of a metadata resource: security descriptors; then le64 sizes[count], then their bytes.
 * The root's dentry follows at `total_bytes` rounded up to 8. */
struct wim_security_disk {
    le32 total_bytes; /* +0x00 */
    le32 count;       /* +0x04 */
};

/* A name in a directory.  Behind it: the long name and a 16-bit 0 if it is not empty, the same for
 * the short name, padding to 8, tagged items up to `length`; after `length` rounded up to 8 come
 * `streams` extra streams.  A directory ends with a length of 8 or less. */
struct wim_dentry_disk {
    le64 length;          /* +0x00  bytes, without the extra streams */
    le32 attributes;      /* +0x08 */
    le32 security;        /* +0x0c  index of a descriptor; -1: none */
    le64 children;        /* +0x10  offset in the metadata; 0: no children */
    uint8_t unused[16];   /* +0x18 */
    le64 created;         /* +0x28 */
    le64 accessed;        /* +0x30 */
    le64 written;         /* +0x38 */
    uint8_t sha1[20];     /* +0x40  zero: empty, or see the extra streams */
    uint8_t unknown[4];   /* +0x54 */
    uint8_t link[8];      /* +0x58  le64 hard-link group; with FILE_ATTRIBUTE_REPARSE_POINT:
                           *        le32 tag, le16 reserved, le16 flags */
    le16 streams;         /* +0x60  extra streams */
    le16 short_bytes;     /* +0x62  DOS name, without its 0 */
    le16 name_bytes;      /* +0x64 */
};
static_assert(sizeof(struct wim_dentry_disk) == 102, "as documented");
static_assert(offsetof(struct wim_dentry_disk, link) == 0x58, "as documented");

/* An extra stream; its name follows. */
struct wim_stream_disk {
    le64 length;      /* +0x00  bytes with the name; the next one at the following multiple of 8 */
    le64 reserved;    /* +0x08 */
    uint8_t sha1[20]; /* +0x10 */
    le16 name_bytes;  /* +0x24 */
};
static_assert(sizeof(struct wim_stream_disk) == 38, "as documented");

struct wim_tag_disk {
    le32 tag;   /* +0x00  WIM_TAG_* */
    le32 bytes; /* +0x04  of data; the next item at the following multiple of 8 */
};

/* One extended attribute; then name, 0, value; the next one directly behind. */
struct wim_ea_disk {
    le16 value_bytes;   /* +0x00 */
    uint8_t name_bytes; /* +0x02  without its 0 */
    uint8_t flags;      /* +0x03 */
};

/* In front of the integrity table; then a SHA-1 for each chunk of the file from byte 208 to the
 * end of the blob table. */
struct wim_integrity_disk {
    le32 total_bytes; /* +0x00  12 + 20 * count */
    le32 count;       /* +0x04 */
    le32 chunk_bytes; /* +0x08 */
};
static_assert(sizeof(struct wim_integrity_disk) == 12, "as documented");

/* clang-format on */

#endif
