/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/repair-priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "disk/layout.h"
#include "ntfs/read.h"

/* What is where.  Nothing here fails for damage: what cannot be read is not there. */

#define TYPE_ESP "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
enum { MBR_TYPE_ESP = 0xef };

static bool has_type(const struct disk_content_part *p, const char *type)
{
    struct guid g;
    return guid_parse(type, &g) && memcmp(&g, &p->type, sizeof g) == 0;
}

static int slice(struct blk *disk, const struct disk_content_part *p, struct blk **ret,
                 struct wtg_err *err)
{
    return blk_slice_new(disk, p->offset_bytes, p->size_bytes, ret, err);
}

/* ---- Windows' volume -------------------------------------------------------------------- */

static bool is_windows(const struct tree *t)
{
    return tree_find(t, "\\Windows\\System32");
}

static int read_tree(struct blk *vol, struct wtg_job *job, struct tree **ret, struct wtg_err *err)
{
    struct wtg_err why = { 0 };
    int r = ntfs_read_tree(vol, job, ret, &why);

    if (repair_soft(r) < 0)
        *err = why;
    return repair_soft(r);
}

/* Is it the one?  Only asked when there are several volumes of NTFS. */
static int try_windows(struct repair_stick *s, const struct disk_content_part *p, bool *ret,
                       struct wtg_err *err)
{
    struct blk *vol = NULL;
    struct tree *t = NULL;
    int r = slice(s->disk, p, &vol, err);

    if (r == 0)
        r = read_tree(vol, NULL, &t, err);
    *ret = t && is_windows(t);
    tree_free(t);
    blk_free(vol);
    return r;
}

static int look_ntfs(struct repair_stick *s, const struct disk_content_part *p,
                     struct ntfs_look *ret, struct wtg_err *err)
{
    struct blk *vol = NULL;
    int r = slice(s->disk, p, &vol, err);

    if (r == 0)
        r = ntfs_look(vol, ret, err);
    blk_free(vol);
    return r;
}

/* Has a boot sector anything of NTFS, though neither copy leads anywhere? */
static bool has_traces(struct repair_stick *s, const struct disk_content_part *p)
{
    struct ntfs_boot_disk d[2];
    struct wtg_err ignored = { 0 };

    if (p->size_bytes < 2 * (uint64_t)s->disk->sector_bytes ||
        blk_read(s->disk, p->offset_bytes, &d[0], sizeof d[0], &ignored) < 0 ||
        blk_read(s->disk, p->offset_bytes + p->size_bytes - s->disk->sector_bytes, &d[1],
                 sizeof d[1], &ignored) < 0)
        return false;
    return memcmp(d[0].oem, NTFS_OEM, sizeof d[0].oem) == 0 ||
           memcmp(d[1].oem, NTFS_OEM, sizeof d[1].oem) == 0;
}

static bool may_be_windows(struct repair_stick *s, const struct disk_content_part *p, bool *ret,
                           struct wtg_err *err)
{
    struct ntfs_look l = { 0 };

    *ret = false;
    if (!p->number)
        return true;
    if (look_ntfs(s, p, &l, err) < 0)
        return false;
    *ret = !l.encrypted &&
           (l.boot == NTFS_TWIN_FINE || l.backup == NTFS_TWIN_FINE || has_traces(s, p));
    return true;
}

/* The only volume of NTFS; of several the first that holds Windows, or the largest. */
static int find_windows(struct repair_stick *s, struct wtg_err *err)
{
    const struct disk_content_part *largest = NULL, *named = NULL;
    size_t n = 0;

    for (size_t pass = 0; pass < 2 && !named && (pass == 0 || n > 1); pass++)
        for (size_t i = 0; i < s->table.nparts && !named; i++) {
            const struct disk_content_part *p = &s->table.part[i];
            bool yes = false;
            if (!may_be_windows(s, p, &yes, err))
                return err->code;
            if (!yes)
                continue;
            n += pass == 0;
            if (!largest || p->size_bytes > largest->size_bytes)
                largest = p;
            if (pass == 1 && try_windows(s, p, &yes, err) < 0)
                return err->code;
            named = pass == 1 && yes ? p : NULL;
        }
    s->windows = named ? named : largest;
    if (!s->windows)
        return 0;
    int r = look_ntfs(s, s->windows, &s->ntfs, err);
    return r < 0 ? r : slice(s->disk, s->windows, &s->windows_blk, err);
}

