/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FETCH_FETCH_H
#define WTG_FETCH_FETCH_H

#include "wtg/fetch.h"

/* wtg_fetch() of wtg/fetch.h. */
int fetch_run(const struct wtg_fetch_opts *opts, struct wtg_job *job, struct wtg_fetch_result *ret,
              struct wtg_err *err) WTG_MUST_USE;

#endif
