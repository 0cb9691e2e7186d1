/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_LOOK_H
#define WTG_RECIPE_LOOK_H

#include "wtg/image.h"

/* The wish "look into an image": wtg/image.h says what each does. */
struct look;
int look_new(const char *path, const char *inside, struct look **ret, struct wtg_err *err) WTG_MUST_USE;
void look_free(struct look *l);
const struct wtg_image_info *look_info(const struct look *l);
int look_list(struct look *l, unsigned index,
              int (*each)(const struct wtg_entry *entry, void *user), void *user,
              struct wtg_err *err) WTG_MUST_USE;
int look_needs(struct look *l, unsigned index, struct wtg_image_needs *ret,
               struct wtg_err *err) WTG_MUST_USE;
int look_extract(struct look *l, const char *const *path, size_t n,
                 const struct wtg_extract_opts *opts, struct wtg_job *job,
                 struct wtg_extract_report *ret, struct wtg_err *err) WTG_MUST_USE;

#endif
