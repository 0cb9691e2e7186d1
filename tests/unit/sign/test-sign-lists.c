/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Catalogs, lists of what is revoked, the table of roots, versions inside programs. */
#include "fixture.h"

#include "base/mem.h"
#include "sign/dbx-disk.h"
#include "sign/pe.h"

static const char type_sha256[] =
    "\x26\x16\xc4\xc1\x4c\x50\x92\x40\xac\xa9\x41\xf9\x36\x93\x43\x28";
static const char type_x509[] = "\xa1\x59\xc0\xa5\xe4\x94\xa7\x4a\x87\xb5\xab\x15\x5c\x2b\xf0\x72";
static const char type_tbs[] = "\x92\xa4\xd2\x3b\xc0\x96\x79\x40\xb4\x20\xfc\xf9\x8e\xf1\x03\xed";
static const char svn_owner[] = "\x6c\x2b\x13\x9d\xd5\x59\x88\x43\xab\x1c\x18\x5c\xfc\xb2\xeb\x92";
static const char some_guid[] = "0123456789abcdef";
static const char pkcs7_guid[] = "\x9d\xd2\xaf\x4a\xdf\x68\xee\x49\x8a\xa9\x34\x7d\x37\x56\x65\xa7";

/* A list with one entry. */
static void put_list(struct bytes *b, const char *type, const char *owner, const void *data,
                     size_t n)
{
    uint8_t head[28];
    memcpy(head, type, 16);
    put_le32(head + 16, (uint32_t)(28 + 16 + n));
    put_le32(head + 20, 0);
    put_le32(head + 24, (uint32_t)(16 + n));
    put(b, head, sizeof head);
    put(b, owner, 16);
    put(b, data, n);
}

/* One of each kind: a hash, a security version (7.2), a certificate, a TBS hash from 2020 on, and a
 * kind that nobody knows. */
static struct bytes make_dbx(void)
{
    struct bytes b = { 0 };
    uint8_t svn[32] = { 1 }, tbs[48] = { 9 };
    memcpy(svn + 1, &sign_dbx_bootmgr, 16);
    svn[17] = 2;
    svn[19] = 7;
    tbs[32] = 0xe4; /* 2020-02-03 */
    tbs[33] = 0x07;
    tbs[34] = 2;
    tbs[35] = 3;
    put_list(&b, type_sha256, some_guid, "this is a hash of 32 bytes, yes!", 32);
    put_list(&b, type_sha256, svn_owner, svn, sizeof svn);
    put_list(&b, type_x509, some_guid, "no certificate", 14);
    put_list(&b, type_tbs, some_guid, tbs, sizeof tbs);
    put_list(&b, some_guid, some_guid, "?", 1);
    return b;
}

static void check_dbx(struct wtg_span file)
{
    struct sign_dbx d = { 0 };
    struct wtg_err err = { 0 };
    CHECK(sign_dbx_add(&d, file, &err) == 0);
    CHECK(d.nhashes == 1 && d.nsvns == 1 && d.ncerts == 2 && d.nunknown == 1);
    CHECK(sign_dbx_has_hash(&d, (const uint8_t *)"this is a hash of 32 bytes, yes!"));
    CHECK(!sign_dbx_has_hash(&d, (const uint8_t *)"this is a hash of 32 bytes, no!!"));
    const struct sign_dbx_svn *svn = sign_dbx_svn(&d, &sign_dbx_bootmgr);
    CHECK(svn && svn->major == 7 && svn->minor == 2);
    CHECK(d.ncerts == 2 && d.cert[1].is_tbs && d.cert[1].from == 1580688000);
    sign_dbx_release(&d);
}

static void dbx_in_all_its_forms(void)
{
    struct bytes plain = make_dbx(), auth = { 0 }, var = { 0 };
    check_dbx(span_of(plain));
    /* dbxupdate.bin */
    uint8_t head[40] = { 0 };
    put_le32(head + 16, 24 + 5);
    put_le16(head + 20, 0x200);
    put_le16(head + 22, 0x0ef1);
    memcpy(head + 24, pkcs7_guid, 16);
    put(&auth, head, sizeof head);
    put(&auth, "PKCS7", 5);
    put(&auth, plain.p, plain.n);
    check_dbx(span_of(auth));
    /* efivarfs */
    put(&var, "\x27\0\0\0", 4);
    put(&var, plain.p, plain.n);
    check_dbx(span_of(var));
    free(var.p);
    free(auth.p);
    free(plain.p);
}

