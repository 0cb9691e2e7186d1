/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Compressed resources made by hand: broken chunk tables, solid resources, sizes beyond 4 GiB. */

#include <wimlib.h>

#include "blk/blk.h"
#include "fixture.h"
#include "made.h"

/* A compressed resource: plain (table of ends) or solid (header, table of sizes). */
struct resource {
    struct bytes b;
    size_t table; /* where the table starts */
    uint8_t sha1[20];
};

static void chunk_add(struct bytes *chunks, enum codec_kind kind, uint32_t chunk, const uint8_t *p,
                      size_t n)
{
    struct wimlib_compressor *c = NULL;
    AUTO_FREE uint8_t *out = malloc(n);

    if (wimlib_create_compressor((enum wimlib_compression_type)kind, chunk, 20, &c) != 0)
        exit(99);
    size_t got = wimlib_compress(p, n, out, n - 1, c);
    wimlib_free_compressor(c);
    bytes_add(chunks, got ? out : p, got ? got : n);
}

static struct resource pack(enum codec_kind kind, uint32_t chunk, const uint8_t *p, size_t n,
                            bool solid)
{
    struct resource r = { 0 };
    struct bytes chunks = { 0 }, table = { 0 };

    for (size_t at = 0; at < n; at += chunk) {
        size_t before = chunks.n;
        uint8_t entry[4];
        chunk_add(&chunks, kind, chunk, p + at, min_u64(chunk, n - at));
        put_le32(entry, (uint32_t)(solid ? chunks.n - before : chunks.n));
        if (solid || at + chunk < n)
            bytes_add(&table, entry, 4);
    }
    struct wim_solid_disk head = { to_le64(n), to_le32(chunk), to_le32(kind) };
    if (solid)
        bytes_add(&r.b, &head, sizeof head);
    r.table = r.b.n;
    bytes_add(&r.b, table.p, table.n);
    bytes_add(&r.b, chunks.p, chunks.n);
    hash_sha1(p, n, r.sha1);
    free(chunks.p);
    free(table.p);
    return r;
}

/* Something that compresses, but not to nothing. */
static uint8_t *content(size_t n)
{
    uint8_t *p = malloc(n);
    uint32_t seed = 5;
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525 + 1013904223;
        p[i] = i >= 500 && (seed >> 27) != 0 ? p[i - 500] : (uint8_t)(seed >> 24);
    }
    return p;
}

/* Metadata with one file of this content. */
static struct bytes one_file(const uint8_t sha1[20])
{
    struct bytes m = { 0 };
    struct made_dentry root = { .attributes = ATTR_DIRECTORY };
    struct made_dentry file = { .name = "file", .attributes = ATTR_ARCHIVE };

    made_security_add(&m);
    size_t at = made_dentry_add(&m, &root, 0);
    bytes_add(&m, NULL, 8);
    put_le64(m.p + at + 0x10, m.n);
    at = made_dentry_add(&m, &file, 0);
    memcpy(m.p + at + 0x40, sha1, 20);
    bytes_add(&m, NULL, 8);
    return m;
}

static struct bytes wrap_plain(const struct resource *r, uint64_t size, uint32_t flag,
                               uint32_t chunk)
{
    struct bytes m = one_file(r->sha1);
    struct made_wim w;

    made_begin(&w);
    w.flags = WIM_COMPRESSED | flag;
    w.chunk_bytes = chunk;
    made_resource(&w, r->b.p, r->b.n, size, WIM_RES_COMPRESSED, r->sha1);
    made_content(&w, m.p, m.n, WIM_RES_METADATA);
    made_finish(&w, MADE_XML, 1);
    free(m.p);
    return w.file;
}

/* One solid resource that holds `size` bytes from `off` on as the file. */
static struct bytes wrap_solid(const struct resource *r, uint64_t off, uint64_t size)
{
    static const uint8_t none[20];
    struct bytes m = one_file(r->sha1);
    struct made_wim w;

    made_begin(&w);
    w.version = WIM_VERSION_SOLID;
    made_resource(&w, r->b.p, r->b.n, WIM_SOLID_MARK, WIM_RES_SOLID, none);
    made_blob_add(&w.table, made_res(off, size, 0, WIM_RES_SOLID), r->sha1);
    made_content(&w, m.p, m.n, WIM_RES_METADATA);
    made_finish(&w, MADE_XML, 1);
    free(m.p);
    return w.file;
}

