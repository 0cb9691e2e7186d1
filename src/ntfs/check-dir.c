/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/check-state.h"

#include <string.h>

/* Pass 3: directories.  Each entry of an index against the $FILE_NAME it is a copy of, and both
 * against the file they name. */

/* What a $FILE_NAME says beside the name, against the file itself. */
static void compare_with_file(struct check *c, uint64_t n, const struct check_row *row,
                              const struct ntfs_file_name_disk *d)
{
    uint32_t flags = row->attributes & ~(NTFS_FN_DIRECTORY | NTFS_FN_VIEW_INDEX);
    bool dir = row->flags & NTFS_RECORD_DIRECTORY;
    if (dir)
        flags |= NTFS_FN_DIRECTORY;
    if (row->flags & NTFS_RECORD_VIEW_INDEX)
        flags |= NTFS_FN_VIEW_INDEX;
    if (get_le64(d->created) != row->time[0] || get_le64(d->written) != row->time[1] ||
        get_le64(d->changed) != row->time[2] || get_le64(d->accessed) != row->time[3])
        ntfs_check_problem(c, NTFS_P_ENTRY_TIMES, n, "written 0x%llx, in the entry 0x%llx",
                           (unsigned long long)row->time[1],
                           (unsigned long long)get_le64(d->written));
    if (!(get_le32(d->attributes) & NTFS_FN_DIRECTORY) != !dir)
        ntfs_check_problem(c, NTFS_P_ENTRY_DIRECTORY, n, "flags 0x%x", get_le32(d->attributes));
    else if (get_le32(d->attributes) != flags)
        ntfs_check_problem(c, NTFS_P_ENTRY_FLAGS, n, "expected 0x%x, found 0x%x", flags,
                           get_le32(d->attributes));
    uint32_t tag = row->has & HAS_REPARSE ? row->tag : row->ea_bytes;
    if (get_le32(d->ea_or_tag) != tag)
        ntfs_check_problem(c, NTFS_P_ENTRY_TAG, n, "expected 0x%x, found 0x%x", tag,
                           get_le32(d->ea_or_tag));
    /* $MFT grows without telling its name. */
    if (n != NTFS_REC_MFT &&
        (get_le64(d->data_size) != row->data_size || get_le64(d->allocated) != row->data_allocated))
        ntfs_check_problem(
            c, NTFS_P_ENTRY_SIZES, n, "expected %llu (%llu), found %llu (%llu)",
            (unsigned long long)row->data_size, (unsigned long long)row->data_allocated,
            (unsigned long long)get_le64(d->data_size), (unsigned long long)get_le64(d->allocated));
}

/* The $FILE_NAME behind the entry. */
static void compare_with_name(struct check *c, uint64_t dir, const struct check_entry *e)
{
    uint64_t n = ntfs_ref_record(e->ref);
    const struct ntfs_file_name_disk *d = (const void *)e->key.p;
    struct check_name key = { .owner = n, .parent = get_le64(d->parent), .value = e->key.p };
    struct check_name *x = ntfs_check_name_find(c, &key);
    if (!x) {
        ntfs_check_problem(c, NTFS_P_ENTRY_NAME, dir, "an entry for record %llu",
                           (unsigned long long)n);
        return;
    }
    if (x->seen)
        ntfs_check_problem(c, NTFS_P_ENTRY_TWICE, n, "in directory %llu", (unsigned long long)dir);
    x->seen = true;
    if (x->n != e->key.n || memcmp(x->value, e->key.p, x->n) != 0)
        ntfs_check_problem(c, NTFS_P_NAME_COPY, n, "in directory %llu", (unsigned long long)dir);
}

static int name_entry(struct check *c, uint64_t dir, const struct check_entry *e, void *user,
                      struct wtg_err *err)
{
    const struct ntfs_file_name_disk *d = span_at(e->key, 0, sizeof *d);
    uint64_t n = ntfs_ref_record(e->ref);
    (void)user, (void)err;
    if (!d || !d->name_len || e->key.n != sizeof *d + d->name_len * 2u) {
        ntfs_check_problem(c, NTFS_P_ENTRY_KEY, dir, "a key of %zu bytes", e->key.n);
        return 0;
    }
    if (get_le64(d->parent) != ntfs_ref(dir, c->place[dir].sequence))
        ntfs_check_problem(c, NTFS_P_ENTRY_PARENT, dir,
                           "for record %llu: directory %llu, sequence %u", (unsigned long long)n,
                           (unsigned long long)ntfs_ref_record(get_le64(d->parent)),
                           ntfs_ref_sequence(get_le64(d->parent)));
    if (n >= c->records || !c->place[n].in_use || c->row[n].base) {
        ntfs_check_problem(c, NTFS_P_ENTRY_TARGET, dir, "record %llu", (unsigned long long)n);
        return 0;
    }
    if (ntfs_ref_sequence(e->ref) != c->place[n].sequence)
        ntfs_check_problem(c, NTFS_P_ENTRY_SEQUENCE, dir, "record %llu: sequence %u, expected %u",
                           (unsigned long long)n, ntfs_ref_sequence(e->ref), c->place[n].sequence);
    uint32_t whole = sizeof *e->disk + (uint32_t)e->key.n;
    whole = (uint32_t)round_up(whole, 8) + (get_le16(e->disk->flags) & NTFS_ENTRY_CHILD ? 8 : 0);
    if (get_le16(e->disk->length) != whole)
        ntfs_check_problem(c, NTFS_P_INDEX_DETAIL, dir, "an entry of %u bytes, expected %u",
                           get_le16(e->disk->length), whole);
    compare_with_name(c, dir, e);
    compare_with_file(c, n, &c->row[n], d);
    return 0;
}

static const struct check_index_kind names = { NTFS_NAME_I30, NTFS_AT_FILE_NAME,
                                               NTFS_COLLATE_FILE_NAME, name_entry };

int ntfs_check_directories(struct check *c, struct wtg_err *err)
{
    int r = 0;
    for (uint64_t n = 0; r == 0 && n < c->records; n++) {
        r = ntfs_check_tick(c, 2, n, err);
        if (r < 0 || !c->place[n].directory)
            continue;
        r = ntfs_check_soft(c, ntfs_file_load(c->vol, n, &c->file, err), NTFS_P_INDEX, n, err);
        if (r == 0)
            r = ntfs_check_index(c, &c->file, &names, NULL, err);
        r = r < 0 ? r : 0;
    }
    return r;
}
