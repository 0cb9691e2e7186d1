/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wtg/create.h"

struct create_values {
    struct cli_common common;
    uint64_t size, memory;
    unsigned index, sector;
    const char *inside, *edition, *seed, *unattend, *compact, *sha256;
    struct cli_list without;
    bool no_boot, allow_fixed, skip_encrypted, no_verify, discard, resume;
    uint64_t checkpoint;
};

#define AT(field) offsetof(struct create_values, field)
static const struct cli_opt opts[] = {
    { "size", CLI_SIZE, AT(size), "SIZE", N_("size of an image file, like 64G") },
    { "inside", CLI_STRING, AT(inside), "PATH", N_("which WIM of an ISO that holds several") },
    { "index", CLI_NUMBER, AT(index), "N", N_("which Windows of the image, by number") },
    { "edition", CLI_STRING, AT(edition), "NAME", N_("the same by edition id or name") },
    { "without", CLI_LIST, AT(without), "SETTING", N_("leave a setting out; may come several times") },
    { "unattend", CLI_STRING, AT(unattend), "FILE", N_("put this answer file in place") },
    { "no-boot", CLI_FLAG, AT(no_boot), NULL,
      N_("any image onto one NTFS partition, unchanged, not to boot from") },
    { "compact", CLI_STRING, AT(compact), "HOW",
      N_("'off': plain files; 'lzx', 'xpress4k', ...: only this form") },
    { "sha256", CLI_STRING, AT(sha256), "HEX", N_("of the image file; compared before all else") },
    { "resume", CLI_FLAG, AT(resume), NULL, N_("go on where an interrupted run stopped") },
    { "checkpoint", CLI_SIZE, AT(checkpoint), "SIZE",
      N_("an interruption costs at most about so much writing") },
    { "seed", CLI_STRING, AT(seed), "TEXT", N_("same text, same image: the same bytes again") },
    { "allow-fixed", CLI_FLAG, AT(allow_fixed), NULL, N_("also a disk that is no stick") },
    { "skip-encrypted", CLI_FLAG, AT(skip_encrypted), NULL, N_("leave files encrypted by EFS out") },
    { "sector-size", CLI_NUMBER, AT(sector), "BYTES", N_("of an image file: 512 or 4096") },
    { "no-verify", CLI_FLAG, AT(no_verify), NULL, N_("do not read back what was written") },
    { "discard", CLI_FLAG, AT(discard), NULL, N_("tell the disk first that all on it is void (TRIM)") },
    { "memory", CLI_SIZE, AT(memory), "SIZE", N_("buffers use at most so much") },
};

/* The plan for people. */

static void print_image(const struct wtg_plan_info *p)
{
    const struct wtg_image_info *i = p->image;
    const struct wtg_edition *e = p->edition;
    char size[CLI_TEXT_BYTES];

    printf(_("image     %s\n"), i->path);
    printf("          ");
    if (i->container[0])
        printf("%s, %s: ", i->container, i->member);
    printf("%s, %s%s\n", cli_bytes(i->file_bytes, size), i->compression, i->solid ? _(", solid") : "");
    printf("          %u: %s", e->index, e->name[0] ? e->name : _("(no name)"));
    if (e->version[0])
        printf(", %s", e->version);
    if (e->architecture[0])
        printf(", %s", e->architecture);
    if (e->languages[0])
        printf(", %s", e->languages);
    printf(_("\n          %" PRIu64 " files, %" PRIu64 " directories\n"), p->files, p->directories);
}

static void print_target(const struct wtg_plan_info *p)
{
    const struct wtg_plan_target *t = &p->target;

    printf(_("target    %s\n"), t->text);
    printf(_("  holds   %s\n"), _(t->holds));
    for (size_t i = 0; i < t->nlines; i++)
        printf("          %s\n", t->lines[i]);
}

