/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/read-names.h"

/* Walks up to the first directory whose place is known, then up again to tell it to all between:
 * each row is walked over twice, however deep or circular the tree. */
static void place_one(struct ntfs_place_row *row, uint64_t n, struct ntfs_place_row *from)
{
    struct ntfs_place_row *p = from;
    while (p && p->place == NTFS_PLACE_UNKNOWN) {
        p->place = NTFS_PLACE_WALKING;
        p = ntfs_place_dir(row, n, p->parent);
    }
    uint8_t place = p && p->place != NTFS_PLACE_WALKING ? p->place : NTFS_PLACE_LOST;
    for (p = from; p && p->place == NTFS_PLACE_WALKING; p = ntfs_place_dir(row, n, p->parent))
        p->place = place;
}

void ntfs_place_directories(struct ntfs_place_row *row, uint64_t n)
{
    if (n > NTFS_REC_EXTEND) {
        row[NTFS_REC_ROOT].place = NTFS_PLACE_USER;
        row[NTFS_REC_EXTEND].place = NTFS_PLACE_SYSTEM;
    }
    for (uint64_t i = 0; i < n; i++)
        if (row[i].directory && row[i].place == NTFS_PLACE_UNKNOWN)
            place_one(row, n, &row[i]);
}
