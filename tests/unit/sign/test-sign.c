/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs with signatures of all kinds, and what is said of them. */
#include "fixture.h"

#include "base/mem.h"

static const char sbat_text[] =
    "sbat,1,SBAT Version,sbat,1,https://example.org\nshim,4,UEFI shim\n";
static const char svn_name[] = "BOOTMGRSECURITYVERSIONNUMBER";

static struct world {
    struct party root, ca, signer, expired, plain, no_eku, tls_ca, under_tls;
    struct party stamper, late_stamper, other_root, other, self, lifetime;
    struct sign_roots *roots;
} w;

static void make_world(void)
{
    struct wtg_err err = { 0 };
    const struct party_opts ca = { .ca = true, .from = NOW - 10 * YEAR, .to = NOW + 10 * YEAR };
    const struct party_opts code = { .eku = "codeSigning" };
    unsigned char *der = NULL;
    w.root = make_party("Test Root", NULL, ca);
    w.ca = make_party("Test CA", &w.root, ca);
    w.signer = make_party("Test Signer", &w.ca, code);
    w.expired = make_party("Old Signer", &w.ca,
                           (struct party_opts){ .eku = "codeSigning",
                                                .from = NOW - 4 * (int64_t)YEAR,
                                                .to = NOW - 2 * (int64_t)YEAR });
    w.lifetime = make_party("Lifetime Signer", &w.ca,
                            (struct party_opts){ .eku = "codeSigning,1.3.6.1.4.1.311.10.3.13",
                                                 .from = NOW - 4 * (int64_t)YEAR,
                                                 .to = NOW - 2 * (int64_t)YEAR });
    w.plain = make_party("Mail Signer", &w.ca, (struct party_opts){ .eku = "emailProtection" });
    w.no_eku = make_party("Signer for nothing", &w.ca, (struct party_opts){ .ca = false });
    w.tls_ca =
        make_party("Test TLS CA", &w.root, (struct party_opts){ .ca = true, .eku = "serverAuth" });
    w.under_tls = make_party("Signer under TLS", &w.tls_ca, code);
    w.stamper = make_party(
        "Test Stamper", &w.ca,
        (struct party_opts){ .eku = "critical,timeStamping", .from = NOW - 10 * (int64_t)YEAR });
    w.other_root = make_party("Somebody's Root", NULL, ca);
    w.other = make_party("Somebody", &w.other_root, code);
    w.self = make_party("Self", NULL, code);
    MUST(sign_roots_new(NULL, 0, &w.roots, &err) == 0);
    int n = i2d_X509(w.root.cert, &der);
    MUST(n > 0 && sign_roots_add(w.roots, (struct wtg_span){ der, (size_t)n }, &err) == 0);
    OPENSSL_free(der);
}

static struct wtg_verdict check(struct bytes file, const char *name, const struct sign_dbx *dbx)
{
    const struct sign_policy policy = { .roots = w.roots, .dbx = dbx, .now = NOW };
    struct wtg_verdict v;
    struct wtg_err err = { 0 };
    MUST(sign_check_file(span_of(file), name, &policy, &v, &err) == 0);
    return v;
}

static struct bytes content_of(struct bytes pe)
{
    uint8_t sha256[SHA256_BYTES], sha1[SHA1_BYTES];
    pe_hash(pe, sha256, sha1);
    return make_indirect(sha256, sizeof sha256);
}

/* A program signed so. */
static struct bytes signed_pe(struct sign_how h)
{
    struct bytes pe = make_pe(sbat_text, svn_name, 0x70003);
    struct bytes content = content_of(pe), signature;
    h.type = h.type ? h.type : oid_indirect_text;
    signature = make_signature(&h, content);
    free(content.p);
    attach(&pe, pe.n, &signature, 1);
    return pe;
}

static const struct party *const with_ca[] = { &w.ca, NULL };
static const struct party *const with_both[] = { &w.ca, &w.root, NULL };
static const struct party *const with_stamper[] = { &w.ca, &w.stamper, NULL };
static const struct party *const with_tls[] = { &w.tls_ca, NULL };
static const struct party *const with_other[] = { &w.other_root, NULL };

