/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/check-state.h"

#include <string.h>

/* Files of several records: the attribute list against the attributes, and the streams whose
 * pieces stand in different records. */

static int compare_places(const void *a, const void *b)
{
    const struct check_piece *x = a, *y = b;
    if (x->base != y->base)
        return x->base < y->base ? -1 : 1;
    if (x->attr.record != y->attr.record)
        return x->attr.record < y->attr.record ? -1 : 1;
    return x->attr.instance - y->attr.instance;
}

static int compare_streams(const void *a, const void *b)
{
    const struct check_piece *x = a, *y = b;
    if (x->base != y->base)
        return x->base < y->base ? -1 : 1;
    return ntfs_attr_compare(&x->attr, &y->attr);
}

/* ---- The list --------------------------------------------------------------------------- */

/* An entry, in the form of the attribute that it describes. */
static bool parse_entry(struct wtg_span list, uint64_t at, struct ntfs_attr *ret, uint64_t *ret_ref,
                        uint64_t *ret_n)
{
    const struct ntfs_attr_list_entry_disk *d = span_at(list, at, sizeof *d);
    uint32_t n = d ? get_le16(d->length) : 0;
    struct wtg_span s = span_sub(list, at, n);
    if (!s.p || n < sizeof *d || n % 8)
        return false;
    *ret = (struct ntfs_attr){ .type = get_le32(d->type),
                               .record = ntfs_ref_record(get_le64(d->ref)),
                               .instance = get_le16(d->instance),
                               .lowest_vcn = get_le64(d->lowest_vcn),
                               .name_len = d->name_len };
    ret->name = span_at(s, d->name_len ? d->name_offset : 0, d->name_len * 2u);
    *ret_ref = get_le64(d->ref);
    *ret_n = n;
    return ret->name != NULL;
}

static void check_entry(struct check *c, uint64_t base, const struct ntfs_attr *a, uint64_t ref,
                        struct check_piece *piece, size_t n)
{
    char name[64];
    struct check_piece key = { .base = base, .attr = *a };
    struct check_piece *p = n ? bsearch(&key, piece, n, sizeof *piece, compare_places) : NULL;
    if (!p || ntfs_attr_compare(&p->attr, a) != 0)
        ntfs_check_problem(c, NTFS_P_LIST_ENTRY, base, "%s in record %llu",
                           ntfs_check_attr_name(a, name, sizeof name),
                           (unsigned long long)a->record);
    else if (p->listed)
        ntfs_check_problem(c, NTFS_P_LIST_ENTRY, base, "%s stands in the list twice",
                           ntfs_check_attr_name(a, name, sizeof name));
    else if (ntfs_ref_sequence(ref) != c->place[a->record].sequence)
        ntfs_check_problem(c, NTFS_P_LIST_ENTRY, base, "record %llu: sequence %u, expected %u",
                           (unsigned long long)a->record, ntfs_ref_sequence(ref),
                           c->place[a->record].sequence);
    if (p)
        p->listed = true;
}

static bool in_order(const struct check *c, const struct ntfs_attr *a, const struct ntfs_attr *b)
{
    if (a->type != b->type)
        return a->type < b->type;
    int order = ntfs_check_collate_names(c, a->name, a->name_len, b->name, b->name_len);
    return order < 0 || (order == 0 && a->lowest_vcn <= b->lowest_vcn);
}