int repair_windows_tree(struct repair_stick *s, struct wtg_job *job, struct tree **ret,
                        struct wtg_err *err)
{
    int r = 0;

    if (s->windows_blk && !s->windows_read)
        r = read_tree(s->windows_blk, job, &s->windows_tree, err);
    s->windows_read = true;
    if (r == 0)
        *ret = s->windows_tree && is_windows(s->windows_tree) ? s->windows_tree : NULL;
    return r;
}

/* ---- The EFI system partition ----------------------------------------------------------- */

static bool is_fat(struct repair_stick *s, const struct disk_content_part *p, bool *ret_other)
{
    uint8_t boot[512];
    struct wtg_err ignored = { 0 };

    if (p->size_bytes < sizeof boot ||
        blk_read(s->disk, p->offset_bytes, boot, sizeof boot, &ignored) < 0 || boot[510] != 0x55 ||
        boot[511] != 0xaa)
        return false;
    *ret_other = memcmp(boot + 0x36, "FAT1", 4) == 0;
    return *ret_other || memcmp(boot + 0x52, "FAT32   ", 8) == 0;
}

static void find_esp(struct repair_stick *s)
{
    bool other = false;

    for (size_t i = 0; i < s->table.nparts && !s->esp; i++) {
        const struct disk_content_part *p = &s->table.part[i];
        if (p->number && p != s->windows &&
            (s->table.label == DISK_LABEL_GPT ? has_type(p, TYPE_ESP)
                                              : p->mbr_type == MBR_TYPE_ESP))
            s->esp = p;
    }
    for (size_t i = 0; i < s->table.nparts && !s->esp; i++) /* typed wrongly */
        if (s->table.part[i].number && is_fat(s, &s->table.part[i], &other))
            s->esp = &s->table.part[i];
}

static int open_esp(struct repair_stick *s, struct wtg_err *err)
{
    struct wtg_err why = { 0 };
    bool other = false;

    find_esp(s);
    if (!s->esp)
        return 0;
    int r = slice(s->disk, s->esp, &s->esp_blk, err);
    if (r < 0)
        return r;
    if (is_fat(s, s->esp, &other) && other) {
        s->other_fat = true;
        return 0;
    }
    r = fat_open(s->esp_blk, &s->fat, &why);
    if (r == 0)
        r = fat_salvage_tree(s->fat, &s->esp_tree, &s->esp_lost, &why);
    if (repair_soft(r) < 0)
        *err = why;
    return repair_soft(r);
}

/* ---- All of it -------------------------------------------------------------------------- */

int repair_stick_look(struct blk *disk, struct repair_stick *ret, struct wtg_err *err)
{
    struct repair_stick s = { .disk = disk };
    struct wtg_err why = { 0 };
    int r = gpt_look(disk, &s.gpt, err);

    if (r == 0) {
        r = disk_contents_read(disk, &s.table, &why);
        if (repair_soft(r) < 0)
            *err = why;
        r = repair_soft(r);
    }
    if (r == 0)
        r = find_windows(&s, err);
    if (r == 0)
        r = open_esp(&s, err);
    if (r < 0) {
        repair_stick_release(&s);
        return r;
    }
    *ret = s;
    return 0;
}

void repair_stick_release(struct repair_stick *s)
{
    tree_free(s->windows_tree);
    tree_free(s->esp_tree);
    fat_free(s->fat);
    blk_free(s->esp_blk);
    blk_free(s->windows_blk);
    disk_contents_release(&s->table);
    gpt_look_release(&s->gpt);
    *s = (struct repair_stick){ 0 };
}

struct boot_partition repair_place(const struct repair_stick *s, const struct disk_content_part *p)
{
    return (struct boot_partition){
        .mbr = s->table.label == DISK_LABEL_MBR,
        .disk = s->table.id,
        .partition = p->id,
        .signature = s->table.mbr_id,
        .offset_bytes = p->offset_bytes,
    };
}

enum repair_need repair_says(struct repair_case *c, enum repair_need need, const char *cause,
                             const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(c->why, sizeof c->why, fmt, ap);
    va_end(ap);
    c->cause = cause;
    return need;
}
