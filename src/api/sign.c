/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wtg/sign.h"

#include "recipe/signatures.h"

int wtg_signatures(const char *const *file, size_t n, const struct wtg_sign_opts *opts,
                   void (*each)(const char *file, const struct wtg_verdict *v, void *user),
                   void *user, size_t *ret_bad, struct wtg_err *err)
{
    return signatures_check(file, n, opts, each, user, ret_bad, err);
}
