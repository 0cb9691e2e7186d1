/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>

#include "wtg/image.h"

static json_t *known_json(const struct wtg_known *k)
{
    return !k ? json_null()
              : json_pack("{s:s, s:i, s:s, s:s, s:I, s:s, s:s}", "name", k->name, "build",
                          (int)k->build, "architecture", k->architecture, "language", k->language,
                          "bytes", (json_int_t)k->size_bytes, "sha256", k->sha256, "source",
                          k->source);
}

static void print_known(const struct wtg_known *k)
{
    printf(_("published    %s\n"), k->name);
    printf(_("build        %u, %s, %s\n"), k->build, k->architecture, k->language);
    printf(_("source       %s\n"), k->source);
}

static void print_unknown(const struct wtg_identity *id)
{
    printf(_("not a published image, as far as is known here\n"));
    if (id->same_size)
        printf(
            _("as long as '%s', but not the same: damaged or changed, or another of that size\n"),
            id->same_size->name);
    cli_wrap(
        "", "",
        _("Either it was changed (by a tool, a repacker, or a bad download), or the table, which "
          "has only some images, lacks it: compare the SHA-256 with what the publisher says. "
          "'wtg image verify' tells whether it is whole, and who signed what is in it."));
}

static int run(const struct cli_command *command, void *values, char **args)
{
    const struct cli_common *common = values;
    struct wtg_identity id = { .known = NULL };
    struct cli_progress progress;
    struct wtg_err err = { 0 };

    (void)command;
    cli_progress_begin(&progress, common);
    int r = wtg_image_identify(args[0], &progress.job, &id, &err);
    cli_progress_end(&progress);
    if (r < 0)
        return cli_fail(common, &err);
    if (common->json) {
        cli_json(json_pack("{s:s, s:s, s:s, s:I, s:o, s:o}", "event", "identity", "path", args[0],
                           "sha256", id.sha256, "bytes", (json_int_t)id.size_bytes, "known",
                           known_json(id.known), "same_size", known_json(id.same_size)));
    } else {
        printf(_("SHA-256      %s\n"), id.sha256);
        if (id.known)
            print_known(id.known);
        else
            print_unknown(&id);
    }
    return id.known ? EXIT_DONE : EXIT_PROBLEMS;
}

const struct cli_command cli_image_identify = {
    .name = "image identify",
    .args = "FILE",
    .help = N_("which published image a file is, by its SHA-256"),
    .nargs = 1,
    .value_bytes = sizeof(struct cli_common),
    .run = run,
};
