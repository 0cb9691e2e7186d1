/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_SIGN_CATALOG_H
#define WTG_SIGN_CATALOG_H

#include "sign/room.h"

/* Inside the room. */

/* The signature of the catalog that lists a file of this digest (SHA-1 or SHA-256); NULL: none. */
const struct wtg_signature *sign_catalogs_find(const struct sign_catalogs *c,
                                               struct wtg_span digest);
/* Does it sign a catalog? */
bool catalog_is(const struct signed_data *s);

#endif
