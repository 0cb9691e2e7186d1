/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a pattern cannot say: tests on the line in which its text was found. */
#include <string.h>

#include "base/mem.h"
#include "diagnose/sign.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The next number of at most 18 digits in [*at, n); moves behind it. */
static bool next_number(const char *line, size_t n, size_t *at, uint64_t *ret)
{
    while (*at < n) {
        size_t begin = *at;
        uint64_t v = 0;
        while (*at < n && is_digit(line[*at])) {
            v = v * 10 + (uint64_t)(line[*at] - '0');
            ++*at;
            if (*at - begin > 18)
                v = 0; /* too long to be a size; wraps no further than uint64_t */
        }
        if (*at > begin && *at - begin <= 18) {
            *ret = v;
            return true;
        }
        *at += *at == begin;
    }
    return false;
}

static bool over_4gib(const char *line, size_t n)
{
    uint64_t v;

    for (size_t at = 0; next_number(line, n, &at, &v);)
        if (v >= UINT64_C(1) << 32 && v < UINT64_C(1) << 50)
            return true;
    return false;
}

static bool near_2gib_or_4gib(const char *line, size_t n)
{
    const uint64_t slack = 64 << 10;
    uint64_t v;

    for (size_t at = 0; next_number(line, n, &at, &v);)
        for (unsigned bits = 31; bits <= 32; bits++)
            if (v >= (UINT64_C(1) << bits) - slack && v <= (UINT64_C(1) << bits) + slack)
                return true;
    return false;
}

static bool less_than_said(const char *line, size_t n)
{
    uint64_t v, first = 0;

    for (size_t at = 0; next_number(line, n, &at, &v);) {
        if (v < 1000000)
            continue;
        if (first && v != first)
            return true;
        first = v;
    }
    return false;
}

/* Does the line name a block device, and is it a partition? */
static bool names_device(const char *line, size_t n, bool partition)
{
    static const struct {
        const char *prefix;
        bool letters; /* sdb, sdb1; else mmcblk0, mmcblk0p1 */
    } kind[] = { { "/dev/sd", true }, { "/dev/mmcblk", false }, { "/dev/nvme", false } };

    for (size_t i = 0; i < ARRAY_LEN(kind); i++) {
        size_t len = strlen(kind[i].prefix);
        for (const char *p = line, *end = line + n;
             (p = memmem(p, (size_t)(end - p), kind[i].prefix, len)); p += len) {
            const char *q = p + len;
            bool found = false;
            if (kind[i].letters) {
                while (q < end && *q >= 'a' && *q <= 'z')
                    q++;
                found = q < end && is_digit(*q);
            } else {
                while (q < end && (is_digit(*q) || *q == 'n'))
                    q++;
                found = q < end && *q == 'p';
            }
            if (found == partition)
                return true;
        }
    }
    return false;
}

static bool whole_disk(const char *line, size_t n)
{
    return names_device(line, n, false) && !names_device(line, n, true);
}

static bool a_partition(const char *line, size_t n)
{
    return names_device(line, n, true);
}

/* In the order of TESTS in make-signs. */
static bool (*const tests[])(const char *line, size_t n) = { over_4gib, near_2gib_or_4gib,
                                                             whole_disk, a_partition,
                                                             less_than_said };

bool sign_test(unsigned test, const char *line, size_t n)
{
    return test - 1 < ARRAY_LEN(tests) && tests[test - 1](line, n);
}
