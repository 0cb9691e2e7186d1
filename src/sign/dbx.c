/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sign/dbx.h"

#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "sign/dbx-disk.h"

/* Firmware has 32 KiB to 128 KiB for all of it; Microsoft's update of 2025 has 24 KiB. */
enum { DBX_MAX_BYTES = 4 << 20 };

/* clang-format off */
#define GUID(a, b, c, d, e, f, g, h, ...) { { a, b, c, d, e, f, g, h, __VA_ARGS__ } }
static const struct guid type_sha256 = /* c1c41626-504c-4092-aca9-41f936934328 */
    GUID(0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40, 0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28);
static const struct guid type_x509 = /* a5c059a1-94e4-4aa7-87b5-ab155c2bf072 */
    GUID(0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a, 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72);
static const struct guid type_x509_sha256 = /* 3bd2a492-96c0-4079-b420-fcf98ef103ed */
    GUID(0x92, 0xa4, 0xd2, 0x3b, 0xc0, 0x96, 0x79, 0x40, 0xb4, 0x20, 0xfc, 0xf9, 0x8e, 0xf1, 0x03, 0xed);
static const struct guid auth_pkcs7 = /* 4aafd29d-68df-49ee-8aa9-347d375665a7 */
    GUID(0x9d, 0xd2, 0xaf, 0x4a, 0xdf, 0x68, 0xee, 0x49, 0x8a, 0xa9, 0x34, 0x7d, 0x37, 0x56, 0x65, 0xa7);
static const struct guid svn_owner = /* 9d132b6c-59d5-4388-ab1c-185cfcb2eb92 */
    GUID(0x6c, 0x2b, 0x13, 0x9d, 0xd5, 0x59, 0x88, 0x43, 0xab, 0x1c, 0x18, 0x5c, 0xfc, 0xb2, 0xeb, 0x92);
const struct guid sign_dbx_bootmgr = /* 9d132b61-59d5-4388-ab1c-185c3cb2eb92 */
    GUID(0x61, 0x2b, 0x13, 0x9d, 0xd5, 0x59, 0x88, 0x43, 0xab, 0x1c, 0x18, 0x5c, 0x3c, 0xb2, 0xeb, 0x92);
/* clang-format on */

