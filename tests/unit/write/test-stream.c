/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One stream onto many targets: all sizes, targets that fail and lie, sources that end badly. */
#include "test.h"

#include "base/mem.h"
#include "write/stream.h"

enum {
    MIB = 1 << 20,
    TARGET_BYTES = 20 * MIB,
    IMAGE_BYTES = 13 * MIB + 777, /* chunks, a part of one, and a part of a sector */
};

static uint8_t pattern[TARGET_BYTES]; /* no byte of it is zero */

static void make_pattern(void)
{
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (uint8_t)(1 + (i * 7 + (i >> 8) * 13 + (i >> 16) * 3) % 255);
}

/* Zeroes the part of [from, ...) at p that lies in [off, end). */
static void zero_part(uint8_t *p, uint64_t from, uint64_t n, uint64_t off, uint64_t end)
{
    off = max_u64(off, from);
    end = min_u64(end, from + n);
    if (off < end)
        memset(p + (off - from), 0, end - off);
}

/* An image that is zero in [hole, hole_end) and skipped in [gap, gap_end). */
struct fake {
    uint64_t size, at, hole, hole_end, gap, gap_end;
    uint64_t fail_at; /* reading there fails; 0: nowhere */
    int looks, fail_look;
    bool bad; /* the verdict */
    uint64_t looked;
    struct wtg_job *cancel; /* set when half is read */
};

static int fake_read(void *ctx, uint8_t *buf, struct stream_piece *ret, struct wtg_err *err)
{
    struct fake *f = ctx;
    uint64_t n = min_u64(STREAM_CHUNK_BYTES, f->size - f->at);

    if (f->fail_at && f->at >= f->fail_at)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "it ends here");
    if (f->cancel && f->at > f->size / 2)
        atomic_store(&f->cancel->cancel, true);
    bool in_gap = f->at >= f->gap && f->at < f->gap_end;
    if (f->at < f->gap)
        n = min_u64(n, f->gap - f->at);
    else if (in_gap)
        n = min_u64(n, f->gap_end - f->at);
    memcpy(buf, pattern + f->at, n);
    zero_part(buf, f->at, n, f->hole, f->hole_end);
    *ret = (struct stream_piece){ f->at, (size_t)n, in_gap, f->at + n == f->size };
    f->at += n;
    return 0;
}

static int fake_look(void *ctx, const struct stream_piece *p, const uint8_t *bytes,
                     struct wtg_err *err)
{
    struct fake *f = ctx;

    if (f->looked != p->off || (p->off && bytes[0] != pattern[p->off] && bytes[0]))
        return wtg_fail(err, WTG_E_BUG, "pieces out of order");
    f->looked += p->n;
    return ++f->looks == f->fail_look ? wtg_fail(err, WTG_E_IMAGE_HASH, "not as it should be") : 0;
}

static int fake_verdict(void *ctx, struct wtg_err *err)
{
    struct fake *f = ctx;

    if (f->looked != f->size)
        return wtg_fail(err, WTG_E_BUG, "not all was looked at");
    return f->bad ? wtg_fail(err, WTG_E_IMAGE_HASH, "not the one that was meant") : 0;
}

/* Three targets in memory, filled with old bytes, with a brick over the middle one. */
enum { TARGETS = 3 };
struct setup {
    struct blk *mem[TARGETS], *brick;
    struct stream_target target[TARGETS];
    struct wtg_err err;
};

static int run(struct setup *s, struct fake *f, bool no_verify, struct wtg_job *job)
{
    const struct stream_source source = { f, fake_read, fake_look, fake_verdict };
    const struct stream_opts opts = { .memory_bytes = 1, .no_verify = no_verify };

    s->err = (struct wtg_err){ 0 };
    return stream_run(&source, s->target, TARGETS, &opts, job, &s->err);
}

static bool set_up(struct setup *s, uint8_t old)
{
    struct wtg_err err = { 0 };

    *s = (struct setup){ 0 };
    for (size_t i = 0; i < TARGETS; i++) {
        if (blk_mem_new(TARGET_BYTES, &s->mem[i], &err) < 0)
            return false;
        memset(blk_mem_bytes(s->mem[i]), old, TARGET_BYTES);
        s->target[i].blk = s->mem[i];
    }
    return true;
}

static void tear_down(struct setup *s)
{
    blk_free(s->brick);
    for (size_t i = 0; i < TARGETS; i++)
        blk_free(s->mem[i]);
}

static bool boots(const struct setup *s, size_t i)
{
    const uint8_t *p = blk_mem_bytes(s->mem[i]);
    return p[0] != 0 || memcmp(p, p + 1, MIB - 1) != 0;
}

