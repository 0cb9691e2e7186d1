/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs3g/ntfs3g.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <ntfs-3g/types.h>
#include <ntfs-3g/attrib.h>
#include <ntfs-3g/cache.h>
#include <ntfs-3g/device.h>
#include <ntfs-3g/dir.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/layout.h>
#include <ntfs-3g/reparse.h>
#include <ntfs-3g/security.h>
#include <ntfs-3g/volume.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "ntfs3g/device.h"
#include "tree/names.h"

struct ntfs3g {
    struct ntfs3g_device device;
    ntfs_volume *vol;
};

/* What the library says in errno, and what stood below it. */
static int said(struct ntfs3g *v, const char *path, const char *doing, struct wtg_err *err)
{
    int sys = errno ? errno : EIO;

    if (v->device.first.code) {
        *err = v->device.first;
        return wtg_because(err, "%s '%s'", doing, path);
    }
    if (sys == ENOENT)
        return wtg_fail(err, WTG_E_NOT_FOUND, "%s '%s': it is not there", doing, path);
    return wtg_fail(err,
                    sys == ENOMEM   ? WTG_E_NOMEM
                    : sys == ENOSPC ? WTG_E_NO_SPACE
                                    : WTG_E_VOLUME_DAMAGED,
                    "%s '%s': %s", doing, path, strerror(sys));
}

/* ---- The volume ------------------------------------------------------------------------- */

static int cannot_open(struct ntfs3g *v, struct wtg_err *err)
{
    int sys = errno;

    if (sys == EPERM || sys == EOPNOTSUPP) {
        wtg_fail(err, WTG_E_UNSUPPORTED, "Windows' volume is %s",
                 sys == EPERM ? "hibernated (fast startup): it must not be written"
                              : "not closed: changes wait in its log");
        return wtg_hint(
            err, sys == EPERM ? "start it and shut Windows down with Shift held, or remove what is "
                                "hibernated with '--only windows_fast_startup'"
                              : "let Windows start once, or run its chkdsk");
    }
    return said(v, "volume", "opening the NTFS", err);
}

int ntfs3g_open(struct blk *vol, unsigned flags, struct ntfs3g **ret, struct wtg_err *err)
{
    struct ntfs3g *v = mem_zeroed(1, sizeof *v, err);

    if (!v)
        return err->code;
    v->device.vol = vol;
    struct ntfs_device *dev = ntfs3g_device_new(&v->device);
    unsigned how = (flags & NTFS3G_PROVED ? NTFS_MNT_RECOVER : 0) |
                   (flags & NTFS3G_ASLEEP ? NTFS_MNT_IGNORE_HIBERFILE : 0);
    v->vol = dev ? ntfs_device_mount(dev, (ntfs_mount_flags)how) : NULL;
    if (!v->vol) {
        int r = dev ? cannot_open(v, err) : wtg_fail_nomem(err);
        if (dev)
            ntfs_device_free(dev);
        free(v);
        return r;
    }
    if (ntfs_set_ignore_case(v->vol) != 0) {
        ntfs3g_drop(v);
        return wtg_fail_nomem(err);
    }
    /* Without it libntfs-3g 2022.10.3 forgets to free names that it looks up; the volume frees it.
     */
    ntfs_create_lru_caches(v->vol);
    *ret = v;
    return 0;
}

int ntfs3g_close(struct ntfs3g *v, struct wtg_err *err)
{
    int r = 0;

    if (!v)
        return 0;
    errno = 0;
    if (ntfs_umount(v->vol, FALSE) != 0)
        r = said(v, "volume", "closing the NTFS", err);
    else if (v->device.first.code) {
        *err = v->device.first;
        r = wtg_because(err, "closing the NTFS volume");
    }
    free(v);
    return r;
}

void ntfs3g_drop(struct ntfs3g *v)
{
    if (v)
        ntfs_umount(v->vol, TRUE);
    free(v);
}

/* ---- Finding ---------------------------------------------------------------------------- */

enum { PATH_BYTES = 4096 };

