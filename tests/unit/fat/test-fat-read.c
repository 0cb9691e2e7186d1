/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "volume.h"

#include "fat/fat-disk.h"
#include "fat/fat-name.h"

/* One damage per row, on a volume that is good otherwise. */
enum where { BOOT, FSINFO, BACKUP, FAT1, BOTH_FATS, ROOT, SUB, VOLUME_END };

static const struct {
    const char *name;
    enum where at;
    unsigned off, len; /* len bytes of `value`, little endian */
    uint64_t value;
    int open, read; /* what fat_open and fat_read_tree say */
    bool clean;     /* the checker finds nothing */
} rows[] = {
    { "good", BOOT, 0, 0, 0, 0, 0, true },
    /* the boot sector: its backup steps in */
    { "no 55 aa", BOOT, 510, 2, 0, 0, 0, false },
    { "sectors of 500 bytes", BOOT, 0x0b, 2, 500, 0, 0, false },
    { "clusters of 3 sectors", BOOT, 0x0d, 1, 3, 0, 0, false },
    { "no FATs", BOOT, 0x10, 1, 0, 0, 0, false },
    { "FAT16's root directory", BOOT, 0x11, 2, 512, 0, 0, false },
    { "no reserved sectors", BOOT, 0x0e, 2, 0, 0, 0, false },
    { "larger than its partition", BOOT, 0x20, 4, 0xffffffff, 0, 0, false },
    { "FAT too short for the clusters", BOOT, 0x24, 4, 3, 0, 0, false },
    { "FAT of 16 TiB", BOOT, 0x24, 4, 0xffffffff, 0, 0, false },
    { "version 1", BOOT, 0x2a, 2, 1, 0, 0, false },
    { "one live FAT, the sixth", BOOT, 0x28, 2, 0x85, 0, 0, false },
    { "one live FAT, the second", BOOT, 0x28, 2, 0x81, 0, 0, false },
    { "root in cluster 0", BOOT, 0x2c, 4, 0, 0, WTG_E_VOLUME_DAMAGED, false },
    { "root beyond the end", BOOT, 0x2c, 4, 0x0ffffff0, 0, WTG_E_VOLUME_DAMAGED, false },
    { "media byte", BOOT, 0x15, 1, 0xf0, 0, 0, false },
    { "FSINFO beyond the reserved sectors", BOOT, 0x30, 2, 900, 0, 0, false },
    { "no backup", BOOT, 0x32, 2, 0, 0, 0, false },
    { "another backup", BACKUP, 3, 1, 'X', 0, 0, false },
    { "FSINFO's mark", FSINFO, 0, 1, 0, 0, 0, false },
    { "FSINFO's count", FSINFO, 0x1e8, 4, 5, 0, 0, false },
    { "FSINFO does not know", FSINFO, 0x1e8, 4, 0xffffffff, 0, 0, true },
    /* the FAT: cluster 2 is the root, 3 the directory "sub", then the files a (4), b (5, 6) */
    { "FATs differ", FAT1, 100 * 4, 4, 0x0fffffff, 0, 0, false },
    { "a lost cluster", BOTH_FATS, 100 * 4, 4, 0x0fffffff, 0, 0, false },
    { "a bad cluster", BOTH_FATS, 100 * 4, 4, 0x0ffffff7, 0, 0, false }, /* FSINFO */
    { "not unmounted", BOTH_FATS, 4, 4, 0x07ffffff, 0, 0, false },
    { "upper four bits", BOTH_FATS, 4 * 4, 4, 0xffffffff, 0, 0, true },
    { "chain to itself", BOTH_FATS, 5 * 4, 4, 5, 0, WTG_E_VOLUME_DAMAGED, false },
    { "chain into another", BOTH_FATS, 5 * 4, 4, 4, 0, WTG_E_VOLUME_DAMAGED, false },
    { "chain too short", BOTH_FATS, 5 * 4, 4, 0x0fffffff, 0, WTG_E_VOLUME_DAMAGED, false },
    { "chain into the void", BOTH_FATS, 5 * 4, 4, 0, 0, WTG_E_VOLUME_DAMAGED, false },
    { "chain off the volume", BOTH_FATS, 5 * 4, 4, 0x00ffffff, 0, WTG_E_VOLUME_DAMAGED, false },
    { "chain into a bad cluster", BOTH_FATS, 5 * 4, 4, 0x0ffffff7, 0, WTG_E_VOLUME_DAMAGED, false },
    { "chain too long", BOTH_FATS, 4 * 4, 4, 50, 0, WTG_E_VOLUME_DAMAGED, false }, /* free */
    { "directory in a circle", BOTH_FATS, 3 * 4, 4, 2, 0, WTG_E_VOLUME_DAMAGED, false },
    /* entries: label, lfn of "a long name", the file, "sub" (lfn, entry) */
    { "checksum of a long name", ROOT, 32 + 13, 1, 0, 0, 0, false },
    { "order of a long name", ROOT, 32, 1, 0x42, 0, 0, false },
    { "order 0 of a long name", ROOT, 32, 1, 0x40, 0, 0, false },
    { "type of a long name", ROOT, 32 + 12, 1, 1, 0, 0, false },
    { "a long name with a slash", ROOT, 32 + 1, 2, '/', 0, WTG_E_VOLUME_DAMAGED, false },
    { "a long name that is empty", ROOT, 32 + 1, 2, 0, 0, 0, false },
    { "bytes after a long name", ROOT, 32 + 0x1e, 2, 'x', 0, 0, false },
    { "a file deleted without its long name", ROOT, 64, 1, 0xe5, 0, 0, false },
    { "a name of spaces", ROOT, 64, 8, 0x2020202020202020, 0, WTG_E_VOLUME_DAMAGED, false },
    { "a control character", ROOT, 65, 1, 1, 0, WTG_E_VOLUME_DAMAGED, false },
    { "size beyond the chain", ROOT, 64 + 28, 4, 5000, 0, WTG_E_VOLUME_DAMAGED, false },
    { "size 0 with a chain", ROOT, 64 + 28, 4, 0, 0, 0, false },
    { "size of 4 GiB", ROOT, 64 + 28, 4, 0xffffffff, 0, WTG_E_VOLUME_DAMAGED, false },
    { "first cluster 0", ROOT, 64 + 26, 2, 0, 0, WTG_E_VOLUME_DAMAGED, false },
    { "first cluster 1", ROOT, 64 + 26, 2, 1, 0, WTG_E_VOLUME_DAMAGED, false },
    { "a directory without clusters", ROOT, 128 + 26, 2, 0, 0, WTG_E_VOLUME_DAMAGED, false },
    { "a directory that is the root", ROOT, 128 + 26, 2, 2, 0, WTG_E_VOLUME_DAMAGED, false },
    { "a directory with a size", ROOT, 128 + 28, 4, 32, 0, 0, false },
    { "a date in month 15", ROOT, 64 + 24, 2, 0x01e1, 0, 0, true },
    { "the label", ROOT, 0, 1, 'Y', 0, 0, true },
    { "'.' points elsewhere", SUB, 26, 2, 9, 0, 0, false },
    { "'..' points elsewhere", SUB, 32 + 26, 2, 9, 0, 0, false },
};

