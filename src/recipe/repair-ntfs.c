/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/repair-priv.h"

#include <string.h>

#include "ntfs/check.h"
#include "ntfs/mend.h"
#include "ntfs/read.h"

/* What of NTFS can be mended without its files. */

static int volume(struct repair_case *c, struct blk **ret, struct wtg_err *err)
{
    const struct disk_content_part *p = c->stick.windows;
    return blk_slice_new(c->out, p->offset_bytes, p->size_bytes, ret, err);
}

/* ---- ntfs-boot -------------------------------------------------------------------------- */

int repair_check_ntfs_boot(struct repair_case *c, enum repair_need *ret, struct wtg_err *err)
{
    const struct ntfs_look *l = &c->stick.ntfs;
    bool first = l->boot == NTFS_TWIN_FINE, copy = l->backup == NTFS_TWIN_FINE;

    (void)err;
    *ret = REPAIR_FINE;
    if (!c->stick.windows || l->encrypted || (first && copy && l->boot_same))
        return 0;
    unsigned number = c->stick.windows->number;
    if (first)
        *ret = repair_says(c, REPAIR_NEEDED, "ntfs_backup_boot_damaged",
                           copy ? "the copy of the boot sector of partition %u differs from it"
                                : "the copy of the boot sector of partition %u is damaged",
                           number);
    else
        *ret = repair_says(c, REPAIR_NEEDED, "ntfs_boot_sector_damaged",
                           copy ? "the boot sector of partition %u is damaged, its copy is whole"
                                : "the boot sector of partition %u is damaged, and so is its copy",
                           number);
    return 0;
}

int repair_run_ntfs_boot(struct repair_case *c, struct wtg_err *err)
{
    struct blk *vol = NULL;
    int r = volume(c, &vol, err);

    if (r == 0)
        r = ntfs_mend_boot(vol, c->stick.windows->offset_bytes / c->out->sector_bytes, err);
    blk_free(vol);
    return r;
}

/* ---- ntfs-mirror ------------------------------------------------------------------------ */

int repair_check_ntfs_mirror(struct repair_case *c, enum repair_need *ret, struct wtg_err *err)
{
    const struct ntfs_look *l = &c->stick.ntfs;

    (void)err;
    *ret = REPAIR_FINE;
    if (!c->stick.windows || l->boot != NTFS_TWIN_FINE || !l->records_bytes || l->mft_same)
        return 0;
    *ret = repair_says(c, REPAIR_NEEDED, "ntfs_mft_mirror_differs",
                       l->mft == NTFS_TWIN_FINE ? "$MFTMirr is not a copy of the first records"
                                                : "one of the first records is damaged");
    return 0;
}

int repair_run_ntfs_mirror(struct repair_case *c, struct wtg_err *err)
{
    struct blk *vol = NULL;
    int r = volume(c, &vol, err);

    if (r == 0)
        r = ntfs_mend_mirror(vol, err);
    blk_free(vol);
    return r;
}

/* ---- ntfs-dirty ------------------------------------------------------------------------- */

int repair_check_ntfs_dirty(struct repair_case *c, enum repair_need *ret, struct wtg_err *err)
{
    uint16_t flags = 0;
    struct wtg_err why = { 0 };
    struct ntfs_check_result result = { 0 };

    *ret = REPAIR_FINE;
    if (!c->stick.windows || c->stick.ntfs.boot != NTFS_TWIN_FINE ||
        ntfs_volume_flags(c->stick.windows_blk, &flags, &why) < 0 || !(flags & NTFS_VOLUME_DIRTY))
        return 0;
    int r = ntfs_check(c->stick.windows_blk, NULL, c->job, &result, &why);
    if (repair_soft(r) < 0) {
        *err = why;
        return r;
    }
    if (r < 0)
        *ret =
            repair_says(c, REPAIR_CANNOT, "ntfs_dirty_volume",
                        "the volume is marked dirty, and cannot be proved sound: %.150s", why.text);
    else if (result.errors)
        *ret =
            repair_says(c, REPAIR_CANNOT, "ntfs_dirty_volume",
                        "the volume is marked dirty, and is: %.160s; let Windows' chkdsk mend it",
                        result.problem[0].text);
    else
        *ret =
            repair_says(c, REPAIR_NEEDED, "ntfs_dirty_volume",
                        "the volume is marked dirty; all of its structure was proved to be sound");
    ntfs_check_result_release(&result);
    return 0;
}

int repair_run_ntfs_dirty(struct repair_case *c, struct wtg_err *err)
{
    uint16_t flags = 0;
    struct blk *vol = NULL;
    int r = volume(c, &vol, err);

    if (r == 0)
        r = ntfs_volume_flags(vol, &flags, err);
    if (r == 0)
        r = ntfs_set_volume_flags(vol, (uint16_t)(flags & ~NTFS_VOLUME_DIRTY), err);
    blk_free(vol);
    return r;
}
