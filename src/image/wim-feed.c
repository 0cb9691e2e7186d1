/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/wim.h"

#include <inttypes.h>
#include <string.h>

#include "base/hash.h"

/* Brings many blobs in the order in which they stand: this is the path that speed rests on.
 *
 * A unit of plain resources is a run of them, cut at chunk boundaries where they are large; its
 * raw bytes are the file's own, read in as few reads as there are gaps.  Behind them the reader
 * puts the stored size of every chunk (uint32_t; those of a piece begin at piece->cookie): so a
 * unit is all that a decoder needs, and decoders share nothing that changes.
 *
 * A unit of a solid resource is as many of its chunks as fit, at least one; their sizes are known
 * since the image was opened.
 *
 * Stored forms are cut as their content is: a piece is some chunks as they stand, with the chunk
 * table in front of the first. */

enum {
    READ_OVER_BYTES = 64 * 1024,  /* gaps up to this are read over: cheaper than a seek */
    PLAIN_STEP_BYTES = 64 * 1024, /* where large resources that are not compressed may be cut */
    /* Buffers grow in such steps: those that are a little larger each time tear memory to pieces,
     * and what is not touched costs nothing. */
    RAW_STEP_BYTES = 4 * 1024 * 1024,
};

struct feed {
    struct tree_feed feed;
    const struct wim *w;
    const struct tree_blob *const *blob;
    size_t aim;   /* decoded bytes of a unit, where chunks are not larger */
    size_t n, at; /* blobs; the next one */
    uint64_t pos; /* bytes of it that earlier units brought */
    /* Of a resource too large for one unit: */
    uint32_t *sizes; /* stored size of each chunk */
    size_t sizes_cap;
    uint64_t raw_next; /* where in the part its next chunk stands */
    struct read_run {  /* read, but not yet from the file */
        struct blk *blk;
        uint64_t off;
        size_t raw_off, len;
    } run;
};

static const struct wim_blob *blob_at(const struct feed *f, size_t i)
{
    return (const struct wim_blob *)f->blob[i];
}

/* A piece of content [off, off+len) of a blob, whose `raw` bytes follow `before` others. */
static struct tree_piece piece_of(const struct feed *f, size_t blob, uint64_t off, uint64_t len,
                                  uint64_t before, uint64_t raw)
{
    bool stored = f->blob[blob]->content_bytes != 0;
    return (struct tree_piece){ .blob = blob,
                                .blob_off = stored ? before : off,
                                .len = (size_t)(stored ? raw : len),
                                .raw_len = (size_t)raw,
                                .content_off = off,
                                .content_len = (size_t)len };
}

/* Names the blob that is to blame, for the message and (fact "tree.blob") for the caller. */
static int blame(const struct feed *f, size_t blob, struct wtg_err *err)
{
    char hex[2 * SHA1_BYTES + 1];

    hash_hex(f->blob[blob]->sha1, SHA1_BYTES, hex);
    wtg_fact(err, "tree.blob", "%zu", blob);
    return wtg_because(err, "content with SHA-1 %s", hex);
}

/* The unit's raw bytes. */

static int raw_room(struct tree_unit *u, size_t n, struct wtg_err *err)
{
    if (n <= u->raw_cap)
        return 0;
    size_t cap = (size_t)round_up(n + n / 8, n < RAW_STEP_BYTES / 8 ? 4096 : RAW_STEP_BYTES);
    uint8_t *p = realloc(u->raw, cap);
    if (!p)
        return wtg_fail_nomem(err);
    u->raw = p;
    u->raw_cap = cap;
    return 0;
}

static int run_flush(struct feed *f, struct tree_unit *u, struct wtg_err *err)
{
    struct read_run *run = &f->run;

    if (run->len == 0)
        return 0;
    int r = raw_room(u, run->raw_off + run->len, err);
    if (r == 0)
        r = blk_read(run->blk, run->off, u->raw + run->raw_off, run->len, err);
    *run = (struct read_run){ 0 };
    return r;
}

/* Asks for [off, off+n) of a part: `*ret_raw` is where it will stand in u->raw. */
static int run_add(struct feed *f, struct tree_unit *u, struct blk *blk, uint64_t off, size_t n,
                   size_t *ret_raw, struct wtg_err *err)
{
    struct read_run *run = &f->run;

    if (run->len == 0 || run->blk != blk || off < run->off + run->len ||
        off - (run->off + run->len) > READ_OVER_BYTES) {
        int r = run_flush(f, u, err);
        if (r < 0)
            return r;
        *run = (struct read_run){ .blk = blk, .off = off, .raw_off = u->raw_len };
    }
    *ret_raw = run->raw_off + (size_t)(off - run->off);
    run->len = (size_t)(off - run->off) + n;
    u->raw_len = run->raw_off + run->len;
    return 0;
}

