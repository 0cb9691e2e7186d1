/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include <unistd.h>

#include "base/le.h"
#include "base/mem.h"
#include "blk/blk.h"
#include "disk/contents.h"
#include "disk/table.h"
#include "disk/text.h"

#define MIB (UINT64_C(1) << 20)
enum { SIZE = 400 << 20 };

static void make_gpt(struct blk *b)
{
    struct disk_layout_opts o = { .size_bytes = SIZE, .sector_bytes = 512 };
    struct disk_layout l;
    struct disk_table *t = NULL;
    struct tree_regions r = { 0 };
    struct wtg_err err = { 0 };

    guid_parse("11111111-2222-4333-8444-555555555555", &o.disk_id);
    guid_parse("aaaaaaaa-0000-4000-8000-000000000001", &o.esp_id);
    guid_parse("aaaaaaaa-0000-4000-8000-000000000002", &o.msr_id);
    guid_parse("aaaaaaaa-0000-4000-8000-000000000003", &o.windows_id);
    if (disk_layout_make(&o, &l, &err) < 0 || disk_table_new(&l, &t, &err) < 0 ||
        disk_table_regions(t, &r, &err) < 0)
        abort();
    for (size_t i = 0; i < r.n; i++)
        memcpy(blk_mem_bytes(b) + r.region[i].offset, r.region[i].bytes, r.region[i].length);
    tree_regions_release(&r);
    disk_table_free(t);
}

/* One byte of one copy changed. `backup`: counted from the backup header. */
static void gpt_damage(void)
{
    static const struct {
        const char *name;
        bool first, last; /* damage the primary header, the backup header */
        unsigned off;
        enum disk_label want;
        bool backup_only, damage;
    } rows[] = {
        { "good", false, false, 0, DISK_LABEL_GPT, false, false },
        { "signature", true, false, 0, DISK_LABEL_GPT, true, true },
        { "revision", true, false, 8, DISK_LABEL_GPT, true, true },
        { "header size", true, false, 0x0c, DISK_LABEL_GPT, true, true },
        { "header size of 4 GiB", true, false, 0x0f, DISK_LABEL_GPT, true, true },
        { "checksum", true, false, 0x10, DISK_LABEL_GPT, true, true },
        { "own LBA", true, false, 0x18, DISK_LABEL_GPT, true, true },
        { "entries' LBA", true, false, 0x4f, DISK_LABEL_GPT, true, true },
        { "number of entries", true, false, 0x53, DISK_LABEL_GPT, true, true },
        { "size of entries", true, false, 0x54, DISK_LABEL_GPT, true, true },
        { "an entry", true, false, 512 + 0x20, DISK_LABEL_GPT, true, true },
        { "the backup", false, true, 0, DISK_LABEL_GPT, false, true },
        { "both", true, true, 0, DISK_LABEL_MBR, false, false },
    };
    struct blk *b = NULL;
    struct wtg_err err = { 0 };

    OK(blk_mem_new(SIZE, &b, &err), err);
    make_gpt(b);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct disk_contents c;
        uint8_t *p = blk_mem_bytes(b);
        p[512 + rows[i].off] ^= rows[i].first ? 0x55 : 0;
        p[SIZE - 512 + rows[i].off % 512] ^= rows[i].last ? 0x55 : 0;
        OK(disk_contents_read(b, &c, &err), err);
        if (c.label != rows[i].want || c.backup_only != rows[i].backup_only ||
            (c.damage[0] != 0) != rows[i].damage) {
            printf("# %s: label %d, '%s'\n", rows[i].name, (int)c.label, c.damage);
            test_failed = true;
        }
        CHECK(c.label != DISK_LABEL_GPT || c.nparts == 3);
        disk_contents_release(&c);
        p[512 + rows[i].off] ^= rows[i].first ? 0x55 : 0;
        p[SIZE - 512 + rows[i].off % 512] ^= rows[i].last ? 0x55 : 0;
    }
    blk_free(b);
}

static void put_entry(uint8_t *sector, int i, uint8_t boot, uint8_t type, uint32_t first,
                      uint32_t count)
{
    uint8_t *e = sector + 0x1be + 16 * i;

    e[0] = boot;
    e[4] = type;
    put_le32(e + 8, first);
    put_le32(e + 12, count);
    sector[510] = 0x55;
    sector[511] = 0xaa;
}

