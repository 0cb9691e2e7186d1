/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/check.h"

#include <string.h>

#include "base/mem.h"
#include "mutate.h"
#include "rich.h"
#include "test.h"

/* Every single fault of the tables must be seen, by the name the table gives it. */

static const struct {
    const struct mutation *row;
    const size_t *n;
} tables[] = {
    { mutate_records, &mutate_records_n },
    { mutate_indexes, &mutate_indexes_n },
    { mutate_system, &mutate_system_n },
};

static bool check(struct blk *vol, bool strict, struct ntfs_check_result *ret)
{
    const struct ntfs_check_opts o = { .strict = strict,
                                       .has_start = true,
                                       .start_lba = RICH_START_LBA };
    struct wtg_err err = { 0 };
    int r = ntfs_check(vol, &o, NULL, ret, &err);
    if (r < 0)
        printf("# check: %d %s\n", r, err.text);
    return r == 0;
}

static size_t count(const struct ntfs_check_result *r, const char *id)
{
    size_t n = 0;
    for (size_t i = 0; i < r->nproblems; i++)
        n += strcmp(r->problem[i].id, id) == 0;
    return n;
}

static void print(const struct ntfs_check_result *r)
{
    for (size_t i = 0; i < r->nproblems && i < 8; i++)
        printf("#     %s, record %llu '%s': %s\n", r->problem[i].id,
               (unsigned long long)r->problem[i].record, r->problem[i].path, r->problem[i].detail);
}

static const struct ntfs_problem_kind *kind(const char *id)
{
    size_t n;
    const struct ntfs_problem_kind *k = ntfs_problem_kinds(&n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(k[i].id, id) == 0)
            return &k[i];
    return NULL;
}

static bool is_seen(struct mut *m, const struct mutation *x, bool strict)
{
    struct ntfs_check_result r = { 0 };
    const struct ntfs_problem_kind *k = kind(x->expect);
    enum ntfs_severity s = !k ? NTFS_FINE : strict ? k->strict : k->normal;
    if (!k || !check(m->blk, strict, &r))
        return false;
    bool fine = (count(&r, x->expect) > 0) == (s != NTFS_FINE);
    if (!fine) {
        printf("#   %s: '%s' is expected to show as '%s'\n", strict ? "strict" : "normal", x->what,
               x->expect);
        print(&r);
    }
    ntfs_check_result_release(&r);
    return fine;
}

static void every_fault_is_seen(void)
{
    struct blk *vol = rich_volume_new(512);
    struct mut m;
    mut_open(&m, vol);
    for (size_t t = 0; t < ARRAY_LEN(tables); t++)
        for (size_t i = 0; i < *tables[t].n; i++) {
            mut_apply(&m, &tables[t].row[i]);
            CHECK(is_seen(&m, &tables[t].row[i], true));
            CHECK(is_seen(&m, &tables[t].row[i], false));
            mut_undo(&m);
        }
    mut_close(&m);
    blk_free(vol);
}

static void every_problem_has_a_fault(void)
{
    size_t n;
    const struct ntfs_problem_kind *k = ntfs_problem_kinds(&n);
    for (size_t i = 0; i < n; i++) {
        size_t rows = 0;
        for (size_t t = 0; t < ARRAY_LEN(tables); t++)
            for (size_t j = 0; j < *tables[t].n; j++)
                rows += strcmp(tables[t].row[j].expect, k[i].id) == 0;
        if (!rows)
            printf("# no fault shows as '%s'\n", k[i].id);
        CHECK(rows > 0);
        CHECK(k[i].strict >= k[i].normal && k[i].strict != NTFS_FINE);
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(k[i].id, k[j].id) != 0);
    }
}

static void what_we_build_is_clean(void)
{
    static const uint32_t sectors[] = { 512, 4096 };
    for (size_t i = 0; i < ARRAY_LEN(sectors); i++) {
        struct blk *vol = rich_volume_new(sectors[i]);
        struct ntfs_check_result r = { 0 };
        REQUIRE(check(vol, true, &r));
        CHECK(r.errors == 0 && r.warnings == 0);
        CHECK(r.files > 1200 && r.directories > 4 && r.names > 1260 && r.descriptors >= 8);
        print(&r);
        ntfs_check_result_release(&r);
        blk_free(vol);
    }
}

static void problems_have_paths(void)
{
    static const struct mutation x = {
        "time",      "entry-times", ENTRY,     "big", .name = "a file with a number, 0003",
        .off = 0x28, .width = 1,    .op = '+', .v = 1
    };
    struct blk *vol = rich_volume_new(512);
    struct ntfs_check_result r = { 0 };
    struct mut m;
    mut_open(&m, vol);
    mut_apply(&m, &x);
    REQUIRE(check(vol, true, &r));
    for (size_t i = 0; i < r.nproblems; i++)
        CHECK(strcmp(r.problem[i].path, "\\big\\a file with a number, 0003") == 0);
    CHECK(r.errors == 2); /* the entry differs from the file, and from the name in its record */
    ntfs_check_result_release(&r);
    mut_close(&m);
    blk_free(vol);
}

static void problems_kept_are_limited(void)
{
    const struct ntfs_check_opts o = { .strict = true, .max_problems = 3 };
    struct ntfs_check_result r = { 0 };
    struct wtg_err err = { 0 };
    struct blk *vol = rich_volume_new(512);
    uint8_t *log = NULL;
    struct mut m;
    mut_open(&m, vol);
    /* A torn block of a large directory leaves many names without entry. */
    log = vol ? blk_mem_bytes(vol) : NULL;
    REQUIRE(log != NULL);
    uint64_t at = mut_stream_at(&m, "big", NTFS_AT_INDEX_ALLOCATION, NTFS_NAME_I30, 0);
    mut_poke(&m, at, "XXXX", 4);
    OK(ntfs_check(vol, &o, NULL, &r, &err), err);
    CHECK(r.nproblems == 3 && r.errors > 20);
    ntfs_check_result_release(&r);
    mut_close(&m);
    blk_free(vol);
}

static void no_ntfs_is_refused(void)
{
    struct ntfs_check_result r = { 0 };
    struct wtg_err err = { 0 };
    struct blk *vol = NULL;
    OK(blk_mem_new(1 << 20, &vol, &err), err);
    CHECK(ntfs_check(vol, NULL, NULL, &r, &err) == WTG_E_VOLUME_FORMAT);
    blk_free(vol);
    OK(blk_mem_new(100, &vol, &err), err);
    CHECK(ntfs_check(vol, NULL, NULL, &r, &err) == WTG_E_VOLUME_FORMAT);
    blk_free(vol);
}

static void a_cancelled_check_stops(void)
{
    struct ntfs_check_result r = { 0 };
    struct wtg_err err = { 0 };
    struct wtg_job job = { .cancel = true };
    struct blk *vol = rich_volume_new(512);
    CHECK(ntfs_check(vol, NULL, &job, &r, &err) == WTG_E_CANCELLED);
    blk_free(vol);
}

static const struct test tests[] = {
    TEST(what_we_build_is_clean),  TEST(every_fault_is_seen),       TEST(every_problem_has_a_fault),
    TEST(problems_have_paths),     TEST(problems_kept_are_limited), TEST(no_ntfs_is_refused),
    TEST(a_cancelled_check_stops),
};
TEST_MAIN(tests)
