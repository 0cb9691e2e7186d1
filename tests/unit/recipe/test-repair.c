/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every repair on a stick of our own making: it is offered for its fault and for no other, helps,
 * and is taken back exactly, whatever happens in between. */
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wimlib.h>

#include "base/mem.h"
#include "blk/draft.h"
#include "diagnose/diagnose.h"
#include "disk/contents.h"
#include "disk/gpt-disk.h"
#include "disk/gpt-mend.h"
#include "hive/hive.h"
#include "ntfs/mend.h"
#include "ntfs/ntfs-disk.h"
#include "ntfs3g/ntfs3g.h"
#include "recipe/create.h"
#include "recipe/structure.h"
#include "recipe/undo.h"

/* ---- a stick ---------------------------------------------------------------------------- */

static char dir[] = "/tmp/wtg-repair-XXXXXX", image[64], stick[64], state[64];

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

static void put_hive(const char *name, const char *key)
{
    struct wtg_err err = { 0 };
    struct hive *h = NULL;
    uint8_t *bytes = NULL;
    size_t n = 0;
    hive_key k;
    char path[64];

    if (hive_new(name, "ROOT", 5, 1, &h, &err) < 0 ||
        hive_make(h, hive_root(h), "Select", &k, &err) < 0 ||
        hive_set_dword(h, k, "Current", 1, &err) < 0 ||
        hive_set_dword(h, k, "Default", 1, &err) < 0 ||
        hive_make(h, hive_root(h), "ControlSet001\\Services\\USBXHCI", &k, &err) < 0 ||
        hive_set_dword(h, k, "Start", 0, &err) < 0 ||
        hive_make(h, hive_root(h), "ControlSet001\\Control", &k, &err) < 0 ||
        hive_make(h, hive_root(h), key, &k, &err) < 0 || hive_commit(h, &bytes, &n, &err) < 0)
        abort();
    snprintf(path, sizeof path, "Windows/System32/config/%s", name);
    put(path, bytes, n);
    free(bytes);
    hive_free(h);
}

static void make_stick(void)
{
    static char big[300000];
    static const uint8_t pe[512] = {
        'M',  'Z', [0x3c] = 0x40, [0x40] = 'P', 'E', 0, 0, 0x64, 0x86, [0x54] = 0xf0, 0, 0x22, 0,
        0x0b, 2,   [0x9c] = 10
    };
    char tree[64];
    WIMStruct *w = NULL;
    struct create *c = NULL;
    struct wtg_report report;
    struct wtg_err err = { 0 };

    snprintf(image, sizeof image, "%s/tiny.wim", dir);
    snprintf(stick, sizeof stick, "%s/stick.img", dir);
    snprintf(state, sizeof state, "%s/wtg", dir);
    snprintf(tree, sizeof tree, "%s/tree", dir);
    put_hive("SYSTEM", "Nothing");
    put_hive("SOFTWARE", "Microsoft\\WIMMount\\Mounted Images");
    put("Windows/System32/winload.efi", pe, sizeof pe);
    put("Windows/Boot/EFI/bootmgfw.efi", pe, sizeof pe);
    put("Windows/Boot/Fonts/wgl4_boot.ttf", big, 5000);
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * i >> 7);
    put("Windows/System32/big.bin", big, sizeof big);
    put("Windows/System32/deep/folder/small.txt", "hello", 5);
    if (wimlib_create_new_wim(WIMLIB_COMPRESSION_TYPE_LZX, &w) ||
        wimlib_add_image(w, tree, "tiny", NULL, WIMLIB_ADD_FLAG_NORPFIX) ||
        wimlib_write(w, image, WIMLIB_ALL_IMAGES, 0, 1))
        abort();
    wimlib_free(w);
    const struct wtg_create_opts o = { .image = image,
                                       .target = stick,
                                       .size_bytes = UINT64_C(340) << 20,
                                       .seed = "x",
                                       .decoders = 2,
                                       .compact = "lzx",
                                       .no_verify = true };
    if (create_new(&o, NULL, &c, &err) < 0 || create_run(c, NULL, &report, &err) < 0) {
        printf("# %s\n", err.text);
        abort();
    }
    create_free(c);
}

/* What was written by create, with damage over it, and over that what repairs write. */
static struct blk *made, *damaged, *medium;

