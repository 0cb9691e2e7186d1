/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text as a code: what comes out is spelled in a way that reads back as the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wtg_err err = { 0 };
    struct wtg_explanation e;
    const struct wtg_tree *tree;
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (code_explain(text, &e, &err) == 0) {
        if (e.nreadings == 0 || e.nreadings > WTG_READINGS_MAX)
            abort();
        for (size_t i = 0; i < e.nreadings; i++) {
            struct wtg_explanation again;
            char spelled[64];
            snprintf(spelled, sizeof spelled, "%s:%s", e.reading[i].family, e.reading[i].code);
            if (code_explain(spelled, &again, &err) < 0)
                abort();
        }
    }
    if (code_tree(text, &tree, &err) == 0 && tree->nnodes == 0)
        abort();
    free(text);
    return 0;
}
