/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/verify-priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Who signed what is in the image.  Programs are hashed and judged while their blobs pass, by
 * whoever decoded them; of those without a good signature of their own the hashes are kept, and
 * looked up at the end, when all catalogs have come: so every blob is decoded once, and the order
 * in which an image stores things does not matter. */

enum { NAMED_UNSIGNED_MAX = 20 }; /* programs that nobody signed: some are named, all counted */

int verify_sign_init(struct verify *v, struct wtg_err *err)
{
    const struct wtg_sign_opts o = {
        .root = v->opts->root, .nroots = v->opts->nroots, .dbx = v->opts->dbx, .ndbx = v->opts->ndbx
    };
    return signatures_init(&v->signatures, &o, err);
}

void verify_sign_release(struct verify *v)
{
    signatures_release(&v->signatures);
    for (size_t i = 0; i < v->ncatalogs; i++)
        free(v->catalog[i].bytes);
    free(v->catalog);
    free(v->program);
    free(v->boot);
}

bool verify_sign_wants(const struct verify *v, const struct tree_blob *b, struct wtg_span head)
{
    const uint8_t *p = span_at(head, 0, 2);

    if (v->opts->no_signatures || b->size_bytes > SIGN_FILE_MAX_BYTES)
        return false;
    return v->kind[b->order] || (v->has_catalogs && p && p[0] == 'M' && p[1] == 'Z');
}

static int keep_catalog(struct verify *v, const struct tree_blob *b, struct wtg_span bytes,
                        struct wtg_err *err)
{
    AUTO_FREE uint8_t *copy = malloc(bytes.n ? bytes.n : 1);
    if (!copy)
        return wtg_fail_nomem(err);
    memcpy(copy, bytes.p, bytes.n);
    pthread_mutex_lock(&v->lock);
    int r = mem_grow(&v->catalog, &v->catalogs_cap, v->ncatalogs, sizeof *v->catalog, err);
    if (r == 0 && v->catalog_bytes + bytes.n > VERIFY_MAX_CATALOG_BYTES) {
        v->catalogs_dropped = true;
    } else if (r == 0) {
        v->catalog_bytes += bytes.n;
        v->catalog[v->ncatalogs++] = (struct verify_catalog){ b, TAKE_PTR(copy), bytes.n };
    }
    pthread_mutex_unlock(&v->lock);
    return r;
}

static int keep_program(struct verify *v, const struct tree_blob *b,
                        const struct wtg_verdict *verdict, struct wtg_err *err)
{
    struct verify_program one = { .blob = b, .state = verdict->state };
    int r = 0;

    if (!hash_unhex(verdict->sha256, SHA256_BYTES, one.sha256) ||
        !hash_unhex(verdict->sha1, SHA1_BYTES, one.sha1))
        return wtg_fail(err, WTG_E_BUG, "a verdict without hashes");
    pthread_mutex_lock(&v->lock);
    if (verdict->state == WTG_SIGN_GOOD) {
        v->good_programs++;
    } else {
        r = mem_grow(&v->program, &v->programs_cap, v->nprograms, sizeof *v->program, err);
        if (r == 0)
            v->program[v->nprograms++] = one;
    }
    pthread_mutex_unlock(&v->lock);
    return r;
}

static int keep_boot(struct verify *v, const struct tree_blob *b, const struct wtg_verdict *verdict,
                     struct wtg_err *err)
{
    pthread_mutex_lock(&v->lock);
    int r = v->nboot == VERIFY_MAX_BOOT
                ? 0
                : mem_grow(&v->boot, &v->boot_cap, v->nboot, sizeof *v->boot, err);
    if (r == 0 && v->nboot < VERIFY_MAX_BOOT)
        v->boot[v->nboot++] = (struct verify_boot){ b, *verdict };
    pthread_mutex_unlock(&v->lock);
    return r;
}

