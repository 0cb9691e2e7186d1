/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/mem.h"
#include "blk/blk.h"
#include "disk/contents.h"
#include "disk/table.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static struct disk_layout_opts opts_for(uint64_t size, uint32_t sector, bool no_boot)
{
    struct disk_layout_opts o = { .size_bytes = size, .sector_bytes = sector, .no_boot = no_boot };

    guid_parse("11111111-2222-4333-8444-555555555555", &o.disk_id);
    guid_parse("aaaaaaaa-0000-4000-8000-000000000001", &o.esp_id);
    guid_parse("aaaaaaaa-0000-4000-8000-000000000002", &o.msr_id);
    guid_parse("aaaaaaaa-0000-4000-8000-000000000003", &o.windows_id);
    return o;
}

static void layouts(void)
{
    static const struct {
        uint64_t size, windows;
        uint32_t sector;
        bool no_boot;
        uint64_t want_windows; /* 0: too small */
    } rows[] = {
        { 64 * GIB, 0, 512, false, 64 * GIB - 278 * MIB },
        { 64 * GIB, 0, 4096, false, 64 * GIB - 278 * MIB },
        { 64 * GIB, 0, 512, true, 64 * GIB - 2 * MIB },
        { 64 * GIB + 16896, 0, 512, false, 64 * GIB - 277 * MIB },
        { 64 * GIB + 16895, 0, 512, false, 64 * GIB - 278 * MIB },
        { 64 * GIB + 20480, 0, 4096, false, 64 * GIB - 277 * MIB },
        { 64 * GIB, 63 * GIB, 512, false, 64 * GIB - 278 * MIB },
        { 64 * GIB, 64 * GIB - 278 * MIB, 512, false, 64 * GIB - 278 * MIB },
        { 64 * GIB, 64 * GIB - 278 * MIB + 1, 512, false, 0 },
        { 64 * GIB, 65 * GIB, 512, false, 0 },
        { 294 * MIB, 0, 512, false, 16 * MIB },
        { 293 * MIB, 0, 512, false, 0 },
        { 18 * MIB, 0, 512, true, 16 * MIB },
        { 0, 0, 512, true, 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct disk_layout_opts o = opts_for(rows[i].size, rows[i].sector, rows[i].no_boot);
        struct disk_layout l;
        struct wtg_err err = { 0 };
        o.windows_bytes = rows[i].windows;
        int r = disk_layout_make(&o, &l, &err);
        if (r != (rows[i].want_windows ? 0 : WTG_E_DISK_TOO_SMALL)) {
            printf("# row %zu: %d %s\n", i, r, err.text);
            test_failed = true;
        }
        if (r == 0) {
            const struct disk_part *w = disk_layout_part(&l, DISK_ROLE_WINDOWS);
            CHECK(w && w->size_bytes == rows[i].want_windows);
            CHECK(l.nparts == (rows[i].no_boot ? 1 : 3));
            CHECK((disk_layout_part(&l, DISK_ROLE_ESP) == NULL) == rows[i].no_boot);
            CHECK(l.part[0].offset_bytes == MIB);
            CHECK(w->start_lba * rows[i].sector == w->offset_bytes);
        } else {
            CHECK(strstr(err.text, "are needed") != NULL && err.hint[0] != 0);
            o.size_bytes = disk_layout_least_bytes(&o);
            OK(disk_layout_make(&o, &l, &err), err);
        }
    }
}

static int lay(const struct tree_regions *r, struct blk *b, struct wtg_err *err)
{
    for (int pass = PASS_WIPE; pass <= PASS_TABLE; pass++)
        for (size_t i = 0; i < r->n; i++) {
            const struct tree_region *g = &r->region[i];
            AUTO_FREE uint8_t *zero = calloc(g->length, 1);
            if ((int)g->pass != pass)
                continue;
            int e =
                blk_write(b, g->offset, g->kind == REGION_BYTES ? g->bytes : zero, g->length, err);
            if (e < 0)
                return e;
        }
    return 0;
}

static int make_disk(const struct disk_layout_opts *o, struct blk *b, bool wipe,
                     struct wtg_err *err)
{
    struct disk_layout l;
    struct disk_table *t = NULL;
    struct tree_regions regions = { 0 };
    int r = disk_layout_make(o, &l, err);

    if (r == 0)
        r = disk_table_new(&l, &t, err);
    if (r == 0 && wipe)
        r = disk_wipe_regions(&l, &regions, err);
    if (r == 0)
        r = disk_table_regions(t, &regions, err);
    if (r == 0)
        r = lay(&regions, b, err);
    tree_regions_release(&regions);
    disk_table_free(t);
    return r;
}

static void what_is_written_is_read_again(uint64_t size, uint32_t sector, bool no_boot)
{
    struct disk_layout_opts o = opts_for(size, sector, no_boot);
    struct disk_layout l;
    struct disk_contents c;
    struct blk *b = NULL;
    struct wtg_err err = { 0 };
    char line[DISK_LINE_BYTES];

    OK(disk_layout_make(&o, &l, &err), err);
    OK(blk_mem_new(size, &b, &err), err);
    b->sector_bytes = sector;
    memset(blk_mem_bytes(b), 0xff, 4 * MIB); /* what was there before */
    OK(make_disk(&o, b, true, &err), err);
    OK(disk_contents_read(b, &c, &err), err);
    CHECK(c.label == DISK_LABEL_GPT && !c.backup_only && !c.damage[0]);
    CHECK(memcmp(&c.id, &l.id, sizeof c.id) == 0);
    CHECK(c.nparts == l.nparts && c.nmore == 0);
    for (size_t i = 0; i < l.nparts && i < c.nparts; i++) {
        const struct disk_part *want = &l.part[i];
        const struct disk_content_part *got = &c.part[i];
        CHECK(got->number == i + 1);
        CHECK(got->offset_bytes == want->offset_bytes && got->size_bytes == want->size_bytes);
        CHECK(memcmp(&got->type, &want->type, 16) == 0 && memcmp(&got->id, &want->id, 16) == 0);
        CHECK(got->attributes == want->attributes);
        CHECK(strcmp(got->name, want->name) == 0);
    }
    CHECK(strncmp(disk_contents_summary(&c, line), "GPT with ", 9) == 0);
    const uint8_t *p = blk_mem_bytes(b);
    CHECK(p[0x1fe] == 0x55 && p[0x1ff] == 0xaa && p[0x1c2] == 0xee);
    CHECK(p[MIB] == 0 && p[0] == 0);
    disk_contents_release(&c);
    blk_free(b);
}

static void sectors_of_512(void)
{
    what_is_written_is_read_again(2 * GIB, 512, false);
}
static void sectors_of_4096(void)
{
    what_is_written_is_read_again(2 * GIB, 4096, false);
}
static void without_boot(void)
{
    what_is_written_is_read_again(64 * MIB, 512, true);
}
static void an_odd_size(void)
{
    what_is_written_is_read_again(2 * GIB + 512 * 7, 512, false);
}

static void the_same_call_gives_the_same_bytes(void)
{
    struct disk_layout_opts o = opts_for(512 * MIB, 512, false);
    struct blk *a = NULL, *b = NULL;
    struct wtg_err err = { 0 };

    OK(blk_mem_new(o.size_bytes, &a, &err), err);
    OK(blk_mem_new(o.size_bytes, &b, &err), err);
    OK(make_disk(&o, a, false, &err), err);
    OK(make_disk(&o, b, false, &err), err);
    CHECK(memcmp(blk_mem_bytes(a), blk_mem_bytes(b), o.size_bytes) == 0);
    blk_free(a);
    blk_free(b);
}

static void the_primary_comes_last(void)
{
    struct disk_layout_opts o = opts_for(512 * MIB, 512, false);
    struct disk_layout l;
    struct disk_table *t = NULL;
    struct tree_regions r = { 0 };
    struct wtg_err err = { 0 };

    OK(disk_layout_make(&o, &l, &err), err);
    OK(disk_table_new(&l, &t, &err), err);
    OK(disk_table_regions(t, &r, &err), err);
    CHECK(r.n == 2);
    for (size_t i = 0; i < r.n; i++) {
        CHECK(r.region[i].pass == (r.region[i].offset ? PASS_BOOT : PASS_TABLE));
        /* nothing of a partition is touched */
        CHECK(r.region[i].offset + r.region[i].length <= MIB ||
              r.region[i].offset >= l.part[2].offset_bytes + l.part[2].size_bytes);
    }
    tree_regions_release(&r);
    disk_table_free(t);
}

static bool have(const char *tool)
{
    char line[128];

    snprintf(line, sizeof line, "PATH=$PATH:/sbin:/usr/sbin command -v %s >/dev/null", tool);
    return system(line) == 0;
}

static int sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int sh(const char *fmt, ...)
{
    char line[512] = "PATH=$PATH:/sbin:/usr/sbin; ";
    size_t n = strlen(line);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line + n, sizeof line - n, fmt, ap);
    va_end(ap);
    int r = system(line);
    if (r != 0)
        printf("# %s\n", line);
    return r;
}

