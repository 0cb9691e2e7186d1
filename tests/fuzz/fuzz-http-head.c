/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The head of a server's answer: Content-Range and its companions. */
#include <stdlib.h>
#include <string.h>

#include "fetch/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct head h = { 0 };

    for (size_t at = 0; at < size;) {
        const uint8_t *stop = memchr(data + at, '\n', size - at);
        size_t n = stop ? (size_t)(stop - data) - at + 1 : size - at;
        char *line = malloc(n); /* its end is the end of memory */
        if (!line)
            return 0;
        memcpy(line, data + at, n);
        head_line(&h, line, n, 1600000000);
        free(line);
        at += n;
        if (h.bad_range)
            continue;
        if (h.has_range && (h.first > h.last || h.last >= INT64_MAX))
            abort();
        if (h.has_total && (h.total > INT64_MAX || (h.has_range && h.last >= h.total)))
            abort();
    }
    if (strlen(h.etag) >= sizeof h.etag || h.status < 0 || h.status > 999 || h.retry_after_s < -1)
        abort();
    return 0;
}
