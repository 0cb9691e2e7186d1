/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "sign/sign.h"

/* A catalog is loaded, twice; then a file is looked up in it. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sign_roots *roots;
    struct wtg_err err = { 0 };
    struct wtg_span file = { data, size };
    struct sign_catalogs *c = NULL;
    struct wtg_verdict v;
    if (!roots && sign_roots_new(sign_microsoft_roots, sign_microsoft_nroots, &roots, &err) < 0)
        abort();
    struct sign_policy policy = { .roots = roots, .now = 1800000000 };
    if (sign_catalogs_new(&c, &err) < 0)
        abort();
    for (int i = 0; i < 2; i++)
        if (sign_catalogs_add(c, file, "fuzz.cat", &policy, &err) < 0)
            break;
    policy.catalogs = c;
    if (sign_check_file(file, "fuzz.cat", &policy, &v, &err) < 0 || v.state == WTG_SIGN_GOOD)
        abort(); /* nobody can sign for Microsoft */
    sign_catalogs_free(c);
    return 0;
}
