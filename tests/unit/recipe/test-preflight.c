/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recipe/preflight.h"

/* A made-up computer in a folder, and disks in memory. */

static char root[64], state[80];
static struct disk_host host = { .root = root };

static void put(const char *path, const char *text, size_t n)
{
    char full[512];

    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); *p++ = '/') {
        *p = 0;
        mkdir(full, 0755);
    }
    FILE *f = fopen(full, "w");
    if (!f || fwrite(text, 1, n, f) != n || fclose(f) != 0)
        abort();
}

static void text(const char *path, const char *s)
{
    put(path, s, strlen(s));
}

static void put_link(const char *path, const char *to)
{
    char full[512], target[512];

    text(path, "");
    snprintf(full, sizeof full, "%s%s", root, path);
    snprintf(target, sizeof target, "%s%s", root, to);
    unlink(full);
    if (symlink(target, full) < 0)
        abort();
}

#define DEVICE "/sys/devices/pci0/usb1/1-2/1-2.3"
#define SCSI DEVICE "/1-2.3:1.0/host4/target4:0:0/4:0:0:0"

/* A stick of 64 GB that can USB 3 behind a hub of USB 2, on a Dell with Secure Boot. */
static void make_computer(void)
{
    char open_file[128];

    snprintf(root, sizeof root, "/tmp/wtg-preflight-XXXXXX");
    if (!mkdtemp(root))
        abort();
    snprintf(state, sizeof state, "%s/state", root);
    mkdir(state, 0755);
    text(SCSI "/block/sdb/size", "125000000\n");
    text(SCSI "/block/sdb/dev", "8:16\n");
    text(SCSI "/block/sdb/ro", "0\n");
    text(SCSI "/block/sdb/removable", "1\n");
    text(SCSI "/block/sdb/queue/logical_block_size", "512\n");
    text(DEVICE "/idVendor", "0781\n");
    text(DEVICE "/speed", "480\n");
    text(DEVICE "/version", " 2.10\n");
    put_link("/sys/class/block/sdb", SCSI "/block/sdb");
    put_link("/sys/block/sdb", SCSI "/block/sdb");
    text("/sys/bus/usb/devices/usb2/speed", "5000\n");
    text("/dev/sdb", "");
    text("/proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable:  500000 kB\n");
    text("/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
    text("/proc/41/comm", "udiskie\n");
    text("/proc/42/comm", "dd\n");
    text("/proc/42/fd/0", "");
    snprintf(open_file, sizeof open_file, "%s/proc/42/fd/3", root);
    if (symlink("/dev/sdb", open_file) < 0) /* as the kernel shows it */
        abort();
    text("/sys/class/dmi/id/sys_vendor", "Dell Inc.\n");
    put("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", "\6\0\0\0\1",
        5);
    text("/var/log/kern.log", "x\naudit: apparmor=\"DENIED\" operation=\"open\" comm=\"wtg\"\n");
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

/* ---- rows ------------------------------------------------------------------------------- */

struct rows {
    struct one {
        char slug[32], seen[200], note[200], where[400], todo[200];
        enum wtg_preflight_verdict verdict;
        int code;
    } row[64];
    size_t n;
};

static void on_row(const struct wtg_preflight_row *r, void *user)
{
    struct rows *rows = user;
    struct one *o = &rows->row[rows->n++];

    snprintf(o->slug, sizeof o->slug, "%s", r->slug);
    snprintf(o->seen, sizeof o->seen, "%s", r->seen);
    snprintf(o->note, sizeof o->note, "%s", r->note);
    snprintf(o->where, sizeof o->where, "%s", r->where);
    snprintf(o->todo, sizeof o->todo, "%s", r->todo);
    o->verdict = r->verdict;
    o->code = r->err ? r->err->code : 0;
}

static const struct one *row(const struct rows *rows, const char *slug)
{
    static const struct one none = { .verdict = (enum wtg_preflight_verdict)99 };

    for (size_t i = 0; i < rows->n; i++)
        if (strcmp(rows->row[i].slug, slug) == 0)
            return &rows->row[i];
    printf("# there is no row '%s'\n", slug);
    return &none;
}

static int run(bool write_test, struct blk *b, struct rows *rows, unsigned *stops)
{
    const struct preflight_on on = { .host = &host, .disk = "sdb", .blk = b, .state_dir = state };
    const struct wtg_preflight_opts o = { .create.target = "/dev/sdb",
                                          .quick = !b,
                                          .write_test = write_test };
    struct wtg_err err = { 0 };
    int r;

    *rows = (struct rows){ 0 };
    *stops = 0;
    r = preflight(&o, NULL, &on, NULL, on_row, rows, stops, &err);
    if (r < 0)
        printf("# %s\n", err.text);
    return r;
}

static void a_made_up_computer_is_judged(void)
{
    struct rows rows;
    unsigned stops;

    REQUIRE(run(false, NULL, &rows, &stops) == 0);
    CHECK(stops == 0);
    CHECK(row(&rows, "memory")->verdict == WTG_PREFLIGHT_WARNING);
    CHECK(row(&rows, "kernel")->verdict == WTG_PREFLIGHT_FINE);
    CHECK(strcmp(row(&rows, "firmware-mode")->seen, "UEFI") == 0);
    CHECK(strcmp(row(&rows, "secure-boot")->seen, "on") == 0);
    CHECK(strstr(row(&rows, "automounter")->where, "udiskie (pid 41)"));
    CHECK(row(&rows, "denials")->verdict == WTG_PREFLIGHT_WARNING);
    CHECK(row(&rows, "target")->verdict == WTG_PREFLIGHT_FINE);
    CHECK(row(&rows, "in-use")->verdict == WTG_PREFLIGHT_WARNING);
    CHECK(strstr(row(&rows, "in-use")->where, "dd (pid 42)"));
    CHECK(row(&rows, "size")->verdict == WTG_PREFLIGHT_FINE);
    CHECK(strcmp(row(&rows, "setup-key")->seen, "F2") == 0);
    CHECK(strcmp(row(&rows, "boot-key")->seen, "F12") == 0);
}

static void a_usb_3_stick_on_a_usb_2_port_is_told(void)
{
    struct rows rows;
    unsigned stops;

    REQUIRE(run(false, NULL, &rows, &stops) == 0);
    CHECK(row(&rows, "usb-link")->verdict == WTG_PREFLIGHT_WARNING);
    CHECK(strcmp(row(&rows, "usb-link")->seen, "480 Mbit/s") == 0);
    CHECK(strcmp(row(&rows, "usb-link")->where, "USB 1-2.3 (hub)") == 0);
    CHECK(strstr(row(&rows, "usb-link")->note, "a USB 3 stick on a USB 2 port"));
    CHECK(strstr(row(&rows, "usb-link")->todo, "blue port"));
    text(DEVICE "/version", " 2.00\n");
    REQUIRE(run(false, NULL, &rows, &stops) == 0);
    CHECK(strstr(row(&rows, "usb-link")->note, "a USB 2 stick"));
    text(DEVICE "/speed", "5000\n");
    REQUIRE(run(false, NULL, &rows, &stops) == 0);
    CHECK(row(&rows, "usb-link")->verdict == WTG_PREFLIGHT_FINE);
}

static void a_lock_and_a_mount_stop(void)
{
    struct rows rows;
    unsigned stops;

    text(SCSI "/block/sdb/ro", "1\n");
    REQUIRE(run(false, NULL, &rows, &stops) == 0);
    CHECK(row(&rows, "write-lock")->verdict == WTG_PREFLIGHT_STOP);
    CHECK(row(&rows, "target")->code == WTG_E_DISK_READ_ONLY);
    CHECK(stops >= 2);
    text(SCSI "/block/sdb/ro", "0\n");
    text("/proc/self/mountinfo", "36 35 8:16 / /media/x rw - vfat /dev/sdb rw\n");
    REQUIRE(run(false, NULL, &rows, &stops) == 0);
    CHECK(row(&rows, "in-use")->verdict == WTG_PREFLIGHT_STOP);
    CHECK(row(&rows, "in-use")->code == WTG_E_DISK_IN_USE);
    CHECK(strstr(row(&rows, "in-use")->todo, "umount"));
    text("/proc/self/mountinfo", "");
}

/* ---- measuring -------------------------------------------------------------------------- */

enum { BYTES = 64 << 20 };

static void fill(struct blk *b)
{
    uint8_t *p = blk_mem_bytes(b);

    for (size_t i = 0; i < BYTES; i++)
        p[i] = (uint8_t)(i * 2654435761u >> 13);
}

static unsigned undo_files(void)
{
    char command[200];

    snprintf(command, sizeof command, "test -z \"$(ls %s)\"", state);
    return system(command) == 0 ? 0 : 1;
}

/* Tests a disk, through a lie or not; what was on it must be on it afterwards. */
static void try_disk(const struct blk_lie *lie, bool lost)
{
    struct wtg_err err = { 0 };
    struct blk *b = NULL, *liar = NULL;
    struct rows rows;
    unsigned stops;

    OK(blk_mem_new(BYTES, &b, &err), err);
    fill(b);
    uint8_t *before = malloc(BYTES);
    REQUIRE(before);
    memcpy(before, blk_mem_bytes(b), BYTES);
    if (lie)
        OK(blk_lie_new(b, lie, &liar, &err), err);
    REQUIRE(run(true, liar ? liar : b, &rows, &stops) == 0);
    CHECK(row(&rows, "reach")->verdict == (lost ? WTG_PREFLIGHT_STOP : WTG_PREFLIGHT_FINE));
    CHECK(row(&rows, "reach")->code == (lost ? WTG_E_VERIFY : 0));
    CHECK(row(&rows, "write-rate")->seen[0]);
    CHECK(memcmp(before, blk_mem_bytes(b), BYTES) == 0);
    CHECK(undo_files() == 0);
    free(before);
    blk_free(liar);
    blk_free(b);
}

static void a_write_test_leaves_no_trace(void)
{
    try_disk(NULL, false);
}

static void fake_sticks_are_found_and_restored(void)
{
    static const struct blk_lie lies[] = {
        { BLK_LIE_WRAP, BYTES / 2, 0 },
        { BLK_LIE_WRAP, BYTES / 16, 0 },
        { BLK_LIE_DROP, BYTES / 2, BYTES / 2 },
        { BLK_LIE_DROP, BYTES - (1 << 20), 1 << 20 },
    };

    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++)
        try_disk(&lies[i], true);
}

static void a_place_that_does_not_read_stops(void)
{
    const struct blk_fault fault = { .fail_read = 5, .fail_write = -1, .fail_flush = -1 };
    struct wtg_err err = { 0 };
    struct blk *b = NULL, *bad = NULL;
    struct rows rows;
    unsigned stops;

    OK(blk_mem_new(BYTES, &b, &err), err);
    OK(blk_fault_new(b, &fault, &bad, &err), err);
    REQUIRE(run(false, bad, &rows, &stops) == 0);
    CHECK(row(&rows, "reach")->verdict == WTG_PREFLIGHT_STOP);
    CHECK(row(&rows, "reach")->code == WTG_E_IO);
    blk_free(bad);
    blk_free(b);
}

static void slugs_are_unique(void)
{
    for (size_t i = 0; preflight_check_slug(i); i++)
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(preflight_check_slug(i), preflight_check_slug(k)) != 0);
}

static const struct test tests[] = {
    TEST(a_made_up_computer_is_judged),
    TEST(a_usb_3_stick_on_a_usb_2_port_is_told),
    TEST(a_lock_and_a_mount_stop),
    TEST(a_write_test_leaves_no_trace),
    TEST(fake_sticks_are_found_and_restored),
    TEST(a_place_that_does_not_read_stops),
    TEST(slugs_are_unique),
};

int main(void)
{
    make_computer();
    int r = test_run(tests, sizeof tests / sizeof tests[0]);
    nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return r;
}
