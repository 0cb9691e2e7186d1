/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tree/region.h"

#include "base/mem.h"

int tree_regions_add(struct tree_regions *r, const struct tree_region *one, struct wtg_err *err)
{
    int e = mem_grow(&r->region, &r->cap, r->n, sizeof *r->region, err);
    if (e < 0)
        return e;
    r->region[r->n++] = *one;
    return 0;
}

int tree_regions_append(struct tree_regions *r, const struct tree_regions *more, uint64_t shift,
                        struct wtg_err *err)
{
    for (size_t i = 0; i < more->n; i++) {
        struct tree_region one = more->region[i];
        if (one.kind != REGION_KEEP)
            one.offset += shift;
        int e = tree_regions_add(r, &one, err);
        if (e < 0)
            return e;
    }
    return 0;
}

void tree_regions_release(struct tree_regions *r)
{
    free(r->region);
    *r = (struct tree_regions){ 0 };
}
