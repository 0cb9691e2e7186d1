/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "fetch/fetch-priv.h"
#include "fetch/file.h"

/* A file of this computer through the same checks. */

enum { STEP_BYTES = 1 << 20 };

/* Reads all of `from`, hashes it, and copies it to `to`, unless that is -1. */
static int pass(struct fetch *f, int from, int to, uint64_t size, const char *step,
                struct wtg_err *err)
{
    AUTO_FREE uint8_t *buffer = malloc(STEP_BYTES);
    struct wtg_progress p = { step, "bytes", 0, size };
    size_t got = 0;

    if (!buffer)
        return wtg_fail_nomem(err);
    for (; p.done < size; p.done += got) {
        size_t n = (size_t)min_u64(size - p.done, STEP_BYTES);
        if (wtg_tick(f->job, &p, err) < 0 || file_read_at(from, p.done, buffer, n, &got, err) < 0)
            return err->code;
        if (got < n)
            return wtg_fail(err, WTG_E_IO, "the file has become shorter meanwhile");
        sums_add(&f->sums, buffer, got);
        if (to >= 0 && file_write_at(to, p.done, buffer, got, err) < 0)
            return wtg_because(err, "'%s'", f->part);
    }
    sums_end(&f->sums);
    return wtg_tick(f->job, &p, err);
}

int fetch_prove_file(struct fetch *f, int fd, uint64_t size, struct wtg_err *err)
{
    if (sums_begin(&f->sums, proof_kinds(&f->proof), err) < 0)
        return err->code;
    if (sums_any(&f->sums) && pass(f, fd, -1, size, "prove", err) < 0)
        return err->code;
    return proof_judge(&f->proof, &f->sums, fd, size, f->job, f->result, err);
}

int fetch_import(struct fetch *f, struct wtg_err *err)
{
    AUTO_FD from = open(f->opts->from, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (from < 0 || fstat(from, &st) < 0)
        return wtg_fail_errno(err, errno, "cannot open '%s'", f->opts->from);
    if (!S_ISREG(st.st_mode))
        return wtg_fail(err, WTG_E_USAGE, "'%s' is no file", f->opts->from);
    uint64_t size = (uint64_t)st.st_size;
    f->result->size_bytes = size;
    if (f->opts->look_only) {
        f->result->looked_only = true;
        return 0;
    }
    if (fetch_open_part(f, err) < 0)
        return err->code;
    (void)unlink(f->log); /* of a download, whose bytes go now */
    if (file_room(f->fd, size, f->part, err) < 0)
        return err->code;
    if (ftruncate(f->fd, 0) < 0)
        return wtg_fail_errno(err, errno, "cannot empty '%s'", f->part);
    if (sums_begin(&f->sums, proof_kinds(&f->proof), err) < 0)
        return err->code;
    int r = pass(f, from, f->fd, size, "import", err);
    if (r == 0)
        r = fetch_finish(f, size, err);
    if (r < 0) { /* it is all here: nothing is lost */
        (void)unlink(f->part);
        return r;
    }
    return 0;
}
