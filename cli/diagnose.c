/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "wtg/diagnose.h"

struct diagnose_values {
    struct cli_common common;
    struct cli_list log, code, answer;
    struct wtg_examine_opts examine;
    bool ask;
    const char *acl;
};

#define AT(field) offsetof(struct diagnose_values, field)
static const struct cli_opt opts[] = {
    { "log", CLI_LIST, AT(log), "FILE",
      N_("a log, an event log or a folder of them; - is standard input") },
    { "code", CLI_LIST, AT(code), "CODE",
      N_("a code that was shown: 0x80070005, 0xC000000F, 1392") },
    { "image", CLI_STRING, AT(examine.image), "IMAGE",
      N_("what the stick was made from, to compare it with") },
    { "inside", CLI_STRING, AT(examine.inside), "PATH",
      N_("which WIM of an ISO that holds several") },
    { "index", CLI_NUMBER, AT(examine.index), "N", N_("which Windows of the image, by number") },
    { "edition", CLI_STRING, AT(examine.edition), "NAME", N_("the same by edition id or name") },
    { "files", CLI_FLAG, AT(examine.compare_files), NULL,
      N_("with --image: compare the content of every file too") },
    { "dbx", CLI_STRING, AT(examine.dbx), "FILE",
      N_("list of forbidden signatures to look boot files up in") },
    { "acl", CLI_STRING, AT(acl), "PATH",
      N_("only show the security descriptor of a file of the stick, as icacls does") },
    { "answer", CLI_LIST, AT(answer), "ID=yes",
      N_("answer to a question: ID=yes, ID=no or ID=unknown") },
    { "ask", CLI_FLAG, AT(ask), NULL, N_("ask what would tell most, as long as it helps") },
};

static const char *const answer_names[] = {
    [WTG_ANSWER_FOUND] = "found",     [WTG_ANSWER_SEVERAL] = "several",
    [WTG_ANSWER_UNKNOWN] = "unknown", [WTG_ANSWER_HEALTHY] = "healthy",
    [WTG_ANSWER_NOTHING] = "nothing",
};

static const char *const answer_words[] = {
    [WTG_ANSWER_FOUND] = N_("This is what is wrong:"),
    [WTG_ANSWER_SEVERAL] = N_("Several causes are possible:"),
    [WTG_ANSWER_UNKNOWN] = N_(
        "Something is wrong, and it is most likely nothing that wtg knows. The nearest of what it "
        "knows:"),
    [WTG_ANSWER_HEALTHY] = N_("Nothing is wrong as far as was looked."),
    [WTG_ANSWER_NOTHING] = N_("There is nothing to go by: what was given tells of no trouble."),
};

/* A notice that only looks like trouble is no problem. */
static bool is_problem(const struct wtg_findings *v)
{
    return v->answer != WTG_ANSWER_HEALTHY && v->answer != WTG_ANSWER_NOTHING &&
           !(v->nfindings && strcmp(v->finding[0].cause.name, "no_fault") == 0);
}

/* Room, number by number. */

static const struct space_row {
    const char *key, *words;
    size_t at;
    bool always; /* 0 says something; else it is unknown */
} space_rows[] = {
    { "size_bytes", N_("size, bytes"), offsetof(struct wtg_space, size_bytes), true },
    { "free_bytes", N_("free"), offsetof(struct wtg_space, free_bytes), true },
    { "available_bytes", N_("free, without being root"),
      offsetof(struct wtg_space, available_bytes), true },
    { "largest_free_bytes", N_("largest free piece"),
      offsetof(struct wtg_space, largest_free_bytes), false },
    { "free_runs", N_("free pieces, number"), offsetof(struct wtg_space, free_runs), false },
    { "mft_runs", N_("pieces of $MFT, number"), offsetof(struct wtg_space, mft_runs), false },
    { "zone_bytes", N_("free, kept for $MFT as long as other space is free"),
      offsetof(struct wtg_space, zone_bytes), false },
    { "slack_bytes", N_("lost behind the ends of files"), offsetof(struct wtg_space, slack_bytes),
      false },
    { "quota_limit_bytes", N_("quota"), offsetof(struct wtg_space, quota_limit_bytes), false },
    { "quota_used_bytes", N_("used of the quota"), offsetof(struct wtg_space, quota_used_bytes),
      false },
    { "needed_bytes", N_("the image needs, in clusters"), offsetof(struct wtg_space, needed_bytes),
      false },
    { "needed_compact_bytes", N_("the image needs, as it is compressed"),
      offsetof(struct wtg_space, needed_compact_bytes), false },
    { "wanted_bytes", N_("must be free to be enough"), offsetof(struct wtg_space, wanted_bytes),
      true },
};