static void mbr_partitions(void)
{
    struct blk *b = NULL;
    struct disk_contents c;
    struct wtg_err err = { 0 };
    char line[DISK_LINE_BYTES];

    OK(blk_mem_new(SIZE, &b, &err), err);
    uint8_t *p = blk_mem_bytes(b);
    put_le32(p + 0x1b8, 0xcafe1234);
    put_entry(p, 0, 0x80, 0x0c, 2048, 2048);
    put_entry(p, 1, 0, 0x07, 4096, 4096);
    put_entry(p, 2, 0, 0x0f, 16384, 65536);
    put_entry(p, 3, 0, 0x83, 9000, 0xffffff00); /* beyond the end */
    put_entry(p + 16384 * 512, 0, 0, 0x07, 2048, 2048);
    put_entry(p + 16384 * 512, 1, 0, 0x05, 8192, 4096);
    put_entry(p + (16384 + 8192) * 512, 0, 0, 0x83, 2048, 1000);
    OK(disk_contents_read(b, &c, &err), err);
    CHECK(c.label == DISK_LABEL_MBR && c.mbr_id == 0xcafe1234);
    REQUIRE(c.nparts == 4);
    CHECK(c.part[0].number == 1 && c.part[0].active && c.part[0].offset_bytes == MIB);
    CHECK(c.part[1].number == 2 && c.part[1].mbr_type == 7);
    CHECK(c.part[2].number == 5 && c.part[2].offset_bytes == (16384 + 2048) * 512);
    CHECK(c.part[3].number == 6 && c.part[3].offset_bytes == (16384 + 8192 + 2048) * 512);
    CHECK(strstr(c.damage, "partition 4 lies beyond") != NULL);
    CHECK(strcmp(disk_content_line(&c, &c.part[0], line), "1  FAT32 partition, 1.0 MB") == 0);
    disk_contents_release(&c);

    put_entry(p + (16384 + 8192) * 512, 1, 0, 0x05, 8192, 4096); /* a chain in a circle */
    OK(disk_contents_read(b, &c, &err), err);
    CHECK(c.nparts < 200);
    disk_contents_release(&c);
    blk_free(b);
}

static void what_is_no_table(void)
{
    static const struct {
        const char *name;
        unsigned at;
        uint8_t value;
    } rows[] = {
        { "nothing", 0, 0 },
        { "only the mark", 510, 0x55 },
        { "code where entries would be", 0x1be, 0x41 },
        { "a partition at sector 0", 0x1be + 4, 7 },
    };
    struct blk *b = NULL;
    struct wtg_err err = { 0 };
    char line[DISK_LINE_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct disk_contents c;
        OK(blk_mem_new(MIB, &b, &err), err);
        uint8_t *p = blk_mem_bytes(b);
        p[510] = 0x55;
        p[511] = 0xaa;
        put_le32(p + 0x1be + 12, 100);
        p[rows[i].at] = rows[i].value;
        OK(disk_contents_read(b, &c, &err), err);
        CHECK(c.label == DISK_LABEL_NONE && c.nparts == 0);
        CHECK(strcmp(disk_contents_summary(&c, line), "nothing that is known") == 0);
        disk_contents_release(&c);
        blk_free(b);
    }
    for (uint64_t n = 0; n < 5000; n += 333) { /* tiny ones */
        struct disk_contents c;
        OK(blk_mem_new(n, &b, &err), err);
        OK(disk_contents_read(b, &c, &err), err);
        disk_contents_release(&c);
        blk_free(b);
    }
}

/* A FAT boot sector with the fields that libblkid asks for, inside a partition. */
static void put_fat(uint8_t *p, const char *label)
{
    memcpy(p, "\xeb\x58\x90MSWIN4.1", 11);
    put_le16(p + 11, 512);
    p[13] = 1;
    put_le16(p + 14, 32);
    p[16] = 2;
    p[21] = 0xf8;
    put_le32(p + 32, 70000);
    put_le32(p + 36, 550);
    put_le32(p + 44, 2);
    put_le16(p + 48, 1);
    put_le16(p + 50, 6);
    p[66] = 0x29;
    memcpy(p + 71, label, 11);
    memcpy(p + 82, "FAT32   ", 8);
    p[510] = 0x55;
    p[511] = 0xaa;
    memcpy(p + (32 + 1100) * 512, label, 11);
    p[(32 + 1100) * 512 + 11] = 8;
}

