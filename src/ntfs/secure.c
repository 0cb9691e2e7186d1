/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/secure.h"

#include "base/mem.h"
#include "ntfs/ntfs-disk.h"

/* S-1-5-18 (the system) and S-1-5-32-544 (administrators) as bytes; S-1-1-0 is everybody. */
#define SID_SYSTEM 1, 1, 0, 0, 0, 0, 0, 5, 0x12, 0, 0, 0
#define SID_ADMINS 1, 2, 0, 0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x20, 2, 0, 0
#define SID_EVERYBODY 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0

/* Self-relative, with a DACL at 0x14; owner and group at the given places. */
#define SD_HEAD(owner, group)                                                                      \
    1, 0, 0x04, 0x80, owner, 0, 0, 0, group, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0
#define SD_OF_SYSTEM(right)                                                                        \
    SD_HEAD(0x48, 0x58), 2, 0, 0x34, 0, 2, 0, 0, 0, 0, 0, 0x14, 0, (right)&0xff, (right) >> 8,     \
        0x12, 0, SID_SYSTEM, 0, 0, 0x18, 0, (right)&0xff, (right) >> 8, 0x12, 0, SID_ADMINS,       \
        SID_ADMINS, SID_ADMINS

/* clang-format off */
const uint8_t secure_sd_system[104] = { SD_OF_SYSTEM(0x0089) }; /* 0x120089: read */
const uint8_t secure_sd_extend[104] = { SD_OF_SYSTEM(0x019f) }; /* 0x12019f: read and write */
const uint8_t secure_sd_open[80] = {
    SD_HEAD(0x30, 0x40), 2, 0, 0x1c, 0, 1, 0, 0, 0,
    0, 3 /* inherited by files and directories */, 0x14, 0, 0xff, 0x01, 0x1f, 0, SID_EVERYBODY,
    SID_ADMINS, SID_ADMINS,
};
/* clang-format on */

uint32_t secure_hash(const uint8_t *sd, size_t n)
{
    uint32_t h = 0;
    for (size_t i = 0; i + 4 <= n; i += 4)
        h = le32_at(sd + i) + (h << 3 | h >> 29);
    return h;
}

/* Where an entry of so many bytes may stand when `end` is the end of the one before: on 16 bytes,
 * not across a block, not in a mirror. */
static uint64_t place_entry(uint64_t end, uint64_t bytes)
{
    uint64_t at = round_up(end, NTFS_SDS_ALIGN);
    if (at / NTFS_SDS_BLOCK % 2 == 1) /* the block before was filled to its last byte */
        return round_up(at, NTFS_SDS_BLOCK * UINT64_C(2));
    if (at % NTFS_SDS_BLOCK + bytes > NTFS_SDS_BLOCK)
        at = round_up(at, NTFS_SDS_BLOCK * UINT64_C(2));
    return at;
}

int secure_add(struct secure *s, const uint8_t *sd, uint32_t sd_bytes, uint32_t *ret_id,
               struct wtg_err *err)
{
    uint64_t bytes = sizeof(struct ntfs_sds_disk) + (uint64_t)sd_bytes;
    if (bytes > NTFS_SDS_BLOCK)
        return wtg_fail(err, WTG_E_UNSUPPORTED,
                        "a security descriptor has %u bytes, NTFS can keep %zu", sd_bytes,
                        NTFS_SDS_BLOCK - sizeof(struct ntfs_sds_disk));
    if (mem_grow(&s->entry, &s->cap, s->n, sizeof s->entry[0], err) < 0)
        return err->code;
    uint64_t end = 0;
    if (s->n > 0) {
        const struct secure_entry *last = &s->entry[s->n - 1];
        end = last->offset + sizeof(struct ntfs_sds_disk) + last->sd_bytes;
    }
    uint64_t at = place_entry(end, bytes);
    uint32_t id = NTFS_SECURITY_ID_FIRST + (uint32_t)s->n;
    s->entry[s->n++] = (struct secure_entry){
        .sd = sd, .sd_bytes = sd_bytes, .hash = secure_hash(sd, sd_bytes), .id = id, .offset = at
    };
    s->sds_bytes = at + bytes + NTFS_SDS_BLOCK;
    *ret_id = id;
    return 0;
}

