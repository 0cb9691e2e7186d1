/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "wtg/preflight.h"

struct check_values {
    struct cli_common common;
    uint64_t size;
    unsigned index, sector;
    const char *inside, *edition, *compact, *sha256;
    bool no_boot, allow_fixed, no_verify, write_test, quick;
    struct cli_progress progress;
    const char *area; /* of the row before */
};

#define AT(field) offsetof(struct check_values, field)
static const struct cli_opt opts[] = {
    { "write-test", CLI_FLAG, AT(write_test), NULL,
      N_("write to the target too, and put back what was there") },
    { "quick", CLI_FLAG, AT(quick), NULL, N_("measure nothing") },
    { "size", CLI_SIZE, AT(size), "SIZE", N_("size of an image file, like 64G") },
    { "sector-size", CLI_NUMBER, AT(sector), "N", N_("of an image file: 512 or 4096") },
    { "inside", CLI_STRING, AT(inside), "PATH", N_("which WIM of an ISO that holds several") },
    { "index", CLI_NUMBER, AT(index), "N", N_("which Windows of the image, by number") },
    { "edition", CLI_STRING, AT(edition), "NAME",
      N_("which Windows of the image, by edition or name") },
    { "compact", CLI_STRING, AT(compact), "FORM", N_("as for 'wtg create'") },
    { "sha256", CLI_STRING, AT(sha256), "HEX",
      N_("checksum of the image file, which is compared first") },
    { "no-boot", CLI_FLAG, AT(no_boot), NULL, N_("as for 'wtg create'") },
    { "no-verify", CLI_FLAG, AT(no_verify), NULL, N_("as for 'wtg create'") },
    { "allow-fixed", CLI_FLAG, AT(allow_fixed), NULL, N_("also a disk that is no stick") },
};

static const char *const verdict_words[] = { N_("fine"), N_("-"), N_("WARNING"), N_("STOP") };
static const struct {
    const char *slug, *text;
} areas[] = {
    { "host", N_("this computer") },
    { "target", N_("the target") },
    { "image", N_("the image") },
    { "firmware", N_("how to start from the stick here") },
};

/* "" must not be translated: it would give the head of the catalog. */
static const char *words(const char *s)
{
    return s[0] ? _(s) : s;
}

enum { VERDICT_COLUMNS = 9, WHAT_COLUMNS = 25, SEEN_COLUMNS = 24, MARGIN = 36 };

static void cell(const char *text, int columns)
{
    int width = cli_width(text);

    printf("%s%*s", text, width < columns ? columns - width : 1, "");
}

static void more(const char *label, const char *text)
{
    char first[MARGIN + 64], rest[MARGIN + 1];

    if (!text[0])
        return;
    snprintf(rest, sizeof rest, "%*s", VERDICT_COLUMNS + 4, "");
    snprintf(first, sizeof first, "%*s%s", VERDICT_COLUMNS + 2, "", label);
    cli_wrap(first, rest, text);
}

static void print_area(struct check_values *v, const char *area)
{
    if (v->area && strcmp(v->area, area) == 0)
        return;
    for (size_t i = 0; i < CLI_LEN(areas); i++)
        if (strcmp(areas[i].slug, area) == 0)
            printf("%s%s\n", v->area ? "\n" : "", _(areas[i].text));
    v->area = areas[0].slug;
    for (size_t i = 0; i < CLI_LEN(areas); i++)
        if (strcmp(areas[i].slug, area) == 0)
            v->area = areas[i].slug;
}

/* A line: verdict, what, seen, wanted; what does not fit, and all that explains, goes below. */
static void print_row(struct check_values *v, const struct wtg_preflight_row *r)
{
    const char *seen = words(r->seen);
    bool fits = cli_width(seen) < SEEN_COLUMNS || !r->wanted[0];
    bool explain = r->verdict != WTG_PREFLIGHT_FINE || v->common.verbose;

    print_area(v, r->area);
    printf("  ");
    cell(_(verdict_words[r->verdict]), VERDICT_COLUMNS);
    cell(words(r->what), WHAT_COLUMNS);
    if (fits && (!r->wanted[0] || VERDICT_COLUMNS + WHAT_COLUMNS + 2 + cli_width(seen) > 79)) {
        char indent[MARGIN + 1];
        snprintf(indent, sizeof indent, "%*s", MARGIN, "");
        cli_wrap("", indent, seen); /* nothing else stands in the line */
    } else {
        cell(fits ? seen : "", SEEN_COLUMNS);
        printf("%s\n", words(r->wanted));
    }
    if (!fits)
        more("", seen);
    if (explain || strcmp(r->area, "target") == 0 || strcmp(r->slug, "libraries") == 0)
        more("", r->where);
    if (explain) {
        more("", words(r->note));
        more("-> ", words(r->todo));
    }
}

