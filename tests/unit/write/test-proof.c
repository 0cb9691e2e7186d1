/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Targets that lie, and the proof that finds it out and says where. */
#include "test.h"

#include "base/mem.h"
#include "write/write.h"

enum {
    MIB = 1 << 20,
    TARGET_BYTES = 24 * MIB,
    FILES = 30,
    FILE_BYTES = 700 * 1000,
    FILE_ROOM = 700416,                  /* whole blocks of 4096 */
    FILES_AT = 2 * MIB,                  /* file i stands at FILES_AT + i * FILE_ROOM */
    TABLES_AT = FILES_AT + 30 * FILE_ROOM, /* metadata behind them */
    TABLES_BYTES = 100 * 1000,
    WIPE_BYTES = MIB,
};

struct scene {
    struct tree_regions regions;
    struct blk *mem;
    struct write_proof *proof;
    uint64_t written; /* bytes that must be proved */
};

static void fill_random(uint32_t state, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i % 4 == 0) {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
        }
        p[i] = (uint8_t)(state >> (8 * (i % 4)));
    }
}

/* Made once. */
static uint8_t old_bytes[TARGET_BYTES];
static struct tree_blob *file[FILES];

static void make_bytes(void)
{
    struct wtg_err err = { 0 };

    if (file[0])
        return;
    fill_random(4711, old_bytes, sizeof old_bytes);
    for (uint32_t i = 0; i < FILES; i++) {
        uint8_t *bytes = malloc(FILE_BYTES);
        fill_random(i + 1, bytes, FILE_BYTES);
        OK(tree_memory_blob_new(bytes, FILE_BYTES, &file[i], &err), err);
    }
}

static int make_tables(void *ctx, uint64_t off, uint8_t *buf, size_t n, struct wtg_err *err)
{
    (void)ctx, (void)err;
    fill_random((uint32_t)off + 77, buf, n);
    return 0;
}

static void add(struct scene *s, const struct tree_region *g)
{
    struct wtg_err err = { 0 };
    OK(tree_regions_add(&s->regions, g, &err), err);
    s->written += g->pass == PASS_BOOT ? 0 : g->length; /* it stands in the wiped place */
}

static void scene_init(struct scene *s)
{
    static const uint8_t boot[512] = "boot";
    struct wtg_err err = { 0 };

    *s = (struct scene){ 0 };
    OK(blk_mem_new(TARGET_BYTES, &s->mem, &err), err);
    make_bytes();
    memcpy(blk_mem_bytes(s->mem), old_bytes, TARGET_BYTES);
    add(s, &(struct tree_region){ .kind = REGION_FILL, .pass = PASS_WIPE, .length = WIPE_BYTES });
    add(s, &(struct tree_region){ .kind = REGION_BYTES, .pass = PASS_BOOT, .offset = 4096 + 512,
                                  .length = 512, .bytes = boot });
    for (size_t i = 0; i < FILES; i++) {
        add(s, &(struct tree_region){ .kind = REGION_BLOB, .pass = PASS_DATA, .blob = file[i],
                                      .offset = FILES_AT + i * FILE_ROOM, .length = FILE_ROOM });
    }
    add(s, &(struct tree_region){ .kind = REGION_MAKE, .pass = PASS_METADATA, .offset = TABLES_AT,
                                  .length = TABLES_BYTES, .make = make_tables });
    OK(write_proof_new(&s->proof, &err), err);
}

static void scene_release(struct scene *s)
{
    tree_regions_release(&s->regions);
    write_proof_free(s->proof);
    blk_free(s->mem);
}

/* Writes and proves through `b`. */
static int write_and_prove(struct scene *s, struct blk *b, struct write_verdict *v,
                           struct wtg_err *err)
{
    const struct write_opts o = { .decoders = 2, .proof = s->proof };
    struct write_result result;
    int r = write_regions(b, &s->regions, &o, NULL, &result, err);
    return r < 0 ? r : write_verify(b, s->proof, &s->regions, NULL, v, err);
}

