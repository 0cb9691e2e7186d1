/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/wim.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int source_read(struct tree_source *s, const struct tree_blob *b, uint64_t off, void *buf,
                       size_t n, struct wtg_err *err)
{
    return wim_read((struct wim *)s, (const struct wim_blob *)b, off, buf, n, err);
}

static const struct tree_source_ops source_ops = { .name = "wim",
                                                   .read = source_read,
                                                   .feed = wim_feed };

void wim_free(struct wim *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->nparts; i++) {
        blk_free(w->part[i].blk);
        free(w->part[i].name);
    }
    for (size_t i = 0; i < WIM_CACHE_SLOTS; i++)
        free(w->cache[i].bytes);
    wim_decoder_release(&w->decoder);
    free(w->part);
    free(w->blob);
    free(w->index);
    free(w->solid);
    free(w->metadata);
    arena_release(&w->arena);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

int wim_stage(struct wtg_err *err, const char *stage)
{
    for (size_t i = 0; i < err->nfacts; i++)
        if (strcmp(err->fact[i].key, "image.stage") == 0)
            return err->code;
    wtg_fact(err, "image.stage", "%s", stage);
    return err->code;
}

/* The furthest of what the header names; an end beyond 2^64 is left to those who read it. */
static uint64_t part_end(const struct wim_part *p, bool with_integrity, const char **ret_name)
{
    const struct {
        const char *name;
        struct wim_res res;
    } rows[] = {
        { "its blob table", p->h.table },
        { "its XML", p->h.xml },
        { "its integrity table", p->h.integrity },
    };
    uint64_t end = 0, one;

    *ret_name = "nothing";
    for (size_t i = 0; i < ARRAY_LEN(rows) - !with_integrity; i++)
        if (!ADD_OVERFLOW(rows[i].res.off, rows[i].res.stored, &one) && one > end) {
            end = one;
            *ret_name = rows[i].name;
        }
    return end;
}

uint64_t wim_part_missing(const struct wim_part *p)
{
    const char *name;
    uint64_t end = part_end(p, true, &name);
    return end > p->blk->size ? end - p->blk->size : 0;
}

/* A file that was cut off is found before anything in it is read.  One that lacks nothing but its
 * integrity table can still be used. */
static int part_complete(const struct wim_part *p, struct wtg_err *err)
{
    const char *name;

    if (part_end(p, false, &name) <= p->blk->size)
        return 0;
    uint64_t end = part_end(p, true, &name);
    wtg_fail(err, WTG_E_IMAGE_DAMAGED,
             "'%s' is not complete: %s ends at byte %" PRIu64 ", the file at byte %" PRIu64
             ": %" PRIu64 " are missing",
             p->name, name, end, p->blk->size, end - p->blk->size);
    wtg_hint(err, "download or copy it again and compare its size and SHA-256 with what its "
                  "publisher says");
    return wim_stage(err, "file");
}

/* "install.swm" and 3 make "install3.swm". */
static char *part_name(const char *first, unsigned part, struct wtg_err *err)
{
    const char *dot = strrchr(first, '.');
    int stem = dot ? (int)(dot - first) : (int)strlen(first);
    char *name = NULL;

    if (asprintf(&name, "%.*s%u%s", stem, first, part, dot ? dot : "") < 0) {
        wtg_fail_nomem(err);
        return NULL;
    }
    return name;
}

static int part_missing(const struct wim_part *first, const char *name, unsigned part,
                        struct wtg_err *err)
{
    if (err->code != WTG_E_NOT_FOUND)
        return wtg_because(err, "part %u of %u", part, first->h.parts);
    wtg_fail(err, WTG_E_IMAGE_PART, "'%s' is part 1 of %u, and part %u, '%s', is not beside it",
             first->name, first->h.parts, part, name);
    return wtg_hint(err, "put all %u parts into one folder", first->h.parts);
}

static int part_check(const struct wim_part *first, const struct wim_part *p, unsigned part,
                      struct wtg_err *err)
{
    char want[GUID_TEXT_BYTES], found[GUID_TEXT_BYTES];

    guid_text(&first->h.guid, want);
    guid_text(&p->h.guid, found);
    if (memcmp(&p->h.guid, &first->h.guid, sizeof p->h.guid) != 0)
        wtg_fail(err, WTG_E_IMAGE_PART,
                 "'%s' belongs to another image than '%s': its GUID is %s, "
                 "not %s",
                 p->name, first->name, found, want);
    else if (p->h.part != part || p->h.parts != first->h.parts)
        wtg_fail(err, WTG_E_IMAGE_PART, "'%s' is part %u of %u, where part %u of %u should be",
                 p->name, p->h.part, p->h.parts, part, first->h.parts);
    else
        return 0;
    return wtg_hint(err, "put the parts of this image, and only those, into one folder");
}

