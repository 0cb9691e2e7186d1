/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench-diagnose [--variants N] [--healthy N] [--unknown N] [--kind NAME] [--limits] [--no-repair]
 *                [--verbose]
 *
 * Makes sticks, spoils each in one way, examines it and compares what diagnosis says with what was
 * done.  Everything follows from seeds: the same numbers every time.  --limits: exits 1 when what
 * is promised (docs/diagnose.md) is not met on the judging half. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "diagnose/diagnose.h"
#include "faults.h"
#include "bench-repair.h"
#include "recipe/examine.h"

struct settings {
    unsigned variants, healthy, unknown;
    const char *kind;
    bool limits, verbose, no_repair;
};

/* What was counted for one half of the kinds. */
struct half {
    unsigned cases, top1, top3, silent; /* silent: taken for healthy */
    unsigned repairable, mended, harm, undone, inexact;
};

struct tally {
    struct half half[2]; /* [1]: judging */
    unsigned healthy, false_alarms;
    unsigned unknown, admitted;
    unsigned repaired_healthy; /* a repair of a healthy stick */
    double verdict_seconds, verdict_worst, mend_seconds, mend_worst;
    unsigned verdicts, mends;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(int r, const struct wtg_err *err, const char *what)
{
    if (r < 0) {
        fprintf(stderr, "bench-diagnose: %s: %s\n", what, err->text);
        abort();
    }
}

/* ---- One verdict ------------------------------------------------------------------------ */

struct answer {
    enum diagnose_answer kind;
    char cause[3][64];
    double p;
};

static struct answer ask(struct stick *s, bool image, bool compare)
{
    struct wtg_err err = { 0 };
    struct diagnose_case *c = NULL;
    const struct diagnose_verdict *v = NULL;
    const struct examine_opts o = {
        .target = "stick",
        .blk = stick_blk(s),
        .image = image ? s->from->path : NULL,
        .compare_files = compare,
        .threads = 2,
    };
    struct answer a = { 0 };

    must(diagnose_case_new(&c, &err), &err, "a new case");
    must(examine(&o, c, NULL, &err), &err, "examining");
    must(diagnose_solve(c, &v, &err), &err, "solving");
    a.kind = v->answer;
    a.p = v->nfindings ? v->finding[0].probability : 0;
    for (size_t i = 0; i < v->nfindings && i < ARRAY_LEN(a.cause); i++)
        snprintf(a.cause[i], sizeof a.cause[i], "%s", v->finding[i].cause->name);
    diagnose_case_free(c);
    return a;
}

/* Is it one of "a|b"? */
static bool is_one_of(const char *name, const char *list)
{
    size_t n = strlen(name);
    for (const char *p = list; n && (p = strstr(p, name)); p += n)
        if ((p == list || p[-1] == '|') && (p[n] == '|' || p[n] == '\0'))
            return true;
    return false;
}

static const char *answer_name(const struct answer *a)
{
    static const char *const name[] = { "found", "several", "unknown", "healthy", "nothing" };
    return name[a->kind];
}

static bool is_alarm(const struct answer *a)
{
    return a->kind != DIAGNOSE_HEALTHY && a->kind != DIAGNOSE_NOTHING;
}

static void timed(struct tally *t, double seconds)
{
    t->verdict_seconds += seconds;
    t->verdict_worst = fmax(t->verdict_worst, seconds);
    t->verdicts++;
}

/* ---- Kinds ------------------------------------------------------------------------------ */

/* Repairs as a person would, looks again, and takes it back. */
static void mend(const struct settings *o, struct stick *s, const struct fault_kind *k,
                 const struct answer *before, struct tally *t)
{
    struct half *h = &t->half[fault_judges(k)];
    struct bench_repair r = { 0 };
    double start = now();

    bench_repair(s, NULL, &r);
    if (r.repairs == 0 && is_alarm(before) && before->cause[0][0]) /* done only when asked for */
        bench_repair(s, before->cause[0], &r);
    struct answer after = ask(s, true, true);
    t->mend_seconds += now() - start;
    t->mend_worst = fmax(t->mend_worst, now() - start);
    t->mends++;
    h->mended += r.repairs > 0 && !is_alarm(&after);
    h->harm += r.repairs > 0 && is_alarm(&after) && strcmp(after.cause[0], before->cause[0]) != 0;
    if (o->verbose && k->repairable && (r.repairs == 0 || is_alarm(&after)))
        printf("# %s: not mended: %u repairs, then %s %s; %s\n", s->seed, r.repairs,
               answer_name(&after), after.cause[0], r.why);
    bench_undo(s, &r);
    h->undone += r.repairs > 0;
    h->inexact += r.repairs > 0 && !r.exact;
}

static void try_fault(const struct settings *o, struct stick_image *image,
                      const struct fault_kind *k, unsigned variant, struct tally *t)
{
    const struct stick_change *change = &k->change;
    struct half *h = &t->half[fault_judges(k)];
    struct stick s;
    char seed[80];

    snprintf(seed, sizeof seed, "%s-%u", k->name, variant);
    stick_make(&s, image, seed, &change, 1);
    double start = now();
    struct answer a = ask(&s, k->image, k->image);
    timed(t, now() - start);
    bool first = is_one_of(a.cause[0], k->cause) && is_alarm(&a) && a.kind != DIAGNOSE_UNKNOWN;
    bool third =
        is_alarm(&a) && (is_one_of(a.cause[0], k->cause) || is_one_of(a.cause[1], k->cause) ||
                         is_one_of(a.cause[2], k->cause));
    h->cases++;
    h->top1 += first;
    h->top3 += third;
    h->silent += !is_alarm(&a);
    if (o->verbose && !first)
        printf("# %s: %s, %s %.2f, %s, %s\n", seed, answer_name(&a), a.cause[0], a.p, a.cause[1],
               a.cause[2]);
    h->repairable += k->repairable;
    if (!o->no_repair)
        mend(o, &s, k, &a, t);
    stick_release(&s);
}
static void try_healthy(const struct settings *o, struct stick_image *image, unsigned n,
                        struct tally *t)
{
    const struct stick_change *change[8] = { 0 };
    struct stick s;
    char seed[80];
    struct rng r;

