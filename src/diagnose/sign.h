/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DIAGNOSE_SIGN_H
#define WTG_DIAGNOSE_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The tables that make-signs makes of data/diagnose/signs*.txt and questions.txt; what they mean
 * is said in docs/formats/signs.md. */

/* Numbers of causes count the rows of causes.tsv; these two stand for no row. */
enum { SIGN_UNKNOWN = 0xfffe, SIGN_HEALTHY = 0xffff };

struct sign_weight {
    uint16_t cause;
    float p; /* of the sign, or of "yes", when this is the cause */
};

enum sign_relation {
    SIGN_WITH,    /* begins a set of signs of which one must be active */
    SIGN_WITH_OR, /* one more of that set */
    SIGN_NEAR,    /* the same, and in lines near to it */
    SIGN_NEAR_OR,
    SIGN_WITHOUT, /* must not be active */
    SIGN_OVER,    /* is explained by this one */
};

struct sign_link {
    uint16_t relation; /* enum sign_relation */
    uint16_t sign;
};

enum sign_flag {
    SIGN_WEAK = 1,   /* a generic message */
    SIGN_BENIGN = 2, /* harmless, and so is the line in which it stands */
    SIGN_SEEN = 4,   /* has texts or facts; the others live by their links alone */
    SIGN_LOUD = 8,   /* counts also where the log itself says that a line is mere information */
};

/* The other end of a link that asks for nearness. */
struct sign_backlink {
    uint16_t sign; /* that has the link */
    uint16_t link;
};

struct sign {
    const char *name;
    uint16_t first_weight, nweights;
    uint16_t first_link, nlinks;
    float leak; /* probability with causes that have no weight here */
    uint8_t flags;
    uint16_t many; /* it must be seen so often */
    uint16_t first_backlink, nbacklinks;
};
extern const struct sign sign_table[];
extern const size_t sign_count, sign_link_count, sign_cause_count;
extern const struct sign_weight sign_weights[];
extern const struct sign_link sign_links[];
extern const struct sign_backlink sign_backlinks[];

enum { SIGN_FLOATING = 255 };

/* A text: where it is looked for first are four bytes that are rare in logs. */
struct sign_pattern {
    const char *text; /* lower case, in the language of signs.md; \001 is the edge of a number */
    uint8_t four[4];
    uint16_t sign;
    uint8_t before; /* bytes of the text in front of the four, or SIGN_FLOATING */
    uint8_t rest;   /* where in `text` the four are written */
    uint8_t test;   /* 0, or 1 + index in sign_tests */
};
extern const struct sign_pattern sign_patterns[];
extern const size_t sign_pattern_count;

struct sign_fact {
    const char *key, *value; /* "*": any value */
    uint16_t sign;
};
extern const struct sign_fact sign_facts[];
extern const size_t sign_fact_count;

struct sign_question {
    const char *name, *text;
    double minutes;
    uint16_t first_weight, nweights;
    float otherwise; /* probability of "yes" with causes that have no weight here */
};
extern const struct sign_question sign_questions[];
extern const size_t sign_question_count;

/* Tests on the line in which a text was found: number `test` - 1 of the generator's list. */
bool sign_test(unsigned test, const char *line, size_t n);

#endif
