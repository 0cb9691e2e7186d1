/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every allocation of the room fails once (those of libcrypto are its own). */
#include "fixture.h"

#include "base/mem.h"
#include "nomem.h"

static struct sign_roots *roots;
static struct bytes catalog;

static int everything(struct wtg_err *err)
{
    struct sign_catalogs *c = NULL;
    struct sign_policy policy = { .roots = roots, .now = NOW };
    struct wtg_verdict v;
    int r = sign_catalogs_new(&c, err);
    if (r == 0)
        r = sign_catalogs_add(c, span_of(catalog), "x.cat", &policy, err);
    policy.catalogs = c;
    if (r == 0)
        r = sign_check_file(span_of(catalog), "x.cat", &policy, &v, err);
    CHECK(r < 0 || v.state == WTG_SIGN_GOOD);
    sign_catalogs_free(c);
    return r;
}

static void checks(void)
{
    WALK_ALLOCATIONS(everything(&err), (void)0);
}

static void root_tables(void)
{
    struct sign_roots *r = NULL;
    WALK_ALLOCATIONS(sign_roots_new(sign_microsoft_roots, sign_microsoft_nroots, &r, &err),
                     sign_roots_free(r));
}

static void revocation_lists(void)
{
    struct bytes b = { 0 };
    struct sign_dbx d = { 0 };
    uint8_t list[28 + 48] = { 0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40, 0xac,
                              0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28, 76,   0,
                              0,    0,    0,    0,    0,    0,    48 };
    for (int i = 0; i < 20; i++)
        put(&b, list, sizeof list);
    /* The same as X.509. */
    memcpy(list, "\xa1\x59\xc0\xa5\xe4\x94\xa7\x4a\x87\xb5\xab\x15\x5c\x2b\xf0\x72", 16);
    put(&b, list, sizeof list);
    WALK_ALLOCATIONS(sign_dbx_add(&d, span_of(b), &err), sign_dbx_release(&d));
    free(b.p);
}

static const struct test tests[] = { TEST(checks), TEST(root_tables), TEST(revocation_lists) };

int main(void)
{
    struct party root = make_party("Root", NULL, (struct party_opts){ .ca = true });
    struct party signer = make_party("Signer", &root, (struct party_opts){ .eku = "codeSigning" });
    struct wtg_err err = { 0 };
    struct bytes members = { 0 };
    unsigned char *der = NULL;
    uint8_t digest[SHA256_BYTES] = { 0 };
    for (unsigned i = 0; i < 700; i++) { /* the table grows */
        put_le32(digest, i);
        add(&members, make_member(TAG_RAW, digest, sizeof digest));
    }
    struct bytes ctl = make_ctl(members);
    catalog = make_signature(&(struct sign_how){ .signer = &signer, .type = oid_ctl_text }, ctl);
    free(ctl.p);
    int n = i2d_X509(root.cert, &der);
    MUST(sign_roots_new(NULL, 0, &roots, &err) == 0 &&
         sign_roots_add(roots, (struct wtg_span){ der, (size_t)n }, &err) == 0);
    OPENSSL_free(der);
    int r = test_run(tests, ARRAY_LEN(tests));
    sign_roots_free(roots);
    free(catalog.p);
    EVP_PKEY_free(root.key);
    X509_free(root.cert);
    EVP_PKEY_free(signer.key);
    X509_free(signer.cert);
    return r;
}
