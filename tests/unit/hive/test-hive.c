/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixture.h"

static void empty_hive_is_one_bin(void)
{
    struct wtg_err err = { 0 };
    AUTO_FREE uint8_t *p = NULL;
    size_t n = 0;
    OK(hive_empty("ROOT", 5, 0, &p, &n, &err), err);
    CHECK(n == 8192);
    OK(hive_check((struct wtg_span){ p, n }, "TEST", &err), err);
    CHECK(hive_empty("", 5, 0, &p, &n, &err) == WTG_E_BUG);
}

static void values_come_back(void)
{
    struct wtg_err err = { 0 };
    struct bytes b = small_hive();
    struct hive *h = NULL;
    hive_key k = 0;
    struct hive_value v = { 0 };
    char text[64];
    OK(hive_open(span_of(b), "TEST", false, &h, &err), err);
    OK(hive_find(h, hive_root(h), "ALPHA\\beta\\Gamma", &k, &err), err);
    REQUIRE(k != HIVE_NO_KEY);
    OK(hive_get(h, k, "NUMBER", &v, &err), err);
    CHECK(v.type == HIVE_DWORD && v.len == 4 && le32_at(v.data) == 0x12345678);
    hive_value_release(&v);
    OK(hive_get(h, k, "text", &v, &err), err);
    CHECK(v.type == HIVE_SZ && v.len == 10 && hive_decode_text(v.data, v.len, text, 64) == 10 &&
          strcmp(text, "gr\xc3\xbc\xc3\x9f") == 0);
    hive_value_release(&v);
    OK(hive_get(h, k, "absent", &v, &err), err);
    CHECK(v.data == NULL);
    OK(hive_find(h, hive_root(h), "Alpha\\Delta", &k, &err), err);
    OK(hive_get(h, k, "list", &v, &err), err);
    CHECK(v.type == HIVE_MULTI_SZ && v.len == (4 + 6 + 3 + 1) * 2);
    size_t used = hive_decode_text(v.data, v.len, text, sizeof text);
    used += hive_decode_text(v.data + used, v.len - used, text, sizeof text);
    CHECK(strcmp(text, "zw\xc3\xb6lf") == 0);
    hive_decode_text(v.data + used, v.len - used, text, sizeof text);
    CHECK(strcmp(text, "\xf0\x9f\x92\xbe") == 0);
    hive_value_release(&v);
    OK(hive_get(h, k, "", &v, &err), err);
    CHECK(v.data && v.len == 0 && v.type == HIVE_NONE);
    hive_value_release(&v);
    OK(hive_find(h, hive_root(h), "Alpha\\Omega\\Delta", &k, &err), err);
    CHECK(k == HIVE_NO_KEY);
    CHECK(visit(h, hive_root(h), 0) == 5);
    hive_free(h);
    free(b.p);
}

static void changing_a_value_keeps_the_others(void)
{
    struct wtg_err err = { 0 };
    struct bytes b = small_hive(), after = { 0 };
    struct hive *h = NULL;
    hive_key k = 0;
    struct hive_value *v = NULL;
    size_t n = 0;
    OK(hive_open(span_of(b), "TEST", true, &h, &err), err);
    OK(hive_make(h, hive_root(h), "Alpha\\Beta\\Gamma", &k, &err), err);
    OK(hive_set_dword(h, k, "number", 7, &err), err);
    OK(hive_set_dword(h, k, "new", 8, &err), err);
    OK(hive_commit(h, &after.p, &after.n, &err), err);
    hive_free(h);
    CHECK(le32_at(after.p + 4) == le32_at(after.p + 8) && le32_at(after.p + 4) > le32_at(b.p + 4));
    OK(hive_open(span_of(after), "TEST", false, &h, &err), err);
    OK(hive_find(h, hive_root(h), "Alpha\\Beta\\Gamma", &k, &err), err);
    OK(hive_values(h, k, &v, &n, &err), err);
    CHECK(n == 4);
    CHECK(strcmp(v[0].name, "number") == 0 && le32_at(v[0].data) == 7);
    CHECK(strcmp(v[1].name, "text") == 0 && v[1].len == 10);
    CHECK(strcmp(v[2].name, "path") == 0 && v[2].type == HIVE_EXPAND_SZ);
    CHECK(strcmp(v[3].name, "new") == 0 && le32_at(v[3].data) == 8);
    hive_values_free(v, n);
    hive_free(h);
    free(b.p);
    free(after.p);
}

static void same_changes_give_same_bytes(void)
{
    struct bytes a = small_hive();
    usleep(20000);
    struct bytes b = small_hive();
    CHECK(a.n == b.n && a.p && memcmp(a.p, b.p, a.n) == 0);
    free(a.p);
    free(b.p);
}

