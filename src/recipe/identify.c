/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/identify.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "blk/blk.h"
#include "recipe/prove.h"

int identify_image(const char *path, struct wtg_job *job, struct wtg_identity *ret,
                   struct wtg_err *err)
{
    struct wtg_identity id = { .known = NULL };
    struct blk *b = NULL;
    int r = blk_open(path, &b, err);

    if (r < 0)
        return r;
    id.size_bytes = b->size;
    blk_free(b);
    for (size_t i = 0; i < known_nimages && !id.same_size; i++)
        if (known_images[i].size_bytes == id.size_bytes)
            id.same_size = &known_images[i];
    r = prove_hash(path, job, id.sha256, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < known_nimages; i++)
        if (strcmp(known_images[i].sha256, id.sha256) == 0)
            id.known = &known_images[i];
    *ret = id;
    return 0;
}
