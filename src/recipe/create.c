/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/create-priv.h"

#include <stdio.h>
#include <string.h>

/* The target. */

static int look_at_target(struct create *c, struct wtg_err *err)
{
    int r;

    c->target_opts = (struct disk_target_opts){
        .allow_fixed = c->opts.allow_fixed,
        .size_bytes = c->opts.size_bytes,
        .sector_bytes = c->opts.sector_bytes,
        .source = &c->opts.image,
        .nsources = 1,
    };
    r = disk_target_look(NULL, c->opts.target, &c->target_opts, &c->id, err);
    if (r < 0 || !c->id.exists)
        return r;
    struct wtg_err ignored = { 0 }; /* what is there now is told when it can be read */
    if (disk_contents_probe(c->id.path, c->id.sector_bytes, &c->contents, &ignored) < 0)
        c->contents = (struct disk_contents){ 0 };
    return 0;
}

/* Once it is known how much will be written. */
static int claim_target(struct create *c, struct wtg_err *err)
{
    for (size_t i = 0; i < c->regions.n; i++)
        if (c->regions.region[i].kind != REGION_KEEP)
            c->target_opts.need_bytes += c->regions.region[i].length;
    if (c->opts.look_only)
        return disk_target_look(NULL, c->opts.target, &c->target_opts, &c->id, err);
    return disk_target_claim(NULL, c->opts.target, &c->target_opts, &c->target, err);
}

/* All of it. */

/* `number` counts the targets from 1; one of several gets a seed of its own, which gives the same
 * bytes when it is the only target. */
static int choose_seed(struct create *c, size_t number, struct wtg_err *err)
{
    size_t n = 0;

    if (c->opts.resume && (!c->opts.seed || c->several)) {
        snprintf(c->seed_text, sizeof c->seed_text, "%s", c->resume.seed);
    } else if (!c->opts.seed) {
        struct seed s = seed_random();
        struct guid g = seed_guid(&s, "seed");
        guid_text(&g, c->seed_text);
    } else if (c->several) {
        n = (size_t)snprintf(c->seed_text, sizeof c->seed_text, "%s-%zu", c->opts.seed, number);
    } else {
        n = (size_t)snprintf(c->seed_text, sizeof c->seed_text, "%s", c->opts.seed);
    }
    if (n >= sizeof c->seed_text)
        return wtg_fail(err, WTG_E_USAGE, "the seed is longer than %zu characters",
                        sizeof c->seed_text - 1 - (n - strlen(c->opts.seed)));
    c->seed = seed_from_text(c->seed_text);
    return 0;
}

static int check_opts(const struct wtg_create_opts *o, size_t ntargets, struct wtg_err *err)
{
    if (ntargets == 0 || ntargets > WTG_CREATE_MAX_TARGETS)
        return wtg_fail(err, WTG_E_USAGE, "%zu targets: 1 to %d can be written at once", ntargets,
                        WTG_CREATE_MAX_TARGETS);
    if (o->index && o->edition)
        return wtg_fail(err, WTG_E_USAGE, "an index and an edition: one of them is enough");
    if (o->no_boot && (o->unattend || o->nwithout))
        return wtg_fail(err, WTG_E_USAGE,
                        "an image that is not made to boot gets no settings and no answer file");
    return 0;
}

/* Before the image is opened: may all of them be written? */
static int look_at_targets(struct create **c, size_t n, struct wtg_err *err)
{
    for (size_t i = 0; i < n; i++) {
        int r = look_at_target(c[i], err);
        for (size_t k = 0; k < i && r == 0; k++)
            if (strcmp(c[k]->id.path, c[i]->id.path) == 0)
                r = wtg_fail(err, WTG_E_USAGE, "'%s' is named twice", c[i]->opts.target);
        if (r == 0) {
            create_look_back(c[i]);
            r = choose_seed(c[i], i + 1, err);
        }
        if (r < 0)
            return create_name_target(c[i], err);
    }
    return 0;
}

static int plan_target(struct create *c, struct wtg_err *err)
{
    int r = create_lay_out(c, err);

    if (r == 0)
        r = create_match_resume(c, err);
    if (r == 0)
        r = claim_target(c, err);
    if (r == 0)
        r = create_describe(c, err);
    return r < 0 ? create_name_target(c, err) : 0;
}

static int plan_all(struct create **c, size_t n, const struct wtg_create_opts *opts,
                    struct wtg_job *job, struct wtg_err *err)
{
    struct create_source *from = NULL;
    int r = look_at_targets(c, n, err);

    if (r == 0)
        r = create_source_new(opts, job, &from, err);
    for (size_t i = 0; i < n && r == 0; i++) {
        c[i]->from = from;
        from->users++;
        r = plan_target(c[i], err);
        c[i]->job = NULL;
    }
    create_source_unref(from);
    return r;
}

static struct create *create_one(const struct wtg_create_opts *opts, const char *target,
                                 struct wtg_job *job, struct wtg_err *err)
{
    struct create *c = mem_zeroed(1, sizeof *c, err);
    if (!c)
        return NULL;
    c->opts = *opts;
    c->opts.target = target;
    c->job = job;
    c->target.fd = -1;
    c->resume.fd = -1;
    return c;
}

int create_new_many(const struct wtg_create_opts *opts, const char *const *target, size_t n,
                    struct wtg_job *job, struct create **ret, struct wtg_err *err)
{
    AUTO_FREE struct create **c = mem_zeroed(n, sizeof *c, err);
    int r = c ? check_opts(opts, n, err) : err->code;

    for (size_t i = 0; i < n && r == 0; i++) {
        c[i] = create_one(opts, target[i], job, err);
        if (!c[i])
            r = err->code;
        else
            c[i]->several = n > 1;
    }
    if (r == 0)
        r = plan_all(c, n, opts, job, err);
    for (size_t i = 0; i < n && c; i++) {
        if (r == 0)
            ret[i] = c[i];
        else
            create_free(c[i]);
    }
    return r;
}

int create_new(const struct wtg_create_opts *opts, struct wtg_job *job, struct create **ret,
               struct wtg_err *err)
{
    return create_new_many(opts, &opts->target, 1, job, ret, err);
}

int create_name_target(const struct create *c, struct wtg_err *err)
{
    if (!c->several || err->code == WTG_E_CANCELLED || strstr(err->text, c->id.path) ||
        strstr(err->text, c->opts.target))
        return err->code;
    return wtg_because(err, "'%s'", c->opts.target);
}

const struct wtg_plan_info *create_info(const struct create *c)
{
    return &c->plan_info;
}

void create_free(struct create *c)
{
    if (!c)
        return;
    disk_target_discard(&c->target); /* a no-op after a run that went well */
    write_proof_free(c->readback);
    resume_release(&c->resume);
    tree_regions_release(&c->regions);
    ntfs_build_free(c->ntfs);
    fat_build_free(c->fat);
    boot_esp_release(&c->esp);
    disk_table_free(c->table);
    disk_contents_release(&c->contents);
    free(c->bcd);
    create_source_unref(c->from);
    arena_release(&c->words);
    free(c);
}

const char *create_setting_slug(size_t i)
{
    return i < windows_nsettings ? windows_settings[i].slug : NULL;
}

const char *create_setting_why(size_t i)
{
    return i < windows_nsettings ? windows_settings[i].why : NULL;
}
