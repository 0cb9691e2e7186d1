/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pthread.h>
#include <wimlib.h>

#include "base/mem.h"
#include "codec/codec.h"
#include "codec/pack.h"
#include "test.h"

/* Text-like bytes with a little noise; the same each time. */
static void fill(uint8_t *p, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525 + 1013904223;
        p[i] = i >= 300 && (seed >> 28) != 0 ? p[i - 300] : (uint8_t)(seed >> 24);
    }
}

/* clang-format off */
static const struct { enum codec_kind kind; uint32_t chunk; size_t n; } sizes[] = {
    { CODEC_XPRESS,   4096,    4096 }, { CODEC_XPRESS,  65536,   65536 }, { CODEC_XPRESS,  32768,   777 },
    { CODEC_LZX,     32768,   32768 }, { CODEC_LZX,     32768,    1000 }, { CODEC_LZX,   2 << 20, 2 << 20 },
    { CODEC_LZMS,    32768,   32768 }, { CODEC_LZMS,  1 << 20,  999999 }, { CODEC_LZMS,  4 << 20,   50000 },
};
static const struct { enum codec_kind kind; uint32_t chunk; bool valid; } valid[] = {
    { CODEC_NONE, 0, false },          { CODEC_NONE, 32768, false },
    { CODEC_XPRESS, 2048, false },     { CODEC_XPRESS, 4096, true },
    { CODEC_XPRESS, 65536, true },     { CODEC_XPRESS, 131072, false },
    { CODEC_LZX, 16384, false },       { CODEC_LZX, 32768, true },
    { CODEC_LZX, 40000, false },       { CODEC_LZX, 2 << 20, true },
    { CODEC_LZX, 4 << 20, false },     { CODEC_LZMS, 64 << 20, true },
    { CODEC_LZMS, 256 << 20, true },   { CODEC_LZMS, 512 << 20, false },
    { (enum codec_kind)4, 32768, false },
};
/* clang-format on */

static size_t compress(enum codec_kind kind, size_t chunk, const void *in, size_t n, void *out)
{
    struct wimlib_compressor *c = NULL;
    if (wimlib_create_compressor((enum wimlib_compression_type)kind, chunk, 20, &c) != 0)
        return 0;
    size_t got = wimlib_compress(in, n, out, n - 1, c);
    wimlib_free_compressor(c);
    return got;
}

static void decodes_what_libwim_encodes(void)
{
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct wtg_err err = { 0 };
        struct codec *c = NULL;
        size_t n = sizes[i].n;
        AUTO_FREE uint8_t *plain = malloc(n), *packed = malloc(n), *out = malloc(n);
        fill(plain, n, (uint32_t)i);
        size_t got = compress(sizes[i].kind, sizes[i].chunk, plain, n, packed);
        REQUIRE(got > 0);
        OK(codec_new(sizes[i].kind, sizes[i].chunk, &c, &err), err);
        for (int again = 0; again < 2; again++) { /* a codec keeps nothing between chunks */
            memset(out, 0xee, n);
            OK(codec_decode(c, packed, got, out, n, &err), err);
            CHECK(memcmp(out, plain, n) == 0);
        }
        codec_free(c);
    }
}

static void only_known_chunk_sizes(void)
{
    for (size_t i = 0; i < ARRAY_LEN(valid); i++) {
        struct wtg_err err = { 0 };
        struct codec *c = NULL;
        CHECK(codec_chunk_valid(valid[i].kind, valid[i].chunk) == valid[i].valid);
        int r = codec_new(valid[i].kind, valid[i].chunk, &c, &err);
        CHECK(r == (valid[i].valid ? 0 : WTG_E_UNSUPPORTED));
        codec_free(c);
    }
}

/* Cut-off, changed and made-up bytes give an error or wrong bytes, never a crash. */
static void damaged_chunks_are_survived(void)
{
    uint8_t plain[32768], packed[32768], out[32768];

    fill(plain, sizeof plain, 7);
    for (int kind = CODEC_XPRESS; kind <= CODEC_LZMS; kind++) {
        struct wtg_err err = { 0 };
        struct codec *c = NULL;
        size_t n = compress((enum codec_kind)kind, sizeof plain, plain, sizeof plain, packed);
        REQUIRE(n > 0);
        OK(codec_new((enum codec_kind)kind, sizeof plain, &c, &err), err);
        CHECK(codec_decode(c, packed, 0, out, sizeof out, &err) == WTG_E_IMAGE_DAMAGED);
        CHECK(codec_decode(c, packed, n, out, sizeof out + 1, &err) == WTG_E_IMAGE_DAMAGED);
        unsigned noticed = 0;
        for (size_t i = 0; i < n; i += 1 + n / 97) {
            packed[i] ^= 0x55;
            AUTO_FREE uint8_t *cut = malloc(i + 1); /* so that ASan sees a read behind it */
            memcpy(cut, packed, i + 1);
            noticed += codec_decode(c, cut, i + 1, out, sizeof out, &err) < 0;
            int r = codec_decode(c, packed, n, out, sizeof out, &err);
            CHECK(r == 0 || r == WTG_E_IMAGE_DAMAGED);
            packed[i] ^= 0x55;
        }
        CHECK(noticed > 0);
        OK(codec_decode(c, packed, n, out, sizeof out, &err), err);
        CHECK(memcmp(out, plain, sizeof out) == 0);
        codec_free(c);
    }
}

struct job {
    const uint8_t *plain, *packed;
    size_t n;
    bool good;
};

