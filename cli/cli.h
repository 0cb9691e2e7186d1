/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_CLI_H
#define WTG_CLI_H

#include <libintl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "wtg/error.h"
#include "wtg/job.h"

#define _(text) gettext(text)
#define N_(text) (text)
#define CLI_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Exit codes; those of errors stand in wtg/error.h. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_PROBLEMS = 3, EXIT_REFUSED = 4 };

/* What every command takes.  First member of every command's own values. */
struct cli_common {
    bool json, yes, dry_run, quiet, verbose, help;
};

enum cli_kind {
    CLI_FLAG,   /* bool */
    CLI_STRING, /* const char * */
    CLI_NUMBER, /* unsigned, from 1 */
    CLI_SIZE,   /* uint64_t bytes: 64G, 500M, 32GB */
    CLI_LIST,   /* struct cli_list, the option may come several times */
};
enum { CLI_LIST_MAX = 32 };
struct cli_list {
    const char *item[CLI_LIST_MAX];
    size_t n;
};

/* One option: parsing, --help and the check of the manual page come from here. */
struct cli_opt {
    const char *name; /* without the dashes */
    enum cli_kind kind;
    size_t offset;   /* of the value in the command's struct */
    const char *arg; /* "SIZE"; NULL for flags */
    const char *help;
};

enum { CLI_ARGS_MAX = 65 };
struct cli_command {
    const char *name; /* "create", "image info" */
    const char *args; /* "IMAGE TARGET" */
    const char *help; /* one sentence */
    const struct cli_opt *opt;
    size_t nopts;
    size_t nargs; /* exactly so many arguments, ... */
    bool more_args; /* ... or more, up to CLI_ARGS_MAX */
    size_t value_bytes;
    int (*run)(const struct cli_command *c, void *values, char **args); /* NULL behind the last */
};

/* One file per command. */
extern const struct cli_command cli_check, cli_create, cli_image_info, cli_image_list, cli_image_signatures, cli_image_verify, cli_image_extract, cli_image_identify, cli_image_mount,
    cli_disk_check, cli_write, cli_fetch, cli_repair, cli_undo,
    cli_explain, cli_diagnose;

/* Parses and runs; returns the exit code. argv[0] is the first word behind the command's name. */
int cli_run_command(const struct cli_command *c, int argc, char **argv);
/* The word of `words` nearest to `typed`, NULL when none is near. */
const char *cli_nearest(const char *typed, const char *const *words, size_t n);

/* Words. */
enum { CLI_TEXT_BYTES = 32 };
char *cli_bytes(uint64_t bytes, char buf[CLI_TEXT_BYTES]); /* "3.2 GB", powers of 1000 */
char *cli_duration(double seconds, char buf[CLI_TEXT_BYTES]); /* "4:05", "1:02:07" */
/* Shows an error once: a sentence on stderr, or an object on stdout with --json.  Returns the exit
 * code. */
int cli_fail(const struct cli_common *common, const struct wtg_err *err);
/* Prints one JSON object a line on stdout and frees it. */
void cli_json(json_t *object);
/* Asks a question that wants the full word; false without a terminal to answer on. */
bool cli_ask(const char *question, const char *word);
bool cli_is_terminal(void); /* stderr */
/* Prints a text on stdout in lines that fit: `first` before the first, `rest` before the others.
 * Knows how wide Chinese is and where it may break. */
void cli_wrap(const char *first, const char *rest, const char *text);
int cli_width(const char *text); /* columns that it takes */
int cli_columns(void);  /* of stdout; 80 where it is no terminal */
bool cli_is_utf8(void); /* may lines be drawn? */

/* What 'wtg check' finds about this computer and these targets, and then about a plan's image:
 * warnings are told, a stop is an error. */
struct wtg_create_opts;
struct wtg_plan;
int cli_check_targets(const struct cli_common *common, const struct wtg_create_opts *opts,
                      const char *const *target, size_t n, struct wtg_job *job,
                      struct wtg_err *err);
int cli_check_image(const struct cli_common *common, const struct wtg_plan *plan,
                    struct wtg_job *job, struct wtg_err *err);

/* Asks whether everything on these targets may be lost; NOT_AGREED when not. */
bool cli_agree(const struct cli_common *common, const char *const *path, size_t n,
               struct wtg_err *err);
/* cli_fail of one target among several. */
int cli_fail_target(const struct cli_common *common, const char *target, const struct wtg_err *err);

/* Progress of several targets: a line each, rewritten together. */
struct cli_row {
    const char *path, *state;
    uint64_t done, total; /* bytes; total 0: not known */
};
struct cli_table {
    const struct cli_common *common;
    double shown;
    size_t drawn; /* lines on the screen */
};
/* Is it time to show something again?  The last state is always shown. */
bool cli_table_due(struct cli_table *t, bool last);
void cli_table_draw(struct cli_table *t, const struct cli_row *row, size_t n);
const char *cli_step_text(const char *slug); /* of struct wtg_progress: "reading back" */

/* Progress: one line that rewrites itself on a terminal, JSON objects with --json, else nothing.
 * Ctrl-C cancels the job; a second one ends the program at once. */
struct cli_progress {
    struct wtg_job job;
    const struct cli_common *common;
    const char *step;
    double step_began, shown;
    uint64_t step_base;
    bool on_screen;
};
void cli_progress_begin(struct cli_progress *p, const struct cli_common *common);
void cli_progress_end(struct cli_progress *p);

#endif
