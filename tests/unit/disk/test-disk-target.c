/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "disk/refuse.h"

/* A made-up computer in a folder: /sys, /proc and /dev as Linux has them, for no device at all. */

static char root[64];
static struct disk_host host = { .root = root };

static void put(const char *path, const char *text)
{
    char full[512];

    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); *p++ = '/') {
        *p = 0;
        mkdir(full, 0755);
    }
    FILE *f = fopen(full, "w");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0)
        abort();
}

static void put_link(const char *path, const char *to)
{
    char full[512], target[512];

    put(path, "");
    snprintf(full, sizeof full, "%s%s", root, path);
    snprintf(target, sizeof target, "%s%s", root, to);
    unlink(full);
    if (symlink(target, full) < 0)
        abort();
}

static void put_in(const char *dir, const char *file, const char *text)
{
    char path[300];

    snprintf(path, sizeof path, "%s/%s", dir, file);
    put(path, text);
}

/* A whole disk at `where` in the tree of devices. */
static void put_disk(const char *where, const char *name, const char *dev, const char *sectors,
                     const char *removable)
{
    char dir[256], path[300];

    snprintf(dir, sizeof dir, "/sys/devices/%s/block/%s", where, name);
    put_in(dir, "size", sectors);
    put_in(dir, "dev", dev);
    put_in(dir, "ro", "0\n");
    put_in(dir, "removable", removable);
    put_in(dir, "queue/logical_block_size", "512\n");
    put_in(dir, "queue/physical_block_size", "512\n");
    put_in(dir, "queue/rotational", "0\n");
    snprintf(path, sizeof path, "/sys/class/block/%s", name);
    put_link(path, dir);
    snprintf(path, sizeof path, "/sys/block/%s", name);
    put_link(path, dir);
    snprintf(path, sizeof path, "/sys/devices/%s/x", where);
    put(path, "");
    snprintf(path, sizeof path, "%s/device", dir);
    snprintf(dir, sizeof dir, "/sys/devices/%s", where);
    put_link(path, dir);
    snprintf(path, sizeof path, "/dev/%s", name);
    put(path, "");
}

static void put_part(const char *where, const char *disk, const char *name, const char *dev)
{
    char dir[256], path[300];

    snprintf(dir, sizeof dir, "/sys/devices/%s/block/%s/%s", where, disk, name);
    put_in(dir, "partition", "1\n");
    put_in(dir, "dev", dev);
    snprintf(path, sizeof path, "/sys/class/block/%s", name);
    put_link(path, dir);
    snprintf(path, sizeof path, "/dev/%s", name);
    put(path, "");
}

/* `holder` stands on `below`. */
static void put_holder(const char *below, const char *holder)
{
    char path[300];

    snprintf(path, sizeof path, "/sys/class/block/%s/holders/%s", below, holder);
    put(path, "");
}

#define USB "pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host4/target4:0:0/4:0:0:0"
#define SATA "pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0"
#define NVME "pci0000:00/0000:00:1d.0/nvme/nvme0"
#define MMC "pci0000:00/0000:00:1c.0/mmc_host/mmc0/mmc0:aaaa"
#define EMMC "platform/soc/mmc_host/mmc1/mmc1:0001"
#define VIRTUAL "virtual"

static void put_sticks(void)
{
    put_disk(USB, "sdb", "8:16\n", "250069680\n", "1\n");
    put("/sys/devices/" USB "/vendor", "SanDisk \n");
    put("/sys/devices/" USB "/model", "Extreme         \n");
    put("/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/idVendor", "0781\n");
    put("/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/serial", "12AB\n");
    put("/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/speed", "5000\n");
    put_part(USB, "sdb", "sdb1", "8:17\n");
    put_part(USB, "sdb", "sdb2", "8:18\n");
    put_disk("pci0000:00/0000:00:14.0/usb2/2-3/2-3:1.0/host6/target6:0:0/6:0:0:0", "sdd", "8:48\n",
             "0\n", "1\n"); /* an empty card reader */
    put_disk("pci0000:00/0000:00:14.0/usb2/2-4/2-4:1.0/host7/target7:0:0/7:0:0:0", "sde", "8:64\n",
             "1000000\n", "0\n"); /* a locked stick */
    put("/sys/devices/pci0000:00/0000:00:14.0/usb2/2-4/2-4:1.0/host7/target7:0:0/7:0:0:0/block/"
        "sde/ro",
        "1\n");
    put_disk(MMC, "mmcblk0", "179:0\n", "62333952\n", "0\n");
    put("/sys/devices/" MMC "/type", "SD\n");
    put("/sys/devices/" MMC "/name", "SC32G\n");
    put("/sys/devices/" MMC "/serial", "0x12345678\n");
}

