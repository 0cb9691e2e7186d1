/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixture.h"

/* Where the first record of that kind stands in the file; `nth` counts from 0. */
static size_t find_record(struct bytes b, const char *magic, unsigned nth)
{
    for (size_t i = HIVE_BINS_AT + 32; i + 4 < b.n; i += HIVE_CELL_STEP)
        if (memcmp(b.p + i + 4, magic, 2) == 0 && le32_at(b.p + i) >> 31 && nth-- == 0)
            return i + 4;
    return 0;
}

/* One damage each: of a record (magic NULL: of the file) at an offset a new u32. */
static const struct {
    const char *name;
    const char *magic;
    unsigned nth;
    size_t off;
    uint32_t value;
    int code;
} damages[] = {
    { "no regf", NULL, 0, 0, 0x66666666, WTG_E_HIVE_DAMAGED },
    { "dirty", NULL, 0, 4, 77, WTG_E_HIVE_DIRTY },
    { "major version", NULL, 0, 0x14, 2, WTG_E_UNSUPPORTED },
    { "layered keys", NULL, 0, 0x18, 6, WTG_E_UNSUPPORTED },
    { "a log, not a hive", NULL, 0, 0x1c, 6, WTG_E_UNSUPPORTED },
    { "root nowhere", NULL, 0, 0x24, 0x7ffffff8, WTG_E_HIVE_DAMAGED },
    { "root not aligned", NULL, 0, 0x24, 0x24, WTG_E_HIVE_DAMAGED },
    { "bins beyond the file", NULL, 0, 0x28, 0x100000, WTG_E_HIVE_DAMAGED },
    { "no bins", NULL, 0, 0x28, 0, WTG_E_HIVE_DAMAGED },
    { "half a bin", NULL, 0, 0x28, 0x800, WTG_E_HIVE_DAMAGED },
    { "bin without mark", NULL, 0, 0x1000, 0, WTG_E_HIVE_DAMAGED },
    { "bin elsewhere", NULL, 0, 0x1004, 0x1000, WTG_E_HIVE_DAMAGED },
    { "bin of no size", NULL, 0, 0x1008, 0, WTG_E_HIVE_DAMAGED },
    { "bin too large", NULL, 0, 0x1008, 0x7ffff000, WTG_E_HIVE_DAMAGED },
    { "cell of no size", NULL, 0, 0x1020, 0, WTG_E_HIVE_DAMAGED },
    { "cell of least size", NULL, 0, 0x1020, 0x80000000, WTG_E_HIVE_DAMAGED },
    { "cell too large", NULL, 0, 0x1020, 0x2000, WTG_E_HIVE_DAMAGED },
    { "root cell free", NULL, 0, 0x1020, 0x58, WTG_E_HIVE_DAMAGED },
    { "key: many subkeys", "nk", 0, 0x14, 1000, WTG_E_HIVE_DAMAGED },
    { "key: subkeys nowhere", "nk", 0, 0x1c, 0xffffffff, WTG_E_HIVE_DAMAGED },
    { "key: subkeys in itself", "nk", 0, 0x1c, 0x20, WTG_E_HIVE_DAMAGED },
    { "key: no descriptor", "nk", 0, 0x2c, 0xffffffff, WTG_E_HIVE_DAMAGED },
    { "key: itself as descriptor", "nk", 0, 0x2c, 0x20, WTG_E_HIVE_DAMAGED },
    { "key: many values", "nk", 3, 0x24, 0x40000000, WTG_E_HIVE_DAMAGED },
    { "key: values nowhere", "nk", 3, 0x28, 0xfffffff8, WTG_E_HIVE_DAMAGED },
    { "key: name too long", "nk", 1, 0x48, 0xffff, WTG_E_HIVE_DAMAGED },
    { "list: many", "lh", 0, 0, 0xffff686c, WTG_E_HIVE_DAMAGED },
    { "list: other kind", "lh", 0, 0, 0x00016969, WTG_E_HIVE_DAMAGED },
    { "list: the root again", "lh", 0, 4, 0x20, WTG_E_HIVE_DAMAGED },
    { "list: nested in itself", "lh", 0, 0, 0x00016972, WTG_E_HIVE_DAMAGED },
    { "value: name too long", "vk", 0, 0, 0xffff6b76, WTG_E_HIVE_DAMAGED },
    { "value: long inline", "vk", 0, 4, 0x80000005, WTG_E_HIVE_DAMAGED },
    { "value: data nowhere", "vk", 0, 4, 100, WTG_E_HIVE_DAMAGED },
    { "value: not a value", "vk", 0, 0, 0x00006a76, WTG_E_HIVE_DAMAGED },
};

