/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_LOGS_H
#define WTG_RECIPE_LOGS_H

#include "diagnose/diagnose.h"
#include "wtg/job.h"

/* Log files in whatever shape people have them, told to a case. */

/* A file, packed or not (gzip, xz, zstd, bzip2, zip, cabinet), an event log (EVTX), a folder with
 * all logs in it, or "-" for standard input.  NOT_FOUND, PERMISSION, IO; CANCELLED.  A packed file
 * that is damaged counts as far as it can be read. */
int logs_add(struct diagnose_case *c, const char *path, struct wtg_job *job, struct wtg_err *err)
    WTG_MUST_USE;

/* The bytes of one log, which may be an event log: that is kept in memory until it ends. */
struct logs_sink;
int logs_sink_new(struct diagnose_case *c, const char *name, struct logs_sink **ret,
                  struct wtg_err *err) WTG_MUST_USE;
int logs_sink_feed(struct logs_sink *s, const void *bytes, size_t n, struct wtg_err *err)
    WTG_MUST_USE;
int logs_sink_end(struct logs_sink *s, struct wtg_job *job, struct wtg_err *err) WTG_MUST_USE;

/* An event log that `path` leads to, as lines "evtx SOURCE ID: text; text" of its warnings and errors.
 * Damaged records are left out; a file that is none brings no line. */
int logs_add_events(struct diagnose_case *c, const char *path, const char *name,
                    struct wtg_job *job, struct wtg_err *err) WTG_MUST_USE;

#endif
