/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BLK_DRAFT_H
#define WTG_BLK_DRAFT_H

#include "blk/blk.h"

/* The draft brick: what is written to it stands in a file without a name, and what is below stays
 * as it is until the draft is committed.  So a repair can be tried, and what it leads to be looked
 * at, before anything is changed.  Drafts stack.  One thread. */

/* `dir`: where the nameless file is made, with the first write; NULL, or where it cannot be: in
 * memory. `dir` is borrowed. */
int draft_new(struct blk *below, const char *dir, struct blk **ret,
              struct wtg_err *err) WTG_MUST_USE;

/* The places in which the draft differs from what is below, by rising offset, at most
 * DRAFT_STEP_BYTES each: `each` gets the new bytes.  Its first answer that is not 0 is returned. */
enum { DRAFT_BLOCK_BYTES = 4096, DRAFT_STEP_BYTES = 1 << 20 };
int draft_changes(struct blk *draft,
                  int (*each)(void *ctx, uint64_t off, const void *bytes, size_t n,
                              struct wtg_err *err),
                  void *ctx, struct wtg_err *err) WTG_MUST_USE;

/* Writes these places to what is below; from then on every access goes there.  After a failure it
 * can be called again. */
int draft_commit(struct blk *draft, struct wtg_err *err) WTG_MUST_USE;

/* The watch brick: remembers the first read or write below that the medium failed. */
int watch_new(struct blk *below, struct blk **ret, struct wtg_err *err) WTG_MUST_USE;
/* False while there was none. */
bool watch_failure(struct blk *watch, uint64_t *ret_off, bool *ret_write);

#endif
