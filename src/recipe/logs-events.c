/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <libevtx.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "recipe/logs.h"

/* A record holds at most 64 KiB; of its strings the first ones say what happened. */
enum { STRINGS_MAX = 12, STRING_BYTES_MAX = 1024, LINE_BYTES = 8192 };
enum { LEVEL_WARNING = 3 }; /* 1 critical, 2 error, 3 warning, 4 information */

struct events {
    struct diagnose_log *log;
    libevtx_file_t *file;
    char line[LINE_BYTES];
    size_t n;
};

static void add(struct events *e, const char *text)
{
    size_t n = min_u64(strlen(text), sizeof e->line - 2 - e->n);

    memcpy(e->line + e->n, text, n);
    e->n += n;
}

static void add_source(struct events *e, libevtx_record_t *record)
{
    char text[STRING_BYTES_MAX] = "?";
    size_t size = 0;

    if (libevtx_record_get_utf8_source_name_size(record, &size, NULL) == 1 && size > 0 &&
        size <= sizeof text &&
        libevtx_record_get_utf8_source_name(record, (uint8_t *)text, size, NULL) != 1)
        snprintf(text, sizeof text, "?");
    text[sizeof text - 1] = 0;
    add(e, text);
}

static void add_strings(struct events *e, libevtx_record_t *record)
{
    int n = 0;

    if (libevtx_record_get_number_of_strings(record, &n, NULL) != 1)
        return;
    for (int i = 0; i < n && i < STRINGS_MAX; i++) {
        char text[STRING_BYTES_MAX] = "";
        size_t size = 0;
        if (libevtx_record_get_utf8_string_size(record, i, &size, NULL) != 1 || size == 0 ||
            size > sizeof text ||
            libevtx_record_get_utf8_string(record, i, (uint8_t *)text, size, NULL) != 1)
            continue;
        text[sizeof text - 1] = 0;
        for (char *p = text; *p; p++)
            if (*p == '\n' || *p == '\r')
                *p = ' ';
        add(e, " ");
        add(e, text);
        add(e, ";");
    }
}

static int add_record(struct events *e, libevtx_record_t *record, struct wtg_err *err)
{
    uint8_t level = 0;
    uint32_t id = 0;
    char number[32];

    if (libevtx_record_get_event_level(record, &level, NULL) != 1 || level > LEVEL_WARNING ||
        libevtx_record_get_event_identifier(record, &id, NULL) != 1)
        return 0;
    e->n = 0;
    add(e, "evtx ");
    add_source(e, record);
    snprintf(number, sizeof number, " %" PRIu32 ":", id & 0xffff);
    add(e, number);
    add_strings(e, record);
    e->line[e->n++] = '\n';
    return diagnose_log_feed(e->log, e->line, e->n, err);
}

static int add_records(struct events *e, struct wtg_job *job, struct wtg_err *err)
{
    int n = 0, r = 0;

    if (libevtx_file_get_number_of_records(e->file, &n, NULL) != 1)
        return 0;
    for (int i = 0; i < n && r == 0; i++) {
        const struct wtg_progress p = { "read-logs", "events", (uint64_t)i, (uint64_t)n };
        libevtx_record_t *record = NULL;
        if (i % 256 == 0)
            r = wtg_tick(job, &p, err);
        if (r == 0 && libevtx_file_get_record_by_index(e->file, i, &record, NULL) == 1)
            r = add_record(e, record, err);
        libevtx_record_free(&record, NULL);
    }
    return r;
}

int logs_add_events(struct diagnose_case *c, const char *path, const char *name,
                    struct wtg_job *job, struct wtg_err *err)
{
    AUTO_FREE struct events *e = mem_zeroed(1, sizeof *e, err);
    struct wtg_err ended = { 0 };

    if (!e)
        return err->code;
    int r = diagnose_log_new(c, name, &e->log, err);
    if (r < 0)
        return r;
    if (libevtx_file_initialize(&e->file, NULL) != 1)
        r = wtg_fail_nomem(err);
    else if (libevtx_file_open(e->file, path, LIBEVTX_OPEN_READ, NULL) == 1)
        r = add_records(e, job, err);
    libevtx_file_free(&e->file, NULL);
    if (diagnose_log_end(e->log, &ended) < 0 && r == 0) {
        *err = ended;
        r = err->code;
    }
    return r;
}
