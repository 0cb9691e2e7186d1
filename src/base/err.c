/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/err.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int code;
    int exit;
    const char *name;
    const char *text;
} rows[] = {
#define E(name, num, exit, text) { -(num), exit, #name, text },
    WTG_ERRORS(E)
#undef E
};

static size_t row_of(int code)
{
    size_t bug = 0;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].code == code)
            return i;
        if (rows[i].code == WTG_E_BUG)
            bug = i;
    }
    return bug;
}

const char *wtg_code_name(int code)
{
    return rows[row_of(code)].name;
}

int wtg_code_exit(int code)
{
    return code == 0 ? 0 : rows[row_of(code)].exit;
}

const char *wtg_code_text(int code)
{
    return rows[row_of(code)].text;
}

int wtg_fail(struct wtg_err *err, int code, const char *fmt, ...)
{
    va_list ap;

    *err = (struct wtg_err){ .code = code };
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    return code;
}

static int code_of_errno(int sys)
{
    switch (sys) {
    case ENOMEM:
        return WTG_E_NOMEM;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return WTG_E_NO_SPACE;
    case EACCES:
    case EPERM:
        return WTG_E_PERMISSION;
    case ENOENT:
        return WTG_E_NOT_FOUND;
    case EROFS:
        return WTG_E_DISK_READ_ONLY;
    case EBUSY:
        return WTG_E_DISK_IN_USE;
    case ENODEV:
    case ENXIO:
    case ENOMEDIUM:
        return WTG_E_DISK_GONE;
    default:
        return WTG_E_IO;
    }
}

int wtg_fail_errno(struct wtg_err *err, int sys, const char *fmt, ...)
{
    va_list ap;
    size_t n;

    *err = (struct wtg_err){ .code = code_of_errno(sys), .sys = sys };
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    n = strlen(err->text);
    char why[128];
    snprintf(err->text + n, sizeof err->text - n, ": %s", strerror_r(sys, why, sizeof why));
    return err->code;
}

int wtg_fail_nomem(struct wtg_err *err)
{
    return wtg_fail(err, WTG_E_NOMEM, "out of memory");
}

int wtg_because(struct wtg_err *err, const char *fmt, ...)
{
    char context[sizeof err->text / 2], old[sizeof err->text];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(context, sizeof context, fmt, ap);
    va_end(ap);
    memcpy(old, err->text, sizeof old);
    size_t n = strlen(context);
    /* What does not fit is cut off at the end: the outermost context says most. */
    snprintf(err->text, sizeof err->text, "%s: %.*s", context, (int)(sizeof old - n - 3), old);
    return err->code;
}

int wtg_hint(struct wtg_err *err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(err->hint, sizeof err->hint, fmt, ap);
    va_end(ap);
    return err->code;
}

void wtg_fact(struct wtg_err *err, const char *key, const char *fmt, ...)
{
    if (err->nfacts == sizeof err->fact / sizeof err->fact[0])
        return;
    struct wtg_fact *f = &err->fact[err->nfacts++];
    f->key = key;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(f->value, sizeof f->value, fmt, ap);
    va_end(ap);
}

int wtg_tick(struct wtg_job *job, const struct wtg_progress *p, struct wtg_err *err)
{
    if (!job)
        return 0;
    if (job->on_progress)
        job->on_progress(p, job->user);
    if (atomic_load_explicit(&job->cancel, memory_order_relaxed))
        return wtg_fail(err, WTG_E_CANCELLED, "stopped during '%s' at %" PRIu64 " of %" PRIu64 " %s",
                        p->step, p->done, p->total, p->unit);
    return 0;
}
