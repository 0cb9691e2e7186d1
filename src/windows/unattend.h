/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_WINDOWS_UNATTEND_H
#define WTG_WINDOWS_UNATTEND_H

#include "base/err.h"
#include "base/span.h"
#include "tree/edit.h"

/* The largest answer file: the largest generated ones, with scripts inside, have some 200 KiB. */
#define UNATTEND_MAX_BYTES ((size_t)4 << 20)

/* Is this an answer file that Windows Setup would accept on a computer of this architecture?
 * UNATTEND, with the line.  `*ret_summary` (malloc'ed) says what it does when: "specialize (2),
 * oobeSystem (3); without effect here: windowsPE (1)". */
int unattend_check(struct wtg_span bytes, const char *name, const char *architecture,
                   char **ret_summary, struct wtg_err *err) WTG_MUST_USE;

/* Puts it where Windows looks first, and out of its way what it would find sooner. */
int unattend_edits(const struct tree *t, struct wtg_span bytes, const char *summary,
                   struct tree_edits *edits, struct wtg_err *err) WTG_MUST_USE;

#endif
