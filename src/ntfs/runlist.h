/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS_RUNLIST_H
#define WTG_NTFS_RUNLIST_H

#include <stddef.h>
#include <stdint.h>

/* Run lists as a builder writes them: pieces of a stream in the order of the stream, as "mapping
 * pairs" in a non-resident attribute. */

#define RUN_HOLE UINT64_MAX

struct ntfs_run {
    uint64_t lcn;      /* first cluster, or RUN_HOLE */
    uint64_t clusters; /* > 0 */
};

/* Bytes that mapping pairs take at the most while the LCNs are not known yet but each fits
 * `lcn_bytes` signed bytes; with the end mark. */
size_t runlist_bytes_max(const struct ntfs_run *run, size_t n, unsigned lcn_bytes);
/* The same for one run, without the end mark. */
size_t run_bytes_max(const struct ntfs_run *run, unsigned lcn_bytes);

/* Signed bytes that every LCN (and distance) of a volume with so many clusters fits. */
unsigned runlist_lcn_bytes(uint64_t volume_clusters);

/* Writes the pairs and the end mark; returns the bytes written.  `buf` has runlist_bytes_max. */
size_t runlist_put(const struct ntfs_run *run, size_t n, uint8_t *buf);

#endif
