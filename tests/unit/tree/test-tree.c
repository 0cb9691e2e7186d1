/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/le.h"
#include "base/utf16.h"
#include "tree/edit.h"
#include "tree/names.h"
#include "tree/sd.h"

/* "dir/" is a directory, "a=b" a second name b of the file a; all below the root. */
static struct tree *make(const char *const *path, size_t n)
{
    struct wtg_err err = { 0 };
    struct tree *t = NULL;

    if (tree_new(&t, &err) < 0)
        abort();
    for (size_t i = 0; i < n; i++) {
        char dir[128] = "", name[128];
        const char *eq = strchr(path[i], '=');
        struct tree_node *node = NULL, *parent = t->root;
        uint16_t *units = NULL;
        size_t len = 0;
        snprintf(name, sizeof name, "%s", eq ? eq + 1 : path[i]);
        bool is_dir = name[strlen(name) - 1] == '/';
        if (is_dir)
            name[strlen(name) - 1] = '\0';
        char *slash = strrchr(name, '/');
        if (slash) {
            snprintf(dir, sizeof dir, "%.*s", (int)(slash - name), name);
            memmove(name, slash + 1, strlen(slash + 1) + 1);
        }
        if (tree_sort(t, &err) < 0)
            abort();
        if (dir[0])
            parent = tree_find(t, dir)->node;
        if (eq) {
            char first[128];
            snprintf(first, sizeof first, "%.*s", (int)(eq - path[i]), path[i]);
            node = tree_find(t, first)->node;
        } else if (tree_add_node(t, is_dir ? ATTR_DIRECTORY : ATTR_ARCHIVE, &node, &err) < 0) {
            abort();
        }
        if (utf16_from_utf8(name, &units, &len, &err) < 0 ||
            tree_add_link(t, parent, node, units, len, NULL, 0, NULL, &err) < 0)
            abort();
        free(units);
    }
    if (tree_sort(t, &err) < 0)
        abort();
    return t;
}
#define MAKE(...) make((const char *const[]){ __VA_ARGS__ }, \
                       sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static void names_are_found_without_case_and_exactly_first(void)
{
    struct tree *t = MAKE("Windows/", "Windows/a", "Windows/A", "Windows/B.txt");
    char path[64];
    CHECK(tree_find(t, "\\windows\\b.TXT") != NULL);
    CHECK(tree_find(t, "windows/b.TXT") != NULL);
    CHECK(strcmp(tree_path(tree_find(t, "\\WINDOWS\\a"), path, sizeof path), "\\Windows\\a") == 0);
    CHECK(strcmp(tree_path(tree_find(t, "\\WINDOWS\\A"), path, sizeof path), "\\Windows\\A") == 0);
    CHECK(tree_find(t, "\\windows\\c") == NULL);
    CHECK(tree_find(t, "\\windows\\b.txt\\x") == NULL);
    CHECK(tree_find(t, "") == t->root->link && tree_find(t, "\\") == t->root->link);
    CHECK(strcmp(tree_path(t->root->link, path, sizeof path), "\\") == 0);
    char small[10];
    CHECK(strcmp(tree_path(tree_find(t, "\\windows\\b.txt"), small, sizeof small), "...\\B.txt") == 0 ||
          strlen(small) < sizeof small);
    tree_free(t);
}

static void impossible_names_are_refused(void)
{
    static const struct { const char *name; bool valid; } cases[] = {
        { "a", true }, { ".", false }, { "..", false }, { "...", true }, { "", false }, { "a/b", false },
        { "a\\b", false }, { "a:b", true }, { " ", true }, { "CON", true },
    };
    struct wtg_err err = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint16_t *u = NULL;
        size_t n = 0;
        OK(utf16_from_utf8(cases[i].name, &u, &n, &err), err);
        CHECK(names_valid(u, n) == cases[i].valid);
        free(u);
    }
    uint16_t longest[256];
    for (size_t i = 0; i < 256; i++)
        longest[i] = 'x';
    CHECK(names_valid(longest, 255) && !names_valid(longest, 256));
    longest[3] = 0;
    CHECK(!names_valid(longest, 255));
}

