/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "wtg/write.h"

struct write_values {
    struct cli_common common;
    uint64_t size, memory;
    const char *sha256;
    bool no_verify, allow_fixed;
};

#define AT(field) offsetof(struct write_values, field)
static const struct cli_opt opts[] = {
    { "sha256", CLI_STRING, AT(sha256), "HEX", N_("the image must have this SHA-256") },
    { "no-verify", CLI_FLAG, AT(no_verify), NULL, N_("do not read back what was written") },
    { "size", CLI_SIZE, AT(size), "SIZE", N_("size of image files, like 64G") },
    { "allow-fixed", CLI_FLAG, AT(allow_fixed), NULL, N_("also a disk that is no stick") },
    { "memory", CLI_SIZE, AT(memory), "SIZE", N_("buffers use at most so much") },
};

/* The plan. */

static void print_image(const struct wtg_write_info *p)
{
    char a[CLI_TEXT_BYTES], b[CLI_TEXT_BYTES];

    printf(_("image     %s\n          %s, %s"), p->image, p->form, cli_bytes(p->file_bytes, a));
    if (p->member[0])
        printf(": %s", p->member);
    if (strcmp(p->form, "plain") != 0)
        printf(_(", unpacked %s"),
               p->image_bytes ? cli_bytes(p->image_bytes, b) : _("not known yet"));
    printf("\n");
    if (p->bmap[0])
        printf(_("  map     %s: %s hold something\n"), p->bmap, cli_bytes(p->write_bytes, a));
    if (p->sha256[0])
        printf(_("  SHA-256 %s (%s)\n"), p->sha256, p->sha256_from);
}

static void print_plan(const struct wtg_write_info *p)
{
    char a[CLI_TEXT_BYTES];

    print_image(p);
    for (size_t i = 0; i < p->ntargets; i++) {
        printf(_("target    %s\n"), p->target[i].text);
        printf(_("  holds   %s\n"), p->target[i].holds);
        for (size_t k = 0; k < p->target[i].nlines; k++)
            printf("          %s\n", p->target[i].lines[k]);
    }
    printf(_("writes    %s%s%s\n"),
           p->write_bytes ? cli_bytes(p->write_bytes, a) : _("as much as comes out of it"),
           p->ntargets > 1 ? _(" to each") : "",
           p->verify ? _(", then reads it back and compares") : _(", does not read it back"));
    for (size_t i = 0; i < p->nnotes; i++)
        printf(_("note      %s\n"), p->note[i]);
    fflush(stdout);
}

static json_t *targets_json(const struct wtg_write_info *p)
{
    json_t *a = json_array();

    for (size_t i = 0; i < p->ntargets; i++) {
        const struct wtg_plan_target *t = &p->target[i];
        json_array_append_new(
            a, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:i, s:b, s:s}", "path", t->path, "text",
                         t->text, "bus", t->bus, "model", t->model, "serial", t->serial,
                         "size_bytes", (json_int_t)t->size_bytes, "sector_bytes",
                         (int)t->sector_bytes, "is_file", t->is_file, "holds", t->holds));
    }
    return a;
}

static void plan_json(const struct wtg_write_info *p)
{
    json_t *notes = json_array();

    for (size_t i = 0; i < p->nnotes; i++)
        json_array_append_new(notes, json_string(p->note[i]));
    cli_json(json_pack("{s:s, s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:b, s:o, s:o}",
                       "event", "plan", "wtg_write_plan", 1, "image", p->image, "form", p->form,
                       "member", p->member, "file_bytes", (json_int_t)p->file_bytes, "image_bytes",
                       (json_int_t)p->image_bytes, "write_bytes", (json_int_t)p->write_bytes,
                       "bmap", p->bmap, "sha256", p->sha256, "sha256_from", p->sha256_from,
                       "verify", p->verify, "targets", targets_json(p), "notes", notes));
}

static const char *const phases[] = {
    [WTG_WRITE_WRITES] = N_("writing"),      [WTG_WRITE_FLUSHES] = N_("waiting"),
    [WTG_WRITE_PROVES] = N_("reading back"), [WTG_WRITE_DONE] = N_("done"),
    [WTG_WRITE_FAILED] = N_("failed"),
};

static void state_json(const struct wtg_write_state *s)
{
    cli_json(json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "event", "progress", "target", s->path,
                       "step", phases[s->phase], "written", (json_int_t)s->written_bytes, "proved",
                       (json_int_t)s->proved_bytes, "total", (json_int_t)s->total_bytes));
}

/* Several targets; one target uses the common line. */
static void on_state(const struct wtg_write_state *s, size_t n, void *user)
{
    struct cli_table *t = user;
    struct cli_row row[WTG_WRITE_MAX_TARGETS];
    bool last = true;

    for (size_t i = 0; i < n; i++)
        last &= s[i].phase >= WTG_WRITE_DONE;
    if (!cli_table_due(t, last))
        return;
    for (size_t i = 0; i < n; i++) {
        row[i] = (struct cli_row){ .path = s[i].path,
                                   .state = _(phases[s[i].phase]),
                                   .done = s[i].phase == WTG_WRITE_PROVES ? s[i].proved_bytes
                                                                          : s[i].written_bytes,
                                   .total = s[i].total_bytes };
        if (t->common->json)
            state_json(&s[i]);
    }
    if (!t->common->json)
        cli_table_draw(t, row, n);
}

