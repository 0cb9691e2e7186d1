/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compressing anew, over a source that makes its content up: what comes of it, in which order, and
 * what happens when something fails at any moment. */
#include "test.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/hash.h"
#include "recipe/recompress.h"

/* What fails. */

enum fault { ALLOCATION, READ, WRITE, FAULTS };
static const char *const fault_name[] = { "allocation", "read", "write" };
static atomic_long left[FAULTS] = { -1, -1, -1 }; /* -1: none fails; 0: the next one */

static bool fails(enum fault f)
{
    return atomic_load(&left[f]) >= 0 && atomic_fetch_sub(&left[f], 1) == 0;
}

#define WRAP(type, name, fault, sys, bad, params, args)                                            \
    type __real_##name params;                                                                     \
    type __wrap_##name params;                                                                     \
    type __wrap_##name params                                                                      \
    {                                                                                              \
        if (!fails(fault))                                                                         \
            return __real_##name args;                                                             \
        errno = sys;                                                                               \
        return bad;                                                                                \
    }
WRAP(void *, malloc, ALLOCATION, ENOMEM, NULL, (size_t n), (n))
WRAP(void *, calloc, ALLOCATION, ENOMEM, NULL, (size_t n, size_t m), (n, m))
WRAP(void *, realloc, ALLOCATION, ENOMEM, NULL, (void *p, size_t n), (p, n))
WRAP(ssize_t, pread64, READ, EIO, -1, (int fd, void *p, size_t n, off_t off), (fd, p, n, off))
WRAP(ssize_t, pwrite64, WRITE, ENOSPC, -1, (int fd, const void *p, size_t n, off_t off),
     (fd, p, n, off))

/* The source: blob `cookie` is text, noise or both in turn. */

enum { ITEMS = 400 };
static struct tree_blob blob[ITEMS];
static size_t broken = ITEMS; /* a read of this blob fails */

static uint8_t byte_at(uint64_t cookie, uint64_t off)
{
    uint32_t x = (uint32_t)(off * 2654435761u) ^ (uint32_t)(cookie * 40503u);
    bool text = cookie % 3 == 0 || (cookie % 3 == 2 && off / 32768 % 2);
    x ^= x >> 15;
    x *= 0x2c1b3c6du;
    return text ? (uint8_t) "words and more words, "[(off + cookie) % 22] : (uint8_t)(x >> 13);
}

static int made_read(struct tree_source *s, const struct tree_blob *b, uint64_t off, void *buf,
                     size_t n, struct wtg_err *err)
{
    (void)s;
    if (b == &blob[broken % ITEMS] && broken < ITEMS)
        return wtg_fail(err, WTG_E_IO, "broken");
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)buf)[i] = byte_at(b->cookie, off + i);
    return 0;
}
static const struct tree_source_ops made_ops = { .name = "made", .read = made_read };
static struct tree_source made = { &made_ops };

static void make_blobs(void)
{
    static const uint64_t size[] = {
        1,      4095,   4096,   4097,   32767,  32768, 32769, 65537,
        262144, 524287, 524288, 524289, 700001, 77,    12000, 5000001
    };
    for (size_t i = 0; i < ITEMS; i++) {
        uint64_t n = i < 3 * ARRAY_LEN(size) ? size[i / 3] : 1 + i * 37 % 9000;
        AUTO_FREE uint8_t *p = malloc(n);
        struct wtg_err err = { 0 };
        blob[i] = (struct tree_blob){
            .source = &made, .size_bytes = n, .order = i, .cookie = i, .has_sha1 = true
        };
        if (made_read(&made, &blob[i], 0, p, n, &err) < 0)
            abort();
        hash_sha1(p, n, blob[i].sha1);
    }
}

struct result {
    struct recompress_item item[ITEMS];
    struct spool *spool;
    size_t bad;
};

static bool wants_keep(size_t i)
{
    return i % 5 != 0;
}

