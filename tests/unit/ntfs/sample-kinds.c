/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill_empty(struct sample *s)
{
    (void)s;
}

/* Every size around the border between resident and not, and some large ones. */
static void fill_sizes(struct sample *s)
{
    struct tree_node *dir = sample_dir(s, s->t->root, "sizes");
    char name[64];
    for (unsigned n = 0; n <= 1200; n++) {
        snprintf(name, sizeof name, "%u bytes", n);
        sample_file(s, dir, name, n);
    }
    static const unsigned large[] = {
        4095, 4096, 4097, 8192, 65535, 65536, 65537, 1000000, 3 << 20
    };
    for (size_t i = 0; i < ARRAY_LEN(large); i++) {
        snprintf(name, sizeof name, "%u bytes", large[i]);
        sample_file(s, dir, name, large[i]);
    }
}

static void fill_many(struct sample *s, unsigned n)
{
    struct tree_node *dir = sample_dir(s, s->t->root, "many");
    char name[64];
    for (unsigned i = 0; i < n; i++) {
        snprintf(name, sizeof name, "file %u of many, %x", i, i * 2654435761u);
        sample_file(s, dir, name, i % 3 ? 0 : i % 100);
    }
}

static void fill_many_10k(struct sample *s)
{
    fill_many(s, 10000);
}
static void fill_many_100k(struct sample *s)
{
    fill_many(s, 100000);
}

/* Directories of every size from empty to several levels, with short names for every other. */
static void fill_dirs(struct sample *s)
{
    char name[64], brief[16];
    for (unsigned n = 0; n < 120; n++) {
        snprintf(name, sizeof name, "with %u entries", n);
        struct tree_node *dir = sample_dir(s, s->t->root, name);
        for (unsigned i = 0; i < n; i++) {
            struct tree_node *f = sample_node(s, ATTR_ARCHIVE);
            snprintf(name, sizeof name, "a long file name %u.text", i);
            snprintf(brief, sizeof brief, "ALON~%u.TEX", i);
            sample_link(s, dir, f, name, i % 2 ? brief : NULL);
        }
    }
}

static void fill_names(struct sample *s)
{
    struct tree_node *dir = sample_dir(s, s->t->root, "names"), *n;
    char name[800];
    for (int i = 0; i < 100; i++) { /* 255 units each */
        memset(name, 'a' + i % 26, 255);
        snprintf(name + 200, 56, "%055d", i);
        sample_file(s, dir, name, 100);
    }
    for (int i = 0; i < 255; i++)
        memcpy(name + 3 * i, "\xe4\xb8\xad", 3);
    name[765] = 0;
    sample_file(s, dir, name, 0);
    static const char *const more[] = {
        "case",
        "Case",
        "CASE",
        "cAsE",
        "\xf0\x9f\x98\x80",
        "\xf0\x9f\x98\x81 two",
        "\xc3\xa4\xc3\xb6\xc3\xbc",
        "\xc3\x84\xc3\x96\xc3\x9c",
        "\xc3\x9f",
        "\xed\xa0\x80 lone surrogate",
        "trailing dot.",
        "trailing space ",
        "CON",
        "a:b",
        "q?*<>|\"",
        "\x01",
        "$MFT",
        ".",
        "..",
    };
    for (size_t i = 0; i + 2 < ARRAY_LEN(more); i++)
        sample_file(s, dir, more[i], i * 10);
    n = sample_node(s, ATTR_READONLY | ATTR_HIDDEN | ATTR_SYSTEM);
    sample_link(s, dir, n, "Program Files", "PROGRA~1");
    n = sample_node(s, ATTR_ARCHIVE);
    sample_link(s, dir, n, "both.txt", "BOTH.TXT");
    n = sample_node(s, ATTR_DIRECTORY);
    sample_link(s, s->t->root, n, "A directory with a short name", "ADIREC~1");
    sample_file(s, n, "in it", 10);
    for (int depth = 0; depth < 60; depth++)
        n = sample_dir(s, n, "a path that becomes far longer than 260 characters");
    sample_file(s, n, "deep", 5000);
}

