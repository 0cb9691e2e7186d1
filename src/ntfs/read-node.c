/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/read-node.h"

#include <string.h>

#include "ntfs/wof.h"

/* ---- Content ---------------------------------------------------------------------------- */

struct volume_source {
    struct tree_source source; /* first */
    struct blk *blk;
    uint32_t cluster_bytes;
};

struct stream_blob {
    struct tree_blob blob; /* first */
    struct ntfs_stream stream;
};

static int source_read(struct tree_source *source, const struct tree_blob *b, uint64_t off,
                       void *buf, size_t n, struct wtg_err *err)
{
    const struct volume_source *s = (const void *)source;
    const struct stream_blob *sb = (const void *)b;
    return ntfs_stream_read(s->blk, s->cluster_bytes, &sb->stream, off, buf, n, err);
}

static const struct tree_source_ops source_ops = { .name = "ntfs", .read = source_read };

/* Moves what a stream borrows or owns to the tree's arena. */
static int keep_stream(struct tree *t, struct ntfs_stream *s, struct wtg_err *err)
{
    struct ntfs_extents *e = &s->extents;
    if (e->n) {
        struct ntfs_extent *item = arena_dup(&t->arena, e->item, e->n * sizeof *item, err);
        if (!item)
            return WTG_E_NOMEM;
        size_t n = e->n;
        ntfs_extents_release(e);
        *e = (struct ntfs_extents){ item, n, n };
    }
    if (s->resident.n) {
        s->resident.p = arena_dup(&t->arena, s->resident.p, s->resident.n, err);
        if (!s->resident.p)
            return WTG_E_NOMEM;
    }
    return 0;
}

/* *ret stays NULL for an empty stream. */
static int make_blob(struct ntfs_node_maker *m, const struct ntfs_file *f,
                     const struct ntfs_attr *a, const struct tree_blob **ret, struct wtg_err *err)
{
    struct ntfs_stream s = { 0 };
    int r = ntfs_stream_open(m->vol, f, a, &s, err);
    if (r < 0 || s.size_bytes == 0) {
        ntfs_stream_release(&s);
        return r;
    }
    struct stream_blob *b = arena_alloc(&m->tree->arena, sizeof *b, err);
    r = b ? keep_stream(m->tree, &s, err) : WTG_E_NOMEM;
    if (r < 0) {
        ntfs_stream_release(&s);
        return r;
    }
    b->stream = s;
    b->blob.source = m->source;
    b->blob.size_bytes = s.size_bytes;
    /* Where it begins on the volume; resident content with its record. */
    b->blob.order = a->record * m->vol->geom.record_bytes;
    for (size_t i = 0; i < s.extents.n; i++)
        if (s.extents.item[i].lcn != NTFS_HOLE) {
            b->blob.order = s.extents.item[i].lcn * m->vol->geom.cluster_bytes;
            break;
        }
    *ret = &b->blob;
    return 0;
}

/* All of them get their room at once: attributes are sorted, so the unnamed one comes first, and
 * two of one name stand side by side. */
static int add_stream(struct ntfs_node_maker *m, const struct ntfs_file *f,
                      const struct ntfs_attr *a, struct tree_node *node, struct wtg_err *err)
{
    if (a->lowest_vcn) /* its first piece brings it all */
        return 0;
    if (!node->stream) {
        size_t n = (size_t)(f->attr + f->nattrs - a);
        while (a[n - 1].type != NTFS_AT_DATA)
            n--;
        node->stream = arena_alloc(&m->tree->arena, n * sizeof *node->stream, err);
    }
    uint16_t *name = node->stream ? arena_alloc(&m->tree->arena, a->name_len * 2u, err) : NULL;
    if (!name)
        return WTG_E_NOMEM;
    for (unsigned i = 0; i < a->name_len; i++)
        name[i] = le16_at(a->name + i * 2);
    struct tree_stream *s = &node->stream[node->nstreams];
    if (node->nstreams && s[-1].name_len == a->name_len &&
        memcmp(s[-1].name, name, a->name_len * 2u) == 0)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED, "it has two streams of one name");
    *s = (struct tree_stream){ .name = name, .name_len = a->name_len };
    node->nstreams++;
    return make_blob(m, f, a, &s->blob, err);
}

/* ---- The small attributes --------------------------------------------------------------- */

