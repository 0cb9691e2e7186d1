/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The XML of a WIM: the first byte says how many images there should be, the rest is UTF-8 that
 * becomes UTF-16 by widening (0xff: the rest is taken as it is). */

#include "image/wim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { 0 };
    struct image_info *info = NULL;
    struct wtg_err err = { 0 };

    if (size == 0)
        return 0;
    bool raw = data[0] == 0xff;
    size_t n = raw ? size - 1 : 2 * (size - 1), images = data[0] & 7;
    uint8_t *text = calloc(n ? n : 1, 1);
    for (size_t i = 1; i < size; i++)
        text[raw ? i - 1 : 2 * (i - 1)] = data[i];
    if (wim_xml_parse((struct wtg_span){ text, n }, images, &arena, &info, &err) == 0)
        for (size_t i = 0; i < images; i++)
            if (info[i].index != i + 1 || !info[i].name || !info[i].languages)
                abort();
    arena_release(&arena);
    free(text);
    return 0;
}
