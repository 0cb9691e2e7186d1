/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_CODEC_CODEC_H
#define WTG_CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* How a chunk is compressed.  The numbers are those that stand on disk, in the header of a WIM's
 * solid resource (docs/formats/wim.md). */
enum codec_kind {
    CODEC_NONE = 0,   /* bytes as they are */
    CODEC_XPRESS = 1, /* LZ77 + Huffman; 4 to 64 KiB chunks; the fastest */
    CODEC_LZX = 2,    /* 32 KiB to 2 MiB chunks; what install.wim is made of */
    CODEC_LZMS = 3,   /* 32 KiB chunks and up; what install.esd is made of */
};

/* "none", "XPRESS", "LZX", "LZMS"; "unknown" for any other number. */
const char *codec_name(enum codec_kind kind);

/* The largest chunk that is taken.  Windows itself reads LZMS chunks of up to 64 MiB, libwim up to
 * 1 GiB; each decoding thread needs a buffer of this size, so four times Windows' own limit is
 * where it ends here. */
enum { CODEC_MAX_CHUNK_BYTES = 256 * 1024 * 1024 };

/* May this compression have chunks of this size (a power of two within its limits)?  Never for
 * CODEC_NONE. */
bool codec_chunk_valid(enum codec_kind kind, uint32_t chunk_bytes);

/* Memory that one decoder needs beside the bytes it reads and writes, at the most. */
uint64_t codec_decoder_bytes(enum codec_kind kind);

/* Decodes chunks of one compression and size.  Not to be used by two threads at once. */
struct codec;
/* UNSUPPORTED when codec_chunk_valid says no. */
int codec_new(enum codec_kind kind, uint32_t chunk_bytes, struct codec **ret,
              struct wtg_err *err) WTG_MUST_USE;
void codec_free(struct codec *c); /* NULL is fine */

/* Decodes one chunk to exactly `out_n` bytes (at most the codec's chunk size; less only for the
 * last chunk of a resource).  IMAGE_DAMAGED when the bytes are not what a compressor makes; `out`
 * is then undefined.  Bytes behind the end of the compressed data are not noticed: hashes are. */
int codec_decode(struct codec *c, const void *in, size_t in_n, void *out, size_t out_n,
                 struct wtg_err *err) WTG_MUST_USE;

#endif
