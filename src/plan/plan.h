/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_PLAN_PLAN_H
#define WTG_PLAN_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Steps and what they do to the world, whatever they are about: a repair is a plan like any other.
 * This room knows no format and no disk. */
enum plan_effect {
    PLAN_READS,    /* changes nothing */
    PLAN_WRITES,   /* adds or changes, loses nothing */
    PLAN_DESTROYS, /* what stood there is gone afterwards */
};
const char *plan_effect_name(enum plan_effect e); /* "reads", "writes", "destroys" */

struct plan_step {
    const char *slug; /* stands in journals: never renamed */
    const char *text; /* one sentence a person understands */
    enum plan_effect effect;
    /* May it run now?  Touches nothing.  A step that destroys asks here whether the target is
     * still the one the plan was made for.  NULL: always. */
    int (*check)(void *ctx, struct wtg_err *err);
    int (*run)(void *ctx, struct wtg_job *job, struct wtg_err *err);
};

struct plan {
    const char *id; /* names the journal; hex or dashes */
    const struct plan_step *step;
    size_t nsteps;
    void *ctx; /* handed to every step */
};

/* Where journals are: $XDG_STATE_HOME/wtg, else ~/.local/state/wtg; made when missing.  NOT_FOUND
 * when there is no home. */
int plan_state_dir(char *buf, size_t cap, struct wtg_err *err) WTG_MUST_USE;

/* A file that says how far a plan has come, one JSON object a line, on the medium before the work
 * goes on. NULL is a journal that is not kept. */
struct plan_journal;
int plan_journal_open(const char *dir, const char *id, struct plan_journal **ret,
                      struct wtg_err *err) WTG_MUST_USE;
void plan_journal_close(struct plan_journal *j);

/* Runs the steps in order and journals before and after each.  Stops at the first that fails and
 * says which. */
int plan_run(const struct plan *p, struct plan_journal *j, struct wtg_job *job,
             struct wtg_err *err) WTG_MUST_USE;

#endif
