/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stick.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wimlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "boot/bcd.h"
#include "disk/gpt-disk.h"
#include "disk/gpt-look.h"
#include "disk/table.h"
#include "fat/fat-build.h"
#include "ntfs/build.h"
#include "sign/pe-sum.h"
#include "windows/windows.h"

#define MUST(call)                                                                                 \
    do {                                                                                           \
        struct wtg_err err_ = { 0 };                                                               \
        struct wtg_err *err = &err_;                                                               \
        if ((call) < 0) {                                                                          \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, err_.text);              \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* ---- Random ----------------------------------------------------------------------------- */

struct rng rng_of(const char *text)
{
    return (struct rng){ hash_quick(text, strlen(text)) | 1 };
}

uint64_t rng_next(struct rng *r) /* splitmix64 */
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

size_t rng_below(struct rng *r, size_t n)
{
    return (size_t)(rng_next(r) % n);
}

void stick_noise(struct rng *r, void *buf, size_t n)
{
    uint8_t *p = buf;
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(rng_next(r) >> 24);
}

/* ---- The image -------------------------------------------------------------------------- */

static void put_file(const struct stick_image *i, const char *name, const void *bytes, size_t n)
{
    char path[256];

    snprintf(path, sizeof path, "%s/tree/%s", i->dir, name);
    for (char *p = path + strlen(i->dir) + 1; (p = strchr(p, '/')); *p++ = '/') {
        *p = '\0';
        mkdir(path, 0700);
    }
    FILE *f = fopen(path, "we");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
        abort();
}

static void put_noise(const struct stick_image *i, const char *name, size_t n)
{
    uint8_t *p = malloc(n + 1);
    struct rng r = rng_of(name);
    if (!p)
        abort();
    stick_noise(&r, p, n);
    put_file(i, name, p, n);
    free(p);
}

/* The head of a program of `n` bytes, the rest noise, with the checksum that Windows would compare.
 */
static void put_program(const struct stick_image *i, const char *name, size_t n)
{
    uint8_t *p = malloc(n);
    struct rng r = rng_of(name);
    if (!p)
        abort();
    stick_noise(&r, p, n);
    memset(p, 0, 0x150);
    memcpy(p, "MZ", 2);
    put_le32(p + 0x3c, 0x40);
    memcpy(p + 0x40, "PE\0", 4);
    put_le16(p + 0x44, PE_X64);
    put_le16(p + 0x54, 0xf0);
    put_le16(p + 0x58, 0x20b);
    put_le16(p + 0x9c, PE_SUBSYSTEM_EFI_APPLICATION);
    put_le32(p + 0x98, pe_sum_make((struct wtg_span){ p, n }));
    put_file(i, name, p, n);
    free(p);
}

static const struct {
    const char *hive, *key, *name;
    uint32_t v;
} registry[] = {
    { "SYSTEM", "Select", "Current", 1 },
    { "SYSTEM", "Select", "Default", 1 },
    { "SYSTEM", "Select", "LastKnownGood", 1 },
    { "SYSTEM", "ControlSet001\\Control", "BootDriverFlags", 0x1c },
    { "SYSTEM", "ControlSet001\\Control\\Power", "HibernateEnabled", 1 },
    { "SYSTEM", "ControlSet001\\Control\\Session Manager\\Power", "HiberbootEnabled", 1 },
    { "SYSTEM", "ControlSet001\\Services\\disk", "Start", 0 },
    { "SYSTEM", "ControlSet001\\Services\\partmgr", "Start", 0 },
    { "SYSTEM", "ControlSet001\\Services\\USBXHCI", "Start", 3 },
    { "SYSTEM", "ControlSet001\\Services\\USBXHCI", "BootFlags", 0x14 },
    { "SYSTEM", "ControlSet001\\Services\\USBHUB3", "Start", 3 },
    { "SYSTEM", "ControlSet001\\Services\\USBHUB3", "BootFlags", 0x14 },
    { "SYSTEM", "ControlSet001\\Services\\UCX01000", "Start", 3 },
    { "SYSTEM", "ControlSet001\\Services\\UCX01000", "BootFlags", 0x14 },
    { "SYSTEM", "ControlSet001\\Services\\USBSTOR", "Start", 3 },
    { "SYSTEM", "ControlSet001\\Services\\USBSTOR", "BootFlags", 0x14 },
    { "SOFTWARE", "Microsoft\\Windows NT\\CurrentVersion", "UBR", 525 },
    { "SOFTWARE", "Microsoft\\Windows\\CurrentVersion\\Setup", "State", 0 },
    { "SAM", "SAM", "C", 1 },
};

static void put_hive(const struct stick_image *i, const char *name)
{
    struct hive *h = NULL;
    uint8_t *bytes = NULL;
    size_t n = 0;
    char path[96];

    MUST(hive_new(name, "ROOT", 5, 132223104000000000, &h, err));
    for (size_t k = 0; k < ARRAY_LEN(registry); k++) {
        hive_key key = HIVE_NO_KEY;
        if (strcmp(registry[k].hive, name) != 0)
            continue;
        MUST(hive_make(h, hive_root(h), registry[k].key, &key, err));
        MUST(hive_set_dword(h, key, registry[k].name, registry[k].v, err));
    }
    MUST(hive_commit(h, &bytes, &n, err));
    hive_free(h);
    snprintf(path, sizeof path, "Windows/System32/config/%s", name);
    put_file(i, path, bytes, n);
    free(bytes);
}

static void put_many(const struct stick_image *i)
{
    char name[128];

    for (unsigned k = 0; k < 40; k++) {
        snprintf(name, sizeof name, "Windows/System32/module-%02u.dll", k);
        put_program(i, name, 3000 + 1777 * k % 60000);
        snprintf(name, sizeof name, "Windows/WinSxS/Manifests/amd64_part-%02u.manifest", k);
        put_noise(i, name, 200 + 97 * k);
    }
    for (unsigned k = 0; k < 12; k++) {
        snprintf(name, sizeof name, "Windows/System32/drivers/driver-%02u.sys", k);
        put_program(i, name, 20000 + 999 * k);
        snprintf(name, sizeof name, "Windows/Fonts/font-%02u.ttf", k);
        put_noise(i, name, 30000 + k);
    }
}

void stick_image_make(struct stick_image *i)
{
    const char *tmp = getenv("TMPDIR");
    WIMStruct *w = NULL;
    char tree[80];

    snprintf(i->dir, sizeof i->dir, "%.40s/wtg-stick-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(i->dir))
        abort();
    snprintf(i->path, sizeof i->path, "%s/install.wim", i->dir);
    snprintf(tree, sizeof tree, "%s/tree", i->dir);
    put_hive(i, "SYSTEM");
    put_hive(i, "SOFTWARE");
    put_hive(i, "SAM");
    put_program(i, "Windows/System32/winload.efi", 90000);
    put_program(i, "Windows/System32/winresume.efi", 70000);
    put_program(i, "Windows/System32/ntoskrnl.exe", 300000);
    put_program(i, "Windows/explorer.exe", 120000);
    put_program(i, "Windows/Boot/EFI/bootmgfw.efi", 110000);
    put_program(i, "Windows/Boot/EFI/bootmgr.efi", 100000);
    put_program(i, "Windows/Boot/EFI/memtest.efi", 60000);
    put_program(i, "Windows/Boot/EFI/en-US/bootmgfw.efi.mui", 12000);
    put_noise(i, "Windows/Boot/EFI/boot.stl", 9600);
    put_noise(i, "Windows/Boot/Fonts/segoe_slboot.ttf", 45000);
    put_noise(i, "Windows/Boot/Fonts/wgl4_boot.ttf", 25000);
    put_noise(i, "Windows/Boot/Resources/bootres.dll", 30000);
    put_noise(i, "Users/Default/NTUSER.DAT", 65536);
    put_noise(i, "Users/Public/Documents/readme.txt", 500);
    put_many(i);
    if (wimlib_create_new_wim(WIMLIB_COMPRESSION_TYPE_NONE, &w) ||
        wimlib_add_image(w, tree, "Windows", NULL, WIMLIB_ADD_FLAG_NORPFIX) ||
        wimlib_write(w, i->path, WIMLIB_ALL_IMAGES, 0, 1))
        abort();
    wimlib_free(w);
    MUST(image_open(i->path, NULL, &i->image, err));
}

void stick_image_remove(struct stick_image *i)
{
    char command[128];

    image_free(i->image);
    snprintf(command, sizeof command, "rm -rf '%s'", i->dir);
    if (strncmp(i->dir, "/", 1) != 0 || system(command) != 0)
        fprintf(stderr, "'%s' stays behind\n", i->dir);
}

/* ---- Building --------------------------------------------------------------------------- */

const struct disk_part *stick_part(const struct stick *s, enum disk_role role)
{
    return disk_layout_part(&s->layout, role);
}

static void lay_out(struct stick *s)
{
    struct seed seed = seed_from_text(s->seed);
    const struct disk_layout_opts o = {
        .size_bytes = s->size_bytes,
        .sector_bytes = 512,
        .disk_id = seed_guid(&seed, "disk"),
        .esp_id = seed_guid(&seed, "esp"),
        .msr_id = seed_guid(&seed, "msr"),
        .windows_id = seed_guid(&seed, "windows"),
    };
    MUST(disk_layout_make(&o, &s->layout, err));
    s->bcd_disk = s->layout.id;
    s->bcd_esp = stick_part(s, DISK_ROLE_ESP)->id;
    s->bcd_windows = stick_part(s, DISK_ROLE_WINDOWS)->id;
}

static void make_windows(struct stick *s)
{
    struct windows_opts o = { .architecture = "amd64" };
    struct windows_changes changes = { 0 };

    MUST(image_load_tree(s->from->image, 1, &s->tree, err));
    MUST(windows_edits(s->tree, &o, &s->edits[0], &changes, err));
    MUST(tree_edits_apply(s->tree, &s->edits[0], s->time, err));
    windows_changes_release(&changes);
}

static void make_bcd(struct stick *s)
{
    struct seed seed = seed_from_text(s->seed);
    const struct boot_bcd_params p = {
        .firmware = BOOT_UEFI,
        .system = { .disk = s->bcd_disk, .partition = s->bcd_esp },
        .windows = { .disk = s->bcd_disk, .partition = s->bcd_windows },
        .loader = seed_guid(&seed, "loader"),
        .resume = seed_guid(&seed, "resume"),
        .description = "Windows 11",
        .time = s->time,
    };
    MUST(boot_bcd_build(&p, &s->bcd, &s->bcd_bytes, err));
}

static void make_esp(struct stick *s)
{
    uint8_t *copy = malloc(s->bcd_bytes + 1);
    if (!copy)
        abort();
    memcpy(copy, s->bcd, s->bcd_bytes);
    MUST(boot_files(s->tree, copy, s->bcd_bytes, s->time, &s->esp, err));
    if (s->no_bcd)
        stick_delete(s, s->esp.tree, "\\EFI\\Microsoft\\Boot\\BCD");
}

static void write_one(struct blk *disk, const struct tree_region *g)
{
    enum { STEP = 1 << 20 };
    uint8_t *bytes = blk_mem_bytes(disk) + g->offset;
    if (g->kind == REGION_BYTES)
        memcpy(bytes, g->bytes, g->length);
    else if (g->kind == REGION_FILL && g->fill)
        memset(bytes, g->fill, g->length);
    else if (g->kind == REGION_BLOB)
        MUST(tree_blob_read(g->blob, g->blob_off, bytes,
                            (size_t)min_u64(g->length, g->blob->size_bytes - g->blob_off), err));
    for (uint64_t at = 0; g->kind == REGION_MAKE && at < g->length; at += STEP)
        MUST(g->make(g->ctx, at, bytes + at, (size_t)min_u64(STEP, g->length - at), err));
}

static void write_regions(struct blk *disk, const struct tree_regions *all)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->region[i].kind == REGION_KEEP)
            MUST(tree_blob_read(all->region[i].blob, all->region[i].offset, all->region[i].keep,
                                (size_t)all->region[i].length, err));
    for (int pass = PASS_WIPE; pass <= PASS_TABLE; pass++)
        for (size_t i = 0; i < all->n; i++)
            if ((int)all->region[i].pass == pass)
                write_one(disk, &all->region[i]);
}

