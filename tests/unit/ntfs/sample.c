/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/le.h"
#include "base/utf16.h"

static void must(struct sample *s, int r)
{
    if (r < 0) {
        printf("# sample: %s\n", s->err.text);
        abort();
    }
}

static void *need(void *p)
{
    if (!p)
        abort();
    return p;
}

static uint64_t next_random(struct sample *s)
{
    s->random = s->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return s->random >> 33;
}

void sample_new(struct sample *s)
{
    *s = (struct sample){ .random = 1 };
    must(s, tree_new(&s->t, &s->err));
    s->t->root->attributes = ATTR_DIRECTORY | ATTR_HIDDEN | ATTR_SYSTEM;
    s->t->root->created = s->t->root->accessed = SAMPLE_TIME;
    s->t->root->written = s->t->root->changed = SAMPLE_TIME + 1;
}

void sample_free(struct sample *s)
{
    tree_free(s->t);
    for (size_t i = 0; i < s->nblobs; i++)
        tree_memory_blob_free(s->blob[i]);
    free(s->blob);
}

void sample_sort(struct sample *s)
{
    must(s, tree_sort(s->t, &s->err));
}

struct tree_node *sample_node(struct sample *s, uint32_t attributes)
{
    struct tree_node *n = NULL;
    must(s, tree_add_node(s->t, attributes, &n, &s->err));
    n->created = SAMPLE_TIME + next_random(s);
    n->written = n->changed = SAMPLE_TIME + next_random(s);
    n->accessed = SAMPLE_TIME + next_random(s);
    return n;
}

struct tree_link *sample_link(struct sample *s, struct tree_node *dir, struct tree_node *n,
                              const char *name, const char *short_name)
{
    AUTO_FREE uint16_t *u = NULL, *v = NULL;
    size_t un = 0, vn = 0;
    struct tree_link *l = NULL;
    must(s, utf16_from_utf8(name, &u, &un, &s->err));
    must(s, utf16_from_utf8(short_name ? short_name : "", &v, &vn, &s->err));
    must(s, tree_add_link(s->t, dir, n, u, un, v, vn, &l, &s->err));
    return l;
}

struct tree_node *sample_dir(struct sample *s, struct tree_node *dir, const char *name)
{
    struct tree_node *n = sample_node(s, ATTR_DIRECTORY);
    sample_link(s, dir, n, name, NULL);
    return n;
}

static struct tree_blob *take_blob(struct sample *s, uint8_t *bytes, size_t n)
{
    must(s, mem_grow(&s->blob, &s->blobs_cap, s->nblobs, sizeof *s->blob, &s->err));
    must(s, tree_memory_blob_new(bytes, n, &s->blob[s->nblobs], &s->err));
    return s->blob[s->nblobs++];
}

struct tree_blob *sample_blob(struct sample *s, size_t n)
{
    uint8_t *bytes = need(malloc(n ? n : 1));
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)next_random(s);
    return take_blob(s, bytes, n);
}

struct tree_blob *sample_blob_of(struct sample *s, const void *p, size_t n)
{
    uint8_t *bytes = need(malloc(n ? n : 1));
    memcpy(bytes, p, n);
    return take_blob(s, bytes, n);
}

void sample_stream(struct sample *s, struct tree_node *n, const char *name, size_t bytes)
{
    AUTO_FREE uint16_t *u = NULL;
    size_t un = 0;
    must(s, utf16_from_utf8(name, &u, &un, &s->err));
    must(s, tree_add_stream(s->t, n, u, un, bytes ? sample_blob(s, bytes) : NULL, &s->err));
}

struct tree_node *sample_file(struct sample *s, struct tree_node *dir, const char *name,
                              size_t bytes)
{
    struct tree_node *n = sample_node(s, ATTR_ARCHIVE);
    sample_link(s, dir, n, name, NULL);
    if (bytes)
        sample_stream(s, n, "", bytes);
    return n;
}

