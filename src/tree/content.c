/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tree/content.h"

#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

void tree_unit_release(struct tree_unit *u)
{
    free(u->raw);
    free(u->piece);
    *u = (struct tree_unit){ 0 };
}

int tree_blob_read(const struct tree_blob *b, uint64_t off, void *buf, size_t n,
                   struct wtg_err *err)
{
    if (off > b->size_bytes || n > b->size_bytes - off)
        return wtg_fail(err, WTG_E_BUG, "a read of %zu bytes at byte %" PRIu64 " of a blob of %" PRIu64,
                        n, off, b->size_bytes);
    return n == 0 ? 0 : b->source->ops->read(b->source, b, off, buf, n, err);
}

int tree_blob_slurp(const struct tree_blob *b, size_t limit, uint8_t **ret, size_t *ret_n,
                    struct wtg_err *err)
{
    size_t n = b ? (size_t)b->size_bytes : 0;
    uint8_t sha1[SHA1_BYTES];

    if (b && b->size_bytes > limit)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "%" PRIu64 " bytes are more than the limit of %zu",
                        b->size_bytes, limit);
    AUTO_FREE uint8_t *bytes = mem_zeroed(n + 1, 1, err);
    if (!bytes)
        return err->code;
    int r = n ? tree_blob_read(b, 0, bytes, n, err) : 0;
    if (r < 0)
        return r;
    if (n && b->has_sha1 && !b->content_bytes) {
        hash_sha1(bytes, n, sha1);
        if (memcmp(sha1, b->sha1, sizeof sha1) != 0)
            return wtg_fail(err, WTG_E_IMAGE_HASH, "its SHA-1 is not the one the image promises");
    }
    *ret = TAKE_PTR(bytes);
    *ret_n = n;
    return 0;
}

/* The plain feed: reads each blob with the source's random access, one unit at a time. */

struct plain_feed {
    struct tree_feed feed;
    const struct tree_blob *const *blob;
    size_t n, at; /* blobs; the one to bring next */
    uint64_t off; /* in that one */
};

static int unit_room(struct tree_unit *u, size_t raw, struct wtg_err *err)
{
    if (raw > u->raw_cap) {
        uint8_t *p = realloc(u->raw, raw);
        if (!p)
            return wtg_fail_nomem(err);
        u->raw = p;
        u->raw_cap = raw;
    }
    return mem_grow(&u->piece, &u->pieces_cap, u->npieces, sizeof *u->piece, err);
}

static int plain_next(struct tree_feed *feed, struct tree_unit *u, struct wtg_err *err)
{
    struct plain_feed *f = (struct plain_feed *)feed;

    u->npieces = 0;
    u->raw_len = 0;
    while (f->at < f->n && u->raw_len < feed->unit_bytes) {
        const struct tree_blob *b = f->blob[f->at];
        size_t part = (size_t)min_u64(b->size_bytes - f->off, feed->unit_bytes - u->raw_len);
        int r = unit_room(u, (size_t)feed->unit_bytes, err);
        if (r == 0)
            r = tree_blob_read(b, f->off, u->raw + u->raw_len, part, err);
        if (r < 0)
            return r;
        u->piece[u->npieces++] = (struct tree_piece){
            .blob = f->at, .blob_off = f->off, .len = part, .raw_off = u->raw_len, .raw_len = part
        };
        u->raw_len += part;
        f->off += part;
        if (f->off == b->size_bytes) {
            f->at++;
            f->off = 0;
        }
    }
    return u->npieces > 0;
}

static int plain_decode(struct tree_feed *feed, void *decoder, const struct tree_unit *u,
                        uint8_t *const *dst, uint8_t *const *content, struct wtg_err *err)
{
    (void)feed, (void)decoder, (void)content, (void)err;
    for (size_t i = 0; i < u->npieces; i++)
        memcpy(dst[i], u->raw + u->piece[i].raw_off, u->piece[i].len);
    return 0;
}

static void plain_free(struct tree_feed *feed)
{
    free(feed);
}

static const struct tree_feed_ops plain_ops = { .next = plain_next,
                                                .decode = plain_decode,
                                                .free = plain_free };

int tree_feed_open(struct tree_source *s, const struct tree_blob *const *blob, size_t n,
                   size_t unit_bytes, struct tree_feed **ret, struct wtg_err *err)
{
    if (s->ops->feed)
        return s->ops->feed(s, blob, n, unit_bytes, ret, err);
    struct plain_feed *f = mem_zeroed(1, sizeof *f, err);
    if (!f)
        return err->code;
    f->feed = (struct tree_feed){ .ops = &plain_ops, .unit_bytes = unit_bytes };
    f->blob = blob;
    f->n = n;
    *ret = &f->feed;
    return 0;
}

void tree_feed_free(struct tree_feed *f)
{
    if (f)
        f->ops->free(f);
}

/* Blobs in memory: each is its own source. */

struct memory_blob {
    struct tree_blob blob; /* first: freed through it */
    struct tree_source source;
    uint8_t *bytes;
};

static int memory_read(struct tree_source *s, const struct tree_blob *b, uint64_t off, void *buf,
                       size_t n, struct wtg_err *err)
{
    (void)s, (void)err;
    memcpy(buf, ((const struct memory_blob *)b)->bytes + off, n);
    return 0;
}

static const struct tree_source_ops memory_ops = { .name = "memory", .read = memory_read };

int tree_memory_blob_new(uint8_t *take, size_t n, struct tree_blob **ret, struct wtg_err *err)
{
    struct memory_blob *m = mem_zeroed(1, sizeof *m, err);
    if (!m) {
        free(take);
        return err->code;
    }
    m->source.ops = &memory_ops;
    m->bytes = take;
    m->blob = (struct tree_blob){ .source = &m->source, .size_bytes = n, .has_sha1 = true };
    hash_sha1(take, n, m->blob.sha1);
    *ret = &m->blob;
    return 0;
}

void tree_memory_blob_free(struct tree_blob *b)
{
    if (b)
        free(((struct memory_blob *)b)->bytes);
    free(b);
}
