/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "diagnose/case.h"
#include "diagnose/text.h"

/* A log is a window of text that moves over it.  What has been scanned stays for a while behind,
 * for the beginning of the line; patterns may reach ahead as far as the window does. */
enum {
    WINDOW_BYTES = 256 << 10,
    BEHIND_BYTES = 4096,
    SHOWN_BYTES = 400, /* of a line, as evidence */
    HITS_MAX = 64,     /* in one line; more tell nothing */
    WHERE_BYTES = 320,
};

struct diagnose_log {
    struct diagnose_case *c;
    char name[256];
    struct text_decoder decoder;
    size_t n, scanned;    /* bytes in the window; of them have been scanned */
    uint64_t first_place; /* of the log among all of the case */
    size_t counted;       /* up to here lines are counted ... */
    uint64_t line;        /* ... and this is the number of the line there */
    struct {
        uint16_t sign[HITS_MAX];
        size_t n;
        uint64_t line;
        bool information;     /* the log says that the line is no error */
        size_t begin, length; /* of the text shown, in `shown` */
        char shown[SHOWN_BYTES];
    } hits; /* in the line in which the last was */
    uint8_t window[WINDOW_BYTES];
};

int diagnose_log_new(struct diagnose_case *c, const char *name, struct diagnose_log **ret,
                     struct wtg_err *err)
{
    struct diagnose_log *log = mem_zeroed(1, sizeof *log, err);

    if (!log)
        return err->code;
    log->c = c;
    log->line = 1;
    log->first_place = ++c->logs * CASE_LOG_LINES;
    snprintf(log->name, sizeof log->name, "%s", name);
    *ret = log;
    return 0;
}

/* A harmless line is harmless whatever it says; information names causes only for loud signs. */
static bool counts(uint16_t sign, bool benign, bool information)
{
    const struct sign *s = &sign_table[sign];

    if (benign)
        return s->flags & SIGN_BENIGN;
    return !information || s->flags & SIGN_LOUD || s->nweights == 0;
}

static int flush_hits(struct diagnose_log *log, struct wtg_err *err)
{
    char where[WHERE_BYTES];
    int r = 0;
    bool benign = false;

    for (size_t i = 0; i < log->hits.n; i++)
        benign |= sign_table[log->hits.sign[i]].flags & SIGN_BENIGN;
    snprintf(where, sizeof where, "%s:%" PRIu64, log->name, log->hits.line);
    for (size_t i = 0; i < log->hits.n && r == 0; i++)
        if (counts(log->hits.sign[i], benign, log->hits.information))
            r = case_see_line(log->c, log->hits.sign[i], log->first_place + log->hits.line, where,
                              log->hits.shown, log->hits.length, err);
    log->hits.n = 0;
    return r;
}

static uint64_t count_lines(const uint8_t *from, const uint8_t *to)
{
    uint64_t lines = 0;

    while (from < to && (from = memchr(from, '\n', (size_t)(to - from))) != NULL) {
        lines++;
        from++;
    }
    return lines;
}

/* The line around `at`, as far as it is in the window. */
static struct wtg_span line_at(const struct diagnose_log *log, size_t at)
{
    size_t from = at, to = at, least = at > BEHIND_BYTES ? at - BEHIND_BYTES : 0;

    while (from > least && log->window[from - 1] != '\n' && log->window[from - 1] != '\r')
        from--;
    while (to < log->n && to - at < BEHIND_BYTES && log->window[to] != '\n' &&
           log->window[to] != '\r')
        to++;
    return (struct wtg_span){ log->window + from, to - from };
}

enum level { LEVEL_NONE, LEVEL_INFORMATION, LEVEL_ERROR };

/* "2023-05-22 07:23:32, Info" and "..., Warning" begin the lines in which Windows' own logs tell
 * what they do; what went wrong is in "..., Error". */
static enum level line_level(const uint8_t *p, size_t n)
{
    static const char shape[] = "####-##-## ##:##:##, ";
    size_t len = sizeof shape - 1;

