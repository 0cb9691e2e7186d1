/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DISK_HOST_FILES_H
#define WTG_DISK_HOST_FILES_H

/* For this room and the preflight: looking into /sys, /proc and /dev of a host.  These files come
 * and go while one looks, so that one that is missing is an empty answer and no error. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "disk/host.h"

enum { HOST_PATH_BYTES = 1024, HOST_NAME_BYTES = 64 };

/* The path with the host's root before it. Returns `buf`. */
char *host_path(const struct disk_host *h, char buf[HOST_PATH_BYTES], const char *fmt, ...)
    WTG_PRINTF(3, 4);
bool host_exists(const struct disk_host *h, const char *fmt, ...) WTG_PRINTF(2, 3);
/* The file's first line without spaces around it, printable; false and "" when there is none. */
bool host_line(const struct disk_host *h, char *buf, size_t cap, const char *fmt, ...)
    WTG_PRINTF(4, 5);
/* A decimal number; 0 when there is none. */
uint64_t host_number(const struct disk_host *h, const char *fmt, ...) WTG_PRINTF(2, 3);
/* Where the path leads when all links are followed, without the host's root; false: nowhere. */
bool host_real(const struct disk_host *h, char buf[HOST_PATH_BYTES], const char *fmt, ...)
    WTG_PRINTF(3, 4);
/* A whole text file of at most 4 MiB, NUL-terminated; "" when there is none. */
int host_text(const struct disk_host *h, const char *path, char **ret,
              struct wtg_err *err) WTG_MUST_USE;

/* The names in a folder, sorted, without those that begin with a dot or are too long. */
struct host_names {
    char (*name)[HOST_NAME_BYTES];
    size_t n, cap;
};
int host_list(const struct disk_host *h, struct host_names *ret, struct wtg_err *err,
              const char *fmt, ...) WTG_PRINTF(4, 5) WTG_MUST_USE;
int host_names_add(struct host_names *names, const char *name, struct wtg_err *err) WTG_MUST_USE;
bool host_names_have(const struct host_names *names, const char *name);
void host_names_release(struct host_names *names);

/* What stands behind the last slash. */
const char *host_base(const char *path);

#endif
