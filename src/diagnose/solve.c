/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Naive Bayes over one cause, `unknown` and `healthy`.  Only signs that were seen count; a log is
 * an excerpt, and what it does not say tells nothing. */
#include <math.h>
#include <string.h>

#include "diagnose/case.h"

/* Priors beside those of causes.tsv, which are relative to each other. */
static const double unknown_prior = 4, healthy_prior = 3;

/* A weak sign beside one that is not weak. */
static const double weak_factor = 0.25;

/* How probable a sign is with a fault that the tables do not know, where it does not say so: other
 * faults print generic messages often, and particular ones somewhat more often than other causes
 * do. */
static double unknown_p(const struct sign *s)
{
    return s->leak > 0.5 ? s->leak : s->flags & SIGN_WEAK ? fmax(0.15, s->leak) : s->leak * 3;
}

static double healthy_p(const struct sign *s)
{
    return s->leak > 0.5 ? s->leak : s->leak * 0.5;
}

/* What the findings are: above this share of the probability; and when one stands out. */
enum { FINDINGS_MAX = 8 };
static const double least_shown = 0.004, stands_out = 0.6, possible = 0.2;

struct solver {
    struct diagnose_case *c;
    double *log_p;  /* for each cause, then unknown, then healthy */
    double *p;      /* normalised, the same order; healthy only where it wins */
    size_t ncauses; /* unknown = ncauses, healthy = ncauses + 1 */
    bool *active;
    bool named;  /* a sign is active that names a cause */
    bool strong; /* one that is not weak */
};

static double sign_p(const struct solver *v, size_t sign, size_t cause)
{
    const struct sign *s = &sign_table[sign];
    size_t number = cause == v->ncauses       ? SIGN_UNKNOWN
                    : cause == v->ncauses + 1 ? SIGN_HEALTHY
                                              : cause;

    for (size_t i = 0; i < s->nweights; i++)
        if (sign_weights[s->first_weight + i].cause == number)
            return (double)sign_weights[s->first_weight + i].p;
    return number == SIGN_UNKNOWN   ? unknown_p(s)
           : number == SIGN_HEALTHY ? healthy_p(s)
                                    : (double)s->leak;
}

/* Does the sign speak for some cause, rather than against some or for nothing? */
static bool names_a_cause(const struct sign *s)
{
    for (size_t i = 0; i < s->nweights; i++)
        if (sign_weights[s->first_weight + i].cause < SIGN_UNKNOWN &&
            sign_weights[s->first_weight + i].p > s->leak)
            return true;
    return false;
}

static bool links_hold(const struct solver *v, const struct sign *s)
{
    bool set = true;

    for (size_t i = 0; i < s->nlinks; i++) {
        const struct sign_link *l = &sign_links[s->first_link + i];
        bool is_near = l->relation == SIGN_NEAR || l->relation == SIGN_NEAR_OR;
        bool there = v->active[l->sign] && (!is_near || v->c->near[s->first_link + i]);
        if (l->relation == SIGN_WITH || l->relation == SIGN_NEAR) {
            if (!set)
                return false;
            set = there;
        } else if (l->relation == SIGN_WITH_OR || l->relation == SIGN_NEAR_OR) {
            set |= there;
        } else if (l->relation == SIGN_WITHOUT && there) {
            return false;
        }
    }
    return set;
}

/* Links may build on links; a few rounds settle every table that a person would write. */
static void find_active(struct solver *v)
{
    bool changed = true;

    for (unsigned round = 0; changed && round < 8; round++) {
        changed = false;
        for (size_t i = 0; i < sign_count; i++) {
            const struct sign *s = &sign_table[i];
            bool now =
                (!(s->flags & SIGN_SEEN) || v->c->seen[i].count >= s->many) && links_hold(v, s);
            changed |= now != v->active[i];
            v->active[i] = now;
        }
    }
}

/* What a more specific sign explains does not count on its own. */
static void drop_explained(struct solver *v, bool *dropped)
{
    for (size_t i = 0; i < sign_count; i++)
        for (size_t k = 0; v->active[i] && k < sign_table[i].nlinks; k++)
            if (sign_links[sign_table[i].first_link + k].relation == SIGN_OVER)
                dropped[sign_links[sign_table[i].first_link + k].sign] = true;
    for (size_t i = 0; i < sign_count; i++) {
        v->active[i] &= !dropped[i] && sign_table[i].nweights > 0;
        bool names = v->active[i] && names_a_cause(&sign_table[i]);
        v->named |= names;
        v->strong |= names && !(sign_table[i].flags & SIGN_WEAK);
    }
}

