/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_MAKE_WIM_H
#define TEST_MAKE_WIM_H

/* Makes small WIMs byte by byte, so that tests can have what no tool writes, and break every field
 * while all hashes stay right.  Out of memory ends the test program. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/le.h"
#include "image/wim-disk.h"

struct bytes {
    uint8_t *p;
    size_t n, cap;
};

static inline void bytes_add(struct bytes *b, const void *p, size_t n)
{
    if (b->n + n > b->cap) {
        b->cap = (b->n + n) * 2;
        b->p = realloc(b->p, b->cap);
        if (!b->p)
            abort();
    }
    if (p)
        memcpy(b->p + b->n, p, n);
    else
        memset(b->p + b->n, 0, n);
    b->n += n;
}

static inline void bytes_align(struct bytes *b)
{
    bytes_add(b, NULL, (8 - b->n % 8) % 8);
}

static inline void bytes_add_utf16(struct bytes *b, const char *ascii)
{
    for (; *ascii; ascii++) {
        uint8_t unit[2] = { (uint8_t)*ascii, 0 };
        bytes_add(b, unit, 2);
    }
}

struct made_stream {
    const char *name;    /* NULL: unnamed */
    const char *content; /* NULL: empty */
};

struct made_dentry {
    const char *name, *short_name;
    uint32_t attributes;
    uint32_t security; /* 0 here: none; n: descriptor n-1 */
    uint64_t group;    /* or tag | reserved << 32 */
    uint64_t written;
    const char *content;
    struct made_stream stream[3];
    size_t nstreams;
    const void *tagged;
    size_t tagged_bytes;
};

static inline void made_sha1(const char *content, uint8_t sha1[20])
{
    memset(sha1, 0, 20);
    if (content)
        hash_sha1(content, strlen(content), sha1);
}

static inline void name_add(struct bytes *b, const char *name)
{
    if (!name)
        return;
    bytes_add_utf16(b, name);
    bytes_add(b, NULL, 2);
}

static inline void made_stream_add(struct bytes *b, const struct made_stream *s)
{
    struct wim_stream_disk d = { 0 };
    size_t name = s->name ? strlen(s->name) * 2 : 0;

    d.length = to_le64(sizeof d + name + (name ? 2 : 0));
    d.name_bytes = to_le16((uint16_t)name);
    made_sha1(s->content, d.sha1);
    bytes_add(b, &d, sizeof d);
    name_add(b, s->name);
    bytes_align(b);
}

/* Returns its offset. `children`: offset of the directory's entries, 0: none. */
static inline size_t made_dentry_add(struct bytes *b, const struct made_dentry *e,
                                     uint64_t children)
{
    struct wim_dentry_disk d = { 0 };
    size_t at = b->n;

    d.attributes = to_le32(e->attributes);
    d.security = to_le32(e->security - 1);
    d.children = to_le64(children);
    d.created = to_le64(e->written + 1);
    d.accessed = to_le64(e->written + 2);
    d.written = to_le64(e->written);
    made_sha1(e->content, d.sha1);
    put_le64(d.link, e->group);
    d.streams = to_le16((uint16_t)e->nstreams);
    d.name_bytes = to_le16(e->name ? (uint16_t)(strlen(e->name) * 2) : 0);
    d.short_bytes = to_le16(e->short_name ? (uint16_t)(strlen(e->short_name) * 2) : 0);
    bytes_add(b, &d, sizeof d);
    name_add(b, e->name);
    name_add(b, e->short_name);
    bytes_align(b);
    bytes_add(b, e->tagged, e->tagged_bytes);
    put_le64(b->p + at, b->n - at);
    bytes_align(b);
    for (size_t i = 0; i < e->nstreams; i++)
        made_stream_add(b, &e->stream[i]);
    return at;
}

/* "O:BAG:BA" and "O:SYG:SY": owner and group only. */
enum { MADE_SD_BYTES = 20 + 2 * 16 };
static inline void made_sd(uint8_t sd[MADE_SD_BYTES], uint8_t rid)
{
    static const uint8_t sid[16] = { 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0, 2, 0, 0 };

    memset(sd, 0, MADE_SD_BYTES);
    sd[0] = 1;
    put_le16(sd + 2, 0x8000); /* self-relative */
    put_le32(sd + 4, 20);
    put_le32(sd + 8, 36);
    memcpy(sd + 20, sid, sizeof sid);
    memcpy(sd + 36, sid, sizeof sid);
    sd[20 + 12] = sd[36 + 12] = rid;
}

