/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole of write: a packed image with a block map and a checksum file onto two files, with
 * every nth allocation, read, write and flush failing in turn.  No crash, no leak (the sanitizer
 * build watches), a sentence, and never a success with wrong bytes. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>
#include <zlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "recipe/copy.h"

enum fault { ALLOCATION, READ, WRITE, FLUSH, FAULTS };
static atomic_long left[FAULTS] = { -1, -1, -1, -1 }; /* -1: none fails; 0: the next one */

static bool fails(enum fault f)
{
    return atomic_load(&left[f]) >= 0 && atomic_fetch_sub(&left[f], 1) == 0;
}

#define WRAP(type, name, fault, sys, bad, params, args)                                            \
    type __real_##name params;                                                                     \
    type __wrap_##name params;                                                                     \
    type __wrap_##name params                                                                      \
    {                                                                                              \
        if (!fails(fault))                                                                         \
            return __real_##name args;                                                             \
        errno = sys;                                                                               \
        return bad;                                                                                \
    }
WRAP(void *, malloc, ALLOCATION, ENOMEM, NULL, (size_t n), (n))
WRAP(void *, calloc, ALLOCATION, ENOMEM, NULL, (size_t n, size_t m), (n, m))
WRAP(void *, realloc, ALLOCATION, ENOMEM, NULL, (void *p, size_t n), (p, n))
WRAP(void *, aligned_alloc, ALLOCATION, ENOMEM, NULL, (size_t a, size_t n), (a, n))
WRAP(char *, strdup, ALLOCATION, ENOMEM, NULL, (const char *s), (s))
WRAP(char *, strndup, ALLOCATION, ENOMEM, NULL, (const char *s, size_t n), (s, n))
WRAP(ssize_t, pread64, READ, EIO, -1, (int fd, void *p, size_t n, off_t off), (fd, p, n, off))
WRAP(ssize_t, pwrite64, WRITE, ENOSPC, -1, (int fd, const void *p, size_t n, off_t off),
     (fd, p, n, off))
WRAP(int, fsync, FLUSH, EIO, -1, (int fd), (fd))
WRAP(int, fdatasync, FLUSH, EIO, -1, (int fd), (fd))
struct io_uring; /* no ring: everything passes pread and pwrite, which can be failed */
int __wrap_io_uring_queue_init(unsigned n, struct io_uring *ring, unsigned flags);
int __wrap_io_uring_queue_init(unsigned n, struct io_uring *ring, unsigned flags)
{
    (void)n, (void)ring, (void)flags;
    return -ENOSYS;
}

enum { IMAGE_BYTES = 6 * 1000 * 1000 + 77 };
static uint8_t content[IMAGE_BYTES];
static char dir[] = "/tmp/wtg-copy-XXXXXX", image[64], targets[2][64];

static void put(const char *suffix, const char *text)
{
    char path[128];

    snprintf(path, sizeof path, "%s%s", image, suffix);
    FILE *f = fopen(path, "we");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0)
        abort();
}

static void make_files(void)
{
    uint8_t sum[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1], text[500];

    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (uint8_t)(i < 2000000 || i > 4000000 ? 1 + (i * i >> 9) % 255 : 0);
    snprintf(image, sizeof image, "%s/disk.img.gz", dir);
    for (size_t i = 0; i < ARRAY_LEN(targets); i++)
        snprintf(targets[i], sizeof targets[i], "%s/target%zu", dir, i);
    gzFile z = gzopen(image, "wb1");
    if (!z || gzwrite(z, content, sizeof content) != IMAGE_BYTES || gzclose(z) != Z_OK)
        abort();
    hash_sha256(content, sizeof content, sum);
    hash_hex(sum, sizeof sum, hex);
    snprintf(text, sizeof text, "%s  disk.img\n", hex);
    put(".sha256", text);
    put(".bmap",
        "<bmap version=\"1.2\"><ImageSize>6000077</ImageSize><BlockSize>4096</BlockSize>"
        "<BlocksCount>1465</BlocksCount><MappedBlocksCount>978</MappedBlocksCount><BlockMap>"
        "<Range>0-488</Range><Range>976-1464</Range></BlockMap></bmap>");
}

static bool is_whole(const char *path)
{
    AUTO_FREE uint8_t *got = malloc(sizeof content + 1);
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd >= 0 && read(fd, got, sizeof content + 1) == IMAGE_BYTES &&
           memcmp(got, content, sizeof content) == 0;
}

static int copy_once(struct wtg_write_report *report, struct copy **ret, struct wtg_err *err)
{
    static const char *const paths[] = { targets[0], targets[1] };
    const struct wtg_write_opts o = {
        .image = image, .target = paths, .ntargets = 2, .memory_bytes = 1
    };
    int r = copy_new(&o, NULL, ret, err);

    return r < 0 ? r : copy_run(*ret, NULL, report, err);
}

static void check_outcome(int r, const struct wtg_write_report *report, const struct wtg_err *err)
{
    CHECK(r == 0 || (r == err->code && err->text[0] && wtg_code_exit(r) != 0));
    CHECK(r < 0 || (is_whole(targets[0]) && is_whole(targets[1])));
    for (size_t i = 0; i < report->nresults; i++)
        CHECK(report->result[i].err.code != 0 || is_whole(targets[i]));
    if (r < 0 && report->nresults)
        CHECK(report->nfailed > 0);
}

static void walk(enum fault f, long step)
{
    long n = 0;
    bool struck = true;

    for (; struck; n += step) {
        struct wtg_err err = { 0 };
        struct wtg_write_report report = { 0 };
        struct copy *c = NULL;
        unlink(targets[0]);
        unlink(targets[1]);
        atomic_store(&left[f], n);
        int r = copy_once(&report, &c, &err);
        struck = atomic_exchange(&left[f], -1) < 0;
        check_outcome(r, &report, &err);
        if (!struck)
            CHECK(r == 0);
        copy_free(c);
    }
    printf("# walked %ld times\n", n / step);
    CHECK(n > 2 * step);
}

static void nth_allocation_fails(void)
{
    walk(ALLOCATION, getenv("WTG_ALL_FAULTS") ? 1 : 3);
}
static void nth_read_fails(void)
{
    walk(READ, 1);
}
static void nth_write_fails(void)
{
    walk(WRITE, 1);
}
static void nth_flush_fails(void)
{
    walk(FLUSH, 1);
}

static const struct test tests[] = { TEST(nth_allocation_fails), TEST(nth_read_fails),
                                     TEST(nth_write_fails), TEST(nth_flush_fails) };

int main(void)
{
    char command[128];

    if (!mkdtemp(dir))
        return 1;
    make_files();
    int failed = test_run(tests, ARRAY_LEN(tests));
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command) != 0 || failed;
}
