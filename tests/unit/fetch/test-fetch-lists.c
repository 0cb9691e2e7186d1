/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of checksums, and Microsoft's list of images. */
#include "test.h"

#include "base/mem.h"
#include "fetch-fixture.h"
#include "fetch/catalog.h"
#include "fetch/sums.h"

static void sums_in_lists(void)
{
    static const struct {
        const char *list, *want; /* NULL: an error */
        int error;
    } rows[] = {
        { SHA256_A "  w.iso\n", SHA256_A, 0 },
        { SHA256_B "  other\n" SHA256_A " *w.iso\r\n", SHA256_A, 0 },
        { "SHA256 (w.iso) = " SHA256_A, SHA256_A, 0 },
        { "\xef\xbb\xbf" SHA256_A "  ./w.iso\n", SHA256_A, 0 },
        { SHA256_A "  images/x64/w.iso\n", SHA256_A, 0 },
        { SHA256_B "  old/w.iso\n" SHA256_A "  w.iso\n", SHA256_A, 0 },
        { "# a comment\n\n" MD5_A "  w.iso\n" SHA256_A "  w.iso\n" SHA1_A "  w.iso\n", SHA256_A,
          0 },
        { SHA1_A "  w.iso\n", SHA1_A, 0 },
        { SHA256_A "\n", SHA256_A, 0 },
        { SHA256_A, SHA256_A, 0 },
        { SHA256_A "  w.iso\n" SHA256_A "  w.iso\n", SHA256_A, 0 },
        { "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nSHA256 (w.iso) = " SHA256_A
          "\n-----BEGIN PGP SIGNATURE-----\n",
          SHA256_A, 0 },
        { SHA256_A "  w.iso\n" SHA256_B "  w.iso\n", NULL, WTG_E_IMAGE_FORMAT },
        { SHA256_A "  w.iso.torrent\n", NULL, WTG_E_NOT_FOUND },
        { SHA256_A "  W.ISO\n", NULL, WTG_E_NOT_FOUND },
        { SHA256_A " w.iso\n", NULL, WTG_E_IMAGE_FORMAT },
        { SHA256_A "\n" SHA256_B "\n", NULL, WTG_E_NOT_FOUND },
        { "SHA256 (w.iso) = " SHA1_A "\n", NULL, WTG_E_IMAGE_FORMAT },
        { "SHA3 (w.iso) = " SHA256_A "\n", NULL, WTG_E_IMAGE_FORMAT },
        { "SHA256 () = " SHA256_A "\n", NULL, WTG_E_IMAGE_FORMAT },
        { "<html>not here</html>", NULL, WTG_E_IMAGE_FORMAT },
        { "", NULL, WTG_E_IMAGE_FORMAT },
    };
    const char *const name[] = { "w.iso", NULL };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wtg_err err = { 0 };
        struct wanted_sum got, want;
        int r = sums_find(text_span(rows[i].list), name, &got, &err);
        if (rows[i].want) {
            OK(r, err);
            enum hash_kind kind = strlen(rows[i].want) == 40 ? HASH_SHA1 : HASH_SHA256;
            CHECK(sums_parse(kind, rows[i].want, strlen(rows[i].want), &want));
            CHECK(got.kind == kind && memcmp(got.digest, want.digest, hash_bytes(kind)) == 0);
        } else {
            if (r != rows[i].error)
                printf("# row %zu: %s\n", i, err.text);
            CHECK(r == rows[i].error);
        }
    }
}

static void a_list_without_the_name_says_what_it_has(void)
{
    struct wtg_err err = { 0 };
    struct wanted_sum got;
    const char *const name[] = { "w.iso", "mine.iso", NULL };

    CHECK(sums_find(text_span(SHA256_A "  a.iso\n" SHA256_B "  b\x1b[31m.iso\n"), name, &got,
                    &err) == WTG_E_NOT_FOUND);
    CHECK(strstr(err.text, "'a.iso', 'b?[31m.iso'"));
    CHECK(sums_find(text_span(SHA256_A "  mine.iso\n"), name, &got, &err) ==
          0); /* the second name */
}

static void escaped_names(void)
{
    struct wtg_err err = { 0 };
    struct wanted_sum got;
    const char *const odd[] = { "a\\b\nc", NULL }, *const plain[] = { "a\\\\b", NULL };

    OK(sums_find(text_span("\\" SHA256_A "  a\\\\b\\nc\n"), odd, &got, &err), err);
    OK(sums_find(text_span(SHA256_A "  a\\\\b\n"), plain, &got, &err), err);
    CHECK(sums_find(text_span("\\" SHA256_A "  a\\\\b\n"), plain, &got, &err) == WTG_E_NOT_FOUND);
}

