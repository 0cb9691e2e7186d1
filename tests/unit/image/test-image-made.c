/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Images made byte by byte: first that everything arrives, then what happens when it is broken. */

#include "blk/blk.h"
#include "base/utf16.h"
#include "fixture.h"
#include "made.h"

/* Opens and loads image 1; 0 or the first error. */
static int load(const void *p, size_t n, struct wtg_err *err)
{
    struct blk *b = NULL;
    struct image *image = NULL;
    struct tree *tree = NULL;
    int r = blk_mem_wrap(p, n, &b, err);

    if (r == 0)
        r = image_open_blk(b, NULL, &image, err);
    if (r == 0)
        r = image_load_tree(image, 1, &tree, err);
    tree_free(tree);
    image_free(image);
    blk_free(b);
    return r;
}

static bool content_is(const struct tree_blob *b, const char *want)
{
    struct wtg_err err = { 0 };
    AUTO_FREE uint8_t *p = NULL;
    size_t n = 0;
    return tree_blob_slurp(b, 1000, &p, &n, &err) == 0 && n == strlen(want) &&
           memcmp(p, want, n) == 0;
}

static const struct tree_node *node(const struct tree *t, const char *path)
{
    const struct tree_link *l = tree_find(t, path);
    return l ? l->node : NULL;
}

static void check_plain_things(const struct tree *t)
{
    const struct tree_node *n = node(t, "\\plain"), *sub = node(t, "Sub");

    REQUIRE(n && sub);
    CHECK(t->nnodes == 10 && t->nlinks == 10);
    CHECK(t->root->written == 1000 && t->root->created == 1001 && t->root->accessed == 1002);
    CHECK(t->root->changed == 1000 && t->root->sd && t->root->sd->size_bytes == MADE_SD_BYTES);
    CHECK(content_is(tree_data(n), "hello") && n->written == 2000 && !n->sd);
    CHECK(n->nstreams == 1 && n->attributes == ATTR_ARCHIVE && n->link->short_len == 0);
    CHECK(sub->attributes == (ATTR_DIRECTORY | ATTR_HIDDEN) && sub->nstreams == 0);
    CHECK(sub->sd && sub->sd != t->root->sd && sub->nchildren == 2);
    CHECK(node(t, "Sub/deep") && node(t, "Sub/deep")->nchildren == 0);
}

static void check_links(const struct tree *t)
{
    const struct tree_node *a = node(t, "link1"), *b = node(t, "Sub\\link2"), *c = node(t, "other");

    REQUIRE(a && b && c);
    CHECK(a == b && a->nlinks == 2 && content_is(tree_data(a), "linked"));
    CHECK(c != a && c->nlinks == 1 && content_is(tree_data(c), "hello"));
}

static void check_streams(const struct tree *t)
{
    const struct tree_node *s = node(t, "streams"), *r = node(t, "reparse"), *e = node(t, "secret");

    REQUIRE(s && r && e && s->nstreams == 3);
    CHECK(s->stream[0].name_len == 0 && content_is(s->stream[0].blob, "hello"));
    CHECK(s->stream[1].name_len == 5 && s->stream[1].name[0] == 'e' && !s->stream[1].blob);
    CHECK(s->stream[2].name_len == 4 && content_is(s->stream[2].blob, "linked"));
    CHECK(r->reparse_tag == 0xa000000c && r->reparse_reserved == 0xbeef);
    CHECK(content_is(r->reparse, "reparse data") && content_is(tree_data(r), "hello"));
    CHECK(content_is(e->efs, "linked") && e->nstreams == 0 && !e->reparse);
}

