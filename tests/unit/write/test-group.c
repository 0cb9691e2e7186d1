/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several targets from one decode: each must hold what it would hold alone, whatever becomes of the
 * others. */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "write/write.h"

/* The nth allocation that fails. */

static atomic_long allocations_left = -1;

static bool allocation_fails(void)
{
    return atomic_load(&allocations_left) >= 0 && atomic_fetch_sub(&allocations_left, 1) == 0;
}
void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_malloc(size_t n)
{
    return allocation_fails() ? NULL : __real_malloc(n);
}
void *__real_calloc(size_t n, size_t m);
void *__wrap_calloc(size_t n, size_t m);
void *__wrap_calloc(size_t n, size_t m)
{
    return allocation_fails() ? NULL : __real_calloc(n, m);
}
void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n)
{
    return allocation_fails() ? NULL : __real_realloc(p, n);
}
void *__real_aligned_alloc(size_t a, size_t n);
void *__wrap_aligned_alloc(size_t a, size_t n);
void *__wrap_aligned_alloc(size_t a, size_t n)
{
    return allocation_fails() ? NULL : __real_aligned_alloc(a, n);
}

/* One source that all targets share, and for each target one of its own. */

enum { TARGETS = 4, SHARED = 40, TARGET_BYTES = 11 << 20 };

struct made {
    struct tree_source source;
    struct tree_blob blob[SHARED];
    size_t n;
    atomic_int decoded[SHARED]; /* how often the last byte of each was brought */
};

/* Blobs are parts of one long line of bytes in which none occurs twice. */
static uint8_t line[2 << 20];

static const uint8_t *bytes_of(const struct tree_blob *b)
{
    return line + b->cookie * 64;
}

static void make_line(void)
{
    uint64_t x = 1;

    for (size_t i = 0; i < sizeof line; i++) {
        x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
        line[i] = (uint8_t)(x >> 56);
    }
}

static int made_read(struct tree_source *s, const struct tree_blob *b, uint64_t off, void *buf,
                     size_t n, struct wtg_err *err)
{
    struct made *m = (struct made *)s;

    (void)err;
    memcpy(buf, bytes_of(b) + off, n);
    if (off + n == b->size_bytes)
        atomic_fetch_add(&m->decoded[b - m->blob], 1);
    return 0;
}

static const struct tree_source_ops made_ops = { "made", made_read, NULL };

static void made_init(struct made *m, size_t n, uint64_t seed)
{
    static const uint32_t size[] = { 1, 700, 4096, 4097, 65536, 300000, 434567, 900001 };

    memset(m, 0, sizeof *m);
    m->source.ops = &made_ops;
    m->n = n;
    for (size_t i = 0; i < n; i++) {
        struct tree_blob *b = &m->blob[i];
        b->source = &m->source;
        b->size_bytes = n == 1 ? 5000 : size[i % ARRAY_LEN(size)];
        b->order = i * 1000;
        b->cookie = seed + i;
        hash_sha1(bytes_of(b), b->size_bytes, b->sha1);
        b->has_sha1 = true;
    }
}

/* The targets: other places on each, one blob only here, one resident, some twice or shifted. */

struct part {
    struct made own;
    struct tree_regions regions;
    struct blk *target, *brick; /* memory; NULL, or what stands before it */
    uint8_t want[TARGET_BYTES];
    uint8_t keep[700];
    struct write_proof *proof;
    struct write_result result;
    struct wtg_err err;
    struct wtg_job job;
    uint64_t marked; /* the last mark */
    pthread_t thread;
    int r;
};
struct scene {
    struct made shared;
    struct part part[TARGETS];
    struct write_group *group;
    struct write_opts opts;
};

static void add(struct part *p, const struct tree_blob *b, uint64_t off, uint64_t length)
{
    struct wtg_err err = { 0 };
    const struct tree_region g = {
        .kind = REGION_BLOB, .pass = PASS_DATA, .offset = off, .length = length, .blob = b
    };

    OK(tree_regions_add(&p->regions, &g, &err), err);
    memset(p->want + off, 0, length);
    memcpy(p->want + off, bytes_of(b), b->size_bytes);
}

