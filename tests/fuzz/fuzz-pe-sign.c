/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "sign/sign.h"

/* Any file is judged, against Microsoft's roots and itself as a list of what is revoked. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sign_roots *roots;
    struct wtg_err err = { 0 };
    struct wtg_span file = { data, size };
    struct sign_dbx dbx = { 0 };
    struct wtg_verdict v;
    if (!roots && sign_roots_new(sign_microsoft_roots, sign_microsoft_nroots, &roots, &err) < 0)
        abort();
    if (sign_dbx_add(&dbx, file, &err) < 0)
        dbx.nhashes = 0;
    const struct sign_policy policy = { .roots = roots, .dbx = &dbx, .now = 1800000000 };
    if (sign_check_file(file, "bootmgfw.efi", &policy, &v, &err) < 0)
        abort(); /* there is memory enough */
    if (v.state == WTG_SIGN_GOOD && v.nsignatures == 0)
        abort();
    sign_dbx_release(&dbx);
    return 0;
}
