/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_RESUME_H
#define WTG_RECIPE_RESUME_H

#include "disk/identity.h"
#include "tree/region.h"
#include "write/write.h"

/* What an interrupted run leaves behind, one file for each target in the state directory: which
 * plan it was, and after every mark how far the medium has taken it.  A torn last line, as a power
 * cut leaves it, is as if it had not been written. */

enum { RESUME_SEED_BYTES = 80, RESUME_WISH_BYTES = 65 };

struct resume {
    char path[4096];
    char wish[RESUME_WISH_BYTES]; /* of the plan that was interrupted; "": there was none */
    char seed[RESUME_SEED_BYTES];
    uint64_t done;  /* blobs */
    uint64_t bytes; /* of the target that they take, about: for people */
    struct write_extent *extent;
    size_t n, cap;
    size_t last; /* where the extents of the last mark begin */
    int fd;      /* of this run's file; -1: none is kept */
};

/* Looks for what an earlier run to this target has left.  Never fails: what cannot be read is not
 * there.  `ret` must be released in any case. */
void resume_look(const struct disk_identity *target, struct resume *ret);
void resume_release(struct resume *r);

/* What makes two plans the same as far as their content goes: target, program, and every region of
 * it.  Seeds do not count. */
void resume_wish(const struct disk_identity *target, const struct tree_regions *regions,
                 char wish[RESUME_WISH_BYTES]);

/* Begins this run's file: empty, or behind what is there. */
int resume_begin(struct resume *r, const char *wish, const char *seed, bool go_on,
                 struct wtg_err *err) WTG_MUST_USE;
/* For write_progress.mark; ctx is the resume. */
int resume_mark(void *ctx, uint64_t done, const struct write_extent *extent, size_t n,
                struct wtg_err *err) WTG_MUST_USE;
/* The work is done, or nothing of it is worth keeping. */
void resume_forget(struct resume *r);

#endif
