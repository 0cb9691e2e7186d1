/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DIAGNOSE_TABLES_H
#define WTG_DIAGNOSE_TABLES_H

#include "diagnose/diagnose.h"

/* What tools/diagnose-tables makes when wtg is built: from data/diagnose, and the names and numbers
 * of codes from system headers.  For the files of this room alone. */

extern const struct diagnose_cause diagnose_causes[]; /* in the order of causes.tsv */
extern const size_t diagnose_ncauses;

#endif
