/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When was it signed?  A signer's own clock proves nothing, so signatures carry a timestamp:
 * another authority signs the signature's octets (encryptedDigest) and the time.  Two forms: RFC
 * 3161 (a token: signed data of its own) and the older PKCS #9 countersignature (a signer info). */
#include "sign/room.h"

#include <stdio.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/ts.h>

/* One timestamp, its own signature already found to hold. */
struct stamp {
    int64_t at;
    X509 *cert; /* who stamped; borrowed */
};

static struct wtg_span octets(const ASN1_OCTET_STRING *o)
{
    return (struct wtg_span){ ASN1_STRING_get0_data(o), (size_t)ASN1_STRING_length(o) };
}

/* Is this token about the octets? */
static bool imprint_is(TS_TST_INFO *info, struct wtg_span what)
{
    TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
    const ASN1_OBJECT *algorithm = NULL;
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (!imprint)
        return false;
    X509_ALGOR_get0(&algorithm, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
    const EVP_MD *md = EVP_get_digestbyobj(algorithm);
    struct wtg_span said = octets(TS_MSG_IMPRINT_get_msg(imprint));
    return md && EVP_Digest(what.p, what.n, digest, &n, md, NULL) == 1 && n == said.n &&
           memcmp(digest, said.p, n) == 0;
}

/* Judges the chain of who stamped, at the time of the stamp. */
static int judge_stamper(const struct stamp *stamp, STACK_OF(X509) * others,
                         const struct sign_roots *roots, struct wtg_signature *ret,
                         struct wtg_err *err)
{
    struct chain chain = { .state = WTG_SIGN_WRONG };
    int r = chain_follow(stamp->cert, others, roots, CHAIN_TIMESTAMP, &chain, err);
    if (r < 0)
        return r;
    cert_name(X509_get_subject_name(stamp->cert), ret->stamper);
    X509 *bad = chain_not_valid_at(&chain, stamp->at);
    if (chain.state != WTG_SIGN_GOOD)
        snprintf(ret->stamp_why, sizeof ret->stamp_why, "%s", chain.why);
    else if (bad || stamp->at <= 0) {
        char name[WTG_SIGN_NAME] = "?";
        if (bad)
            cert_name(X509_get_subject_name(bad), name);
        snprintf(ret->stamp_why, sizeof ret->stamp_why,
                 "the certificate of '%s' was not valid at the time it says", name);
    } else {
        ret->stamped_at = stamp->at;
        ret->stamp_why[0] = '\0';
    }
    chain_release(&chain);
    return 0;
}

/* A token's one signer, when it signed what the token holds; else NULL, and `why`. */
static X509 *token_signer(CMS_ContentInfo *token, char why[WTG_SIGN_WHY])
{
    STACK_OF(CMS_SignerInfo) *infos = CMS_get0_SignerInfos(token);
    CMS_SignerInfo *si =
        sk_CMS_SignerInfo_num(infos) == 1 ? sk_CMS_SignerInfo_value(infos, 0) : NULL;
    X509_ALGOR *digest = NULL;

    if (!si || CMS_verify(token, NULL, NULL, NULL, NULL, CMS_NO_SIGNER_CERT_VERIFY) != 1) {
        snprintf(why, WTG_SIGN_WHY, "it was not made with the key of its certificate");
        return NULL;
    }
    X509 *cert = NULL;
    CMS_SignerInfo_get0_algs(si, NULL, &cert, &digest, NULL);
    const ASN1_OBJECT *type =
        CMS_signed_get0_data_by_OBJ(si, OBJ_nid2obj(NID_pkcs9_contentType), -3, V_ASN1_OBJECT);
    if (!digest_known(digest) || !type || OBJ_cmp(type, CMS_get0_eContentType(token)) != 0) {
        snprintf(why, WTG_SIGN_WHY, "it is made in a way that is not trusted");
        return NULL;
    }
    return cert;
}

/* Tokens are CMS and not PKCS #7: Microsoft's hold certificates of kinds that only the newer knows.
 */
static int try_token(const struct signed_data *s, struct wtg_span der,
                     const struct sign_roots *roots, struct wtg_signature *ret, struct wtg_err *err)
{
    const unsigned char *p = der.p;
    CMS_ContentInfo *token = d2i_CMS_ContentInfo(NULL, &p, (long)der.n);
    const bool is_time = token && OBJ_obj2nid(CMS_get0_type(token)) == NID_pkcs7_signed &&
                         OBJ_obj2nid(CMS_get0_eContentType(token)) == NID_id_smime_ct_TSTInfo;
    ASN1_OCTET_STRING **content = is_time ? CMS_get0_content(token) : NULL;
    TS_TST_INFO *info = NULL;
    int r = 0;

    if (content && *content) {
        p = ASN1_STRING_get0_data(*content);
        info = d2i_TS_TST_INFO(NULL, &p, ASN1_STRING_length(*content));
    }
    if (!info)
        snprintf(ret->stamp_why, sizeof ret->stamp_why, "it holds no time");
    else if (!imprint_is(info, octets(s->si->enc_digest)))
        snprintf(ret->stamp_why, sizeof ret->stamp_why, "it is about another signature");
    else {
        const struct stamp stamp = { time_value(TS_TST_INFO_get_time(info)),
                                     token_signer(token, ret->stamp_why) };
        STACK_OF(X509) *certs = stamp.cert ? CMS_get1_certs(token) : NULL;
        if (certs && sk_X509_num(certs) <= SIGNED_MAX_CERTS)
            r = judge_stamper(&stamp, certs, roots, ret, err);
        else if (stamp.cert)
            snprintf(ret->stamp_why, sizeof ret->stamp_why, "its certificates are too many");
        sk_X509_pop_free(certs, X509_free);
    }
    TS_TST_INFO_free(info);
    CMS_ContentInfo_free(token);
    ERR_clear_error();
    return r;
}

static int try_countersignature(const struct signed_data *s, struct wtg_span der,
                                const struct sign_roots *roots, struct wtg_signature *ret,
                                struct wtg_err *err)
{
    const unsigned char *p = der.p;
    PKCS7_SIGNER_INFO *si = d2i_PKCS7_SIGNER_INFO(NULL, &p, (long)der.n);
    X509 *cert = si ? PKCS7_cert_from_signer_info(s->p7, si) : NULL;
    const ASN1_TYPE *when = si ? PKCS7_get_signed_attribute(si, NID_pkcs9_signingTime) : NULL;
    int r = 0;

    if (!cert)
        snprintf(ret->stamp_why, sizeof ret->stamp_why, "the stamper's certificate is not in it");
    else if (!when || (when->type != V_ASN1_UTCTIME && when->type != V_ASN1_GENERALIZEDTIME))
        snprintf(ret->stamp_why, sizeof ret->stamp_why, "it holds no time");
    else if (signer_info_holds(s->p7, si, cert, octets(s->si->enc_digest),
                               OBJ_nid2obj(NID_pkcs7_data), ret->stamp_why)) {
        const struct stamp stamp = { time_value(when->value.utctime), cert };
        r = judge_stamper(&stamp, s->p7->d.sign->cert, roots, ret, err);
    }
    PKCS7_SIGNER_INFO_free(si);
    ERR_clear_error();
    return r;
}

int stamp_find(const struct signed_data *s, const struct sign_roots *roots,
               struct wtg_signature *ret, struct wtg_err *err)
{
    enum { TRIES = 4 }; /* nobody stamps more often; each costs a few signature checks */
    const STACK_OF(X509_ATTRIBUTE) *attrs = s->si->unauth_attr;
    int tries = 0, r = 0;

    for (int i = 0; r == 0 && i < sk_X509_ATTRIBUTE_num(attrs) && !ret->stamped_at; i++) {
        X509_ATTRIBUTE *a = sk_X509_ATTRIBUTE_value(attrs, i);
        const ASN1_OBJECT *o = X509_ATTRIBUTE_get0_object(a);
        const bool token = oid_is_object(&oid_stamp, o);
        if (!token && OBJ_obj2nid(o) != NID_pkcs9_countersignature)
            continue;
        for (int k = 0; r == 0 && k < X509_ATTRIBUTE_count(a) && !ret->stamped_at; k++) {
            const ASN1_TYPE *t = X509_ATTRIBUTE_get0_type(a, k);
            if (!t || t->type != V_ASN1_SEQUENCE || tries++ >= TRIES)
                continue;
            struct wtg_span der = octets(t->value.sequence);
            r = token ? try_token(s, der, roots, ret, err)
                      : try_countersignature(s, der, roots, ret, err);
        }
    }
    return r;
}
