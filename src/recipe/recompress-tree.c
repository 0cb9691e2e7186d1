/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "image/image.h"
#include "recipe/compact.h"
#include "recipe/facts.h"

/* What of an image is compressed anew, and what the tree says afterwards.
 *
 * Blobs of a solid resource can only be decoded together with their neighbours.  When one of them
 * is compressed, all that the tree wants of solid resources goes through the spool, so that the
 * image is decoded once and not a second time for the files that stay plain. */

struct choice {                   /* what happens to one blob */
    const struct tree_blob *blob; /* NULL: the tree does not want it */
    bool pack, solid;
    size_t item;                     /* 1 and up: among the items; 0: it stays in the image */
    const struct tree_blob *content; /* what it becomes where it is content */
    const struct tree_blob *stored;  /* what it becomes in compact files; NULL: they are plain */
};

struct plan {
    struct tree *tree;
    const struct compact_opts *o;
    struct compact *c;
    struct choice *choice; /* by the blob's order */
    size_t nchoices;
    struct recompress_item *item; /* by rising order */
    size_t nitems;
    struct tree_source *source; /* of what is decoded from the spool, or guessed */
};

/* What files of a Windows come to, table included.  Measured on programs and libraries, and rounded
 * up; for guesses only. */
static uint64_t typical_bytes(const struct ntfs_wof_form *f, uint64_t content)
{
    static const struct {
        enum codec_kind kind;
        uint32_t chunk_bytes, percent;
    } typical[] = {
        { CODEC_LZX, 32768, 45 },
        { CODEC_XPRESS, 16384, 50 },
        { CODEC_XPRESS, 8192, 54 },
        { CODEC_XPRESS, 4096, 60 },
    };
    size_t i = 0;

    while (i + 1 < ARRAY_LEN(typical) &&
           (typical[i].kind != f->kind || typical[i].chunk_bytes != f->chunk_bytes))
        i++;
    return content / 100 * typical[i].percent + content % 100;
}

uint64_t recompress_saves(const struct ntfs_wof_form *form, uint64_t content_bytes)
{
    return content_bytes - typical_bytes(form, content_bytes);
}

/* Choosing. */

static struct choice *choice_of(const struct plan *p, const struct tree_blob *b,
                                struct image_stored *ret)
{
    if (!b || b->size_bytes == 0 || b->content_bytes || !image_blob_stored(b, ret) ||
        b->order >= p->nchoices)
        return NULL;
    return &p->choice[b->order];
}

static void choose(struct plan *p, const struct tree_blob *b, bool pack)
{
    struct image_stored s;
    struct choice *c = choice_of(p, b, &s);

    if (!c)
        return;
    c->blob = b;
    c->pack |= pack;
    c->solid = s.solid;
}

static void choose_all(struct plan *p)
{
    for (size_t i = 0; i < p->tree->nnodes; i++) {
        const struct tree_node *n = p->tree->node[i];
        if (!n->link)
            continue;
        for (uint32_t k = 0; k < n->nstreams; k++)
            choose(p, n->stream[k].blob, k == 0 && n->mark == COMPACT_ANEW);
        choose(p, n->reparse, false);
    }
}

static int list_items(struct plan *p, struct wtg_err *err)
{
    bool solid = false;

    for (size_t i = 0; i < p->nchoices; i++)
        solid |= p->choice[i].pack && p->choice[i].solid;
    p->item = mem_zeroed(p->nchoices, sizeof *p->item, err);
    if (!p->item)
        return err->code;
    for (size_t i = 0; i < p->nchoices; i++) {
        struct choice *c = &p->choice[i];
        bool keep = solid && c->solid;
        if (!c->blob || !(c->pack || keep))
            continue;
        p->item[p->nitems++] =
            (struct recompress_item){ .blob = c->blob, .pack = c->pack, .keep = keep };
        c->item = p->nitems;
    }
    return 0;
}

static int make_choices(struct plan *p, struct wtg_err *err)
{
    struct image_stored s;

    for (size_t i = 0; i < p->tree->nnodes; i++) {
        const struct tree_node *n = p->tree->node[i];
        for (uint32_t k = 0; k < n->nstreams; k++)
            if (n->stream[k].blob && image_blob_stored(n->stream[k].blob, &s))
                p->nchoices = (size_t)max_u64(p->nchoices, n->stream[k].blob->order + 1);
        if (n->reparse && image_blob_stored(n->reparse, &s))
            p->nchoices = (size_t)max_u64(p->nchoices, n->reparse->order + 1);
    }
    p->choice = mem_zeroed(p->nchoices, sizeof *p->choice, err);
    if (!p->choice)
        return err->code;
    choose_all(p);
    return list_items(p, err);
}

/* Compressing. */

