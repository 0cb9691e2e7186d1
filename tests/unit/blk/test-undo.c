/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The undo brick: whatever happens at whichever write, the target becomes again what it was. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "blk/draft.h"
#include "blk/undo.h"

/* The computer dies at the nth write or wait, of the undo file or of the target.  What was not
 * waited for may be on the disk, or not, or half of it. */

enum lost { NOTHING_LOST, UNSYNCED_LOST, HALF_LOST, LOSSES };
static long events_left = -1; /* -1: nothing happens */
static bool dead;
static int undo_fd = -1;
static off_t synced, before_last, last_end;

static bool strikes(void)
{
    if (!dead && events_left >= 0 && events_left-- == 0)
        dead = true;
    return dead;
}

ssize_t __real_pwrite64(int fd, const void *p, size_t n, off_t off);
ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t off);
ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t off)
{
    if (strikes()) {
        errno = EIO;
        return -1;
    }
    undo_fd = fd;
    before_last = off;
    last_end = off + (off_t)n;
    return __real_pwrite64(fd, p, n, off);
}

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
    struct stat st;

    if (strikes()) {
        errno = EIO;
        return -1;
    }
    if (fstat(fd, &st) == 0)
        synced = st.st_size;
    return 0;
}

/* A target in memory that tears the write during which the computer dies. */
struct torn {
    struct blk blk;
    uint8_t *bytes;
};

static int torn_read(struct blk *b, uint64_t off, void *buf, size_t n, struct wtg_err *err)
{
    (void)err;
    memcpy(buf, ((struct torn *)b)->bytes + off, n);
    return 0;
}

static int torn_write(struct blk *b, uint64_t off, const void *buf, size_t n, struct wtg_err *err)
{
    bool was_dead = dead;

    if (strikes()) {
        if (!was_dead)
            memcpy(((struct torn *)b)->bytes + off, buf, n / 2);
        return wtg_fail(err, WTG_E_IO, "dead");
    }
    memcpy(((struct torn *)b)->bytes + off, buf, n);
    return 0;
}

static const struct blk_ops torn_ops = { .name = "torn", .read = torn_read, .write = torn_write };

/* A target, and the work that is done to it. */

enum { SIZE = 1000 * 1000, SEED = 7 }; /* ends in the middle of a block */
static uint8_t original[SIZE], now[SIZE];
static struct torn target = {
    { .ops = &torn_ops, .size = SIZE, .sector_bytes = 512, .writable = true }, now
};
static char dir[] = "/tmp/wtg-undo-XXXXXX", path[64], open_path[80];
static const struct undo_id id = {
    .disk = { 1, 2, 3 }, .time = 1234, .target = "a stick", .what = "gpt"
};
static const struct undo_range witness[] = { { 0, 40000 }, { 500000, 100 } };

static void fresh(void)
{
    unsigned x = SEED;

    for (size_t i = 0; i < SIZE; i++)
        original[i] = now[i] = (uint8_t)((x = x * 1103515245 + 12345) >> 16);
    unlink(path);
    unlink(open_path);
    events_left = -1;
    dead = false;
    synced = before_last = last_end = 0;
}

static int work(struct wtg_err *err)
{
    static const struct {
        uint32_t off, n;
    } writes[] = { { 512, 512 }, { 100000, 70000 }, { 999000, 1000 },
                   { 0, 16384 }, { 120000, 10 },    { 300000, 1 } };
    static uint8_t bytes[70000];
    struct undo_range ahead[] = { { 300000, 1 }, { 999000, 1000 } };
    struct blk *b = NULL;
    int r = undo_begin(path, &id, &target.blk, witness, ARRAY_LEN(witness), &b, err);

    if (r == 0)
        r = undo_keep(b, ahead, ARRAY_LEN(ahead), err);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(writes); i++) {
        memset(bytes, (int)(0x40 + i), sizeof bytes);
        r = blk_write(b, writes[i].off, bytes, writes[i].n, err);
    }
    if (r == 0)
        r = undo_end(b, err);
    blk_free(b);
    return r;
}

/* What the disk of the undo file has when the light is on again. */
static void lose(enum lost lost)
{
    off_t keep = lost == UNSYNCED_LOST ? synced : (before_last + last_end) / 2;

    if (lost != NOTHING_LOST && access(open_path, F_OK) == 0 && keep < last_end && keep >= synced)
        CHECK(truncate(open_path, keep) == 0);
    dead = false;
    events_left = -1;
}