static int share_descriptor(struct ntfs_node_maker *m, struct wtg_span sd, struct tree_node *node,
                            struct wtg_err *err)
{
    int r = tree_share_sd(m->tree, sd.p, sd.n, &node->sd, err);
    /* What the image rooms call a damaged image is here a damaged volume. */
    return r == WTG_E_IMAGE_DAMAGED ? wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                                               "its %zu bytes of descriptor are not valid", sd.n)
                                    : r;
}

static int fill_standard(struct ntfs_node_maker *m, const struct ntfs_file *f,
                         const struct ntfs_attr *a, struct tree_node *node, struct wtg_err *err)
{
    const struct ntfs_standard_information_disk *d =
        span_at(a->value, 0, NTFS_STANDARD_INFORMATION_OLD_BYTES);
    (void)f;
    if (!d)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED, "its $STANDARD_INFORMATION has %zu bytes",
                        a->value.n);
    node->created = get_le64(d->created);
    node->written = get_le64(d->written);
    node->changed = get_le64(d->changed);
    node->accessed = get_le64(d->accessed);
    node->attributes |= get_le32(d->attributes) & ~UINT32_C(0xf0000000);
    if (a->value.n < sizeof *d || !get_le32(d->security_id))
        return 0;
    const struct ntfs_security_row *row =
        ntfs_security_find(&m->security, get_le32(d->security_id));
    if (!row)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED, "$Secure has no descriptor 0x%x",
                        get_le32(d->security_id));
    return share_descriptor(m, row->sd, node, err);
}

static int fill_descriptor(struct ntfs_node_maker *m, const struct ntfs_file *f,
                           const struct ntfs_attr *a, struct tree_node *node, struct wtg_err *err)
{
    struct ntfs_stream s = { 0 };
    AUTO_FREE uint8_t *sd = NULL;
    size_t n = 0;
    int r = ntfs_stream_open(m->vol, f, a, &s, err);
    if (r == 0)
        r = ntfs_stream_slurp(m->vol, &s, NTFS_SDS_BLOCK, &sd, &n, err);
    ntfs_stream_release(&s);
    return r < 0 ? r : share_descriptor(m, (struct wtg_span){ sd, n }, node, err);
}

static int fill_object_id(struct ntfs_node_maker *m, const struct ntfs_file *f,
                          const struct ntfs_attr *a, struct tree_node *node, struct wtg_err *err)
{
    size_t n = a->value.n >= sizeof(struct ntfs_object_id_disk) ? sizeof(struct ntfs_object_id_disk)
                                                                : NTFS_OBJECT_ID_SHORT_BYTES;
    (void)f;
    if (a->value.n < n)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED, "its object id has %zu bytes", a->value.n);
    node->object_id = arena_dup(&m->tree->arena, a->value.p, n, err);
    node->object_id_len = (uint16_t)n;
    return node->object_id ? 0 : WTG_E_NOMEM;
}

/* A blob over bytes that are in memory already. */
static int bytes_blob(struct ntfs_node_maker *m, struct wtg_span s, const struct tree_blob **ret,
                      struct wtg_err *err)
{
    struct stream_blob *b = arena_alloc(&m->tree->arena, sizeof *b, err);
    const uint8_t *p = b ? arena_dup(&m->tree->arena, s.p, s.n, err) : NULL;
    if (!p)
        return WTG_E_NOMEM;
    b->stream.size_bytes = b->stream.initialized = s.n;
    b->stream.resident = (struct wtg_span){ p, s.n };
    b->blob.source = m->source;
    b->blob.size_bytes = s.n;
    *ret = &b->blob;
    return 0;
}

static int fill_reparse(struct ntfs_node_maker *m, const struct ntfs_file *f,
                        const struct ntfs_attr *a, struct tree_node *node, struct wtg_err *err)
{
    struct ntfs_stream s = { 0 };
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    int r = ntfs_stream_open(m->vol, f, a, &s, err);
    if (r == 0)
        r = ntfs_stream_slurp(m->vol, &s, NTFS_REPARSE_MAX, &bytes, &n, err);
    ntfs_stream_release(&s);
    if (r < 0)
        return r;
    struct wtg_span value = { bytes, n };
    const struct ntfs_reparse_disk *d = span_at(value, 0, sizeof *d);
    if (!d)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED, "its reparse point has %zu bytes", n);
    node->attributes |= ATTR_REPARSE;
    node->reparse_tag = get_le32(d->tag);
    node->reparse_reserved = get_le16(d->reserved);
    struct wtg_span data = span_sub(value, sizeof *d, n - sizeof *d);
    return data.n ? bytes_blob(m, data, &node->reparse, err) : 0;
}

