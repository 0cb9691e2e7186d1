/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plan/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <jansson.h>

#include "base/mem.h"

const char *plan_effect_name(enum plan_effect e)
{
    static const char *const name[] = { "reads", "writes", "destroys" };
    return name[e];
}

static int make_dirs(char *path, struct wtg_err *err)
{
    for (char *p = path + 1;; p++) {
        char c = *p;
        if (c != '/' && c != '\0')
            continue;
        *p = '\0';
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            return wtg_fail_errno(err, errno, "cannot make the directory '%s'", path);
        *p = c;
        if (c == '\0')
            return 0;
    }
}

int plan_state_dir(char *buf, size_t cap, struct wtg_err *err)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n;

    if (state && state[0] == '/')
        n = snprintf(buf, cap, "%s/wtg", state);
    else if (home && home[0] == '/')
        n = snprintf(buf, cap, "%s/.local/state/wtg", home);
    else
        return wtg_fail(err, WTG_E_NOT_FOUND, "neither XDG_STATE_HOME nor HOME is set");
    if (n < 0 || (size_t)n >= cap)
        return wtg_fail(err, WTG_E_NOT_FOUND, "the path of the state directory is too long");
    return make_dirs(buf, err);
}

struct plan_journal {
    FILE *file;
};

int plan_journal_open(const char *dir, const char *id, struct plan_journal **ret,
                      struct wtg_err *err)
{
    char path[PATH_MAX];
    struct plan_journal *j = mem_zeroed(1, sizeof *j, err);

    if (!j)
        return err->code;
    snprintf(path, sizeof path, "%s/%s.jsonl", dir, id);
    j->file = fopen(path, "ae");
    if (!j->file) {
        free(j);
        return wtg_fail_errno(err, errno, "cannot open the journal '%s'", path);
    }
    *ret = j;
    return 0;
}

void plan_journal_close(struct plan_journal *j)
{
    if (j)
        fclose(j->file);
    free(j);
}

static int note(struct plan_journal *j, const struct plan_step *s, const char *state,
                const char *text, struct wtg_err *err)
{
    if (!j)
        return 0;
    json_t *o = json_pack("{s:I, s:s, s:s, s:s*}", "time", (json_int_t)time(NULL), "step", s->slug,
                          "state", state, "text", text);
    if (!o)
        return wtg_fail_nomem(err);
    int r = json_dumpf(o, j->file, JSON_COMPACT);
    json_decref(o);
    if (r == 0 && fputc('\n', j->file) != EOF && fflush(j->file) == 0 &&
        fdatasync(fileno(j->file)) == 0)
        return 0;
    return wtg_fail_errno(err, errno, "cannot write the journal");
}

static int run_step(const struct plan *p, const struct plan_step *s, struct plan_journal *j,
                    struct wtg_job *job, struct wtg_err *err)
{
    int r = s->check ? s->check(p->ctx, err) : 0;

    if (r == 0)
        r = note(j, s, "started", NULL, err);
    if (r == 0)
        r = s->run(p->ctx, job, err);
    if (r == 0)
        return note(j, s, "done", NULL, err);
    struct wtg_err ignored = { 0 }; /* the step's own failure is what counts */
    note(j, s, "failed", err->text, &ignored);
    return r;
}

int plan_run(const struct plan *p, struct plan_journal *j, struct wtg_job *job, struct wtg_err *err)
{
    for (size_t i = 0; i < p->nsteps; i++)
        if (run_step(p, &p->step[i], j, job, err) < 0)
            return err->code;
    return 0;
}