static int feed_one(const struct tree_blob *b, size_t unit, uint8_t *out, struct wtg_err *err)
{
    struct tree_feed *f = NULL;
    struct tree_unit u = { 0 };
    void *decoder = NULL;
    int r = tree_feed_open(b->source, &b, 1, unit, &f, err);

    if (r == 0)
        r = f->ops->decoder_new(f, &decoder, err);
    while (r == 0 && (r = f->ops->next(f, &u, err)) == 1) {
        uint8_t *dst = out + u.piece[0].blob_off;
        r = f->ops->decode(f, decoder, &u, &dst, NULL, err);
    }
    if (f)
        f->ops->decoder_free(f, decoder);
    tree_feed_free(f);
    tree_unit_release(&u);
    return r;
}

/* Opens, loads, and reads the file both ways; the first error of each. */
struct results {
    int open, read, feed_small, feed_large;
    bool equal;
    char text[768], feed_text[768];
    size_t nfacts;
};

static struct results try_all(const struct bytes *w, const uint8_t *want, size_t n)
{
    struct results r = { .equal = true };
    struct wtg_err err = { 0 };
    struct blk *b = NULL;
    struct image *image = NULL;
    struct tree *t = NULL;

    r.open = blk_mem_wrap(w->p, w->n, &b, &err);
    if (r.open == 0)
        r.open = image_open_blk(b, NULL, &image, &err);
    if (r.open == 0)
        r.open = image_load_tree(image, 1, &t, &err);
    const struct tree_link *l = r.open == 0 ? tree_find(t, "file") : NULL;
    const struct tree_blob *blob = l ? tree_data(l->node) : NULL;
    if (blob) {
        AUTO_FREE uint8_t *out = calloc(1, n);
        r.feed_small = feed_one(blob, 1, out, &err);
        r.equal = memcmp(out, want, n) == 0;
        memset(out, 0, n);
        r.feed_large = feed_one(blob, 64 << 20, out, &err);
        r.equal = r.equal && memcmp(out, want, n) == 0;
        snprintf(r.feed_text, sizeof r.feed_text, "%s", err.text);
        r.nfacts = err.nfacts;
        memset(out, 0, n);
        r.read = tree_blob_read(blob, 0, out, n, &err);
        r.equal = r.equal && memcmp(out, want, n) == 0;
    }
    snprintf(r.text, sizeof r.text, "%s", err.text);
    tree_free(t);
    image_free(image);
    blk_free(b);
    return r;
}

static bool all_are(const struct results *r, int want)
{
    bool good = r->open == 0 && r->read == want && r->feed_small == want && r->feed_large == want &&
                (want < 0 || r->equal);
    if (!good)
        printf("# open %d read %d feed %d %d equal %d: %s\n", r->open, r->read, r->feed_small,
               r->feed_large, r->equal, r->text);
    return good;
}

enum { SIZE = 200000, CHUNK = 32768 }; /* 7 chunks, 6 entries */

/* One entry of the chunk table broken. */
static void broken_chunk_tables(void)
{
    /* clang-format off */
    static const struct { size_t entry; int64_t add; int want; } rows[] = {
        { 0, 0, 0 },
        { 0, 1, WTG_E_IMAGE_DAMAGED },        /* wrong bytes to two decoders */
        { 0, -1000000000, WTG_E_IMAGE_DAMAGED },
        { 0, 1000000000, WTG_E_IMAGE_DAMAGED },
        { 2, 40000, WTG_E_IMAGE_DAMAGED },
        { 3, -20000, WTG_E_IMAGE_DAMAGED },
        { 5, 1 << 30, WTG_E_IMAGE_DAMAGED },
        { 5, -(1 << 30), WTG_E_IMAGE_DAMAGED },
    };
    /* clang-format on */
    AUTO_FREE uint8_t *p = content(SIZE);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct resource r = pack(CODEC_LZX, CHUNK, p, SIZE, false);
        uint8_t *e = r.b.p + r.table + 4 * rows[i].entry;
        put_le32(e, (uint32_t)(le32_at(e) + rows[i].add));
        struct bytes w = wrap_plain(&r, SIZE, WIM_LZX, CHUNK);
        struct results got = try_all(&w, p, SIZE);
        CHECK(all_are(&got, rows[i].want));
        free(w.p);
        free(r.b.p);
    }
}

