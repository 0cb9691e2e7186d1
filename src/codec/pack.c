/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/pack.h"

#include <string.h>
#include <wimlib.h>

#include "base/mem.h"

/* How hard libwim tries.  From 35 on it searches for the best of all ways, which takes LZX five
 * times as long for 2 % (docs/compact.md has what was measured). */
enum { LEVEL = 30 };

static const enum wimlib_compression_type types[] = {
    [CODEC_XPRESS] = WIMLIB_COMPRESSION_TYPE_XPRESS,
    [CODEC_LZX] = WIMLIB_COMPRESSION_TYPE_LZX,
    [CODEC_LZMS] = WIMLIB_COMPRESSION_TYPE_LZMS,
};

struct codec_packer {
    enum codec_kind kind;
    uint32_t chunk_bytes;
    struct wimlib_compressor *com;
    struct codec *codec;
    uint8_t *back; /* what a compressed chunk decodes to */
};

uint64_t codec_packer_bytes(enum codec_kind kind, uint32_t chunk_bytes)
{
    if (!codec_chunk_valid(kind, chunk_bytes))
        return 0;
    return wimlib_get_compressor_needed_memory(types[kind], chunk_bytes, LEVEL) +
           codec_decoder_bytes(kind) + chunk_bytes;
}

int codec_packer_new(enum codec_kind kind, uint32_t chunk_bytes, struct codec_packer **ret,
                     struct wtg_err *err)
{
    struct codec *codec = NULL;
    int r = codec_new(kind, chunk_bytes, &codec, err);
    if (r < 0)
        return r;
    struct codec_packer *p = mem_zeroed(1, sizeof *p, err);
    if (!p) {
        codec_free(codec);
        return err->code;
    }
    *p = (struct codec_packer){ .kind = kind, .chunk_bytes = chunk_bytes, .codec = codec };
    p->back = mem_zeroed(chunk_bytes, 1, err);
    int e = p->back ? wimlib_create_compressor(types[kind], chunk_bytes, LEVEL, &p->com)
                    : WIMLIB_ERR_NOMEM;
    if (e != 0) {
        codec_packer_free(p);
        if (e == WIMLIB_ERR_NOMEM)
            return wtg_fail_nomem(err);
        return wtg_fail(err, WTG_E_UNSUPPORTED,
                        "libwim makes no %s compressor for %u-byte chunks: %s", codec_name(kind),
                        chunk_bytes, wimlib_get_error_string((enum wimlib_error_code)e));
    }
    *ret = p;
    return 0;
}

void codec_packer_free(struct codec_packer *p)
{
    if (!p)
        return;
    wimlib_free_compressor(p->com);
    codec_free(p->codec);
    free(p->back);
    free(p);
}

int codec_pack(struct codec_packer *p, const void *in, size_t n, void *out, size_t *ret_n,
               struct wtg_err *err)
{
    if (n > p->chunk_bytes)
        return wtg_fail(err, WTG_E_BUG, "a chunk of %zu bytes for a compressor of %u", n,
                        p->chunk_bytes);
    size_t got = n > 1 ? wimlib_compress(in, n, out, n - 1, p->com) : 0;
    if (got > 0 &&
        (codec_decode(p->codec, out, got, p->back, n, err) < 0 || memcmp(p->back, in, n) != 0)) {
        wtg_fail(err, WTG_E_BUG,
                 "%zu bytes were compressed (%s), and do not decompress to the same", n,
                 codec_name(p->kind));
        return wtg_hint(err, "try again, and test the memory of this computer when it fails at "
                             "another place");
    }
    *ret_n = got;
    return 0;
}
