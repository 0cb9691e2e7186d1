/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/repair-priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/guid.h"
#include "base/le.h"
#include "boot/bcd-mend.h"
#include "disk/layout.h"
#include "disk/table.h"
#include "ntfs/read.h"

/* Both partition tables are gone: the file systems say where they begin and how long they are, and
 * the boot configuration what the partitions were called. */

#define BCD_PATH "\\EFI\\Microsoft\\Boot\\BCD"

/* ---- Names ------------------------------------------------------------------------------ */

static void names_from_store(const struct tree *t, struct repair_names *ret)
{
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    struct wtg_err ignored = { 0 };
    struct boot_bcd b = { 0 };
    enum { DEVICE = 0x11000001 };

    if (tree_read_file(t, BCD_PATH, BOOT_BCD_MAX_BYTES, &bytes, &n, &ignored) < 0 ||
        boot_bcd_decode((struct wtg_span){ bytes, n }, &b, &ignored) < 0)
        return;
    ret->known =
        boot_bcd_partition(boot_bcd_find_element(boot_bcd_manager(&b), DEVICE), &ret->system) &&
        boot_bcd_partition(boot_bcd_find_element(boot_bcd_default_loader(&b), DEVICE),
                           &ret->windows) &&
        !ret->system.mbr && !ret->windows.mbr;
    boot_bcd_release(&b);
}

void repair_find_names(struct blk *disk, uint64_t off, uint64_t bytes, struct repair_names *ret)
{
    struct blk *vol = NULL;
    struct fat *fat = NULL;
    struct tree *t = NULL;
    size_t lost = 0;
    struct wtg_err ignored = { 0 };

    if (off > disk->size || bytes > disk->size - off)
        return;
    if (blk_slice_new(disk, off, bytes, &vol, &ignored) == 0 &&
        fat_open(vol, &fat, &ignored) == 0 && fat_salvage_tree(fat, &t, &lost, &ignored) == 0)
        names_from_store(t, ret);
    tree_free(t);
    fat_free(fat);
    blk_free(vol);
}

/* ---- Searching -------------------------------------------------------------------------- */

enum { FOUND_MAX = DISK_LAYOUT_MAX_PARTS };

struct found {
    uint64_t off, bytes;
    bool ntfs;
};
struct search {
    struct found at[FOUND_MAX];
    size_t n;
    bool too_many;
};

/* A file system whose boot sector says that it begins here. */
static bool look_at(struct blk *disk, uint64_t off, struct found *ret)
{
    uint8_t b[512];
    struct ntfs_boot_disk d;
    struct ntfs_geom g;
    struct wtg_err ignored = { 0 };

    if (blk_read(disk, off, b, sizeof b, &ignored) < 0 || b[510] != 0x55 || b[511] != 0xaa)
        return false;
    memcpy(&d, b, sizeof d);
    if (get_le32(d.hidden_sectors) != (uint32_t)(off / disk->sector_bytes) ||
        get_le16(d.sector_bytes) != disk->sector_bytes)
        return false;
    if (ntfs_geom_read(&d, disk->size - off, &g, &ignored) == 0) {
        *ret = (struct found){ off, (g.sectors + 1) * g.sector_bytes, true };
        return ret->bytes <= disk->size - off;
    }
    uint64_t sectors = get_le32(d.sectors_32);
    *ret = (struct found){ off, sectors * disk->sector_bytes, false };
    return memcmp(b + 0x52, "FAT32   ", 8) == 0 && sectors > 0 && ret->bytes <= disk->size - off;
}

/* Partitions begin at whole MiB; those of old tools at sector 63. */
static int search(struct blk *disk, struct wtg_job *job, struct search *s, struct wtg_err *err)
{
    uint64_t off = (uint64_t)63 * disk->sector_bytes;

    while (off < disk->size && disk->size - off >= DISK_ALIGN_BYTES) {
        const struct wtg_progress p = { "search", N_("bytes"), off, disk->size };
        struct found f;
        if (off / DISK_ALIGN_BYTES % 256 == 0 && wtg_tick(job, &p, err) < 0)
            return err->code;
        if (!look_at(disk, off, &f)) {
            off = (off / DISK_ALIGN_BYTES + 1) * DISK_ALIGN_BYTES;
            continue;
        }
        if (s->n == FOUND_MAX) {
            s->too_many = true;
            return 0;
        }
        s->at[s->n++] = f;
        off = round_up(f.off + f.bytes, DISK_ALIGN_BYTES);
    }
    return 0;
}

/* A disk that is one volume without a table, or that has an MBR, never had a GPT. */
static bool never_had_one(const struct repair_stick *s)
{
    uint8_t b[512];
    struct wtg_err ignored = { 0 };

    if (s->gpt.mbr == GPT_MBR_FINE) /* it says so */
        return false;
    if (s->table.label != DISK_LABEL_NONE || s->gpt.other_sector_bytes)
        return true;
    return blk_read(s->disk, 0, b, sizeof b, &ignored) == 0 &&
           (memcmp(b + 3, NTFS_OEM, 8) == 0 || memcmp(b + 0x52, "FAT32   ", 8) == 0 ||
            memcmp(b + 0x36, "FAT1", 4) == 0 || memcmp(b + 3, "EXFAT   ", 8) == 0);
}

