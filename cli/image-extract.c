/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "wtg/image.h"

struct extract_values {
    struct cli_common common;
    unsigned index;
    const char *inside, *output;
};

static void show(const struct cli_common *common, const struct wtg_extract_report *r)
{
    char size[CLI_TEXT_BYTES];

    if (common->json) {
        cli_json(json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "event", "result", "files",
                           (json_int_t)r->files, "directories", (json_int_t)r->directories, "bytes",
                           (json_int_t)r->bytes, "links_left", (json_int_t)r->links_left,
                           "streams_left", (json_int_t)r->streams_left));
        return;
    }
    if (common->quiet)
        return;
    fprintf(stderr, _("%" PRIu64 " files and %" PRIu64 " directories, %s\n"), r->files,
            r->directories, cli_bytes(r->bytes, size));
    if (r->links_left)
        fprintf(stderr, _("left out: %" PRIu64 " links and files that Windows encrypted\n"),
                r->links_left);
    if (r->streams_left)
        fprintf(stderr, _("left out: %" PRIu64 " named streams\n"), r->streams_left);
}

static int run(const struct cli_command *command, void *values, char **args)
{
    struct extract_values *v = values;
    const char *path[CLI_ARGS_MAX] = { NULL };
    bool to_stdout = v->output && strcmp(v->output, "-") == 0;
    const struct wtg_extract_opts opts = {
        .index = v->index,
        .to = to_stdout   ? NULL
              : v->output ? v->output
                          : ".",
        .fd = STDOUT_FILENO,
    };
    struct wtg_extract_report report = { 0 };
    struct wtg_image *image = NULL;
    struct cli_progress progress;
    struct wtg_err err = { 0 };
    size_t n = 0;

    (void)command;
    for (; args[n + 1]; n++)
        path[n] = args[n + 1];
    int r = wtg_image_open(args[0], v->inside, &image, &err);
    cli_progress_begin(&progress, &v->common);
    if (r == 0)
        r = wtg_image_extract(image, path, n, &opts, &progress.job, &report, &err);
    cli_progress_end(&progress);
    wtg_image_free(image);
    if (r < 0)
        return cli_fail(&v->common, &err);
    if (!to_stdout)
        show(&v->common, &report);
    return EXIT_DONE;
}

#define AT(field) offsetof(struct extract_values, field)
static const struct cli_opt opts[] = {
    { "output", CLI_STRING, AT(output), "DIR", N_("where to; '-' is standard output") },
    { "index", CLI_NUMBER, AT(index), "N", N_("which Windows of the image, by number") },
    { "inside", CLI_STRING, AT(inside), "PATH", N_("which WIM of an ISO that holds several") },
};

const struct cli_command cli_image_extract = {
    .name = "image extract",
    .args = "FILE PATH...",
    .help = N_("files and directories out of one Windows of an image"),
    .opt = opts,
    .nopts = CLI_LEN(opts),
    .nargs = 2,
    .more_args = true,
    .value_bytes = sizeof(struct extract_values),
    .run = run,
};
