/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/extract.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/utf16.h"
#include "recipe/facts.h"

/* Files of an image onto this computer.  What was asked for stands directly below the target, with
 * what is in it; names come from the image and are not trusted: every folder is opened by its
 * single name, links are never followed, and no file that is there is touched.  Content is read in
 * the order of the image, whatever the order of names. */

enum {
    PIECE_BYTES = 1024 * 1024,
    PATH_BYTES = 32768 * 3, /* the longest path of Windows, in UTF-8 */
    DEPTH_MAX = 1024,       /* as the reader of images has it */
};

struct item {
    const struct tree_link *link;
    const struct tree_link *top; /* what was asked for: the path begins with its name */
};

struct extract {
    const struct tree *t;
    const struct wtg_extract_opts *opts;
    struct wtg_job *job;
    struct wtg_extract_report report;
    uint64_t total;
    struct item *item;
    size_t n, cap;
    int root; /* the folder to write into; -1: to opts->fd */
    uint8_t *buf;
};

/* What was asked for. */

static int add(struct extract *x, const struct tree_link *link, const struct tree_link *top,
               struct wtg_err *err)
{
    int r = mem_grow(&x->item, &x->cap, x->n, sizeof *x->item, err);
    if (r == 0)
        x->item[x->n++] = (struct item){ link, top };
    return r;
}

/* A link and everything below it: `item` itself is the list of what is still to be opened. */
static int add_all(struct extract *x, const struct tree_link *top, struct wtg_err *err)
{
    size_t at = x->n;
    int r = add(x, top, top, err);

    for (; r == 0 && at < x->n; at++) {
        const struct tree_node *n = x->item[at].link->node;
        for (uint32_t i = 0; r == 0 && i < n->nchildren; i++)
            r = add(x, n->child[i], top, err);
    }
    return r;
}

/* Which folders a pattern may lie in is not worth knowing: a tree has 0.2 million names. */
static int add_matches(struct extract *x, const char *pattern, struct wtg_err *err)
{
    AUTO_FREE char *want = strdup(pattern), *path = malloc(PATH_BYTES);
    size_t before = x->n;
    int r = want && path ? 0 : wtg_fail_nomem(err);

    for (char *p = want; r == 0 && *p; p++)
        if (*p == '\\')
            *p = '/';
    for (size_t i = 0; r == 0 && i < x->t->nnodes; i++)
        for (const struct tree_link *l = x->t->node[i]->link; l && r == 0; l = l->next) {
            if (!l->parent)
                continue;
            tree_path(l, path, PATH_BYTES);
            for (char *p = path; *p; p++)
                if (*p == '\\')
                    *p = '/';
            const char *from = want[0] == '/' ? path : path + 1;
            if (fnmatch(want, from, FNM_PATHNAME | FNM_CASEFOLD | FNM_NOESCAPE) == 0)
                r = add_all(x, l, err);
        }
    if (r == 0 && x->n == before) {
        wtg_fail(err, WTG_E_NOT_FOUND, "the image has no '%s'", pattern);
        return wtg_hint(err, "'wtg image list' shows all names");
    }
    return r;
}

static int choose(struct extract *x, const char *path, struct wtg_err *err)
{
    const struct tree_link *l = tree_find(x->t, path);

    if (!l)
        return add_matches(x, path, err);
    if (l->parent)
        return add_all(x, l, err);
    int r = 0; /* the root: everything in it */
    for (uint32_t i = 0; r == 0 && i < l->node->nchildren; i++)
        r = add_all(x, l->node->child[i], err);
    return r;
}

static bool is_dir(const struct item *i)
{
    return i->link->node->attributes & ATTR_DIRECTORY;
}

/* Folders first, each before what is in it, as they were found; then files as they stand. */
static int by_place(const void *pa, const void *pb)
{
    const struct item *a = pa, *b = pb;
    const struct tree_blob *ba = tree_data(a->link->node), *bb = tree_data(b->link->node);
    uint64_t oa = ba ? ba->order + 1 : 0, ob = bb ? bb->order + 1 : 0;

    return (oa > ob) - (oa < ob);
}

