/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What wimlib sees in a WIM is what we see: every name and field of every image, every byte of
 * every blob, for every compression there is. */

#include <pthread.h>
#include <wimlib.h>

#include "base/utf16.h"
#include "fixture.h"
#include "made.h"

/* One line for each name, with all that is known of it, sorted: two such lists must be equal. */
struct lines {
    char **line;
    size_t n, cap;
};

static void lines_add(struct lines *l, const char *text)
{
    struct wtg_err err;
    if (mem_grow(&l->line, &l->cap, l->n, sizeof *l->line, &err) < 0 ||
        !(l->line[l->n++] = strdup(text)))
        exit(99);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void lines_release(struct lines *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->line[i]);
    free(l->line);
}

struct text {
    char s[16384];
    size_t n;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(t->s + t->n, sizeof t->s - t->n, fmt, ap);
    va_end(ap);
    t->n += n > 0 ? (size_t)n : 0;
    if (t->n >= sizeof t->s)
        t->n = sizeof t->s - 1;
}

static void say_hash(struct text *t, const char *what, const void *p, size_t n)
{
    uint8_t sha1[SHA1_BYTES];
    char hex[2 * SHA1_BYTES + 1] = "-";

    if (n > 0) {
        hash_sha1(p, n, sha1);
        hash_hex(sha1, sizeof sha1, hex);
    }
    say(t, " %s=%zu:%s", what, n, hex);
}

static void say_stream(struct text *t, const char *name, const uint8_t *sha1, uint64_t size)
{
    static const uint8_t zero[SHA1_BYTES];
    char hex[2 * SHA1_BYTES + 1];

    hash_hex(sha1 ? sha1 : zero, SHA1_BYTES, hex);
    say(t, " [%s]=%llu:%s", name, (unsigned long long)size, hex);
}

/* wimlib's view. */

static uint64_t filetime(struct wimlib_timespec t)
{
    return ((uint64_t)t.tv_sec + 11644473600u) * 10000000u + (uint64_t)t.tv_nsec / 100;
}

static int say_dentry(const struct wimlib_dir_entry *d, void *ctx)
{
    struct text t = { .n = 0 };
    struct lines streams = { 0 };
    const struct wimlib_resource_entry *r = &d->streams[0].resource;

    say(&t, "%s dos=%s attr=%x tag=%x links=%u times=%llu,%llu,%llu", d->full_path,
        d->dos_name && *d->dos_name ? d->dos_name : "-", d->attributes, d->reparse_tag,
        d->num_links, (unsigned long long)filetime(d->creation_time),
        (unsigned long long)filetime(d->last_access_time),
        (unsigned long long)filetime(d->last_write_time));
    say_hash(&t, "sd", d->security_descriptor, d->security_descriptor_size);
    static const uint8_t none[16];
    bool has_id = memcmp(&d->object_id, none, 16) != 0;
    say_hash(&t, "oid", &d->object_id, has_id ? sizeof d->object_id : 0);
    say_stream(&t, "", r->sha1_hash, r->uncompressed_size);
    for (uint32_t i = 1; i <= d->num_named_streams; i++) {
        struct text one = { .n = 0 };
        const struct wimlib_stream_entry *s = &d->streams[i];
        say_stream(&one, s->stream_name, s->resource.sha1_hash, s->resource.uncompressed_size);
        lines_add(&streams, one.s);
    }
    if (streams.n)
        qsort(streams.line, streams.n, sizeof *streams.line, by_text);
    for (size_t i = 0; i < streams.n; i++)
        say(&t, "%s", streams.line[i]);
    lines_release(&streams);
    lines_add(ctx, t.s);
    return 0;
}

/* Our view. */