static void write_disk(struct stick *s)
{
    const struct disk_part *esp = stick_part(s, DISK_ROLE_ESP),
                           *win = stick_part(s, DISK_ROLE_WINDOWS);
    struct seed seed = seed_from_text(s->seed);
    const struct ntfs_build_opts ntfs_opts = { .size_bytes = win->size_bytes,
                                               .sector_bytes = 512,
                                               .start_lba = win->start_lba,
                                               .label = "Windows",
                                               .serial = seed_u64(&seed, "ntfs"),
                                               .time = s->time };
    const struct fat_build_opts fat_opts = { .size_bytes = esp->size_bytes,
                                             .sector_bytes = 512,
                                             .start_lba = esp->start_lba,
                                             .label = "SYSTEM",
                                             .volume_id = (uint32_t)seed_u64(&seed, "fat"),
                                             .time = s->time };
    struct tree_regions all = { 0 }, ntfs_regions = { 0 }, fat_regions = { 0 };
    struct ntfs_build *ntfs = NULL;
    struct fat_build *fat = NULL;
    struct disk_table *table = NULL;

    MUST(ntfs_build_new(s->tree, &ntfs_opts, &ntfs, err));
    MUST(ntfs_build_regions(ntfs, &ntfs_regions, err));
    MUST(fat_build_new(s->esp.tree, &fat_opts, &fat, err));
    MUST(fat_build_regions(fat, &fat_regions, err));
    MUST(tree_regions_append(&all, &ntfs_regions, win->offset_bytes, err));
    MUST(tree_regions_append(&all, &fat_regions, esp->offset_bytes, err));
    MUST(disk_table_new(&s->layout, &table, err));
    MUST(disk_table_regions(table, &all, err));
    MUST(blk_mem_new(s->size_bytes + s->grow_bytes, &s->disk, err));
    write_regions(s->disk, &all);
    tree_regions_release(&all);
    tree_regions_release(&ntfs_regions);
    tree_regions_release(&fat_regions);
    disk_table_free(table);
    fat_build_free(fat);
    ntfs_build_free(ntfs);
}