/* sgdisk and sfdisk read a file in sectors of 512 bytes only. */
static void others_read_it(void)
{
    struct disk_layout_opts o = opts_for(64 * GIB, 512, false);
    char path[] = "/tmp/wtg-table-XXXXXX";
    struct blk *b = NULL;
    struct wtg_err err = { 0 };
    int fd = mkstemp(path);

    REQUIRE(fd >= 0 && ftruncate(fd, (off_t)o.size_bytes) == 0);
    OK(blk_from_fd(fd, o.size_bytes, 512, &b, &err), err);
    OK(make_disk(&o, b, false, &err), err);
    OK(blk_flush(b, &err), err);
    blk_free(b);
    if (have("sgdisk")) {
        CHECK(sh("sgdisk -v %s | grep -v '^$' | head -1 | grep -q 'No problems found'", path) == 0);
        CHECK(sh("sgdisk -p %s | grep -q '   2048          534527   260.0 MiB   EF00  EFI sys'",
                 path) == 0);
        CHECK(sh("sgdisk -i 2 %s | grep -q E3C9E316-0B5C-4DB8-817D-F92DF00215AE", path) == 0);
        CHECK(sh("sgdisk -i 3 %s | grep -q AAAAAAAA-0000-4000-8000-000000000003", path) == 0);
        CHECK(sh("sgdisk -A 1:show %s | grep -q '1:63:1 '", path) == 0);
    } else {
        printf("# 'sgdisk' is not installed, passed over\n");
    }
    if (have("sfdisk"))
        CHECK(sh("sfdisk -V %s >/dev/null && sfdisk -d %s | grep -q 'label: gpt'", path, path) ==
              0);
    else
        printf("# 'sfdisk' is not installed, passed over\n");
    unlink(path);
}

static const struct test tests[] = {
    TEST(layouts),
    TEST(sectors_of_512),
    TEST(sectors_of_4096),
    TEST(without_boot),
    TEST(an_odd_size),
    TEST(the_same_call_gives_the_same_bytes),
    TEST(the_primary_comes_last),
    TEST(others_read_it),
};
TEST_MAIN(tests)
