/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "write/room.h"

#include <string.h>

/* The part of a piece that one region wants. */
struct overlap {
    size_t from; /* in the piece */
    size_t len;  /* bytes of content */
    size_t pad;  /* zeroes behind them, when the region ends here */
    uint64_t to; /* in the region */
};

static struct overlap overlap_of(const struct tree_piece *p, const struct tree_region *g,
                                 uint64_t blob_bytes)
{
    uint64_t end = p->blob_off + p->len;
    uint64_t content = min_u64(g->length, blob_bytes - g->blob_off); /* of the region */
    uint64_t lo = max_u64(p->blob_off, g->blob_off), hi = min_u64(end, g->blob_off + content);
    struct overlap o = { 0 };

    if (lo >= hi)
        return o;
    o.from = (size_t)(lo - p->blob_off);
    o.len = (size_t)(hi - lo);
    o.to = lo - g->blob_off;
    if (hi == g->blob_off + content)
        o.pad = (size_t)(g->length - content);
    return o;
}

static struct slot_write *add_write(struct slot_part *part, uint64_t off, uint8_t *at,
                                    struct wtg_err *err)
{
    if (mem_grow(&part->write, &part->writes_cap, part->nwrites, sizeof *part->write, err) < 0)
        return NULL;
    struct slot_write *w = &part->write[part->nwrites++];
    *w = (struct slot_write){ .off = off, .at = at };
    return w;
}

/* Room in the slot's buffer for bytes that go to `off`: behind the last write when they follow
 * it on the target, else a new write. */
static uint8_t *room_at(struct slot *s, struct slot_part *part, uint64_t off, size_t len,
                        uint8_t **end, struct wtg_err *err)
{
    struct slot_write *last = part->nwrites ? &part->write[part->nwrites - 1] : NULL;

    if (!last || last->off + last->len != off || last->at + last->len != *end) {
        size_t used = (size_t)(*end - s->out);
        uint8_t *at = s->out + round_up(used, WRITE_ALIGN) + off % WRITE_ALIGN;
        last = add_write(part, off, at, err);
        if (!last)
            return NULL;
        *end = at;
    }
    uint8_t *p = *end;
    last->len += len;
    *end += len;
    return p;
}

static int add_copy(struct slot *s, const uint8_t *from, uint8_t *to, size_t len,
                    struct wtg_err *err)
{
    int r = mem_grow(&s->copy, &s->copies_cap, s->ncopies, sizeof *s->copy, err);
    if (r == 0)
        s->copy[s->ncopies++] = (struct slot_copy){ from, to, len };
    return r;
}

/* The place where one region's part of a piece goes. */
static uint8_t *place_of(struct slot *s, struct slot_part *part, const struct tree_region *g,
                         struct overlap o, uint8_t **end, struct wtg_err *err)
{
    if (g->kind == REGION_KEEP)
        return g->keep + o.to;
    uint8_t *to = room_at(s, part, g->offset + o.to, o.len + o.pad, end, err);
    if (to)
        memset(to + o.len, 0, o.pad);
    return to;
}

static uint8_t *aside(const struct slot *s, uint8_t **end, size_t len)
{
    uint8_t *p = s->out + round_up((size_t)(*end - s->out), 64);
    *end = p + len;
    return p;
}

static const struct tree_blob *blob_of(const struct tree_piece *p, const struct seat *seat)
{
    return seat->want[p->blob].blob; /* the same for all seats */
}

static bool is_decoded_aside(const struct tree_piece *p, const struct seat *seat)
{
    const struct tree_blob *b = blob_of(p, seat);
    return b->content_bytes && b->has_sha1 && !seat->run->opts->trusted;
}

/* The regions that a piece goes to, seat by seat. */
struct walk {
    const struct seat *seat;
    size_t at, nseats, k; /* the seat, and how many of its regions have been seen */
    const struct tree_region *region;
};

