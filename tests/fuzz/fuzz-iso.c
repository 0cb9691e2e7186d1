/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A disc image.  Inputs are sparse, as discs are, so that they stay small: records of
 * { sector, le16; length, le16; bytes }, laid into a disc of zeroes.  Whatever is found in it is
 * read to its end. libudfread is part of what is tested. */

#include "base/le.h"
#include "image/iso.h"
#include "image/udf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SECTOR = 2048, SECTORS = 450 };

static const char *const paths[] = { "sources/install.wim", "sources/install.esd", "X", "a/b" };

static void read_to_end(struct blk *f)
{
    struct wtg_err err = { 0 };
    uint8_t part[4096];

    for (uint64_t at = 0; f && at < f->size; at += sizeof part) {
        size_t n = f->size - at < sizeof part ? (size_t)(f->size - at) : sizeof part;
        if (blk_read(f, at, part, n, &err) < 0)
            abort(); /* extents were checked */
    }
    blk_free(f);
}

static void look(struct blk *disc)
{
    struct wtg_err err = { 0 };
    struct iso iso = { 0 };
    struct udf *udf = NULL;

    if (iso_open(disc, &iso, &err) < 0)
        return;
    if (iso.udf && udf_open(disc, &udf, &err) < 0)
        udf = NULL;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct blk *f = NULL;
        char *written = NULL;
        if (iso.present && iso_find(&iso, paths[i], &f, &written, &err) == 0)
            read_to_end(f);
        free(written);
        f = NULL;
        written = NULL;
        if (udf && udf_find(udf, paths[i], &f, &written, &err) == 0)
            read_to_end(f);
        free(written);
    }
    udf_free(udf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wtg_err err = { 0 };
    struct blk *disc = NULL;

    if (blk_mem_new((uint64_t)SECTORS * SECTOR, &disc, &err) < 0)
        return 0;
    uint8_t *p = blk_mem_bytes(disc);
    for (size_t at = 0; at + 4 <= size;) {
        size_t off = (size_t)le16_at(data + at) % SECTORS * SECTOR, n = le16_at(data + at + 2);
        at += 4;
        n = n < size - at ? n : size - at;
        n = n < SECTORS * SECTOR - off ? n : SECTORS * SECTOR - off;
        memcpy(p + off, data + at, n);
        at += n;
    }
    look(disc);
    blk_free(disc);
    return 0;
}