static void broken_dbx(void)
{
    static const struct {
        const char *name;
        size_t at;
        uint32_t value;
    } rows[] = {
        { "list of no bytes", 16, 0 },        { "list behind the end", 16, 0x10000 },
        { "header behind the end", 20, 60 },  { "entries of no bytes", 24, 0 },
        { "entries without data", 24, 16 },   { "entries that do not fit", 24, 47 },
        { "hashes of two bytes", 24, 18 },    { "a huge list", 16, 0xffffffff },
        { "a huge header", 20, 0xffffffff },  { "huge entries", 24, 0xffffffff },
        { "second list of no bytes", 92, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes b = make_dbx();
        struct sign_dbx d = { 0 };
        struct wtg_err err = { 0 };
        put_le32(b.p + rows[i].at, rows[i].value);
        int r = sign_dbx_add(&d, span_of(b), &err);
        if (r != WTG_E_SIGNATURE)
            printf("# %s: %d\n", rows[i].name, r);
        CHECK(r == WTG_E_SIGNATURE && d.nhashes == 0 && d.nsvns == 0 && d.ncerts == 0);
        sign_dbx_release(&d);
        free(b.p);
    }
}

static void dbx_that_is_empty(void)
{
    struct sign_dbx d = { 0 };
    struct wtg_err err = { 0 };
    CHECK(sign_dbx_add(&d, (struct wtg_span){ NULL, 0 }, &err) == 0);
    CHECK(sign_dbx_add(&d, (struct wtg_span){ (const uint8_t *)"\x27\0\0\0", 4 }, &err) == 0);
    CHECK(sign_dbx_add(&d, (struct wtg_span){ (const uint8_t *)"text", 5 }, &err) ==
          WTG_E_SIGNATURE);
    sign_dbx_release(&d);
}

/* Microsoft's table: each hash is one, those that stand there whole have it, no name comes twice.
 */
static void roots_are_what_they_say(void)
{
    struct sign_roots *r = NULL;
    struct wtg_err err = { 0 };
    CHECK(sign_roots_new(sign_microsoft_roots, sign_microsoft_nroots, &r, &err) == 0);
    for (size_t i = 0; r && i < sign_microsoft_nroots; i++)
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(sign_microsoft_roots[i].name, sign_microsoft_roots[k].name) != 0 &&
                  strcmp(sign_microsoft_roots[i].sha256, sign_microsoft_roots[k].sha256) != 0);
    size_t whole = 0;
    for (int i = 0; r && i < sk_X509_num(sign_roots_certs(r)); i++) {
        char name[128];
        X509 *cert = sk_X509_value(sign_roots_certs(r), i);
        X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name, sizeof name);
        whole += strcmp(name, sign_microsoft_roots[i].name) == 0 && X509_self_signed(cert, 1) == 1;
    }
    CHECK(whole == 2);
    sign_roots_free(r);
    const struct sign_root wrong = { "x", "x", WTG_CA_OTHER, sign_microsoft_roots[1].sha256,
                                     sign_microsoft_roots[0].base64 };
    CHECK(sign_roots_new(&wrong, 1, &r, &err) == WTG_E_SIGNATURE);
    struct sign_roots *none = NULL;
    CHECK(sign_roots_new(NULL, 0, &none, &err) == 0);
    CHECK(sign_roots_add(none, (struct wtg_span){ (const uint8_t *)"0abc", 4 }, &err) ==
          WTG_E_SIGNATURE);
    CHECK(sign_roots_add(none, (struct wtg_span){ (const uint8_t *)"text", 4 }, &err) ==
          WTG_E_SIGNATURE);
    CHECK(sign_roots_add(none, (struct wtg_span){ NULL, 0 }, &err) == WTG_E_SIGNATURE);
    sign_roots_free(none);
}

/* A set of roots with this one, as PEM. */
static struct sign_roots *roots_of(const struct party *root)
{
    struct sign_roots *r = NULL;
    struct wtg_err err = { 0 };
    BIO *b = BIO_new(BIO_s_mem());
    char *pem = NULL;
    PEM_write_bio_X509(b, root->cert);
    long n = BIO_get_mem_data(b, &pem);
    MUST(sign_roots_new(NULL, 0, &r, &err) == 0 &&
         sign_roots_add(r, (struct wtg_span){ (uint8_t *)pem, (size_t)n }, &err) == 0);
    BIO_free(b);
    return r;
}

/* A catalog that lists a program (by raw tag), a text (by SHA-1 in hexadecimal) and another file
 * (by an attribute, twice). */
static struct listed {
    struct party root, signer;
    struct sign_roots *roots;
    struct bytes file[3], catalog;
    uint8_t sha256[SHA256_BYTES]; /* of the program */
} l;

