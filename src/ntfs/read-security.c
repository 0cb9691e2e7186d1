/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/read-security.h"

static int compare_rows(const void *a, const void *b)
{
    const struct ntfs_security_row *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return x->sd.p < y->sd.p ? -1 : x->sd.p > y->sd.p;
}

/* The entry at `off`, when there is one; 0 bytes long else. */
static uint32_t entry_length(struct wtg_span sds, uint64_t off)
{
    const struct ntfs_sds_disk *d = span_at(sds, off, sizeof *d);
    uint32_t n = d ? get_le32(d->length) : 0;
    if (n <= sizeof *d || get_le64(d->offset) != off || !span_at(sds, off, n) ||
        off % NTFS_SDS_BLOCK + n > NTFS_SDS_BLOCK)
        return 0;
    return n;
}

static int list_entries(struct ntfs_security *s, struct wtg_err *err)
{
    struct wtg_span sds = { s->sds, s->sds_n };
    uint64_t off = 0;
    while (off < sds.n) {
        uint32_t n = off / NTFS_SDS_BLOCK % 2 ? 0 : entry_length(sds, off);
        if (n == 0) { /* the rest of this block is empty, the one behind it its mirror */
            off = (off / (2 * NTFS_SDS_BLOCK) + 1) * (2 * NTFS_SDS_BLOCK);
            continue;
        }
        int r = mem_grow(&s->row, &s->cap, s->n, sizeof *s->row, err);
        if (r < 0)
            return r;
        const struct ntfs_sds_disk *d = (const void *)(sds.p + off);
        s->row[s->n++] = (struct ntfs_security_row){ get_le32(d->id), span_sub(sds, off + sizeof *d,
                                                                               n - sizeof *d) };
        off = round_up(off + n, NTFS_SDS_ALIGN);
    }
    if (s->n)
        qsort(s->row, s->n, sizeof *s->row, compare_rows);
    return 0;
}

int ntfs_security_load(struct ntfs_volume *v, struct ntfs_security *ret, struct wtg_err *err)
{
    struct ntfs_file f = { 0 };
    struct ntfs_stream stream = { 0 };
    struct ntfs_security s = { 0 };
    int r = ntfs_file_load(v, NTFS_REC_SECURE, &f, err);
    if (r == 0) {
        const struct ntfs_attr *a = ntfs_file_find(&f, NTFS_AT_DATA, "$SDS");
        r = a ? ntfs_stream_open(v, &f, a, &stream, err)
              : wtg_fail(err, WTG_E_VOLUME_DAMAGED, "$Secure has no stream '$SDS'");
    }
    if (r == 0)
        r = ntfs_stream_slurp(v, &stream, NTFS_SDS_MAX_BYTES, &s.sds, &s.sds_n, err);
    ntfs_stream_release(&stream);
    ntfs_file_release(&f);
    if (r == 0)
        r = list_entries(&s, err);
    if (r < 0) {
        ntfs_security_release(&s);
        return wtg_because(err, "reading the descriptors of the volume");
    }
    *ret = s;
    return 0;
}

void ntfs_security_release(struct ntfs_security *s)
{
    free(s->sds);
    free(s->row);
    *s = (struct ntfs_security){ 0 };
}

const struct ntfs_security_row *ntfs_security_find(const struct ntfs_security *s, uint32_t id)
{
    size_t lo = 0, hi = s->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->row[mid].id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < s->n && s->row[lo].id == id ? &s->row[lo] : NULL;
}
