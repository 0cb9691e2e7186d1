/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/hash.h"
#include "base/mem.h"
#include "write/write.h"

/* A source of made-up blobs: byte i of blob b is a function of both, so that every misplaced byte
 * shows.  Its units cut blobs wherever they end, as solid resources do. */
enum { BLOBS = 20, TARGET_BYTES = 5 << 20 };

struct fake {
    struct tree_source source;
    struct tree_blob blob[BLOBS];
    size_t unit_bytes; /* 0: the plain feed over `read` */
    int fail_unit;     /* decode of this unit fails; -1: none */
};

static uint8_t byte_of(size_t blob, uint64_t i)
{
    return (uint8_t)(blob * 31 + i * 7 + (i >> 8) * 13 + (i >> 16));
}

static void fill(size_t blob, uint64_t off, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = byte_of(blob, off + i);
}

static int fake_read(struct tree_source *s, const struct tree_blob *b, uint64_t off, void *buf,
                     size_t n, struct wtg_err *err)
{
    (void)s, (void)err;
    fill((size_t)b->cookie, off, buf, n);
    return 0;
}

struct fake_feed {
    struct tree_feed feed;
    struct fake *fake;
    const struct tree_blob *const *blob;
    size_t n, at;
    uint64_t off, units;
};

static int fake_next(struct tree_feed *feed, struct tree_unit *u, struct wtg_err *err)
{
    struct fake_feed *f = (struct fake_feed *)feed;
    size_t left = f->fake->unit_bytes;

    u->npieces = 0;
    u->cookie = f->units++;
    while (f->at < f->n && left > 0) {
        const struct tree_blob *b = f->blob[f->at];
        size_t part = (size_t)min_u64(left, b->size_bytes - f->off);
        if (mem_grow(&u->piece, &u->pieces_cap, u->npieces, sizeof *u->piece, err) < 0)
            return err->code;
        u->piece[u->npieces++] =
            (struct tree_piece){ .blob = f->at, .blob_off = f->off, .len = part };
        left -= part;
        f->off += part;
        if (f->off == b->size_bytes) {
            f->at++;
            f->off = 0;
        }
    }
    return u->npieces > 0;
}

static int fake_decode(struct tree_feed *feed, void *decoder, const struct tree_unit *u,
                       uint8_t *const *dst, uint8_t *const *content, struct wtg_err *err)
{
    const struct fake_feed *f = (const struct fake_feed *)feed;

    (void)decoder, (void)content;
    if ((int)u->cookie == f->fake->fail_unit)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "made-up damage");
    for (size_t i = 0; i < u->npieces; i++)
        fill((size_t)f->blob[u->piece[i].blob]->cookie, u->piece[i].blob_off, dst[i], u->piece[i].len);
    return 0;
}

static void fake_free(struct tree_feed *feed)
{
    free(feed);
}

static const struct tree_feed_ops fake_feed_ops = { .next = fake_next,
                                                    .decode = fake_decode,
                                                    .free = fake_free };

static int fake_feed_open(struct tree_source *s, const struct tree_blob *const *blob, size_t n,
                          size_t unit_bytes, struct tree_feed **ret, struct wtg_err *err)
{
    struct fake_feed *f = mem_zeroed(1, sizeof *f, err);
    (void)unit_bytes;
    if (!f)
        return err->code;
    f->fake = (struct fake *)s;
    f->feed = (struct tree_feed){ .ops = &fake_feed_ops, .unit_bytes = f->fake->unit_bytes };
    f->blob = blob;
    f->n = n;
    *ret = &f->feed;
    return 0;
}

static const struct tree_source_ops with_feed = { "fake", fake_read, fake_feed_open };
static const struct tree_source_ops without_feed = { "fake", fake_read, NULL };

static void fake_init(struct fake *f, size_t unit_bytes)
{
    static const uint32_t size[] = { 1, 700, 4095, 4096, 4097, 65536, 300000, 434567, 2, 0 };

    *f = (struct fake){ .unit_bytes = unit_bytes, .fail_unit = -1 };
    f->source.ops = unit_bytes ? &with_feed : &without_feed;
    for (size_t i = 0; i < BLOBS; i++) {
        struct tree_blob *b = &f->blob[i];
        uint8_t *p;
        b->source = &f->source;
        b->size_bytes = size[i % ARRAY_LEN(size)];
        b->order = (BLOBS - i) * 1000; /* not the order in the array */
        b->cookie = i;
        p = malloc(b->size_bytes + 1);
        fill(i, 0, p, b->size_bytes);
        hash_sha1(p, b->size_bytes, b->sha1);
        b->has_sha1 = true;
        free(p);
    }
}

/* Regions of every kind, and what the target must look like afterwards. */
struct scene {
    struct fake fake;
    struct tree_regions regions;
    struct blk *target;
    uint8_t *want;
    uint8_t *keep[BLOBS];
};

static void expect(struct scene *s, size_t blob, uint64_t blob_off, uint64_t off, uint64_t length)
{
    uint64_t n = min_u64(length, s->fake.blob[blob].size_bytes - blob_off);
    fill(blob, blob_off, s->want + off, n);
    memset(s->want + off + n, 0, length - n);
}

