/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Examining a stick: what is said of a whole one, that damage and failing memory never do more than
 * that, and which files differ.  Which cause is named for which fault: tests/bench/bench-diagnose.
 */
#include "test.h"

#include "nomem.h"

#include "base/mem.h"
#include "diagnose/diagnose.h"
#include "faults.h"
#include "recipe/examine.h"

static struct stick_image image;

/* The kind of that name, or of the variations. */
static const struct stick_change *change_of(const char *name)
{
    for (size_t i = 0; i < fault_count; i++)
        if (strcmp(fault_kinds[i].name, name) == 0)
            return &fault_kinds[i].change;
    abort();
}

static int look(const struct examine_opts *o, enum diagnose_answer *ret, char cause[64],
                struct wtg_job *job, struct wtg_err *err)
{
    struct diagnose_case *c = NULL;
    const struct diagnose_verdict *v = NULL;
    int r = diagnose_case_new(&c, err);

    if (r == 0)
        r = examine(o, c, job, err);
    if (r == 0)
        r = diagnose_solve(c, &v, err);
    if (r == 0) {
        *ret = v->answer;
        snprintf(cause, 64, "%s", v->nfindings ? v->finding[0].cause->name : "");
    }
    diagnose_case_free(c);
    return r;
}

static void a_whole_stick_is_healthy(void)
{
    struct stick s;
    struct wtg_err err = { 0 };
    enum diagnose_answer a = DIAGNOSE_NOTHING;
    char cause[64];
    stick_make(&s, &image, "whole", NULL, 0);
    struct examine_opts o = { .blk = s.disk, .image = image.path, .compare_files = true };
    OK(look(&o, &a, cause, NULL, &err), err);
    CHECK(a == DIAGNOSE_HEALTHY);
    o.image = NULL;
    OK(look(&o, &a, cause, NULL, &err), err);
    CHECK(a == DIAGNOSE_HEALTHY);
    stick_release(&s);
}

struct seen {
    unsigned n;
    struct examine_file first;
    char path[128];
};
static void on_file(const struct examine_file *f, void *user)
{
    struct seen *s = user;
    if (s->n++ == 0) {
        s->first = *f;
        snprintf(s->path, sizeof s->path, "%s", f->path);
    }
}

static void files_that_differ_are_named(void)
{
    static const struct {
        const char *kind;
        enum examine_difference what;
    } rows[] = { { "loader-missing", EXAMINE_MISSING }, { "loader-damaged", EXAMINE_DAMAGED } };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct stick_change *change = change_of(rows[i].kind);
        struct stick s;
        struct wtg_err err = { 0 };
        enum diagnose_answer a = DIAGNOSE_NOTHING;
        char cause[64];
        struct seen seen = { 0 };
        stick_make(&s, &image, "differs", &change, 1);
        const struct examine_opts o = { .blk = s.disk,
                                        .image = image.path,
                                        .compare_files = true,
                                        .differs = on_file,
                                        .user = &seen };
        OK(look(&o, &a, cause, NULL, &err), err);
        CHECK(seen.n == 1 && seen.first.what == rows[i].what && seen.first.system);
        CHECK(strcasecmp(seen.path, "\\Windows\\System32\\winload.efi") == 0);
        stick_release(&s);
    }
}

/* Whatever allocation fails: NOMEM, or the same answer without what could not be found out. */
static void memory_may_run_out(void)
{
    struct stick s;
    stick_make(&s, &image, "memory", NULL, 0);
    const struct examine_opts o = { .blk = s.disk, .threads = 1 };
    for (long n = 0, step = 1;; n += step, step = 1 + n / 40) {
        struct wtg_err err = { 0 };
        enum diagnose_answer a;
        char cause[64];
        allocations_left = n;
        int r = look(&o, &a, cause, NULL, &err);
        bool all = allocations_left >= 0;
        allocations_left = -1;
        if (r != 0 && r != WTG_E_NOMEM)
            printf("# allocation %ld: %d %s\n", n, r, err.text);
        CHECK(r == 0 || r == WTG_E_NOMEM);
        if (all) {
            CHECK(r == 0 && a == DIAGNOSE_HEALTHY);
            break;
        }
    }
    stick_release(&s);
}

static void it_stops_when_asked(void)
{
    struct stick s;
    struct wtg_err err = { 0 };
    struct wtg_job job = { 0 };
    enum diagnose_answer a;
    char cause[64];
    stick_make(&s, &image, "stop", NULL, 0);
    const struct examine_opts o = { .blk = s.disk };
    atomic_store(&job.cancel, true);
    CHECK(look(&o, &a, cause, &job, &err) == WTG_E_CANCELLED);
    stick_release(&s);
}

/* Each read fails once: an examination always comes to its end. */
static void every_read_may_fail(void)
{
    struct stick s;
    stick_make(&s, &image, "reads", NULL, 0);
    for (long n = 0;; n += 1 + n / 8) {
        const struct blk_fault f = {
            .fail_read = n, .fail_write = -1, .fail_flush = -1, .stays_broken = n % 2
        };
        struct wtg_err err = { 0 };
        struct blk *b = NULL, *counted = NULL;
        enum diagnose_answer a;
        char cause[64];
        OK(blk_count_new(s.disk, &counted, &err), err);
        OK(blk_fault_new(counted, &f, &b, &err), err);
        const struct examine_opts o = { .blk = b };
        OK(look(&o, &a, cause, NULL, &err), err);
        bool struck = blk_counts(counted).reads > (uint64_t)n;
        CHECK(blk_counts(counted).writes == 0);
        blk_free(b);
        blk_free(counted);
        if (!struck || n > 3000)
            break;
    }
    stick_release(&s);
}

/* An empty disk, one of a sector, one of noise. */
static void what_is_no_stick_is_looked_at_too(void)
{
    static uint8_t noise[1 << 20];
    struct rng r = rng_of("noise");
    static const size_t sizes[] = { 0, 1, 512, 1024, 34 * 512, sizeof noise };
    for (size_t i = 0; i < ARRAY_LEN(sizes) * 2; i++) {
        struct wtg_err err = { 0 };
        struct blk *b = NULL;
        enum diagnose_answer a;
        char cause[64];
        memset(noise, 0, sizeof noise);
        if (i % 2)
            stick_noise(&r, noise, sizeof noise);
        OK(blk_mem_wrap(noise, sizes[i / 2], &b, &err), err);
        const struct examine_opts o = { .blk = b };
        OK(look(&o, &a, cause, NULL, &err), err);
        CHECK(a != DIAGNOSE_HEALTHY);
        blk_free(b);
    }
}

static const struct test tests[] = {
    TEST(a_whole_stick_is_healthy), TEST(files_that_differ_are_named),
    TEST(memory_may_run_out),       TEST(it_stops_when_asked),
    TEST(every_read_may_fail),      TEST(what_is_no_stick_is_looked_at_too),
};

int main(void)
{
    stick_image_make(&image);
    int r = test_run(tests, ARRAY_LEN(tests));
    stick_image_remove(&image);
    return r;
}
