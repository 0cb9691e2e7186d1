/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "disk/target.h"

/* Image files as targets, and paths that are nothing to write to. */

#define MIB (UINT64_C(1) << 20)

static char folder[256];

static const char *in_folder(const char *name)
{
    static char path[16][512];
    static unsigned next;
    char *p = path[next++ % 16];

    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

static void a_folder_to_work_in(void)
{
    char name[] = "/tmp/wtg-target-XXXXXX";

    REQUIRE(mkdtemp(name) != NULL);
    snprintf(folder, sizeof folder, "%s", name);
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0)
        abort();
}

static void paths_that_are_no_target(void)
{
    const char *source = in_folder("source.iso"), *fifo = in_folder("pipe");
    const char *const sources[] = { source };
    const struct {
        const char *path;
        struct disk_target_opts opts;
        int want;
        const char *said;
    } rows[] = {
        { "/dev/null", { .size_bytes = MIB }, WTG_E_TARGET, "a character device" },
        { folder, { .size_bytes = MIB }, WTG_E_TARGET, "a folder" },
        { fifo, { .size_bytes = MIB }, WTG_E_TARGET, "a pipe" },
        { source, { .size_bytes = MIB, .source = sources, .nsources = 1 }, WTG_E_TARGET, "read" },
        { "/dev/wtg-no-such-disk", { .size_bytes = MIB }, WTG_E_DISK_GONE, "there is no disk" },
        { "/nonexistent/folder/x.img", { .size_bytes = MIB }, WTG_E_NOT_FOUND, "the folder" },
        { in_folder("new.img"), { .size_bytes = 0 }, WTG_E_USAGE, "no size" },
        { in_folder("new.img"), { .size_bytes = 511 }, WTG_E_USAGE, "no size" },
        { in_folder("new.img"),
          { .size_bytes = MIB, .need_bytes = UINT64_MAX },
          WTG_E_NO_SPACE,
          "are free there" },
        { in_folder("new.img"), { .size_bytes = MIB, .need_bytes = 1 }, 0, "" },
        { in_folder("new.img"), { .size_bytes = MIB, .source = sources, .nsources = 1 }, 0, "" },
    };

    write_text(source, "an image");
    CHECK(mkfifo(fifo, 0600) == 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct disk_identity id;
        struct wtg_err err = { 0 };
        int r = disk_target_look(NULL, rows[i].path, &rows[i].opts, &id, &err);
        if (r != rows[i].want || !strstr(err.text, rows[i].said)) {
            printf("# %s: %d '%s' [%s]\n", rows[i].path, r, err.text, err.hint);
            test_failed = true;
        }
    }
    CHECK(access(in_folder("new.img"), F_OK) < 0); /* looking makes nothing */
}

static void a_new_image_file(void)
{
    struct disk_target_opts opts = { .size_bytes = 64 * MIB + 100, .sector_bytes = 4096 };
    struct disk_identity plan;
    struct disk_target t, second;
    struct stat st;
    struct wtg_err err = { 0 };
    const char *path = in_folder("new.img");

    OK(disk_target_look(NULL, path, &opts, &plan, &err), err);
    CHECK(!plan.exists && plan.bus == DISK_BUS_FILE && plan.size_bytes == 64 * MIB);
    CHECK(plan.sector_bytes == 4096 && strcmp(plan.path, path) == 0);
    OK(disk_target_claim(NULL, path, &opts, &t, &err), err);
    CHECK(t.is_file && t.created);
    CHECK(fcntl(t.fd, F_GETFD) & FD_CLOEXEC);
    CHECK(disk_target_claim(NULL, path, &opts, &second, &err) == WTG_E_DISK_IN_USE);
    OK(disk_target_recheck(NULL, &t, &plan, &err), err);
    OK(disk_target_begin(&t, &err), err);
    CHECK(fstat(t.fd, &st) == 0 && (uint64_t)st.st_size == 64 * MIB && st.st_blocks == 0);
    OK(disk_reread(&t, &err), err);
    disk_target_release(&t);
    CHECK(t.fd == -1);
    disk_target_release(&t);
    CHECK(access(path, F_OK) == 0);

    opts.size_bytes = 0; /* it has one now */
    OK(disk_target_claim(NULL, path, &opts, &t, &err), err);
    CHECK(!t.created && t.id.size_bytes == 64 * MIB);
    disk_target_discard(&t);
    CHECK(access(path, F_OK) == 0); /* it was there before */
    CHECK(unlink(path) == 0);
    opts.size_bytes = MIB;
    OK(disk_target_claim(NULL, path, &opts, &t, &err), err);
    disk_target_discard(&t);
    CHECK(access(path, F_OK) < 0);
}