int verify_sign_look(struct verify *v, const struct tree_blob *b, struct wtg_span bytes,
                     struct wtg_err *err)
{
    if (!verify_sign_wants(v, b, bytes))
        return 0;
    if (v->kind[b->order] & BLOB_CATALOG)
        return keep_catalog(v, b, bytes, err);
    struct sign_policy own = v->signatures.policy;
    own.catalogs = NULL;
    AUTO_FREE struct wtg_verdict *verdict = mem_zeroed(1, sizeof *verdict, err);
    int r = verdict ? sign_check_file(bytes, "", &own, verdict, err) : err->code;
    if (r == 0 && (v->kind[b->order] & BLOB_BOOT))
        r = keep_boot(v, b, verdict, err);
    if (r == 0 && verdict->is_pe)
        r = keep_program(v, b, verdict, err);
    return r;
}

/* Results. */

/* A list of files with what is said of each. */
struct list {
    struct verify_named *named;
    size_t n, cap;
    struct arena words;
};

static int list_add(struct list *l, const struct tree_blob *b, bool failed, const char *why,
                    struct wtg_err *err)
{
    int r = mem_grow(&l->named, &l->cap, l->n, sizeof *l->named, err);
    const char *copy = r < 0 ? NULL : arena_dup(&l->words, why, strlen(why) + 1, err);
    if (!copy)
        return err->code;
    l->named[l->n++] = (struct verify_named){ b, failed, copy };
    return 0;
}

static void list_release(struct list *l)
{
    free(l->named);
    arena_release(&l->words);
}

static int add_catalogs(struct verify *v, struct wtg_err *err)
{
    struct list bad = { .n = 0 };
    int r = 0;

    for (size_t i = 0; i < v->ncatalogs && r == 0; i++) {
        struct verify_catalog *c = &v->catalog[i];
        struct wtg_span bytes = { c->bytes, c->n };
        struct wtg_err why = { 0 };
        AUTO_FREE struct wtg_verdict *verdict = mem_zeroed(1, sizeof *verdict, err);
        r = verdict ? sign_check_file(bytes, "", &v->signatures.policy, verdict, err) : err->code;
        if (r == 0 && verdict->state != WTG_SIGN_GOOD)
            r = list_add(&bad, c->blob, true, wtg_sign_text(verdict->state), err);
        if (r == 0 && sign_catalogs_add(v->signatures.catalogs, bytes, "", &v->signatures.policy,
                                        &why) == WTG_E_NOMEM)
            r = wtg_fail_nomem(err);
        free(c->bytes);
        c->bytes = NULL;
        if (r == 0)
            r = wtg_tick(v->job, &(struct wtg_progress){ "check", "files", i, v->ncatalogs }, err);
    }
    if (r == 0)
        r = verify_name(v, WTG_VERIFY_CATALOGS, bad.named, bad.n, err);
    if (r == 0 && v->ncatalogs == 0)
        verify_tell(v, WTG_VERIFY_CATALOGS, WTG_VERIFY_SKIPPED, "", "the image has no catalogs");
    else if (r == 0)
        verify_tell(v, WTG_VERIFY_CATALOGS,
                    bad.n                 ? WTG_VERIFY_FAILED
                    : v->catalogs_dropped ? WTG_VERIFY_WARNING
                                          : WTG_VERIFY_FINE,
                    "all of them signed, the chain ending at a root of Microsoft",
                    "%zu of %zu catalogs are good, they list %zu files%s", v->ncatalogs - bad.n,
                    v->ncatalogs, sign_catalogs_members(v->signatures.catalogs),
                    v->catalogs_dropped ? "; not all were read, there are too many" : "");
    list_release(&bad);
    return r;
}

/* The best that a catalog says of these hashes. */
static enum wtg_sign_state listed(const struct verify *v, const uint8_t *sha256,
                                  const uint8_t *sha1)
{
    const struct wtg_signature *s =
        sign_catalogs_find(v->signatures.catalogs, (struct wtg_span){ sha256, SHA256_BYTES });

    if (!s || s->state != WTG_SIGN_GOOD) {
        const struct wtg_signature *old =
            sign_catalogs_find(v->signatures.catalogs, (struct wtg_span){ sha1, SHA1_BYTES });
        s = old ? old : s;
    }
    return s ? s->state : WTG_SIGN_NONE;
}

static enum wtg_sign_state state_of(const struct verify *v, enum wtg_sign_state own,
                                    const uint8_t *sha256, const uint8_t *sha1)
{
    enum wtg_sign_state in_catalog = own == WTG_SIGN_GOOD ? own : listed(v, sha256, sha1);
    return in_catalog == WTG_SIGN_NONE ? own : in_catalog;
}

