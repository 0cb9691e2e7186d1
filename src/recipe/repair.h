/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_REPAIR_H
#define WTG_RECIPE_REPAIR_H

#include "blk/blk.h"
#include "disk/identity.h"
#include "wtg/repair.h"

/* The wish "mend this stick": wtg/repair.h says what each does. */
struct repair;

/* For who has the target open already (a bench, a test): instead of opts->target. */
struct repair_on {
    struct blk *disk;        /* whole, writable, borrowed; NULL: opts->target is claimed */
    struct disk_identity id; /* who it is said to be; size and sectors are the brick's */
    const char *state_dir;   /* where undo files and drafts go; NULL: plan_state_dir */
    uint64_t time;           /* of what is new: seconds since 1970; 0: now */
};
int repair_new(const struct wtg_repair_opts *opts, const struct repair_on *on, struct wtg_job *job,
               struct repair **ret, struct wtg_err *err) WTG_MUST_USE;
const struct wtg_repair_info *repair_info(const struct repair *r);
int repair_run(struct repair *r, struct wtg_job *job, struct wtg_repair_report *ret,
               struct wtg_err *err) WTG_MUST_USE;
void repair_free(struct repair *r);

/* The repairs, counted from 0: slug, and the causes that it mends, separated by spaces.  NULL
 * behind the last. */
const char *repair_slug(size_t i);
const char *repair_causes(size_t i);

#endif
