/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FETCH_CATALOG_H
#define WTG_FETCH_CATALOG_H

#include "base/span.h"
#include "fetch/net.h"

/* Microsoft's list of ESD images: docs/formats/esd-catalog.md. */
struct wtg_catalog;
/* Reads products.xml, or the products.cab that holds it.  IMAGE_FORMAT. */
int catalog_parse(struct wtg_span bytes, struct wtg_catalog **ret,
                  struct wtg_err *err) WTG_MUST_USE;
int catalog_open(const char *file_or_url, const struct wtg_net_opts *net, struct wtg_job *job,
                 struct wtg_catalog **ret, struct wtg_err *err) WTG_MUST_USE;
const struct wtg_catalog_file *catalog_find(const struct wtg_catalog *c,
                                            const struct wtg_catalog_filter *filter, size_t i);
void catalog_free(struct wtg_catalog *c);

/* The first *.xml of a cabinet, malloc'ed. */
int catalog_unpack(struct wtg_span cab, char **ret, size_t *ret_n,
                   struct wtg_err *err) WTG_MUST_USE;

#endif