static struct tree *small_tree(struct fixture *f)
{
    fixture_new(f);
    fixture_file(f, f->t->root, "a long name", 300);
    struct tree_node *sub = fixture_dir(f, f->t->root, "sub");
    fixture_file(f, sub, "B", 1000);
    if (tree_sort(f->t, &f->err) < 0)
        abort();
    return f->t;
}

static uint64_t offset_of(const struct fat_boot_disk *b, enum where at)
{
    uint64_t fat1 = get_le16(b->reserved_sectors), data = fat1 + 2u * get_le32(b->fat_sectors);
    const uint64_t sector[] = {
        [BOOT] = 0,         [FSINFO] = 1,  [BACKUP] = 6,     [FAT1] = fat1,
        [BOTH_FATS] = fat1, [ROOT] = data, [SUB] = data + 1,
    };
    return sector[at] * 512;
}

static void try_row(struct blk *vol, size_t i)
{
    struct fat *fat = NULL;
    struct tree *t = NULL;
    struct wtg_err err = { 0 }, check_err = { 0 };
    size_t problems = 0;
    int open = fat_open(vol, &fat, &err);
    int read = open == 0 ? fat_read_tree(fat, &t, &err) : 0;
    int check = fat_check(vol, NULL, NULL, &problems, &check_err);

    if (open != rows[i].open || read != rows[i].read || check != rows[i].open ||
        (open == 0 && (problems == 0) != rows[i].clean)) {
        printf("# %s: open %d, read %d (%s), check %d, %zu problems\n", rows[i].name, open, read,
               err.text, check, problems);
        check = fat_check(vol, print_problem, NULL, &problems, &check_err);
        test_failed = true;
    }
    tree_free(t);
    fat_free(fat);
}

