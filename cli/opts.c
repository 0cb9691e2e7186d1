/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_opt common_opts[] = {
    { "json", CLI_FLAG, offsetof(struct cli_common, json), NULL,
      N_("one JSON object a line on stdout, for programs") },
    { "yes", CLI_FLAG, offsetof(struct cli_common, yes), NULL, N_("do not ask, do it") },
    { "dry-run", CLI_FLAG, offsetof(struct cli_common, dry_run), NULL,
      N_("show what would be done, write nothing") },
    { "quiet", CLI_FLAG, offsetof(struct cli_common, quiet), NULL,
      N_("no progress, nothing but errors and results") },
    { "verbose", CLI_FLAG, offsetof(struct cli_common, verbose), NULL, N_("say more") },
    { "help", CLI_FLAG, offsetof(struct cli_common, help), NULL, N_("this text") },
};

static void help_row(const struct cli_opt *o)
{
    char left[64];

    snprintf(left, sizeof left, "--%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
    printf("  %-24s %s\n", left, _(o->help));
}

static int help(const struct cli_command *c)
{
    printf(_("usage: wtg %s [OPTION...] %s\n\n%s\n\n"), c->name, c->args, _(c->help));
    for (size_t i = 0; i < c->nopts; i++)
        help_row(&c->opt[i]);
    if (c->nopts)
        printf("\n");
    for (size_t i = 0; i < CLI_LEN(common_opts); i++)
        help_row(&common_opts[i]);
    return EXIT_DONE;
}

static const struct cli_opt *find_in(const struct cli_opt *o, size_t n, const char *name,
                                     size_t len)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(o[i].name) == len && strncmp(o[i].name, name, len) == 0)
            return &o[i];
    return NULL;
}

static size_t least3(size_t a, size_t b, size_t c)
{
    return a < b ? (a < c ? a : c) : (b < c ? b : c);
}

/* Levenshtein's distance; words longer than 31 are never near. */
static size_t distance(const char *a, const char *b)
{
    size_t row[32], n = strlen(b);

    if (n > 31 || strlen(a) > 31)
        return 99;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t up = row[j];
            row[j] = least3(up + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = up;
        }
    }
    return row[n];
}

const char *cli_nearest(const char *typed, const char *const *words, size_t n)
{
    const char *best = NULL;
    size_t least = 4;

    for (size_t i = 0; i < n; i++) {
        size_t d = distance(typed, words[i]);
        if (d < least) {
            least = d;
            best = words[i];
        }
    }
    return best;
}

static int bad_option(const struct cli_command *c, const char *typed)
{
    const char *names[64];
    size_t n = 0;

    for (size_t i = 0; i < c->nopts && n < CLI_LEN(names); i++)
        names[n++] = c->opt[i].name;
    for (size_t i = 0; i < CLI_LEN(common_opts) && n < CLI_LEN(names); i++)
        names[n++] = common_opts[i].name;
    const char *near = cli_nearest(typed + 2, names, n);
    fprintf(stderr, _("wtg %s: there is no option '%s'\n"), c->name, typed);
    if (near)
        fprintf(stderr, _("  did you mean '--%s'?\n"), near);
    fprintf(stderr, _("  'wtg %s --help' lists all options\n"), c->name);
    return EXIT_USAGE;
}

/* 64G and 64GiB are powers of 1024, as dd and truncate have it; 64GB is a power of 1000. */
static bool parse_size(const char *s, uint64_t *ret)
{
    char *end;
    static const char unit[] = "KMGT";
    uint64_t factor = 1;

    errno = 0;
    unsigned long long v = strtoull(s, &end, 10);
    if (end == s || errno || *s == '-')
        return false;
    if (*end) {
        const char *u = strchr(unit, *end >= 'a' ? *end - 32 : *end);
        bool decimal = strcmp(end + 1, "B") == 0;
        if (!u || !*u || (!decimal && end[1] && strcmp(end + 1, "iB") != 0))
            return false;
        for (long i = 0; i <= u - unit; i++)
            factor *= decimal ? 1000 : 1024;
    }
    return v > 0 && !__builtin_mul_overflow((uint64_t)v, factor, ret);
}

