/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/check-state.h"

#include <string.h>

/* The indexes over the whole volume that stand in $Extend: $Reparse:$R, $ObjId:$O, $Quota. */

/* ---- $Reparse --------------------------------------------------------------------------- */

static int compare_reparse(const void *a, const void *b)
{
    const struct check_reparse *x = a, *y = b;
    uint64_t m = ntfs_ref_record(x->ref), n = ntfs_ref_record(y->ref);
    return m < n ? -1 : m > n;
}

static int reparse_entry(struct check *c, uint64_t record, const struct check_entry *e, void *user,
                         struct wtg_err *err)
{
    (void)user, (void)err;
    if (e->key.n != NTFS_R_KEY_BYTES) {
        ntfs_check_problem(c, NTFS_P_REPARSE_ENTRY, record, "a key of %zu bytes", e->key.n);
        return 0;
    }
    struct check_reparse key = { .ref = le64_at(e->key.p + 4), .tag = le32_at(e->key.p) };
    struct check_reparse *x =
        c->nreparse ? bsearch(&key, c->reparse, c->nreparse, sizeof key, compare_reparse) : NULL;
    if (!x || x->ref != key.ref || x->tag != key.tag)
        ntfs_check_problem(c, NTFS_P_REPARSE_ENTRY, record, "tag 0x%x, record %llu, sequence %u",
                           key.tag, (unsigned long long)ntfs_ref_record(key.ref),
                           ntfs_ref_sequence(key.ref));
    else
        x->seen = true;
    return 0;
}

static void reparse_rest(struct check *c)
{
    for (size_t i = 0; i < c->nreparse; i++)
        if (!c->reparse[i].seen)
            ntfs_check_problem(c, NTFS_P_REPARSE_UNLISTED, ntfs_ref_record(c->reparse[i].ref),
                               "tag 0x%x", c->reparse[i].tag);
}

/* ---- $ObjId ----------------------------------------------------------------------------- */

static int compare_objects(const void *a, const void *b)
{
    const struct check_object *x = a, *y = b;
    int order = memcmp(x->id, y->id, sizeof x->id);
    return order ? order : x->ref < y->ref ? -1 : x->ref > y->ref;
}

static int object_entry(struct check *c, uint64_t record, const struct check_entry *e, void *user,
                        struct wtg_err *err)
{
    struct check_object key;
    (void)user, (void)err;
    const size_t data = sizeof(struct ntfs_o_disk) - offsetof(struct ntfs_o_disk, ref);
    if (e->key.n != sizeof key.id || e->data.n != data) {
        ntfs_check_problem(c, NTFS_P_OBJECT_ENTRY, record, "a key of %zu bytes, data of %zu",
                           e->key.n, e->data.n);
        return 0;
    }
    memcpy(key.id, e->key.p, sizeof key.id);
    key.ref = le64_at(e->data.p);
    struct check_object *x =
        c->nobjects ? bsearch(&key, c->object, c->nobjects, sizeof key, compare_objects) : NULL;
    if (!x)
        ntfs_check_problem(c, NTFS_P_OBJECT_ENTRY, record, "record %llu, sequence %u",
                           (unsigned long long)ntfs_ref_record(key.ref),
                           ntfs_ref_sequence(key.ref));
    else
        x->seen = true;
    return 0;
}

static void object_rest(struct check *c)
{
    for (size_t i = 0; i < c->nobjects; i++)
        if (!c->object[i].seen)
            ntfs_check_problem(c, NTFS_P_OBJECT_UNLISTED, ntfs_ref_record(c->object[i].ref),
                               "%02x%02x...", c->object[i].id[0], c->object[i].id[1]);
}

/* ---- $Quota ----------------------------------------------------------------------------- */

static bool sid_fits(struct wtg_span s)
{
    const struct ntfs_sid_disk *d = span_at(s, 0, sizeof *d);
    return d && d->revision == 1 && d->count <= 15 && s.n == sizeof *d + d->count * 4u;
}

static int quota_entry(struct check *c, uint64_t record, const struct check_entry *e, void *user,
                       struct wtg_err *err)
{
    const struct ntfs_quota_disk *d = span_at(e->data, 0, sizeof *d);
    (void)user, (void)err;
    struct wtg_span sid = span_sub(e->data, sizeof *d, e->data.n - sizeof *d);
    if (e->key.n != 4 || !d || get_le32(d->version) != NTFS_QUOTA_VERSION ||
        (sid.n && !sid_fits(sid)))
        ntfs_check_problem(c, NTFS_P_QUOTA, record, "$Q: a key of %zu bytes, data of %zu", e->key.n,
                           e->data.n);
    return 0;
}

static int owner_entry(struct check *c, uint64_t record, const struct check_entry *e, void *user,
                       struct wtg_err *err)
{
    (void)user, (void)err;
    if (!sid_fits(e->key) || e->data.n < 4)
        ntfs_check_problem(c, NTFS_P_QUOTA, record, "$O: a key of %zu bytes, data of %zu", e->key.n,
                           e->data.n);
    return 0;
}

/* clang-format off */
static const struct {
    const char *file;
    struct check_index_kind index;
    void (*rest)(struct check *c); /* what has no entry; also when there is no index */
} views[] = {
    { "$Reparse", { "$R", 0, NTFS_COLLATE_ULONGS, reparse_entry }, reparse_rest },
    { "$ObjId",   { "$O", 0, NTFS_COLLATE_ULONGS, object_entry },  object_rest },
    { "$Quota",   { "$Q", 0, NTFS_COLLATE_ULONG,  quota_entry },   NULL },
    { "$Quota",   { "$O", 0, NTFS_COLLATE_SID,    owner_entry },   NULL },
};
/* clang-format on */

int ntfs_check_views(struct check *c, struct wtg_err *err)
{
    int r = 0;
    if (c->nobjects)
        qsort(c->object, c->nobjects, sizeof *c->object, compare_objects);
    for (size_t i = 0; r >= 0 && i < ARRAY_LEN(views); i++) {
        uint64_t n = ntfs_check_extend_child(c, views[i].file);
        r = 0;
        if (n == NTFS_NO_RECORD)
            ntfs_check_problem(c, NTFS_P_SYSTEM_DETAIL, NTFS_REC_EXTEND, "there is no '%s'",
                               views[i].file);
        else
            r = ntfs_check_soft(c, ntfs_file_load(c->vol, n, &c->file, err), NTFS_P_INDEX, n, err);
        if (r == 0 && n != NTFS_NO_RECORD)
            r = ntfs_check_index(c, &c->file, &views[i].index, NULL, err);
        if (r >= 0 && views[i].rest)
            views[i].rest(c);
    }
    return r < 0 ? r : 0;
}