static void make_listed(void)
{
    uint8_t sha1[SHA1_BYTES], other[SHA256_BYTES];
    struct bytes members = { 0 };

    l.root = make_party("Root", NULL, (struct party_opts){ .ca = true });
    l.signer = make_party("Catalogs", &l.root, (struct party_opts){ .eku = "codeSigning" });
    l.roots = roots_of(&l.root);
    l.file[0] = make_pe("", NULL, 0);
    pe_hash(l.file[0], l.sha256, sha1);
    put(&l.file[1], "a text file", 11);
    hash_sha1(l.file[1].p, l.file[1].n, sha1);
    put(&l.file[2], "a third one", 11);
    hash_sha256(l.file[2].p, l.file[2].n, other);
    add(&members, make_member(TAG_RAW, l.sha256, sizeof l.sha256));
    add(&members, make_member(TAG_HEX, sha1, sizeof sha1));
    add(&members, make_member(TAG_NAME, other, sizeof other));
    add(&members, make_member(TAG_NAME, other, sizeof other));
    struct bytes ctl = make_ctl(members);
    l.catalog =
        make_signature(&(struct sign_how){ .signer = &l.signer, .type = oid_ctl_text }, ctl);
    free(ctl.p);
}

static void free_listed(void)
{
    for (size_t i = 0; i < ARRAY_LEN(l.file); i++)
        free(l.file[i].p);
    free(l.catalog.p);
    sign_roots_free(l.roots);
    EVP_PKEY_free(l.root.key);
    X509_free(l.root.cert);
    EVP_PKEY_free(l.signer.key);
    X509_free(l.signer.cert);
}

static struct wtg_verdict check(struct bytes file, const struct sign_policy *policy)
{
    struct wtg_verdict v;
    struct wtg_err err = { 0 };
    MUST(sign_check_file(span_of(file), "x", policy, &v, &err) == 0);
    return v;
}

static void catalogs(void)
{
    static const char *const digests[] = { "sha256", "sha1", "sha256" };
    struct sign_policy policy = { .roots = l.roots, .now = NOW };
    struct sign_catalogs *c = NULL;
    struct wtg_err err = { 0 };

    MUST(sign_catalogs_new(&c, &err) == 0);
    CHECK(sign_catalogs_add(c, span_of(l.catalog), "one\n.cat", &policy, &err) == 0);
    CHECK(sign_catalogs_members(c) == 3);
    policy.catalogs = c;
    for (size_t i = 0; i < ARRAY_LEN(l.file); i++) {
        struct wtg_verdict v = check(l.file[i], &policy);
        CHECK(v.state == WTG_SIGN_GOOD && v.nsignatures == 1);
        CHECK(strcmp(v.signature[0].digest, digests[i]) == 0);
        CHECK(strcmp(v.signature[0].catalog, "one?.cat") == 0);
        l.file[i].p[l.file[i].n - 1] ^= 1;
        CHECK(check(l.file[i], &policy).state == WTG_SIGN_NONE);
        l.file[i].p[l.file[i].n - 1] ^= 1;
    }
    sign_catalogs_free(c);
}

static void a_catalog_itself(void)
{
    const struct sign_policy policy = { .roots = l.roots, .now = NOW };
    struct wtg_verdict v = check(l.catalog, &policy);

    CHECK(v.state == WTG_SIGN_GOOD && v.is_catalog && !v.is_pe);
    uint8_t *member = memmem(l.catalog.p, l.catalog.n, l.sha256, sizeof l.sha256);
    MUST(member);
    member[0] ^= 1;
    CHECK(check(l.catalog, &policy).state == WTG_SIGN_WRONG);
    member[0] ^= 1;
}

/* One that nobody vouches for does not hide a good one with the same file. */
static void good_catalogs_count_first(void)
{
    struct sign_roots *none = NULL;
    struct sign_catalogs *c = NULL;
    struct wtg_err err = { 0 };

    MUST(sign_roots_new(NULL, 0, &none, &err) == 0 && sign_catalogs_new(&c, &err) == 0);
    struct sign_policy policy = { .roots = none, .now = NOW };
    CHECK(sign_catalogs_add(c, span_of(l.catalog), "bad.cat", &policy, &err) == 0);
    policy.catalogs = c;
    CHECK(check(l.file[0], &policy).state == WTG_SIGN_INCOMPLETE);
    policy.roots = l.roots;
    CHECK(sign_catalogs_add(c, span_of(l.catalog), "good.cat", &policy, &err) == 0);
    struct wtg_verdict v = check(l.file[0], &policy);
    CHECK(v.state == WTG_SIGN_GOOD && strcmp(v.signature[0].catalog, "good.cat") == 0);
    sign_roots_free(none);
    sign_catalogs_free(c);
}

