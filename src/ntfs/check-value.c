/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/check-state.h"

#include <string.h>

/* What stands in attributes whose meaning the later passes need. */

static int value_standard(struct check *c, const struct ntfs_attr *a, struct check_row *row,
                          uint64_t base, struct wtg_err *err)
{
    const struct ntfs_standard_information_disk *d =
        span_at(a->value, 0, NTFS_STANDARD_INFORMATION_OLD_BYTES);
    (void)base, (void)err;
    if (!d || (a->value.n != sizeof *d && a->value.n != NTFS_STANDARD_INFORMATION_OLD_BYTES)) {
        ntfs_check_problem(c, NTFS_P_ATTR_SIZE, a->record, "$STANDARD_INFORMATION has %zu bytes",
                           a->value.n);
        return 0;
    }
    row->has |= HAS_STANDARD;
    row->attributes = get_le32(d->attributes);
    row->time[0] = get_le64(d->created);
    row->time[1] = get_le64(d->written);
    row->time[2] = get_le64(d->changed);
    row->time[3] = get_le64(d->accessed);
    if (row->attributes & (ATTR_DIRECTORY | ATTR_NORMAL))
        ntfs_check_problem(c, NTFS_P_STANDARD, a->record, "attributes 0x%x", row->attributes);
    for (size_t i = 0; i < ARRAY_LEN(row->time); i++)
        if (row->time[i] > INT64_MAX)
            ntfs_check_problem(c, NTFS_P_STANDARD, a->record, "time %zu is 0x%llx", i,
                               (unsigned long long)row->time[i]);
    if (a->value.n == sizeof *d)
        row->security_id = get_le32(d->security_id);
    else
        row->has |= HAS_OLD_STANDARD;
    return 0;
}

static int value_list(struct check *c, const struct ntfs_attr *a, struct check_row *row,
                      uint64_t base, struct wtg_err *err)
{
    (void)c, (void)a, (void)base, (void)err;
    row->has |= HAS_LIST;
    return 0;
}

static int value_name(struct check *c, const struct ntfs_attr *a, struct check_row *row,
                      uint64_t base, struct wtg_err *err)
{
    const struct ntfs_file_name_disk *d = span_at(a->value, 0, sizeof *d);
    row->names++;
    if (!d || !d->name_len || a->value.n != sizeof *d + d->name_len * 2u ||
        d->name_space > NTFS_NS_WIN32_AND_DOS) {
        ntfs_check_problem(c, NTFS_P_NAME, a->record, "at byte %u, %zu bytes", a->offset,
                           a->value.n);
        return 0;
    }
    int r = mem_grow(&c->name, &c->names_cap, c->nnames, sizeof *c->name, err);
    const uint8_t *value = r == 0 ? arena_dup(&c->arena, a->value.p, a->value.n, err) : NULL;
    if (!value)
        return WTG_E_NOMEM;
    c->name[c->nnames++] = (struct check_name){
        .owner = base, .parent = get_le64(d->parent), .value = value, .n = (uint16_t)a->value.n
    };
    c->place[base].parent = get_le64(d->parent);
    c->result.names++;
    return 0;
}

static int value_object(struct check *c, const struct ntfs_attr *a, struct check_row *row,
                        uint64_t base, struct wtg_err *err)
{
    const struct ntfs_object_id_disk *d = span_at(a->value, 0, NTFS_OBJECT_ID_SHORT_BYTES);
    if (!d) /* said already */
        return 0;
    row->has |= HAS_OBJECT_ID;
    int r = mem_grow(&c->object, &c->objects_cap, c->nobjects, sizeof *c->object, err);
    if (r < 0)
        return r;
    struct check_object *o = &c->object[c->nobjects++];
    *o = (struct check_object){ .ref = base }; /* its sequence number comes when all are known */
    memcpy(o->id, d->id, sizeof o->id);
    return 0;
}

static int value_descriptor(struct check *c, const struct ntfs_attr *a, struct check_row *row,
                            uint64_t base, struct wtg_err *err)
{
    (void)c, (void)a, (void)base, (void)err;
    row->has |= HAS_DESCRIPTOR | HAS_INSIDE;
    return 0;
}

static int value_data(struct check *c, const struct ntfs_attr *a, struct check_row *row,
                      uint64_t base, struct wtg_err *err)
{
    (void)c, (void)base, (void)err;
    if (a->name_len || a->lowest_vcn)
        return 0;
    row->has |= HAS_DATA;
    if (a->flags & NTFS_ATTR_SPARSE)
        row->has |= HAS_SPARSE;
    row->data_size = a->nonresident ? a->data_size : a->value.n;
    row->data_allocated = a->nonresident ? a->total_allocated : round_up(a->value.n, 8);
    return 0;
}

static int value_root(struct check *c, const struct ntfs_attr *a, struct check_row *row,
                      uint64_t base, struct wtg_err *err)
{
    (void)c, (void)base, (void)err;
    row->has |= ntfs_attr_named(a, NTFS_NAME_I30) ? HAS_I30 : HAS_VIEW;
    return 0;
}

static int value_reparse(struct check *c, const struct ntfs_attr *a, struct check_row *row,
                         uint64_t base, struct wtg_err *err)
{
    (void)c, (void)a, (void)base, (void)err;
    row->has |= HAS_REPARSE | HAS_INSIDE;
    return 0;
}

static int value_ea(struct check *c, const struct ntfs_attr *a, struct check_row *row,
                    uint64_t base, struct wtg_err *err)
{
    const struct ntfs_ea_information_disk *d = span_at(a->value, 0, sizeof *d);
    (void)c, (void)base, (void)err;
    row->has |= HAS_EA | HAS_INSIDE;
    if (a->type == NTFS_AT_EA_INFORMATION && d)
        row->ea_bytes = get_le16(d->packed_bytes);
    return 0;
}

/* clang-format off */
static const struct {
    uint32_t type;
    int (*keep)(struct check *c, const struct ntfs_attr *a, struct check_row *row, uint64_t base,
                struct wtg_err *err);
} values[] = {
    { NTFS_AT_STANDARD_INFORMATION, value_standard },
    { NTFS_AT_ATTRIBUTE_LIST,       value_list },
    { NTFS_AT_FILE_NAME,            value_name },
    { NTFS_AT_OBJECT_ID,            value_object },
    { NTFS_AT_SECURITY_DESCRIPTOR,  value_descriptor },
    { NTFS_AT_DATA,                 value_data },
    { NTFS_AT_INDEX_ROOT,           value_root },
    { NTFS_AT_REPARSE_POINT,        value_reparse },
    { NTFS_AT_EA_INFORMATION,       value_ea },
    { NTFS_AT_EA,                   value_ea },
};
/* clang-format on */

int ntfs_check_value(struct check *c, const struct ntfs_attr *a, uint64_t base, struct wtg_err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        if (values[i].type == a->type)
            return values[i].keep(c, a, &c->row[base], base, err);
    return 0;
}
