/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_SIGN_DBX_DISK_H
#define WTG_SIGN_DBX_DISK_H

/* Signature databases of UEFI.  Source: UEFI specification 2.10, 32.4.1 (Signature Database) and
 * 8.2.6 (EFI_VARIABLE_AUTHENTICATION_2); see docs/formats/authenticode.md. */

#include <assert.h>
#include <stddef.h>

#include "base/guid.h"
#include "base/le.h"

/* In front of an update that is signed: dbxupdate.bin. */
struct dbx_auth_disk {
    uint8_t time[16];      /* +0x00  EFI_TIME */
    le32 cert_bytes;       /* +0x10  from here to the end of the signature */
    le16 revision;         /* +0x14  0x0200 */
    le16 cert_type;        /* +0x16  0x0ef1: the GUID says */
    struct guid cert_guid; /* +0x18  PKCS #7 */
};
static_assert(sizeof(struct dbx_auth_disk) == 40, "as documented");
enum { DBX_AUTH_TYPE = 0x0ef1 };

/* A list of signatures of one type and size; lists follow one another. */
struct dbx_list_disk {
    struct guid type;     /* +0x00 */
    le32 list_bytes;      /* +0x10  with this header */
    le32 header_bytes;    /* +0x14  of the type's own header behind this one; 0 for all in use */
    le32 signature_bytes; /* +0x18  of each: struct dbx_signature_disk and what it holds */
};
static_assert(sizeof(struct dbx_list_disk) == 28, "as documented");

struct dbx_signature_disk {
    struct guid owner; /* +0x00  who put it there */
};
static_assert(sizeof(struct dbx_signature_disk) == 16, "as documented");

/* A certificate revoked by the hash of what was signed of it, from a moment on. */
struct dbx_tbs_disk {
    uint8_t sha256[32]; /* +0x00  of the TBSCertificate */
    le16 year;          /* +0x20  EFI_TIME: signatures from here on are revoked; all zero: all */
    uint8_t month, day; /* +0x22 */
    uint8_t hour, minute, second, pad; /* +0x24 */
    uint8_t rest[8];                   /* +0x28  nanoseconds, zone, daylight */
};
static_assert(sizeof(struct dbx_tbs_disk) == 48, "as documented");

/* Security versions hide among the SHA-256 hashes, under an owner of their own.  Source: Microsoft,
 * github.com/microsoft/secureboot_objects, dbx_info_msft_*.json and HashesJsonSchema.json. */
struct dbx_svn_disk {
    uint8_t version;         /* +0x00  1 */
    struct guid application; /* +0x01 */
    le16 minor;              /* +0x11 */
    le16 major;              /* +0x13 */
    uint8_t zero[11];        /* +0x15 */
};
static_assert(sizeof(struct dbx_svn_disk) == 32, "as documented");
static_assert(offsetof(struct dbx_svn_disk, major) == 0x13, "as documented");

#endif
