/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/mft.h"

#include "base/mem.h"
#include "ntfs/ntfs-disk.h"

enum { USN = 1 }; /* any number but 0 and FFFF */

void mft_protect(uint8_t *buf, uint32_t bytes, const char *magic, uint32_t usa_offset)
{
    struct ntfs_multi_disk *m = (void *)buf;
    uint32_t strides = bytes / NTFS_STRIDE_BYTES;
    memcpy(m->magic, magic, sizeof m->magic);
    m->usa_offset = to_le16((uint16_t)usa_offset);
    m->usa_count = to_le16((uint16_t)(strides + 1));
    uint8_t *saved = buf + usa_offset;
    put_le16(saved, USN);
    for (uint32_t i = 0; i < strides; i++) {
        uint8_t *last = buf + (i + 1) * NTFS_STRIDE_BYTES - 2;
        memcpy(saved + (i + 1) * 2, last, 2);
        put_le16(last, USN);
    }
}

/* Where attributes begin: behind the update sequence. */
static uint32_t attrs_offset(uint32_t record_bytes)
{
    uint32_t usa_bytes = (record_bytes / NTFS_STRIDE_BYTES + 1) * 2;
    return (uint32_t)round_up(NTFS_RECORD_USA_OFFSET + usa_bytes, 8);
}

uint32_t mft_room(uint32_t record_bytes)
{
    return record_bytes - attrs_offset(record_bytes) - NTFS_RECORD_END_BYTES;
}

uint32_t mft_resident_bytes(unsigned name_len, uint64_t value_len)
{
    return (uint32_t)(sizeof(struct ntfs_attr_resident_disk) + round_up(name_len * 2, 8) +
                      round_up(value_len, 8));
}

uint32_t mft_nonresident_bytes(unsigned name_len, bool sparse, size_t pairs_bytes)
{
    uint32_t head = sparse ? NTFS_NONRESIDENT_SPARSE_HEADER : NTFS_NONRESIDENT_HEADER;
    return (uint32_t)(head + round_up(name_len * 2, 8) + round_up(pairs_bytes, 8));
}

/* Has the longer head: only the first piece of a sparse stream does; Linux's ntfs3 (mi_enum_attr)
 * refuses later pieces that have a compression unit. */
static bool is_sparse(const struct mft_attr *a)
{
    return a->lowest_vcn == 0 && (a->flags & NTFS_ATTR_SPARSE) != 0;
}

/* The runs of a non-resident attribute. */
static const struct ntfs_run *attr_runs(const struct mft_attr *a, size_t *ret_n)
{
    *ret_n = a->run ? a->nruns : a->one.clusters != 0;
    return a->run ? a->run : &a->one;
}

uint32_t mft_attr_bytes_max(const struct mft_attr *a, unsigned lcn_bytes)
{
    if (!a->nonresident)
        return mft_resident_bytes(a->name_len, a->value_len);
    size_t n;
    const struct ntfs_run *run = attr_runs(a, &n);
    return mft_nonresident_bytes(a->name_len, is_sparse(a), runlist_bytes_max(run, n, lcn_bytes));
}

void mft_clear(struct mft_file *f)
{
    f->n = 0;
    f->nrecords = 0;
}

void mft_release(struct mft_file *f)
{
    free(f->attr);
    *f = (struct mft_file){ 0 };
}

struct mft_attr *mft_add(struct mft_file *f, uint32_t type, const uint16_t *name, size_t name_len,
                         struct wtg_err *err)
{
    if (mem_grow(&f->attr, &f->cap, f->n, sizeof f->attr[0], err) < 0)
        return NULL;
    struct mft_attr *a = &f->attr[f->n++];
    *a = (struct mft_attr){ .type = type, .name = name, .name_len = (uint8_t)name_len };
    return a;
}

uint64_t mft_bytes_max(const struct mft_file *f, unsigned lcn_bytes)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < f->n; i++)
        bytes += mft_attr_bytes_max(&f->attr[i], lcn_bytes);
    return bytes;
}

static uint32_t list_entry_bytes(const struct mft_attr *a)
{
    return (uint32_t)round_up(NTFS_ATTR_LIST_ENTRY_BYTES + a->name_len * 2u, 8);
}

