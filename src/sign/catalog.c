/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Catalogs: a certificate trust list (CTL) whose subjects are files. */
#include "sign/catalog.h"

#include <stdio.h>
#include <string.h>

#include "base/guid.h"
#include "base/mem.h"

/* A Windows has about 5,000 catalogs with about 400,000 members; each member costs 40 bytes here.
 */
enum { CATALOGS_MAX_MEMBERS = 8 << 20 };

struct member {
    uint8_t digest[SHA256_BYTES]; /* of a SHA-1 the rest is zero */
    uint32_t bytes;               /* SHA1_BYTES or SHA256_BYTES; 0: a free place */
    uint32_t catalog;
};

/* A hash table with open places.  The salt keeps makers of catalogs from choosing digests that all
 * fall on one place. */
struct sign_catalogs {
    struct seed salt;
    struct member *member;
    size_t nplaces, nmembers;
    struct wtg_signature *catalog;
    size_t n, cap;
};

int sign_catalogs_new(struct sign_catalogs **ret, struct wtg_err *err)
{
    struct sign_catalogs *c = mem_zeroed(1, sizeof *c, err);
    if (!c)
        return err->code;
    c->salt = seed_random();
    *ret = c;
    return 0;
}

void sign_catalogs_free(struct sign_catalogs *c)
{
    if (!c)
        return;
    free(c->member);
    free(c->catalog);
    free(c);
}

size_t sign_catalogs_members(const struct sign_catalogs *c)
{
    return c->nmembers;
}

/* The place where the digest stands, or the free one where it belongs. */
static struct member *place(const struct seed *salt, struct member *table, size_t nplaces,
                            struct wtg_span digest)
{
    struct {
        struct seed salt;
        uint8_t digest[SHA256_BYTES];
    } key = { .salt = *salt };
    memcpy(key.digest, digest.p, digest.n);
    for (size_t i = hash_quick(&key, sizeof key) & (nplaces - 1);; i = (i + 1) & (nplaces - 1)) {
        struct member *m = &table[i];
        if (m->bytes == 0 || (m->bytes == digest.n && memcmp(m->digest, digest.p, digest.n) == 0))
            return m;
    }
}

static int grow(struct sign_catalogs *c, struct wtg_err *err)
{
    const size_t nplaces = c->nplaces ? c->nplaces * 2 : 1024;
    struct member *table = mem_zeroed(nplaces, sizeof *table, err);
    if (!table)
        return err->code;
    for (size_t i = 0; i < c->nplaces; i++)
        if (c->member[i].bytes)
            *place(&c->salt, table, nplaces,
                   (struct wtg_span){ c->member[i].digest, c->member[i].bytes }) = c->member[i];
    free(c->member);
    c->member = table;
    c->nplaces = nplaces;
    return 0;
}

/* A file that several catalogs list belongs to the first good one. */
static int add_member(struct sign_catalogs *c, struct wtg_span digest, struct wtg_err *err)
{
    if (c->nmembers == CATALOGS_MAX_MEMBERS)
        return wtg_fail(err, WTG_E_SIGNATURE, "more than %d members", CATALOGS_MAX_MEMBERS);
    if (c->nmembers >= c->nplaces / 2 && grow(c, err) < 0)
        return err->code;
    struct member *m = place(&c->salt, c->member, c->nplaces, digest);
    const uint32_t mine = (uint32_t)c->n;
    if (m->bytes &&
        (c->catalog[m->catalog].state == WTG_SIGN_GOOD || c->catalog[mine].state != WTG_SIGN_GOOD))
        return 0;
    c->nmembers += m->bytes == 0;
    memcpy(m->digest, digest.p, digest.n);
    m->bytes = (uint32_t)digest.n;
    m->catalog = mine;
    return 0;
}

const struct wtg_signature *sign_catalogs_find(const struct sign_catalogs *c,
                                               struct wtg_span digest)
{
    if (!c || !c->nplaces || (digest.n != SHA1_BYTES && digest.n != SHA256_BYTES))
        return NULL;
    const struct member *m = place(&c->salt, c->member, c->nplaces, digest);
    return m->bytes ? &c->catalog[m->catalog] : NULL;
}

/* The tag of a member: its digest, as bytes (since Windows 8) or as hexadecimal UTF-16 (before).
 * Other tags (of catalogs made by hand) are names, which nothing is looked up by. */
static bool digest_of_tag(struct wtg_span tag, uint8_t digest[SHA256_BYTES], size_t *ret_n)
{
    char hex[2 * SHA256_BYTES + 1];
    size_t n = tag.n / 2;

    if (tag.n == SHA1_BYTES || tag.n == SHA256_BYTES) {
        memcpy(digest, tag.p, tag.n);
        *ret_n = tag.n;
        return true;
    }
    if (n > 0 && tag.n % 2 == 0 && tag.p[tag.n - 2] == 0 && tag.p[tag.n - 1] == 0)
        n--; /* its NUL */
    if (tag.n % 2 || (n != 2 * (size_t)SHA1_BYTES && n != 2 * (size_t)SHA256_BYTES))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (tag.p[2 * i + 1] != 0)
            return false;
        hex[i] = (char)tag.p[2 * i];
    }
    *ret_n = n / 2;
    return hash_unhex(hex, n / 2, digest);
}

