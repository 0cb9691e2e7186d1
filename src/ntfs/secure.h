/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS_SECURE_H
#define WTG_NTFS_SECURE_H

#include "base/err.h"

/* The contents of $Secure: each security descriptor once, found by its id ($SII) and by its hash
 * ($SDH) in the stream $SDS. */

struct secure_entry {
    const uint8_t *sd; /* borrowed */
    uint32_t sd_bytes;
    uint32_t hash, id;
    uint64_t offset; /* in $SDS */
};

struct secure {
    struct secure_entry *entry; /* in the order of their ids */
    uint32_t *by_hash;          /* after secure_close: the order of $SDH */
    size_t n, cap;
    uint64_t sds_bytes; /* size of $SDS, mirrors too */
};

/* What system files get; the numbers are those of NTFS_SECURITY_ID_*. */
extern const uint8_t secure_sd_system[104], secure_sd_extend[104];
/* For files without a descriptor: everybody may do everything, and what is made below inherits
 * it. */
extern const uint8_t secure_sd_open[80];

/* Adds a descriptor, borrowed; the same bytes give the same id only when the caller sees to it. */
int secure_add(struct secure *s, const uint8_t *sd, uint32_t sd_bytes, uint32_t *ret_id,
               struct wtg_err *err) WTG_MUST_USE;
/* After the last one: the order by hash. */
int secure_close(struct secure *s, struct wtg_err *err) WTG_MUST_USE;
void secure_release(struct secure *s);

/* Bytes [off, off+n) of $SDS, mirrors and gaps too; zeroes behind its end.  Both are multiples of
 * 4096. */
void secure_put_sds(const struct secure *s, uint64_t off, uint8_t *buf, size_t n);

/* Whole index entries: 0x28 and 0x30 bytes. */
void secure_put_sii(const struct secure_entry *e, uint8_t *entry);
void secure_put_sdh(const struct secure_entry *e, uint8_t *entry);

uint32_t secure_hash(const uint8_t *sd, size_t n);

#endif
