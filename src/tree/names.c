/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tree/names.h"

#include "tree/upcase.h"

const uint16_t *names_upcase(void)
{
    return upcase_table;
}

/* Order without case; 0 when the same for a Win32 program. */
static int compare_folded(const uint16_t *a, size_t an, const uint16_t *b, size_t bn)
{
    size_t n = an < bn ? an : bn;

    for (size_t i = 0; i < n; i++) {
        uint16_t ca = upcase_table[a[i]], cb = upcase_table[b[i]];
        if (ca != cb)
            return ca < cb ? -1 : 1;
    }
    return an < bn ? -1 : an > bn;
}

int names_compare(const uint16_t *a, size_t an, const uint16_t *b, size_t bn)
{
    int order = compare_folded(a, an, b, bn);

    for (size_t i = 0; order == 0 && i < an; i++)
        if (a[i] != b[i])
            order = a[i] < b[i] ? -1 : 1;
    return order;
}

bool names_same(const uint16_t *a, size_t an, const uint16_t *b, size_t bn)
{
    return an == bn && compare_folded(a, an, b, bn) == 0;
}

bool names_valid(const uint16_t *name, size_t n)
{
    if (n == 0 || n > NAME_MAX_UNITS)
        return false;
    if (name[0] == '.' && (n == 1 || (n == 2 && name[1] == '.')))
        return false;
    for (size_t i = 0; i < n; i++)
        if (name[i] == 0 || name[i] == '/' || name[i] == '\\')
            return false;
    return true;
}
