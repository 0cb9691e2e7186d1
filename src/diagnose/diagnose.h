/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DIAGNOSE_DIAGNOSE_H
#define WTG_DIAGNOSE_DIAGNOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Facts in, findings out.  This room knows codes, causes, signs and questions, all of them tables
 * made from data/diagnose; it looks at nothing by itself and mends nothing. */

/* A cause, from data/diagnose/causes.tsv; its words from causes.txt.  Strings are message ids. */
struct diagnose_cause {
    const char *name;                 /* "bcd_device_unresolved" */
    const char *title;                /* one line */
    const char *means, *check, *mend; /* for people; mend says what to do by hand */
    const char *repair;               /* slug of the automatic repair, or NULL */
    double prior;                     /* relative to the other causes */
    unsigned minutes;                 /* what mending costs a person */
};
const struct diagnose_cause *diagnose_cause_at(size_t i);           /* NULL behind the last */
const struct diagnose_cause *diagnose_cause_find(const char *name); /* NULL: no such cause */

/* What is known about one case. */
struct diagnose_case;
int diagnose_case_new(struct diagnose_case **ret, struct wtg_err *err) WTG_MUST_USE;
void diagnose_case_free(struct diagnose_case *c); /* NULL is fine */

/* Something that was looked at: a key of data/diagnose/facts.tsv, one of its values, where
 * ("sector 1 of /dev/sdb"), and the sentence for people.  A fact that is fine is also added: it
 * speaks against causes.  Strings are copied. */
int diagnose_fact(struct diagnose_case *c, const char *key, const char *value, const char *where,
                  struct wtg_err *err, const char *fmt, ...) WTG_PRINTF(6, 7) WTG_MUST_USE;

/* A log of any kind and size, as its bytes come.  Ending it frees it. */
struct diagnose_log;
int diagnose_log_new(struct diagnose_case *c, const char *name, struct diagnose_log **ret,
                     struct wtg_err *err) WTG_MUST_USE;
int diagnose_log_feed(struct diagnose_log *log, const void *bytes, size_t n,
                      struct wtg_err *err) WTG_MUST_USE;
int diagnose_log_end(struct diagnose_log *log, struct wtg_err *err) WTG_MUST_USE;

/* A code that a person saw, in any shape: counts as a log that holds it; where no sign knows it,
 * the causes of its page do. */
int diagnose_code(struct diagnose_case *c, const char *code, struct wtg_err *err) WTG_MUST_USE;

/* Was this sign (data/diagnose/signs*.txt) seen, whatever it counts for? */
bool diagnose_saw(const struct diagnose_case *c, const char *sign);

/* What a person says to a question of data/diagnose/questions.txt; the last answer counts. */
enum diagnose_reply {
    DIAGNOSE_YES,
    DIAGNOSE_NO,
    DIAGNOSE_DONT_KNOW, /* it will not be asked again */
};
int diagnose_reply(struct diagnose_case *c, const char *question, enum diagnose_reply reply,
                   struct wtg_err *err) WTG_MUST_USE;

/* One piece of evidence as it counts for or against a finding. */
struct diagnose_evidence {
    const char *where, *text; /* "setupact.log:1234", the line; or a fact's place and sentence */
    uint64_t count;           /* how often it was seen */
    double bits;              /* weight: positive speaks for, negative against */
};

struct diagnose_finding {
    const struct diagnose_cause *cause;
    double probability;                       /* of all findings and `unknown` together 1 */
    const struct diagnose_evidence *evidence; /* strongest first */
    size_t nevidence;
};

/* The question or test that would tell most next. */
struct diagnose_question {
    const char *name; /* "other-port" */
    const char *text; /* message id */
    double bits_per_minute, minutes;
};

struct diagnose_verdict {
    enum diagnose_answer {
        DIAGNOSE_FOUND,   /* one cause stands out */
        DIAGNOSE_SEVERAL, /* several are possible */
        DIAGNOSE_UNKNOWN, /* something is wrong that the tables do not know */
        DIAGNOSE_HEALTHY, /* nothing is wrong as far as was looked */
        DIAGNOSE_NOTHING, /* there was nothing to go by */
    } answer;
    const struct diagnose_finding *finding; /* most probable first */
    size_t nfindings;
    double unknown;
    const struct diagnose_question *question; /* NULL: none would help */
};

/* The verdict belongs to the case and stands until the next call on it. */
int diagnose_solve(struct diagnose_case *c, const struct diagnose_verdict **ret,
                   struct wtg_err *err) WTG_MUST_USE;

#endif
