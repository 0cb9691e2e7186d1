/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/read.h"

#include <string.h>

/* ---- Streams ---------------------------------------------------------------------------- */

void ntfs_stream_release(struct ntfs_stream *s)
{
    ntfs_extents_release(&s->extents);
    *s = (struct ntfs_stream){ 0 };
}

int ntfs_stream_open(const struct ntfs_volume *v, const struct ntfs_file *f,
                     const struct ntfs_attr *a, struct ntfs_stream *ret, struct wtg_err *err)
{
    struct ntfs_stream s = { .flags = a->flags };
    if (!a->nonresident) {
        s.resident = a->value;
        s.size_bytes = s.initialized = a->value.n;
        *ret = s;
        return 0;
    }
    int r = 0;
    s.size_bytes = a->data_size;
    s.initialized = min_u64(a->initialized, a->data_size);
    const struct ntfs_attr *end = f->attr + f->nattrs;
    for (const struct ntfs_attr *p = a; r == 0 && p < end; p++) {
        struct ntfs_attr same = *p;
        same.lowest_vcn = a->lowest_vcn;
        if (ntfs_attr_compare(&same, a) != 0)
            break;
        if (!p->nonresident)
            r = wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                         "a resident attribute 0x%x continues a non-resident one", a->type);
        else
            r = ntfs_extents_add(&s.extents, p, v->geom.clusters, err);
    }
    uint64_t mapped = 0;
    if (s.extents.n)
        mapped = s.extents.item[s.extents.n - 1].vcn + s.extents.item[s.extents.n - 1].clusters;
    if (r == 0 && div_up(s.size_bytes, v->geom.cluster_bytes) > mapped)
        r = wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                     "attribute 0x%x has %llu bytes, but maps only %llu clusters", a->type,
                     (unsigned long long)s.size_bytes, (unsigned long long)mapped);
    if (r < 0) {
        ntfs_stream_release(&s);
        return wtg_because(err, "record %llu", (unsigned long long)f->record);
    }
    *ret = s;
    return 0;
}

/* The extent that maps `vcn`, or NULL. */
static const struct ntfs_extent *extent_of(const struct ntfs_extents *e, uint64_t vcn)
{
    size_t lo = 0, hi = e->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (e->item[mid].vcn + e->item[mid].clusters <= vcn)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < e->n ? &e->item[lo] : NULL;
}

/* Bytes that are initialized and do not reach over the end of an extent. */
static int read_extent(struct blk *blk, uint32_t cluster, const struct ntfs_extent *x, uint64_t off,
                       uint8_t *p, size_t n, bool compressed, struct wtg_err *err)
{
    if (x->lcn == NTFS_HOLE) {
        memset(p, 0, n);
        return 0;
    }
    if (compressed)
        return wtg_fail(err, WTG_E_UNSUPPORTED,
                        "wtg does not read files compressed with LZNT1 ('compact' without /exe)");
    return blk_read(blk, x->lcn * cluster + (off - x->vcn * cluster), p, n, err);
}

int ntfs_stream_read(struct blk *blk, uint32_t cluster, const struct ntfs_stream *s, uint64_t off,
                     void *buf, size_t n, struct wtg_err *err)
{
    uint8_t *p = buf;
    if (off > s->size_bytes || n > s->size_bytes - off)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "bytes %llu to %llu do not lie in a stream of %llu",
                        (unsigned long long)off, (unsigned long long)(off + n),
                        (unsigned long long)s->size_bytes);
    if (!s->extents.n && s->resident.p) {
        memcpy(p, s->resident.p + off, n);
        return 0;
    }
    uint64_t live = off < s->initialized ? min_u64(n, s->initialized - off) : 0;
    memset(p + live, 0, n - (size_t)live);
    n = (size_t)live;
    while (n) {
        const struct ntfs_extent *x = extent_of(&s->extents, off / cluster);
        if (!x)
            return wtg_fail(err, WTG_E_VOLUME_DAMAGED, "nothing maps byte %llu of a stream",
                            (unsigned long long)off);
        uint64_t part = min_u64(n, (x->vcn + x->clusters) * cluster - off);
        int r = read_extent(blk, cluster, x, off, p, (size_t)part,
                            s->flags & NTFS_ATTR_COMPRESSION_MASK, err);
        if (r < 0)
            return r;
        p += part;
        off += part;
        n -= (size_t)part;
    }
    return 0;
}