static int fail_file(const struct item *i, int sys, const char *what, struct wtg_err *err)
{
    char path[512];
    if (sys == EEXIST) {
        wtg_fail(err, WTG_E_EXISTS, "'%s' is there already", tree_path(i->link, path, sizeof path));
        return wtg_hint(err, "choose an empty folder with --output");
    }
    return wtg_fail_errno(err, sys, "%s '%s'", what, tree_path(i->link, path, sizeof path));
}

/* Folders. */

static int name_of(const struct tree_link *l, char name[UTF16_MAX_UTF8(255)], struct wtg_err *err)
{
    utf16_to_utf8(l->name, l->name_len, name, UTF16_MAX_UTF8(255));
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strchr(name, '/') || !*name)
        return wtg_fail(err, WTG_E_IMAGE_NAME, "'%s' is no name of a file", name);
    return 0;
}

/* Opens the folder that an item stands in. */
static int open_parent(const struct extract *x, const struct item *i, int *ret, struct wtg_err *err)
{
    const struct tree_link *way[DEPTH_MAX];
    char name[UTF16_MAX_UTF8(255)];
    size_t depth = 0;

    for (const struct tree_link *l = i->link; l != i->top; way[depth++] = l) {
        l = l->parent->link;
        if (depth == DEPTH_MAX)
            return wtg_fail(err, WTG_E_IMAGE_NAME, "more than %d folders in folders", DEPTH_MAX);
    }
    AUTO_FD at = fcntl(x->root, F_DUPFD_CLOEXEC, 0);
    while (depth > 0 && at >= 0) {
        int r = name_of(way[--depth], name, err);
        if (r < 0)
            return r;
        int next = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next < 0)
            return fail_file(i, errno, "cannot open the folder of", err);
        close(at);
        at = next;
    }
    if (at < 0)
        return fail_file(i, errno, "cannot open the folder of", err);
    *ret = TAKE_FD(at);
    return 0;
}

static struct timespec time_of(uint64_t t)
{
    const uint64_t epoch = UINT64_C(116444736000000000);
    uint64_t since = t > epoch ? t - epoch : 0;
    return (struct timespec){ .tv_sec = (time_t)(since / 10000000),
                              .tv_nsec = (long)(since % 10000000) * 100 };
}

static int make_folder(struct extract *x, const struct item *i, struct wtg_err *err)
{
    char name[UTF16_MAX_UTF8(255)];
    AUTO_FD dir = -1;
    int r = open_parent(x, i, &dir, err);

    if (r == 0)
        r = name_of(i->link, name, err);
    if (r == 0 && mkdirat(dir, name, 0777) < 0)
        r = fail_file(i, errno, "cannot make", err);
    if (r == 0)
        x->report.directories++;
    return r;
}

/* Files. */

static int write_all(int fd, const uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? errno : EIO;
        p += done;
        n -= (size_t)done;
    }
    return 0;
}

static int copy(struct extract *x, const struct item *i, int fd, struct wtg_err *err)
{
    const struct tree_blob *b = tree_data(i->link->node);
    uint8_t digest[SHA1_BYTES];
    struct hash *h = NULL;
    int r = hash_new(HASH_SHA1, &h, err);

    for (uint64_t off = 0; r == 0 && b && off < b->size_bytes; off += PIECE_BYTES) {
        size_t n = (size_t)min_u64(PIECE_BYTES, b->size_bytes - off);
        r = tree_blob_read(b, off, x->buf, n, err);
        if (r < 0)
            break;
        hash_add(h, x->buf, n);
        int sys = write_all(fd, x->buf, n);
        if (sys)
            r = fail_file(i, sys, "cannot write", err);
        x->report.bytes += n;
        const struct wtg_progress p = { "extract", "bytes", x->report.bytes, x->total };
        if (r == 0)
            r = wtg_tick(x->job, &p, err);
    }
    if (r == 0 && b && b->has_sha1) {
        hash_end(h, digest);
        if (memcmp(digest, b->sha1, sizeof digest) != 0)
            r = wtg_fail(err, WTG_E_IMAGE_HASH, "its SHA-1 is not the one the image promises");
    }
    hash_free(h);
    return r < 0 && (r == WTG_E_IMAGE_HASH || r == WTG_E_IMAGE_DAMAGED)
               ? recipe_blame_file(x->t, b, err)
               : r;
}

