/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

#include "disk/udisks.h"

/* Run by mock-udisks, which says what each disk is there for. */

static void a_disk_is_opened_for_writing(void)
{
    struct wtg_err err = { 0 };
    int fd = -1;

    if (getenv("WITHOUT"))
        SKIP("without UDisks2");
    OK(disk_udisks_knows("/dev/sdx", &err), err);
    OK(disk_udisks_open("/dev/sdx", &fd, &err), err);
    CHECK(fd > 2);
    CHECK((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    CHECK(pwrite(fd, "wtg", 3, 0) == 3);
    CHECK(lseek(fd, 0, SEEK_END) == 1 << 20);
    close(fd);
}

static void names_are_escaped(void)
{
    struct wtg_err err = { 0 };

    if (getenv("WITHOUT"))
        SKIP("without UDisks2");
    OK(disk_udisks_knows("/dev/sd-w", &err), err);
}

static void refusals_are_told_apart(void)
{
    static const struct {
        const char *path;
        int code;
    } rows[] = {
        { "/dev/sdy", WTG_E_PERMISSION },  { "/dev/sdz", WTG_E_CANCELLED },
        { "/dev/sdb", WTG_E_DISK_IN_USE }, { "/dev/sdr", WTG_E_PERMISSION },
        { "/dev/sdq", WTG_E_DISK_GONE },   { "image.img", WTG_E_TARGET },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && !getenv("WITHOUT"); i++) {
        struct wtg_err err = { 0 };
        int fd = -1;
        CHECK(disk_udisks_open(rows[i].path, &fd, &err) == rows[i].code);
        CHECK(err.code == rows[i].code && strstr(err.text, rows[i].path));
        CHECK(fd == -1);
        if (err.code != rows[i].code)
            printf("# %s: %s\n", rows[i].path, err.text);
    }
}

static void without_udisks_it_says_so(void)
{
    struct wtg_err err = { 0 };
    int fd = -1;

    if (!getenv("WITHOUT"))
        SKIP("with UDisks2");
    CHECK(disk_udisks_knows("/dev/sdx", &err) == WTG_E_UNSUPPORTED);
    CHECK(disk_udisks_open("/dev/sdx", &fd, &err) == WTG_E_UNSUPPORTED);
    CHECK(err.hint[0]);
}

static void without_a_bus_it_says_so(void)
{
    struct wtg_err err = { 0 };
    int fd = -1;

    setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
    CHECK(disk_udisks_open("/dev/sdx", &fd, &err) == WTG_E_UNSUPPORTED);
    CHECK(strstr(err.text, "no system bus"));
}

static const struct test tests[] = {
    TEST(a_disk_is_opened_for_writing), TEST(names_are_escaped),
    TEST(refusals_are_told_apart),      TEST(without_udisks_it_says_so),
    TEST(without_a_bus_it_says_so),
};
TEST_MAIN(tests)