uint64_t mft_list_bytes(const struct mft_file *f)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < f->n; i++)
        if (f->attr[i].type != NTFS_AT_ATTRIBUTE_LIST)
            bytes += list_entry_bytes(&f->attr[i]);
    return bytes;
}

/* Instance numbers rise in each record. */
static void number_instances(struct mft_file *f)
{
    uint16_t base = 0, extension = 0;
    uint32_t at = 0;
    for (size_t i = 0; i < f->n; i++) {
        struct mft_attr *a = &f->attr[i];
        if (a->record != 0 && a->record != at) {
            at = a->record;
            extension = 0;
        }
        a->instance = a->record ? extension++ : base++;
    }
}

int mft_pack(struct mft_file *f, uint32_t record_bytes, unsigned lcn_bytes, struct wtg_err *err)
{
    uint32_t room = mft_room(record_bytes), base = 0, extension = room;
    uint64_t all = mft_bytes_max(f, lcn_bytes);
    f->nrecords = 1;
    for (size_t i = 0; i < f->n; i++)
        if (f->attr[i].pinned)
            base += mft_attr_bytes_max(&f->attr[i], lcn_bytes);
    if (base > room)
        return wtg_fail(err, WTG_E_BUG,
                        "%u bytes of attributes are to fit a record with room for %u", base, room);
    for (size_t i = 0; i < f->n; i++) {
        struct mft_attr *a = &f->attr[i];
        uint32_t bytes = mft_attr_bytes_max(a, lcn_bytes);
        a->record = 0;
        if (a->pinned || all <= room)
            continue;
        if (base + bytes <= room) {
            base += bytes;
            continue;
        }
        if (bytes > room)
            return wtg_fail(err, WTG_E_BUG, "an attribute of type 0x%x takes %u bytes, a record %u",
                            a->type, bytes, room);
        if (extension + bytes > room) {
            f->nrecords++;
            extension = 0;
        }
        extension += bytes;
        a->record = f->nrecords - 1;
    }
    number_instances(f);
    return 0;
}

static uint64_t record_ref(const struct mft_head *head, uint32_t which)
{
    return ntfs_ref(head->number + which, which ? 1 : head->sequence);
}

static void put_name(uint8_t *p, const uint16_t *name, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_le16(p + i * 2, name[i]);
}

static uint32_t put_resident(const struct mft_attr *a, uint8_t *p)
{
    struct ntfs_attr_resident_disk *d = (void *)p;
    uint32_t name_offset = sizeof *d;
    uint32_t value_offset = name_offset + (uint32_t)round_up(a->name_len * 2u, 8);
    d->attr.name_offset = to_le16((uint16_t)name_offset);
    d->value_length = to_le32(a->value_len);
    d->value_offset = to_le16((uint16_t)value_offset);
    d->indexed = a->type == NTFS_AT_FILE_NAME;
    put_name(p + name_offset, a->name, a->name_len);
    if (a->value_len)
        a->put(a, p + value_offset);
    return (uint32_t)round_up(value_offset + a->value_len, 8);
}

static uint32_t put_nonresident(const struct mft_attr *a, uint8_t *p)
{
    struct ntfs_attr_nonresident_disk *d = (void *)p;
    uint32_t name_offset = is_sparse(a) ? NTFS_NONRESIDENT_SPARSE_HEADER : NTFS_NONRESIDENT_HEADER;
    uint32_t pairs_offset = name_offset + (uint32_t)round_up(a->name_len * 2u, 8);
    size_t n;
    const struct ntfs_run *run = attr_runs(a, &n);
    uint64_t clusters = 0;
    for (size_t i = 0; i < n; i++)
        clusters += run[i].clusters;

    d->attr.nonresident = 1;
    d->attr.name_offset = to_le16((uint16_t)name_offset);
    d->lowest_vcn = to_le64(a->lowest_vcn);
    d->highest_vcn = to_le64(a->lowest_vcn + clusters - 1); /* -1 when there are none */
    d->pairs_offset = to_le16((uint16_t)pairs_offset);
    if (a->lowest_vcn == 0) {
        d->allocated = to_le64(a->allocated);
        d->data_size = to_le64(a->data_size);
        d->initialized = to_le64(a->initialized);
    }
    if (is_sparse(a)) {
        d->compression_unit = NTFS_SPARSE_UNIT_LOG;
        d->total_allocated = to_le64(a->total_allocated);
    }
    put_name(p + name_offset, a->name, a->name_len);
    return (uint32_t)round_up(pairs_offset + runlist_put(run, n, p + pairs_offset), 8);
}

