/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "write/room.h"

#include <pthread.h>
#include <time.h>

/* Where the targets of a group meet.  Each wants its sources in its own order, so they go in
 * rounds: when all are here, one source is chosen from those that come next for somebody, and all
 * who want it now are written from one decode.  Nobody's order changes, whoever else is there. */

enum { WAIT_NS = 200 * 1000 * 1000 }; /* between two looks at the job */

enum member_state {
    MEMBER_COMES,  /* is not here yet, or not again */
    MEMBER_WAITS,  /* for a round that it takes part in */
    MEMBER_WRITES, /* takes part in the round */
    MEMBER_FAILED, /* its round could not begin */
    MEMBER_LEFT,
};

struct write_group {
    pthread_mutex_t lock;
    pthread_cond_t moved; /* anything below changed */
    struct member {
        enum member_state state;
        struct run *run;
        size_t seat; /* in the round */
    } * member;
    size_t n;
    struct run **run;       /* room for n: those of a round */
    struct pipeline *round; /* NULL: none is going on */
    size_t writing;         /* members in it */
    struct wtg_err err;     /* of a round that could not begin */
};

/* Rounds.  All with the lock held. */

static bool all_are_here(const struct write_group *g)
{
    for (size_t i = 0; i < g->n; i++)
        if (g->member[i].state != MEMBER_WAITS && g->member[i].state != MEMBER_LEFT)
            return false;
    return true;
}

static const struct tree_source *next_source(const struct member *m)
{
    return m->state == MEMBER_WAITS ? m->run->want[m->run->at_want].blob->source : NULL;
}

/* The smallest first: where orders differ, something small is decoded twice and not the image. */
static const struct tree_source *choose_source(const struct write_group *g)
{
    const struct member *best = NULL;

    for (const struct member *m = g->member; m < g->member + g->n; m++)
        if (next_source(m) && (!best || m->run->now_wants < best->run->now_wants))
            best = m;
    return best ? next_source(best) : NULL;
}

static void begin_round(struct write_group *g)
{
    if (g->round || !all_are_here(g))
        return;
    const struct tree_source *source = choose_source(g);
    enum member_state state = MEMBER_WRITES;
    size_t n = 0;
    for (struct member *m = g->member; m < g->member + g->n; m++)
        if (source && next_source(m) == source) {
            m->seat = n;
            g->run[n++] = m->run;
        }
    if (n == 0)
        return; /* all have left */
    if (pipeline_new(g->run, n, &g->round, &g->err) < 0)
        state = MEMBER_FAILED;
    else
        g->writing = n;
    for (struct member *m = g->member; m < g->member + g->n; m++)
        if (next_source(m) == source)
            m->state = state;
    pthread_cond_broadcast(&g->moved);
}

static void end_round(struct write_group *g)
{
    pipeline_free(g->round);
    g->round = NULL;
    pthread_cond_broadcast(&g->moved);
}

static void wait_moved(struct write_group *g)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WAIT_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&g->moved, &g->lock, &until);
}

/* Until a round begins that it takes part in. */
static int wait_for_round(struct write_group *g, struct member *m, struct wtg_err *err)
{
    int r = 0;

    begin_round(g);
    while (r == 0 && m->state == MEMBER_WAITS) {
        wait_moved(g);
        pthread_mutex_unlock(&g->lock);
        r = run_tick(m->run, err);
        pthread_mutex_lock(&g->lock);
    }
    if (m->state == MEMBER_WRITES)
        return 0; /* it fails there, where others do not wait for it */
    if (m->state == MEMBER_FAILED) {
        *err = g->err;
        r = err->code;
    }
    m->state = MEMBER_COMES;
    return r;
}

int group_round(struct write_group *g, size_t member, struct run *r, struct wtg_err *err)
{
    struct member *m = &g->member[member];

    pthread_mutex_lock(&g->lock);
    m->run = r;
    m->state = MEMBER_WAITS;
    int e = wait_for_round(g, m, err);
    struct pipeline *round = m->state == MEMBER_WRITES ? g->round : NULL;
    pthread_mutex_unlock(&g->lock);
    if (!round)
        return e;
    e = pipeline_write(round, m->seat, err);
    pthread_mutex_lock(&g->lock);
    if (--g->writing == 0)
        end_round(g);
    while (g->round) /* the run is in use until then */
        pthread_cond_wait(&g->moved, &g->lock);
    m->state = MEMBER_COMES;
    pthread_mutex_unlock(&g->lock);
    return e;
}

/* Coming and going. */

int write_group_new(size_t members, struct write_group **ret, struct wtg_err *err)
{
    pthread_condattr_t monotonic;
    struct write_group *g = mem_zeroed(1, sizeof *g, err);
    if (!g)
        return err->code;
    g->n = members;
    g->member = mem_zeroed(members, sizeof *g->member, err);
    g->run = g->member ? mem_zeroed(members, sizeof *g->run, err) : NULL;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&g->moved, &monotonic);
    pthread_mutex_init(&g->lock, NULL);
    pthread_condattr_destroy(&monotonic);
    if (!g->run) {
        write_group_free(g);
        return err->code;
    }
    *ret = g;
    return 0;
}

void write_group_leave(struct write_group *g, size_t member)
{
    if (!g)
        return;
    pthread_mutex_lock(&g->lock);
    g->member[member].state = MEMBER_LEFT;
    begin_round(g);
    pthread_mutex_unlock(&g->lock);
}

void write_group_free(struct write_group *g)
{
    if (!g)
        return;
    pthread_cond_destroy(&g->moved);
    pthread_mutex_destroy(&g->lock);
    free(g->member);
    free(g->run);
    free(g);
}