static void put_fixed_disks(void)
{
    put_disk(SATA, "sda", "8:0\n", "1953525168\n", "0\n");
    put("/sys/devices/" SATA "/vendor", "ATA     \n");
    put("/sys/devices/" SATA "/model", "Samsung SSD 860 \n");
    put("/sys/devices/" SATA "/vpd_pg80", "xxxxS3Z9NB0K ");
    put_part(SATA, "sda", "sda1", "8:1\n");
    put_part(SATA, "sda", "sda2", "8:2\n");
    put_disk(NVME, "nvme0n1", "259:0\n", "1000215216\n", "0\n");
    put_part(NVME, "nvme0n1", "nvme0n1p1", "259:1\n");
    put_part(NVME, "nvme0n1", "nvme0n1p2", "259:2\n");
    put_disk(EMMC, "mmcblk1", "179:32\n", "61071360\n", "0\n");
    put("/sys/devices/" EMMC "/type", "MMC\n");
    put_disk(EMMC, "mmcblk1boot0", "179:64\n", "8192\n", "0\n");
    put_disk(VIRTUAL, "loop0", "7:0\n", "2097152\n", "0\n");
    put_disk(VIRTUAL, "loop1", "7:1\n", "0\n", "0\n");
    put_disk(VIRTUAL, "dm-0", "254:0\n", "100000\n", "0\n");
    put_disk(VIRTUAL, "md127", "9:127\n", "100000\n", "0\n");
    put_disk(VIRTUAL, "zram0", "253:0\n", "100000\n", "0\n");
    put_disk("pci0000:00/0000:00:17.0/ata2/host1/target1:0:0/1:0:0:0", "sr0", "11:0\n", "9000000\n",
             "1\n");
}

static const char mounts[] = "/proc/self/mountinfo", swaps[] = "/proc/swaps";
static const char usual_mounts[] = "22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw\n"
                                   "23 22 0:21 / /proc rw - proc proc rw\n"
                                   "24 22 259:1 / /boot/efi rw shared:2 - vfat /dev/nvme0n1p1 rw\n";
static const char usual_swaps[] = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";