static void print_layout(const struct wtg_plan_info *p)
{
    char size[CLI_TEXT_BYTES], at[CLI_TEXT_BYTES];

    printf(_("layout    GPT %s\n"), p->disk_guid);
    for (size_t i = 0; i < p->nparts; i++)
        printf("       %zu  %-28s %-6s %10s  %s %s\n", i + 1, p->part[i].name, p->part[i].file_system,
               cli_bytes(p->part[i].size_bytes, size), _("at"),
               cli_bytes(p->part[i].offset_bytes, at));
}

static void print_changes(const struct wtg_plan_info *p)
{
    const char *last = "";

    if (p->nchanges)
        printf(_("changes   (--without NAME leaves one out)\n"));
    for (size_t i = 0; i < p->nchanges; i++) {
        const struct wtg_plan_change *c = &p->change[i];
        if (!c->slug[0] || strcmp(c->slug, last) != 0)
            printf("  %-18s %s\n", c->slug, _(c->why));
        printf("  %-18s   %s: %s\n", "", c->where, c->what);
        last = c->slug;
    }
}

static void print_compact(const struct wtg_plan_info *p)
{
    char a[CLI_TEXT_BYTES];
    const char *saves = cli_bytes(p->compact_saved_bytes, a);

    if (!p->compact[0])
        return;
    if (p->compact_estimated)
        printf(_("compact   %s: %" PRIu64 " files, to be compressed anew; saves about %s of writing and of "
                 "space\n"),
               p->compact, p->compact_files, saves);
    else if (p->compact_made_bytes)
        printf(_("compact   %s: %" PRIu64 " files, compressed anew; saves %s of writing and of space\n"),
               p->compact, p->compact_files, saves);
    else
        printf(_("compact   %s: %" PRIu64 " files as the image stores them; saves %s of writing and of "
                 "space\n"),
               p->compact, p->compact_files, saves);
}

/* What is to be known of every target, when there are several. */
static void print_one_of_several(const struct wtg_plan_info *p)
{
    char a[CLI_TEXT_BYTES];

    print_target(p);
    print_layout(p);
    printf(_("  writes  %s\n"), cli_bytes(p->write_bytes, a));
    printf(_("  seed    %s\n"), p->seed);
}

static void print_steps(const struct wtg_plan_info *p)
{
    printf(_("steps\n"));
    for (size_t i = 0; i < p->nsteps; i++)
        printf("  %zu %-8s  %s\n", i + 1, p->step[i].effect, _(p->step[i].text));
}

static bool was_said(struct wtg_plan *const *plan, size_t n, const char *note)
{
    for (size_t i = 0; i < n; i++) {
        const struct wtg_plan_info *p = wtg_plan_info(plan[i]);
        for (size_t k = 0; k < p->nnotes; k++)
            if (strcmp(p->note[k], note) == 0)
                return true;
    }
    return false;
}

static void print_notes(struct wtg_plan *const *plan, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct wtg_plan_info *p = wtg_plan_info(plan[i]);
        for (size_t k = 0; k < p->nnotes; k++)
            if (!was_said(plan, i, p->note[k]))
                printf(_("note      %s\n"), _(p->note[k]));
    }
}

static void print_plans(struct wtg_plan *const *plan, size_t n)
{
    const struct wtg_plan_info *p = wtg_plan_info(plan[0]);
    char a[CLI_TEXT_BYTES], b[CLI_TEXT_BYTES], c[CLI_TEXT_BYTES];

    print_image(p);
    for (size_t i = 0; n > 1 && i < n; i++)
        print_one_of_several(wtg_plan_info(plan[i]));
    if (n == 1) {
        print_target(p);
        print_layout(p);
    }
    print_changes(p);
    print_steps(p);
    if (n == 1)
        printf(_("writes    %s, about %s at %s/s (%s)\n"), cli_bytes(p->write_bytes, a),
               cli_duration((double)p->seconds, b), cli_bytes(p->rate, c), _(p->rate_source));
    print_compact(p);
    if (p->proved[0])
        printf(_("proved    SHA-256 %s\n"), p->proved);
    if (n == 1)
        printf(_("seed      %s\n"), p->seed);
    print_notes(plan, n);
    fflush(stdout);
}

/* The plan for programs. */

