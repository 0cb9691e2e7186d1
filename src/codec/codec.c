/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/codec.h"

#include <wimlib.h>

#include "base/mem.h"

/* What libwim 1.13.6 allows (wimlib.h, wimlib_set_output_chunk_size) and what a decompressor of
 * it takes from the heap, measured and rounded up. */
/* clang-format off */
static const struct {
    const char *name;
    enum wimlib_compression_type type;
    uint32_t min_chunk, max_chunk;
    uint32_t decoder_bytes;
} kinds[] = {
    [CODEC_NONE]   = { "none",   WIMLIB_COMPRESSION_TYPE_NONE,   0,       0,                     0 },
    [CODEC_XPRESS] = { "XPRESS", WIMLIB_COMPRESSION_TYPE_XPRESS, 1 << 12, 1 << 16,               8 << 10 },
    [CODEC_LZX]    = { "LZX",    WIMLIB_COMPRESSION_TYPE_LZX,    1 << 15, 1 << 21,               16 << 10 },
    [CODEC_LZMS]   = { "LZMS",   WIMLIB_COMPRESSION_TYPE_LZMS,   1 << 15, CODEC_MAX_CHUNK_BYTES, 320 << 10 },
};
/* clang-format on */

struct codec {
    enum codec_kind kind;
    uint32_t chunk_bytes;
    struct wimlib_decompressor *dec;
};

const char *codec_name(enum codec_kind kind)
{
    return (size_t)kind < ARRAY_LEN(kinds) ? kinds[kind].name : "unknown";
}

bool codec_chunk_valid(enum codec_kind kind, uint32_t chunk_bytes)
{
    if (kind == CODEC_NONE || (size_t)kind >= ARRAY_LEN(kinds))
        return false;
    return chunk_bytes >= kinds[kind].min_chunk && chunk_bytes <= kinds[kind].max_chunk &&
           (chunk_bytes & (chunk_bytes - 1)) == 0;
}

uint64_t codec_decoder_bytes(enum codec_kind kind)
{
    return (size_t)kind < ARRAY_LEN(kinds) ? kinds[kind].decoder_bytes : 0;
}

int codec_new(enum codec_kind kind, uint32_t chunk_bytes, struct codec **ret, struct wtg_err *err)
{
    if (!codec_chunk_valid(kind, chunk_bytes))
        return wtg_fail(err, WTG_E_UNSUPPORTED,
                        "no decoder for compression %u (%s) with %u-byte chunks", (unsigned)kind,
                        codec_name(kind), chunk_bytes);
    struct codec *c = mem_zeroed(1, sizeof *c, err);
    if (!c)
        return err->code;
    c->kind = kind;
    c->chunk_bytes = chunk_bytes;
    int r = wimlib_create_decompressor(kinds[kind].type, chunk_bytes, &c->dec);
    if (r != 0) {
        free(c);
        if (r == WIMLIB_ERR_NOMEM)
            return wtg_fail_nomem(err);
        return wtg_fail(err, WTG_E_UNSUPPORTED, "libwim makes no %s decoder for %u-byte chunks: %s",
                        codec_name(kind), chunk_bytes,
                        wimlib_get_error_string((enum wimlib_error_code)r));
    }
    *ret = c;
    return 0;
}

void codec_free(struct codec *c)
{
    if (!c)
        return;
    wimlib_free_decompressor(c->dec);
    free(c);
}

int codec_decode(struct codec *c, const void *in, size_t in_n, void *out, size_t out_n,
                 struct wtg_err *err)
{
    if (in_n > 0 && out_n > 0 && out_n <= c->chunk_bytes &&
        wimlib_decompress(in, in_n, out, out_n, c->dec) == 0)
        return 0;
    return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "%zu bytes do not decompress (%s) to %zu", in_n,
                    codec_name(c->kind), out_n);
}
