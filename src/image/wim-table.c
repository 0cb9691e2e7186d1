/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/wim.h"

#include <inttypes.h>
#include <string.h>

#include "base/hash.h"

/* The blob tables of all parts become one array in the order in which the blobs stand, and an
 * index by SHA-1.  What is ignored and what is refused follows wimlib, which has met every odd
 * WIM there is. */

/* One part's table while it is read. */
struct table {
    struct wim *w;
    uint16_t part;
    struct wtg_span bytes;
    size_t n;
    size_t solid_first, solid_n; /* of the run of solid entries that entry `at` stands in */
    uint64_t solid_bytes;        /* decoded bytes of the run so far */
    bool in_run;
    size_t *blobs_cap;
};

static const struct wim_blob_disk *entry_at(const struct table *t, size_t i)
{
    return span_at(t->bytes, i * sizeof(struct wim_blob_disk), sizeof(struct wim_blob_disk));
}

static bool is_solid(const struct table *t, struct wim_res r)
{
    return (r.flags & WIM_RES_SOLID) && t->w->part[t->part].h.version == WIM_VERSION_SOLID;
}

/* Where each chunk of a solid resource stands, from the table of their sizes. */
static int solid_chunks(struct wim *w, struct wim_solid *s, struct wtg_err *err)
{
    const struct wim_part *p = &w->part[s->part];
    uint64_t n = div_up(s->size, s->chunk_bytes);
    uint64_t head = sizeof(struct wim_solid_disk) + 4 * n;

    if (n > WIM_MAX_SOLID_CHUNKS - w->nsolid_chunks || head > s->stored)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                        "%" PRIu64 " bytes in %" PRIu64 " chunks cannot stand in %" PRIu64 " bytes",
                        s->size, n, s->stored);
    w->nsolid_chunks += (uint32_t)n;
    s->nchunks = (uint32_t)n;
    s->chunk_off = arena_alloc(&w->arena, (n + 1) * sizeof *s->chunk_off, err);
    AUTO_FREE uint8_t *sizes = mem_zeroed(n, 4, err);
    if (!s->chunk_off || !sizes)
        return err->code;
    int r = blk_read(p->blk, s->off + sizeof(struct wim_solid_disk), sizes, 4 * n, err);
    if (r < 0)
        return r;
    uint64_t at = head;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t end = at + le32_at(sizes + 4 * (size_t)i);
        r = wim_chunk_check(i, at, end, s->stored, wim_chunk_size(s->size, s->chunk_bytes, i), err);
        if (r < 0)
            return r;
        s->chunk_off[i] = s->off + at;
        at = end;
    }
    s->chunk_off[n] = s->off + at;
    return 0;
}

static int solid_header(struct wim *w, struct wim_solid *s, struct wtg_err *err)
{
    struct wim_solid_disk d;

    int r = wim_range_check(&w->part[s->part], "a solid resource", s->off, s->stored, err);
    if (r == 0 && s->stored < sizeof d)
        r = wtg_fail(err, WTG_E_IMAGE_DAMAGED, "%" PRIu64 " bytes are too few for it", s->stored);
    if (r == 0)
        r = blk_read(w->part[s->part].blk, s->off, &d, sizeof d, err);
    if (r < 0)
        return r;
    s->size = get_le64(d.size);
    s->chunk_bytes = get_le32(d.chunk_bytes);
    s->kind = (enum codec_kind)get_le32(d.kind);
    if (!codec_chunk_valid(s->kind, s->chunk_bytes))
        return wtg_fail(err, WTG_E_IMAGE_FORMAT,
                        "compression %u (%s) in chunks of %u bytes is not "
                        "known",
                        (unsigned)s->kind, codec_name(s->kind), s->chunk_bytes);
    return solid_chunks(w, s, err);
}

static int solid_add(struct table *t, struct wim_res res, struct wtg_err *err)
{
    struct wim *w = t->w;
    int r = mem_grow(&w->solid, &w->solids_cap, w->nsolids, sizeof *w->solid, err);
    struct wim_solid *s = r < 0 ? NULL : arena_alloc(&w->arena, sizeof *s, err);
    if (!s)
        return err->code;
    *s = (struct wim_solid){ .part = t->part, .off = res.off, .stored = res.stored };
    r = solid_header(w, s, err);
    if (r < 0)
        return wtg_because(err, "the solid resource at byte %" PRIu64, res.off);
    s->run_start = t->solid_bytes;
    if (ADD_OVERFLOW(t->solid_bytes, s->size, &t->solid_bytes))
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "solid resources of more than 2^64 bytes");
    w->solid[w->nsolids++] = s;
    t->solid_n++;
    return 0;
}