static json_t *target_json(const struct wtg_plan_target *t)
{
    json_t *lines = json_array();

    for (size_t i = 0; i < t->nlines; i++)
        json_array_append_new(lines, json_string(t->lines[i]));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:i, s:b, s:s, s:o}", "path", t->path, "text",
                     t->text, "bus", t->bus, "model", t->model, "serial", t->serial, "size_bytes",
                     (json_int_t)t->size_bytes, "sector_bytes", (int)t->sector_bytes, "is_file",
                     t->is_file, "holds", t->holds, "partitions", lines);
}

static json_t *parts_json(const struct wtg_plan_info *p)
{
    json_t *a = json_array();

    for (size_t i = 0; i < p->nparts; i++)
        json_array_append_new(a, json_pack("{s:s, s:s, s:s, s:I, s:I}", "name", p->part[i].name,
                                           "file_system", p->part[i].file_system, "guid",
                                           p->part[i].guid, "offset_bytes",
                                           (json_int_t)p->part[i].offset_bytes, "size_bytes",
                                           (json_int_t)p->part[i].size_bytes));
    return a;
}

static json_t *changes_json(const struct wtg_plan_info *p)
{
    json_t *a = json_array();

    for (size_t i = 0; i < p->nchanges; i++)
        json_array_append_new(a, json_pack("{s:s, s:s, s:s, s:s}", "setting", p->change[i].slug,
                                           "where", p->change[i].where, "what", p->change[i].what,
                                           "why", p->change[i].why));
    return a;
}

static json_t *steps_json(const struct wtg_plan_info *p)
{
    json_t *a = json_array();

    for (size_t i = 0; i < p->nsteps; i++)
        json_array_append_new(a, json_pack("{s:s, s:s, s:s}", "step", p->step[i].slug, "effect",
                                           p->step[i].effect, "text", p->step[i].text));
    return a;
}

static json_t *notes_json(const struct wtg_plan_info *p)
{
    json_t *a = json_array();

    for (size_t i = 0; i < p->nnotes; i++)
        json_array_append_new(a, json_string(p->note[i]));
    return a;
}

static void plan_json(const struct wtg_plan_info *p)
{
    const struct wtg_edition *e = p->edition;
    json_t *image = json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s}", "path",
                              p->image->path, "container", p->image->container, "member",
                              p->image->member, "guid", p->image->guid, "index", (int)e->index,
                              "name", e->name, "edition", e->edition_id, "version", e->version,
                              "architecture", e->architecture);

    cli_json(json_pack("{s:s, s:i, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:s, "
                       "s:I, s:s, s:s, s:I, s:I, s:I, s:b, s:s}",
                       "event", "plan", "wtg_plan", 1, "image", image, "target",
                       target_json(&p->target), "disk_guid", p->disk_guid, "partitions",
                       parts_json(p), "changes", changes_json(p), "steps", steps_json(p), "notes",
                       notes_json(p), "files", (json_int_t)p->files, "directories",
                       (json_int_t)p->directories, "write_bytes", (json_int_t)p->write_bytes,
                       "free_bytes", (json_int_t)p->free_bytes, "rate", (json_int_t)p->rate,
                       "rate_source", p->rate_source, "seconds", (json_int_t)p->seconds, "seed",
                       p->seed, "compact", p->compact, "compact_files",
                       (json_int_t)p->compact_files, "compact_saved_bytes",
                       (json_int_t)p->compact_saved_bytes, "compact_made_bytes",
                       (json_int_t)p->compact_made_bytes, "compact_estimated",
                       (int)p->compact_estimated, "proved_sha256", p->proved));
}

/* The report. */

