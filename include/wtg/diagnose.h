/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DIAGNOSE_H
#define WTG_DIAGNOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wtg/error.h"
#include "wtg/explain.h"
#include "wtg/job.h"
#include "wtg/space.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is wrong: evidence in, causes out.  Nothing here writes to a disk or file. */
struct wtg_diagnosis;
WTG_API int wtg_diagnosis_new(struct wtg_diagnosis **ret, struct wtg_err *err) WTG_MUST_USE;
WTG_API void wtg_diagnosis_free(struct wtg_diagnosis *d);

/* A log: a file, packed or not, an event log, a folder with all logs in it, "-" for standard
 * input.  Blocks as long as reading takes.  NOT_FOUND, PERMISSION, IO, CANCELLED. */
WTG_API int wtg_diagnosis_log(struct wtg_diagnosis *d, const char *path, struct wtg_job *job,
                              struct wtg_err *err) WTG_MUST_USE;

/* A code that a person saw, in any shape. */
WTG_API int wtg_diagnosis_code(struct wtg_diagnosis *d, const char *code,
                               struct wtg_err *err) WTG_MUST_USE;

/* A stick or image file, read only. */
struct wtg_examine_opts {
    const char *target;         /* a whole disk, an image file, or a folder: its room */
    const char *image, *inside; /* what it was made from, or NULL; as in wtg_create_opts */
    unsigned index;
    const char *edition;
    const char *dbx;    /* a file of forbidden signatures, or NULL */
    bool compare_files; /* with `image`: every file of it, not only names and sizes */
};
WTG_API int wtg_diagnosis_examine(struct wtg_diagnosis *d, const struct wtg_examine_opts *opts,
                                  struct wtg_job *job, struct wtg_err *err) WTG_MUST_USE;

/* The security descriptor of a file or folder on the stick's Windows volume, line by line as icacls
 * prints it.  Of `opts` only the target counts.  NOT_FOUND, and as for an examination. */
WTG_API int wtg_target_acl(const struct wtg_examine_opts *opts, const char *path,
                           void (*line)(const char *text, void *user), void *user,
                           struct wtg_job *job, struct wtg_err *err) WTG_MUST_USE;

/* The answer to a question, which goes by its name.  USAGE: there is no such question. */
enum wtg_reply { WTG_REPLY_YES, WTG_REPLY_NO, WTG_REPLY_UNKNOWN };
WTG_API int wtg_diagnosis_reply(struct wtg_diagnosis *d, const char *question, enum wtg_reply reply,
                                struct wtg_err *err) WTG_MUST_USE;

struct wtg_evidence {
    const char *where, *text; /* "setupact.log:1234" and the line; or a place and what was found */
    uint64_t count;           /* how often it was seen */
    double bits;              /* weight: positive speaks for the cause, negative against it */
};

struct wtg_finding {
    struct wtg_cause cause;
    unsigned minutes;                    /* what mending costs a person */
    double probability;                  /* of all findings and `unknown` together at most 1 */
    const struct wtg_evidence *evidence; /* strongest first */
    size_t nevidence;
};

enum wtg_answer {
    WTG_ANSWER_FOUND,   /* one cause stands out */
    WTG_ANSWER_SEVERAL, /* several are possible */
    WTG_ANSWER_UNKNOWN, /* something is wrong that is not known here */
    WTG_ANSWER_HEALTHY, /* nothing is wrong as far as was looked */
    WTG_ANSWER_NOTHING, /* there was nothing to go by */
};

struct wtg_findings {
    enum wtg_answer answer;
    const struct wtg_finding *finding; /* most probable first */
    size_t nfindings;
    double unknown;       /* probability that it is none of the known causes */
    const char *question; /* name of what would tell most next, or NULL */
    const char *ask;      /* its text, a message id */
    double question_minutes;
    double question_bits; /* what it is expected to tell */
    /* Room in numbers, of all places that were looked at; none unless a disk is said to be full, or
     * is. */
    const struct wtg_space *space;
    size_t nspace;
};

/* Stands until the next call on `d`. */
WTG_API int wtg_diagnosis_solve(struct wtg_diagnosis *d, const struct wtg_findings **ret,
                                struct wtg_err *err) WTG_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
