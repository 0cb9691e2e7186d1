/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/check-state.h"

#include <string.h>

static int compare_numbers(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

int ntfs_check_collate_names(const struct check *c, const uint8_t *a, size_t an, const uint8_t *b,
                             size_t bn)
{
    size_t n = an < bn ? an : bn;
    for (size_t i = 0; i < n; i++) {
        uint16_t x = c->upcase[le16_at(a + i * 2)], y = c->upcase[le16_at(b + i * 2)];
        if (x != y)
            return x < y ? -1 : 1;
    }
    if (an != bn)
        return an < bn ? -1 : 1;
    for (size_t i = 0; i < n; i++) {
        int order = compare_numbers(le16_at(a + i * 2), le16_at(b + i * 2));
        if (order)
            return order;
    }
    return 0;
}

static int collate_file_name(const struct check *c, struct wtg_span a, struct wtg_span b)
{
    const struct ntfs_file_name_disk *x = (const void *)a.p, *y = (const void *)b.p;
    if (a.n < sizeof *x || a.n < sizeof *x + x->name_len * 2u || b.n < sizeof *y ||
        b.n < sizeof *y + y->name_len * 2u)
        return -1; /* damaged; that is said elsewhere */
    return ntfs_check_collate_names(c, a.p + sizeof *x, x->name_len, b.p + sizeof *y, y->name_len);
}

static int collate_binary(const struct check *c, struct wtg_span a, struct wtg_span b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    (void)c;
    return order ? order : compare_numbers(a.n, b.n);
}

/* Unsigned 32-bit words one after the other: also what $SII and $SDH are sorted by. */
static int collate_words(const struct check *c, struct wtg_span a, struct wtg_span b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    (void)c;
    for (size_t i = 0; i + 4 <= n; i += 4) {
        int order = compare_numbers(le32_at(a.p + i), le32_at(b.p + i));
        if (order)
            return order;
    }
    return compare_numbers(a.n, b.n);
}

/* clang-format off */
static const struct {
    uint32_t rule;
    int (*compare)(const struct check *c, struct wtg_span a, struct wtg_span b);
} rules[] = {
    { NTFS_COLLATE_FILE_NAME,     collate_file_name },
    { NTFS_COLLATE_ULONG,         collate_words },
    { NTFS_COLLATE_SECURITY_HASH, collate_words },
    { NTFS_COLLATE_ULONGS,        collate_words },
    { NTFS_COLLATE_SID,           collate_binary },
    { NTFS_COLLATE_BINARY,        collate_binary },
};
/* clang-format on */

int ntfs_check_collate(const struct check *c, uint32_t rule, struct wtg_span a, struct wtg_span b)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        if (rules[i].rule == rule)
            return rules[i].compare(c, a, b);
    return -1;
}
