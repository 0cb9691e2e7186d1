/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FUZZ_PATCH_H
#define FUZZ_PATCH_H

#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "hive/hive-disk.h"
#include "hive/hive.h"

/* Hives are large and mostly empty; so the fuzzer gives changes of a good one, made by the target:
 * "offset of the bytes (2 bytes), new bytes (4)", as often as it likes.  The checksum is put right,
 * or nothing would get past it.  malloc'ed. */
static inline uint8_t *patched(const uint8_t *good, size_t n, const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(n);
    if (!copy)
        return NULL;
    memcpy(copy, good, n);
    for (; size >= 6; data += 6, size -= 6) {
        size_t at = le16_at(data);
        if (at + 4 <= n)
            memcpy(copy + at, data + 2, 4);
    }
    put_le32(copy + HIVE_SUMMED, hive_checksum(copy));
    return copy;
}

#endif