static uint64_t number_of(const struct wtg_space *s, const struct space_row *row)
{
    uint64_t n;

    memcpy(&n, (const char *)s + row->at, sizeof n);
    return n;
}

static bool is_known(const struct wtg_space *s, const struct space_row *row)
{
    return row->always || number_of(s, row);
}

/* With --json: one object. */

static json_t *evidence_json(const struct wtg_finding *f)
{
    json_t *list = json_array();

    for (size_t i = 0; i < f->nevidence; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:f}", "where", f->evidence[i].where,
                                              "text", f->evidence[i].text, "count",
                                              (json_int_t)f->evidence[i].count, "bits",
                                              f->evidence[i].bits));
    return list;
}

static json_t *finding_json(const struct wtg_finding *f)
{
    const struct wtg_cause *c = &f->cause;

    return json_pack("{s:s, s:f, s:s, s:s, s:s, s:s, s:s?, s:i, s:o}", "cause", c->name,
                     "probability", f->probability, "title", _(c->title), "means", _(c->means),
                     "check", _(c->check), "mend", _(c->mend), "repair", c->repair, "minutes",
                     (int)f->minutes, "evidence", evidence_json(f));
}

static json_t *space_json(const struct wtg_findings *v)
{
    json_t *list = json_array();

    for (size_t i = 0; i < v->nspace; i++) {
        const struct wtg_space *s = &v->space[i];
        json_t *o = json_pack("{s:s, s:s}", "where", s->where, "verdict", s->verdict);
        for (size_t k = 0; k < CLI_LEN(space_rows); k++)
            if (is_known(s, &space_rows[k]))
                json_object_set_new(o, space_rows[k].key,
                                    json_integer((json_int_t)number_of(s, &space_rows[k])));
        if (s->has_quota)
            json_object_set_new(o, "quota_owner", json_string(s->quota_owner));
        json_array_append_new(list, o);
    }
    return list;
}

static void print_json(const struct wtg_findings *v)
{
    json_t *findings = json_array();

    for (size_t i = 0; i < v->nfindings; i++)
        json_array_append_new(findings, finding_json(&v->finding[i]));
    json_t *question = v->question
                           ? json_pack("{s:s, s:s, s:f, s:f}", "id", v->question, "text", _(v->ask),
                                       "minutes", v->question_minutes, "bits", v->question_bits)
                           : json_null();
    cli_json(json_pack("{s:s, s:s, s:b, s:f, s:o, s:o, s:o}", "event", "diagnosis", "answer",
                       answer_names[v->answer], "problem", is_problem(v), "unknown", v->unknown,
                       "findings", findings, "question", question, "space", space_json(v)));
}

/* For people. */

enum { TEXT_BYTES = 1024, EVIDENCE_SHOWN = 4, FINDINGS_SHOWN = 3 };
static const double least_shown = 0.05, least_bits = 1;

/* The strongest pieces of one direction. */
static void print_evidence(const struct wtg_finding *f, bool against)
{
    char line[TEXT_BYTES], times[64];
    unsigned shown = 0;

    for (size_t i = 0; i < f->nevidence && shown < EVIDENCE_SHOWN; i++) {
        const struct wtg_evidence *e = &f->evidence[i];
        if ((e->bits < 0) != against || (against && e->bits > -least_bits))
            continue;
        times[0] = 0;
        if (e->count > 1)
            snprintf(times, sizeof times,
                     ngettext(" (%" PRIu64 " time)", " (%" PRIu64 " times)", e->count), e->count);
        snprintf(line, sizeof line, "%s%s: %s", e->where, times, e->text);
        cli_wrap(shown     ? "             "
                 : against ? _("    against  ")
                           : _("    for      "),
                 "             ", line);
        shown++;
    }
}

static void print_mend(const struct wtg_finding *f, const char *target)
{
    char line[TEXT_BYTES];

    if (f->cause.repair && target) {
        snprintf(line, sizeof line, "wtg repair %s --only %s", target, f->cause.name);
        cli_wrap(_("    repair   "), "             ", line);
    }
    cli_wrap(_("    mend     "), "             ", _(f->cause.mend));
}

