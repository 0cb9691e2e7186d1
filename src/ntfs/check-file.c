/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/check-state.h"

#include <string.h>

/* What must be true of each file once all records and all indexes are known. */

/* ---- Names ------------------------------------------------------------------------------ */

/* By owner, parent, length, name, name space: so that equal names stand side by side. */
static int compare_names(const void *a, const void *b)
{
    const struct check_name *x = a, *y = b;
    const struct ntfs_file_name_disk *p = (const void *)x->value, *q = (const void *)y->value;
    if (x->owner != y->owner)
        return x->owner < y->owner ? -1 : 1;
    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    if (p->name_len != q->name_len)
        return p->name_len < q->name_len ? -1 : 1;
    int order = memcmp(x->value + sizeof *p, y->value + sizeof *q, p->name_len * 2u);
    return order ? order : p->name_space - q->name_space;
}

int ntfs_check_names_sort(struct check *c, struct wtg_err *err)
{
    (void)err;
    if (c->nnames)
        qsort(c->name, c->nnames, sizeof *c->name, compare_names);
    for (size_t i = 0; i < c->nobjects; i++) {
        struct check_object *o = &c->object[i];
        o->ref = ntfs_ref(o->ref, c->place[o->ref].sequence);
    }
    return 0;
}

struct check_name *ntfs_check_name_find(const struct check *c, const struct check_name *key)
{
    return c->nnames ? bsearch(key, c->name, c->nnames, sizeof *c->name, compare_names) : NULL;
}

size_t ntfs_check_names_of(const struct check *c, uint64_t record)
{
    size_t lo = 0, hi = c->nnames;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (c->name[mid].owner < record)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < c->nnames && c->name[lo].owner == record ? lo : c->nnames;
}

