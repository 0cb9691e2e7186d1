/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/copy-priv.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"

int copy_source_init(struct copy_source *s, struct wtg_err *err)
{
    bool packed = raw_info(s->raw)->suffix[0] != '\0';
    int r = 0;

    /* Packed data has its checksum at the end: it is always read to there. */
    s->read_all = packed || s->want;
    if (s->want)
        r = hash_new(HASH_SHA256, &s->content, err);
    if (r == 0 && s->want && packed)
        r = hash_new(HASH_SHA256, &s->file, err);
    if (r == 0 && s->bmap && s->bmap->nsums > 0)
        r = hash_new(s->bmap->kind, &s->range_hash, err);
    if (r == 0 && s->file)
        raw_hash_file(s->raw, s->file);
    return r;
}

void copy_source_release(struct copy_source *s)
{
    hash_free(s->content);
    hash_free(s->file);
    hash_free(s->range_hash);
}

/* What stands at s->at: so many bytes that are to be written, or not.  False behind the last. */
static bool next_run(struct copy_source *s, uint64_t *ret_n, bool *ret_mapped)
{
    const struct bmap *b = s->bmap;

    *ret_n = STREAM_CHUNK_BYTES;
    *ret_mapped = !b;
    if (!b)
        return true;
    while (s->range < b->nranges && s->at >= b->range[s->range].off + b->range[s->range].size)
        s->range++;
    if (s->range == b->nranges)
        return s->read_all;
    const struct bmap_range *r = &b->range[s->range];
    if (s->at < r->off && s->read_all) {
        *ret_n = r->off - s->at;
        return true;
    }
    s->at = max_u64(s->at, r->off);
    *ret_n = r->off + r->size - s->at;
    *ret_mapped = true;
    return true;
}

int copy_source_read(void *source, uint8_t *buf, struct stream_piece *ret, struct wtg_err *err)
{
    struct copy_source *s = source;
    const struct raw_info *info = raw_info(s->raw);
    uint64_t run = 0;
    bool mapped = false;
    size_t got = 0;

    if (!next_run(s, &run, &mapped))
        return 0;
    size_t n = (size_t)min_u64(run, STREAM_CHUNK_BYTES);
    int r = raw_read(s->raw, s->at, buf, n, &got, err);
    if (r < 0)
        return r;
    if (got < n && s->bmap && mapped)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                        "the image ends at byte %" PRIu64 ", its block map says at %" PRIu64,
                        s->at + got, s->bmap->image_bytes);
    *ret = (struct stream_piece){ .off = s->at, .n = got, .skipped = !mapped };
    s->at += got;
    ret->last = got < n || (info->size_exact && s->at == info->size_bytes) ||
                (s->bmap && s->at == s->bmap->image_bytes);
    return 0;
}

/* A part of a range of the block map passes; pieces never reach over its end. */
static int look_at_range(struct copy_source *s, const struct stream_piece *p, const uint8_t *bytes,
                         struct wtg_err *err)
{
    const struct bmap *b = s->bmap;
    uint8_t sum[SHA256_BYTES];

    while (p->off >= b->range[s->looked].off + b->range[s->looked].size)
        s->looked++;
    const struct bmap_range *r = &b->range[s->looked];
    if (!r->has_sum)
        return 0;
    if (p->off == r->off)
        hash_reset(s->range_hash);
    hash_add(s->range_hash, bytes, p->n);
    if (p->off + p->n < r->off + r->size)
        return 0;
    hash_end(s->range_hash, sum);
    if (memcmp(sum, r->sum, b->kind == HASH_SHA1 ? SHA1_BYTES : SHA256_BYTES) == 0)
        return 0;
    wtg_fail(err, WTG_E_IMAGE_HASH,
             "bytes %" PRIu64 " to %" PRIu64
             " of the image do not have the checksum that its block "
             "map names",
             r->off, r->off + r->size - 1);
    return wtg_hint(err,
                    "the image is damaged, or the block map is of another one: get both again");
}

int copy_source_look(void *source, const struct stream_piece *p, const uint8_t *bytes,
                     struct wtg_err *err)
{
    struct copy_source *s = source;

    if (s->content)
        hash_add(s->content, bytes, p->n);
    return s->range_hash && !p->skipped ? look_at_range(s, p, bytes, err) : 0;
}

static bool take(struct copy_source *s, struct hash *h)
{
    uint8_t sum[SHA256_BYTES];

    if (!h)
        return false;
    hash_end(h, sum);
    hash_hex(sum, sizeof sum, s->sha256); /* the file's own comes last and stays */
    return memcmp(sum, s->want, sizeof sum) == 0;
}

int copy_source_verdict(void *source, struct wtg_err *err)
{
    struct copy_source *s = source;
    const struct raw_info *info = raw_info(s->raw);
    char want[2 * SHA256_BYTES + 1];
    int r = raw_finish(s->raw, err);

    if (r < 0)
        return r;
    if (s->bmap && s->read_all && s->at != s->bmap->image_bytes)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                        "the image has %" PRIu64 " bytes, its block map says %" PRIu64, s->at,
                        s->bmap->image_bytes);
    if (!s->bmap && info->size_known && s->at < info->size_bytes)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                        "the image has %" PRIu64 " bytes, %" PRIu64 " were promised", s->at,
                        info->size_bytes);
    if (!s->want)
        return 0;
    bool content = take(s, s->content), file = take(s, s->file);
    if (content || file)
        return 0;
    hash_hex(s->want, SHA256_BYTES, want);
    wtg_fail(err, WTG_E_IMAGE_HASH, "the image has the SHA-256 %s, not %s as '%s' says", s->sha256,
             want, s->want_from);
    return wtg_hint(err,
                    "download the image again; when it differs once more, it is not the one that "
                    "was meant");
}
