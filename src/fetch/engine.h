/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FETCH_ENGINE_H
#define WTG_FETCH_ENGINE_H

#include "fetch/background.h"
#include "fetch/journal.h"
#include "fetch/mirror.h"

/* Brings the bytes of one file that are missing, from several mirrors over several connections, all
 * in the caller's thread. */

enum {
    ENGINE_PIECE = 4 << 20,        /* no request asks for less, except at the end */
    ENGINE_STEAL_MIN = 256 << 10,  /* a rest that is worth another connection */
    ENGINE_NOTE_BYTES = 256 << 10, /* a connection tells the journal so often */
    ENGINE_SYNC_BYTES = 64 << 20,
    ENGINE_SYNC_S = 3,
};

enum verdict {
    VERDICT_NONE,    /* not looked at yet */
    VERDICT_TAKE,    /* these are the bytes that were asked for */
    VERDICT_AGAIN,   /* it may work later */
    VERDICT_NEVER,   /* this address is of no use */
    VERDICT_CHANGED, /* the file on the server is another one now */
    VERDICT_STOP,    /* the fault is here */
    VERDICT_LOOKED,  /* nothing more was wanted than the head */
};

struct engine;
struct conn {
    struct engine *e;
    struct mirror *m; /* NULL: idle */
    struct answer a;
    struct extent asked;
    uint64_t at;    /* where the next byte that comes belongs */
    uint64_t end;   /* what comes from here on is another's */
    uint64_t noted; /* up to here the journal knows */
    bool whole;     /* the answer is the whole file */
    bool paused;    /* the limit is used up */
    bool full;      /* all that it should bring has come */
    enum verdict verdict;
    struct wtg_err why;
    double began;
    uint64_t got;
    double mark_time, rate; /* measured as it goes */
    uint64_t mark_got;
};

struct engine {
    struct wtg_net_opts net; /* defaults filled in */
    struct wtg_job *job;
    const char *step;
    int fd;
    const char *path; /* for messages */
    bool proof;       /* something will prove the file: mirrors may differ in dates */
    bool look_only;
    uint64_t want_size; /* 0: any */
    struct mirror mirror[WTG_FETCH_MAX_MIRRORS];
    size_t nmirrors;
    struct journal *journal; /* NULL: look_only */
    struct background *background;
    bool has_size;
    uint64_t size;
    struct extents have;
    uint64_t got_bytes;

    CURLM *multi;
    struct conn conn[WTG_FETCH_MAX_CONNECTIONS];
    struct wtg_err *err; /* where a fault of ours goes */
    bool failed, changed, looked;
    double paid_until; /* with a limit: what has come may take until then */
    double synced_at;
    uint64_t synced_bytes, have_bytes;
};

/* Runs until all bytes are there (0), the file has changed on the server (ENGINE_CHANGED: start
 * over), or nothing goes on any more. */
enum { ENGINE_CHANGED = 1 };
int engine_run(struct engine *e, struct wtg_err *err) WTG_MUST_USE;
void engine_release(struct engine *e); /* mirrors and extents; not fd, journal, background */

/* Between the engine's own files. */

/* Begins to fetch [span) from m. */
int conn_start(struct conn *c, struct mirror *m, struct extent span,
               struct wtg_err *err) WTG_MUST_USE;
/* A transfer ended, well or not; the connection is idle then. */
void conn_done(struct conn *c, CURLcode code);
/* Looks at the head of an answer. */
enum verdict conn_judge(struct conn *c);
/* Is the limit used up for now? */
static inline bool engine_over_limit(const struct engine *e)
{
    return e->net.limit_rate && e->paid_until > net_now();
}
/* What the file's size is: known from now on. */
int engine_learn_size(struct engine *e, uint64_t size, struct wtg_err *err) WTG_MUST_USE;
/* What connection c should ask m for; false when nothing is left to do. */
bool engine_work(struct engine *e, const struct mirror *m, struct extent *ret);

#endif
