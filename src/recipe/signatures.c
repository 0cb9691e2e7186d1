/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/signatures.h"

#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "blk/blk.h"

/* A whole file; `*ret` is malloc'ed. */
static int read_all(const char *path, uint8_t **ret, size_t *ret_n, struct wtg_err *err)
{
    struct blk *b = NULL;
    int r = blk_open(path, &b, err);
    if (r < 0)
        return r;
    const uint64_t n = b->size;
    AUTO_FREE uint8_t *bytes = NULL;
    if (n > SIGN_FILE_MAX_BYTES)
        r = wtg_fail(err, WTG_E_UNSUPPORTED,
                     "'%s' has %llu bytes, more than %d, the most looked at", path,
                     (unsigned long long)n, SIGN_FILE_MAX_BYTES);
    else if (!(bytes = malloc(n ? n : 1)))
        r = wtg_fail_nomem(err);
    else
        r = blk_read(b, 0, bytes, n, err);
    blk_free(b);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(bytes);
    *ret_n = n;
    return 0;
}

/* Reads each file and hands it to `add`. */
static int add_files(struct signatures *s, const char *const *path, size_t n,
                     int (*add)(struct signatures *s, struct wtg_span file, const char *name,
                                struct wtg_err *err),
                     const char *what, struct wtg_err *err)
{
    for (size_t i = 0; i < n; i++) {
        AUTO_FREE uint8_t *bytes = NULL;
        size_t len = 0;
        int r = read_all(path[i], &bytes, &len, err);
        if (r == 0)
            r = add(s, (struct wtg_span){ bytes, len }, path[i], err);
        if (r < 0)
            return wtg_because(err, "reading '%s' as %s", path[i], what);
    }
    return 0;
}

static int add_root(struct signatures *s, struct wtg_span file, const char *name,
                    struct wtg_err *err)
{
    (void)name;
    return sign_roots_add(s->roots, file, err);
}

static int add_dbx(struct signatures *s, struct wtg_span file, const char *name,
                   struct wtg_err *err)
{
    (void)name;
    return sign_dbx_add(&s->dbx, file, err);
}

static int add_catalog(struct signatures *s, struct wtg_span file, const char *name,
                       struct wtg_err *err)
{
    const char *slash = strrchr(name, '/');
    return sign_catalogs_add(s->catalogs, file, slash ? slash + 1 : name, &s->policy, err);
}

int signatures_init(struct signatures *s, const struct wtg_sign_opts *opts, struct wtg_err *err)
{
    static const struct wtg_sign_opts none = { .ncatalogs = 0 };
    const struct wtg_sign_opts *o = opts ? opts : &none;

    *s = (struct signatures){ .roots = NULL };
    int r = sign_roots_new(sign_microsoft_roots, sign_microsoft_nroots, &s->roots, err);
    if (r == 0)
        r = add_files(s, o->root, o->nroots, add_root, "a certificate", err);
    if (r == 0)
        r = add_files(s, o->dbx, o->ndbx, add_dbx, "a list of revoked signatures", err);
    s->policy = (struct sign_policy){ .roots = s->roots, .dbx = &s->dbx, .now = time(NULL) };
    if (r == 0)
        r = sign_catalogs_new(&s->catalogs, err);
    if (r == 0)
        r = add_files(s, o->catalog, o->ncatalogs, add_catalog, "a catalog", err);
    s->policy.catalogs = s->catalogs;
    if (r < 0)
        signatures_release(s);
    return r;
}

void signatures_release(struct signatures *s)
{
    sign_roots_free(s->roots);
    sign_dbx_release(&s->dbx);
    sign_catalogs_free(s->catalogs);
    *s = (struct signatures){ .roots = NULL };
}

int signatures_check(const char *const *file, size_t n, const struct wtg_sign_opts *opts,
                     void (*each)(const char *file, const struct wtg_verdict *v, void *user),
                     void *user, size_t *ret_bad, struct wtg_err *err)
{
    struct signatures s;
    size_t bad = 0;
    int r = signatures_init(&s, opts, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n && r == 0; i++) {
        struct wtg_verdict v;
        AUTO_FREE uint8_t *bytes = NULL;
        size_t len = 0;
        r = read_all(file[i], &bytes, &len, err);
        if (r == 0)
            r = sign_check_file((struct wtg_span){ bytes, len }, file[i], &s.policy, &v, err);
        if (r < 0)
            break;
        bad += v.state != WTG_SIGN_GOOD;
        each(file[i], &v, user);
    }
    signatures_release(&s);
    if (r == 0)
        *ret_bad = bad;
    return r;
}
