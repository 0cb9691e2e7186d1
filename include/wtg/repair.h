/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_REPAIR_H
#define WTG_REPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wtg/create.h"
#include "wtg/error.h"
#include "wtg/job.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Mending a stick, and taking that back, in the three calls of wtg/create.h: plan, look, run.
 *
 * A plan of repairs is made by doing them on a draft: each is tried, what it leads to is looked at,
 * and only what helps is offered.  Running writes the draft; every byte that is overwritten is kept
 * in an undo file first. */

/* Zero everything that is not wanted.  Strings are borrowed until the plan is freed. */
struct wtg_repair_opts {
    const char *target;      /* a whole disk, or an image file */
    const char *const *only; /* causes to mend, by name ("bcd_missing"); others are left alone */
    size_t nonly;
    const char *image;  /* what the stick was made from: ISO, WIM, ESD; NULL: not given */
    const char *inside; /* as in wtg_create_opts */
    unsigned index;
    const char *edition;
    bool allow_fixed; /* a disk that is no stick */
    bool look_only;   /* the plan will not be run: claim nothing, only look */
};

enum wtg_repair_state {
    WTG_REPAIR_WILL,   /* it was tried and helps; running the plan does it */
    WTG_REPAIR_CANNOT, /* something is wrong, and this repair cannot mend it: `why_not` */
    WTG_REPAIR_ASK,    /* it would do something, but only when asked for with `only` */
};

struct wtg_repair_item {
    const char *slug;    /* "bcd": stable */
    const char *cause;   /* "bcd_device_unresolved": what `only` takes */
    const char *text;    /* what is done, one sentence; a message id */
    const char *why;     /* what was found */
    const char *why_not; /* CANNOT; else "" */
    const char *effect;  /* "writes", "destroys" */
    enum wtg_repair_state state;
    uint64_t bytes; /* that change */
};

struct wtg_repair_info {
    struct wtg_plan_target target;
    const struct wtg_repair_item *item;
    size_t nitems;
    size_t nwill, ncannot;
    uint64_t bytes;          /* that will be written */
    const char *const *note; /* what the person should know; message ids */
    size_t nnotes;
};

struct wtg_repair_report {
    uint64_t written_bytes; /* to the target */
    uint64_t kept_bytes;    /* in the undo file */
    const char *undo_file;  /* its path */
    size_t repairs;
    double seconds;
    const char *warning; /* "" or something that did not matter for the result */
};

struct wtg_repair;

/* Looks at the target, tries the repairs on a draft.  Writes nothing to it.  IO, with the place,
 * when the target fails reads: such a one is not repaired.  All codes of a target or image. */
WTG_API int wtg_repair_plan(const struct wtg_repair_opts *opts, struct wtg_job *job,
                            struct wtg_repair **ret, struct wtg_err *err) WTG_MUST_USE;
WTG_API const struct wtg_repair_info *wtg_repair_info(const struct wtg_repair *plan);
/* Carries it out, once.  When the target then is not as it was meant, all of it is taken back and
 * the error says so. */
WTG_API int wtg_repair_run(struct wtg_repair *plan, struct wtg_job *job,
                           struct wtg_repair_report *ret, struct wtg_err *err) WTG_MUST_USE;
WTG_API void wtg_repair_free(struct wtg_repair *plan);

/* ---- Taking back ------------------------------------------------------------------------ */

/* One undo file. */
struct wtg_undo_entry {
    const char *path;
    const char *target, *what; /* who was changed, and how, for people */
    uint64_t time;             /* seconds since 1970 UTC */
    uint64_t kept_bytes;
    bool ended;         /* false: the repair was interrupted */
    const char *damage; /* why it cannot be used; "" when it can */
};
/* All of them, newest first.  Damaged ones too. */
struct wtg_undo_list;
WTG_API int wtg_undo_list(struct wtg_undo_list **ret, struct wtg_err *err) WTG_MUST_USE;
WTG_API const struct wtg_undo_entry *wtg_undo_entry(const struct wtg_undo_list *list, size_t i);
WTG_API void wtg_undo_list_free(struct wtg_undo_list *list);

struct wtg_undo_opts {
    const char *target; /* NULL: that of the newest undo file */
    bool force;         /* also when the target was changed since */
    bool allow_fixed;
    bool look_only;
};
struct wtg_undo_info {
    struct wtg_plan_target target;
    struct wtg_undo_entry entry;
    size_t blocks, changed;  /* to be put back; of them those that were changed since */
    const char *const *note; /* message ids */
    size_t nnotes;
};
struct wtg_undo;
/* Finds the newest undo file of the target and compares.  DISK_CHANGED when somebody has used the
 * target since, unless `force`.  NOT_FOUND: there is nothing to take back. */
WTG_API int wtg_undo_plan(const struct wtg_undo_opts *opts, struct wtg_job *job,
                          struct wtg_undo **ret, struct wtg_err *err) WTG_MUST_USE;
WTG_API const struct wtg_undo_info *wtg_undo_info(const struct wtg_undo *plan);
/* Puts everything back, proves it and removes the undo file.  May be stopped and run again. */
WTG_API int wtg_undo_run(struct wtg_undo *plan, struct wtg_job *job,
                         struct wtg_err *err) WTG_MUST_USE;
WTG_API void wtg_undo_free(struct wtg_undo *plan);

#ifdef __cplusplus
}
#endif
#endif
