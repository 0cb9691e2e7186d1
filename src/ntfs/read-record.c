/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/read.h"

#include <string.h>

int ntfs_fixup(uint8_t *p, size_t n, const char *magic, struct wtg_err *err)
{
    const struct ntfs_multi_disk *m = (const void *)p;
    if (memcmp(m->magic, magic, sizeof m->magic) != 0)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "expected the mark '%s', found the bytes %02x %02x %02x %02x", magic,
                        m->magic[0], m->magic[1], m->magic[2], m->magic[3]);
    size_t at = get_le16(m->usa_offset), count = get_le16(m->usa_count);
    size_t strides = n / NTFS_STRIDE_BYTES;
    /* The array must not lie where a number is put into a stride. */
    if (count != strides + 1 || at < sizeof *m || at % 2 || at + count * 2 > NTFS_STRIDE_BYTES - 2)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "the update sequence (%zu words at byte %zu) does not fit %zu bytes", count,
                        at, n);
    for (size_t i = 0; i < strides; i++)
        if (memcmp(p + (i + 1) * NTFS_STRIDE_BYTES - 2, p + at, 2) != 0)
            return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                            "stride %zu does not end in the update sequence number 0x%04x: it was "
                            "written only in part",
                            i, le16_at(p + at));
    for (size_t i = 0; i < strides; i++)
        memcpy(p + (i + 1) * NTFS_STRIDE_BYTES - 2, p + at + 2 + i * 2, 2);
    return 0;
}

int ntfs_record_look(const struct ntfs_geom *g, const uint8_t *record, struct wtg_err *err)
{
    const struct ntfs_record_disk *d = (const void *)record;
    uint32_t used = get_le32(d->bytes_used), first = get_le16(d->attrs_offset);
    uint32_t usa_end = get_le16(d->multi.usa_offset) + get_le16(d->multi.usa_count) * 2u;
    if (used > g->record_bytes || first % 8 || first < usa_end || first < 0x28 || used < first + 4)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "bytes in use (%u), first attribute (%u) and "
                        "record size (%u) contradict each other",
                        used, first, g->record_bytes);
    return 0;
}

static int bad_attr(const struct ntfs_attr *a, const char *what, struct wtg_err *err)
{
    return wtg_fail(err, WTG_E_VOLUME_DAMAGED, "attribute 0x%x at byte %u: %s", a->type, a->offset,
                    what);
}

static int parse_resident(struct wtg_span s, struct ntfs_attr *a, struct wtg_err *err)
{
    const struct ntfs_attr_resident_disk *d = span_at(s, 0, sizeof *d);
    if (!d)
        return bad_attr(a, "it is shorter than its header", err);
    a->indexed = d->indexed;
    a->value = span_sub(s, get_le16(d->value_offset), get_le32(d->value_length));
    if (!a->value.p || get_le16(d->value_offset) < sizeof *d)
        return bad_attr(a, "its value does not lie inside", err);
    return 0;
}

static int parse_nonresident(struct wtg_span s, struct ntfs_attr *a, struct wtg_err *err)
{
    const struct ntfs_attr_nonresident_disk *d = span_at(s, 0, NTFS_NONRESIDENT_HEADER);
    if (!d)
        return bad_attr(a, "it is shorter than its header", err);
    uint64_t highest = get_le64(d->highest_vcn);
    a->lowest_vcn = get_le64(d->lowest_vcn);
    a->compression_unit = d->compression_unit;
    /* Both are signed on disk; -1 is the highest of nothing. */
    if (a->lowest_vcn > NTFS_READ_VCN_MAX || highest + 1 > NTFS_READ_VCN_MAX ||
        highest + 1 < a->lowest_vcn)
        return bad_attr(a, "its range of clusters is senseless", err);
    a->clusters = highest + 1 - a->lowest_vcn;
    uint32_t pairs = get_le16(d->pairs_offset);
    bool holes = (a->flags & (NTFS_ATTR_SPARSE | NTFS_ATTR_COMPRESSED)) && a->lowest_vcn == 0;
    if (pairs < (holes ? NTFS_NONRESIDENT_SPARSE_HEADER : NTFS_NONRESIDENT_HEADER) || pairs >= s.n)
        return bad_attr(a, "its mapping pairs do not lie inside", err);
    a->pairs = span_sub(s, pairs, s.n - pairs);
    if (a->lowest_vcn)
        return 0;
    a->allocated = get_le64(d->allocated);
    a->data_size = get_le64(d->data_size);
    a->initialized = get_le64(d->initialized);
    a->total_allocated = holes ? get_le64(d->total_allocated) : a->allocated;
    if (a->allocated > INT64_MAX || a->data_size > INT64_MAX || a->initialized > INT64_MAX ||
        a->total_allocated > INT64_MAX)
        return bad_attr(a, "one of its sizes is negative", err);
    return 0;
}

static int parse_attr(struct wtg_span s, struct ntfs_attr *a, struct wtg_err *err)
{
    const struct ntfs_attr_disk *d = (const void *)s.p;
    a->length = (uint32_t)s.n;
    a->whole = s;
    a->flags = get_le16(d->flags);
    a->instance = get_le16(d->instance);
    a->name_len = d->name_len;
    a->name = span_at(s, get_le16(d->name_offset), d->name_len * 2u);
    if (d->name_len && (!a->name || get_le16(d->name_offset) < sizeof *d))
        return bad_attr(a, "its name does not lie inside", err);
    if (d->nonresident > 1)
        return bad_attr(a, "it is neither resident nor non-resident", err);
    a->nonresident = d->nonresident;
    return a->nonresident ? parse_nonresident(s, a, err) : parse_resident(s, a, err);
}

