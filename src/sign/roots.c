/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sign/roots.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/mem.h"

enum { ROOT_MAX_BYTES = 64 << 10 }; /* a certificate in PEM with words around it is under 8 KiB */

struct known {
    uint8_t sha256[SHA256_BYTES];
    enum wtg_sign_ca ca;
};

struct sign_roots {
    struct known *known;
    size_t n, cap;
    STACK_OF(X509) * cert;
};

int sign_cert_hash(const X509 *cert, uint8_t sha256[SHA256_BYTES])
{
    return X509_digest(cert, EVP_sha256(), sha256, NULL) == 1 ? 0 : WTG_E_NOMEM;
}

static int remember(struct sign_roots *r, const uint8_t sha256[SHA256_BYTES], enum wtg_sign_ca ca,
                    struct wtg_err *err)
{
    if (mem_grow(&r->known, &r->cap, r->n, sizeof r->known[0], err) < 0)
        return err->code;
    struct known *k = &r->known[r->n++];
    memcpy(k->sha256, sha256, SHA256_BYTES);
    k->ca = ca;
    return 0;
}

/* Takes over `cert`. */
static int keep(struct sign_roots *r, X509 *cert, struct wtg_err *err)
{
    if (sk_X509_push(r->cert, cert) > 0)
        return 0;
    X509_free(cert);
    return wtg_fail_nomem(err);
}

static X509 *decode(const char *base64)
{
    unsigned char der[4096]; /* the largest of the table is 1,521 bytes */
    const size_t n = strlen(base64);
    const unsigned char *p = der;

    if (n / 4 * 3 > sizeof der)
        return NULL;
    int bytes = EVP_DecodeBlock(der, (const unsigned char *)base64, (int)n);
    return bytes < 0 ? NULL : d2i_X509(NULL, &p, bytes);
}

static int add_row(struct sign_roots *r, const struct sign_root *row, struct wtg_err *err)
{
    uint8_t want[SHA256_BYTES], found[SHA256_BYTES] = { 0 };

    if (!hash_unhex(row->sha256, SHA256_BYTES, want))
        return wtg_fail(err, WTG_E_BUG, "the hash of '%s' is no hash", row->name);
    if (remember(r, want, row->ca, err) < 0)
        return err->code;
    if (!row->base64)
        return 0;
    X509 *cert = decode(row->base64);
    if (!cert || sign_cert_hash(cert, found) < 0) {
        X509_free(cert);
        ERR_clear_error();
        return wtg_fail_nomem(err); /* nothing else is left: the table is tested */
    }
    if (memcmp(want, found, SHA256_BYTES) != 0) {
        X509_free(cert);
        return wtg_fail(err, WTG_E_SIGNATURE, "the certificate of '%s' has another hash",
                        row->name);
    }
    return keep(r, cert, err);
}

int sign_roots_new(const struct sign_root *table, size_t n, struct sign_roots **ret,
                   struct wtg_err *err)
{
    struct sign_roots *r = mem_zeroed(1, sizeof *r, err);
    if (!r)
        return err->code;
    int code = 0;
    r->cert = sk_X509_new_null();
    if (!r->cert)
        code = wtg_fail_nomem(err);
    for (size_t i = 0; i < n && code == 0; i++)
        code = add_row(r, &table[i], err);
    if (code < 0)
        sign_roots_free(r);
    else
        *ret = r;
    return code;
}

int sign_roots_add(struct sign_roots *r, struct wtg_span bytes, struct wtg_err *err)
{
    const unsigned char *p = bytes.p;
    uint8_t sha256[SHA256_BYTES];
    X509 *cert = NULL;

    if (bytes.n > 0 && bytes.n <= ROOT_MAX_BYTES && bytes.p[0] == 0x30)
        cert = d2i_X509(NULL, &p, (long)bytes.n);
    else if (bytes.n > 0 && bytes.n <= ROOT_MAX_BYTES) {
        BIO *b = BIO_new_mem_buf(bytes.p, (int)bytes.n);
        cert = b ? PEM_read_bio_X509(b, NULL, NULL, NULL) : NULL;
        BIO_free(b);
    }
    ERR_clear_error();
    if (!cert)
        return wtg_fail(err, WTG_E_SIGNATURE, "it is no certificate, neither DER nor PEM");
    if (sign_cert_hash(cert, sha256) < 0 || remember(r, sha256, WTG_CA_OTHER, err) < 0) {
        X509_free(cert);
        return wtg_fail_nomem(err);
    }
    return keep(r, cert, err);
}

void sign_roots_free(struct sign_roots *r)
{
    if (!r)
        return;
    sk_X509_pop_free(r->cert, X509_free);
    free(r->known);
    free(r);
}

bool sign_roots_has(const struct sign_roots *r, X509 *cert, enum wtg_sign_ca *ret_ca)
{
    uint8_t sha256[SHA256_BYTES];

    if (sign_cert_hash(cert, sha256) < 0)
        return false;
    for (size_t i = 0; i < r->n; i++)
        if (memcmp(r->known[i].sha256, sha256, SHA256_BYTES) == 0) {
            *ret_ca = r->known[i].ca;
            return true;
        }
    return false;
}

STACK_OF(X509) * sign_roots_certs(const struct sign_roots *r)
{
    return r->cert;
}
