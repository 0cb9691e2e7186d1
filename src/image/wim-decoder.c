/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/wim.h"

#include <string.h>

static int codec_for(struct wim_decoder *d, enum codec_kind kind, uint32_t chunk_bytes,
                     struct codec **ret, struct wtg_err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(d->slot); i++)
        if (d->slot[i].codec && d->slot[i].kind == kind && d->slot[i].chunk_bytes == chunk_bytes) {
            *ret = d->slot[i].codec;
            return 0;
        }
    size_t at = d->next_slot;
    int r = codec_new(kind, chunk_bytes, ret, err);
    if (r < 0)
        return r;
    codec_free(d->slot[at].codec);
    d->slot[at].codec = *ret;
    d->slot[at].kind = kind;
    d->slot[at].chunk_bytes = chunk_bytes;
    d->next_slot = (at + 1) % ARRAY_LEN(d->slot);
    return 0;
}

int wim_decode(struct wim_decoder *d, enum codec_kind kind, uint32_t chunk_bytes, const uint8_t *in,
               size_t in_n, uint8_t *out, size_t out_n, struct wtg_err *err)
{
    struct codec *codec = NULL;

    if (in_n == out_n) { /* stored as it is */
        memcpy(out, in, out_n);
        return 0;
    }
    int r = codec_for(d, kind, chunk_bytes, &codec, err);
    return r < 0 ? r : codec_decode(codec, in, in_n, out, out_n, err);
}

void wim_decoder_release(struct wim_decoder *d)
{
    for (size_t i = 0; i < ARRAY_LEN(d->slot); i++)
        codec_free(d->slot[i].codec);
    free(d->raw);
    free(d->chunk);
    *d = (struct wim_decoder){ 0 };
}

int wim_buffer(uint8_t **p, size_t *cap, size_t n, struct wtg_err *err)
{
    if (n <= *cap)
        return 0;
    uint8_t *q = malloc(n);
    if (!q)
        return wtg_fail_nomem(err);
    free(*p);
    *p = q;
    *cap = n;
    return 0;
}
