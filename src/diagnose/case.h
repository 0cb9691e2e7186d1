/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DIAGNOSE_CASE_H
#define WTG_DIAGNOSE_CASE_H

#include "base/mem.h"
#include "diagnose/code.h"
#include "diagnose/diagnose.h"
#include "diagnose/match.h"
#include "diagnose/sign.h"

/* One sign as it was seen in this case. */
struct case_seen {
    uint64_t count;
    uint64_t place;           /* of the last time in a log, 0 for never; see case_see_line */
    const char *where, *text; /* of the first time, in the arena; NULL while count is 0 */
};

/* A code that a person named and that has a page: its causes count when no sign names one. */
enum { CASE_PAGES_MAX = 8 };
struct case_page {
    const struct wtg_code_page *page;
    const char *code; /* as it was given */
};

struct diagnose_case {
    struct arena arena; /* all strings */
    struct match_index *index;
    struct case_seen *seen; /* one for each sign */
    bool *near;               /* one for each link: its signs stood near to each other */
    uint64_t logs;            /* begun so far */
    int *reply;             /* one for each question: -1, or enum diagnose_reply */
    uint64_t facts, bytes;  /* how much was looked at */
    struct case_page page[CASE_PAGES_MAX];
    size_t npages;
    struct arena verdict_arena;
    struct diagnose_verdict verdict;
    struct diagnose_question question;
};

/* Adds one occurrence of a sign; `where` and `text` are kept (copied) the first time. */
int case_see(struct diagnose_case *c, size_t sign, const char *where, const char *text, size_t n,
             struct wtg_err *err) WTG_MUST_USE;

/* The same for a line of a log, whose place is counted across logs, CASE_LOG_LINES apart: notes
 * which signs stand near to each other. */
enum { CASE_NEAR_LINES = 25 };
#define CASE_LOG_LINES (UINT64_C(1) << 40)
int case_see_line(struct diagnose_case *c, size_t sign, uint64_t place, const char *where,
                  const char *text, size_t n, struct wtg_err *err) WTG_MUST_USE;

/* The question that tells most per minute, given the probability of every cause and, behind
 * them, of unknown.  NULL when none tells anything. */
const struct diagnose_question *case_question(struct diagnose_case *c, const double *p);

/* Probability of "yes" to a question with cause number `cause`, or SIGN_UNKNOWN. */
double case_yes(const struct sign_question *q, size_t cause);

#endif
