/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/create-priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "boot/bcd.h"

/* From a tree and a target's size to regions of the whole disk. */

static struct disk_layout_opts layout_opts(const struct create *c, uint64_t windows_bytes)
{
    return (struct disk_layout_opts){
        .size_bytes = c->id.size_bytes,
        .sector_bytes = c->id.sector_bytes,
        .no_boot = c->opts.no_boot,
        .windows_bytes = windows_bytes,
        .disk_id = seed_guid(&c->seed, "disk"),
        .esp_id = seed_guid(&c->seed, "esp"),
        .msr_id = seed_guid(&c->seed, "msr"),
        .windows_id = seed_guid(&c->seed, "windows"),
    };
}

/* A Windows is called so; any other image by its own name, as far as it fits.  Never by none:
 * sleuthkit and libfsntfs stumble over volumes without a name. */
static const char *volume_label(const struct create *c)
{
    enum { LABEL_MAX_BYTES = 32 }; /* NTFS takes 32 UTF-16 units, never more than bytes of UTF-8 */
    const char *name = c->from->info->name;

    if (!c->opts.no_boot)
        return "Windows";
    return name[0] && strlen(name) <= LABEL_MAX_BYTES ? name : "wtg";
}

static struct ntfs_build_opts volume_opts(struct create *c, const struct guid *volume_id)
{
    const struct disk_part *p = disk_layout_part(&c->layout, DISK_ROLE_WINDOWS);

    return (struct ntfs_build_opts){
        .size_bytes = p ? p->size_bytes : 0,
        .sector_bytes = c->id.sector_bytes,
        .start_lba = p ? p->start_lba : 0,
        .label = volume_label(c),
        .serial = c->ntfs_serial,
        .time = c->from->time,
        .volume_id = volume_id,
        .holes = create_holes,
        .holes_ctx = c,
    };
}

/* Says what would be enough: the numbers that a person needs to buy or choose another stick. */
static int too_small(struct create *c, struct wtg_err *err)
{
    struct guid volume_id = seed_guid(&c->seed, "volume");
    struct ntfs_build_opts o = volume_opts(c, &volume_id);
    char have[DISK_SIZE_TEXT_BYTES], want[DISK_SIZE_TEXT_BYTES];
    uint64_t windows = 0;

    if (o.sector_bytes == 0)
        o.sector_bytes = 512;
    int r = ntfs_build_needed(c->from->tree, &o, &windows, err);
    if (r < 0)
        return r;
    struct disk_layout_opts l = layout_opts(c, windows);
    uint64_t need = disk_layout_least_bytes(&l);
    wtg_fail(err, WTG_E_DISK_TOO_SMALL,
             "'%s' has %s (%" PRIu64 " bytes), and this image needs at least %s (%" PRIu64 " bytes)",
             c->id.path, disk_size_text(c->id.size_bytes, have), c->id.size_bytes,
             disk_size_text(need, want), need);
    wtg_fact(err, "need_bytes", "%" PRIu64, need);
    return wtg_hint(err, c->id.bus == DISK_BUS_FILE
                             ? "give a larger --size; a Windows that runs wants 32G and more"
                             : "take a larger stick; a Windows that runs wants 32 GB and more");
}

static int lay_out_windows(struct create *c, struct wtg_err *err)
{
    struct guid volume_id = seed_guid(&c->seed, "volume");
    struct disk_layout_opts l = layout_opts(c, 0);

    c->ntfs_serial = seed_u64(&c->seed, "ntfs-serial");
    int r = disk_layout_make(&l, &c->layout, err);
    if (r == 0) {
        struct ntfs_build_opts o = volume_opts(c, &volume_id);
        r = ntfs_build_new(c->from->tree, &o, &c->ntfs, err);
    }
    return r == WTG_E_DISK_TOO_SMALL ? too_small(c, err) : r;
}

enum { BOOT_NAME_MAX_BYTES = 255 }; /* what boot_bcd_build takes */

