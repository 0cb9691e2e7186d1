/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/compact.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "image/image.h"

enum {
    CLUSTER_BYTES = 4096,
    FIRST_BUILD = 10240,      /* Windows 10: the first that knows compact files */
    FIRST_AUTO_BUILD = 18362, /* Windows 10 1903: the first whose loader reads every form */
};

/* Nothing but content, in a resource of its own or at least in an image, and worth it. */
static bool is_candidate(const struct tree_node *n, struct image_stored *ret)
{
    const uint32_t odd = ATTR_DIRECTORY | ATTR_REPARSE | ATTR_SPARSE | ATTR_ENCRYPTED;
    const struct tree_blob *b = tree_data(n);

    return n->link && n->nstreams == 1 && b && !(n->attributes & odd) && !n->reparse && !n->efs &&
           b->size_bytes >= CLUSTER_BYTES && image_blob_stored(b, ret);
}

static bool stays_plain(const struct compact_rules *rules, const struct tree_node *n)
{
    for (const struct tree_link *l = n->link; l; l = l->next)
        if (compact_rules_match(rules, l))
            return true;
    return false;
}

int compact_wrap(struct compact *c, struct tree *t, struct tree_node *n,
                 const struct tree_blob *stored, struct wtg_err *err)
{
    uint64_t content = tree_data_size(n), bytes = stored->size_bytes;
    int r = c->reparse ? 0 : ntfs_wof_reparse_new(c->form, &c->reparse, err);

    if (r == 0)
        r = ntfs_wof_wrap(t, n, c->reparse, stored, err);
    c->files++;
    c->content_bytes += content;
    c->stored_bytes += bytes;
    c->saved_bytes +=
        (div_up(content, CLUSTER_BYTES) - div_up(bytes, CLUSTER_BYTES)) * CLUSTER_BYTES;
    return r;
}

struct work {
    struct tree *tree;
    const struct compact_rules *rules;
    bool anew; /* c->form is wanted by name; else it is the first that is met */
    struct compact *c;
    const struct tree_blob **stored; /* by the order of the content's blob */
    size_t nstored;
};

static const struct ntfs_wof_form *form_of(const struct image_stored *s)
{
    return s->solid ? NULL : ntfs_wof_form_of(s->kind, s->chunk_bytes);
}

static int wrap_as_it_stands(struct work *w, struct tree_node *n, struct wtg_err *err)
{
    const struct tree_blob *b = tree_data(n);
    int r = 0;

    if (!w->stored[b->order]) /* several files may hold the same content */
        r = image_stored_blob(b, &w->stored[b->order], err);
    return r < 0 ? r : compact_wrap(w->c, w->tree, n, w->stored[b->order], err);
}

static int look_at(struct work *w, struct tree_node *n, struct wtg_err *err)
{
    struct image_stored s;
    struct compact *c = w->c;

    n->mark = 0;
    if (!is_candidate(n, &s) || stays_plain(w->rules, n))
        return 0;
    const struct ntfs_wof_form *form = form_of(&s);
    if (form && !c->form)
        c->form = form;
    if (form && form == c->form)
        return recompress_is_worth(tree_data_size(n), s.stored_bytes) ? wrap_as_it_stands(w, n, err)
                                                                      : 0;
    n->mark = w->anew ? COMPACT_ANEW : 0;
    *(s.kind == CODEC_NONE ? &c->uncompressed_bytes : &c->other_bytes) += tree_data_size(n);
    return 0;
}

static int look_at_all(struct work *w, struct wtg_err *err)
{
    for (size_t i = 0; i < w->tree->nnodes; i++) {
        const struct tree_blob *b = tree_data(w->tree->node[i]);
        struct image_stored s;
        if (b && image_blob_stored(b, &s) && b->order >= w->nstored)
            w->nstored = (size_t)b->order + 1;
    }
    w->stored = mem_zeroed(w->nstored, sizeof *w->stored, err);
    int r = w->stored ? 0 : err->code;
    for (size_t i = 0; i < w->tree->nnodes && r == 0; i++)
        r = look_at(w, w->tree->node[i], err);
    free(w->stored);
    return r;
}

static int fail_build(uint32_t build, struct wtg_err *err)
{
    wtg_fail(err, WTG_E_UNSUPPORTED,
             "build %" PRIu32 " of Windows does not read compact files, only build %d and later do",
             build, FIRST_BUILD);
    return wtg_hint(err, "leave '--compact' away");
}

int compact_tree(struct tree *t, const struct compact_opts *o, struct compact *ret,
                 struct wtg_err *err)
{
    bool is_auto = strcasecmp(o->how, "auto") == 0;
    struct compact_rules rules = { 0 };
    struct work w = { .tree = t, .rules = &rules, .anew = !is_auto, .c = ret };

    *ret = (struct compact){ 0 };
    if (strcasecmp(o->how, "off") == 0 || (is_auto && o->build < FIRST_AUTO_BUILD))
        return 0;
    if (!is_auto && !(ret->form = ntfs_wof_form_named(o->how)))
        return wtg_fail(err, WTG_E_USAGE,
                        "'--compact' wants auto, off, lzx, xpress4k, xpress8k or xpress16k, not "
                        "'%.64s'",
                        o->how);
    if (o->boots && o->build && o->build < FIRST_BUILD)
        return fail_build(o->build, err);
    int r = compact_rules_for(&rules, t, o, err);
    if (r == 0)
        r = look_at_all(&w, err);
    if (r == 0 && !is_auto && ret->other_bytes + ret->uncompressed_bytes > 0)
        r = recompress_tree(t, o, ret, err);
    if (ret->files == 0)
        ret->form = NULL;
    compact_rules_release(&rules);
    return r;
}

void compact_release(struct compact *c)
{
    tree_memory_blob_free(c->reparse);
    spool_free(c->spool);
    *c = (struct compact){ 0 };
}