static void order_is_that_of_ntfs(void)
{
    static const char *const sorted[] = { "$MFT", "1", "A", "a", "AA", "b", "Z", "[", "_", "\xc3\x84",
                                          "\xc3\xa4" };
    struct wtg_err err = { 0 };
    for (size_t i = 0; i + 1 < ARRAY_LEN(sorted); i++) {
        uint16_t *a = NULL, *b = NULL;
        size_t an = 0, bn = 0;
        OK(utf16_from_utf8(sorted[i], &a, &an, &err), err);
        OK(utf16_from_utf8(sorted[i + 1], &b, &bn, &err), err);
        CHECK(names_compare(a, an, b, bn) < 0);
        CHECK(names_compare(b, bn, a, an) > 0);
        CHECK(names_compare(a, an, a, an) == 0);
        free(a);
        free(b);
    }
}

static void duplicates_and_second_parents_are_refused(void)
{
    struct wtg_err err = { 0 };
    struct tree *t = MAKE("d/", "x");
    struct tree_node *n = NULL;
    static const uint16_t x[] = { 'x' };
    OK(tree_add_node(t, 0, &n, &err), err);
    OK(tree_add_link(t, t->root, n, x, 1, NULL, 0, NULL, &err), err);
    CHECK(tree_sort(t, &err) == WTG_E_IMAGE_NAME);
    CHECK(strstr(err.text, "\\x") != NULL);
    CHECK(tree_add_link(t, t->root, tree_find(t, "d")->node, x, 1, NULL, 0, NULL, &err) ==
          WTG_E_IMAGE_DAMAGED);
    static const uint16_t name13[13] = { 'a' };
    CHECK(tree_add_link(t, t->root, n, x, 1, name13, 13, NULL, &err) == WTG_E_IMAGE_NAME);
    tree_free(t);
}

static void unnamed_stream_comes_first(void)
{
    struct wtg_err err = { 0 };
    struct tree *t = MAKE("x");
    struct tree_node *n = tree_find(t, "x")->node;
    static const uint16_t zone[] = { 'z' };
    struct tree_blob blob = { .size_bytes = 7 };
    OK(tree_add_stream(t, n, zone, 1, NULL, &err), err);
    CHECK(tree_data(n) == NULL && tree_data_size(n) == 0);
    OK(tree_add_stream(t, n, NULL, 0, &blob, &err), err);
    CHECK(tree_data(n) == &blob && tree_data_size(n) == 7 && n->nstreams == 2);
    CHECK(tree_add_stream(t, n, zone, 1, NULL, &err) == WTG_E_IMAGE_DAMAGED);
    char path[32];
    CHECK(strcmp(tree_blob_path(t, &blob, path, sizeof path), "\\x") == 0);
    tree_free(t);
}

/* O:BA G:BA, DACL with one entry: what every test of descriptors starts from. */
static const uint8_t good_sd[] = {
    1, 0, 4, 0x80, 20, 0, 0, 0, 36, 0, 0, 0, 0, 0, 0, 0, 52, 0, 0, 0,
    1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0,
    1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0,
    2, 0, 28, 0, 1, 0, 0, 0, 0, 0, 20, 0, 0xff, 1, 0x1f, 0, 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0,
};

static void damaged_descriptors_are_refused(void)
{
    static const struct { const char *name; size_t at; uint8_t value; bool valid; } cases[] = {
        { "good", 0, 1, true },
        { "revision 2", 0, 2, false },
        { "not self-relative", 3, 0x00, false },
        { "owner outside", 4, 77, false },
        { "no owner", 4, 0, true },
        { "group outside", 9, 1, false },
        { "owner with 16 sub-authorities", 21, 16, false },
        { "owner revision", 20, 9, false },
        { "list longer than the rest", 54, 200, false },
        { "two entries where one is", 56, 2, false },
        { "entry of no length", 62, 0, false },
        { "list not said to be there", 2, 0, true },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t sd[sizeof good_sd];
        memcpy(sd, good_sd, sizeof sd);
        sd[cases[i].at] = cases[i].value;
        bool valid = sd_valid((struct wtg_span){ sd, sizeof sd });
        if (valid != cases[i].valid)
            printf("# %s\n", cases[i].name);
        CHECK(valid == cases[i].valid);
    }
    for (size_t n = 0; n < sizeof good_sd; n++)
        CHECK(!sd_valid((struct wtg_span){ good_sd, n }));
}