static void check_tags(const struct tree *t)
{
    const struct tree_node *n = node(t, "tagged with a long name");

    REQUIRE(n && n->neas == 2 && n->object_id_len == 64);
    CHECK(n->object_id[0] == 0x1d && n->object_id[63] == 0x1d);
    CHECK(strcmp(n->ea[0].name, "A") == 0 && n->ea[0].value_len == 1 && n->ea[0].value[0] == 'x');
    CHECK(strcmp(n->ea[1].name, "LONGER") == 0 && n->ea[1].flags == 0x80);
    CHECK(n->ea[1].value_len == 2 && memcmp(n->ea[1].value, "yz", 2) == 0);
    CHECK(n->link->short_len == 12 && n->link->short_name[6] == '~');
    CHECK(n->nstreams == 1 && !tree_data(n));
}

static void everything_arrives(void)
{
    struct made_metadata m = made_everything();
    struct bytes w = made_wrap(m.m.p, m.m.n);
    struct wtg_err err = { 0 };
    struct blk *b = NULL;
    struct image *image = NULL;
    struct tree *t = NULL;

    OK(blk_mem_wrap(w.p, w.n, &b, &err), err);
    OK(image_open_blk(b, NULL, &image, &err), err);
    OK(image_load_tree(image, 1, &t, &err), err);
    check_plain_things(t);
    check_links(t);
    check_streams(t);
    check_tags(t);
    tree_free(t);
    image_free(image);
    blk_free(b);
    free(w.p);
    free(m.m.p);
}

/* One field of the metadata broken, all hashes right. */
/* clang-format off */
static const struct {
    const char *name;
    enum made_entry entry;
    size_t at;
    unsigned bytes;
    uint64_t value;
    int want;
} entry_rows[] = {
    { "as it is",                     E_PLAIN,   0x08, 4, ATTR_ARCHIVE,   0 },
    { "entry shorter than it can be", E_PLAIN,   0x00, 8, 100,            WTG_E_IMAGE_DAMAGED },
    { "entry shorter than its name",  E_PLAIN,   0x00, 8, 104,            WTG_E_IMAGE_DAMAGED },
    { "entry longer than all",        E_PLAIN,   0x00, 8, 1 << 20,        WTG_E_IMAGE_DAMAGED },
    { "entry of 2^64-1 bytes",        E_PLAIN,   0x00, 8, UINT64_MAX,     WTG_E_IMAGE_DAMAGED },
    { "descriptor 2 of 2",            E_PLAIN,   0x0c, 4, 2,              WTG_E_IMAGE_DAMAGED },
    { "descriptor -2",                E_PLAIN,   0x0c, 4, 0xfffffffe,     WTG_E_IMAGE_DAMAGED },
    { "a file with children",         E_PLAIN,   0x10, 8, 8,              WTG_E_IMAGE_DAMAGED },
    { "children behind the end",      E_SUB,     0x10, 8, 1 << 20,        WTG_E_IMAGE_DAMAGED },
    { "children at 2^64-1",           E_SUB,     0x10, 8, UINT64_MAX,     WTG_E_IMAGE_DAMAGED },
    { "content nowhere",              E_PLAIN,   0x40, 1, 0x00,           WTG_E_IMAGE_DAMAGED },
    { "a directory with content",     E_PLAIN,   0x08, 4, ATTR_DIRECTORY, WTG_E_IMAGE_DAMAGED },
    { "65535 streams",                E_PLAIN,   0x60, 2, 65535,          WTG_E_IMAGE_DAMAGED },
    { "short name of 30 bytes",       E_PLAIN,   0x62, 2, 30,             WTG_E_IMAGE_DAMAGED },
    { "short name of 13 units",       E_TAGGED,  0x62, 2, 26,             WTG_E_IMAGE_NAME },
    { "name of odd length",           E_PLAIN,   0x64, 2, 9,              WTG_E_IMAGE_DAMAGED },
    { "name longer than the entry",   E_PLAIN,   0x64, 2, 1000,           WTG_E_IMAGE_DAMAGED },
    { "no name",                      E_PLAIN,   0x64, 2, 0,              WTG_E_IMAGE_NAME },
    { "name with '/'",                E_PLAIN,   0x68, 2, '/',            WTG_E_IMAGE_NAME },
    { "name with '\\'",               E_PLAIN,   0x68, 2, '\\',           WTG_E_IMAGE_NAME },
    { "name with a zero",             E_PLAIN,   0x68, 2, 0,              WTG_E_IMAGE_NAME },
    { "the root is a file",           E_ROOT,    0x08, 4, ATTR_ARCHIVE,   WTG_E_IMAGE_DAMAGED },
    { "the root's descriptor",        E_ROOT,    0x0c, 4, 7,              WTG_E_IMAGE_DAMAGED },
    { "a stream too short",           E_STREAMS, 0x78, 8, 37,             WTG_E_IMAGE_DAMAGED },
    { "a stream too long",            E_STREAMS, 0x78, 8, 1 << 20,        WTG_E_IMAGE_DAMAGED },
    { "a stream with a long name",    E_STREAMS, 0x78 + 0x24, 2, 200,     WTG_E_IMAGE_DAMAGED },
    { "a stream with ':'",            E_STREAMS, 0x78 + 0x26, 2, ':',     WTG_E_IMAGE_NAME },
    { "object id cut off",            E_TAGGED,  0xc4, 4, 4096,           WTG_E_IMAGE_DAMAGED },
    { "object id of 16 bytes",        E_TAGGED,  0xc4, 4, 16,             0 },
    { "attributes cut off",           E_TAGGED,  0x10c, 4, 4096,          WTG_E_IMAGE_DAMAGED },
    { "an attribute's value cut off", E_TAGGED,  0x110, 2, 400,           WTG_E_IMAGE_DAMAGED },
    { "an attribute without name",    E_TAGGED,  0x112, 1, 0,             WTG_E_IMAGE_DAMAGED },
    { "descriptors: too many",        E_COUNT,   0x04, 4, 1000,           WTG_E_IMAGE_DAMAGED },
    { "descriptors: 2^32-1",          E_COUNT,   0x04, 4, UINT32_MAX,     WTG_E_IMAGE_DAMAGED },
    { "descriptors: too long",        E_COUNT,   0x08, 8, 4000,           WTG_E_IMAGE_DAMAGED },
    { "descriptors: 2^64-1 bytes",    E_COUNT,   0x10, 8, UINT64_MAX,     WTG_E_IMAGE_DAMAGED },
    { "descriptor is none",           E_COUNT,   0x18, 1, 9,              WTG_E_IMAGE_DAMAGED },
    { "descriptors behind the end",   E_COUNT,   0x00, 4, 1 << 20,        WTG_E_IMAGE_DAMAGED },
};
/* clang-format on */

