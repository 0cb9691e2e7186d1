/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/check-state.h"

#include <string.h>

/* Pass 1: every record by itself, in the order in which they stand. */

enum {
    MAX_ATTRS = NTFS_READ_RECORD_MAX / 16, /* none is shorter than its header */
    KNOWN_FLAGS =
        NTFS_RECORD_IN_USE | NTFS_RECORD_DIRECTORY | NTFS_RECORD_EXTEND | NTFS_RECORD_VIEW_INDEX,
};

/* Which of its own records must be in use, bit by bit, is known from the bitmap of $MFT. */
static int load_bitmap(struct check *c, struct wtg_err *err)
{
    int r = ntfs_check_soft(c, ntfs_file_load(c->vol, NTFS_REC_MFT, &c->file, err),
                            NTFS_P_UNREADABLE, NTFS_REC_MFT, err);
    if (r == 0)
        r = ntfs_check_slurp(c, &c->file, NTFS_AT_BITMAP, "", NTFS_READ_RECORDS_MAX / 8,
                             NTFS_P_MFT_BITMAP, &c->mft_bitmap, &c->mft_bitmap_n, err);
    if (r == 0 && c->mft_bitmap_n * 8 < c->records)
        ntfs_check_problem(c, NTFS_P_MFT_BITMAP, NTFS_REC_MFT,
                           "%zu bytes are too few for %llu records", c->mft_bitmap_n,
                           (unsigned long long)c->records);
    for (uint64_t i = c->records; r == 0 && i < c->mft_bitmap_n * 8; i++)
        if (ntfs_check_bit(c->mft_bitmap, i)) {
            ntfs_check_problem(c, NTFS_P_RECORD_DETAIL, NTFS_REC_MFT,
                               "bit %llu is set, but there are only %llu records",
                               (unsigned long long)i, (unsigned long long)c->records);
            break;
        }
    return r < 0 ? r : 0;
}

static bool bitmap_says_used(const struct check *c, uint64_t n)
{
    return n / 8 < c->mft_bitmap_n && ntfs_check_bit(c->mft_bitmap, n);
}

/* The fields of a record in use.  `g` has been looked at by ntfs_record_look. */
static void check_header(struct check *c, uint64_t n, const struct ntfs_record_disk *d)
{
    uint32_t usa = get_le16(d->multi.usa_offset);
    if (get_le16(d->sequence) == 0)
        ntfs_check_problem(c, NTFS_P_RECORD_HEADER, n, "its sequence number is 0");
    if (get_le32(d->bytes_allocated) != c->vol->geom.record_bytes)
        ntfs_check_problem(c, NTFS_P_RECORD_HEADER, n, "its size is %u, not %u",
                           get_le32(d->bytes_allocated), c->vol->geom.record_bytes);
    if (get_le32(d->bytes_used) % 8)
        ntfs_check_problem(c, NTFS_P_RECORD_USED, n, "%u is no multiple of 8",
                           get_le32(d->bytes_used));
    if (usa >= NTFS_RECORD_USA_OFFSET && get_le32(d->number) != (uint32_t)n)
        ntfs_check_problem(c, NTFS_P_RECORD_HEADER, n, "it says it is record %u",
                           get_le32(d->number));
    if (usa != NTFS_RECORD_USA_OFFSET)
        ntfs_check_problem(c, NTFS_P_RECORD_DETAIL, n, "update sequence at byte %u", usa);
    if (get_le16(d->flags) & ~KNOWN_FLAGS)
        ntfs_check_problem(c, NTFS_P_RECORD_DETAIL, n, "flags 0x%x", get_le16(d->flags));
    if (n < NTFS_REC_QUOTA && get_le16(d->sequence) != (n ? n : 1))
        ntfs_check_problem(c, NTFS_P_RECORD_DETAIL, n, "sequence number %u", get_le16(d->sequence));
    if (get_le64(d->base_ref) && get_le16(d->links))
        ntfs_check_problem(c, NTFS_P_RECORD_DETAIL, n, "an extension record with %u links",
                           get_le16(d->links));
}

static void keep_header(struct check *c, uint64_t n, const struct ntfs_record_disk *d)
{
    struct check_row *row = &c->row[n];
    struct ntfs_place_row *place = &c->place[n];
    row->base = get_le64(d->base_ref);
    row->links = get_le16(d->links);
    row->flags = get_le16(d->flags);
    place->in_use = true;
    place->sequence = get_le16(d->sequence);
    place->directory = !row->base && (row->flags & NTFS_RECORD_DIRECTORY);
    if (row->base)
        return;
    c->result.files += !place->directory;
    c->result.directories += place->directory;
}

/* The order of two neighbours, as the system compares names: through $UpCase. */
static void check_order(struct check *c, const struct ntfs_attr *a, const struct ntfs_attr *b)
{
    int order = a->type < b->type ? -1 : a->type > b->type;
    if (order == 0 && a->type != NTFS_AT_FILE_NAME) {
        order = ntfs_check_collate_names(c, a->name, a->name_len, b->name, b->name_len);
        if (order == 0)
            order = a->lowest_vcn < b->lowest_vcn ? -1 : a->lowest_vcn > b->lowest_vcn;
        if (order == 0)
            ntfs_check_problem(c, NTFS_P_ATTR_TWICE, b->record, "attribute 0x%x at bytes %u and %u",
                               a->type, a->offset, b->offset);
    }
    if (order > 0)
        ntfs_check_problem(c, NTFS_P_ATTR_ORDER, b->record, "0x%x at byte %u stands behind 0x%x",
                           b->type, b->offset, a->type);
}

