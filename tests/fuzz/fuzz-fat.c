/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "fat/fat-check.h"
#include "fat/fat-read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const struct tree *t)
{
    struct wtg_err err = { 0 };

    for (size_t i = 0; i < t->nnodes; i++) {
        uint8_t *p = NULL;
        size_t n = 0;
        if (tree_blob_slurp(tree_data(t->node[i]), 1 << 20, &p, &n, &err) == 0)
            free(p);
    }
}

/* The bytes are a volume: it is checked, and read to the last file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wtg_err err = { 0 };
    struct blk *vol = NULL;
    struct fat *fat = NULL;
    struct tree *t = NULL;
    size_t problems = 0;

    if (blk_mem_wrap(data, size, &vol, &err) < 0)
        return 0;
    if (fat_check(vol, NULL, NULL, &problems, &err) == 0 && fat_open(vol, &fat, &err) == 0 &&
        fat_read_tree(fat, &t, &err) == 0)
        read_all(t);
    tree_free(t);
    fat_free(fat);
    blk_free(vol);
    return 0;
}
