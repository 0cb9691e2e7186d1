/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judges diagnosis by labelled excerpts: judge FOLDER TOP1 TOP3 [BOUND]
 * FOLDER holds labels.tsv (name, cause, other causes that are right too, joined by "|") and
 * NAME.txt. Fails when less than TOP1 or TOP3 per cent are right. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/diagnose.h"

static int feed_file(struct diagnose_case *c, const char *path, struct wtg_err *err)
{
    struct diagnose_log *log;
    static char buf[65536];
    const char *slash = strrchr(path, '/');
    FILE *f = fopen(path, "r");

    if (!f)
        return wtg_fail(err, WTG_E_NOT_FOUND, "no file '%s'", path);
    int r = diagnose_log_new(c, slash ? slash + 1 : path, &log, err);
    for (size_t n; r == 0 && (n = fread(buf, 1, sizeof buf, f)) > 0;)
        r = diagnose_log_feed(log, buf, n, err);
    fclose(f);
    return r < 0 ? r : diagnose_log_end(log, err);
}

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

static bool judge_one(const char *folder, char *row, unsigned count[3])
{
    char path[4096];
    const char *name = strtok_r(row, "\t\n", &row), *cause = strtok_r(NULL, "\t\n", &row);
    const char *also = strtok_r(NULL, "\t\n", &row);
    struct diagnose_case *c;
    const struct diagnose_verdict *v;
    struct wtg_err err = { 0 };

    snprintf(path, sizeof path, "%s/%s.txt", folder, name);
    if (!cause || diagnose_case_new(&c, &err) < 0)
        return false;
    if (feed_file(c, path, &err) < 0 || diagnose_solve(c, &v, &err) < 0) {
        printf("# %s: %s\n", path, err.text);
        return false;
    }
    size_t at = rank(v, cause, also ? also : "");
    count[0]++;
    count[1] += at == 1;
    count[2] += at >= 1 && at <= 3;
    if (at != 1)
        show(name, cause, v);
    diagnose_case_free(c);
    return true;
}

int main(int argc, char **argv)
{
    char path[4096], row[1024];
    unsigned count[3] = { 0 };
    bool first = true, good = true;

    if (argc != 4)
        return 2;
    snprintf(path, sizeof path, "%s/labels.tsv", argv[1]);
    FILE *f = fopen(path, "r");
    if (!f)
        return 2;
    for (; good && fgets(row, sizeof row, f); first = false)
        good = first || judge_one(argv[1], row, count);
    fclose(f);
    good &= count[0] > 0 && count[1] * 100 >= count[0] * (unsigned)atoi(argv[2]) &&
            count[2] * 100 >= count[0] * (unsigned)atoi(argv[3]);
    printf("# %u excerpts: first right %u (%.0f %%), among the first three %u (%.0f %%)\n",
           count[0], count[1], 100.0 * count[1] / count[0], count[2], 100.0 * count[2] / count[0]);
    printf("1..1\n%s 1 - %s\n", good ? "ok" : "not ok", argv[1]);
    return !good;
}