static int take_back(struct wtg_err *err)
{
    struct undo *u = NULL;
    struct undo_state s;
    int r = undo_open(access(path, F_OK) == 0 ? path : open_path, &u, err);

    if (r == 0)
        r = undo_look(u, &target.blk, &s, err);
    if (r == 0) {
        CHECK(s.used == 0);
        CHECK(!u->ended || u->playing || s.other == 0);
        r = undo_play(u, &target.blk, NULL, err);
    }
    undo_close(u);
    return r;
}

static bool is_original(void)
{
    return memcmp(now, original, SIZE) == 0;
}

static void work_is_taken_back(void)
{
    struct wtg_err err = { 0 };
    struct undo *u = NULL;
    struct undo_state s;

    fresh();
    OK(work(&err), err);
    CHECK(!is_original());
    OK(undo_open(path, &u, &err), err);
    CHECK(u->ended && !u->torn_at && u->id.target_bytes == SIZE && u->id.time == 1234);
    CHECK(strcmp(u->id.target, "a stick") == 0 && strcmp(u->id.what, "gpt") == 0);
    OK(undo_look(u, &target.blk, &s, &err), err);
    CHECK(s.after == u->nblocks && s.before == 0 && s.other == 0 && s.used == 0);
    OK(undo_play(u, &target.blk, NULL, &err), err);
    CHECK(is_original());
    OK(undo_play(u, &target.blk, NULL, &err), err); /* again */
    CHECK(is_original());
    undo_close(u);
}

/* Dies at every event of the work; the way back is never lost. */
static void dies_at_every_write(void)
{
    for (enum lost lost = 0; lost < LOSSES; lost++) {
        long n = 0;
        for (;; n++) {
            struct wtg_err err = { 0 };
            fresh();
            events_left = n;
            int r = work(&err);
            bool struck = dead;
            lose(lost);
            if (!struck) {
                CHECK(r == 0);
                break;
            }
            CHECK(r < 0);
            if (is_original()) /* also: before there was anything to take back */
                continue;
            OK(take_back(&err), err);
            if (!is_original())
                printf("# loss %d, event %ld: not what it was\n", (int)lost, n);
            REQUIRE(is_original());
        }
        printf("# died %ld times\n", n);
        CHECK(n > 30);
    }
}

/* Dies at every event of the taking back, after a whole work and after one that died. */
static void dies_while_it_is_taken_back(void)
{
    for (long half = 0; half < 2; half++)
        for (long n = 0;; n++) {
            struct wtg_err err = { 0 };
            fresh();
            events_left = half ? 25 : -1;
            CHECK((work(&err) < 0) == half);
            lose(NOTHING_LOST);
            events_left = n;
            int r = take_back(&err);
            bool struck = dead;
            lose(NOTHING_LOST);
            if (!struck) {
                CHECK(r == 0);
                CHECK(n > 5);
                break;
            }
            CHECK(r < 0);
            OK(take_back(&err), err);
            REQUIRE(is_original());
        }
}

static void somebody_has_used_it_since(void)
{
    struct wtg_err err = { 0 };
    struct undo *u = NULL;
    struct undo_state s;

    fresh();
    OK(work(&err), err);
    OK(undo_open(path, &u, &err), err);
    now[500001] ^= 1; /* a witness that the work did not touch */
    OK(undo_look(u, &target.blk, &s, &err), err);
    CHECK(s.used == 1 && s.other == 0);
    now[500001] ^= 1;
    now[110000] ^= 1; /* what the work left */
    OK(undo_look(u, &target.blk, &s, &err), err);
    CHECK(s.used == 0 && s.other == 1 && s.other_off == 98304);
    struct blk small = target.blk;
    small.size--;
    CHECK(undo_look(u, &small, &s, &err) == WTG_E_DISK_CHANGED);
    CHECK(undo_play(u, &small, NULL, &err) == WTG_E_DISK_CHANGED);
    undo_close(u);
}

/* Every byte of the file damaged in turn, and every length of it. */
static void damage_is_told_from_a_torn_end(void)
{
    struct wtg_err err = { 0 };
    struct stat st;
    struct undo *u = NULL;
    uint8_t byte;

    fresh();
    OK(work(&err), err);
    REQUIRE(stat(path, &st) == 0);
    for (off_t at = 0; at < st.st_size; at += 97) {
        int fd = open(path, O_RDWR | O_CLOEXEC);
        CHECK(pread(fd, &byte, 1, at) == 1);
        byte ^= 0x10;
        CHECK(__real_pwrite64(fd, &byte, 1, at) == 1);
        int r = undo_open(path, &u, &err);
        if (r == 0) { /* between two parts nothing is said */
            struct undo_state s;
            OK(undo_look(u, &target.blk, &s, &err), err);
            CHECK(s.after == u->nblocks && u->ended);
            undo_close(u);
        } else {
            CHECK(r == WTG_E_IMAGE_DAMAGED || r == WTG_E_IMAGE_FORMAT);
        }
        byte ^= 0x10;
        CHECK(__real_pwrite64(fd, &byte, 1, at) == 1);
        close(fd);
    }
    for (off_t n = st.st_size - 1; n >= 0;
         n -= 1009) { /* whole once, and cut: never taken for a crash */
        CHECK(truncate(path, n) == 0);
        CHECK(undo_open(path, &u, &err) < 0);
    }
}

