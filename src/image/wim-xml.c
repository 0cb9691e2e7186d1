/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/wim.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

#include "base/utf16.h"

/* The XML at the end of a WIM: what its images are called.  Nothing here is needed to lay an image
 * down, so an element that is missing or odd is left empty. */

static xmlNode *child_of(xmlNode *n, const char *name, size_t len)
{
    for (n = n ? n->children : NULL; n; n = n->next)
        if (n->type == XML_ELEMENT_NODE && xmlStrlen(n->name) == (int)len &&
            memcmp(n->name, name, len) == 0)
            return n;
    return NULL;
}

/* "WINDOWS/VERSION/BUILD" */
static xmlNode *element(xmlNode *n, const char *path)
{
    while (n && *path) {
        size_t len = strcspn(path, "/");
        n = child_of(n, path, len);
        path += len + (path[len] == '/');
    }
    return n;
}

/* The element's own text, without that of elements in it; NULL when there is none. */
static const char *text_of(xmlNode *n)
{
    for (n = n ? n->children : NULL; n; n = n->next)
        if (n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE)
            return (const char *)n->content;
    return NULL;
}

static uint64_t number_of(xmlNode *n, uint64_t otherwise)
{
    const char *s = text_of(n);
    char *end = NULL;

    if (!s)
        return otherwise;
    uint64_t v = strtoull(s, &end, 0);
    return end == s ? otherwise : v;
}

static uint64_t time_of(xmlNode *n)
{
    return (number_of(element(n, "HIGHPART"), 0) & UINT32_MAX) << 32 |
           (number_of(element(n, "LOWPART"), 0) & UINT32_MAX);
}

static int text_copy(struct arena *arena, const char *s, const char **ret, struct wtg_err *err)
{
    *ret = arena_dup(arena, s ? s : "", s ? strlen(s) + 1 : 1, err);
    return *ret ? 0 : err->code;
}

/* All languages, with a space between. */
static int languages(struct arena *arena, xmlNode *image, const char **ret, struct wtg_err *err)
{
    xmlNode *list = element(image, "WINDOWS/LANGUAGES");
    size_t n = 1;

    for (xmlNode *l = list ? list->children : NULL; l; l = l->next)
        n += text_of(l) ? strlen(text_of(l)) + 1 : 0;
    char *s = arena_alloc(arena, n, err), *at = s;
    if (!s)
        return err->code;
    for (xmlNode *l = list ? list->children : NULL; l; l = l->next) {
        const char *one = text_of(l);
        if (!one || xmlStrcmp(l->name, BAD_CAST "LANGUAGE") != 0)
            continue;
        size_t len = strlen(one);
        if (at > s)
            *at++ = ' ';
        memcpy(at, one, len);
        at += len;
    }
    *ret = s;
    return 0;
}

/* clang-format off */
#define FIELD(f) offsetof(struct image_info, f)
static const struct { const char *path; size_t at; } texts[] = {
    { "NAME",                       FIELD(name) },
    { "DESCRIPTION",                FIELD(description) },
    { "DISPLAYNAME",                FIELD(display_name) },
    { "DISPLAYDESCRIPTION",         FIELD(display_description) },
    { "FLAGS",                      FIELD(flags) },
    { "WINDOWS/EDITIONID",          FIELD(edition_id) },
    { "WINDOWS/PRODUCTNAME",        FIELD(product_name) },
    { "WINDOWS/INSTALLATIONTYPE",   FIELD(installation_type) },
    { "WINDOWS/PRODUCTTYPE",        FIELD(product_type) },
    { "WINDOWS/LANGUAGES/DEFAULT",  FIELD(default_language) },
};
static const struct { const char *path; size_t at; } numbers32[] = {
    { "WINDOWS/VERSION/MAJOR",      FIELD(major) },
    { "WINDOWS/VERSION/MINOR",      FIELD(minor) },
    { "WINDOWS/VERSION/BUILD",      FIELD(build) },
    { "WINDOWS/VERSION/SPBUILD",    FIELD(spbuild) },
};
static const struct { const char *path; size_t at; } numbers64[] = {
    { "TOTALBYTES",                 FIELD(total_bytes) },
    { "HARDLINKBYTES",              FIELD(hard_link_bytes) },
    { "FILECOUNT",                  FIELD(file_count) },
    { "DIRCOUNT",                   FIELD(dir_count) },
};
/* clang-format on */

