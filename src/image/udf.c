/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/udf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <udfread/blockinput.h>
#include <udfread/udfread.h>

#include "base/mem.h"
#include "image/iso.h"

/* Reads that one question may cost.  libudfread follows chains without counting; a chain that
 * bites its own tail ends here. */
enum {
    OPEN_BLOCKS = 65536, /* volume and directories: 128 MiB */
    FILE_BLOCKS = 64,    /* one file's descriptors: 16,000 extents */
    MAX_EXTENTS = 16384, /* of one file; a file on a written disc has one for each GiB */
};

struct udf {
    struct udfread_block_input input; /* first: libudfread gives it back to udf_read */
    struct blk *blk;
    udfread *fs;
    uint32_t blocks_left;
    struct wtg_err io; /* what went wrong below libudfread, which only hears "-1" */
};

static int udf_read(struct udfread_block_input *input, uint32_t lba, void *buf, uint32_t n,
                    int flags)
{
    struct udf *u = (struct udf *)input;

    (void)flags;
    if (n == 0 || n > u->blocks_left ||
        blk_read(u->blk, (uint64_t)lba * UDF_BLOCK_SIZE, buf, (size_t)n * UDF_BLOCK_SIZE, &u->io) <
            0)
        return -1;
    u->blocks_left -= n;
    return (int)n;
}

static uint32_t udf_size(struct udfread_block_input *input)
{
    return (uint32_t)min_u64(((struct udf *)input)->blk->size / UDF_BLOCK_SIZE, UINT32_MAX);
}

/* An error of libudfread: with the reason from below when there is one. */
static int udf_error(const struct udf *u, const char *what, struct wtg_err *err)
{
    if (u->io.code == 0)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "the UDF file system is damaged: %s", what);
    *err = u->io;
    return wtg_because(err, "%s", what);
}

int udf_open(struct blk *b, struct udf **ret, struct wtg_err *err)
{
    struct udf *u = mem_zeroed(1, sizeof *u, err);
    if (!u)
        return err->code;
    u->input.read = udf_read;
    u->input.size = udf_size;
    u->blk = b;
    u->blocks_left = OPEN_BLOCKS;
    u->fs = udfread_init();
    int r = u->fs ? 0 : wtg_fail_nomem(err);
    if (r == 0 && udfread_open_input(u->fs, &u->input) < 0)
        r = udf_error(u, "the volume does not open", err);
    if (r < 0) {
        udf_free(u);
        return r;
    }
    *ret = u;
    return 0;
}

void udf_free(struct udf *u)
{
    if (!u)
        return;
    udfread_close(u->fs);
    free(u);
}

/* The pieces of an open file, from the address of each of its blocks. */
static int extents_of(struct udf *u, UDFFILE *file, const char *path, struct blk **ret,
                      struct wtg_err *err)
{
    AUTO_FREE struct blk_extent *e = NULL;
    int64_t bytes = udfread_file_size(file);
    size_t n = 0, cap = 0;

    if (bytes < 0 || (uint64_t)bytes > u->blk->size)
        return iso_extent_check(u->blk, path, 0, (uint64_t)bytes, err);
    for (uint64_t done = 0; done < (uint64_t)bytes; done += UDF_BLOCK_SIZE) {
        uint64_t off =
            (uint64_t)udfread_file_lba(file, (uint32_t)(done / UDF_BLOCK_SIZE)) * UDF_BLOCK_SIZE;
        uint64_t part = min_u64(UDF_BLOCK_SIZE, (uint64_t)bytes - done);
        int r = iso_extent_check(u->blk, path, off, part, err);
        if (off == 0)
            r = wtg_fail(err, WTG_E_UNSUPPORTED,
                         "byte %" PRIu64 " of '%s' stands nowhere on the "
                         "disc",
                         done, path);
        if (r == 0 && n > 0 && e[n - 1].off + e[n - 1].size == off) {
            e[n - 1].size += part;
            continue;
        }
        if (r == 0 && n == MAX_EXTENTS)
            r = wtg_fail(err, WTG_E_UNSUPPORTED, "'%s' is in more than %d pieces", path,
                         MAX_EXTENTS);
        if (r == 0)
            r = mem_grow(&e, &cap, n, sizeof *e, err);
        if (r < 0)
            return r;
        e[n++] = (struct blk_extent){ off, part };
    }
    return blk_extents_new(u->blk, e, n, ret, err);
}

/* The entry called `want`, without case; points into the directory, which libudfread keeps. */
static const char *entry_of(UDFDIR *dir, const char *want, size_t n, unsigned *ret_type)
{
    struct udfread_dirent e;

    while (udfread_readdir(dir, &e))
        if (strlen(e.d_name) == n && strncasecmp(e.d_name, want, n) == 0) {
            *ret_type = e.d_type;
            return e.d_name;
        }
    return NULL;
}

static int file_in(struct udf *u, UDFDIR *dir, const char *name, const char *path, struct blk **ret,
                   struct wtg_err *err)
{
    u->blocks_left = FILE_BLOCKS;
    UDFFILE *file = udfread_file_openat(dir, name);
    if (!file)
        return udf_error(u, path, err);
    int r = extents_of(u, file, path, ret, err);
    udfread_file_close(file);
    return r;
}

/* Goes down one name; closes `*dir` and puts the next one there, or finds the file. */
static int step(struct udf *u, UDFDIR **dir, const char *name, size_t n, const char *path,
                char *written, struct blk **ret, struct wtg_err *err)
{
    unsigned type = 0;
    const char *entry = entry_of(*dir, name, n, &type);
    bool last = name[n] == '\0';

    if (!entry || (type == UDF_DT_DIR) == last)
        return wtg_fail(err, WTG_E_NOT_FOUND, "there is no '%s'", path);
    memcpy(written + strlen(written), entry, n); /* as long as `name`: there is room */
    if (last)
        return file_in(u, *dir, entry, path, ret, err);
    written[strlen(written)] = '/';
    UDFDIR *next = udfread_opendir_at(*dir, entry);
    if (!next)
        return udf_error(u, path, err);
    udfread_closedir(*dir);
    *dir = next;
    return 0;
}

int udf_find(struct udf *u, const char *path, struct blk **ret, char **ret_path,
             struct wtg_err *err)
{
    AUTO_FREE char *written = calloc(1, strlen(path) + 2);
    int r = written ? 0 : wtg_fail_nomem(err);
    struct blk *found = NULL;

    if (r < 0)
        return r;
    u->io = (struct wtg_err){ 0 };
    u->blocks_left = OPEN_BLOCKS;
    UDFDIR *dir = udfread_opendir(u->fs, "/");
    if (!dir)
        return udf_error(u, "the root directory does not open", err);
    while (r == 0 && !found) {
        path += strspn(path, "/\\");
        size_t n = strcspn(path, "/\\");
        r = step(u, &dir, path, n, path, written, &found, err);
        path += n;
    }
    udfread_closedir(dir);
    if (r < 0)
        return r;
    *ret = found;
    *ret_path = TAKE_PTR(written);
    return 0;
}
