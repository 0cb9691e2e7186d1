/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS_READ_SECURITY_H
#define WTG_NTFS_READ_SECURITY_H

#include "ntfs/read.h"

/* The descriptors of a volume, by id: what $Secure:$SDS holds. */
struct ntfs_security {
    uint8_t *sds; /* the whole stream */
    size_t sds_n;
    struct ntfs_security_row {
        uint32_t id;
        struct wtg_span sd; /* into sds; not looked at */
    } * row;                /* by rising id */
    size_t n, cap;
};

/* Half of it mirrors the other half; Windows volumes have some MiB. */
enum { NTFS_SDS_MAX_BYTES = 256 * 1024 * 1024 };

int ntfs_security_load(struct ntfs_volume *v, struct ntfs_security *ret,
                       struct wtg_err *err) WTG_MUST_USE;
void ntfs_security_release(struct ntfs_security *s);
/* NULL when there is none of this id. */
const struct ntfs_security_row *ntfs_security_find(const struct ntfs_security *s, uint32_t id);

#endif
