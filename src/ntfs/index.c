/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/index.h"

#include <assert.h>

#include "ntfs/mft.h"
#include "ntfs/ntfs-disk.h"

enum {
    END_BYTES = sizeof(struct ntfs_index_entry_disk),
    CHILD_BYTES = 8,
    ROOT_HEAD_BYTES = sizeof(struct ntfs_index_root_disk),
    BLOCK_ROOM = INDEX_BLOCK_BYTES - NTFS_BLOCK_ENTRIES_OFFSET,
    /* Leave an eighth free, so that Windows can add some names without splitting every block. */
    BLOCK_FILL = BLOCK_ROOM * 7 / 8,
    LEVELS_MAX = 32, /* two items a block at the least, and keys are counted in 32 bits */
};

/* The key that is item `i` of a level. */
static size_t item_key(const struct index_level *level, uint32_t of_level, size_t i)
{
    while (of_level > 0)
        i = level[--of_level].start[i + 1] - 1;
    return i;
}

static uint32_t item_bytes(const struct index_keys *k, const struct index_level *level,
                           uint32_t of_level, size_t i)
{
    uint32_t bytes = k->entry_bytes(k, item_key(level, of_level, i));
    return bytes + (of_level ? CHILD_BYTES : 0);
}

uint64_t index_root_bytes_alone(const struct index_keys *k)
{
    uint64_t bytes = ROOT_HEAD_BYTES + END_BYTES;
    for (size_t i = 0; i < k->n; i++)
        bytes += k->entry_bytes(k, i);
    return bytes;
}

/* How many items the next block takes when it begins with item `first` of `n`.  The item behind
 * them is promoted, and at least one must be left behind that. */
static uint32_t block_items(const struct index_keys *k, const struct index_level *level,
                            uint32_t of_level, uint32_t first, uint32_t n)
{
    uint32_t used = END_BYTES + (of_level ? CHILD_BYTES : 0), i = first;
    while (i < n) {
        uint32_t bytes = item_bytes(k, level, of_level, i);
        if (used + bytes > BLOCK_FILL && i > first)
            break;
        used += bytes;
        i++;
    }
    assert(used <= BLOCK_ROOM);
    return i - first - (i == n - 1 ? 1 : 0);
}

/* Splits the n items of one level into blocks. */
static int plan_level(const struct index_keys *k, struct index_level *level, uint32_t of_level,
                      uint32_t n, struct arena *a, struct wtg_err *err)
{
    struct index_level *l = &level[of_level];
    for (uint32_t at = 0; at < n; at += block_items(k, level, of_level, at, n) + 1)
        l->nblocks++;
    l->start = arena_alloc(a, l->nblocks * sizeof *l->start, err);
    if (!l->start)
        return err->code;
    uint32_t at = 0;
    for (uint32_t block = 0; block < l->nblocks; block++) {
        l->start[block] = at;
        at += block_items(k, level, of_level, at, n) + 1;
    }
    return 0;
}

/* Bytes of the root when it holds the n items of `of_level`, which has children. */
static uint64_t root_bytes(const struct index_keys *k, const struct index_level *level,
                           uint32_t of_level, uint32_t n, uint64_t limit)
{
    uint64_t bytes = INDEX_ROOT_BYTES_MIN;
    for (uint32_t i = 0; i < n && bytes <= limit; i++)
        bytes += item_bytes(k, level, of_level, i);
    return bytes;
}

int index_plan(const struct index_keys *k, uint32_t alone, uint32_t with_blocks, struct arena *a,
               struct index_shape *ret, struct wtg_err *err)
{
    struct index_shape s = { .nkeys = (uint32_t)k->n };
    if (k->n >= UINT32_MAX)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "an index of %zu entries is too large", k->n);
    uint64_t bytes = index_root_bytes_alone(k);
    assert(alone >= INDEX_ROOT_BYTES_EMPTY && with_blocks >= INDEX_ROOT_BYTES_MIN);
    if (bytes <= alone) {
        s.root_bytes = (uint32_t)bytes;
        *ret = s;
        return 0;
    }
    struct index_level level[LEVELS_MAX] = { 0 };
    uint32_t items = s.nkeys;
    do {
        level[s.nlevels].first_block = s.nblocks;
        if (plan_level(k, level, s.nlevels, items, a, err) < 0)
            return err->code;
        s.nblocks += level[s.nlevels].nblocks;
        items = level[s.nlevels].nblocks - 1;
        s.nlevels++;
        bytes = root_bytes(k, level, s.nlevels, items, with_blocks);
    } while (bytes > with_blocks && items > 0);
    s.root_bytes = (uint32_t)bytes;
    s.level = arena_dup(a, level, s.nlevels * sizeof level[0], err);
    if (!s.level)
        return err->code;
    *ret = s;
    return 0;
}

