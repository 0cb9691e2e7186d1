/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sign/room.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

/* Microsoft's largest catalogs have about 20 MB; a signature in a program has 10 KB to 30 KB. */
enum { SIGNED_MAX_BYTES = 64 << 20 };
/* The octets that are signed.  Content that is no octet string is hashed without its tag and
 * length (PKCS #7 1.5, RFC 2315 9.3), which is what Authenticode and catalogs are. */
static bool find_content(PKCS7 *inner, struct wtg_span *ret)
{
    if (!inner || !inner->type || !inner->d.ptr)
        return false;
    if (OBJ_obj2nid(inner->type) == NID_pkcs7_data) {
        const ASN1_OCTET_STRING *o = inner->d.data;
        *ret = (struct wtg_span){ ASN1_STRING_get0_data(o), (size_t)ASN1_STRING_length(o) };
        return true;
    }
    const int nid = OBJ_obj2nid(inner->type);
    if (nid == NID_pkcs7_signed || nid == NID_pkcs7_enveloped || nid == NID_pkcs7_digest ||
        nid == NID_pkcs7_encrypted || nid == NID_pkcs7_signedAndEnveloped)
        return false; /* libcrypto decoded these; d.other is something else then */
    const ASN1_TYPE *t = inner->d.other;
    if (t->type == V_ASN1_OCTET_STRING) {
        const ASN1_OCTET_STRING *o = t->value.octet_string;
        *ret = (struct wtg_span){ ASN1_STRING_get0_data(o), (size_t)ASN1_STRING_length(o) };
        return true;
    }
    if (t->type != V_ASN1_SEQUENCE)
        return false;
    struct wtg_span whole = { ASN1_STRING_get0_data(t->value.sequence),
                              (size_t)ASN1_STRING_length(t->value.sequence) };
    return der_take(&whole, V_ASN1_SEQUENCE, ret);
}

int signed_data_open(struct wtg_span der, struct signed_data *ret, struct wtg_err *err)
{
    struct signed_data s = { .p7 = NULL };
    const unsigned char *p = der.p;

    if (der.n == 0 || der.n > SIGNED_MAX_BYTES || !der_is(der, V_ASN1_SEQUENCE))
        return wtg_fail(err, WTG_E_SIGNATURE, "no PKCS #7 in DER, in %zu bytes", der.n);
    s.p7 = d2i_PKCS7(NULL, &p, (long)der.n);
    ERR_clear_error();
    if (!s.p7 || !PKCS7_type_is_signed(s.p7) || !s.p7->d.sign ||
        !find_content(s.p7->d.sign->contents, &s.content)) {
        signed_data_release(&s);
        return wtg_fail(err, WTG_E_SIGNATURE, "no signed data with its content inside");
    }
    STACK_OF(PKCS7_SIGNER_INFO) *signers = PKCS7_get_signer_info(s.p7);
    const int n = signers ? sk_PKCS7_SIGNER_INFO_num(signers) : 0;
    const int ncerts = s.p7->d.sign->cert ? sk_X509_num(s.p7->d.sign->cert) : 0;
    if (n != 1 || ncerts > SIGNED_MAX_CERTS) {
        signed_data_release(&s);
        return wtg_fail(err, WTG_E_SIGNATURE,
                        "%d signers with %d certificates, not one with up to %d", n, ncerts,
                        SIGNED_MAX_CERTS);
    }
    s.si = sk_PKCS7_SIGNER_INFO_value(signers, 0);
    s.cert = PKCS7_cert_from_signer_info(s.p7, s.si);
    s.type = s.p7->d.sign->contents->type;
    ERR_clear_error();
    *ret = s;
    return 0;
}

void signed_data_release(struct signed_data *s)
{
    PKCS7_free(s->p7);
    s->p7 = NULL;
}

const EVP_MD *digest_known(const X509_ALGOR *algorithm)
{
    static const int known[] = { NID_sha256, NID_sha1, NID_sha384, NID_sha512 };
    const int nid = algorithm ? OBJ_obj2nid(algorithm->algorithm) : NID_undef;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (nid == known[i])
            return EVP_get_digestbynid(nid);
    return NULL;
}

/* Signed attributes must name the content's type (RFC 2315 9.2): else signed attributes of one
 * thing could be given out for the content of another. */
static bool names_type(PKCS7_SIGNER_INFO *si, const ASN1_OBJECT *type)
{
    const ASN1_TYPE *t = PKCS7_get_signed_attribute(si, NID_pkcs9_contentType);
    return t && t->type == V_ASN1_OBJECT && OBJ_cmp(t->value.object, type) == 0;
}

bool signer_info_holds(PKCS7 *p7, PKCS7_SIGNER_INFO *si, X509 *cert, struct wtg_span content,
                       const ASN1_OBJECT *type, char why[WTG_SIGN_WHY])
{
    const EVP_MD *md = digest_known(si->digest_alg);
    if (!md || content.n > INT_MAX) {
        snprintf(why, WTG_SIGN_WHY, "it is hashed in a way that is not trusted");
        return false;
    }
    if (!names_type(si, type)) {
        snprintf(why, WTG_SIGN_WHY, "it does not say what it signs");
        return false;
    }
    BIO *hash = BIO_new(BIO_f_md()), *sink = BIO_new(BIO_s_null());
    bool ok = false;
    EVP_MD_CTX *ctx = NULL; /* BIO_set_md would cast away a const */
    if (hash && sink && BIO_get_md_ctx(hash, &ctx) > 0 && EVP_DigestInit_ex(ctx, md, NULL) == 1) {
        sink = BIO_push(hash, sink) ? NULL : sink;
        ok = BIO_write(hash, content.p, (int)content.n) == (int)content.n &&
             PKCS7_signatureVerify(hash, p7, si, cert) == 1;
    }
    const unsigned long code = ERR_peek_last_error();
    if (!ok && ERR_GET_LIB(code) == ERR_LIB_PKCS7 && ERR_GET_REASON(code) == PKCS7_R_DIGEST_FAILURE)
        snprintf(why, WTG_SIGN_WHY, "what it signs was changed");
    else if (!ok)
        snprintf(why, WTG_SIGN_WHY, "it was not made with the key of its certificate");
    ERR_clear_error();
    BIO_free_all(hash);
    BIO_free(sink);
    return ok;
}
