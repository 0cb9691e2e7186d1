/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/examine-priv.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "recipe/signatures.h"

/* Who signed what firmware and boot manager start, and whether that is revoked. */

static const char *value_of(const struct wtg_verdict *v)
{
    switch (v->state) {
    case WTG_SIGN_GOOD:
        return "fine";
    case WTG_SIGN_REVOKED:
        return "revoked";
    case WTG_SIGN_CHANGED:
    case WTG_SIGN_WRONG:
        return "changed";
    case WTG_SIGN_NONE:
        return "none";
    default:
        return "unknown";
    }
}

static int tell(struct exam *x, const char *path, const struct wtg_verdict *v, const char *where,
                struct wtg_err *err)
{
    const struct wtg_signature *s =
        v->deciding < v->nsignatures ? &v->signature[v->deciding] : NULL;
    char version[48] = "";

    if (v->has_svn)
        snprintf(version, sizeof version, ", security version %u.%u", v->svn_major, v->svn_minor);
    int r = exam_fact(x, "esp.signature", value_of(v), where, err, "'%s' is %s%s%s%s", path,
                      wtg_sign_text(v->state), v->why[0] ? ": " : "", v->why, version);
    if (r == 0 && s)
        r = exam_fact(x, "esp.signer", wtg_sign_ca_slug(s->ca), where, err,
                      "'%s' was signed by '%s', issued by '%s'", path, s->signer, s->issuer);
    return r;
}

static int check(struct exam *x, const struct signatures *s, const char *path, const char *where,
                 struct wtg_err *err)
{
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    struct wtg_err why = { 0 };
    struct wtg_verdict v;
    int r = exam_slurp(x->esp_tree, path, SIGN_FILE_MAX_BYTES, &bytes, &n, &why);

    if (r < 0)
        *err = why;
    if (r <= 0)
        return r;
    r = sign_check_file((struct wtg_span){ bytes, n }, path, &s->policy, &v, err);
    return r < 0 ? r : tell(x, path, &v, where, err);
}

int exam_sign(struct exam *x, struct wtg_err *err)
{
    static const char *const paths[] = {
        "\\EFI\\Microsoft\\Boot\\bootmgfw.efi",
        "\\EFI\\Boot\\bootx64.efi",
        "\\EFI\\Boot\\bootaa64.efi",
        "\\EFI\\Boot\\bootia32.efi",
    };
    const struct wtg_sign_opts o = { .dbx = &x->o->dbx, .ndbx = x->o->dbx ? 1 : 0 };
    struct signatures s;
    char where[64];

    if (!x->esp_tree)
        return 0;
    snprintf(where, sizeof where, "partition %u", x->esp->part.number);
    int r = signatures_init(&s, &o, err);
    if (r < 0)
        return r;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(paths); i++)
        r = check(x, &s, paths[i], where, err);
    signatures_release(&s);
    return r;
}