/* What stands in the blob table contradicts what a resource can be. */
static void impossible_sizes(void)
{
    AUTO_FREE uint8_t *p = content(SIZE);
    struct resource r = pack(CODEC_XPRESS, 4096, p, SIZE, false);
    static const uint64_t sizes[] = { 1, SIZE - 4096, UINT64_C(1) << 32, UINT64_MAX,
                                      UINT64_MAX / 2 };

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct bytes w = wrap_plain(&r, sizes[i], WIM_XPRESS, 4096);
        struct results got = try_all(&w, p, 1);
        CHECK(got.open == WTG_E_IMAGE_DAMAGED || got.read == WTG_E_IMAGE_DAMAGED);
        free(w.p);
    }
    struct bytes w = wrap_plain(&r, SIZE, WIM_LZX, CHUNK); /* another compression than said */
    struct results got = try_all(&w, p, SIZE);
    CHECK(got.open == WTG_E_IMAGE_DAMAGED || got.read == WTG_E_IMAGE_DAMAGED);
    free(w.p);
    free(r.b.p);
}

static void damaged_bytes_name_the_blob(void)
{
    AUTO_FREE uint8_t *p = content(SIZE);
    struct resource r = pack(CODEC_LZX, CHUNK, p, SIZE, false);
    char hex[41];

    memset(r.b.p + r.b.n - 300, 0xff, 300);
    struct bytes w = wrap_plain(&r, SIZE, WIM_LZX, CHUNK);
    struct results got = try_all(&w, p, SIZE);
    hash_hex(r.sha1, 20, hex);
    CHECK(all_are(&got, WTG_E_IMAGE_DAMAGED));
    CHECK(strstr(got.feed_text, hex) && got.nfacts == 1);
    free(w.p);
    free(r.b.p);
}

/* Where a file lies in a solid resource: at the start, across chunks, at the end. */
static void solid_places(void)
{
    static const struct {
        enum codec_kind kind;
        uint32_t chunk;
        size_t off, size;
    } rows[] = {
        { CODEC_LZMS, 65536, 0, SIZE },     { CODEC_LZMS, 65536, 0, 10 },
        { CODEC_LZMS, 65536, 65536, 1 },    { CODEC_LZMS, 65536, 65535, 2 },
        { CODEC_LZX, 32768, 32768, 65536 }, { CODEC_LZX, 32768, 100000, 100000 },
        { CODEC_XPRESS, 4096, 4097, 9000 }, { CODEC_XPRESS, 4096, SIZE - 1, 1 },
    };
    AUTO_FREE uint8_t *p = content(SIZE);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct resource r = pack(rows[i].kind, rows[i].chunk, p, SIZE, true);
        hash_sha1(p + rows[i].off, rows[i].size, r.sha1);
        struct bytes w = wrap_solid(&r, rows[i].off, rows[i].size);
        struct results got = try_all(&w, p + rows[i].off, rows[i].size);
        CHECK(all_are(&got, 0));
        free(w.p);
        free(r.b.p);
    }
}

