/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_SIGN_PE_DISK_H
#define WTG_SIGN_PE_DISK_H

/* What is read of a PE file.  Source: "PE Format",
 * learn.microsoft.com/windows/win32/debug/pe-format; see docs/formats/authenticode.md.  Offsets in
 * the file unless said otherwise. */

#include <assert.h>
#include <stddef.h>

#include "base/le.h"

struct pe_dos_disk {
    uint8_t magic[2]; /* +0x00  "MZ" */
    uint8_t stub[58]; /* +0x02 */
    le32 header;      /* +0x3c  where struct pe_head_disk stands */
};
static_assert(offsetof(struct pe_dos_disk, header) == 0x3c, "as documented");

struct pe_head_disk {
    uint8_t magic[4];      /* +0x00  "PE\0\0" */
    le16 machine;          /* +0x04 */
    le16 nsections;        /* +0x06 */
    uint8_t symbols[12];   /* +0x08 */
    le16 optional_size;    /* +0x14  bytes of the optional header: from optional_magic on */
    le16 characteristics;  /* +0x16 */
    le16 optional_magic;   /* +0x18  0x10b: 32 bit; 0x20b: 64 bit */
    uint8_t addresses[62]; /* +0x1a */
    le32 checksum;         /* +0x58  not hashed: it changes when the signature is added */
    le16 subsystem;        /* +0x5c  in the same place for both */
};
static_assert(offsetof(struct pe_head_disk, optional_magic) == 24, "as documented");
static_assert(offsetof(struct pe_head_disk, checksum) == 24 + 64, "as documented");
static_assert(offsetof(struct pe_head_disk, subsystem) == 24 + 68, "as documented");
static_assert(sizeof(struct pe_head_disk) == 24 + 70, "as documented");

/* From the optional header's begin: the number of data directories (le32), then the directories. */
enum { PE_NDIRS_32 = 92, PE_NDIRS_64 = 108 };
enum { PE_DIR_RESOURCES = 2, PE_DIR_CERTIFICATES = 4 };

struct pe_dir_disk {
    le32 at;    /* +0x00  relative to the loaded image; of the certificates: in the file */
    le32 bytes; /* +0x04 */
};
static_assert(sizeof(struct pe_dir_disk) == 8, "as documented");

/* Follow the optional header, one for each section. */
struct pe_section_disk {
    char name[8];         /* +0x00  NUL-padded */
    le32 virtual_bytes;   /* +0x08  what is used of it */
    le32 virtual_at;      /* +0x0c  relative to the loaded image */
    le32 file_bytes;      /* +0x10  rounded up to the file's alignment */
    le32 file_at;         /* +0x14 */
    uint8_t relocs[12];   /* +0x18 */
    le32 characteristics; /* +0x24 */
};
static_assert(sizeof(struct pe_section_disk) == 40, "as documented");

/* An entry of the certificate table: WIN_CERTIFICATE.  The next stands at a multiple of 8. */
struct pe_certificate_disk {
    le32 bytes;    /* +0x00  with this header, without the padding */
    le16 revision; /* +0x04  0x0200 */
    le16 type;     /* +0x06  PE_CERTIFICATE_PKCS */
};
static_assert(sizeof(struct pe_certificate_disk) == 8, "as documented");
enum { PE_CERTIFICATE_PKCS = 2 };

/* Resources are a tree of three levels (type, name, language); every offset counts from its root.
 */
struct pe_resource_dir_disk {
    uint8_t stamp[12]; /* +0x00 */
    le16 nnamed;       /* +0x0c  entries with a name stand first, */
    le16 nnumbered;    /* +0x0e  then those with a number */
};
static_assert(sizeof(struct pe_resource_dir_disk) == 16, "as documented");

struct pe_resource_entry_disk {
    le32 name; /* +0x00  a number; with PE_RESOURCE_HIGH: offset of le16 length and UTF-16 */
    le32 at;   /* +0x04  struct pe_resource_data_disk; with PE_RESOURCE_HIGH: a directory */
};
static_assert(sizeof(struct pe_resource_entry_disk) == 8, "as documented");
#define PE_RESOURCE_HIGH UINT32_C(0x80000000)
enum { PE_RESOURCE_RCDATA = 10 };

struct pe_resource_data_disk {
    le32 virtual_at; /* +0x00  relative to the loaded image, not to the resources */
    le32 bytes;      /* +0x04 */
    le32 codepage;   /* +0x08 */
    le32 reserved;   /* +0x0c */
};
static_assert(sizeof(struct pe_resource_data_disk) == 16, "as documented");

#endif