static void say_link(const struct tree_link *l, struct lines *out)
{
    char path[8192], name[UTF16_MAX_UTF8(255)];
    struct text t = { .n = 0 };
    struct lines streams = { 0 };
    const struct tree_node *n = l->node;
    const struct tree_blob *first = n->efs ? n->efs : n->reparse_tag ? n->reparse : tree_data(n);

    tree_path(l, path, sizeof path);
    for (char *p = path; *p; p++)
        if (*p == '\\')
            *p = '/';
    utf16_to_utf8(l->short_name, l->short_len, name, sizeof name);
    say(&t, "%s dos=%s attr=%x tag=%x links=%u times=%llu,%llu,%llu", path,
        l->short_len ? name : "-", n->attributes, n->reparse_tag, n->nlinks,
        (unsigned long long)n->created, (unsigned long long)n->accessed,
        (unsigned long long)n->written);
    say_hash(&t, "sd", n->sd ? n->sd->bytes : NULL, n->sd ? n->sd->size_bytes : 0);
    say_hash(&t, "oid", n->object_id, n->object_id_len);
    say_stream(&t, "", first ? first->sha1 : NULL, first ? first->size_bytes : 0);
    for (uint32_t i = 0; i < n->nstreams; i++) {
        const struct tree_stream *s = &n->stream[i];
        struct text one = { .n = 0 };
        if (s->name_len == 0)
            continue;
        utf16_to_utf8(s->name, s->name_len, name, sizeof name);
        say_stream(&one, name, s->blob ? s->blob->sha1 : NULL, s->blob ? s->blob->size_bytes : 0);
        lines_add(&streams, one.s);
    }
    if (streams.n)
        qsort(streams.line, streams.n, sizeof *streams.line, by_text);
    for (size_t i = 0; i < streams.n; i++)
        say(&t, "%s", streams.line[i]);
    lines_release(&streams);
    lines_add(out, t.s);
}

static void say_tree(const struct tree *t, struct lines *out)
{
    for (size_t i = 0; i < t->nnodes; i++)
        for (const struct tree_link *l = t->node[i]->link; l; l = l->next)
            say_link(l, out);
}

static bool same_lines(struct lines *a, struct lines *b)
{
    bool same = a->n == b->n && a->n > 0;

    qsort(a->line, a->n, sizeof *a->line, by_text);
    qsort(b->line, b->n, sizeof *b->line, by_text);
    for (size_t i = 0; i < a->n && i < b->n && same; i++)
        if (strcmp(a->line[i], b->line[i]) != 0) {
            printf("# wimlib: %s\n# ours:   %s\n", a->line[i], b->line[i]);
            same = false;
        }
    if (a->n != b->n)
        printf("# wimlib has %zu names, we have %zu\n", a->n, b->n);
    return same;
}

/* All content, by a feed. */

struct reading {
    struct tree_feed *feed;
    const struct tree_blob *const *blob;
    uint8_t **bytes; /* a buffer for each blob */
    uint64_t *seen;  /* decoded bytes of each blob */
    uint64_t *raw;   /* raw bytes of each blob */
    size_t n;
    uint64_t largest_unit;
    pthread_mutex_t lock;
    struct wtg_err err;
    bool gaps;
};

static int next_unit(struct reading *r, struct tree_unit *u, struct wtg_err *err)
{
    uint64_t decoded = 0;

    pthread_mutex_lock(&r->lock);
    int more = r->feed->ops->next(r->feed, u, err);
    for (size_t i = 0; more == 1 && i < u->npieces; i++) {
        const struct tree_piece *p = &u->piece[i];
        r->gaps |= p->blob_off != r->seen[p->blob] || p->len == 0;
        r->seen[p->blob] += p->len;
        r->raw[p->blob] += p->raw_len;
        decoded += p->len;
    }
    if (more == 1 && (u->npieces == 0 || decoded > r->feed->unit_bytes))
        r->gaps = true;
    pthread_mutex_unlock(&r->lock);
    return more;
}

