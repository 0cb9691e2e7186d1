/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "blk/blk.h"

static void no_access_reaches_outside(void)
{
    static const struct { uint64_t off; size_t n; bool inside; } cases[] = {
        { 0, 100, true }, { 99, 1, true }, { 100, 0, true }, { 100, 1, false }, { 101, 0, false },
        { UINT64_MAX, 1, false }, { 1, SIZE_MAX, false },
    };
    struct wtg_err err = { 0 };
    struct blk *b = NULL;
    static uint8_t buf[100];
    OK(blk_mem_new(100, &b, &err), err);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK((blk_read(b, cases[i].off, buf, cases[i].n, &err) == 0) == cases[i].inside);
        CHECK((blk_write(b, cases[i].off, buf, cases[i].n, &err) == 0) == cases[i].inside);
    }
    blk_free(b);
}

static void what_is_read_only_is_not_written(void)
{
    struct wtg_err err = { 0 };
    struct blk *b = NULL;
    OK(blk_mem_wrap("abc", 3, &b, &err), err);
    CHECK(blk_write(b, 0, "x", 1, &err) == WTG_E_BUG);
    blk_free(b);
}

static void slices_and_pieces(void)
{
    struct wtg_err err = { 0 };
    struct blk *b = NULL, *s = NULL, *e = NULL;
    char buf[16] = "";
    const struct blk_extent extent[] = { { 4, 3 }, { 0, 0 }, { BLK_HOLE, 2 }, { 0, 2 } };
    OK(blk_mem_wrap("0123456789", 10, &b, &err), err);
    OK(blk_slice_new(b, 2, 5, &s, &err), err);
    CHECK(blk_read(s, 1, buf, 4, &err) == 0 && memcmp(buf, "3456", 4) == 0);
    CHECK(blk_read(s, 2, buf, 4, &err) < 0);
    struct blk *none = NULL;
    CHECK(blk_slice_new(b, 8, 3, &none, &err) < 0 && none == NULL);
    OK(blk_extents_new(b, extent, ARRAY_LEN(extent), &e, &err), err);
    CHECK(e->size == 7);
    for (size_t off = 0; off < 7; off++)
        for (size_t n = 0; n <= 7 - off; n++) {
            CHECK(blk_read(e, off, buf, n, &err) == 0);
            CHECK(memcmp(buf, &"456\0\00001"[off], n) == 0);
        }
    blk_free(e);
    blk_free(s);
    blk_free(b);
}

static void faults_strike_once_or_for_good(void)
{
    struct wtg_err err = { 0 };
    struct blk *b = NULL, *f = NULL;
    char c;
    OK(blk_mem_wrap("abc", 3, &b, &err), err);
    OK(blk_fault_new(b, &(struct blk_fault){ 1, -1, -1, false, false }, &f, &err), err);
    CHECK(blk_read(f, 0, &c, 1, &err) == 0);
    CHECK(blk_read(f, 0, &c, 1, &err) == WTG_E_IO);
    CHECK(blk_read(f, 0, &c, 1, &err) == 0);
    blk_free(f);
    OK(blk_fault_new(b, &(struct blk_fault){ 1, -1, -1, true, false }, &f, &err), err);
    CHECK(blk_read(f, 0, &c, 1, &err) == 0);
    CHECK(blk_read(f, 0, &c, 1, &err) == WTG_E_IO);
    CHECK(blk_read(f, 0, &c, 1, &err) == WTG_E_IO);
    blk_free(f);
    blk_free(b);
}