static int part_add(struct wim *w, unsigned part, const struct wim_siblings *siblings,
                    struct wtg_err *err)
{
    struct wim_part *p = &w->part[w->nparts];

    p->name = part_name(w->part[0].name, part, err);
    if (!p->name)
        return err->code;
    int r = siblings->open(siblings->ctx, p->name, &p->blk, err);
    if (r < 0) {
        r = part_missing(&w->part[0], p->name, part, err);
        free(p->name);
        p->name = NULL;
        return r;
    }
    w->nparts++; /* from here on wim_free knows it */
    r = wim_header_read(p->blk, &p->h, err);
    if (r < 0)
        return wtg_because(err, "'%s'", p->name);
    r = part_complete(p, err);
    return r < 0 ? r : part_check(&w->part[0], p, part, err);
}

/* Makes room for all parts before it opens the second. */
static int parts_open(struct wim *w, const struct wim_siblings *siblings, struct wtg_err *err)
{
    struct wim_header h;
    int r = wim_header_read(w->part[0].blk, &h, err);

    if (r < 0)
        return wim_stage(err, "header");
    w->part[0].h = h;
    r = part_complete(&w->part[0], err);
    if (r < 0)
        return r;
    if (h.part != 1) {
        wtg_fail(err, WTG_E_IMAGE_PART, "this is part %u of a split image of %u", h.part, h.parts);
        return wtg_hint(err, "give the first part; the others are found beside it");
    }
    if (h.parts == 1)
        return 0;
    struct wim_part *all = mem_zeroed(h.parts, sizeof *all, err);
    if (!all)
        return err->code;
    all[0] = w->part[0];
    free(w->part);
    w->part = all;
    for (unsigned k = 2; r == 0 && k <= h.parts; k++)
        r = part_add(w, k, siblings, err);
    return r;
}

static int xml_load(struct wim *w, struct wtg_err *err)
{
    const struct wim_part *p = &w->part[0];
    struct wim_blob b = wim_blob_of(w, 0, p->h.xml);
    AUTO_FREE uint8_t *bytes = NULL;

    int r = wim_range_check(p, "its XML", p->h.xml.off, p->h.xml.stored, err);
    if (r == 0 && wim_cut_of(w, &b).chunk_bytes == 0 && b.stored != b.b.size_bytes)
        r = wtg_fail(err, WTG_E_IMAGE_DAMAGED, "%" PRIu64 " bytes stored for %" PRIu64, b.stored,
                     b.b.size_bytes);
    if (r == 0)
        r = wim_slurp(w, &b, WIM_MAX_XML_BYTES, &bytes, err);
    if (r == 0)
        r = wim_xml_parse((struct wtg_span){ bytes, (size_t)b.b.size_bytes }, p->h.images,
                          &w->arena, &w->info, err);
    if (r < 0)
        return wtg_because(err, "reading the XML of '%s'", p->name);
    w->nimages = p->h.images;
    return 0;
}

static int open_all(struct wim *w, const struct wim_siblings *siblings, struct wtg_err *err)
{
    if (parts_open(w, siblings, err) < 0)
        return wim_stage(err, "parts");
    /* The XML first: it says when an ESD is encrypted, and then nothing else makes sense. */
    if (xml_load(w, err) < 0)
        return wim_stage(err, "xml");
    return wim_table_load(w, err) < 0 ? wim_stage(err, "table") : 0;
}

int wim_open(struct blk *first, const char *name, const struct wim_siblings *siblings,
             struct wim **ret, struct wtg_err *err)
{
    struct wim *w = mem_zeroed(1, sizeof *w, err);
    if (!w) {
        blk_free(first);
        return err->code;
    }
    w->source.ops = &source_ops;
    pthread_mutex_init(&w->lock, NULL); /* cannot fail without attributes */
    w->part = mem_zeroed(1, sizeof *w->part, err);
    if (!w->part) {
        blk_free(first);
        wim_free(w);
        return err->code;
    }
    w->part[0].blk = first;
    w->nparts = 1;
    w->part[0].name = strdup(name);
    int r = w->part[0].name ? open_all(w, siblings, err) : wtg_fail_nomem(err);
    if (r < 0) {
        wim_free(w);
        return r;
    }
    *ret = w;
    return 0;
}
