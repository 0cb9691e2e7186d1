/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_STRUCTURE_H
#define WTG_RECIPE_STRUCTURE_H

#include "blk/blk.h"
#include "wtg/check.h"

/* wtg_check_structure: says there what it does. */
int recipe_check_structure(const char *target, const struct wtg_check_opts *opts,
                           struct wtg_job *job,
                           void (*each)(const struct wtg_problem *p, void *user), void *user,
                           uint64_t *ret_errors, struct wtg_err *err) WTG_MUST_USE;
/* The same of a whole disk that is open already. */
int recipe_check_blk(struct blk *disk, const struct wtg_check_opts *opts, struct wtg_job *job,
                     void (*each)(const struct wtg_problem *p, void *user), void *user,
                     uint64_t *ret_errors, struct wtg_err *err) WTG_MUST_USE;

#endif