const struct tree_sd *sample_sd(struct sample *s, unsigned nth)
{
    /* Owner and group S-1-5-21-nth, one entry that lets everybody in. */
    static const uint8_t sd[] = {
        1, 0, 4,    0x80, 0x30, 0, 0, 0, 0x40, 0, 0,    0, 0,    0, 0,    0, 0x14, 0, 0, 0,
        2, 0, 0x1c, 0,    1,    0, 0, 0, 0,    3, 0x14, 0, 0xff, 1, 0x1f, 0, 1,    1, 0, 0,
        0, 0, 0,    1,    0,    0, 0, 0, 1,    2, 0,    0, 0,    0, 0,    5, 21,   0, 0, 0,
        0, 0, 0,    0,    1,    2, 0, 0, 0,    0, 0,    5, 21,   0, 0,    0, 0,    0, 0, 0,
    };
    uint8_t one[sizeof sd];
    const struct tree_sd *ret = NULL;
    memcpy(one, sd, sizeof sd);
    put_le32(one + 60, nth);
    put_le32(one + 76, nth * 7);
    must(s, tree_share_sd(s->t, one, sizeof one, &ret, &s->err));
    return ret;
}

/* A junction or symbolic link (MS-FSCC 2.1.2.5, 2.1.2.4) whose target takes about so many bytes. */
static struct tree_blob *link_target(struct sample *s, bool symlink, size_t bytes)
{
    uint8_t data[8192] = { 0 }, *p = data + (symlink ? 12 : 8);
    uint16_t units = (uint16_t)(bytes / 4);
    put_le16(data + 2, (uint16_t)(units * 2));
    put_le16(data + 4, (uint16_t)(units * 2 + 2));
    put_le16(data + 6, (uint16_t)(units * 2));
    if (symlink)
        put_le32(data + 8, 1); /* relative */
    for (unsigned i = 0; i < units; i++) {
        put_le16(p + 2 * i, 't');
        put_le16(p + 2 * (units + 1u + i), 't');
    }
    return sample_blob_of(s, data, (size_t)(p - data) + 4 * (units + 1u));
}

void sample_reparse(struct sample *s, struct tree_node *n, uint32_t tag, size_t bytes)
{
    n->attributes |= ATTR_REPARSE;
    n->reparse_tag = tag;
    if (tag == 0xa0000003 || tag == 0xa000000c)
        n->reparse = link_target(s, tag == 0xa000000c, bytes);
    else
        n->reparse = bytes ? sample_blob(s, bytes) : NULL;
}

void sample_ea(struct sample *s, struct tree_node *n, unsigned count, size_t value_bytes)
{
    struct tree_ea *ea = need(arena_alloc(&s->t->arena, count * sizeof *ea, &s->err));
    for (unsigned i = 0; i < count; i++) {
        char name[20];
        int len = snprintf(name, sizeof name, "NAME.%u", i);
        uint8_t *value = need(arena_alloc(&s->t->arena, value_bytes + 1, &s->err));
        memset(value, (int)i + 'a', value_bytes);
        ea[i] = (struct tree_ea){ .flags = i % 3 ? 0 : 0x80,
                                  .name_len = (uint8_t)len,
                                  .value_len = (uint16_t)value_bytes,
                                  .value = value };
        ea[i].name = need(arena_dup(&s->t->arena, name, (size_t)len + 1, &s->err));
    }
    n->ea = ea;
    n->neas = count;
}

void sample_object_id(struct sample *s, struct tree_node *n, unsigned id, bool all)
{
    uint8_t bytes[64];
    memset(bytes, 0x5a, sizeof bytes);
    put_le32(bytes, id * 2654435761u);
    n->object_id_len = all ? 64 : 16;
    n->object_id = need(arena_dup(&s->t->arena, bytes, n->object_id_len, &s->err));
}

struct ntfs_build_opts sample_opts(uint64_t mib, uint32_t sector_bytes)
{
    return (struct ntfs_build_opts){ .size_bytes = mib << 20,
                                     .sector_bytes = sector_bytes,
                                     .start_lba = (1 << 20) / sector_bytes,
                                     .label = "Sample \xe4\xb8\xad",
                                     .serial = UINT64_C(0x123456789abcdef),
                                     .time = SAMPLE_TIME };
}

