/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/build-priv.h"

/* Step 3: what each file keeps in its records and what outside, how many records it takes, and the
 * shape of its index.
 *
 * First everything takes its smallest form. If that does not fit one record, the file gets an
 * $ATTRIBUTE_LIST, and what may stay in records is bounded by a share of one. Else what fits is
 * made resident: the unnamed stream before all else. */

enum {
    SLACK = 32,           /* left free in a record for what Windows adds */
    BITMAP_RESIDENT = 64, /* bytes of an index's bitmap: 512 blocks */
    /* $Secure holds $SDS and two indexes: each gets half of what is left of 960 bytes. */
    VIEW_ALONE = 288,
    VIEW_WITH_BLOCKS = 112,
    ONE_RUN = 1 + 5 + 5 + 1, /* bytes of a single run, at the most */
};

/* $INDEX_ALLOCATION and the larger form of $BITMAP, both with a name like $I30. */
static uint32_t blocks_bytes(void)
{
    return mft_nonresident_bytes(4, false, ONE_RUN) + mft_resident_bytes(4, BITMAP_RESIDENT);
}

static void set_odd(struct build_file *f, enum odd_kind kind, bool outside)
{
    f->odds = (uint8_t)(outside ? f->odds | 1u << kind : f->odds & ~(1u << kind));
}

/* ---- Indexes ---- */

static int plan_index(struct ntfs_build *b, struct build_file *f, uint32_t which, uint32_t alone,
                      uint32_t with_blocks, struct wtg_err *err)
{
    struct build_index *x = &b->index[f->index + which];
    if (index_plan(&x->keys, alone, with_blocks, &b->arena, &x->shape, err) < 0)
        return err->code;
    set_odd(f, which ? ODD_BITMAP_2 : ODD_BITMAP, index_bitmap_bytes(x) > BITMAP_RESIDENT);
    return 0;
}

/* A directory's index gets the room that its smallest other attributes leave. */
static int plan_directory(struct ntfs_build *b, struct build_file *f, struct wtg_err *err)
{
    if (file_attrs(b, f, err) < 0) /* the index's shape is still empty */
        return err->code;
    uint64_t others = mft_bytes_max(&b->mft, b->lcn_bytes);
    uint64_t root = index_root_bytes_alone(&b->index[f->index].keys),
             room = mft_room(b->record_bytes);
    uint32_t least = blocks_bytes() + INDEX_ROOT_BYTES_MIN;
    f->list = others + min_u64(round_up(root, 8), least) > room;
    uint32_t spare = (uint32_t)(f->list ? room / 2 : room - others) & ~7u;
    if (spare >= least + SLACK)
        spare -= SLACK;
    uint32_t with_blocks = spare > least ? spare - blocks_bytes() : INDEX_ROOT_BYTES_MIN;
    return plan_index(b, f, 0, spare, (uint32_t)min_u64(with_blocks, room / 3), err);
}

static int add_view(struct ntfs_build *b, uint32_t record, const struct index_view *view, size_t n,
                    struct wtg_err *err)
{
    if (mem_grow(&b->index, &b->indexes_cap, b->nindexes, sizeof b->index[0], err) < 0)
        return err->code;
    struct build_file *f = b->file;
    while (f->record != record)
        f++;
    if (f->nindexes++ == 0)
        f->index = (uint32_t)b->nindexes;
    b->index[b->nindexes++] =
        (struct build_index){ .keys = { n, view->entry_bytes, view->put }, .b = b, .view = view };
    return plan_index(b, f, f->nindexes - 1u, VIEW_ALONE, VIEW_WITH_BLOCKS, err);
}

/* The entries of these have the same size each, so that their number is all that is needed now. */
static int plan_views(struct ntfs_build *b, struct wtg_err *err)
{
    const struct {
        uint32_t record;
        const struct index_view *view;
        size_t n;
    } views[] = {
        { NTFS_REC_SECURE, &view_sdh, b->secure.n },
        { NTFS_REC_SECURE, &view_sii, b->secure.n },
        { NTFS_REC_QUOTA, &view_quota_o, 1 },
        { NTFS_REC_QUOTA, &view_quota_q, 2 },
        { NTFS_REC_OBJID, &view_objid_o, b->nobjid },
        { NTFS_REC_REPARSE, &view_reparse_r, b->nreparse },
    };
    for (size_t i = 0; i < ARRAY_LEN(views); i++)
        if (add_view(b, views[i].record, views[i].view, views[i].n, err) < 0)
            return err->code;
    return 0;
}

