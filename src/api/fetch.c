/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wtg/fetch.h"

#include "fetch/catalog.h"
#include "fetch/fetch.h"

int wtg_fetch(const struct wtg_fetch_opts *opts, struct wtg_job *job, struct wtg_fetch_result *ret,
              struct wtg_err *err)
{
    return fetch_run(opts, job, ret, err);
}

int wtg_catalog_open(const char *file_or_url, const struct wtg_net_opts *net, struct wtg_job *job,
                     struct wtg_catalog **ret, struct wtg_err *err)
{
    return catalog_open(file_or_url, net, job, ret, err);
}

const struct wtg_catalog_file *wtg_catalog_find(const struct wtg_catalog *c,
                                                const struct wtg_catalog_filter *filter, size_t i)
{
    return catalog_find(c, filter, i);
}

void wtg_catalog_free(struct wtg_catalog *c)
{
    catalog_free(c);
}
