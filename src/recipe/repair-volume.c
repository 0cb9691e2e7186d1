/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/repair-volume.h"

#include "ntfs/check.h"

/* Windows' volume changed in place: only one whose structure was proved. */

static int prove(struct repair_case *c, struct blk *vol, struct wtg_err *err)
{
    struct ntfs_check_result result = { 0 };
    int r = ntfs_check(vol, NULL, c->job, &result, err);

    if (r == 0 && result.errors) {
        wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                 "the structure of Windows' volume is damaged (%s), so wtg does "
                 "not write to it",
                 result.problem[0].text);
        r = wtg_hint(err, "let Windows' chkdsk mend it first");
    }
    ntfs_check_result_release(&result);
    return r;
}

int repair_volume_change(struct repair_case *c, bool asleep,
                         int (*change)(struct ntfs3g *v, void *ctx, struct wtg_err *err), void *ctx,
                         struct wtg_err *err)
{
    const struct disk_content_part *p = c->stick.windows;
    struct blk *vol = NULL;
    struct ntfs3g *v = NULL;

    if (!p)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "there is no Windows on this disk");
    int r = blk_slice_new(c->out, p->offset_bytes, p->size_bytes, &vol, err);
    if (r == 0)
        r = prove(c, vol, err);
    if (r == 0)
        r = ntfs3g_open(vol, NTFS3G_PROVED | (asleep ? NTFS3G_ASLEEP : 0), &v, err);
    if (r == 0)
        r = change(v, ctx, err);
    if (r == 0)
        r = ntfs3g_close(TAKE_PTR(v), err);
    ntfs3g_drop(v);
    blk_free(vol);
    return r;
}
