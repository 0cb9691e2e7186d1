/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/wim-dentry.h"

#include <inttypes.h>

/* All offsets of a dentry fit: the metadata has less than 2^30 bytes, so that what is added to an
 * offset inside it cannot overflow 64 bits. */

static int past_end(uint64_t off, struct wtg_err *err)
{
    return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                    "the directory entry at byte %" PRIu64 " of the metadata does not fit into it",
                    off);
}

/* A name of `bytes` bytes and its 0 at `*at`. */
static int take_name(struct wtg_span own, uint64_t *at, uint16_t bytes, struct wtg_span *ret)
{
    *ret = (struct wtg_span){ 0 };
    if (bytes == 0)
        return 0;
    *ret = span_sub(own, *at, bytes);
    *at += bytes + 2u;
    return ret->p && bytes % 2 == 0 ? 0 : -1;
}

static int streams_measure(struct wtg_span metadata, uint64_t at, struct wim_dentry *d,
                           struct wtg_err *err)
{
    uint64_t start = at;

    for (unsigned i = 0; i < d->nstreams; i++) {
        const struct wim_stream_disk *s = span_at(metadata, at, sizeof *s);
        if (!s || get_le64(s->length) < sizeof *s || !span_at(metadata, at, get_le64(s->length)))
            return past_end(at, err);
        at += round_up(get_le64(s->length), 8);
    }
    /* The padding behind the last one may be missing at the very end. */
    d->streams = span_sub(metadata, start, min_u64(at, metadata.n) - min_u64(start, metadata.n));
    d->next = at;
    return 0;
}

int wim_dentry_at(struct wtg_span metadata, uint64_t off, struct wim_dentry *ret,
                  struct wtg_err *err)
{
    const uint8_t *length = span_at(metadata, off, 8);

    if (!length)
        return past_end(off, err);
    uint64_t n = le64_at(length);
    if (n <= 8)
        return 0;
    struct wtg_span own = span_sub(metadata, off, n);
    const struct wim_dentry_disk *d = span_at(own, 0, sizeof *d);
    if (!d)
        return past_end(off, err);
    *ret = (struct wim_dentry){
        .attributes = get_le32(d->attributes),
        .security = (int32_t)get_le32(d->security),
        .children = get_le64(d->children),
        .created = get_le64(d->created),
        .accessed = get_le64(d->accessed),
        .written = get_le64(d->written),
        .sha1 = d->sha1,
        .nstreams = get_le16(d->streams),
    };
    if (ret->attributes & ATTR_REPARSE) {
        ret->reparse_tag = le32_at(d->link);
        ret->reparse_reserved = le16_at(d->link + 4);
    } else {
        ret->group = le64_at(d->link);
    }
    uint64_t at = sizeof *d;
    if (take_name(own, &at, get_le16(d->name_bytes), &ret->name) < 0 ||
        take_name(own, &at, get_le16(d->short_bytes), &ret->short_name) < 0 || at > n)
        return past_end(off, err);
    at = round_up(off + at, 8) - off;
    ret->tagged = span_sub(own, at, n > at ? n - at : 0);
    int r = streams_measure(metadata, off + round_up(n, 8), ret, err);
    return r < 0 ? r : 1;
}

int wim_stream_at(const struct wim_dentry *d, uint64_t *off, struct wtg_span *ret_name,
                  const uint8_t **ret_sha1, struct wtg_err *err)
{
    const struct wim_stream_disk *s = span_at(d->streams, *off, sizeof *s);
    if (!s)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "a stream does not fit into the metadata");
    struct wtg_span own = span_sub(d->streams, *off, get_le64(s->length));
    uint16_t bytes = get_le16(s->name_bytes);
    struct wtg_span name = span_sub(own, sizeof *s, bytes);
    if (bytes % 2 != 0 || (bytes > 0 && !name.p))
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "a stream's name of %u bytes does not fit",
                        bytes);
    *ret_name = name;
    *ret_sha1 = s->sha1;
    *off += round_up(get_le64(s->length), 8);
    return 0;
}

int wim_tagged(const struct wim_dentry *d, uint32_t tag, struct wtg_span *ret, struct wtg_err *err)
{
    *ret = (struct wtg_span){ 0 };
    for (uint64_t at = 0;;) {
        const struct wim_tag_disk *t = span_at(d->tagged, at, sizeof *t);
        if (!t)
            return 0;
        uint32_t n = get_le32(t->bytes);
        if (get_le32(t->tag) == tag) {
            *ret = span_sub(d->tagged, at + sizeof *t, n);
            return ret->p ? 0
                          : wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                                     "tagged item %u of %u bytes does not fit", tag, n);
        }
        at += sizeof *t + round_up(n, 8);
    }
}