/* The digest in a member's attributes; what the tag says does not count beside it. */
static bool digest_of_attributes(struct wtg_span attributes, struct wtg_span *ret)
{
    struct der set;
    struct wtg_span attribute, oid, values, data;
    struct indirect indirect;

    while (der_next(&attributes, &set)) {
        attribute = set.body;
        if (set.tag == V_ASN1_SEQUENCE && der_take(&attribute, V_ASN1_OBJECT, &oid) &&
            oid_is(&oid_indirect_data, oid) && der_take(&attribute, V_ASN1_SET, &values) &&
            der_take(&values, V_ASN1_SEQUENCE, &data) && indirect_read(data, &indirect) &&
            (indirect.digest.n == SHA1_BYTES || indirect.digest.n == SHA256_BYTES)) {
            *ret = indirect.digest;
            return true;
        }
    }
    return false;
}

static int add_subject(struct sign_catalogs *c, struct wtg_span subject, struct wtg_err *err)
{
    struct wtg_span tag, attributes = { NULL, 0 }, found;
    uint8_t digest[SHA256_BYTES];
    size_t n = 0;

    if (!der_take(&subject, V_ASN1_OCTET_STRING, &tag))
        return wtg_fail(err, WTG_E_SIGNATURE, "a member without a tag");
    if (der_take(&subject, V_ASN1_SET, &attributes) && digest_of_attributes(attributes, &found))
        return add_member(c, found, err);
    if (digest_of_tag(tag, digest, &n))
        return add_member(c, (struct wtg_span){ digest, n }, err);
    return 0;
}

/* The subjects of a trust list that is a catalog; false when it is none.  Fields before them:
 * version, usage, list identifier, number, times, algorithm; all but usage, one time and algorithm
 * may be missing. */
static bool subjects_of(struct wtg_span ctl, struct wtg_span *ret)
{
    struct wtg_span skipped, usage, oid;

    if (der_is(ctl, V_ASN1_INTEGER) && !der_take(&ctl, V_ASN1_INTEGER, &skipped))
        return false;
    if (!der_take(&ctl, V_ASN1_SEQUENCE, &usage) || !der_take(&usage, V_ASN1_OBJECT, &oid) ||
        !oid_is(&oid_catalog, oid))
        return false;
    while (!der_is(ctl, V_ASN1_SEQUENCE)) {
        struct der d;
        if (!der_next(&ctl, &d) || d.class != V_ASN1_UNIVERSAL)
            return false;
    }
    if (!der_take(&ctl, V_ASN1_SEQUENCE, &skipped)) /* the algorithm */
        return false;
    if (!der_take(&ctl, V_ASN1_SEQUENCE, ret))
        *ret = (struct wtg_span){ NULL, 0 };
    return true;
}

bool catalog_is(const struct signed_data *s)
{
    struct wtg_span subjects;
    return oid_is_object(&oid_trust_list, s->type) && subjects_of(s->content, &subjects);
}

int sign_catalogs_add(struct sign_catalogs *c, struct wtg_span file, const char *name,
                      const struct sign_policy *policy, struct wtg_err *err)
{
    struct signed_data s = { .p7 = NULL };
    struct wtg_span subjects = { NULL, 0 }, subject;
    bool listed = false;
    int r = signed_data_open(file, &s, err);

    if (r == 0 && (!oid_is_object(&oid_trust_list, s.type) || !subjects_of(s.content, &subjects)))
        r = wtg_fail(err, WTG_E_SIGNATURE, "what it signs is no list of files");
    if (r == 0)
        r = mem_grow(&c->catalog, &c->cap, c->n, sizeof c->catalog[0], err);
    if (r == 0) {
        struct wtg_signature *mine = &c->catalog[c->n];
        *mine = (struct wtg_signature){ .place = WTG_SIGN_CATALOG };
        clean_words(name, strlen(name), mine->catalog, sizeof mine->catalog);
        listed = true;
        r = signature_judge(&s, policy, mine, err);
    }
    while (r == 0 && subjects.n) {
        if (!der_take(&subjects, V_ASN1_SEQUENCE, &subject))
            r = wtg_fail(err, WTG_E_SIGNATURE, "its list of members is damaged");
        else
            r = add_subject(c, subject, err);
    }
    if (listed && r < 0) /* members may lead to it already: it stays, and counts for nothing */
        c->catalog[c->n].state = WTG_SIGN_WRONG;
    c->n += listed;
    signed_data_release(&s);
    return r;
}