static void fresh(void)
{
    struct wtg_err err = { 0 };
    char command[128];

    blk_free(medium);
    blk_free(damaged);
    blk_free(made);
    snprintf(command, sizeof command, "rm -f %s/*.undo*", state);
    if (blk_open(stick, &made, &err) < 0 || draft_new(made, dir, &damaged, &err) < 0 ||
        draft_new(damaged, dir, &medium, &err) < 0 || system(command) != 0)
        abort();
}

static int count(void *ctx, uint64_t off, const void *bytes, size_t n, struct wtg_err *err)
{
    (void)off, (void)bytes, (void)err;
    *(uint64_t *)ctx += n;
    return 0;
}

static bool is_unchanged(void)
{
    struct wtg_err err = { 0 };
    uint64_t n = 0;

    return draft_changes(medium, count, &n, &err) == 0 && n == 0;
}

static struct repair_on on_medium(struct blk *b)
{
    struct repair_on on = { .disk = b, .state_dir = state };
    snprintf(on.id.path, sizeof on.id.path, "%s", stick);
    on.id.bus = DISK_BUS_FILE;
    return on;
}

/* ---- damage ----------------------------------------------------------------------------- */

static uint64_t part_off[4], part_bytes[4];

static void find_parts(void)
{
    struct wtg_err err = { 0 };
    struct disk_contents c = { 0 };

    if (disk_contents_read(made, &c, &err) < 0 || c.nparts != 3)
        abort();
    for (size_t i = 0; i < 3; i++) {
        part_off[i + 1] = c.part[i].offset_bytes;
        part_bytes[i + 1] = c.part[i].size_bytes;
    }
    disk_contents_release(&c);
}

static void fill(uint64_t off, size_t n, int byte)
{
    struct wtg_err err = { 0 };
    uint8_t *p = malloc(n);

    memset(p, byte, n);
    if (blk_write(damaged, off, p, n, &err) < 0)
        abort();
    free(p);
}

static void no_primary(void)
{
    fill(512, 512, 0);
}
static void no_primary_entries(void)
{
    fill(1024, 512, 0x55);
}
static void no_backup(void)
{
    fill(made->size - 512, 512, 0);
}
static void no_tables(void)
{
    fill(512, 33 * 512, 0);
    fill(made->size - 33 * 512, 33 * 512, 0);
}
static void no_tables_nor_mbr(void)
{
    no_tables();
    fill(0, 512, 0);
}
static void no_mbr(void)
{
    fill(0, 512, 0);
}
static void no_boot_sector(void)
{
    fill(part_off[3], 512, 0);
}
static void no_boot_copy(void)
{
    fill(part_off[3] + part_bytes[3] - 512, 512, 0xff);
}
static void half_boot_sectors(void)
{
    fill(part_off[3] + 0x0b, 3, 0);
    fill(part_off[3] + 0x38, 8, 0x7f);
    fill(part_off[3] + part_bytes[3] - 512 + 0x30, 8, 0x7f);
}

static uint64_t boot_number(size_t at)
{
    struct wtg_err err = { 0 };
    uint8_t b[8];

    if (blk_read(made, part_off[3] + at, b, sizeof b, &err) < 0)
        abort();
    return le64_at(b) * 4096;
}
static void no_first_record(void)
{
    fill(part_off[3] + boot_number(0x30), 100, 0);
}
static void no_mirror(void)
{
    fill(part_off[3] + boot_number(0x38) + 1024, 1024, 0);
}

static void dirty(void)
{
    struct wtg_err err = { 0 };
    struct blk *vol = NULL;

    if (blk_slice_new(damaged, part_off[3], part_bytes[3], &vol, &err) < 0 ||
        ntfs_set_volume_flags(vol, NTFS_VOLUME_DIRTY, &err) < 0)
        abort();
    blk_free(vol);
}

