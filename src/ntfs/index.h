/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS_INDEX_H
#define WTG_NTFS_INDEX_H

#include "base/err.h"
#include "base/mem.h"

/* Bulk building of NTFS's B-trees.  Keys come in order from whoever knows them; the shape of the
 * tree follows from their sizes alone, so it is planned first and the bytes are made later, block
 * by block.
 *
 * Blocks are numbered level by level, leaves first.  The items of level 0 are the keys; a key
 * between two blocks is promoted: it stands in no block of its level and is an item of the level
 * above, and what is promoted last stands in the root. */

struct index_keys {
    size_t n;
    /* Whole entry, 8-aligned, without the child's VCN. */
    uint32_t (*entry_bytes)(const struct index_keys *k, size_t i);
    /* Writes the entry except its length and flags; the bytes are zero before. */
    void (*put)(const struct index_keys *k, size_t i, uint8_t *entry);
};

struct index_level {
    uint32_t first_block, nblocks;
    uint32_t *start; /* per block: its first item in the list of this level's items */
};

struct index_shape {
    uint32_t nblocks;
    uint32_t nlevels; /* of blocks; 0: all keys stand in the root */
    uint32_t nkeys;
    uint32_t root_bytes;       /* of the whole $INDEX_ROOT value */
    struct index_level *level; /* on the arena */
};

enum {
    INDEX_BLOCK_BYTES = 4096,
    INDEX_ROOT_BYTES_EMPTY = 0x20 + 0x10, /* heads and an END entry */
    INDEX_ROOT_BYTES_MIN = 0x20 + 0x18,   /* ... with a child */
};

/* Bytes of an $INDEX_ROOT value that holds all keys. */
uint64_t index_root_bytes_alone(const struct index_keys *k);

/* Plans the tree.  The root may be `alone` bytes (at least INDEX_ROOT_BYTES_EMPTY) when it is all
 * there is, else `with_blocks` (at least INDEX_ROOT_BYTES_MIN). */
int index_plan(const struct index_keys *k, uint32_t alone, uint32_t with_blocks, struct arena *a,
               struct index_shape *ret, struct wtg_err *err) WTG_MUST_USE;

/* What stands in the head of the root. */
struct index_kind {
    uint32_t indexed_type; /* NTFS_AT_FILE_NAME or 0 */
    uint32_t collation;
};
/* Writes shape->root_bytes. */
void index_put_root(const struct index_keys *k, const struct index_shape *shape,
                    const struct index_kind *kind, uint8_t *value);
/* Writes one block, fixed up: INDEX_BLOCK_BYTES. */
void index_put_block(const struct index_keys *k, const struct index_shape *shape, uint32_t block,
                     uint8_t *buf);

#endif