static int collect_reparse(struct ntfs_build *b, struct wtg_err *err)
{
    for (size_t i = SYSTEM_ROOT; i < b->nfiles; i++) {
        const struct build_file *f = &b->file[i];
        if (!(f->node->attributes & ATTR_REPARSE))
            continue;
        if (mem_grow(&b->reparse, &b->reparse_cap, b->nreparse, sizeof b->reparse[0], err) < 0)
            return err->code;
        b->reparse[b->nreparse++] = (struct reparse_key){ .tag = f->node->reparse_tag, .ref = i };
    }
    return 0;
}

/* As $R is ordered: tag, then the reference as two little-endian words. */
static int by_reparse_key(const void *a, const void *b)
{
    const struct reparse_key *x = a, *y = b;
    const uint32_t u[3] = { x->tag, (uint32_t)x->ref, (uint32_t)(x->ref >> 32) };
    const uint32_t v[3] = { y->tag, (uint32_t)y->ref, (uint32_t)(y->ref >> 32) };
    for (size_t i = 0; i < ARRAY_LEN(u); i++)
        if (u[i] != v[i])
            return u[i] < v[i] ? -1 : 1;
    return 0;
}

/* ---- Streams ---- */

static uint32_t outside_bytes(const struct ntfs_build *b, const struct place *p)
{
    struct ntfs_run one = { 0, place_clusters(p) };
    size_t pairs = p->run ? runlist_bytes_max(p->run, p->nruns, b->lcn_bytes)
                          : runlist_bytes_max(&one, 1, b->lcn_bytes);
    return mft_nonresident_bytes(p->name_len, p->sparse, pairs);
}

static uint32_t resident_bytes(const struct place *p)
{
    uint64_t bytes = min_u64(place_bytes(p), NTFS_RECORD_BYTES * 8); /* more than any record */
    return mft_resident_bytes(p->name_len, bytes);
}

/* What a file may still make resident. */
struct spare {
    uint64_t total, room; /* of its only record */
    uint32_t share;       /* with a list: what one attribute may take; else 0 */
};

/* Is there room for an attribute to become resident? */
static bool take(struct spare *s, uint32_t resident, uint32_t outside)
{
    if (s->share)
        return resident <= s->share;
    if (s->total - outside + resident + SLACK > s->room)
        return false;
    s->total = s->total - outside + resident;
    return true;
}

static void upgrade_place(const struct ntfs_build *b, struct spare *s, struct place *p)
{
    if (p->outside && !p->sparse && take(s, resident_bytes(p), outside_bytes(b, p)))
        p->outside = false;
}

static void plan_least(struct ntfs_build *b, struct build_file *f)
{
    uint64_t packed, ea = file_ea_bytes(f->node, &packed);
    for (uint32_t i = 0; i < f->nplaces; i++) {
        struct place *p = &b->place[f->place + i];
        p->outside = p->sparse || outside_bytes(b, p) < resident_bytes(p);
        if (p->reparse)
            set_odd(f, ODD_REPARSE, p->outside);
    }
    set_odd(f, ODD_EA, mft_nonresident_bytes(0, false, ONE_RUN) < mft_resident_bytes(0, ea));
}

static void plan_resident(struct ntfs_build *b, struct build_file *f)
{
    struct spare s = { .total = mft_bytes_max(&b->mft, b->lcn_bytes),
                       .room = mft_room(b->record_bytes),
                       .share = f->list ? mft_room(b->record_bytes) / 4 : 0 };
    uint64_t packed, ea = file_ea_bytes(f->node, &packed);
    uint32_t first = f->place, end = f->place + f->nplaces;
    if (!file_is_directory(f))
        upgrade_place(b, &s, &b->place[first++]);
    if (f->node->attributes & ATTR_REPARSE) {
        struct place *last = &b->place[--end];
        upgrade_place(b, &s, last);
        set_odd(f, ODD_REPARSE, last->outside);
    }
    if ((f->odds & 1u << ODD_EA) &&
        take(&s, mft_resident_bytes(0, ea), mft_nonresident_bytes(0, false, ONE_RUN)))
        set_odd(f, ODD_EA, false);
    for (uint32_t i = first; i < end; i++)
        upgrade_place(b, &s, &b->place[i]);
}

/* ---- The file ---- */