enum { THEN = NOW - 3 * YEAR };
static const struct {
    const char *name;
    struct sign_how how;
    enum wtg_sign_state want;
    const char *why; /* is part of it */
} verdict_rows[] = {
    { "chain to a root that is not in the file",
      { .signer = &w.signer, .bring = with_ca },
      WTG_SIGN_GOOD,
      "" },
    { "the root is in the file too",
      { .signer = &w.signer, .bring = with_both },
      WTG_SIGN_GOOD,
      "" },
    { "the authority is missing", { .signer = &w.signer }, WTG_SIGN_INCOMPLETE, "'Test CA'" },
    { "the signer's certificate is missing",
      { .signer = &w.signer, .bring = with_ca, .without_signer_cert = true },
      WTG_SIGN_INCOMPLETE,
      "signer's own" },
    { "another root",
      { .signer = &w.other, .bring = with_other },
      WTG_SIGN_UNKNOWN_ROOT,
      "'Somebody's Root'" },
    { "signed by itself", { .signer = &w.self }, WTG_SIGN_UNKNOWN_ROOT, "'Self'" },
    { "for mail",
      { .signer = &w.plain, .bring = with_ca },
      WTG_SIGN_NO_CODE_SIGNING,
      "'Mail Signer'" },
    { "no usage said",
      { .signer = &w.no_eku, .bring = with_ca },
      WTG_SIGN_NO_CODE_SIGNING,
      "for nothing" },
    { "an authority for something else",
      { .signer = &w.under_tls, .bring = with_tls },
      WTG_SIGN_NO_CODE_SIGNING,
      "'Test TLS CA'" },
    { "expired",
      { .signer = &w.expired, .bring = with_ca },
      WTG_SIGN_EXPIRED,
      "expired, no timestamp" },
    { "expired, stamped in time",
      { .signer = &w.expired, .bring = with_ca, .stamper = &w.stamper, .stamp_at = THEN },
      WTG_SIGN_GOOD,
      "" },
    { "expired, countersigned in time",
      { .signer = &w.expired, .bring = with_ca, .countersigner = &w.stamper, .stamp_at = THEN },
      WTG_SIGN_GOOD,
      "" },
    { "expired, stamped too late",
      { .signer = &w.expired, .bring = with_ca, .stamper = &w.stamper, .stamp_at = NOW - 100 },
      WTG_SIGN_EXPIRED,
      "stamped at" },
    { "expired, stamped, but stamps do not prolong",
      { .signer = &w.lifetime, .bring = with_ca, .stamper = &w.stamper, .stamp_at = THEN },
      WTG_SIGN_EXPIRED,
      "expired, no timestamp" },
    { "expired, stamped by somebody who may not",
      { .signer = &w.expired, .bring = with_ca, .stamper = &w.signer, .stamp_at = THEN },
      WTG_SIGN_EXPIRED,
      "" },
    { "expired, stamped by somebody unknown",
      { .signer = &w.expired, .bring = with_stamper, .stamper = &w.self, .stamp_at = THEN },
      WTG_SIGN_EXPIRED,
      "" },
    { "signs something else",
      { .signer = &w.signer, .bring = with_ca, .type = oid_ctl_text },
      WTG_SIGN_WRONG,
      "something else" },
};

static void verdicts(void)
{
    for (size_t i = 0; i < ARRAY_LEN(verdict_rows); i++) {
        struct bytes pe = signed_pe(verdict_rows[i].how);
        struct wtg_verdict v = check(pe, "a.efi", NULL);
        if (v.state != verdict_rows[i].want || !strstr(v.why, verdict_rows[i].why) ||
            v.nsignatures != 1)
            printf("# %s: %s '%s' stamp '%s'\n", verdict_rows[i].name, wtg_sign_slug(v.state),
                   v.why, v.signature[0].stamp_why);
        CHECK(v.state == verdict_rows[i].want && v.nsignatures == 1 && v.is_pe);
        CHECK(strstr(v.why, verdict_rows[i].why) != NULL);
        free(pe.p);
    }
}

static void names_and_times(void)
{
    struct bytes pe = signed_pe((struct sign_how){
        .signer = &w.signer, .bring = with_ca, .stamper = &w.stamper, .stamp_at = NOW - 1000 });
    struct wtg_verdict v = check(pe, "a.efi", NULL);
    const struct wtg_signature *s = &v.signature[0];
    CHECK(strcmp(s->signer, "Test Signer") == 0 && strcmp(s->issuer, "Test CA") == 0);
    CHECK(strcmp(s->root, "Test Root") == 0 && strcmp(s->digest, "sha256") == 0);
    CHECK(s->stamped_at == NOW - 1000 && strcmp(s->stamper, "Test Stamper") == 0);
    CHECK(s->valid_from == NOW - YEAR && s->valid_to == NOW + YEAR && s->ca == WTG_CA_OTHER);
    CHECK(v.has_svn && v.svn_major == 7 && v.svn_minor == 3);
    CHECK(v.nsbat == 2 && strcmp(v.sbat[1].component, "shim") == 0 && v.sbat[1].generation == 4 &&
          v.sbat[1].least == 4 && v.sbat[0].least == 0);
    free(pe.p);
}