static void print_finding(const struct wtg_finding *f, const char *target, bool verbose)
{
    char head[32], title[TEXT_BYTES];

    snprintf(head, sizeof head, "%3.0f %% ", f->probability * 100);
    snprintf(title, sizeof title, "%s (%s)", _(f->cause.title), f->cause.name);
    cli_wrap(head, "      ", title);
    print_evidence(f, false);
    print_evidence(f, true);
    if (verbose)
        cli_wrap(_("    means    "), "             ", _(f->cause.means));
    if (verbose)
        cli_wrap(_("    check    "), "             ", _(f->cause.check));
    print_mend(f, target);
}

static void print_question(const struct wtg_findings *v)
{
    char line[TEXT_BYTES];

    if (!v->question)
        return;
    snprintf(line, sizeof line, _("%s (%.0f minutes)"), _(v->ask), v->question_minutes);
    printf("\n");
    cli_wrap(_("What would tell most: "), "  ", line);
    snprintf(line, sizeof line, "--answer %s=yes|no|unknown", v->question);
    cli_wrap(_("  Answer with "), "  ", line);
}

static void print_space(const struct wtg_space *s)
{
    static const struct {
        const char *verdict, *words;
    } rows[] = {
        { "enough", N_("enough room") },
        { "full", N_("full") },
        { "reserved", N_("free, but reserved") },
        { "quota", N_("free, but a quota is reached") },
        { "fragmented", N_("free, but in crumbs") },
        { "too-small", N_("too small from the start") },
    };

    for (size_t i = 0; i < CLI_LEN(rows); i++)
        if (strcmp(rows[i].verdict, s->verdict) == 0)
            printf("\n%s: %s\n", s->where, _(rows[i].words));
    for (size_t i = 0; i < CLI_LEN(space_rows); i++)
        if (is_known(s, &space_rows[i]))
            printf("%20" PRIu64 "  %s\n", number_of(s, &space_rows[i]), _(space_rows[i].words));
    if (s->has_quota)
        printf("%20s  %s\n", "", s->quota_owner);
}

static void print_verdict(const struct wtg_findings *v, const struct diagnose_values *values,
                          const char *target)
{
    cli_wrap("", "", _(answer_words[v->answer]));
    for (size_t i = 0; i < v->nfindings; i++) {
        if (!values->common.verbose && i > 0 &&
            (i >= FINDINGS_SHOWN || v->finding[i].probability < least_shown))
            break;
        printf("\n");
        print_finding(&v->finding[i], target, values->common.verbose);
    }
    if (v->nfindings && v->unknown >= least_shown) {
        printf("\n%3.0f %% ", v->unknown * 100);
        cli_wrap("", "      ", _("something that wtg does not know"));
    }
    for (size_t i = 0; i < v->nspace; i++)
        print_space(&v->space[i]);
    if (!values->ask)
        print_question(v);
}

/* "other-port=yes" */
static int reply(struct wtg_diagnosis *d, const char *typed, struct wtg_err *err)
{
    static const struct {
        const char *word;
        enum wtg_reply reply;
    } words[] = { { "yes", WTG_REPLY_YES },
                  { "no", WTG_REPLY_NO },
                  { "unknown", WTG_REPLY_UNKNOWN } };
    const char *equals = strchr(typed, '=');
    char id[64];

    for (size_t i = 0; equals && i < CLI_LEN(words); i++) {
        if (strcasecmp(equals + 1, words[i].word) != 0)
            continue;
        snprintf(id, sizeof id, "%.*s", (int)(equals - typed), typed);
        return wtg_diagnosis_reply(d, id, words[i].reply, err);
    }
    err->code = WTG_E_USAGE;
    snprintf(err->text, sizeof err->text, "'--answer %s' is not ID=yes, ID=no or ID=unknown",
             typed);
    return err->code;
}

static int gather(struct wtg_diagnosis *d, const struct diagnose_values *v, const char *target,
                  struct wtg_job *job, struct wtg_err *err)
{
    struct wtg_examine_opts o = v->examine;
    int r = 0;

