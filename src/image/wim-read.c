/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/wim.h"

#include <inttypes.h>
#include <string.h>

#include "base/hash.h"

/* Random access: chunk by chunk, with the chunks lately decoded kept. */

int wim_range_check(const struct wim_part *p, const char *what, uint64_t off, uint64_t n,
                    struct wtg_err *err)
{
    if (off <= p->blk->size && n <= p->blk->size - off)
        return 0;
    wtg_fail(err, WTG_E_IMAGE_DAMAGED,
             "'%s' ends at byte %" PRIu64 ", but %s stands at byte %" PRIu64 " and has %" PRIu64
             " bytes: the file is damaged or not complete",
             p->name, p->blk->size, what, off, n);
    return wtg_hint(err, "download or copy it again and compare its size and SHA-256 with what its "
                         "publisher says");
}

struct wim_blob wim_blob_of(const struct wim *w, size_t part, struct wim_res r)
{
    return (struct wim_blob){
        .b = { .source = (struct tree_source *)(uintptr_t)&w->source, .size_bytes = r.size },
        .off = r.off,
        .stored = r.stored,
        .part = (uint16_t)part,
        .flags = r.flags,
    };
}

struct wim_cut wim_cut_of(const struct wim *w, const struct wim_blob *b)
{
    const struct wim_header *h = &w->part[b->part].h;

    if (!(b->flags & WIM_RES_COMPRESSED) || h->chunk_bytes == 0)
        return (struct wim_cut){ 0 };
    struct wim_cut c = {
        .kind = h->kind,
        .chunk_bytes = h->chunk_bytes,
        .nchunks = div_up(wim_content_bytes(b), h->chunk_bytes),
        .entry_bytes = wim_content_bytes(b) > UINT32_MAX ? 8 : 4,
    };
    if (c.nchunks > 1)
        c.table_bytes = (c.nchunks - 1) * c.entry_bytes; /* < 2^64: chunks have 4 KiB or more */
    return c;
}

uint64_t wim_cut_entry(const struct wim_cut *c, const uint8_t *table, uint64_t i)
{
    if (i == 0)
        return 0;
    const uint8_t *p = table + (i - 1) * c->entry_bytes;
    return c->entry_bytes == 8 ? le64_at(p) : le32_at(p);
}

int wim_chunk_check(uint64_t i, uint64_t start, uint64_t end, uint64_t total, uint32_t size,
                    struct wtg_err *err)
{
    if (start < end && end <= total && end - start <= size)
        return 0;
    return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                    "its chunk table is broken: chunk %" PRIu64 " of %u bytes at %" PRIu64
                    " to %" PRIu64 " of %" PRIu64,
                    i, size, start, end, total);
}

/* Chunk i of a resource of its own: from the two table entries around it. */
static int chunk_of_plain(const struct wim *w, const struct wim_blob *b, uint64_t i,
                          struct wim_chunk *ret, struct wtg_err *err)
{
    struct wim_cut c = wim_cut_of(w, b);
    struct blk *blk = w->part[b->part].blk;
    uint8_t entry[16];
    uint64_t first = i > 0 ? i - 1 : 0; /* entry of the table */
    uint64_t last = min_u64(i + 1, c.nchunks - 1);
    size_t n = (size_t)(last - first) * c.entry_bytes;

    if (c.table_bytes >= b->stored)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "its chunk table is larger than what is stored");
    int r = blk_read(blk, b->off + first * c.entry_bytes, entry, n, err);
    if (r < 0)
        return r;
    uint64_t total = b->stored - c.table_bytes;
    uint64_t start = i > 0 ? wim_cut_entry(&c, entry, 1) : 0;
    uint64_t end = i + 1 < c.nchunks ? wim_cut_entry(&c, entry, i > 0 ? 2 : 1) : total;
    uint32_t size = wim_chunk_size(b->b.size_bytes, c.chunk_bytes, i);
    r = wim_chunk_check(i, start, end, total, size, err);
    if (r < 0)
        return r;
    *ret = (struct wim_chunk){ .blk = blk,
                               .off = b->off + c.table_bytes + start,
                               .stored = (uint32_t)(end - start),
                               .size = size,
                               .kind = c.kind,
                               .chunk_bytes = c.chunk_bytes };
    return 0;
}

static struct wim_chunk chunk_of_solid(const struct wim *w, const struct wim_solid *s, uint64_t i)
{
    return (struct wim_chunk){ .blk = w->part[s->part].blk,
                               .off = s->chunk_off[i],
                               .stored = (uint32_t)(s->chunk_off[i + 1] - s->chunk_off[i]),
                               .size = wim_chunk_size(s->size, s->chunk_bytes, i),
                               .kind = s->kind,
                               .chunk_bytes = s->chunk_bytes };
}

static int decode_chunk(struct wim *w, const struct wim_chunk *c, uint8_t *out, struct wtg_err *err)
{
    struct wim_decoder *d = &w->decoder;

    if (c->stored == c->size)
        return blk_read(c->blk, c->off, out, c->size, err);
    int r = wim_buffer(&d->raw, &d->raw_cap, c->stored, err);
    if (r == 0)
        r = blk_read(c->blk, c->off, d->raw, c->stored, err);
    if (r == 0)
        r = wim_decode(d, c->kind, c->chunk_bytes, d->raw, c->stored, out, c->size, err);
    return r;
}

static bool same_chunk(const struct wim_chunk *a, const struct wim_chunk *b)
{
    return a->blk == b->blk && a->off == b->off && a->stored == b->stored && a->size == b->size &&
           a->kind == b->kind && a->chunk_bytes == b->chunk_bytes;
}

static void cache_drop(struct wim *w, struct wim_cached *c)
{
    if (c->key.blk)
        w->cache_bytes -= c->key.size;
    free(c->bytes);
    *c = (struct wim_cached){ 0 };
}

