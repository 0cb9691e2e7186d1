/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts that know nothing of files: run lists, index shapes, $Secure, records. */
#include "test.h"

#include "base/mem.h"
#include "ntfs/index.h"
#include "ntfs/mft.h"
#include "ntfs/ntfs-disk.h"
#include "ntfs/runlist.h"
#include "ntfs/secure.h"

static void run_lists(void)
{
    static const struct {
        const char *name;
        struct ntfs_run run[3];
        size_t n, bytes;
        uint8_t want[16];
    } rows[] = {
        { "none", { { 0, 0 } }, 0, 1, { 0 } },
        { "one", { { 4, 7 } }, 1, 4, { 0x11, 7, 4, 0 } },
        { "length 127", { { 1, 127 } }, 1, 4, { 0x11, 127, 1, 0 } },
        { "length 128 needs two bytes", { { 1, 128 } }, 1, 5, { 0x12, 0x80, 0, 1, 0 } },
        { "lcn 128 needs two bytes", { { 128, 1 } }, 1, 5, { 0x21, 1, 0x80, 0, 0 } },
        { "lcn 32768 needs three", { { 32768, 1 } }, 1, 6, { 0x31, 1, 0, 0x80, 0, 0 } },
        { "hole", { { RUN_HOLE, 0xc7ff } }, 1, 5, { 3, 0xff, 0xc7, 0, 0 } },
        { "backwards", { { 100, 1 }, { 90, 1 } }, 2, 7, { 0x11, 1, 100, 0x11, 1, 0xf6, 0 } },
        { "distance over a hole",
          { { 10, 1 }, { RUN_HOLE, 2 }, { 12, 1 } },
          3,
          9,
          { 0x11, 1, 10, 0x01, 2, 0x11, 1, 2, 0 } },
        { "-128 fits one byte",
          { { 200, 1 }, { 72, 1 } },
          2,
          8,
          { 0x21, 1, 200, 0, 0x11, 1, 0x80, 0 } },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t buf[64] = { 0 };
        size_t n = runlist_put(rows[i].run, rows[i].n, buf);
        if (n != rows[i].bytes || memcmp(buf, rows[i].want, n) != 0)
            printf("# %s: %zu bytes\n", rows[i].name, n);
        CHECK(n == rows[i].bytes && memcmp(buf, rows[i].want, n) == 0);
        CHECK(n <= runlist_bytes_max(rows[i].run, rows[i].n, 4));
    }
    CHECK(runlist_lcn_bytes(127) == 1 && runlist_lcn_bytes(128) == 2);
    CHECK(runlist_lcn_bytes(UINT64_C(1) << 31) == 5);
}

/* Keys that are their own number, of a given size each. */
struct numbers {
    struct index_keys keys;
    uint32_t least, spread;
};

static uint32_t number_bytes(const struct index_keys *k, size_t i)
{
    const struct numbers *n = (const struct numbers *)k;
    return n->least + (uint32_t)(i * 2654435761u >> 7) % (n->spread + 1) / 8 * 8;
}

static void number_put(const struct index_keys *k, size_t i, uint8_t *entry)
{
    (void)k;
    put_le32(entry + 0x10, (uint32_t)i);
}

/* Walks entries in order; children before the entry they belong to. Counts keys and proves that
 * each is one more than the one before. */
struct walk {
    const struct numbers *n;
    const struct index_shape *shape;
    uint8_t *seen; /* blocks */
    uint32_t next, leaf_depth;
    bool fine;
};

static void walk_entries(struct walk *w, const uint8_t *header, uint32_t room, uint32_t depth)
{
    const struct ntfs_index_header_disk *h = (const void *)header;
    uint32_t at = get_le32(h->entries_offset), used = get_le32(h->bytes_used);
    w->fine &= used <= get_le32(h->bytes_allocated) && get_le32(h->bytes_allocated) <= room;
    bool end = false;
    while (w->fine && !end) {
        const struct ntfs_index_entry_disk *e = (const void *)(header + at);
        uint32_t length = get_le16(e->length), flags = get_le16(e->flags);
        end = flags & NTFS_ENTRY_END;
        w->fine &= length >= 0x10 && at + length <= used;
        if (flags & NTFS_ENTRY_CHILD) {
            uint64_t child = le64_at((const uint8_t *)e + length - 8);
            AUTO_FREE uint8_t *block = malloc(INDEX_BLOCK_BYTES);
            w->fine &= block && child < w->shape->nblocks && !w->seen[child];
            if (!w->fine)
                return;
            w->seen[child] = 1;
            index_put_block(&w->n->keys, w->shape, (uint32_t)child, block);
            for (int i = 1; i <= 8; i++) /* undo the update sequence */
                memcpy(block + i * 512 - 2, block + NTFS_BLOCK_USA_OFFSET + i * 2, 2);
            w->fine &= le64_at(block + 0x10) == child;
            walk_entries(w, block + NTFS_BLOCK_HEADER_OFFSET, INDEX_BLOCK_BYTES - 0x18, depth + 1);
        } else {
            w->fine &= w->leaf_depth == UINT32_MAX || w->leaf_depth == depth;
            w->leaf_depth = depth;
        }
        if (!end)
            w->fine &= le32_at((const uint8_t *)e + 0x10) == w->next++;
        at += length;
    }
    w->fine &= at == used;
}

