/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "fetch/fetch-priv.h"
#include "fetch/file.h"

static int check_options(const struct wtg_fetch_opts *o, struct wtg_err *err)
{
    if (o->from && o->nurls > 0)
        return wtg_fail(err, WTG_E_USAGE, "'--from' is instead of an address, not beside it");
    if (!o->from && o->nurls == 0)
        return wtg_fail(err, WTG_E_USAGE, "nothing to fetch: give an address, --from or --catalog");
    if (o->nurls > WTG_FETCH_MAX_MIRRORS)
        return wtg_fail(err, WTG_E_USAGE, "at most %d addresses of one file",
                        WTG_FETCH_MAX_MIRRORS);
    for (size_t i = 0; i < o->nurls; i++)
        if (net_check_url(o->url[i], err) < 0)
            return err->code;
    return 0;
}

/* The final file is there already: fine when it is proved to be the one that was wanted. */
static int look_at_final(struct fetch *f, struct wtg_err *err)
{
    AUTO_FD fd = open(f->path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return wtg_fail_errno(err, errno, "cannot open '%s'", f->path);
    if (!S_ISREG(st.st_mode))
        return wtg_fail(err, WTG_E_EXISTS, "'%s' is there already, and no file", f->path);
    if (!proof_any(&f->proof)) {
        wtg_fail(err, WTG_E_EXISTS, "'%s' is there already, and no checksum was given to prove it",
                 f->path);
        return wtg_hint(err, "remove it, choose another name with --output, or give a checksum");
    }
    f->result->size_bytes = (uint64_t)st.st_size;
    f->result->was_there = true;
    int r = fetch_prove_file(f, fd, (uint64_t)st.st_size, err);
    if (r < 0 && r != WTG_E_CANCELLED) {
        wtg_because(err, "'%s' is there already, and is not what was asked for", f->path);
        wtg_hint(err, "remove it to fetch it anew, or choose another name with --output");
    }
    if (r == 0 && access(f->part, F_OK) < 0) /* of a run that ended between its last two steps */
        (void)unlink(f->log);
    return r;
}

int fetch_finish(struct fetch *f, uint64_t size, struct wtg_err *err)
{
    f->result->size_bytes = size;
    if (proof_judge(&f->proof, &f->sums, f->fd, size, f->job, f->result, err) < 0)
        return err->code;
    if (fsync(f->fd) < 0)
        return wtg_fail_errno(err, errno, "cannot write '%s'", f->part);
    return file_take_name(f->part, f->path, err);
}

static int carry_out(struct fetch *f, struct wtg_err *err)
{
    if (fetch_names(f, err) < 0)
        return err->code;
    const char *base = strrchr(f->path, '/') ? strrchr(f->path, '/') + 1 : f->path;
    const char *const names[] = { f->name, base, NULL };
    if (proof_prepare(&f->proof, f->opts, names, &f->net, f->job, err) < 0)
        return err->code;
    if (access(f->path, F_OK) == 0)
        return look_at_final(f, err);
    return f->opts->from ? fetch_import(f, err) : fetch_download(f, err);
}

int fetch_run(const struct wtg_fetch_opts *opts, struct wtg_job *job, struct wtg_fetch_result *ret,
              struct wtg_err *err)
{
    struct fetch f = {
        .opts = opts, .job = job, .result = ret, .fd = -1, .net = net_defaults(&opts->net)
    };
    double began = net_now();
    struct net_hold hold;

    *ret = (struct wtg_fetch_result){ .size_bytes = 0 };
    if (check_options(opts, err) < 0 || net_begin(&hold, err) < 0)
        return err->code;
    int r = carry_out(&f, err);
    net_end(&hold);
    ret->seconds = net_now() - began;
    if (f.fd >= 0)
        close(f.fd);
    sums_release(&f.sums);
    proof_release(&f.proof);
    free(f.name);
    free(f.path);
    free(f.part);
    free(f.log);
    return r;
}
