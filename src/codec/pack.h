/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_CODEC_PACK_H
#define WTG_CODEC_PACK_H

#include "codec/codec.h"

/* Compresses chunks of one compression and size; the same bytes give the same bytes, whatever came
 * before.  Not to be used by two threads at once. */
struct codec_packer;

/* Memory that one needs, at the most; 0 when there is none such. */
uint64_t codec_packer_bytes(enum codec_kind kind, uint32_t chunk_bytes);
/* UNSUPPORTED when codec_chunk_valid says no. */
int codec_packer_new(enum codec_kind kind, uint32_t chunk_bytes, struct codec_packer **ret,
                     struct wtg_err *err) WTG_MUST_USE;
void codec_packer_free(struct codec_packer *p); /* NULL is fine */

/* Compresses one chunk of n bytes into `out`, which has room for as many.  `*ret_n` is 0 when it
 * does not get smaller: such a chunk is stored as it is.  What was made is decoded once more and
 * compared; BUG when it differs. */
int codec_pack(struct codec_packer *p, const void *in, size_t n, void *out, size_t *ret_n,
               struct wtg_err *err) WTG_MUST_USE;

#endif