static void every_damage_is_seen(void)
{
    struct fixture f;
    struct blk *vol = NULL;
    struct wtg_err err = { 0 };
    struct fat_build_opts opts = fixture_opts(36, 512);

    OK(blk_mem_new(opts.size_bytes, &vol, &err), err);
    OK(build_into(small_tree(&f), &opts, vol, &err), err);
    struct fat_boot_disk boot;
    memcpy(&boot, blk_mem_bytes(vol), sizeof boot);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t off = offset_of(&boot, rows[i].at) + rows[i].off, value = rows[i].value;
        uint64_t copy = off + (uint64_t)get_le32(boot.fat_sectors) * 512;
        uint8_t keep[2][8], *p = blk_mem_bytes(vol);
        memcpy(keep[0], p + off, 8);
        memcpy(keep[1], p + copy, 8);
        for (unsigned k = 0; k < rows[i].len; k++, value >>= 8) {
            p[off + k] = (uint8_t)value;
            if (rows[i].at == BOTH_FATS)
                p[copy + k] = (uint8_t)value;
        }
        try_row(vol, i);
        memcpy(p + off, keep[0], 8);
        memcpy(p + copy, keep[1], 8);
    }
    blk_free(vol);
    fixture_free(&f);
}

static void other_file_systems_are_no_fat32(void)
{
    struct blk *vol = NULL;
    struct fat *fat = NULL;
    struct wtg_err err = { 0 };
    size_t n = 0;

    for (uint64_t size = 0; size < 100000; size = size * 2 + 511) {
        OK(blk_mem_new(size, &vol, &err), err);
        CHECK(fat_open(vol, &fat, &err) == WTG_E_VOLUME_FORMAT);
        CHECK(fat_check(vol, NULL, NULL, &n, &err) == WTG_E_VOLUME_FORMAT);
        blk_free(vol);
    }
}

static void reads_that_fail_are_told(void)
{
    struct fixture f;
    struct blk *vol = NULL;
    struct wtg_err err = { 0 };
    struct fat_build_opts opts = fixture_opts(36, 512);
    int r = WTG_E_IO;

    OK(blk_mem_new(opts.size_bytes, &vol, &err), err);
    OK(build_into(small_tree(&f), &opts, vol, &err), err);
    for (long n = 1; r < 0 && n < 100; n++) { /* 0: the backup boot sector steps in */
        struct blk_fault fault = { .fail_read = n, .fail_write = -1, .fail_flush = -1 };
        struct blk *faulty = NULL;
        size_t problems = 0;
        OK(blk_fault_new(vol, &fault, &faulty, &err), err);
        r = fat_check(faulty, NULL, NULL, &problems, &err);
        CHECK(r == 0 || r == WTG_E_IO);
        CHECK(r < 0 || n > 4);
        blk_free(faulty);
    }
    CHECK(r == 0);
    blk_free(vol);
    fixture_free(&f);
}