static int run(struct plan *p, struct wtg_err *err)
{
    const struct recompress_opts o = { .form = p->c->form,
                                       .memory_bytes = p->o->memory_bytes,
                                       .threads = p->o->threads,
                                       .job = p->o->job };
    size_t bad = p->nitems;
    uint64_t need = 0;

    for (size_t i = 0; i < p->nitems; i++) {
        uint64_t size = p->item[i].blob->size_bytes;
        need += p->item[i].pack ? typical_bytes(o.form, size) : size;
    }
    int r = spool_new(need, &p->c->spool, err);
    if (r == 0)
        r = recompress_run(p->item, p->nitems, &o, p->c->spool, &bad, err);
    if (r == WTG_E_IMAGE_DAMAGED || r == WTG_E_IMAGE_HASH)
        return bad < p->nitems ? recipe_blame_file(p->tree, p->item[bad].blob, err) : r;
    return r;
}

static int take_item(struct plan *p, struct choice *c, struct wtg_err *err)
{
    const struct recompress_item *it = &p->item[c->item - 1];
    struct tree_blob *content = NULL;

    p->c->compared_bytes += it->blob->size_bytes - (it->kept ? it->kept->size_bytes : 0);
    c->content = it->kept;
    if (!it->kept || !it->packed)
        return 0;
    if (recompress_is_worth(c->blob->size_bytes, it->kept->size_bytes))
        c->stored = it->kept;
    int r = ntfs_wof_content(p->tree, p->source, it->kept, p->c->form, c->blob->size_bytes,
                             &content, err);
    if (r < 0)
        return r;
    content->has_sha1 = c->blob->has_sha1;
    memcpy(content->sha1, c->blob->sha1, sizeof content->sha1);
    c->content = content;
    return 0;
}

static int take_items(struct plan *p, struct wtg_err *err)
{
    int r = 0;

    p->source = ntfs_wof_source_new(p->tree, err);
    if (!p->source)
        return err->code;
    for (size_t i = 0; i < p->nchoices && r == 0; i++)
        if (p->choice[i].item)
            r = take_item(p, &p->choice[i], err);
    return r;
}

/* Guessing. */

static int guess_read(struct tree_source *s, const struct tree_blob *b, uint64_t off, void *buf,
                      size_t n, struct wtg_err *err)
{
    (void)s, (void)b, (void)off, (void)buf, (void)n;
    return wtg_fail(err, WTG_E_BUG, "content whose size was only guessed is to be read");
}

static const struct tree_source_ops guess_ops = { .name = "guess", .read = guess_read };

static int guess_items(struct plan *p, struct wtg_err *err)
{
    p->c->estimated = true;
    p->source = arena_alloc(&p->tree->arena, sizeof *p->source, err);
    if (!p->source)
        return err->code;
    p->source->ops = &guess_ops;
    for (size_t i = 0; i < p->nchoices; i++) {
        struct choice *c = &p->choice[i];
        uint64_t size = c->blob ? typical_bytes(p->c->form, c->blob->size_bytes) : 0;
        if (!c->pack || !recompress_is_worth(c->blob->size_bytes, size))
            continue;
        struct tree_blob *b = arena_alloc(&p->tree->arena, sizeof *b, err);
        if (!b)
            return err->code;
        *b = (struct tree_blob){ .source = p->source, .size_bytes = size, .order = i };
        c->stored = b;
    }
    return 0;
}

/* The tree. */

static void exchange(const struct plan *p, const struct tree_blob **b)
{
    struct image_stored s;
    const struct choice *c = choice_of(p, *b, &s);

    if (c && c->content)
        *b = c->content;
}

static int exchange_all(struct plan *p, struct wtg_err *err)
{
    int r = 0;

    for (size_t i = 0; i < p->tree->nnodes && r == 0; i++) {
        struct tree_node *n = p->tree->node[i];
        struct image_stored s;
        const struct choice *c = n->mark == COMPACT_ANEW ? choice_of(p, tree_data(n), &s) : NULL;
        const struct tree_blob *stored = c && n->link ? c->stored : NULL;
        for (uint32_t k = 0; n->link && k < n->nstreams; k++)
            exchange(p, &n->stream[k].blob);
        if (n->link)
            exchange(p, &n->reparse);
        if (stored)
            r = compact_wrap(p->c, p->tree, n, stored, err);
    }
    for (size_t i = 0; i < p->nchoices; i++)
        if (p->choice[i].stored)
            p->c->made_bytes += p->choice[i].blob->size_bytes;
    return r;
}

int recompress_tree(struct tree *t, const struct compact_opts *o, struct compact *c,
                    struct wtg_err *err)
{
    struct plan p = { .tree = t, .o = o, .c = c };
    int r = make_choices(&p, err);

    if (r == 0)
        r = o->estimate ? guess_items(&p, err) : run(&p, err);
    if (r == 0 && !o->estimate)
        r = take_items(&p, err);
    if (r == 0)
        r = exchange_all(&p, err);
    free(p.choice);
    free(p.item);
    return r;
}