/* What a name may not do to a terminal. */
static void names_are_cleaned(void)
{
    struct party evil =
        make_party("evil\x1b[2J\nname\xc2\x9b", &w.ca, (struct party_opts){ .eku = "codeSigning" });
    struct bytes pe = signed_pe((struct sign_how){ .signer = &evil, .bring = with_ca });
    struct wtg_verdict v = check(pe, "a.efi", NULL);
    CHECK(strcmp(v.signature[0].signer, "evil?[2J?name??") == 0);
    free(pe.p);
    EVP_PKEY_free(evil.key);
    X509_free(evil.cert);
}

/* Every byte counts, but for those that signing itself changes. */
static void changes_are_found(void)
{
    struct bytes pe = signed_pe((struct sign_how){ .signer = &w.signer, .bring = with_ca });
    for (size_t at = 0x40; at < pe.n; at += at < PE_BYTES ? 7 : 61) {
        const bool free_byte = (at >= 0x98 && at < 0x9c);
        const bool structure = at < 0x40 + 24 + 112 + 5 * 8; /* may make another kind of file */
        pe.p[at] ^= 1;
        struct wtg_verdict v = check(pe, "a.efi", NULL);
        if (free_byte)
            CHECK(v.state == WTG_SIGN_GOOD);
        else if (structure)
            CHECK(v.state != WTG_SIGN_GOOD);
        else if (at < PE_BYTES)
            CHECK(v.state == WTG_SIGN_CHANGED);
        pe.p[at] ^= 1;
    }
    free(pe.p);
}

/* Each byte of the signature: never a crash, and good only where nothing that counts was hit. */
static void broken_signatures(void)
{
    struct bytes pe = signed_pe((struct sign_how){ .signer = &w.signer, .bring = with_ca });
    size_t good = 0;
    for (size_t at = PE_BYTES; at < pe.n; at += 3) {
        pe.p[at] ^= 0x10;
        struct wtg_verdict v = check(pe, "a.efi", NULL);
        good += v.state == WTG_SIGN_GOOD;
        CHECK(v.state != WTG_SIGN_CHANGED || v.nsignatures <= 1);
        pe.p[at] ^= 0x10;
    }
    /* Versions, the set of digests, the algorithm of the key, padding: nobody signs those. */
    CHECK(good < 15);
    free(pe.p);
}

static void cut_off_files(void)
{
    struct bytes pe = signed_pe((struct sign_how){ .signer = &w.signer, .bring = with_ca });
    for (size_t n = 0; n < pe.n; n += n < 0x200 ? 1 : 37) {
        struct bytes cut = { 0 };
        put(&cut, pe.p, n);
        struct wtg_verdict v = check(cut, "a.efi", NULL);
        CHECK(v.state != WTG_SIGN_GOOD);
        if (n >= 0x200)
            CHECK(v.state == WTG_SIGN_CHANGED && strstr(v.why, "bytes at byte"));
        free(cut.p);
    }
    free(pe.p);
}

static void not_signed(void)
{
    struct bytes pe = make_pe("", NULL, 0), text = { 0 };
    uint8_t sha256[SHA256_BYTES], sha1[SHA1_BYTES];
    char hex[65];
    pe_hash(pe, sha256, sha1);
    hash_hex(sha256, sizeof sha256, hex);
    struct wtg_verdict v = check(pe, "a.efi", NULL);
    CHECK(v.state == WTG_SIGN_NONE && v.nsignatures == 0 && strcmp(v.sha256, hex) == 0);
    CHECK(!v.has_svn && v.nsbat == 0);
    put(&text, "plain text", 10);
    v = check(text, "a.txt", NULL);
    CHECK(v.state == WTG_SIGN_NONE && !v.is_pe);
    CHECK(strncmp(v.sha1, "3b2b0c80", 8) == 0 || strlen(v.sha1) == 40);
    free(text.p);
    free(pe.p);
}