/* Two descriptors in front, as every made metadata has them. */
static inline void made_security_add(struct bytes *b)
{
    uint8_t head[8 + 2 * 8], sd[MADE_SD_BYTES];

    put_le32(head, sizeof head + 2 * MADE_SD_BYTES);
    put_le32(head + 4, 2);
    put_le64(head + 8, MADE_SD_BYTES);
    put_le64(head + 16, MADE_SD_BYTES);
    bytes_add(b, head, sizeof head);
    for (uint8_t i = 0; i < 2; i++) {
        made_sd(sd, (uint8_t)(0x20 + i));
        bytes_add(b, sd, sizeof sd);
    }
    bytes_align(b);
}

static inline struct wim_res_disk made_res(uint64_t off, uint64_t stored, uint64_t size,
                                           uint8_t flags)
{
    struct wim_res_disk d = { .flags = flags, .off = to_le64(off), .size = to_le64(size) };
    uint8_t n[8];

    put_le64(n, stored);
    memcpy(d.stored, n, sizeof d.stored);
    return d;
}

static inline void made_blob_add(struct bytes *table, struct wim_res_disk res,
                                 const uint8_t sha1[20])
{
    struct wim_blob_disk d = { .res = res, .part = to_le16(1), .refs = to_le32(1) };

    memcpy(d.sha1, sha1, sizeof d.sha1);
    bytes_add(table, &d, sizeof d);
}

/* A WIM being made: add blobs, then finish it. */
struct made_wim {
    struct bytes file, table;
    uint32_t version, flags, chunk_bytes;
};

static inline void made_begin(struct made_wim *w)
{
    *w = (struct made_wim){ .version = WIM_VERSION_PLAIN };
    bytes_add(&w->file, NULL, sizeof(struct wim_header_disk));
}

/* Stored as it is. */
static inline void made_content(struct made_wim *w, const void *p, size_t n, uint8_t flags)
{
    uint8_t sha1[20];

    hash_sha1(p, n, sha1);
    made_blob_add(&w->table, made_res(w->file.n, n, n, flags), sha1);
    bytes_add(&w->file, p, n);
}

/* Stored in another way: `raw` decodes to `size` bytes that have this SHA-1. */
static inline void made_resource(struct made_wim *w, const void *raw, size_t n, uint64_t size,
                                 uint8_t flags, const uint8_t sha1[20])
{
    made_blob_add(&w->table, made_res(w->file.n, n, size, flags), sha1);
    bytes_add(&w->file, raw, n);
}

#define MADE_XML "<WIM><IMAGE INDEX=\"1\"><NAME>made</NAME></IMAGE></WIM>"

/* Table, XML and header; frees the table.  The file is w->file. */
static inline void made_finish(struct made_wim *w, const char *xml, uint32_t images)
{
    struct wim_header_disk h = { .header_bytes = to_le32(sizeof h),
                                 .version = to_le32(w->version) };
    struct bytes text = { 0 };

    memcpy(h.magic, WIM_MAGIC, sizeof h.magic);
    h.flags = to_le32(w->flags);
    h.chunk_bytes = to_le32(w->chunk_bytes);
    memset(h.guid, 0x77, sizeof h.guid);
    h.part = h.parts = to_le16(1);
    h.images = to_le32(images);
    h.table = made_res(w->file.n, w->table.n, w->table.n, 0);
    bytes_add(&w->file, w->table.p, w->table.n);
    bytes_add(&text, "\xff\xfe", 2);
    bytes_add_utf16(&text, xml);
    h.xml = made_res(w->file.n, text.n, text.n, 0);
    bytes_add(&w->file, text.p, text.n);
    memcpy(w->file.p, &h, sizeof h);
    free(text.p);
    free(w->table.p);
    w->table = (struct bytes){ 0 };
}

#endif
