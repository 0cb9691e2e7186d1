/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_REPAIR_PLAN_H
#define WTG_RECIPE_REPAIR_PLAN_H

/* The plan of repairs: shared by its planning (repair.c) and its running (repair-run.c). */

#include "recipe/facts.h"
#include "recipe/repair-priv.h"

enum { REPAIR_ITEMS_MAX = 32, REPAIR_NOTES_MAX = 8 };

struct repair_item {
    const struct repair_row *row;
    enum wtg_repair_state state;
    const char *cause;
    char why[256], why_not[512];
    struct blk *layer; /* the draft of it; NULL unless WILL */
    uint64_t bytes;
};

struct repair {
    struct wtg_repair_opts opts;
    struct repair_on on;
    char state_dir[4096];
    struct disk_target target; /* claimed, when it was us */
    struct disk_identity id;
    struct disk_contents contents;
    struct blk *opened; /* the target, when it was us */
    struct blk *watch;  /* over the target: under all drafts */
    struct image *image;
    struct tree *image_tree;
    struct repair_files files;
    uint64_t time; /* seconds since 1970 */
    struct repair_item item[REPAIR_ITEMS_MAX];
    size_t nitems;

    struct arena words; /* of the public view */
    struct wtg_repair_info info;
    const char *note[REPAIR_NOTES_MAX];

    /* While it runs: */
    struct blk *undo;
    char undo_path[4096];
    struct wtg_job *job;
    char warning[200];
};

/* The newest state of the drafts. */
struct blk *repair_top(const struct repair *r);
/* The case for one row, over `below`; `out` is where it writes. */
int repair_case_init(struct repair *r, const struct repair_row *row, struct blk *below,
                     struct blk *out, struct repair_case *ret, struct wtg_err *err) WTG_MUST_USE;

#endif