bool ntfs_check_name_is(const struct check_name *x, const char *ascii)
{
    const struct ntfs_file_name_disk *d = (const void *)x->value;
    size_t n = strlen(ascii);
    if (d->name_len != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (le16_at(x->value + sizeof *d + i * 2) != (uint8_t)ascii[i])
            return false;
    return true;
}

uint64_t ntfs_check_extend_child(const struct check *c, const char *name)
{
    for (size_t i = 0; i < c->nnames; i++)
        if (ntfs_ref_record(c->name[i].parent) == NTFS_REC_EXTEND &&
            ntfs_check_name_is(&c->name[i], name))
            return c->name[i].owner;
    return NTFS_NO_RECORD;
}

struct check_row *ntfs_check_target(const struct check *c, uint64_t ref)
{
    uint64_t n = ntfs_ref_record(ref);
    if (n >= c->records || !c->place[n].in_use || c->row[n].base ||
        c->place[n].sequence != ntfs_ref_sequence(ref))
        return NULL;
    return &c->row[n];
}

static void check_characters(struct check *c, const struct check_name *x)
{
    const struct ntfs_file_name_disk *d = (const void *)x->value;
    bool dots = ntfs_check_name_is(x, ".") || ntfs_check_name_is(x, "..");
    for (unsigned i = 0; i < d->name_len; i++) {
        uint16_t u = le16_at(x->value + sizeof *d + i * 2);
        if (u == 0 || u == '/' || u == '\\') {
            ntfs_check_problem(c, NTFS_P_NAME_CHARACTERS, x->owner, "unit 0x%04x at place %u", u,
                               i);
            return;
        }
    }
    if (dots && x->owner != NTFS_REC_ROOT)
        ntfs_check_problem(c, NTFS_P_NAME_CHARACTERS, x->owner, "it is '.' or '..'");
}

/* Which name spaces (a bit each) the names from i on have that stand in one directory. */
static unsigned spaces_of(const struct check *c, size_t i, size_t end, size_t *ret_n)
{
    unsigned spaces = 0;
    size_t k = i;
    for (; k < end && c->name[k].parent == c->name[i].parent; k++)
        spaces |= 1u << ((const struct ntfs_file_name_disk *)c->name[k].value)->name_space;
    *ret_n = k - i;
    return spaces;
}

static void check_name_places(struct check *c, const struct check_name *x)
{
    if (!ntfs_place_dir(c->place, c->records, x->parent))
        ntfs_check_problem(c, NTFS_P_NAME_PARENT, x->owner, "record %llu, sequence %u",
                           (unsigned long long)ntfs_ref_record(x->parent),
                           ntfs_ref_sequence(x->parent));
    else if (!x->seen)
        ntfs_check_problem(c, NTFS_P_NAME_UNLISTED, x->owner, "in directory %llu",
                           (unsigned long long)ntfs_ref_record(x->parent));
}

/* The names of a file in one directory: [i, i+n). */
static void check_names_there(struct check *c, size_t i, size_t n, unsigned spaces)
{
    uint64_t owner = c->name[i].owner;
    unsigned long long dir = ntfs_ref_record(c->name[i].parent);
    for (size_t k = i; k < i + n; k++) {
        const struct check_name *x = &c->name[k];
        const struct ntfs_file_name_disk *d = (const void *)x->value;
        check_name_places(c, x);
        check_characters(c, x);
        if (k > i && x[-1].n == x->n &&
            memcmp(x[-1].value + sizeof *d, x->value + sizeof *d, d->name_len * 2u) == 0)
            ntfs_check_problem(c, NTFS_P_NAME_TWICE, owner, "in directory %llu", dir);
        if (d->name_space == NTFS_NS_DOS && !(spaces >> NTFS_NS_WIN32 & 1))
            ntfs_check_problem(c, NTFS_P_NAME_DOS_ALONE, owner, "in directory %llu", dir);
        if (d->name_space == NTFS_NS_WIN32 && !(spaces >> NTFS_NS_DOS & 1))
            ntfs_check_problem(c, NTFS_P_NAME_WIN32_ALONE, owner, "in directory %llu", dir);
    }
}

/* All names of a file: [i, end). */
static void check_names(struct check *c, size_t i, size_t end)
{
    uint64_t owner = c->name[i].owner;
    unsigned dos = 0, others = 0;
    for (size_t k = i; k < end; k++) {
        uint8_t space = ((const struct ntfs_file_name_disk *)c->name[k].value)->name_space;
        dos += space == NTFS_NS_DOS || space == NTFS_NS_WIN32_AND_DOS;
        others += space != NTFS_NS_DOS;
    }
    for (size_t k = i, n; k < end; k += n) {
        unsigned spaces = spaces_of(c, k, end, &n);
        check_names_there(c, k, n, spaces);
    }
    if (dos > 1)
        ntfs_check_problem(c, NTFS_P_NAME_DOS_MANY, owner, "%u", dos);
    if (others > 1 && c->place[owner].directory)
        ntfs_check_problem(c, NTFS_P_DIRECTORY_LINKS, owner, "%u", others);
}

/* ---- Records ---------------------------------------------------------------------------- */

/* Some of $Extend's children have only named streams or indexes ($UsnJrnl, $Quota). */
static bool is_below_extend(const struct check *c, uint64_t n)
{
    const struct ntfs_place_row *dir = ntfs_place_dir(c->place, c->records, c->place[n].parent);
    return dir && dir->place == NTFS_PLACE_SYSTEM;
}

static void check_contents(struct check *c, uint64_t n, const struct check_row *row)
{
    bool dir = row->flags & NTFS_RECORD_DIRECTORY;
    if (!(row->has & HAS_STANDARD))
        ntfs_check_problem(c, NTFS_P_ATTR_MISSING, n, "it has no $STANDARD_INFORMATION");
    if (dir != !!(row->has & HAS_I30))
        ntfs_check_problem(c, NTFS_P_ATTR_MISSING, n, "%s",
                           dir ? "a directory without index" : "an index, but it is no directory");
    if (!(row->flags & NTFS_RECORD_VIEW_INDEX) != !(row->has & HAS_VIEW))
        ntfs_check_problem(c, NTFS_P_RECORD_DETAIL, n, "flags 0x%x do not fit its indexes",
                           row->flags);
    if (!dir && !(row->has & (HAS_DATA | HAS_VIEW)) && !is_below_extend(c, n))
        ntfs_check_problem(c, NTFS_P_ATTR_MISSING, n, "it has no unnamed $DATA");
    if (!(row->attributes & ATTR_REPARSE) != !(row->has & HAS_REPARSE))
        ntfs_check_problem(c, NTFS_P_STANDARD_FLAGS, n, "attributes 0x%x, %s reparse point",
                           row->attributes, row->has & HAS_REPARSE ? "a" : "no");
    if (!(row->attributes & ATTR_SPARSE) != !(row->has & HAS_SPARSE))
        ntfs_check_problem(c, NTFS_P_STANDARD_FLAGS, n, "attributes 0x%x, data is %ssparse",
                           row->attributes, row->has & HAS_SPARSE ? "" : "not ");
}

static void check_row_of_file(struct check *c, uint64_t n)
{
    const struct check_row *row = &c->row[n];
    size_t i = ntfs_check_names_of(c, n), end = i;
    check_contents(c, n, row);
    while (end < c->nnames && c->name[end].owner == n)
        end++;
    if (row->links != row->names)
        ntfs_check_problem(c, NTFS_P_LINKS, n, "it counts %u and has %u", row->links, row->names);
    if (end > i)
        check_names(c, i, end);
    else if (n < NTFS_REC_RESERVED || n >= NTFS_REC_QUOTA)
        ntfs_check_problem(c, NTFS_P_NAMELESS, n, "record %llu", (unsigned long long)n);
    if (c->place[n].directory && c->place[n].place == NTFS_PLACE_LOST)
        ntfs_check_problem(c, NTFS_P_LOST, n, "its parents begin with record %llu",
                           (unsigned long long)ntfs_ref_record(c->place[n].parent));
}

static void check_extension(struct check *c, uint64_t n)
{
    const struct check_row *base = ntfs_check_target(c, c->row[n].base);
    if (!base)
        ntfs_check_problem(c, NTFS_P_EXTENSION, n, "it names record %llu, sequence %u",
                           (unsigned long long)ntfs_ref_record(c->row[n].base),
                           ntfs_ref_sequence(c->row[n].base));
    else if (!(base->has & HAS_LIST))
        ntfs_check_problem(c, NTFS_P_EXTENSION, n, "record %llu has no attribute list",
                           (unsigned long long)ntfs_ref_record(c->row[n].base));
    if (c->row[n].flags & ~NTFS_RECORD_IN_USE)
        ntfs_check_problem(c, NTFS_P_RECORD_DETAIL, n, "an extension record with flags 0x%x",
                           c->row[n].flags);
}

void ntfs_check_files(struct check *c)
{
    ntfs_place_directories(c->place, c->records);
    for (uint64_t n = 0; n < c->records; n++) {
        if (!c->place[n].in_use)
            continue;
        if (c->row[n].base)
            check_extension(c, n);
        else
            check_row_of_file(c, n);
    }
}
