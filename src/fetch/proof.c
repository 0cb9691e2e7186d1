/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/proof.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { LIST_MAX_BYTES = 16 << 20, SIGNATURE_MAX_BYTES = 1 << 20 };

static struct wtg_span span_of(const char *text, size_t n)
{
    return (struct wtg_span){ (const uint8_t *)text, n };
}

static void add(struct proof *p, const struct wanted_sum *want, const char *from)
{
    struct proof_sum *s = &p->sum[p->nsums++];

    s->want = *want;
    snprintf(s->from, sizeof s->from, "%s", from);
}

static int take_options(struct proof *p, const struct wtg_fetch_opts *o, struct wtg_err *err)
{
    const struct {
        enum hash_kind kind;
        const char *hex, *from;
    } given[] = { { HASH_SHA512, o->sha512, "--sha512" },
                  { HASH_SHA256, o->sha256, "--sha256" },
                  { HASH_SHA1, o->sha1, "--sha1" },
                  { HASH_MD5, o->md5, "--md5" } };
    struct wanted_sum want;

    for (size_t i = 0; i < ARRAY_LEN(given); i++) {
        if (!given[i].hex)
            continue;
        if (!sums_parse(given[i].kind, given[i].hex, strlen(given[i].hex), &want))
            return wtg_fail(err, WTG_E_USAGE, "'%.140s' is no %s, which has %zu hexadecimal digits",
                            given[i].hex, hash_name(given[i].kind), 2 * hash_bytes(given[i].kind));
        add(p, &want, given[i].from);
    }
    return 0;
}

/* The same text, whatever ends its lines and with or without spaces there? */
static bool same_text(struct wtg_span a, struct wtg_span b)
{
    size_t i = 0, k = 0;

    while (i < a.n || k < b.n) {
        while (i < a.n && strchr(" \t\r\n", a.p[i]) && a.p[i])
            i++;
        while (k < b.n && strchr(" \t\r\n", b.p[k]) && b.p[k])
            k++;
        if (i == a.n || k == b.n)
            return i == a.n && k == b.n;
        if (a.p[i++] != b.p[k++])
            return false;
    }
    return true;
}

struct texts { /* as they were read */
    char *list, *signature;
    size_t list_bytes, signature_bytes;
};

/* A text that carries its signature: what was signed takes its place. */
static int open_clear(struct proof *p, const char *keyring, char **text, size_t *n,
                      struct wtg_err *err)
{
    char *plain = NULL;
    size_t plain_bytes = 0;

    if (signature_clear(span_of(*text, *n), keyring, &plain, &plain_bytes, &p->list_by, err) < 0)
        return err->code;
    free(*text);
    *text = plain;
    *n = plain_bytes;
    p->list_signed = true;
    return 0;
}

static int prove_list(struct proof *p, const struct wtg_fetch_opts *o, struct texts *t,
                      const struct wtg_net_opts *net, struct wtg_err *err)
{
    bool clear_list = t->list && signature_is_clear(span_of(t->list, t->list_bytes));
    bool clear = t->signature && signature_is_clear(span_of(t->signature, t->signature_bytes));
    int r = 0;

    if (clear_list && o->keyring && !t->signature) {
        if (open_clear(p, o->keyring, &t->list, &t->list_bytes, err) < 0)
            return wtg_because(err, "'%.200s'", o->checksums);
    } else if (clear_list && !o->keyring) {
        net_note(net, "'%s' is signed, but without --keyring nobody looks at that", o->checksums);
    }
    if (!t->signature)
        return o->keyring && !p->list_signed
                   ? wtg_fail(err, WTG_E_USAGE, "--keyring is for a signature, and there is none")
                   : 0;
    if (clear) {
        r = open_clear(p, o->keyring, &t->signature, &t->signature_bytes, err);
        if (r == 0 && t->list &&
            !same_text(span_of(t->list, t->list_bytes),
                       span_of(t->signature, t->signature_bytes))) {
            wtg_fail(err, WTG_E_NOT_SIGNED, "what was signed is another text than '%.200s'",
                     o->checksums);
            wtg_fact(err, "signature", "other-file");
            r = wtg_hint(err, "it may be the signature of another version");
        }
        if (r == 0 && !t->list) {
            t->list = TAKE_PTR(t->signature);
            t->list_bytes = t->signature_bytes;
        }
    } else if (t->list) {
        r = signature_of_bytes(span_of(t->signature, t->signature_bytes),
                               span_of(t->list, t->list_bytes), o->keyring, &p->list_by, err);
        p->list_signed = r == 0;
    } else {
        r = signature_try_keyring(o->keyring, err); /* before a long download, not behind it */
        p->signature = TAKE_PTR(t->signature);
        p->signature_bytes = t->signature_bytes;
        p->keyring = o->keyring;
        p->signature_name = o->signature;
    }
    return r < 0 ? wtg_because(err, "'%.200s'", o->signature) : 0;
}

static int take_list(struct proof *p, const struct wtg_fetch_opts *o, const struct texts *t,
                     const char *const *name, struct wtg_err *err)
{
    const char *from = o->checksums ? o->checksums : o->signature;
    struct wanted_sum want;

    int r = sums_find(span_of(t->list, t->list_bytes), name, &want, err);
    if (r == 0) {
        add(p, &want, from);
        return 0;
    }
    if (r == WTG_E_NOT_FOUND && p->list_signed) { /* the signature is good, and not of this */
        err->code = r = WTG_E_NOT_SIGNED;
        wtg_fact(err, "signature", "other-file");
    }
    return wtg_because(err, "'%.200s'", from);
}

