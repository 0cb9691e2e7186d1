/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_TARGET_WORDS_H
#define WTG_RECIPE_TARGET_WORDS_H

#include "base/mem.h"
#include "disk/contents.h"
#include "disk/identity.h"
#include "wtg/create.h"

/* Who a target is and what is on it now, in the public words of wtg/create.h.  `id` and `contents`
 * are borrowed, new words go to the arena. */
int recipe_target_words(struct arena *words, const struct disk_identity *id,
                        const struct disk_contents *contents, struct wtg_plan_target *ret,
                        struct wtg_err *err) WTG_MUST_USE;

#endif
