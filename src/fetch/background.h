/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FETCH_BACKGROUND_H
#define WTG_FETCH_BACKGROUND_H

#include "fetch/sums.h"

/* What must not hold up the network: two threads, one that hashes the beginning of the file as it
 * grows (from the page cache, bytes arrive out of order), one that puts data on the medium. */
struct background;
/* `sums`: NULL or begun; belongs to the thread until background_finish or _free. */
int background_new(int fd, struct sums *sums, struct background **ret,
                   struct wtg_err *err) WTG_MUST_USE;
/* The first `bytes` are there and will not change any more. */
void background_ready(struct background *b, uint64_t bytes);
/* Puts what is written so far, and `journal_fd`, on the medium; does nothing while one is under
 * way. `token` comes back from background_synced when it is done. */
void background_sync(struct background *b, int journal_fd, uint64_t token);
/* 1: a sync ended, its token stands in *ret; 0: none; negative: the medium failed. */
int background_synced(struct background *b, uint64_t *ret, struct wtg_err *err);
/* Waits until `size` bytes are hashed.  Progress: step "prove". */
int background_finish(struct background *b, uint64_t size, struct wtg_job *job,
                      struct wtg_err *err) WTG_MUST_USE;
void background_free(struct background *b);

#endif