/* Room for n chunk sizes behind the raw bytes. */
static uint32_t *sizes_add(struct tree_unit *u, size_t n, uint64_t *ret_at, struct wtg_err *err)
{
    size_t at = (size_t)round_up(u->raw_len, sizeof(uint32_t));
    if (raw_room(u, at + n * sizeof(uint32_t), err) < 0)
        return NULL;
    u->raw_len = at + n * sizeof(uint32_t);
    *ret_at = at;
    return (uint32_t *)(void *)(u->raw + at);
}

static int piece_add(struct tree_unit *u, const struct tree_piece *p, struct wtg_err *err)
{
    int r = mem_grow(&u->piece, &u->pieces_cap, u->npieces, sizeof *u->piece, err);
    if (r == 0)
        u->piece[u->npieces++] = *p;
    return r;
}

/* Plain resources. */

/* Stored sizes from a chunk table. */
static int sizes_from_table(const struct wim_cut *c, const struct wim_blob *b, const uint8_t *table,
                            uint32_t *sizes, struct wtg_err *err)
{
    uint64_t total = b->stored - c->table_bytes;

    for (uint64_t i = 0; i < c->nchunks; i++) {
        uint64_t start = wim_cut_entry(c, table, i);
        uint64_t end = i + 1 < c->nchunks ? wim_cut_entry(c, table, i + 1) : total;
        int r = wim_chunk_check(i, start, end, total,
                                wim_chunk_size(wim_content_bytes(b), c->chunk_bytes, i), err);
        if (r < 0)
            return r;
        sizes[i] = (uint32_t)(end - start);
    }
    return 0;
}

/* At the start of a large compressed resource: its whole chunk table. */
static int large_begin(struct feed *f, const struct wim_blob *b, const struct wim_cut *c,
                       struct wtg_err *err)
{
    f->raw_next = b->off;
    if (c->chunk_bytes == 0)
        return 0;
    if (c->table_bytes > WIM_MAX_CHUNK_TABLE_BYTES)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "a chunk table of %" PRIu64 " bytes, more than %d",
                        c->table_bytes, WIM_MAX_CHUNK_TABLE_BYTES);
    AUTO_FREE uint8_t *table = malloc((size_t)c->table_bytes);
    if (c->nchunks > f->sizes_cap) {
        free(f->sizes);
        f->sizes_cap = 0;
        f->sizes = malloc((size_t)c->nchunks * sizeof *f->sizes);
    }
    if (!table || !f->sizes)
        return wtg_fail_nomem(err);
    f->sizes_cap = max_u64(f->sizes_cap, c->nchunks);
    int r = blk_read(f->w->part[b->part].blk, b->off, table, (size_t)c->table_bytes, err);
    return r < 0 ? r : sizes_from_table(c, b, table, f->sizes, err);
}

/* Cuts at most `budget` bytes (but at least one chunk) off a resource too large for one unit. */
static int large_piece(struct feed *f, struct tree_unit *u, size_t budget, struct wtg_err *err)
{
    const struct wim_blob *b = blob_at(f, f->at);
    struct wim_cut c = wim_cut_of(f->w, b);
    uint64_t step = c.chunk_bytes ? c.chunk_bytes : min_u64(PLAIN_STEP_BYTES, f->aim);
    uint64_t len = min_u64(wim_content_bytes(b) - f->pos, max_u64(budget / step, 1) * step);
    uint64_t first = f->pos / step, n = div_up(len, step), raw = len;
    int r = f->pos == 0 ? large_begin(f, b, &c, err) : 0;

    if (r < 0)
        return r;
    if (c.chunk_bytes) {
        raw = f->pos == 0 ? c.table_bytes : 0; /* the table goes with the first piece */
        for (uint64_t i = 0; i < n; i++)
            raw += f->sizes[first + i];
    }
    struct tree_piece p = piece_of(f, f->at, f->pos, len, f->raw_next - b->off, raw);
    r = run_add(f, u, f->w->part[b->part].blk, f->raw_next, (size_t)raw, &p.raw_off, err);
    f->raw_next += raw;
    f->pos += len;
    if (f->pos == wim_content_bytes(b)) {
        f->pos = 0;
        f->at++;
    }
    return r < 0 ? r : piece_add(u, &p, err);
}

