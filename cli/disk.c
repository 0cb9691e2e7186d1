/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>

#include "wtg/check.h"

struct check_values {
    struct cli_common common;
    bool volume, strict;
};

static const struct cli_opt check_opts[] = {
    { "volume", CLI_FLAG, offsetof(struct check_values, volume), NULL,
      N_("the target is one bare volume, without a partition table") },
    { "strict", CLI_FLAG, offsetof(struct check_values, strict), NULL,
      N_("hold NTFS to what wtg writes, not to what a running Windows leaves") },
};

static void on_problem(const struct wtg_problem *p, void *user)
{
    const struct cli_common *common = user;

    if (common->json)
        cli_json(json_pack("{s:s, s:s, s:s, s:s, s:b}", "event", "problem", "where", p->where,
                           "slug", p->slug, "text", p->text, "warning", p->warning));
    else if (!p->warning || !common->quiet)
        printf("%s  %s: %s (%s)\n", p->warning ? _("warning") : _("error  "), p->where, p->text,
               p->slug);
}

static int run_check(const struct cli_command *command, void *values, char **args)
{
    struct check_values *v = values;
    const struct wtg_check_opts o = { .volume = v->volume, .strict = v->strict };
    struct cli_progress progress;
    struct wtg_err err = { 0 };
    uint64_t errors = 0;

    (void)command;
    cli_progress_begin(&progress, &v->common);
    int r = wtg_check_structure(args[0], &o, &progress.job, on_problem, &v->common, &errors, &err);
    cli_progress_end(&progress);
    if (r < 0)
        return cli_fail(&v->common, &err);
    if (v->common.json)
        cli_json(json_pack("{s:s, s:s, s:I}", "event", "report", "result",
                           errors ? "problems" : "clean", "errors", (json_int_t)errors));
    else if (errors)
        printf(_("%" PRIu64 " errors in the structure of '%s'\n"), errors, args[0]);
    else
        printf(_("the structure of '%s' is sound\n"), args[0]);
    return errors ? EXIT_PROBLEMS : EXIT_DONE;
}

const struct cli_command cli_disk_check = {
    .name = "disk check",
    .args = "TARGET",
    .help = N_("is the structure of a stick or image file sound: table, FAT32, NTFS"),
    .opt = check_opts,
    .nopts = CLI_LEN(check_opts),
    .nargs = 1,
    .value_bytes = sizeof(struct check_values),
    .run = run_check,
};