static int run_opts(struct result *r, const struct recompress_opts *o, size_t n,
                    struct wtg_err *err)
{
    *r = (struct result){ 0 };
    for (size_t i = 0; i < n; i++)
        r->item[i] = (struct recompress_item){ .blob = &blob[i],
                                               .pack = i % 7 != 0,
                                               .keep = wants_keep(i) || i % 7 == 0 };
    int e = spool_new(1000, &r->spool, err);
    return e < 0 ? e : recompress_run(r->item, n, o, r->spool, &r->bad, err);
}

static int run(struct result *r, const char *form, unsigned threads, struct wtg_err *err)
{
    const struct recompress_opts o = { .form = ntfs_wof_form_named(form),
                                       .threads = threads,
                                       .memory_bytes = 128 << 20 };
    return run_opts(r, &o, ITEMS, err);
}

static void check_item(struct tree *t, const struct ntfs_wof_form *f,
                       const struct recompress_item *it)
{
    struct wtg_err err = { 0 };
    uint64_t n = it->blob->size_bytes;
    struct tree_blob *content = NULL;
    AUTO_FREE uint8_t *got = NULL, *stored = NULL;
    uint8_t sha1[SHA1_BYTES];
    size_t size = 0;

    if (!it->kept) {
        CHECK(!it->keep);
        return;
    }
    CHECK(it->pack || !it->packed);
    CHECK(it->keep || (it->packed && recompress_is_worth(n, it->kept->size_bytes)));
    CHECK(it->packed || it->kept->size_bytes == n);
    OK(tree_blob_slurp(it->kept, 8 << 20, &stored, &size, &err), err); /* compares its SHA-1 */
    OK(ntfs_wof_content(t, ntfs_wof_source_new(t, &err), it->kept, f, n, &content, &err), err);
    OK(tree_blob_slurp(it->packed ? content : it->kept, 8 << 20, &got, &size, &err), err);
    hash_sha1(got, size, sha1);
    CHECK(size == n && memcmp(sha1, it->blob->sha1, sizeof sha1) == 0);
}

static void what_comes_of_it(void)
{
    static const char *const form[] = { "lzx", "xpress4k", "xpress8k", "xpress16k" };

    for (size_t f = 0; f < ARRAY_LEN(form); f++) {
        struct wtg_err err = { 0 };
        struct tree *t = NULL;
        struct result one, four;
        OK(tree_new(&t, &err), err);
        OK(run(&one, form[f], 1, &err), err);
        OK(run(&four, form[f], 4, &err), err);
        size_t packed = 0, dropped = 0;
        uint64_t end = 0;
        for (size_t i = 0; i < ITEMS; i++) {
            const struct tree_blob *a = one.item[i].kept, *b = four.item[i].kept;
            check_item(t, ntfs_wof_form_named(form[f]), &one.item[i]);
            packed += one.item[i].packed;
            dropped += !a;
            REQUIRE(!a == !b && one.item[i].packed == four.item[i].packed);
            if (!a)
                continue;
            CHECK(a->cookie == b->cookie && a->size_bytes == b->size_bytes);
            CHECK(memcmp(a->sha1, b->sha1, SHA1_BYTES) == 0);
            CHECK(a->cookie >= end); /* in order, none over another */
            end = a->cookie + a->size_bytes;
        }
        CHECK(packed > 50 && dropped > 5);
        spool_free(one.spool);
        spool_free(four.spool);
        tree_free(t);
    }
}

static void damage_names_its_item(void)
{
    static const size_t at[] = { 0, 20, 33, 45, 46, 47, 200, ITEMS - 1 };

    for (size_t i = 0; i < ARRAY_LEN(at); i++) {
        struct wtg_err err = { 0 };
        struct result r;
        blob[at[i]].sha1[3] ^= 1;
        CHECK(run(&r, "xpress16k", 2, &err) == WTG_E_IMAGE_HASH);
        CHECK(r.bad == at[i]);
        blob[at[i]].sha1[3] ^= 1;
        spool_free(r.spool);
        broken = at[i];
        err = (struct wtg_err){ 0 };
        CHECK(run(&r, "xpress16k", 2, &err) == WTG_E_IO);
        broken = ITEMS;
        spool_free(r.spool);
    }
}

/* Stopped at its nth look at the job. */
struct stopper {
    struct wtg_job job;
    long left;
    uint64_t done, total;
};