static void *decode_often(void *arg)
{
    struct job *j = arg;
    struct wtg_err err = { 0 };
    struct codec *c = NULL;
    uint8_t out[32768];

    j->good = codec_new(CODEC_LZX, sizeof out, &c, &err) == 0;
    for (int i = 0; j->good && i < 50; i++)
        j->good = codec_decode(c, j->packed, j->n, out, sizeof out, &err) == 0 &&
                  memcmp(out, j->plain, sizeof out) == 0;
    codec_free(c);
    return NULL;
}

static void one_codec_a_thread(void)
{
    uint8_t plain[32768], packed[32768];
    struct job job[4];
    pthread_t id[4];

    fill(plain, sizeof plain, 9);
    size_t n = compress(CODEC_LZX, sizeof plain, plain, sizeof plain, packed);
    for (size_t i = 0; i < ARRAY_LEN(job); i++) {
        job[i] = (struct job){ plain, packed, n, false };
        REQUIRE(pthread_create(&id[i], NULL, decode_often, &job[i]) == 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(job); i++) {
        pthread_join(id[i], NULL);
        CHECK(job[i].good);
    }
}

static void names_and_sizes(void)
{
    CHECK(strcmp(codec_name(CODEC_LZX), "LZX") == 0);
    CHECK(strcmp(codec_name((enum codec_kind)77), "unknown") == 0);
    CHECK(codec_decoder_bytes(CODEC_LZMS) > codec_decoder_bytes(CODEC_LZX));
    CHECK(codec_decoder_bytes((enum codec_kind)77) == 0);
    codec_free(NULL);
}

/* Packing: all forms that a volume can have, around the edges. */

static void noise(uint8_t *p, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525 + 1013904223;
        p[i] = (uint8_t)(seed >> 24);
    }
}

/* Returns the packed size, 0 when it is to be stored as it is. */
static size_t round_trip(struct codec_packer *p, struct codec *c, const uint8_t *in, size_t n,
                         uint8_t *packed)
{
    struct wtg_err err = { 0 };
    size_t got = 77;
    AUTO_FREE uint8_t *out = malloc(n + 1), *tight = malloc(n + 1);

    CHECK(codec_pack(p, in, n, tight, &got, &err) == 0);
    CHECK(got < n || n == 0);
    if (got > 0) {
        CHECK(codec_decode(c, tight, got, out, n, &err) == 0);
        CHECK(memcmp(in, out, n) == 0);
    }
    memcpy(packed, tight, got);
    return got;
}

static void packing_makes_a_round_trip(void)
{
    static const struct {
        enum codec_kind kind;
        uint32_t chunk;
    } forms[] = {
        { CODEC_LZX, 32768 },    { CODEC_XPRESS, 4096 },  { CODEC_XPRESS, 8192 },
        { CODEC_XPRESS, 16384 }, { CODEC_XPRESS, 65536 }, { CODEC_LZMS, 65536 },
    };
    static const size_t edge[] = { 0, 1, 2, 511, 4095, 4096, 4097, 16384, 32767, 32768, 32769 };
    static uint8_t in[65536], a[65536], b[65536];

    for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
        struct wtg_err err = { 0 };
        struct codec_packer *used = NULL, *fresh = NULL;
        struct codec *c = NULL;
        OK(codec_packer_new(forms[f].kind, forms[f].chunk, &used, &err), err);
        OK(codec_new(forms[f].kind, forms[f].chunk, &c, &err), err);
        CHECK(codec_packer_bytes(forms[f].kind, forms[f].chunk) > forms[f].chunk);
        for (size_t i = 0; i < ARRAY_LEN(edge); i++) {
            size_t n = edge[i], got = 0;
            if (n > forms[f].chunk) {
                CHECK(codec_pack(used, in, n, a, &got, &err) == WTG_E_BUG);
                continue;
            }
            noise(in, n, (uint32_t)n);
            CHECK(round_trip(used, c, in, n, a) == 0);
            memset(in, 'x', n);
            CHECK((round_trip(used, c, in, n, a) > 0) == (n >= 511));
            fill(in, n, (uint32_t)n);
            OK(codec_packer_new(forms[f].kind, forms[f].chunk, &fresh, &err), err);
            got = round_trip(used, c, in, n, a);
            CHECK(round_trip(fresh, c, in, n, b) == got);
            CHECK(memcmp(a, b, got) == 0); /* nothing is kept between chunks */
            codec_packer_free(fresh);
        }
        codec_packer_free(used);
        codec_free(c);
    }
}

static void packers_only_for_known_chunk_sizes(void)
{
    for (size_t i = 0; i < ARRAY_LEN(valid); i++) {
        struct wtg_err err = { 0 };
        struct codec_packer *p = NULL;
        if (valid[i].valid)
            continue; /* some need gigabytes */
        CHECK(codec_packer_bytes(valid[i].kind, valid[i].chunk) == 0);
        CHECK(codec_packer_new(valid[i].kind, valid[i].chunk, &p, &err) == WTG_E_UNSUPPORTED);
    }
    codec_packer_free(NULL);
}

static const struct test tests[] = {
    TEST(decodes_what_libwim_encodes),
    TEST(only_known_chunk_sizes),
    TEST(damaged_chunks_are_survived),
    TEST(one_codec_a_thread),
    TEST(names_and_sizes),
    TEST(packing_makes_a_round_trip),
    TEST(packers_only_for_known_chunk_sizes),
};
TEST_MAIN(tests)
