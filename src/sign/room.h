/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_SIGN_ROOM_H
#define WTG_SIGN_ROOM_H

/* What the files of this room share; nobody else includes it. */

#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "sign/der.h"
#include "sign/sign.h"

/* PKCS #7 SignedData with one signer, borrowed bytes decoded. */
struct signed_data {
    PKCS7 *p7;
    PKCS7_SIGNER_INFO *si;   /* of p7 */
    X509 *cert;              /* the signer's, of p7; NULL: missing */
    const ASN1_OBJECT *type; /* of the content */
    struct wtg_span content; /* what was signed: the octets inside the content's tag and length */
};
/* Microsoft's bring five at most; each is tried as an issuer of each other. */
enum { SIGNED_MAX_CERTS = 64 };
/* SIGNATURE when it cannot be read. */
int signed_data_open(struct wtg_span der, struct signed_data *ret,
                     struct wtg_err *err) WTG_MUST_USE;
void signed_data_release(struct signed_data *s);
/* Did `cert` sign these octets?  `why` says why not. */
bool signer_info_holds(PKCS7 *p7, PKCS7_SIGNER_INFO *si, X509 *cert, struct wtg_span content,
                       const ASN1_OBJECT *type, char why[WTG_SIGN_WHY]);
const EVP_MD *digest_known(const X509_ALGOR *algorithm); /* NULL: none that counts */

/* Follows the chain from `cert` through `others` to a trusted certificate. */
struct chain {
    enum wtg_sign_state state; /* GOOD, INCOMPLETE, UNKNOWN_ROOT, NO_CODE_SIGNING or WRONG */
    char why[WTG_SIGN_WHY];
    STACK_OF(X509) * cert; /* from the signer up; NULL or short when not good */
    bool anchored;         /* its last certificate is trusted */
    enum wtg_sign_ca ca;
};
enum { CHAIN_CODE_SIGNING = XKU_CODE_SIGN, CHAIN_TIMESTAMP = XKU_TIMESTAMP };
/* `usage`: what the signer's certificate must be for. */
int chain_follow(X509 *cert, STACK_OF(X509) * others, const struct sign_roots *roots,
                 uint32_t usage, struct chain *ret, struct wtg_err *err) WTG_MUST_USE;
void chain_release(struct chain *c);
/* The first certificate of the chain, but for the trusted one, that was not valid then; NULL: none.
 */
X509 *chain_not_valid_at(const struct chain *c, int64_t when);

/* The time that an authority confirms for a signature: 0 when there is none that counts. */
int stamp_find(const struct signed_data *s, const struct sign_roots *roots,
               struct wtg_signature *ret, struct wtg_err *err) WTG_MUST_USE;

/* Judges a signature whose content was found to be (or not to be) that of the file.  Fills all but
 * `place` and `catalog`. */
int signature_judge(const struct signed_data *s, const struct sign_policy *policy,
                    struct wtg_signature *ret, struct wtg_err *err) WTG_MUST_USE;

/* SPC_INDIRECT_DATA: the digest of a file.  False when it is none. */
struct indirect {
    const EVP_MD *md;
    struct wtg_span digest;
};
bool indirect_read(struct wtg_span content, struct indirect *ret);

/* The Authenticode hash of a program (`pe`), or of all bytes (`pe` NULL). */
struct pe;
int sign_digest(struct wtg_span file, const struct pe *pe, const EVP_MD *md,
                uint8_t digest[EVP_MAX_MD_SIZE], struct wtg_err *err) WTG_MUST_USE;

/* Words. */
void cert_name(const X509_NAME *name, char buf[WTG_SIGN_NAME]);
int64_t time_value(const ASN1_TIME *t);   /* seconds since 1970; 0 when it is no time */
void time_words(int64_t t, char buf[24]); /* "2026-10-19 18:51 UTC" */
void clean_words(const char *s, size_t n, char *buf, size_t cap);

#endif