static void check_instance(struct check *c, const struct ntfs_attr *a, uint16_t *seen, size_t n,
                           uint16_t next)
{
    for (size_t i = 0; i < n; i++)
        if (seen[i] == a->instance)
            ntfs_check_problem(c, NTFS_P_ATTR_INSTANCE, a->record, "attribute 0x%x at byte %u: %u",
                               a->type, a->offset, a->instance);
    if (a->instance >= next)
        ntfs_check_problem(c, NTFS_P_RECORD_INSTANCE, a->record,
                           "attribute 0x%x at byte %u has %u, the next would be %u", a->type,
                           a->offset, a->instance, next);
    seen[n] = a->instance;
}

/* A list, if there is one, stands among the first two attributes. */
static bool has_list(struct wtg_span rec)
{
    struct wtg_err quiet = { 0 };
    struct ntfs_attr a;
    uint32_t off = 0;
    while (ntfs_attr_next(rec, &off, &a, &quiet) > 0)
        if (a.type == NTFS_AT_ATTRIBUTE_LIST)
            return true;
    return false;
}

static int check_attrs(struct check *c, uint64_t n, struct wtg_span rec, struct wtg_err *err)
{
    const struct ntfs_record_disk *d = (const void *)rec.p;
    uint64_t base = c->row[n].base ? ntfs_ref_record(c->row[n].base) : n;
    bool many = c->row[n].base || has_list(rec);
    uint16_t seen[MAX_ATTRS];
    struct ntfs_attr a, before = { 0 };
    uint32_t off = 0;
    int r;
    for (size_t i = 0; (r = ntfs_attr_next(rec, &off, &a, err)) > 0; i++) {
        a.record = n;
        if (i)
            check_order(c, &before, &a);
        check_instance(c, &a, seen, i, get_le16(d->next_instance));
        r = base < c->records ? ntfs_check_attr(c, &a, base, many, err) : 0;
        if (r < 0)
            return r;
        before = a;
    }
    if (r == 0 && off + NTFS_RECORD_END_BYTES != get_le32(d->bytes_used))
        ntfs_check_problem(c, NTFS_P_RECORD_USED, n,
                           "%u bytes are in use, the attributes end at %u", get_le32(d->bytes_used),
                           off + NTFS_RECORD_END_BYTES);
    r = ntfs_check_soft(c, r, NTFS_P_ATTR, n, err);
    return r < 0 ? r : 0;
}

/* A record without the mark of one. */
static void check_blank(struct check *c, uint64_t n, const uint8_t *buf)
{
    if (bitmap_says_used(c, n))
        ntfs_check_problem(c, NTFS_P_RECORD_MAGIC, n, "it begins with %02x %02x %02x %02x", buf[0],
                           buf[1], buf[2], buf[3]);
    else
        ntfs_check_problem(c, NTFS_P_RECORD_BLANK, n, "it begins with %02x %02x %02x %02x", buf[0],
                           buf[1], buf[2], buf[3]);
}

static int check_record(struct check *c, uint64_t n, uint8_t *buf, struct wtg_err *err)
{
    const struct ntfs_record_disk *d = (const void *)buf;
    const struct ntfs_geom *g = &c->vol->geom;
    int r = ntfs_record_read_raw(c->vol, n, buf, err);
    if (r < 0)
        return r;
    if (memcmp(buf, NTFS_MAGIC_FILE, 4) != 0) {
        check_blank(c, n, buf);
        return 0;
    }
    r = ntfs_check_soft(c, ntfs_fixup(buf, g->record_bytes, NTFS_MAGIC_FILE, err),
                        NTFS_P_RECORD_TORN, n, err);
    if (r == 0)
        r = ntfs_check_soft(c, ntfs_record_look(g, buf, err), NTFS_P_RECORD_HEADER, n, err);
    if (r != 0)
        return r < 0 ? r : 0;
    bool used = get_le16(d->flags) & NTFS_RECORD_IN_USE;
    if (c->mft_bitmap && used != bitmap_says_used(c, n))
        ntfs_check_problem(c, NTFS_P_MFT_BITMAP, n, "the record is %s, its bit says %s",
                           used ? "in use" : "free", used ? "free" : "in use");
    if (!used)
        return 0;
    check_header(c, n, d);
    keep_header(c, n, d);
    return check_attrs(c, n, (struct wtg_span){ buf, g->record_bytes }, err);
}

int ntfs_check_records(struct check *c, struct wtg_err *err)
{
    uint8_t buf[NTFS_READ_RECORD_MAX];
    int r = load_bitmap(c, err);
    for (uint64_t n = 0; r == 0 && n < c->records; n++) {
        r = ntfs_check_tick(c, 0, n, err);
        if (r == 0)
            r = check_record(c, n, buf, err);
    }
    return r;
}