static void add_blob(struct scene *s, size_t i, uint64_t blob_off, uint64_t off, uint64_t length,
                     enum tree_region_pass pass)
{
    struct wtg_err err = { 0 };
    OK(tree_regions_add(&s->regions, &(struct tree_region){ .kind = REGION_BLOB, .pass = pass,
                        .offset = off, .length = length, .blob = &s->fake.blob[i],
                        .blob_off = blob_off }, &err), err);
    expect(s, i, blob_off, off, length);
}

static int make_bytes(void *ctx, uint64_t off, uint8_t *buf, size_t n, struct wtg_err *err)
{
    (void)ctx, (void)err;
    if (off % 4096 != 0)
        abort(); /* the promise of REGION_MAKE */
    for (size_t i = 0; i < n; i++)
        buf[i] = (uint8_t)(off + i);
    return 0;
}

static void scene_init(struct scene *s, size_t unit_bytes)
{
    struct wtg_err err = { 0 };
    uint64_t at = 1 << 20;

    memset(s, 0, sizeof *s);
    fake_init(&s->fake, unit_bytes);
    OK(blk_mem_new(TARGET_BYTES, &s->target, &err), err);
    memset(blk_mem_bytes(s->target), 0xee, TARGET_BYTES);
    s->want = malloc(TARGET_BYTES);
    memset(s->want, 0xee, TARGET_BYTES);
    for (size_t i = BLOBS; i-- > 0;) { /* rising in the order of the source */
        const struct tree_blob *b = &s->fake.blob[i];
        uint64_t length = round_up(b->size_bytes, 4096);
        if (b->size_bytes == 700) {
            s->keep[i] = malloc(700);
            OK(tree_regions_add(&s->regions, &(struct tree_region){ .kind = REGION_KEEP, .length = 700,
                                .blob = b, .keep = s->keep[i] }, &err), err);
        }
        for (size_t copy = 0; copy < 1 + i % 3 && length; copy++) {
            add_blob(s, i, 0, at, length, PASS_DATA);
            at += length;
        }
        if (b->size_bytes == 300000) { /* a file with a hole: only two parts of it */
            add_blob(s, i, 4096, at, 8192, PASS_DATA);
            add_blob(s, i, 294912, at + 8192, 8192, PASS_DATA);
            at += 16384;
        }
        if (b->size_bytes == 4097)
            add_blob(s, i, 0, 512 * 1024 + i * 8192, 8192, PASS_METADATA);
    }
    static const uint8_t bytes[512] = "boot";
    const struct tree_region rest[] = {
        { .kind = REGION_BYTES, .pass = PASS_BOOT, .offset = 512, .length = 512, .bytes = bytes },
        { .kind = REGION_FILL, .pass = PASS_WIPE, .offset = 0, .length = 1024, .fill = 0 },
        { .kind = REGION_MAKE, .pass = PASS_METADATA, .offset = at + 4096, .length = 500001,
          .make = make_bytes },
        { .kind = REGION_FILL, .pass = PASS_METADATA, .offset = at + 4096 + 500001, .length = 77,
          .fill = 0xff },
    };
    for (size_t i = 0; i < ARRAY_LEN(rest); i++)
        OK(tree_regions_add(&s->regions, &rest[i], &err), err);
    memset(s->want, 0, 1024);
    memcpy(s->want + 512, bytes, 512);
    for (size_t i = 0; i < 500001; i++)
        s->want[at + 4096 + i] = (uint8_t)i;
    memset(s->want + at + 4096 + 500001, 0xff, 77);
}

static void scene_release(struct scene *s)
{
    tree_regions_release(&s->regions);
    blk_free(s->target);
    free(s->want);
    for (size_t i = 0; i < BLOBS; i++)
        free(s->keep[i]);
}

static void check_scene(size_t unit_bytes, unsigned decoders)
{
    struct scene s;
    struct wtg_err err = { 0 };
    struct write_result result;
    const struct write_opts opts = { .decoders = decoders };

    scene_init(&s, unit_bytes);
    OK(write_regions(s.target, &s.regions, &opts, NULL, &result, &err), err);
    CHECK(memcmp(blk_mem_bytes(s.target), s.want, TARGET_BYTES) == 0);
    for (size_t i = 0; i < BLOBS; i++)
        for (size_t k = 0; s.keep[i] && k < 700; k++)
            CHECK(s.keep[i][k] == byte_of(i, k));
    CHECK(result.bad_blob == NULL);
    scene_release(&s);
}

static void all_kinds_of_regions_arrive(void)
{
    check_scene(256 * 1024, 1);
    check_scene(256 * 1024, 3);
}
static void units_that_cut_blobs_anywhere(void)
{
    check_scene(100003, 2);
    check_scene(777, 3);
}
static void one_unit_for_everything(void) { check_scene(64 << 20, 2); }
static void source_without_a_feed(void) { check_scene(0, 2); }

