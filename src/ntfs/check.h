/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS_CHECK_H
#define WTG_NTFS_CHECK_H

#include "blk/blk.h"

/* The structural checker: walks a volume and proves every cross-reference of it.  It writes
 * nothing and asks nothing.  What it can find is the table of check-problems.h. */

enum ntfs_severity {
    NTFS_FINE,    /* not reported: not strict, and drivers in the field do it */
    NTFS_WARNING, /* not as it should be, but every driver copes */
    NTFS_ERROR,   /* damage: some driver would read wrongly, refuse, or make it worse */
};

#define NTFS_NO_RECORD UINT64_MAX

struct ntfs_problem {
    const char *id;   /* stable slug: "links" */
    const char *text; /* one sentence */
    enum ntfs_severity severity;
    uint64_t record;  /* NTFS_NO_RECORD: of the volume as a whole */
    char detail[192]; /* what was found */
    char path[256];   /* one name of the record; "" when it has none */
};

/* A kind of problem, for documentation and tests. */
struct ntfs_problem_kind {
    const char *id, *text;
    enum ntfs_severity normal, strict;
};
const struct ntfs_problem_kind *ntfs_problem_kinds(size_t *ret_n);

struct ntfs_check_opts {
    bool strict;    /* hold the volume to what wtg's own builder promises */
    bool has_start; /* the boot sector must say that the partition starts at start_lba */
    uint64_t start_lba;
    /* Compact files were compared on their way: do not read their chunk tables, which stand all over
     * the volume. */
    bool no_content;
    size_t max_problems; /* to keep; 0: 1000.  All are counted. */
};

struct ntfs_check_result {
    uint64_t errors, warnings;
    uint64_t files, directories, names, descriptors; /* in use, the system's own among them */
    uint64_t records, clusters, clusters_used;
    struct ntfs_problem *problem; /* in the order in which they were found */
    size_t nproblems;
};

/* 0 when the check came to its end, whatever it found: look at ret->errors.  Negative: the volume
 * could not be read (IO), memory ran out, the job was cancelled, or there is no NTFS at all
 * (VOLUME_FORMAT).  Takes about 150 bytes of memory a record and a bit a cluster.  Progress: step
 * "check-volume", in records.  `opts` may be NULL. */
int ntfs_check(struct blk *vol, const struct ntfs_check_opts *opts, struct wtg_job *job,
               struct ntfs_check_result *ret, struct wtg_err *err) WTG_MUST_USE;
void ntfs_check_result_release(struct ntfs_check_result *r);

#endif