int ntfs_stream_slurp(const struct ntfs_volume *v, const struct ntfs_stream *s, size_t limit,
                      uint8_t **ret, size_t *ret_n, struct wtg_err *err)
{
    if (s->size_bytes > limit)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED, "a stream of %llu bytes, expected at most %zu",
                        (unsigned long long)s->size_bytes, limit);
    size_t n = (size_t)s->size_bytes;
    AUTO_FREE uint8_t *p = malloc(n ? n : 1);
    if (!p)
        return wtg_fail_nomem(err);
    int r = ntfs_stream_read(v->blk, v->geom.cluster_bytes, s, 0, p, n, err);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(p);
    *ret_n = n;
    return 0;
}

/* ---- Files ------------------------------------------------------------------------------ */

void ntfs_file_release(struct ntfs_file *f)
{
    free(f->attr);
    free(f->bytes);
    free(f->list);
    *f = (struct ntfs_file){ 0 };
}

static int add_attrs(struct ntfs_file *f, const uint8_t *bytes, uint32_t n, uint64_t record,
                     struct wtg_err *err)
{
    struct wtg_span rec = { bytes, n };
    struct ntfs_attr a;
    uint32_t off = 0;
    int r;
    while ((r = ntfs_attr_next(rec, &off, &a, err)) > 0) {
        r = mem_grow(&f->attr, &f->attrs_cap, f->nattrs, sizeof a, err);
        if (r < 0)
            break;
        a.record = record;
        f->attr[f->nattrs++] = a;
    }
    return r < 0 ? wtg_because(err, "record %llu", (unsigned long long)record) : 0;
}

/* Grows f->bytes, which no attribute may point into at that moment. */
static int want_bytes(struct ntfs_file *f, size_t n, struct wtg_err *err)
{
    if (n <= f->bytes_cap)
        return 0;
    uint8_t *p = realloc(f->bytes, n);
    if (!p)
        return wtg_fail_nomem(err);
    f->bytes = p;
    f->bytes_cap = n;
    return 0;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

/* The records that an attribute list names, besides the base record, each once and sorted. */
static int listed_records(struct wtg_span list, uint64_t base, uint64_t **ret, size_t *ret_n,
                          struct wtg_err *err)
{
    /* Each takes an entry. */
    AUTO_FREE uint64_t *ref = mem_zeroed(list.n / NTFS_ATTR_LIST_ENTRY_BYTES, sizeof *ref, err);
    size_t n = 0, kept = 0;
    if (!ref)
        return WTG_E_NOMEM;
    for (uint64_t off = 0, length; off < list.n; off += length) {
        const struct ntfs_attr_list_entry_disk *e = span_at(list, off, sizeof *e);
        length = e ? get_le16(e->length) : 0;
        if (length < sizeof *e || length > list.n - off)
            return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                            "the entry at byte %llu of the attribute list does not fit",
                            (unsigned long long)off);
        if (ntfs_ref_record(get_le64(e->ref)) != base)
            ref[n++] = get_le64(e->ref);
    }
    qsort(ref, n, sizeof *ref, compare_u64);
    for (size_t i = 0; i < n; i++)
        if (!kept || ref[kept - 1] != ref[i])
            ref[kept++] = ref[i];
    *ret = TAKE_PTR(ref);
    *ret_n = kept;
    return 0;
}

