/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "wtg/explain.h"

struct explain_values {
    struct cli_common common;
    bool tree;
};

/* A message id that may be missing. */
static const char *words(const char *id)
{
    return id ? _(id) : NULL;
}

static json_t *string_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

/* With --json: one object a code. */

static json_t *causes_json(const char *const *name)
{
    json_t *list = json_array();
    struct wtg_cause c;

    for (; *name; name++)
        if (wtg_cause_find(*name, &c))
            json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "cause", c.name,
                                                  "title", _(c.title), "means", _(c.means), "check",
                                                  _(c.check), "mend", _(c.mend), "repair",
                                                  string_or_null(c.repair)));
    return list;
}

static json_t *part_json(const struct wtg_code_part *p)
{
    return json_pack("{s:i, s:o, s:o}", "value", (int)p->value, "name", string_or_null(p->name),
                     "text", string_or_null(words(p->text)));
}

static json_t *reading_json(const struct wtg_reading *r)
{
    json_t *aliases = json_array();
    json_t *o = json_pack("{s:s, s:s, s:s, s:o}", "family", r->family, "family_text",
                          _(r->family_text), "code", r->code, "name", string_or_null(r->name));

    for (size_t i = 0; i < r->naliases; i++)
        json_array_append_new(aliases, json_pack("{s:s, s:s, s:o}", "family", r->alias[i].family,
                                                 "code", r->alias[i].code, "name",
                                                 string_or_null(r->alias[i].name)));
    json_object_set_new(o, "same_as", aliases);
    if (r->has_parts)
        json_object_set_new(o, "parts",
                            json_pack("{s:s, s:b, s:o, s:i}", "severity", _(r->severity),
                                      "customer", r->customer, "facility", part_json(&r->facility),
                                      "number", (int)r->number));
    if (r->has_phase) {
        json_object_set_new(o, "phase", part_json(&r->phase));
        json_object_set_new(o, "operation", part_json(&r->operation));
    }
    if (r->libc_text)
        json_object_set_new(o, "text", json_string(dgettext("libc", r->libc_text)));
    if (r->page) {
        json_object_set_new(o, "page", json_string(r->page->slug));
        json_object_set_new(o, "says", json_string(_(r->page->says)));
        json_object_set_new(o, "check", string_or_null(words(r->page->check)));
        json_object_set_new(o, "mend", string_or_null(words(r->page->mend)));
        json_object_set_new(o, "tree", string_or_null(r->page->tree));
        json_object_set_new(o, "causes", causes_json(r->page->cause));
    }
    return o;
}

static void explain_json(const char *typed, const struct wtg_explanation *e)
{
    json_t *readings = json_array();

    for (size_t i = 0; i < e->nreadings; i++)
        json_array_append_new(readings, reading_json(&e->reading[i]));
    cli_json(json_pack("{s:s, s:s, s:b, s:o}", "event", "code", "typed", typed, "known",
                       e->reading[0].name || e->reading[0].page, "readings", readings));
}

/* For people. */

enum { LINE_BYTES = 512 };

/* "label: text", so far from the left. */
static void labelled(int margin, const char *label, const char *text)
{
    char first[80], rest[80];

    snprintf(first, sizeof first, "%*s%s%s", margin, "", label, _(": "));
    snprintf(rest, sizeof rest, "%*s", margin + 2, "");
    cli_wrap(first, rest, text);
}

static void print_parts(const struct wtg_reading *r)
{
    char line[LINE_BYTES];

    if (r->has_parts && (r->facility.name || r->facility.value)) {
        snprintf(line, sizeof line,
                 r->customer ? _("%s of an application, facility 0x%X%s%s, number %u (0x%X)")
                             : _("%s, facility 0x%X%s%s, number %u (0x%X)"),
                 _(r->severity), r->facility.value, r->facility.name ? " " : "",
                 r->facility.name ? r->facility.name : "", r->number, r->number);
        cli_wrap("  ", "    ", line);
    }
    if (r->has_parts && r->facility.text) {
        snprintf(line, sizeof line, _("from: %s"), _(r->facility.text));
        cli_wrap("  ", "    ", line);
    }
    if (r->has_phase && r->phase.text) {
        snprintf(line, sizeof line, _("phase %u: %s"), r->phase.value, _(r->phase.text));
        cli_wrap("  ", "    ", line);
    } else if (r->has_phase) {
        snprintf(line, sizeof line, _("phase 0x%X: not one that Microsoft documents"),
                 r->phase.value);
        cli_wrap("  ", "    ", line);
    }
    if (r->has_phase && r->operation.text) {
        snprintf(line, sizeof line, _("operation 0x%X: %s"), r->operation.value,
                 _(r->operation.text));
        cli_wrap("  ", "    ", line);
    }
}

