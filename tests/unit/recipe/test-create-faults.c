/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole of create, on a tiny Windows, with every nth allocation, read, write, flush and memory
 * file failing in turn: no crash, no leak (the sanitizer build watches), a sentence, never success,
 * and never a disk that could be taken for whole. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wimlib.h>

#include "base/mem.h"
#include "hive/hive.h"
#include "recipe/create.h"

/* What fails. */

enum fault { ALLOCATION, READ, WRITE, FLUSH, FAULTS };
static const char *const fault_name[] = { "allocation", "read", "write", "flush" };
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

/* Where there is no io_uring all goes through the calls above. */
struct io_uring;
int __wrap_io_uring_queue_init(unsigned entries, struct io_uring *ring, unsigned flags);
int __wrap_io_uring_queue_init(unsigned entries, struct io_uring *ring, unsigned flags)
{
    (void)entries, (void)ring, (void)flags;
    return -ENOSYS;
}

/* A Windows as small as create takes it. */

static char dir[] = "/tmp/wtg-faults-XXXXXX", image[64], target[64];

static void put(const char *name, const void *bytes, size_t n)
{
    char path[256];

    snprintf(path, sizeof path, "%s/tree/%s", dir, name);
    for (char *p = path + strlen(dir) + 1; (p = strchr(p, '/')); *p++ = '/') {
        *p = '\0';
        mkdir(path, 0700);
    }
    FILE *f = fopen(path, "we");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
        abort();
}

static void put_hive(void)
{
    struct wtg_err err = { 0 };
    struct hive *h = NULL;
    uint8_t *bytes = NULL;
    size_t n = 0;
    hive_key key;
    if (hive_new("SYSTEM", "ROOT", 5, 1, &h, &err) < 0 ||
        hive_make(h, hive_root(h), "Select", &key, &err) < 0 ||
        hive_set_dword(h, key, "Current", 1, &err) < 0 ||
        hive_set_dword(h, key, "Default", 1, &err) < 0 ||
        hive_make(h, hive_root(h), "ControlSet001\\Control", &key, &err) < 0 ||
        hive_commit(h, &bytes, &n, &err) < 0) {
        printf("# %s\n", err.text);
        abort();
    }
    put("Windows/System32/config/SYSTEM", bytes, n);
    free(bytes);
    hive_free(h);
}

static void make_image(void)
{
    static char big[300000];
    static const uint8_t pe[512] = { 'M', 'Z', [0x3c] = 0x40, [0x40] = 'P', 'E', 0, 0, 0x64, 0x86, [0x54] = 0xf0, 0, 0x22, 0, 0x0b, 2,
                                     [0x9c] = 10 };
    char tree[64];
    WIMStruct *w = NULL;

    snprintf(image, sizeof image, "%s/tiny.wim", dir);
    snprintf(target, sizeof target, "%s/stick.img", dir);
    snprintf(tree, sizeof tree, "%s/tree", dir);
    put_hive();
    put("Windows/System32/winload.efi", pe, sizeof pe);
    put("Windows/System32/Recovery/winre.wim", "x", 1);
    put("Windows/Boot/EFI/bootmgfw.efi", pe, sizeof pe);
    put("Windows/Boot/Fonts/wgl4_boot.ttf", big, 5000);
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * i >> 7);
    put("Windows/big.bin", big, sizeof big);
    put("small.txt", "hello", 5);
    if (wimlib_create_new_wim(WIMLIB_COMPRESSION_TYPE_LZX, &w) ||
        wimlib_add_image(w, tree, "tiny", NULL, WIMLIB_ADD_FLAG_NORPFIX) ||
        wimlib_write(w, image, WIMLIB_ALL_IMAGES, 0, 1))
        abort();
    wimlib_free(w);
}

static int create_once(struct wtg_err *err)
{
    static const struct wtg_create_opts o = {
        .image = image, .target = target, .size_bytes = UINT64_C(340) << 20, .seed = "x", .decoders = 2,
        .compact = "lzx",
    };
    struct create *c = NULL;
    struct wtg_report report;
    int r = create_new(&o, NULL, &c, err);

    if (r == 0)
        r = create_run(c, NULL, &report, err);
    create_free(c);
    return r;
}