static void broken_entries(void)
{
    for (size_t i = 0; i < ARRAY_LEN(entry_rows); i++) {
        struct made_metadata m = made_everything();
        struct wtg_err err = { 0 };
        uint8_t value[8];
        size_t at =
            (entry_rows[i].entry < E_COUNT ? m.at[entry_rows[i].entry] : 0) + entry_rows[i].at;
        put_le64(value, entry_rows[i].value);
        memcpy(m.m.p + at, value, entry_rows[i].bytes);
        struct bytes w = made_wrap(m.m.p, m.m.n);
        int r = load(w.p, w.n, &err);
        if (r != entry_rows[i].want || (r < 0 && err.text[0] == '\0'))
            printf("# %s: %d %s\n", entry_rows[i].name, r, err.text);
        CHECK(r == entry_rows[i].want);
        free(w.p);
        free(m.m.p);
    }
}

/* Gives an entry another, not longer name. */
static void set_name(struct made_metadata *m, enum made_entry e, const char *name)
{
    uint8_t *d = m->m.p + m->at[e];

    put_le16(d + 0x64, (uint16_t)(strlen(name) * 2));
    memset(d + 0x66, 0, le64_at(d) - 0x66);
    for (size_t i = 0; name[i]; i++)
        d[0x66 + 2 * i] = (uint8_t)name[i];
}

