/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sign/sign.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "sign/catalog.h"
#include "sign/pe-disk.h"
#include "sign/pe.h"
#include "sign/room.h"

/* Signatures of one file that are still to be judged.  They hold one another's bytes, so all stay
 * open until the end. */
struct work {
    struct wtg_span file;
    const struct pe *pe;
    const struct sign_policy *policy;
    struct wtg_verdict *v;
    struct signed_data open[WTG_SIGN_MAX];
    unsigned nopen;
};

/* One place is kept for the catalog. */
enum { EMBEDDED_MAX = WTG_SIGN_MAX - 1 };

/* Compares what was signed with what is there; only said of signatures that hold. */
static int compare(const struct work *w, const struct signed_data *s, struct wtg_signature *sig,
                   struct wtg_err *err)
{
    struct indirect said;
    uint8_t found[EVP_MAX_MD_SIZE];

    if (!indirect_read(s->content, &said)) {
        sig->state = WTG_SIGN_WRONG;
        snprintf(sig->why, sizeof sig->why, "it holds no hash of a kind that is trusted");
        return 0;
    }
    snprintf(sig->digest, sizeof sig->digest, "sha%d",
             said.digest.n == SHA1_BYTES ? 1 : (int)said.digest.n * 8);
    if (sign_digest(w->file, w->pe, said.md, found, err) < 0)
        return err->code;
    if (memcmp(found, said.digest.p, said.digest.n) != 0 && sig->state != WTG_SIGN_WRONG) {
        sig->state = WTG_SIGN_CHANGED;
        snprintf(sig->why, sizeof sig->why, "its hash is not the one that was signed");
    }
    return 0;
}

/* Opens, judges and compares one; its nested signatures are found later. */
static int judge_one(struct work *w, struct wtg_span der, enum wtg_sign_place place,
                     struct wtg_err *err)
{
    struct wtg_verdict *v = w->v;
    struct signed_data *s = &w->open[w->nopen];
    struct wtg_err why = { 0 };

    if (v->nsignatures == EMBEDDED_MAX)
        return 0;
    struct wtg_signature *sig = &v->signature[v->nsignatures++];
    *sig = (struct wtg_signature){ .state = WTG_SIGN_WRONG, .place = place };
    if (signed_data_open(der, s, &why) < 0) {
        snprintf(sig->why, sizeof sig->why, "%.200s", why.text);
        return 0;
    }
    w->nopen++;
    int r = signature_judge(s, w->policy, sig, err);
    if (r < 0 || (!w->pe && catalog_is(s)))
        return r;
    if (!oid_is_object(&oid_indirect_data, s->type)) {
        sig->state = WTG_SIGN_WRONG;
        snprintf(sig->why, sizeof sig->why, "it signs something else than a program");
        return 0;
    }
    return compare(w, s, sig, err);
}

/* Signatures inside an unsigned attribute of another one. */
static int judge_nested(struct work *w, const struct signed_data *outer, struct wtg_err *err)
{
    const STACK_OF(X509_ATTRIBUTE) *attrs = outer->si->unauth_attr;
    int r = 0;

    for (int i = 0; r == 0 && i < sk_X509_ATTRIBUTE_num(attrs); i++) {
        X509_ATTRIBUTE *a = sk_X509_ATTRIBUTE_value(attrs, i);
        if (!oid_is_object(&oid_nested, X509_ATTRIBUTE_get0_object(a)))
            continue;
        for (int k = 0; r == 0 && k < X509_ATTRIBUTE_count(a); k++) {
            const ASN1_TYPE *t = X509_ATTRIBUTE_get0_type(a, k);
            if (t && t->type == V_ASN1_SEQUENCE)
                r = judge_one(w,
                              (struct wtg_span){ ASN1_STRING_get0_data(t->value.sequence),
                                                 (size_t)ASN1_STRING_length(t->value.sequence) },
                              WTG_SIGN_NESTED, err);
        }
    }
    return r;
}

/* The entries of the certificate table. */
static int judge_table(struct work *w, struct wtg_err *err)
{
    struct wtg_span table = w->pe->certificates;
    int r = 0;

    for (uint64_t at = 0; r == 0 && span_at(table, at, sizeof(struct pe_certificate_disk));) {
        const struct pe_certificate_disk *c = span_at(table, at, sizeof *c);
        const uint32_t bytes = get_le32(c->bytes);
        if (bytes < sizeof *c)
            break; /* padding */
        if (get_le16(c->type) == PE_CERTIFICATE_PKCS)
            r = judge_one(w, span_sub(table, at + sizeof *c, bytes - sizeof *c), WTG_SIGN_EMBEDDED,
                          err);
        at += round_up(bytes, 8);
    }
    return r;
}

static void add_catalog(struct work *w, const uint8_t sha256[SHA256_BYTES],
                        const uint8_t sha1[SHA1_BYTES])
{
    const struct sign_catalogs *catalogs = w->policy->catalogs;
    const char *digest = "sha256";
    const struct wtg_signature *found =
        sign_catalogs_find(catalogs, (struct wtg_span){ sha256, SHA256_BYTES });

    if (!found) {
        found = sign_catalogs_find(catalogs, (struct wtg_span){ sha1, SHA1_BYTES });
        digest = "sha1";
    }
    if (!found)
        return;
    struct wtg_signature *sig = &w->v->signature[w->v->nsignatures++];
    *sig = *found;
    snprintf(sig->digest, sizeof sig->digest, "%s", digest);
}

