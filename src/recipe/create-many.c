/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/create-priv.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Several targets at once: each is carried out as if it were alone, in a thread of its own, from
 * its first step to its report.  They meet only in the write room, which decodes for all of them.
 */

enum { TICK_NS = 100 * 1000 * 1000 };

struct lane {
    struct many *many;
    struct create *c;
    struct wtg_job job;
    struct wtg_plan_state state; /* with the lock of `many` */
    struct wtg_plan_result *result;
    pthread_t thread;
    bool started;
};

struct many {
    struct lane *lane;
    size_t n;
    pthread_mutex_t lock;
    pthread_cond_t ended; /* a lane is at its end */
    size_t alive;
};

/* One target. */

static void on_progress(const struct wtg_progress *p, void *user)
{
    struct lane *l = user;
    bool bytes = strcmp(p->unit, "bytes") == 0;

    pthread_mutex_lock(&l->many->lock);
    l->state.step = p->step;
    l->state.done = bytes ? p->done : 0;
    l->state.total = bytes ? p->total : 0;
    pthread_mutex_unlock(&l->many->lock);
}

static void *lane_main(void *lane)
{
    struct lane *l = lane;
    struct many *m = l->many;
    int r = create_run(l->c, &l->job, &l->result->report, &l->result->err);

    write_group_leave(l->c->group, l->c->member); /* it may have failed before it wrote */
    pthread_mutex_lock(&m->lock);
    l->state.step = r < 0 ? "failed" : "done";
    if (r == 0)
        l->state.done = l->state.total = l->result->report.written_bytes;
    m->alive--;
    pthread_cond_signal(&m->ended);
    pthread_mutex_unlock(&m->lock);
    return NULL;
}

/* All of them. */

static void start(struct lane *l, struct write_group *group)
{
    struct many *m = l->many;

    l->job.on_progress = on_progress;
    l->job.user = l;
    l->c->group = group;
    l->c->member = (size_t)(l - m->lane);
    int sys = pthread_create(&l->thread, NULL, lane_main, l);
    l->started = sys == 0;
    m->alive += l->started;
    if (l->started)
        return;
    wtg_fail_errno(&l->result->err, sys, "cannot start a thread");
    l->state.step = "failed";
    write_group_leave(group, l->c->member);
}

/* With the lock held. */
static void wait_a_little(struct many *m)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += TICK_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&m->ended, &m->lock, &until);
}

static void watch(struct many *m, const struct wtg_plan_watch *watch, struct wtg_plan_state *state,
                  struct wtg_job *job)
{
    bool over = false;

    while (!over) {
        pthread_mutex_lock(&m->lock);
        if (m->alive > 0)
            wait_a_little(m);
        over = m->alive == 0;
        for (size_t i = 0; i < m->n; i++)
            state[i] = m->lane[i].state;
        pthread_mutex_unlock(&m->lock);
        if (watch && watch->on_state)
            watch->on_state(state, m->n, watch->user);
        for (size_t i = 0; job && atomic_load(&job->cancel) && i < m->n; i++)
            atomic_store(&m->lane[i].job.cancel, true);
    }
}

static void run_lanes(struct many *m, struct write_group *group, const struct wtg_plan_watch *w,
                      struct wtg_plan_state *state, struct wtg_job *job)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_lock(&m->lock);
    for (size_t i = 0; i < m->n; i++)
        start(&m->lane[i], group);
    pthread_mutex_unlock(&m->lock);
    watch(m, w, state, job);
    for (size_t i = 0; i < m->n; i++) {
        if (m->lane[i].started)
            pthread_join(m->lane[i].thread, NULL);
        m->lane[i].c->group = NULL;
    }
    pthread_cond_destroy(&m->ended);
    pthread_mutex_destroy(&m->lock);
}

/* What became of them. */

/* All stopped for one reason that is about none of them: the person, or the image. */
static bool is_common(const struct many *m)
{
    int code = m->lane[0].result->err.code;
    bool common = code == WTG_E_CANCELLED || -code / 1000 == 2;

    for (size_t i = 1; i < m->n; i++)
        common &= m->lane[i].result->err.code == code;
    return common;
}

/* Which targets can be gone on with: the same command when it is all of them, else by name. */
static void hint_resume(const struct many *m, struct wtg_err *err)
{
    char names[300] = "";
    size_t count = 0;

    for (size_t i = 0; i < m->n; i++) {
        size_t used = strlen(names);
        if (m->lane[i].c->can_resume)
            snprintf(names + used, sizeof names - used, "%s'%s'", count++ ? ", " : "",
                     m->lane[i].result->path);
    }
    if (count == m->n)
        wtg_hint(err, "the same command with '--resume' goes on where it stopped");
    else if (count > 0)
        wtg_hint(err, "'--resume' with only %s goes on where it stopped", names);
}

static int judge(struct many *m, struct wtg_err *err)
{
    bool common = is_common(m);
    int code = 0;

    for (size_t i = m->n; i-- > 0;) {
        struct wtg_plan_result *r = m->lane[i].result;
        if (r->err.code && !common)
            create_name_target(m->lane[i].c, &r->err);
        if (r->err.code) {
            *err = r->err;
            code = err->code;
        }
    }
    if (code == WTG_E_CANCELLED && common)
        hint_resume(m, err);
    for (size_t i = 0; i < m->n && common; i++)
        m->lane[i].result->err = *err;
    return code;
}

int create_run_many(struct create *const *c, size_t n, const struct wtg_plan_watch *w,
                    struct wtg_job *job, struct wtg_plan_result *ret, struct wtg_err *err)
{
    AUTO_FREE struct lane *lane = mem_zeroed(n, sizeof *lane, err);
    AUTO_FREE struct wtg_plan_state *state = mem_zeroed(n, sizeof *state, err);
    struct many m = { .lane = lane, .n = n };
    struct write_group *group = NULL;
    int r = lane && state ? write_group_new(n, &group, err) : wtg_fail_nomem(err);

    for (size_t i = 0; i < n; i++) {
        ret[i] = (struct wtg_plan_result){ .path = c[i]->opts.target };
        if (r == 0 && c[i]->from != c[0]->from)
            r = wtg_fail(err, WTG_E_BUG,
                         "plans that were not made together are to be run together");
        if (r == 0)
            lane[i] = (struct lane){ .many = &m,
                                     .c = c[i],
                                     .result = &ret[i],
                                     .state = { .path = ret[i].path, .step = "" } };
    }
    if (r == 0) {
        run_lanes(&m, group, w, state, job);
        r = judge(&m, err);
    } else {
        for (size_t i = 0; i < n; i++)
            ret[i].err = *err;
    }
    write_group_free(group);
    return r;
}