static void fill_links_of(struct sample *s, struct tree_node *dir, unsigned n, bool short_name)
{
    struct tree_node *f = sample_node(s, ATTR_ARCHIVE);
    char name[300];
    sample_stream(s, f, "", n);
    for (unsigned i = 0; i < n; i++) {
        snprintf(name, sizeof name, "link %u of %u, a name that takes some room", i, n);
        sample_link(s, dir, f, name, short_name && i == n / 2 ? "LINK~1.TXT" : NULL);
    }
}

static void fill_links(struct sample *s)
{
    char name[300];
    static const unsigned counts[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 40, 80, 200 };
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        snprintf(name, sizeof name, "%u links", counts[i]);
        struct tree_node *dir = sample_dir(s, s->t->root, name);
        fill_links_of(s, dir, counts[i], false);
        snprintf(name, sizeof name, "%u links, one short", counts[i]);
        fill_links_of(s, sample_dir(s, s->t->root, name), counts[i], true);
    }
    struct tree_node *dir = sample_dir(s, s->t->root, "long links"),
                     *f = sample_node(s, ATTR_ARCHIVE);
    sample_stream(s, f, "", 700);
    sample_stream(s, f, "a stream", 300);
    for (unsigned i = 0; i < 9; i++) {
        memset(name, 'l', 255);
        snprintf(name + 250, 6, "%05u", i);
        sample_link(s, dir, f, name, NULL);
    }
}

static void fill_links_3000(struct sample *s)
{
    fill_links_of(s, sample_dir(s, s->t->root, "3000 links"), 3000, true);
}

static void fill_streams(struct sample *s)
{
    struct tree_node *dir = sample_dir(s, s->t->root, "streams"), *n;
    char name[300];
    for (unsigned count = 0; count < 30; count++) {
        snprintf(name, sizeof name, "file with %u", count);
        n = sample_file(s, dir, name, count * 50);
        for (unsigned i = 0; i < count; i++) {
            snprintf(name, sizeof name, "stream %u", i);
            sample_stream(s, n, name, i * count * 3);
        }
    }
    n = sample_file(s, dir, "thousand", 10);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "stream %u", i * 7919 % 1000);
        sample_stream(s, n, name, i * 3);
    }
    n = sample_dir(s, dir, "directory with streams");
    for (unsigned i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "stream %u", i);
        sample_stream(s, n, name, i * 30);
        snprintf(name, sizeof name, "a child of it %u", i);
        sample_file(s, n, name, i);
    }
    sample_stream(s, sample_file(s, dir, "only named", 0), "named", 100000);
    sample_stream(s, s->t->root, "of the root", 50);
}

static void fill_long_streams(struct sample *s)
{
    struct tree_node *n = sample_file(s, s->t->root, "long stream names", 5000);
    char name[300];
    for (unsigned i = 0; i < 10; i++) {
        memset(name, 's', 255);
        snprintf(name + 250, 6, "%05u", i);
        sample_stream(s, n, name, i * 100);
    }
}

static void fill_security(struct sample *s)
{
    struct tree_node *dir = sample_dir(s, s->t->root, "security");
    char name[64];
    s->t->root->sd = sample_sd(s, 4000);
    for (unsigned i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "%u", i);
        sample_file(s, dir, name, i)->sd = i % 7 ? sample_sd(s, i % 60) : NULL;
    }
}

/* More than 256 KiB of them. */
static void fill_descriptors(struct sample *s)
{
    struct tree_node *dir = sample_dir(s, s->t->root, "descriptors");
    char name[64];
    for (unsigned i = 0; i < 6000; i++) {
        snprintf(name, sizeof name, "%u", i);
        sample_file(s, dir, name, 0)->sd = sample_sd(s, i);
    }
}