static void row_json(const struct wtg_preflight_row *r)
{
    cli_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s*}", "event", "check",
                       "check", r->slug, "area", r->area, "verdict", wtg_preflight_slug(r->verdict),
                       "what", r->what, "seen", r->seen, "wanted", r->wanted, "note", r->note,
                       "where", r->where, "todo", r->todo, "code",
                       r->err ? wtg_code_name(r->err->code) : NULL));
}

static void on_row(const struct wtg_preflight_row *r, void *user)
{
    struct check_values *v = user;

    if (v->common.json) {
        row_json(r);
        return;
    }
    if (v->progress.on_screen)
        fprintf(stderr, "\r\033[K");
    if (!v->common.quiet || r->verdict >= WTG_PREFLIGHT_WARNING)
        print_row(v, r);
}

/* One argument may be either: a disk, or a file that is an image, or is none. */
static bool is_target(const struct check_values *v, const char *arg)
{
    struct wtg_image *image = NULL;
    struct wtg_err err = { 0 };
    struct stat st;

    if (stat(arg, &st) < 0)
        return v->size || strncmp(arg, "/dev/", 5) == 0;
    if (S_ISBLK(st.st_mode))
        return true;
    int r = wtg_image_open(arg, v->inside, &image, &err);
    if (r == 0)
        wtg_image_free(image);
    return r == WTG_E_IMAGE_FORMAT;
}

static int wrong_count(const struct check_values *v)
{
    struct wtg_err err = { .code = WTG_E_USAGE };

    snprintf(err.text, sizeof err.text, "%s", _("an image and a target, or one of them, not more"));
    return cli_fail(&v->common, &err);
}

static int run(const struct cli_command *command, void *values, char **args)
{
    struct check_values *v = values;
    struct wtg_preflight_opts o = {
        .create = { .inside = v->inside,
                    .size_bytes = v->size,
                    .sector_bytes = v->sector,
                    .index = v->index,
                    .edition = v->edition,
                    .compact = v->compact,
                    .sha256 = v->sha256,
                    .no_boot = v->no_boot,
                    .allow_fixed = v->allow_fixed,
                    .no_verify = v->no_verify },
        .quick = v->quick,
        .write_test = v->write_test && !v->common.dry_run,
    };
    struct wtg_err err = { 0 };
    unsigned stops = 0;

    (void)command;
    if (args[0] && args[1] && args[2])
        return wrong_count(v);
    if (args[0] && (args[1] || !is_target(v, args[0])))
        o.create.image = args[0];
    if (args[0] && !o.create.image)
        o.create.target = args[0];
    else if (args[0])
        o.create.target = args[1];
    cli_progress_begin(&v->progress, &v->common);
    int r = wtg_preflight(&o, &v->progress.job, on_row, v, &stops, &err);
    cli_progress_end(&v->progress);
    if (r < 0)
        return cli_fail(&v->common, &err);
    if (v->common.json)
        cli_json(json_pack("{s:s, s:s, s:i}", "event", "report", "result", stops ? "stop" : "go",
                           "stops", (int)stops));
    else if (stops)
        printf(_("\n'wtg create' will not work here: %u to be mended first\n"), stops);
    else if (!v->common.quiet)
        printf(_("\nnothing speaks against 'wtg create'\n"));
    return stops ? EXIT_PROBLEMS : EXIT_DONE;
}

const struct cli_command cli_check = {
    .name = "check",
    .args = "[IMAGE] [TARGET]",
    .help = N_("would 'wtg create' work here: this computer, the target, the image"),
    .opt = opts,
    .nopts = CLI_LEN(opts),
    .nargs = 0,
    .more_args = true,
    .value_bytes = sizeof(struct check_values),
    .run = run,
};
