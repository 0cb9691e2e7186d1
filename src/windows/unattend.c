/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "windows/unattend.h"

#include <libxml/parser.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define UNATTEND_NS "urn:schemas-microsoft-com:unattend"

/* Source: "Windows Setup configuration passes" and "unattend" of the Windows deployment
 * reference.  On a stick, Windows begins with specialize: nothing runs Setup or DISM before. */
static const struct {
    const char *name;
    bool happens_here;
} passes[] = {
    { "windowsPE", false }, { "offlineServicing", false }, { "generalize", false },
    { "specialize", true }, { "auditSystem", true },       { "auditUser", true },
    { "oobeSystem", true },
};
static const char *const architectures[] = { "amd64", "arm64", "x86", "arm", "ia64", "wow64" };

/* More components are no answer file; real ones have up to 30. Bounds the pairwise comparison. */
enum { MAX_COMPONENTS = 1000 };

struct component {
    int line;
    size_t pass;
    xmlChar *name, *architecture, *language;
};

struct answer {
    const char *file;         /* for messages */
    const char *architecture; /* of the image; NULL: not known */
    xmlDoc *doc;
    struct component *component;
    size_t n, cap;
};

static int refuse(const struct answer *a, struct wtg_err *err, int line, const char *text)
{
    return wtg_fail(err, WTG_E_UNATTEND, "answer file '%s', line %d: %s", a->file, line, text);
}

static void answer_release(struct answer *a)
{
    for (size_t i = 0; i < a->n; i++) {
        xmlFree(a->component[i].name);
        xmlFree(a->component[i].architecture);
        xmlFree(a->component[i].language);
    }
    free(a->component);
    xmlFreeDoc(a->doc);
}

static bool is_element(const xmlNode *n, const char *name)
{
    return n->type == XML_ELEMENT_NODE && n->ns && n->ns->href &&
           strcmp((const char *)n->ns->href, UNATTEND_NS) == 0 &&
           strcmp((const char *)n->name, name) == 0;
}

