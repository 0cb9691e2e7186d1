/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/ranges.h"

#include <string.h>

#include "base/mem.h"

/* The first extent that ends at `off` or later: the one that [off, ...) touches or comes before. */
static size_t first_from(const struct extents *x, uint64_t off)
{
    size_t low = 0, high = x->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (x->item[mid].end < off)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

int extents_add(struct extents *x, uint64_t off, uint64_t end, struct wtg_err *err)
{
    if (off >= end)
        return 0;
    size_t i = first_from(x, off), last = i;
    while (last < x->n && x->item[last].off <= end)
        last++;
    if (last == i) { /* touches nothing */
        if (mem_grow(&x->item, &x->cap, x->n, sizeof *x->item, err) < 0)
            return err->code;
        memmove(&x->item[i + 1], &x->item[i], (x->n - i) * sizeof *x->item);
        x->item[i] = (struct extent){ off, end };
        x->n++;
        return 0;
    }
    x->item[i].off = min_u64(x->item[i].off, off);
    x->item[i].end = max_u64(x->item[last - 1].end, end);
    memmove(&x->item[i + 1], &x->item[last], (x->n - last) * sizeof *x->item);
    x->n -= last - i - 1;
    return 0;
}

bool extents_gap(const struct extents *x, uint64_t from, uint64_t limit, struct extent *ret)
{
    size_t i = first_from(x, from);

    if (i < x->n && x->item[i].off <= from)
        from = max_u64(from, x->item[i++].end);
    if (from >= limit)
        return false;
    *ret = (struct extent){ from, i < x->n ? min_u64(x->item[i].off, limit) : limit };
    return true;
}

uint64_t extents_bytes(const struct extents *x)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < x->n; i++)
        sum += x->item[i].end - x->item[i].off;
    return sum;
}

uint64_t extents_prefix(const struct extents *x)
{
    return x->n > 0 && x->item[0].off == 0 ? x->item[0].end : 0;
}

void extents_release(struct extents *x)
{
    free(x->item);
    *x = (struct extents){ 0 };
}
