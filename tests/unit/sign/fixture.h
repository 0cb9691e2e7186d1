/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_SIGN_FIXTURE_H
#define TEST_SIGN_FIXTURE_H

/* Keys, certificates, programs, catalogs and their signatures, made here and now.  A failure is a
 * mistake of the test: it ends it. */

#include <time.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#include "base/hash.h"
#include "base/le.h"
#include "sign/sign.h"
#include "test.h"

#define MUST(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            printf("Bail out! %s:%d: %s\n", __FILE__, __LINE__, #cond);                            \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static const char oid_indirect_text[] = "1.3.6.1.4.1.311.2.1.4",
                  oid_ctl_text[] = "1.3.6.1.4.1.311.10.1",
                  oid_nested_text[] = "1.3.6.1.4.1.311.2.4.1",
                  oid_stamp_text[] = "1.3.6.1.4.1.311.3.3.1";
enum { NOW = 1800000000, YEAR = 365 * 86400 }; /* 2027 */

/* Bytes that grow. */
struct bytes {
    uint8_t *p;
    size_t n;
};
static inline void put(struct bytes *b, const void *p, size_t n)
{
    MUST((b->p = realloc(b->p, b->n + n + 1)) != NULL);
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
}
static inline struct wtg_span span_of(struct bytes b)
{
    return (struct wtg_span){ b.p, b.n };
}
/* A DER element around `body`, which is freed. */
static inline struct bytes der_wrap(uint8_t tag, struct bytes body)
{
    struct bytes b = { 0 };
    uint8_t head[4] = { tag, 0x82, (uint8_t)(body.n >> 8), (uint8_t)body.n };
    if (body.n < 128) {
        head[1] = (uint8_t)body.n;
        put(&b, head, 2);
    } else if (body.n < 256) {
        head[1] = 0x81;
        head[2] = (uint8_t)body.n;
        put(&b, head, 3);
    } else {
        put(&b, head, 4);
    }
    put(&b, body.p, body.n);
    free(body.p);
    return b;
}
static inline struct bytes der_oid(const char *text)
{
    struct bytes b = { 0 };
    ASN1_OBJECT *o = OBJ_txt2obj(text, 1);
    put(&b, OBJ_get0_data(o), OBJ_length(o));
    ASN1_OBJECT_free(o);
    return der_wrap(0x06, b);
}
static inline struct bytes der_octets(const void *p, size_t n)
{
    struct bytes b = { 0 };
    put(&b, p, n);
    return der_wrap(0x04, b);
}
/* Appends and frees. */
static inline void add(struct bytes *b, struct bytes more)
{
    put(b, more.p, more.n);
    free(more.p);
}