static int parse(struct answer *a, struct wtg_span bytes, struct wtg_err *err)
{
    char text[256];
    xmlParserCtxt *x = xmlNewParserCtxt();
    if (!x)
        return wtg_fail_nomem(err);
    a->doc = xmlCtxtReadMemory(x, (const char *)bytes.p, (int)bytes.n, NULL, NULL,
                               XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    const xmlError *e = xmlCtxtGetLastError(x);
    int line = e ? e->line : 1, r = 0;
    bool doctype = a->doc && (a->doc->intSubset || a->doc->extSubset);
    snprintf(text, sizeof text, "it is not well-formed XML: %s",
             e && e->message ? e->message : "no reason given");
    text[strcspn(text, "\n")] = '\0';
    if (!a->doc)
        r = e && e->code == XML_ERR_NO_MEMORY ? wtg_fail_nomem(err) : refuse(a, err, line, text);
    else if (doctype)
        r = refuse(a, err, 1, "it has a document type (DOCTYPE), which no answer file has");
    xmlFreeParserCtxt(x);
    return r;
}

static int add_component(struct answer *a, xmlNode *n, size_t pass, struct wtg_err *err)
{
    if (a->n == MAX_COMPONENTS)
        return refuse(a, err, n->line, "it has more than 1000 components");
    if (mem_grow(&a->component, &a->cap, a->n, sizeof a->component[0], err) < 0)
        return err->code;
    struct component *c = &a->component[a->n++];
    *c = (struct component){
        .line = n->line,
        .pass = pass,
        .name = xmlGetNoNsProp(n, (const xmlChar *)"name"),
        .architecture = xmlGetNoNsProp(n, (const xmlChar *)"processorArchitecture"),
        .language = xmlGetNoNsProp(n, (const xmlChar *)"language"),
    };
    if (!c->name || !*c->name)
        return refuse(a, err, c->line, "a component has no name");
    for (size_t i = 0; c->architecture && i < ARRAY_LEN(architectures); i++)
        if (strcasecmp((const char *)c->architecture, architectures[i]) == 0)
            return 0;
    return refuse(a, err, c->line,
                  "a component needs a processorArchitecture: amd64, arm64 or x86");
}

static int read_settings(struct answer *a, xmlNode *settings, struct wtg_err *err)
{
    xmlChar *name = xmlGetNoNsProp(settings, (const xmlChar *)"pass");
    size_t pass = 0;
    while (name && pass < ARRAY_LEN(passes) && strcmp((const char *)name, passes[pass].name) != 0)
        pass++;
    bool known = name && pass < ARRAY_LEN(passes);
    xmlFree(name);
    if (!known)
        return refuse(a, err, settings->line,
                      "settings need a pass: specialize, oobeSystem or another one of Windows");
    for (xmlNode *n = settings->children; n; n = n->next) {
        int r = is_element(n, "component") ? add_component(a, n, pass, err) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_components(struct answer *a, struct wtg_err *err)
{
    xmlNode *root = xmlDocGetRootElement(a->doc);
    if (!root || !is_element(root, "unattend"))
        return refuse(a, err, root ? root->line : 1,
                      "it should begin with 'unattend' of the namespace '" UNATTEND_NS "'");
    for (xmlNode *n = root->children; n; n = n->next) {
        int r = is_element(n, "settings") ? read_settings(a, n, err) : 0;
        if (r < 0)
            return r;
    }
    return a->n ? 0 : refuse(a, err, root->line, "it has no settings with a component");
}

static bool same(const xmlChar *a, const xmlChar *b)
{
    return strcasecmp(a ? (const char *)a : "", b ? (const char *)b : "") == 0;
}

/* Windows Setup refuses a file in which a component stands twice. */
static int check_doubles(const struct answer *a, struct wtg_err *err)
{
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < i; k++) {
            const struct component *x = &a->component[i], *y = &a->component[k];
            if (x->pass == y->pass && same(x->name, y->name) &&
                same(x->architecture, y->architecture) && same(x->language, y->language))
                return wtg_fail(err, WTG_E_UNATTEND,
                                "answer file '%s', line %d: component '%s' of pass %s stands in "
                                "line %d already",
                                a->file, x->line, (const char *)x->name, passes[x->pass].name,
                                y->line);
        }
    return 0;
}

/* Windows ignores components for other processors, silently: fine where one for this stands
 * beside it, a mistake where not. */
static int check_architectures(const struct answer *a, struct wtg_err *err)
{
    for (size_t i = 0; a->architecture && i < a->n; i++) {
        const struct component *x = &a->component[i];
        bool fits = false;
        for (size_t k = 0; !fits && k < a->n; k++) {
            const struct component *y = &a->component[k];
            fits = x->pass == y->pass && same(x->name, y->name) &&
                   same(y->architecture, (const xmlChar *)a->architecture);
        }
        if (fits)
            continue;
        wtg_fail(err, WTG_E_UNATTEND,
                 "answer file '%s', line %d: component '%s' is for %s, the image is for %s",
                 a->file, x->line, (const char *)x->name, (const char *)x->architecture,
                 a->architecture);
        return wtg_hint(err, "set processorArchitecture=\"%s\" there", a->architecture);
    }
    return 0;
}

/* "specialize (2), oobeSystem (1)": those passes that happen here, or that do not. */
static void print_passes(FILE *f, const struct answer *a, bool here, const char *lead)
{
    for (size_t p = 0; p < ARRAY_LEN(passes); p++) {
        size_t n = 0;
        for (size_t i = 0; i < a->n; i++)
            n += a->component[i].pass == p;
        if (n == 0 || passes[p].happens_here != here)
            continue;
        fprintf(f, "%s%s (%zu)", lead, passes[p].name, n);
        lead = ", ";
    }
}

static char *summarise(const struct answer *a)
{
    AUTO_FREE char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return NULL;
    print_passes(f, a, true, "components for ");
    print_passes(f, a, false, ftell(f) > 0 ? "; without effect here: " : "without effect here: ");
    bool bad = ferror(f);
    return fclose(f) == 0 && !bad ? TAKE_PTR(text) : NULL;
}

int unattend_check(struct wtg_span bytes, const char *name, const char *architecture,
                   char **ret_summary, struct wtg_err *err)
{
    struct answer a = { .file = name, .architecture = architecture };
    if (bytes.n == 0 || bytes.n > UNATTEND_MAX_BYTES)
        return wtg_fail(err, WTG_E_UNATTEND,
                        "answer file '%s' has %zu bytes, it should have 1 to %zu", name, bytes.n,
                        UNATTEND_MAX_BYTES);
    int r = parse(&a, bytes, err);
    if (r == 0)
        r = read_components(&a, err);
    if (r == 0)
        r = check_doubles(&a, err);
    if (r == 0)
        r = check_architectures(&a, err);
    char *summary = r == 0 ? summarise(&a) : NULL;
    answer_release(&a);
    if (r == 0 && !summary)
        return wtg_fail_nomem(err);
    if (r == 0)
        *ret_summary = summary;
    return r;
}

int unattend_edits(const struct tree *t, struct wtg_span bytes, const char *summary,
                   struct tree_edits *edits, struct wtg_err *err)
{
    static const char path[] = "\\Windows\\Panther\\unattend.xml";
    static const char sooner[] = "\\Windows\\Panther\\Unattend\\unattend.xml";
    struct tree_blob *blob = NULL;
    uint8_t *copy = mem_zeroed(bytes.n, 1, err);
    if (!copy)
        return err->code;
    memcpy(copy, bytes.p, bytes.n);
    int r = tree_memory_blob_new(copy, bytes.n, &blob, err);
    if (r == 0)
        r = tree_edits_add(edits, tree_find(t, path) ? TREE_EDIT_REPLACE : TREE_EDIT_ADD, path,
                           blob, "answers what Windows would ask at its first start", summary, err);
    if (r == 0 && tree_find(t, sooner))
        r = tree_edits_add(edits, TREE_EDIT_DELETE, sooner, NULL,
                           "Windows would read this answer file instead of yours", NULL, err);
    return r;
}
