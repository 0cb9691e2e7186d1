/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "sign/sign.h"

/* A list of what is revoked is read, and used on itself. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wtg_err err = { 0 };
    struct sign_dbx dbx = { 0 };
    uint8_t hash[SHA256_BYTES] = { 0 };
    int r = sign_dbx_add(&dbx, (struct wtg_span){ data, size }, &err);
    if (r < 0 && dbx.nhashes + dbx.ncerts + dbx.nsvns + dbx.nunknown != 0)
        abort();
    if (sign_dbx_has_hash(&dbx, hash) && dbx.nhashes == 0)
        abort();
    if (sign_dbx_svn(&dbx, &sign_dbx_bootmgr) && dbx.nsvns == 0)
        abort();
    sign_dbx_release(&dbx);
    return 0;
}