static void print_report(const struct cli_common *common, const struct wtg_plan_info *p,
                         const struct wtg_report *r)
{
    char a[CLI_TEXT_BYTES], b[CLI_TEXT_BYTES], c[CLI_TEXT_BYTES];
    double seconds = r->seconds > 0 ? r->seconds : 1e-3;

    if (common->json) {
        cli_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:I, s:I, s:I, s:I, s:f, s:s}",
                           "event",
                           "report", "result", "done", "image", p->image->path, "image_hash",
                           r->image_hash, "target", p->target.path, "disk_guid", r->disk_guid,
                           "written_bytes", (json_int_t)r->written_bytes, "content_bytes",
                           (json_int_t)r->content_bytes, "verified", r->verified_bytes > 0,
                           "verified_bytes", (json_int_t)r->verified_bytes, "rereads",
                           (json_int_t)r->rereads, "files", (json_int_t)r->files,
                           "directories", (json_int_t)r->directories, "seconds", r->seconds,
                           "warning", r->warning));
        return;
    }
    printf(_("done      %s\n"), p->target.text);
    printf(_("          from %s, image %u, metadata SHA-1 %s\n"), p->image->path,
           p->edition->index, r->image_hash);
    printf(_("          disk %s, volume %s\n"), r->disk_guid, r->volume_serial);
    printf(_("          %s written in %s (%s/s), %s of content compared with its SHA-1\n"),
           cli_bytes(r->written_bytes, a), cli_duration(seconds, b),
           cli_bytes((uint64_t)((double)r->written_bytes / seconds), c),
           cli_bytes(r->content_bytes, (char[CLI_TEXT_BYTES]){ 0 }));
    if (r->verified_bytes)
        printf(_("          %s read back from the target, all as written\n"),
               cli_bytes(r->verified_bytes, a));
    else
        printf(_("          not read back from the target\n"));
    if (r->rereads)
        printf(_("warning   %" PRIu64 " places were right only when they were read again: do not trust "
                 "this stick\n"), r->rereads);
    if (r->warning[0])
        printf(_("warning   %s\n"), r->warning);
}

/* Several targets. */

static void on_state(const struct wtg_plan_state *s, size_t n, void *user)
{
    struct cli_table *t = user;
    struct cli_row row[WTG_CREATE_MAX_TARGETS];
    bool last = true;

    for (size_t i = 0; i < n; i++)
        last &= strcmp(s[i].step, "done") == 0 || strcmp(s[i].step, "failed") == 0;
    if (!cli_table_due(t, last))
        return;
    for (size_t i = 0; i < n; i++) {
        row[i] = (struct cli_row){ s[i].path, cli_step_text(s[i].step), s[i].done, s[i].total };
        if (t->common->json)
            cli_json(json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "event", "progress", "target",
                               s[i].path, "step", s[i].step, "unit", "bytes", "done",
                               (json_int_t)s[i].done, "total", (json_int_t)s[i].total));
    }
    if (!t->common->json)
        cli_table_draw(t, row, n);
}

/* One error where all failed for the same reason, else one for each that failed. */
static int fail_many(const struct cli_common *common, const struct wtg_plan_result *result,
                     size_t n, const struct wtg_err *err)
{
    bool same = true;

    for (size_t i = 0; i < n; i++)
        same &= strcmp(result[i].err.text, err->text) == 0;
    if (same)
        return cli_fail(common, err);
    for (size_t i = 0; i < n; i++)
        if (result[i].err.code)
            cli_fail_target(common, result[i].path, &result[i].err);
    return EXIT_FAILED;
}

static int run_many(const struct create_values *v, struct cli_progress *progress,
                    struct wtg_plan *const *plan, size_t n)
{
    struct wtg_plan_result *result = calloc(n, sizeof *result);
    struct cli_table table = { .common = &v->common };
    struct wtg_plan_watch watch = { .user = &table };
    struct wtg_err err = { 0 };

    if (!result)
        return EXIT_FAILED;
    if (v->common.json || (!v->common.quiet && cli_is_terminal()))
        watch.on_state = on_state;
    cli_progress_begin(progress, &v->common);
    int r = wtg_plan_run_many(plan, n, &watch, &progress->job, result, &err);
    cli_progress_end(progress);
    for (size_t i = 0; i < n; i++)
        if (result[i].err.code == 0)
            print_report(&v->common, wtg_plan_info(plan[i]), &result[i].report);
    fflush(stdout);
    int code = r < 0 ? fail_many(&v->common, result, n, &err) : EXIT_DONE;
    free(result);
    return code;
}

