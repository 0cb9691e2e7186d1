/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "wtg/repair.h"

struct undo_values {
    struct cli_common common;
    bool list, force, allow_fixed;
};

#define AT(field) offsetof(struct undo_values, field)
static const struct cli_opt opts[] = {
    { "list", CLI_FLAG, AT(list), NULL, N_("what can be taken back") },
    { "force", CLI_FLAG, AT(force), NULL, N_("also when the target was changed since") },
    { "allow-fixed", CLI_FLAG, AT(allow_fixed), NULL, N_("also a disk that is no stick") },
};

enum { TIME_TEXT_BYTES = 40 };

static char *time_text(uint64_t seconds, char buf[TIME_TEXT_BYTES])
{
    time_t t = (time_t)seconds;
    struct tm tm;

    if (!localtime_r(&t, &tm) || !strftime(buf, TIME_TEXT_BYTES, "%Y-%m-%d %H:%M:%S", &tm))
        snprintf(buf, TIME_TEXT_BYTES, "?");
    return buf;
}

static void show_entry(const struct cli_common *common, const struct wtg_undo_entry *e)
{
    char when[TIME_TEXT_BYTES], size[CLI_TEXT_BYTES];

    if (common->json) {
        cli_json(json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:s}", "event", "undo-file", "path",
                           e->path, "target", e->target, "repairs", e->what, "time",
                           (json_int_t)e->time, "kept_bytes", (json_int_t)e->kept_bytes, "ended",
                           e->ended, "damage", e->damage));
        return;
    }
    if (e->damage[0]) {
        printf(_("damaged              %s\n"), e->damage);
        return;
    }
    printf("%s  %s\n", time_text(e->time, when), e->target);
    printf(_("                     %s; %s kept%s\n"), e->what, cli_bytes(e->kept_bytes, size),
           e->ended ? "" : _(", interrupted"));
}

static int list(const struct cli_common *common)
{
    struct wtg_undo_list *l = NULL;
    struct wtg_err err = { 0 };
    size_t i = 0;

    if (wtg_undo_list(&l, &err) < 0)
        return cli_fail(common, &err);
    for (; wtg_undo_entry(l, i); i++)
        show_entry(common, wtg_undo_entry(l, i));
    if (i == 0 && !common->json)
        printf(_("there is nothing to take back\n"));
    wtg_undo_list_free(l);
    return EXIT_DONE;
}

static void show_plan(const struct cli_common *common, const struct wtg_undo_info *p)
{
    char when[TIME_TEXT_BYTES], size[CLI_TEXT_BYTES];

    if (common->json) {
        json_t *notes = json_array();
        for (size_t i = 0; i < p->nnotes; i++)
            json_array_append_new(notes, json_string(p->note[i]));
        cli_json(json_pack(
            "{s:s, s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "event", "plan", "wtg_undo", 1,
            "target", p->target.path, "undo_file", p->entry.path, "repairs", p->entry.what, "time",
            (json_int_t)p->entry.time, "kept_bytes", (json_int_t)p->entry.kept_bytes, "blocks",
            (json_int_t)p->blocks, "changed", (json_int_t)p->changed, "notes", notes));
        return;
    }
    printf(_("target    %s\n"), p->target.text);
    printf(_("  holds   %s\n"), _(p->target.holds));
    printf(_("undo      %s, of %s\n"), p->entry.what, time_text(p->entry.time, when));
    printf(_("writes    %s: every byte that the repair has overwritten\n"),
           cli_bytes(p->entry.kept_bytes, size));
    for (size_t i = 0; i < p->nnotes; i++)
        printf(_("note      %s\n"), _(p->note[i]));
    fflush(stdout);
}

static bool agreed(const struct cli_common *common, const struct wtg_undo_info *p,
                   struct wtg_err *err)
{
    char question[512];

    if (common->yes)
        return true;
    snprintf(question, sizeof question, _("\nThis will be written to %s.  Type 'yes' to go on:"),
             p->target.path);
    if (!common->json && cli_ask(question, "yes"))
        return true;
    *err = (struct wtg_err){ .code = WTG_E_NOT_AGREED };
    snprintf(err->text, sizeof err->text, _("nothing was written: the plan was not agreed to"));
    snprintf(err->hint, sizeof err->hint,
             _("answer 'yes', or give '--yes' when nobody is there to answer"));
    return false;
}

static int run_plan(const struct undo_values *v, struct cli_progress *progress,
                    struct wtg_undo *plan, struct wtg_err *err)
{
    const struct wtg_undo_info *p = wtg_undo_info(plan);

    if (!v->common.quiet || !v->common.yes || v->common.json)
        show_plan(&v->common, p);
    if (v->common.dry_run)
        return 0;
    if (!agreed(&v->common, p, err))
        return err->code;
    cli_progress_begin(progress, &v->common);
    int r = wtg_undo_run(plan, &progress->job, err);
    cli_progress_end(progress);
    if (r == 0 && v->common.json)
        cli_json(json_pack("{s:s, s:s, s:s, s:I}", "event", "report", "result", "done", "target",
                           p->target.path, "written_bytes", (json_int_t)p->entry.kept_bytes));
    else if (r == 0)
        printf(_("done      %s is what it was before the repair, byte for byte\n"), p->target.path);
    return r;
}

static int run(const struct cli_command *command, void *values, char **args)
{
    const struct undo_values *v = values;
    const struct wtg_undo_opts o = {
        .target = args[0],
        .force = v->force,
        .allow_fixed = v->allow_fixed,
        .look_only = v->common.dry_run,
    };
    struct wtg_undo *plan = NULL;
    struct cli_progress progress;
    struct wtg_err err = { 0 };

    if (args[0] && args[1]) {
        fprintf(stderr, _("wtg %s: too many arguments\n"), command->name);
        return EXIT_USAGE;
    }
    if (v->list)
        return list(&v->common);
    cli_progress_begin(&progress, &v->common);
    int r = wtg_undo_plan(&o, &progress.job, &plan, &err);
    cli_progress_end(&progress);
    if (r == 0)
        r = run_plan(v, &progress, plan, &err);
    wtg_undo_free(plan);
    return r < 0 ? cli_fail(&v->common, &err) : EXIT_DONE;
}

const struct cli_command cli_undo = {
    .name = "undo",
    .args = "[TARGET]",
    .help = N_("takes the newest repair back: of a target, or of the last one"),
    .opt = opts,
    .nopts = CLI_LEN(opts),
    .more_args = true,
    .value_bytes = sizeof(struct undo_values),
    .run = run,
};
