/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/catalog.h"

#include <inttypes.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/mem.h"

enum {
    CATALOG_MAX_BYTES = 64 << 20, /* Microsoft's have 4 MB, packed 40 kB */
    FILES_MAX = 100000,           /* theirs have 5,000 */
    DEPTH_MAX = 8,                /* MCT/Catalogs/Catalog/PublishedMedia/Files/File */
};

struct wtg_catalog {
    struct arena text;
    struct wtg_catalog_file *file;
    size_t n, cap;
    size_t *next; /* files with the same hash of their address: a chain; SIZE_MAX ends it */
    size_t next_cap;
    size_t bucket[1024];
};

/* "amd64" is "x64", and so on. */
static const char *architecture(const char *typed)
{
    static const struct {
        const char *other, *ours;
    } names[] = { { "amd64", "x64" },
                  { "x86_64", "x64" },
                  { "i386", "x86" },
                  { "i686", "x86" },
                  { "aarch64", "arm64" } };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcasecmp(names[i].other, typed) == 0)
            return names[i].ours;
    return typed;
}

/* One <File>. */

static const char *text_in(xmlNode *file, const char *name)
{
    for (xmlNode *n = file->children; n; n = n->next) {
        if (n->type != XML_ELEMENT_NODE || strcmp((const char *)n->name, name) != 0)
            continue;
        for (xmlNode *t = n->children; t; t = t->next)
            if (t->type == XML_TEXT_NODE)
                return (const char *)t->content;
    }
    return "";
}

static int copy(struct wtg_catalog *c, const char *s, const char **ret, struct wtg_err *err)
{
    *ret = arena_dup(&c->text, s, strlen(s) + 1, err);
    return *ret ? 0 : err->code;
}

/* "19045.3803" at the front of "19045.3803.231204-0204.22h2_release..." */
static int build_of(struct wtg_catalog *c, const char *name, const char **ret, struct wtg_err *err)
{
    static const char digits[] = "0123456789";
    size_t major = strspn(name, digits);
    size_t minor = name[major] == '.' ? strspn(name + major + 1, digits) : 0;
    size_t n = major >= 4 && minor > 0 ? major + 1 + minor : 0;
    char *text = arena_alloc(&c->text, n + 1, err);

    if (!text)
        return err->code;
    memcpy(text, name, n);
    *ret = text;
    return 0;
}

static bool is_hex(const char *s, size_t bytes)
{
    uint8_t digest[HASH_MAX_BYTES];

    return strlen(s) == 2 * bytes && hash_unhex(s, bytes, digest);
}

/* Files without what is needed to fetch and prove them are left away. */
static bool is_usable(xmlNode *file, uint64_t *ret_size)
{
    const char *size = text_in(file, "Size");
    char *end;

    *ret_size = strtoull(size, &end, 10);
    return *size >= '0' && *size <= '9' && !*end && *ret_size > 0 && *ret_size <= INT64_MAX &&
           net_is_name(text_in(file, "FileName")) && net_is_url(text_in(file, "FilePath")) &&
           (is_hex(text_in(file, "Sha1"), SHA1_BYTES) ||
            is_hex(text_in(file, "Sha256"), SHA256_BYTES));
}

/* The list has a row for each edition; one file often holds several. */
static int add_edition(struct wtg_catalog *c, struct wtg_catalog_file *f, const char *edition,
                       struct wtg_err *err)
{
    size_t have = strlen(f->editions), n = strlen(edition);

    for (const char *at = f->editions; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        if (len == n && strncasecmp(at, edition, n) == 0)
            return 0;
        at += len;
    }
    char *all = arena_alloc(&c->text, have + n + 2, err);
    if (!all)
        return err->code;
    memcpy(all, f->editions, have);
    if (have)
        all[have++] = ' ';
    memcpy(all + have, edition, n);
    f->editions = all;
    return 0;
}

static int fill(struct wtg_catalog *c, xmlNode *n, struct wtg_catalog_file *f, struct wtg_err *err)
{
    const char *sha1 = text_in(n, "Sha1"), *sha256 = text_in(n, "Sha256");

    if (copy(c, text_in(n, "FileName"), &f->name, err) < 0 ||
        copy(c, text_in(n, "LanguageCode"), &f->language, err) < 0 ||
        copy(c, text_in(n, "Language"), &f->language_name, err) < 0 ||
        copy(c, text_in(n, "FilePath"), &f->url, err) < 0 ||
        copy(c, is_hex(sha1, SHA1_BYTES) ? sha1 : "", &f->sha1, err) < 0 ||
        copy(c, is_hex(sha256, SHA256_BYTES) ? sha256 : "", &f->sha256, err) < 0)
        return err->code;
    char *arch = arena_dup(&c->text, architecture(text_in(n, "Architecture")),
                           strlen(architecture(text_in(n, "Architecture"))) + 1, err);
    if (!arch)
        return err->code;
    for (char *p = arch; *p; p++)
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
    f->architecture = arch;
    f->editions = "";
    f->encrypted = text_in(n, "Key")[0] != '\0';
    return build_of(c, f->name, &f->build, err);
}

