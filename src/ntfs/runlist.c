/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/runlist.h"

/* Bytes that hold v as a signed number. */
static unsigned signed_bytes(int64_t v)
{
    unsigned n = 1;
    while (n < 8 && (v >> (n * 8 - 1)) != 0 && (v >> (n * 8 - 1)) != -1)
        n++;
    return n;
}

unsigned runlist_lcn_bytes(uint64_t volume_clusters)
{
    return signed_bytes((int64_t)volume_clusters);
}

size_t run_bytes_max(const struct ntfs_run *run, unsigned lcn_bytes)
{
    return 1 + signed_bytes((int64_t)run->clusters) + (run->lcn == RUN_HOLE ? 0 : lcn_bytes);
}

size_t runlist_bytes_max(const struct ntfs_run *run, size_t n, unsigned lcn_bytes)
{
    size_t bytes = 1;
    for (size_t i = 0; i < n; i++)
        bytes += run_bytes_max(&run[i], lcn_bytes);
    return bytes;
}

static uint8_t *put_signed(uint8_t *p, int64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        *p++ = (uint8_t)((uint64_t)v >> (i * 8));
    return p;
}

size_t runlist_put(const struct ntfs_run *run, size_t n, uint8_t *buf)
{
    uint8_t *p = buf;
    int64_t before = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned length_bytes = signed_bytes((int64_t)run[i].clusters), lcn_bytes = 0;
        int64_t distance = 0;
        if (run[i].lcn != RUN_HOLE) {
            distance = (int64_t)run[i].lcn - before;
            lcn_bytes = signed_bytes(distance);
            before = (int64_t)run[i].lcn;
        }
        *p++ = (uint8_t)(lcn_bytes << 4 | length_bytes);
        p = put_signed(p, (int64_t)run[i].clusters, length_bytes);
        p = put_signed(p, distance, lcn_bytes);
    }
    *p++ = 0;
    return (size_t)(p - buf);
}
