/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk/refuse.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/mem.h"
#include "disk/text.h"

/* The path without links and dots; the file itself need not be there, its folder must. */
static int full_path(const char *path, char ret[PATH_MAX], struct wtg_err *err)
{
    char copy[PATH_MAX], again[PATH_MAX], folder[PATH_MAX];

    if (realpath(path, ret))
        return 0;
    if (errno != ENOENT)
        return wtg_fail_errno(err, errno, "looking for '%s'", path);
    snprintf(copy, sizeof copy, "%s", path); /* basename and dirname may write into theirs */
    snprintf(again, sizeof again, "%s", path);
    if (!realpath(dirname(copy), folder)) {
        wtg_fail_errno(err, errno, "looking for the folder of '%s'", path);
        return wtg_hint(err, "make the folder first, or give the path of one that exists");
    }
    if (snprintf(ret, PATH_MAX, "%s%s%s", folder, strcmp(folder, "/") ? "/" : "",
                 basename(again)) >= PATH_MAX)
        return wtg_fail(err, WTG_E_USAGE, "the path '%.100s...' is too long", path);
    return 0;
}

static int refuse_sources(const char *path, const struct stat *st,
                          const struct disk_target_opts *opts, struct wtg_err *err)
{
    for (size_t i = 0; i < opts->nsources; i++) {
        struct stat source;
        if (stat(opts->source[i], &source) == 0 && source.st_dev == st->st_dev &&
            source.st_ino == st->st_ino) {
            wtg_fail(err, WTG_E_TARGET, "'%s' is what is read from, it cannot be the target too",
                     path);
            return wtg_hint(err, "give the target another name");
        }
    }
    return 0;
}

/* `freed`: bytes that the file has now, which emptying it gives back. */
static int check_room(const char *path, uint64_t need, uint64_t freed, struct wtg_err *err)
{
    char copy[PATH_MAX], a[DISK_SIZE_TEXT_BYTES], b[DISK_SIZE_TEXT_BYTES];
    struct statvfs fs;

    snprintf(copy, sizeof copy, "%s", path);
    if (need == 0 || statvfs(dirname(copy), &fs) < 0)
        return 0;
    uint64_t have = (uint64_t)fs.f_bavail * fs.f_frsize + freed;
    if (need <= have)
        return 0;
    wtg_fail(err, WTG_E_NO_SPACE,
             "'%s' needs %s (%" PRIu64 " bytes), and %s (%" PRIu64 " bytes) are free there", path,
             disk_size_text(need, a), need, disk_size_text(have, b), have);
    return wtg_hint(err, "make room, or put the image file on another file system");
}

static int look_existing(const struct disk_host *host, const char *path, const struct stat *st,
                         const struct disk_target_opts *opts, struct wtg_err *err)
{
    AUTO_FREE struct disk_use *use = NULL;
    size_t n = 0;

    if (!S_ISREG(st->st_mode)) {
        wtg_fail(err, WTG_E_TARGET, "'%s' is %s, neither a disk nor an image file", path,
                 S_ISDIR(st->st_mode)    ? "a folder"
                 : S_ISCHR(st->st_mode)  ? "a character device"
                 : S_ISFIFO(st->st_mode) ? "a pipe"
                                         : "something special");
        return S_ISDIR(st->st_mode) ? wtg_hint(err, "add a file name: '%s/stick.img'", path)
                                    : err->code;
    }
    int r = refuse_sources(path, st, opts, err);
    if (r == 0)
        r = disk_file_uses(host, path, &use, &n, err);
    if (r == 0)
        r = disk_refuse_uses(path, use, n, err);
    if (r == 0)
        r = check_room(path, opts->need_bytes, (uint64_t)st->st_blocks * 512, err);
    return r;
}

int disk_look_file(const struct disk_host *host, const char *path,
                   const struct disk_target_opts *opts, struct disk_identity *ret,
                   struct wtg_err *err)
{
    char full[PATH_MAX];
    struct stat st = { 0 };
    uint32_t sector = opts->sector_bytes ? opts->sector_bytes : 512;

    int r = full_path(path, full, err);
    if (r < 0)
        return r;
    if (strncmp(full, "/dev/", 5) == 0 && strncmp(full, "/dev/shm/", 9) != 0 &&
        (stat(full, &st) < 0 || S_ISREG(st.st_mode))) {
        wtg_fail(err, WTG_E_TARGET, "'%s' is a plain file among the devices, no disk", full);
        return wtg_hint(err, "it was made by mistake, when the disk was not there; remove it");
    }
    bool exists = stat(full, &st) == 0;
    r = exists ? look_existing(host, full, &st, opts, err)
               : check_room(full, opts->need_bytes, 0, err);
    if (r < 0)
        return r;
    struct disk_identity id = {
        .bus = DISK_BUS_FILE,
        .size_bytes = (opts->size_bytes ? opts->size_bytes : (uint64_t)st.st_size),
        .sector_bytes = sector,
        .exists = exists,
    };
    id.size_bytes = id.size_bytes / sector * sector;
    if (id.size_bytes == 0) {
        wtg_fail(err, WTG_E_USAGE, "'%s' is a new or empty image file, and no size was given",
                 path);
        return wtg_hint(err, "add --size 64G, for example; it only takes as much room as is "
                             "written");
    }
    if (strlen(full) >= sizeof id.path)
        return wtg_fail(err, WTG_E_USAGE, "the path '%.100s...' is too long", path);
    memcpy(id.path, full, strlen(full) + 1);
    *ret = id;
    return 0;
}