static void *read_units(void *arg)
{
    struct reading *r = arg;
    struct wtg_err err = { 0 };
    struct tree_unit u = { 0 };
    void *decoder = NULL;
    int more = r->feed->ops->decoder_new(r->feed, &decoder, &err) < 0 ? -1 : 1;

    while (more == 1 && (more = next_unit(r, &u, &err)) == 1) {
        uint8_t **dst = calloc(u.npieces, sizeof *dst);
        for (size_t i = 0; i < u.npieces; i++)
            dst[i] = r->bytes[u.piece[i].blob] + u.piece[i].blob_off;
        if (r->feed->ops->decode(r->feed, decoder, &u, dst, NULL, &err) < 0)
            more = -1;
        free(dst);
    }
    if (more < 0)
        r->err = err;
    r->feed->ops->decoder_free(r->feed, decoder);
    tree_unit_release(&u);
    return NULL;
}

static bool content_good(const struct reading *r)
{
    bool good = !r->gaps && r->err.code == 0;

    if (r->err.code)
        printf("# %s\n", r->err.text);
    for (size_t i = 0; i < r->n && good; i++) {
        uint8_t sha1[SHA1_BYTES];
        struct image_stored stored = { 0 };
        hash_sha1(r->bytes[i], r->blob[i]->size_bytes, sha1);
        good = memcmp(sha1, r->blob[i]->sha1, sizeof sha1) == 0 &&
               r->seen[i] == r->blob[i]->size_bytes && image_blob_stored(r->blob[i], &stored) &&
               (stored.solid || stored.stored_bytes == r->raw[i]);
        if (!good)
            printf("# blob %zu of %zu, %llu bytes, is wrong\n", i, r->n,
                   (unsigned long long)r->blob[i]->size_bytes);
    }
    return good;
}

static bool read_all(const struct tree_blob *const *blob, size_t n, unsigned threads, size_t unit)
{
    struct reading r = { .blob = blob, .n = n };
    pthread_t id[8];

    if (n == 0)
        return true;
    pthread_mutex_init(&r.lock, NULL);
    r.bytes = calloc(n, sizeof *r.bytes);
    r.seen = calloc(n, sizeof *r.seen);
    r.raw = calloc(n, sizeof *r.raw);
    for (size_t i = 0; i < n; i++)
        r.bytes[i] = malloc(blob[i]->size_bytes); /* exact: ASan sees a byte too much */
    bool good = tree_feed_open(blob[0]->source, blob, n, unit, &r.feed, &r.err) == 0;
    for (unsigned i = 0; good && i < threads; i++)
        pthread_create(&id[i], NULL, read_units, &r);
    for (unsigned i = 0; good && i < threads; i++)
        pthread_join(id[i], NULL);
    good = good && content_good(&r);
    tree_feed_free(r.feed);
    for (size_t i = 0; i < n; i++)
        free(r.bytes[i]);
    free(r.bytes);
    free(r.seen);
    free(r.raw);
    return good;
}

/* Random reads give what slurping gives. */
static bool read_randomly(const struct tree_blob *b, uint32_t *seed)
{
    struct wtg_err err = { 0 };
    AUTO_FREE uint8_t *all = NULL;
    uint8_t part[70000];
    size_t n = 0;

    if (tree_blob_slurp(b, SIZE_MAX, &all, &n, &err) < 0) {
        printf("# slurp: %s\n", err.text);
        return false;
    }
    for (int i = 0; i < 4; i++) {
        *seed = *seed * 1664525 + 1013904223;
        size_t off = *seed % n, len = min_u64(1 + (*seed >> 8) % sizeof part, n - off);
        if (tree_blob_read(b, off, part, len, &err) < 0 || memcmp(part, all + off, len) != 0) {
            printf("# %zu bytes at %zu of %zu: %s\n", len, off, n, err.text);
            return false;
        }
    }
    return true;
}

