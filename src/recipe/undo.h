/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_UNDO_H
#define WTG_RECIPE_UNDO_H

#include "base/mem.h"
#include "blk/undo.h"
#include "recipe/repair.h"

/* Taking repairs back: wtg/repair.h says what each does. */
int undo_list_new(const char *state_dir, struct wtg_undo_list **ret,
                  struct wtg_err *err) WTG_MUST_USE;
const struct wtg_undo_entry *undo_list_entry(const struct wtg_undo_list *l, size_t i);
void undo_list_free(struct wtg_undo_list *l);

struct taking_back;
/* `on` as in repair_new; NULL: opts->target is claimed. */
int taking_back_new(const struct wtg_undo_opts *opts, const struct repair_on *on,
                    struct wtg_job *job, struct taking_back **ret,
                    struct wtg_err *err) WTG_MUST_USE;
const struct wtg_undo_info *taking_back_info(const struct taking_back *t);
int taking_back_run(struct taking_back *t, struct wtg_job *job, struct wtg_err *err) WTG_MUST_USE;
void taking_back_free(struct taking_back *t);

/* Where the undo file of a repair of this target, begun now, stands: by time and disk. */
enum { UNDO_PATH_BYTES = 4096 };
int undo_file_path(const char *state_dir, const struct disk_identity *id, uint64_t time,
                   char path[UNDO_PATH_BYTES], struct wtg_err *err) WTG_MUST_USE;
/* Who the target is, for the file; `what` is cut to fit. */
void undo_file_id(const struct disk_identity *id, uint64_t time, const char *what,
                  struct undo_id *ret);

#endif
