/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sign/room.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include "base/mem.h"

static void set(struct wtg_signature *s, enum wtg_sign_state state, const char *why)
{
    s->state = state;
    snprintf(s->why, sizeof s->why, "%s", why);
}

/* A certificate may say that timestamps do not prolong what it signs. */
static bool is_lifetime(X509 *cert)
{
    EXTENDED_KEY_USAGE *uses = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
    bool found = false;

    for (int i = 0; i < sk_ASN1_OBJECT_num(uses); i++)
        found |= oid_is_object(&oid_lifetime, sk_ASN1_OBJECT_value(uses, i));
    EXTENDED_KEY_USAGE_free(uses);
    ERR_clear_error();
    return found;
}

static void judge_time(const struct signed_data *s, const struct chain *c, int64_t now,
                       struct wtg_signature *ret)
{
    const bool stamped = ret->stamped_at && !is_lifetime(s->cert);
    const int64_t when = stamped ? ret->stamped_at : now;
    X509 *bad = chain_not_valid_at(c, when);
    char name[WTG_SIGN_NAME], from[24], to[24], at[24];

    if (!bad)
        return;
    cert_name(X509_get_subject_name(bad), name);
    time_words(time_value(X509_get0_notBefore(bad)), from);
    time_words(time_value(X509_get0_notAfter(bad)), to);
    time_words(when, at);
    ret->state = WTG_SIGN_EXPIRED;
    if (stamped)
        snprintf(ret->why, sizeof ret->why,
                 "stamped at %s, but the certificate of '%.60s' is valid from %s to %s", at, name,
                 from, to);
    else if (when < time_value(X509_get0_notBefore(bad)))
        snprintf(ret->why, sizeof ret->why,
                 "the certificate of '%.60s' is valid from %s on only, and there is no timestamp",
                 name, from);
    else
        snprintf(ret->why, sizeof ret->why,
                 "expired, no timestamp: the certificate of '%.60s' was valid to %s", name, to);
}

/* Is this certificate the forbidden one, or issued by it? */
static bool hits_cert(X509 *cert, X509 *forbidden)
{
    if (X509_cmp(cert, forbidden) == 0)
        return true;
    if (X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(forbidden)) != 0)
        return false;
    EVP_PKEY *key = X509_get0_pubkey(forbidden);
    return key && X509_verify(cert, key) == 1;
}

static bool hits_tbs(X509 *cert, const uint8_t sha256[SHA256_BYTES])
{
    unsigned char *tbs = NULL;
    uint8_t found[SHA256_BYTES];
    int n = i2d_re_X509_tbs(cert, &tbs);

    if (n <= 0)
        return false;
    hash_sha256(tbs, (size_t)n, found);
    OPENSSL_free(tbs);
    return memcmp(found, sha256, SHA256_BYTES) == 0;
}

/* Signatures that hold may still be forbidden: by a certificate anywhere in their chain. */
static void judge_revoked(const struct chain *c, const struct sign_dbx *dbx,
                          struct wtg_signature *ret)
{
    char name[WTG_SIGN_NAME];

    for (size_t k = 0; dbx && k < dbx->ncerts; k++) {
        const struct sign_dbx_cert *f = &dbx->cert[k];
        const unsigned char *p = f->is_tbs ? NULL : dbx->der + f->der_at;
        X509 *forbidden = p ? d2i_X509(NULL, &p, (long)f->der_bytes) : NULL;

        for (int i = 0; i < sk_X509_num(c->cert) && ret->state != WTG_SIGN_REVOKED; i++) {
            X509 *cert = sk_X509_value(c->cert, i);
            if (f->is_tbs ? !hits_tbs(cert, f->sha256) : !forbidden || !hits_cert(cert, forbidden))
                continue;
            if (f->from && ret->stamped_at && ret->stamped_at < f->from)
                continue; /* revoked from then on only */
            cert_name(forbidden ? X509_get_subject_name(forbidden) : X509_get_subject_name(cert),
                      name);
            ret->state = WTG_SIGN_REVOKED;
            snprintf(ret->why, sizeof ret->why, "the DBX forbids what '%s' signs", name);
        }
        X509_free(forbidden);
    }
    ERR_clear_error();
}

static void fill_names(const struct signed_data *s, const struct chain *c,
                       struct wtg_signature *ret)
{
    const int n = sk_X509_num(c->cert);

    cert_name(X509_get_subject_name(s->cert), ret->signer);
    cert_name(X509_get_issuer_name(s->cert), ret->issuer);
    cert_name(X509_get_issuer_name(n > 0 ? sk_X509_value(c->cert, n - 1) : s->cert), ret->root);
    ret->valid_from = time_value(X509_get0_notBefore(s->cert));
    ret->valid_to = time_value(X509_get0_notAfter(s->cert));
    ret->ca = c->ca;
}

int signature_judge(const struct signed_data *s, const struct sign_policy *policy,
                    struct wtg_signature *ret, struct wtg_err *err)
{
    struct chain chain = { .state = WTG_SIGN_WRONG };
    char why[WTG_SIGN_WHY];

    if (!s->cert) {
        set(ret, WTG_SIGN_INCOMPLETE, "the signer's own certificate is not in it");
        return 0;
    }
    int r =
        chain_follow(s->cert, s->p7->d.sign->cert, policy->roots, CHAIN_CODE_SIGNING, &chain, err);
    if (r < 0)
        return r;
    fill_names(s, &chain, ret);
    if (!signer_info_holds(s->p7, s->si, s->cert, s->content, s->type, why)) {
        set(ret, WTG_SIGN_WRONG, why);
    } else {
        r = stamp_find(s, policy->roots, ret, err);
        set(ret, chain.state, chain.why);
        if (r == 0 && ret->state == WTG_SIGN_GOOD)
            judge_time(s, &chain, policy->now, ret);
        if (r == 0)
            judge_revoked(&chain, policy->dbx, ret);
    }
    chain_release(&chain);
    return r;
}
