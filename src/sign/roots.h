/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_SIGN_ROOTS_H
#define WTG_SIGN_ROOTS_H

#include <openssl/x509.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/span.h"
#include "wtg/sign.h"

/* A certificate that is trusted to end a chain. */
struct sign_root {
    const char *name;
    const char *source; /* where the hash comes from */
    enum wtg_sign_ca ca;
    const char *sha256; /* of the DER, hexadecimal */
    const char *base64; /* the DER; NULL: files bring it along */
};
/* Microsoft's: roots, and the authorities that firmware has in its db. */
extern const struct sign_root sign_microsoft_roots[];
extern const size_t sign_microsoft_nroots;

/* A set of them, ready for use; not changed by use, so threads may share it. */
struct sign_roots;
/* SIGNATURE when a certificate of the table is not what its hash says. */
int sign_roots_new(const struct sign_root *table, size_t n, struct sign_roots **ret,
                   struct wtg_err *err) WTG_MUST_USE;
/* One more: a certificate as DER or PEM.  SIGNATURE when it is none. */
int sign_roots_add(struct sign_roots *r, struct wtg_span cert, struct wtg_err *err) WTG_MUST_USE;
void sign_roots_free(struct sign_roots *r);

/* Inside the room. */
int sign_cert_hash(const X509 *cert, uint8_t sha256[SHA256_BYTES]);
/* Is the certificate of the set?  `ret_ca` is set then. */
bool sign_roots_has(const struct sign_roots *r, X509 *cert, enum wtg_sign_ca *ret_ca);
/* Those that are there whole. */
STACK_OF(X509) * sign_roots_certs(const struct sign_roots *r);

#endif
