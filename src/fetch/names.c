/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "fetch/fetch-priv.h"

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool is_folder(const char *path)
{
    struct stat st;
    size_t n = strlen(path);

    return (n > 0 && path[n - 1] == '/') || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

/* The name that the file has where it comes from. */
static int own_name(struct fetch *f, struct wtg_err *err)
{
    const struct wtg_fetch_opts *o = f->opts;
    const char *output = o->output && !is_folder(o->output) ? base_of(o->output) : NULL;
    const char *plain = o->name ? o->name : o->from ? base_of(o->from) : NULL;

    if (!plain && net_name(o->url[0], &f->name, err) == 0)
        return 0;
    if (!plain && !output) /* the address does not say it, and nobody else does */
        return err->code;
    *err = (struct wtg_err){ 0 };
    plain = plain ? plain : output;
    if (!net_is_name(plain))
        return wtg_fail(err, WTG_E_USAGE, "'%.200s' is no name for a file", plain);
    f->name = strdup(plain);
    return f->name ? 0 : wtg_fail_nomem(err);
}

static char *add(const char *a, const char *b, const char *c)
{
    char *text = NULL;

    return asprintf(&text, "%s%s%s", a, b, c) < 0 ? NULL : text;
}

int fetch_names(struct fetch *f, struct wtg_err *err)
{
    const char *output = f->opts->output ? f->opts->output : ".";

    if (own_name(f, err) < 0)
        return err->code;
    if (!f->opts->output)
        f->path = strdup(f->name);
    else if (is_folder(output))
        f->path = add(output, output[strlen(output) - 1] == '/' ? "" : "/", f->name);
    else
        f->path = strdup(output);
    f->part = f->path ? add(f->path, ".part", "") : NULL;
    f->log = f->path ? add(f->path, ".part.wtg", "") : NULL;
    if (!f->part || !f->log)
        return wtg_fail_nomem(err);
    if (strlen(f->path) >= WTG_FETCH_PATH)
        return wtg_fail(err, WTG_E_USAGE, "the path has more than %d characters",
                        WTG_FETCH_PATH - 1);
    snprintf(f->result->path, sizeof f->result->path, "%s", f->path);
    return 0;
}

int fetch_open_part(struct fetch *f, struct wtg_err *err)
{
    struct stat st;

    f->fd = open(f->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (f->fd < 0)
        return wtg_fail_errno(err, errno, "cannot make '%s'", f->part);
    if (fstat(f->fd, &st) < 0 || !S_ISREG(st.st_mode))
        return wtg_fail(err, WTG_E_EXISTS, "'%s' is no file", f->part);
    if (flock(f->fd, LOCK_EX | LOCK_NB) < 0) {
        wtg_fail(err, WTG_E_EXISTS, "another program is fetching '%s'", f->part);
        return wtg_hint(err, "wait for it, or choose another name with --output");
    }
    return 0;
}
