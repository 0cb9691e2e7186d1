/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS_QUOTA_H
#define WTG_NTFS_QUOTA_H

#include "base/span.h"
#include "blk/blk.h"

/* How much each owner may use, and uses: \$Extend\$Quota:$Q.  docs/formats/space.md */
enum { NTFS_QUOTA_SID_BYTES = 68 };
#define NTFS_QUOTA_NONE UINT64_MAX

struct ntfs_quota {
    uint32_t owner_id;
    uint64_t used_bytes, limit_bytes; /* limit: NTFS_QUOTA_NONE for none */
    uint8_t sid[NTFS_QUOTA_SID_BYTES];
    size_t sid_bytes;
};
struct ntfs_quotas {
    bool enforced;           /* Windows refuses what is beyond a limit, not only counts */
    struct ntfs_quota *item; /* of users; without the defaults */
    size_t n, cap;
};
/* A volume without $Quota has none.  Damaged entries are passed over: check.h names them. */
int ntfs_quotas_read(struct blk *vol, struct ntfs_quotas *ret, struct wtg_err *err) WTG_MUST_USE;
void ntfs_quotas_release(struct ntfs_quotas *q);
/* The entries of one index node, for the above and for tests. */
int ntfs_quotas_add(struct ntfs_quotas *q, struct wtg_span entries,
                    struct wtg_err *err) WTG_MUST_USE;

#endif
