/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/examine-priv.h"

#include <stdio.h>

#include "base/mem.h"
#include "recipe/logs.h"

/* What the Windows on the stick has written down itself. */

/* Of a longer log the end tells most; 64 MiB are read in less than a second. */
enum { LOG_BYTES_MAX = 64 << 20, STEP_BYTES = 1 << 20 };

static const char *const logs[] = {
    "\\Windows\\Panther\\setuperr.log",
    "\\Windows\\Panther\\setupact.log",
    "\\Windows\\Panther\\UnattendGC\\setuperr.log",
    "\\Windows\\Panther\\UnattendGC\\setupact.log",
    "\\Windows\\Logs\\CBS\\CBS.log",
    "\\Windows\\Logs\\DISM\\dism.log",
    "\\Windows\\INF\\setupapi.dev.log",
    "\\Windows\\System32\\winevt\\Logs\\System.evtx",
    "\\Windows\\System32\\winevt\\Logs\\Setup.evtx",
};

static int feed(struct exam *x, const struct tree_blob *b, const char *path, struct wtg_err *err)
{
    struct logs_sink *log = NULL;
    struct wtg_err why = { 0 };
    AUTO_FREE uint8_t *buf = malloc(STEP_BYTES);
    uint64_t at = b->size_bytes > LOG_BYTES_MAX ? b->size_bytes - LOG_BYTES_MAX : 0;
    int r = buf ? logs_sink_new(x->c, path, &log, err) : wtg_fail_nomem(err), ended;

    if (r < 0)
        return r;
    while (r == 0 && at < b->size_bytes) {
        const struct wtg_progress p = { "read-logs", "bytes", at, b->size_bytes };
        size_t n = (size_t)min_u64(STEP_BYTES, b->size_bytes - at);
        r = wtg_tick(x->job, &p, err);
        if (r == 0 && tree_blob_read(b, at, buf, n, &why) < 0)
            break; /* what is read so far is better than nothing */
        if (r == 0)
            r = logs_sink_feed(log, buf, n, err);
        at += n;
    }
    why = (struct wtg_err){ 0 };
    ended = logs_sink_end(log, x->job, &why);
    if (r == 0 && exam_soft(ended) < 0) {
        *err = why;
        return ended;
    }
    return r;
}

int exam_logs(struct exam *x, struct wtg_err *err)
{
    int r = 0;

    if (!x->win_tree || x->o->no_logs)
        return 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(logs); i++) {
        const struct tree_link *l = tree_find(x->win_tree, logs[i]);
        if (l && tree_data(l->node))
            r = feed(x, tree_data(l->node), logs[i], err);
    }
    return r;
}