/* Writes items [first, end) of a level and the END entry; returns their bytes. */
static size_t put_items(const struct index_keys *k, const struct index_shape *s, uint32_t of_level,
                        uint32_t first, uint32_t end, uint8_t *p)
{
    uint8_t *begin = p;
    uint64_t child = of_level ? s->level[of_level - 1].first_block + first : 0;
    for (uint32_t i = first; i <= end; i++, child++) {
        bool last = i == end;
        struct ntfs_index_entry_disk *e = (void *)p;
        size_t bytes =
            last ? END_BYTES + (of_level ? CHILD_BYTES : 0) : item_bytes(k, s->level, of_level, i);
        if (!last)
            k->put(k, item_key(s->level, of_level, i), p);
        e->length = to_le16((uint16_t)bytes);
        e->flags =
            to_le16((uint16_t)((of_level ? NTFS_ENTRY_CHILD : 0) | (last ? NTFS_ENTRY_END : 0)));
        if (of_level)
            put_le64(p + bytes - CHILD_BYTES, child);
        p += bytes;
    }
    return (size_t)(p - begin);
}

static void put_header(struct ntfs_index_header_disk *h, size_t entries_offset,
                       size_t entries_bytes, size_t allocated, bool has_children)
{
    h->entries_offset = to_le32((uint32_t)entries_offset);
    h->bytes_used = to_le32((uint32_t)(entries_offset + entries_bytes));
    h->bytes_allocated = to_le32((uint32_t)allocated);
    h->flags = has_children ? NTFS_INDEX_HAS_CHILDREN : 0;
}

void index_put_root(const struct index_keys *k, const struct index_shape *shape,
                    const struct index_kind *kind, uint8_t *value)
{
    memset(value, 0, shape->root_bytes);
    struct ntfs_index_root_disk *r = (void *)value;
    r->indexed_type = to_le32(kind->indexed_type);
    r->collation = to_le32(kind->collation);
    r->block_bytes = to_le32(INDEX_BLOCK_BYTES);
    r->block_clusters = 1;
    uint32_t items = shape->nlevels ? shape->level[shape->nlevels - 1].nblocks - 1 : shape->nkeys;
    size_t bytes = put_items(k, shape, shape->nlevels, 0, items, value + sizeof *r);
    put_header(&r->header, sizeof r->header, bytes, sizeof r->header + bytes, shape->nlevels > 0);
}

void index_put_block(const struct index_keys *k, const struct index_shape *shape, uint32_t block,
                     uint8_t *buf)
{
    memset(buf, 0, INDEX_BLOCK_BYTES);
    uint32_t of_level = 0;
    while (block >= shape->level[of_level].first_block + shape->level[of_level].nblocks)
        of_level++;
    const struct index_level *l = &shape->level[of_level];
    uint32_t at = block - l->first_block, items = shape->nkeys;
    if (of_level)
        items = shape->level[of_level - 1].nblocks - 1;
    uint32_t end = at + 1 < l->nblocks ? l->start[at + 1] - 1 : items;

    struct ntfs_index_block_disk *d = (void *)buf;
    d->vcn = to_le64(block);
    size_t bytes =
        put_items(k, shape, of_level, l->start[at], end, buf + NTFS_BLOCK_ENTRIES_OFFSET);
    put_header(&d->header, NTFS_BLOCK_ENTRIES_OFFSET - NTFS_BLOCK_HEADER_OFFSET, bytes,
               INDEX_BLOCK_BYTES - NTFS_BLOCK_HEADER_OFFSET, of_level > 0);
    mft_protect(buf, INDEX_BLOCK_BYTES, NTFS_MAGIC_INDX, NTFS_BLOCK_USA_OFFSET);
}