static int bad_value(const struct cli_command *c, const struct cli_opt *o, const char *value,
                     const char *want)
{
    fprintf(stderr, _("wtg %s: '--%s' wants %s, not '%s'\n"), c->name, o->name, want, value);
    return EXIT_USAGE;
}

static int store(const struct cli_command *c, const struct cli_opt *o, void *values,
                 const char *value)
{
    char *at = (char *)values + o->offset;
    char *end;

    switch (o->kind) {
    case CLI_FLAG:
        *(bool *)(void *)at = true;
        return 0;
    case CLI_STRING:
        memcpy(at, &value, sizeof value);
        return 0;
    case CLI_NUMBER: {
        unsigned long v = strtoul(value, &end, 10);
        unsigned u = (unsigned)v;
        if (end == value || *end || *value == '-' || v == 0 || v > 1000000)
            return bad_value(c, o, value, _("a number from 1"));
        memcpy(at, &u, sizeof u);
        return 0;
    }
    case CLI_SIZE: {
        uint64_t bytes;
        if (!parse_size(value, &bytes))
            return bad_value(c, o, value, _("a size like 64G, 500M or 32GB"));
        memcpy(at, &bytes, sizeof bytes);
        return 0;
    }
    case CLI_LIST: {
        struct cli_list *l = (struct cli_list *)(void *)at;
        if (l->n == CLI_LIST_MAX)
            return bad_value(c, o, value, _("at most 32 of them"));
        l->item[l->n++] = value;
        return 0;
    }
    }
    return EXIT_USAGE;
}

/* Parses one "--name", "--name value" or "--name=value" at argv[*i]. */
static int parse_one(const struct cli_command *c, void *values, int argc, char **argv, int *i)
{
    const char *name = argv[*i] + 2, *eq = strchr(name, '=');
    size_t len = eq ? (size_t)(eq - name) : strlen(name);
    const struct cli_opt *o = find_in(c->opt, c->nopts, name, len);

    if (!o)
        o = find_in(common_opts, CLI_LEN(common_opts), name, len);
    if (!o)
        return bad_option(c, argv[*i]);
    if (!o->arg && eq) {
        fprintf(stderr, _("wtg %s: '--%s' takes no value\n"), c->name, o->name);
        return EXIT_USAGE;
    }
    if (o->arg && !eq && *i + 1 == argc) {
        fprintf(stderr, _("wtg %s: '--%s' wants a value: %s\n"), c->name, o->name, o->arg);
        return EXIT_USAGE;
    }
    const char *value = !o->arg ? NULL : eq ? eq + 1 : argv[++*i];
    return store(c, o, values, value);
}

static int wrong_count(const struct cli_command *c, size_t n)
{
    if (n < c->nargs)
        fprintf(stderr, _("wtg %s: something is missing\n"), c->name);
    else
        fprintf(stderr, _("wtg %s: too many arguments\n"), c->name);
    fprintf(stderr, _("  usage: wtg %s [OPTION...] %s\n"), c->name, c->args);
    return EXIT_USAGE;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int cli_run_command(const struct cli_command *c, int argc, char **argv)
{
    char *args[CLI_ARGS_MAX + 1] = { 0 }; /* NULL behind the last */
    size_t n = 0;
    bool only_args = false;
    int r = 0;
    struct cli_common *values = calloc(1, c->value_bytes);

    if (!values)
        return EXIT_FAILED;
    for (int i = 0; i < argc && r == 0; i++) {
        if (!only_args && strcmp(argv[i], "--") == 0)
            only_args = true;
        else if (!only_args && strcmp(argv[i], "-h") == 0)
            values->help = true;
        else if (!only_args && argv[i][0] == '-' && argv[i][1] == '-')
            r = parse_one(c, values, argc, argv, &i);
        else if (!only_args && argv[i][0] == '-' && argv[i][1] && !is_digit(argv[i][1]))
            r = bad_option(c, argv[i]); /* but -2147024891 is an argument */
        else if (n < CLI_ARGS_MAX)
            args[n++] = argv[i];
        else
            r = wrong_count(c, n);
    }
    if (r == 0 && values->help)
        r = help(c);
    else if (r == 0 && (n < c->nargs || (n > c->nargs && !c->more_args)))
        r = wrong_count(c, n);
    else if (r == 0)
        r = c->run(c, values, args);
    free(values);
    return r;
}
