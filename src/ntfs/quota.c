/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/quota.h"

#include <string.h>

#include "base/mem.h"
#include "ntfs/read.h"

enum {
    QUOTA_MAX = 65536,                /* users with files on one stick; more are not looked at */
    QUOTA_INDEX_MAX_BYTES = 16 << 20, /* of blocks: QUOTA_MAX entries of 144 bytes, twice over */
    ENFORCED = 0x20,                  /* flags of the defaults: QUOTA_FLAG_ENFORCEMENT_ENABLED */
};

static int add_user(struct ntfs_quotas *q, uint32_t owner, const struct ntfs_quota_disk *d,
                    struct wtg_span sid, struct wtg_err *err)
{
    struct ntfs_quota one = { .owner_id = owner,
                              .used_bytes = get_le64(d->bytes_used),
                              .limit_bytes = get_le64(d->limit),
                              .sid_bytes = (size_t)min_u64(sid.n, NTFS_QUOTA_SID_BYTES) };
    if (q->n == QUOTA_MAX)
        return 0;
    if (sid.p)
        memcpy(one.sid, sid.p, one.sid_bytes);
    int r = mem_grow(&q->item, &q->cap, q->n, sizeof *q->item, err);
    if (r == 0)
        q->item[q->n++] = one;
    return r;
}

/* Returns false at the end of the node, or of what makes sense of it. */
static bool entry_at(struct wtg_span node, uint64_t at, struct wtg_span *ret)
{
    const struct ntfs_index_entry_disk *e = span_at(node, at, sizeof *e);

    if (!e || (get_le16(e->flags) & NTFS_ENTRY_END) || get_le16(e->length) < sizeof *e)
        return false;
    *ret = span_sub(node, at, get_le16(e->length));
    return ret->p != NULL;
}

int ntfs_quotas_add(struct ntfs_quotas *q, struct wtg_span node, struct wtg_err *err)
{
    struct wtg_span entry;
    int r = 0;

    for (uint64_t at = 0; r == 0 && entry_at(node, at, &entry); at += entry.n) {
        const struct ntfs_index_entry_disk *e = span_at(entry, 0, sizeof *e);
        const uint8_t *key = span_at(entry, sizeof *e, 4);
        uint64_t off = get_le16(e->u.view.data_offset), n = get_le16(e->u.view.data_length);
        const struct ntfs_quota_disk *d = span_at(entry, off, sizeof *d);
        if (!key || !d || n < sizeof *d || get_le32(d->version) != NTFS_QUOTA_VERSION)
            continue;
        if (le32_at(key) == NTFS_QUOTA_DEFAULTS_ID)
            q->enforced = get_le32(d->flags) & ENFORCED;
        else
            r = add_user(q, le32_at(key), d, span_sub(entry, off + sizeof *d, n - sizeof *d), err);
    }
    return r;
}

/* The entries of a node whose header stands at `off`. */
static int add_node(struct ntfs_quotas *q, struct wtg_span bytes, uint64_t off, struct wtg_err *err)
{
    const struct ntfs_index_header_disk *h = span_at(bytes, off, sizeof *h);

    if (!h || get_le32(h->bytes_used) < get_le32(h->entries_offset))
        return 0;
    return ntfs_quotas_add(q,
                           span_sub(bytes, off + get_le32(h->entries_offset),
                                    get_le32(h->bytes_used) - get_le32(h->entries_offset)),
                           err);
}

static int slurp(const struct ntfs_volume *v, const struct ntfs_file *f, uint32_t type,
                 uint8_t **ret, size_t *ret_n, struct wtg_err *err)
{
    const struct ntfs_attr *a = ntfs_file_find(f, type, "$Q");
    struct ntfs_stream s = { 0 };

    *ret_n = 0;
    if (!a)
        return 0;
    int r = ntfs_stream_open(v, f, a, &s, err);
    if (r == 0)
        r = ntfs_stream_slurp(v, &s, QUOTA_INDEX_MAX_BYTES, ret, ret_n, err);
    ntfs_stream_release(&s);
    return r;
}

/* Root and blocks alike hold entries; the order does not matter here. */
static int add_all(const struct ntfs_volume *v, const struct ntfs_file *f, struct ntfs_quotas *q,
                   struct wtg_err *err)
{
    AUTO_FREE uint8_t *root = NULL, *block = NULL, *used = NULL;
    size_t root_n = 0, block_n = 0, used_n = 0, step = v->geom.block_bytes;
    struct wtg_err ignored = { 0 };
    int r = slurp(v, f, NTFS_AT_INDEX_ROOT, &root, &root_n, err);

    if (r == 0)
        r = slurp(v, f, NTFS_AT_INDEX_ALLOCATION, &block, &block_n, err);
    if (r == 0)
        r = slurp(v, f, NTFS_AT_BITMAP, &used, &used_n, err);
    if (r == 0 && root)
        r = add_node(q, (struct wtg_span){ root, root_n },
                     offsetof(struct ntfs_index_root_disk, header), err);
    for (size_t i = 0; r == 0 && step && (i + 1) * step <= block_n && i / 8 < used_n; i++) {
        if (!(used[i / 8] >> (i % 8) & 1) ||
            ntfs_fixup(block + i * step, step, NTFS_MAGIC_INDX, &ignored) < 0)
            continue;
        r = add_node(q, (struct wtg_span){ block + i * step, step }, NTFS_BLOCK_HEADER_OFFSET, err);
    }
    return r;
}

/* Users whose limit is the defaults' carry it in their own entry. */
int ntfs_quotas_read(struct blk *vol, struct ntfs_quotas *ret, struct wtg_err *err)
{
    struct ntfs_volume *v = NULL;
    struct ntfs_file f = { 0 };
    struct ntfs_quotas q = { 0 };
    int r = ntfs_volume_open(vol, &v, err);

    for (uint64_t n = NTFS_REC_QUOTA; r == 0 && n <= NTFS_REC_QUOTA + 2 && n < v->records; n++) {
        r = ntfs_file_load(v, n, &f, err);
        if (r == 0 && ntfs_file_find(&f, NTFS_AT_INDEX_ROOT, "$Q")) {
            r = add_all(v, &f, &q, err);
            break;
        }
    }
    ntfs_file_release(&f);
    ntfs_volume_free(v);
    if (r < 0)
        ntfs_quotas_release(&q);
    else
        *ret = q;
    return r;
}

void ntfs_quotas_release(struct ntfs_quotas *q)
{
    free(q->item);
    *q = (struct ntfs_quotas){ 0 };
}