/* One revoked signature spoils all, as firmware has it; else one good one is enough. */
static void decide(struct wtg_verdict *v)
{
    unsigned best = 0;

    v->deciding = v->nsignatures;
    if (v->nsignatures == 0) {
        v->state = WTG_SIGN_NONE;
        return;
    }
    for (unsigned i = 0; i < v->nsignatures; i++)
        if (v->signature[i].state == WTG_SIGN_GOOD && v->signature[best].state != WTG_SIGN_GOOD)
            best = i;
    for (unsigned i = 0; i < v->nsignatures; i++)
        if (v->signature[i].state == WTG_SIGN_REVOKED &&
            v->signature[best].state != WTG_SIGN_REVOKED)
            best = i;
    v->deciding = best;
    v->state = v->signature[best].state;
    memcpy(v->why, v->signature[best].why, sizeof v->why);
}

/* The names under which Windows' boot manager comes; without a security version it is the oldest.
 */
static bool is_bootmgr(const char *name, const struct wtg_verdict *v)
{
    static const char *const names[] = { "bootmgfw", "bootmgr", "bootx64.efi", "bootaa64.efi",
                                         "bootia32.efi" };
    bool windows = false;

    for (unsigned i = 0; i < v->nsignatures; i++)
        windows |=
            v->signature[i].ca == WTG_CA_WINDOWS_2011 || v->signature[i].ca == WTG_CA_WINDOWS_2023;
    for (const char *p = name; *p; p++)
        if (*p == '/' || *p == '\\')
            name = p + 1;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strncasecmp(name, names[i], strlen(names[i])) == 0)
            return windows;
    return false;
}

static void judge_dbx(struct wtg_verdict *v, const struct sign_dbx *dbx, const char *name,
                      const uint8_t sha256[SHA256_BYTES])
{
    const struct sign_dbx_svn *least = sign_dbx_svn(dbx, &sign_dbx_bootmgr);

    if (sign_dbx_has_hash(dbx, sha256)) {
        v->state = WTG_SIGN_REVOKED;
        snprintf(v->why, sizeof v->why, "the DBX forbids this very file, by its hash");
    } else if (least && (v->has_svn || is_bootmgr(name, v)) &&
               (v->svn_major < least->major ||
                (v->svn_major == least->major && v->svn_minor < least->minor))) {
        v->state = WTG_SIGN_REVOKED;
        snprintf(v->why, sizeof v->why,
                 "its security version %u.%u is below %u.%u, the least that the DBX allows",
                 v->svn_major, v->svn_minor, least->major, least->minor);
    }
}

/* Everything about the file but its signatures. */
static int look(struct work *w, uint8_t sha256[EVP_MAX_MD_SIZE], uint8_t sha1[EVP_MAX_MD_SIZE],
                struct wtg_err *err)
{
    struct wtg_verdict *v = w->v;

    if (sign_digest(w->file, w->pe, EVP_sha256(), sha256, err) < 0 ||
        sign_digest(w->file, w->pe, EVP_sha1(), sha1, err) < 0)
        return err->code;
    hash_hex(sha256, SHA256_BYTES, v->sha256);
    hash_hex(sha1, SHA1_BYTES, v->sha1);
    if (!w->pe)
        return 0;
    v->is_pe = true;
    v->has_svn = sign_svn(w->file, &v->svn_major, &v->svn_minor);
    v->nsbat = sign_sbat(w->file, v->sbat);
    return 0;
}

static int judge_all(struct work *w, struct wtg_err *err)
{
    struct wtg_err none = { 0 };
    struct signed_data s = { .p7 = NULL };
    int r = 0;

    if (w->pe) {
        r = judge_table(w, err);
        for (unsigned i = 0; r == 0 && i < w->nopen; i++)
            r = judge_nested(w, &w->open[i], err);
        return r;
    }
    if (!der_is(w->file, V_ASN1_SEQUENCE) || signed_data_open(w->file, &s, &none) < 0)
        return 0;
    w->v->is_catalog = catalog_is(&s);
    signed_data_release(&s);
    return w->v->is_catalog ? judge_one(w, w->file, WTG_SIGN_EMBEDDED, err) : 0;
}

int sign_check_file(struct wtg_span file, const char *name, const struct sign_policy *policy,
                    struct wtg_verdict *ret, struct wtg_err *err)
{
    uint8_t sha256[EVP_MAX_MD_SIZE], sha1[EVP_MAX_MD_SIZE];
    struct wtg_verdict v = { .nsignatures = 0 };
    struct work w = { .file = file, .policy = policy, .v = &v };
    struct wtg_err broken = { 0 };
    struct pe pe;
    int code = pe_open(file, &pe, &broken);

    if (code == 0)
        w.pe = &pe;
    int r = look(&w, sha256, sha1, err);
    if (r == 0)
        r = judge_all(&w, err);
    for (unsigned i = 0; i < w.nopen; i++)
        signed_data_release(&w.open[i]);
    if (r < 0)
        return r;
    add_catalog(&w, sha256, sha1);
    decide(&v);
    if (v.state == WTG_SIGN_NONE && code == WTG_E_SIGNATURE) {
        v.state = WTG_SIGN_CHANGED;
        snprintf(v.why, sizeof v.why, "%.200s", broken.text);
    }
    if (policy->dbx)
        judge_dbx(&v, policy->dbx, name, sha256);
    *ret = v;
    return 0;
}
