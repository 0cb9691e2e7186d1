/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_VERIFY_H
#define WTG_RECIPE_VERIFY_H

#include "wtg/verify.h"

/* wtg_image_verify: says there what it does. */
int verify_image(const char *path, const struct wtg_verify_opts *opts, struct wtg_job *job,
                 const struct wtg_verify_watch *watch, unsigned *ret_failed,
                 struct wtg_err *err) WTG_MUST_USE;

#endif
