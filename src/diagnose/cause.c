/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "diagnose/tables.h"

#include <string.h>

const struct diagnose_cause *diagnose_cause_at(size_t i)
{
    return i < diagnose_causes_n ? &diagnose_causes[i] : NULL;
}

const struct diagnose_cause *diagnose_cause_find(const char *name)
{
    for (size_t i = 0; i < diagnose_causes_n; i++)
        if (strcmp(diagnose_causes[i].name, name) == 0)
            return &diagnose_causes[i];
    return NULL;
}