/* Both tables say something else than they did. */
static void change_table(size_t entry, size_t at, const char *guid, int byte)
{
    struct wtg_err err = { 0 };
    struct gpt_look l = { 0 };
    struct guid g;

    if (gpt_look(damaged, &l, &err) < 0)
        abort();
    if (guid && guid_parse(guid, &g))
        memcpy(l.primary.bytes + entry * 128 + at, &g, sizeof g);
    else
        l.primary.bytes[entry * 128 + at] = (uint8_t)byte;
    if (gpt_mend(damaged, &l.primary, &err) < 0)
        abort();
    gpt_look_release(&l);
}
static void esp_typed_data(void)
{
    change_table(0, 0, "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", 0);
}
static void windows_typed_esp(void)
{
    change_table(2, 0, "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", 0);
}
static void windows_read_only(void)
{
    change_table(2, 0x37, NULL, 0x10);
}
static void windows_renamed(void)
{
    change_table(2, 0x10, "00112233-4455-6677-8899-aabbccddeeff", 0);
}
static void only_one_renamed(void) /* the boot configuration tells which was right */
{
    struct wtg_err err = { 0 };
    uint8_t first[34 * 512];

    if (blk_read(damaged, 0, first, sizeof first, &err) < 0)
        abort();
    windows_renamed();
    if (blk_write(damaged, 0, first, sizeof first, &err) < 0)
        abort();
}
static void no_esp(void)
{
    fill(part_off[1], 1 << 20, 0);
}
static void no_first_fat(void)
{
    fill(part_off[1] + 32 * 512, 4096, 0);
}

static void in_volume(int (*change)(struct ntfs3g *v, struct wtg_err *err))
{
    struct wtg_err err = { 0 };
    struct blk *vol = NULL;
    struct ntfs3g *v = NULL;

    if (blk_slice_new(damaged, part_off[3], part_bytes[3], &vol, &err) < 0 ||
        ntfs3g_open(vol, 0, &v, &err) < 0 || change(v, &err) < 0 || ntfs3g_close(v, &err) < 0) {
        printf("# %s\n", err.text);
        abort();
    }
    blk_free(vol);
}

static int scratch(struct ntfs3g *v, struct wtg_err *err)
{
    static char wrong[300000];
    return ntfs3g_write(v, "\\windows\\system32\\BIG.bin", wrong, sizeof wrong, err);
}
static int lose(struct ntfs3g *v, struct wtg_err *err)
{
    int r = ntfs3g_remove(v, "\\Windows\\System32\\deep\\folder\\small.txt", err);
    return r < 0 ? r : ntfs3g_remove(v, "\\Windows\\System32\\deep\\folder", err);
}
static int change_hive(struct ntfs3g *v, const char *name, const char *key, const char *value,
                       uint32_t data, struct wtg_err *err)
{
    struct hive *h = NULL;
    uint8_t *bytes = NULL;
    size_t n = 0;
    hive_key k;
    char path[256];
    FILE *f;

    /* As create leaves it: the settings are made again. */
    snprintf(path, sizeof path, "%s/tree/Windows/System32/config/%s", dir, name);
    static uint8_t old[1 << 20];
    f = fopen(path, "re");
    n = f ? fread(old, 1, sizeof old, f) : 0;
    if (!f || fclose(f) != 0 || hive_open((struct wtg_span){ old, n }, name, true, &h, err) < 0 ||
        hive_make(h, hive_root(h), "ControlSet001\\Services\\partmgr\\Parameters", &k, err) < 0 ||
        hive_set_dword(h, k, "SanPolicy", 4, err) < 0 ||
        hive_make(h, hive_root(h), "ControlSet001\\Control", &k, err) < 0 ||
        hive_set_dword(h, k, "PortableOperatingSystem", 1, err) < 0 ||
        hive_make(h, hive_root(h), "ControlSet001\\Control\\BitLocker", &k, err) < 0 ||
        hive_set_dword(h, k, "PreventDeviceEncryption", 1, err) < 0 ||
        hive_make(h, hive_root(h), key, &k, err) < 0 ||
        hive_set_dword(h, k, value, data, err) < 0 || hive_commit(h, &bytes, &n, err) < 0)
        abort();
    snprintf(path, sizeof path, "\\Windows\\System32\\config\\%s", name);
    int r = ntfs3g_write(v, path, bytes, n, err);
    free(bytes);
    hive_free(h);
    return r;
}
static int san(struct ntfs3g *v, struct wtg_err *err)
{
    return change_hive(v, "SYSTEM", "ControlSet001\\Services\\partmgr\\Parameters", "SanPolicy", 1,
                       err);
}
static int portable(struct ntfs3g *v, struct wtg_err *err)
{
    return change_hive(v, "SYSTEM", "ControlSet001\\Control", "PortableOperatingSystem", 0, err);
}
static int encrypts(struct ntfs3g *v, struct wtg_err *err)
{
    return change_hive(v, "SYSTEM", "ControlSet001\\Control\\BitLocker", "PreventDeviceEncryption",
                       0, err);
}
static int wrong_set(struct ntfs3g *v, struct wtg_err *err)
{
    return change_hive(v, "SYSTEM", "Select", "Current", 7, err);
}
static int driver(struct ntfs3g *v, struct wtg_err *err)
{
    return change_hive(v, "SYSTEM", "ControlSet001\\Services\\USBXHCI", "Start", 3, err);
}
static int mounted(struct ntfs3g *v, struct wtg_err *err)
{
    return change_hive(v, "SOFTWARE", "Microsoft\\WIMMount\\Mounted Images\\{1}", "Status", 1, err);
}
static void wrong_file(void)
{
    in_volume(scratch);
}
static void missing_file(void)
{
    in_volume(lose);
}
static void wrong_san(void)
{
    in_volume(san);
}
static void not_portable(void)
{
    in_volume(portable);
}
static void may_encrypt(void)
{
    in_volume(encrypts);
}
static void wrong_control_set(void)
{
    in_volume(wrong_set);
}
static void late_driver(void)
{
    in_volume(driver);
}
static void stale_mount(void)
{
    in_volume(mounted);
}