/* Until the first write is due, an image file that was there stays as it was. */
static void an_old_image_file_stays_until_begin(void)
{
    struct disk_target_opts opts = { .size_bytes = MIB };
    struct disk_identity plan;
    struct disk_target t;
    struct stat st;
    char text[16] = "";
    struct wtg_err err = { 0 };
    const char *path = in_folder("old.img");

    write_text(path, "precious");
    OK(disk_target_look(NULL, path, &opts, &plan, &err), err);
    OK(disk_target_claim(NULL, path, &opts, &t, &err), err);
    CHECK(pread(t.fd, text, 8, 0) == 8 && strcmp(text, "precious") == 0);
    CHECK(rename(path, in_folder("moved.img")) == 0);
    CHECK(disk_target_recheck(NULL, &t, &plan, &err) == WTG_E_DISK_CHANGED);
    write_text(path, "another");
    CHECK(disk_target_recheck(NULL, &t, &plan, &err) == WTG_E_DISK_CHANGED);
    CHECK(rename(in_folder("moved.img"), path) == 0);
    OK(disk_target_recheck(NULL, &t, &plan, &err), err);
    plan.size_bytes *= 2;
    CHECK(disk_target_recheck(NULL, &t, &plan, &err) == WTG_E_DISK_CHANGED);
    OK(disk_target_begin(&t, &err), err);
    CHECK(fstat(t.fd, &st) == 0 && (uint64_t)st.st_size == MIB);
    CHECK(pread(t.fd, text, 8, 0) == 8 && text[0] == 0); /* no old bytes shine through */
    disk_target_release(&t);
    unlink(path);
}

static void a_file_that_may_not_be_written(void)
{
    struct disk_target_opts opts = { .size_bytes = MIB };
    struct disk_target t;
    struct wtg_err err = { 0 };
    const char *path = in_folder("locked.img");

    if (geteuid() == 0)
        SKIP("root may write everything");
    write_text(path, "x");
    CHECK(chmod(path, 0400) == 0);
    CHECK(disk_target_claim(NULL, path, &opts, &t, &err) == WTG_E_PERMISSION);
    CHECK(strstr(err.hint, "sudo") != NULL);
    unlink(path);
}

/* What a made-up computer says of a loop device and a swap file. */
static void a_file_in_use(void)
{
    struct disk_host host = { .root = folder };
    struct disk_target_opts opts = { .size_bytes = MIB };
    struct disk_identity id;
    struct wtg_err err = { 0 };
    const char *path = in_folder("used.img");
    char line[2 * PATH_MAX];

    write_text(path, "x");
    snprintf(line, sizeof line, "mkdir -p '%s/sys/block/loop3/loop' '%s/proc'", folder, folder);
    CHECK(system(line) == 0);
    OK(disk_target_look(&host, path, &opts, &id, &err), err);
    snprintf(line, sizeof line, "%s\n", path);
    write_text(in_folder("sys/block/loop3/loop/backing_file"), line);
    CHECK(disk_target_look(&host, path, &opts, &id, &err) == WTG_E_DISK_IN_USE);
    CHECK(strstr(err.hint, "losetup -d /dev/loop3") != NULL);
    write_text(in_folder("sys/block/loop3/loop/backing_file"), "/elsewhere\n");
    snprintf(line, sizeof line, "Filename Type\n%s file 1 2 3\n", path);
    write_text(in_folder("proc/swaps"), line);
    CHECK(disk_target_look(&host, path, &opts, &id, &err) == WTG_E_DISK_IN_USE);
    CHECK(strstr(err.hint, "swapoff") != NULL);
}

static void nothing_is_left_behind(void)
{
    char line[PATH_MAX + 16];

    snprintf(line, sizeof line, "rm -rf '%s'", folder);
    CHECK(system(line) == 0);
}

static const struct test tests[] = {
    TEST(a_folder_to_work_in),
    TEST(paths_that_are_no_target),
    TEST(a_new_image_file),
    TEST(an_old_image_file_stays_until_begin),
    TEST(a_file_that_may_not_be_written),
    TEST(a_file_in_use),
    TEST(nothing_is_left_behind),
};
TEST_MAIN(tests)
