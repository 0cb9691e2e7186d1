/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mutate.h"

#include <string.h>

/* Faults of names, of directories, and of the trees that indexes are. */

/* ---- Names ------------------------------------------------------------------------------ */

/* The second name of a file, which becomes as its first. */
static void name_twice(struct mut *m)
{
    mut_load(m, "twin a");
    uint8_t *a = mut_attr(m, NTFS_AT_FILE_NAME, "");
    uint32_t n = le32_at(a + 4);
    uint16_t instance = le16_at(a + n + 14);
    memcpy(a + n, a, n);
    put_le16(a + n + 14, instance);
    mut_put(m);
}

/* Sets the name space of the first $FILE_NAME of a file that has space `from`. */
static void set_space(struct mut *m, const char *file, uint8_t from, uint8_t to)
{
    mut_load(m, file);
    for (uint8_t *a = mut_attr(m, NTFS_AT_FILE_NAME, ""); le32_at(a) == NTFS_AT_FILE_NAME;
         a += le32_at(a + 4)) {
        uint8_t *value = a + le16_at(a + 0x14);
        if (value[0x41] != from)
            continue;
        value[0x41] = to;
        break;
    }
    mut_put(m);
}

static void two_dos_names(struct mut *m)
{
    set_space(m, "Long name.text", NTFS_NS_WIN32, NTFS_NS_WIN32_AND_DOS);
}
static void dos_alone(struct mut *m)
{
    set_space(m, "Long name.text", NTFS_NS_WIN32, NTFS_NS_POSIX);
}
static void win32_alone(struct mut *m)
{
    set_space(m, "Long name.text", NTFS_NS_DOS, NTFS_NS_POSIX);
}
static void directory_twice(struct mut *m)
{
    set_space(m, "up", NTFS_NS_DOS, NTFS_NS_POSIX);
}

/* 'up' hangs in 'down', which hangs in 'up'. */
static void circle(struct mut *m)
{
    struct ntfs_record_disk *d = mut_load(m, "down");
    uint64_t ref = ntfs_ref(m->rec_n, get_le16(d->sequence));
    mut_load(m, "up");
    for (uint8_t *a = mut_attr(m, NTFS_AT_FILE_NAME, ""); le32_at(a) == NTFS_AT_FILE_NAME;
         a += le32_at(a + 4))
        put_le64(a + le16_at(a + 0x14), ref);
    mut_put(m);
}

/* ---- Entries ---------------------------------------------------------------------------- */

static void entry_missing(struct mut *m)
{
    struct ntfs_index_header_disk *h;
    struct ntfs_index_entry_disk *e = mut_entry(m, "big", "a file with a number, 0003", &h);
    mut_remove_entry(h, e);
    mut_put_node(m);
}

/* An entry and the next one, of the same length, change places. */
static void entries_swapped(struct mut *m)
{
    struct ntfs_index_header_disk *h;
    uint8_t copy[512];
    uint8_t *e = (uint8_t *)mut_entry(m, "big", "a file with a number, 0003", &h);
    uint16_t n = le16_at(e + 8);
    memcpy(copy, e, n);
    memmove(e, e + n, n);
    memcpy(e + n, copy, n);
    mut_put_node(m);
}

static void entry_twice(struct mut *m)
{
    struct ntfs_index_header_disk *h;
    uint8_t *e = (uint8_t *)mut_entry(m, "big", "a file with a number, 0003", &h);
    memcpy(e + le16_at(e + 8), e, le16_at(e + 8));
    mut_put_node(m);
}

/* ---- Trees ------------------------------------------------------------------------------ */

static bool is_inner(const struct ntfs_index_header_disk *h)
{
    return h->flags & NTFS_INDEX_HAS_CHILDREN;
}

static uint8_t *child_of(struct ntfs_index_entry_disk *e)
{
    return (uint8_t *)e + get_le16(e->length) - 8;
}

/* Loads the first inner block of 'big' that has entries besides END. */
static struct ntfs_index_header_disk *inner_block(struct mut *m)
{
    for (uint64_t i = 0;; i++) {
        struct ntfs_index_header_disk *h = mut_block(m, "big", NTFS_NAME_I30, i);
        if (is_inner(h) && !(get_le16(mut_nth(h, 0)->flags) & NTFS_ENTRY_END))
            return h;
    }
}

/* A key that is right where it stands, but not for the block below it. */
static void separator_order(struct mut *m)
{
    struct ntfs_index_header_disk *h = inner_block(m);
    uint8_t *e = (uint8_t *)mut_nth(h, 0);
    put_le16(e + 0x52, '!');
    mut_put_node(m);
}

