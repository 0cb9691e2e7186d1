/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Block maps.  A byte before the XML: 1 makes the file's own checksum right, so that what stands
 * behind it is reached. */
#include <stdlib.h>
#include <string.h>

#include "image/bmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_sum_right(uint8_t *xml, size_t n)
{
    static const char tag[] = "<BmapFileChecksum>";
    uint8_t sum[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    uint8_t *at = memmem(xml, n, tag, sizeof tag - 1);

    if (!at || (size_t)(xml + n - at) < sizeof tag - 1 + 2 * SHA256_BYTES)
        return;
    at += sizeof tag - 1;
    memset(at, '0', 2 * SHA256_BYTES);
    hash_sha256(xml, n, sum);
    hash_hex(sum, sizeof sum, hex);
    memcpy(at, hex, 2 * SHA256_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wtg_err err = { 0 };
    struct bmap b = { 0 };

    if (size == 0)
        return 0;
    size_t n = size - 1;
    uint8_t *xml = malloc(n ? n : 1); /* its end is the end of memory */
    if (!xml)
        return 0;
    memcpy(xml, data + 1, n);
    if (data[0] & 1)
        make_sum_right(xml, n);
    if (bmap_parse((struct wtg_span){ xml, n }, &b, &err) == 0) {
        uint64_t end = 0, mapped = 0;
        for (size_t i = 0; i < b.nranges; i++) {
            if (b.range[i].off < end || b.range[i].size == 0)
                abort();
            end = b.range[i].off + b.range[i].size;
            mapped += b.range[i].size;
        }
        if (end > b.image_bytes || mapped != b.mapped_bytes || b.block_bytes == 0)
            abort();
        bmap_release(&b);
    }
    free(xml);
    return 0;
}
