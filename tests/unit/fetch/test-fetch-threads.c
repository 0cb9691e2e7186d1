/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hashing and syncing beside the network: the two threads of background.c. */
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "fetch/background.h"
#include "fetch/file.h"

enum { SIZE = 9000001 };

static int open_temp(void)
{
    char path[] = "/tmp/wtg-fetch-XXXXXX";
    int fd = mkstemp(path);

    if (fd >= 0)
        unlink(path);
    return fd;
}

static void the_hash_follows_the_prefix(void)
{
    struct wtg_err err = { 0 };
    struct sums s = { { NULL }, { { 0 } } };
    struct background *b = NULL;
    AUTO_FREE uint8_t *data = malloc(SIZE);
    AUTO_FD fd = open_temp();
    uint8_t want[SHA256_BYTES];
    uint64_t token = 0;
    int ended = 0;

    REQUIRE(fd >= 0 && data);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 13);
    hash_sha256(data, SIZE, want);
    OK(sums_begin(&s, 1u << HASH_SHA256, &err), err);
    OK(background_new(fd, &s, &b, &err), err);
    for (size_t at = 0; at < SIZE; at += 70001) {
        size_t n = (size_t)min_u64(70001, SIZE - at);
        OK(file_write_at(fd, at, data + at, n, &err), err);
        background_ready(b, at + n);
        background_sync(b, fd, at + n);
        ended += background_synced(b, &token, &err) == 1;
    }
    CHECK(background_finish(b, SIZE, NULL, &err) == 0);
    background_free(b);
    CHECK(memcmp(s.digest[HASH_SHA256], want, sizeof want) == 0);
    CHECK(token <= SIZE && (ended > 0) == (token > 0));
    sums_release(&s);
}

static void a_file_that_is_too_short_is_an_error(void)
{
    struct wtg_err err = { 0 };
    struct sums s = { { NULL }, { { 0 } } };
    struct background *b = NULL;
    AUTO_FD fd = open_temp();

    REQUIRE(fd >= 0);
    OK(sums_begin(&s, 1u << HASH_MD5, &err), err);
    OK(background_new(fd, &s, &b, &err), err);
    background_ready(b, SIZE);
    CHECK(background_finish(b, SIZE, NULL, &err) == WTG_E_IO);
    background_free(b);
    sums_release(&s);
}

static void it_can_be_stopped_at_any_time(void)
{
    struct wtg_err err = { 0 };
    struct wtg_job job = { .cancel = true };
    struct sums s = { { NULL }, { { 0 } } };
    struct background *b = NULL;
    AUTO_FD fd = open_temp();

    REQUIRE(fd >= 0 && ftruncate(fd, 400 << 20) == 0);
    for (int i = 0; i < 20; i++) {
        OK(sums_begin(&s, 1u << HASH_SHA512, &err), err);
        OK(background_new(fd, &s, &b, &err), err);
        background_ready(b, 400 << 20);
        background_sync(b, fd, 1);
        if (i % 2)
            CHECK(background_finish(b, 400 << 20, &job, &err) == WTG_E_CANCELLED);
        background_free(b);
        b = NULL;
    }
    sums_release(&s);
}

static const struct test tests[] = {
    TEST(the_hash_follows_the_prefix),
    TEST(a_file_that_is_too_short_is_an_error),
    TEST(it_can_be_stopped_at_any_time),
};
TEST_MAIN(tests)
