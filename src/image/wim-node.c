/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/wim-dentry.h"

#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
#include "tree/names.h"

/* What a node has beside its names: object id, extended attributes, streams. */

static uint16_t *units_of(struct arena *a, struct wtg_span utf16le, struct wtg_err *err)
{
    uint16_t *u = arena_alloc(a, utf16le.n, err);
    for (size_t i = 0; u && i < utf16le.n / 2; i++)
        u[i] = le16_at(utf16le.p + 2 * i);
    return u;
}

static int object_id(struct tree *t, struct tree_node *node, const struct wim_dentry *d,
                     struct wtg_err *err)
{
    struct wtg_span id;
    int r = wim_tagged(d, WIM_TAG_OBJECT_ID, &id, err);

    if (r < 0 || id.n < 16)
        return r;
    node->object_id_len = id.n >= 64 ? 64 : 16; /* with or without the three birth ids */
    node->object_id = arena_dup(&t->arena, id.p, node->object_id_len, err);
    return node->object_id ? 0 : err->code;
}

/* One attribute at `*at`; `ret` NULL: only steps over it. */
static int ea_at(struct wtg_span eas, uint64_t *at, struct tree_ea *ret)
{
    const struct wim_ea_disk *d = span_at(eas, *at, sizeof *d);
    uint64_t name = *at + sizeof *d;
    if (!d || d->name_bytes == 0)
        return -1;
    uint64_t value = name + d->name_bytes + 1u;
    uint16_t n = get_le16(d->value_bytes);
    const char *text = span_at(eas, name, d->name_bytes + 1u);
    const uint8_t *bytes = span_at(eas, value, n);
    if (!text || !bytes || text[d->name_bytes] != '\0')
        return -1;
    if (ret)
        *ret = (struct tree_ea){ .flags = d->flags,
                                 .name_len = d->name_bytes,
                                 .value_len = n,
                                 .name = text,
                                 .value = bytes };
    *at = value + n;
    return 0;
}

static int extended_attributes(struct tree *t, struct tree_node *node, const struct wim_dentry *d,
                               struct wtg_err *err)
{
    struct wtg_span item;
    uint32_t n = 0;
    int r = wim_tagged(d, WIM_TAG_EAS, &item, err);

    if (r < 0)
        return r;
    for (uint64_t at = 0; at < item.n; n++)
        if (ea_at(item, &at, NULL) < 0)
            return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                            "its extended attribute %" PRIu32 " is cut off or has no name", n);
    if (n == 0)
        return 0;
    const uint8_t *copy = arena_dup(&t->arena, item.p, item.n, err);
    struct tree_ea *ea = copy ? arena_alloc(&t->arena, n * sizeof *ea, err) : NULL;
    if (!ea)
        return err->code;
    uint64_t at = 0;
    for (uint32_t i = 0; i < n; i++)
        if (ea_at((struct wtg_span){ copy, item.n }, &at, &ea[i]) < 0)
            return wtg_fail(err, WTG_E_BUG, "extended attributes changed while they were read");
    node->ea = ea;
    node->neas = n;
    return 0;
}

static bool is_zero(const uint8_t sha1[20])
{
    static const uint8_t zero[SHA1_BYTES];
    return memcmp(sha1, zero, sizeof zero) == 0;
}

/* A stream's content; a SHA-1 of zeroes means that it is empty. */
static int blob_of(const struct wim *w, const uint8_t sha1[20], const struct tree_blob **ret,
                   struct wtg_err *err)
{
    char hex[2 * SHA1_BYTES + 1];

    *ret = NULL;
    if (is_zero(sha1))
        return 0;
    const struct wim_blob *b = wim_find(w, sha1);
    if (!b) {
        hash_hex(sha1, SHA1_BYTES, hex);
        wtg_fail(err, WTG_E_IMAGE_DAMAGED, "its content (SHA-1 %s) is not in the image", hex);
        return wtg_hint(err, "an image that only holds what another one lacks (a delta) must be "
                             "exported together with that one first");
    }
    *ret = &b->b;
    return 0;
}

/* What a stream without name is.  wimlib found out how Windows does it: of an encrypted file, the
 * first with content is the raw EFS data; of a reparse point, the first with content is the
 * reparse data and the next one the file's own; and an empty one in the first place stands for an
 * empty file unless another one does. */
struct unnamed {
    const uint8_t *data, *reparse, *efs; /* SHA-1s */
};

static void unnamed_take(struct unnamed *u, uint32_t attributes, const uint8_t sha1[20], bool first)
{
    const uint8_t **place = &u->data;

    if (first && is_zero(sha1))
        return;
    if (attributes & ATTR_ENCRYPTED)
        place = &u->efs;
    else if ((attributes & ATTR_REPARSE) && !u->reparse)
        place = &u->reparse;
    if (!*place && !(place == &u->efs && is_zero(sha1)))
        *place = sha1;
}