static void every_damage_is_named(void)
{
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        struct wtg_err err = { 0 };
        struct bytes b = small_hive();
        size_t base = damages[i].magic ? find_record(b, damages[i].magic, damages[i].nth) : 0;
        put_le32(b.p + base + damages[i].off, damages[i].value);
        fix_checksum(b);
        int r = hive_check(span_of(b), "SYSTEM", &err);
        if (r != damages[i].code || !strstr(err.text, "'SYSTEM'"))
            printf("# %s: %d %s\n", damages[i].name, r, err.text);
        CHECK(r == damages[i].code);
        CHECK(strstr(err.text, "registry hive 'SYSTEM'"));
        free(b.p);
    }
}

static void wrong_checksum(void)
{
    struct wtg_err err = { 0 };
    struct bytes b = small_hive();
    b.p[HIVE_SUMMED] ^= 1;
    CHECK(hive_check(span_of(b), "SYSTEM", &err) == WTG_E_HIVE_DAMAGED);
    CHECK(strstr(err.text, "checksum"));
    free(b.p);
}

static void dirty_hive_has_a_hint(void)
{
    struct wtg_err err = { 0 };
    struct bytes b = small_hive();
    put_le32(b.p + 4, 9);
    fix_checksum(b);
    struct hive *h = NULL;
    CHECK(hive_open(span_of(b), "SYSTEM", true, &h, &err) == WTG_E_HIVE_DIRTY);
    CHECK(h == NULL && strstr(err.text, "SYSTEM") && err.hint[0]);
    free(b.p);
}

static void truncated_hives_are_refused(void)
{
    struct bytes b = small_hive();
    for (size_t n = 0; n < b.n; n += 61) {
        struct wtg_err err = { 0 };
        CHECK(hive_check((struct wtg_span){ b.p, n }, "T", &err) < 0);
    }
    free(b.p);
}

static void slack_behind_the_bins_is_fine(void)
{
    struct wtg_err err = { 0 };
    struct bytes b = small_hive();
    struct hive *h = NULL;
    hive_key k = 0;
    size_t more = b.n + 5000;
    b.p = realloc(b.p, more);
    memset(b.p + b.n, 0xee, more - b.n);
    b.n = more;
    OK(hive_open(span_of(b), "T", true, &h, &err), err);
    OK(hive_make(h, hive_root(h), "New", &k, &err), err);
    hive_free(h);
    free(b.p);
}

/* Whatever byte is wrong: refused, or readable without a crash. */
static void any_byte_may_be_wrong(void)
{
    struct bytes b = small_hive();
    static const uint8_t flips[] = { 0x01, 0x80, 0xff };
    size_t opened = 0;
    for (size_t at = 0; at < b.n; at++) {
        if (b.p[at] == 0 && at % 16)
            continue; /* mostly free space */
        for (size_t i = 0; i < ARRAY_LEN(flips); i++) {
            struct wtg_err err = { 0 };
            struct hive *h = NULL;
            hive_key k = 0;
            uint8_t *out = NULL;
            size_t n = 0;
            b.p[at] ^= flips[i];
            fix_checksum(b);
            if (hive_open(span_of(b), "T", true, &h, &err) == 0) {
                opened++;
                visit(h, hive_root(h), 0);
                if (hive_make(h, hive_root(h), "Alpha\\Beta\\Gamma", &k, &err) == 0 &&
                    hive_set_dword(h, k, "number", 1, &err) == 0 &&
                    hive_commit(h, &out, &n, &err) == 0)
                    free(out);
                hive_free(h);
            }
            b.p[at] ^= flips[i];
        }
    }
    CHECK(opened > 100);
    free(b.p);
}

