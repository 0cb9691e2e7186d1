/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FETCH_FILE_H
#define WTG_FETCH_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Files as far as this room needs them: whole small ones, space, and names that are taken last. */

/* The whole file, with a NUL behind it.  NOT_FOUND; UNSUPPORTED when it has more than `max`. */
int file_read(const char *path, size_t max, char **ret, size_t *ret_n,
              struct wtg_err *err) WTG_MUST_USE;
/* Are `bytes` more free where `fd` lies?  NO_SPACE with both numbers when not. */
int file_room(int fd, uint64_t bytes, const char *path, struct wtg_err *err) WTG_MUST_USE;
int file_write_at(int fd, uint64_t off, const void *p, size_t n, struct wtg_err *err) WTG_MUST_USE;
/* Up to `n` bytes; `*ret` is less at the end of the file only. */
int file_read_at(int fd, uint64_t off, void *p, size_t n, size_t *ret,
                 struct wtg_err *err) WTG_MUST_USE;
/* Gives `from` the name `to`, on the medium; EXISTS when that name is taken. */
int file_take_name(const char *from, const char *to, struct wtg_err *err) WTG_MUST_USE;
/* Makes the names in the folder of `path` last. */
int file_sync_folder(const char *path, struct wtg_err *err) WTG_MUST_USE;

#endif