static bool index_is_right(uint32_t n, uint32_t least, uint32_t spread, uint32_t alone,
                           uint32_t with_blocks)
{
    struct numbers k = { { n, number_bytes, number_put }, least, spread };
    struct index_shape shape;
    struct arena a = { 0 };
    struct wtg_err err = { 0 };
    struct index_kind kind = { 0, NTFS_COLLATE_ULONG };
    if (index_plan(&k.keys, alone, with_blocks, &a, &shape, &err) < 0)
        return false;
    AUTO_FREE uint8_t *root = malloc(shape.root_bytes), *seen = calloc(shape.nblocks + 1, 1);
    struct walk w = { .n = &k, .shape = &shape, .seen = seen, .leaf_depth = UINT32_MAX };
    w.fine = root && seen && shape.root_bytes <= (shape.nlevels ? with_blocks : alone);
    if (w.fine) {
        index_put_root(&k.keys, &shape, &kind, root);
        walk_entries(&w, root + 0x10, shape.root_bytes - 0x10, 0);
    }
    bool all = w.fine && w.next == n;
    for (uint32_t i = 0; i < shape.nblocks; i++)
        all = all && seen[i];
    arena_release(&a);
    if (!all)
        printf("# %u keys of %u+%u bytes, root %u/%u: %u levels, %u blocks, walked %u\n", n, least,
               spread, alone, with_blocks, shape.nlevels, shape.nblocks, w.next);
    return all;
}

static void indexes_of_every_size(void)
{
    for (uint32_t n = 0; n < 300; n++)
        CHECK(index_is_right(n, 0x28, 0, 288, 112) && index_is_right(n, 0x58, 500, 600, 0x38) &&
              index_is_right(n, 592, 0, 0x30, 700));
    for (uint32_t n = 300; n < 4000; n += 37)
        CHECK(index_is_right(n, 592, 0, 288, 0x38) && index_is_right(n, 0x58, 500, 600, 300));
    CHECK(index_is_right(300000, 592, 0, 288, 0x38));
    CHECK(index_is_right(1000000, 0x20, 0, 288, 112));
}

/* The two hashes are those that mkntfs writes into every volume. */
static void hashes_of_system_descriptors(void)
{
    CHECK(secure_hash(secure_sd_system, sizeof secure_sd_system) == 0xf80312f0);
    CHECK(secure_hash(secure_sd_extend, sizeof secure_sd_extend) == 0x00b32451);
}

static void sds_has_mirrors(void)
{
    enum { SD_BYTES = 5000, COUNT = 120 };
    struct secure s = { 0 };
    struct wtg_err err = { 0 };
    AUTO_FREE uint8_t *sd = calloc(COUNT, SD_BYTES);
    uint32_t id;
    REQUIRE(sd != NULL);
    for (uint32_t i = 0; i < COUNT; i++) {
        memset(sd + i * SD_BYTES, (int)i + 1, SD_BYTES);
        OK(secure_add(&s, sd + i * SD_BYTES, SD_BYTES - i % 3 * 100, &id, &err), err);
        CHECK(id == 0x100 + i);
    }
    OK(secure_close(&s, &err), err);
    size_t n = (size_t)round_up(s.sds_bytes, 4096);
    AUTO_FREE uint8_t *sds = malloc(n);
    REQUIRE(sds != NULL);
    for (size_t at = 0; at < n; at += 4096 * 3)
        secure_put_sds(&s, at, sds + at, (size_t)min_u64(4096 * 3, n - at));
    for (size_t i = 0; i < s.n; i++) {
        const struct secure_entry *e = &s.entry[i];
        size_t bytes = 0x14 + e->sd_bytes;
        CHECK(e->offset % 16 == 0);
        CHECK(e->offset / NTFS_SDS_BLOCK == (e->offset + bytes - 1) / NTFS_SDS_BLOCK);
        CHECK(e->offset / NTFS_SDS_BLOCK % 2 == 0);
        REQUIRE(e->offset + NTFS_SDS_BLOCK + bytes <= s.sds_bytes);
        CHECK(memcmp(sds + e->offset, sds + e->offset + NTFS_SDS_BLOCK, bytes) == 0);
        CHECK(le32_at(sds + e->offset) == secure_hash(e->sd, e->sd_bytes));
        CHECK(le64_at(sds + e->offset + 8) == e->offset);
        CHECK(memcmp(sds + e->offset + 0x14, e->sd, e->sd_bytes) == 0);
        if (i > 0)
            CHECK(s.entry[s.by_hash[i - 1]].hash <= s.entry[s.by_hash[i]].hash);
    }
    CHECK(secure_add(&s, sd, NTFS_SDS_BLOCK, &id, &err) == WTG_E_UNSUPPORTED);
    secure_release(&s);
}

static void update_sequence(void)
{
    uint8_t buf[1024];
    for (size_t i = 0; i < sizeof buf; i++)
        buf[i] = (uint8_t)i;
    mft_protect(buf, sizeof buf, "FILE", 0x30);
    CHECK(memcmp(buf, "FILE\x30\0\3\0", 8) == 0);
    CHECK(le16_at(buf + 510) == le16_at(buf + 0x30) && le16_at(buf + 1022) == le16_at(buf + 0x30));
    CHECK(memcmp(buf + 0x32, "\xfe\xff\xfe\xff", 4) == 0);
}

static const struct test tests[] = {
    TEST(run_lists),       TEST(indexes_of_every_size), TEST(hashes_of_system_descriptors),
    TEST(sds_has_mirrors), TEST(update_sequence),
};
TEST_MAIN(tests)
