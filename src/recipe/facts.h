/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_FACTS_H
#define WTG_RECIPE_FACTS_H

#include "image/image.h"
#include "tree/tree.h"
#include "wtg/image.h"

/* An image in the public words of wtg/image.h. */
struct recipe_facts {
    struct wtg_image_info info;
    struct wtg_edition *edition;
    struct arena words;
};
/* `path` and the image are borrowed: they must outlive `ret`. */
int recipe_facts_init(struct recipe_facts *ret, const char *path, const struct image *image,
                      struct wtg_err *err) WTG_MUST_USE;
void recipe_facts_release(struct recipe_facts *f);

/* printf into an arena; NULL when memory is out. */
const char *recipe_text(struct arena *a, struct wtg_err *err, const char *fmt, ...)
    WTG_PRINTF(3, 4);

/* An error about content becomes one about a file of the tree, with what to do about it. */
int recipe_blame_file(const struct tree *t, const struct tree_blob *b, struct wtg_err *err);
/* For buffers, when nobody said how much: a quarter of the memory, at most 2 GiB. */
uint64_t recipe_memory(uint64_t asked);

#endif