static bool content_same(const struct tree *t)
{
    size_t n = 0;
    AUTO_FREE const struct tree_blob **blob = fixture_blobs(t, &n);
    uint32_t seed = 1;
    bool good = read_all(blob, n, 1, 1 << 20) && read_all(blob, n, 3, 100000) &&
                read_all(blob, n, 2, 5000) && read_all(blob, n / 2, 3, 64 << 20);

    /* Every second one: gaps in the file, and chunks that nobody wants. */
    size_t half = 0;
    AUTO_FREE const struct tree_blob **odd = calloc(n + 1, sizeof(struct tree_blob *));
    for (size_t i = 1; i < n; i += 2)
        odd[half++] = blob[i];
    good = good && read_all(odd, half, 2, 300000);
    for (size_t i = 0; i < n && good; i++)
        good = read_randomly(blob[i], &seed);
    return good;
}

/* The raw parts of a blob's pieces are its resource, as it stands in the file. */

struct raw_check {
    struct lines stored; /* "SHA-1 of content, bytes, SHA-1 of what is stored", by wimlib */
    FILE *file;
};

static void say_raw(struct lines *out, const uint8_t *sha1, const void *raw, size_t n)
{
    struct text t = { .n = 0 };
    say_stream(&t, "content", sha1, 0);
    say_hash(&t, "raw", raw, n);
    lines_add(out, t.s);
}

static int say_resource(const struct wimlib_resource_entry *r, void *ctx)
{
    struct raw_check *c = ctx;
    size_t n = r->is_compressed ? r->compressed_size : r->uncompressed_size;
    AUTO_FREE uint8_t *p = malloc(n);

    if (r->is_metadata || r->packed)
        return 0;
    if (fseek(c->file, (long)r->offset, SEEK_SET) != 0 || fread(p, 1, n, c->file) != n)
        return -1;
    say_raw(&c->stored, r->sha1_hash, p, n);
    return 0;
}

static bool raw_of_feed(const struct tree *t, struct lines *out)
{
    size_t n = 0;
    AUTO_FREE const struct tree_blob **blob = fixture_blobs(t, &n);
    struct wtg_err err = { 0 };
    struct tree_feed *feed = NULL;
    struct tree_unit u = { 0 };
    AUTO_FREE uint8_t *raw = NULL;
    size_t len = 0, blob_at = 0;
    int more = tree_feed_open(blob[0]->source, blob, n, 100000, &feed, &err) < 0 ? -1 : 1;

    while (more == 1 && (more = feed->ops->next(feed, &u, &err)) == 1)
        for (size_t i = 0; i < u.npieces; i++) {
            if (u.piece[i].blob != blob_at) {
                say_raw(out, blob[blob_at]->sha1, raw, len);
                len = 0;
                blob_at = u.piece[i].blob;
            }
            raw = realloc(raw, len + u.piece[i].raw_len + 1);
            memcpy(raw + len, u.raw + u.piece[i].raw_off, u.piece[i].raw_len);
            len += u.piece[i].raw_len;
        }
    say_raw(out, blob[blob_at]->sha1, raw, len);
    tree_feed_free(feed);
    tree_unit_release(&u);
    return more == 0;
}

static void raw_parts_are_the_resource(void)
{
    static const char *const names[] = { "none.wim", "xpress4k.wim", "lzx.wim" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[256];
        struct raw_check c = { .file = fopen(fixture_path(names[i], path), "rb") };
        struct lines ours = { 0 };
        struct image *image = NULL;
        struct tree *tree = NULL;
        struct wtg_err err = { 0 };
        WIMStruct *wim = NULL;
        if (!c.file)
            SKIP("needs wimlib-imagex (Debian: wimtools)");
        REQUIRE(wimlib_open_wim(path, 0, &wim) == 0);
        CHECK(wimlib_iterate_lookup_table(wim, 0, say_resource, &c) == 0);
        OK(image_open(path, NULL, &image, &err), err);
        OK(image_load_tree(image, 1, &tree, &err), err);
        CHECK(raw_of_feed(tree, &ours));
        CHECK(same_lines(&c.stored, &ours));
        lines_release(&ours);
        lines_release(&c.stored);
        tree_free(tree);
        image_free(image);
        wimlib_free(wim);
        fclose(c.file);
    }
}

