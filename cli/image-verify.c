/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <stdio.h>

#include "wtg/verify.h"

struct verify_values {
    struct cli_common common;
    const char *inside;
    uint64_t memory;
    unsigned threads;
    bool no_signatures;
    struct cli_list root, dbx;
    struct cli_progress progress;
};

static const char *const state_words[] = { N_("fine"), N_("warning"), N_("FAILED"), N_("skipped") };

static void clear_line(struct verify_values *v)
{
    if (!v->progress.on_screen)
        return;
    fprintf(stderr, "\r\033[K");
    fflush(stderr);
}

static void on_result(const struct wtg_verify_result *r, void *user)
{
    struct verify_values *v = user;
    char first[64];

    if (v->common.json) {
        cli_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "event", "check", "check",
                           wtg_verify_slug(r->check), "state", wtg_verify_state_slug(r->state),
                           "text", wtg_verify_text(r->check), "seen", r->seen, "wanted", r->wanted,
                           "hint", r->hint));
        return;
    }
    clear_line(v);
    if (r->state == WTG_VERIFY_SKIPPED && !v->common.verbose)
        return;
    snprintf(first, sizeof first, "%-8s %-10s ", _(state_words[r->state]),
             wtg_verify_slug(r->check));
    cli_wrap(first, "                    ", r->seen);
    if (r->wanted[0] && r->state != WTG_VERIFY_FINE) {
        printf("                    ");
        printf(_("wanted: %s\n"), r->wanted);
    }
    fflush(stdout);
}

static void on_file(const struct wtg_verify_file *f, void *user)
{
    struct verify_values *v = user;

    if (v->common.json) {
        cli_json(json_pack("{s:s, s:s, s:b, s:i, s:s, s:s}", "event", "file", "check",
                           wtg_verify_slug(f->check), "failed", f->failed, "image", (int)f->image,
                           "path", f->path, "why", f->why));
        return;
    }
    if (!f->failed && !v->common.verbose)
        return;
    clear_line(v);
    if (f->image)
        printf(_("  image %u: %s\n"), f->image, f->path);
    else
        printf(_("  content that no image uses\n"));
    printf("    %s\n", f->why);
}

static int run(const struct cli_command *command, void *values, char **args)
{
    struct verify_values *v = values;
    const struct wtg_verify_opts opts = {
        .inside = v->inside,
        .memory_bytes = v->memory,
        .threads = v->threads,
        .no_signatures = v->no_signatures,
        .root = v->root.item,
        .nroots = v->root.n,
        .dbx = v->dbx.item,
        .ndbx = v->dbx.n,
    };
    const struct wtg_verify_watch watch = { on_result, on_file, v };
    struct wtg_err err = { 0 };
    unsigned failed = 0;

    (void)command;
    cli_progress_begin(&v->progress, &v->common);
    int r = wtg_image_verify(args[0], &opts, &v->progress.job, &watch, &failed, &err);
    cli_progress_end(&v->progress);
    if (r < 0)
        return cli_fail(&v->common, &err);
    if (v->common.json)
        cli_json(json_pack("{s:s, s:i}", "event", "result", "failed", (int)failed));
    else if (failed)
        printf(_("%u checks failed: do not use this image\n"), failed);
    else
        printf(_("the image is whole\n"));
    return failed ? EXIT_PROBLEMS : EXIT_DONE;
}

#define AT(field) offsetof(struct verify_values, field)
static const struct cli_opt opts[] = {
    { "inside", CLI_STRING, AT(inside), "PATH", N_("which WIM of an ISO that holds several") },
    { "no-signatures", CLI_FLAG, AT(no_signatures), NULL,
      N_("only whether it is whole, not who signed what is in it") },
    { "root", CLI_LIST, AT(root), "FILE", N_("a certificate to trust beside Microsoft's") },
    { "dbx", CLI_LIST, AT(dbx), "FILE",
      N_("what firmware refuses: dbxupdate.bin, or the variable") },
    { "memory", CLI_SIZE, AT(memory), "SIZE", N_("the most memory for buffers") },
    { "threads", CLI_NUMBER, AT(threads), "N", N_("how many decode at once") },
};

const struct cli_command cli_image_verify = {
    .name = "image verify",
    .args = "FILE",
    .help = N_("whether an image is whole, and who signed what is in it"),
    .opt = opts,
    .nopts = CLI_LEN(opts),
    .nargs = 1,
    .value_bytes = sizeof(struct verify_values),
    .run = run,
};