static int compare_hash(const void *a, const void *b, void *ctx)
{
    const struct secure *s = ctx;
    const struct secure_entry *x = &s->entry[*(const uint32_t *)a];
    const struct secure_entry *y = &s->entry[*(const uint32_t *)b];
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

int secure_close(struct secure *s, struct wtg_err *err)
{
    s->by_hash = mem_zeroed(s->n, sizeof s->by_hash[0], err);
    if (!s->by_hash)
        return err->code;
    for (size_t i = 0; i < s->n; i++)
        s->by_hash[i] = (uint32_t)i;
    qsort_r(s->by_hash, s->n, sizeof s->by_hash[0], compare_hash, s);
    return 0;
}

void secure_release(struct secure *s)
{
    free(s->entry);
    free(s->by_hash);
    *s = (struct secure){ 0 };
}

static void put_head(const struct secure_entry *e, struct ntfs_sds_disk *d)
{
    d->hash = to_le32(e->hash);
    d->id = to_le32(e->id);
    d->offset = to_le64(e->offset);
    d->length = to_le32((uint32_t)sizeof *d + e->sd_bytes);
}

/* Copies the part of `piece`, which stands at `at`, that lies in the window [off, off+n). */
static void copy_window(uint64_t off, uint8_t *buf, size_t n, uint64_t at, const void *piece,
                        size_t bytes)
{
    uint64_t from = max_u64(off, at), to = min_u64(off + n, at + bytes);
    if (from < to)
        memcpy(buf + (from - off), (const uint8_t *)piece + (from - at), to - from);
}

/* The first entry that ends behind `off`. */
static size_t first_entry(const struct secure *s, uint64_t off)
{
    size_t low = 0, high = s->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct secure_entry *e = &s->entry[mid];
        if (e->offset + sizeof(struct ntfs_sds_disk) + e->sd_bytes <= off)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

void secure_put_sds(const struct secure *s, uint64_t off, uint8_t *buf, size_t n)
{
    memset(buf, 0, n);
    while (n > 0) {
        size_t part = (size_t)min_u64(n, NTFS_SDS_BLOCK - off % NTFS_SDS_BLOCK);
        bool mirror = off / NTFS_SDS_BLOCK % 2 == 1;
        uint64_t at = mirror ? off - NTFS_SDS_BLOCK : off;
        for (size_t i = first_entry(s, at); i < s->n && s->entry[i].offset < at + part; i++) {
            const struct secure_entry *e = &s->entry[i];
            struct ntfs_sds_disk head;
            put_head(e, &head);
            copy_window(at, buf, part, e->offset, &head, sizeof head);
            copy_window(at, buf, part, e->offset + sizeof head, e->sd, e->sd_bytes);
        }
        off += part;
        buf += part;
        n -= part;
    }
}

void secure_put_sii(const struct secure_entry *e, uint8_t *entry)
{
    struct ntfs_sii_disk *d = (void *)entry;
    d->entry.u.view.data_offset = to_le16(offsetof(struct ntfs_sii_disk, data));
    d->entry.u.view.data_length = to_le16(sizeof d->data);
    d->entry.key_length = to_le16(sizeof d->id);
    d->id = to_le32(e->id);
    put_head(e, &d->data);
}

void secure_put_sdh(const struct secure_entry *e, uint8_t *entry)
{
    struct ntfs_sdh_disk *d = (void *)entry;
    d->entry.u.view.data_offset = to_le16(offsetof(struct ntfs_sdh_disk, data));
    d->entry.u.view.data_length = to_le16(sizeof d->data);
    d->entry.key_length = to_le16(sizeof d->hash + sizeof d->id);
    d->hash = to_le32(e->hash);
    d->id = to_le32(e->id);
    put_head(e, &d->data);
    d->filler = to_le32(NTFS_SDH_FILLER);
}