static bool compare_image(WIMStruct *wim, struct image *image, int index)
{
    struct wtg_err err = { 0 };
    struct tree *tree = NULL;
    struct lines theirs = { 0 }, ours = { 0 };

    int r = wimlib_iterate_dir_tree(wim, index, "/", WIMLIB_ITERATE_DIR_TREE_FLAG_RECURSIVE,
                                    say_dentry, &theirs);
    if (r != 0 || image_load_tree(image, (uint32_t)index, &tree, &err) < 0) {
        printf("# image %d: wimlib %d, ours %s\n", index, r, err.text);
        lines_release(&theirs);
        return false;
    }
    say_tree(tree, &ours);
    bool same = same_lines(&theirs, &ours) && content_same(tree);
    lines_release(&theirs);
    lines_release(&ours);
    tree_free(tree);
    return same;
}

static bool compare_info(WIMStruct *wim, const struct image *image)
{
    struct wimlib_wim_info info;
    struct image_facts f = image_facts(image);
    size_t n = 0;
    const struct image_info *all = image_infos(image, &n);

    wimlib_get_wim_info(wim, &info);
    if (n != info.image_count || f.boot_index != info.boot_index || f.parts != info.total_parts ||
        memcmp(&f.guid, info.guid, 16) != 0 || (int)f.kind != info.compression_type ||
        (f.kind && f.chunk_bytes != info.chunk_size) || f.has_integrity != info.has_integrity_table)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *name = wimlib_get_image_name(wim, (int)i + 1);
        const char *files = wimlib_get_image_property(wim, (int)i + 1, "FILECOUNT");
        if (strcmp(all[i].name, name) != 0 || all[i].index != i + 1 ||
            (files && all[i].file_count != strtoull(files, NULL, 10)))
            return false;
    }
    return true;
}

/* A WIM there, with its other parts if it has any. */
static bool compare(const char *name)
{
    char path[256], parts[256];
    struct wtg_err err = { 0 };
    struct image *image = NULL;
    WIMStruct *wim = NULL;
    size_t n = 0;

    fixture_path(name, path);
    snprintf(parts, sizeof parts, "%.*s*.swm", (int)(strlen(path) - 4), path);
    const char *glob[] = { parts };
    if (wimlib_open_wim(path, 0, &wim) != 0 || image_open(path, NULL, &image, &err) < 0) {
        printf("# %s: %s\n", name, err.text);
        wimlib_free(wim);
        return false;
    }
    bool same = compare_info(wim, image);
    if (!same)
        printf("# %s: the facts differ\n", name);
    if (strstr(name, ".swm"))
        wimlib_reference_resource_files(wim, glob, 1, WIMLIB_REF_FLAG_GLOB_ENABLE, 0);
    image_infos(image, &n);
    for (size_t i = 1; i <= n && same; i++)
        same = compare_image(wim, image, (int)i);
    if (!same)
        printf("# in %s\n", name);
    image_free(image);
    wimlib_free(wim);
    return same;
}

static bool make_tree(void)
{
    return shell("[ -d tree ] && exit 0\n"
                 "mkdir -p tree/dir/deep/er tree/empty-dir tree/many\n"
                 "cd tree; : >empty; printf x >one; seq 50000 >numbers\n"
                 "head -c 32768 numbers >chunk; head -c 32769 numbers >chunk+1\n"
                 "head -c 65536 numbers >two-chunks; cp numbers copy\n"
                 "seq 3 5000 | md5sum | sha512sum >small; cp small dir/deep/er/small\n"
                 "openssl enc -aes-128-ctr -nosalt -K 0 -iv 0 </dev/zero 2>/dev/null | "
                 "head -c 150000 >noise\n"
                 "cat noise numbers noise numbers >mixed; head -c 1500000 /dev/zero >zeroes\n"
                 "for i in $(seq 100); do seq $i $((i*2)) >many/$i; done\n"
                 "ln numbers dir/link1; ln numbers dir/deep/link2; ln empty dir/empty-link\n"
                 "ln -s numbers symlink; ln -s dir dir-symlink\n"
                 "printf 'x' >'gr\303\274n'; printf 'y' >\"$(printf '\360\237\222\276').txt\"\n"
                 "touch -d '2001-02-03 04:05:06.789' dir/deep one\n");
}