static void files_take_aligned_and_odd_writes(void)
{
    char path[] = "/var/tmp/wtg-blk-XXXXXX"; /* a real file system, for O_DIRECT */
    struct wtg_err err = { 0 };
    struct blk *b = NULL, *again = NULL;
    int fd = mkstemp(path);
    enum { BYTES = 64 * 1024 };
    REQUIRE(fd >= 0 && ftruncate(fd, BYTES) == 0);
    AUTO_FREE uint8_t *want = malloc(BYTES), *got = malloc(BYTES), *page = aligned_alloc(4096, 8192);
    memset(want, 0, BYTES);
    OK(blk_from_fd(fd, BYTES, 512, &b, &err), err);
    static const struct { uint64_t off; size_t n; } writes[] = { { 0, 8192 }, { 8192, 100 }, { 8292, 3996 },
        { 12288, 4096 }, { 4000, 200 }, { 65535, 1 }, { 20480, 8192 }, { 24576, 4096 } };
    for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
        memset(page, (int)i + 1, 8192);
        memset(want + writes[i].off, (int)i + 1, writes[i].n);
        OK(blk_write(b, writes[i].off, page, writes[i].n, &err), err);
    }
    OK(blk_flush(b, &err), err);
    OK(blk_open(path, &again, &err), err);
    CHECK(again->size == BYTES);
    OK(blk_read(again, 0, got, BYTES, &err), err);
    CHECK(memcmp(want, got, BYTES) == 0);
    blk_free(again);
    blk_free(b);
    unlink(path);
}

static void a_file_that_shrinks_is_an_error(void)
{
    char path[] = "/tmp/wtg-blk-XXXXXX", buf[100];
    struct wtg_err err = { 0 };
    struct blk *b = NULL;
    int fd = mkstemp(path);
    REQUIRE(fd >= 0 && ftruncate(fd, 100) == 0);
    OK(blk_open(path, &b, &err), err);
    CHECK(ftruncate(fd, 50) == 0);
    CHECK(blk_read(b, 0, buf, 100, &err) == WTG_E_IO);
    blk_free(b);
    close(fd);
    unlink(path);
}

static void what_is_no_file_is_refused(void)
{
    struct wtg_err err = { 0 };
    struct blk *b = NULL;
    CHECK(blk_open("/", &b, &err) == WTG_E_IMAGE_FORMAT);
    CHECK(blk_open("/dev/null", &b, &err) == WTG_E_IMAGE_FORMAT);
    CHECK(blk_open("/nonexistent/x", &b, &err) == WTG_E_NOT_FOUND);
    CHECK(b == NULL);
}

/* Queues. */

enum { IOS = 40, IO_BYTES = 8192 };

/* Writes and reads in any order, aligned and odd ones, and the file is as if one after the other. */
static void check_queue(struct blk *b, unsigned depth)
{
    struct wtg_err err = { 0 };
    struct blk_queue *q = NULL;
    static struct blk_io io[IOS];
    uint8_t *buf = aligned_alloc(4096, IOS * IO_BYTES);

    OK(blk_queue_new(b, depth, &q, &err), err);
    for (int pass = 0; pass < 2; pass++) {
        unsigned back = 0;
        for (size_t i = 0; i < IOS; i++) {
            size_t odd = i % 5 == 3 ? 77 : 0;
            io[i] = (struct blk_io){ pass == 0, i * IO_BYTES + odd, buf + i * IO_BYTES, IO_BYTES - odd };
            memset(io[i].buf, pass == 0 ? (int)i + 1 : 0, IO_BYTES);
            struct blk_io *done = NULL;
            while (blk_queue_busy(q) == depth) {
                OK(blk_queue_get(q, 1000, &done, &err), err);
                back += done != NULL;
            }
            OK(blk_queue_put(q, &io[i], &err), err);
        }
        while (blk_queue_busy(q) > 0) {
            struct blk_io *done = NULL;
            OK(blk_queue_get(q, 1000, &done, &err), err);
            back += done != NULL;
        }
        CHECK(back == IOS);
        OK(blk_flush(b, &err), err);
        blk_forget(b);
    }
    for (size_t i = 0; i < IOS; i++)
        for (size_t k = 0; k < io[i].n; k++)
            REQUIRE(((uint8_t *)io[i].buf)[k] == i + 1);
    blk_queue_free(q);
    free(buf);
}

static int temporary(char path[64])
{
    snprintf(path, 64, "test-blk-XXXXXX"); /* in the build directory: /tmp may know no O_DIRECT */
    int fd = mkstemp(path);
    if (fd >= 0 && ftruncate(fd, IOS * IO_BYTES) < 0)
        abort();
    return fd;
}

