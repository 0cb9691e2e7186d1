/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of checksums. */
#include <stdlib.h>
#include <string.h>

#include "fetch/sums.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *const name[] = { "w.iso", "a\\b\nc", NULL };
    struct wtg_err err = { 0 };
    struct wanted_sum got = { .kind = HASH_MD5 };
    uint8_t *list = malloc(size ? size : 1); /* its end is the end of memory */

    if (!list)
        return 0;
    memcpy(list, data, size);
    int r = sums_find((struct wtg_span){ list, size }, name, &got, &err);
    if (r == 0 ? hash_bytes(got.kind) == 0 : !err.text[0])
        abort();
    free(list);
    return 0;
}