static int load_extension(struct ntfs_volume *v, uint64_t ref, struct ntfs_file *f, uint8_t *buf,
                          struct wtg_err *err)
{
    uint64_t n = ntfs_ref_record(ref);
    int r = ntfs_record_read(v, n, buf, err);
    if (r < 0)
        return r;
    const struct ntfs_record_disk *d = (const void *)buf;
    if (get_le64(d->base_ref) != ntfs_ref(f->record, f->sequence) ||
        get_le16(d->sequence) != ntfs_ref_sequence(ref) ||
        !(get_le16(d->flags) & NTFS_RECORD_IN_USE))
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "record %llu is listed as a part of record %llu, but does not say so",
                        (unsigned long long)n, (unsigned long long)f->record);
    return 0;
}

/* Loads all records that the list names behind the base record, and starts over with the
 * attributes, since the bytes move. */
static int follow_list(struct ntfs_volume *v, struct ntfs_file *f, struct wtg_err *err)
{
    const struct ntfs_attr *a = ntfs_file_find(f, NTFS_AT_ATTRIBUTE_LIST, "");
    if (!a)
        return 0;
    struct ntfs_stream s = { 0 };
    size_t list_n = 0, n = 0, rb = v->geom.record_bytes;
    AUTO_FREE uint64_t *ref = NULL;
    int r = ntfs_stream_open(v, f, a, &s, err);
    if (r == 0)
        r = ntfs_stream_slurp(v, &s, NTFS_ATTR_LIST_MAX, &f->list, &list_n, err);
    ntfs_stream_release(&s);
    if (r == 0)
        r = listed_records((struct wtg_span){ f->list, list_n }, f->record, &ref, &n, err);
    if (r == 0)
        r = want_bytes(f, (n + 1) * rb, err);
    f->has_list = true;
    f->nattrs = 0;
    if (r == 0)
        r = add_attrs(f, f->bytes, (uint32_t)rb, f->record, err);
    for (size_t i = 0; r == 0 && i < n; i++) {
        uint8_t *buf = f->bytes + (i + 1) * rb;
        r = load_extension(v, ref[i], f, buf, err);
        if (r == 0)
            r = add_attrs(f, buf, (uint32_t)rb, ntfs_ref_record(ref[i]), err);
    }
    return r;
}

static int compare_attrs(const void *a, const void *b)
{
    return ntfs_attr_compare(a, b);
}

int ntfs_file_load_record(struct ntfs_volume *v, uint64_t record, struct ntfs_file *f,
                          struct wtg_err *err)
{
    free(f->list);
    f->list = NULL;
    f->has_list = false;
    f->nattrs = 0;
    f->record = record;
    int r = want_bytes(f, v->geom.record_bytes, err);
    if (r == 0)
        r = ntfs_record_read(v, record, f->bytes, err);
    if (r < 0)
        return r;
    const struct ntfs_record_disk *d = (const void *)f->bytes;
    f->sequence = get_le16(d->sequence);
    f->links = get_le16(d->links);
    f->flags = get_le16(d->flags);
    f->base_ref = get_le64(d->base_ref);
    return add_attrs(f, f->bytes, v->geom.record_bytes, record, err);
}

int ntfs_file_load(struct ntfs_volume *v, uint64_t record, struct ntfs_file *f, struct wtg_err *err)
{
    int r = ntfs_file_load_record(v, record, f, err);
    if (r == 0 && !f->base_ref)
        r = follow_list(v, f, err);
    if (r < 0)
        return r;
    for (size_t i = 1; i < f->nattrs; i++)
        if (ntfs_attr_compare(&f->attr[i - 1], &f->attr[i]) > 0) {
            qsort(f->attr, f->nattrs, sizeof f->attr[0], compare_attrs);
            break;
        }
    return 0;
}

const struct ntfs_attr *ntfs_file_find(const struct ntfs_file *f, uint32_t type, const char *name)
{
    for (size_t i = 0; i < f->nattrs; i++)
        if (f->attr[i].type == type && ntfs_attr_named(&f->attr[i], name))
            return f->attr[i].lowest_vcn ? NULL : &f->attr[i];
    return NULL;
}
