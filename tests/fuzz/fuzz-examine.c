/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole stick whose structures lie: the input is a list of places and what stands there. */
#include <string.h>

#include "base/le.h"
#include "base/mem.h"
#include "diagnose/diagnose.h"
#include "recipe/examine.h"
#include "stick.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { PATCH_BYTES = 8, PATCHES_MAX = 64 };

/* Where the structures stand; a patch names one, and an offset in it. */
struct area {
    uint64_t at, n;
};
enum { AREAS = 8 };

struct fixture {
    struct stick_image image;
    struct stick stick;
    struct area area[AREAS];
    bool made;
};

static void make(struct fixture *f)
{
    stick_image_make(&f->image);
    stick_make(&f->stick, &f->image, "fuzz", NULL, 0);
    const uint8_t *p = stick_bytes(&f->stick);
    uint64_t esp = stick_part(&f->stick, DISK_ROLE_ESP)->offset_bytes;
    const struct disk_part *w = stick_part(&f->stick, DISK_ROLE_WINDOWS);
    uint64_t fat = esp + (uint64_t)le16_at(p + esp + 14) * 512;
    uint64_t data = fat + 2 * (uint64_t)le32_at(p + esp + 36) * 512;
    uint64_t mft =
        w->offset_bytes + le64_at(p + w->offset_bytes + 0x30) * p[w->offset_bytes + 13] * 512;
    size_t n = 0;
    uint8_t *hive = stick_read(f->stick.tree, "\\Windows\\System32\\config\\SYSTEM", &n);
    const struct area areas[AREAS] = {
        { 0, 34 * 512 },     { f->stick.size_bytes - 33 * 512, 33 * 512 },
        { esp, 8 * 512 },    { fat, 4096 },
        { data, 16384 },     { w->offset_bytes, 512 },
        { mft, 300 * 1024 }, { stick_find(&f->stick, DISK_ROLE_WINDOWS, hive, 512), n },
    };
    memcpy(f->area, areas, sizeof areas);
    free(hive);
    stick_image_remove(&f->image); /* everything stands on the disk */
    f->made = true;
}

static void examine_it(struct fixture *f)
{
    struct wtg_err err = { 0 };
    struct diagnose_case *c = NULL;
    const struct diagnose_verdict *v = NULL;
    const struct examine_opts o = { .target = "stick", .blk = f->stick.disk, .threads = 1 };

    if (diagnose_case_new(&c, &err) < 0 || examine(&o, c, NULL, &err) < 0 ||
        diagnose_solve(c, &v, &err) < 0)
        abort(); /* damage never makes it fail */
    diagnose_case_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct fixture f;
    uint8_t old[PATCHES_MAX][4];
    uint64_t at[PATCHES_MAX];
    size_t count = min_u64(n / PATCH_BYTES, PATCHES_MAX);

    if (!f.made)
        make(&f);
    uint8_t *bytes = stick_bytes(&f.stick);
    for (size_t i = 0; i < count; i++, p += PATCH_BYTES) {
        const struct area *a = &f.area[p[0] % AREAS];
        at[i] = a->at + (le32_at(p) >> 8) % (a->n - 4);
        memcpy(old[i], bytes + at[i], 4);
        memcpy(bytes + at[i], p + 4, 4);
    }
    examine_it(&f);
    while (count--)
        memcpy(bytes + at[count], old[count], 4);
    return 0;
}
