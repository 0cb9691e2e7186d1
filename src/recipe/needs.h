/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_NEEDS_H
#define WTG_RECIPE_NEEDS_H

#include "tree/tree.h"
#include "wtg/image.h"

/* wtg_image_needs over a tree that is loaded; wtg_togo_support by what the image says of itself. */
int needs_of(const struct tree *t, struct wtg_image_needs *ret, struct wtg_err *err) WTG_MUST_USE;
enum wtg_togo needs_togo(const struct wtg_edition *e);

#endif
