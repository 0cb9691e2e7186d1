/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "windows/unattend.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wtg_err err = { 0 };
    char *summary = NULL;
    if (unattend_check((struct wtg_span){ data, size }, "fuzz.xml", "amd64", &summary, &err) == 0)
        free(summary);
    return 0;
}