static void names_that_cannot_be(void)
{
    static const struct {
        const char *name;
        int want;
        const char *text;
    } rows[] = {
        { "", WTG_E_IMAGE_NAME, "0 characters" },
        { ".", WTG_E_IMAGE_NAME, "'.'" },
        { "..", WTG_E_IMAGE_NAME, "'..'" },
        { "plain", WTG_E_IMAGE_NAME, "plain" }, /* there is one already */
        { "Plain", 0, NULL },                   /* differs in case: another file */
        { "a:b", 0, NULL },                     /* odd, but NTFS can hold it */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct made_metadata m = made_everything();
        struct wtg_err err = { 0 };
        set_name(&m, E_OTHER, rows[i].name);
        struct bytes w = made_wrap(m.m.p, m.m.n);
        CHECK(load(w.p, w.n, &err) == rows[i].want);
        CHECK(!rows[i].text || strstr(err.text, rows[i].text));
        free(w.p);
        free(m.m.p);
    }
}

/* A chain of directories; the last one leads `back` to the offset of an earlier list, or nowhere.
 */
static int load_chain(unsigned depth, bool back, const char *name, struct wtg_err *err)
{
    struct bytes m = { 0 };
    struct made_dentry dir = { .attributes = ATTR_DIRECTORY };

    made_security_add(&m);
    size_t at = made_dentry_add(&m, &dir, 0), first = 0;
    bytes_add(&m, NULL, 8);
    dir.name = name;
    for (unsigned i = 0; i < depth; i++) {
        put_le64(m.p + at + 0x10, m.n);
        at = made_dentry_add(&m, &dir, 0);
        first = first ? first : at;
        bytes_add(&m, NULL, 8);
    }
    if (back)
        put_le64(m.p + at + 0x10, first);
    struct bytes w = made_wrap(m.p, m.n);
    int r = load(w.p, w.n, err);
    free(w.p);
    free(m.p);
    return r;
}

static void circles_and_depth(void)
{
    char name[300];
    struct wtg_err err = { 0 };

    CHECK(load_chain(1000, false, "d", &err) == 0);
    CHECK(load_chain(1100, false, "d", &err) == WTG_E_IMAGE_NAME);
    CHECK(load_chain(1, true, "d", &err) == WTG_E_IMAGE_DAMAGED);
    CHECK(load_chain(5, true, "d", &err) == WTG_E_IMAGE_DAMAGED);
    CHECK(strstr(err.text, "circle") && strstr(err.text, "\\d\\d\\d\\d\\d"));
    memset(name, 'n', sizeof name);
    name[255] = 0;
    CHECK(load_chain(2, false, name, &err) == 0);
    memset(name, 'n', sizeof name);
    name[256] = 0;
    CHECK(load_chain(2, false, name, &err) == WTG_E_IMAGE_NAME);
    CHECK(strstr(err.text, "256"));
}

/* Two directories share one list: no circle, but one file would have two places. */
static void shared_directories(void)
{
    struct made_metadata m = made_everything();
    struct wtg_err err = { 0 };

    put_le64(m.m.p + m.at[E_DEEP] + 0x10, m.sub_list);
    struct bytes w = made_wrap(m.m.p, m.m.n);
    CHECK(load(w.p, w.n, &err) == WTG_E_IMAGE_DAMAGED);
    free(w.p);
    free(m.m.p);
}

/* One field of the file broken, outside the metadata. Offsets below 1000 are of the header, from
 * 1000 on of the blob table: three contents, then the metadata. */