static void several_and_nested(void)
{
    struct bytes pe = make_pe("", NULL, 0), content = content_of(pe), other = make_pe("x", NULL, 0);
    struct bytes other_content = content_of(other);
    struct bytes inner = make_signature(
        &(struct sign_how){ .signer = &w.signer, .bring = with_ca, .type = oid_indirect_text },
        content);
    struct bytes two[2] = {
        make_signature(
            &(struct sign_how){ .signer = &w.self, .type = oid_indirect_text, .nested = &inner },
            content),
        make_signature(
            &(struct sign_how){ .signer = &w.signer, .bring = with_ca, .type = oid_indirect_text },
            other_content),
    };
    attach(&pe, pe.n, two, 2);
    struct wtg_verdict v = check(pe, "a.efi", NULL);
    CHECK(v.nsignatures == 3 && v.state == WTG_SIGN_GOOD && v.deciding == 2);
    CHECK(v.signature[0].state == WTG_SIGN_UNKNOWN_ROOT);
    CHECK(v.signature[1].state == WTG_SIGN_CHANGED);
    CHECK(v.signature[2].state == WTG_SIGN_GOOD && v.signature[2].place == WTG_SIGN_NESTED);
    free(inner.p);
    free(content.p);
    free(other_content.p);
    free(other.p);
    free(pe.p);
}

/* Signatures in signatures, deeper than anybody needs: seven are judged. */
static void deep_nesting_ends(void)
{
    struct bytes pe = make_pe("", NULL, 0), content = content_of(pe), inner = { 0 };
    for (int i = 0; i < 12; i++) {
        struct bytes outer = make_signature(&(struct sign_how){ .signer = &w.signer,
                                                                .bring = with_ca,
                                                                .type = oid_indirect_text,
                                                                .nested = i ? &inner : NULL },
                                            content);
        free(inner.p);
        inner = outer;
    }
    attach(&pe, pe.n, &inner, 1);
    struct wtg_verdict v = check(pe, "a.efi", NULL);
    CHECK(v.nsignatures == WTG_SIGN_MAX - 1 && v.state == WTG_SIGN_GOOD);
    free(content.p);
    free(pe.p);
}

static void signature_in_the_middle(void)
{
    struct bytes pe = make_pe("", NULL, 0);
    put(&pe, "eight more bytes", 16);
    struct bytes content = content_of(pe);
    struct bytes signature = make_signature(
        &(struct sign_how){ .signer = &w.signer, .bring = with_ca, .type = oid_indirect_text },
        content);
    attach(&pe, PE_BYTES, &signature, 1);
    CHECK(check(pe, "a.efi", NULL).state == WTG_SIGN_GOOD);
    pe.p[pe.n - 1] ^= 1;
    CHECK(check(pe, "a.efi", NULL).state == WTG_SIGN_CHANGED);
    free(content.p);
    free(pe.p);
}

static void sha1_files(void)
{
    struct bytes pe = make_pe("", NULL, 0);
    uint8_t sha256[SHA256_BYTES], sha1[SHA1_BYTES];
    pe_hash(pe, sha256, sha1);
    struct bytes content = make_indirect(sha1, sizeof sha1);
    struct bytes signature = make_signature(
        &(struct sign_how){ .signer = &w.signer, .bring = with_ca, .type = oid_indirect_text },
        content);
    attach(&pe, pe.n, &signature, 1);
    struct wtg_verdict v = check(pe, "a.efi", NULL);
    CHECK(v.state == WTG_SIGN_GOOD && strcmp(v.signature[0].digest, "sha1") == 0);
    free(content.p);
    free(pe.p);
}

/* A timestamp of another signature, moved here. */
static void foreign_stamps_do_not_count(void)
{
    struct bytes pe = signed_pe((struct sign_how){
        .signer = &w.signer, .bring = with_ca, .stamper = &w.stamper, .stamp_at = NOW - 1000 });
    struct wtg_verdict v = check(pe, "a.efi", NULL);
    CHECK(v.signature[0].stamped_at != 0);
    /* The signature of the token is its last 60-odd bytes. */
    size_t last = pe.n - 1;
    while (pe.p[last] == 0)
        last--;
    pe.p[last - 4] ^= 1;
    v = check(pe, "a.efi", NULL);
    CHECK(v.state == WTG_SIGN_GOOD && v.signature[0].stamped_at == 0 &&
          v.signature[0].stamp_why[0]);
    free(pe.p);
}

