/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/recompress-priv.h"

#include <string.h>

int recompress_check_sha1(const struct tree_blob *b, const uint8_t digest[SHA1_BYTES],
                          struct wtg_err *err)
{
    char want[2 * SHA1_BYTES + 1], got[2 * SHA1_BYTES + 1];

    if (!b->has_sha1 || memcmp(digest, b->sha1, SHA1_BYTES) == 0)
        return 0;
    hash_hex(b->sha1, SHA1_BYTES, want);
    hash_hex(digest, SHA1_BYTES, got);
    return wtg_fail(err, WTG_E_IMAGE_HASH, "its SHA-1 is %s, the image promises %s", got, want);
}

/* A piece of an item that spans units, in order; the last one compares. */
static int hash_piece(struct cutter *c, const struct tree_piece *p, const uint8_t *bytes,
                      const struct tree_blob *blob, struct wtg_err *err)
{
    uint8_t digest[SHA1_BYTES];

    if (c->hashed ||
        p->len == blob->size_bytes) /* the latter were compared when they were decoded */
        return 0;
    c->hashed = true;
    if (p->blob_off == 0)
        hash_reset(c->running);
    hash_add(c->running, bytes, p->len);
    if (p->blob_off + p->len < blob->size_bytes)
        return 0;
    hash_end(c->running, digest);
    return recompress_check_sha1(blob, digest, err);
}

/* Items that are small enough go into one batch, so that nothing of them is waited for. */
static bool goes_whole(const struct recompress *r, const struct tree_piece *p)
{
    return p->len == r->item[p->blob].blob->size_bytes && p->len <= BATCH_BYTES;
}

static bool has_room(const struct recompress *r, const struct batch *b, const struct tree_piece *p)
{
    size_t chunks = (size_t)div_up(p->len, r->chunk_bytes);

    return b->content + p->len <= BATCH_BYTES && b->nchunks + chunks <= BATCH_CHUNKS;
}

static void add_chunk(struct recompress *r, struct batch *b, struct part *part, const uint8_t *in,
                      size_t n)
{
    b->chunk[b->nchunks++] = (struct chunk){ .in = in, .n = (uint32_t)n };
    b->content += n;
    part->nchunks++;
    r->cut.chunk++;
}

/* Takes chunks off a piece until it is used up, or the batch is full: then false. */
static bool cut_piece(struct recompress *r, struct batch *b, struct part *part,
                      const struct tree_piece *p, const uint8_t *bytes)
{
    struct cutter *c = &r->cut;
    uint64_t size = r->item[p->blob].blob->size_bytes;

    while (c->off < p->len) {
        size_t n = (size_t)min_u64(r->chunk_bytes, size - c->chunk * r->chunk_bytes);
        size_t have = p->len - c->off, take = (size_t)min_u64(n - c->carried, have);
        bool completes = c->carried + take == n, straight = completes && c->carried == 0;
        if (completes && (b->content + n > BATCH_BYTES || b->nchunks == BATCH_CHUNKS ||
                          (!straight && b->carried)))
            return false;
        if (!straight)
            memcpy(c->carry + c->carried, bytes + c->off, take);
        if (straight) {
            add_chunk(r, b, part, bytes + c->off, n);
        } else if (completes) {
            memcpy(b->carry, c->carry, n);
            b->carried = true;
            add_chunk(r, b, part, b->carry, n);
        }
        c->carried = completes ? 0 : c->carried + take;
        c->off += take;
    }
    return true;
}

static void next_piece(struct cutter *c, bool ends)
{
    c->piece++;
    c->off = 0;
    c->hashed = false;
    if (ends)
        c->chunk = 0;
}

int recompress_cut(struct recompress *r, struct unit *u, struct batch *b, size_t *ret_bad,
                   struct wtg_err *err)
{
    struct cutter *c = &r->cut;

    b->nchunks = b->nparts = b->content = 0;
    b->carried = b->done = false;
    b->unit = u;
    while (c->piece < u->unit.npieces) {
        const struct tree_piece *p = &u->unit.piece[c->piece];
        const uint8_t *bytes = u->dst[c->piece];
        const struct tree_blob *blob = r->item[p->blob].blob;
        bool whole = goes_whole(r, p), ends = p->blob_off + p->len == blob->size_bytes;
        if (b->nparts == BATCH_CHUNKS || (whole && !has_room(r, b, p)))
            return 0;
        *ret_bad = p->blob;
        if (hash_piece(c, p, bytes, blob, err) < 0)
            return err->code;
        *ret_bad = r->nitems;
        struct part *part = &b->part[b->nparts];
        *part = (struct part){
            .item = p->blob, .first = c->chunk, .chunk = b->nchunks, .whole = whole
        };
        bool used_up = cut_piece(r, b, part, p, bytes);
        part->last = used_up && ends;
        b->nparts += part->nchunks > 0;
        if (!used_up)
            return 0;
        next_piece(c, ends);
    }
    c->piece = 0;
    u->cut = true;
    return 0;
}