#define EACH(when)                                                                                 \
    for (size_t i_ = 0; i_ < n; i_++)                                                              \
        if (change[i_] && change[i_]->when)                                                        \
    change[i_]->when(s)

void stick_make(struct stick *s, struct stick_image *from, const char *seed,
                const struct stick_change *const *change, size_t n)
{
    *s = (struct stick){ .from = from, .rng = rng_of(seed), .time = UINT64_C(133406000000000000) };
    snprintf(s->seed, sizeof s->seed, "%s", seed);
    s->size_bytes = (UINT64_C(330) + rng_below(&s->rng, 40)) << 20;
    lay_out(s);
    EACH(layout);
    make_windows(s);
    EACH(files);
    make_bcd(s);
    EACH(bcd);
    make_esp(s);
    EACH(esp);
    write_disk(s);
    EACH(bytes);
}

void stick_release(struct stick *s)
{
    blk_free(s->above);
    blk_free(s->disk);
    boot_esp_release(&s->esp);
    tree_free(s->tree);
    for (size_t i = 0; i < ARRAY_LEN(s->edits); i++)
        tree_edits_release(&s->edits[i]);
    free(s->bcd);
    *s = (struct stick){ 0 };
}

struct blk *stick_blk(struct stick *s)
{
    return s->above ? s->above : s->disk;
}