/* Runs of zeroes of at least a cluster. */
int sample_holes(void *ctx, const struct tree_blob *blob, struct ntfs_hole **ret, size_t *ret_n,
                 struct wtg_err *err)
{
    struct ntfs_hole *hole = NULL;
    size_t n = 0, cap = 0;
    uint8_t buf[4096], zero[4096] = { 0 };
    (void)ctx;
    for (uint64_t at = 0; at < blob->size_bytes; at += sizeof buf) {
        size_t part = (size_t)min_u64(sizeof buf, blob->size_bytes - at);
        if (tree_blob_read(blob, at, buf, part, err) < 0)
            return err->code;
        if (memcmp(buf, zero, part) != 0)
            continue;
        if (n > 0 && hole[n - 1].off + hole[n - 1].bytes == at) {
            hole[n - 1].bytes += part;
        } else {
            if (mem_grow(&hole, &cap, n, sizeof *hole, err) < 0)
                return err->code;
            hole[n++] = (struct ntfs_hole){ at, part };
        }
    }
    *ret = hole;
    *ret_n = n;
    return 0;
}

/* ---- Regions ---- */

static int by_offset(const void *a, const void *b)
{
    const struct tree_region *x = a, *y = b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int write_all(int fd, const uint8_t *p, uint64_t n, uint64_t off, struct wtg_err *err)
{
    while (n > 0) {
        ssize_t w = pwrite(fd, p, n, (off_t)off);
        if (w <= 0)
            return wtg_fail(err, WTG_E_IO, "pwrite");
        p += w;
        n -= (uint64_t)w;
        off += (uint64_t)w;
    }
    return 0;
}

static int check_order(const struct tree_region *sorted, size_t n, uint64_t size,
                       struct wtg_err *err)
{
    uint64_t end = 0;
    for (size_t i = 0; i < n; i++) {
        const struct tree_region *r = &sorted[i];
        if (r->kind == REGION_KEEP)
            continue;
        if (r->offset < end || r->length == 0 || r->offset % 4096 != 0 ||
            r->offset + r->length > size ||
            (r->length % 4096 != 0 && r->offset + r->length != size))
            return wtg_fail(err, WTG_E_BUG, "region %zu: offset %llx length %llx after %llx", i,
                            (unsigned long long)r->offset, (unsigned long long)r->length,
                            (unsigned long long)end);
        end = r->offset + r->length;
    }
    return 0;
}

static int write_region(const struct tree_region *r, int fd, struct wtg_err *err)
{
    enum { STEP = 1 << 20 };
    AUTO_FREE uint8_t *buf = need(malloc(STEP));
    if (r->kind == REGION_KEEP)
        return tree_blob_read(r->blob, r->blob_off, r->keep, r->length, err);
    for (uint64_t at = 0; at < r->length; at += STEP) {
        size_t n = (size_t)min_u64(STEP, r->length - at);
        int e = 0;
        memset(buf, r->kind == REGION_FILL ? r->fill : 0, n);
        if (r->kind == REGION_BYTES)
            memcpy(buf, r->bytes + at, n);
        if (r->kind == REGION_MAKE)
            e = r->make(r->ctx, at, buf, n, err);
        if (r->kind == REGION_BLOB && r->blob_off + at < r->blob->size_bytes)
            e = tree_blob_read(r->blob, r->blob_off + at, buf,
                               (size_t)min_u64(n, r->blob->size_bytes - r->blob_off - at), err);
        if (e == 0)
            e = write_all(fd, buf, n, r->offset + at, err);
        if (e < 0)
            return e;
    }
    return 0;
}

int sample_write_regions(const struct tree_regions *regions, int fd, uint64_t size,
                         struct wtg_err *err)
{
    AUTO_FREE struct tree_region *r = need(malloc(regions->n * sizeof *r));
    memcpy(r, regions->region, regions->n * sizeof *r);
    qsort(r, regions->n, sizeof *r, by_offset);
    if (ftruncate(fd, (off_t)size) < 0)
        return wtg_fail(err, WTG_E_IO, "ftruncate");
    int e = check_order(r, regions->n, size, err);
    for (int pass = PASS_WIPE; e == 0 && pass <= PASS_TABLE; pass++)
        for (size_t i = 0; e == 0 && i < regions->n; i++)
            if ((int)r[i].pass == pass)
                e = write_region(&r[i], fd, err);
    return e;
}

int sample_write(const struct tree *t, const struct ntfs_build_opts *o, int fd, struct wtg_err *err)
{
    struct ntfs_build *b = NULL;
    struct tree_regions r = { 0 };
    int e = ntfs_build_new(t, o, &b, err);
    if (e == 0)
        e = ntfs_build_regions(b, &r, err);
    if (e == 0)
        e = sample_write_regions(&r, fd, o->size_bytes, err);
    tree_regions_release(&r);
    ntfs_build_free(b);
    return e;
}