/* The report. */

static void report_json(const struct wtg_write_info *p, const struct wtg_write_report *r,
                        const struct wtg_write_result *t)
{
    cli_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:b, s:f, s:s}", "event", "report",
                       "result", "done", "image", p->image, "sha256", r->sha256, "target", t->path,
                       "image_bytes", (json_int_t)r->image_bytes, "written_bytes",
                       (json_int_t)t->written_bytes, "proved_bytes", (json_int_t)t->proved_bytes,
                       "verified", p->verify, "seconds", t->seconds, "warning", t->warning));
}

static void print_result(const struct wtg_write_info *p, size_t i, const struct wtg_write_result *t)
{
    char a[CLI_TEXT_BYTES], b[CLI_TEXT_BYTES], c[CLI_TEXT_BYTES];
    double seconds = t->seconds > 0 ? t->seconds : 1e-3;

    printf(_("done      %s\n"), p->target[i].text);
    printf(_("          %s written%s in %s (%s/s)%s\n"), cli_bytes(t->written_bytes, a),
           p->verify ? _(" and read back") : "", cli_duration(seconds, b),
           cli_bytes((uint64_t)((double)t->written_bytes / seconds), c),
           p->verify ? "" : _("; it was not read back"));
    if (t->warning[0])
        printf(_("warning   %s\n"), t->warning);
}

static void print_report(const struct cli_common *common, const struct wtg_write_info *p,
                         const struct wtg_write_report *r)
{
    for (size_t i = 0; i < r->nresults; i++) {
        if (r->result[i].err.code)
            continue;
        if (common->json)
            report_json(p, r, &r->result[i]);
        else
            print_result(p, i, &r->result[i]);
    }
    if (r->sha256[0] && !common->json && r->nfailed < r->nresults)
        printf(_("SHA-256   %s, as %s says\n"), r->sha256, p->sha256_from);
    fflush(stdout);
}

/* The command. */

static bool agreed(const struct write_values *v, const struct wtg_write_info *p,
                   struct wtg_err *err)
{
    const char *path[WTG_WRITE_MAX_TARGETS];

    for (size_t i = 0; i < p->ntargets; i++)
        path[i] = p->target[i].path;
    return cli_agree(&v->common, path, p->ntargets, err);
}

/* One error for all, or one for each target that failed while others are good. */
static int fail(const struct cli_common *common, const struct wtg_write_report *r,
                const struct wtg_err *err)
{
    if (r->image_failed || r->nresults < 2 || r->nfailed == 0)
        return cli_fail(common, err);
    for (size_t i = 0; i < r->nresults; i++)
        if (r->result[i].err.code)
            cli_fail_target(common, r->result[i].path, &r->result[i].err);
    return EXIT_FAILED;
}

static int run_plan(const struct write_values *v, struct cli_progress *progress,
                    struct wtg_write *plan)
{
    const struct wtg_write_info *p = wtg_write_info(plan);
    struct wtg_write_report report = { 0 };
    struct wtg_err err = { 0 };

    if (v->common.json)
        plan_json(p);
    else if (!v->common.quiet || !v->common.yes)
        print_plan(p);
    if (v->common.dry_run)
        return EXIT_DONE;
    if (!agreed(v, p, &err))
        return cli_fail(&v->common, &err);
    cli_progress_begin(progress, &v->common);
    if (p->ntargets > 1)
        progress->job.on_progress = NULL;
    int r = wtg_write_run(plan, &progress->job, &report, &err);
    cli_progress_end(progress);
    print_report(&v->common, p, &report);
    return r < 0 ? fail(&v->common, &report, &err) : EXIT_DONE;
}

static int run(const struct cli_command *command, void *values, char **args)
{
    const struct write_values *v = values;
    struct cli_table table = { .common = &v->common };
    struct wtg_write_opts o = {
        .image = args[0],
        .target = (const char *const *)(args + 1),
        .sha256 = v->sha256,
        .size_bytes = v->size,
        .memory_bytes = v->memory,
        .no_verify = v->no_verify,
        .allow_fixed = v->allow_fixed,
        .look_only = v->common.dry_run,
        .user = &table,
    };
    struct wtg_write *plan = NULL;
    struct cli_progress progress;
    struct wtg_err err = { 0 };

    (void)command;
    while (o.target[o.ntargets])
        o.ntargets++;
    if (o.ntargets > 1 && (v->common.json || (!v->common.quiet && cli_is_terminal())))
        o.on_state = on_state;
    cli_progress_begin(&progress, &v->common);
    int r = wtg_write_plan(&o, &progress.job, &plan, &err);
    cli_progress_end(&progress);
    int code = r < 0 ? cli_fail(&v->common, &err) : run_plan(v, &progress, plan);
    wtg_write_free(plan);
    return code;
}

const struct cli_command cli_write = {
    .name = "write",
    .args = "IMAGE TARGET...",
    .help = N_("a raw image or hybrid ISO, packed or not, onto one or many disks"),
    .opt = opts,
    .nopts = CLI_LEN(opts),
    .nargs = 2,
    .more_args = true,
    .value_bytes = sizeof(struct write_values),
    .run = run,
};