static int whole_piece(struct feed *f, struct tree_unit *u, struct wtg_err *err)
{
    const struct wim_blob *b = blob_at(f, f->at);
    struct tree_piece p = piece_of(f, f->at++, 0, wim_content_bytes(b), 0, b->stored);
    int r = run_add(f, u, f->w->part[b->part].blk, b->off, p.raw_len, &p.raw_off, err);
    return r < 0 ? r : piece_add(u, &p, err);
}

/* The chunk sizes of one piece, behind the raw bytes: from the table that came with them, or from
 * the one that large_begin has read. */
static int piece_sizes(struct feed *f, struct tree_unit *u, struct tree_piece *p,
                       struct wtg_err *err)
{
    const struct wim_blob *b = blob_at(f, p->blob);
    struct wim_cut c = wim_cut_of(f->w, b);

    if (c.chunk_bytes == 0)
        return 0;
    bool whole = p->content_len == wim_content_bytes(b);
    size_t n = (size_t)div_up(p->content_len, c.chunk_bytes);
    uint32_t *sizes = sizes_add(u, n, &p->cookie, err);
    if (!sizes)
        return err->code;
    if (whole)
        return sizes_from_table(&c, b, u->raw + p->raw_off, sizes, err);
    memcpy(sizes, f->sizes + p->content_off / c.chunk_bytes, n * sizeof *sizes);
    return 0;
}

static int plain_unit(struct feed *f, struct tree_unit *u, struct wtg_err *err)
{
    size_t budget = f->aim;
    int r = 0;

    /* Small wanted files far apart must not fill the unit with what lies between them. */
    while (r == 0 && f->at < f->n && budget > 0 && u->raw_len < 2 * f->aim) {
        size_t at = f->at;
        const struct wim_blob *b = blob_at(f, f->at);
        if (b->solid)
            break;
        uint64_t left = wim_content_bytes(b) - f->pos;
        if (f->pos == 0 && left <= budget)
            r = whole_piece(f, u, err);
        else if (u->npieces == 0)
            r = large_piece(f, u, budget, err);
        else
            break;
        if (r < 0)
            return blame(f, at, err);
        budget -= min_u64(budget, u->piece[u->npieces - 1].content_len);
    }
    if (r == 0)
        r = run_flush(f, u, err);
    for (size_t i = 0; r == 0 && i < u->npieces; i++) {
        r = piece_sizes(f, u, &u->piece[i], err);
        if (r < 0)
            return blame(f, u->piece[i].blob, err);
    }
    return r;
}

static int decode_chunks(const struct feed *f, struct wim_decoder *d, const struct tree_unit *u,
                         const struct tree_piece *p, uint8_t *dst, struct wtg_err *err)
{
    const struct wim_blob *b = blob_at(f, p->blob);
    struct wim_cut c = wim_cut_of(f->w, b);
    const uint8_t *in = u->raw + p->raw_off + (p->content_off == 0 ? c.table_bytes : 0);
    const uint32_t *sizes = (const uint32_t *)(const void *)(u->raw + p->cookie);

    if (c.chunk_bytes == 0) {
        memcpy(dst, in, p->content_len);
        return 0;
    }
    for (size_t done = 0, i = 0; done < p->content_len; i++) {
        size_t out = min_u64(c.chunk_bytes, p->content_len - done);
        int r = wim_decode(d, c.kind, c.chunk_bytes, in, sizes[i], dst + done, out, err);
        if (r < 0)
            return wtg_because(err, "at byte %" PRIu64, p->content_off + done);
        in += sizes[i];
        done += out;
    }
    return 0;
}

static int plain_decode(const struct feed *f, struct wim_decoder *d, const struct tree_unit *u,
                        const struct tree_piece *p, uint8_t *dst, uint8_t *content,
                        struct wtg_err *err)
{
    if (!f->blob[p->blob]->content_bytes)
        return decode_chunks(f, d, u, p, dst, err);
    memcpy(dst, u->raw + p->raw_off, p->raw_len);
    return content ? decode_chunks(f, d, u, p, content, err) : 0;
}

/* Solid resources. */

static uint64_t solid_pos(const struct feed *f, const struct tree_piece *p)
{
    return blob_at(f, p->blob)->off + p->blob_off;
}