/* ---- the draft -------------------------------------------------------------------------- */

static int count_bytes(void *ctx, uint64_t off, const void *bytes, size_t n, struct wtg_err *err)
{
    (void)err;
    CHECK(memcmp(bytes, now + off, n) != 0);
    *(size_t *)ctx += n;
    return 0;
}

static void draft_changes_nothing_until_it_is_committed(void)
{
    struct wtg_err err = { 0 };
    struct blk *lower = NULL, *upper = NULL;
    static uint8_t want[SIZE], got[SIZE], buf[30000];
    unsigned x = 3;

    fresh();
    memcpy(want, original, SIZE);
    OK(draft_new(&target.blk, dir, &lower, &err), err);
    OK(draft_new(lower, NULL, &upper, &err), err);
    for (int i = 0; i < 200; i++) {
        size_t off = (x = x * 1103515245 + 12345) % SIZE, n = x / 7 % sizeof buf;
        n = (size_t)min_u64(n, SIZE - off);
        memset(buf, i, n);
        memcpy(want + off, buf, n);
        OK(blk_write(i < 100 ? lower : upper, off, buf, n, &err), err);
    }
    CHECK(is_original());
    OK(blk_read(upper, 0, got, SIZE, &err), err);
    CHECK(memcmp(got, want, SIZE) == 0);
    size_t differing = 0;
    OK(draft_changes(lower, count_bytes, &differing, &err), err);
    CHECK(differing > 0);
    OK(draft_commit(lower, &err), err);
    OK(blk_read(upper, 0, got, SIZE, &err), err);
    CHECK(memcmp(got, want, SIZE) == 0);
    OK(draft_commit(upper, &err), err);
    CHECK(memcmp(now, want, SIZE) == 0);
    OK(blk_write(upper, 5, "x", 1, &err), err);
    CHECK(now[5] == 'x');
    blk_free(upper);
    blk_free(lower);
}

static void draft_of_the_same_bytes_changes_nothing(void)
{
    struct wtg_err err = { 0 };
    struct blk *d = NULL;
    size_t n = 0;

    fresh();
    OK(draft_new(&target.blk, dir, &d, &err), err);
    OK(blk_write(d, 1000, now + 1000, 500000, &err), err);
    OK(draft_changes(d, count_bytes, &n, &err), err);
    CHECK(n == 0);
    blk_free(d);
}

static void watch_remembers_the_first_failure(void)
{
    struct wtg_err err = { 0 };
    struct blk *fault = NULL, *watch = NULL;
    uint64_t off = 0;
    bool wrote = true;

    fresh();
    OK(blk_fault_new(&target.blk, &(struct blk_fault){ 1, -1, -1, false, false }, &fault, &err),
       err);
    OK(watch_new(fault, &watch, &err), err);
    CHECK(blk_read(watch, SIZE, &off, 8, &err) < 0); /* beyond the end: our own mistake */
    OK(blk_read(watch, 0, &off, 8, &err), err);
    CHECK(!watch_failure(watch, &off, &wrote));
    CHECK(blk_read(watch, 4096, &off, 8, &err) < 0);
    CHECK(watch_failure(watch, &off, &wrote) && off == 4096 && !wrote);
    blk_free(watch);
    blk_free(fault);
}

static const struct test tests[] = {
    TEST(work_is_taken_back),
    TEST(dies_at_every_write),
    TEST(dies_while_it_is_taken_back),
    TEST(somebody_has_used_it_since),
    TEST(damage_is_told_from_a_torn_end),
    TEST(draft_changes_nothing_until_it_is_committed),
    TEST(draft_of_the_same_bytes_changes_nothing),
    TEST(watch_remembers_the_first_failure),
};

int main(void)
{
    char command[128];

    if (!mkdtemp(dir))
        return 1;
    snprintf(path, sizeof path, "%s/a.undo", dir);
    snprintf(open_path, sizeof open_path, "%s" UNDO_OPEN_SUFFIX, path);
    int failed = test_run(tests, ARRAY_LEN(tests));
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command) != 0 || failed;
}
