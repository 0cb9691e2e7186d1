/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/check-state.h"

#include "tree/sd.h"

/* Pass 2: attributes whose value may stand anywhere on the volume: reparse points, extended
 * attributes, descriptors of old. */

static int inside_reparse(struct check *c, const struct ntfs_file *f, struct wtg_err *err)
{
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    int r = ntfs_check_slurp(c, f, NTFS_AT_REPARSE_POINT, "", NTFS_REPARSE_MAX, NTFS_P_REPARSE,
                             &bytes, &n, err);
    if (r != 0)
        return r;
    struct wtg_span value = { bytes, n };
    const struct ntfs_reparse_disk *d = span_at(value, 0, sizeof *d);
    size_t head = sizeof *d;
    if (d && !(get_le32(d->tag) & NTFS_REPARSE_MICROSOFT))
        head += NTFS_REPARSE_GUID_BYTES;
    if (!d || n != head + get_le16(d->data_length)) {
        ntfs_check_problem(c, NTFS_P_REPARSE, f->record,
                           "%zu bytes do not hold the data they should", n);
        return 0;
    }
    c->row[f->record].tag = get_le32(d->tag);
    r = mem_grow(&c->reparse, &c->reparse_cap, c->nreparse, sizeof *c->reparse, err);
    if (r < 0)
        return r;
    c->reparse[c->nreparse++] =
        (struct check_reparse){ .ref = ntfs_ref(f->record, f->sequence), .tag = get_le32(d->tag) };
    if (get_le32(d->tag) != NTFS_REPARSE_TAG_WOF)
        return 0;
    return ntfs_check_wof(c, f, span_sub(value, head, n - head), err);
}

static int inside_ea(struct check *c, const struct ntfs_file *f, struct wtg_err *err)
{
    AUTO_FREE uint8_t *bytes = NULL;
    const struct ntfs_attr *info = ntfs_file_find(f, NTFS_AT_EA_INFORMATION, "");
    const struct ntfs_ea_information_disk *have = info ? span_at(info->value, 0, 8) : NULL;
    size_t n = 0, packed = 0, need = 0;
    int r = ntfs_check_slurp(c, f, NTFS_AT_EA, "", NTFS_EA_MAX, NTFS_P_EA, &bytes, &n, err);
    if (r != 0)
        return r;
    struct wtg_span s = { bytes, n };
    for (size_t at = 0, step; at < n; at += step) {
        const struct ntfs_ea_disk *d = span_at(s, at, sizeof *d);
        size_t size = d ? sizeof *d + d->name_len + 1u + get_le16(d->value_len) : 0;
        step = d ? get_le32(d->next_offset) : 0;
        if (step == 0 && !c->opts->strict) /* some drivers do not tell where the last one ends */
            step = min_u64(round_up(size, 4), n - at);
        if (!d || step < size || step % 4 || step > n - at || bytes[at + sizeof *d + d->name_len]) {
            ntfs_check_problem(c, NTFS_P_EA, f->record, "the entry at byte %zu of %zu does not fit",
                               at, n);
            return 0;
        }
        packed += (size_t)NTFS_EA_PACKED_OVERHEAD + d->name_len + get_le16(d->value_len);
        need += (d->flags & NTFS_EA_NEED) ? 1u : 0u;
    }
    if (!have || get_le32(have->unpacked_bytes) != n || get_le16(have->packed_bytes) != packed ||
        get_le16(have->need_count) != need)
        ntfs_check_problem(c, NTFS_P_EA, f->record,
                           "%zu bytes, packed %zu, %zu needed: $EA_INFORMATION says otherwise", n,
                           packed, need);
    return 0;
}

static int inside_descriptor(struct check *c, const struct ntfs_file *f, struct wtg_err *err)
{
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    int r = ntfs_check_slurp(c, f, NTFS_AT_SECURITY_DESCRIPTOR, "", NTFS_SDS_BLOCK, NTFS_P_SD,
                             &bytes, &n, err);
    if (r == 0 && !sd_valid((struct wtg_span){ bytes, n }))
        ntfs_check_problem(c, NTFS_P_SD, f->record, "its own, of %zu bytes", n);
    return r;
}

int ntfs_check_insides(struct check *c, struct wtg_err *err)
{
    /* clang-format off */
    static const struct {
        uint16_t has;
        int (*look)(struct check *c, const struct ntfs_file *f, struct wtg_err *err);
    } part[] = {
        { HAS_REPARSE,    inside_reparse },
        { HAS_EA,         inside_ea },
        { HAS_DESCRIPTOR, inside_descriptor },
    };
    /* clang-format on */
    int r = 0;
    for (uint64_t n = 0; r >= 0 && n < c->records; n++) {
        r = ntfs_check_tick(c, 1, n, err);
        if (r < 0 || !c->place[n].in_use || c->row[n].base || !(c->row[n].has & HAS_INSIDE))
            continue;
        r = ntfs_check_soft(c, ntfs_file_load(c->vol, n, &c->file, err), NTFS_P_LIST, n, err);
        if (r != 0)
            continue;
        for (size_t i = 0; r >= 0 && i < ARRAY_LEN(part); i++)
            if (c->row[n].has & part[i].has)
                r = part[i].look(c, &c->file, err);
    }
    return r < 0 ? r : 0;
}
