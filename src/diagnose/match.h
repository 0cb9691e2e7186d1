/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DIAGNOSE_MATCH_H
#define WTG_DIAGNOSE_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Finds where the patterns of sign.h stand in text, hundreds of them in one pass: the four rare
 * bytes of each are looked up at every place, and only where they stand the pattern is tried. */

struct match_index;
struct match_index *match_index_new(struct wtg_err *err); /* NULL on failure */
void match_index_free(struct match_index *m);

enum {
    MATCH_BACK = 330, /* a pattern may begin so many bytes in front of its four */
    MATCH_AHEAD = 4096, /* and ends so many behind their beginning, at the most */
};

/* Looks for patterns whose four stand in [from, to) of `text`, which holds `n` bytes.  `hit` is
 * told the number of the pattern and where it begins. */
int match_scan(const struct match_index *m, const uint8_t *text, size_t n, size_t from, size_t to,
               int (*hit)(void *user, size_t pattern, size_t begin, struct wtg_err *err),
               void *user, struct wtg_err *err) WTG_MUST_USE;

/* Looks for the texts of this sign no more: it has been seen often enough. */
void match_skip(struct match_index *m, size_t sign);

/* Does the pattern stand at `at`? */
bool match_at(const char *pattern, const uint8_t *text, size_t n, size_t at);

#endif
