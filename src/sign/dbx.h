/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_SIGN_DBX_H
#define WTG_SIGN_DBX_H

#include "base/err.h"
#include "base/guid.h"
#include "base/hash.h"
#include "base/span.h"

/* What firmware refuses: its forbidden signatures (DBX). */

struct sign_dbx_cert {
    bool is_tbs; /* sha256 is that of the TBSCertificate, else of the whole */
    uint8_t sha256[SHA256_BYTES];
    int64_t from;             /* what is stamped before stays good; 0: nothing does */
    size_t der_at, der_bytes; /* in `der`; not for is_tbs */
};
struct sign_dbx_svn {
    struct guid application;
    uint16_t major, minor; /* what is below is refused */
};
struct sign_dbx {
    uint8_t (*hash)[SHA256_BYTES]; /* of programs */
    size_t nhashes, hash_cap;
    struct sign_dbx_cert *cert;
    size_t ncerts, cert_cap;
    uint8_t *der; /* the certificates one after the other */
    size_t der_bytes;
    struct sign_dbx_svn *svn;
    size_t nsvns, svn_cap;
    size_t nunknown; /* lists of a type that is not known here, and skipped */
};

/* Adds what a file holds: lists as they are, with the signed header of dbxupdate.bin, with the four
 * bytes that Linux' efivarfs puts before a variable.  SIGNATURE; nothing was added then. */
int sign_dbx_add(struct sign_dbx *d, struct wtg_span file, struct wtg_err *err) WTG_MUST_USE;
void sign_dbx_release(struct sign_dbx *d);

bool sign_dbx_has_hash(const struct sign_dbx *d, const uint8_t sha256[SHA256_BYTES]);
/* The least version that an application must have; NULL: any will do. */
const struct sign_dbx_svn *sign_dbx_svn(const struct sign_dbx *d, const struct guid *application);
extern const struct guid sign_dbx_bootmgr; /* Windows' boot manager */

#endif
