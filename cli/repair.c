/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>

#include "wtg/repair.h"

struct repair_values {
    struct cli_common common;
    struct cli_list only;
    const char *image, *inside, *edition;
    unsigned index;
    bool allow_fixed;
};

#define AT(field) offsetof(struct repair_values, field)
static const struct cli_opt opts[] = {
    { "only", CLI_LIST, AT(only), "CAUSE",
      N_("mend this cause and no other; may come several times") },
    { "image", CLI_STRING, AT(image), "IMAGE",
      N_("what the stick was made from, for files that are missing") },
    { "inside", CLI_STRING, AT(inside), "PATH", N_("which WIM of an ISO that holds several") },
    { "index", CLI_NUMBER, AT(index), "N", N_("which Windows of the image, by number") },
    { "edition", CLI_STRING, AT(edition), "NAME", N_("the same by edition id or name") },
    { "allow-fixed", CLI_FLAG, AT(allow_fixed), NULL, N_("also a disk that is no stick") },
};

static const char *state_name(enum wtg_repair_state s)
{
    return s == WTG_REPAIR_WILL ? "will" : s == WTG_REPAIR_CANNOT ? "cannot" : "ask";
}

/* For people. */

static void print_items(const struct wtg_repair_info *p, enum wtg_repair_state state)
{
    char size[CLI_TEXT_BYTES];

    for (size_t i = 0; i < p->nitems; i++) {
        const struct wtg_repair_item *it = &p->item[i];
        if (it->state != state)
            continue;
        printf("  %-14s %s\n", it->slug, it->why);
        if (state == WTG_REPAIR_WILL)
            printf("  %-14s   %s (%s, %s)\n", "", _(it->text), it->effect,
                   cli_bytes(it->bytes, size));
        else if (state == WTG_REPAIR_ASK)
            printf(_("  %-14s   --only %s: %s\n"), "", it->cause, _(it->text));
        else
            printf("  %-14s   %s\n", "", it->why_not);
    }
}

static void print_plan(const struct wtg_repair_info *p)
{
    char size[CLI_TEXT_BYTES];
    size_t asks = p->nitems - p->nwill - p->ncannot;

    printf(_("target    %s\n"), p->target.text);
    printf(_("  holds   %s\n"), _(p->target.holds));
    for (size_t i = 0; i < p->target.nlines; i++)
        printf("          %s\n", p->target.lines[i]);
    if (p->nwill)
        printf(_("repairs   (each was tried on a draft, and helps)\n"));
    print_items(p, WTG_REPAIR_WILL);
    if (asks)
        printf(_("only when asked for\n"));
    print_items(p, WTG_REPAIR_ASK);
    if (p->ncannot)
        printf(_("cannot be mended by wtg\n"));
    print_items(p, WTG_REPAIR_CANNOT);
    if (p->nwill)
        printf(_("writes    %s\n"), cli_bytes(p->bytes, size));
    for (size_t i = 0; i < p->nnotes; i++)
        printf(_("note      %s\n"), _(p->note[i]));
    if (p->nitems == 0)
        printf(_("nothing that wtg could mend was found\n"));
    fflush(stdout);
}

/* For programs. */

static void plan_json(const struct wtg_repair_info *p)
{
    json_t *items = json_array(), *notes = json_array();

    for (size_t i = 0; i < p->nitems; i++) {
        const struct wtg_repair_item *it = &p->item[i];
        json_array_append_new(items, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "repair",
                                               it->slug, "cause", it->cause, "state",
                                               state_name(it->state), "effect", it->effect, "text",
                                               it->text, "why", it->why, "why_not", it->why_not,
                                               "bytes", (json_int_t)it->bytes));
    }
    for (size_t i = 0; i < p->nnotes; i++)
        json_array_append_new(notes, json_string(p->note[i]));
    cli_json(json_pack("{s:s, s:i, s:s, s:s, s:s, s:o, s:I, s:o}", "event", "plan", "wtg_repair", 1,
                       "target", p->target.path, "target_text", p->target.text, "holds",
                       p->target.holds, "repairs", items, "write_bytes", (json_int_t)p->bytes,
                       "notes", notes));
}

static void print_report(const struct cli_common *common, const struct wtg_repair_info *p,
                         const struct wtg_repair_report *r)
{
    char a[CLI_TEXT_BYTES], b[CLI_TEXT_BYTES], c[CLI_TEXT_BYTES];

    if (common->json) {
        cli_json(json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:f, s:s}", "event", "report",
                           "result", "done", "target", p->target.path, "repairs",
                           (json_int_t)r->repairs, "written_bytes", (json_int_t)r->written_bytes,
                           "kept_bytes", (json_int_t)r->kept_bytes, "undo_file", r->undo_file,
                           "seconds", r->seconds, "warning", r->warning));
        return;
    }
    printf(_("done      %s\n"), p->target.text);
    printf(_("          %zu repairs, %s written in %s; examined again, all of it helped\n"),
           r->repairs, cli_bytes(r->written_bytes, a), cli_duration(r->seconds, b));
    printf(_("          'wtg undo' takes it back, with %s kept in '%s'\n"),
           cli_bytes(r->kept_bytes, c), r->undo_file);
    if (r->warning[0])
        printf(_("warning   %s\n"), r->warning);
}

/* The command. */

static bool agreed(const struct cli_common *common, const struct wtg_repair_info *p,
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

static int run_plan(const struct repair_values *v, struct cli_progress *progress,
                    struct wtg_repair *plan, struct wtg_err *err)
{
    const struct wtg_repair_info *p = wtg_repair_info(plan);
    struct wtg_repair_report report;

    if (v->common.json)
        plan_json(p);
    else if (!v->common.quiet || !v->common.yes)
        print_plan(p);
    if (v->common.dry_run || p->nwill == 0)
        return 0;
    if (!agreed(&v->common, p, err))
        return err->code;
    cli_progress_begin(progress, &v->common);
    int r = wtg_repair_run(plan, &progress->job, &report, err);
    cli_progress_end(progress);
    if (r == 0)
        print_report(&v->common, p, &report);
    return r;
}

static int run(const struct cli_command *command, void *values, char **args)
{
    const struct repair_values *v = values;
    const struct wtg_repair_opts o = {
        .target = args[0],
        .only = v->only.item,
        .nonly = v->only.n,
        .image = v->image,
        .inside = v->inside,
        .index = v->index,
        .edition = v->edition,
        .allow_fixed = v->allow_fixed,
        .look_only = v->common.dry_run,
    };
    struct wtg_repair *plan = NULL;
    struct cli_progress progress;
    struct wtg_err err = { 0 };

    (void)command;
    cli_progress_begin(&progress, &v->common);
    int r = wtg_repair_plan(&o, &progress.job, &plan, &err);
    cli_progress_end(&progress);
    if (r == 0)
        r = run_plan(v, &progress, plan, &err);
    bool left = r == 0 && wtg_repair_info(plan)->ncannot > 0;
    wtg_repair_free(plan);
    return r < 0 ? cli_fail(&v->common, &err) : left ? EXIT_PROBLEMS : EXIT_DONE;
}

const struct cli_command cli_repair = {
    .name = "repair",
    .args = "TARGET",
    .help = N_("mends a stick or image file; 'wtg undo' takes it back"),
    .opt = opts,
    .nopts = CLI_LEN(opts),
    .nargs = 1,
    .value_bytes = sizeof(struct repair_values),
    .run = run,
};