/* "the same as: Win32 5 (ERROR_ACCESS_DENIED)" */
static void print_aliases(const struct wtg_reading *r)
{
    for (size_t i = 0; i < r->naliases; i++) {
        const struct wtg_code_alias *a = &r->alias[i];
        char line[LINE_BYTES];
        snprintf(line, sizeof line,
                 a->name && (!r->name || strcmp(a->name, r->name) != 0) ? _("the same as %s:%s %s")
                                                                        : _("the same as %s:%s"),
                 a->family, a->code, a->name);
        cli_wrap("  ", "    ", line);
    }
}

static void print_causes(const char *const *name, bool all)
{
    struct wtg_cause c;
    char first[32];

    if (!*name)
        return;
    printf("%s", _("\n  Usual causes, the most frequent first:\n"));
    for (unsigned i = 1; name[i - 1]; i++) {
        if (!wtg_cause_find(name[i - 1], &c))
            continue;
        snprintf(first, sizeof first, " %2u. ", i);
        cli_wrap(first, "     ", _(c.title));
        if (all)
            labelled(5, _("means"), _(c.means));
        if (all || i <= 3) {
            labelled(5, _("check"), _(c.check));
            labelled(5, _("mend"), _(c.mend));
        }
    }
}

static void print_reading(const struct wtg_reading *r, bool all)
{
    const struct wtg_code_page *page = r->page;

    printf("%s%s%s\n", r->code, r->name || !page ? "  " : "",
           r->name ? r->name
           : page  ? ""
                   : _("(no header names it)"));
    cli_wrap("  ", "    ", _(r->family_text));
    if (r->libc_text)
        cli_wrap("  ", "    ", dgettext("libc", r->libc_text));
    print_parts(r);
    print_aliases(r);
    if (!page) {
        printf("\n");
        cli_wrap("  ", "  ",
                 r->name ? _("Nothing more is written about this code here; its name says what the "
                             "program found. Look for the line before it in the program's log.")
                         : _("No table here knows this code. What its bits say stands above; look "
                             "for the line before it in the program's log."));
        return;
    }
    printf("\n");
    cli_wrap("  ", "  ", _(page->says));
    if (page->check)
        labelled(2, _("check"), _(page->check));
    if (page->mend)
        labelled(2, _("mend"), _(page->mend));
    print_causes(page->cause, all);
    if (page->tree) {
        printf(_("\n  Step by step: wtg explain --tree %s\n"), page->tree);
    }
}

static void print_other(const struct wtg_reading *r)
{
    char first[160];

    snprintf(first, sizeof first, "  %s:%s%s%s  ", r->family, r->code, r->name ? " " : "",
             r->name ? r->name : "");
    cli_wrap(first, "      ", r->page ? _(r->page->says) : _(r->family_text));
}

static void explain_plain(const struct wtg_explanation *e, const struct cli_common *common)
{
    print_reading(&e->reading[0], common->verbose);
    if (e->nreadings > 1)
        printf("%s", _("\nIt may also be:\n"));
    for (size_t i = 1; i < e->nreadings; i++) {
        if (common->verbose)
            print_reading(&e->reading[i], true);
        else
            print_other(&e->reading[i]);
    }
}

/* Decision trees. */

enum { PREFIX_BYTES = 256 };
struct branches {
    const char *more, *last, *down;
};

static const struct branches *branches(void)
{
    static const struct branches lines = { "├─ ", "└─ ", "│  " }, plain = { "|- ", "`- ", "|  " };
    return cli_is_utf8() ? &lines : &plain;
}

static void print_end(const struct wtg_tree_node *end, const char *first, const char *rest)
{
    struct wtg_cause c;
    char bullet[PREFIX_BYTES + 16], below[PREFIX_BYTES + 16];

    cli_wrap(first, rest, _(end->text));
    snprintf(bullet, sizeof bullet, "%s* ", rest);
    snprintf(below, sizeof below, "%s  ", rest);
    for (const char *const *name = end->cause; *name; name++)
        if (wtg_cause_find(*name, &c))
            cli_wrap(bullet, below, _(c.title));
}

/* The answer that ends comes before the one that goes on, so that the path stays in sight.  Trees
 * are a handful of questions deep: the generator of the tables sees to it. */