static double factor(const struct solver *v, size_t sign)
{
    return sign_table[sign].flags & SIGN_WEAK && v->strong ? weak_factor : 1;
}

static double prior(const struct solver *v, size_t cause)
{
    return cause == v->ncauses       ? unknown_prior
           : cause == v->ncauses + 1 ? healthy_prior
                                     : diagnose_cause_at(cause)->prior;
}

/* Adds what a person answered. */
static void count_replies(struct solver *v)
{
    for (size_t q = 0; q < sign_question_count; q++) {
        int reply = v->c->reply[q];
        for (size_t i = 0; i <= v->ncauses && (reply == DIAGNOSE_YES || reply == DIAGNOSE_NO);
             i++) {
            double yes = case_yes(&sign_questions[q], i == v->ncauses ? SIGN_UNKNOWN : i);
            v->log_p[i] += log(reply == DIAGNOSE_YES ? yes : 1 - yes);
        }
    }
}

/* How probable it is that a person brings this code: with the causes of its page in their order,
 * which already counts how frequent they are; with others rarely. */
static double page_p(const struct solver *v, const struct wtg_code_page *page, size_t cause)
{
    if (cause == v->ncauses)
        return 0.1;
    for (size_t i = 0; cause < v->ncauses && page->cause[i]; i++)
        if (strcmp(page->cause[i], diagnose_cause_at(cause)->name) == 0)
            return 0.5 / (double)(i + 1) / prior(v, cause);
    return 0.002;
}

static void weigh(struct solver *v)
{
    double top = -INFINITY, sum = 0;
    size_t n = v->ncauses + 2;

    for (size_t i = 0; i < n; i++) {
        v->log_p[i] = log(prior(v, i));
        for (size_t k = 0; k < sign_count; k++)
            if (v->active[k])
                v->log_p[i] += factor(v, k) * log(sign_p(v, k, i));
        for (size_t k = 0; !v->named && k < v->c->npages; k++)
            v->log_p[i] += log(page_p(v, v->c->page[k].page, i));
    }
    count_replies(v);
    for (size_t i = 0; i < n; i++)
        top = fmax(top, v->log_p[i]);
    for (size_t i = 0; i < n; i++)
        sum += v->p[i] = exp(v->log_p[i] - top);
    for (size_t i = 0; i < n; i++)
        v->p[i] /= sum;
}

/* What a sign tells about a cause, in bits, beside all causes together. */
static double bits(const struct solver *v, size_t sign, size_t cause)
{
    double all = 0, priors = 0;

    for (size_t i = 0; i <= v->ncauses; i++) {
        all += prior(v, i) * sign_p(v, sign, i);
        priors += prior(v, i);
    }
    return factor(v, sign) * log2(sign_p(v, sign, cause) * priors / all);
}

/* A sign of links alone was seen where the first sign that it stands on was. */
static const struct case_seen *seen_as(const struct solver *v, size_t sign)
{
    for (unsigned depth = 0; depth < 8 && v->c->seen[sign].count == 0; depth++) {
        const struct sign *s = &sign_table[sign];
        size_t next = sign;
        for (size_t i = 0; i < s->nlinks && next == sign; i++) {
            const struct sign_link *l = &sign_links[s->first_link + i];
            const struct sign *other = &sign_table[l->sign];
            if (l->relation <= SIGN_NEAR_OR &&
                (v->c->seen[l->sign].count || !(other->flags & SIGN_SEEN)))
                next = l->sign;
        }
        sign = next;
    }
    return v->c->seen[sign].count ? &v->c->seen[sign] : NULL;
}

/* Adds a piece of evidence in the order of weight, or to the one of the same line. */
static void add_evidence(struct diagnose_evidence *list, size_t *n, struct diagnose_evidence e)
{
    size_t at = *n;

    for (size_t i = 0; i < *n; i++) {
        if (strcmp(list[i].where, e.where) == 0 && strcmp(list[i].text, e.text) == 0) {
            e.bits += list[i].bits;
            e.count = max_u64(e.count, list[i].count);
            memmove(list + i, list + i + 1, (*n - i - 1) * sizeof *list);
            at = --*n;
            break;
        }
    }
    while (at > 0 && fabs(list[at - 1].bits) < fabs(e.bits)) {
        list[at] = list[at - 1];
        at--;
    }
    list[at] = e;
    ++*n;
}

static int find_evidence(struct solver *v, size_t cause, struct diagnose_finding *f,
                         struct wtg_err *err)
{
    size_t room = 1 + v->c->npages;