static void file_systems_are_named(void)
{
    char path[] = "/tmp/wtg-probe-XXXXXX", line[DISK_LINE_BYTES];
    int fd = mkstemp(path);
    struct blk *mem = NULL, *b = NULL;
    struct disk_contents c;
    struct wtg_err err = { 0 };

    OK(blk_mem_new(SIZE, &mem, &err), err);
    make_gpt(mem);
    put_fat(blk_mem_bytes(mem) + MIB, "\033[31mX\x80 B C");
    REQUIRE(fd >= 0 && ftruncate(fd, SIZE) == 0);
    OK(blk_from_fd(fd, SIZE, 512, &b, &err), err);
    OK(blk_write(b, 0, blk_mem_bytes(mem), 3 * MIB, &err), err);
    OK(blk_write(b, SIZE - MIB, blk_mem_bytes(mem) + SIZE - MIB, MIB, &err), err);
    OK(disk_contents_probe(path, 512, &c, &err), err);
    REQUIRE(c.label == DISK_LABEL_GPT && c.nparts == 3);
    CHECK(strcmp(c.part[0].fs, "vfat") == 0);
    CHECK(strchr(c.part[0].fs_label, '\033') == NULL);
    disk_content_line(&c, &c.part[0], line);
    CHECK(strncmp(line, "1  EFI system partition, 272.6 MB, vfat '?[31mX", 45) == 0);
    CHECK(c.part[1].fs[0] == 0 && c.part[2].fs[0] == 0);
    disk_contents_release(&c);

    memset(blk_mem_bytes(mem), 0, 4 * MIB); /* the same file system without a table */
    put_fat(blk_mem_bytes(mem), "WHOLE DISK ");
    OK(blk_write(b, 0, blk_mem_bytes(mem), 3 * MIB, &err), err);
    OK(blk_write(b, SIZE - MIB, blk_mem_bytes(mem), MIB, &err), err);
    OK(disk_contents_probe(path, 512, &c, &err), err);
    REQUIRE(c.label == DISK_LABEL_NONE && c.nparts == 1);
    CHECK(strcmp(disk_content_line(&c, &c.part[0], line),
                 "whole disk, 419.4 MB, vfat 'WHOLE DISK'") == 0);
    disk_contents_release(&c);
    CHECK(disk_contents_probe("/nonexistent/disk", 512, &c, &err) == WTG_E_NOT_FOUND);
    blk_free(b);
    blk_free(mem);
    unlink(path);
}

static void reads_that_fail_are_told(void)
{
    struct blk *b = NULL;
    struct wtg_err err = { 0 };
    int r = WTG_E_IO;

    OK(blk_mem_new(SIZE, &b, &err), err);
    make_gpt(b);
    for (long n = 0; r < 0 && n < 20; n++) {
        struct blk_fault f = { .fail_read = n, .fail_write = -1, .fail_flush = -1 };
        struct blk *faulty = NULL;
        struct disk_contents c = { 0 };
        OK(blk_fault_new(b, &f, &faulty, &err), err);
        r = disk_contents_read(faulty, &c, &err);
        CHECK(r == (n < 4 ? WTG_E_IO : 0));
        disk_contents_release(&c);
        blk_free(faulty);
    }
    blk_free(b);
}

static void texts_play_no_tricks(void)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        { "  Ultra Fit  ", "Ultra Fit" },
        { "a\033[2Jb\nc\x7f", "a?[2Jb?c?" },
        { "\xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80",
          "\xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80" },
        { "\xe4\xb8", "??" },
        { "\xc0\xaf\xff", "???" },
        { "x\xe2\x80\xaey", "x???y" },
        { "\xc2\x9b", "??" },
        { "0123456789abcdefghij\xe4\xb8\xad", "0123456789abcdefghij" },
        { "", "" },
    };
    char buf[23];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(strcmp(disk_printable(buf, sizeof buf, rows[i].in), rows[i].out) == 0);
}

static const struct test tests[] = {
    TEST(gpt_damage),
    TEST(mbr_partitions),
    TEST(what_is_no_table),
    TEST(file_systems_are_named),
    TEST(reads_that_fail_are_told),
    TEST(texts_play_no_tricks),
};
TEST_MAIN(tests)