/* Nothing that a computer would take for a partition table. */
static bool is_whole(const char *path)
{
    char mark[8] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    ssize_t n = pread(fd, mark, sizeof mark, 512);
    close(fd);
    return n == sizeof mark && memcmp(mark, "EFI PART", sizeof mark) == 0;
}

static bool looks_whole(void)
{
    return is_whole(target);
}

/* Faults in the journal, in looking for file systems, or after the last byte was written do not
 * spoil the stick; then create may go on.  All others must stop it. */
static void walk(enum fault f, long step, bool may_go_on)
{
    long n = 0;

    for (;; n += step) {
        struct wtg_err err = { 0 };
        unlink(target);
        atomic_store(&left[f], n);
        int r = create_once(&err);
        bool struck = atomic_load(&left[f]) < 0;
        atomic_store(&left[f], -1);
        if (!struck) {
            CHECK(r == 0);
            break;
        }
        if (r == 0 && may_go_on)
            continue;
        if (r == 0 || !err.text[0] || wtg_code_exit(r) == 0 || (r < 0 && f != READ && looks_whole()))
            printf("# %s %ld: %d '%s'\n", fault_name[f], n, r, err.text);
        CHECK(r < 0);
        CHECK(err.text[0] != '\0');
        CHECK(wtg_code_exit(r) != 0);
    }
    printf("# walked %ld times the nth %s\n", n / step, fault_name[f]);
    CHECK(n > 2);
}

/* Two at once: whoever does not fail comes out whole. */
static void walk_two(enum fault f, long step)
{
    static const struct wtg_create_opts o = {
        .image = image, .size_bytes = UINT64_C(340) << 20, .seed = "x", .decoders = 2, .compact = "lzx",
    };
    char second[80];
    const char *const both[] = { target, second };
    bool struck = true;
    long n = 0, halves = 0;

    snprintf(second, sizeof second, "%s.2", target);
    for (; struck; n += step) {
        struct create *c[2] = { NULL, NULL };
        struct wtg_plan_result result[2] = { 0 };
        struct wtg_err err = { 0 };
        unlink(both[0]);
        unlink(both[1]);
        atomic_store(&left[f], n);
        int r = create_new_many(&o, both, 2, NULL, c, &err);
        bool planned = r == 0;
        if (planned)
            r = create_run_many(c, 2, NULL, NULL, result, &err);
        struck = atomic_load(&left[f]) < 0;
        atomic_store(&left[f], -1);
        CHECK(struck || r == 0);
        CHECK((r < 0) == (err.text[0] != '\0'));
        for (size_t i = 0; i < 2; i++) {
            create_free(c[i]);
            if (planned && result[i].err.code == 0)
                CHECK(is_whole(both[i]));
            else if (f == WRITE)
                CHECK(!is_whole(both[i]));
        }
        halves += planned && (result[0].err.code == 0) != (result[1].err.code == 0);
    }
    printf("# walked %ld times the nth %s of two targets; %ld times one came out whole\n", n / step,
           fault_name[f], halves);
    CHECK(f != WRITE || halves > 2);
}

static void nothing_fails(void)
{
    struct wtg_err err = { 0 };
    OK(create_once(&err), err);
    CHECK(looks_whole());
}
static void nth_allocation_fails(void) { walk(ALLOCATION, getenv("WTG_ALL_FAULTS") ? 1 : 5, true); }
static void nth_read_fails(void) { walk(READ, 1, true); }
static void nth_write_fails(void) { walk(WRITE, 1, false); }
static void nth_flush_fails(void) { walk(FLUSH, 1, true); }
static void nth_allocation_of_two_fails(void)
{
    walk_two(ALLOCATION, getenv("WTG_ALL_FAULTS") ? 1 : 19);
}
static void nth_write_of_two_fails(void) { walk_two(WRITE, 1); }

static const struct test tests[] = {
    TEST(nothing_fails),      TEST(nth_allocation_fails), TEST(nth_read_fails),
    TEST(nth_write_fails),    TEST(nth_flush_fails),      TEST(nth_allocation_of_two_fails),
    TEST(nth_write_of_two_fails),
};

int main(void)
{
    char command[128];

    if (!mkdtemp(dir))
        return 1;
    setenv("XDG_STATE_HOME", dir, 1);
    make_image();
    int failed = test_run(tests, ARRAY_LEN(tests));
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command) != 0 || failed;
}