static int slashes(const char *path, char out[PATH_BYTES], struct wtg_err *err)
{
    if (strlen(path) >= PATH_BYTES || strncmp(path, "...", 3) == 0)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "the path '%.100s...' is too long", path);
    size_t n = 0;
    for (; path[n]; n++)
        out[n] = path[n];
    out[n] = '\0';
    for (char *p = out; *p; p++)
        if (*p == '\\')
            *p = '/';
    return 0;
}

/* `*ret` NULL: it is not there. */
static int find(struct ntfs3g *v, const char *path, ntfs_inode **ret, struct wtg_err *err)
{
    char p[PATH_BYTES];
    int r = slashes(path, p, err);

    if (r < 0)
        return r;
    errno = 0;
    *ret = ntfs_pathname_to_inode(v->vol, NULL, p);
    return *ret || errno == ENOENT ? 0 : said(v, path, "looking for", err);
}

static int must_find(struct ntfs3g *v, const char *path, ntfs_inode **ret, struct wtg_err *err)
{
    int r = find(v, path, ret, err);

    if (r == 0 && !*ret)
        return wtg_fail(err, WTG_E_NOT_FOUND, "'%s' is not on the volume", path);
    return r;
}

static int close_inode(struct ntfs3g *v, ntfs_inode *ni, const char *path, int r,
                       struct wtg_err *err)
{
    errno = 0;
    if (ntfs_inode_close(ni) != 0 && r == 0)
        return said(v, path, "writing the record of", err);
    return r;
}

/* ---- Content ---------------------------------------------------------------------------- */

/* A file that a filter or the file system itself compresses becomes a plain one. */
static int make_plain(ntfs_inode *ni)
{
    static const ntfschar wof[] = { 'W', 'o', 'f', 'C', 'o', 'm', 'p', 'r', 'e',
                                    's', 's', 'e', 'd', 'D', 'a', 't', 'a', 0 };
    union {
        const ntfschar *in;
        ntfschar *out;
    } name = { .in = wof };
    ntfs_attr *na;

    if (!(ni->flags & (FILE_ATTR_REPARSE_POINT | FILE_ATTR_SPARSE_FILE | FILE_ATTR_COMPRESSED)))
        return 0;
    if ((ni->flags & FILE_ATTR_REPARSE_POINT) && ntfs_remove_ntfs_reparse_data(ni) != 0)
        return -1;
    if (ntfs_attr_exist(ni, AT_DATA, name.out, sizeof wof / sizeof wof[0] - 1) &&
        ntfs_attr_remove(ni, AT_DATA, name.out, sizeof wof / sizeof wof[0] - 1) != 0)
        return -1;
    na = ntfs_attr_open(ni, AT_DATA, AT_UNNAMED, 0);
    if (na && ntfs_attr_rm(na) != 0) {
        ntfs_attr_close(na);
        return -1;
    }
    if (na)
        ntfs_attr_close(na);
    ni->flags =
        (FILE_ATTR_FLAGS)(ni->flags & ~(uint32_t)(FILE_ATTR_REPARSE_POINT | FILE_ATTR_SPARSE_FILE |
                                                  FILE_ATTR_COMPRESSED));
    NInoSetDirty(ni);
    return ntfs_attr_add(ni, AT_DATA, AT_UNNAMED, 0, NULL, 0);
}

static int open_empty(struct ntfs3g *v, ntfs_inode *ni, const char *path, ntfs_attr **ret,
                      struct wtg_err *err)
{
    errno = 0;
    if (make_plain(ni) != 0)
        return said(v, path, "decompressing", err);
    ntfs_attr *na = ntfs_attr_open(ni, AT_DATA, AT_UNNAMED, 0);
    if (!na && errno == ENOENT && ntfs_attr_add(ni, AT_DATA, AT_UNNAMED, 0, NULL, 0) == 0)
        na = ntfs_attr_open(ni, AT_DATA, AT_UNNAMED, 0);
    if (!na)
        return said(v, path, "opening", err);
    if (ntfs_attr_truncate(na, 0) != 0) {
        ntfs_attr_close(na);
        return said(v, path, "emptying", err);
    }
    *ret = na;
    return 0;
}