/* Chunks [first, last] of a solid resource, those that the unit's pieces lie in. */
struct chunk_span {
    const struct wim_solid *s;
    uint64_t first, last;
};

static struct chunk_span solid_span(const struct feed *f, const struct tree_unit *u)
{
    const struct tree_piece *p = &u->piece[0], *q = &u->piece[u->npieces - 1];
    const struct wim_solid *s = blob_at(f, p->blob)->solid;
    return (struct chunk_span){ s, solid_pos(f, p) / s->chunk_bytes,
                                (solid_pos(f, q) + q->len - 1) / s->chunk_bytes };
}

/* Takes all pieces of the following blobs that lie in the unit's chunks; stops before a chunk that
 * nobody wants. */
static int solid_pieces(struct feed *f, struct tree_unit *u, struct wtg_err *err)
{
    const struct wim_solid *s = blob_at(f, f->at)->solid;
    uint64_t first = (blob_at(f, f->at)->off + f->pos) / s->chunk_bytes;
    uint64_t end = (first + max_u64(f->aim / s->chunk_bytes, 1)) * s->chunk_bytes;
    uint64_t reached = (first + 1) * s->chunk_bytes; /* end of the last chunk that is wanted */

    while (f->at < f->n && blob_at(f, f->at)->solid == s) {
        const struct wim_blob *b = blob_at(f, f->at);
        uint64_t from = b->off + f->pos, left = b->b.size_bytes - f->pos;
        if (from >= end || from >= reached + s->chunk_bytes)
            break;
        struct tree_piece p = { .blob = f->at,
                                .blob_off = f->pos,
                                .len = (size_t)min_u64(left, end - from) };
        int r = piece_add(u, &p, err);
        if (r < 0)
            return r;
        reached = round_up(from + p.len, s->chunk_bytes);
        f->pos += p.len;
        if (f->pos < b->b.size_bytes)
            break;
        f->pos = 0;
        f->at++;
    }
    return 0;
}

static int solid_unit(struct feed *f, struct tree_unit *u, struct wtg_err *err)
{
    size_t raw = 0;
    int r = solid_pieces(f, u, err);
    if (r < 0)
        return r;
    struct chunk_span c = solid_span(f, u);
    uint64_t off = c.s->chunk_off[c.first], end = c.s->chunk_off[c.last + 1];
    r = run_add(f, u, f->w->part[c.s->part].blk, off, (size_t)(end - off), &raw, err);
    if (r == 0)
        r = run_flush(f, u, err);
    return r < 0 ? blame(f, u->piece[0].blob, err) : 0;
}

/* Copies out of a decoded chunk what the unit's pieces want of it; `*from` is the first piece that
 * may still want something. */
static void solid_copy(const struct feed *f, const struct tree_unit *u, const uint8_t *chunk,
                       uint64_t start, uint64_t end, uint8_t *const *dst, size_t *from)
{
    for (size_t i = *from; i < u->npieces; i++) {
        const struct tree_piece *p = &u->piece[i];
        uint64_t pos = solid_pos(f, p);
        uint64_t lo = max_u64(pos, start), hi = min_u64(pos + p->len, end);
        if (pos >= end)
            return;
        if (lo < hi)
            memcpy(dst[i] + (lo - pos), chunk + (lo - start), (size_t)(hi - lo));
        if (pos + p->len <= end)
            *from = i + 1;
    }
}

static int solid_decode(const struct feed *f, struct wim_decoder *d, const struct tree_unit *u,
                        uint8_t *const *dst, struct wtg_err *err)
{
    struct chunk_span c = solid_span(f, u);
    const uint8_t *in = u->raw;
    size_t from = 0;

    int r = wim_buffer(&d->chunk, &d->chunk_cap, c.s->chunk_bytes, err);
    for (uint64_t i = c.first; r == 0 && i <= c.last; i++) {
        uint64_t start = i * c.s->chunk_bytes;
        uint32_t size = wim_chunk_size(c.s->size, c.s->chunk_bytes, i);
        size_t stored = (size_t)(c.s->chunk_off[i + 1] - c.s->chunk_off[i]);
        const struct tree_piece *p = &u->piece[from];
        uint64_t pos = solid_pos(f, p);
        bool straight = pos <= start && pos + p->len >= start + size;
        uint8_t *out = straight ? dst[from] + (start - pos) : d->chunk;
        r = wim_decode(d, c.s->kind, c.s->chunk_bytes, in, stored, out, size, err);
        if (r < 0)
            return wtg_because(
                err, "chunk %" PRIu64 " of the solid resource at byte %" PRIu64 " of '%s'", i,
                c.s->off, f->w->part[c.s->part].name);
        if (!straight)
            solid_copy(f, u, d->chunk, start, start + size, dst, &from);
        else if (pos + p->len == start + size)
            from++;
        in += stored;
    }
    return r;
}