/* What a file of this computer cannot hold is counted. */
static bool is_plain(struct extract *x, const struct tree_node *n)
{
    for (uint32_t s = 0; s < n->nstreams; s++)
        x->report.streams_left += n->stream[s].name_len > 0;
    bool special = (n->attributes & ATTR_REPARSE) || n->efs;
    x->report.links_left += special;
    return !special;
}

static int make_file(struct extract *x, const struct item *i, struct wtg_err *err)
{
    const struct tree_node *node = i->link->node;
    char name[UTF16_MAX_UTF8(255)];
    AUTO_FD dir = -1;

    if (!is_plain(x, node))
        return 0;
    int r = open_parent(x, i, &dir, err);
    if (r == 0)
        r = name_of(i->link, name, err);
    if (r < 0)
        return r;
    AUTO_FD fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0)
        return fail_file(i, errno, "cannot make", err);
    r = copy(x, i, fd, err);
    const struct timespec times[2] = { time_of(node->accessed), time_of(node->written) };
    if (r == 0 && futimens(fd, times) < 0 && errno != ENOTSUP)
        r = fail_file(i, errno, "cannot set the time of", err);
    if (r < 0)
        unlinkat(dir, name, 0); /* half a file is none */
    else
        x->report.files++;
    return r;
}

static int to_stream(struct extract *x, struct wtg_err *err)
{
    for (size_t k = 0; k < x->n; k++) {
        if (is_dir(&x->item[k]))
            return wtg_fail(err, WTG_E_USAGE, "a folder cannot go to standard output");
        if (!is_plain(x, x->item[k].link->node))
            continue;
        int r = copy(x, &x->item[k], x->opts->fd, err);
        if (r < 0)
            return r;
        x->report.files++;
    }
    return 0;
}

static int to_folder(struct extract *x, struct wtg_err *err)
{
    int r = 0;

    if (mkdir(x->opts->to, 0777) < 0 && errno != EEXIST)
        return wtg_fail_errno(err, errno, "cannot make '%s'", x->opts->to);
    x->root = open(x->opts->to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (x->root < 0)
        return wtg_fail_errno(err, errno, "cannot open '%s'", x->opts->to);
    size_t folders = 0; /* to the front: they keep their order, that of files does not count */
    for (size_t k = 0; k < x->n; k++)
        if (is_dir(&x->item[k])) {
            struct item dir = x->item[k];
            x->item[k] = x->item[folders];
            x->item[folders++] = dir;
        }
    qsort(x->item + folders, x->n - folders, sizeof *x->item, by_place);
    for (size_t k = 0; k < x->n && r == 0; k++)
        r = k < folders ? make_folder(x, &x->item[k], err) : make_file(x, &x->item[k], err);
    close(x->root);
    return r;
}

int extract_run(const struct tree *t, const char *const *path, size_t n,
                const struct wtg_extract_opts *opts, struct wtg_job *job,
                struct wtg_extract_report *ret, struct wtg_err *err)
{
    struct extract x = { .t = t, .opts = opts, .job = job, .root = -1 };
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++)
        r = choose(&x, path[i], err);
    for (size_t i = 0; i < x.n; i++)
        x.total += tree_data_size(x.item[i].link->node);
    AUTO_FREE uint8_t *buf = x.buf = malloc(PIECE_BYTES);
    if (!buf && r == 0)
        r = wtg_fail_nomem(err);
    if (r == 0)
        r = opts->to ? to_folder(&x, err) : to_stream(&x, err);
    free(x.item);
    if (r == 0)
        *ret = x.report;
    return r;
}
