/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/verify.h"

#include "base/mem.h"

int wtg_image_verify(const char *path, const struct wtg_verify_opts *opts, struct wtg_job *job,
                     const struct wtg_verify_watch *watch, unsigned *ret_failed,
                     struct wtg_err *err)
{
    return verify_image(path, opts, job, watch, ret_failed, err);
}
