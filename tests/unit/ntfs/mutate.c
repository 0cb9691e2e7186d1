/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mutate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool fine, const char *what)
{
    if (fine)
        return;
    printf("# mutate: %s\n", what);
    abort();
}

void mut_open(struct mut *m, struct blk *blk)
{
    struct wtg_err err = { 0 };
    memset(m, 0, sizeof *m);
    m->blk = blk;
    m->img = blk_mem_bytes(blk);
    must(ntfs_volume_open(blk, &m->vol, &err) == 0, err.text);
}

void mut_close(struct mut *m)
{
    mut_undo(m);
    ntfs_volume_free(m->vol);
}

void mut_poke(struct mut *m, uint64_t off, const void *p, size_t n)
{
    must(m->nundo < ARRAY_LEN(m->undo) && off + n <= m->blk->size, "poke");
    struct mut_undo *u = &m->undo[m->nundo++];
    *u = (struct mut_undo){ off, n, malloc(n) };
    must(u->old != NULL, "memory");
    memcpy(u->old, m->img + off, n);
    memcpy(m->img + off, p, n);
}

void mut_undo(struct mut *m)
{
    while (m->nundo) {
        struct mut_undo *u = &m->undo[--m->nundo];
        memcpy(m->img + u->off, u->old, u->n);
        free(u->old);
    }
    m->vol->window_n = 0;
}

/* ---- Records ---------------------------------------------------------------------------- */

static uint64_t map(struct mut *m, const struct ntfs_stream *s, uint64_t off)
{
    uint32_t cluster = m->vol->geom.cluster_bytes;
    for (size_t i = 0; i < s->extents.n; i++) {
        const struct ntfs_extent *x = &s->extents.item[i];
        if (off / cluster >= x->vcn && off / cluster < x->vcn + x->clusters)
            return x->lcn * cluster + off - x->vcn * cluster;
    }
    must(false, "nothing is mapped there");
    return 0;
}

static void fix(uint8_t *p, size_t n)
{
    const struct ntfs_multi_disk *d = (const void *)p;
    uint8_t *usa = p + get_le16(d->usa_offset);
    for (size_t i = 0; i < n / NTFS_STRIDE_BYTES; i++) {
        uint8_t *end = p + (i + 1) * NTFS_STRIDE_BYTES - 2;
        memcpy(usa + 2 + i * 2, end, 2);
        memcpy(end, usa, 2);
    }
}

static bool has_name(struct mut *m, const char *name)
{
    struct wtg_err err = { 0 };
    struct ntfs_attr a;
    uint32_t off = 0;
    while (ntfs_attr_next((struct wtg_span){ m->rec, m->vol->geom.record_bytes }, &off, &a, &err) >
           0) {
        const struct ntfs_file_name_disk *d = span_at(a.value, 0, sizeof *d);
        if (a.type != NTFS_AT_FILE_NAME || !d || d->name_len != strlen(name))
            continue;
        size_t i = 0;
        while (i < d->name_len && le16_at(a.value.p + sizeof *d + i * 2) == (uint8_t)name[i])
            i++;
        if (i == d->name_len)
            return true;
    }
    return false;
}

uint64_t mut_find(struct mut *m, const char *file)
{
    struct wtg_err err = { 0 };
    if (file[0] == '#')
        return strtoul(file + 1, NULL, 10);
    for (uint64_t n = NTFS_FIRST_USER_RECORD; n < m->vol->records; n++) {
        const struct ntfs_record_disk *d = (const void *)m->rec;
        if (ntfs_record_read(m->vol, n, m->rec, &err) == 0 && has_name(m, file))
            return get_le64(d->base_ref) ? ntfs_ref_record(get_le64(d->base_ref)) : n;
    }
    must(false, file);
    return 0;
}

struct ntfs_record_disk *mut_load(struct mut *m, const char *file)
{
    struct wtg_err err = { 0 };
    m->rec_n = mut_find(m, file);
    m->vol->window_n = 0;
    must(ntfs_record_read(m->vol, m->rec_n, m->rec, &err) == 0, err.text);
    return (void *)m->rec;
}

