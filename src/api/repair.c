/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wtg/repair.h"

#include "base/mem.h"
#include "recipe/repair.h"
#include "recipe/undo.h"

struct wtg_repair {
    struct repair *repair;
};

int wtg_repair_plan(const struct wtg_repair_opts *opts, struct wtg_job *job,
                    struct wtg_repair **ret, struct wtg_err *err)
{
    AUTO_FREE struct wtg_repair *p = mem_zeroed(1, sizeof *p, err);
    int r = p ? repair_new(opts, NULL, job, &p->repair, err) : err->code;
    if (r == 0)
        *ret = TAKE_PTR(p);
    return r;
}

const struct wtg_repair_info *wtg_repair_info(const struct wtg_repair *plan)
{
    return repair_info(plan->repair);
}

int wtg_repair_run(struct wtg_repair *plan, struct wtg_job *job, struct wtg_repair_report *ret,
                   struct wtg_err *err)
{
    return repair_run(plan->repair, job, ret, err);
}

void wtg_repair_free(struct wtg_repair *plan)
{
    if (plan)
        repair_free(plan->repair);
    free(plan);
}

int wtg_undo_list(struct wtg_undo_list **ret, struct wtg_err *err)
{
    return undo_list_new(NULL, ret, err);
}

const struct wtg_undo_entry *wtg_undo_entry(const struct wtg_undo_list *list, size_t i)
{
    return undo_list_entry(list, i);
}

void wtg_undo_list_free(struct wtg_undo_list *list)
{
    undo_list_free(list);
}

struct wtg_undo {
    struct taking_back *back;
};

int wtg_undo_plan(const struct wtg_undo_opts *opts, struct wtg_job *job, struct wtg_undo **ret,
                  struct wtg_err *err)
{
    AUTO_FREE struct wtg_undo *p = mem_zeroed(1, sizeof *p, err);
    int r = p ? taking_back_new(opts, NULL, job, &p->back, err) : err->code;
    if (r == 0)
        *ret = TAKE_PTR(p);
    return r;
}

const struct wtg_undo_info *wtg_undo_info(const struct wtg_undo *plan)
{
    return taking_back_info(plan->back);
}

int wtg_undo_run(struct wtg_undo *plan, struct wtg_job *job, struct wtg_err *err)
{
    return taking_back_run(plan->back, job, err);
}

void wtg_undo_free(struct wtg_undo *plan)
{
    if (plan)
        taking_back_free(plan->back);
    free(plan);
}
