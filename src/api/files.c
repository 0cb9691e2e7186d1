/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/browse.h"

int wtg_files_open(const char *path, const char *inside, unsigned index, struct wtg_files **ret,
                   struct wtg_err *err)
{
    return browse_open(path, inside, index, ret, err);
}

void wtg_files_free(struct wtg_files *f)
{
    browse_free(f);
}

bool wtg_files_find(const struct wtg_files *f, const char *path, struct wtg_file *ret)
{
    return browse_find(f, path, ret);
}

int wtg_files_list(const struct wtg_files *f, const char *path,
                   int (*each)(const char *name, const struct wtg_file *file, void *user),
                   void *user, struct wtg_err *err)
{
    return browse_list(f, path, each, user, err);
}

int wtg_files_read(struct wtg_files *f, const char *path, uint64_t off, void *buf, size_t n,
                   size_t *ret_n, struct wtg_err *err)
{
    return browse_read(f, path, off, buf, n, ret_n, err);
}
