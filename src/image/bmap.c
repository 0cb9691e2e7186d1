/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/bmap.h"

#include <errno.h>
#include <inttypes.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "blk/blk.h"

enum {
    BMAP_MAX_BYTES = 64 << 20,       /* half a million ranges; real ones have some thousand */
    BMAP_MAX_BLOCK_BYTES = 64 << 20, /* real ones have 4096 */
};

static xmlNode *child_of(xmlNode *n, const char *name)
{
    for (n = n ? n->children : NULL; n; n = n->next)
        if (n->type == XML_ELEMENT_NODE && strcmp((const char *)n->name, name) == 0)
            return n;
    return NULL;
}

static const char spaces[] = " \t\r\n";

/* The text in an element, without the spaces around it; empty when there is none. */
static struct wtg_span word_of(xmlNode *n)
{
    for (n = n ? n->children : NULL; n; n = n->next) {
        if (n->type != XML_TEXT_NODE)
            continue;
        const char *s = (const char *)n->content;
        s += strspn(s, spaces);
        size_t len = strlen(s);
        while (len > 0 && strchr(spaces, s[len - 1]))
            len--;
        return (struct wtg_span){ (const uint8_t *)s, len };
    }
    return (struct wtg_span){ NULL, 0 };
}

/* A decimal number before `stop`; moves on behind it and the spaces that follow. */
static bool number(const char **s, const char *stop, uint64_t *ret)
{
    char *end = NULL;

    if (*s >= stop || **s < '0' || **s > '9')
        return false;
    errno = 0;
    *ret = strtoull(*s, &end, 10);
    end += strspn(end, spaces);
    *s = end < stop ? end : stop;
    return errno == 0;
}

static int number_in(xmlNode *root, const char *name, uint64_t *ret, struct wtg_err *err)
{
    struct wtg_span w = word_of(child_of(root, name));
    const char *s = (const char *)w.p;

    if (w.n && number(&s, s + w.n, ret) && s == (const char *)w.p + w.n)
        return 0;
    return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "<%s> holds '%.*s', no number", name,
                    (int)min_u64(w.n, 40), w.n ? (const char *)w.p : "");
}

static size_t sum_bytes(const struct bmap *b)
{
    return b->kind == HASH_SHA1 ? SHA1_BYTES : SHA256_BYTES;
}

static int parse_sum(const struct bmap *b, struct wtg_span hex, uint8_t *ret, struct wtg_err *err)
{
    size_t n = sum_bytes(b);

    if (hex.n == 2 * n && hash_unhex((const char *)hex.p, n, ret))
        return 0;
    return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "'%.*s' is no checksum of %zu bytes",
                    (int)min_u64(hex.n, 80), hex.n ? (const char *)hex.p : "", n);
}

/* The checksum of the file itself, in which the checksum's own digits count as zeroes. */
static int check_itself(const struct bmap *b, struct wtg_span xml, struct wtg_span hex,
                        struct wtg_err *err)
{
    uint8_t want[SHA256_BYTES], got[SHA256_BYTES];
    const char *at;
    struct hash *h = NULL;

    if (parse_sum(b, hex, want, err) < 0)
        return err->code;
    at = memmem(xml.p, xml.n, hex.p, hex.n);
    if (!at)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "its own checksum is written in a strange way");
    if (hash_new(b->kind, &h, err) < 0)
        return err->code;
    size_t before = (size_t)((const uint8_t *)at - xml.p);
    char zeroes[2 * SHA256_BYTES];
    memset(zeroes, '0', sizeof zeroes);
    hash_add(h, xml.p, before);
    hash_add(h, zeroes, hex.n);
    hash_add(h, xml.p + before + hex.n, xml.n - before - hex.n);
    hash_end(h, got);
    hash_free(h);
    return memcmp(want, got, sum_bytes(b)) == 0
               ? 0
               : wtg_fail(err, WTG_E_IMAGE_DAMAGED, "its own checksum says that it was changed");
}

/* Versions and their checksums: 1.3 SHA-1, 1.4 (which was meant to be called 2.0) and 2.0 any. */
static int parse_version(struct bmap *b, xmlNode *root, struct wtg_span xml, struct wtg_err *err)
{
    xmlChar *attr = xmlGetProp(root, BAD_CAST "version");
    snprintf(b->version, sizeof b->version, "%.7s", attr ? (const char *)attr : "");
    xmlFree(attr);

    const char *v = b->version;
    bool named = strcmp(v, "1.4") == 0 || strcmp(v, "2.0") == 0;
    b->kind = HASH_SHA1;
    if (strcmp(v, "1.2") == 0)
        return 0;
    if (!named && strcmp(v, "1.3") != 0) {
        wtg_fail(err, WTG_E_UNSUPPORTED, "it has version '%s', not 1.2 to 2.0", v);
        return wtg_hint(err, "move it away to write the whole image");
    }
    if (named) {
        struct wtg_span type = word_of(child_of(root, "ChecksumType"));
        if (type.n == 6 && memcmp(type.p, "sha256", 6) == 0)
            b->kind = HASH_SHA256;
        else if (type.n != 4 || memcmp(type.p, "sha1", 4) != 0)
            return wtg_fail(err, WTG_E_UNSUPPORTED, "its checksums are '%.*s', not sha1 or sha256",
                            (int)min_u64(type.n, 20), type.n ? (const char *)type.p : "");
    }
    const char *name = named ? "BmapFileChecksum" : "BmapFileSHA1";
    return check_itself(b, xml, word_of(child_of(root, name)), err);
}

