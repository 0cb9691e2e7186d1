/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wtg/explain.h"

#include "diagnose/code.h"
#include "diagnose/diagnose.h"

int wtg_explain(const char *text, struct wtg_explanation *ret, struct wtg_err *err)
{
    return code_explain(text, ret, err);
}

int wtg_explain_tree(const char *text, const struct wtg_tree **ret, struct wtg_err *err)
{
    return code_tree(text, ret, err);
}

const struct wtg_tree *wtg_tree_at(size_t i)
{
    return code_tree_at(i);
}

bool wtg_cause_find(const char *name, struct wtg_cause *ret)
{
    const struct diagnose_cause *c = diagnose_cause_find(name);

    if (c)
        *ret = (struct wtg_cause){ c->name, c->title, c->means, c->check, c->mend, c->repair };
    return c != NULL;
}
