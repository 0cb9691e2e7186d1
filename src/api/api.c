/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The library's front: what faces call.  Opaque types and plain data, no words of its own. */
#include <stdlib.h>

#include "base/mem.h"
#include "recipe/copy.h"
#include "recipe/create.h"
#include "recipe/identify.h"
#include "recipe/look.h"
#include "recipe/needs.h"
#include "recipe/preflight.h"
#include "recipe/structure.h"
#include "wtg/check.h"
#include "wtg/create.h"
#include "wtg/image.h"
#include "wtg/preflight.h"
#include "wtg/write.h"

/* Plans of other wishes will stand beside `create`. */
struct wtg_plan {
    struct create *create;
};

int wtg_create_plan(const struct wtg_create_opts *opts, struct wtg_job *job, struct wtg_plan **ret,
                    struct wtg_err *err)
{
    AUTO_FREE struct wtg_plan *p = mem_zeroed(1, sizeof *p, err);
    int r = p ? create_new(opts, job, &p->create, err) : err->code;
    if (r == 0)
        *ret = TAKE_PTR(p);
    return r;
}

int wtg_create_plan_many(const struct wtg_create_opts *opts, const char *const *target, size_t n,
                         struct wtg_job *job, struct wtg_plan **ret, struct wtg_err *err)
{
    AUTO_FREE struct create **c = mem_zeroed(n, sizeof *c, err);
    AUTO_FREE struct wtg_plan **p = mem_zeroed(n, sizeof *p, err);
    int r = c && p ? 0 : err->code;

    for (size_t i = 0; i < n && r == 0; i++)
        if (!(p[i] = mem_zeroed(1, sizeof *p[i], err)))
            r = err->code;
    if (r == 0)
        r = create_new_many(opts, target, n, job, c, err);
    for (size_t i = 0; i < n && p; i++) {
        if (r == 0) {
            p[i]->create = c[i];
            ret[i] = p[i];
        } else {
            free(p[i]);
        }
    }
    return r;
}

const struct wtg_plan_info *wtg_plan_info(const struct wtg_plan *plan)
{
    return create_info(plan->create);
}

int wtg_plan_run(struct wtg_plan *plan, struct wtg_job *job, struct wtg_report *ret,
                 struct wtg_err *err)
{
    return create_run(plan->create, job, ret, err);
}

int wtg_plan_run_many(struct wtg_plan *const *plan, size_t n, const struct wtg_plan_watch *watch,
                      struct wtg_job *job, struct wtg_plan_result *ret, struct wtg_err *err)
{
    AUTO_FREE struct create **c = mem_zeroed(n, sizeof *c, err);

    for (size_t i = 0; i < n; i++) {
        ret[i] = (struct wtg_plan_result){ .path = wtg_plan_info(plan[i])->target.path };
        if (c)
            c[i] = plan[i]->create;
        else
            ret[i].err = *err;
    }
    return c ? create_run_many(c, n, watch, job, ret, err) : err->code;
}

void wtg_plan_free(struct wtg_plan *plan)
{
    if (plan)
        create_free(plan->create);
    free(plan);
}

const char *wtg_setting_slug(size_t i)
{
    return create_setting_slug(i);
}

const char *wtg_setting_why(size_t i)
{
    return create_setting_why(i);
}

const char *wtg_preflight_slug(enum wtg_preflight_verdict verdict)
{
    return preflight_slug(verdict);
}

int wtg_preflight(const struct wtg_preflight_opts *opts, struct wtg_job *job,
                  void (*each)(const struct wtg_preflight_row *row, void *user), void *user,
                  unsigned *ret_stops, struct wtg_err *err)
{
    return preflight(opts, opts->plan ? opts->plan->create : NULL, NULL, job, each, user, ret_stops,
                     err);
}

struct wtg_image {
    struct look *look;
};

int wtg_image_open(const char *path, const char *inside, struct wtg_image **ret, struct wtg_err *err)
{
    AUTO_FREE struct wtg_image *i = mem_zeroed(1, sizeof *i, err);
    int r = i ? look_new(path, inside, &i->look, err) : err->code;
    if (r == 0)
        *ret = TAKE_PTR(i);
    return r;
}

void wtg_image_free(struct wtg_image *image)
{
    if (image)
        look_free(image->look);
    free(image);
}

const struct wtg_image_info *wtg_image_info(const struct wtg_image *image)
{
    return look_info(image->look);
}

int wtg_image_list(struct wtg_image *image, unsigned index,
                   int (*each)(const struct wtg_entry *entry, void *user), void *user,
                   struct wtg_err *err)
{
    return look_list(image->look, index, each, user, err);
}

int wtg_image_identify(const char *path, struct wtg_job *job, struct wtg_identity *ret,
                       struct wtg_err *err)
{
    return identify_image(path, job, ret, err);
}

enum wtg_togo wtg_togo_support(const struct wtg_edition *e)
{
    return needs_togo(e);
}

int wtg_image_needs(struct wtg_image *image, unsigned index, struct wtg_image_needs *ret,
                    struct wtg_err *err)
{
    return look_needs(image->look, index, ret, err);
}

int wtg_image_extract(struct wtg_image *image, const char *const *path, size_t n,
                      const struct wtg_extract_opts *opts, struct wtg_job *job,
                      struct wtg_extract_report *ret, struct wtg_err *err)
{
    return look_extract(image->look, path, n, opts, job, ret, err);
}

int wtg_check_structure(const char *target, const struct wtg_check_opts *opts, struct wtg_job *job,
                        void (*each)(const struct wtg_problem *p, void *user), void *user,
                        uint64_t *ret_errors, struct wtg_err *err)
{
    return recipe_check_structure(target, opts, job, each, user, ret_errors, err);
}

struct wtg_write {
    struct copy *copy;
};

int wtg_write_plan(const struct wtg_write_opts *opts, struct wtg_job *job, struct wtg_write **ret,
                   struct wtg_err *err)
{
    AUTO_FREE struct wtg_write *w = mem_zeroed(1, sizeof *w, err);
    int r = w ? copy_new(opts, job, &w->copy, err) : err->code;
    if (r == 0)
        *ret = TAKE_PTR(w);
    return r;
}

const struct wtg_write_info *wtg_write_info(const struct wtg_write *plan)
{
    return copy_info(plan->copy);
}

int wtg_write_run(struct wtg_write *plan, struct wtg_job *job, struct wtg_write_report *ret,
                  struct wtg_err *err)
{
    return copy_run(plan->copy, job, ret, err);
}

void wtg_write_free(struct wtg_write *plan)
{
    if (plan)
        copy_free(plan->copy);
    free(plan);
}