/* At the first entry of a run: its solid resources, which may stand anywhere in it. */
static int run_begin(struct table *t, size_t at, struct wtg_err *err)
{
    t->in_run = true;
    t->solid_first = t->w->nsolids;
    t->solid_n = 0;
    t->solid_bytes = 0;
    for (size_t i = at; i < t->n; i++) {
        struct wim_res r = wim_res_get(&entry_at(t, i)->res);
        if (!is_solid(t, r))
            break;
        int e = r.size == WIM_SOLID_MARK ? solid_add(t, r, err) : 0;
        if (e < 0)
            return e;
    }
    return 0;
}

/* Blobs count through the decoded resources of their run laid end to end. */
static int place_in_solid(const struct table *t, struct wim_blob *b, struct wtg_err *err)
{
    size_t lo = 0, hi = t->solid_n;

    while (hi - lo > 1) { /* the last resource that starts at or before the blob */
        size_t mid = lo + (hi - lo) / 2;
        if (t->w->solid[t->solid_first + mid]->run_start <= b->off)
            lo = mid;
        else
            hi = mid;
    }
    const struct wim_solid *s = hi > 0 ? t->w->solid[t->solid_first + lo] : NULL;
    uint64_t in = s ? b->off - s->run_start : 0;
    if (!s || in > s->size || b->b.size_bytes > s->size - in)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                        "%" PRIu64 " bytes at %" PRIu64 " stand in no solid resource",
                        b->b.size_bytes, b->off);
    b->solid = s;
    b->off = in;
    b->stored = 0;
    return 0;
}

static int check_plain(const struct wim *w, const struct wim_blob *b, struct wtg_err *err)
{
    struct wim_cut c = wim_cut_of(w, b);
    int r = wim_range_check(&w->part[b->part], "a file's content", b->off, b->stored, err);

    if (r < 0)
        return r;
    if (c.chunk_bytes == 0 && b->stored != b->b.size_bytes)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                        "not compressed, but %" PRIu64 " bytes stored for %" PRIu64, b->stored,
                        b->b.size_bytes);
    /* A chunk is never stored larger than it is. */
    if (c.chunk_bytes != 0 &&
        (b->stored <= c.table_bytes || b->stored - c.table_bytes > b->b.size_bytes))
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                        "%" PRIu64 " bytes are stored for %" PRIu64 " in %" PRIu64 " chunks",
                        b->stored, b->b.size_bytes, c.nchunks);
    return 0;
}

static int keep(struct table *t, const struct wim_blob *b, struct wtg_err *err)
{
    struct wim *w = t->w;

    if (!(b->flags & WIM_RES_METADATA)) {
        int r = mem_grow(&w->blob, t->blobs_cap, w->nblobs, sizeof *w->blob, err);
        if (r == 0)
            w->blob[w->nblobs++] = *b;
        return r;
    }
    /* The order in the table, of the first part, is the order of the images. */
    if (t->part > 0 || w->nmetadata >= w->part[0].h.images)
        return 0;
    int r = mem_grow(&w->metadata, &w->metadata_cap, w->nmetadata, sizeof *w->metadata, err);
    if (r == 0)
        w->metadata[w->nmetadata++] = *b;
    return r;
}

static bool ignored(const struct table *t, const struct wim_blob_disk *d, const struct wim_blob *b)
{
    static const uint8_t zero[SHA1_BYTES];
    const struct wim_header *h = &t->w->part[t->part].h;

    return b->b.size_bytes == 0 || memcmp(b->b.sha1, zero, sizeof zero) == 0 ||
           (h->parts > 1 && get_le16(d->part) != h->part) ||
           /* metadata that nobody refers to: WinPE images of the WAIK 2.1 have it */
           ((b->flags & WIM_RES_METADATA) && get_le32(d->refs) == 0);
}

static int entry_load(struct table *t, size_t i, struct wtg_err *err)
{
    const struct wim_blob_disk *d = entry_at(t, i);
    struct wim_res res = wim_res_get(&d->res);
    bool solid = is_solid(t, res);
    struct wim_blob b = wim_blob_of(t->w, t->part, res);
    int r = 0;

    if (solid && !t->in_run)
        r = run_begin(t, i, err);
    t->in_run = solid;
    if (r < 0 || (solid && res.size == WIM_SOLID_MARK))
        return r;
    if (solid)
        b.b.size_bytes = res.stored;
    memcpy(b.b.sha1, d->sha1, sizeof d->sha1);
    b.b.has_sha1 = true;
    if (ignored(t, d, &b))
        return 0;
    r = solid ? place_in_solid(t, &b, err) : check_plain(t->w, &b, err);
    if (r < 0)
        return wtg_because(err, "entry %zu of the blob table of '%s'", i, t->w->part[t->part].name);
    return keep(t, &b, err);
}

