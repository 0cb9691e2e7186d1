/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_BROWSE_H
#define WTG_RECIPE_BROWSE_H

#include "wtg/files.h"

/* wtg/files.h says what each does. */
int browse_open(const char *path, const char *inside, unsigned index, struct wtg_files **ret,
                struct wtg_err *err) WTG_MUST_USE;
void browse_free(struct wtg_files *f);
bool browse_find(const struct wtg_files *f, const char *path, struct wtg_file *ret);
int browse_list(const struct wtg_files *f, const char *path,
                int (*each)(const char *name, const struct wtg_file *file, void *user), void *user,
                struct wtg_err *err) WTG_MUST_USE;
int browse_read(struct wtg_files *f, const char *path, uint64_t off, void *buf, size_t n,
                size_t *ret_n, struct wtg_err *err) WTG_MUST_USE;

#endif