static void long_values_are_refused(void)
{
    struct wtg_err err = { 0 };
    struct hive *h = NULL;
    hive_key k = 0;
    AUTO_FREE uint8_t *data = calloc(1, HIVE_MAX_VALUE + 1);
    OK(hive_new("TEST", "ROOT", 5, 0, &h, &err), err);
    OK(hive_make(h, hive_root(h), "A", &k, &err), err);
    OK(hive_set(h, k, "fits", HIVE_BINARY, data, HIVE_MAX_VALUE, &err), err);
    OK(hive_set_dword(h, k, "beside", 1, &err), err);
    CHECK(hive_set(h, k, "long", HIVE_BINARY, data, HIVE_MAX_VALUE + 1, &err) == WTG_E_UNSUPPORTED);
    hive_free(h);
}

/* Another hive's long value in the same key would be written back in a form Windows rejects. */
static void values_beside_a_long_one_are_left_alone(void)
{
    struct wtg_err err = { 0 };
    struct bytes b = { 0 };
    struct hive *h = NULL;
    hive_key k = 0;
    AUTO_FREE uint8_t *data = calloc(1, HIVE_MAX_VALUE);
    OK(hive_new("TEST", "ROOT", 5, 0, &h, &err), err);
    OK(hive_make(h, hive_root(h), "A", &k, &err), err);
    OK(hive_set(h, k, "v", HIVE_BINARY, data, HIVE_MAX_VALUE, &err), err);
    OK(hive_commit(h, &b.p, &b.n, &err), err);
    hive_free(h);
    for (size_t i = HIVE_BINS_AT; i + 20 < b.n; i += 4)
        if (memcmp(b.p + i, "vk", 2) == 0)
            put_le32(b.p + i + 4, HIVE_MAX_VALUE + 1);
    OK(hive_open(span_of(b), "TEST", true, &h, &err), err);
    OK(hive_find(h, hive_root(h), "A", &k, &err), err);
    CHECK(hive_set_dword(h, k, "x", 1, &err) == WTG_E_UNSUPPORTED);
    hive_free(h);
    free(b.p);
}

static void text_that_is_not_utf8_is_refused(void)
{
    struct wtg_err err = { 0 };
    struct hive *h = NULL;
    OK(hive_new("TEST", "ROOT", 5, 0, &h, &err), err);
    CHECK(hive_set_text(h, hive_root(h), "x", HIVE_SZ, "\xff", &err) == WTG_E_USAGE);
    hive_free(h);
}

static void decoded_text_is_cut_to_fit(void)
{
    char buf[4];
    CHECK(hive_decode_text((const uint8_t *)"a\0b\0c\0d\0e\0\0\0", 12, buf, sizeof buf) == 12);
    CHECK(strncmp("abcde", buf, strlen(buf)) == 0);
    CHECK(hive_decode_text((const uint8_t *)"a\0b", 3, buf, sizeof buf) == 3);
    CHECK(strcmp(buf, "a") == 0);
    CHECK(hive_decode_text(NULL, 0, buf, sizeof buf) == 0 && buf[0] == '\0');
}

static void many_keys_stay_in_order(void)
{
    struct wtg_err err = { 0 };
    struct hive *h = NULL;
    struct bytes b = { 0 };
    char name[32];
    hive_key k = 0, *child = NULL;
    size_t n = 0;
    OK(hive_new("TEST", "ROOT", 5, 0, &h, &err), err);
    for (unsigned i = 0; i < 600; i++) {
        snprintf(name, sizeof name, "key %03u", i * 7 % 600);
        OK(hive_make(h, hive_root(h), name, &k, &err), err);
        OK(hive_set_dword(h, k, "i", i, &err), err);
    }
    OK(hive_commit(h, &b.p, &b.n, &err), err);
    hive_free(h);
    OK(hive_open(span_of(b), "TEST", false, &h, &err), err);
    OK(hive_children(h, hive_root(h), &child, &n, &err), err);
    CHECK(n == 600);
    for (unsigned i = 0; i < n; i++) {
        char *got = NULL;
        OK(hive_key_name(h, child[i], &got, &err), err);
        snprintf(name, sizeof name, "key %03u", i);
        CHECK(strcmp(got, name) == 0);
        free(got);
    }
    free(child);
    hive_free(h);
    free(b.p);
}

static const struct test tests[] = {
    TEST(empty_hive_is_one_bin),
    TEST(values_come_back),
    TEST(changing_a_value_keeps_the_others),
    TEST(same_changes_give_same_bytes),
    TEST(long_values_are_refused),
    TEST(values_beside_a_long_one_are_left_alone),
    TEST(text_that_is_not_utf8_is_refused),
    TEST(decoded_text_is_cut_to_fit),
    TEST(many_keys_stay_in_order),
};
TEST_MAIN(tests)