static void revoked(void)
{
    struct bytes pe = signed_pe((struct sign_how){
        .signer = &w.signer, .bring = with_ca, .stamper = &w.stamper, .stamp_at = NOW - 1000 });
    struct wtg_verdict v = check(pe, "a.efi", NULL);
    uint8_t hash[1][SHA256_BYTES];
    unsigned char *der = NULL, *tbs = NULL;
    MUST(v.state == WTG_SIGN_GOOD && hash_unhex(v.sha256, SHA256_BYTES, hash[0]));
    struct sign_dbx by_hash = { .hash = hash, .nhashes = 1 };
    v = check(pe, "a.efi", &by_hash);
    CHECK(v.state == WTG_SIGN_REVOKED && strstr(v.why, "hash"));

    int n = i2d_X509(w.ca.cert, &der);
    struct sign_dbx_cert cert = { .der_bytes = (size_t)n };
    struct sign_dbx by_cert = { .cert = &cert, .ncerts = 1, .der = der, .der_bytes = (size_t)n };
    v = check(pe, "a.efi", &by_cert);
    CHECK(v.state == WTG_SIGN_REVOKED && strstr(v.why, "'Test CA'"));
    /* Also where the authority is not in the file. */
    struct bytes bare = signed_pe((struct sign_how){ .signer = &w.signer });
    CHECK(check(bare, "a.efi", &by_cert).state == WTG_SIGN_REVOKED);
    free(bare.p);

    struct sign_dbx_cert by_tbs = { .is_tbs = true };
    int ntbs = i2d_re_X509_tbs(w.signer.cert, &tbs);
    hash_sha256(tbs, (size_t)ntbs, by_tbs.sha256);
    struct sign_dbx tbs_dbx = { .cert = &by_tbs, .ncerts = 1 };
    CHECK(check(pe, "a.efi", &tbs_dbx).state == WTG_SIGN_REVOKED);
    by_tbs.from = NOW - 500; /* stamped before */
    CHECK(check(pe, "a.efi", &tbs_dbx).state == WTG_SIGN_GOOD);
    by_tbs.from = NOW - 2000;
    CHECK(check(pe, "a.efi", &tbs_dbx).state == WTG_SIGN_REVOKED);

    struct sign_dbx_svn svn = { sign_dbx_bootmgr, 7, 4 }; /* it has 7.3 */
    struct sign_dbx by_svn = { .svn = &svn, .nsvns = 1 };
    v = check(pe, "a.efi", &by_svn);
    CHECK(v.state == WTG_SIGN_REVOKED && strstr(v.why, "7.3 is below 7.4"));
    svn.minor = 3;
    CHECK(check(pe, "a.efi", &by_svn).state == WTG_SIGN_GOOD);
    OPENSSL_free(der);
    OPENSSL_free(tbs);
    free(pe.p);
}

static void one_revoked_spoils_all(void)
{
    struct bytes pe = make_pe("", NULL, 0), content = content_of(pe);
    struct bytes two[2] = {
        make_signature(
            &(struct sign_how){ .signer = &w.signer, .bring = with_ca, .type = oid_indirect_text },
            content),
        make_signature(&(struct sign_how){ .signer = &w.self, .type = oid_indirect_text }, content),
    };
    unsigned char *der = NULL;
    int n = i2d_X509(w.self.cert, &der);
    struct sign_dbx_cert cert = { .der_bytes = (size_t)n };
    const struct sign_dbx dbx = { .cert = &cert, .ncerts = 1, .der = der, .der_bytes = (size_t)n };
    attach(&pe, pe.n, two, 2);
    struct wtg_verdict v = check(pe, "a.efi", &dbx);
    CHECK(v.state == WTG_SIGN_REVOKED && v.deciding == 1);
    OPENSSL_free(der);
    free(content.p);
    free(pe.p);
}

static const struct test tests[] = {
    TEST(verdicts),          TEST(names_and_times),
    TEST(names_are_cleaned), TEST(changes_are_found),
    TEST(broken_signatures), TEST(cut_off_files),
    TEST(not_signed),        TEST(several_and_nested),
    TEST(deep_nesting_ends), TEST(signature_in_the_middle),
    TEST(sha1_files),        TEST(foreign_stamps_do_not_count),
    TEST(revoked),           TEST(one_revoked_spoils_all),
};

int main(void)
{
    make_world();
    int r = test_run(tests, ARRAY_LEN(tests));
    struct party *all = &w.root;
    for (size_t i = 0; i < offsetof(struct world, roots) / sizeof(struct party); i++) {
        EVP_PKEY_free(all[i].key);
        X509_free(all[i].cert);
    }
    sign_roots_free(w.roots);
    return r;
}