static void two_to_one_child(struct mut *m)
{
    struct ntfs_index_header_disk *h = inner_block(m);
    memcpy(child_of(mut_nth(h, 0)), child_of(mut_nth(h, 1)), 8);
    mut_put_node(m);
}

static void child_nowhere(struct mut *m)
{
    struct ntfs_index_header_disk *h = inner_block(m);
    put_le64(child_of(mut_nth(h, 0)), 9999);
    mut_put_node(m);
}

/* The first child of the root becomes a leaf of the level below it. */
static void leaf_too_high(struct mut *m)
{
    struct ntfs_index_header_disk *h = mut_root(m, "big", NTFS_NAME_I30);
    h = mut_block(m, "big", NTFS_NAME_I30, le64_at(child_of(mut_nth(h, 0))));
    uint64_t leaf = le64_at(child_of(mut_nth(h, 0)));
    h = mut_root(m, "big", NTFS_NAME_I30);
    put_le64(child_of(mut_nth(h, 0)), leaf);
    mut_put_node(m);
}

static struct ntfs_index_header_disk *leaf(struct mut *m)
{
    for (uint64_t i = 0;; i++) {
        struct ntfs_index_header_disk *h = mut_block(m, "big", NTFS_NAME_I30, i);
        if (!is_inner(h))
            return h;
    }
}

static void leaf_empty(struct mut *m)
{
    struct ntfs_index_header_disk *h = leaf(m);
    while (!(get_le16(mut_nth(h, 0)->flags) & NTFS_ENTRY_END))
        mut_remove_entry(h, mut_nth(h, 0));
    mut_put_node(m);
}

static void leaf_without_end(struct mut *m)
{
    struct ntfs_index_header_disk *h = leaf(m);
    h->bytes_used = to_le32(get_le32(h->bytes_used) - 0x10);
    mut_put_node(m);
}

static void leaf_says_inner(struct mut *m)
{
    leaf(m)->flags = NTFS_INDEX_HAS_CHILDREN;
    mut_put_node(m);
}

static void block_vcn(struct mut *m)
{
    leaf(m);
    struct ntfs_index_block_disk *d = (void *)m->node;
    d->vcn = to_le64(get_le64(d->vcn) + 1);
    mut_put_node(m);
}

static void block_torn(struct mut *m)
{
    leaf(m);
    uint8_t b = m->img[m->node_at + 1022] ^ 1;
    mut_poke(m, m->node_at + 1022, &b, 1);
}

static void block_room(struct mut *m)
{
    struct ntfs_index_header_disk *h = leaf(m);
    h->bytes_allocated = to_le32(get_le32(h->bytes_allocated) - 8);
    mut_put_node(m);
}

static void flip_block_bit(struct mut *m, uint64_t i)
{
    mut_load(m, "big");
    uint8_t *bits = mut_value(m, NTFS_AT_BITMAP, NTFS_NAME_I30);
    bits[i / 8] ^= (uint8_t)(1u << i % 8);
    mut_put(m);
}

static void block_bit_cleared(struct mut *m)
{
    flip_block_bit(m, 0);
}

static void block_bit_set(struct mut *m)
{
    mut_load(m, "big");
    const uint8_t *bits = mut_value(m, NTFS_AT_BITMAP, NTFS_NAME_I30);
    uint64_t i = 0;
    while (bits[i / 8] >> i % 8 & 1)
        i++;
    flip_block_bit(m, i);
}

static void root_rule(struct mut *m)
{
    mut_load(m, "big");
    struct ntfs_index_root_disk *d = mut_value(m, NTFS_AT_INDEX_ROOT, NTFS_NAME_I30);
    d->collation = to_le32(NTFS_COLLATE_BINARY);
    mut_put(m);
}

static void no_allocation(struct mut *m)
{
    mut_load(m, "big");
    mut_remove_attr(m, mut_attr(m, NTFS_AT_INDEX_ALLOCATION, NTFS_NAME_I30));
    mut_put(m);
}

