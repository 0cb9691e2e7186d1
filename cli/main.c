/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct cli_command *const commands[] = {
    &cli_create,
    &cli_check,
    &cli_image_info,
    &cli_image_list,
    &cli_image_extract,
    &cli_image_identify,
    &cli_image_mount,
    &cli_image_verify,
    &cli_image_signatures,
    &cli_disk_check,
    &cli_write,
    &cli_fetch,
    &cli_repair,
    &cli_undo,
    &cli_diagnose,
    &cli_explain,
};

static int usage(FILE *to)
{
    fprintf(to, _("usage: wtg COMMAND [OPTION...] ARGUMENT...\n\n"
                  "Windows To Go from Linux.\n\n"));
    for (size_t i = 0; i < CLI_LEN(commands); i++)
        fprintf(to, "  %-12s %-16s %s\n", commands[i]->name, commands[i]->args, _(commands[i]->help));
    fprintf(to, _("\n'wtg COMMAND --help' says more.\n"));
    return to == stdout ? EXIT_DONE : EXIT_USAGE;
}

/* How many words of argv a command's name takes; 0 when it is another command. */
static int words_of(const struct cli_command *c, int argc, char **argv)
{
    const char *name = c->name;

    for (int i = 0; i < argc; i++) {
        size_t n = strlen(argv[i]);
        if (strncmp(name, argv[i], n) != 0 || (name[n] != ' ' && name[n] != '\0'))
            return 0;
        if (name[n] == '\0')
            return i + 1;
        name += n + 1;
    }
    return 0;
}

static int unknown(int argc, char **argv)
{
    const char *names[CLI_LEN(commands)];
    char typed[64];

    for (size_t i = 0; i < CLI_LEN(commands); i++)
        names[i] = commands[i]->name;
    /* Two-word commands: compare both words. */
    snprintf(typed, sizeof typed, "%s", argv[0]);
    bool family = false;
    for (size_t i = 0; i < CLI_LEN(names); i++)
        family |= strncmp(names[i], typed, strlen(typed)) == 0 && names[i][strlen(typed)] == ' ';
    if (family && argc > 1 && argv[1][0] != '-')
        snprintf(typed, sizeof typed, "%s %s", argv[0], argv[1]);
    const char *near = cli_nearest(typed, names, CLI_LEN(names));
    fprintf(stderr, _("wtg: there is no command '%s'\n"), typed);
    if (family)
        for (size_t i = 0; i < CLI_LEN(names); i++)
            if (strncmp(names[i], argv[0], strlen(argv[0])) == 0)
                fprintf(stderr, "  wtg %s %s\n", names[i], commands[i]->args);
    if (near && !family)
        fprintf(stderr, _("  did you mean 'wtg %s'?\n"), near);
    fprintf(stderr, _("  'wtg --help' lists all commands\n"));
    return EXIT_USAGE;
}

/* Where translations are: beside a program that was built but not installed, else where they were
 * installed. */
static const char *locale_dir(char *buf, size_t cap)
{
    ssize_t n = readlink("/proc/self/exe", buf, cap - 4);
    char *slash = NULL;

    if (n > 0) {
        buf[n] = '\0';
        slash = strrchr(buf, '/');
    }
    if (!slash)
        return WTG_LOCALE_DIR;
    snprintf(slash, 4, "/po");
    return access(buf, R_OK) == 0 ? buf : WTG_LOCALE_DIR;
}

int main(int argc, char **argv)
{
    char dir[4096];

    setlocale(LC_ALL, "");
    bindtextdomain("wtg", locale_dir(dir, sizeof dir));
    textdomain("wtg");
    if (argc < 2)
        return usage(stderr);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "-h") == 0)
        return usage(stdout);
    if (strcmp(argv[1], "--version") == 0) {
        printf("wtg %s\n", WTG_VERSION);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < CLI_LEN(commands); i++) {
        int n = words_of(commands[i], argc - 1, argv + 1);
        if (n > 0)
            return cli_run_command(commands[i], argc - 1 - n, argv + 1 + n);
    }
    return unknown(argc - 1, argv + 1);
}
