/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk/host-files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "disk/text.h"

/* A machine with ten thousand mounts has about 2 MiB of mountinfo. */
enum { TEXT_MAX = 4 << 20 };

static char *path_v(const struct disk_host *h, char buf[HOST_PATH_BYTES], const char *fmt,
                    va_list ap) WTG_PRINTF(3, 0);
static char *path_v(const struct disk_host *h, char buf[HOST_PATH_BYTES], const char *fmt,
                    va_list ap)
{
    int n = snprintf(buf, HOST_PATH_BYTES, "%s", h && h->root ? h->root : "");
    size_t at = n < 0 || n >= HOST_PATH_BYTES ? HOST_PATH_BYTES - 1 : (size_t)n;

    vsnprintf(buf + at, HOST_PATH_BYTES - at, fmt, ap);
    return buf;
}

#define PATH_FROM_ARGS(h, buf, fmt)                                                                \
    do {                                                                                           \
        va_list ap_;                                                                               \
        va_start(ap_, fmt);                                                                        \
        path_v(h, buf, fmt, ap_);                                                                  \
        va_end(ap_);                                                                               \
    } while (0)

char *host_path(const struct disk_host *h, char buf[HOST_PATH_BYTES], const char *fmt, ...)
{
    PATH_FROM_ARGS(h, buf, fmt);
    return buf;
}

bool host_exists(const struct disk_host *h, const char *fmt, ...)
{
    char path[HOST_PATH_BYTES];

    PATH_FROM_ARGS(h, path, fmt);
    return access(path, F_OK) == 0;
}

static bool first_line(const char *path, char *buf, size_t cap)
{
    char raw[512];
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, raw, sizeof raw - 1);

    raw[n < 0 ? 0 : n] = 0;
    raw[strcspn(raw, "\n")] = 0;
    disk_printable(buf, cap, raw);
    return n >= 0;
}

bool host_line(const struct disk_host *h, char *buf, size_t cap, const char *fmt, ...)
{
    char path[HOST_PATH_BYTES];

    PATH_FROM_ARGS(h, path, fmt);
    return first_line(path, buf, cap);
}

uint64_t host_number(const struct disk_host *h, const char *fmt, ...)
{
    char path[HOST_PATH_BYTES], line[64];

    PATH_FROM_ARGS(h, path, fmt);
    return first_line(path, line, sizeof line) ? strtoull(line, NULL, 10) : 0;
}

bool host_real(const struct disk_host *h, char buf[HOST_PATH_BYTES], const char *fmt, ...)
{
    char path[HOST_PATH_BYTES], real[PATH_MAX], root[PATH_MAX] = "";

    PATH_FROM_ARGS(h, path, fmt);
    if (!realpath(path, real) || (h && h->root && h->root[0] && !realpath(h->root, root)))
        return false;
    size_t skip = strlen(root);
    if (strncmp(real, root, skip) != 0 || strlen(real + skip) >= HOST_PATH_BYTES)
        return false;
    memcpy(buf, real + skip, strlen(real + skip) + 1);
    return true;
}

int host_text(const struct disk_host *h, const char *path, char **ret, struct wtg_err *err)
{
    char full[HOST_PATH_BYTES];
    AUTO_FD fd = open(host_path(h, full, "%s", path), O_RDONLY | O_CLOEXEC);
    AUTO_FREE char *text = mem_zeroed(1, 1, err);
    size_t n = 0, cap = 0;

    if (!text)
        return err->code;
    while (fd >= 0 && n < TEXT_MAX) { /* files in /proc do not know their size */
        if (cap - n < 4096) {
            char *more = realloc(text, (cap += 65536) + 1);
            if (!more)
                return wtg_fail_nomem(err);
            text = more;
        }
        ssize_t got = read(fd, text + n, cap - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    text[n] = 0;
    *ret = TAKE_PTR(text);
    return 0;
}

int host_names_add(struct host_names *names, const char *name, struct wtg_err *err)
{
    size_t len = strlen(name);

    if (len >= HOST_NAME_BYTES)
        return 0;
    int r = mem_grow(&names->name, &names->cap, names->n, sizeof names->name[0], err);
    if (r == 0)
        memcpy(names->name[names->n++], name, len + 1);
    return r;
}

bool host_names_have(const struct host_names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->name[i], name) == 0)
            return true;
    return false;
}

void host_names_release(struct host_names *names)
{
    free(names->name);
    *names = (struct host_names){ 0 };
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

int host_list(const struct disk_host *h, struct host_names *ret, struct wtg_err *err,
              const char *fmt, ...)
{
    char path[HOST_PATH_BYTES];
    struct host_names names = { 0 };
    int r = 0;

    PATH_FROM_ARGS(h, path, fmt);
    DIR *d = opendir(path);
    for (struct dirent *e; d && r == 0 && (e = readdir(d));)
        if (e->d_name[0] != '.')
            r = host_names_add(&names, e->d_name, err);
    if (d)
        closedir(d);
    if (r < 0) {
        host_names_release(&names);
        return r;
    }
    if (names.n > 1)
        qsort(names.name, names.n, sizeof names.name[0], by_name);
    *ret = names;
    return 0;
}

const char *host_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