static const struct {
    const char *name, *slug, *cause;
    void (*damage)(void);
    bool asked, image;
} faults[] = {
    { "primary table", "gpt", "gpt_primary_damaged", no_primary, false, false },
    { "entries of the primary", "gpt", "gpt_primary_damaged", no_primary_entries, false, false },
    { "backup table", "gpt", "gpt_backup_damaged", no_backup, false, false },
    { "one table renamed", "gpt", "gpt_copies_differ", only_one_renamed, false, false },
    { "both tables", "gpt-search", "gpt_both_damaged", no_tables, false, false },
    { "both tables and MBR", "gpt-search", "gpt_both_damaged", no_tables_nor_mbr, false, false },
    { "MBR", "protective-mbr", "protective_mbr_damaged", no_mbr, false, false },
    { "boot sector", "ntfs-boot", "ntfs_boot_sector_damaged", no_boot_sector, false, false },
    { "copy of the boot sector", "ntfs-boot", "ntfs_backup_boot_damaged", no_boot_copy, false,
      false },
    { "half of both boot sectors", "ntfs-boot", "ntfs_boot_sector_damaged", half_boot_sectors,
      false, false },
    { "first record", "ntfs-mirror", "ntfs_mft_mirror_differs", no_first_record, false, false },
    { "mirror", "ntfs-mirror", "ntfs_mft_mirror_differs", no_mirror, false, false },
    { "dirty", "ntfs-dirty", "ntfs_dirty_volume", dirty, false, false },
    { "ESP typed as data", "partition-type", "partition_wrong_type", esp_typed_data, false, false },
    { "data typed as ESP", "partition-type", "usb_partition_typed_as_esp", windows_typed_esp, false,
      false },
    { "read-only", "read-only", "write_protected_media", windows_read_only, false, false },
    { "ESP", "esp", "esp_file_system_damaged", no_esp, false, false },
    { "FAT of the ESP", "esp", "esp_file_system_damaged", no_first_fat, false, false },
    { "new partition GUID", "bcd", "bcd_device_unresolved", windows_renamed, false, false },
    { "file overwritten", "files", "system_file_damaged", wrong_file, false, true },
    { "file and folder missing", "files", "system_file_missing", missing_file, false, true },
    { "control set", "control-set", "control_set_unresolved", wrong_control_set, false, false },
    { "boot driver", "boot-drivers", "usb_boot_drivers_not_configured", late_driver, false, false },
    { "SAN policy", "san-policy", "san_policy_wrong", wrong_san, false, false },
    { "portable", "portable-flag", "portable_flag_missing", not_portable, false, false },
    { "device encryption", "bitlocker-prevent", "bitlocker_auto_encryption", may_encrypt, true,
      false },
    { "stale mount", "stale-mounts", "stale_dism_mount", stale_mount, false, false },
};

/* ---- repairing -------------------------------------------------------------------------- */

/* `only` is NULL or one cause, and must stand as long as the plan. */
static int plan(struct blk *b, const char *const *only, bool with_image, struct repair **ret,
                struct wtg_err *err)
{
    const struct repair_on on = on_medium(b);
    const struct wtg_repair_opts o = { .only = only,
                                       .nonly = only != NULL,
                                       .image = with_image ? image : NULL };
    return repair_new(&o, &on, NULL, ret, err);
}

