/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_COPY_H
#define WTG_RECIPE_COPY_H

#include "wtg/write.h"

/* The wish "a raw image onto targets" as a plan: wtg/write.h says what each does. */
struct copy;
int copy_new(const struct wtg_write_opts *opts, struct wtg_job *job, struct copy **ret,
             struct wtg_err *err) WTG_MUST_USE;
const struct wtg_write_info *copy_info(const struct copy *c);
int copy_run(struct copy *c, struct wtg_job *job, struct wtg_write_report *ret,
             struct wtg_err *err) WTG_MUST_USE;
void copy_free(struct copy *c);

#endif