    for (size_t i = 0; i < sign_count; i++)
        room += v->active[i];
    struct diagnose_evidence *list = arena_alloc(&v->c->verdict_arena, room * sizeof *list, err);
    if (!list)
        return err->code;
    f->evidence = list;
    for (size_t i = 0; i < sign_count; i++) {
        const struct case_seen *s = v->active[i] ? seen_as(v, i) : NULL;
        double b = s ? bits(v, i, cause) : 0;
        if (fabs(b) >= 0.5)
            add_evidence(list, &f->nevidence,
                         (struct diagnose_evidence){ s->where, s->text, s->count, b });
    }
    for (size_t i = 0; !v->named && i < v->c->npages; i++) {
        const struct case_page *p = &v->c->page[i];
        double b = log2(page_p(v, p->page, cause) / page_p(v, p->page, v->ncauses));
        add_evidence(list, &f->nevidence, (struct diagnose_evidence){ "code", p->code, 1, b });
    }
    return 0;
}

/* The most probable cause that is not among the first n findings; ncauses for none. */
static size_t next_cause(const struct solver *v, const size_t *taken, size_t n)
{
    size_t best = v->ncauses;

    for (size_t i = 0; i < v->ncauses; i++) {
        bool is_taken = false;
        for (size_t k = 0; k < n; k++)
            is_taken |= taken[k] == i;
        if (!is_taken && (best == v->ncauses || v->p[i] > v->p[best]))
            best = i;
    }
    return best;
}

static int make_findings(struct solver *v, struct wtg_err *err)
{
    struct diagnose_verdict *d = &v->c->verdict;
    double known = 1 - v->p[v->ncauses + 1];
    size_t taken[FINDINGS_MAX], n = 0;
    struct diagnose_finding *f = arena_alloc(&v->c->verdict_arena, FINDINGS_MAX * sizeof *f, err);

    if (!f)
        return err->code;
    for (; n < FINDINGS_MAX; n++) {
        taken[n] = next_cause(v, taken, n);
        if (taken[n] == v->ncauses || v->p[taken[n]] < least_shown * known)
            break;
        f[n].cause = diagnose_cause_at(taken[n]);
        f[n].probability = v->p[taken[n]] / known;
        int r = find_evidence(v, taken[n], &f[n], err);
        if (r < 0)
            return r;
    }
    d->finding = f;
    d->nfindings = n;
    d->unknown = v->p[v->ncauses] / known;
    return 0;
}

/* Nothing speaks for a cause, or what does is seen on healthy machines too. */
static bool is_quiet(const struct solver *v)
{
    bool any = !v->named && v->c->npages;

    for (size_t i = 0; i < sign_count; i++) {
        double unknown = sign_p(v, i, v->ncauses);
        any |= v->active[i] &&
               (names_a_cause(&sign_table[i]) || unknown > (double)sign_table[i].leak * 4);
    }
    for (size_t q = 0; q < sign_question_count; q++)
        any |= v->c->reply[q] == DIAGNOSE_YES;
    return !any || v->p[v->ncauses + 1] > 0.5;
}

static enum diagnose_answer answer(const struct diagnose_verdict *d)
{
    double first = d->nfindings ? d->finding[0].probability : 0;
    double second = d->nfindings > 1 ? d->finding[1].probability : 0;

    if (first < d->unknown || first < possible)
        return DIAGNOSE_UNKNOWN;
    return first >= stands_out && first >= 3 * second ? DIAGNOSE_FOUND : DIAGNOSE_SEVERAL;
}

static int solve(struct solver *v, struct wtg_err *err)
{
    struct diagnose_verdict *d = &v->c->verdict;

    weigh(v);
    if (is_quiet(v)) {
        d->answer = v->c->facts ? DIAGNOSE_HEALTHY : DIAGNOSE_NOTHING;
        return 0;
    }
    int r = make_findings(v, err);
    if (r < 0)
        return r;
    d->answer = answer(d);
    d->question = case_question(v->c, v->p);
    return 0;
}

int diagnose_solve(struct diagnose_case *c, const struct diagnose_verdict **ret,
                   struct wtg_err *err)
{
    struct solver v = { .c = c, .ncauses = sign_cause_count };

    arena_release(&c->verdict_arena);
    c->verdict = (struct diagnose_verdict){ 0 };
    AUTO_FREE double *numbers = mem_zeroed(2 * (v.ncauses + 2), sizeof *numbers, err);
    AUTO_FREE bool *flags = numbers ? mem_zeroed(2 * sign_count + 1, sizeof *flags, err) : NULL;
    if (!flags)
        return err->code;
    v.log_p = numbers;
    v.p = numbers + v.ncauses + 2;
    v.active = flags;
    find_active(&v);
    drop_explained(&v, flags + sign_count);
    int r = solve(&v, err);
    if (r == 0)
        *ret = &c->verdict;
    return r;
}