static int boot_result(struct verify *v, struct wtg_err *err)
{
    struct list files = { .n = 0 };
    size_t bad = 0;
    int r = 0;

    for (size_t i = 0; i < v->nboot && r == 0; i++) {
        const struct wtg_verdict *o = &v->boot[i].verdict;
        uint8_t sha256[SHA256_BYTES] = { 0 }, sha1[SHA1_BYTES] = { 0 };
        char why[VERIFY_WHY_BYTES];
        hash_unhex(o->sha256, sizeof sha256, sha256);
        hash_unhex(o->sha1, sizeof sha1, sha1);
        enum wtg_sign_state state = state_of(v, o->state, sha256, sha1);
        const struct wtg_signature *s =
            o->deciding < o->nsignatures ? &o->signature[o->deciding] : NULL;
        bad += state != WTG_SIGN_GOOD;
        if (s)
            snprintf(why, sizeof why, "%s; signer '%.60s', issuer '%.60s'", wtg_sign_text(state),
                     s->signer, s->issuer);
        else
            snprintf(why, sizeof why, "%s", wtg_sign_text(state));
        r = list_add(&files, v->boot[i].blob, state != WTG_SIGN_GOOD, why, err);
    }
    if (r == 0)
        r = verify_name(v, WTG_VERIFY_BOOT, files.named, files.n, err);
    if (r == 0 && v->nboot == 0)
        verify_tell(v, WTG_VERIFY_BOOT, WTG_VERIFY_SKIPPED, "", "the image has no boot files");
    else if (r == 0)
        verify_tell(v, WTG_VERIFY_BOOT, bad ? WTG_VERIFY_FAILED : WTG_VERIFY_FINE,
                    "all of them signed, unchanged, the chain ending at a root of Microsoft",
                    "%zu of %zu boot files are good", v->nboot - bad, v->nboot);
    list_release(&files);
    return r;
}

static int programs_result(struct verify *v, struct wtg_err *err)
{
    struct list files = { .n = 0 };
    uint64_t in_catalogs = 0, unsigned_ones = 0, bad = 0;
    int r = 0;

    for (size_t i = 0; i < v->nprograms && r == 0; i++) {
        const struct verify_program *p = &v->program[i];
        enum wtg_sign_state state = state_of(v, p->state, p->sha256, p->sha1);
        bool is_unsigned = state == WTG_SIGN_NONE || state == WTG_SIGN_UNKNOWN_ROOT ||
                           state == WTG_SIGN_INCOMPLETE;
        in_catalogs += state == WTG_SIGN_GOOD;
        unsigned_ones += is_unsigned;
        bad += state != WTG_SIGN_GOOD && !is_unsigned;
        if (state != WTG_SIGN_GOOD &&
            (is_unsigned ? unsigned_ones <= NAMED_UNSIGNED_MAX : bad <= VERIFY_MAX_BAD))
            r = list_add(&files, p->blob, !is_unsigned, wtg_sign_text(state), err);
    }
    if (r == 0)
        r = verify_name(v, WTG_VERIFY_PROGRAMS, files.named, files.n, err);
    if (r == 0)
        verify_tell(v, WTG_VERIFY_PROGRAMS,
                    bad             ? WTG_VERIFY_FAILED
                    : unsigned_ones ? WTG_VERIFY_WARNING
                                    : WTG_VERIFY_FINE,
                    "each signed by itself or listed in a good catalog, none changed",
                    "%" PRIu64 " programs: %" PRIu64 " signed, %" PRIu64 " in catalogs, %" PRIu64
                    " not proved, %" PRIu64 " changed or refused",
                    v->good_programs + v->nprograms, v->good_programs, in_catalogs, unsigned_ones,
                    bad);
    list_release(&files);
    return r;
}

int verify_sign_results(struct verify *v, struct wtg_err *err)
{
    int r = add_catalogs(v, err);

    if (r == 0)
        r = boot_result(v, err);
    if (r == 0 && !v->has_catalogs)
        verify_tell(v, WTG_VERIFY_PROGRAMS, WTG_VERIFY_SKIPPED, "",
                    "the image has no catalogs to compare programs with");
    return r < 0 || !v->has_catalogs ? r : programs_result(v, err);
}
