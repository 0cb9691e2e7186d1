/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_EXAMINE_SPACE_H
#define WTG_RECIPE_EXAMINE_SPACE_H

#include "wtg/space.h"

/* Room in numbers, judged: which of the ways in which a disk can be "full" this is.  The numbers
 * are struct wtg_space; docs/formats/space.md */
enum space_verdict {
    SPACE_ENOUGH,
    SPACE_FULL,       /* nothing is free */
    SPACE_RESERVED,   /* free, but kept for root or for $MFT */
    SPACE_QUOTA,      /* free, but a user may not use more */
    SPACE_FRAGMENTED, /* free in crumbs */
    SPACE_TOO_SMALL,  /* the image would not even fit on the empty volume */
};
enum space_verdict space_judge(const struct wtg_space *s);
const char *space_verdict_name(enum space_verdict v); /* "too-small" */

#endif