static int image_fill(xmlNode *n, struct arena *arena, struct image_info *info, struct wtg_err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const char *s = NULL;
        if (text_copy(arena, text_of(element(n, texts[i].path)), &s, err) < 0)
            return err->code;
        memcpy((char *)info + texts[i].at, &s, sizeof s);
    }
    for (size_t i = 0; i < ARRAY_LEN(numbers32); i++) {
        uint32_t v = (uint32_t)number_of(element(n, numbers32[i].path), 0);
        memcpy((char *)info + numbers32[i].at, &v, sizeof v);
    }
    for (size_t i = 0; i < ARRAY_LEN(numbers64); i++) {
        uint64_t v = number_of(element(n, numbers64[i].path), 0);
        memcpy((char *)info + numbers64[i].at, &v, sizeof v);
    }
    info->arch = (int)(number_of(element(n, "WINDOWS/ARCH"), UINT32_MAX) & UINT32_MAX);
    info->created = time_of(element(n, "CREATIONTIME"));
    info->modified = time_of(element(n, "LASTMODIFICATIONTIME"));
    return languages(arena, n, &info->languages, err);
}

static int images_fill(xmlNode *root, size_t nimages, struct arena *arena, struct image_info *info,
                       struct wtg_err *err)
{
    size_t found = 0;

    for (xmlNode *n = root->children; n; n = n->next) {
        if (n->type != XML_ELEMENT_NODE || xmlStrcmp(n->name, BAD_CAST "IMAGE") != 0)
            continue;
        xmlChar *attr = xmlGetProp(n, BAD_CAST "INDEX");
        size_t index = attr ? strtoul((const char *)attr, NULL, 10) : 0;
        xmlFree(attr);
        if (index < 1 || index > nimages || info[index - 1].index != 0)
            return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                            "it lists an image %zu (again), the header says %zu images", index,
                            nimages);
        info[index - 1].index = (uint32_t)index;
        found++;
        int r = image_fill(n, arena, &info[index - 1], err);
        if (r < 0)
            return r;
    }
    if (found != nimages)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "it lists %zu images, the header says %zu", found,
                        nimages);
    return 0;
}

static int document_parse(xmlDoc *doc, size_t nimages, struct arena *arena, struct image_info **ret,
                          struct wtg_err *err)
{
    xmlNode *root = xmlDocGetRootElement(doc);

    if (!root || xmlStrcmp(root->name, BAD_CAST "WIM") != 0)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "it does not begin with <WIM>");
    if (element(root, "ESD/ENCRYPTED")) {
        wtg_fail(err, WTG_E_UNSUPPORTED, "the ESD is encrypted");
        return wtg_hint(err, "decrypt it first, or take an ISO or ESD from Microsoft's download "
                             "page, which is not encrypted");
    }
    struct image_info *info = arena_alloc(arena, nimages * sizeof *info, err);
    if (!info)
        return err->code;
    int r = images_fill(root, nimages, arena, info, err);
    if (r < 0)
        return r;
    *ret = info;
    return 0;
}

/* libxml2 complains about broken UTF-16 on stderr, whatever it is told; so it gets UTF-8. */
static int to_utf8(struct wtg_span utf16le, char **ret, size_t *ret_n, struct wtg_err *err)
{
    size_t n = utf16le.n / 2;
    AUTO_FREE uint16_t *units = mem_zeroed(n, sizeof *units, err);
    if (!units)
        return err->code;
    AUTO_FREE char *text = mem_zeroed(UTF16_MAX_UTF8(n), 1, err);
    if (!text)
        return err->code;
    for (size_t i = 0; i < n; i++)
        units[i] = le16_at(utf16le.p + 2 * i);
    *ret_n = utf16_to_utf8(units, n, text, UTF16_MAX_UTF8(n));
    *ret = TAKE_PTR(text);
    return 0;
}

int wim_xml_parse(struct wtg_span utf16le, size_t nimages, struct arena *arena,
                  struct image_info **ret, struct wtg_err *err)
{
    const uint8_t *bom = span_at(utf16le, 0, 2);
    AUTO_FREE char *text = NULL;
    size_t n = 0;

    if (bom && le16_at(bom) == 0xfeff)
        utf16le = span_sub(utf16le, 2, utf16le.n - 2);
    if (utf16le.n > WIM_MAX_XML_BYTES)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "%zu bytes of XML are too many", utf16le.n);
    int r = to_utf8(utf16le, &text, &n, err);
    if (r < 0)
        return r;
    /* No network, no entities of its own, no messages on stderr. */
    xmlDoc *doc = xmlReadMemory(text, (int)n, NULL, "UTF-8",
                                XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (!doc)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "%zu bytes that are not XML in UTF-16",
                        utf16le.n);
    r = document_parse(doc, nimages, arena, ret, err);
    xmlFreeDoc(doc);
    return r;
}
