/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compact files: which ones, what stands on the volume, what our reader makes of it, and what is
 * found when the image is damaged. */
#include "test.h"

#include <inttypes.h>
#include <unistd.h>
#include <wimlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/utf16.h"
#include "image/image.h"
#include "ntfs/build.h"
#include "ntfs/check.h"
#include "ntfs/read.h"
#include "recipe/compact.h"
#include "write/write.h"

static struct wtg_err err;

/* ---- Patterns ---- */

static struct tree_link *add_path(struct tree *t, const char *path)
{
    struct tree_node *at = t->root;
    struct tree_link *l = NULL;
    for (const char *p = path; *p;) {
        uint16_t name[255];
        size_t n = strcspn(p, "\\"), units = 0;
        if (!utf16_from_utf8_buf(p, n, name, 255, &units))
            abort();
        l = NULL;
        for (uint32_t i = 0; i < at->nchildren; i++)
            if (at->child[i]->name_len == units && memcmp(at->child[i]->name, name, units * 2) == 0)
                l = at->child[i];
        struct tree_node *next = NULL;
        p += n;
        if (!l && (tree_add_node(t, *p ? ATTR_DIRECTORY : 0, &next, &err) < 0 ||
                   tree_add_link(t, at, next, name, units, NULL, 0, &l, &err) < 0))
            abort();
        at = l->node;
        p += *p == '\\';
    }
    return l;
}

static bool matches(const char *pattern, const char *path)
{
    struct compact_rules r = { 0 };
    struct tree *t = NULL;
    bool found = false;
    if (tree_new(&t, &err) < 0 || compact_rules_add(&r, pattern, &err) < 0)
        abort();
    found = compact_rules_match(&r, add_path(t, path));
    compact_rules_release(&r);
    tree_free(t);
    return found;
}

static void patterns(void)
{
    static const struct {
        const char *pattern, *path;
        bool match;
    } rows[] = {
        { "\\Windows\\System32\\config\\*", "Windows\\System32\\CONFIG\\SYSTEM", true },
        { "\\Windows\\System32\\config\\*", "Windows\\System32\\config\\RegBack\\SAM", true },
        { "\\Windows\\System32\\config\\*", "Windows\\System32\\configure\\a", false },
        { "\\Windows\\System32\\config\\*", "old\\Windows\\System32\\config\\SAM", false },
        { "\\Windows\\System32\\config", "Windows\\System32\\config\\SAM", true },
        { "*winload.*", "Windows\\System32\\winload.efi", true },
        { "*winload.*", "a\\osWinLoad.exe.mui", true },
        { "*winload.*", "a\\winload", false },
        { "*winload.*", "winload.d\\file", false },
        { "wof.sys", "Windows\\System32\\drivers\\WOF.SYS", true },
        { "wof.sys", "wofx.sys", false },
        { "wof.sys", "xwof.sys", false },
        { "boot\\bcd*", "EFI\\Microsoft\\Boot\\BCD.LOG1", true },
        { "boot\\bcd*", "Boot\\x\\BCD", false },
        { "boot\\bcd*", "BCD", false },
        { "Manifests\\", "Windows\\WinSxS\\Manifests\\a.manifest", true },
        { "Manifests\\", "Windows\\WinSxS\\Manifests\\b\\a.manifest", true },
        { "Manifests\\", "Windows\\WinSxS\\Manifests", false },
        { "Manifests\\", "Windows\\Manifests.txt", false },
        { "*.*", "no-dot", true },
        { "?", "a", true },
        { "?", "ab", false },
        { "a*b*c", "aXXbYYbZZc", true },
        { "a*b*c", "aXXbYYbZZ", false },
        { "*", "", false },
        { "\\", "a", false },
        { "", "a", false },
        { "\\pagefile.sys", "pagefile.sys", true },
        { "\\pagefile.sys", "a\\pagefile.sys", false },
        { "\xc3\xa4*", "\xc3\x84pfel", true },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!rows[i].path[0])
            continue;
        if (matches(rows[i].pattern, rows[i].path) != rows[i].match)
            printf("# '%s' '%s'\n", rows[i].pattern, rows[i].path);
        CHECK(matches(rows[i].pattern, rows[i].path) == rows[i].match);
    }
}

