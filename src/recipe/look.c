/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/look.h"

#include <string.h>

#include "recipe/extract.h"
#include "recipe/facts.h"
#include "recipe/needs.h"

struct look {
    char *path;
    struct image *image;
    struct recipe_facts facts;
};

int look_new(const char *path, const char *inside, struct look **ret, struct wtg_err *err)
{
    struct look *l = mem_zeroed(1, sizeof *l, err);
    if (!l)
        return err->code;
    l->path = strdup(path);
    int r = l->path ? image_open(path, inside, &l->image, err) : wtg_fail_nomem(err);
    if (r == 0)
        r = recipe_facts_init(&l->facts, l->path, l->image, err);
    if (r < 0) {
        look_free(l);
        return r;
    }
    *ret = l;
    return 0;
}

void look_free(struct look *l)
{
    if (!l)
        return;
    recipe_facts_release(&l->facts);
    image_free(l->image);
    free(l->path);
    free(l);
}

const struct wtg_image_info *look_info(const struct look *l)
{
    return &l->facts.info;
}

static int tell(const struct tree_link *link, char *path, size_t cap,
                int (*each)(const struct wtg_entry *entry, void *user), void *user)
{
    const struct tree_node *n = link->node;
    const struct wtg_entry e = {
        .path = tree_path(link, path, cap),
        .size_bytes = tree_data_size(n),
        .attributes = n->attributes,
        .links = n->nlinks,
        .streams = n->nstreams - (n->nstreams > 0 && n->stream[0].name_len == 0),
        .written = n->written,
    };
    return each(&e, user);
}

enum { LIST_PATH_BYTES = 32768 * 3 }; /* the longest path of Windows, in UTF-8 */

/* Depth first without recursion: `mark` of a directory counts the children told so far. */
static int walk(struct tree *t, int (*each)(const struct wtg_entry *entry, void *user), void *user,
                struct wtg_err *err)
{
    AUTO_FREE char *path = malloc(LIST_PATH_BYTES);
    struct tree_node *at = t->root;

    if (!path)
        return wtg_fail_nomem(err);
    for (size_t i = 0; i < t->nnodes; i++)
        t->node[i]->mark = 0;
    if (tell(at->link, path, LIST_PATH_BYTES, each, user) != 0)
        return 0;
    for (;;) {
        if (at->mark == at->nchildren) {
            if (at == t->root)
                return 0;
            at = at->link->parent;
            continue;
        }
        struct tree_link *l = at->child[at->mark++];
        if (tell(l, path, LIST_PATH_BYTES, each, user) != 0)
            return 0;
        if (l->node->attributes & ATTR_DIRECTORY)
            at = l->node;
    }
}

int look_list(struct look *l, unsigned index,
              int (*each)(const struct wtg_entry *entry, void *user), void *user,
              struct wtg_err *err)
{
    uint32_t chosen = 0;
    struct tree *t = NULL;
    int r = image_select(l->image, index, NULL, &chosen, err);

    if (r == 0)
        r = image_load_tree(l->image, chosen, &t, err);
    if (r == 0)
        r = walk(t, each, user, err);
    tree_free(t);
    return r;
}

int look_extract(struct look *l, const char *const *path, size_t n,
                 const struct wtg_extract_opts *opts, struct wtg_job *job,
                 struct wtg_extract_report *ret, struct wtg_err *err)
{
    uint32_t chosen = 0;
    struct tree *t = NULL;
    int r = image_select(l->image, opts->index, NULL, &chosen, err);

    if (r == 0)
        r = image_load_tree(l->image, chosen, &t, err);
    if (r == 0)
        r = extract_run(t, path, n, opts, job, ret, err);
    tree_free(t);
    return r;
}

int look_needs(struct look *l, unsigned index, struct wtg_image_needs *ret, struct wtg_err *err)
{
    struct tree *t = NULL;
    int r = image_load_tree(l->image, index, &t, err);

    if (r == 0)
        r = needs_of(t, ret, err);
    tree_free(t);
    return r;
}
