/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "diagnose/code.h"

#include <string.h>

#include "diagnose/tables.h"

const struct wtg_tree *code_tree_at(size_t i)
{
    return i < code_trees_n ? &code_trees[i] : NULL;
}

static const struct wtg_tree *find(const char *slug)
{
    for (size_t i = 0; i < code_trees_n; i++)
        if (strcmp(code_trees[i].slug, slug) == 0)
            return &code_trees[i];
    return NULL;
}

int code_tree(const char *text, const struct wtg_tree **ret, struct wtg_err *err)
{
    const struct wtg_tree *tree = find(text);
    struct code_readings found = { .n = 0 };

    if (!tree && code_parse(text, &found, err) < 0)
        return wtg_because(err, "looking for a decision tree");
    for (size_t i = 0; i < found.n && !tree; i++) {
        const struct wtg_code_page *page = code_page(&found.code[i]);
        if (page && page->tree)
            tree = find(page->tree);
    }
    if (!tree) {
        wtg_fail(err, WTG_E_NOT_FOUND, "there is no decision tree for '%.60s'", text);
        return wtg_hint(err, "%s",
                        N_("there are trees for 0x80070005, 0x80070070 and 0xC00E001F; "
                           "without --tree the code itself is explained"));
    }
    *ret = tree;
    return 0;
}