static size_t ini_rules(const void *ini, size_t n)
{
    struct compact_rules r = { 0 };
    CHECK(compact_rules_add_ini(&r, ini, n, &err) == 0);
    size_t found = r.n;
    compact_rules_release(&r);
    return found;
}

static void a_list_in_the_image(void)
{
    static const char text[] =
        "; comment\r\n[CompressionExclusionList]\r\nntoskrnl.exe\r\n"
        "[prepopulatelist]\r\n  bootstat.dat \r\n\r\n\"*winload.*\"\r\n# no\r\n"
        "\\Windows\\System32\\Config\\SYSTEM\r\n[ExclusionList]\r\n\\a\r\n";
    uint8_t wide[2 * sizeof text] = { 0xff, 0xfe };
    CHECK(ini_rules(text, sizeof text - 1) == 3);
    for (size_t i = 0; i + 1 < sizeof text; i++)
        wide[2 + 2 * i] = (uint8_t)text[i];
    CHECK(ini_rules(wide, sizeof wide) == 3);
    CHECK(ini_rules(wide, 2) == 0);
    CHECK(ini_rules("", 0) == 0);
    CHECK(ini_rules("[PrepopulateList]\n\xff\xff\n", 22) == 0);
    CHECK(ini_rules("\0[PrepopulateList]\na", 20) == 0);
}

/* ---- Tables ---- */