static void check_bytes(struct check *c, uint64_t base, struct wtg_span list,
                        struct check_piece *piece, size_t n)
{
    char name[64];
    struct ntfs_attr a, before = { 0 };
    uint64_t ref, length;
    for (uint64_t at = 0; at < list.n; at += length) {
        if (!parse_entry(list, at, &a, &ref, &length)) {
            ntfs_check_problem(c, NTFS_P_LIST, base, "the entry at byte %llu does not fit",
                               (unsigned long long)at);
            return;
        }
        if (at && !in_order(c, &before, &a))
            ntfs_check_problem(c, NTFS_P_LIST_ORDER, base, "the entry at byte %llu",
                               (unsigned long long)at);
        check_entry(c, base, &a, ref, piece, n);
        before = a;
    }
    for (size_t i = 0; i < n; i++)
        if (!piece[i].listed && piece[i].attr.type != NTFS_AT_ATTRIBUTE_LIST)
            ntfs_check_problem(c, NTFS_P_LIST_MISSING, base, "%s of record %llu",
                               ntfs_check_attr_name(&piece[i].attr, name, sizeof name),
                               (unsigned long long)piece[i].attr.record);
}

/* `piece`: all attributes of one file, n of them. */
static int check_list(struct check *c, struct check_piece *piece, size_t n, struct wtg_err *err)
{
    uint64_t base = piece->base;
    AUTO_FREE uint8_t *list = NULL;
    size_t list_n = 0;
    if (!c->place[base].in_use || c->row[base].base || !(c->row[base].has & HAS_LIST))
        return 0; /* that is said of its extension records */
    int r = ntfs_check_soft(c, ntfs_file_load_record(c->vol, base, &c->file, err), NTFS_P_LIST,
                            base, err);
    if (r == 0)
        r = ntfs_check_slurp(c, &c->file, NTFS_AT_ATTRIBUTE_LIST, "", NTFS_ATTR_LIST_MAX,
                             NTFS_P_LIST, &list, &list_n, err);
    if (r == 0)
        check_bytes(c, base, (struct wtg_span){ list, list_n }, piece, n);
    return r < 0 ? r : 0;
}

/* ---- Streams ---------------------------------------------------------------------------- */

/* All pieces of one stream, by rising lowest_vcn. */
static void check_stream(struct check *c, const struct check_piece *piece, size_t n)
{
    char name[64];
    const struct ntfs_attr *a = &piece->attr;
    uint64_t mapped = 0, real = 0;
    if (a->type == NTFS_AT_FILE_NAME)
        return;
    ntfs_check_attr_name(a, name, sizeof name);
    for (size_t i = 0; i < n; i++) {
        const struct ntfs_attr *p = &piece[i].attr;
        if (n > 1 && (!p->nonresident || (i && p->lowest_vcn == a[0].lowest_vcn))) {
            ntfs_check_problem(c, NTFS_P_ATTR_TWICE, p->record, "%s", name);
            return;
        }
        if (p->lowest_vcn != mapped) {
            ntfs_check_problem(c, NTFS_P_STREAM_GAP, p->record, "%s at its cluster %llu", name,
                               (unsigned long long)mapped);
            return;
        }
        mapped += p->clusters;
        real += piece[i].real;
    }
    if (a->nonresident)
        ntfs_check_sizes(c, a->record, a, mapped, real);
}

static bool same_stream(const struct check_piece *a, const struct check_piece *b)
{
    struct check_piece x = *b;
    x.attr.lowest_vcn = a->attr.lowest_vcn;
    return compare_streams(a, &x) == 0;
}

int ntfs_check_lists(struct check *c, struct wtg_err *err)
{
    int r = 0;
    if (!c->npieces)
        return 0;
    qsort(c->piece, c->npieces, sizeof *c->piece, compare_places);
    for (size_t i = 0, n; r == 0 && i < c->npieces; i += n) {
        for (n = 1; i + n < c->npieces && c->piece[i + n].base == c->piece[i].base; n++)
            ;
        r = check_list(c, &c->piece[i], n, err);
    }
    qsort(c->piece, c->npieces, sizeof *c->piece, compare_streams);
    for (size_t i = 0, n; r == 0 && i < c->npieces; i += n) {
        for (n = 1; i + n < c->npieces && same_stream(&c->piece[i], &c->piece[i + n]); n++)
            ;
        check_stream(c, &c->piece[i], n);
    }
    return r;
}
