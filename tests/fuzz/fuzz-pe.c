/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sign/pe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wtg_err err = { 0 };
    struct pe_info info;
    if (pe_read((struct wtg_span){ data, size }, &info, &err) < 0)
        return 0;
    return 0;
}
