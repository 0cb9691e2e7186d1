/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include <errno.h>

#include "base/guid.h"
#include "base/hash.h"
#include "base/le.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/utf16.h"

static void every_error_has_its_own_number_name_and_exit_code(void)
{
    static const int codes[] = {
#define E(name, num, exit, text) num,
        WTG_ERRORS(E)
#undef E
    };
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        CHECK(i == 0 || codes[i] > codes[i - 1]);
        CHECK(wtg_code_exit(-codes[i]) >= 1);
        CHECK(wtg_code_text(-codes[i])[0] != '\0');
    }
    CHECK(strcmp(wtg_code_name(-999), "BUG") == 0);
    CHECK(wtg_code_exit(0) == 0);
    CHECK(wtg_code_exit(WTG_E_CANCELLED) == 130);
    CHECK(wtg_code_exit(WTG_E_DISK_IN_USE) == 4);
}

static void context_goes_in_front(void)
{
    struct wtg_err err = { 0 };
    CHECK(wtg_fail_errno(&err, ENOSPC, "writing '%s'", "x") == WTG_E_NO_SPACE);
    CHECK(wtg_because(&err, "step %d", 3) == WTG_E_NO_SPACE);
    CHECK(strncmp(err.text, "step 3: writing 'x': ", 21) == 0);
    CHECK(err.sys == ENOSPC);
}

static void long_contexts_are_cut_not_overrun(void)
{
    struct wtg_err err = { 0 };
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    wtg_fail(&err, WTG_E_IO, "%s", text);
    for (int i = 0; i < 5; i++)
        wtg_because(&err, "%s", text);
    CHECK(strlen(err.text) < sizeof err.text);
    for (int i = 0; i < 20; i++)
        wtg_fact(&err, "k", "%s", text);
    CHECK(err.nfacts == 8);
}

static void spans_never_reach_outside(void)
{
    static const struct { uint64_t off, len; bool inside; } cases[] = {
        { 0, 4, true }, { 4, 0, true }, { 0, 5, false }, { 5, 0, false }, { 3, 2, false },
        { UINT64_MAX, 1, false }, { 1, UINT64_MAX, false }, { UINT64_MAX, UINT64_MAX, false },
    };
    static const uint8_t bytes[4];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK((span_at((struct wtg_span){ bytes, 4 }, cases[i].off, cases[i].len) != NULL) ==
              cases[i].inside);
}

static void little_endian_both_ways(void)
{
    uint8_t b[8];
    put_le64(b, UINT64_C(0x8877665544332211));
    CHECK(b[0] == 0x11 && b[7] == 0x88);
    CHECK(le64_at(b) == UINT64_C(0x8877665544332211));
    CHECK(get_le32(to_le32(0xdeadbeef)) == 0xdeadbeef);
    CHECK(get_le16(to_le16(0xbeef)) == 0xbeef);
}

static void utf16_round_trips(void)
{
    static const struct { const char *name; uint16_t unit[4]; size_t n; const char *utf8; } cases[] = {
        { "ascii", { 'a', 'b' }, 2, "ab" },
        { "two bytes", { 0xe9 }, 1, "\xc3\xa9" },
        { "chinese", { 0x4e2d, 0x6587 }, 2, "\xe4\xb8\xad\xe6\x96\x87" },
        { "beyond the BMP", { 0xd83d, 0xde00 }, 2, "\xf0\x9f\x98\x80" },
        { "lone high surrogate", { 0xd83d, 'x' }, 2, "\xed\xa0\xbdx" },
        { "lone low surrogate", { 0xde00 }, 1, "\xed\xb8\x80" },
        { "empty", { 0 }, 0, "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct wtg_err err = { 0 };
        char buf[32];
        uint16_t *back = NULL;
        size_t n = 0;
        utf16_to_utf8(cases[i].unit, cases[i].n, buf, sizeof buf);
        CHECK(strcmp(buf, cases[i].utf8) == 0);
        OK(utf16_from_utf8(buf, &back, &n, &err), err);
        CHECK(n == cases[i].n && memcmp(back, cases[i].unit, n * 2) == 0);
        free(back);
    }
}

static void bad_utf8_is_refused(void)
{
    static const char *const cases[] = { "\xff", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xf8\x88\x80\x80\x80",
                                         "\xf4\x90\x80\x80", "a\x80", "\xe4\xb8" };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct wtg_err err = { 0 };
        uint16_t *units = NULL;
        size_t n;
        CHECK(utf16_from_utf8(cases[i], &units, &n, &err) == WTG_E_USAGE);
        CHECK(units == NULL);
    }
}