static int parse_sizes(struct bmap *b, xmlNode *root, struct wtg_err *err)
{
    uint64_t block = 0, blocks = 0;

    if (number_in(root, "ImageSize", &b->image_bytes, err) < 0 ||
        number_in(root, "BlockSize", &block, err) < 0 ||
        number_in(root, "BlocksCount", &blocks, err) < 0)
        return err->code;
    if (block < 512 || block > BMAP_MAX_BLOCK_BYTES || block % 512 != 0)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "its blocks have %" PRIu64 " bytes", block);
    if (b->image_bytes == 0 || b->image_bytes > INT64_MAX ||
        blocks != div_up(b->image_bytes, block))
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                        "an image of %" PRIu64 " bytes has no %" PRIu64 " blocks of %" PRIu64,
                        b->image_bytes, blocks, block);
    b->block_bytes = (uint32_t)block;
    return 0;
}

static int range_failed(struct wtg_span w, const char *why, struct wtg_err *err)
{
    return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "the range '%.*s' %s", (int)min_u64(w.n, 60),
                    w.n ? (const char *)w.p : "", why);
}

/* "8-9" or "8": first and last block. */
static int parse_range(struct bmap *b, xmlNode *n, struct bmap_range *ret, struct wtg_err *err)
{
    struct wtg_span w = word_of(n);
    const char *s = (const char *)w.p, *end = s + w.n;
    uint64_t first = 0, last = 0, blocks = div_up(b->image_bytes, b->block_bytes);
    const struct bmap_range *before = b->nranges ? &b->range[b->nranges - 1] : NULL;

    bool good = w.n && number(&s, end, &first);
    last = first;
    if (good && s < end && *s == '-') {
        s++;
        s += strspn(s, spaces);
        good = number(&s, end, &last);
    }
    if (!good || s != end)
        return range_failed(w, "is not of the form 'FIRST-LAST'", err);
    if (first > last || last >= blocks)
        return range_failed(w, "does not lie inside the image", err);
    *ret = (struct bmap_range){ .off = first * b->block_bytes };
    ret->size = min_u64((last + 1) * b->block_bytes, b->image_bytes) - ret->off;
    if (before && ret->off < before->off + before->size)
        return range_failed(w, "does not come behind the one before", err);
    xmlChar *sum = xmlGetProp(n, BAD_CAST "chksum");
    if (!sum)
        sum = xmlGetProp(n, BAD_CAST "sha1");
    int r = 0;
    if (sum)
        r = parse_sum(b, (struct wtg_span){ sum, strlen((const char *)sum) }, ret->sum, err);
    ret->has_sum = sum != NULL;
    xmlFree(sum);
    return r;
}

static int parse_ranges(struct bmap *b, xmlNode *root, struct wtg_err *err)
{
    xmlNode *map = child_of(root, "BlockMap");
    uint64_t blocks = 0, want = 0;
    size_t cap = 0;

    if (!map)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "it has no <BlockMap>");
    for (xmlNode *n = map->children; n; n = n->next) {
        if (n->type != XML_ELEMENT_NODE || xmlStrcmp(n->name, BAD_CAST "Range") != 0)
            continue;
        if (mem_grow(&b->range, &cap, b->nranges, sizeof b->range[0], err) < 0 ||
            parse_range(b, n, &b->range[b->nranges], err) < 0)
            return err->code;
        const struct bmap_range *r = &b->range[b->nranges++];
        b->mapped_bytes += r->size;
        b->nsums += r->has_sum;
        blocks += div_up(r->size, b->block_bytes);
    }
    if (number_in(root, "MappedBlocksCount", &want, err) < 0)
        return err->code;
    return blocks == want ? 0
                          : wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                                     "it lists %" PRIu64 " blocks and says that there are %" PRIu64,
                                     blocks, want);
}

int bmap_parse(struct wtg_span xml, struct bmap *ret, struct wtg_err *err)
{
    struct bmap b = { 0 };

    if (xml.n > BMAP_MAX_BYTES)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "%zu bytes are too many", xml.n);
    /* No network, no entities of its own, no messages on stderr. */
    xmlDoc *doc = xmlReadMemory((const char *)xml.p, (int)xml.n, NULL, NULL,
                                XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    int r = 0;
    if (!root || xmlStrcmp(root->name, BAD_CAST "bmap") != 0)
        r = wtg_fail(err, WTG_E_IMAGE_DAMAGED, "it is no XML that begins with <bmap>");
    if (r == 0)
        r = parse_version(&b, root, xml, err);
    if (r == 0)
        r = parse_sizes(&b, root, err);
    if (r == 0)
        r = parse_ranges(&b, root, err);
    xmlFreeDoc(doc);
    if (r < 0)
        bmap_release(&b);
    else
        *ret = b;
    return r;
}

int bmap_load(const char *path, struct bmap *ret, struct wtg_err *err)
{
    struct blk *b = NULL;
    AUTO_FREE uint8_t *bytes = NULL;
    int r = blk_open(path, &b, err);

    if (r < 0)
        return r;
    size_t n = (size_t)b->size;
    if (b->size > BMAP_MAX_BYTES)
        r = wtg_fail(err, WTG_E_IMAGE_DAMAGED, "%" PRIu64 " bytes are too many", b->size);
    else if (!(bytes = mem_zeroed(n + 1, 1, err)))
        r = err->code;
    else
        r = blk_read(b, 0, bytes, n, err);
    blk_free(b);
    if (r == 0)
        r = bmap_parse((struct wtg_span){ bytes, n }, ret, err);
    if (r == 0)
        return 0;
    wtg_because(err, "the block map '%s'", path);
    return err->code == WTG_E_IMAGE_DAMAGED
               ? wtg_hint(err,
                          "get it again from where the image is from, or move it away to write "
                          "the whole image")
               : err->code;
}

void bmap_release(struct bmap *b)
{
    free(b->range);
    *b = (struct bmap){ 0 };
}