int ntfs_attr_next(struct wtg_span record, uint32_t *offset, struct ntfs_attr *ret,
                   struct wtg_err *err)
{
    const struct ntfs_record_disk *rec = span_at(record, 0, sizeof *rec);
    if (!rec)
        return wtg_fail(err, WTG_E_BUG, "a record of %zu bytes", record.n);
    struct wtg_span used = span_sub(record, 0, get_le32(rec->bytes_used));
    uint32_t off = *offset ? *offset : get_le16(rec->attrs_offset);
    const struct ntfs_attr_disk *d = span_at(used, off, 4);
    struct ntfs_attr a = { .offset = off };
    if (!d)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "the attributes have no end mark within the %zu bytes in use", used.n);
    a.type = get_le32(d->type);
    if (a.type == NTFS_AT_END) {
        *offset = off;
        return 0;
    }
    d = span_at(used, off, sizeof *d);
    uint32_t length = d ? get_le32(d->length) : 0;
    struct wtg_span s = span_sub(used, off, length);
    if (!s.p || length < sizeof *d || length % 8)
        return bad_attr(&a, "its length does not fit the record", err);
    int r = parse_attr(s, &a, err);
    if (r < 0)
        return r;
    *offset = off + length;
    *ret = a;
    return 1;
}

bool ntfs_attr_named(const struct ntfs_attr *a, const char *name)
{
    size_t n = strlen(name);
    if (a->name_len != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (le16_at(a->name + i * 2) != (uint8_t)name[i])
            return false;
    return true;
}

int ntfs_attr_compare(const struct ntfs_attr *a, const struct ntfs_attr *b)
{
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    uint8_t n = a->name_len < b->name_len ? a->name_len : b->name_len;
    for (uint8_t i = 0; i < n; i++) {
        uint16_t x = le16_at(a->name + i * 2), y = le16_at(b->name + i * 2);
        if (x != y)
            return x < y ? -1 : 1;
    }
    if (a->name_len != b->name_len)
        return a->name_len < b->name_len ? -1 : 1;
    if (a->lowest_vcn != b->lowest_vcn)
        return a->lowest_vcn < b->lowest_vcn ? -1 : 1;
    return 0;
}

/* ---- Mapping pairs ---------------------------------------------------------------------- */

/* A signed little-endian number of n (0..8) bytes. */
static int64_t signed_at(const uint8_t *p, unsigned n)
{
    uint64_t v = n && (p[n - 1] & 0x80) ? UINT64_MAX : 0;
    while (n-- > 0)
        v = v << 8 | p[n];
    return (int64_t)v;
}

/* One mapping pair; *lcn is that of the run before.  1: there is one; 0: end. */
static int next_pair(struct wtg_span s, size_t *at, uint64_t *lcn, struct ntfs_extent *ret)
{
    const uint8_t *head = span_at(s, *at, 1);
    if (!head)
        return -1;
    if (*head == 0)
        return 0;
    unsigned nlen = *head & 15, ndist = *head >> 4;
    const uint8_t *p = span_at(s, *at + 1, nlen + ndist);
    if (!p || nlen < 1 || nlen > 8 || ndist > 8)
        return -1;
    int64_t clusters = signed_at(p, nlen), to;
    if (clusters <= 0)
        return -1;
    ret->clusters = (uint64_t)clusters;
    ret->lcn = NTFS_HOLE;
    if (ndist) {
        if (ADD_OVERFLOW((int64_t)*lcn, signed_at(p + nlen, ndist), &to) || to < 0)
            return -1;
        ret->lcn = *lcn = (uint64_t)to;
    }
    *at += 1 + nlen + ndist;
    return 1;
}

int ntfs_extents_add(struct ntfs_extents *e, const struct ntfs_attr *a, uint64_t volume_clusters,
                     struct wtg_err *err)
{
    uint64_t vcn = e->n ? e->item[e->n - 1].vcn + e->item[e->n - 1].clusters : 0, lcn = 0;
    uint64_t left = a->clusters;
    size_t at = 0;
    struct ntfs_extent x;
    int r;
    if (a->lowest_vcn != vcn)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "a stream continues at its cluster %llu, but "
                        "its next piece maps from %llu on",
                        (unsigned long long)vcn, (unsigned long long)a->lowest_vcn);
    while ((r = next_pair(a->pairs, &at, &lcn, &x)) > 0) {
        if (x.clusters > left)
            break;
        if (x.lcn != NTFS_HOLE &&
            (x.lcn >= volume_clusters || x.clusters > volume_clusters - x.lcn))
            return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                            "a run of %llu clusters at %llu does not "
                            "lie on the volume",
                            (unsigned long long)x.clusters, (unsigned long long)x.lcn);
        x.vcn = vcn;
        vcn += x.clusters;
        left -= x.clusters;
        r = mem_grow(&e->item, &e->cap, e->n, sizeof x, err);
        if (r < 0)
            return r;
        e->item[e->n++] = x;
    }
    if (r < 0)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED, "the mapping pairs make no sense at byte %zu",
                        at);
    if (r > 0 || left)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "the mapping pairs map %s clusters than the "
                        "%llu they should",
                        r > 0 ? "more" : "fewer", (unsigned long long)a->clusters);
    return 0;
}

void ntfs_extents_release(struct ntfs_extents *e)
{
    free(e->item);
    *e = (struct ntfs_extents){ 0 };
}