static bool same(const struct guid *a, const struct guid *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static int add_svn(struct sign_dbx *d, const struct dbx_svn_disk *s, struct wtg_err *err)
{
    if (mem_grow(&d->svn, &d->svn_cap, d->nsvns, sizeof d->svn[0], err) < 0)
        return err->code;
    d->svn[d->nsvns++] =
        (struct sign_dbx_svn){ s->application, get_le16(s->major), get_le16(s->minor) };
    return 0;
}

static int add_hash(struct sign_dbx *d, const struct dbx_signature_disk *s, struct wtg_span data,
                    struct wtg_err *err)
{
    if (same(&s->owner, &svn_owner))
        return add_svn(d, (const struct dbx_svn_disk *)data.p, err);
    if (mem_grow(&d->hash, &d->hash_cap, d->nhashes, sizeof d->hash[0], err) < 0)
        return err->code;
    memcpy(d->hash[d->nhashes++], data.p, SHA256_BYTES);
    return 0;
}

static struct sign_dbx_cert *new_cert(struct sign_dbx *d, struct wtg_err *err)
{
    if (mem_grow(&d->cert, &d->cert_cap, d->ncerts, sizeof d->cert[0], err) < 0)
        return NULL;
    struct sign_dbx_cert *c = &d->cert[d->ncerts++];
    *c = (struct sign_dbx_cert){ .from = 0 };
    return c;
}

static int add_x509(struct sign_dbx *d, const struct dbx_signature_disk *s, struct wtg_span data,
                    struct wtg_err *err)
{
    (void)s;
    uint8_t *der = realloc(d->der, d->der_bytes + data.n);
    if (!der)
        return wtg_fail_nomem(err);
    d->der = der;
    struct sign_dbx_cert *c = new_cert(d, err);
    if (!c)
        return err->code;
    memcpy(der + d->der_bytes, data.p, data.n);
    hash_sha256(data.p, data.n, c->sha256);
    c->der_at = d->der_bytes;
    c->der_bytes = data.n;
    d->der_bytes += data.n;
    return 0;
}

static int add_tbs(struct sign_dbx *d, const struct dbx_signature_disk *s, struct wtg_span data,
                   struct wtg_err *err)
{
    const struct dbx_tbs_disk *t = (const struct dbx_tbs_disk *)data.p;
    struct sign_dbx_cert *c = new_cert(d, err);

    (void)s;
    if (!c)
        return err->code;
    c->is_tbs = true;
    memcpy(c->sha256, t->sha256, SHA256_BYTES);
    if (get_le16(t->year)) {
        struct tm tm = { .tm_year = get_le16(t->year) - 1900,
                         .tm_mon = t->month - 1,
                         .tm_mday = t->day,
                         .tm_hour = t->hour,
                         .tm_min = t->minute,
                         .tm_sec = t->second };
        c->from = timegm(&tm);
    }
    return 0;
}

static const struct {
    const struct guid *type;
    uint32_t bytes; /* of each, without the owner; 0: any */
    int (*add)(struct sign_dbx *d, const struct dbx_signature_disk *s, struct wtg_span data,
               struct wtg_err *err);
} types[] = {
    { &type_sha256, SHA256_BYTES, add_hash },
    { &type_x509, 0, add_x509 },
    { &type_x509_sha256, sizeof(struct dbx_tbs_disk), add_tbs },
};

static int add_list(struct sign_dbx *d, const struct guid *type, struct wtg_span list,
                    uint32_t each, struct wtg_err *err)
{
    size_t t = 0;

    while (t < ARRAY_LEN(types) && !same(types[t].type, type))
        t++;
    if (t == ARRAY_LEN(types)) {
        d->nunknown++;
        return 0;
    }
    const uint32_t data_bytes = each - (uint32_t)sizeof(struct dbx_signature_disk);
    if (types[t].bytes && data_bytes != types[t].bytes)
        return wtg_fail(err, WTG_E_SIGNATURE, "entries of %u bytes where %u are expected",
                        data_bytes, types[t].bytes);
    for (size_t at = 0; at < list.n; at += each) {
        const struct dbx_signature_disk *s = span_at(list, at, sizeof *s);
        int r = types[t].add(d, s, span_sub(list, at + sizeof *s, data_bytes), err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Goes through the lists; with `d` NULL only looks whether all is in order. */
static int walk(struct sign_dbx *d, struct wtg_span lists, struct wtg_err *err)
{
    for (size_t at = 0; at < lists.n;) {
        const struct dbx_list_disk *l = span_at(lists, at, sizeof *l);
        const uint64_t bytes = l ? get_le32(l->list_bytes) : 0;
        const uint64_t head = l ? sizeof *l + (uint64_t)get_le32(l->header_bytes) : 0;
        const uint32_t each = l ? get_le32(l->signature_bytes) : 0;

        if (!l || bytes < head || !span_at(lists, at, bytes) ||
            each <= sizeof(struct dbx_signature_disk) || (bytes - head) % each)
            return wtg_fail(err, WTG_E_SIGNATURE,
                            "no list of signatures where one should begin, at byte %zu of %zu", at,
                            lists.n);
        int r = d ? add_list(d, &l->type, span_sub(lists, at + head, bytes - head), each, err) : 0;
        if (r < 0)
            return wtg_because(err, "the list at byte %zu", at);
        at += bytes;
    }
    return 0;
}

/* The lists behind the header of a signed update; the file itself when there is none. */
static struct wtg_span behind_auth(struct wtg_span file)
{
    const struct dbx_auth_disk *a = span_at(file, 0, sizeof *a);
    const uint64_t head = offsetof(struct dbx_auth_disk, cert_bytes);

    if (!a || get_le16(a->cert_type) != DBX_AUTH_TYPE || !same(&a->cert_guid, &auth_pkcs7) ||
        !span_at(file, head, get_le32(a->cert_bytes)))
        return file;
    const uint64_t at = head + get_le32(a->cert_bytes);
    return (struct wtg_span){ file.p + at, file.n - at };
}

int sign_dbx_add(struct sign_dbx *d, struct wtg_span file, struct wtg_err *err)
{
    const struct sign_dbx before = *d;

    if (file.n > DBX_MAX_BYTES)
        return wtg_fail(err, WTG_E_SIGNATURE, "no list of revoked signatures has %zu bytes",
                        file.n);
    struct wtg_span lists = behind_auth(file);
    if (walk(NULL, lists, err) < 0 && file.n >= 4) { /* behind the attributes, perhaps */
        struct wtg_err again = { 0 };
        struct wtg_span rest = behind_auth(span_sub(file, 4, file.n - 4));
        if (walk(NULL, rest, &again) == 0)
            lists = rest;
    }
    int r = walk(d, lists, err);
    if (r < 0) { /* what was added is forgotten; the room for it stays */
        d->nhashes = before.nhashes;
        d->ncerts = before.ncerts;
        d->nsvns = before.nsvns;
        d->der_bytes = before.der_bytes;
        d->nunknown = before.nunknown;
    }
    return r;
}

void sign_dbx_release(struct sign_dbx *d)
{
    free(d->hash);
    free(d->cert);
    free(d->der);
    free(d->svn);
    *d = (struct sign_dbx){ 0 };
}

bool sign_dbx_has_hash(const struct sign_dbx *d, const uint8_t sha256[SHA256_BYTES])
{
    for (size_t i = 0; i < d->nhashes; i++)
        if (memcmp(d->hash[i], sha256, SHA256_BYTES) == 0)
            return true;
    return false;
}

const struct sign_dbx_svn *sign_dbx_svn(const struct sign_dbx *d, const struct guid *application)
{
    const struct sign_dbx_svn *highest = NULL;

    for (size_t i = 0; i < d->nsvns; i++) {
        const struct sign_dbx_svn *s = &d->svn[i];
        if (same(&s->application, application) &&
            (!highest || s->major > highest->major ||
             (s->major == highest->major && s->minor > highest->minor)))
            highest = s;
    }
    return highest;
}
