/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_SIGN_CATALOG_H
#define WTG_SIGN_CATALOG_H

#include "sign/room.h"

/* Inside the room. */

/* Does it sign a catalog? */
bool catalog_is(const struct signed_data *s);

#endif
