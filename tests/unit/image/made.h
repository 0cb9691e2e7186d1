/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_MADE_H
#define TEST_MADE_H

/* One made image that has everything a directory entry can have, and the offsets of its entries,
 * for tests that break them. */

#include "make-wim.h"
#include "tree/tree.h"

enum made_entry {
    E_ROOT,
    E_PLAIN,   /* "plain": content "hello" */
    E_SUB,     /* "Sub": a directory with a descriptor */
    E_LINK1,   /* "link1" and "link2": one file, group 5 */
    E_OTHER,   /* "other": group 5 as well, but other content: a file of its own */
    E_STREAMS, /* "streams": data in an extra stream, two named ones */
    E_REPARSE, /* "reparse": reparse data and data */
    E_SECRET,  /* "secret": EFS */
    E_TAGGED,  /* "tagged": short name, object id, extended attributes */
    E_LINK2,   /* in Sub */
    E_DEEP,    /* in Sub: an empty directory */
    E_COUNT,
};

struct made_metadata {
    struct bytes m;
    size_t at[E_COUNT];
    size_t sub_list; /* Sub's entries */
};

/* Object id of 64 bytes; attributes "A" = "x" and, needed to understand the file, "LONGER" = "yz".
 */
static inline struct bytes made_tags(void)
{
    static const uint8_t eas[] = "\1\0\1\0A\0x\2\0\6\x80LONGER\0yz";
    struct bytes b = { 0 };
    uint8_t head[8], id[64];

    put_le32(head, 0x337dd873); /* wimlib's Unix data: not ours */
    put_le32(head + 4, 5);
    bytes_add(&b, head, 8);
    bytes_add(&b, "12345", 5);
    bytes_align(&b);
    put_le32(head, WIM_TAG_OBJECT_ID);
    put_le32(head + 4, sizeof id);
    memset(id, 0x1d, sizeof id);
    bytes_add(&b, head, 8);
    bytes_add(&b, id, sizeof id);
    put_le32(head, WIM_TAG_EAS);
    put_le32(head + 4, sizeof eas - 1);
    bytes_add(&b, head, 8);
    bytes_add(&b, eas, sizeof eas - 1);
    bytes_align(&b);
    return b;
}

static inline struct made_metadata made_everything(void)
{
    struct bytes tags = made_tags();
    const struct made_dentry e[E_COUNT] = {
        [E_ROOT] = { .attributes = ATTR_DIRECTORY, .security = 1, .written = 1000 },
        [E_PLAIN] = { .name = "plain",
                      .attributes = ATTR_ARCHIVE,
                      .written = 2000,
                      .content = "hello" },
        [E_SUB] = { .name = "Sub", .attributes = ATTR_DIRECTORY | ATTR_HIDDEN, .security = 2 },
        [E_LINK1] = { .name = "link1",
                      .attributes = ATTR_ARCHIVE,
                      .group = 5,
                      .content = "linked" },
        [E_OTHER] = { .name = "other", .attributes = ATTR_ARCHIVE, .group = 5, .content = "hello" },
        [E_STREAMS] = { .name = "streams",
                        .attributes = ATTR_ARCHIVE,
                        .stream = { { "zone", "linked" }, { NULL, "hello" }, { "empty", NULL } },
                        .nstreams = 3 },
        [E_REPARSE] = { .name = "reparse",
                        .attributes = ATTR_REPARSE,
                        .group = 0xa000000cu | UINT64_C(0xbeef) << 32,
                        .content = "reparse data",
                        .stream = { { NULL, "hello" } },
                        .nstreams = 1 },
        [E_SECRET] = { .name = "secret", .attributes = ATTR_ENCRYPTED, .content = "linked" },
        [E_TAGGED] = { .name = "tagged with a long name",
                       .short_name = "TAGGED~1.TXT",
                       .attributes = ATTR_NORMAL,
                       .tagged = tags.p,
                       .tagged_bytes = tags.n },
        [E_LINK2] = { .name = "link2",
                      .attributes = ATTR_ARCHIVE,
                      .group = 5,
                      .content = "linked" },
        [E_DEEP] = { .name = "deep", .attributes = ATTR_DIRECTORY },
    };
    struct made_metadata r = { 0 };

    made_security_add(&r.m);
    r.at[E_ROOT] = made_dentry_add(&r.m, &e[E_ROOT], 0);
    bytes_add(&r.m, NULL, 8);
    put_le64(r.m.p + r.at[E_ROOT] + 0x10, r.m.n);
    for (size_t i = E_PLAIN; i <= E_TAGGED; i++)
        r.at[i] = made_dentry_add(&r.m, &e[i], 0);
    bytes_add(&r.m, NULL, 8);
    r.sub_list = r.m.n;
    put_le64(r.m.p + r.at[E_SUB] + 0x10, r.sub_list);
    for (size_t i = E_LINK2; i <= E_DEEP; i++)
        r.at[i] = made_dentry_add(&r.m, &e[i], 0);
    bytes_add(&r.m, NULL, 8);
    free(tags.p);
    return r;
}

/* A WIM of this metadata and the content that made_everything wants. */
static inline struct bytes made_wrap(const void *metadata, size_t n)
{
    static const char *const contents[] = { "hello", "linked", "reparse data" };
    struct made_wim w;

    made_begin(&w);
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++)
        made_content(&w, contents[i], strlen(contents[i]), 0);
    made_content(&w, metadata, n, WIM_RES_METADATA);
    made_finish(&w, MADE_XML, 1);
    return w.file;
}

#endif
