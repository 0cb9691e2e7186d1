/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/recompress.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "disk/identity.h"

struct spool {
    struct tree_source source; /* first: blobs point here */
    int fd;
    struct arena arena; /* of blobs */
    char dir[PATH_MAX];
};

static int hint_room(struct wtg_err *err)
{
    return wtg_hint(err, "set TMPDIR to a folder with more room, or leave the files plain with "
                         "'--compact off'");
}

static int check_room(const struct spool *s, uint64_t need, struct wtg_err *err)
{
    char have_text[DISK_SIZE_TEXT_BYTES], need_text[DISK_SIZE_TEXT_BYTES];
    struct statvfs v;

    if (fstatvfs(s->fd, &v) < 0) /* then the writing tells */
        return 0;
    uint64_t have = (uint64_t)v.f_bavail * v.f_frsize;
    if (have >= need)
        return 0;
    wtg_fail(err, WTG_E_NO_SPACE, "'%s' has %s free, and compressing anew needs about %s there",
             s->dir, disk_size_text(have, have_text), disk_size_text(need, need_text));
    return hint_room(err);
}

/* A file that vanishes with this process, whatever ends it. */
static int open_unnamed(struct spool *s, struct wtg_err *err)
{
    char path[PATH_MAX + 16];

    s->fd = open(s->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (s->fd >= 0)
        return 0;
    snprintf(path, sizeof path, "%s/wtg-XXXXXX", s->dir); /* a file system without O_TMPFILE */
    s->fd = mkostemp(path, O_CLOEXEC);
    if (s->fd >= 0) {
        unlink(path);
        return 0;
    }
    wtg_fail_errno(err, errno, "cannot make a temporary file in '%s'", s->dir);
    return wtg_hint(err, "set TMPDIR to a folder that can be written to");
}

static int spool_source_read(struct tree_source *source, const struct tree_blob *b, uint64_t off,
                             void *buf, size_t n, struct wtg_err *err)
{
    return spool_read((struct spool *)source, b->cookie + off, buf, n, err);
}

static const struct tree_source_ops spool_ops = { .name = "spool", .read = spool_source_read };

int spool_new(uint64_t need_bytes, struct spool **ret, struct wtg_err *err)
{
    const char *dir = getenv("TMPDIR");
    struct spool *s = mem_zeroed(1, sizeof *s, err);

    if (!s)
        return err->code;
    s->source.ops = &spool_ops;
    s->fd = -1;
    snprintf(s->dir, sizeof s->dir, "%s", dir && dir[0] ? dir : "/var/tmp");
    int r = open_unnamed(s, err);
    if (r == 0)
        r = check_room(s, need_bytes, err);
    if (r < 0) {
        spool_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

void spool_free(struct spool *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    arena_release(&s->arena);
    free(s);
}

int spool_write(struct spool *s, uint64_t off, const void *bytes, size_t n, struct wtg_err *err)
{
    const uint8_t *p = bytes;

    while (n > 0) {
        ssize_t got = pwrite(s->fd, p, n, (off_t)off);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            int e = got < 0 ? errno : ENOSPC;
            wtg_fail_errno(err, e, "cannot write the temporary file in '%s'", s->dir);
            return e == ENOSPC ? hint_room(err) : err->code;
        }
        p += got;
        off += (uint64_t)got;
        n -= (size_t)got;
    }
    return 0;
}

int spool_read(struct spool *s, uint64_t off, void *bytes, size_t n, struct wtg_err *err)
{
    uint8_t *p = bytes;

    while (n > 0) {
        ssize_t got = pread(s->fd, p, n, (off_t)off);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return wtg_fail_errno(err, got < 0 ? errno : EIO,
                                  "cannot read the temporary file in '%s'", s->dir);
        p += got;
        off += (uint64_t)got;
        n -= (size_t)got;
    }
    return 0;
}

int spool_blob(struct spool *s, uint64_t off, uint64_t n, const uint8_t sha1[20],
               const struct tree_blob **ret, struct wtg_err *err)
{
    struct tree_blob *b = arena_alloc(&s->arena, sizeof *b, err);

    if (!b)
        return err->code;
    *b = (struct tree_blob){
        .source = &s->source, .size_bytes = n, .order = off, .cookie = off, .has_sha1 = true
    };
    memcpy(b->sha1, sha1, sizeof b->sha1);
    *ret = b;
    return 0;
}
