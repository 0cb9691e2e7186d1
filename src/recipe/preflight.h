/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_PREFLIGHT_H
#define WTG_RECIPE_PREFLIGHT_H

#include "blk/blk.h"
#include "disk/host.h"
#include "recipe/create.h"
#include "wtg/preflight.h"

/* The wish "would create work here?": wtg/preflight.h says what it does. */

/* For tests: another computer, another disk. */
struct preflight_on {
    const struct disk_host *host; /* NULL: the one we run on */
    const char *disk;             /* kernel name of the target; NULL: found by its path */
    struct blk *blk;              /* what measuring reads and writes, borrowed; NULL: the target */
    const char *state_dir;        /* where undo files go; NULL: plan_state_dir */
};
/* `plan`: opts->plan, or NULL.  `on`: NULL for everybody but tests. */
int preflight(const struct wtg_preflight_opts *opts, const struct create *plan,
              const struct preflight_on *on, struct wtg_job *job,
              void (*each)(const struct wtg_preflight_row *row, void *user), void *user,
              unsigned *ret_stops, struct wtg_err *err) WTG_MUST_USE;
const char *preflight_slug(enum wtg_preflight_verdict verdict);

/* The checks, counted from 0, for tests and documents: slug; NULL behind the last. */
const char *preflight_check_slug(size_t i);

#endif