/* Writes an attribute; returns its bytes. */
static uint32_t put_attr(const struct mft_attr *a, uint8_t *p)
{
    uint32_t bytes = a->nonresident ? put_nonresident(a, p) : put_resident(a, p);
    struct ntfs_attr_disk *d = (void *)p;
    d->type = to_le32(a->type);
    d->length = to_le32(bytes);
    d->name_len = a->name_len;
    d->flags = to_le16(a->flags);
    d->instance = to_le16(a->instance);
    return bytes;
}

/* Head of a record with everything but what follows from its attributes. */
static struct ntfs_record_disk *begin_record(uint64_t number, uint32_t record_bytes, uint8_t *buf)
{
    memset(buf, 0, record_bytes);
    struct ntfs_record_disk *r = (void *)buf;
    r->attrs_offset = to_le16((uint16_t)attrs_offset(record_bytes));
    r->bytes_allocated = to_le32(record_bytes);
    r->number = to_le32((uint32_t)number);
    return r;
}

static void end_record(struct ntfs_record_disk *r, uint32_t used, uint16_t next_instance)
{
    uint8_t *buf = (uint8_t *)r;
    put_le32(buf + used, NTFS_AT_END);
    r->bytes_used = to_le32(used + NTFS_RECORD_END_BYTES);
    r->next_instance = to_le16(next_instance);
    mft_protect(buf, get_le32(r->bytes_allocated), NTFS_MAGIC_FILE, NTFS_RECORD_USA_OFFSET);
}

void mft_put_record(const struct mft_file *f, const struct mft_head *head, uint32_t which,
                    uint32_t record_bytes, uint8_t *buf)
{
    struct ntfs_record_disk *r = begin_record(head->number + which, record_bytes, buf);
    uint32_t used = attrs_offset(record_bytes);
    uint16_t instances = 0, links = 0;
    for (size_t i = 0; i < f->n; i++) {
        const struct mft_attr *a = &f->attr[i];
        links = (uint16_t)(links + (a->type == NTFS_AT_FILE_NAME));
        if (a->record != which)
            continue;
        used += put_attr(a, buf + used);
        instances++;
    }
    r->sequence = to_le16(which ? 1 : head->sequence);
    r->flags = to_le16(which ? NTFS_RECORD_IN_USE : head->flags);
    r->links = to_le16(which ? 0 : links);
    r->base_ref = to_le64(which ? record_ref(head, 0) : 0);
    end_record(r, used, instances);
}

void mft_put_free(uint64_t number, uint16_t sequence, uint32_t record_bytes, uint8_t *buf)
{
    struct ntfs_record_disk *r = begin_record(number, record_bytes, buf);
    r->sequence = to_le16(sequence);
    end_record(r, attrs_offset(record_bytes), 0);
}

void mft_put_list(const struct mft_file *f, const struct mft_head *head, uint8_t *buf)
{
    uint8_t *p = buf;
    for (size_t i = 0; i < f->n; i++) {
        const struct mft_attr *a = &f->attr[i];
        if (a->type == NTFS_AT_ATTRIBUTE_LIST)
            continue;
        struct ntfs_attr_list_entry_disk *e = (void *)p;
        e->type = to_le32(a->type);
        e->length = to_le16((uint16_t)list_entry_bytes(a));
        e->name_len = a->name_len;
        e->name_offset = NTFS_ATTR_LIST_ENTRY_BYTES;
        e->lowest_vcn = to_le64(a->lowest_vcn);
        e->ref = to_le64(record_ref(head, a->record));
        e->instance = to_le16(a->instance);
        put_name(p + NTFS_ATTR_LIST_ENTRY_BYTES, a->name, a->name_len);
        p += list_entry_bytes(a);
    }
}
