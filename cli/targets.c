/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* What commands with several targets share. */

bool cli_agree(const struct cli_common *common, const char *const *path, size_t n,
               struct wtg_err *err)
{
    char question[1024] = "";
    size_t used = 0;

    if (common->yes)
        return true;
    for (size_t i = 0; i < n && used < sizeof question - 300; i++)
        used += (size_t)snprintf(question + used, sizeof question - used, "%s%.255s",
                                 i ? ", " : _("\nEverything on "), path[i]);
    snprintf(question + used, sizeof question - used, _(" will be lost.  Type 'yes' to go on:"));
    if (!common->json && cli_ask(question, "yes"))
        return true;
    *err = (struct wtg_err){ .code = WTG_E_NOT_AGREED };
    snprintf(err->text, sizeof err->text, _("nothing was written: the plan was not agreed to"));
    snprintf(err->hint, sizeof err->hint,
             _("answer 'yes', or give '--yes' when nobody is there to answer"));
    return false;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool cli_table_due(struct cli_table *t, bool last)
{
    double at = now();

    if (!last && at - t->shown < (t->common->json ? 0.5 : 0.1))
        return false;
    t->shown = at;
    return true;
}

void cli_table_draw(struct cli_table *t, const struct cli_row *row, size_t n)
{
    char done[CLI_TEXT_BYTES], total[CLI_TEXT_BYTES];

    if (t->drawn)
        fprintf(stderr, "\033[%zuA", t->drawn);
    for (size_t i = 0; i < n; i++) {
        const struct cli_row *r = &row[i];
        double part = r->total ? (double)r->done / (double)r->total : 0;
        if (r->total)
            fprintf(stderr, "%-20.20s %3.0f %%  %s/%s  %s\033[K\n", r->path,
                    part > 1 ? 100 : part * 100, cli_bytes(r->done, done),
                    cli_bytes(r->total, total), r->state);
        else
            fprintf(stderr, "%-20.20s %s%s%s\033[K\n", r->path,
                    r->done ? cli_bytes(r->done, done) : "", r->done ? "  " : "", r->state);
    }
    t->drawn = n;
}
