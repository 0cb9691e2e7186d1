/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judges diagnosis by labelled excerpts: judge EXCERPTS TOP1 TOP3
 * EXCERPTS is a folder that holds labels.tsv (name, cause, other causes that are right too, joined
 * by
 * "|") and NAME.txt; or one file of "=== cause | other causes" and the text that follows.
 * Fails when less than TOP1 or TOP3 per cent are right. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/diagnose.h"

enum { EXCERPT_BYTES = 1 << 20 };
static char text[EXCERPT_BYTES];
static unsigned total, first_right, near_right;

static bool is_right(const char *name, const char *cause, const char *also)
{
    size_t len = strlen(name);

    if (strcmp(name, cause) == 0)
        return true;
    for (const char *p = also; (p = strstr(p, name)); p += len)
        if ((p == also || p[-1] == '|') && (p[len] == 0 || p[len] == '|'))
            return true;
    return false;
}

/* Rank of the first right finding from 1; 0 for none. */
static size_t rank(const struct diagnose_verdict *v, const char *cause, const char *also)
{
    for (size_t i = 0; i < v->nfindings; i++)
        if (is_right(v->finding[i].cause->name, cause, also))
            return i + 1;
    return 0;
}

static void show(const char *name, const char *cause, const struct diagnose_verdict *v)
{
    static const char *const answers[] = { "found", "several", "unknown", "healthy", "nothing" };

    printf("# %s is %s; %s (unknown %.2f)", name, cause, answers[v->answer], v->unknown);
    for (size_t i = 0; i < v->nfindings && i < 4; i++)
        printf(", %s %.2f", v->finding[i].cause->name, v->finding[i].probability);
    printf("\n");
    for (size_t i = 0; v->nfindings && i < v->finding[0].nevidence && i < 3; i++)
        printf("#     %+.1f %s: %.100s\n", v->finding[0].evidence[i].bits,
               v->finding[0].evidence[i].where, v->finding[0].evidence[i].text);
}

static bool judge_text(const char *name, const char *cause, const char *also, size_t n)
{
    struct diagnose_case *c;
    struct diagnose_log *log;
    const struct diagnose_verdict *v;
    struct wtg_err err = { 0 };

    if (diagnose_case_new(&c, &err) < 0)
        return false;
    bool good = diagnose_log_new(c, name, &log, &err) == 0 &&
                diagnose_log_feed(log, text, n, &err) == 0 && diagnose_log_end(log, &err) == 0 &&
                diagnose_solve(c, &v, &err) == 0;
    if (good) {
        size_t at = rank(v, cause, also);
        total++;
        first_right += at == 1;
        near_right += at >= 1 && at <= 3;
        if (at != 1)
            show(name, cause, v);
    } else {
        printf("# %s: %s\n", name, err.text);
    }
    diagnose_case_free(c);
    return good;
}

/* A row of labels.tsv. */
static bool judge_row(const char *folder, char *row)
{
    char path[4096], *rest = NULL;
    const char *name = strtok_r(row, "\t\n", &rest), *cause = strtok_r(NULL, "\t\n", &rest);
    const char *also = strtok_r(NULL, "\t\n", &rest);

    snprintf(path, sizeof path, "%s/%s.txt", folder, name ? name : "");
    FILE *f = fopen(path, "r");
    if (!f || !cause)
        return false;
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    return judge_text(name, cause, also ? also : "", n);
}

static bool judge_folder(const char *folder)
{
    char path[4096], row[1024];
    bool head = true, good = true;

    snprintf(path, sizeof path, "%s/labels.tsv", folder);
    FILE *f = fopen(path, "r");
    if (!f)
        return false;
    for (; good && fgets(row, sizeof row, f); head = false)
        good = head || judge_row(folder, row);
    fclose(f);
    return good;
}

/* "cause | other | other" becomes "cause" and "other|other". */
static void split_head(char *head, const char **ret_cause, char also[1024])
{
    char *rest = NULL;

    *ret_cause = strtok_r(head, " |\n", &rest);
    also[0] = 0;
    for (const char *word; (word = strtok_r(NULL, " |\n", &rest));)
        snprintf(also + strlen(also), 1024 - strlen(also), "%s|", word);
}

static bool judge_file(const char *path)
{
    char row[4096], head[4096] = "", also[1024], name[64];
    const char *cause;
    size_t n = 0;
    bool good = true;
    FILE *f = fopen(path, "r");

    if (!f)
        return false;
    for (bool more = true; more && good;) {
        more = fgets(row, sizeof row, f);
        if (!more || strncmp(row, "=== ", 4) == 0) {
            snprintf(name, sizeof name, "excerpt %u", total + 1);
            if (head[0]) {
                split_head(head, &cause, also);
                good = judge_text(name, cause, also, n);
            }
            snprintf(head, sizeof head, "%s", row + 4);
            n = 0;
        } else if (head[0] && n + strlen(row) < sizeof text) {
            memcpy(text + n, row, strlen(row));
            n += strlen(row);
        }
    }
    fclose(f);
    return good;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    const char *dot = strrchr(argv[1], '.');
    bool good = dot && strcmp(dot, ".txt") == 0 ? judge_file(argv[1]) : judge_folder(argv[1]);
    good &= total > 0 && first_right * 100 >= total * strtoul(argv[2], NULL, 10) &&
            near_right * 100 >= total * strtoul(argv[3], NULL, 10);
    printf("# %u excerpts: first right %u (%.0f %%), among the first three %u (%.0f %%)\n", total,
           first_right, 100.0 * first_right / total, near_right, 100.0 * near_right / total);
    printf("1..1\n%s 1 - %s\n", good ? "ok" : "not ok", argv[1]);
    return !good;
}