/* clang-format off */
#define BIG "big", .name = "a file with a number, 0003"
const struct mutation mutate_indexes[] = {
    { "length of a name",       "name",             VALUE, "small", 0x30, .off = 0x40, .width = 1, .op = '=', .v = 4 },
    { "name space",             "name",             VALUE, "small", 0x30, .off = 0x41, .width = 1, .op = '=', .v = 9 },
    { "slash in a name",        "name-characters",  VALUE, "small", 0x30, .off = 0x42, .width = 2, .op = '=', .v = '/' },
    { "parent is no directory", "name-parent",      VALUE, "small", 0x30, .off = 0, .width = 2, .op = '=', .v = 40 },
    { "parent's sequence",      "name-parent",      VALUE, "small", 0x30, .off = 6, .width = 2, .op = '+', .v = 1 },
    { "name twice",             "name-twice",       CALL, .call = name_twice },
    { "two DOS names",          "name-dos-many",    CALL, .call = two_dos_names },
    { "DOS name alone",         "name-dos-alone",   CALL, .call = dos_alone },
    { "WIN32 name alone",       "name-win32-alone", CALL, .call = win32_alone },
    { "directory with 2 names", "directory-links",  CALL, .call = directory_twice },
    { "directories in a circle", "lost",            CALL, .call = circle },
    { "time in a $FILE_NAME",   "name-copy",        VALUE, "small", 0x30, .off = 0x10, .width = 1, .op = '+', .v = 1 },
    { "size in a $FILE_NAME",   "name-copy",        VALUE, "plain", 0x30, .off = 0x30, .width = 4, .op = '+', .v = 1 },
    { "flags in a $FILE_NAME",  "name-copy",        VALUE, "plain", 0x30, .off = 0x38, .width = 4, .op = '^', .v = 1 },
    { "entry missing (orphan)", "name-unlisted",    CALL, .call = entry_missing },
    { "entry length",           "index",            ENTRY, BIG, .off = 8, .width = 2, .op = '=', .v = 4 },
    { "key length",             "entry-key",        ENTRY, BIG, .off = 0x0a, .width = 2, .op = '+', .v = UINT16_MAX },
    { "entry for no file",      "entry-target",     ENTRY, BIG, .off = 0, .width = 4, .op = '=', .v = 40 },
    { "entry beyond $MFT",      "entry-target",     ENTRY, BIG, .off = 0, .width = 4, .op = '=', .v = 0xfffffff },
    { "sequence of an entry",   "entry-sequence",   ENTRY, BIG, .off = 6, .width = 2, .op = '+', .v = 1 },
    { "parent of an entry",     "entry-parent",     ENTRY, BIG, .off = 0x10, .width = 4, .op = '=', .v = 5 },
    { "entry of another file",  "entry-name",       ENTRY, BIG, .off = 0, .width = 4, .op = '+', .v = 1 },
    { "letter in an entry",     "entry-name",       ENTRY, BIG, .off = 0x52, .width = 1, .op = '=', .v = 'A' },
    { "entry twice",            "entry-twice",      CALL, .call = entry_twice },
    { "entry a directory",      "entry-directory",  ENTRY, BIG, .off = 0x48, .width = 4, .op = '^', .v = 0x10000000 },
    { "size in an entry",       "entry-sizes",      ENTRY, BIG, .off = 0x40, .width = 4, .op = '+', .v = 1 },
    { "allocated in an entry",  "entry-sizes",      ENTRY, BIG, .off = 0x38, .width = 4, .op = '+', .v = 8 },
    { "time in an entry",       "entry-times",      ENTRY, BIG, .off = 0x28, .width = 1, .op = '+', .v = 1 },
    { "change time in a file",  "entry-times",      VALUE, "small", 0x10, .off = 0x10, .width = 1, .op = '+', .v = 1 },
    { "attributes in an entry", "entry-flags",      ENTRY, BIG, .off = 0x48, .width = 1, .op = '^', .v = 1 },
    { "tag in an entry",        "entry-tag",        ENTRY, "#5", .name = "symlink", .off = 0x4c, .width = 4, .op = '+', .v = 1 },
    { "EA size in an entry",    "entry-tag",        ENTRY, "#5", .name = "attributes", .off = 0x4c, .width = 4, .op = '+', .v = 1 },
    { "entries swapped",        "index-order",      CALL, .call = entries_swapped },
    { "separator out of order", "index-order",      CALL, .call = separator_order },
    { "two ways to a block",    "index-cycle",      CALL, .call = two_to_one_child },
    { "child that is not there", "index",           CALL, .call = child_nowhere },
    { "leaf too high",          "index-depth",      CALL, .call = leaf_too_high },
    { "empty leaf",             "index-empty",      CALL, .call = leaf_empty },
    { "leaf without END",       "index",            CALL, .call = leaf_without_end },
    { "leaf says inner",        "index",            CALL, .call = leaf_says_inner },
    { "VCN of a block",         "index-block",      CALL, .call = block_vcn },
    { "torn block",             "index-block",      CALL, .call = block_torn },
    { "room of a block",        "index-detail",     CALL, .call = block_room },
    { "used block marked free", "index-bitmap",     CALL, .call = block_bit_cleared },
    { "free block marked used", "index-bitmap",     CALL, .call = block_bit_set },
    { "collation rule",         "index-head",       CALL, .call = root_rule },
    { "no $INDEX_ALLOCATION",   "index-head",       CALL, .call = no_allocation },
};
/* clang-format on */
const size_t mutate_indexes_n = sizeof mutate_indexes / sizeof mutate_indexes[0];