static void broken_solid_resources(void)
{
    /* clang-format off */
    static const struct { const char *name; size_t at; unsigned bytes; uint64_t value; int want; } rows[] = {
        { "as it is",              0, 0, 0,               0 },
        { "decodes to 0 bytes",    0, 8, 0,               WTG_E_IMAGE_DAMAGED },
        { "decodes to 2^64-1",     0, 8, UINT64_MAX,      WTG_E_IMAGE_DAMAGED },
        { "decodes to 64 GiB",     0, 8, 64ull << 30,     WTG_E_IMAGE_DAMAGED },
        { "chunks of 0",           8, 4, 0,               WTG_E_IMAGE_FORMAT },
        { "chunks of 3",           8, 4, 3,               WTG_E_IMAGE_FORMAT },
        { "chunks of 1 GiB",       8, 4, 1 << 30,         WTG_E_IMAGE_FORMAT },
        { "compression 0",        12, 4, 0,               WTG_E_IMAGE_FORMAT },
        { "compression 4",        12, 4, 4,               WTG_E_IMAGE_FORMAT },
        { "first chunk of 0",     16, 4, 0,               WTG_E_IMAGE_DAMAGED },
        { "first chunk too large", 16, 4, 65537,          WTG_E_IMAGE_DAMAGED },
        { "second chunk 2^32-1",  20, 4, UINT32_MAX,      WTG_E_IMAGE_DAMAGED },
        { "last chunk too large", 28, 4, 60000,           WTG_E_IMAGE_DAMAGED },
    };
    /* clang-format on */
    AUTO_FREE uint8_t *p = content(SIZE);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct resource r = pack(CODEC_LZMS, 65536, p, SIZE, true);
        uint8_t value[8];
        put_le64(value, rows[i].value);
        memcpy(r.b.p + rows[i].at, value, rows[i].bytes);
        struct bytes w = wrap_solid(&r, 0, SIZE);
        struct results got = try_all(&w, p, SIZE);
        if (got.open != rows[i].want)
            printf("# %s: %d %s\n", rows[i].name, got.open, got.text);
        CHECK(got.open == rows[i].want);
        free(w.p);
        free(r.b.p);
    }
    struct resource r = pack(CODEC_LZMS, 65536, p, SIZE, true);
    struct bytes w = wrap_solid(&r, 1, SIZE); /* one byte too far */
    CHECK(try_all(&w, p, SIZE).open == WTG_E_IMAGE_DAMAGED);
    free(w.p);
    w = wrap_solid(&r, UINT64_MAX, 5);
    CHECK(try_all(&w, p, SIZE).open == WTG_E_IMAGE_DAMAGED);
    free(w.p);
    free(r.b.p);
}

/* Beyond 4 GiB the chunk table has 8 bytes an entry.  One chunk of zeroes, many times. */
static void larger_than_4_gib(void)
{
    enum { BIG = 2 << 20 };
    const uint64_t size = (UINT64_C(4) << 30) + 12345;
    const uint64_t n = div_up(size, BIG);
    AUTO_FREE uint8_t *zero = calloc(1, BIG), *part = malloc(50000);
    struct bytes chunk = { 0 }, last = { 0 };
    struct resource r = { 0 };

    chunk_add(&chunk, CODEC_LZX, BIG, zero, BIG);
    memset(zero, 'z', 12345);
    chunk_add(&last, CODEC_LZX, BIG, zero, 12345);
    for (uint64_t i = 1; i < n; i++) {
        uint8_t entry[8];
        put_le64(entry, i * chunk.n);
        bytes_add(&r.b, entry, 8);
    }
    for (uint64_t i = 1; i < n; i++)
        bytes_add(&r.b, chunk.p, chunk.n);
    bytes_add(&r.b, last.p, last.n);
    memset(r.sha1, 0x11, 20);
    struct bytes w = wrap_plain(&r, size, WIM_LZX, BIG);

    struct wtg_err err = { 0 };
    struct blk *b = NULL;
    struct image *image = NULL;
    struct tree *t = NULL;
    OK(blk_mem_wrap(w.p, w.n, &b, &err), err);
    OK(image_open_blk(b, NULL, &image, &err), err);
    OK(image_load_tree(image, 1, &t, &err), err);
    const struct tree_blob *blob = tree_data(tree_find(t, "file")->node);
    REQUIRE(blob && blob->size_bytes == size);
    OK(tree_blob_read(blob, size - 12345 - 100, part, 12445, &err), err);
    CHECK(part[0] == 0 && part[99] == 0 && part[100] == 'z' && part[12444] == 'z');

    struct tree_feed *f = NULL;
    struct tree_unit u = { 0 };
    uint64_t seen = 0, raw = 0;
    int more = tree_feed_open(blob->source, &blob, 1, 64 << 20, &f, &err);
    REQUIRE(more == 0);
    while ((more = f->ops->next(f, &u, &err)) == 1) {
        seen += u.piece[0].len;
        raw += u.piece[0].raw_len;
    }
    CHECK(more == 0 && seen == size && raw == r.b.n);
    tree_feed_free(f);
    tree_unit_release(&u);
    tree_free(t);
    image_free(image);
    blk_free(b);
    free(w.p);
    free(r.b.p);
    free(chunk.p);
    free(last.p);
}

static const struct test tests[] = {
    TEST(broken_chunk_tables), TEST(impossible_sizes),       TEST(damaged_bytes_name_the_blob),
    TEST(solid_places),        TEST(broken_solid_resources), TEST(larger_than_4_gib),
};
TEST_MAIN(tests)