static int put(struct ntfs3g *v, ntfs_attr *na, uint64_t off, const void *bytes, size_t n,
               const char *path, struct wtg_err *err)
{
    const uint8_t *p = bytes;

    while (n > 0) {
        errno = 0;
        s64 done = ntfs_attr_pwrite(na, (s64)off, (s64)n, p);
        if (done <= 0)
            return said(v, path, "writing", err);
        p += done;
        off += (uint64_t)done;
        n -= (size_t)done;
    }
    return 0;
}

int ntfs3g_write(struct ntfs3g *v, const char *path, const void *bytes, size_t n,
                 struct wtg_err *err)
{
    ntfs_inode *ni = NULL;
    ntfs_attr *na = NULL;
    int r = must_find(v, path, &ni, err);

    if (r < 0)
        return r;
    r = open_empty(v, ni, path, &na, err);
    if (r == 0) {
        r = put(v, na, 0, bytes, n, path, err);
        ntfs_attr_close(na);
    }
    return close_inode(v, ni, path, r, err);
}

/* At once when it is not too large: a read somewhere in a solid image costs all before it. */
enum { AT_ONCE_BYTES = 256 << 20, STEP_BYTES = 8 << 20 };

static int put_blob(struct ntfs3g *v, ntfs_attr *na, const struct tree_blob *b, const char *path,
                    struct wtg_err *err)
{
    AUTO_FREE uint8_t *buf = NULL;
    size_t n = 0;
    int r = 0;

    if (!b)
        return 0;
    if (b->size_bytes <= AT_ONCE_BYTES) {
        r = tree_blob_slurp(b, AT_ONCE_BYTES, &buf, &n, err);
        return r < 0 ? r : put(v, na, 0, buf, n, path, err);
    }
    buf = malloc(STEP_BYTES);
    if (!buf)
        return wtg_fail_nomem(err);
    for (uint64_t at = 0; r == 0 && at < b->size_bytes; at += n) {
        n = (size_t)min_u64(STEP_BYTES, b->size_bytes - at);
        r = tree_blob_read(b, at, buf, n, err);
        if (r == 0)
            r = put(v, na, at, buf, n, path, err);
    }
    return r;
}

/* ---- Everything about a file ------------------------------------------------------------ */

static int put_security(struct ntfs3g *v, ntfs_inode *ni, const struct tree_sd *sd)
{
    struct SECURITY_CONTEXT context = { .vol = v->vol };

    return sd ? ntfs_set_ntfs_acl(&context, ni, (const char *)sd->bytes, sd->size_bytes, 0) : 0;
}

enum {
    KEPT_ATTRIBUTES = ATTR_READONLY | ATTR_HIDDEN | ATTR_SYSTEM | ATTR_ARCHIVE | ATTR_NOT_INDEXED
};

static int put_head(struct ntfs3g *v, ntfs_inode *ni, const struct tree_node *n, const char *path,
                    struct wtg_err *err)
{
    uint32_t attributes = n->attributes & KEPT_ATTRIBUTES;

    errno = 0;
    if (put_security(v, ni, n->sd) != 0)
        return said(v, path, "setting the descriptor of", err);
    if (ntfs_set_ntfs_attrib(ni, (const char *)&attributes, sizeof attributes, 0) != 0)
        return said(v, path, "setting the attributes of", err);
    ni->creation_time = (sle64)n->created;
    ni->last_data_change_time = (sle64)n->written;
    ni->last_access_time = (sle64)n->accessed;
    ni->last_mft_change_time = (sle64)n->changed;
    NInoFileNameSetDirty(ni);
    NInoSetDirty(ni);
    return 0;
}

/* The directory in which it stands; made when it is missing. */
static int make(struct ntfs3g *v, const struct tree_link *l, const char *path, ntfs_inode **ret,
                struct wtg_err *err)
{
    char parent[PATH_BYTES];
    ntfs_inode *dir = NULL;
    int r = must_find(v, tree_path(l->parent->link, parent, sizeof parent), &dir, err);

    if (r < 0)
        return r;
    errno = 0;
    ntfs_inode *ni = ntfs_create(dir, 0, l->name, l->name_len,
                                 l->node->attributes & ATTR_DIRECTORY ? S_IFDIR : S_IFREG);
    if (!ni)
        r = said(v, path, "making", err);
    r = close_inode(v, dir, parent, r, err);
    if (r < 0 && ni)
        ntfs_inode_close(ni);
    else if (r == 0)
        *ret = ni;
    return r;
}