static void fill_extras(struct sample *s)
{
    struct tree_node *dir = sample_dir(s, s->t->root, "extras"), *n;
    char name[64];
    sample_reparse(s, sample_dir(s, dir, "junction"), 0xa0000003, 60);
    sample_reparse(s, sample_file(s, dir, "symlink", 0), 0xa000000c, 40);
    sample_reparse(s, sample_file(s, dir, "large", 0), 0x9000001a, 16376);
    sample_reparse(s, sample_file(s, dir, "third party", 300), 0x00000123, 116);
    sample_reparse(s, sample_file(s, dir, "no data", 3), 0x80000023, 0);
    for (unsigned i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "link %u", i);
        n = sample_file(s, dir, name, i);
        sample_reparse(s, n, i % 2 ? 0xa000000c : 0x9000001a, i * 10 % 1500);
        snprintf(name, sizeof name, "identified %u", i);
        n = sample_file(s, dir, name, i);
        sample_object_id(s, n, i, i % 2);
    }
    for (unsigned i = 1; i < 40; i++) {
        snprintf(name, sizeof name, "attributes %u", i);
        n = sample_file(s, dir, name, i * 20);
        sample_ea(s, n, i, i * i);
    }
    n = sample_dir(s, dir, "directory with attributes");
    sample_ea(s, n, 10, 300);
    sample_file(s, n, "child", 3);
    sample_ea(s, sample_file(s, dir, "huge attributes", 100), 2, 30000);
    n = sample_dir(s, dir, "compressed");
    n->attributes |= ATTR_COMPRESSED;
    sample_file(s, n, "compressed", 50000)->attributes |= ATTR_COMPRESSED;
}

static void fill_sparse_holes(struct sample *s, unsigned most)
{
    struct tree_node *dir = sample_dir(s, s->t->root, "sparse");
    char name[64];
    static const unsigned sizes[] = { 0, 1, 100, 5000, 65536, 65537, 200000, 5000000 };
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        snprintf(name, sizeof name, "sparse %u", sizes[i]);
        sample_file(s, dir, name, sizes[i])->attributes |= ATTR_SPARSE;
    }
    /* Stretches of zeroes, which a caller may turn into holes. */
    for (unsigned holes = 1; holes <= most; holes = holes * 3 + 1) {
        size_t n = holes * 400000;
        uint8_t *bytes = calloc(n, 1);
        for (unsigned i = 0; bytes && i < holes; i++)
            memset(bytes + i * 400000 + 100000, (int)i + 1, 131072);
        snprintf(name, sizeof name, "%u holes", holes);
        struct tree_node *f = sample_node(s, ATTR_ARCHIVE | ATTR_SPARSE);
        sample_link(s, dir, f, name, NULL);
        if (!bytes || tree_add_stream(s->t, f, NULL, 0, sample_blob_of(s, bytes, n), &s->err) < 0)
            abort();
        free(bytes);
    }
}

static void fill_sparse_small(struct sample *s)
{
    fill_sparse_holes(s, 20);
}
static void fill_sparse(struct sample *s)
{
    fill_sparse_holes(s, 121);
}

/* The same content in many files, resident and not. */
static void fill_same(struct sample *s)
{
    struct tree_node *dir = sample_dir(s, s->t->root, "same");
    struct tree_blob *blob[4] = { sample_blob(s, 100000), sample_blob(s, 300), sample_blob(s, 5000),
                                  sample_blob(s, 20) };
    char name[64];
    for (unsigned i = 0; i < 40; i++) {
        struct tree_node *n = sample_node(s, ATTR_ARCHIVE);
        snprintf(name, sizeof name, "copy %u", i);
        sample_link(s, dir, n, name, NULL);
        if (tree_add_stream(s->t, n, NULL, 0, blob[i % 4], &s->err) < 0 ||
            tree_add_stream(s->t, n, (const uint16_t *)u"named", 5, blob[(i + 1) % 4], &s->err) < 0)
            abort();
    }
}

/* Anything that may be, as often as it may be: s->random says what. */
static unsigned any(struct sample *s, unsigned below)
{
    s->random = s->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(s->random >> 33) % below;
}

static void any_name(struct sample *s, char *name, unsigned number)
{
    unsigned n = any(s, 4) ? any(s, 30) : any(s, 240);
    for (unsigned i = 0; i < n; i++)
        name[i] = (char)("aAbBzZ_~.1"[any(s, 10)]);
    snprintf(name + n, 16, "%c%x", n % 2 ? 'x' : 'X', number);
}

