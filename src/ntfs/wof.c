/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/wof.h"

#include <strings.h>

#include "base/span.h"
#include "base/utf16.h"

/* clang-format off */
static const struct ntfs_wof_form forms[] = {
    { "xpress4k",  NTFS_WOF_XPRESS4K,  CODEC_XPRESS, 4096 },
    { "lzx",       NTFS_WOF_LZX,       CODEC_LZX,    32768 },
    { "xpress8k",  NTFS_WOF_XPRESS8K,  CODEC_XPRESS, 8192 },
    { "xpress16k", NTFS_WOF_XPRESS16K, CODEC_XPRESS, 16384 },
};
/* clang-format on */

const struct ntfs_wof_form *ntfs_wof_form_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        if (strcasecmp(forms[i].name, name) == 0)
            return &forms[i];
    return NULL;
}

const struct ntfs_wof_form *ntfs_wof_form_numbered(uint32_t algorithm)
{
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        if (forms[i].algorithm == algorithm)
            return &forms[i];
    return NULL;
}

const struct ntfs_wof_form *ntfs_wof_form_of(enum codec_kind kind, uint32_t chunk_bytes)
{
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        if (forms[i].kind == kind && forms[i].chunk_bytes == chunk_bytes)
            return &forms[i];
    return NULL;
}

struct ntfs_wof_cut ntfs_wof_cut_of(uint64_t content_bytes, uint32_t chunk_bytes)
{
    struct ntfs_wof_cut c = { .chunks = div_up(content_bytes, chunk_bytes),
                              .entry_bytes = content_bytes > UINT32_MAX ? 8 : 4 };
    c.table_bytes = c.chunks > 1 ? (c.chunks - 1) * c.entry_bytes : 0;
    return c;
}

/* ---- Onto a volume ---------------------------------------------------------------------- */

int ntfs_wof_reparse_new(const struct ntfs_wof_form *f, struct tree_blob **ret, struct wtg_err *err)
{
    struct ntfs_wof_disk *d = mem_zeroed(1, sizeof *d, err);
    if (!d)
        return err->code;
    d->wof_version = to_le32(NTFS_WOF_VERSION);
    d->provider = to_le32(NTFS_WOF_PROVIDER_FILE);
    d->provider_version = to_le32(NTFS_WOF_PROVIDER_VERSION);
    d->algorithm = to_le32(f->algorithm);
    return tree_memory_blob_new((uint8_t *)d, sizeof *d, ret, err);
}

static size_t stream_name(uint16_t name[NTFS_NAME_MAX])
{
    size_t n = 0;
    utf16_from_utf8_buf(NTFS_WOF_STREAM, strlen(NTFS_WOF_STREAM), name, NTFS_NAME_MAX, &n);
    return n;
}

int ntfs_wof_wrap(struct tree *t, struct tree_node *n, const struct tree_blob *reparse,
                  const struct tree_blob *stored, struct wtg_err *err)
{
    uint16_t name[NTFS_NAME_MAX];
    int r = tree_add_stream(t, n, name, stream_name(name), stored, err);
    if (r < 0)
        return r;
    n->stream[0].hole = true;
    n->attributes |= ATTR_REPARSE | ATTR_SPARSE;
    n->reparse_tag = NTFS_REPARSE_TAG_WOF;
    n->reparse_reserved = 0;
    n->reparse = reparse;
    return 0;
}

/* ---- From a volume ---------------------------------------------------------------------- */

struct wof_blob {
    struct tree_blob blob;          /* first */
    const struct tree_blob *stored; /* NULL: the file lacks it */
    const struct ntfs_wof_form *form;
};

/* One read: everything that it needs, since sources keep nothing that would have to be freed. */
struct reading {
    const struct wof_blob *b;
    struct ntfs_wof_cut cut;
    struct codec *codec;
    uint8_t *raw, *chunk; /* of chunk_bytes each */
};

/* Where chunk i begins behind the table; i = chunks: where the last one ends. */
static int chunk_start(const struct reading *r, uint64_t i, uint64_t *ret, struct wtg_err *err)
{
    uint8_t entry[8];
    *ret = 0;
    if (i == 0)
        return 0;
    *ret = r->b->stored->size_bytes - r->cut.table_bytes;
    if (i == r->cut.chunks)
        return 0;
    int e =
        tree_blob_read(r->b->stored, (i - 1) * r->cut.entry_bytes, entry, r->cut.entry_bytes, err);
    *ret = r->cut.entry_bytes == 8 ? le64_at(entry) : le32_at(entry);
    return e;
}