int wim_data_sha1(const struct wim_dentry *d, const uint8_t **ret, struct wtg_err *err)
{
    static const uint8_t zero[SHA1_BYTES];
    struct unnamed u = { 0 };

    unnamed_take(&u, d->attributes, d->sha1, true);
    uint64_t at = 0;
    for (unsigned i = 0; i < d->nstreams; i++) {
        struct wtg_span name = { 0 };
        const uint8_t *sha1 = NULL;
        int r = wim_stream_at(d, &at, &name, &sha1, err);
        if (r < 0)
            return r;
        if (name.n == 0)
            unnamed_take(&u, d->attributes, sha1, false);
    }
    *ret = u.data ? u.data : zero;
    return 0;
}

static int unnamed_fill(const struct wim *w, struct tree_node *node, const struct unnamed *u,
                        struct tree_stream *data, struct wtg_err *err)
{
    int r = u->data ? blob_of(w, u->data, &data->blob, err) : 0;

    if (r == 0 && u->reparse)
        r = blob_of(w, u->reparse, &node->reparse, err);
    if (r == 0 && u->efs)
        r = blob_of(w, u->efs, &node->efs, err);
    if (r == 0 && data->blob && (node->attributes & ATTR_DIRECTORY))
        r = wtg_fail(err, WTG_E_IMAGE_DAMAGED, "it is a directory and has content like a file");
    return r;
}

static bool stream_name_valid(const uint16_t *name, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (name[i] == 0 || name[i] == ':' || name[i] == '/' || name[i] == '\\')
            return false;
    return n <= NAME_MAX_UNITS;
}

static int named_fill(const struct wim *w, struct tree *t, struct tree_stream *s,
                      struct wtg_span name, const uint8_t *sha1, struct wtg_err *err)
{
    uint16_t *units = units_of(&t->arena, name, err);
    if (!units)
        return err->code;
    if (!stream_name_valid(units, name.n / 2))
        return wtg_fail(err, WTG_E_IMAGE_NAME,
                        "the name of one of its streams, %zu characters, "
                        "cannot stand on NTFS",
                        name.n / 2);
    s->name = units;
    s->name_len = (uint8_t)(name.n / 2);
    return blob_of(w, sha1, &s->blob, err);
}

static int by_name(const void *a, const void *b)
{
    const struct tree_stream *x = a, *y = b;
    return names_compare(x->name, x->name_len, y->name, y->name_len);
}

static int check_names(const struct tree_stream *s, size_t n, struct wtg_err *err)
{
    for (size_t i = 1; i < n; i++)
        if (names_same(s[i - 1].name, s[i - 1].name_len, s[i].name, s[i].name_len))
            return wtg_fail(err, WTG_E_IMAGE_NAME, "two of its streams have the same name");
    return 0;
}

/* All streams in one array, the unnamed one first. (tree_add_stream would make the array anew for
 * each, which a file with 65,535 streams should not make us do.) */
static int streams(const struct wim *w, struct tree *t, struct tree_node *node,
                   const struct wim_dentry *d, struct wtg_err *err)
{
    struct tree_stream *all = arena_alloc(&t->arena, (d->nstreams + 1u) * sizeof *all, err);
    struct unnamed unnamed = { 0 };
    bool encrypted = node->attributes & ATTR_ENCRYPTED;
    size_t n = 1;

    if (!all)
        return err->code;
    all[0].name = (const uint16_t *)(const void *)all; /* of length 0 */
    unnamed_take(&unnamed, node->attributes, d->sha1, true);
    uint64_t at = 0;
    for (unsigned i = 0; i < d->nstreams; i++) {
        struct wtg_span name = { 0 };
        const uint8_t *sha1 = NULL;
        int r = wim_stream_at(d, &at, &name, &sha1, err);
        if (r == 0 && name.n == 0)
            unnamed_take(&unnamed, node->attributes, sha1, false);
        else if (r == 0 && !encrypted) /* of those, the raw EFS data holds all streams */
            r = named_fill(w, t, &all[n++], name, sha1, err);
        if (r < 0)
            return r;
    }
    int r = unnamed_fill(w, node, &unnamed, &all[0], err);
    if (r < 0)
        return r;
    qsort(all + 1, n - 1, sizeof *all, by_name);
    bool no_data = encrypted || (node->attributes & ATTR_DIRECTORY);
    node->stream = all + no_data;
    node->nstreams = (uint32_t)(n - no_data);
    return check_names(all + 1, n - 1, err);
}

int wim_node_fill(const struct wim *w, struct tree *t, struct tree_node *node,
                  const struct wim_dentry *d, struct wtg_err *err)
{
    node->created = d->created;
    node->accessed = d->accessed;
    node->written = node->changed = d->written;
    node->reparse_tag = d->reparse_tag;
    node->reparse_reserved = d->reparse_reserved;
    int r = object_id(t, node, d, err);
    if (r == 0)
        r = extended_attributes(t, node, d, err);
    if (r == 0)
        r = streams(w, t, node, d, err);
    return r;
}