/* One entry of $EA; returns where the next one stands, or 0 when this one does not fit. */
static size_t parse_ea(struct wtg_span s, size_t at, struct tree_ea *ret)
{
    const struct ntfs_ea_disk *d = span_at(s, at, sizeof *d);
    if (!d)
        return 0;
    size_t need = sizeof *d + d->name_len + 1u + get_le16(d->value_len);
    const uint8_t *p = span_at(s, at, need);
    size_t step = get_le32(d->next_offset);
    if (step == 0) /* some drivers do not tell where the last one ends */
        step = min_u64(round_up(need, 4), s.n - at);
    if (!p || step < need || step > s.n - at || p[sizeof *d + d->name_len] != '\0')
        return 0;
    *ret = (struct tree_ea){ .flags = d->flags,
                             .name_len = d->name_len,
                             .value_len = get_le16(d->value_len),
                             .name = (const char *)p + sizeof *d,
                             .value = p + sizeof *d + d->name_len + 1 };
    return at + step;
}

static int fill_eas(struct ntfs_node_maker *m, const struct ntfs_file *f, const struct ntfs_attr *a,
                    struct tree_node *node, struct wtg_err *err)
{
    struct ntfs_stream s = { 0 };
    AUTO_FREE uint8_t *bytes = NULL;
    struct tree_ea one;
    size_t n = 0;
    uint32_t count = 0;
    int r = ntfs_stream_open(m->vol, f, a, &s, err);
    if (r == 0)
        r = ntfs_stream_slurp(m->vol, &s, NTFS_EA_MAX, &bytes, &n, err);
    ntfs_stream_release(&s);
    if (r < 0)
        return r;
    struct wtg_span value = { arena_dup(&m->tree->arena, bytes, n, err), n };
    if (!value.p)
        return WTG_E_NOMEM;
    for (size_t at = 0; at < n; count++)
        if (!(at = parse_ea(value, at, &one)))
            return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                            "extended attribute %u does not fit its %zu bytes", count, n);
    struct tree_ea *ea = arena_alloc(&m->tree->arena, count * sizeof *ea, err);
    if (!ea)
        return WTG_E_NOMEM;
    size_t at = 0;
    for (uint32_t i = 0; i < count; i++)
        at = parse_ea(value, at, &ea[i]);
    node->ea = ea;
    node->neas = count;
    return 0;
}

/* clang-format off */
static const struct {
    uint32_t type;
    bool has_name; /* else only the one without a name counts */
    int (*fill)(struct ntfs_node_maker *m, const struct ntfs_file *f, const struct ntfs_attr *a,
                struct tree_node *node, struct wtg_err *err);
} parts[] = {
    { NTFS_AT_STANDARD_INFORMATION, false, fill_standard },
    { NTFS_AT_SECURITY_DESCRIPTOR,  false, fill_descriptor },
    { NTFS_AT_OBJECT_ID,            false, fill_object_id },
    { NTFS_AT_DATA,                 true,  add_stream },
    { NTFS_AT_REPARSE_POINT,        false, fill_reparse },
    { NTFS_AT_EA,                   false, fill_eas },
};
/* clang-format on */

int ntfs_node_fill(struct ntfs_node_maker *m, const struct ntfs_file *f, struct tree_node *node,
                   struct wtg_err *err)
{
    for (size_t i = 0; i < f->nattrs; i++)
        for (size_t k = 0; k < ARRAY_LEN(parts); k++) {
            if (f->attr[i].type != parts[k].type || (f->attr[i].name_len && !parts[k].has_name))
                continue;
            int r = parts[k].fill(m, f, &f->attr[i], node, err);
            if (r < 0)
                return r;
        }
    return ntfs_wof_unwrap(m->tree, node, m->wof, err);
}

int ntfs_node_maker_init(struct ntfs_node_maker *m, struct ntfs_volume *vol, struct tree *tree,
                         struct wtg_err *err)
{
    *m = (struct ntfs_node_maker){ .vol = vol, .tree = tree };
    struct volume_source *s = arena_alloc(&tree->arena, sizeof *s, err);
    if (!s)
        return WTG_E_NOMEM;
    s->source.ops = &source_ops;
    s->blk = vol->blk;
    s->cluster_bytes = vol->geom.cluster_bytes;
    m->source = &s->source;
    m->wof = ntfs_wof_source_new(tree, err);
    if (!m->wof)
        return WTG_E_NOMEM;
    return ntfs_security_load(vol, &m->security, err);
}

void ntfs_node_maker_release(struct ntfs_node_maker *m)
{
    ntfs_security_release(&m->security);
}
