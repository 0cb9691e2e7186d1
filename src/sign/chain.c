/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sign/room.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include "base/mem.h"

enum { CHAIN_MAX_DEPTH = 8 }; /* Microsoft's have three certificates, the longest seen five */

/* Trusted certificates that are at hand: those the set holds whole, and those that the signature
 * brings along and whose hash the set knows. */
static STACK_OF(X509) * trusted_of(STACK_OF(X509) * others, const struct sign_roots *roots)
{
    STACK_OF(X509) *trusted = sk_X509_dup(sign_roots_certs(roots));
    enum wtg_sign_ca ca;

    for (int i = 0; trusted && i < sk_X509_num(others); i++)
        if (sign_roots_has(roots, sk_X509_value(others, i), &ca) &&
            sk_X509_push(trusted, sk_X509_value(others, i)) <= 0) {
            sk_X509_free(trusted);
            trusted = NULL;
        }
    return trusted;
}

/* What libcrypto found, in our words. */
static void judge(int code, struct chain *c)
{
    char issuer[WTG_SIGN_NAME] = "?";
    const int n = c->cert ? sk_X509_num(c->cert) : 0;

    if (n > 0)
        cert_name(X509_get_issuer_name(sk_X509_value(c->cert, n - 1)), issuer);
    switch (code) {
    case X509_V_OK:
        c->state = WTG_SIGN_GOOD;
        return;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        c->state = WTG_SIGN_INCOMPLETE;
        snprintf(c->why, sizeof c->why, "the certificate of '%s' is neither in it nor known here",
                 issuer);
        return;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        c->state = WTG_SIGN_UNKNOWN_ROOT;
        snprintf(c->why, sizeof c->why, "the chain ends at '%s', which is not trusted here",
                 issuer);
        return;
    default:
        c->state = WTG_SIGN_WRONG;
        snprintf(c->why, sizeof c->why, "the chain of certificates is not valid: %s",
                 X509_verify_cert_error_string(code));
    }
}

/* Windows wants the usage said by the signer's certificate, and not denied by one above. */
static void judge_usage(struct chain *c, uint32_t usage)
{
    for (int i = 0; i < sk_X509_num(c->cert); i++) {
        X509 *cert = sk_X509_value(c->cert, i);
        const bool said = (X509_get_extension_flags(cert) & EXFLAG_XKUSAGE) != 0;
        const uint32_t uses = said ? X509_get_extended_key_usage(cert) : 0;
        char name[WTG_SIGN_NAME];

        if ((said && uses & (usage | XKU_ANYEKU)) || (!said && i > 0))
            continue;
        cert_name(X509_get_subject_name(cert), name);
        c->state = WTG_SIGN_NO_CODE_SIGNING;
        snprintf(c->why, sizeof c->why, "the certificate of '%s' is not for %s", name,
                 usage == CHAIN_TIMESTAMP ? "timestamps" : "signing programs");
        return;
    }
}

int chain_follow(X509 *cert, STACK_OF(X509) * others, const struct sign_roots *roots,
                 uint32_t usage, struct chain *ret, struct wtg_err *err)
{
    struct chain c = { .state = WTG_SIGN_WRONG };
    STACK_OF(X509) *trusted = trusted_of(others, roots);
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();

    if (!trusted || !ctx || X509_STORE_CTX_init(ctx, NULL, cert, others) != 1) {
        X509_STORE_CTX_free(ctx);
        sk_X509_free(trusted);
        ERR_clear_error();
        return wtg_fail_nomem(err);
    }
    X509_STORE_CTX_set0_trusted_stack(ctx, trusted);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    /* What is trusted need not be a root; times are judged later, when the time is known. */
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
    X509_VERIFY_PARAM_set_depth(param, CHAIN_MAX_DEPTH);
    const bool ok = X509_verify_cert(ctx) == 1;
    const int code = X509_STORE_CTX_get_error(ctx);
    c.cert = X509_STORE_CTX_get1_chain(ctx);
    X509_STORE_CTX_free(ctx);
    sk_X509_free(trusted);
    ERR_clear_error();
    if (code == X509_V_ERR_OUT_OF_MEM || !c.cert) {
        chain_release(&c);
        return wtg_fail_nomem(err);
    }
    judge(ok ? X509_V_OK : code == X509_V_OK ? X509_V_ERR_UNSPECIFIED : code, &c);
    if (c.state == WTG_SIGN_GOOD) {
        c.anchored = true;
        judge_usage(&c, usage);
    }
    /* Also one in the middle: what a root signs may be an authority that firmware knows. */
    for (int i = 0; ok && i < sk_X509_num(c.cert) && c.ca == WTG_CA_OTHER; i++)
        if (!sign_roots_has(roots, sk_X509_value(c.cert, i), &c.ca))
            c.ca = WTG_CA_OTHER;
    *ret = c;
    return 0;
}

void chain_release(struct chain *c)
{
    sk_X509_pop_free(c->cert, X509_free);
    c->cert = NULL;
}

X509 *chain_not_valid_at(const struct chain *c, int64_t when)
{
    const int n = sk_X509_num(c->cert) - (c->anchored && sk_X509_num(c->cert) > 1);

    for (int i = 0; i < n; i++) {
        X509 *cert = sk_X509_value(c->cert, i);
        if (when < time_value(X509_get0_notBefore(cert)) ||
            when > time_value(X509_get0_notAfter(cert)))
            return cert;
    }
    return NULL;
}
