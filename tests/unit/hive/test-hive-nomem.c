/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixture.h"
#include "nomem.h"

static int everything(struct wtg_span bytes, struct bytes *ret, struct wtg_err *err)
{
    static const char *const list[] = { "a", "b" };
    struct hive *h = NULL;
    hive_key k = 0;
    struct hive_value v = { 0 }, *all = NULL;
    size_t n = 0;
    int r = hive_open(bytes, "T", true, &h, err);
    if (r == 0)
        r = hive_make(h, hive_root(h), "Alpha\\New", &k, err);
    if (r == 0)
        r = hive_set_text(h, k, "text", HIVE_SZ, "text", err);
    if (r == 0)
        r = hive_set_list(h, k, "list", list, 2, err);
    if (r == 0)
        r = hive_set_list(h, k, "none", list, 0, err);
    if (r == 0)
        r = hive_get(h, k, "text", &v, err);
    hive_value_release(&v);
    if (r == 0)
        r = hive_values(h, k, &all, &n, err);
    hive_values_free(all, n);
    if (r == 0)
        r = hive_commit(h, &ret->p, &ret->n, err);
    hive_free(h);
    return r;
}

static void every_allocation(void)
{
    struct bytes b = small_hive(), out = { 0 };
    WALK_ALLOCATIONS(everything(span_of(b), &out, &err), free(out.p));
    WALK_ALLOCATIONS(hive_empty("ROOT", 5, 0, &out.p, &out.n, &err), free(out.p));
    free(b.p);
}

static const struct test tests[] = { TEST(every_allocation) };
TEST_MAIN(tests)