static void any_extras(struct sample *s, struct tree_node *n, bool directory)
{
    char name[300];
    for (unsigned i = any(s, 6) ? 0 : any(s, 30); i > 0; i--) {
        any_name(s, name, i);
        sample_stream(s, n, name, any(s, 3) ? any(s, 400) : any(s, 9000));
    }
    if (any(s, 8) == 0)
        sample_ea(s, n, 1 + any(s, 5), any(s, 700));
    if (any(s, 8) == 0)
        sample_object_id(s, n, any(s, 1u << 30), any(s, 2));
    if (any(s, 3) == 0)
        n->sd = sample_sd(s, any(s, 20));
    if (!directory && any(s, 10) == 0)
        sample_reparse(s, n, any(s, 2) ? 0xa000000c : 0x9000001a, any(s, 3000));
    else if (!directory && any(s, 10) == 0)
        n->attributes |= ATTR_SPARSE;
}

static void fill_random(struct sample *s)
{
    struct tree_node *dir[40] = { s->t->root };
    char name[300], brief[16];
    unsigned dirs = 1, number = 0, files = any(s, 600);
    for (unsigned i = any(s, 39); i > 0; i--) {
        any_name(s, name, number++);
        dir[dirs] = sample_dir(s, dir[any(s, dirs)], name);
        any_extras(s, dir[dirs++], true);
    }
    while (files-- > 0) {
        struct tree_node *n = sample_node(s, any(s, 2) ? ATTR_ARCHIVE : ATTR_READONLY);
        any_extras(s, n, false);
        if (any(s, 5))
            sample_stream(s, n, "", 1 + (any(s, 4) ? any(s, 1200) : any(s, 200000)));
        unsigned links = n->attributes & ATTR_REPARSE || any(s, 5) ? 1 : 1 + any(s, 12);
        for (unsigned i = 0; i < links; i++) {
            any_name(s, name, number);
            snprintf(brief, sizeof brief, "S~%X", number++);
            sample_link(s, dir[any(s, dirs)], n, name, i == 0 && any(s, 3) == 0 ? brief : NULL);
        }
    }
}

static void fill_all(struct sample *s)
{
    for (const struct sample_kind *k = sample_kinds; k->name; k++)
        if (k->fill != fill_all && k->mib <= 64)
            k->fill(s);
}

/* As many files as a Windows has, in as many directories. */
static void fill_windows(struct sample *s)
{
    char name[64], brief[16];
    for (unsigned d = 0; d < 12000; d++) {
        snprintf(name, sizeof name, "amd64_component_%08x_10.0.19041.1_none", d * 2654435761u);
        struct tree_node *dir = sample_dir(s, s->t->root, name);
        dir->sd = sample_sd(s, d % 200);
        for (unsigned i = 0; i < 20; i++) {
            struct tree_node *n = sample_node(s, ATTR_ARCHIVE);
            n->sd = sample_sd(s, (d + i) % 1000);
            snprintf(name, sizeof name, "some component %u.dll", i);
            snprintf(brief, sizeof brief, "SOME~%u.DLL", i);
            sample_link(s, dir, n, name, i % 3 ? NULL : brief);
            sample_stream(s, n, "", i * 37 % 200);
        }
    }
}

const struct sample_kind sample_kinds[] = {
    { "empty", fill_empty, 8 },        { "sizes", fill_sizes, 32 },
    { "many-10k", fill_many_10k, 65 }, { "many-100k", fill_many_100k, 300 },
    { "dirs", fill_dirs, 32 },         { "names", fill_names, 32 },
    { "links", fill_links, 32 },       { "links-3000", fill_links_3000, 32 },
    { "streams", fill_streams, 32 },   { "long-streams", fill_long_streams, 16 },
    { "security", fill_security, 16 }, { "descriptors", fill_descriptors, 32 },
    { "extras", fill_extras, 32 },     { "sparse-small", fill_sparse_small, 64 },
    { "sparse", fill_sparse, 160 },    { "same", fill_same, 32 },
    { "random", fill_random, 96 },     { "all", fill_all, 201 },
    { "windows", fill_windows, 1500 }, { NULL, NULL, 0 },
};

const struct sample_kind *sample_kind(const char *name)
{
    for (const struct sample_kind *k = sample_kinds; k->name; k++)
        if (strcmp(k->name, name) == 0)
            return k;
    abort();
}