static bool walk_next(struct walk *w, const struct tree_piece *p)
{
    for (; w->at < w->nseats; w->at++, w->k = 0) {
        const struct want *want = &w->seat[w->at].want[p->blob];
        if (w->k < want->n) {
            w->region = &w->seat[w->at].run->sorted[want->first + w->k++];
            return true;
        }
    }
    w->region = NULL;
    return false;
}

/* The first region that wants the whole piece lends its place to the decoder.  Its region is NULL
 * when none does. */
static struct walk lender_of(const struct slot *s, const struct tree_piece *p,
                             const struct seat *seat)
{
    struct walk w = { .seat = seat, .nseats = s->nparts };

    while (walk_next(&w, p) && overlap_of(p, w.region, blob_of(p, seat)->size_bytes).len != p->len)
        continue;
    return w;
}

/* Can a region's part be written from the lender's place?  Then a blob costs memory once, however
 * many files and targets hold it. */
static bool can_share(const struct tree_piece *p, uint64_t blob_bytes, const struct tree_region *l,
                      const struct tree_region *g, struct overlap o)
{
    if (!l || l->kind != REGION_BLOB || g->kind != REGION_BLOB)
        return false;
    struct overlap lent = overlap_of(p, l, blob_bytes);

    return o.pad <= lent.pad &&
           (l->offset + lent.to + o.from) % WRITE_ALIGN == (g->offset + o.to) % WRITE_ALIGN;
}

/* What follows the last write, on the target and in memory, belongs to it: so another target gets
 * writes as large as those of the lender. */
static int add_shared(struct slot_part *part, uint64_t off, uint8_t *at, size_t len,
                      struct wtg_err *err)
{
    struct slot_write *last = part->nwrites ? &part->write[part->nwrites - 1] : NULL;

    if (!last || last->off + last->len != off || last->at + last->len != at)
        last = add_write(part, off, at, err);
    if (!last)
        return err->code;
    last->len += len;
    return 0;
}

/* One region that is not the lender. */
static int plan_region(struct slot *s, size_t i, const struct walk *w,
                       const struct tree_region *lender, uint8_t **end, struct wtg_err *err)
{
    const struct tree_piece *p = &s->unit.piece[i];
    const struct tree_region *g = w->region;
    struct slot_part *part = &s->part[w->at];
    uint64_t bytes = blob_of(p, w->seat)->size_bytes;
    struct overlap o = overlap_of(p, g, bytes);

    if (o.len == 0)
        return 0;
    if (can_share(p, bytes, lender, g, o))
        return add_shared(part, g->offset + o.to, s->dst[i] + o.from, o.len + o.pad, err);
    uint8_t *to = place_of(s, part, g, o, end, err);
    return to ? add_copy(s, s->dst[i] + o.from, to, o.len, err) : err->code;
}

/* The lender's place is decoded into, all others are written from there or copied from there.
 * Where nobody wants all of it, it is decoded aside. */
static int plan_piece(struct slot *s, size_t i, const struct seat *seat, uint8_t **end,
                      struct wtg_err *err)
{
    const struct tree_piece *p = &s->unit.piece[i];
    struct walk lender = lender_of(s, p, seat), w = { .seat = seat, .nseats = s->nparts };
    int r = 0;

    if (lender.region) {
        struct overlap o = overlap_of(p, lender.region, blob_of(p, seat)->size_bytes);
        s->dst[i] = place_of(s, &s->part[lender.at], lender.region, o, end, err);
        if (!s->dst[i])
            return err->code;
    } else {
        s->dst[i] = aside(s, end, p->len);
    }
    while (r == 0 && walk_next(&w, p))
        if (w.region != lender.region)
            r = plan_region(s, i, &w, lender.region, end, err);
    return r;
}

static int resize(uint8_t ***array, size_t n, struct wtg_err *err)
{
    free(*array);
    *array = mem_zeroed(n, sizeof **array, err);
    return *array ? 0 : err->code;
}