static int part_load(struct wim *w, size_t part, size_t *blobs_cap, struct wtg_err *err)
{
    const struct wim_part *p = &w->part[part];
    struct wim_blob self = wim_blob_of(w, part, p->h.table);
    struct table t = { .w = w, .part = (uint16_t)part, .blobs_cap = blobs_cap };
    AUTO_FREE uint8_t *bytes = NULL;

    int r = wim_range_check(p, "its blob table", p->h.table.off, p->h.table.stored, err);
    if (r == 0 && self.b.size_bytes > 0)
        r = check_plain(w, &self, err);
    if (r == 0)
        r = wim_slurp(w, &self, (uint64_t)WIM_MAX_BLOBS * sizeof(struct wim_blob_disk), &bytes,
                      err);
    if (r < 0)
        return wtg_because(err, "reading the blob table of '%s'", p->name);
    t.bytes = (struct wtg_span){ bytes, (size_t)self.b.size_bytes };
    t.n = t.bytes.n / sizeof(struct wim_blob_disk);
    if (t.n > WIM_MAX_BLOBS - w->nblobs)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "more than %d blobs", WIM_MAX_BLOBS);
    for (size_t i = 0; r == 0 && i < t.n; i++)
        r = entry_load(&t, i, err);
    return r;
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_place(const void *pa, const void *pb)
{
    const struct wim_blob *a = pa, *b = pb;
    int c = (a->part > b->part) - (a->part < b->part);

    if (c == 0)
        c = compare_u64(a->solid ? a->solid->off : a->off, b->solid ? b->solid->off : b->off);
    if (c == 0) /* the same resource (or a broken table): places inside it */
        c = compare_u64(a->solid ? a->off : 0, b->solid ? b->off : 0);
    return c != 0 ? c : memcmp(a->b.sha1, b->b.sha1, sizeof a->b.sha1);
}

static int by_sha1(const void *pa, const void *pb, void *ctx)
{
    const struct wim *w = ctx;
    uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
    int c = memcmp(w->blob[a].b.sha1, w->blob[b].b.sha1, sizeof w->blob[a].b.sha1);
    return c != 0 ? c : (a > b) - (a < b);
}

/* Sorted rather than hashed: no file can make it slow. Of blobs that stand there twice, the first
 * counts. */
static int index_build(struct wim *w, struct wtg_err *err)
{
    size_t n = 0;

    w->index = mem_zeroed(w->nblobs, sizeof *w->index, err);
    if (!w->index)
        return err->code;
    for (size_t i = 0; i < w->nblobs; i++)
        w->index[i] = (uint32_t)i;
    qsort_r(w->index, w->nblobs, sizeof *w->index, by_sha1, w);
    for (size_t i = 0; i < w->nblobs; i++) {
        struct wim_blob *b = &w->blob[w->index[i]];
        if (n > 0 && memcmp(w->blob[w->index[n - 1]].b.sha1, b->b.sha1, sizeof b->b.sha1) == 0)
            b->b.has_sha1 = false; /* never found, so never used */
        else
            w->index[n++] = w->index[i];
    }
    w->nindex = n;
    return 0;
}

static int check_overlap(const struct wim *w, struct wtg_err *err)
{
    const struct wim_blob *last = NULL;

    for (size_t i = 0; i < w->nblobs; i++) {
        const struct wim_blob *b = &w->blob[i];
        if (!b->solid || !b->b.has_sha1)
            continue;
        if (last && last->solid == b->solid && b->off - last->off < last->b.size_bytes)
            return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                            "two blobs overlap at byte %" PRIu64 " of a solid resource", b->off);
        last = b;
    }
    return 0;
}

int wim_table_load(struct wim *w, struct wtg_err *err)
{
    size_t cap = 0;
    int r = 0;

    for (size_t i = 0; r == 0 && i < w->nparts; i++)
        r = part_load(w, i, &cap, err);
    if (r < 0)
        return r;
    if (w->nblobs > 0)
        qsort(w->blob, w->nblobs, sizeof *w->blob, by_place);
    for (size_t i = 0; i < w->nblobs; i++)
        w->blob[i].b.order = i;
    r = index_build(w, err);
    return r < 0 ? r : check_overlap(w, err);
}

const struct wim_blob *wim_find(const struct wim *w, const uint8_t sha1[20])
{
    size_t lo = 0, hi = w->nindex;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const struct wim_blob *b = &w->blob[w->index[mid]];
        int c = memcmp(b->b.sha1, sha1, sizeof b->b.sha1);
        if (c == 0)
            return b;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}