int repair_check_gpt_search(struct repair_case *c, enum repair_need *ret, struct wtg_err *err)
{
    const struct gpt_look *l = &c->stick.gpt;
    struct search s = { 0 };

    *ret = REPAIR_FINE;
    if (l->primary.state == GPT_FINE || l->backup.state == GPT_FINE || never_had_one(&c->stick))
        return 0;
    int r = search(c->stick.disk, c->job, &s, err);
    if (r < 0)
        return r;
    size_t fat = 0, ntfs = 0;
    for (size_t i = 0; i < s.n; i++)
        (s.at[i].ntfs ? &ntfs : &fat)[0]++;
    if (s.n == 0 && l->primary.state == GPT_MISSING && l->backup.state == GPT_MISSING)
        return 0; /* an empty disk */
    if (s.too_many || ntfs == 0 || fat > 1)
        *ret =
            repair_says(c, REPAIR_CANNOT, "gpt_both_damaged",
                        "both partition tables are damaged, and the file systems that were found "
                        "(%zu FAT32, %zu NTFS%s) do not tell what they were",
                        fat, ntfs, s.too_many ? ", and more" : "");
    else
        *ret = repair_says(
            c, REPAIR_NEEDED, "gpt_both_damaged",
            "both partition tables are damaged; found were %zu FAT32 and %zu NTFS volume%s"
            " that say where they begin",
            fat, ntfs, ntfs == 1 ? "" : "s");
    return 0;
}

/* ---- The new table ---------------------------------------------------------------------- */

static const struct {
    const char *type, *name;
    uint64_t attributes;
} kinds[] = {
    [DISK_ROLE_ESP] = { "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "EFI system partition",
                        DISK_ATTR_NO_LETTER },
    [DISK_ROLE_MSR] = { "e3c9e316-0b5c-4db8-817d-f92df00215ae", "Microsoft reserved partition",
                        DISK_ATTR_NO_LETTER },
    [DISK_ROLE_WINDOWS] = { "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", "Basic data partition", 0 },
};

static int add(struct disk_layout *l, enum disk_role role, uint64_t off, uint64_t bytes,
               struct guid id, struct wtg_err *err)
{
    if (l->nparts == DISK_LAYOUT_MAX_PARTS)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "more than %d partitions were found",
                        DISK_LAYOUT_MAX_PARTS);
    struct disk_part *p = &l->part[l->nparts++];
    *p = (struct disk_part){
        .role = role,
        .offset_bytes = off,
        .size_bytes = bytes,
        .start_lba = off / l->sector_bytes,
        .id = id,
        .attributes = kinds[role].attributes,
        .name = kinds[role].name,
    };
    return guid_parse(kinds[role].type, &p->type) ? 0 : wtg_fail(err, WTG_E_BUG, "no such GUID");
}

/* A gap of just the size that Windows' and our own tools give the reserved partition. */
static bool is_reserved_gap(uint64_t bytes)
{
    return bytes == DISK_MSR_BYTES || bytes == UINT64_C(128) << 20;
}

static int lay_out(const struct search *s, const struct blk *disk, const struct repair_names *names,
                   struct disk_layout *ret, struct wtg_err *err)
{
    struct seed seed = seed_random();
    struct disk_layout l = { .size_bytes = disk->size / disk->sector_bytes * disk->sector_bytes,
                             .sector_bytes = disk->sector_bytes,
                             .id = names->known ? names->system.disk : seed_guid(&seed, "disk") };
    bool named = false;
    int r = 0;

    for (size_t i = 0; r == 0 && i < s->n; i++) {
        const struct found *f = &s->at[i];
        uint64_t end = i ? s->at[i - 1].off + s->at[i - 1].bytes : 0;
        char label[16];
        snprintf(label, sizeof label, "part %zu", i);
        struct guid id = seed_guid(&seed, label);
        if (names->known && !f->ntfs)
            id = names->system.partition;
        else if (names->known && !named && f->ntfs) /* the store starts the first */
            id = names->windows.partition, named = true;
        if (i && is_reserved_gap(f->off - end))
            r = add(&l, DISK_ROLE_MSR, end, f->off - end, seed_guid(&seed, "msr"), err);
        if (r == 0)
            r = add(&l, f->ntfs ? DISK_ROLE_WINDOWS : DISK_ROLE_ESP, f->off, f->bytes, id, err);
    }
    *ret = l;
    return r;
}

static int write_table(struct blk *out, const struct disk_layout *l, struct wtg_err *err)
{
    struct disk_table *t = NULL;
    struct tree_regions regions = { 0 };
    int r = disk_table_new(l, &t, err);

    if (r == 0)
        r = disk_table_regions(t, &regions, err);
    for (size_t i = 0; r == 0 && i < regions.n; i++)
        r = blk_write(out, regions.region[i].offset, regions.region[i].bytes,
                      (size_t)regions.region[i].length, err);
    tree_regions_release(&regions);
    disk_table_free(t);
    return r;
}

int repair_run_gpt_search(struct repair_case *c, struct wtg_err *err)
{
    struct search s = { 0 };
    struct repair_names names = { 0 };
    struct disk_layout l;
    int r = search(c->stick.disk, c->job, &s, err);

    for (size_t i = 0; r == 0 && i < s.n; i++)
        if (!s.at[i].ntfs)
            repair_find_names(c->stick.disk, s.at[i].off, s.at[i].bytes, &names);
    if (r == 0)
        r = lay_out(&s, c->stick.disk, &names, &l, err);
    return r < 0 ? r : write_table(c->out, &l, err);
}