/* The whole of chunk i, which has `size` bytes, to `out`. */
static int decode_chunk(struct reading *r, uint64_t i, size_t size, uint8_t *out,
                        struct wtg_err *err)
{
    uint64_t start, end, total = r->b->stored->size_bytes - r->cut.table_bytes;
    int e = chunk_start(r, i, &start, err);
    if (e == 0)
        e = chunk_start(r, i + 1, &end, err);
    if (e < 0)
        return e;
    if (start >= end || end > total || end - start > size)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "chunk %llu of a compressed file stands at bytes %llu to %llu of %llu",
                        (unsigned long long)i, (unsigned long long)start, (unsigned long long)end,
                        (unsigned long long)total);
    size_t n = (size_t)(end - start);
    e = tree_blob_read(r->b->stored, r->cut.table_bytes + start, n == size ? out : r->raw, n, err);
    if (e < 0 || n == size)
        return e;
    if (codec_decode(r->codec, r->raw, n, out, size, err) == 0)
        return 0;
    return wtg_fail(err, WTG_E_VOLUME_DAMAGED, "chunk %llu of a compressed file is damaged",
                    (unsigned long long)i);
}

static int read_chunks(struct reading *r, uint64_t off, uint8_t *p, size_t n, struct wtg_err *err)
{
    uint32_t chunk = r->b->form->chunk_bytes;
    while (n > 0) {
        uint64_t i = off / chunk;
        size_t in = (size_t)(off % chunk);
        size_t size = (size_t)min_u64(chunk, r->b->blob.size_bytes - i * chunk);
        size_t part = (size_t)min_u64(n, size - in);
        int e = decode_chunk(r, i, size, part == size ? p : r->chunk, err);
        if (e < 0)
            return e;
        if (part < size)
            memcpy(p, r->chunk + in, part);
        p += part;
        off += part;
        n -= part;
    }
    return 0;
}

static int wof_read(struct tree_source *source, const struct tree_blob *blob, uint64_t off,
                    void *buf, size_t n, struct wtg_err *err)
{
    struct reading r = { .b = (const void *)blob };
    (void)source;
    if (!r.b->form || !r.b->stored)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED, "a compressed file %s",
                        r.b->form ? "has lost its content" : "of a form that is not known");
    r.cut = ntfs_wof_cut_of(blob->size_bytes, r.b->form->chunk_bytes);
    if (r.cut.table_bytes >= r.b->stored->size_bytes)
        return wtg_fail(
            err, WTG_E_VOLUME_DAMAGED, "a compressed file of %llu chunks has only %llu bytes",
            (unsigned long long)r.cut.chunks, (unsigned long long)r.b->stored->size_bytes);
    AUTO_FREE uint8_t *room = mem_zeroed(2, r.b->form->chunk_bytes, err);
    if (!room)
        return err->code;
    r.raw = room;
    r.chunk = room + r.b->form->chunk_bytes;
    int e = codec_new(r.b->form->kind, r.b->form->chunk_bytes, &r.codec, err);
    if (e == 0)
        e = read_chunks(&r, off, buf, n, err);
    codec_free(r.codec);
    return e;
}

static const struct tree_source_ops wof_ops = { .name = "wof", .read = wof_read };

struct tree_source *ntfs_wof_source_new(struct tree *t, struct wtg_err *err)
{
    struct tree_source *s = arena_alloc(&t->arena, sizeof *s, err);
    if (s)
        s->ops = &wof_ops;
    return s;
}

int ntfs_wof_content(struct tree *t, struct tree_source *source, const struct tree_blob *stored,
                     const struct ntfs_wof_form *form, uint64_t size_bytes, struct tree_blob **ret,
                     struct wtg_err *err)
{
    struct wof_blob *b = arena_alloc(&t->arena, sizeof *b, err);
    if (!b)
        return err->code;
    *b = (struct wof_blob){ .blob = { .source = source,
                                      .size_bytes = size_bytes,
                                      .order = stored ? stored->order : 0 },
                            .stored = stored,
                            .form = form };
    *ret = &b->blob;
    return 0;
}

static const struct tree_stream *packed_stream(const struct tree_node *n)
{
    uint16_t name[NTFS_NAME_MAX];
    size_t len = stream_name(name);
    for (uint32_t i = 0; i < n->nstreams; i++)
        if (n->stream[i].name_len == len && memcmp(n->stream[i].name, name, len * 2) == 0)
            return &n->stream[i];
    return NULL;
}

int ntfs_wof_unwrap(struct tree *t, struct tree_node *n, struct tree_source *source,
                    struct wtg_err *err)
{
    struct ntfs_wof_disk d;
    if (!(n->attributes & ATTR_REPARSE) || n->reparse_tag != NTFS_REPARSE_TAG_WOF || !n->reparse ||
        n->reparse->size_bytes < sizeof d || tree_data_size(n) == 0)
        return 0;
    if (tree_blob_read(n->reparse, 0, &d, sizeof d, err) < 0)
        return err->code;
    if (get_le32(d.wof_version) != NTFS_WOF_VERSION ||
        get_le32(d.provider) != NTFS_WOF_PROVIDER_FILE)
        return 0;
    const struct tree_stream *packed = packed_stream(n);
    const struct tree_blob *stored = packed ? packed->blob : NULL;
    struct tree_blob *content = NULL;
    int r = ntfs_wof_content(t, source, stored, ntfs_wof_form_numbered(get_le32(d.algorithm)),
                             tree_data_size(n), &content, err);
    if (r < 0)
        return r;
    if (!stored)
        content->order = n->stream[0].blob->order;
    n->stream[0].blob = content;
    n->stream[0].hole = true;
    return 0;
}
