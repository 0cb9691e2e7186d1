/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS_MFT_H
#define WTG_NTFS_MFT_H

#include <stdbool.h>

#include "base/err.h"
#include "ntfs/runlist.h"

/* Composing the FILE records of one file: its attributes in their order are collected, spread over
 * the base record and as many extension records as they need, and written out record by record.
 * Knows how records and attributes look, and nothing of what they mean. */

struct mft_attr;
/* Writes a resident value: attr->value_len bytes, zero before. */
typedef void mft_put(const struct mft_attr *attr, uint8_t *value);

struct mft_attr {
    uint32_t type;
    uint16_t flags; /* NTFS_ATTR_* */
    uint8_t name_len;
    bool nonresident;
    bool pinned; /* belongs into the base record */
    const uint16_t *name;

    /* Resident.  What `put` looks at: */
    uint32_t value_len;
    mft_put *put;
    const void *owner, *thing;
    uint32_t number;

    /* Non-resident: `run`, or when that is NULL the one run `one`, nothing at all if it is empty.
     */
    const struct ntfs_run *run;
    size_t nruns;
    struct ntfs_run one;
    uint64_t lowest_vcn;
    uint64_t allocated, data_size, initialized, total_allocated;

    /* Set by mft_pack: */
    uint32_t record; /* 0: base, then the extension records */
    uint16_t instance;
};

struct mft_file {
    struct mft_attr *attr;
    size_t n, cap;
    uint32_t nrecords;
};

/* What the head of a record says. */
struct mft_head {
    uint64_t number; /* of the base record; extension records follow it */
    uint16_t sequence, flags;
};

/* Bytes of attributes that fit a record. */
uint32_t mft_room(uint32_t record_bytes);
/* Bytes of an attribute. */
uint32_t mft_resident_bytes(unsigned name_len, uint64_t value_len);
/* The same for a non-resident one at the most: `pairs_bytes` of mapping pairs. */
uint32_t mft_nonresident_bytes(unsigned name_len, bool sparse, size_t pairs_bytes);
uint32_t mft_attr_bytes_max(const struct mft_attr *attr, unsigned lcn_bytes);

/* Begins again, keeping the memory. */
void mft_clear(struct mft_file *f);
/* A zeroed attribute at the end; valid until the next one is added.  Attributes are to be added in
 * the order in which they stand in a record.  NULL: no memory. */
struct mft_attr *mft_add(struct mft_file *f, uint32_t type, const uint16_t *name, size_t name_len,
                         struct wtg_err *err) WTG_MUST_USE;
void mft_release(struct mft_file *f);

/* Bytes of all attributes; those of the $ATTRIBUTE_LIST that names them. */
uint64_t mft_bytes_max(const struct mft_file *f, unsigned lcn_bytes);
uint64_t mft_list_bytes(const struct mft_file *f);

/* Says where each attribute stands; everything into the base record when it fits. The same
 * attributes always end in the same places.  BUG when pinned ones do not fit. */
int mft_pack(struct mft_file *f, uint32_t record_bytes, unsigned lcn_bytes,
             struct wtg_err *err) WTG_MUST_USE;

/* Writes the packed file's record `which` (0: base), fixed up. */
void mft_put_record(const struct mft_file *f, const struct mft_head *head, uint32_t which,
                    uint32_t record_bytes, uint8_t *buf);
/* A record that nobody uses. */
void mft_put_free(uint64_t number, uint16_t sequence, uint32_t record_bytes, uint8_t *buf);
/* Writes the $ATTRIBUTE_LIST of a packed file: mft_list_bytes. */
void mft_put_list(const struct mft_file *f, const struct mft_head *head, uint8_t *buf);

/* Sets the magic and protects a multi-sector record with its update sequence. */
void mft_protect(uint8_t *buf, uint32_t bytes, const char *magic, uint32_t usa_offset);

#endif