static void equal_descriptors_are_shared(void)
{
    struct wtg_err err = { 0 };
    struct tree *t = MAKE("x");
    const struct tree_sd *first = NULL, *again = NULL;
    uint8_t sd[sizeof good_sd];
    memcpy(sd, good_sd, sizeof sd);
    OK(tree_share_sd(t, sd, sizeof sd, &first, &err), err);
    for (uint32_t i = 1; i < 2000; i++) {
        const struct tree_sd *other = NULL;
        put_le32(sd + 76, i + 18);
        OK(tree_share_sd(t, sd, sizeof sd, &other, &err), err);
        CHECK(other != first && other->id == i);
    }
    OK(tree_share_sd(t, good_sd, sizeof good_sd, &again, &err), err);
    CHECK(again == first && t->nsds == 2000);
    tree_free(t);
}

/* Edits. */

static struct tree_blob *blob(const char *text)
{
    struct wtg_err err = { 0 };
    struct tree_blob *b = NULL;
    if (tree_memory_blob_new((uint8_t *)strdup(text), strlen(text), &b, &err) < 0)
        abort();
    return b;
}

static void edits_change_the_tree(void)
{
    struct wtg_err err = { 0 };
    struct tree *t = MAKE("d/", "d/e/", "d/e/f", "keep", "d/e/f=linked", "other", "d/z");
    struct tree_edits e = { 0 };
    uint8_t *bytes = NULL;
    size_t n = 0;
    OK(tree_edits_add(&e, TREE_EDIT_ADD, "\\new\\sub\\file.txt", blob("hello"), "why", NULL, &err), err);
    OK(tree_edits_add(&e, TREE_EDIT_REPLACE, "\\KEEP", blob("changed"), "why", "what", &err), err);
    OK(tree_edits_add(&e, TREE_EDIT_DELETE, "\\d\\e", NULL, "why", NULL, &err), err);
    OK(tree_edits_add(&e, TREE_EDIT_ADD, "\\D\\a", NULL, "why", NULL, &err), err);
    OK(tree_edits_apply(t, &e, 42, &err), err);
    OK(tree_read_file(t, "/new/sub/file.txt", 100, &bytes, &n, &err), err);
    CHECK(n == 5 && memcmp(bytes, "hello", 6) == 0);
    free(bytes);
    CHECK(tree_find(t, "new\\sub")->node->created == 42);
    OK(tree_read_file(t, "keep", 100, &bytes, &n, &err), err);
    CHECK(strcmp((char *)bytes, "changed") == 0);
    free(bytes);
    CHECK(tree_find(t, "d\\e") == NULL);
    CHECK(tree_find(t, "linked") != NULL && tree_find(t, "linked")->node->nlinks == 1);
    CHECK(tree_find(t, "d\\a") != NULL && tree_find(t, "d\\z") != NULL);
    tree_free(t);
    tree_edits_release(&e);
}

static void deleting_a_file_takes_all_its_names(void)
{
    struct wtg_err err = { 0 };
    struct tree *t = MAKE("d/", "d/f", "d/f=g", "d/f=h");
    struct tree_edits e = { 0 };
    OK(tree_edits_add(&e, TREE_EDIT_DELETE, "g", NULL, "why", NULL, &err), err);
    OK(tree_edits_apply(t, &e, 42, &err), err);
    CHECK(!tree_find(t, "d\\f") && !tree_find(t, "g") && !tree_find(t, "h"));
    CHECK(t->nlinks == 1 && tree_find(t, "d")->node->nchildren == 0);
    tree_free(t);
    tree_edits_release(&e);
}