    if (n < len + 7)
        return LEVEL_NONE;
    for (size_t i = 0; i < len; i++)
        if (shape[i] == '#' ? p[i] < '0' || p[i] > '9' : p[i] != (uint8_t)shape[i])
            return LEVEL_NONE;
    return memcmp(p + len, "Info", 4) == 0 || memcmp(p + len, "Warning", 7) == 0 ? LEVEL_INFORMATION
                                                                                 : LEVEL_ERROR;
}

/* Lines without a level go with the last one that has one, when it is near. */
static bool is_information(const struct diagnose_log *log, size_t line)
{
    enum level level = line_level(log->window + line, log->n - line);

    for (unsigned back = 0; back < 12 && level == LEVEL_NONE && line > 0; back++) {
        line = (size_t)(line_at(log, line - 1).p - log->window);
        level = line_level(log->window + line, log->n - line);
    }
    return level == LEVEL_INFORMATION;
}

static int on_hit(void *user, size_t pattern, size_t begin, struct wtg_err *err)
{
    struct diagnose_log *log = user;
    const struct sign_pattern *p = &sign_patterns[pattern];
    struct wtg_span line = line_at(log, begin);
    size_t from = (size_t)(line.p - log->window);

    if (p->test && !sign_test(p->test, (const char *)line.p, line.n))
        return 0;
    if (from > log->counted) {
        log->line += count_lines(log->window + log->counted, log->window + from);
        log->counted = from;
    }
    if (log->hits.n && (log->hits.line != log->line || log->hits.begin != from)) {
        int r = flush_hits(log, err);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < log->hits.n; i++)
        if (log->hits.sign[i] == p->sign)
            return 0;
    if (log->hits.n == HITS_MAX)
        return 0;
    if (log->hits.n == 0) {
        log->hits.line = log->line;
        log->hits.begin = from;
        log->hits.information = is_information(log, from);
        log->hits.length = 0;
    }
    if (log->hits.length == 0 && log->c->seen[p->sign].count == 0) {
        /* A long line is shown from a little before what was found. */
        size_t skip = begin - from > SHOWN_BYTES * 3 / 4 ? begin - from - 60 : 0;
        log->hits.length =
            text_for_people(line.p + skip, line.n - skip, log->hits.shown, sizeof log->hits.shown);
    }
    log->hits.sign[log->hits.n++] = p->sign;
    return 0;
}

/* Scans what is in the window, all of it at the end of the log, and moves the window on. */
static int scan(struct diagnose_log *log, bool end, struct wtg_err *err)
{
    size_t to = end ? log->n : log->n - min_u64(log->n, MATCH_AHEAD);
    int r = 0;

    if (to > log->scanned) {
        r = match_scan(log->c->index, log->window, log->n, log->scanned, to, on_hit, log, err);
        log->scanned = to;
    }
    if (r < 0 || (end && (r = flush_hits(log, err)) < 0))
        return r;
    size_t keep_from = log->scanned - min_u64(log->scanned, BEHIND_BYTES);
    if (keep_from == 0)
        return 0;
    if (keep_from > log->counted) {
        log->line += count_lines(log->window + log->counted, log->window + keep_from);
        log->counted = keep_from;
    }
    memmove(log->window, log->window + keep_from, log->n - keep_from);
    log->n -= keep_from;
    log->scanned -= keep_from;
    log->counted -= keep_from;
    log->hits.begin -= min_u64(log->hits.begin, keep_from);
    return 0;
}

static int take(struct diagnose_log *log, const uint8_t *bytes, size_t n, bool end,
                struct wtg_err *err)
{
    struct wtg_span in = { bytes, n };

    do {
        log->n += text_decode(&log->decoder, &in, end, log->window + log->n, WINDOW_BYTES - log->n);
        if (in.n || WINDOW_BYTES - log->n < TEXT_LEAST_ROOM) {
            int r = scan(log, false, err);
            if (r < 0)
                return r;
        }
    } while (in.n);
    return 0;
}

int diagnose_log_feed(struct diagnose_log *log, const void *bytes, size_t n, struct wtg_err *err)
{
    log->c->bytes += n;
    return take(log, bytes, n, false, err);
}

int diagnose_log_end(struct diagnose_log *log, struct wtg_err *err)
{
    int r = take(log, NULL, 0, true, err);

    if (r == 0)
        r = scan(log, true, err);
    free(log);
    return r;
}
