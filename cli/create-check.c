/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <stdio.h>
#include <string.h>

#include "wtg/preflight.h"

/* What 'wtg check' says, before 'wtg create' does anything: what stops is an error, warnings are
 * told, and the rest is nobody's business here. */

struct first {
    const struct cli_common *common;
    const char *area; /* only rows of this area; NULL: all */
    bool hosted;      /* the computer was told of with the target before */
    struct wtg_err stop;
};

static const char *words(const char *s)
{
    return s[0] ? _(s) : s;
}

static void tell(const struct cli_common *common, const struct wtg_preflight_row *r)
{
    char line[1200];

    if (common->json) {
        cli_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "event", "check",
                           "check", r->slug, "area", r->area, "verdict",
                           wtg_preflight_slug(r->verdict), "seen", r->seen, "wanted", r->wanted,
                           "note", r->note, "where", r->where, "todo", r->todo));
        return;
    }
    if (common->quiet)
        return;
    snprintf(line, sizeof line, "%s: %s%s%s%s%s%s", words(r->what), words(r->seen),
             r->wanted[0] ? " / " : "", words(r->wanted), r->note[0] ? " (" : "", words(r->note),
             r->note[0] ? ")" : "");
    cli_wrap(_("check     "), "          ", line);
}

static void on_row(const struct wtg_preflight_row *r, void *user)
{
    struct first *f = user;

    if ((f->area && strcmp(f->area, r->area) != 0) ||
        (f->hosted && strcmp(r->area, "host") == 0 && r->verdict != WTG_PREFLIGHT_STOP))
        return;
    if (r->verdict == WTG_PREFLIGHT_STOP && r->err && !f->stop.code)
        f->stop = *r->err;
    else if (r->verdict == WTG_PREFLIGHT_WARNING)
        tell(f->common, r);
}

int cli_check_targets(const struct cli_common *common, const struct wtg_create_opts *opts,
                      const char *const *target, size_t n, struct wtg_job *job, struct wtg_err *err)
{
    struct first f = { .common = common };
    unsigned stops = 0;

    for (size_t i = 0; i < n; i++) {
        struct wtg_preflight_opts o = { .create = *opts, .quick = true };
        o.create.image = NULL;
        o.create.target = target[i];
        f.hosted = i > 0;
        int r = wtg_preflight(&o, job, on_row, &f, &stops, err);
        if (r < 0)
            return r;
        if (f.stop.code && !common->dry_run) { /* who only looks is told by the plan */
            *err = f.stop;
            return err->code;
        }
    }
    return 0;
}

int cli_check_image(const struct cli_common *common, const struct wtg_plan *plan,
                    struct wtg_job *job, struct wtg_err *err)
{
    const struct wtg_preflight_opts o = { .plan = plan,
                                          .create.no_boot = !wtg_plan_info(plan)->boots,
                                          .quick = true };
    struct first f = { .common = common, .area = "image" };
    unsigned stops = 0;

    return common->quiet ? 0 : wtg_preflight(&o, job, on_row, &f, &stops, err);
}