/* The image, then zeroes up to a sector, then what was there, or zeroes in the first MiB. */
static bool is_good(const struct setup *s, size_t i, const struct fake *f, uint8_t old)
{
    const uint8_t *p = blk_mem_bytes(s->mem[i]);
    uint64_t end = max_u64(round_up(f->size, s->mem[i]->sector_bytes), MIB);
    AUTO_FREE uint8_t *want = malloc(TARGET_BYTES);

    if (!want)
        return false;
    memset(want, old, TARGET_BYTES);
    memset(want, 0, end);
    memcpy(want, pattern, f->size);
    zero_part(want, 0, f->size, f->hole, f->hole_end);
    if (f->gap < f->gap_end)
        memset(want + f->gap, old, f->gap_end - f->gap);
    return memcmp(p, want, TARGET_BYTES) == 0 && s->target[i].phase == STREAM_DONE &&
           s->target[i].err.code == 0;
}

static void every_size_arrives(void)
{
    static const uint64_t sizes[] = { 1,       511,         512,         4097,
                                      MIB - 1, MIB,         MIB + 1,     4 * MIB - 1,
                                      4 * MIB, 4 * MIB + 1, IMAGE_BYTES, TARGET_BYTES };

    for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
        struct setup s;
        struct fake f = { .size = sizes[k] };
        REQUIRE(set_up(&s, 0xee));
        s.mem[1]->sector_bytes = 4096;
        OK(run(&s, &f, k % 2, NULL), s.err);
        for (size_t i = 0; i < TARGETS; i++) {
            CHECK(is_good(&s, i, &f, 0xee));
            CHECK(s.target[i].written_bytes == f.size);
            CHECK(s.target[i].proved_bytes == (k % 2 ? 0 : f.size));
        }
        tear_down(&s);
    }
}

static void holes_and_gaps_are_not_written(void)
{
    struct setup s;
    struct blk_counts counts;
    struct wtg_err err = { 0 };
    struct fake f = { .size = IMAGE_BYTES,
                      .hole = 2 * MIB + 5,
                      .hole_end = 7 * MIB,
                      .gap = 8 * MIB,
                      .gap_end = 9 * MIB };

    REQUIRE(set_up(&s, 0));
    OK(blk_count_new(s.mem[1], &s.brick, &err), err);
    s.target[1].blk = s.brick;
    s.target[1].keeps_holes = true;
    OK(run(&s, &f, false, NULL), s.err);
    for (size_t i = 0; i < TARGETS; i++)
        CHECK(is_good(&s, i, &f, 0));
    counts = blk_counts(s.brick);
    CHECK(counts.write_bytes < IMAGE_BYTES - 5 * MIB);
    CHECK(s.target[1].written_bytes == IMAGE_BYTES - MIB);
    tear_down(&s);
}

/* The middle target fails at its nth write, read or flush; the others do not care. */
static void walk(struct blk_fault *fault, long *nth, bool stays)
{
    for (*nth = 0;; ++*nth) {
        struct setup s;
        struct wtg_err err = { 0 };
        struct fake f = { .size = IMAGE_BYTES };
        REQUIRE(set_up(&s, 0xee));
        fault->stays_broken = stays;
        OK(blk_fault_new(s.mem[1], fault, &s.brick, &err), err);
        s.target[1].blk = s.brick;
        OK(run(&s, &f, false, NULL), s.err);
        CHECK(is_good(&s, 0, &f, 0xee) && is_good(&s, 2, &f, 0xee));
        bool failed = s.target[1].phase == STREAM_FAILED;
        CHECK(failed == (s.target[1].err.code != 0));
        CHECK(failed || is_good(&s, 1, &f, 0xee));
        if (failed && *nth > 0 && !stays)
            CHECK(!boots(&s, 1));
        tear_down(&s);
        if (!failed)
            break;
    }
    CHECK(*nth > 1);
}

static void nth_write_fails(void)
{
    struct blk_fault f = { -1, -1, -1, false, true };
    walk(&f, &f.fail_write, false);
    walk(&f, &f.fail_write, true);
}

static void nth_flush_fails(void)
{
    struct blk_fault f = { -1, -1, -1, false, false };
    walk(&f, &f.fail_flush, false);
}

static void reading_back_fails(void)
{
    struct blk_fault f = { 0, -1, -1, true, false };
    struct setup s;
    struct wtg_err err = { 0 };
    struct fake image = { .size = IMAGE_BYTES };

    REQUIRE(set_up(&s, 0xee));
    OK(blk_fault_new(s.mem[1], &f, &s.brick, &err), err);
    s.target[1].blk = s.brick;
    OK(run(&s, &image, false, NULL), s.err);
    CHECK(is_good(&s, 0, &image, 0xee) && is_good(&s, 2, &image, 0xee));
    CHECK(s.target[1].err.code == WTG_E_VERIFY);
    CHECK(!boots(&s, 1));
    tear_down(&s);
}

