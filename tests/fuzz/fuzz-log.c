/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A log of any bytes, fed in pieces whose sizes the first bytes say; then the verdict. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "diagnose/diagnose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed(struct diagnose_case *c, const uint8_t *data, size_t size, struct wtg_err *err)
{
    struct diagnose_log *log;
    uint32_t random = size ? data[0] : 1;
    int r = diagnose_log_new(c, "fuzz", &log, err);

    if (r < 0)
        return r;
    for (size_t at = 0; at < size && r == 0;) {
        random = random * 1103515245 + 12345;
        size_t n = (random >> 16) % 700 + 1;
        n = n < size - at ? n : size - at;
        r = diagnose_log_feed(log, data + at, n, err);
        at += n;
    }
    return diagnose_log_end(log, err) < 0 ? err->code : r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wtg_err err = { 0 };
    struct diagnose_case *c;
    const struct diagnose_verdict *v;

    if (diagnose_case_new(&c, &err) < 0)
        return 0;
    if (feed(c, data, size, &err) < 0 || diagnose_solve(c, &v, &err) < 0)
        abort();
    diagnose_case_free(c);
    return 0;
}
