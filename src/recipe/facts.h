/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_FACTS_H
#define WTG_RECIPE_FACTS_H

#include "image/image.h"
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

#endif