static void on_progress(const struct wtg_progress *p, void *user)
{
    struct stopper *s = user;
    CHECK(strcmp(p->step, "recompress") == 0 && p->done >= s->done && p->done <= p->total);
    s->done = p->done;
    s->total = p->total;
    if (s->left-- == 0)
        atomic_store(&s->job.cancel, true);
}

static void stopped_at_any_moment(void)
{
    int e = WTG_E_CANCELLED;

    for (long n = 0; e < 0; n = 2 * n + 1) {
        struct wtg_err err = { 0 };
        struct result r;
        struct stopper s = { .job = { .on_progress = on_progress }, .left = n };
        const struct recompress_opts o = { .form = ntfs_wof_form_named("xpress4k"),
                                           .threads = 3,
                                           .job = &s.job };
        s.job.user = &s;
        e = run_opts(&r, &o, ITEMS, &err);
        CHECK(e == 0 || e == WTG_E_CANCELLED);
        CHECK(e < 0 || s.done == s.total);
        spool_free(r.spool);
    }
}

static void walk(enum fault f, size_t nitems, long step)
{
    long n = 0;

    for (;; n += step) {
        struct wtg_err err = { 0 };
        struct result r;
        const struct recompress_opts o = { .form = ntfs_wof_form_named("xpress4k"), .threads = 2 };
        atomic_store(&left[f], n);
        int e = run_opts(&r, &o, nitems, &err);
        bool struck = atomic_load(&left[f]) < 0;
        atomic_store(&left[f], -1);
        spool_free(r.spool);
        if (!struck) {
            CHECK(e == 0);
            break;
        }
        if (e == 0 || !err.text[0])
            printf("# %s %ld: %d '%s'\n", fault_name[f], n, e, err.text);
        CHECK(e < 0 && err.text[0]);
        CHECK(f != WRITE || (e == WTG_E_NO_SPACE && strstr(err.hint, "TMPDIR")));
    }
    printf("# walked %ld times the nth %s\n", n / step, fault_name[f]);
    CHECK(n > 10);
}

static void nth_allocation_fails(void)
{
    walk(ALLOCATION, 12, 1);
}
static void nth_write_fails(void)
{
    walk(WRITE, 50, 5);
}

static void reading_it_back_fails(void)
{
    struct wtg_err err = { 0 };
    struct result r;

    atomic_store(&left[READ], 0);
    CHECK(run(&r, "xpress16k", 2, &err) == WTG_E_IO);
    CHECK(atomic_load(&left[READ]) < 0);
    atomic_store(&left[READ], -1);
    spool_free(r.spool);
}

static void where_there_is_no_room(void)
{
    struct wtg_err err = { 0 };
    struct spool *s = NULL;
    struct result r;
    const struct recompress_opts o = { .form = ntfs_wof_form_named("lzx"),
                                       .memory_bytes = 1 << 20 };

    CHECK(spool_new(UINT64_MAX / 2, &s, &err) == WTG_E_NO_SPACE);
    CHECK(strstr(err.hint, "TMPDIR"));
    setenv("TMPDIR", "/nonexistent", 1);
    CHECK(spool_new(0, &s, &err) == WTG_E_NOT_FOUND);
    CHECK(strstr(err.text, "/nonexistent"));
    unsetenv("TMPDIR");
    CHECK(run_opts(&r, &o, 1, &err) == WTG_E_NOMEM);
    CHECK(strstr(err.hint, "--memory"));
    spool_free(r.spool);
    OK(run_opts(&r, &o, 0, &err), err); /* nothing to do */
    spool_free(r.spool);
    spool_free(NULL);
}

static const struct test tests[] = {
    TEST(what_comes_of_it),       TEST(damage_names_its_item), TEST(stopped_at_any_moment),
    TEST(nth_allocation_fails),   TEST(nth_write_fails),       TEST(reading_it_back_fails),
    TEST(where_there_is_no_room),
};

int main(void)
{
    unsetenv("TMPDIR");
    make_blobs();
    return test_run(tests, ARRAY_LEN(tests));
}