enum { T = 1000, ENTRY = 50 };
/* clang-format off */
static const struct {
    const char *name;
    size_t at;
    unsigned bytes;
    uint64_t value;
    int want;
    const char *text;
} file_rows[] = {
    { "no magic",                  0x00, 1, 'X',         WTG_E_IMAGE_FORMAT,  "MSWIM" },
    { "pipable",                   0x00, 5, 0x4d57504c57, WTG_E_IMAGE_FORMAT, "pipable" },
    { "header of 200 bytes",       0x08, 4, 200,         WTG_E_IMAGE_DAMAGED, "200" },
    { "unknown version",           0x0c, 4, 0x10e00,     WTG_E_IMAGE_FORMAT,  "0x10e00" },
    { "unknown compression",       0x10, 4, 0x100002,    WTG_E_IMAGE_FORMAT,  "compression" },
    { "LZX of 48 KiB chunks",      0x14, 4, 0xc000,      0,                   NULL }, /* not compressed */
    { "part 0",                    0x28, 2, 0,           WTG_E_IMAGE_DAMAGED, "part 0" },
    { "part 2 of 1",               0x28, 2, 2,           WTG_E_IMAGE_DAMAGED, "part 2 of 1" },
    { "part 1 of 0",               0x2a, 2, 0,           WTG_E_IMAGE_DAMAGED, "part 1 of 0" },
    { "part 1 of 2",               0x2a, 2, 2,           WTG_E_IMAGE_PART,    "part 2" },
    { "a million images",          0x2c, 4, 1000000,     WTG_E_IMAGE_DAMAGED, "images" },
    { "two images, one in XML",    0x2c, 4, 2,           WTG_E_IMAGE_DAMAGED, "XML" },
    { "no images",                 0x2c, 4, 0,           WTG_E_IMAGE_DAMAGED, "XML" },
    { "table stored longer",       0x30, 1, 255,         WTG_E_IMAGE_DAMAGED, "table" },
    { "table behind the end",      0x38, 8, 1 << 30,     WTG_E_IMAGE_DAMAGED, "not complete" },
    { "table at 2^64-1",           0x38, 8, UINT64_MAX,  WTG_E_IMAGE_DAMAGED, "not complete" },
    { "table decodes to more",     0x40, 8, 1 << 20,     WTG_E_IMAGE_DAMAGED, "table" },
    { "table compressed",          0x37, 1, 4,           0,                   NULL }, /* in name only */
    { "no table",                  0x30, 8, 0,           WTG_E_IMAGE_DAMAGED, "table" },
    { "XML behind the end",        0x50, 8, 1 << 30,     WTG_E_IMAGE_DAMAGED, "XML" },
    { "XML too long",              0x58, 8, 1 << 30,     WTG_E_IMAGE_DAMAGED, "XML" },
    { "XML is something else",     0x50, 8, 208,         WTG_E_IMAGE_DAMAGED, "XML" },
    { "blob behind the end",       T + 8, 8, 1 << 30,    WTG_E_IMAGE_DAMAGED, "not complete" },
    { "blob at 2^64-1",            T + 8, 8, UINT64_MAX, WTG_E_IMAGE_DAMAGED, "not complete" },
    { "blob stored shorter",       T, 1, 4,              WTG_E_IMAGE_DAMAGED, "entry 0" },
    { "blob decodes to more",      T + 16, 8, 6,         WTG_E_IMAGE_DAMAGED, "entry 0" },
    { "blob of 2^64-1 bytes",      T + 16, 8, UINT64_MAX, WTG_E_IMAGE_DAMAGED, "entry 0" },
    { "blob that is missing",      T + 30, 1, 0,         WTG_E_IMAGE_DAMAGED, "\\plain" },
    { "blob of no bytes",          T + 16, 8, 0,         WTG_E_IMAGE_DAMAGED, "\\plain" },
    { "blob of another part",      T + 24, 2, 9,         0,                   NULL }, /* there is only one */
    { "blob solid in name only",   T + 7, 1, 0x10,       0,                   NULL }, /* by version */
    { "metadata without SHA-1",    T + 3 * ENTRY + 30, 4, 0, WTG_E_IMAGE_HASH, "SHA-1" },
    { "metadata nobody wants",     T + 3 * ENTRY + 26, 4, 0, WTG_E_IMAGE_DAMAGED, "no metadata" },
    { "metadata in name only",     T + 2 * ENTRY + 7, 1, 2,  WTG_E_IMAGE_DAMAGED, "directories" },
};
/* clang-format on */

