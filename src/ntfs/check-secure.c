/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/check-state.h"

#include <string.h>

#include "ntfs/read-security.h"
#include "tree/sd.h"

/* $Secure: the descriptors in $SDS, their mirrors, the two indexes over them, and the files that
 * use them: each against the others, both ways. */

struct row {
    struct ntfs_sds_disk head;
    struct wtg_span sd;
    bool in_sii, in_sdh, used;
};

struct secure {
    struct check *c;
    struct wtg_span sds;
    uint8_t *bytes;
    struct row *row; /* by id */
    size_t n, cap;
};

static uint32_t sd_hash(struct wtg_span sd)
{
    uint32_t h = 0;
    for (size_t i = 0; i + 4 <= sd.n; i += 4)
        h = le32_at(sd.p + i) + (h << 3 | h >> 29);
    return h;
}

static uint32_t row_id(const struct row *x)
{
    return get_le32(x->head.id);
}

/* ---- $SDS ------------------------------------------------------------------------------- */

static bool all_zero(struct wtg_span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i])
            return false;
    return true;
}

static void check_entry(struct secure *s, const struct row *x, uint64_t off)
{
    struct check *c = s->c;
    uint32_t id = row_id(x);
    struct wtg_span one = span_sub(s->sds, off, get_le32(x->head.length));
    struct wtg_span mirror = span_sub(s->sds, off + NTFS_SDS_BLOCK, one.n);
    if (!mirror.p || memcmp(one.p, mirror.p, one.n) != 0)
        ntfs_check_problem(c, NTFS_P_SDS_MIRROR, NTFS_REC_SECURE, "id 0x%x at byte %llu", id,
                           (unsigned long long)off);
    if (sd_hash(x->sd) != get_le32(x->head.hash))
        ntfs_check_problem(c, NTFS_P_SDS_HASH, NTFS_REC_SECURE, "id 0x%x: 0x%08x, expected 0x%08x",
                           id, get_le32(x->head.hash), sd_hash(x->sd));
    if (!sd_valid(x->sd))
        ntfs_check_problem(c, NTFS_P_SD, NTFS_REC_SECURE, "id 0x%x", id);
    if (id < NTFS_SECURITY_ID_FIRST)
        ntfs_check_problem(c, NTFS_P_SDS, NTFS_REC_SECURE, "id 0x%x at byte %llu", id,
                           (unsigned long long)off);
}

/* One entry of a block whose rest is `left`; 0: the block ends here. */
static uint32_t next_entry(struct secure *s, uint64_t off, uint64_t left, struct row *ret)
{
    const struct ntfs_sds_disk *d = span_at(s->sds, off, sizeof *d);
    uint32_t n = d ? get_le32(d->length) : 0;
    if (n == 0 && all_zero(span_sub(s->sds, off, min_u64(left, s->sds.n - off))))
        return 0;
    if (n <= sizeof *d || n > left || !span_at(s->sds, off, n) || get_le64(d->offset) != off) {
        ntfs_check_problem(s->c, n ? NTFS_P_SDS : NTFS_P_SDS_DETAIL, NTFS_REC_SECURE,
                           "%u bytes at byte %llu", n, (unsigned long long)off);
        return 0;
    }
    *ret = (struct row){ .head = *d, .sd = span_sub(s->sds, off + sizeof *d, n - sizeof *d) };
    return n;
}

static int walk_sds(struct secure *s, struct wtg_err *err)
{
    uint64_t off = 0, end = 0;
    while (off < s->sds.n) {
        struct row x;
        uint64_t left = NTFS_SDS_BLOCK - off % NTFS_SDS_BLOCK;
        bool mirror = off / NTFS_SDS_BLOCK % 2;
        uint32_t n = mirror ? 0 : next_entry(s, off, left, &x);
        if (n == 0) {
            off = (off / (2 * NTFS_SDS_BLOCK) + 1) * (2 * NTFS_SDS_BLOCK);
            continue;
        }
        int r = mem_grow(&s->row, &s->cap, s->n, sizeof *s->row, err);
        if (r < 0)
            return r;
        check_entry(s, &x, off);
        s->row[s->n++] = x;
        end = off + n + NTFS_SDS_BLOCK;
        off = round_up(off + n, NTFS_SDS_ALIGN);
    }
    s->c->result.descriptors = s->n;
    if (end != s->sds.n)
        ntfs_check_problem(s->c, NTFS_P_SDS_DETAIL, NTFS_REC_SECURE,
                           "the last mirror ends at %llu, the stream at %zu",
                           (unsigned long long)end, s->sds.n);
    return 0;
}

static int compare_ids(const void *a, const void *b)
{
    uint32_t x = row_id(a), y = row_id(b);
    return x < y ? -1 : x > y;
}

static int compare_bytes(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->sd.n != y->sd.n)
        return x->sd.n < y->sd.n ? -1 : 1;
    return memcmp(x->sd.p, y->sd.p, x->sd.n);
}

