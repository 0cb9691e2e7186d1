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

/* Room in the slot's buffer for bytes that go to `off`: behind the last write when they follow
 * it on the target, else a new write. */
static uint8_t *room_at(struct slot *s, uint64_t off, size_t len, uint8_t **end,
                        struct wtg_err *err)
{
    struct slot_write *last = s->nwrites ? &s->write[s->nwrites - 1] : NULL;

    if (!last || last->off + last->len != off || last->at + last->len != *end) {
        if (mem_grow(&s->write, &s->writes_cap, s->nwrites, sizeof *s->write, err) < 0)
            return NULL;
        size_t used = (size_t)(*end - s->out);
        *end = s->out + round_up(used, WRITE_ALIGN) + off % WRITE_ALIGN;
        last = &s->write[s->nwrites++];
        *last = (struct slot_write){ .off = off, .at = *end };
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
static uint8_t *place_of(struct slot *s, const struct tree_region *g, struct overlap o,
                         uint8_t **end, struct wtg_err *err)
{
    if (g->kind == REGION_KEEP)
        return g->keep + o.to;
    uint8_t *to = room_at(s, g->offset + o.to, o.len + o.pad, end, err);
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

static bool is_decoded_aside(const struct run *r, const struct want *w)
{
    return w->blob->content_bytes && w->blob->has_sha1 && !r->opts->trusted;
}

/* The first region that wants the whole piece lends its place to the decoder; w->n: none does. */
static size_t lender_of(const struct tree_piece *p, const struct run *r, const struct want *w)
{
    size_t i = 0;

    while (i < w->n && overlap_of(p, &r->sorted[w->first + i], w->blob->size_bytes).len != p->len)
        i++;
    return i;
}

/* Can a region's part be written from the lender's place?  Then a blob costs memory once, however
 * many files hold it. */
static bool can_share(const struct tree_piece *p, const struct want *w, const struct tree_region *l,
                      const struct tree_region *g, struct overlap o)
{
    struct overlap lent = overlap_of(p, l, w->blob->size_bytes);

    return l->kind == REGION_BLOB && g->kind == REGION_BLOB && o.pad <= lent.pad &&
           (l->offset + lent.to + o.from) % WRITE_ALIGN == (g->offset + o.to) % WRITE_ALIGN;
}

static int add_shared(struct slot *s, uint64_t off, uint8_t *at, size_t len, struct wtg_err *err)
{
    int r = mem_grow(&s->write, &s->writes_cap, s->nwrites, sizeof *s->write, err);
    if (r == 0)
        s->write[s->nwrites++] = (struct slot_write){ .off = off, .at = at, .len = len };
    return r;
}

/* The lender's place is decoded into, all others are written from there or copied from there.
 * Where nobody wants all of it, it is decoded aside. */
static int plan_piece(struct slot *s, size_t i, const struct run *r, const struct want *w,
                      uint8_t **end, struct wtg_err *err)
{
    const struct tree_piece *p = &s->unit.piece[i];
    const struct tree_region *region = r->sorted + w->first;
    size_t lender = lender_of(p, r, w);

    if (lender < w->n) {
        struct overlap o = overlap_of(p, &region[lender], w->blob->size_bytes);
        s->dst[i] = place_of(s, &region[lender], o, end, err);
        if (!s->dst[i])
            return err->code;
    } else {
        s->dst[i] = aside(s, end, p->len);
    }
    for (size_t k = 0; k < w->n; k++) {
        const struct tree_region *g = &region[k];
        struct overlap o = overlap_of(p, g, w->blob->size_bytes);
        if (k == lender || o.len == 0)
            continue;
        if (lender < w->n && can_share(p, w, &region[lender], g, o)) {
            if (add_shared(s, g->offset + o.to, s->dst[i] + o.from, o.len + o.pad, err) < 0)
                return err->code;
            continue;
        }
        uint8_t *to = place_of(s, g, o, end, err);
        if (!to || add_copy(s, s->dst[i] + o.from, to, o.len, err) < 0)
            return err->code;
    }
    return 0;
}

static int resize(uint8_t ***array, size_t n, struct wtg_err *err)
{
    free(*array);
    *array = mem_zeroed(n, sizeof **array, err);
    return *array ? 0 : err->code;
}

/* What one piece may need in `out`. */
static size_t room_of(const struct tree_piece *p, const struct run *r, const struct want *w)
{
    const struct tree_region *region = r->sorted + w->first;
    size_t bytes = p->len + 64, lender = lender_of(p, r, w);

    if (is_decoded_aside(r, w))
        bytes += p->content_len + 64;
    for (size_t k = 0; k < w->n; k++) {
        struct overlap o = overlap_of(p, &region[k], w->blob->size_bytes);
        if (o.len == 0 || region[k].kind != REGION_BLOB)
            continue;
        if (k == lender) /* its bytes are the piece's own */
            bytes += o.pad + 2 * WRITE_ALIGN;
        else if (lender == w->n || !can_share(p, w, &region[lender], &region[k], o))
            bytes += o.len + o.pad + 2 * WRITE_ALIGN;
    }
    return bytes;
}

static int make_room(struct slot *s, const struct run *r, const struct want *want,
                     struct wtg_err *err)
{
    size_t bytes = WRITE_ALIGN, n = s->unit.npieces;

    for (size_t i = 0; i < n; i++)
        bytes += room_of(&s->unit.piece[i], r, &want[s->unit.piece[i].blob]);
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

int slot_plan(struct slot *s, const struct run *r, const struct want *want, struct wtg_err *err)
{
    int e = make_room(s, r, want, err);
    uint8_t *end = s->out;

    s->nwrites = s->ncopies = 0;
    for (size_t i = 0; e == 0 && i < s->unit.npieces; i++)
        e = plan_piece(s, i, r, &want[s->unit.piece[i].blob], &end, err);
    for (size_t i = 0; e == 0 && i < s->unit.npieces; i++) {
        const struct tree_piece *p = &s->unit.piece[i];
        bool decode = is_decoded_aside(r, &want[p->blob]);
        s->content[i] = decode ? aside(s, &end, p->content_len) : NULL;
    }
    return e;
}

const uint8_t *slot_content(const struct slot *s, size_t i, const struct want *want, size_t *ret_n)
{
    const struct tree_piece *p = &s->unit.piece[i];
    const struct tree_blob *b = want[p->blob].blob;
    const uint8_t *bytes = b->content_bytes ? s->content[i] : s->dst[i];

    *ret_n = !bytes ? 0 : b->content_bytes ? p->content_len : p->len;
    return bytes;
}

void slot_copy_all(const struct slot *s)
{
    for (size_t i = 0; i < s->ncopies; i++)
        memcpy(s->copy[i].to, s->copy[i].from, s->copy[i].len);
}

void slot_release(struct slot *s)
{
    tree_unit_release(&s->unit);
    free(s->out);
    free(s->dst);
    free(s->content);
    free(s->write);
    free(s->copy);
}
