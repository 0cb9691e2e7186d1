/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Microsoft's list of images, as XML and in a cabinet. */
#include <stdlib.h>
#include <string.h>

#include "fetch/catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct wtg_catalog_filter all = { NULL, NULL, NULL, NULL };
    struct wtg_err err = { 0 };
    struct wtg_catalog *c = NULL;
    uint8_t *bytes = malloc(size ? size : 1); /* its end is the end of memory */

    if (!bytes)
        return 0;
    memcpy(bytes, data, size);
    if (catalog_parse((struct wtg_span){ bytes, size }, &c, &err) == 0) {
        const struct wtg_catalog_file *f = catalog_find(c, &all, 0);
        if (!f || f->size_bytes == 0 || !net_is_name(f->name) || !net_is_url(f->url) ||
            (!f->sha1[0] && !f->sha256[0]))
            abort();
        catalog_free(c);
    }
    free(bytes);
    return 0;
}