static void no_catalogs(void)
{
    struct party self = make_party("Self", NULL, (struct party_opts){ .eku = "codeSigning" });
    struct sign_roots *roots = roots_of(&self);
    const struct sign_policy policy = { .roots = roots, .now = NOW };
    struct sign_catalogs *c = NULL;
    struct wtg_err err = { 0 };
    uint8_t digest[SHA256_BYTES] = { 1 };
    struct bytes content = make_indirect(digest, sizeof digest);
    struct bytes program =
        make_signature(&(struct sign_how){ .signer = &self, .type = oid_indirect_text }, content);
    struct bytes junk = { 0 };
    put(&junk, "\x30\x03\x02\x01\x05", 5); /* a member that is none */
    struct bytes ctl = make_ctl(junk);
    struct bytes damaged =
        make_signature(&(struct sign_how){ .signer = &self, .type = oid_ctl_text }, ctl);
    MUST(sign_catalogs_new(&c, &err) == 0);
    CHECK(sign_catalogs_add(c, span_of(program), "x", &policy, &err) == WTG_E_SIGNATURE);
    CHECK(sign_catalogs_add(c, span_of(damaged), "x", &policy, &err) == WTG_E_SIGNATURE);
    CHECK(sign_catalogs_add(c, (struct wtg_span){ NULL, 0 }, "x", &policy, &err) ==
          WTG_E_SIGNATURE);
    for (size_t n = 0; n < program.n; n += 11)
        CHECK(sign_catalogs_add(c, (struct wtg_span){ program.p, n }, "x", &policy, &err) ==
              WTG_E_SIGNATURE);
    CHECK(sign_catalogs_members(c) == 0);
    sign_catalogs_free(c);
    sign_roots_free(roots);
    free(program.p);
    free(content.p);
    free(damaged.p);
    free(ctl.p);
    EVP_PKEY_free(self.key);
    X509_free(self.cert);
}

static void sbat_rows(void)
{
    static const struct {
        const char *text;
        unsigned rows, last;
    } rows[] = {
        { "sbat,1\nshim,4\n", 2, 4 },
        { "sbat,1\nshim,4", 2, 4 },
        { "", 0, 0 },
        { "\n\n", 0, 0 },
        { "shim\nshim,\nshim,x\n,4\n", 0, 0 },
        { "shim,4x\n", 0, 0 },
        { "shim,99999999999999\n", 0, 0 },
        { "sh im,4\nshim,5,more,and more\n", 1, 5 },
        { "a,1\na,1\na,1\na,1\na,1\na,1\na,1\na,1\na,1\na,1\na,1\na,1\na,1\na,1\na,1\na,7\na,8\n",
          16, 7 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wtg_sbat_row row[WTG_SBAT_MAX];
        struct bytes pe = make_pe(rows[i].text, NULL, 0);
        unsigned n = sign_sbat(span_of(pe), row);
        CHECK(n == rows[i].rows && (n == 0 || row[n - 1].generation == rows[i].last));
        free(pe.p);
    }
}

/* One wrong number in the resources a row. */
static void security_versions(void)
{
    static const struct {
        const char *name;
        size_t at; /* in .rsrc */
        uint32_t value;
        bool found;
    } rows[] = {
        { "good", 0x1f0, 0x10000, true },
        { "another type", 0x10, 11, false },
        { "type is no directory", 0x14, 0x18, false },
        { "name directory outside", 0x14, 0x80001000, false },
        { "name text outside", 0x28, 0x80000ffe, false },
        { "name is a number", 0x28, 5, false },
        { "name leads to data", 0x2c, 0x48, false },
        { "language directory is itself", 0x2c, 0x80000000, false },
        { "data outside", 0x44, 0xff0, false },
        { "value outside the file", 0x48, 0x30000000, false },
        { "value of no bytes", 0x4c, 0, false },
        { "value too long", 0x4c, 0x20, false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes pe = make_pe("", "BOOTMGRSECURITYVERSIONNUMBER", 0x10000);
        uint16_t major = 0, minor = 0;
        put_le32(pe.p + 0x600 + rows[i].at, rows[i].value);
        bool found = sign_svn(span_of(pe), &major, &minor);
        if (found != rows[i].found)
            printf("# %s\n", rows[i].name);
        CHECK(found == rows[i].found && (!found || (major == 1 && minor == 0)));
        free(pe.p);
    }
    struct bytes other = make_pe("", "SECURITYVERSIONNUMBER", 1);
    uint16_t major, minor;
    CHECK(!sign_svn(span_of(other), &major, &minor));
    free(other.p);
}

static const struct test tests[] = {
    TEST(dbx_in_all_its_forms),      TEST(broken_dbx),  TEST(dbx_that_is_empty),
    TEST(roots_are_what_they_say),   TEST(catalogs),    TEST(a_catalog_itself),
    TEST(good_catalogs_count_first), TEST(no_catalogs), TEST(sbat_rows),
    TEST(security_versions),
};

int main(void)
{
    make_listed();
    int r = test_run(tests, ARRAY_LEN(tests));
    free_listed();
    return r;
}