/* What the boot menu calls it, as bcdboot does: by the build, where the name does not say. */
static const char *boot_name(const struct image_info *i)
{
    static const struct {
        uint32_t build;
        const char *name;
    } names[] = {
        { 22000, "Windows 11" }, { 10240, "Windows 10" }, { 9600, "Windows 8.1" },
        { 9200, "Windows 8" },   { 7600, "Windows 7" },
    };

    bool named = i->name[0] && strlen(i->name) <= BOOT_NAME_MAX_BYTES;

    if (strcmp(i->installation_type, "Server") == 0 && named)
        return i->name;
    for (size_t k = 0; k < ARRAY_LEN(names); k++)
        if (i->build >= names[k].build)
            return names[k].name;
    return named ? i->name : "Windows";
}

static bool left_out(const struct create *c, const char *slug)
{
    for (size_t i = 0; i < c->opts.nwithout; i++)
        if (strcmp(c->opts.without[i], slug) == 0)
            return true;
    return false;
}

static int make_bcd(struct create *c, struct wtg_err *err)
{
    const struct disk_part *esp = disk_layout_part(&c->layout, DISK_ROLE_ESP);
    const struct disk_part *win = disk_layout_part(&c->layout, DISK_ROLE_WINDOWS);
    const struct boot_bcd_params p = {
        .firmware = BOOT_UEFI,
        .system = { .disk = c->layout.id, .partition = esp->id },
        .windows = { .disk = c->layout.id, .partition = win->id },
        .loader = seed_guid(&c->seed, "loader"),
        .resume = seed_guid(&c->seed, "resume"),
        .locale = c->from->info->default_language[0] ? c->from->info->default_language : NULL,
        .description = boot_name(c->from->info),
        .keep_recovery = left_out(c, "winre"),
        .time = c->from->time,
    };
    return boot_bcd_build(&p, &c->bcd, &c->bcd_bytes, err);
}

static int lay_out_esp(struct create *c, struct wtg_err *err)
{
    const struct disk_part *part = disk_layout_part(&c->layout, DISK_ROLE_ESP);
    int r = make_bcd(c, err);
    if (r < 0)
        return r;
    uint8_t *bcd = mem_zeroed(c->bcd_bytes, 1, err);
    if (!bcd)
        return err->code;
    memcpy(bcd, c->bcd, c->bcd_bytes);
    r = boot_files(c->from->tree, bcd, c->bcd_bytes, c->from->time, &c->esp, err);
    if (r < 0)
        return r;
    const struct fat_build_opts o = {
        .size_bytes = part->size_bytes,
        .sector_bytes = c->id.sector_bytes,
        .start_lba = part->start_lba,
        .label = "SYSTEM",
        .volume_id = (uint32_t)seed_u64(&c->seed, "fat-serial"),
        .time = c->from->time,
    };
    if (fat_build_new(c->esp.tree, &o, &c->fat, err) < 0)
        return wtg_because(err, "laying out the EFI system partition");
    return 0;
}

static int append(struct create *c, const struct tree_regions *part, enum disk_role role,
                  struct wtg_err *err)
{
    return tree_regions_append(&c->regions, part, disk_layout_part(&c->layout, role)->offset_bytes,
                               err);
}

static int collect_regions(struct create *c, struct wtg_err *err)
{
    struct tree_regions ntfs = { 0 }, fat = { 0 };
    int r = ntfs_build_regions(c->ntfs, &ntfs, err);

    if (r == 0)
        r = append(c, &ntfs, DISK_ROLE_WINDOWS, err);
    if (r == 0 && c->fat)
        r = fat_build_regions(c->fat, &fat, err);
    if (r == 0 && c->fat)
        r = append(c, &fat, DISK_ROLE_ESP, err);
    if (r == 0)
        r = disk_table_new(&c->layout, &c->table, err);
    if (r == 0)
        r = disk_table_regions(c->table, &c->regions, err);
    if (r == 0 && c->id.bus != DISK_BUS_FILE)
        r = disk_wipe_regions(&c->layout, &c->regions, err);
    tree_regions_release(&ntfs);
    tree_regions_release(&fat);
    return r;
}

int create_lay_out(struct create *c, struct wtg_err *err)
{
    int r = lay_out_windows(c, err);

    if (r == 0 && !c->opts.no_boot)
        r = lay_out_esp(c, err);
    return r < 0 ? r : collect_regions(c, err);
}