/* A free place with room for `size` bytes: the longest unused go, all of them if need be. */
static struct wim_cached *cache_room(struct wim *w, uint32_t size)
{
    for (;;) {
        struct wim_cached *oldest = NULL, *unused = NULL;
        for (size_t i = 0; i < WIM_CACHE_SLOTS; i++) {
            struct wim_cached *c = &w->cache[i];
            if (!c->key.blk)
                unused = c;
            else if (!oldest || c->used < oldest->used)
                oldest = c;
        }
        if (!oldest || (unused && w->cache_bytes + size <= WIM_CACHE_BYTES))
            return unused;
        cache_drop(w, oldest);
    }
}

static int cached_chunk(struct wim *w, const struct wim_chunk *key, const uint8_t **ret,
                        struct wtg_err *err)
{
    for (size_t i = 0; i < WIM_CACHE_SLOTS; i++)
        if (same_chunk(&w->cache[i].key, key)) {
            w->cache[i].used = ++w->cache_clock;
            *ret = w->cache[i].bytes;
            return 0;
        }
    struct wim_cached *c = cache_room(w, key->size);
    c->bytes = malloc(key->size);
    int r = c->bytes ? decode_chunk(w, key, c->bytes, err) : wtg_fail_nomem(err);
    if (r < 0) {
        cache_drop(w, c);
        return r;
    }
    c->key = *key;
    c->used = ++w->cache_clock;
    w->cache_bytes += key->size;
    *ret = c->bytes;
    return 0;
}

static int read_chunks(struct wim *w, const struct wim_blob *b, uint64_t off, uint8_t *p, size_t n,
                       struct wtg_err *err)
{
    uint32_t chunk_bytes = b->solid ? b->solid->chunk_bytes : w->part[b->part].h.chunk_bytes;
    uint64_t pos = b->solid ? b->off + off : off;

    while (n > 0) {
        struct wim_chunk c;
        const uint8_t *bytes = NULL;
        uint64_t i = pos / chunk_bytes;
        size_t in = (size_t)(pos % chunk_bytes), part;
        int r = 0;
        if (b->solid)
            c = chunk_of_solid(w, b->solid, i);
        else
            r = chunk_of_plain(w, b, i, &c, err);
        if (r < 0)
            return r;
        part = (size_t)min_u64(n, c.size - in);
        if (part == c.size) { /* nothing is left that somebody may want later */
            r = decode_chunk(w, &c, p, err);
        } else {
            r = cached_chunk(w, &c, &bytes, err);
            if (r == 0)
                memcpy(p, bytes + in, part);
        }
        if (r < 0)
            return wtg_because(err, "byte %" PRIu64 " of '%s'", c.off, w->part[b->part].name);
        p += part;
        pos += part;
        n -= part;
    }
    return 0;
}

int wim_read(struct wim *w, const struct wim_blob *b, uint64_t off, void *buf, size_t n,
             struct wtg_err *err)
{
    if (b->b.content_bytes || (!b->solid && wim_cut_of(w, b).chunk_bytes == 0))
        return blk_read(w->part[b->part].blk, b->off + off, buf, n, err);
    pthread_mutex_lock(&w->lock);
    int r = read_chunks(w, b, off, buf, n, err);
    pthread_mutex_unlock(&w->lock);
    return r;
}

int wim_slurp(struct wim *w, const struct wim_blob *b, uint64_t limit, uint8_t **ret,
              struct wtg_err *err)
{
    uint8_t sha1[SHA1_BYTES];
    size_t n = (size_t)b->b.size_bytes;

    if (b->b.size_bytes > limit)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                        "%" PRIu64 " bytes, more than the limit of %" PRIu64, b->b.size_bytes,
                        limit);
    AUTO_FREE uint8_t *bytes = mem_zeroed(n, 1, err);
    if (!bytes)
        return err->code;
    int r = n > 0 ? wim_read(w, b, 0, bytes, n, err) : 0;
    if (r < 0)
        return r;
    if (b->b.has_sha1) {
        hash_sha1(bytes, n, sha1);
        if (memcmp(sha1, b->b.sha1, sizeof sha1) != 0)
            return wtg_fail(err, WTG_E_IMAGE_HASH, "its SHA-1 is not the one the image promises");
    }
    *ret = TAKE_PTR(bytes);
    return 0;
}

bool image_blob_stored(const struct tree_blob *blob, struct image_stored *ret)
{
    const struct wim_blob *b = (const struct wim_blob *)blob;

    if (blob->source->ops->feed != wim_feed)
        return false;
    if (b->solid) {
        *ret = (struct image_stored){ .kind = b->solid->kind,
                                      .chunk_bytes = b->solid->chunk_bytes,
                                      .solid = true };
        return true;
    }
    struct wim_cut c = wim_cut_of((const struct wim *)blob->source, b);
    *ret = (struct image_stored){ .kind = c.kind,
                                  .chunk_bytes = c.chunk_bytes,
                                  .stored_bytes = b->stored };
    return true;
}

int image_stored_blob(const struct tree_blob *blob, const struct tree_blob **ret,
                      struct wtg_err *err)
{
    struct image_stored form;

    if (!image_blob_stored(blob, &form) || form.solid || form.kind == CODEC_NONE ||
        blob->content_bytes)
        return wtg_fail(err, WTG_E_BUG, "a blob without a stored form of its own");
    struct wim *w = (struct wim *)blob->source;
    struct wim_blob *b = arena_dup(&w->arena, blob, sizeof *b, err);
    if (!b)
        return err->code;
    b->b.content_bytes = b->b.size_bytes;
    b->b.size_bytes = b->stored;
    *ret = &b->b;
    return 0;
}
