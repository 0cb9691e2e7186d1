/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs-volume.h"

#include "ntfs/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes as one record: all its attributes, and what they map. */
static void read_record(const uint8_t *data, size_t size)
{
    uint8_t rec[1024] = { 0 };
    struct wtg_err err = { 0 };
    struct ntfs_attr a;
    struct ntfs_geom g = { .record_bytes = sizeof rec };
    uint32_t off = 0;
    memcpy(rec, data, size < sizeof rec ? size : sizeof rec);
    if (ntfs_fixup(rec, sizeof rec, NTFS_MAGIC_FILE, &err) < 0 &&
        memcmp(rec, NTFS_MAGIC_FILE, 4) != 0)
        return;
    if (ntfs_record_look(&g, rec, &err) < 0)
        return;
    while (ntfs_attr_next((struct wtg_span){ rec, sizeof rec }, &off, &a, &err) > 0) {
        struct ntfs_extents e = { 0 };
        if (a.nonresident && ntfs_extents_add(&e, &a, 1 << 20, &err) < 0)
            err.code = 0;
        ntfs_extents_release(&e);
    }
}

static void read_all(const struct tree *t)
{
    for (size_t i = 0; i < t->nnodes; i++)
        for (uint32_t k = 0; k < t->node[i]->nstreams; k++) {
            struct wtg_err err = { 0 };
            uint8_t *p = NULL;
            size_t n = 0;
            if (tree_blob_slurp(t->node[i]->stream[k].blob, 1 << 17, &p, &n, &err) == 0)
                free(p);
        }
}

/* A damaged volume is read to its last file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ntfs_fuzz *f;
    struct wtg_err err = { 0 };
    struct tree *t = NULL;
    read_record(data, size);
    if (!f)
        f = ntfs_fuzz_new();
    ntfs_fuzz_apply(f, data, size);
    if (ntfs_read_tree(f->vol, NULL, &t, &err) == 0) {
        read_all(t);
        tree_free(t);
    }
    ntfs_fuzz_undo(f, data, size);
    return 0;
}
