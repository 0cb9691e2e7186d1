/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_CREATE_H
#define WTG_RECIPE_CREATE_H

#include "wtg/create.h"

/* The wish "create" as a plan: wtg/create.h says what each does. */
struct create;
int create_new(const struct wtg_create_opts *opts, struct wtg_job *job, struct create **ret,
               struct wtg_err *err) WTG_MUST_USE;
int create_new_many(const struct wtg_create_opts *opts, const char *const *target, size_t n,
                    struct wtg_job *job, struct create **ret, struct wtg_err *err) WTG_MUST_USE;
const struct wtg_plan_info *create_info(const struct create *c);
int create_run(struct create *c, struct wtg_job *job, struct wtg_report *ret, struct wtg_err *err)
    WTG_MUST_USE;
int create_run_many(struct create *const *c, size_t n, const struct wtg_plan_watch *w,
                    struct wtg_job *job, struct wtg_plan_result *ret,
                    struct wtg_err *err) WTG_MUST_USE;
void create_free(struct create *c);

const char *create_setting_slug(size_t i);
const char *create_setting_why(size_t i);

#endif