static void a_target_that_lies_is_found(void)
{
    static const struct blk_lie lies[] = {
        { BLK_LIE_DROP, 5 * MIB, 4096 }, { BLK_LIE_DROP, 0, 512 }, /* in the head */
        { BLK_LIE_WRAP, 6 * MIB, 0 },    { BLK_LIE_FLIP, 9 * MIB + 3, 0 },
        { BLK_LIE_SHORT, 0, 100000 },
    };

    for (size_t k = 0; k < ARRAY_LEN(lies); k++) {
        for (int no_verify = 0; no_verify < 2; no_verify++) {
            struct setup s;
            struct wtg_err err = { 0 };
            struct fake f = { .size = IMAGE_BYTES };
            REQUIRE(set_up(&s, 0xee));
            OK(blk_lie_new(s.mem[1], &lies[k], &s.brick, &err), err);
            s.target[1].blk = s.brick;
            OK(run(&s, &f, no_verify, NULL), s.err);
            CHECK(is_good(&s, 0, &f, 0xee) && is_good(&s, 2, &f, 0xee));
            CHECK(s.target[1].err.code == (no_verify ? 0 : WTG_E_VERIFY));
            tear_down(&s);
        }
    }
}

static void a_target_too_small_stops_alone(void)
{
    struct setup s;
    struct wtg_err err = { 0 };
    struct fake f = { .size = IMAGE_BYTES };

    REQUIRE(set_up(&s, 0xee));
    OK(blk_slice_new(s.mem[1], 0, 12 * MIB, &s.brick, &err), err);
    s.target[1].blk = s.brick;
    OK(run(&s, &f, false, NULL), s.err);
    CHECK(is_good(&s, 0, &f, 0xee) && is_good(&s, 2, &f, 0xee));
    CHECK(s.target[1].err.code == WTG_E_DISK_TOO_SMALL);
    CHECK(!boots(&s, 1));
    tear_down(&s);
}

/* However the source ends badly, nothing boots. */
static void a_bad_source_boots_nowhere(void)
{
    const struct {
        struct fake f;
        int code;
    } cases[] = {
        { { .size = IMAGE_BYTES, .fail_at = 1 }, WTG_E_IMAGE_DAMAGED },
        { { .size = IMAGE_BYTES, .fail_at = 12 * MIB }, WTG_E_IMAGE_DAMAGED },
        { { .size = IMAGE_BYTES, .fail_look = 1 }, WTG_E_IMAGE_HASH },
        { { .size = IMAGE_BYTES, .fail_look = 4 }, WTG_E_IMAGE_HASH },
        { { .size = IMAGE_BYTES, .bad = true }, WTG_E_IMAGE_HASH },
        { { .size = 100, .bad = true }, WTG_E_IMAGE_HASH },
    };

    for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
        struct setup s;
        struct fake f = cases[k].f;
        REQUIRE(set_up(&s, 0xee));
        CHECK(run(&s, &f, false, NULL) == cases[k].code);
        CHECK(s.err.code == cases[k].code && s.err.text[0]);
        for (size_t i = 0; i < TARGETS; i++)
            CHECK(!boots(&s, i) && s.target[i].phase != STREAM_DONE && s.target[i].err.code == 0);
        tear_down(&s);
    }
}

static void all_targets_fail(void)
{
    struct blk_fault fault = { -1, 3, -1, true, false };
    struct setup s;
    struct wtg_err err = { 0 };
    struct blk *brick[TARGETS];
    struct fake f = { .size = IMAGE_BYTES, .bad = true };

    REQUIRE(set_up(&s, 0xee));
    for (size_t i = 0; i < TARGETS; i++) {
        OK(blk_fault_new(s.mem[i], &fault, &brick[i], &err), err);
        s.target[i].blk = brick[i];
    }
    int r = run(&s, &f, false, NULL); /* the source may have been found bad before */
    CHECK(r == 0 || r == WTG_E_IMAGE_HASH || r == WTG_E_BUG);
    for (size_t i = 0; i < TARGETS; i++) {
        CHECK(s.target[i].phase == STREAM_FAILED || r < 0);
        blk_free(brick[i]);
    }
    tear_down(&s);
}

static void cancelling_boots_nowhere(void)
{
    struct setup s;
    struct wtg_job job = { 0 };
    struct fake f = { .size = IMAGE_BYTES, .cancel = &job };

    REQUIRE(set_up(&s, 0xee));
    int r = run(&s, &f, false, &job); /* in memory it may be done before anybody looks */
    CHECK(r == 0 || r == WTG_E_CANCELLED);
    for (size_t i = 0; i < TARGETS; i++)
        CHECK(r == 0 || s.target[i].phase == STREAM_DONE || !boots(&s, i));
    tear_down(&s);
}

static const struct test tests[] = {
    TEST(every_size_arrives),
    TEST(holes_and_gaps_are_not_written),
    TEST(nth_write_fails),
    TEST(nth_flush_fails),
    TEST(reading_back_fails),
    TEST(a_target_that_lies_is_found),
    TEST(a_target_too_small_stops_alone),
    TEST(a_bad_source_boots_nowhere),
    TEST(all_targets_fail),
    TEST(cancelling_boots_nowhere),
};

int main(void)
{
    make_pattern();
    return test_run(tests, ARRAY_LEN(tests));
}