static int take_back(struct blk *b, bool force, struct wtg_err *err)
{
    const struct repair_on on = on_medium(b);
    const struct wtg_undo_opts o = { .force = force };
    struct taking_back *t = NULL;
    int r = taking_back_new(&o, &on, NULL, &t, err);

    if (r == 0)
        r = taking_back_run(t, NULL, err);
    taking_back_free(t);
    return r;
}

static const struct wtg_repair_item *find(const struct repair *r, const char *slug)
{
    const struct wtg_repair_info *info = repair_info(r);

    for (size_t i = 0; i < info->nitems; i++)
        if (strcmp(info->item[i].slug, slug) == 0)
            return &info->item[i];
    return NULL;
}

static void show(const char *p, void *user)
{
    (void)user;
    printf("# %s\n", p);
}
static void on_problem(const struct wtg_problem *p, void *user)
{
    show(p->text, user);
}

static void mend_one(size_t i)
{
    struct wtg_err err = { 0 };
    struct repair *r = NULL;
    struct wtg_repair_report report;
    const struct wtg_check_opts check = { .strict = false };
    uint64_t errors = 0;

    fresh();
    faults[i].damage();
    OK(plan(medium, NULL, faults[i].image, &r, &err), err);
    const struct wtg_repair_item *item = find(r, faults[i].slug);
    if (!item)
        printf("# '%s': no repair '%s' is offered\n", faults[i].name, faults[i].slug);
    REQUIRE(item);
    if (item->state != (faults[i].asked ? WTG_REPAIR_ASK : WTG_REPAIR_WILL))
        printf("# '%s': %s; %s\n", faults[i].name, item->why, item->why_not);
    REQUIRE(item->state == (faults[i].asked ? WTG_REPAIR_ASK : WTG_REPAIR_WILL));
    CHECK(strcmp(item->cause, faults[i].cause) == 0);
    CHECK(repair_info(r)->nwill == !faults[i].asked);
    CHECK(is_unchanged()); /* a plan writes nothing */
    repair_free(r);
    OK(plan(medium, &faults[i].cause, faults[i].image, &r, &err), err);
    CHECK(repair_info(r)->nwill == 1);
    OK(repair_run(r, NULL, &report, &err), err);
    CHECK(report.written_bytes > 0 && !is_unchanged());
    repair_free(r);
    OK(plan(medium, NULL, faults[i].image, &r, &err), err);
    if (repair_info(r)->nitems)
        printf("# '%s' afterwards: %s; %s\n", faults[i].name, repair_info(r)->item[0].why,
               repair_info(r)->item[0].why_not);
    CHECK(repair_info(r)->nitems == 0);
    repair_free(r);
    OK(recipe_check_blk(medium, &check, NULL, on_problem, NULL, &errors, &err), err);
    CHECK(errors == 0);
    OK(take_back(medium, false, &err), err);
    CHECK(is_unchanged());
    CHECK(take_back(medium, false, &err) == WTG_E_NOT_FOUND);
}

static void every_fault_is_mended_and_taken_back(void)
{
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        mend_one(i);
        if (test_failed) {
            printf("# at '%s'\n", faults[i].name);
            return;
        }
    }
}

static void a_healthy_stick_is_left_alone(void)
{
    struct wtg_err err = { 0 };
    struct repair *r = NULL;

    fresh();
    OK(plan(medium, NULL, true, &r, &err), err);
    for (size_t i = 0; i < repair_info(r)->nitems; i++)
        printf("# %s: %s\n", repair_info(r)->item[i].slug, repair_info(r)->item[i].why);
    CHECK(repair_info(r)->nitems == 0);
    CHECK(is_unchanged());
    repair_free(r);
}

