/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_PREFLIGHT_H
#define WTG_PREFLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "wtg/create.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Would wtg_create_plan and wtg_plan_run work here?  Looks at this computer, the target and the
 * image, before anything is erased.  (Whether a stick that is there is sound: wtg/check.h.) */

enum wtg_preflight_verdict {
    WTG_PREFLIGHT_FINE,
    WTG_PREFLIGHT_TOLD,    /* worth knowing; nothing to judge, or not to be found out */
    WTG_PREFLIGHT_WARNING, /* it will work, but slower or not everywhere */
    WTG_PREFLIGHT_STOP,    /* create will not work */
};
WTG_API const char *wtg_preflight_slug(enum wtg_preflight_verdict verdict);

/* One row of the table.  Strings are never NULL and live as long as the call of `each`; those
 * marked (words) are fixed sentences, or numbers and names, which faces may translate. */
struct wtg_preflight_row {
    const char *slug; /* stable: "usb-link" */
    const char *area; /* "host", "target", "image", "firmware" */
    const char *what; /* (words) what is looked at */
    enum wtg_preflight_verdict verdict;
    const char *seen;          /* (words) the number that was found */
    const char *wanted;        /* (words) what it should be; "" */
    const char *note;          /* (words) what that means; "" */
    const char *where;         /* names of disks, programs, places; "" */
    const char *todo;          /* (words) what to do; "" */
    const struct wtg_err *err; /* why it stops; NULL unless STOP */
};

/* Zero everything that is not wanted. */
struct wtg_preflight_opts {
    /* The wish; `image` or `target` may be NULL, and then there are no rows about it. */
    struct wtg_create_opts create;
    bool quick;                  /* measure nothing */
    bool write_test;             /* write to the target, and put back what was there */
    const struct wtg_plan *plan; /* of this wish: its image is not read again; or NULL */
};

/* Calls `each` for every row, by area.  Writes nothing unless write_test; that keeps the old bytes
 * in an undo file first ('wtg undo' takes back what a power cut leaves).  `*ret_stops` counts rows
 * with STOP.  Fails only when it cannot go on: NOMEM, CANCELLED, or a write test that could not be
 * taken back. */
WTG_API int wtg_preflight(const struct wtg_preflight_opts *opts, struct wtg_job *job,
                          void (*each)(const struct wtg_preflight_row *row, void *user), void *user,
                          unsigned *ret_stops, struct wtg_err *err) WTG_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