static void wrong_sha1_names_the_blob(void)
{
    for (size_t i = 0; i < BLOBS; i++) {
        struct scene s;
        struct wtg_err err = { 0 };
        struct write_result result;
        scene_init(&s, 100003);
        s.fake.blob[i].sha1[3] ^= 1;
        int r = write_regions(s.target, &s.regions, &(struct write_opts){ .decoders = 2 }, NULL,
                              &result, &err);
        if (s.fake.blob[i].size_bytes == 0) {
            CHECK(r == 0);
        } else {
            CHECK(r == WTG_E_IMAGE_HASH);
            CHECK(result.bad_blob == &s.fake.blob[i]);
            CHECK(memcmp(blk_mem_bytes(s.target) + 512, "boot", 4) != 0); /* never mountable */
        }
        scene_release(&s);
    }
}

static void decoder_failure_stops_all(void)
{
    for (int unit = 0; unit < 15; unit += 3) {
        struct scene s;
        struct wtg_err err = { 0 };
        struct write_result result;
        scene_init(&s, 100003);
        s.fake.fail_unit = unit;
        CHECK(write_regions(s.target, &s.regions, &(struct write_opts){ .decoders = 3 }, NULL,
                            &result, &err) == WTG_E_IMAGE_DAMAGED);
        CHECK(memcmp(blk_mem_bytes(s.target) + 512, "boot", 4) != 0);
        scene_release(&s);
    }
}

static void nth_write_fails(void)
{
    for (long n = 0;; n++) {
        struct scene s;
        struct wtg_err err = { 0 };
        struct write_result result;
        struct blk *faulty = NULL;
        scene_init(&s, 256 * 1024);
        OK(blk_fault_new(s.target, &(struct blk_fault){ -1, n, -1, .no_space = true }, &faulty, &err),
           err);
        int r = write_regions(faulty, &s.regions, &(struct write_opts){ .decoders = 2 }, NULL,
                              &result, &err);
        CHECK(r == 0 || r == WTG_E_NO_SPACE);
        blk_free(faulty);
        scene_release(&s);
        if (r == 0) {
            CHECK(n > 10);
            return;
        }
    }
}

static void nth_flush_fails(void)
{
    for (long n = 0; n < 5; n++) {
        struct scene s;
        struct wtg_err err = { 0 };
        struct write_result result;
        struct blk *faulty = NULL;
        scene_init(&s, 256 * 1024);
        OK(blk_fault_new(s.target, &(struct blk_fault){ -1, -1, n, .no_space = false }, &faulty, &err),
           err);
        CHECK(write_regions(faulty, &s.regions, &(struct write_opts){ .decoders = 2 }, NULL, &result,
                            &err) == WTG_E_IO);
        blk_free(faulty);
        scene_release(&s);
    }
}

static void stop_after(const struct wtg_progress *p, void *user)
{
    struct wtg_job *job = user;
    if (p->done > 1 << 19)
        atomic_store(&job->cancel, true);
}

static void cancel_stops_and_leaves_nothing_mountable(void)
{
    struct scene s;
    struct wtg_err err = { 0 };
    struct write_result result;
    struct wtg_job job = { .on_progress = stop_after };

    job.user = &job;
    scene_init(&s, 100003);
    CHECK(write_regions(s.target, &s.regions, &(struct write_opts){ .decoders = 2 }, &job, &result,
                        &err) == WTG_E_CANCELLED);
    CHECK(memcmp(blk_mem_bytes(s.target) + 512, "boot", 4) != 0);
    scene_release(&s);
}

static void writes_rise_and_are_large(void)
{
    struct wtg_err err = { 0 };
    struct blk *target = NULL, *counting = NULL;
    struct write_result result;
    struct fake f;
    struct tree_regions regions = { 0 };
    uint64_t at = 0;

    fake_init(&f, 2 << 20);
    for (size_t i = BLOBS; i-- > 0;) {
        uint64_t length = round_up(f.blob[i].size_bytes, 4096);
        OK(tree_regions_add(&regions, &(struct tree_region){ .kind = REGION_BLOB, .pass = PASS_DATA,
                            .offset = at, .length = length, .blob = &f.blob[i] }, &err), err);
        at += length;
    }
    OK(blk_mem_new(at, &target, &err), err);
    OK(blk_count_new(target, &counting, &err), err);
    OK(write_regions(counting, &regions, &(struct write_opts){ .decoders = 2 }, NULL, &result, &err),
       err);
    struct blk_counts c = blk_counts(counting);
    CHECK(c.backward_writes == 0);
    CHECK(c.write_bytes == at);
    CHECK(c.large_write_bytes * 10 >= c.write_bytes * 8);
    blk_free(counting);
    blk_free(target);
    tree_regions_release(&regions);
}

static const struct test tests[] = {
    TEST(all_kinds_of_regions_arrive),
    TEST(units_that_cut_blobs_anywhere),
    TEST(one_unit_for_everything),
    TEST(source_without_a_feed),
    TEST(wrong_sha1_names_the_blob),
    TEST(decoder_failure_stops_all),
    TEST(nth_write_fails),
    TEST(nth_flush_fails),
    TEST(cancel_stops_and_leaves_nothing_mountable),
    TEST(writes_rise_and_are_large),
};
TEST_MAIN(tests)
