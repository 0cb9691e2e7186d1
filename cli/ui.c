/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

char *cli_bytes(uint64_t bytes, char buf[CLI_TEXT_BYTES])
{
    static const char *const unit[] = { "bytes", "kB", "MB", "GB", "TB", "PB", "EB" };
    double v = (double)bytes;
    size_t u = 0;

    for (; v >= 999.5 && u + 1 < CLI_LEN(unit); u++)
        v /= 1000;
    snprintf(buf, CLI_TEXT_BYTES, u == 0 ? "%.0f %s" : v < 99.95 ? "%.1f %s" : "%.0f %s", v, unit[u]);
    return buf;
}

char *cli_duration(double seconds, char buf[CLI_TEXT_BYTES])
{
    uint64_t s = seconds < 0 ? 0 : (uint64_t)(seconds + 0.5);

    if (s >= 3600)
        snprintf(buf, CLI_TEXT_BYTES, "%" PRIu64 ":%02u:%02u", s / 3600, (unsigned)(s / 60 % 60),
                 (unsigned)(s % 60));
    else
        snprintf(buf, CLI_TEXT_BYTES, "%u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));
    return buf;
}

bool cli_is_terminal(void)
{
    return isatty(STDERR_FILENO) == 1;
}

void cli_json(json_t *object)
{
    if (!object)
        return;
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(object);
}

static json_t *facts_json(const struct wtg_err *err)
{
    json_t *o = json_object();

    for (size_t i = 0; i < err->nfacts; i++)
        json_object_set_new(o, err->fact[i].key, json_string(err->fact[i].value));
    return o;
}

int cli_fail(const struct cli_common *common, const struct wtg_err *err)
{
    return cli_fail_target(common, NULL, err);
}

int cli_fail_target(const struct cli_common *common, const char *target, const struct wtg_err *err)
{
    int exit_code = wtg_code_exit(err->code);

    if (common->json)
        cli_json(json_pack("{s:s, s:s*, s:s, s:i, s:i, s:s, s:s, s:s, s:o}", "event",
                           "error", "target", target, "code",
                           wtg_code_name(err->code), "number", -err->code, "exit", exit_code,
                           "text", err->text, "means", wtg_code_text(err->code), "hint", err->hint,
                           "facts", facts_json(err)));
    fprintf(stderr, "wtg: %s\n", err->text);
    /* What it means, where the sentence does not say it itself. */
    if (err->code != WTG_E_USAGE && err->code != WTG_E_CANCELLED)
        fprintf(stderr, _("  meaning: %s\n"), _(wtg_code_text(err->code)));
    if (err->hint[0])
        fprintf(stderr, _("  next: %s\n"), err->hint);
    return exit_code;
}

bool cli_ask(const char *question, const char *word)
{
    char answer[64];

    if (!isatty(STDIN_FILENO))
        return false;
    fprintf(stderr, "%s ", question);
    fflush(stderr);
    if (!fgets(answer, sizeof answer, stdin))
        return false;
    answer[strcspn(answer, "\r\n")] = '\0';
    return strcmp(answer, word) == 0;
}

/* Ctrl-C. */

/* A signal handler can be told nothing else: the job that is to be cancelled. */
static struct wtg_job *volatile signalled_job;

static void on_signal(int number)
{
    struct wtg_job *job = signalled_job;

    if (!job || atomic_exchange(&job->cancel, true))
        _exit(128 + number);
}

static void catch_signals(bool on)
{
    struct sigaction sa = { .sa_handler = on ? on_signal : SIG_DFL };

    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
}

/* Progress. */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int columns(void)
{
    struct winsize w;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col >= 40 ? w.ws_col : 80;
}

static const struct {
    const char *slug, *text;
} step_texts[] = {
    { "read-image", N_("reading the image") },
    { "extract", N_("extracting") },
    { "verify-content", N_("decoding and comparing") },
    { "hash-image", N_("comparing the SHA-256") },
    { "scan-sparse", N_("looking for holes") },
    { "recompress", N_("compressing anew") },
    { "wipe", N_("clearing") },
    { "write-data", N_("writing files") },
    { "write-metadata", N_("writing tables") },
    { "flush", N_("waiting for the stick") },
    { "verify", N_("reading back") },
    { "check", N_("checking") },
    { "measure", N_("measuring") },
    { "check-volume", N_("checking") },
    { "fetch", N_("fetching") },
    { "fetch-anew", N_("fetching anew") },
    { "import", N_("copying") },
    { "prove", N_("proving") },
    { "done", N_("done") },
    { "failed", N_("failed") },
    { "", N_("waiting") },
};

const char *cli_step_text(const char *slug)
{
    for (size_t i = 0; i < CLI_LEN(step_texts); i++)
        if (strcmp(step_texts[i].slug, slug) == 0)
            return _(step_texts[i].text);
    return slug;
}

static void draw(const struct wtg_progress *p, double rate)
{
    char done[CLI_TEXT_BYTES], total[CLI_TEXT_BYTES], speed[CLI_TEXT_BYTES], left[CLI_TEXT_BYTES];
    char tail[160], bar[32];
    double part = p->total ? (double)p->done / (double)p->total : 0;
    int full = (int)(part * 20 + 0.5);

    for (int i = 0; i < 20; i++)
        bar[i] = i < full ? '#' : '.';
    bar[20] = '\0';
    snprintf(tail, sizeof tail, "[%s] %3.0f %%  %s/%s  %s/s  %s %s", bar, part * 100,
             cli_bytes(p->done, done), cli_bytes(p->total, total),
             cli_bytes((uint64_t)rate, speed), rate > 0 && p->total
                 ? cli_duration((double)(p->total - p->done) / rate, left)
                 : "-:--",
             _("left"));
    char line[256];
    snprintf(line, sizeof line, "%s  %s", cli_step_text(p->step), tail);
    fprintf(stderr, "\r%-.*s\033[K", columns() - 1, line);
    fflush(stderr);
}

static void on_progress(const struct wtg_progress *p, void *user)
{
    struct cli_progress *c = user;
    double t = now();

    if (!c->step || strcmp(c->step, p->step) != 0) {
        c->step = p->step;
        c->step_began = t;
        c->step_base = p->done;
        c->shown = 0;
    }
    bool last = p->total > 0 && p->done == p->total;
    if (t - c->shown < (c->common->json ? 0.5 : 0.1) && !last)
        return;
    c->shown = t;
    double rate = t > c->step_began ? (double)(p->done - c->step_base) / (t - c->step_began) : 0;
    if (c->common->json) {
        cli_json(json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "event", "progress", "step", p->step,
                           "unit", p->unit, "done", (json_int_t)p->done, "total",
                           (json_int_t)p->total, "rate", (json_int_t)rate));
        return;
    }
    draw(p, rate);
    c->on_screen = true;
}

void cli_progress_begin(struct cli_progress *p, const struct cli_common *common)
{
    *p = (struct cli_progress){ .common = common };
    if (common->json || (!common->quiet && cli_is_terminal())) {
        p->job.on_progress = on_progress;
        p->job.user = p;
    }
    signalled_job = &p->job;
    catch_signals(true);
}

void cli_progress_end(struct cli_progress *p)
{
    catch_signals(false);
    signalled_job = NULL;
    if (p->on_screen)
        fprintf(stderr, "\r\033[K");
}