static void compare_rows(struct secure *s)
{
    if (!s->n)
        return;
    qsort(s->row, s->n, sizeof *s->row, compare_bytes);
    for (size_t i = 1; i < s->n; i++)
        if (compare_bytes(&s->row[i - 1], &s->row[i]) == 0)
            ntfs_check_problem(s->c, NTFS_P_SDS_TWICE, NTFS_REC_SECURE, "ids 0x%x and 0x%x",
                               row_id(&s->row[i - 1]), row_id(&s->row[i]));
    qsort(s->row, s->n, sizeof *s->row, compare_ids);
    for (size_t i = 1; i < s->n; i++)
        if (row_id(&s->row[i - 1]) == row_id(&s->row[i]))
            ntfs_check_problem(s->c, NTFS_P_SDS_ID, NTFS_REC_SECURE, "0x%x", row_id(&s->row[i]));
}

/* ---- $SII and $SDH ---------------------------------------------------------------------- */

static struct row *find_row(struct secure *s, uint32_t id)
{
    struct row key = { .head.id = to_le32(id) };
    return s->n ? bsearch(&key, s->row, s->n, sizeof key, compare_ids) : NULL;
}

/* The data of an entry is a copy of the head in $SDS. */
static struct row *match(struct secure *s, const struct check_entry *e, enum ntfs_problem_number p,
                         uint32_t id)
{
    struct row *x = find_row(s, id);
    if (x && e->data.n == sizeof x->head && memcmp(e->data.p, &x->head, sizeof x->head) == 0)
        return x;
    ntfs_check_problem(s->c, p, NTFS_REC_SECURE, "id 0x%x%s", id, x ? "" : " is not in $SDS");
    return NULL;
}

static int sii_entry(struct check *c, uint64_t record, const struct check_entry *e, void *user,
                     struct wtg_err *err)
{
    (void)err;
    if (e->key.n != 4) {
        ntfs_check_problem(c, NTFS_P_SII, record, "a key of %zu bytes", e->key.n);
        return 0;
    }
    struct row *x = match(user, e, NTFS_P_SII, le32_at(e->key.p));
    if (x)
        x->in_sii = true;
    return 0;
}

static int sdh_entry(struct check *c, uint64_t record, const struct check_entry *e, void *user,
                     struct wtg_err *err)
{
    (void)err;
    if (e->key.n != 8) {
        ntfs_check_problem(c, NTFS_P_SDH, record, "a key of %zu bytes", e->key.n);
        return 0;
    }
    struct row *x = match(user, e, NTFS_P_SDH, le32_at(e->key.p + 4));
    if (x && memcmp(e->key.p, x->head.hash.b, 4) != 0)
        ntfs_check_problem(c, NTFS_P_SDH, record, "id 0x%x stands under another hash", row_id(x));
    else if (x)
        x->in_sdh = true;
    return 0;
}

static const struct check_index_kind sii = { "$SII", 0, NTFS_COLLATE_ULONG, sii_entry };
static const struct check_index_kind sdh = { "$SDH", 0, NTFS_COLLATE_SECURITY_HASH, sdh_entry };

/* ---- Files ------------------------------------------------------------------------------ */

static void check_users(struct secure *s)
{
    struct check *c = s->c;
    for (uint64_t n = 0; n < c->records; n++) {
        const struct check_row *row = &c->row[n];
        if (!c->place[n].in_use || row->base || !(row->has & HAS_STANDARD))
            continue;
        if (row->security_id == 0) {
            if (!(row->has & HAS_DESCRIPTOR))
                ntfs_check_problem(c, NTFS_P_SECURITY_NONE, n, "record %llu",
                                   (unsigned long long)n);
            continue;
        }
        struct row *x = find_row(s, row->security_id);
        if (x)
            x->used = true;
        else
            ntfs_check_problem(c, NTFS_P_SECURITY_ID, n, "0x%x", row->security_id);
    }
}

static void check_closure(struct secure *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct row *x = &s->row[i];
        if (!x->in_sii || !x->in_sdh)
            ntfs_check_problem(s->c, NTFS_P_SDS_UNLISTED, NTFS_REC_SECURE, "id 0x%x is not in %s",
                               row_id(x), x->in_sii ? "$SDH" : "$SII");
        if (!x->used)
            ntfs_check_problem(s->c, NTFS_P_SD_UNUSED, NTFS_REC_SECURE, "id 0x%x", row_id(x));
    }
}

int ntfs_check_security(struct check *c, struct wtg_err *err)
{
    struct secure s = { .c = c };
    int r = ntfs_check_soft(c, ntfs_file_load(c->vol, NTFS_REC_SECURE, &c->file, err), NTFS_P_SDS,
                            NTFS_REC_SECURE, err);
    if (r == 0)
        r = ntfs_check_slurp(c, &c->file, NTFS_AT_DATA, "$SDS", NTFS_SDS_MAX_BYTES, NTFS_P_SDS,
                             &s.bytes, &s.sds.n, err);
    if (r == 0) {
        s.sds.p = s.bytes;
        r = walk_sds(&s, err);
    }
    if (r == 0) {
        compare_rows(&s);
        r = ntfs_check_index(c, &c->file, &sii, &s, err);
    }
    if (r == 0)
        r = ntfs_check_index(c, &c->file, &sdh, &s, err);
    if (r == 0) {
        check_users(&s);
        check_closure(&s);
    }
    free(s.row);
    free(s.bytes);
    return r < 0 ? r : 0;
}
