/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench-log FILE MB: reads the log again and again until so many MB went by; prints the rate. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "diagnose/diagnose.h"

enum { STEP = 1 << 20, TEXT_MAX = 256 << 20 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct wtg_err err = { 0 };
    struct diagnose_case *c;
    struct diagnose_log *log;
    FILE *f = argc == 3 ? fopen(argv[1], "r") : NULL;
    char *text = f ? malloc(TEXT_MAX) : NULL;

    if (!text) {
        fprintf(stderr, "usage: bench-log FILE MB\n");
        return 2;
    }
    size_t n = fread(text, 1, TEXT_MAX, f), want = strtoul(argv[2], NULL, 10) * 1000000, done = 0;
    fclose(f);
    if (n == 0 || diagnose_case_new(&c, &err) < 0 || diagnose_log_new(c, "bench", &log, &err) < 0)
        return 1;
    double began = now();
    while (done < want) {
        for (size_t at = 0; at < n; at += STEP)
            if (diagnose_log_feed(log, text + at, n - at < STEP ? n - at : STEP, &err) < 0)
                return 1;
        done += n;
    }
    int r = diagnose_log_end(log, &err);
    printf("%.0f MB/s\n", (double)done / 1e6 / (now() - began));
    diagnose_case_free(c);
    free(text);
    return r < 0;
}
