/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_FAULTS_H
#define TEST_FAULTS_H

#include "stick.h"

/* What can happen to a stick, as tables.  A variant of a kind is its seed. */

struct fault_kind {
    const char *name;
    const char *cause; /* the cause that should be named; several with '|' are the same trouble */
    struct stick_change change;
    bool image;      /* can only be seen, or mended, beside the image */
    bool repairable; /* the tables promise an automatic repair */
};
extern const struct fault_kind fault_kinds[];
extern const size_t fault_count;

/* Half of the kinds is for building signs, half for judging: by a hash of the name, which nobody
 * can arrange. */
bool fault_judges(const struct fault_kind *k);

/* Faults that the tables do not know. */
extern const struct fault_kind unknown_kinds[];
extern const size_t unknown_count;

/* What makes healthy sticks differ: nothing is wrong with any of it. */
extern const struct fault_kind variations[];
extern const size_t variation_count;

#endif
