/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_CHECK_H
#define WTG_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "wtg/error.h"
#include "wtg/job.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One thing that is not as it should be. */
struct wtg_problem {
    const char *where;   /* "partition table", "partition 1 (FAT32)", "partition 3 (NTFS)" */
    const char *slug;    /* stable: "ntfs-link-count" */
    const char *text;    /* one sentence with numbers and places */
    bool warning;        /* harmless, or what other programs do differently */
};

struct wtg_check_opts {
    bool volume; /* the target is a bare volume, not a disk with a partition table */
    bool strict; /* NTFS as wtg writes it, not as a running Windows leaves it */
    bool no_content; /* do not read the chunk tables of compact files: they were compared before */
};

/* Walks through the partition table and every FAT32 and NTFS volume of a disk or image file and
 * proves their cross-references.  Opens read only.  `each` is called for every problem; `ret_errors`
 * counts those that are no warnings. */
WTG_API int wtg_check_structure(const char *target, const struct wtg_check_opts *opts, struct wtg_job *job,
                        void (*each)(const struct wtg_problem *p, void *user), void *user,
                        uint64_t *ret_errors, struct wtg_err *err) WTG_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