static void part_init(struct part *p, size_t number, const struct made *shared)
{
    static const uint8_t boot[512] = "boot";
    struct wtg_err err = { 0 };
    uint64_t at = (1 << 20) + number * 12288;

    memset(p, 0, sizeof *p);
    memset(p->want, 0xee, sizeof p->want);
    made_init(&p->own, 1, 100 + number);
    OK(blk_mem_new(TARGET_BYTES, &p->target, &err), err);
    memset(blk_mem_bytes(p->target), 0xee, TARGET_BYTES);
    /* The own one first or last: each target has an order of sources of its own. */
    add(p, &p->own.blob[0], number % 2 ? 64 * 1024 : TARGET_BYTES - 8192, 8192);
    for (size_t i = 0; i < shared->n; i++) {
        const struct tree_blob *b = &shared->blob[i];
        uint64_t length = round_up(b->size_bytes, 4096);
        if (i % 7 == number) /* not on this one */
            continue;
        if (i == 9) {
            const struct tree_region g = {
                .kind = REGION_KEEP, .length = 700, .blob = b, .keep = p->keep
            };
            OK(tree_regions_add(&p->regions, &g, &err), err);
            continue;
        }
        if (i % 10 == 3 && number == 2)
            at += 512; /* as on a FAT: cannot be written from the same place */
        add(p, b, at, length);
        at += length;
        if (i % 8 == number) { /* and once more */
            add(p, b, at, length);
            at += length;
        }
    }
    const struct tree_region last = {
        .kind = REGION_BYTES, .pass = PASS_BOOT, .offset = 512, .length = 512, .bytes = boot
    };
    OK(tree_regions_add(&p->regions, &last, &err), err);
    memcpy(p->want + 512, boot, 512);
}

static struct scene *scene_new(void)
{
    struct scene *s = calloc(1, sizeof *s);
    struct wtg_err err = { 0 };

    made_init(&s->shared, SHARED, 1);
    for (size_t i = 0; i < TARGETS; i++)
        part_init(&s->part[i], i, &s->shared);
    s->opts.decoders = 2;
    if (write_group_new(TARGETS, &s->group, &err) < 0)
        abort();
    return s;
}

static void scene_free(struct scene *s)
{
    for (size_t i = 0; i < TARGETS; i++) {
        tree_regions_release(&s->part[i].regions);
        write_proof_free(s->part[i].proof);
        blk_free(s->part[i].brick);
        blk_free(s->part[i].target);
    }
    write_group_free(s->group);
    free(s);
}

static int on_mark(void *ctx, uint64_t done, const struct write_extent *extent, size_t n,
                   struct wtg_err *err)
{
    struct part *p = ctx;

    (void)extent, (void)n;
    if (done < p->marked)
        return wtg_fail(err, WTG_E_BUG, "%llu blobs are fewer than before",
                        (unsigned long long)done);
    p->marked = done;
    return 0;
}

struct call {
    struct scene *s;
    size_t i;
};

static void *run_one(void *call)
{
    struct call *c = call;
    struct part *p = &c->s->part[c->i];
    struct write_opts o = c->s->opts;

    o.group = c->s->group;
    o.member = c->i;
    o.proof = p->proof;
    o.progress.mark_bytes = 1 << 20;
    o.progress.mark = on_mark;
    o.progress.ctx = p;
    o.progress.done = p->marked;
    p->r = write_regions(p->brick ? p->brick : p->target, &p->regions, &o, &p->job, &p->result,
                         &p->err);
    return NULL;
}

static void scene_run(struct scene *s)
{
    struct call call[TARGETS];

    for (size_t i = 0; i < TARGETS; i++) {
        call[i] = (struct call){ s, i };
        if (pthread_create(&s->part[i].thread, NULL, run_one, &call[i]) != 0)
            abort();
    }
    for (size_t i = 0; i < TARGETS; i++)
        pthread_join(s->part[i].thread, NULL);
}

static bool is_whole(const struct scene *s, size_t i)
{
    const struct part *p = &s->part[i];
    bool whole = p->r == 0 && memcmp(blk_mem_bytes(p->target), p->want, TARGET_BYTES) == 0;

    if (i != 9 % 7)
        whole &= memcmp(p->keep, bytes_of(&s->shared.blob[9]), sizeof p->keep) == 0;
    if (!whole)
        printf("# target %zu: %d '%s'\n", i, p->r, p->err.text);
    return whole;
}

static bool boots(const struct part *p)
{
    return memcmp(blk_mem_bytes(p->target) + 512, "boot", 4) == 0;
}