/* The feed. */

static int feed_next(struct tree_feed *feed, struct tree_unit *u, struct wtg_err *err)
{
    struct feed *f = (struct feed *)feed;

    u->raw_len = u->npieces = 0;
    f->run = (struct read_run){ 0 };
    if (f->at == f->n)
        return 0;
    int r = blob_at(f, f->at)->solid ? solid_unit(f, u, err) : plain_unit(f, u, err);
    return r < 0 ? r : 1;
}

static int feed_decoder_new(struct tree_feed *feed, void **ret, struct wtg_err *err)
{
    (void)feed;
    struct wim_decoder *d = mem_zeroed(1, sizeof *d, err);
    if (!d)
        return err->code;
    *ret = d;
    return 0;
}

static void feed_decoder_free(struct tree_feed *feed, void *decoder)
{
    (void)feed;
    if (decoder)
        wim_decoder_release(decoder);
    free(decoder);
}

static int feed_decode(struct tree_feed *feed, void *decoder, const struct tree_unit *u,
                       uint8_t *const *dst, uint8_t *const *content, struct wtg_err *err)
{
    const struct feed *f = (const struct feed *)feed;

    if (blob_at(f, u->piece[0].blob)->solid) {
        int r = solid_decode(f, decoder, u, dst, err);
        return r < 0 ? blame(f, u->piece[0].blob, err) : 0;
    }
    for (size_t i = 0; i < u->npieces; i++)
        if (plain_decode(f, decoder, u, &u->piece[i], dst[i], content ? content[i] : NULL, err) < 0)
            return blame(f, u->piece[i].blob, err);
    return 0;
}

static void feed_free(struct tree_feed *feed)
{
    free(((struct feed *)feed)->sizes);
    free(feed);
}

static const struct tree_feed_ops feed_ops = { .next = feed_next,
                                               .decoder_new = feed_decoder_new,
                                               .decoder_free = feed_decoder_free,
                                               .decode = feed_decode,
                                               .free = feed_free };

/* Of stored forms a unit brings more content, so that its bytes are still enough for one write:
 * LZX makes files about half as large. */
static void widen(struct feed *f)
{
    size_t i = 0;

    while (i < f->n && !f->blob[i]->content_bytes)
        i++;
    if (i < f->n && f->aim <= SIZE_MAX / 2)
        f->aim *= 2;
}

/* A chunk is decoded in one go, so it is the least that a unit has. */
static void measure(struct feed *f)
{
    widen(f);
    uint64_t unit = f->aim, chunk = 0, codecs = 0;

    for (size_t i = 0; i < f->n; i++) {
        const struct wim_blob *b = blob_at(f, i);
        struct wim_cut c = wim_cut_of(f->w, b);
        if (b->solid)
            c = (struct wim_cut){ .kind = b->solid->kind, .chunk_bytes = b->solid->chunk_bytes };
        unit = max_u64(unit, min_u64(c.chunk_bytes, wim_content_bytes(b)));
        if (b->solid) {
            unit = max_u64(unit, c.chunk_bytes);
            chunk = max_u64(chunk, c.chunk_bytes);
        }
        codecs = max_u64(codecs, codec_decoder_bytes(c.kind));
    }
    struct wim_decoder *d = NULL;
    f->feed.unit_bytes = unit;
    f->feed.decoder_bytes = sizeof *d + chunk + ARRAY_LEN(d->slot) * codecs;
}

int wim_feed(struct tree_source *s, const struct tree_blob *const *blob, size_t n,
             size_t unit_bytes, struct tree_feed **ret, struct wtg_err *err)
{
    struct feed *f = mem_zeroed(1, sizeof *f, err);
    if (!f)
        return err->code;
    f->feed.ops = &feed_ops;
    f->w = (const struct wim *)s;
    f->blob = blob;
    f->n = n;
    f->aim = unit_bytes > 0 ? unit_bytes : 1;
    measure(f);
    *ret = &f->feed;
    return 0;
}
