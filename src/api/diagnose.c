/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wtg/diagnose.h"

#include <string.h>

#include "base/mem.h"
#include "diagnose/diagnose.h"
#include "recipe/examine.h"
#include "recipe/logs.h"

enum { SPACES_MAX = 8 }; /* places whose room is looked at: target and host, a few times */

struct wtg_diagnosis {
    struct diagnose_case *c;
    struct arena arena; /* the verdict */
    struct wtg_findings verdict;
    struct wtg_space space[SPACES_MAX];
    size_t nspace;
};

int wtg_diagnosis_new(struct wtg_diagnosis **ret, struct wtg_err *err)
{
    AUTO_FREE struct wtg_diagnosis *d = mem_zeroed(1, sizeof *d, err);
    int r = d ? diagnose_case_new(&d->c, err) : err->code;
    if (r == 0)
        *ret = TAKE_PTR(d);
    return r;
}

void wtg_diagnosis_free(struct wtg_diagnosis *d)
{
    if (d) {
        arena_release(&d->arena);
        diagnose_case_free(d->c);
    }
    free(d);
}

int wtg_diagnosis_log(struct wtg_diagnosis *d, const char *path, struct wtg_job *job,
                      struct wtg_err *err)
{
    return logs_add(d->c, path, job, err);
}

int wtg_diagnosis_code(struct wtg_diagnosis *d, const char *code, struct wtg_err *err)
{
    return diagnose_code(d->c, code, err);
}

static void on_space(const struct wtg_space *s, void *user)
{
    struct wtg_diagnosis *d = user;

    if (d->nspace < SPACES_MAX)
        d->space[d->nspace++] = *s;
}

int wtg_diagnosis_examine(struct wtg_diagnosis *d, const struct wtg_examine_opts *opts,
                          struct wtg_job *job, struct wtg_err *err)
{
    const char *temporary = getenv("TMPDIR");
    const struct examine_opts o = {
        .target = opts->target,
        .image = opts->image,
        .inside = opts->inside,
        .index = opts->index,
        .edition = opts->edition,
        .dbx = opts->dbx,
        .compare_files = opts->compare_files,
        .temporary = temporary && *temporary ? temporary : "/tmp",
        .space = on_space,
        .user_space = d,
    };
    return examine(&o, d->c, job, err);
}

int wtg_target_acl(const struct wtg_examine_opts *opts, const char *path,
                   void (*line)(const char *text, void *user), void *user, struct wtg_job *job,
                   struct wtg_err *err)
{
    const struct examine_opts o = { .target = opts->target };
    return examine_acl(&o, path, line, user, job, err);
}

/* Numbers are for those whose trouble is room. */
static bool is_about_space(const struct wtg_diagnosis *d)
{
    static const char *const signs[] = { "no-space", "code-disk-full" };

    for (size_t i = 0; i < ARRAY_LEN(signs); i++)
        if (diagnose_saw(d->c, signs[i]))
            return true;
    for (size_t i = 0; i < d->nspace; i++)
        if (strcmp(d->space[i].verdict, "enough") != 0)
            return true;
    return false;
}

int wtg_diagnosis_reply(struct wtg_diagnosis *d, const char *question, enum wtg_reply reply,
                        struct wtg_err *err)
{
    static const enum diagnose_reply replies[] = {
        [WTG_REPLY_YES] = DIAGNOSE_YES,
        [WTG_REPLY_NO] = DIAGNOSE_NO,
        [WTG_REPLY_UNKNOWN] = DIAGNOSE_DONT_KNOW,
    };
    return diagnose_reply(d->c, question, replies[reply], err);
}

static int copy_finding(struct wtg_diagnosis *d, const struct diagnose_finding *from,
                        struct wtg_finding *to, struct wtg_err *err)
{
    const struct diagnose_cause *c = from->cause;
    struct wtg_evidence *e = arena_alloc(&d->arena, (from->nevidence + 1) * sizeof *e, err);

    if (!e)
        return err->code;
    for (size_t i = 0; i < from->nevidence; i++) {
        const struct diagnose_evidence *f = &from->evidence[i];
        e[i] = (struct wtg_evidence){ f->where, f->text, f->count, f->bits };
    }
    *to = (struct wtg_finding){
        .cause = { c->name, c->title, c->means, c->check, c->mend, c->repair },
        .minutes = c->minutes,
        .probability = from->probability,
        .evidence = e,
        .nevidence = from->nevidence,
    };
    return 0;
}

int wtg_diagnosis_solve(struct wtg_diagnosis *d, const struct wtg_findings **ret,
                        struct wtg_err *err)
{
    static const enum wtg_answer answers[] = {
        [DIAGNOSE_FOUND] = WTG_ANSWER_FOUND,     [DIAGNOSE_SEVERAL] = WTG_ANSWER_SEVERAL,
        [DIAGNOSE_UNKNOWN] = WTG_ANSWER_UNKNOWN, [DIAGNOSE_HEALTHY] = WTG_ANSWER_HEALTHY,
        [DIAGNOSE_NOTHING] = WTG_ANSWER_NOTHING,
    };
    const struct diagnose_verdict *v = NULL;
    int r = diagnose_solve(d->c, &v, err);

    if (r < 0)
        return r;
    arena_release(&d->arena);
    struct wtg_finding *f = arena_alloc(&d->arena, (v->nfindings + 1) * sizeof *f, err);
    for (size_t i = 0; f && i < v->nfindings && r == 0; i++)
        r = copy_finding(d, &v->finding[i], &f[i], err);
    if (!f || r < 0)
        return err->code;
    d->verdict = (struct wtg_findings){
        .answer = answers[v->answer],
        .finding = f,
        .nfindings = v->nfindings,
        .unknown = v->unknown,
        .space = d->space,
        .nspace = is_about_space(d) ? d->nspace : 0,
    };
    if (v->question) {
        d->verdict.question = v->question->name;
        d->verdict.ask = v->question->text;
        d->verdict.question_minutes = v->question->minutes;
        d->verdict.question_bits = v->question->bits_per_minute * v->question->minutes;
    }
    *ret = &d->verdict;
    return 0;
}