/* A certificate with its key. */
struct party {
    EVP_PKEY *key;
    X509 *cert;
};
struct party_opts {
    bool ca;
    const char *eku;  /* of openssl's x509v3.cnf; NULL: none */
    int64_t from, to; /* 0: NOW - YEAR, NOW + YEAR */
};
static inline void add_ext(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    MUST(e && X509_add_ext(cert, e, -1) == 1);
    X509_EXTENSION_free(e);
}
static inline struct party make_party(const char *name, const struct party *issuer,
                                      struct party_opts o)
{
    struct party p = { EVP_EC_gen("P-256"), X509_new() };
    uint8_t id[SHA256_BYTES];
    MUST(p.key && p.cert);
    hash_sha256(name, strlen(name), id);
    X509_set_version(p.cert, 2);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(p.cert), le32_at(id));
    ASN1_TIME_set(X509_getm_notBefore(p.cert), (time_t)(o.from ? o.from : NOW - YEAR));
    ASN1_TIME_set(X509_getm_notAfter(p.cert), (time_t)(o.to ? o.to : NOW + YEAR));
    X509_NAME_add_entry_by_txt(X509_get_subject_name(p.cert), "CN", MBSTRING_UTF8,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(p.cert, X509_get_subject_name(issuer ? issuer->cert : p.cert));
    X509_set_pubkey(p.cert, p.key);
    add_ext(p.cert, NID_basic_constraints, o.ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (o.eku)
        add_ext(p.cert, NID_ext_key_usage, o.eku);
    MUST(X509_sign(p.cert, issuer ? issuer->key : p.key, EVP_sha256()) > 0);
    return p;
}

/* What a signature is made of. */
struct sign_how {
    const struct party *signer;
    const struct party *const *bring; /* certificates beside the signer's; NULL ends */
    const char *type;                 /* of the content */
    bool without_signer_cert;
    struct party *stamper;       /* RFC 3161; with `bring`'s certificates in the token */
    struct party *countersigner; /* PKCS #9 */
    int64_t stamp_at;
    const struct bytes *nested;
};

/* SignedData over `content` (a SEQUENCE, or for TSTInfo the octets). */
static inline PKCS7 *make_p7(const struct sign_how *h, struct bytes content)
{
    PKCS7 *p7 = PKCS7_new();
    struct wtg_span body = { content.p, content.n };
    const bool is_seq = strcmp(h->type, SN_id_smime_ct_TSTInfo) != 0;
    if (is_seq) { /* without tag and length */
        size_t head = content.p[1] < 0x80 ? 2 : 2 + (content.p[1] & 0x7f);
        body = (struct wtg_span){ content.p + head, content.n - head };
    }
    MUST(p7 && PKCS7_set_type(p7, NID_pkcs7_signed) && PKCS7_content_new(p7, NID_pkcs7_data));
    PKCS7_SIGNER_INFO *si = PKCS7_add_signature(p7, h->signer->cert, h->signer->key, EVP_sha256());
    MUST(si);
    PKCS7_add_signed_attribute(si, NID_pkcs9_contentType, V_ASN1_OBJECT, OBJ_txt2obj(h->type, 0));
    if (!h->without_signer_cert)
        PKCS7_add_certificate(p7, h->signer->cert);
    for (size_t i = 0; h->bring && h->bring[i]; i++)
        PKCS7_add_certificate(p7, h->bring[i]->cert);
    BIO *b = PKCS7_dataInit(p7, NULL);
    MUST(b && BIO_write(b, body.p, (int)body.n) == (int)body.n && PKCS7_dataFinal(p7, b) == 1);
    BIO_free_all(b);
    /* Now the content as it really is. */
    PKCS7 *inner = PKCS7_new();
    ASN1_STRING *s = ASN1_STRING_type_new(is_seq ? V_ASN1_SEQUENCE : V_ASN1_OCTET_STRING);
    MUST(inner && s && ASN1_STRING_set(s, content.p, (int)content.n));
    inner->type = OBJ_txt2obj(h->type, 0);
    inner->d.other = ASN1_TYPE_new();
    ASN1_TYPE_set(inner->d.other, is_seq ? V_ASN1_SEQUENCE : V_ASN1_OCTET_STRING, s);
    MUST(PKCS7_set_content(p7, inner));
    return p7;
}

static inline void add_unsigned(PKCS7_SIGNER_INFO *si, const char *oid, struct bytes value)
{
    ASN1_STRING *s = ASN1_STRING_type_new(V_ASN1_SEQUENCE);
    int nid = OBJ_txt2nid(oid);
    if (nid == NID_undef)
        nid = OBJ_create(oid, oid, oid);
    MUST(ASN1_STRING_set(s, value.p, (int)value.n) &&
         PKCS7_add_attribute(si, nid, V_ASN1_SEQUENCE, s));
    free(value.p);
}

static inline struct bytes p7_bytes(PKCS7 *p7)
{
    struct bytes b = { 0 };
    unsigned char *der = NULL;
    int n = i2d_PKCS7(p7, &der);
    MUST(n > 0);
    put(&b, der, (size_t)n);
    OPENSSL_free(der);
    PKCS7_free(p7);
    return b;
}

/* A token over `what`. */
static inline struct bytes make_token(const struct sign_how *h, struct wtg_span what)
{
    TS_TST_INFO *info = TS_TST_INFO_new();
    TS_MSG_IMPRINT *m = TS_MSG_IMPRINT_new();
    X509_ALGOR *a = X509_ALGOR_new();
    ASN1_OBJECT *policy = OBJ_txt2obj("1.2.3.4", 1);
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    ASN1_GENERALIZEDTIME *at = ASN1_GENERALIZEDTIME_set(NULL, (time_t)h->stamp_at);
    uint8_t digest[SHA256_BYTES];
    unsigned char *der = NULL;
    struct bytes content = { 0 };
    ASN1_INTEGER_set(serial, 1);
    hash_sha256(what.p, what.n, digest);
    X509_ALGOR_set0(a, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL);
    TS_MSG_IMPRINT_set_algo(m, a);
    TS_MSG_IMPRINT_set_msg(m, digest, sizeof digest);
    TS_TST_INFO_set_version(info, 1);
    TS_TST_INFO_set_policy_id(info, policy);
    TS_TST_INFO_set_msg_imprint(info, m);
    TS_TST_INFO_set_serial(info, serial);
    TS_TST_INFO_set_time(info, at);
    int n = i2d_TS_TST_INFO(info, &der);
    MUST(n > 0);
    put(&content, der, (size_t)n);
    OPENSSL_free(der);
    TS_TST_INFO_free(info);
    TS_MSG_IMPRINT_free(m);
    X509_ALGOR_free(a);
    ASN1_OBJECT_free(policy);
    ASN1_INTEGER_free(serial);
    ASN1_GENERALIZEDTIME_free(at);
    const struct sign_how token = { .signer = h->stamper,
                                    .bring = h->bring,
                                    .type = SN_id_smime_ct_TSTInfo };
    struct bytes b = p7_bytes(make_p7(&token, content));
    free(content.p);
    return b;
}

/* A countersignature over `what`, whose signer's certificate goes into `outer`. */
static inline struct bytes make_countersignature(const struct sign_how *h, PKCS7 *outer,
                                                 struct wtg_span what)
{
    PKCS7 *p7 = PKCS7_new();
    struct bytes b = { 0 };
    unsigned char *der = NULL;
    MUST(PKCS7_set_type(p7, NID_pkcs7_signed) && PKCS7_content_new(p7, NID_pkcs7_data));
    PKCS7_SIGNER_INFO *si =
        PKCS7_add_signature(p7, h->countersigner->cert, h->countersigner->key, EVP_sha256());
    PKCS7_add_signed_attribute(si, NID_pkcs9_contentType, V_ASN1_OBJECT,
                               OBJ_nid2obj(NID_pkcs7_data));
    PKCS7_add0_attrib_signing_time(si, ASN1_TIME_set(NULL, (time_t)h->stamp_at));
    BIO *bio = PKCS7_dataInit(p7, NULL);
    MUST(bio && BIO_write(bio, what.p, (int)what.n) == (int)what.n &&
         PKCS7_dataFinal(p7, bio) == 1);
    BIO_free_all(bio);
    PKCS7_add_certificate(outer, h->countersigner->cert);
    int n = i2d_PKCS7_SIGNER_INFO(si, &der);
    put(&b, der, (size_t)n);
    OPENSSL_free(der);
    PKCS7_free(p7);
    return b;
}

static inline struct bytes make_signature(const struct sign_how *h, struct bytes content)
{
    PKCS7 *p7 = make_p7(h, content);
    PKCS7_SIGNER_INFO *si = sk_PKCS7_SIGNER_INFO_value(PKCS7_get_signer_info(p7), 0);
    struct wtg_span what = { ASN1_STRING_get0_data(si->enc_digest),
                             (size_t)ASN1_STRING_length(si->enc_digest) };
    if (h->stamper)
        add_unsigned(si, oid_stamp_text, make_token(h, what));
    if (h->countersigner) {
        struct bytes cs = make_countersignature(h, p7, what);
        ASN1_STRING *s = ASN1_STRING_type_new(V_ASN1_SEQUENCE);
        MUST(ASN1_STRING_set(s, cs.p, (int)cs.n) &&
             PKCS7_add_attribute(si, NID_pkcs9_countersignature, V_ASN1_SEQUENCE, s));
        free(cs.p);
    }
    if (h->nested) {
        struct bytes copy = { 0 };
        put(&copy, h->nested->p, h->nested->n);
        add_unsigned(si, oid_nested_text, copy);
    }
    return p7_bytes(p7);
}

/* SPC_INDIRECT_DATA of a digest (SHA-1 or SHA-256, by its length). */
static inline struct bytes make_indirect(const uint8_t *digest, size_t n)
{
    struct bytes type = der_oid("1.3.6.1.4.1.311.2.1.15"), algorithm = { 0 }, all = { 0 };
    add(&algorithm, der_oid(n == SHA1_BYTES ? "1.3.14.3.2.26" : "2.16.840.1.101.3.4.2.1"));
    put(&algorithm, "\x05\x00", 2);
    struct bytes message = der_wrap(0x30, algorithm);
    add(&message, der_octets(digest, n));
    add(&all, der_wrap(0x30, type));
    add(&all, der_wrap(0x30, message));
    return der_wrap(0x30, all);
}

/* A program of 64 bit: header of 0x200 bytes, .text, .sbat and .rsrc of 0x200 each. */
enum { PE_CERT_ENTRY = 0x40 + 24 + 112 + 4 * 8, PE_TEXT = 0x200, PE_BYTES = 0x800 };
static inline void put_section(uint8_t *at, const char *name, uint32_t i, uint32_t used)
{
    memcpy(at, name, strlen(name));
    put_le32(at + 8, used);
    put_le32(at + 12, 0x1000 * (i + 1));
    put_le32(at + 16, 0x200);
    put_le32(at + 20, 0x200 * (i + 1));
}
/* The resources: type 10, one name, one language, `svn`. */
static inline void put_resources(uint8_t *r, const char *name, uint32_t svn)
{
    put_le16(r + 0x0e, 1);
    put_le32(r + 0x10, 10);
    put_le32(r + 0x14, 0x80000018);
    put_le16(r + 0x18 + 0x0c, 1);
    put_le32(r + 0x28, 0x80000060);
    put_le32(r + 0x2c, 0x80000030);
    put_le16(r + 0x30 + 0x0e, 1);
    put_le32(r + 0x40, 1033);
    put_le32(r + 0x44, 0x48);
    put_le32(r + 0x48, 0x3000 + 0x1f0);
    put_le32(r + 0x4c, 4);
    put_le16(r + 0x60, (uint16_t)strlen(name));
    for (size_t i = 0; name[i]; i++)
        put_le16(r + 0x62 + 2 * i, (uint8_t)name[i]);
    put_le32(r + 0x1f0, svn);
}
static inline struct bytes make_pe(const char *sbat, const char *resource, uint32_t svn)
{
    struct bytes b = { 0 };
    uint8_t pe[PE_BYTES] = { 'M', 'Z' };
    put_le32(pe + 0x3c, 0x40);
    memcpy(pe + 0x40, "PE\0\0\x64\x86\x03", 7);
    put_le16(pe + 0x40 + 0x14, 240);
    put_le16(pe + 0x40 + 0x18, 0x20b);
    put_le32(pe + 0x40 + 0x58, 0x12345678);
    put_le16(pe + 0x40 + 0x5c, 10);
    put_le32(pe + 0x40 + 24 + 108, 16);
    put_le32(pe + 0x40 + 24 + 112 + 2 * 8, 0x3000);
    put_le32(pe + 0x40 + 24 + 112 + 2 * 8 + 4, 0x200);
    put_section(pe + 0x40 + 24 + 240, ".text", 0, 0x200);
    put_section(pe + 0x40 + 24 + 280, ".sbat", 1, (uint32_t)strlen(sbat));
    put_section(pe + 0x40 + 24 + 320, ".rsrc", 2, 0x200);
    memset(pe + PE_TEXT, 0xc3, 0x200);
    memcpy(pe + 0x400, sbat, strlen(sbat));
    if (resource)
        put_resources(pe + 0x600, resource, svn);
    put(&b, pe, sizeof pe);
    return b;
}
/* Its hash, independently of the code under test: everything but the three places. */
static inline void pe_hash(struct bytes pe, uint8_t sha256[SHA256_BYTES], uint8_t sha1[SHA1_BYTES])
{
    struct bytes b = { 0 };
    put(&b, pe.p, 0x98);
    put(&b, pe.p + 0x9c, PE_CERT_ENTRY - 0x9c);
    put(&b, pe.p + PE_CERT_ENTRY + 8, pe.n - PE_CERT_ENTRY - 8);
    hash_sha256(b.p, b.n, sha256);
    hash_sha1(b.p, b.n, sha1);
    free(b.p);
}
/* Puts signatures into the program at byte `at`; frees them. */
static inline void attach(struct bytes *pe, size_t at, struct bytes *signature, size_t n)
{
    struct bytes table = { 0 }, all = { 0 };
    for (size_t i = 0; i < n; i++) {
        uint8_t head[8] = { 0 };
        put_le32(head, (uint32_t)signature[i].n + 8);
        put_le16(head + 4, 0x200);
        put_le16(head + 6, 2);
        put(&table, head, 8);
        put(&table, signature[i].p, signature[i].n);
        put(&table, "\0\0\0\0\0\0\0", (8 - signature[i].n % 8) % 8);
        free(signature[i].p);
    }
    put_le32(pe->p + PE_CERT_ENTRY, (uint32_t)at);
    put_le32(pe->p + PE_CERT_ENTRY + 4, (uint32_t)table.n);
    put(&all, pe->p, at);
    put(&all, table.p, table.n);
    put(&all, pe->p + at, pe->n - at);
    free(table.p);
    free(pe->p);
    *pe = all;
}

/* A member of a catalog. */
enum tag_kind { TAG_RAW, TAG_HEX, TAG_NAME };
static inline struct bytes make_member(enum tag_kind kind, const uint8_t *digest, size_t n)
{
    struct bytes tag = { 0 }, member = { 0 }, attribute = { 0 };
    char hex[2 * SHA256_BYTES + 1] = "some name";
    if (kind == TAG_HEX)
        hash_hex(digest, n, hex);
    for (size_t i = 0; kind != TAG_RAW && i <= strlen(hex); i++)
        put(&tag, (char[2]){ hex[i], 0 }, 2);
    if (kind == TAG_RAW)
        put(&tag, digest, n);
    add(&member, der_wrap(0x04, tag));
    if (kind == TAG_NAME) { /* then the digest stands in an attribute */
        attribute = der_oid(oid_indirect_text);
        add(&attribute, der_wrap(0x31, make_indirect(digest, n)));
        attribute = der_wrap(0x30, attribute);
    }
    add(&member, der_wrap(0x31, attribute));
    return der_wrap(0x30, member);
}
/* The trust list around members, which are freed. */
static inline struct bytes make_ctl(struct bytes members)
{
    struct bytes ctl = { 0 }, time = { 0 };
    add(&ctl, der_wrap(0x30, der_oid("1.3.6.1.4.1.311.12.1.1")));
    add(&ctl, der_octets("0123456789abcdef", 16));
    put(&time, "270115080000Z", 13);
    add(&ctl, der_wrap(0x17, time));
    add(&ctl, der_wrap(0x30, der_oid("1.3.6.1.4.1.311.12.1.3")));
    add(&ctl, der_wrap(0x30, members));
    return der_wrap(0x30, ctl);
}

#endif
