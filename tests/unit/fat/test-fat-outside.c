/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "volume.h"

#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

/* What others say of our volumes (dosfstools, mtools, sleuthkit, 7-Zip, GRUB), and what we say of
 * theirs.  A tool that is not installed is passed over, and told. */

static char folder[64];

static int sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int sh(const char *fmt, ...)
{
    char line[1024];
    va_list ap;

    int n = snprintf(line, sizeof line, "cd '%s' && exec >log 2>&1 && ", folder);
    va_start(ap, fmt);
    vsnprintf(line + n, sizeof line - (size_t)n, fmt, ap);
    va_end(ap);
    int r = system(line);
    if (r != 0)
        printf("# %s\n", line);
    return r;
}

static bool have(const char *tool)
{
    char line[128];

    snprintf(line, sizeof line, "PATH=$PATH:/sbin:/usr/sbin command -v %s >/dev/null", tool);
    if (system(line) == 0)
        return true;
    printf("# '%s' is not installed, passed over\n", tool);
    return false;
}

static int open_image(const char *name, uint64_t size, uint32_t sector_bytes, struct blk **ret,
                      struct wtg_err *err)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
        return -1;
    return blk_from_fd(fd, size, sector_bytes, ret, err);
}

static void ask_others(const char *image)
{
    static const struct {
        const char *tool, *line;
    } rows[] = {
        { "fsck.vfat", "PATH=$PATH:/sbin:/usr/sbin fsck.vfat -n -v %s" },
        { "mdir", "mdir -i %s -/ ::" },
        { "minfo", "minfo -i %s :: | grep -x 'hidden sectors: [12][0-9]*'" },
        { "mtype", "mtype -i %s '::/long file name.txt' | wc -c | grep -x 12" },
        { "mtype", "mtype -i %s ::/LONGFI~1.TXT | wc -c | grep -x 11" },
        { "mattrib", "mattrib -i %s ::/EFI/Microsoft/Boot/bootmgfw.efi | grep 'A  SHR'" },
        { "7z", "7z t %s | grep -x 'Files: 317'" },
        { "7z", "7z l -slt %s | grep -x 'Path = EFI/Microsoft/Boot/zh-CN/bootmgr.efi.mui'" },
        { "fsstat", "fsstat %s | grep 'File System Type: FAT32'" },
        { "fls", "fls -r -F %s | wc -l | grep -x 321" }, /* 317, the label, three of its own */
        { "grub-fstest", "grub-fstest %s ls '(loop0)/EFI/Boot/' | grep bootx64.efi" },
        { "grub-fstest", "grub-fstest %s crc '(loop0)/EFI/Boot/bootx64.efi'" },
        { "blkid", "PATH=$PATH:/sbin:/usr/sbin blkid -p %s | grep 'VERSION=\"FAT32\"'" },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char line[256];
        const char *at = strstr(rows[i].line, "%s");
        snprintf(line, sizeof line, "%.*s%s%s", (int)(at - rows[i].line), rows[i].line, image,
                 at + 2);
        if (have(rows[i].tool))
            CHECK(sh("%s", line) == 0);
    }
}

static void others_read(uint64_t mib, uint32_t sector_bytes)
{
    struct fixture f;
    struct blk *vol = NULL;
    struct wtg_err err = { 0 };
    struct fat_build_opts opts = fixture_opts(mib, sector_bytes);

    fixture_new(&f);
    fixture_fill(&f);
    OK(open_image("ours.img", opts.size_bytes, sector_bytes, &vol, &err), err);
    OK(build_into(f.t, &opts, vol, &err), err);
    OK(blk_flush(vol, &err), err);
    blk_free(vol);
    fixture_free(&f);
    ask_others("ours.img");
    CHECK(sh("rm ours.img") == 0);
}

static void others_read_an_esp(void)
{
    others_read(260, 512);
}
static void others_read_an_esp_with_4096_byte_sectors(void)
{
    others_read(260, 4096);
}
static void others_read_a_small_volume(void)
{
    others_read(36, 512);
}

static void we_read(const char *mkfs, uint64_t mib, uint32_t sector_bytes)
{
    struct blk *vol = NULL;
    struct fat *fat = NULL;
    struct tree *t = NULL;
    struct wtg_err err = { 0 };
    size_t problems = 99, n = 0;
    uint8_t *bytes = NULL;

    if (!have("mkfs.vfat") || !have("mcopy"))
        SKIP("needs dosfstools and mtools");
    OK(open_image("theirs.img", mib << 20, sector_bytes, &vol, &err), err);
    CHECK(sh("PATH=$PATH:/sbin:/usr/sbin %s theirs.img", mkfs) == 0);
    CHECK(sh("mkdir -p d/EFI/BOOT && seq 1 50000 >d/EFI/BOOT/BOOTX64.EFI && : >d/Empty &&"
             " for i in $(seq 1 200); do echo $i >\"d/EFI/a longer name $i.txt\"; done &&"
             " mcopy -s -i theirs.img d/* :: && mdel -i theirs.img '::/EFI/a longer name 1*' &&"
             " mcopy -s -i theirs.img d ::") == 0);
    OK(fat_check(vol, print_problem, NULL, &problems, &err), err);
    CHECK(problems == 0);
    OK(fat_open(vol, &fat, &err), err);
    CHECK(strcmp(fat_info(fat).label, "THEIRS") == 0);
    OK(fat_read_tree(fat, &t, &err), err);
    OK(tree_read_file(t, "\\d\\EFI\\BOOT\\BOOTX64.EFI", 1 << 20, &bytes, &n, &err), err);
    CHECK(n == 288894);
    CHECK(bytes && memcmp(bytes, "1\n2\n", 4) == 0 && memcmp(bytes + n - 6, "50000\n", 6) == 0);
    free(bytes);
    OK(tree_read_file(t, "d/EFI/a longer name 123.txt", 1 << 20, &bytes, &n, &err), err);
    CHECK(n == 4 && memcmp(bytes, "123\n", 4) == 0);
    free(bytes);
    CHECK(tree_find(t, "Empty") != NULL);
    CHECK(tree_find(t, "EFI/a longer name 1.txt") == NULL);
    CHECK(tree_find(t, "EFI/a longer name 2.txt") != NULL);
    tree_free(t);
    fat_free(fat);
    blk_free(vol);
    CHECK(sh("rm -r theirs.img d") == 0);
}

static void we_read_dosfstools(void)
{
    we_read("mkfs.vfat -F 32 -n THEIRS", 260, 512);
}
static void we_read_4096_byte_sectors(void)
{
    we_read("mkfs.vfat -F 32 -S 4096 -s 1 -n THEIRS", 300, 4096);
}
static void we_read_small_clusters(void)
{
    we_read("mkfs.vfat -F 32 -s 1 -n THEIRS", 40, 512);
}

static void a_folder_to_work_in(void)
{
    snprintf(folder, sizeof folder, "/tmp/wtg-fat-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
}
static void nothing_is_left_behind(void)
{
    CHECK(sh("rm -rf '%s'", folder) == 0);
}

static const struct test tests[] = {
    TEST(a_folder_to_work_in),
    TEST(others_read_an_esp),
    TEST(others_read_an_esp_with_4096_byte_sectors),
    TEST(others_read_a_small_volume),
    TEST(we_read_dosfstools),
    TEST(we_read_4096_byte_sectors),
    TEST(we_read_small_clusters),
    TEST(nothing_is_left_behind),
};
TEST_MAIN(tests)