void mut_put(struct mut *m)
{
    uint32_t n = m->vol->geom.record_bytes;
    uint8_t copy[NTFS_READ_RECORD_MAX];
    memcpy(copy, m->rec, n);
    fix(copy, n);
    mut_poke(m, map(m, &m->vol->mft, m->rec_n * n), copy, n);
    if (m->rec_n < 4)
        mut_poke(m, m->vol->geom.mirror_lcn * m->vol->geom.cluster_bytes + m->rec_n * n, copy, n);
}

void *mut_attr(struct mut *m, uint32_t type, const char *name)
{
    struct wtg_err err = { 0 };
    struct ntfs_attr a;
    uint32_t off = 0;
    while (ntfs_attr_next((struct wtg_span){ m->rec, m->vol->geom.record_bytes }, &off, &a, &err) >
           0)
        if (a.type == type && ntfs_attr_named(&a, name))
            return m->rec + a.offset;
    must(false, "no such attribute");
    return NULL;
}

void *mut_value(struct mut *m, uint32_t type, const char *name)
{
    struct ntfs_attr_resident_disk *a = mut_attr(m, type, name);
    return (uint8_t *)a + get_le16(a->value_offset);
}

void mut_remove_attr(struct mut *m, void *attr)
{
    struct ntfs_record_disk *d = (void *)m->rec;
    uint8_t *p = attr;
    uint32_t n = le32_at(p + 4), used = get_le32(d->bytes_used);
    memmove(p, p + n, (size_t)(m->rec + used - p) - n);
    d->bytes_used = to_le32(used - n);
}

uint64_t mut_stream_at(struct mut *m, const char *file, uint32_t type, const char *name,
                       uint64_t off)
{
    struct wtg_err err = { 0 };
    struct ntfs_file f = { 0 };
    struct ntfs_stream s = { 0 };
    m->vol->window_n = 0;
    must(ntfs_file_load(m->vol, mut_find(m, file), &f, &err) == 0, err.text);
    const struct ntfs_attr *a = ntfs_file_find(&f, type, name);
    must(a && a->nonresident, "no such stream");
    must(ntfs_stream_open(m->vol, &f, a, &s, &err) == 0, err.text);
    uint64_t at = map(m, &s, off);
    ntfs_stream_release(&s);
    ntfs_file_release(&f);
    return at;
}

/* ---- Indexes ---------------------------------------------------------------------------- */

struct ntfs_index_header_disk *mut_root(struct mut *m, const char *file, const char *index)
{
    mut_load(m, file);
    struct ntfs_index_root_disk *d = mut_value(m, NTFS_AT_INDEX_ROOT, index);
    m->node_at = 0;
    return &d->header;
}

struct ntfs_index_header_disk *mut_block(struct mut *m, const char *file, const char *index,
                                         uint64_t i)
{
    struct wtg_err err = { 0 };
    uint32_t n = m->vol->geom.block_bytes;
    m->node_at = mut_stream_at(m, file, NTFS_AT_INDEX_ALLOCATION, index, i * n);
    memcpy(m->node, m->img + m->node_at, n);
    must(ntfs_fixup(m->node, n, NTFS_MAGIC_INDX, &err) == 0, err.text);
    return (void *)(m->node + NTFS_BLOCK_HEADER_OFFSET);
}

struct ntfs_index_header_disk *mut_first(struct mut *m, const char *file, const char *index)
{
    struct ntfs_index_header_disk *h = mut_root(m, file, index);
    return get_le16(mut_nth(h, 0)->flags) & NTFS_ENTRY_END ? mut_block(m, file, index, 0) : h;
}

void mut_put_node(struct mut *m)
{
    uint32_t n = m->vol->geom.block_bytes;
    if (!m->node_at) {
        mut_put(m);
        return;
    }
    uint8_t *copy = malloc(n);
    must(copy != NULL, "memory");
    memcpy(copy, m->node, n);
    fix(copy, n);
    mut_poke(m, m->node_at, copy, n);
    free(copy);
}

struct ntfs_index_entry_disk *mut_nth(struct ntfs_index_header_disk *h, unsigned k)
{
    uint8_t *p = (uint8_t *)h + get_le32(h->entries_offset);
    while (k--)
        p += le16_at(p + 8);
    return (void *)p;
}