static struct bytes new_log(const uint32_t *sequence, size_t n)
{
    struct bytes log = { calloc(1, 512 + n * 1024), 512 + n * 1024 };
    memcpy(log.p, "regf", 4);
    put_le32(log.p + 0x1c, 6);
    for (size_t i = 0; i < n; i++) {
        uint8_t *e = log.p + 512 + i * 1024;
        memcpy(e, "HvLE", 4);
        put_le32(e + 4, 1024);
        put_le32(e + 12, sequence[i]);
    }
    return log;
}

static void logs_of_windows_8_and_later(void)
{
    struct wtg_err err = { 0 };
    struct bytes hive = small_hive();
    put_le32(hive.p + 4, 40);
    put_le32(hive.p + 8, 40);
    struct bytes older = new_log((uint32_t[]){ 38, 39, 40 }, 3);
    struct bytes newer = new_log((uint32_t[]){ 39, 40, 41, 3 }, 4);
    OK(hive_check_log(span_of(hive), span_of(older), "SYSTEM", "SYSTEM.LOG1", &err), err);
    CHECK(hive_check_log(span_of(hive), span_of(newer), "SYSTEM", "SYSTEM.LOG2", &err) ==
          WTG_E_HIVE_DIRTY);
    CHECK(strstr(err.text, "'SYSTEM'") && strstr(err.text, "'SYSTEM.LOG2'") && err.hint[0]);
    put_le32(newer.p + 512 + 4, 0); /* an entry without size ends the log */
    OK(hive_check_log(span_of(hive), span_of(newer), "SYSTEM", "SYSTEM.LOG1", &err), err);
    for (size_t n = 0; n < older.n; n += 7)
        CHECK(hive_check_log(span_of(hive), (struct wtg_span){ older.p, n }, "S", "L", &err) == 0);
    free(hive.p);
    free(older.p);
    free(newer.p);
}

static void logs_of_windows_7(void)
{
    struct wtg_err err = { 0 };
    struct bytes hive = small_hive();
    uint8_t log[1024] = "regf";
    memcpy(log + 512, "DIRT", 4);
    put_le32(hive.p + 4, 40);
    put_le32(hive.p + 8, 40);
    put_le32(log + 4, 40);
    put_le32(log + 8, 40);
    struct wtg_span span = { log, sizeof log };
    OK(hive_check_log(span_of(hive), span, "SYSTEM", "SYSTEM.LOG1", &err), err);
    put_le32(log + 4, 41); /* begun, not finished: Windows does not use it */
    OK(hive_check_log(span_of(hive), span, "SYSTEM", "SYSTEM.LOG1", &err), err);
    put_le32(log + 8, 41);
    CHECK(hive_check_log(span_of(hive), span, "SYSTEM", "SYSTEM.LOG1", &err) == WTG_E_HIVE_DIRTY);
    memset(log, 0, sizeof log);
    OK(hive_check_log(span_of(hive), span, "SYSTEM", "SYSTEM.LOG1", &err), err);
    free(hive.p);
}

static const struct test tests[] = {
    TEST(every_damage_is_named),         TEST(wrong_checksum),
    TEST(dirty_hive_has_a_hint),         TEST(truncated_hives_are_refused),
    TEST(slack_behind_the_bins_is_fine), TEST(any_byte_may_be_wrong),
    TEST(logs_of_windows_8_and_later),   TEST(logs_of_windows_7),
};
TEST_MAIN(tests)
