/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BASE_ERR_H
#define WTG_BASE_ERR_H

#include "wtg/error.h"
#include "wtg/job.h"

/* Marks a fixed sentence of the library that faces translate; changes nothing. */
#define N_(text) (text)

/* Records a failure and returns `code`, so that it fits in `return`.  Overwrites what `err` held.
 * The text: lower case, names in single quotes, no full stop; what was expected, what was found
 * and where (byte, LBA, path). */
int wtg_fail(struct wtg_err *err, int code, const char *fmt, ...) WTG_PRINTF(3, 4);

/* The same for a system call that set errno: adds strerror, keeps errno in err->sys, and chooses
 * the code from it (ENOSPC, EACCES, ENOMEM, ENOENT... else `WTG_E_IO`). */
int wtg_fail_errno(struct wtg_err *err, int sys, const char *fmt, ...) WTG_PRINTF(3, 4);

/* "Out of memory" without allocating anything. */
int wtg_fail_nomem(struct wtg_err *err);

/* Puts "<context>: " before the text and returns err->code: each level says what it was doing. */
int wtg_because(struct wtg_err *err, const char *fmt, ...) WTG_PRINTF(2, 3);

/* Sets what to do next; the last one said wins. Returns err->code. */
int wtg_hint(struct wtg_err *err, const char *fmt, ...) WTG_PRINTF(2, 3);

/* Adds evidence; silently dropped when all places are taken. */
void wtg_fact(struct wtg_err *err, const char *key, const char *fmt, ...) WTG_PRINTF(3, 4);

/* Called once per chunk by whoever loops; `job` may be NULL.  0, or WTG_E_CANCELLED, which goes
 * up unchanged. */
int wtg_tick(struct wtg_job *job, const struct wtg_progress *p, struct wtg_err *err) WTG_MUST_USE;

#endif