    for (size_t i = 0; i < v->log.n && r == 0; i++)
        r = wtg_diagnosis_log(d, v->log.item[i], job, err);
    for (size_t i = 0; i < v->code.n && r == 0; i++)
        r = wtg_diagnosis_code(d, v->code.item[i], err);
    o.target = target;
    if (r == 0 && target)
        r = wtg_diagnosis_examine(d, &o, job, err);
    for (size_t i = 0; i < v->answer.n && r == 0; i++)
        r = reply(d, v->answer.item[i], err);
    return r;
}

/* Asks until nothing more helps, or the person has enough. */
static int ask(struct wtg_diagnosis *d, const struct wtg_findings **v, struct wtg_err *err)
{
    char line[64], prompt[TEXT_BYTES];
    int r = 0;

    while (r == 0 && (*v)->question && isatty(STDIN_FILENO)) {
        snprintf(prompt, sizeof prompt, _("%s (%.0f minutes)"), _((*v)->ask),
                 (*v)->question_minutes);
        cli_wrap("? ", "  ", prompt);
        printf(_("  yes, no, unknown, or Enter to stop: "));
        fflush(stdout);
        if (!fgets(line, sizeof line, stdin) || line[0] == '\n')
            break;
        enum wtg_reply reply = line[0] == 'y' || line[0] == 'Y'   ? WTG_REPLY_YES
                               : line[0] == 'n' || line[0] == 'N' ? WTG_REPLY_NO
                                                                  : WTG_REPLY_UNKNOWN;
        r = wtg_diagnosis_reply(d, (*v)->question, reply, err);
        if (r == 0)
            r = wtg_diagnosis_solve(d, v, err);
    }
    return r;
}

static int diagnose(struct wtg_diagnosis *d, const struct diagnose_values *v, const char *target,
                    struct wtg_err *err)
{
    const struct wtg_findings *verdict = NULL;
    struct cli_progress progress;

    cli_progress_begin(&progress, &v->common);
    int r = gather(d, v, target, &progress.job, err);
    cli_progress_end(&progress);
    if (r == 0)
        r = wtg_diagnosis_solve(d, &verdict, err);
    if (r == 0 && v->ask && !v->common.json)
        r = ask(d, &verdict, err);
    if (r < 0)
        return cli_fail(&v->common, err);
    if (v->common.json)
        print_json(verdict);
    else
        print_verdict(verdict, v, target);
    return is_problem(verdict) ? EXIT_PROBLEMS : EXIT_DONE;
}

static void print_line(const char *text, void *user)
{
    const struct cli_common *common = user;

    if (common->json)
        cli_json(json_pack("{s:s, s:s}", "event", "acl", "text", text));
    else
        printf("%s\n", text);
}

static int show_acl(struct diagnose_values *v, const char *target)
{
    const struct wtg_examine_opts o = { .target = target };
    struct cli_progress progress;
    struct wtg_err err = { 0 };

    cli_progress_begin(&progress, &v->common);
    int r = wtg_target_acl(&o, v->acl, print_line, &v->common, &progress.job, &err);
    cli_progress_end(&progress);
    return r < 0 ? cli_fail(&v->common, &err) : EXIT_DONE;
}

static int run(const struct cli_command *command, void *values, char **args)
{
    const struct diagnose_values *v = values;
    struct wtg_diagnosis *d;
    struct wtg_err err = { 0 };

    if (args[0] && args[1]) {
        fprintf(stderr, _("wtg %s: one stick at a time: '%s' is too many\n"), command->name,
                args[1]);
        return EXIT_USAGE;
    }
    if (v->acl && args[0])
        return show_acl(values, args[0]);
    if (!args[0] && v->log.n + v->code.n + v->answer.n == 0) {
        fprintf(stderr, _("wtg %s: give a stick, --log or --code\n"), command->name);
        return EXIT_USAGE;
    }
    if (wtg_diagnosis_new(&d, &err) < 0)
        return cli_fail(&v->common, &err);
    int code = diagnose(d, v, args[0], &err);
    wtg_diagnosis_free(d);
    return code;
}

const struct cli_command cli_diagnose = {
    .name = "diagnose",
    .args = "[TARGET]",
    .help = N_("what is wrong, how sure, and what mends it"),
    .opt = opts,
    .nopts = CLI_LEN(opts),
    .nargs = 0,
    .more_args = true,
    .value_bytes = sizeof(struct diagnose_values),
    .run = run,
};