static void several_hashes_at_once(void)
{
    struct wtg_err err = { 0 };
    struct sums s = { { NULL }, { { 0 } } };
    struct wanted_sum want;

    OK(sums_begin(&s, 1u << HASH_SHA256 | 1u << HASH_MD5 | 1u << HASH_SHA1, &err), err);
    sums_add(&s, "", 0);
    sums_end(&s);
    CHECK(sums_parse(HASH_SHA256, SHA256_A, 64, &want) &&
          !memcmp(want.digest, s.digest[HASH_SHA256], 32));
    CHECK(sums_parse(HASH_SHA1, SHA1_A, 40, &want) &&
          !memcmp(want.digest, s.digest[HASH_SHA1], 20));
    CHECK(sums_parse(HASH_MD5, MD5_A, 32, &want) && !memcmp(want.digest, s.digest[HASH_MD5], 16));
    CHECK(!s.hash[HASH_SHA512] && !sums_parse(HASH_SHA512, SHA256_A, 64, &want));
    sums_release(&s);
}

/* The catalogue. */

static size_t count(const struct wtg_catalog *c, const struct wtg_catalog_filter *f)
{
    size_t n = 0;

    while (catalog_find(c, f, n))
        n++;
    return n;
}

static void catalog_rows(void)
{
    struct wtg_err err = { 0 };
    struct wtg_catalog *c = NULL;
    const struct wtg_catalog_filter all = { 0 };

    OK(catalog_parse(text_span(SAMPLE_CATALOG), &c, &err), err);
    CHECK(count(c, &all) == 3);
    const struct wtg_catalog_file *f = catalog_find(c, &all, 0);
    CHECK(strcmp(f->editions, "Core Professional") == 0 && strcmp(f->build, "19045.3803") == 0);
    CHECK(f->size_bytes == 100 && strcmp(f->sha1, SHA1_A) == 0 && !f->sha256[0] && !f->encrypted);
    f = catalog_find(c, &all, 1);
    CHECK(strcmp(f->architecture, "arm64") == 0 && strcmp(f->sha256, SHA256_A) == 0);
    f = catalog_find(c, &all, 2);
    CHECK(strcmp(f->architecture, "x64") == 0 && f->encrypted && !f->build[0]);
    static const struct {
        struct wtg_catalog_filter f;
        size_t n;
    } rows[] = {
        { { "DE-de", NULL, NULL, NULL }, 1 },
        { { NULL, "professional", NULL, NULL }, 1 },
        { { NULL, "Prof", NULL, NULL }, 0 },
        { { NULL, "enterprise", NULL, NULL }, 2 },
        { { NULL, NULL, "amd64", NULL }, 2 },
        { { NULL, NULL, "AARCH64", NULL }, 1 },
        { { NULL, NULL, NULL, "19045" }, 1 },
        { { NULL, NULL, NULL, "19045.3803" }, 1 },
        { { NULL, NULL, NULL, "19045.38" }, 0 },
        { { NULL, NULL, NULL, "1904" }, 0 },
        { { "zh-cn", "Enterprise", "arm64", "26100" }, 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(count(c, &rows[i].f) == rows[i].n);
    catalog_free(c);
}

static void rows_that_cannot_be_used_are_left_away(void)
{
    static const char *const rows[] = {
        FILE_ROW("../x", "l", "e", "x64", "1", SHA1_TAG, "http://x/1", ""),
        FILE_ROW("x", "l", "e", "x64", "0", SHA1_TAG, "http://x/1", ""),
        FILE_ROW("x", "l", "e", "x64", "-1", SHA1_TAG, "http://x/1", ""),
        FILE_ROW("x", "l", "e", "x64", "99999999999999999999", SHA1_TAG, "http://x/1", ""),
        FILE_ROW("x", "l", "e", "x64", "1", "<Sha1>00</Sha1>", "http://x/1", ""),
        FILE_ROW("x", "l", "e", "x64", "1", SHA1_TAG, "file:///etc/passwd", ""),
        FILE_ROW("x", "l", "e", "x64", "1", SHA1_TAG, "/x", ""),
        "<File/>",
        "",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wtg_err err = { 0 };
        struct wtg_catalog *c = NULL;
        char text[2000];
        snprintf(text, sizeof text, "<PublishedMedia><Files>%s</Files></PublishedMedia>", rows[i]);
        CHECK(catalog_parse(text_span(text), &c, &err) == WTG_E_IMAGE_FORMAT);
    }
}

static void what_is_no_catalog(void)
{
    static const char *const texts[] = {
        "",
        "MSCF",
        "MSCF and more that is no cabinet at all, however long it may be",
        "<MCT>",
        "hello",
        "<?xml version=\"1.0\"?><!DOCTYPE m [<!ENTITY a \"aaaa\"><!ENTITY b "
        "\"&a;&a;&a;\">]><m>&b;</m>",
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct wtg_err err = { 0 };
        struct wtg_catalog *c = NULL;
        CHECK(catalog_parse(text_span(texts[i]), &c, &err) == WTG_E_IMAGE_FORMAT);
    }
}

static const struct test tests[] = {
    TEST(sums_in_lists),      TEST(a_list_without_the_name_says_what_it_has),
    TEST(escaped_names),      TEST(several_hashes_at_once),
    TEST(catalog_rows),       TEST(rows_that_cannot_be_used_are_left_away),
    TEST(what_is_no_catalog),
};
TEST_MAIN(tests)
