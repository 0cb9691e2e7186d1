/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_SPACE_H
#define WTG_SPACE_H

#include <stdbool.h>
#include <stdint.h>

/* How much room there is at some place, for whom, and how much is needed.  0 where a number is not
 * known. */
struct wtg_space {
    char where[128];     /* "partition 3", "/tmp" */
    const char *verdict; /* "enough", "full", "reserved", "quota", "fragmented", "too-small" */
    uint32_t cluster_bytes;
    uint64_t size_bytes, free_bytes;
    uint64_t available_bytes; /* of the free ones, to those who are not root */
    uint64_t largest_free_bytes, free_runs, mft_runs; /* pieces of free space, of $MFT */
    uint64_t zone_bytes;  /* free ones that are kept for $MFT until nothing else is free */
    uint64_t slack_bytes; /* behind the ends of files, in their last clusters */
    bool has_quota;       /* of the user who is nearest to his limit */
    char quota_owner[200];
    uint64_t quota_limit_bytes, quota_used_bytes;
    bool holds_windows;                          /* what the image holds is there already */
    uint64_t needed_bytes, needed_compact_bytes; /* by all of the image, in clusters; compact: as it
                                                  * stands there compressed */
    uint64_t wanted_bytes;                       /* that must be free for this to be enough */
};

#endif