/* What one piece may need in `out`. */
static size_t room_of(const struct slot *s, const struct tree_piece *p, const struct seat *seat)
{
    const uint64_t blob_bytes = blob_of(p, seat)->size_bytes;
    const struct tree_region *lender = lender_of(s, p, seat).region;
    struct walk w = { .seat = seat, .nseats = s->nparts };
    size_t bytes = p->len + 64;

    if (is_decoded_aside(p, seat))
        bytes += p->content_len + 64;
    while (walk_next(&w, p)) {
        struct overlap o = overlap_of(p, w.region, blob_bytes);
        if (o.len == 0 || w.region->kind != REGION_BLOB)
            continue;
        if (w.region == lender) /* its bytes are the piece's own */
            bytes += o.pad + 2 * WRITE_ALIGN;
        else if (!can_share(p, blob_bytes, lender, w.region, o))
            bytes += o.len + o.pad + 2 * WRITE_ALIGN;
    }
    return bytes;
}

static int make_room(struct slot *s, const struct seat *seat, struct wtg_err *err)
{
    size_t bytes = WRITE_ALIGN, n = s->unit.npieces;

    for (size_t i = 0; i < n; i++)
        bytes += room_of(s, &s->unit.piece[i], seat);
    if (bytes > s->out_cap) {
        free(s->out);
        s->out_cap = 0;
        /* In large steps: buffers that are a little larger each time tear memory to pieces, and
         * what is not touched costs nothing. */
        bytes = round_up(bytes, bytes < WRITE_UNIT_BYTES / 4 ? WRITE_ALIGN : 2 * WRITE_UNIT_BYTES);
        s->out = aligned_alloc(WRITE_ALIGN, bytes);
        if (!s->out)
            return wtg_fail_nomem(err);
        s->out_cap = bytes;
    }
    if (n > s->dst_cap) {
        s->dst_cap = 0;
        if (resize(&s->dst, n, err) < 0 || resize(&s->content, n, err) < 0)
            return err->code;
        s->dst_cap = n;
    }
    return 0;
}

int slot_plan(struct slot *s, const struct seat *seat, struct wtg_err *err)
{
    int e = make_room(s, seat, err);
    uint8_t *end = s->out;

    s->ncopies = 0;
    for (size_t k = 0; k < s->nparts; k++)
        s->part[k].nwrites = 0;
    for (size_t i = 0; e == 0 && i < s->unit.npieces; i++)
        e = plan_piece(s, i, seat, &end, err);
    for (size_t i = 0; e == 0 && i < s->unit.npieces; i++) {
        const struct tree_piece *p = &s->unit.piece[i];
        s->content[i] = is_decoded_aside(p, seat) ? aside(s, &end, p->content_len) : NULL;
    }
    return e;
}

const uint8_t *slot_content(const struct slot *s, size_t i, const struct tree_blob *blob,
                            size_t *ret_n)
{
    const struct tree_piece *p = &s->unit.piece[i];
    const uint8_t *bytes = blob->content_bytes ? s->content[i] : s->dst[i];

    *ret_n = !bytes ? 0 : blob->content_bytes ? p->content_len : p->len;
    return bytes;
}

void slot_copy_all(const struct slot *s)
{
    for (size_t i = 0; i < s->ncopies; i++)
        memcpy(s->copy[i].to, s->copy[i].from, s->copy[i].len);
}

int slot_init(struct slot *s, size_t seats, struct wtg_err *err)
{
    s->part = mem_zeroed(seats, sizeof *s->part, err);
    s->nparts = s->part ? seats : 0;
    return s->part ? 0 : err->code;
}

void slot_release(struct slot *s)
{
    tree_unit_release(&s->unit);
    free(s->out);
    free(s->dst);
    free(s->content);
    for (size_t k = 0; k < s->nparts; k++)
        free(s->part[k].write);
    free(s->part);
    free(s->copy);
}