static void each_gets_its_own_bytes_from_one_decode(void)
{
    for (unsigned decoders = 1; decoders < 4; decoders++) {
        struct scene *s = scene_new();
        s->opts.decoders = decoders;
        scene_run(s);
        for (size_t i = 0; i < TARGETS; i++)
            CHECK(is_whole(s, i));
        for (size_t i = 0; i < SHARED; i++)
            CHECK(s->shared.decoded[i] == 1);
        scene_free(s);
    }
}

static void each_is_proved_by_itself(void)
{
    struct scene *s = scene_new();
    struct wtg_err err = { 0 };

    for (size_t i = 0; i < TARGETS; i++)
        OK(write_proof_new(&s->part[i].proof, &err), err);
    scene_run(s);
    blk_mem_bytes(s->part[1].target)[2 << 20] ^= 1;
    for (size_t i = 0; i < TARGETS; i++) {
        struct write_verdict v;
        int r =
            write_verify(s->part[i].target, s->part[i].proof, &s->part[i].regions, NULL, &v, &err);
        CHECK(r == (i == 1 ? WTG_E_VERIFY : 0));
    }
    scene_free(s);
}

/* The nth write of one fails, of all ns. */
static void one_dies_and_the_others_come_out_whole(void)
{
    for (long n = 0;; n += 3) { /* each in turn */
        struct scene *s = scene_new();
        struct wtg_err err = { 0 };
        size_t dying = (size_t)n % TARGETS;
        OK(blk_fault_new(s->part[dying].target,
                         &(struct blk_fault){ -1, n / TARGETS, -1, .stays_broken = true },
                         &s->part[dying].brick, &err),
           err);
        scene_run(s);
        bool died = s->part[dying].r < 0;
        CHECK(!died || (s->part[dying].r == WTG_E_IO && !boots(&s->part[dying])));
        for (size_t i = 0; i < TARGETS; i++)
            CHECK(died && i == dying ? true : is_whole(s, i));
        for (size_t i = 0; i < SHARED; i++)
            CHECK(s->shared.decoded[i] <= 1);
        scene_free(s);
        if (!died) {
            CHECK(n > 15);
            return;
        }
    }
}

static void flush_of_one_fails(void)
{
    for (long n = 0; n < 5; n++) { /* after the wipe and after each pass */
        struct scene *s = scene_new();
        struct wtg_err err = { 0 };
        OK(blk_fault_new(s->part[1].target, &(struct blk_fault){ -1, -1, n, .stays_broken = true },
                         &s->part[1].brick, &err),
           err);
        scene_run(s);
        CHECK(s->part[1].r == WTG_E_IO);
        for (size_t i = 0; i < TARGETS; i++)
            CHECK(i == 1 || is_whole(s, i));
        scene_free(s);
    }
}

static void all_die(void)
{
    for (long n = 0; n < 12; n++) {
        struct scene *s = scene_new();
        struct wtg_err err = { 0 };
        for (size_t i = 0; i < TARGETS; i++)
            OK(blk_fault_new(
                   s->part[i].target,
                   &(struct blk_fault){ -1, (n + (long)i) % 3, -1, .stays_broken = true },
                   &s->part[i].brick, &err),
               err);
        scene_run(s);
        for (size_t i = 0; i < TARGETS; i++)
            CHECK(s->part[i].r == WTG_E_IO && !boots(&s->part[i]));
        scene_free(s);
    }
}

/* A slow target: every write takes a while. */
struct slow {
    struct blk blk;
    atomic_long writes;
};

static int slow_write(struct blk *b, uint64_t off, const void *buf, size_t n, struct wtg_err *err)
{
    struct slow *s = (struct slow *)b;

    atomic_fetch_add(&s->writes, 1);
    usleep(20000);
    return blk_write(b->below, off, buf, n, err);
}
static int slow_flush(struct blk *b, struct wtg_err *err)
{
    return blk_flush(b->below, err);
}
static void slow_free(struct blk *b)
{
    free(b);
}
static const struct blk_ops slow_ops = {
    .name = "slow", .write = slow_write, .flush = slow_flush, .free = slow_free
};

static struct blk *slow_new(struct blk *below)
{
    struct slow *s = calloc(1, sizeof *s);

    s->blk = *below;
    s->blk.ops = &slow_ops;
    s->blk.below = below;
    return &s->blk;
}

