/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files are told apart by their hash; the table and what a size alone says. */
#include <unistd.h>

#include "base/mem.h"
#include "recipe/identify.h"
#include "recipe/needs.h"
#include "test.h"

/* A table of the test's own: "abc" is published, and so is something else of three bytes. */
const struct wtg_known known_images[] = {
    { "another", 1, "x64", "en-US", 3,
      "00000000000000000000000000000000000000000000000000000000000000aa", "https://a" },
    { "abc", 2, "x64", "en-US", 3,
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "https://b" },
};
const size_t known_nimages = ARRAY_LEN(known_images);

static int identify(const char *text, struct wtg_identity *ret, struct wtg_err *err)
{
    char path[] = "/tmp/wtg-identify-XXXXXX";
    AUTO_FD fd = mkstemp(path);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        return WTG_E_IO;
    int r = identify_image(path, NULL, ret, err);
    unlink(path);
    return r;
}

static void a_published_image_is_named(void)
{
    struct wtg_identity id;
    struct wtg_err err = { 0 };
    OK(identify("abc", &id, &err), err);
    CHECK(id.known == &known_images[1]);
    CHECK(strcmp(id.sha256, known_images[1].sha256) == 0);
}

static void a_changed_one_is_only_as_long(void)
{
    struct wtg_identity id;
    struct wtg_err err = { 0 };
    OK(identify("abd", &id, &err), err);
    CHECK(!id.known && id.same_size);
    OK(identify("abcd", &id, &err), err);
    CHECK(!id.known && !id.same_size && id.size_bytes == 4);
}

static void windows_to_go_by_edition_and_build(void)
{
    static const struct {
        const char *edition;
        uint32_t build;
        enum wtg_togo want;
    } rows[] = {
        { "Enterprise", 9200, WTG_TOGO_OFFICIAL }, { "EnterpriseN", 18363, WTG_TOGO_OFFICIAL },
        { "Education", 17763, WTG_TOGO_OFFICIAL }, { "Enterprise", 19041, WTG_TOGO_LATER },
        { "EnterpriseS", 26100, WTG_TOGO_LATER },  { "Professional", 17763, WTG_TOGO_UNOFFICIAL },
        { "Core", 22631, WTG_TOGO_UNOFFICIAL },    { "Enterprise", 7601, WTG_TOGO_OLD },
        { "", 17763, WTG_TOGO_UNKNOWN },           { "Enterprise", 0, WTG_TOGO_UNKNOWN },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct wtg_edition e = { .edition_id = rows[i].edition, .build = rows[i].build };
        CHECK(needs_togo(&e) == rows[i].want);
    }
}

static const struct test tests[] = {
    TEST(a_published_image_is_named),
    TEST(a_changed_one_is_only_as_long),
    TEST(windows_to_go_by_edition_and_build),
};
TEST_MAIN(tests)
