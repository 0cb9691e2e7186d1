/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/mem.h"

int file_read_at(int fd, uint64_t off, void *p, size_t n, size_t *ret, struct wtg_err *err)
{
    size_t done = 0;

    while (done < n) {
        ssize_t got = pread(fd, (char *)p + done, n - done, (off_t)(off + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return wtg_fail_errno(err, errno, "cannot read at byte %" PRIu64, off + done);
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *ret = done;
    return 0;
}

int file_write_at(int fd, uint64_t off, const void *p, size_t n, struct wtg_err *err)
{
    for (size_t done = 0; done < n;) {
        ssize_t put = pwrite(fd, (const char *)p + done, n - done, (off_t)(off + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return wtg_fail_errno(err, put < 0 ? errno : ENOSPC, "cannot write at byte %" PRIu64,
                                  off + done);
        done += (size_t)put;
    }
    return 0;
}

int file_read(const char *path, size_t max, char **ret, size_t *ret_n, struct wtg_err *err)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    AUTO_FREE char *text = NULL;
    struct stat st;
    size_t n = 0;

    if (fd < 0 || fstat(fd, &st) < 0)
        return wtg_fail_errno(err, errno, "cannot open '%s'", path);
    if (!S_ISREG(st.st_mode))
        return wtg_fail(err, WTG_E_UNSUPPORTED, "'%s' is no file", path);
    if (st.st_size < 0 || (uint64_t)st.st_size > max)
        return wtg_fail(err, WTG_E_UNSUPPORTED,
                        "'%s' has %lld bytes, more than the %zu of any such file", path,
                        (long long)st.st_size, max);
    if (!(text = mem_zeroed((size_t)st.st_size + 1, 1, err)))
        return err->code;
    if (file_read_at(fd, 0, text, (size_t)st.st_size, &n, err) < 0)
        return wtg_because(err, "'%s'", path);
    *ret = TAKE_PTR(text);
    *ret_n = n;
    return 0;
}

int file_room(int fd, uint64_t bytes, const char *path, struct wtg_err *err)
{
    struct statvfs v;
    uint64_t free_bytes;

    if (fstatvfs(fd, &v) < 0)
        return 0; /* the write will tell */
    if (MUL_OVERFLOW((uint64_t)v.f_bavail, (uint64_t)v.f_frsize, &free_bytes) ||
        free_bytes >= bytes)
        return 0;
    wtg_fail(err, WTG_E_NO_SPACE, "'%s' needs %" PRIu64 " bytes more, and %" PRIu64 " are free",
             path, bytes, free_bytes);
    return wtg_hint(err, "make room there, or choose another place with --output");
}

int file_sync_folder(const char *path, struct wtg_err *err)
{
    const char *slash = strrchr(path, '/');
    AUTO_FREE char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");

    if (!folder)
        return wtg_fail_nomem(err);
    AUTO_FD fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Some file systems cannot do it: then there is nothing to wait for. */
    if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL && errno != ENOTSUP && errno != EROFS))
        return wtg_fail_errno(err, errno, "cannot write the folder '%s'", folder);
    return 0;
}

int file_take_name(const char *from, const char *to, struct wtg_err *err)
{
    int r = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);

    if (r < 0 && (errno == EINVAL || errno == ENOSYS)) /* not on this file system */
        r = access(to, F_OK) < 0 ? rename(from, to) : (errno = EEXIST, -1);
    if (r < 0 && errno == EEXIST)
        return wtg_fail(err, WTG_E_EXISTS, "'%s' has appeared meanwhile", to);
    if (r < 0)
        return wtg_fail_errno(err, errno, "cannot give '%s' the name '%s'", from, to);
    return file_sync_folder(to, err);
}