static struct ntfs_index_entry_disk *find_in_node(struct ntfs_index_header_disk *h,
                                                  const char *name)
{
    for (unsigned k = 0;; k++) {
        struct ntfs_index_entry_disk *e = mut_nth(h, k);
        const struct ntfs_file_name_disk *d = (const void *)(e + 1);
        if (get_le16(e->flags) & NTFS_ENTRY_END)
            return NULL;
        if (d->name_len != strlen(name))
            continue;
        size_t i = 0;
        while (i < d->name_len &&
               le16_at((const uint8_t *)d + sizeof *d + i * 2) == (uint8_t)name[i])
            i++;
        if (i == d->name_len)
            return e;
    }
}

struct ntfs_index_entry_disk *mut_entry(struct mut *m, const char *dir, const char *name,
                                        struct ntfs_index_header_disk **ret_node)
{
    struct wtg_err err = { 0 };
    struct ntfs_file f = { 0 };
    *ret_node = mut_root(m, dir, NTFS_NAME_I30);
    struct ntfs_index_entry_disk *e = find_in_node(*ret_node, name);
    must(ntfs_file_load(m->vol, m->rec_n, &f, &err) == 0, err.text);
    const struct ntfs_attr *a = ntfs_file_find(&f, NTFS_AT_INDEX_ALLOCATION, NTFS_NAME_I30);
    for (uint64_t i = 0; !e && a && i < a->data_size / m->vol->geom.block_bytes; i++) {
        *ret_node = mut_block(m, dir, NTFS_NAME_I30, i);
        e = find_in_node(*ret_node, name);
    }
    ntfs_file_release(&f);
    must(e != NULL, name);
    return e;
}

void mut_remove_entry(struct ntfs_index_header_disk *h, struct ntfs_index_entry_disk *e)
{
    uint8_t *p = (uint8_t *)e;
    uint32_t n = get_le16(e->length), used = get_le32(h->bytes_used);
    memmove(p, p + n, (size_t)((uint8_t *)h + used - p) - n);
    h->bytes_used = to_le32(used - n);
}

/* ---- Tables ----------------------------------------------------------------------------- */

static void change(const struct mutation *x, uint8_t *p)
{
    uint8_t b[8] = { 0 };
    memcpy(b, p, x->width);
    uint64_t v = le64_at(b);
    v = x->op == '+' ? v + x->v : x->op == '^' ? v ^ x->v : x->v;
    put_le64(b, v);
    memcpy(p, b, x->width);
}

static void change_image(struct mut *m, const struct mutation *x, uint64_t at)
{
    uint8_t b[8];
    memcpy(b, m->img + at, x->width);
    change(x, b);
    mut_poke(m, at, b, x->width);
}

static void change_entry(struct mut *m, const struct mutation *x)
{
    struct ntfs_index_header_disk *h;
    uint8_t *e;
    if (x->name[0] == '$') {
        h = mut_first(m, x->file, x->name);
        e = (uint8_t *)mut_nth(h, x->type);
    } else {
        e = (uint8_t *)mut_entry(m, x->file, x->name, &h);
    }
    change(x, e + x->off);
    mut_put_node(m);
}

void mut_apply(struct mut *m, const struct mutation *x)
{
    const char *name = x->name ? x->name : "";
    switch (x->where) {
    case IMAGE:
        change_image(m, x, x->off);
        break;
    case STREAM:
        change_image(m, x, mut_stream_at(m, x->file, x->type, name, x->off));
        break;
    case ENTRY:
        change_entry(m, x);
        break;
    case CALL:
        x->call(m);
        break;
    case RECORD:
        mut_load(m, x->file);
        change(x, m->rec + x->off);
        mut_put(m);
        break;
    case ATTR:
    case VALUE:
        mut_load(m, x->file);
        change(x, (uint8_t *)(x->where == ATTR ? mut_attr(m, x->type, name)
                                               : mut_value(m, x->type, name)) +
                      x->off);
        mut_put(m);
        break;
    }
}