static const char *fact(const struct wtg_err *err, const char *key)
{
    for (size_t i = 0; i < err->nfacts; i++)
        if (strcmp(err->fact[i].key, key) == 0)
            return err->fact[i].value;
    return "";
}

static void an_honest_target_is_proved(void)
{
    struct scene s;
    struct wtg_err err = { 0 };
    struct write_verdict v;
    scene_init(&s);
    OK(write_and_prove(&s, s.mem, &v, &err), err);
    CHECK(v.bytes == s.written && v.rereads == 0);
    scene_release(&s);
}

enum { NO_FILE = -1, ANY_FILE = -2 };

static void lies_are_found_and_named(void)
{
#define IN_FILE(i) FILES_AT + (uint64_t)(i) * FILE_ROOM + 5000
    static const struct {
        const char *name;
        struct blk_lie lie;
        int file;         /* that is named */
        const char *text; /* that is said */
    } cases[] = {
        { "a write of one block is lost", { BLK_LIE_DROP, IN_FILE(5), 4096 }, 5, "other bytes" },
        { "one byte keeps its old value", { BLK_LIE_DROP, IN_FILE(29), 1 }, 29, "other bytes" },
        { "metadata is lost", { BLK_LIE_DROP, TABLES_AT + 9, 10 }, NO_FILE, "other bytes" },
        { "what was to be wiped stays", { BLK_LIE_DROP, 5000, 100 }, NO_FILE, "other bytes" },
        { "the boot sector is lost", { BLK_LIE_DROP, 4096 + 512, 512 }, NO_FILE, "other bytes" },
        { "everything is lost", { BLK_LIE_DROP, 0, TARGET_BYTES }, NO_FILE, "other bytes" },
        { "large writes are cut short", { BLK_LIE_SHORT, 0, 300000 }, ANY_FILE, "other bytes" },
        { "a bit is always wrong", { BLK_LIE_FLIP, IN_FILE(7), 0 }, 7, "read again" },
        { "a fake of a third", { BLK_LIE_WRAP, 8 * MIB, 0 }, ANY_FILE, "belongs to byte" },
        { "a fake of a half", { BLK_LIE_WRAP, 12 * MIB, 0 }, ANY_FILE, "belongs to byte" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene s;
        struct wtg_err err = { 0 };
        struct write_verdict v;
        struct blk *liar = NULL;
        scene_init(&s);
        OK(blk_lie_new(s.mem, &cases[i].lie, &liar, &err), err);
        int r = write_and_prove(&s, liar, &v, &err);
        bool named = cases[i].file == ANY_FILE ||
                     v.bad_blob == (cases[i].file == NO_FILE ? NULL : file[cases[i].file]);
        if (r != WTG_E_VERIFY || !named || !strstr(err.text, cases[i].text) || !err.hint[0]) {
            printf("# %s: %d %s, %zu others\n", cases[i].name, r, err.text, v.bad_others);
            CHECK(!cases[i].name);
        }
        if (cases[i].file >= 0) {
            CHECK(v.bad_others == 0);
            CHECK(v.bad_off <= cases[i].lie.off && cases[i].lie.off < v.bad_off + v.bad_bytes);
        }
        if (cases[i].lie.kind == BLK_LIE_WRAP)
            CHECK(strtoull(fact(&err, "verify.real_bytes"), NULL, 10) % cases[i].lie.off == 0);
        blk_free(liar);
        scene_release(&s);
    }
}

/* Two files of one content, one of them spoiled: no fake. */
static void twins_are_no_fake(void)
{
    struct scene s;
    struct wtg_err err = { 0 };
    struct write_verdict v;
    struct blk *liar = NULL;
    const struct blk_lie lie = { BLK_LIE_FLIP, FILES_AT + 4 * FILE_ROOM + 600000, 0 };

    scene_init(&s);
    for (size_t i = 0; i < s.regions.n; i++)
        if (s.regions.region[i].blob == file[4] || s.regions.region[i].blob == file[20])
            s.regions.region[i].blob = file[4];
    OK(blk_lie_new(s.mem, &lie, &liar, &err), err);
    CHECK(write_and_prove(&s, liar, &v, &err) == WTG_E_VERIFY);
    CHECK(v.bad_blob == file[4]);
    CHECK(!strstr(err.text, "belongs to"));
    blk_free(liar);
    scene_release(&s);
}

static void a_second_reading_may_be_right(void)
{
    struct scene s;
    struct wtg_err err = { 0 };
    struct write_verdict v;
    struct blk *liar = NULL;
    scene_init(&s);
    OK(blk_lie_new(s.mem, &(struct blk_lie){ BLK_LIE_FLIP, FILES_AT + 9, 1 }, &liar, &err), err);
    OK(write_and_prove(&s, liar, &v, &err), err);
    CHECK(v.bytes == s.written && v.rereads == 1);
    blk_free(liar);
    scene_release(&s);
}

static void what_cannot_be_read_is_not_proved(void)
{
    for (int broken = 0; broken < 2; broken++)
        for (long n = 0; n < 4; n++) {
            struct scene s;
            struct wtg_err err = { 0 };
            struct write_verdict v;
            struct blk *faulty = NULL;
            scene_init(&s);
            const struct blk_fault f = { n, -1, -1, .stays_broken = broken };
            OK(blk_fault_new(s.mem, &f, &faulty, &err), err);
            int r = write_and_prove(&s, faulty, &v, &err);
            if (broken) {
                CHECK(r == WTG_E_VERIFY && strstr(err.text, "cannot be read back"));
            } else {
                CHECK(r == 0 && v.bytes == s.written && v.rereads == 1);
            }
            blk_free(faulty);
            scene_release(&s);
        }
}

static void writes_that_fail_say_so(void)
{
    for (int no_space = 0; no_space < 2; no_space++)
        for (long n = 0;; n += 3) {
            struct scene s;
            struct wtg_err err = { 0 };
            struct write_verdict v;
            struct blk *faulty = NULL;
            scene_init(&s);
            const struct blk_fault f = { -1, n, -1, .stays_broken = true, .no_space = no_space };
            OK(blk_fault_new(s.mem, &f, &faulty, &err), err);
            int r = write_and_prove(&s, faulty, &v, &err);
            CHECK(r == 0 || r == (no_space ? WTG_E_NO_SPACE : WTG_E_IO));
            CHECK(r == 0 || memcmp(blk_mem_bytes(s.mem) + 4096 + 512, "boot", 5) != 0 || n > 5);
            blk_free(faulty);
            scene_release(&s);
            if (r == 0)
                break;
        }
}

static void stop(const struct wtg_progress *p, void *user)
{
    struct wtg_job *job = user;
    CHECK(p->done <= p->total);
    if (strcmp(p->step, "verify") == 0 && p->done > MIB)
        atomic_store(&job->cancel, true);
}

static void reading_back_can_be_stopped(void)
{
    struct scene s;
    struct wtg_err err = { 0 };
    struct write_verdict v;
    struct wtg_job job = { .on_progress = stop };
    job.user = &job;
    scene_init(&s);
    OK(write_and_prove(&s, s.mem, &v, &err), err);
    CHECK(write_verify(s.mem, s.proof, &s.regions, &job, &v, &err) == WTG_E_CANCELLED);
    scene_release(&s);
}

static void too_little_memory_is_said(void)
{
    struct scene s;
    struct wtg_err err = { 0 };
    struct write_result result;
    const struct write_opts o = { .decoders = 2, .memory_bytes = 8 * MIB };
    scene_init(&s);
    CHECK(write_regions(s.mem, &s.regions, &o, NULL, &result, &err) == WTG_E_NOMEM);
    CHECK(strstr(err.hint, "--memory") != NULL);
    scene_release(&s);
}

static const struct test tests[] = {
    TEST(an_honest_target_is_proved),
    TEST(lies_are_found_and_named),
    TEST(twins_are_no_fake),
    TEST(a_second_reading_may_be_right),
    TEST(what_cannot_be_read_is_not_proved),
    TEST(writes_that_fail_say_so),
    TEST(reading_back_can_be_stopped),
    TEST(too_little_memory_is_said),
};
TEST_MAIN(tests)
