/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_EXTRACT_H
#define WTG_RECIPE_EXTRACT_H

#include "tree/tree.h"
#include "wtg/image.h"

/* wtg_image_extract over a tree that is loaded. */
int extract_run(const struct tree *t, const char *const *path, size_t n,
                const struct wtg_extract_opts *opts, struct wtg_job *job,
                struct wtg_extract_report *ret, struct wtg_err *err) WTG_MUST_USE;

#endif