static void conflicts_are_found_before_anything_changes(void)
{
    static const struct {
        enum tree_edit_op op;
        const char *path;
        enum tree_edit_op op2;
        const char *path2;
        int want;
    } cases[] = {
        { TREE_EDIT_ADD, "x", TREE_EDIT_ADD, "y", 0 },
        { TREE_EDIT_ADD, "d\\n1", TREE_EDIT_ADD, "d\\n2", 0 },
        { TREE_EDIT_ADD, "x", TREE_EDIT_ADD, "X", WTG_E_EDIT_CONFLICT },
        { TREE_EDIT_ADD, "x", TREE_EDIT_ADD, "x\\y", WTG_E_EDIT_CONFLICT },
        { TREE_EDIT_DELETE, "d", TREE_EDIT_ADD, "d\\new", WTG_E_EDIT_CONFLICT },
        { TREE_EDIT_DELETE, "d", TREE_EDIT_REPLACE, "d\\f", WTG_E_EDIT_CONFLICT },
        { TREE_EDIT_REPLACE, "d\\f", TREE_EDIT_DELETE, "link", WTG_E_EDIT_CONFLICT },
        { TREE_EDIT_REPLACE, "d\\f", TREE_EDIT_REPLACE, "D\\F", WTG_E_EDIT_CONFLICT },
        { TREE_EDIT_ADD, "d\\f", TREE_EDIT_ADD, "y", WTG_E_EDIT_CONFLICT },
        { TREE_EDIT_ADD, "d\\f\\g", TREE_EDIT_ADD, "y", WTG_E_EDIT_CONFLICT },
        { TREE_EDIT_REPLACE, "nothing", TREE_EDIT_ADD, "y", WTG_E_EDIT_CONFLICT },
        { TREE_EDIT_DELETE, "nothing", TREE_EDIT_ADD, "y", WTG_E_EDIT_CONFLICT },
        { TREE_EDIT_REPLACE, "d", TREE_EDIT_ADD, "y", WTG_E_EDIT_CONFLICT },
        { TREE_EDIT_ADD, "..\\x", TREE_EDIT_ADD, "y", WTG_E_IMAGE_NAME },
        { TREE_EDIT_DELETE, "", TREE_EDIT_ADD, "y", WTG_E_IMAGE_NAME },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct wtg_err err = { 0 };
        struct tree *t = MAKE("d/", "d/f", "d/f=link");
        struct tree_edits e = { 0 };
        size_t links = t->nlinks;
        OK(tree_edits_add(&e, cases[i].op, cases[i].path, NULL, "why", NULL, &err), err);
        OK(tree_edits_add(&e, cases[i].op2, cases[i].path2, NULL, "why", NULL, &err), err);
        int r = tree_edits_apply(t, &e, 0, &err);
        if (r != cases[i].want)
            printf("# case %zu: %d %s\n", i, r, err.text);
        CHECK(r == cases[i].want);
        CHECK(r == 0 || t->nlinks == links);
        tree_free(t);
        tree_edits_release(&e);
    }
}

static void deep_directories_are_deleted_without_recursion(void)
{
    struct wtg_err err = { 0 };
    struct tree *t = NULL;
    struct tree_edits e = { 0 };
    static const uint16_t name[] = { 'd' };
    OK(tree_new(&t, &err), err);
    struct tree_node *at = t->root;
    for (int i = 0; i < 100000; i++) {
        struct tree_node *n = NULL;
        OK(tree_add_node(t, ATTR_DIRECTORY, &n, &err), err);
        OK(tree_add_link(t, at, n, name, 1, NULL, 0, NULL, &err), err);
        at = n;
    }
    OK(tree_sort(t, &err), err);
    OK(tree_edits_add(&e, TREE_EDIT_DELETE, "d", NULL, "why", NULL, &err), err);
    OK(tree_edits_apply(t, &e, 0, &err), err);
    CHECK(t->nlinks == 0);
    tree_free(t);
    tree_edits_release(&e);
}

static void content_with_a_wrong_hash_is_refused(void)
{
    struct wtg_err err = { 0 };
    struct tree_blob *b = blob("hello");
    uint8_t *bytes = NULL;
    size_t n = 0;
    CHECK(tree_blob_slurp(b, 4, &bytes, &n, &err) == WTG_E_UNSUPPORTED);
    b->sha1[0] ^= 1;
    CHECK(tree_blob_slurp(b, 100, &bytes, &n, &err) == WTG_E_IMAGE_HASH);
    CHECK(bytes == NULL);
    char c;
    CHECK(tree_blob_read(b, 5, &c, 1, &err) == WTG_E_BUG);
    tree_memory_blob_free(b);
}

static const struct test tests[] = {
    TEST(names_are_found_without_case_and_exactly_first),
    TEST(impossible_names_are_refused),
    TEST(order_is_that_of_ntfs),
    TEST(duplicates_and_second_parents_are_refused),
    TEST(unnamed_stream_comes_first),
    TEST(damaged_descriptors_are_refused),
    TEST(equal_descriptors_are_shared),
    TEST(edits_change_the_tree),
    TEST(deleting_a_file_takes_all_its_names),
    TEST(conflicts_are_found_before_anything_changes),
    TEST(deep_directories_are_deleted_without_recursion),
    TEST(content_with_a_wrong_hash_is_refused),
};
TEST_MAIN(tests)