static void tables_of_any_size(void)
{
    const uint64_t four = UINT64_C(1) << 32;
    static const struct {
        uint64_t content, chunks, table;
        uint32_t chunk, entry;
    } rows[] = {
        { 0, 0, 0, 4096, 4 },
        { 1, 1, 0, 4096, 4 },
        { 4096, 1, 0, 4096, 4 },
        { 4097, 2, 4, 4096, 4 },
        { 32768, 1, 0, 32768, 4 },
        { 32769, 2, 4, 32768, 4 },
        { UINT32_MAX, 131072, 131071 * 4, 32768, 4 },
        { UINT64_C(1) << 32, 131072, 131071 * 8, 32768, 8 },
        { (UINT64_C(1) << 32) + 1, 131073, 131072 * 8, 32768, 8 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ntfs_wof_cut c = ntfs_wof_cut_of(rows[i].content, rows[i].chunk);
        CHECK(c.chunks == rows[i].chunks);
        CHECK(c.table_bytes == rows[i].table);
        CHECK(c.entry_bytes == rows[i].entry);
    }
    CHECK(ntfs_wof_cut_of(four, 4096).chunks == 1 << 20);
}

/* A stored form of 4 GiB and a bit, made up while it is read: chunk i is stored plain when it is a
 * multiple of 1000, else as one and the same compressed chunk. */
enum { HUGE_CHUNK = 32768, HUGE_CHUNKS = 131074, HUGE_TAIL = 77 };
static uint8_t packed[HUGE_CHUNK];
static size_t packed_n;

static bool huge_is_plain(uint64_t i)
{
    return i % 1000 == 0 || i == HUGE_CHUNKS - 1;
}
static uint64_t huge_start(uint64_t i)
{
    uint64_t plain = (i + 999) / 1000;
    return plain * HUGE_CHUNK + (i - plain) * packed_n;
}
static int huge_read(struct tree_source *s, const struct tree_blob *b, uint64_t off, void *buf,
                     size_t n, struct wtg_err *e)
{
    const uint64_t table = (HUGE_CHUNKS - 1) * UINT64_C(8);
    uint8_t *p = buf;
    (void)s, (void)b, (void)e;
    while (n > 0) {
        if (off < table) {
            uint8_t entry[8];
            put_le64(entry, huge_start(off / 8 + 1));
            *p++ = entry[off++ % 8];
            n--;
            continue;
        }
        uint64_t at = off - table, i = 0;
        for (uint64_t lo = 0, hi = HUGE_CHUNKS; lo < hi;) {
            uint64_t mid = lo + (hi - lo) / 2;
            if (huge_start(mid) <= at)
                i = mid, lo = mid + 1;
            else
                hi = mid;
        }
        uint64_t in = at - huge_start(i);
        *p++ = huge_is_plain(i) ? (uint8_t)(i + in) : packed[in];
        off++;
        n--;
    }
    return 0;
}

static void more_than_four_gib(void)
{
    static const struct tree_source_ops ops = { .name = "huge", .read = huge_read };
    struct tree_source huge = { &ops };
    struct wimlib_compressor *c = NULL;
    uint8_t zero[HUGE_CHUNK] = { 0 }, out[HUGE_CHUNK];
    REQUIRE(wimlib_create_compressor(WIMLIB_COMPRESSION_TYPE_LZX, HUGE_CHUNK, 20, &c) == 0);
    packed_n = wimlib_compress(zero, sizeof zero, packed, sizeof packed - 1, c);
    wimlib_free_compressor(c);
    REQUIRE(packed_n > 0);
    const uint64_t size = (HUGE_CHUNKS - 1) * UINT64_C(32768) + HUGE_TAIL;
    struct tree_blob content = { .source = &huge, .size_bytes = size };
    struct tree_blob stored = { .source = &huge, .content_bytes = size };
    stored.size_bytes = (HUGE_CHUNKS - 1) * UINT64_C(8) + huge_start(HUGE_CHUNKS - 1) + HUGE_TAIL;
    struct tree_blob *reparse = NULL;
    struct tree *t = NULL;
    OK(tree_new(&t, &err), err);
    OK(ntfs_wof_reparse_new(ntfs_wof_form_named("LZX"), &reparse, &err), err);
    struct tree_node *n = add_path(t, "huge")->node;
    OK(tree_add_stream(t, n, NULL, 0, &content, &err), err);
    OK(ntfs_wof_wrap(t, n, reparse, &stored, &err), err);
    OK(ntfs_wof_unwrap(t, n, ntfs_wof_source_new(t, &err), &err), err);
    static const uint64_t at[] = { 0, 1, 1000, 65537, 131000, 131071, 131072 };
    for (size_t i = 0; i < ARRAY_LEN(at); i++) {
        OK(tree_blob_read(tree_data(n), at[i] * HUGE_CHUNK, out, sizeof out, &err), err);
        for (size_t k = 0; k < sizeof out; k += 997)
            CHECK(out[k] == (huge_is_plain(at[i]) ? (uint8_t)(at[i] + k) : 0));
    }
    OK(tree_blob_read(tree_data(n), size - 5, out, 5, &err), err);
    CHECK(out[4] == (uint8_t)(HUGE_CHUNKS - 1 + HUGE_TAIL - 1));
    tree_free(t);
    tree_memory_blob_free(reparse);
}

/* ---- Whole volumes ---- */

static char dir[] = "/tmp/wtg-compact-XXXXXX";

static void put_file(const char *name, size_t n, unsigned kind)
{
    char path[128];
    snprintf(path, sizeof path, "%s/tree/%s-%zu", dir, name, n);
    FILE *f = fopen(path, "we");
    uint32_t x = (uint32_t)n;
    for (size_t i = 0; f && i < n; i++) {
        x = x * 1664525 + 1013904223;
        bool text = kind == 0 || (kind == 2 && i / 32768 % 2);
        putc(text ? "words and more words, "[(i + n) % 22] : (int)(x >> 24), f);
    }
    if (!f || fclose(f) != 0)
        abort();
}

static void make_wim_how(const char *path, enum wimlib_compression_type kind, uint32_t chunk,
                         int how)
{
    char tree[64];
    WIMStruct *w = NULL;
    snprintf(tree, sizeof tree, "%s/tree", dir);
    if (wimlib_create_new_wim(kind, &w) || (chunk && wimlib_set_output_chunk_size(w, chunk)) ||
        (how && wimlib_set_output_pack_chunk_size(w, chunk)) ||
        wimlib_add_image(w, tree, "sizes", NULL, WIMLIB_ADD_FLAG_NORPFIX) ||
        wimlib_write(w, path, WIMLIB_ALL_IMAGES, how, 1))
        abort();
    wimlib_free(w);
}

static void make_wim(const char *path, enum wimlib_compression_type kind, uint32_t chunk)
{
    make_wim_how(path, kind, chunk, 0);
}

struct volume { /* an image, its tree made compact, and the volume built of it */
    struct image *image;
    struct tree *tree;
    struct compact c;
    struct ntfs_build *build;
    struct tree_regions regions;
    struct blk *blk;
    struct write_result result;
};

static int volume_make(struct volume *v, const char *wim, const char *how, bool trusted)
{
    const struct compact_opts o = { .how = how, .threads = 2 };
    const struct ntfs_build_opts b = {
        .size_bytes = 64 << 20, .sector_bytes = 512, .serial = 7, .time = 1
    };
    const struct write_opts w = { .decoders = 2, .trusted = trusted };
    *v = (struct volume){ 0 };
    int r = image_open(wim, NULL, &v->image, &err);
    if (r == 0)
        r = image_load_tree(v->image, 1, &v->tree, &err);
    if (r == 0)
        r = compact_tree(v->tree, &o, &v->c, &err);
    if (r == 0)
        r = ntfs_build_new(v->tree, &b, &v->build, &err);
    if (r == 0)
        r = ntfs_build_regions(v->build, &v->regions, &err);
    if (r == 0)
        r = blk_mem_new(b.size_bytes, &v->blk, &err);
    return r < 0 ? r : write_regions(v->blk, &v->regions, &w, NULL, &v->result, &err);
}

static void volume_release(struct volume *v)
{
    blk_free(v->blk);
    tree_regions_release(&v->regions);
    ntfs_build_free(v->build);
    tree_free(v->tree);
    compact_release(&v->c);
    image_free(v->image);
}

static void compare_node(const struct tree_node *want, const struct tree_node *got)
{
    AUTO_FREE uint8_t *a = NULL, *b = NULL;
    size_t an = 0, bn = 0;
    OK(tree_blob_slurp(tree_data(want), 8 << 20, &a, &an, &err), err);
    OK(tree_blob_slurp(tree_data(got), 8 << 20, &b, &bn, &err), err);
    CHECK(an == bn && memcmp(a, b, an) == 0);
    if (got->nstreams == 0 || !got->stream[0].hole) {
        CHECK(want->nstreams == 0 || !want->stream[0].hole);
        return;
    }
    AUTO_FREE uint8_t *p = NULL, *q = NULL;
    REQUIRE(got->nstreams == 2 && want->nstreams == 2);
    OK(tree_blob_slurp(want->stream[1].blob, 8 << 20, &p, &an, &err), err);
    OK(tree_blob_slurp(got->stream[1].blob, 8 << 20, &q, &bn, &err), err);
    CHECK(an == bn && memcmp(p, q, an) == 0); /* the image's bytes, unchanged */
    /* Odd offsets and lengths. */
    uint8_t part[5000];
    uint64_t off = tree_data_size(got) > 40000 ? 32000 : 7;
    size_t n = (size_t)min_u64(sizeof part, tree_data_size(got) - off);
    OK(tree_blob_read(tree_data(got), off, part, n, &err), err);
    CHECK(memcmp(part, a + off, n) == 0);
}

static void check_volume(const char *how, enum wimlib_compression_type kind, uint32_t chunk)
{
    char wim[64];
    struct volume v;
    struct tree *t = NULL;
    struct ntfs_check_result c = { 0 };
    const struct ntfs_check_opts strict = { .strict = true };
    snprintf(wim, sizeof wim, "%s/%s.wim", dir, how);
    make_wim(wim, kind, chunk);
    OK(volume_make(&v, wim, how, false), err);
    CHECK(v.c.files >= 14 && v.c.form == ntfs_wof_form_named(how) && v.c.saved_bytes > 100000);
    OK(ntfs_check(v.blk, &strict, NULL, &c, &err), err);
    for (size_t i = 0; i < c.nproblems; i++)
        printf("# %s: %s %s\n", c.problem[i].id, c.problem[i].path, c.problem[i].detail);
    CHECK(c.errors == 0 && c.warnings == 0);
    OK(ntfs_read_tree(v.blk, NULL, &t, &err), err);
    CHECK(t->root->nchildren == v.tree->root->nchildren);
    for (uint32_t i = 0; i < t->root->nchildren; i++)
        compare_node(v.tree->root->child[i]->node, t->root->child[i]->node);
    uint64_t content = v.result.content_bytes;
    struct volume trusted;
    OK(volume_make(&trusted, wim, how, true), err);
    CHECK(trusted.result.content_bytes + v.c.content_bytes == content);
    CHECK(memcmp(blk_mem_bytes(v.blk), blk_mem_bytes(trusted.blk), v.blk->size) == 0);
    volume_release(&trusted);
    ntfs_check_result_release(&c);
    tree_free(t);
    volume_release(&v);
}

static void lzx(void)
{
    check_volume("lzx", WIMLIB_COMPRESSION_TYPE_LZX, 32768);
}
static void xpress4k(void)
{
    check_volume("xpress4k", WIMLIB_COMPRESSION_TYPE_XPRESS, 4096);
}
static void xpress8k(void)
{
    check_volume("xpress8k", WIMLIB_COMPRESSION_TYPE_XPRESS, 8192);
}
static void xpress16k(void)
{
    check_volume("xpress16k", WIMLIB_COMPRESSION_TYPE_XPRESS, 16384);
}

/* The tree's own content comes from the spool then, and was compared with the SHA-1 in the image.
 */
static void check_anew(const char *name, const char *how)
{
    char wim[64];
    struct volume v;
    struct tree *t = NULL;
    struct ntfs_check_result c = { 0 };
    const struct ntfs_check_opts strict = { .strict = true };
    snprintf(wim, sizeof wim, "%s/%s.wim", dir, name);
    OK(volume_make(&v, wim, how, false), err);
    CHECK(v.c.files >= 14 && v.c.form == ntfs_wof_form_named(how) && v.c.saved_bytes > 100000);
    CHECK(v.c.made_bytes > 100000 && v.c.spool && !v.c.estimated);
    OK(ntfs_check(v.blk, &strict, NULL, &c, &err), err);
    CHECK(c.errors == 0 && c.warnings == 0);
    OK(ntfs_read_tree(v.blk, NULL, &t, &err), err);
    CHECK(t->root->nchildren == v.tree->root->nchildren);
    for (uint32_t i = 0; i < t->root->nchildren; i++) {
        CHECK(tree_data_size(v.tree->root->child[i]->node) == 0 ||
              tree_data(v.tree->root->child[i]->node)->has_sha1);
        compare_node(v.tree->root->child[i]->node, t->root->child[i]->node);
    }
    ntfs_check_result_release(&c);
    tree_free(t);
    volume_release(&v);
}

static void made_anew_from_any_form(void)
{
    static const struct {
        const char *name;
        enum wimlib_compression_type kind;
        uint32_t chunk;
        int how;
    } from[] = {
        { "solid", WIMLIB_COMPRESSION_TYPE_LZMS, 1 << 20, WIMLIB_WRITE_FLAG_SOLID },
        { "cut", WIMLIB_COMPRESSION_TYPE_LZMS, 1 << 15, WIMLIB_WRITE_FLAG_SOLID },
        { "none", WIMLIB_COMPRESSION_TYPE_NONE, 0, 0 },
        { "lzx64k", WIMLIB_COMPRESSION_TYPE_LZX, 1 << 16, 0 },
        { "xpress32k", WIMLIB_COMPRESSION_TYPE_XPRESS, 1 << 15, 0 },
    };
    static const char *const how[] = { "lzx", "xpress4k", "xpress8k", "xpress16k", "lzx" };
    for (size_t i = 0; i < ARRAY_LEN(from); i++) {
        char wim[64];
        snprintf(wim, sizeof wim, "%s/%s.wim", dir, from[i].name);
        make_wim_how(wim, from[i].kind, from[i].chunk, from[i].how);
        check_anew(from[i].name, how[i]);
    }
    for (size_t i = 0; i < 4; i++)
        check_anew("solid", how[i]);
    check_anew("lzx", "xpress8k");
}

/* Nothing is compressed for a plan that is only looked at. */
static void a_guess(void)
{
    char wim[64];
    struct image *image = NULL;
    struct tree *t = NULL;
    struct compact c = { 0 };
    const struct compact_opts o = { .how = "lzx", .estimate = true };
    uint8_t byte;
    snprintf(wim, sizeof wim, "%s/solid.wim", dir);
    OK(image_open(wim, NULL, &image, &err), err);
    OK(image_load_tree(image, 1, &t, &err), err);
    OK(compact_tree(t, &o, &c, &err), err);
    CHECK(c.estimated && !c.spool && c.files > 14 && c.saved_bytes > 100000);
    for (size_t i = 0; i < t->nnodes; i++)
        if (t->node[i]->nstreams == 2)
            CHECK(tree_blob_read(t->node[i]->stream[1].blob, 0, &byte, 1, &err) == WTG_E_BUG);
    tree_free(t);
    compact_release(&c);
    image_free(image);
}

/* A few of the stored bytes of each compact file in turn. */
static void a_damaged_chunk_names_its_file(void)
{
    char wim[64], path[256], damaged[64];
    struct volume v;
    snprintf(wim, sizeof wim, "%s/lzx.wim", dir);
    snprintf(damaged, sizeof damaged, "%s/damaged.wim", dir);
    OK(volume_make(&v, wim, "lzx", false), err);
    for (size_t i = 0; i < v.tree->nnodes; i++) {
        const struct tree_node *n = v.tree->node[i];
        AUTO_FREE uint8_t *file = NULL, *stored = NULL;
        size_t nfile = 0, nstored = 0;
        struct blk *b = NULL;
        if (n->nstreams < 2)
            continue;
        OK(blk_open(wim, &b, &err), err);
        nfile = (size_t)b->size;
        file = malloc(nfile);
        OK(blk_read(b, 0, file, nfile, &err), err);
        blk_free(b);
        OK(tree_blob_slurp(n->stream[1].blob, 8 << 20, &stored, &nstored, &err), err);
        uint8_t *at = memmem(file, nfile, stored, nstored);
        REQUIRE(at);
        for (size_t k = 0; k < 8; k++) /* a single bit may be one that nobody looks at */
            at[nstored / 2 + k] ^= 0x55;
        FILE *f = fopen(damaged, "we");
        REQUIRE(f && fwrite(file, 1, nfile, f) == nfile && fclose(f) == 0);
        struct volume w;
        int r = volume_make(&w, damaged, "lzx", false);
        if (r != WTG_E_IMAGE_HASH && r != WTG_E_IMAGE_DAMAGED)
            printf("# %s: %d %s\n", tree_path(n->link, path, sizeof path), r,
                   r < 0 ? err.text : "");
        CHECK(r == WTG_E_IMAGE_HASH || r == WTG_E_IMAGE_DAMAGED);
        REQUIRE(w.result.bad_blob);
        tree_blob_path(w.tree, w.result.bad_blob, path, sizeof path);
        CHECK(tree_find(w.tree, path) &&
              memcmp(w.result.bad_blob->sha1, tree_data(n)->sha1, SHA1_BYTES) == 0);
        struct ntfs_volume *mounted = NULL; /* no boot sector: not mountable */
        CHECK(ntfs_volume_open(w.blk, &mounted, &err) < 0);
        volume_release(&w);
    }
    volume_release(&v);
}

static void damage_on_the_volume_is_found(void)
{
    char wim[64];
    struct volume v;
    struct tree *t = NULL;
    snprintf(wim, sizeof wim, "%s/lzx.wim", dir);
    OK(volume_make(&v, wim, "lzx", false), err);
    for (size_t i = 0; i < v.regions.n; i++) { /* the first entry of every chunk table */
        const struct tree_region *g = &v.regions.region[i];
        if (g->kind == REGION_BLOB && g->blob->content_bytes > 32768 && g->blob_off == 0)
            memset(blk_mem_bytes(v.blk) + g->offset, 0xff, 4);
    }
    OK(ntfs_read_tree(v.blk, NULL, &t, &err), err);
    size_t found = 0;
    for (uint32_t i = 0; i < t->root->nchildren; i++) {
        const struct tree_node *n = t->root->child[i]->node;
        uint8_t byte;
        if (n->nstreams < 2 || tree_data_size(n) <= 32768 || n->stream[1].blob->size_bytes < 1024)
            continue; /* one chunk, or resident */
        CHECK(tree_blob_read(tree_data(n), 0, &byte, 1, &err) == WTG_E_VOLUME_DAMAGED);
        found++;
    }
    CHECK(found > 2);
    tree_free(t);
    volume_release(&v);
}

static void what_cannot_be(void)
{
    char wim[64];
    struct volume v;
    snprintf(wim, sizeof wim, "%s/lzx.wim", dir);
    CHECK(volume_make(&v, wim, "zip", false) == WTG_E_USAGE);
    volume_release(&v);
    OK(volume_make(&v, wim, "auto", false), err); /* no Windows */
    CHECK(!v.c.form && v.c.files == 0);
    volume_release(&v);
    OK(volume_make(&v, wim, "off", false), err);
    CHECK(!v.c.form);
    const struct compact_opts old = { .how = "lzx", .build = 9600, .boots = true };
    struct compact c;
    CHECK(compact_tree(v.tree, &old, &c, &err) == WTG_E_UNSUPPORTED);
    volume_release(&v);
}

static const struct test tests[] = {
    TEST(patterns),
    TEST(a_list_in_the_image),
    TEST(tables_of_any_size),
    TEST(more_than_four_gib),
    TEST(lzx),
    TEST(xpress4k),
    TEST(xpress8k),
    TEST(xpress16k),
    TEST(made_anew_from_any_form),
    TEST(a_guess),
    TEST(a_damaged_chunk_names_its_file),
    TEST(damage_on_the_volume_is_found),
    TEST(what_cannot_be),
};

int main(void)
{
    static const size_t size[] = { 0,     1,     4095,  4096,  4097,  8192,   16385,
                                   32767, 32768, 32769, 65536, 98305, 300000, 3000001 };
    char command[128];
    if (!mkdtemp(dir))
        return 1;
    snprintf(command, sizeof command, "mkdir '%s/tree'", dir);
    if (system(command) != 0)
        return 1;
    for (size_t i = 0; i < ARRAY_LEN(size); i++) {
        put_file("text", size[i], 0);
        put_file("noise", size[i], 1);
        put_file("half", size[i], 2);
    }
    int failed = test_run(tests, ARRAY_LEN(tests));
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command) != 0 || failed;
}
