/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS_READ_NAMES_H
#define WTG_NTFS_READ_NAMES_H

#include "ntfs/read.h"

/* Where the records of a volume hang: under the root, under $Extend, or nowhere. */
enum ntfs_place {
    NTFS_PLACE_UNKNOWN,
    NTFS_PLACE_WALKING, /* used while walking */
    NTFS_PLACE_USER,    /* below the root */
    NTFS_PLACE_SYSTEM,  /* the file system's own: below $Extend, or a well-known record */
    NTFS_PLACE_LOST,    /* its parents end in nothing, or in a circle */
};

struct ntfs_place_row { /* of a record; zero for those that are no file in use */
    uint64_t parent;    /* ref; of directories that have a name */
    uint16_t sequence;
    bool in_use, directory;
    uint8_t place; /* enum ntfs_place, of directories */
};

/* The directory that `ref` names, if it is one; else NULL. */
static inline struct ntfs_place_row *ntfs_place_dir(struct ntfs_place_row *row, uint64_t n,
                                                    uint64_t ref)
{
    uint64_t i = ntfs_ref_record(ref);
    if (i >= n || !row[i].directory || row[i].sequence != ntfs_ref_sequence(ref))
        return NULL;
    return &row[i];
}

/* Fills `place` of all directories among n rows.  Takes time in proportion to n. */
void ntfs_place_directories(struct ntfs_place_row *row, uint64_t n);

#endif
