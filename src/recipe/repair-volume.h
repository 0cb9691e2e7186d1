/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_REPAIR_VOLUME_H
#define WTG_RECIPE_REPAIR_VOLUME_H

#include "ntfs3g/ntfs3g.h"
#include "recipe/repair-priv.h"

/* Calls `change` with Windows' volume open for writing on c->out.  VOLUME_DAMAGED when its
 * structure is not sound; UNSUPPORTED when it is hibernated, unless `asleep`. */
int repair_volume_change(struct repair_case *c, bool asleep,
                         int (*change)(struct ntfs3g *v, void *ctx, struct wtg_err *err), void *ctx,
                         struct wtg_err *err) WTG_MUST_USE;

#endif
