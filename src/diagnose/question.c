/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "diagnose/case.h"

double case_yes(const struct sign_question *q, size_t cause)
{
    for (size_t i = 0; i < q->nweights; i++)
        if (sign_weights[q->first_weight + i].cause == cause)
            return (double)sign_weights[q->first_weight + i].p;
    return (double)q->otherwise;
}

static double entropy(double yes)
{
    return yes <= 0 || yes >= 1 ? 0 : -yes * log2(yes) - (1 - yes) * log2(1 - yes);
}

/* What the answer is expected to tell, in bits: how uncertain it is, without what is uncertain
 * about it even when the cause is known. */
static double information(const struct sign_question *q, const double *p)
{
    double yes = 0, noise = 0, all = 0;

    for (size_t i = 0; i <= sign_cause_count; i++) {
        double y = case_yes(q, i == sign_cause_count ? SIGN_UNKNOWN : i);
        yes += p[i] * y;
        noise += p[i] * entropy(y);
        all += p[i];
    }
    return all > 0 ? entropy(yes / all) - noise / all : 0;
}

const struct diagnose_question *case_question(struct diagnose_case *c, const double *p)
{
    const double least_bits = 0.02; /* less is not worth a person's time */
    double best = 0;

    for (size_t i = 0; i < sign_question_count; i++) {
        const struct sign_question *q = &sign_questions[i];
        double told = information(q, p);
        if (c->reply[i] >= 0 || told < least_bits || told / q->minutes <= best)
            continue;
        best = told / q->minutes;
        c->question = (struct diagnose_question){ q->name, q->text, best, q->minutes };
    }
    return best > 0 ? &c->question : NULL;
}