/* ---- For changes ------------------------------------------------------------------------ */

/* Edits are applied one by one, so that a later one may meet what an earlier one made. */
static void apply(struct stick *s, struct tree *t, enum tree_edit_op op, const char *path,
                  struct tree_blob *blob)
{
    struct tree_edits one = { 0 };
    struct tree_edits *keep = &s->edits[1];

    MUST(tree_edits_add(&one, op, path, blob, "a change of the test", NULL, err));
    MUST(tree_edits_apply(t, &one, s->time, err));
    MUST(mem_grow(&keep->edit, &keep->cap, keep->n, sizeof keep->edit[0], err));
    keep->edit[keep->n++] = one.edit[0];
    free(one.edit);
}

void stick_put(struct stick *s, struct tree *t, const char *path, const void *bytes, size_t n)
{
    struct tree_blob *blob = NULL;
    uint8_t *copy = malloc(n + 1);

    if (!copy)
        abort();
    memcpy(copy, bytes, n);
    MUST(tree_memory_blob_new(copy, n, &blob, err));
    apply(s, t, tree_find(t, path) ? TREE_EDIT_REPLACE : TREE_EDIT_ADD, path, blob);
}

void stick_delete(struct stick *s, struct tree *t, const char *path)
{
    apply(s, t, TREE_EDIT_DELETE, path, NULL);
}