static int add_file(struct wtg_catalog *c, xmlNode *n, struct wtg_err *err)
{
    const char *url = text_in(n, "FilePath"), *edition = text_in(n, "Edition");
    struct wtg_catalog_file f = { 0 };

    if (!is_usable(n, &f.size_bytes))
        return 0;
    size_t *bucket = &c->bucket[hash_quick(url, strlen(url)) % ARRAY_LEN(c->bucket)];
    for (size_t i = *bucket; i != SIZE_MAX; i = c->next[i])
        if (strcmp(c->file[i].url, url) == 0)
            return add_edition(c, &c->file[i], edition, err);
    if (c->n == FILES_MAX)
        return wtg_fail(err, WTG_E_IMAGE_FORMAT, "the list names more than %d files", FILES_MAX);
    if (mem_grow(&c->file, &c->cap, c->n, sizeof *c->file, err) < 0 ||
        mem_grow(&c->next, &c->next_cap, c->n, sizeof *c->next, err) < 0 ||
        fill(c, n, &f, err) < 0 || add_edition(c, &f, edition, err) < 0)
        return err->code;
    c->next[c->n] = *bucket;
    *bucket = c->n;
    c->file[c->n++] = f;
    return 0;
}

/* Every <File>, wherever it stands: the frame around them differs from year to year. */
static int add_all(struct wtg_catalog *c, xmlNode *root, struct wtg_err *err)
{
    xmlNode *at = root;
    unsigned depth = 0;

    while (at) {
        bool is_file = at->type == XML_ELEMENT_NODE && strcmp((const char *)at->name, "File") == 0;
        if (is_file && add_file(c, at, err) < 0)
            return err->code;
        if (!is_file && at->type == XML_ELEMENT_NODE && at->children && depth < DEPTH_MAX) {
            at = at->children;
            depth++;
            continue;
        }
        while (at != root && !at->next) {
            at = at->parent;
            depth--;
        }
        at = at == root ? NULL : at->next;
    }
    return 0;
}

static int parse_xml(struct wtg_span xml, struct wtg_catalog *c, struct wtg_err *err)
{
    /* No network, no entities of its own, no files, and quiet. */
    xmlDoc *doc = xml.n && xml.n <= CATALOG_MAX_BYTES
                      ? xmlReadMemory((const char *)xml.p, (int)xml.n, NULL, NULL,
                                      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                          XML_PARSE_NOCDATA | XML_PARSE_COMPACT)
                      : NULL;
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;

    if (!root) {
        xmlFreeDoc(doc);
        return wtg_fail(err, WTG_E_IMAGE_FORMAT, "it is no list of images: not XML");
    }
    int r = add_all(c, root, err);
    xmlFreeDoc(doc);
    if (r == 0 && c->n == 0)
        r = wtg_fail(err, WTG_E_IMAGE_FORMAT,
                     "it is no list of images: no <File> with name, address, size and hash");
    return r;
}

int catalog_parse(struct wtg_span bytes, struct wtg_catalog **ret, struct wtg_err *err)
{
    AUTO_FREE char *xml = NULL;
    size_t n = 0;
    struct wtg_catalog *c = mem_zeroed(1, sizeof *c, err);

    if (!c)
        return err->code;
    for (size_t i = 0; i < ARRAY_LEN(c->bucket); i++)
        c->bucket[i] = SIZE_MAX;
    int r = 0;
    if (bytes.n >= 4 && memcmp(bytes.p, "MSCF", 4) == 0) {
        r = catalog_unpack(bytes, &xml, &n, err);
        bytes = (struct wtg_span){ (const uint8_t *)xml, n };
    }
    if (r == 0)
        r = parse_xml(bytes, c, err);
    if (r < 0)
        catalog_free(c);
    else
        *ret = c;
    return r;
}

int catalog_open(const char *file_or_url, const struct wtg_net_opts *net, struct wtg_job *job,
                 struct wtg_catalog **ret, struct wtg_err *err)
{
    const struct wtg_net_opts o = net_defaults(net);
    AUTO_FREE char *text = NULL;
    struct net_hold hold;
    size_t n = 0;

    if (net_begin(&hold, err) < 0)
        return err->code;
    int r = net_read(file_or_url, &o, CATALOG_MAX_BYTES, job, &text, &n, err);
    net_end(&hold);
    if (r == 0 && catalog_parse((struct wtg_span){ (const uint8_t *)text, n }, ret, err) < 0)
        r = wtg_because(err, "'%.200s'", file_or_url);
    return r;
}

/* Choosing. */

static bool has_word(const char *words, const char *wanted)
{
    size_t n = strlen(wanted);

    for (const char *at = words; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        if (len == n && strncasecmp(at, wanted, n) == 0)
            return true;
        at += len;
    }
    return false;
}

static bool fits(const struct wtg_catalog_file *f, const struct wtg_catalog_filter *w)
{
    size_t build = w->build ? strlen(w->build) : 0;

    return (!w->language || strcasecmp(w->language, f->language) == 0) &&
           (!w->edition || has_word(f->editions, w->edition)) &&
           (!w->architecture || strcasecmp(architecture(w->architecture), f->architecture) == 0) &&
           (!build || (strncmp(f->build, w->build, build) == 0 &&
                       (f->build[build] == '\0' || f->build[build] == '.')));
}

const struct wtg_catalog_file *catalog_find(const struct wtg_catalog *c,
                                            const struct wtg_catalog_filter *filter, size_t i)
{
    for (size_t k = 0; k < c->n; k++)
        if (fits(&c->file[k], filter) && i-- == 0)
            return &c->file[k];
    return NULL;
}

void catalog_free(struct wtg_catalog *c)
{
    if (!c)
        return;
    arena_release(&c->text);
    free(c->file);
    free(c->next);
    free(c);
}
