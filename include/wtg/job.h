/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_JOB_H
#define WTG_JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where some long work stands: plain data, so a terminal, a window or a message can copy it. */
struct wtg_progress {
    const char *step;     /* stable slug: "write-data" */
    const char *unit;     /* "bytes" or "files" */
    uint64_t done, total; /* total 0: not known yet */
};

/* A piece of work somebody waits for.  The caller owns it and may set `cancel` from a signal
 * handler, another thread or a button; the work stops at its next tick with WTG_E_CANCELLED.
 * `on_progress` is called from one thread at a time, often (the face limits the rate); it must
 * not call back into the library. */
struct wtg_job {
    atomic_bool cancel;
    void (*on_progress)(const struct wtg_progress *p, void *user);
    void *user;
};

#ifdef __cplusplus
}
#endif
#endif