static void utf8_is_cut_between_characters(void)
{
    static const uint16_t s[] = { 0x4e2d, 0x6587 };
    char buf[5];
    CHECK(utf16_to_utf8(s, 2, buf, sizeof buf) == 3);
    CHECK(strcmp(buf, "\xe4\xb8\xad") == 0);
}

static void known_hashes(void)
{
    uint8_t d[SHA256_BYTES], e[SHA1_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    struct hash *h = NULL;
    struct wtg_err err = { 0 };
    hash_sha1("abc", 3, e);
    hash_hex(e, SHA1_BYTES, hex);
    CHECK(strcmp(hex, "a9993e364706816aba3e25717850c26c9cd0d89d") == 0);
    OK(hash_new(HASH_SHA256, &h, &err), err);
    for (int i = 0; i < 2; i++) {
        hash_reset(h);
        hash_add(h, "a", 1);
        hash_add(h, "bc", 2);
        hash_end(h, d);
        hash_hex(d, SHA256_BYTES, hex);
        CHECK(strcmp(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0);
    }
    hash_free(h);
}

static void guids_read_and_print(void)
{
    struct guid g;
    char text[GUID_TEXT_BYTES];
    CHECK(guid_parse("{9DEA862C-5cdd-4e70-acc1-f32b344d4795}", &g));
    CHECK(g.b[0] == 0x2c && g.b[3] == 0x9d && g.b[15] == 0x95);
    guid_text(&g, text);
    CHECK(strcmp(text, "9dea862c-5cdd-4e70-acc1-f32b344d4795") == 0);
    static const char *const bad[] = { "", "{", "9dea862c", "9dea862c-5cdd-4e70-acc1-f32b344d479",
        "9dea862c-5cdd-4e70-acc1-f32b344d4795x", "{9dea862c-5cdd-4e70-acc1-f32b344d4795",
        "9dea862cx5cdd-4e70-acc1-f32b344d4795", "9dea862g-5cdd-4e70-acc1-f32b344d4795" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK(!guid_parse(bad[i], &g));
}

static void a_seed_gives_the_same_again(void)
{
    struct seed s = seed_from_text("x"), t = seed_from_text("y"), r = seed_random();
    struct guid a = seed_guid(&s, "disk"), b = seed_guid(&s, "disk"), c = seed_guid(&s, "esp");
    struct guid d = seed_guid(&t, "disk"), e = seed_guid(&r, "disk");
    CHECK(memcmp(&a, &b, sizeof a) == 0);
    CHECK(memcmp(&a, &c, sizeof a) != 0 && memcmp(&a, &d, sizeof a) != 0 && memcmp(&a, &e, sizeof a) != 0);
    CHECK((a.b[7] & 0xf0) == 0x40 && (a.b[8] & 0xc0) == 0x80);
    CHECK(seed_u64(&s, "serial") == seed_u64(&s, "serial") && seed_u64(&s, "serial") != 0);
}

static void arenas_give_zeroed_aligned_memory(void)
{
    struct arena a = { 0 };
    struct wtg_err err = { 0 };
    static const size_t sizes[] = { 1, 7, 8, 0, 100000, 300000, 5, 262144, 1 };
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        uint8_t *p = arena_alloc(&a, sizes[i], &err);
        REQUIRE(p != NULL);
        CHECK((uintptr_t)p % 8 == 0);
        for (size_t k = 0; k < sizes[i]; k++)
            CHECK(p[k] == 0);
        memset(p, 0xff, sizes[i]);
    }
    CHECK(arena_alloc(&a, SIZE_MAX, &err) == NULL && err.code == WTG_E_NOMEM);
    arena_release(&a);
}

static void ticks_carry_cancellation(void)
{
    struct wtg_err err = { 0 };
    struct wtg_job job = { 0 };
    const struct wtg_progress p = { "write-data", "bytes", 5, 10 };
    CHECK(wtg_tick(NULL, &p, &err) == 0);
    CHECK(wtg_tick(&job, &p, &err) == 0);
    atomic_store(&job.cancel, true);
    CHECK(wtg_tick(&job, &p, &err) == WTG_E_CANCELLED);
}

static const struct test tests[] = {
    TEST(every_error_has_its_own_number_name_and_exit_code),
    TEST(context_goes_in_front),
    TEST(long_contexts_are_cut_not_overrun),
    TEST(spans_never_reach_outside),
    TEST(little_endian_both_ways),
    TEST(utf16_round_trips),
    TEST(bad_utf8_is_refused),
    TEST(utf8_is_cut_between_characters),
    TEST(known_hashes),
    TEST(guids_read_and_print),
    TEST(a_seed_gives_the_same_again),
    TEST(arenas_give_zeroed_aligned_memory),
    TEST(ticks_carry_cancellation),
};
TEST_MAIN(tests)