    snprintf(seed, sizeof seed, "healthy-%u", n);
    r = rng_of(seed);
    for (size_t i = 0; i < variation_count && i < ARRAY_LEN(change); i++)
        if (rng_below(&r, 2) && n)
            change[i] = &variations[i].change;
    stick_make(&s, image, seed, change, ARRAY_LEN(change));
    bool with_image = n % 2;
    double start = now();
    struct answer a = ask(&s, with_image, with_image);
    timed(t, now() - start);
    t->healthy++;
    t->false_alarms += is_alarm(&a);
    if (o->verbose && is_alarm(&a)) {
        printf("# %s: %s %s\n# ", seed, answer_name(&a), a.cause[0]);
        for (size_t i = 0; i < variation_count; i++)
            if (change[i])
                printf(" %s", variations[i].name);
        printf("\n");
    }
    struct bench_repair rep = { 0 };
    if (!o->no_repair)
        bench_repair(&s, NULL, &rep);
    t->repaired_healthy += rep.repairs > 0;
    if (o->verbose && rep.repairs > 0)
        printf("# %s: repaired though healthy: %s\n", seed, rep.why);
    stick_release(&s);
}

static void try_unknown(const struct settings *o, struct stick_image *image, unsigned n,
                        struct tally *t)
{
    const struct fault_kind *k = &unknown_kinds[n % unknown_count];
    const struct stick_change *change = &k->change;
    struct stick s;
    char seed[80];