static void every_compression(void)
{
    /* clang-format off */
    static const struct { const char *name, *options; } wims[] = {
        { "none.wim",        "--compress=none" },
        { "xpress.wim",      "--compress=XPRESS" },
        { "xpress4k.wim",    "--compress=XPRESS --chunk-size=4K --check" },
        { "xpress64k.wim",   "--compress=XPRESS --chunk-size=64K" },
        { "lzx.wim",         "--compress=LZX:20 --check" },
        { "lzx2m.wim",       "--compress=LZX:20 --chunk-size=2M" },
        { "lzms.wim",        "--compress=LZMS:20" },
        { "solid-lzms.esd",  "--compress=LZMS:20 --solid --solid-chunk-size=1M" },
        { "solid-lzx.esd",   "--compress=LZX:20 --solid --solid-compress=LZX:20 --solid-chunk-size=64K" },
        { "solid-xpress.esd", "--compress=XPRESS --solid --solid-compress=XPRESS --solid-chunk-size=32K" },
    };
    /* clang-format on */
    if (!have("wimlib-imagex"))
        SKIP("needs wimlib-imagex (Debian: wimtools)");
    REQUIRE(make_tree());
    for (size_t i = 0; i < ARRAY_LEN(wims); i++) {
        REQUIRE(shell("wimlib-imagex capture tree %s 'A name' %s --threads=2", wims[i].name,
                      wims[i].options));
        CHECK(compare(wims[i].name));
    }
}

static void several_images_and_parts(void)
{
    if (!have("wimlib-imagex"))
        SKIP("needs wimlib-imagex (Debian: wimtools)");
    REQUIRE(make_tree());
    REQUIRE(shell("wimlib-imagex capture tree/many two.wim First 'Its description' --boot --check\n"
                  "wimlib-imagex append tree two.wim Second\n"
                  "wimlib-imagex split two.wim split.swm 0.2 --check"));
    CHECK(compare("two.wim"));
    CHECK(compare("split.swm"));
}

/* An NTFS volume gives what Linux folders have not: descriptors, streams, DOS names. */
static void captured_from_ntfs(void)
{
    if (!have("wimlib-imagex") || !have("mkntfs") || !have("ntfscp"))
        SKIP("needs wimlib-imagex, mkntfs and ntfscp (Debian: wimtools, ntfs-3g)");
    REQUIRE(make_tree());
    REQUIRE(shell("wimlib-imagex capture tree for-ntfs.wim x --compress=none\n"
                  "truncate -s 24M volume; mkntfs -qQF volume\n"
                  "wimlib-imagex apply for-ntfs.wim 1 volume\n"
                  "ntfscp -f -N stream volume tree/numbers numbers\n"
                  "ntfscp -f -N second volume tree/small numbers\n"
                  "ntfscp -f -N on-empty volume tree/one empty\n"
                  "wimlib-imagex capture volume ntfs.wim y --compress=LZX:20\n"
                  "wimlib-imagex capture volume ntfs-solid.esd y --solid --compress=LZMS:20\n"));
    CHECK(compare("ntfs.wim"));
    CHECK(compare("ntfs-solid.esd"));
}

/* What wimlib-imagex on Linux does not write: DOS names, object ids, EFS, second streams. */
static void made_by_hand(void)
{
    struct made_metadata m = made_everything();
    struct bytes w = made_wrap(m.m.p, m.m.n);

    fixture_write("made.wim", w.p, w.n);
    CHECK(compare("made.wim"));
    free(w.p);
    free(m.m.p);
}

static const struct test tests[] = {
    TEST(made_by_hand),
    TEST(every_compression),
    TEST(raw_parts_are_the_resource),
    TEST(several_images_and_parts),
    TEST(captured_from_ntfs),
};
TEST_MAIN(tests)