static void queues_of_all_bricks(void)
{
    struct wtg_err err = { 0 };
    struct blk *file = NULL, *mem = NULL, *slice = NULL, *counting = NULL;
    char path[64];
    int fd = temporary(path);
    REQUIRE(fd >= 0);
    OK(blk_from_fd(fd, IOS * IO_BYTES, 512, &file, &err), err);
    OK(blk_mem_new(IOS * IO_BYTES, &mem, &err), err);
    OK(blk_slice_new(file, 0, file->size, &slice, &err), err);
    OK(blk_count_new(mem, &counting, &err), err);
    struct blk *const brick[] = { file, mem, slice, counting };
    for (size_t i = 0; i < ARRAY_LEN(brick); i++) {
        check_queue(brick[i], 8);
        check_queue(brick[i], 1);
    }
    for (size_t i = ARRAY_LEN(brick); i-- > 0;)
        blk_free(brick[i]);
    unlink(path);
}

static void a_queue_is_bounded(void)
{
    struct wtg_err err = { 0 };
    struct blk *file = NULL;
    struct blk_queue *q = NULL;
    struct blk_io *done = NULL;
    char path[64];
    int fd = temporary(path);
    uint8_t *buf = aligned_alloc(4096, 3 * 4096);
    struct blk_io io[] = { { true, 0, buf, 4096 },
                           { true, 4096, buf + 4096, 4096 },
                           { true, 8192, buf + 8192, 4096 },
                           { true, IOS * IO_BYTES, buf, 4096 } };
    REQUIRE(fd >= 0);
    memset(buf, 1, 3 * 4096);
    OK(blk_from_fd(fd, IOS * IO_BYTES, 512, &file, &err), err);
    CHECK(blk_queue_new(file, 0, &q, &err) == WTG_E_BUG);
    CHECK(blk_queue_new(file, BLK_QUEUE_MAX + 1, &q, &err) == WTG_E_BUG);
    OK(blk_queue_new(file, 2, &q, &err), err);
    CHECK(blk_queue_put(q, &io[3], &err) == WTG_E_IO); /* outside */
    CHECK(blk_queue_busy(q) == 0);
    CHECK(blk_queue_get(q, 0, &done, &err) == 0 && done == NULL);
    OK(blk_queue_put(q, &io[0], &err), err);
    OK(blk_queue_put(q, &io[1], &err), err);
    CHECK(blk_queue_put(q, &io[2], &err) == WTG_E_BUG);
    blk_queue_free(q); /* waits for the two */
    blk_free(file);
    unlink(path);
    free(buf);
}

/* Bricks that lie. */

static void lies(void)
{
    static const struct {
        struct blk_lie lie;
        size_t differs_from, differs_to; /* of 64 bytes that were written in four pieces */
    } cases[] = {
        { { BLK_LIE_DROP, 20, 10 }, 20, 30 },
        { { BLK_LIE_DROP, 0, 64 }, 0, 64 },
        { { BLK_LIE_SHORT, 0, 15 }, 15, 64 },
        { { BLK_LIE_FLIP, 63, 0 }, 63, 64 },
        { { BLK_LIE_WRAP, 32, 0 }, 0, 32 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct wtg_err err = { 0 };
        struct blk *mem = NULL, *liar = NULL;
        uint8_t in[64], out[64];
        size_t first = 64, last = 0;
        OK(blk_mem_new(64, &mem, &err), err);
        OK(blk_lie_new(mem, &cases[i].lie, &liar, &err), err);
        for (size_t k = 0; k < 64; k++)
            in[k] = (uint8_t)(k + 100);
        for (size_t k = 0; k < 64; k += 16)
            OK(blk_write(liar, k, in + k, 16, &err), err);
        OK(blk_read(liar, 0, out, 64, &err), err);
        for (size_t k = 0; k < 64; k++)
            if (in[k] != out[k]) {
                first = first < k ? first : k;
                last = k + 1;
            }
        CHECK(first == cases[i].differs_from && last == cases[i].differs_to);
        blk_free(liar);
        blk_free(mem);
    }
}

static const struct test tests[] = {
    TEST(no_access_reaches_outside),
    TEST(what_is_read_only_is_not_written),
    TEST(slices_and_pieces),
    TEST(faults_strike_once_or_for_good),
    TEST(files_take_aligned_and_odd_writes),
    TEST(a_file_that_shrinks_is_an_error),
    TEST(what_is_no_file_is_refused),
    TEST(queues_of_all_bricks),
    TEST(a_queue_is_bounded),
    TEST(lies),
};
TEST_MAIN(tests)
