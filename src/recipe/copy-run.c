/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/copy-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* A file that grows with the image has no end that we know. */
#define NO_END (UINT64_C(1) << 62)
enum { GROWN_BLOCK_BYTES = 4096 };

struct copy_run {
    struct copy *c;
    struct stream_target *stream; /* those that could be begun */
    size_t *of;                   /* which target each is */
    size_t n;
    struct wtg_write_state *state;
};

static void tell_state(const struct stream_target *t, size_t n, void *user)
{
    const struct copy_run *r = user;
    const struct copy *c = r->c;

    for (size_t i = 0; i < n; i++)
        r->state[r->of[i]] = (struct wtg_write_state){
            .path = c->target[r->of[i]].path,
            .phase = (enum wtg_write_phase)t[i].phase,
            .written_bytes = t[i].written_bytes,
            .proved_bytes = t[i].proved_bytes,
            .total_bytes = c->info.write_bytes,
        };
    c->opts.on_state(r->state, c->opts.ntargets, c->opts.user);
}

static int begin(struct copy_target *t, struct blk **ret, struct wtg_err *err)
{
    int r = disk_target_recheck(NULL, &t->target, &t->id, err);

    if (r == 0)
        r = disk_target_begin(&t->target, err);
    if (r < 0)
        return r;
    int fd = fcntl(t->target.fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return wtg_fail_errno(err, errno, "cannot use '%s' twice", t->path);
    return blk_from_fd(fd, t->limit_bytes ? t->id.size_bytes : NO_END, t->id.sector_bytes, ret,
                       err);
}

/* Up to whole blocks, which is how it is read back; its odd end comes last. */
static int grow(struct stream_target *s, uint64_t bytes, struct wtg_err *err)
{
    const struct copy_target *t = s->ctx;
    uint64_t size = round_up(bytes, GROWN_BLOCK_BYTES);

    if (ftruncate(t->target.fd, (off_t)size) < 0)
        return wtg_fail_errno(err, errno, "making '%s' %" PRIu64 " bytes long", t->path, size);
    s->blk->size = size;
    return 0;
}

static void begin_all(struct copy_run *r)
{
    struct copy *c = r->c;

    for (size_t i = 0; i < c->opts.ntargets; i++) {
        struct wtg_write_result *result = &c->result[i];
        struct blk *blk = NULL;
        *result = (struct wtg_write_result){ .path = c->target[i].path, .warning = "" };
        r->state[i] = (struct wtg_write_state){ .path = result->path, .phase = WTG_WRITE_FAILED };
        if (begin(&c->target[i], &blk, &result->err) < 0)
            continue;
        r->stream[r->n] = (struct stream_target){
            .blk = blk,
            .keeps_holes = c->target[i].target.is_file,
            .end_known = c->target[i].limit_bytes ? NULL : grow,
            .ctx = &c->target[i],
        };
        r->of[r->n++] = i;
    }
}

/* An image file is as long as was planned, to the byte; the kernel looks at a disk again. */
static void end_good(struct copy *c, struct copy_target *t, struct wtg_write_result *result)
{
    uint64_t bytes = t->limit_bytes ? t->limit_bytes
                     : c->bmap_path ? c->bmap.image_bytes
                                    : c->source.at;
    struct wtg_err err = { 0 };

    if (t->target.is_file && ftruncate(t->target.fd, (off_t)bytes) < 0)
        wtg_fail_errno(&result->err, errno, "making '%s' %" PRIu64 " bytes long", t->path, bytes);
    else if (t->target.is_file && fsync(t->target.fd) < 0)
        wtg_fail_errno(&result->err, errno, "waiting for '%s'", t->path);
    else if (disk_reread(&t->target, &err) < 0)
        snprintf(t->warning, sizeof t->warning, "%.190s", err.text);
    result->warning = t->warning;
}

/* What became of each.  A wrong image stays, without its first MiB; other halves of new image files
 * are removed. */
static void end_all(struct copy_run *r, int source_code)
{
    struct copy *c = r->c;

    for (size_t i = 0; i < r->n; i++) {
        const struct stream_target *s = &r->stream[i];
        struct copy_target *t = &c->target[r->of[i]];
        struct wtg_write_result *result = &c->result[r->of[i]];
        blk_free(s->blk);
        result->written_bytes = s->written_bytes;
        result->proved_bytes = s->proved_bytes;
        result->seconds = s->seconds;
        if (result->err.code == 0)
            result->err = s->err;
        if (result->err.code == 0 && source_code == 0)
            end_good(c, t, result);
        if ((result->err.code == 0 && source_code == 0) || source_code == WTG_E_IMAGE_HASH)
            disk_target_release(&t->target);
        else
            disk_target_discard(&t->target);
    }
}

static int first_failure(struct copy *c, struct wtg_write_report *ret, struct wtg_err *err)
{
    for (size_t i = 0; i < c->opts.ntargets; i++) {
        if (c->result[i].err.code == 0)
            continue;
        wtg_because(&c->result[i].err, "'%s'", c->result[i].path);
        if (ret->nfailed++ == 0)
            *err = c->result[i].err;
    }
    return ret->nfailed ? err->code : 0;
}

/* All fail for the same reason. */
static int fail_all(struct copy *c, struct wtg_write_report *ret, const struct wtg_err *err)
{
    ret->nfailed = c->opts.ntargets;
    ret->image_failed = true;
    for (size_t i = 0; i < c->opts.ntargets; i++) {
        c->result[i].path = c->target[i].path;
        c->result[i].warning = "";
        if (c->result[i].err.code == 0)
            c->result[i].err = *err;
    }
    return err->code;
}

/* The source was no good: what that means for the targets. */
static void explain(struct copy *c, struct wtg_err *err)
{
    if (err->code == WTG_E_CANCELLED)
        return;
    wtg_because(err, "'%s'", c->opts.image);
    size_t used = strlen(err->text);
    snprintf(
        err->text + used, sizeof err->text - used,
        err->code == WTG_E_IMAGE_HASH
            ? "; the target holds a wrong image, whose first MiB was wiped so that it does not boot"
            : "; the target does not hold the image and does not boot");
}

static int stream_all(struct copy_run *r, struct wtg_job *job, struct wtg_err *err)
{
    struct copy *c = r->c;
    const struct stream_source source = {
        .ctx = &c->source,
        .read = copy_source_read,
        .look = c->source.content || c->source.range_hash ? copy_source_look : NULL,
        .verdict = copy_source_verdict,
    };
    const struct stream_opts opts = {
        .memory_bytes = c->opts.memory_bytes,
        .total_bytes = c->info.write_bytes,
        .no_verify = c->opts.no_verify,
        .on_state = c->opts.on_state ? tell_state : NULL,
        .user = r,
    };
    begin_all(r);
    int code = r->n ? stream_run(&source, r->stream, r->n, &opts, job, err) : 0;
    end_all(r, code);
    return code;
}

int copy_run(struct copy *c, struct wtg_job *job, struct wtg_write_report *ret, struct wtg_err *err)
{
    size_t n = c->opts.ntargets;
    AUTO_FREE struct stream_target *stream = mem_zeroed(n, sizeof *stream, err);
    AUTO_FREE size_t *of = mem_zeroed(n, sizeof *of, err);
    AUTO_FREE struct wtg_write_state *state = mem_zeroed(n, sizeof *state, err);
    struct copy_run r = { .c = c, .stream = stream, .of = of, .state = state };

    int code = 0;

    *ret = (struct wtg_write_report){ .result = c->result, .nresults = n };
    if (!stream || !of || !state)
        code = wtg_fail_nomem(err);
    else if (c->opts.look_only)
        code = wtg_fail(err, WTG_E_BUG, "a plan that was only to be looked at is to be run");
    if (code < 0)
        return fail_all(c, ret, err);
    code = stream_all(&r, job, err);
    ret->image_bytes = c->bmap_path ? c->bmap.image_bytes : c->source.at;
    memcpy(ret->sha256, c->source.sha256, sizeof ret->sha256);
    if (code == 0)
        return first_failure(c, ret, err);
    explain(c, err);
    return fail_all(c, ret, err);
}
