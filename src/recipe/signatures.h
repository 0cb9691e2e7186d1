/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_SIGNATURES_H
#define WTG_RECIPE_SIGNATURES_H

#include "base/err.h"
#include "sign/sign.h"
#include "wtg/sign.h"

/* What wtg/sign.h's options name, read and ready. */
struct signatures {
    struct sign_roots *roots;
    struct sign_dbx dbx;
    struct sign_catalogs *catalogs;
    struct sign_policy policy; /* of the above, and this computer's clock */
};
/* NULL options: Microsoft's roots and nothing else. */
int signatures_init(struct signatures *s, const struct wtg_sign_opts *opts,
                    struct wtg_err *err) WTG_MUST_USE;
void signatures_release(struct signatures *s);

/* See wtg_signatures. */
int signatures_check(const char *const *file, size_t n, const struct wtg_sign_opts *opts,
                     void (*each)(const char *file, const struct wtg_verdict *v, void *user),
                     void *user, size_t *ret_bad, struct wtg_err *err) WTG_MUST_USE;

#endif
