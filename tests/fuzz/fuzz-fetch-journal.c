/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Journals of downloads.  The lines' own sums are made right first, so that what stands behind them
 * is reached; a first byte of 0 leaves them as they are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "fetch/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_sums_right(char *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        const char *stop = memchr(text + at, '\n', size - at);
        size_t n = stop ? (size_t)(stop - text) - at : size - at;
        char sum[10];
        if (n > 9) {
            snprintf(sum, sizeof sum, "%08x ",
                     (unsigned)(uint32_t)hash_quick(text + at + 9, n - 9));
            memcpy(text + at, sum, 9);
        }
        at += n + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wtg_err err = { 0 };
    struct journal_state *s = malloc(sizeof *s);
    char *text = malloc(size ? size : 1);

    if (s && text && size > 0) {
        memcpy(text, data + 1, size - 1);
        if (data[0])
            make_sums_right(text, size - 1);
        struct wtg_span span = { (const uint8_t *)text, size - 1 };
        if (journal_parse(span, "abc", s, &err) == 0) {
            uint64_t end = 0;
            for (size_t i = 0; i < s->have.n; i++) {
                if (s->have.item[i].off >= s->have.item[i].end || (i && s->have.item[i].off <= end))
                    abort();
                end = s->have.item[i].end;
            }
            if (s->nguards > JOURNAL_MIRRORS || end > INT64_MAX)
                abort();
            journal_state_release(s);
        }
    }
    free(text);
    free(s);
    return 0;
}