    snprintf(seed, sizeof seed, "unknown-%s-%u", k->name, n);
    stick_make(&s, image, seed, &change, 1);
    struct answer a = ask(&s, false, false);
    t->unknown++;
    t->admitted += a.kind == DIAGNOSE_UNKNOWN;
    if (o->verbose && a.kind != DIAGNOSE_UNKNOWN)
        printf("# %s: %s %s\n", seed, answer_name(&a), a.cause[0]);
    stick_release(&s);
}

/* ---- What was measured ------------------------------------------------------------------ */

static bool met = true;

static double percent(unsigned n, unsigned of)
{
    return of ? 100.0 * n / of : 100;
}

static void line(const char *what, double is, double wanted, bool least)
{
    bool fine = least ? is >= wanted : is <= wanted;
    met &= fine;
    printf("%-58s %7.2f  (%s %.0f)%s\n", what, is, least ? "at least" : "at most", wanted,
           fine ? "" : "  MISSED");
}

static void print_half(const char *name, const struct half *h)
{
    printf("%s half: %u cases, top-1 %.2f %%, top-3 %.2f %%, taken for healthy %u\n", name,
           h->cases, percent(h->top1, h->cases), percent(h->top3, h->cases), h->silent);
}

static void print_mending(const struct tally *t)
{
    const struct half *j = &t->half[1], *b = &t->half[0];
    unsigned cases = j->cases + b->cases;
    unsigned repairable = j->repairable + b->repairable, mended = j->mended + b->mended;
    line("mended of repairable, %", percent(mended, repairable), 98, true);
    line("mended of all, %", percent(mended, cases), 75, true);
    printf("  (the ceiling, if all that is repairable were mended: %.2f %%)\n",
           percent(repairable, cases));
    line("harm, cases", j->harm + b->harm, 0, false);
    line("healthy sticks repaired, cases", t->repaired_healthy, 0, false);
    line("undo not exact, cases", j->inexact + b->inexact, 0, false);
    printf("from start to mended and proved: %.3f s on average, %.3f s at most\n",
           t->mends ? t->mend_seconds / t->mends : 0, t->mend_worst);
}

static void print(const struct tally *t)
{
    const struct half *j = &t->half[1], *b = &t->half[0];
    unsigned cases = j->cases + b->cases, silent = j->silent + b->silent;
    unsigned alarms = cases - silent + t->false_alarms;

    print_half("building", b);
    print_half("judging ", j);
    line("top-1 cause on the judging half, %", percent(j->top1, j->cases), 90, true);
    line("top-3 cause on the judging half, %", percent(j->top3, j->cases), 97, true);
    line("false alarms among alarms, %", alarms ? percent(t->false_alarms, alarms) : 0, 1, false);
    line("recall, %", percent(cases - silent, cases), 95, true);
    line("unknown faults answered \"do not know\", %", percent(t->admitted, t->unknown), 80, true);
    if (t->mends)
        print_mending(t);
    printf("time to a verdict: %.3f s on average, %.3f s at most; %u healthy sticks, %u unknown "
           "faults\n",
           t->verdicts ? t->verdict_seconds / t->verdicts : 0, t->verdict_worst, t->healthy,
           t->unknown);
}

static void run(const struct settings *o, struct tally *t)
{
    struct stick_image image = { 0 };

    stick_image_make(&image);
    for (size_t i = 0; i < fault_count; i++)
        for (unsigned n = 0; n < o->variants; n++)
            if (!o->kind || strcmp(o->kind, fault_kinds[i].name) == 0)
                try_fault(o, &image, &fault_kinds[i], n, t);
    for (unsigned n = 0; n < o->healthy && !o->kind; n++)
        try_healthy(o, &image, n, t);
    for (unsigned n = 0; n < o->unknown && !o->kind; n++)
        try_unknown(o, &image, n, t);
    stick_image_remove(&image);
}

static unsigned number(const char *text)
{
    char *end = NULL;
    unsigned long n = strtoul(text, &end, 10);

    if (end == text || *end || n > 100000) {
        fprintf(stderr, "bench-diagnose: '%s' is no number\n", text);
        exit(2);
    }
    return (unsigned)n;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "variants", required_argument, NULL, 'v' }, { "healthy", required_argument, NULL, 'h' },
        { "unknown", required_argument, NULL, 'u' },  { "kind", required_argument, NULL, 'k' },
        { "limits", no_argument, NULL, 'l' },         { "verbose", no_argument, NULL, 'V' },
        { "no-repair", no_argument, NULL, 'n' },      { 0 },
    };
    struct settings o = { .variants = 20, .healthy = 500, .unknown = 50 };
    static struct tally t;

    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (c) {
        case 'v':
            o.variants = number(optarg);
            break;
        case 'h':
            o.healthy = number(optarg);
            break;
        case 'u':
            o.unknown = number(optarg);
            break;
        case 'k':
            o.kind = optarg;
            break;
        case 'l':
            o.limits = true;
            break;
        case 'V':
            o.verbose = true;
            break;
        case 'n':
            o.no_repair = true;
            break;
        default:
            return 2;
        }
    run(&o, &t);
    print(&t);
    return o.limits && !met;
}
