/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_CREATE_PRIV_H
#define WTG_RECIPE_CREATE_PRIV_H

/* What the files of this recipe share. */

#include "base/guid.h"
#include "boot/files.h"
#include "disk/contents.h"
#include "disk/table.h"
#include "disk/target.h"
#include "fat/fat-build.h"
#include "image/image.h"
#include "ntfs/build.h"
#include "plan/plan.h"
#include "recipe/compact.h"
#include "recipe/create.h"
#include "recipe/facts.h"
#include "recipe/resume.h"
#include "recipe/prove.h"
#include "tree/edit.h"
#include "windows/windows.h"
#include "write/write.h"

enum { CREATE_MAX_STEPS = 8 };

/* What all targets of one run get; they share it. */
struct create_source {
    size_t users;
    struct wtg_create_opts opts; /* `target` and `seed` are nobody's */
    struct proof proof;          /* of the image file */
    struct image *image;
    struct image_facts facts;
    const struct image_info *info;
    uint64_t time; /* of everything that is new: the image's own */
    /* With the edits.  Volumes of one tree number its files alike, so its marks serve all of them.
     */
    struct tree *tree;
    struct tree_edits edits;
    struct windows_changes changes;
    struct compact compact;
    struct recipe_facts view;
};

/* One target. */
struct create {
    struct wtg_create_opts opts;
    bool several;        /* it is not the only target of this run */
    struct wtg_job *job; /* of the call that is running */
    struct seed seed;
    char seed_text[80];
    struct create_source *from;

    struct disk_target_opts target_opts;
    struct disk_identity id; /* of the plan */
    struct disk_contents contents;
    struct disk_target target; /* claimed, unless only looking */
    struct disk_layout layout;
    struct disk_table *table;

    uint8_t *bcd; /* a copy for the comparison afterwards */
    size_t bcd_bytes;
    struct boot_esp esp;
    struct fat_build *fat;
    struct ntfs_build *ntfs;
    uint64_t ntfs_serial;
    struct tree_regions regions;

    struct plan_step step[CREATE_MAX_STEPS];
    size_t nsteps;
    struct write_result written;
    struct write_proof *readback; /* what the target must return; NULL: not asked */
    struct write_verdict verdict;
    struct resume resume; /* what an interrupted run has left, and what this one leaves */
    char wish[RESUME_WISH_BYTES];
    bool can_resume;       /* this run left something to go on with */
    char warning[200];

    struct write_group *group; /* while several are written; NULL: alone */
    size_t member;

    struct arena words; /* strings and arrays of the public view */
    struct wtg_plan_info plan_info;
};

/* create.c: an error about one of several targets names it. */
int create_name_target(const struct create *c, struct wtg_err *err);
/* create-source.c: opens the image, makes the edits, chooses the compact files. */
int create_source_new(const struct wtg_create_opts *opts, struct wtg_job *job,
                      struct create_source **ret, struct wtg_err *err) WTG_MUST_USE;
void create_source_unref(struct create_source *s); /* NULL is fine */
/* create-volume.c: the layout, from what the image and the target are.  DISK_TOO_SMALL says how
 * much the whole disk must have. */
int create_lay_out(struct create *c, struct wtg_err *err) WTG_MUST_USE;
/* create-holes.c: where a sparse file is zero; ctx is the create. */
int create_holes(void *ctx, const struct tree_blob *blob, struct ntfs_hole **ret, size_t *ret_n,
                 struct wtg_err *err) WTG_MUST_USE;
/* create-info.c: the plan in plain data. */
int create_describe(struct create *c, struct wtg_err *err) WTG_MUST_USE;
/* What such a target takes, where nobody has measured it: bytes per second. */
uint64_t create_assumed_rate(const struct disk_identity *id, const char **ret_source);
/* create-run.c: chooses the steps, for both describing and running. */
void create_choose_steps(struct create *c);
int create_open_target(struct create *c, struct blk **ret, struct wtg_err *err) WTG_MUST_USE;
/* create-resume.c: is there something to go on with, and is it this plan?  Before the seed is
 * chosen, and once the layout is known. */
void create_look_back(struct create *c);
int create_match_resume(struct create *c, struct wtg_err *err) WTG_MUST_USE;
/* Instead of emptying the target: the end of what is there must be what was written. */
int create_go_on(struct create *c, struct blk *target, struct wtg_job *job,
                 struct wtg_err *err) WTG_MUST_USE;
/* After a failure: keeps what a later run can go on with, else takes it away. */
int create_stop(struct create *c, struct wtg_err *err);
/* create-verify.c: steps; ctx is the create. */
int create_verify(void *ctx, struct wtg_job *job, struct wtg_err *err) WTG_MUST_USE;
int create_check(void *ctx, struct wtg_job *job, struct wtg_err *err) WTG_MUST_USE;

#endif
