/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs-volume.h"

#include "ntfs/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A damaged volume is checked to its end. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ntfs_fuzz *f;
    const struct ntfs_check_opts o = { .strict = true, .max_problems = 20 };
    struct ntfs_check_result r = { 0 };
    struct wtg_err err = { 0 };
    if (!f)
        f = ntfs_fuzz_new();
    ntfs_fuzz_apply(f, data, size);
    if (ntfs_check(f->vol, &o, NULL, &r, &err) == 0)
        ntfs_check_result_release(&r);
    ntfs_fuzz_undo(f, data, size);
    return 0;
}