static void broken_files(void)
{
    struct made_metadata m = made_everything();
    struct bytes good = made_wrap(m.m.p, m.m.n);
    size_t table = le64_at(good.p + 0x38);

    for (size_t i = 0; i < ARRAY_LEN(file_rows); i++) {
        struct wtg_err err = { 0 };
        uint8_t value[8];
        AUTO_FREE uint8_t *w = malloc(good.n);
        memcpy(w, good.p, good.n);
        put_le64(value, file_rows[i].value);
        size_t at = file_rows[i].at < T ? file_rows[i].at : file_rows[i].at - T + table;
        memcpy(w + at, value, file_rows[i].bytes);
        int r = load(w, good.n, &err);
        bool told = r == 0 || (file_rows[i].text && strstr(err.text, file_rows[i].text));
        if (r != file_rows[i].want || !told)
            printf("# %s: %d %s\n", file_rows[i].name, r, err.text);
        CHECK(r == file_rows[i].want && told);
    }
    free(good.p);
    free(m.m.p);
}

/* However much is cut off its end, or zeroed out of its middle: an error. */
static void truncated_anywhere(void)
{
    struct made_metadata m = made_everything();
    struct bytes good = made_wrap(m.m.p, m.m.n);

    for (size_t n = 0; n < good.n; n += n < 300 ? 1 : 7) {
        struct wtg_err err = { 0 };
        AUTO_FREE uint8_t *w = malloc(n + 1); /* so that ASan sees what is behind it */
        memcpy(w, good.p, n);
        int r = load(w, n, &err);
        CHECK(r == WTG_E_IMAGE_DAMAGED || (r == WTG_E_IMAGE_FORMAT && n < 8));
        CHECK(err.text[0]);
    }
    free(good.p);
    free(m.m.p);
}

static void every_byte_flipped(void)
{
    struct made_metadata m = made_everything();
    struct bytes good = made_wrap(m.m.p, m.m.n);

    for (size_t i = 0; i < good.n; i++) {
        struct wtg_err err = { 0 };
        good.p[i] ^= 0xff;
        if (load(good.p, good.n, &err) < 0)
            CHECK(err.text[0] && wtg_code_exit(err.code) != 0 && err.code != WTG_E_BUG);
        good.p[i] ^= 0xff;
    }
    for (size_t i = 0; i < m.m.n; i++) { /* once more with the metadata's hash right */
        struct wtg_err err = { 0 };
        m.m.p[i] ^= 0xff;
        struct bytes w = made_wrap(m.m.p, m.m.n);
        if (load(w.p, w.n, &err) < 0)
            CHECK(err.text[0] && err.code != WTG_E_BUG && err.code != WTG_E_IMAGE_HASH);
        m.m.p[i] ^= 0xff;
        free(w.p);
    }
    free(good.p);
    free(m.m.p);
}

static void what_people_give_by_mistake(void)
{
    static const char *const files[] = { "PK\3\4 zip", "MZ program", "<html>", "vhdxfile", "" };

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct wtg_err err = { 0 };
        CHECK(load(files[i], strlen(files[i]), &err) == WTG_E_IMAGE_FORMAT);
        CHECK(err.hint[0]);
    }
}

static const struct test tests[] = {
    TEST(everything_arrives), TEST(broken_entries),     TEST(names_that_cannot_be),
    TEST(circles_and_depth),  TEST(shared_directories), TEST(broken_files),
    TEST(truncated_anywhere), TEST(every_byte_flipped), TEST(what_people_give_by_mistake),
};
TEST_MAIN(tests)