/* With the least memory there is hardly more than one slot: all go at the pace of the slow one. */
static void a_slow_one_is_waited_for(void)
{
    for (uint64_t memory = 0; memory < UINT64_C(160) << 20; memory += UINT64_C(80) << 20) {
        struct scene *s = scene_new();
        s->opts.memory_bytes = memory;
        s->part[3].brick = slow_new(s->part[3].target);
        scene_run(s);
        for (size_t i = 0; i < TARGETS; i++)
            CHECK(is_whole(s, i));
        scene_free(s);
    }
}

static void too_little_memory_fails_all(void)
{
    struct scene *s = scene_new();

    s->opts.memory_bytes = 20 << 20; /* enough for one */
    scene_run(s);
    for (size_t i = 0; i < TARGETS; i++)
        CHECK(s->part[i].r == WTG_E_NOMEM && !boots(&s->part[i]));
    scene_free(s);
}

static void a_damaged_image_fails_all_and_names_the_blob(void)
{
    struct scene *s = scene_new();

    s->shared.blob[20].sha1[0] ^= 1;
    scene_run(s);
    for (size_t i = 0; i < TARGETS; i++) {
        CHECK(s->part[i].r == WTG_E_IMAGE_HASH && !boots(&s->part[i]));
        CHECK(s->part[i].result.bad_blob == &s->shared.blob[20]);
    }
    scene_free(s);
}

static void one_that_never_comes_is_not_waited_for(void)
{
    struct scene *s = scene_new();

    tree_regions_release(&s->part[2].regions); /* nothing to write */
    memset(s->part[2].want, 0xee, TARGET_BYTES);
    write_group_leave(s->group, 2);
    scene_run(s);
    for (size_t i = 0; i < TARGETS; i++)
        CHECK(is_whole(s, i));
    scene_free(s);
}

static void cancelling_one_leaves_the_others(void)
{
    struct scene *s = scene_new();

    atomic_store(&s->part[0].job.cancel, true);
    scene_run(s);
    CHECK(s->part[0].r == WTG_E_CANCELLED && !boots(&s->part[0]));
    for (size_t i = 1; i < TARGETS; i++)
        CHECK(is_whole(s, i));
    scene_free(s);
}

/* What the first run marked need not come again, different on each, alone or together. */
static void marks_of_all_are_gone_on_with_together(void)
{
    long failed = 0;

    for (long n = 2; n < 12; n++) {
        struct scene *s = scene_new();
        struct wtg_err err = { 0 };
        for (size_t i = 0; i < TARGETS; i++)
            OK(blk_fault_new(s->part[i].target,
                             &(struct blk_fault){ -1, n + (long)i, -1, .stays_broken = true },
                             &s->part[i].brick, &err),
               err);
        scene_run(s);
        write_group_free(s->group);
        OK(write_group_new(TARGETS, &s->group, &err), err);
        for (size_t i = 0; i < TARGETS; i++) {
            failed += s->part[i].r < 0;
            blk_free(s->part[i].brick);
            s->part[i].brick = NULL;
            memset(s->part[i].keep, 0, sizeof s->part[i].keep);
        }
        scene_run(s);
        for (size_t i = 0; i < TARGETS; i++)
            CHECK(is_whole(s, i));
        scene_free(s);
    }
    CHECK(failed > 8);
}

static void nth_allocation_fails(void)
{
    for (long n = 0;; n += getenv("WTG_ALL_FAULTS") ? 1 : 23) {
        struct scene *s = scene_new();
        atomic_store(&allocations_left, n);
        scene_run(s);
        bool struck = atomic_load(&allocations_left) < 0;
        atomic_store(&allocations_left, -1);
        for (size_t i = 0; i < TARGETS; i++)
            CHECK(s->part[i].r < 0 ? s->part[i].r == WTG_E_NOMEM && !boots(&s->part[i])
                                   : is_whole(s, i));
        scene_free(s);
        if (!struck)
            break;
    }
}

static const struct test tests[] = {
    TEST(each_gets_its_own_bytes_from_one_decode),
    TEST(each_is_proved_by_itself),
    TEST(one_dies_and_the_others_come_out_whole),
    TEST(flush_of_one_fails),
    TEST(all_die),
    TEST(a_slow_one_is_waited_for),
    TEST(too_little_memory_fails_all),
    TEST(a_damaged_image_fails_all_and_names_the_blob),
    TEST(one_that_never_comes_is_not_waited_for),
    TEST(cancelling_one_leaves_the_others),
    TEST(marks_of_all_are_gone_on_with_together),
    TEST(nth_allocation_fails),
};

int main(void)
{
    make_line();
    return test_run(tests, ARRAY_LEN(tests));
}