/* The medium stops to take writes at the nth; with `stays`, for good. */
static void stop_at_every_write(bool flush, bool stays)
{
    long n = 0;

    for (;; n++) {
        struct wtg_err err = { 0 };
        struct repair *r = NULL;
        struct wtg_repair_report report;
        struct blk *fault = NULL;
        const struct blk_fault f = { -1, flush ? -1 : n, flush ? n : -1, stays, false };
        fresh();
        no_primary();
        no_boot_sector();
        no_first_fat();
        OK(blk_fault_new(medium, &f, &fault, &err), err);
        OK(plan(fault, NULL, false, &r, &err), err);
        CHECK(repair_info(r)->nwill == 3);
        int code = repair_run(r, NULL, &report, &err);
        repair_free(r);
        blk_free(fault);
        if (code == 0)
            break;
        CHECK(err.text[0]);
        if (stays) {
            CHECK(take_back(medium, false, &err) == 0);
        } else if (!strstr(err.text, "as it was"))
            printf("# %s\n", err.text);
        if (!is_unchanged())
            printf("# stopped at %ld: not what it was\n", n);
        REQUIRE(is_unchanged());
    }
    printf("# stopped %ld times\n", n);
    CHECK(n > (flush ? 1 : 5));
}
static void a_write_that_fails_takes_all_back(void)
{
    stop_at_every_write(false, false);
}
static void a_medium_that_dies_is_taken_back_later(void)
{
    stop_at_every_write(false, true);
}
static void a_flush_that_fails_takes_all_back(void)
{
    stop_at_every_write(true, false);
}

/* Whichever read fails, nothing is offered. */
static void a_stick_that_fails_reads_is_not_repaired(void)
{
    long n = 0;

    for (;; n += 7) {
        struct wtg_err err = { 0 };
        struct repair *r = NULL;
        struct blk *fault = NULL;
        const struct blk_fault f = { n, -1, -1, false, false };
        fresh();
        no_primary();
        OK(blk_fault_new(medium, &f, &fault, &err), err);
        int code = plan(fault, NULL, false, &r, &err);
        repair_free(r);
        blk_free(fault);
        if (code == 0)
            break;
        CHECK(code == WTG_E_IO);
        CHECK(strstr(err.hint, "ddrescue"));
        CHECK(is_unchanged());
    }
    CHECK(n > 20);
}

static void what_was_changed_since_is_not_mixed(void)
{
    struct wtg_err err = { 0 };
    struct repair *r = NULL;
    struct wtg_repair_report report;
    uint8_t byte;

    fresh();
    no_primary();
    OK(plan(medium, NULL, false, &r, &err), err);
    OK(repair_run(r, NULL, &report, &err), err);
    repair_free(r);
    uint64_t at = part_off[3] + boot_number(0x30) + 5 * 1024 + 100; /* Windows mounts it */
    OK(blk_read(medium, at, &byte, 1, &err), err);
    byte ^= 1;
    OK(blk_write(medium, at, &byte, 1, &err), err);
    CHECK(take_back(medium, false, &err) == WTG_E_DISK_CHANGED);
    OK(take_back(medium, true, &err), err);
    byte ^= 1;
    OK(blk_write(medium, at, &byte, 1, &err), err);
    CHECK(is_unchanged());
}

static void unknown_causes_are_refused(void)
{
    static const char *const nonsense = "nonsense";
    struct wtg_err err = { 0 };
    struct repair *r = NULL;

    fresh();
    CHECK(plan(medium, &nonsense, false, &r, &err) == WTG_E_USAGE);
}

/* The tables agree: every cause that a repair mends exists, every repair that a cause names too. */
static void repairs_and_causes_agree(void)
{
    char words[512];

    for (size_t i = 0; repair_slug(i); i++) {
        snprintf(words, sizeof words, "%s", repair_causes(i));
        for (char *save = NULL, *w = strtok_r(words, " ", &save); w;
             w = strtok_r(NULL, " ", &save)) {
            if (!diagnose_cause_find(w))
                printf("# '%s' of repair '%s' is no cause\n", w, repair_slug(i));
            CHECK(diagnose_cause_find(w));
        }
    }
}

static const struct test tests[] = {
    TEST(a_healthy_stick_is_left_alone),
    TEST(every_fault_is_mended_and_taken_back),
    TEST(a_write_that_fails_takes_all_back),
    TEST(a_medium_that_dies_is_taken_back_later),
    TEST(a_flush_that_fails_takes_all_back),
    TEST(a_stick_that_fails_reads_is_not_repaired),
    TEST(what_was_changed_since_is_not_mixed),
    TEST(unknown_causes_are_refused),
    TEST(repairs_and_causes_agree),
};

int main(void)
{
    char command[128];

    if (!mkdtemp(dir))
        return 1;
    setenv("XDG_STATE_HOME", dir, 1);
    make_stick();
    fresh();
    find_parts();
    int failed = test_run(tests, ARRAY_LEN(tests));
    blk_free(medium);
    blk_free(damaged);
    blk_free(made);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command) != 0 || failed;
}
