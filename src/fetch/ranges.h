/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FETCH_RANGES_H
#define WTG_FETCH_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Which bytes of a file are there: extents in rising order that neither touch nor overlap.
 * Zero-initialise. */
struct extent {
    uint64_t off, end; /* [off, end), never empty */
};
struct extents {
    struct extent *item;
    size_t n, cap;
};

/* Adds [off, end), which may overlap what is there; nothing when it is empty. */
int extents_add(struct extents *x, uint64_t off, uint64_t end, struct wtg_err *err) WTG_MUST_USE;
/* The first gap in [from, limit); false when there is none. */
bool extents_gap(const struct extents *x, uint64_t from, uint64_t limit, struct extent *ret);
uint64_t extents_bytes(const struct extents *x);
/* Bytes from 0 on that are there without a gap. */
uint64_t extents_prefix(const struct extents *x);
void extents_release(struct extents *x);

#endif