/* The command. */

static bool agreed(const struct create_values *v, struct wtg_plan *const *plan, size_t n,
                   struct wtg_err *err)
{
    const char *path[WTG_CREATE_MAX_TARGETS];

    for (size_t i = 0; i < n; i++)
        path[i] = wtg_plan_info(plan[i])->target.path;
    return cli_agree(&v->common, path, n, err);
}

static int run_plans(const struct create_values *v, struct cli_progress *progress,
                     struct wtg_plan *const *plan, size_t n)
{
    struct wtg_report report;
    struct wtg_err err = { 0 };

    if (!v->common.json && (!v->common.quiet || !v->common.yes))
        print_plans(plan, n);
    for (size_t i = 0; v->common.json && i < n; i++)
        plan_json(wtg_plan_info(plan[i]));
    if (v->common.dry_run)
        return EXIT_DONE;
    if (!agreed(v, plan, n, &err))
        return cli_fail(&v->common, &err);
    if (n > 1)
        return run_many(v, progress, plan, n);
    cli_progress_begin(progress, &v->common);
    int r = wtg_plan_run(plan[0], &progress->job, &report, &err);
    cli_progress_end(progress);
    if (r < 0)
        return cli_fail(&v->common, &err);
    print_report(&v->common, wtg_plan_info(plan[0]), &report);
    return EXIT_DONE;
}

static int check_values(const struct create_values *v, struct wtg_err *err)
{
    *err = (struct wtg_err){ 0 };
    if (v->sector && v->sector != 512 && v->sector != 4096) {
        err->code = WTG_E_USAGE;
        snprintf(err->text, sizeof err->text, _("'--sector-size' wants 512 or 4096, not %u"),
                 v->sector);
    }
    return err->code;
}

static int run(const struct cli_command *command, void *values, char **args)
{
    const struct create_values *v = values;
    const struct wtg_create_opts o = {
        .image = args[0],
        .inside = v->inside,
        .resume = v->resume,
        .mark_bytes = v->checkpoint,
        .size_bytes = v->size,
        .sector_bytes = v->sector,
        .index = v->index,
        .edition = v->edition,
        .seed = v->seed,
        .compact = v->compact,
        .sha256 = v->sha256,
        .unattend = v->unattend,
        .without = v->without.item,
        .nwithout = v->without.n,
        .no_boot = v->no_boot,
        .allow_fixed = v->allow_fixed,
        .skip_encrypted = v->skip_encrypted,
        .no_verify = v->no_verify,
        .discard = v->discard,
        .look_only = v->common.dry_run,
        .memory_bytes = v->memory,
    };
    const char *const *target = (const char *const *)(args + 1);
    struct wtg_plan *plan[CLI_ARGS_MAX] = { 0 };
    struct cli_progress progress;
    struct wtg_err err;
    size_t n = 0;

    (void)command;
    if (check_values(v, &err) < 0)
        return cli_fail(&v->common, &err);
    while (target[n])
        n++;
    cli_progress_begin(&progress, &v->common);
    int r = cli_check_targets(&v->common, &o, target, n, &progress.job, &err);
    if (r == 0)
        r = wtg_create_plan_many(&o, target, n, &progress.job, plan, &err);
    if (r == 0)
        r = cli_check_image(&v->common, plan[0], &progress.job, &err);
    cli_progress_end(&progress);
    int code = r < 0 ? cli_fail(&v->common, &err) : run_plans(v, &progress, plan, n);
    for (size_t i = 0; i < n; i++)
        wtg_plan_free(plan[i]);
    return code;
}

const struct cli_command cli_create = {
    .name = "create",
    .args = "IMAGE TARGET...",
    .help = N_("Windows To Go from an ISO, WIM, ESD or SWM onto a disk or into an image file"),
    .opt = opts,
    .nopts = CLI_LEN(opts),
    .nargs = 2,
    .more_args = true,
    .value_bytes = sizeof(struct create_values),
    .run = run,
};