static void print_node(const struct wtg_tree *t, const struct wtg_tree_node *node,
                       const char *prefix)
{
    const struct branches *b = branches();
    bool yes_first = !t->node[node->yes].how || t->node[node->no].how;
    char first[PREFIX_BYTES + 32], rest[PREFIX_BYTES + 8];

    cli_wrap(prefix, prefix, _(node->text));
    snprintf(first, sizeof first, "%s%s%s%s", prefix, b->down, _("how to tell"), _(": "));
    snprintf(rest, sizeof rest, "%s%s", prefix, b->down);
    cli_wrap(first, rest, _(node->how));
    for (int i = 0; i < 2; i++) {
        bool yes = yes_first == (i == 0);
        const struct wtg_tree_node *child = &t->node[yes ? node->yes : node->no];
        snprintf(rest, sizeof rest, "%s%s", prefix, i == 0 ? b->down : "   ");
        snprintf(first, sizeof first, "%s%s%s%s", prefix, i == 0 ? b->more : b->last,
                 yes ? _("yes") : _("no"), child->how ? "" : _(": "));
        if (child->how) {
            printf("%s\n", first);
            if (strlen(rest) < PREFIX_BYTES)
                print_node(t, child, rest);
        } else {
            print_end(child, first, rest);
        }
    }
}

static void tree_json(const struct wtg_tree *t)
{
    json_t *nodes = json_array();

    for (size_t i = 0; i < t->nnodes; i++) {
        const struct wtg_tree_node *n = &t->node[i];
        json_array_append_new(
            nodes,
            n->how ? json_pack("{s:s, s:s, s:i, s:i}", "ask", _(n->text), "how", _(n->how), "yes",
                               (int)n->yes, "no", (int)n->no)
                   : json_pack("{s:s, s:o}", "say", _(n->text), "causes", causes_json(n->cause)));
    }
    cli_json(json_pack("{s:s, s:s, s:s, s:o}", "event", "tree", "tree", t->slug, "title",
                       _(t->title), "nodes", nodes));
}

static int show(const struct explain_values *v, const char *typed)
{
    struct wtg_err err = { 0 };
    struct wtg_explanation e;
    const struct wtg_tree *tree;

    if (v->tree) {
        if (wtg_explain_tree(typed, &tree, &err) < 0)
            return cli_fail(&v->common, &err);
        if (v->common.json) {
            tree_json(tree);
            return EXIT_DONE;
        }
        cli_wrap("", "", _(tree->title));
        printf("\n");
        print_node(tree, &tree->node[0], "");
        return EXIT_DONE;
    }
    if (wtg_explain(typed, &e, &err) < 0)
        return cli_fail(&v->common, &err);
    if (v->common.json)
        explain_json(typed, &e);
    else
        explain_plain(&e, &v->common);
    return EXIT_DONE;
}

/* Does the next word belong to the code so far?  '0x8007000D - 0x90002', 'errno 5', 'dism 1392'. */
static bool goes_on(const char *so_far, const char *next)
{
    struct wtg_err err = { 0 };
    struct wtg_explanation e;
    size_t n = strlen(so_far);

    if (!next)
        return false;
    if (strcmp(next, "-") == 0 || strncasecmp(next, "-0x", 3) == 0 ||
        (n > 0 && so_far[n - 1] == '-'))
        return true;
    return wtg_explain(so_far, &e, &err) < 0 && wtg_explain(next, &e, &err) == 0;
}

static int run(const struct cli_command *command, void *values, char **args)
{
    const struct explain_values *v = values;
    char typed[LINE_BYTES] = "";
    size_t used = 0;
    int worst = EXIT_DONE;
    bool first = true;

    (void)command;
    for (; *args; args++) {
        int n = snprintf(typed + used, sizeof typed - used, "%s%s", used ? " " : "", *args);
        used += n > 0 && (size_t)n < sizeof typed - used ? (size_t)n : 0;
        if (goes_on(typed, args[1]))
            continue;
        if (!first && !v->common.json)
            printf("\n");
        int code = show(v, typed);
        worst = code > worst ? code : worst;
        first = false;
        used = 0;
    }
    return worst;
}

static const struct cli_opt opts[] = {
    { "tree", CLI_FLAG, offsetof(struct explain_values, tree), NULL,
      N_("the questions that lead from the code to its cause") },
};

const struct cli_command cli_explain = {
    .name = "explain",
    .args = "CODE...",
    .help = N_("what an error code means, what causes it and what mends it"),
    .opt = opts,
    .nopts = CLI_LEN(opts),
    .nargs = 1,
    .more_args = true,
    .value_bytes = sizeof(struct explain_values),
    .run = run,
};