static void computer_new(void)
{
    /* Hundreds of tiny files: in memory where there is some. */
    snprintf(root, sizeof root, "%s/wtg-host-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(root))
        abort();
    put_sticks();
    put_fixed_disks();
    put(mounts, usual_mounts);
    put(swaps, usual_swaps);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static void computer_free(void)
{
    nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Each row: what is different on this computer, and what is said about which disk. */
static const struct {
    const char *name, *disk;
    const char *file, *text;    /* written before; NULL: nothing */
    const char *holder, *holds; /* `holder` stands on `holds` */
    const char *file2, *text2;
    bool allow_fixed;
    int want;
    const char *said, *hint; /* part of the message */
} rows[] = {
    { .name = "a stick", .disk = "sdb" },
    { .name = "an SD card", .disk = "mmcblk0" },
    { .name = "an internal SSD",
      .disk = "sda",
      .want = WTG_E_DISK_FIXED,
      .said = "Samsung SSD 860",
      .hint = "--allow-fixed" },
    { .name = "an internal SSD, allowed", .disk = "sda", .allow_fixed = true },
    { .name = "soldered flash", .disk = "mmcblk1", .want = WTG_E_DISK_FIXED },
    { .name = "a loop device", .disk = "loop0", .want = WTG_E_DISK_FIXED },
    { .name = "a loop device, allowed", .disk = "loop0", .allow_fixed = true },
    { .name = "a partition",
      .disk = "sdb1",
      .want = WTG_E_TARGET,
      .said = "is a partition",
      .hint = "/dev/sdb'" },
    { .name = "a partition of NVMe",
      .disk = "nvme0n1p2",
      .allow_fixed = true,
      .want = WTG_E_TARGET,
      .said = "'/dev/nvme0n1'" },
    { .name = "an optical drive", .disk = "sr0", .want = WTG_E_TARGET, .said = "optical" },
    { .name = "a RAID", .disk = "md127", .allow_fixed = true, .want = WTG_E_TARGET },
    { .name = "an LVM volume", .disk = "dm-0", .allow_fixed = true, .want = WTG_E_TARGET },
    { .name = "memory", .disk = "zram0", .allow_fixed = true, .want = WTG_E_TARGET },
    { .name = "a boot area", .disk = "mmcblk1boot0", .allow_fixed = true, .want = WTG_E_TARGET },
    { .name = "nothing", .disk = "sdz", .want = WTG_E_DISK_GONE, .said = "'/dev/sdz'" },
    { .name = "an empty reader", .disk = "sdd", .want = WTG_E_DISK_GONE, .said = "no medium" },
    { .name = "a write lock", .disk = "sde", .want = WTG_E_DISK_READ_ONLY, .hint = "slide" },
    { .name = "the system disk",
      .disk = "nvme0n1",
      .allow_fixed = true,
      .want = WTG_E_DISK_SYSTEM,
      .said = "is mounted at '/'" },
    { .name = "a mounted stick",
      .disk = "sdb",
      .file = mounts,
      .text = "30 22 8:17 / /media/me/My\\040Stick rw - vfat /dev/sdb1 rw\n",
      .want = WTG_E_DISK_IN_USE,
      .said = "'sdb1' is mounted at '/media/me/My Stick'",
      .hint = "umount '/media/me/My Stick'" },
    { .name = "two mounts",
      .disk = "sdb",
      .file = mounts,
      .text = "30 22 8:17 / /a rw - vfat /dev/sdb1 rw\n31 22 8:18 / /b rw - ext4 /dev/sdb2 rw\n",
      .want = WTG_E_DISK_IN_USE,
      .said = "'sdb1' is mounted at '/a', 'sdb2' is mounted at '/b'",
      .hint = "umount '/a'; umount '/b'" },
    { .name = "a mount without a partition",
      .disk = "sdb",
      .file = mounts,
      .text = "30 22 8:16 / /mnt rw - vfat /dev/sdb rw\n",
      .want = WTG_E_DISK_IN_USE },
    { .name = "btrfs, whose numbers are its own",
      .disk = "sdb",
      .file = mounts,
      .text = "30 22 0:45 /@ /data rw - btrfs /dev/sdb2 rw\n",
      .want = WTG_E_DISK_IN_USE },
    { .name = "/home on a stick",
      .disk = "sdb",
      .file = mounts,
      .text = "30 22 8:17 / /home rw - ext4 /dev/sdb1 rw\n",
      .want = WTG_E_DISK_SYSTEM },
    { .name = "the stick a live system runs from",
      .disk = "sdb",
      .file = mounts,
      .text = "30 22 8:17 / /run/live/medium ro - iso9660 /dev/sdb1 ro\n",
      .want = WTG_E_DISK_SYSTEM },
    { .name = "a mount elsewhere",
      .disk = "sdb",
      .file = mounts,
      .text = "30 22 8:160 / /mnt rw - vfat /dev/sdk rw\n" },
    { .name = "broken lines", .disk = "sdb", .file = mounts, .text = "\n - \nx y z - \n1 2 3 4\n" },
    { .name = "swap",
      .disk = "sdb",
      .file = swaps,
      .text = "Filename Type Size Used Priority\n/dev/sdb2 partition 1000 0 -2\n",
      .want = WTG_E_DISK_IN_USE,
      .said = "swapping",
      .hint = "swapoff '/dev/sdb2'" },
    { .name = "LVM",
      .disk = "sdb",
      .holder = "dm-0",
      .holds = "sdb1",
      .file = "/sys/devices/virtual/block/dm-0/dm/uuid",
      .text = "LVM-abcdef\n",
      .file2 = "/sys/devices/virtual/block/dm-0/dm/name",
      .text2 = "my--vg-root\n",
      .want = WTG_E_DISK_IN_USE,
      .said = "LVM volume 'my--vg-root'",
      .hint = "vgchange -an 'my-vg'" },
    { .name = "dm-crypt",
      .disk = "sdb",
      .holder = "dm-0",
      .holds = "sdb2",
      .file = "/sys/devices/virtual/block/dm-0/dm/uuid",
      .text = "CRYPT-LUKS2-abc\n",
      .file2 = "/sys/devices/virtual/block/dm-0/dm/name",
      .text2 = "secret\n",
      .want = WTG_E_DISK_IN_USE,
      .hint = "cryptsetup close 'secret'" },
    { .name = "RAID",
      .disk = "sda",
      .holder = "md127",
      .holds = "sda1",
      .allow_fixed = true,
      .want = WTG_E_DISK_IN_USE,
      .hint = "mdadm --stop /dev/md127" },
    { .name = "the system on RAID",
      .disk = "sda",
      .holder = "md127",
      .holds = "sda1",
      .allow_fixed = true,
      .file = mounts,
      .text = "22 1 9:127 / / rw - ext4 /dev/md127 rw\n",
      .want = WTG_E_DISK_SYSTEM,
      .said = "'md127' is mounted at '/'" },
    { .name = "swap on dm-crypt",
      .disk = "sda",
      .holder = "dm-0",
      .holds = "sda2",
      .allow_fixed = true,
      .file = swaps,
      .text = "Filename\n/dev/dm-0 partition 1000 0 -2\n",
      .want = WTG_E_DISK_IN_USE,
      .said = "swapping" },
    { .name = "a loop device over it",
      .disk = "sdb",
      .file = "/sys/devices/virtual/block/loop0/loop/backing_file",
      .text = "/dev/sdb2\n",
      .want = WTG_E_DISK_IN_USE,
      .hint = "losetup -d /dev/loop0" },
    { .name = "a mount through a loop device over it",
      .disk = "sdb",
      .file = "/sys/devices/virtual/block/loop0/loop/backing_file",
      .text = "/dev/sdb\n",
      .file2 = mounts,
      .text2 = "30 22 7:0 / /mnt rw - ext4 /dev/loop0 rw\n",
      .want = WTG_E_DISK_IN_USE,
      .said = "'loop0' is mounted at '/mnt'" },
};

static void take_back(const char *file)
{
    char path[512];

    if (!file)
        return;
    snprintf(path, sizeof path, "%s%s", root, file);
    unlink(path);
    put(mounts, usual_mounts);
    put(swaps, usual_swaps);
}

static void every_refusal(void)
{
    computer_new();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct disk_target_opts opts = { .allow_fixed = rows[i].allow_fixed };
        struct disk_identity id;
        struct wtg_err err = { 0 };
        char holder[128];
        if (rows[i].file)
            put(rows[i].file, rows[i].text);
        if (rows[i].file2)
            put(rows[i].file2, rows[i].text2);
        if (rows[i].holder)
            put_holder(rows[i].holds, rows[i].holder);
        int r = disk_look_device(&host, rows[i].disk, &opts, &id, &err);
        if (r != rows[i].want || (rows[i].said && !strstr(err.text, rows[i].said)) ||
            (rows[i].hint && !strstr(err.hint, rows[i].hint)) ||
            (r < 0 && strchr(err.text, '\n'))) {
            printf("# %s: %d '%s' [%s]\n", rows[i].name, r, err.text, err.hint);
            test_failed = true;
        }
        take_back(rows[i].file);
        take_back(rows[i].file2);
        snprintf(holder, sizeof holder, "/sys/class/block/%s/holders/%s", rows[i].holds,
                 rows[i].holder);
        take_back(rows[i].holder ? holder : NULL);
    }
    computer_free();
}

static void identities(void)
{
    struct disk_identity id, other;
    struct wtg_err err = { 0 };
    char text[DISK_TEXT_BYTES], a[DISK_DIGEST_BYTES], b[DISK_DIGEST_BYTES];

    computer_new();
    OK(disk_identify(&host, "sdb", &id, &err), err);
    CHECK(id.bus == DISK_BUS_USB && id.usb_mbps == 5000 && id.removable);
    CHECK(strcmp(id.vendor, "SanDisk") == 0 && strcmp(id.model, "Extreme") == 0);
    CHECK(strcmp(id.serial, "12AB") == 0);
    CHECK(id.size_bytes == UINT64_C(250069680) * 512 && id.sector_bytes == 512);
    CHECK(id.dev_major == 8 && id.dev_minor == 16);
    CHECK(strcmp(disk_identity_text(&id, text),
                 "SanDisk Extreme, serial 12AB, 128.0 GB, USB 5 Gbit/s (/dev/sdb)") == 0);
    OK(disk_identify(&host, "sda", &other, &err), err);
    CHECK(other.bus == DISK_BUS_ATA && !other.vendor[0]);
    CHECK(strcmp(other.serial, "S3Z9NB0K") == 0);
    CHECK(!disk_identity_same(&id, &other));
    CHECK(strcmp(disk_identity_digest(&id, a), disk_identity_digest(&other, b)) != 0);
    other = id;
    snprintf(other.path, sizeof other.path, "/dev/sdc"); /* plugged in again */
    CHECK(disk_identity_same(&id, &other));
    CHECK(strcmp(disk_identity_digest(&id, a), disk_identity_digest(&other, b)) == 0);
    OK(disk_identify(&host, "nvme0n1", &other, &err), err);
    CHECK(other.bus == DISK_BUS_NVME);
    OK(disk_identify(&host, "mmcblk0", &other, &err), err);
    CHECK(other.bus == DISK_BUS_SD && strcmp(other.model, "SC32G") == 0);
    CHECK(strcmp(other.serial, "0x12345678") == 0);
    computer_free();
}

static void a_list_of_disks(void)
{
    static const char *const want[] = { "sda",     "sdb",     "sde",    "loop0",
                                        "mmcblk0", "mmcblk1", "nvme0n1" };
    struct disk_identity *list = NULL;
    size_t n = 0;
    struct wtg_err err = { 0 };

    computer_new();
    OK(disk_list(&host, &list, &n, &err), err);
    CHECK(n == ARRAY_LEN(want));
    for (size_t i = 0; i < n && i < ARRAY_LEN(want); i++)
        CHECK(strcmp(list[i].name, want[i]) == 0);
    free(list);
    computer_free();
    snprintf(root, sizeof root, "/nonexistent");
    OK(disk_list(&host, &list, &n, &err), err);
    CHECK(n == 0);
    free(list);
}

/* The stick was pulled and another one put in while the plan was read. */
static void another_disk_than_the_plan(void)
{
    static const struct {
        const char *file, *text, *said;
    } changes[] = {
        { "/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/serial", "99XY\n",
          "serial number '99XY', not '12AB'" },
        { "/sys/devices/" USB "/model", "Ultra\n", "model 'Ultra', not 'Extreme'" },
        { "/sys/devices/" USB "/block/sdb/size", "125034840\n", "size 64.0 GB" },
        { "/sys/devices/" USB "/block/sdb/queue/logical_block_size", "4096\n",
          "sectors of 4096 bytes, not 512" },
    };
    struct disk_identity plan, now;

    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct wtg_err err = { 0 };
        computer_new();
        OK(disk_identify(&host, "sdb", &plan, &err), err);
        OK(disk_same_as_plan(&host, "sdb", &plan, &now, &err), err);
        put(changes[i].file, changes[i].text);
        CHECK(disk_same_as_plan(&host, "sdb", &plan, &now, &err) == WTG_E_DISK_CHANGED);
        CHECK(strstr(err.text, changes[i].said) != NULL);
        computer_free();
        CHECK(disk_same_as_plan(&host, "sdb", &plan, &now, &err) == WTG_E_DISK_GONE);
    }
}

static const struct test tests[] = {
    TEST(every_refusal),
    TEST(identities),
    TEST(a_list_of_disks),
    TEST(another_disk_than_the_plan),
};
TEST_MAIN(tests)
