/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_EXPLAIN_H
#define WTG_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wtg/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What codes mean.  Plain data; every string that is a sentence is a message id of the text domain
 * "wtg", and all strings that pointers lead to are constants.  Nothing here blocks or writes. */

/* What can be said about a code that matters, in words. */
struct wtg_code_page {
    const char *slug;         /* docs/causes/SLUG.md */
    const char *says;         /* what the code means where Windows sticks are made */
    const char *check;        /* NULL: what the causes say */
    const char *mend;         /* the same */
    const char *const *cause; /* names, the usual first; NULL behind the last */
    const char *tree;         /* slug of the decision tree, or NULL */
};

enum { WTG_CODE_BYTES = 32 };
/* The same thing as another family of codes spells it. */
struct wtg_code_alias {
    const char *family;
    char code[WTG_CODE_BYTES];
    const char *name; /* or NULL */
};

/* Severity, facility, phase, operation: a part of a code, with its name and what it stands for. */
struct wtg_code_part {
    uint32_t value;
    const char *name; /* "FACILITY_WIN32", NULL: not known */
    const char *text; /* message id, or NULL */
};

/* One thing that a code may be. */
enum { WTG_ALIASES_MAX = 4 };
struct wtg_reading {
    const char *family;        /* stable slug: "hresult", "nt", "win32", ... */
    const char *family_text;   /* message id: "an HRESULT, the error code of Windows' ..." */
    char code[WTG_CODE_BYTES]; /* as this family spells it: "0x80070005", "5", "0xC1900101-0x20017"
                                */
    const char *name;          /* "E_ACCESSDENIED"; NULL: no header knows it */
    const char *libc_text;     /* errno: what the C library says; message id of domain "libc" */
    bool has_parts;            /* severity, customer bit, facility and number are there */
    const char *severity;      /* message id: "error", "warning", "information", "success" */
    bool customer;             /* a code of an application, not of Windows */
    struct wtg_code_part facility;
    uint32_t number; /* the low 16 bits */
    bool has_phase;  /* an extend code of Windows Setup: phase and operation are there */
    struct wtg_code_part phase, operation;
    struct wtg_code_alias alias[WTG_ALIASES_MAX];
    size_t naliases;
    const struct wtg_code_page *page; /* NULL: nothing more is known */
};

enum { WTG_READINGS_MAX = 8 };
struct wtg_explanation {
    struct wtg_reading reading[WTG_READINGS_MAX]; /* most likely first */
    size_t nreadings;                             /* at least one */
};

/* Explains a code of any shape: "0x80070005", "-2147024891", "5", "E_ACCESSDENIED", "0x7B",
 * "0xC1900101-0x20017", "wimlib:55", "errno 5", "DISM exited with code 1392".  A number that no
 * table knows is explained as far as its bits go.  USAGE: there is no code in it. */
WTG_API int wtg_explain(const char *text, struct wtg_explanation *ret,
                        struct wtg_err *err) WTG_MUST_USE;

/* A cause of trouble, in words.  False: there is none of this name. */
struct wtg_cause {
    const char *name;
    const char *title, *means, *check, *mend; /* message ids */
    const char *repair;                       /* slug of the automatic repair, or NULL */
};
WTG_API bool wtg_cause_find(const char *name, struct wtg_cause *ret) WTG_MUST_USE;

/* A decision path: questions with two answers each, causes at the ends. */
struct wtg_tree_node {
    const char *text;         /* the question; at an end what to do */
    const char *how;          /* how to tell; NULL at an end */
    const char *const *cause; /* at an end: names, NULL behind the last; may be empty */
    unsigned yes, no;         /* nodes; 0: this is an end */
};
struct wtg_tree {
    const char *slug, *title;
    const struct wtg_tree_node
        *node; /* [0] is the first question; every node leads on, never back */
    size_t nnodes;
};
/* The tree of a code, or of a slug ("access-denied").  NOT_FOUND: it has none; USAGE: there is no
 * code in the text. */
WTG_API int wtg_explain_tree(const char *text, const struct wtg_tree **ret,
                             struct wtg_err *err) WTG_MUST_USE;
WTG_API const struct wtg_tree *wtg_tree_at(size_t i); /* NULL behind the last */

#ifdef __cplusplus
}
#endif
#endif
