/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FILES_H
#define WTG_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wtg/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The files of one Windows, for whoever wants to walk through them and read here and there: a mount,
 * a window.  Read only.  Any number of threads may ask at once. */
struct wtg_files;

/* Opens one Windows of an image (see wtg_image_open and wtg_image_list), or an NTFS volume, as a
 * file or device.  IO, NOT_FOUND, PERMISSION, IMAGE_*, VOLUME_DAMAGED. */
WTG_API int wtg_files_open(const char *path, const char *inside, unsigned index,
                           struct wtg_files **ret, struct wtg_err *err) WTG_MUST_USE;
WTG_API void wtg_files_free(struct wtg_files *f); /* NULL is fine */

struct wtg_file {
    bool is_dir;
    uint64_t size_bytes; /* of the content; 0 of directories and links */
    uint32_t attributes; /* FILE_ATTRIBUTE_* */
    uint32_t links;
    uint64_t created, accessed, written; /* 100 ns since 1601-01-01 UTC */
};
/* Paths are UTF-8 with '/' or '\', compared without case where no name fits exactly.  False: there
 * is none. */
WTG_API bool wtg_files_find(const struct wtg_files *f, const char *path, struct wtg_file *ret);
/* Every name in a directory; stops when `each` returns anything but 0.  NOT_FOUND. */
WTG_API int wtg_files_list(const struct wtg_files *f, const char *path,
                           int (*each)(const char *name, const struct wtg_file *file, void *user),
                           void *user, struct wtg_err *err) WTG_MUST_USE;
/* Up to `n` bytes of the content from `off`; `*ret_n` is less at the end only.  NOT_FOUND, IO,
 * IMAGE_DAMAGED, UNSUPPORTED (a file that Windows keeps compressed on the volume). */
WTG_API int wtg_files_read(struct wtg_files *f, const char *path, uint64_t off, void *buf, size_t n,
                           size_t *ret_n, struct wtg_err *err) WTG_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