static int read_all(struct proof *p, const struct wtg_fetch_opts *o, const char *const *name,
                    const struct wtg_net_opts *net, struct wtg_job *job, struct texts *t,
                    struct wtg_err *err)
{
    int r = 0;

    if (o->checksums)
        r = net_read(o->checksums, net, LIST_MAX_BYTES, job, &t->list, &t->list_bytes, err);
    if (r == 0 && o->signature)
        r = net_read(o->signature, net, o->checksums ? LIST_MAX_BYTES : SIGNATURE_MAX_BYTES, job,
                     &t->signature, &t->signature_bytes, err);
    if (r == 0)
        r = prove_list(p, o, t, net, err);
    if (r == 0 && t->list)
        r = take_list(p, o, t, name, err);
    return r;
}

int proof_prepare(struct proof *p, const struct wtg_fetch_opts *o, const char *const *name,
                  const struct wtg_net_opts *net, struct wtg_job *job, struct wtg_err *err)
{
    struct texts t = { .list = NULL };

    p->size_bytes = o->size_bytes;
    if (o->signature && !o->keyring) {
        wtg_fail(err, WTG_E_USAGE, "--signature says nothing without --keyring: whose signature?");
        return wtg_hint(err, "give the publisher's key, from a place you trust: --keyring FILE");
    }
    int r = take_options(p, o, err);
    if (r == 0)
        r = read_all(p, o, name, net, job, &t, err);
    free(t.list);
    free(t.signature);
    return r;
}

bool proof_any(const struct proof *p)
{
    return p->nsums > 0 || p->signature;
}

unsigned proof_kinds(const struct proof *p)
{
    unsigned kinds = 0;

    for (size_t i = 0; i < p->nsums; i++)
        kinds |= 1u << p->sum[i].want.kind;
    return kinds;
}

void proof_slug(const struct proof *p, char *text, size_t cap)
{
    char hex[2 * HASH_MAX_BYTES + 1] = "";

    text[0] = '\0';
    if (p->nsums == 0)
        return;
    hash_hex(p->sum[0].want.digest, hash_bytes(p->sum[0].want.kind), hex);
    snprintf(text, cap, "%s %s", hash_name(p->sum[0].want.kind), hex);
}

static struct wtg_fetch_proof *proved(struct wtg_fetch_result *ret, const char *kind,
                                      const char *from)
{
    struct wtg_fetch_proof *f = &ret->proof[ret->nproofs];

    if (ret->nproofs + 1 < WTG_FETCH_PROOFS)
        ret->nproofs++;
    *f = (struct wtg_fetch_proof){ .kind = kind };
    snprintf(f->from, sizeof f->from, "%s", from);
    return f;
}

static int judge_sum(const struct proof *p, const struct proof_sum *s, const struct sums *sums,
                     struct wtg_fetch_result *ret, struct wtg_err *err)
{
    enum hash_kind kind = s->want.kind;
    char want[2 * HASH_MAX_BYTES + 1], have[2 * HASH_MAX_BYTES + 1];

    hash_hex(s->want.digest, hash_bytes(kind), want);
    hash_hex(sums->digest[kind], hash_bytes(kind), have);
    if (memcmp(s->want.digest, sums->digest[kind], hash_bytes(kind)) != 0) {
        wtg_fail(err, WTG_E_IMAGE_HASH, "the file has the %s %s, and '%.100s' says %s",
                 hash_name(kind), have, s->from, want);
        return err->code;
    }
    struct wtg_fetch_proof *f = proved(ret, hash_name(kind), s->from);
    f->weak = kind == HASH_MD5 || kind == HASH_SHA1;
    snprintf(f->value, sizeof f->value, "%s", have);
    if (p->list_signed && f == &ret->proof[ret->nproofs - 1]) {
        const char *by = p->list_by.owner;
        f = proved(ret, "signature", by);
        snprintf(f->value, sizeof f->value, "%s", p->list_by.fingerprint);
    }
    return 0;
}

int proof_judge(const struct proof *p, const struct sums *s, int fd, uint64_t size,
                struct wtg_job *job, struct wtg_fetch_result *ret, struct wtg_err *err)
{
    struct signature_by by;

    if (p->size_bytes && size != p->size_bytes)
        return wtg_fail(err, WTG_E_IMAGE_HASH,
                        "the file has %" PRIu64 " bytes, and should have %" PRIu64, size,
                        p->size_bytes);
    for (size_t i = 0; i < p->nsums; i++)
        if (judge_sum(p, &p->sum[i], s, ret, err) < 0)
            return err->code;
    if (!p->signature)
        return 0;
    if (signature_of_file(span_of(p->signature, p->signature_bytes), fd, size, p->keyring, job, &by,
                          err) < 0)
        return err->code == WTG_E_CANCELLED ? err->code
                                            : wtg_because(err, "'%.200s'", p->signature_name);
    struct wtg_fetch_proof *f = proved(ret, "signature", by.owner);
    snprintf(f->value, sizeof f->value, "%s", by.fingerprint);
    return 0;
}

void proof_release(struct proof *p)
{
    free(p->signature);
    *p = (struct proof){ 0 };
}
