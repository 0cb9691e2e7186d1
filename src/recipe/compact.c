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

static uint64_t clusters(uint64_t bytes)
{
    return div_up(bytes, CLUSTER_BYTES);
}

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

struct work {
    struct tree *tree;
    const struct compact_rules *rules;
    const struct ntfs_wof_form *form; /* that is wanted; NULL: the first that is met */
    struct compact *c;
    const struct tree_blob **stored; /* by the order of the content's blob */
    size_t nstored;
};

static const struct ntfs_wof_form *form_of(const struct image_stored *s)
{
    return s->solid ? NULL : ntfs_wof_form_of(s->kind, s->chunk_bytes);
}

static int wrap(struct work *w, struct tree_node *n, const struct image_stored *s,
                struct wtg_err *err)
{
    const struct tree_blob *b = tree_data(n);
    struct compact *c = w->c;
    int r = c->reparse ? 0 : ntfs_wof_reparse_new(w->form, &c->reparse, err);

    if (r == 0 && !w->stored[b->order]) /* several files may hold the same content */
        r = image_stored_blob(b, &w->stored[b->order], err);
    if (r == 0)
        r = ntfs_wof_wrap(w->tree, n, c->reparse, w->stored[b->order], err);
    c->form = w->form;
    c->files++;
    c->content_bytes += b->size_bytes;
    c->stored_bytes += s->stored_bytes;
    c->saved_bytes += (clusters(b->size_bytes) - clusters(s->stored_bytes)) * CLUSTER_BYTES;
    return r;
}

static int look_at(struct work *w, struct tree_node *n, struct wtg_err *err)
{
    struct image_stored s;

    if (!is_candidate(n, &s) || stays_plain(w->rules, n))
        return 0;
    const struct ntfs_wof_form *form = form_of(&s);
    if (form && !w->form)
        w->form = form;
    if (s.kind == CODEC_NONE)
        w->c->uncompressed_bytes += tree_data_size(n);
    else if (!form || form != w->form)
        w->c->other_bytes += tree_data_size(n);
    else if (clusters(s.stored_bytes) < clusters(tree_data_size(n)))
        return wrap(w, n, &s, err);
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

/* Says what to do: the image has the files, but in another form. */
static int fail_form(const char *how, struct wtg_err *err)
{
    wtg_fail(err, WTG_E_UNSUPPORTED,
             "no file stands in this image in the form '%s', so it can only be laid down plain",
             how);
    return wtg_hint(
        err, "'wimlib-imagex export IMAGE all new.wim --compress=LZX' makes an image that can "
             "be laid down compact");
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
    struct work w = { .tree = t, .rules = &rules, .c = ret };

    *ret = (struct compact){ 0 };
    if (strcasecmp(o->how, "off") == 0 || (is_auto && o->build < FIRST_AUTO_BUILD))
        return 0;
    if (!is_auto && !(w.form = ntfs_wof_form_named(o->how)))
        return wtg_fail(err, WTG_E_USAGE,
                        "'--compact' wants auto, off, lzx, xpress4k, xpress8k or xpress16k, not "
                        "'%.64s'",
                        o->how);
    if (o->boots && o->build && o->build < FIRST_BUILD)
        return fail_build(o->build, err);
    int r = compact_rules_for(&rules, t, o, err);
    if (r == 0)
        r = look_at_all(&w, err);
    if (r == 0 && !is_auto && !ret->form && ret->other_bytes + ret->uncompressed_bytes > 0)
        r = fail_form(o->how, err);
    compact_rules_release(&rules);
    return r;
}

void compact_release(struct compact *c)
{
    tree_memory_blob_free(c->reparse);
    *c = (struct compact){ 0 };
}