static void times_survive(void)
{
    static const uint64_t rows_s[] = {
        /* seconds since 1601 */
        UINT64_C(138426) * 86400,         /* 1980-01-01 */
        UINT64_C(154555) * 86400 + 86399, /* 2024-02-28, the last second but one */
        UINT64_C(154556) * 86400,         /* 2024-02-29 */
        UINT64_C(145731) * 86400,         /* 2000-01-01 */
        UINT64_C(145790) * 86400,         /* 2000-02-29 */
        UINT64_C(182315) * 86400,         /* 2100-02-28 + 1 */
        UINT64_C(185177) * 86400 - 2,     /* 2107-12-31 23:59:58 */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows_s); i++) {
        uint64_t t = rows_s[i] * 10000000 + 1230000;
        CHECK(fat_time_to(fat_time_from(t)) == t - t % 100000);
    }
    CHECK(fat_time_from(0).date == (1 << 5 | 1));
    CHECK(fat_time_from(UINT64_MAX).date == (127 << 9 | 12 << 5 | 31));
    CHECK(fat_time_from(TEST_TIME).date == (44 << 9 | 2 << 5 | 29));
    CHECK(fat_time_to((struct fat_time){ 45 << 9 | 2 << 5 | 29, 0, 0 }) == 0); /* 2025-02-29 */
    CHECK(fat_time_to((struct fat_time){ 0, 0, 0 }) == 0);
}

static void short_names(void)
{
    static const struct {
        const char *name, *want;
        enum fat_short_fit fit;
    } names[] = {
        { "README.TXT", "README  TXT", FAT_SHORT_IS_NAME },
        { "readme.txt", "README  TXT", FAT_SHORT_FITS },
        { "BCD", "BCD        ", FAT_SHORT_IS_NAME },
        { "bootmgfw.efi", "BOOTMGFWEFI", FAT_SHORT_FITS },
        { "bootmgr.efi.mui", "BOOTMGREMUI", FAT_SHORT_CUT },
        { "two words", "TWOWORDS   ", FAT_SHORT_CUT },
        { "a.json", "A       JSO", FAT_SHORT_CUT },
        { ".hidden", "HIDDEN     ", FAT_SHORT_CUT },
        { "a+b", "A_B        ", FAT_SHORT_CUT },
        { "\xc3\xa4", "_          ", FAT_SHORT_CUT },
        { " .x", "_       X  ", FAT_SHORT_CUT },
        { "FOO~1", "FOO~1      ", FAT_SHORT_IS_NAME },
    };
    uint8_t got[FAT_SHORT_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        uint16_t *u = NULL;
        size_t n = 0;
        struct wtg_err err = { 0 };
        OK(utf16_from_utf8(names[i].name, &u, &n, &err), err);
        enum fat_short_fit fit = fat_short_make(u, n, got);
        if (fit != names[i].fit || memcmp(got, names[i].want, FAT_SHORT_BYTES) != 0) {
            printf("# %s: '%.11s', fit %d\n", names[i].name, (const char *)got, (int)fit);
            test_failed = true;
        }
        free(u);
    }
    memcpy(got, "AB      TXT", FAT_SHORT_BYTES);
    fat_short_number(got, 12);
    CHECK(memcmp(got, "AB~12   TXT", FAT_SHORT_BYTES) == 0);
    memcpy(got, "ABCDEFGHTXT", FAT_SHORT_BYTES);
    fat_short_number(got, 99999);
    CHECK(memcmp(got, "AB~99999TXT", FAT_SHORT_BYTES) == 0);
    /* fatgen103's algorithm, worked by hand for one letter and ten spaces */
    CHECK(fat_short_checksum((const uint8_t *)"           ") == 0xf7);
}

static const struct test tests[] = {
    TEST(every_damage_is_seen),
    TEST(other_file_systems_are_no_fat32),
    TEST(reads_that_fail_are_told),
    TEST(times_survive),
    TEST(short_names),
};
TEST_MAIN(tests)
