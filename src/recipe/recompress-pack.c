/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/recompress-priv.h"

#include <string.h>

#include "base/le.h"

/* Compressing. */

static int pack_chunk(struct codec_packer *packer, bool pack, struct chunk *c, uint8_t *out,
                      struct wtg_err *err)
{
    size_t n = 0;
    int r = pack ? codec_pack(packer, c->in, c->n, out, &n, err) : 0;

    if (r == 0 && n == 0)
        memcpy(out, c->in, c->n);
    c->packed = n > 0 ? (uint32_t)n : c->n;
    return r;
}

static int pack_chunks(struct codec_packer *packer, struct batch *b, struct part *p, size_t *pos,
                       struct wtg_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < p->nchunks; i++) {
        struct chunk *c = &b->chunk[p->chunk + i];
        r = pack_chunk(packer, p->packed, c, b->out + *pos, err);
        *pos += c->packed;
    }
    return r;
}

static void put_entry(uint8_t *table, uint32_t entry_bytes, uint64_t i, uint64_t value)
{
    if (entry_bytes == 8)
        put_le64(table + i * 8, value);
    else
        put_le32(table + i * 4, (uint32_t)value);
}

/* A part that is all of an item: its table and chunks, or what it is when that is not worth it. */
static int pack_whole(const struct recompress_item *item, uint32_t chunk_bytes,
                      struct codec_packer *packer, struct batch *b, struct part *p, size_t *pos,
                      struct wtg_err *err)
{
    uint64_t size = item->blob->size_bytes, start = 0;
    struct ntfs_wof_cut cut = ntfs_wof_cut_of(size, chunk_bytes);

    if (p->packed)
        *pos += cut.table_bytes;
    int r = pack_chunks(packer, b, p, pos, err);
    for (size_t i = 0; p->packed && i + 1 < p->nchunks; i++) {
        start += b->chunk[p->chunk + i].packed;
        put_entry(b->out + p->at, cut.entry_bytes, i, start);
    }
    if (r < 0 || !p->packed || recompress_is_worth(size, *pos - p->at))
        return r;
    *pos = p->at;
    p->packed = false;
    return item->keep ? pack_chunks(packer, b, p, pos, err) : 0;
}

int recompress_pack(const struct recompress *r, struct codec_packer *packer, struct batch *b,
                    struct wtg_err *err)
{
    size_t pos = 0;
    int e = 0;

    for (size_t i = 0; e == 0 && i < b->nparts; i++) {
        struct part *p = &b->part[i];
        const struct recompress_item *item = &r->item[p->item];
        p->at = pos;
        p->packed = item->pack;
        e = p->whole ? pack_whole(item, r->chunk_bytes, packer, b, p, &pos, err)
                     : pack_chunks(packer, b, p, &pos, err);
        p->len = pos - p->at;
        if (e == 0 && p->whole && p->len)
            hash_sha1(b->out + p->at, p->len, p->sha1);
    }
    return e;
}

/* Storing. */

/* The table's entries for the chunks of a part: where each ends, which is where the next begins. */
static int store_entries(struct recompress *r, const struct batch *b, const struct part *p,
                         const struct ntfs_wof_cut *cut, struct wtg_err *err)
{
    uint8_t table[8 * (BATCH_BYTES / 4096 + 1)];
    uint64_t end = r->store.end - r->store.chunks_at, n = 0;

    while (n < p->nchunks && p->first + n + 1 < cut->chunks) {
        end += b->chunk[p->chunk + n].packed;
        put_entry(table, cut->entry_bytes, n++, end);
    }
    return spool_write(r->spool, r->store.start + p->first * cut->entry_bytes, table,
                       (size_t)(n * cut->entry_bytes), err);
}

/* What stands in the spool is what will be read from there: its SHA-1 is made of that. */
static int hash_stored(struct recompress *r, uint8_t sha1[SHA1_BYTES], struct wtg_err *err)
{
    struct store *s = &r->store;
    int e = 0;

    hash_reset(s->running);
    for (uint64_t off = s->start; e == 0 && off < s->end; off += BATCH_BYTES) {
        size_t n = (size_t)min_u64(BATCH_BYTES, s->end - off);
        e = spool_read(r->spool, off, s->back, n, err);
        hash_add(s->running, s->back, n);
    }
    hash_end(s->running, sha1);
    return e;
}

static int end_spanning(struct recompress *r, struct recompress_item *item, bool packed,
                        struct wtg_err *err)
{
    struct store *s = &r->store;
    uint8_t sha1[SHA1_BYTES];
    uint64_t size = item->blob->size_bytes;

    if (!item->keep && !recompress_is_worth(size, s->end - s->start)) {
        s->end = s->start; /* the next one takes its place */
        return 0;
    }
    item->packed = packed;
    int e = hash_stored(r, sha1, err);
    return e < 0 ? e : spool_blob(r->spool, s->start, s->end - s->start, sha1, &item->kept, err);
}

static int store_spanning(struct recompress *r, const struct batch *b, const struct part *p,
                          struct wtg_err *err)
{
    struct store *s = &r->store;
    struct recompress_item *item = &r->item[p->item];
    struct ntfs_wof_cut cut = ntfs_wof_cut_of(item->blob->size_bytes, r->chunk_bytes);
    int e = 0;

    if (p->first == 0) {
        s->start = s->end;
        s->end += p->packed ? cut.table_bytes : 0;
        s->chunks_at = s->end;
    }
    if (p->packed)
        e = store_entries(r, b, p, &cut, err);
    if (e == 0)
        e = spool_write(r->spool, s->end, b->out + p->at, p->len, err);
    s->end += p->len;
    return e == 0 && p->last ? end_spanning(r, item, p->packed, err) : e;
}

/* A run of whole items stands together already. */
static int store_wholes(struct recompress *r, const struct part *p, size_t n, const uint8_t *out,
                        struct wtg_err *err)
{
    size_t begin = p[0].at, len = p[n - 1].at + p[n - 1].len - begin;
    int e = spool_write(r->spool, r->store.end, out + begin, len, err);

    for (size_t i = 0; e == 0 && i < n; i++) {
        struct recompress_item *item = &r->item[p[i].item];
        item->packed = p[i].packed;
        if (p[i].len)
            e = spool_blob(r->spool, r->store.end + p[i].at - begin, p[i].len, p[i].sha1,
                           &item->kept, err);
    }
    r->store.end += len;
    return e;
}

int recompress_store(struct recompress *r, const struct batch *b, struct wtg_err *err)
{
    int e = 0;

    for (size_t i = 0, n; e == 0 && i < b->nparts; i += n) {
        for (n = 0; i + n < b->nparts && b->part[i + n].whole; n++)
            ;
        e = n ? store_wholes(r, &b->part[i], n, b->out, err)
              : store_spanning(r, b, &b->part[i], err);
        n += n == 0;
    }
    return e;
}