static uint32_t odd_bytes(const struct ntfs_build *b, const struct build_file *f,
                          enum odd_kind kind)
{
    uint64_t packed;
    switch (kind) {
    case ODD_LIST:
        return (uint32_t)mft_list_bytes(&b->mft);
    case ODD_BITMAP:
        return index_bitmap_bytes(&b->index[f->index]);
    case ODD_BITMAP_2:
        return index_bitmap_bytes(&b->index[f->index + 1]);
    case ODD_REPARSE:
        return (uint32_t)place_bytes(&b->place[f->place + f->nplaces - 1]);
    default:
        return (uint32_t)file_ea_bytes(f->node, &packed);
    }
}

static int add_odds(struct ntfs_build *b, struct build_file *f, struct wtg_err *err)
{
    for (enum odd_kind kind = 0; kind < ODD_KINDS; kind++) {
        if (!(f->odds & 1u << kind))
            continue;
        if (mem_grow(&b->odd, &b->odds_cap, b->nodds, sizeof b->odd[0], err) < 0)
            return err->code;
        struct odd *o = &b->odd[b->nodds], *before = b->nodds ? o - 1 : NULL;
        *o = (struct odd){ (uint32_t)f->node->mark, kind, odd_bytes(b, f, kind), 0 };
        if (before)
            o->cluster = before->cluster + div_up(before->bytes, CLUSTER);
        if (f->first_odd == NONE)
            f->first_odd = (uint32_t)b->nodds;
        b->nodds++;
    }
    return 0;
}

/* Spreads a file with everything decided over its records. */
static int pack_file(struct ntfs_build *b, struct build_file *f, struct wtg_err *err)
{
    if (file_attrs(b, f, err) < 0)
        return err->code;
    if (f->list) {
        uint64_t bytes = mft_list_bytes(&b->mft);
        if (bytes > NTFS_ATTR_LIST_MAX)
            return wtg_fail(
                err, WTG_E_UNSUPPORTED,
                "has more names and streams than NTFS can list (%llu bytes of at most %d)",
                (unsigned long long)bytes, NTFS_ATTR_LIST_MAX);
        set_odd(f, ODD_LIST, mft_resident_bytes(0, bytes) > mft_room(b->record_bytes) / 4);
        if (file_attrs(b, f, err) < 0)
            return err->code;
    }
    if (mft_pack(&b->mft, b->record_bytes, b->lcn_bytes, err) < 0)
        return err->code;
    f->nrecords = b->mft.nrecords;
    if (!f->system) {
        f->record = (uint32_t)b->next_record;
        b->next_record += f->nrecords;
    } else if (f->nrecords > 1) {
        return wtg_fail(err, WTG_E_UNSUPPORTED, "has more streams than its only record can name");
    }
    return add_odds(b, f, err);
}

static int plan_file(struct ntfs_build *b, struct build_file *f, struct wtg_err *err)
{
    plan_least(b, f);
    if (file_is_directory(f) && plan_directory(b, f, err) < 0)
        return err->code;
    if (f->nplaces > 0 || f->node->neas > 0) {
        if (file_attrs(b, f, err) < 0)
            return err->code;
        if (!f->system && mft_bytes_max(&b->mft, b->lcn_bytes) > mft_room(b->record_bytes))
            f->list = true;
        plan_resident(b, f);
    }
    return pack_file(b, f, err);
}

int build_plan(struct ntfs_build *b, struct wtg_err *err)
{
    b->next_record = NTFS_FIRST_USER_RECORD;
    if (collect_reparse(b, err) < 0 || plan_views(b, err) < 0)
        return err->code;
    for (size_t i = 0; i < b->nfiles; i++) {
        struct build_file *f = &b->file[i];
        if (plan_file(b, f, err) < 0) {
            char path[320] = "\\";
            if (!f->system)
                tree_path(f->node->link, path, sizeof path);
            return wtg_because(err, "'%s'", path);
        }
    }
    for (size_t i = 0; i < b->nreparse; i++)
        b->reparse[i].ref = file_ref(&b->file[b->reparse[i].ref]);
    if (b->nreparse > 1)
        qsort(b->reparse, b->nreparse, sizeof b->reparse[0], by_reparse_key);
    uint32_t block = 0;
    for (size_t i = 0; i < b->nindexes; i++) {
        b->index[i].first_block = block;
        block += b->index[i].shape.nblocks;
    }
    return 0;
}