uint8_t *stick_read(const struct tree *t, const char *path, size_t *ret_n)
{
    uint8_t *bytes = NULL;
    MUST(tree_read_file(t, path, SIZE_MAX / 2, &bytes, ret_n, err));
    return bytes;
}

static void edit_hive(struct stick *s, const char *hive, const char *key, const char *name,
                      uint32_t v)
{
    char path[96];
    size_t n = 0;
    struct hive *h = NULL;
    hive_key k = HIVE_NO_KEY;

    snprintf(path, sizeof path, "\\Windows\\System32\\config\\%s", hive);
    uint8_t *bytes = stick_read(s->tree, path, &n), *out = NULL;
    MUST(hive_open((struct wtg_span){ bytes, n }, hive, true, &h, err));
    MUST(hive_make(h, hive_root(h), key, &k, err));
    if (name)
        MUST(hive_set_dword(h, k, name, v, err));
    MUST(hive_commit(h, &out, &n, err));
    stick_put(s, s->tree, path, out, n);
    hive_free(h);
    free(bytes);
    free(out);
}

void stick_set_dword(struct stick *s, const char *hive, const char *key, const char *name,
                     uint32_t v)
{
    edit_hive(s, hive, key, name, v);
}

void stick_make_key(struct stick *s, const char *hive, const char *key)
{
    edit_hive(s, hive, key, NULL, 0);
}

uint8_t *stick_bytes(struct stick *s)
{
    return blk_mem_bytes(s->disk);
}

uint64_t stick_find(struct stick *s, enum disk_role role, const void *bytes, size_t n)
{
    const struct disk_part *p = stick_part(s, role);
    const uint8_t *from = stick_bytes(s) + p->offset_bytes;
    const uint8_t *at = memmem(from, p->size_bytes, bytes, n);

    if (!at) {
        fprintf(stderr, "what a fault looks for is not on the disk\n");
        abort();
    }
    return (uint64_t)(at - stick_bytes(s));
}

static void seal(uint8_t *header, const uint8_t *entries)
{
    put_le32(header + offsetof(struct gpt_header_disk, entries_crc32),
             gpt_crc32(entries, 128 * 128));
    put_le32(header + offsetof(struct gpt_header_disk, header_crc32), 0);
    put_le32(header + offsetof(struct gpt_header_disk, header_crc32),
             gpt_crc32(header, GPT_HEADER_LEAST));
}

void stick_seal_gpt(struct stick *s, bool primary, bool backup)
{
    uint8_t *p = stick_bytes(s), *end = p + s->size_bytes;

    if (primary)
        seal(p + 512, p + 1024);
    if (backup)
        seal(end - 512, end - 512 - 128 * 128);
}