/* The library closes both when it is done. */
static int put_short_name(struct ntfs3g *v, const struct tree_link *l, const char *path,
                          struct wtg_err *err)
{
    char name[UTF16_MAX_UTF8(SHORT_NAME_MAX_UNITS)], parent[PATH_BYTES];
    ntfs_inode *ni = NULL, *dir = NULL;

    if (!l->short_len)
        return 0;
    utf16_to_utf8(l->short_name, l->short_len, name, sizeof name);
    int r = must_find(v, path, &ni, err);
    if (r == 0)
        r = must_find(v, tree_path(l->parent->link, parent, sizeof parent), &dir, err);
    if (r < 0) {
        if (ni)
            ntfs_inode_close(ni);
        return r;
    }
    errno = 0;
    if (ntfs_set_ntfs_dos_name(ni, dir, name, strlen(name), 0) != 0 && errno != EEXIST)
        return said(v, path, "setting the short name of", err);
    return 0;
}

static int put_all(struct ntfs3g *v, ntfs_inode *ni, const struct tree_node *n, const char *path,
                   struct wtg_err *err)
{
    ntfs_attr *na = NULL;
    int r = 0;

    if (!(n->attributes & ATTR_DIRECTORY)) {
        r = open_empty(v, ni, path, &na, err);
        if (r == 0) {
            r = put_blob(v, na, tree_data(n), path, err);
            ntfs_attr_close(na);
        }
    }
    return r < 0 ? r : put_head(v, ni, n, path, err);
}

static int restore_one(struct ntfs3g *v, const struct tree_link *l, bool content,
                       struct wtg_err *err)
{
    char path[PATH_BYTES];
    ntfs_inode *ni = NULL;
    int r = find(v, tree_path(l, path, sizeof path), &ni, err);
    bool made = r == 0 && !ni;

    if (made)
        r = make(v, l, path, &ni, err);
    if (r < 0 || !(made || content))
        return r < 0 ? r : close_inode(v, ni, path, 0, err);
    r = put_all(v, ni, l->node, path, err);
    r = close_inode(v, ni, path, r, err);
    return r == 0 && made ? put_short_name(v, l, path, err) : r;
}

enum { DEPTH_MAX = 128 }; /* Windows' own paths have 20 names at the most */

int ntfs3g_restore(struct ntfs3g *v, const struct tree_link *link, struct wtg_err *err)
{
    const struct tree_link *up[DEPTH_MAX];
    size_t n = 0;

    if (link->node->attributes & ATTR_REPARSE)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "reparse points are not restored");
    for (const struct tree_link *l = link; l->parent; l = l->parent->link) {
        if (n == DEPTH_MAX)
            return wtg_fail(err, WTG_E_UNSUPPORTED, "a path of more than %d names", DEPTH_MAX);
        up[n++] = l;
    }
    int r = 0;
    while (r == 0 && n-- > 0)
        r = restore_one(v, up[n], n == 0, err);
    return r;
}

/* ---- Removing --------------------------------------------------------------------------- */

int ntfs3g_remove(struct ntfs3g *v, const char *path, struct wtg_err *err)
{
    char parent[PATH_BYTES];
    const char *slash = strrchr(path, '\\');
    ntfs_inode *ni = NULL, *dir = NULL;
    AUTO_FREE uint16_t *name = NULL;
    size_t n = 0;

    if (!slash)
        return wtg_fail(err, WTG_E_BUG, "'%s' is no path", path);
    snprintf(parent, sizeof parent, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    int r = utf16_from_utf8(slash + 1, &name, &n, err);
    if (r == 0)
        r = must_find(v, path, &ni, err);
    if (r == 0)
        r = must_find(v, parent, &dir, err);
    if (r < 0) {
        if (ni)
            ntfs_inode_close(ni);
        return r;
    }
    errno = 0;
    if (ntfs_delete(v->vol, NULL, ni, dir, name, (u8)n) != 0) /* closes both */
        return said(v, path, "removing", err);
    return 0;
}
