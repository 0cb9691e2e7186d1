/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/engine.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "fetch/file.h"

int engine_learn_size(struct engine *e, uint64_t size, struct wtg_err *err)
{
    struct stat st;

    e->has_size = true;
    e->size = size;
    if (e->look_only)
        return 0;
    if (fstat(e->fd, &st) < 0)
        return wtg_fail_errno(err, errno, "cannot look at '%s'", e->path);
    uint64_t there = (uint64_t)st.st_blocks * 512;
    if (size > there && file_room(e->fd, size - there, e->path, err) < 0)
        return err->code;
    return journal_size(e->journal, size, err);
}

/* Which bytes to ask for. */

/* The first bytes that are neither there nor asked for. */
static bool free_gap(const struct engine *e, struct extent *ret)
{
    uint64_t from = 0;

    for (;;) {
        bool moved = false;
        if (!extents_gap(&e->have, from, e->size, ret))
            return false;
        for (size_t i = 0; i < e->net.connections; i++) {
            const struct conn *c = &e->conn[i];
            if (!c->m || c->end <= ret->off)
                continue;
            if (c->at <= ret->off) {
                from = c->end;
                moved = true;
                break;
            }
            ret->end = min_u64(ret->end, c->at);
        }
        if (!moved)
            return true;
    }
}

/* Takes the back of what a slow connection still has to bring. */
static bool steal(struct engine *e, const struct mirror *m, struct extent *ret)
{
    const double patience_s = 3;
    struct conn *slowest = NULL;
    double longest = patience_s;

    for (size_t i = 0; i < e->net.connections; i++) {
        struct conn *c = &e->conn[i];
        if (!c->m || c->verdict != VERDICT_TAKE || c->end == UINT64_MAX ||
            c->end - c->at < ENGINE_STEAL_MIN || c->mark_time <= c->began)
            continue;
        double left_s = (double)(c->end - c->at) / (c->rate > 1 ? c->rate : 1);
        bool faster = m->rate > 2 * c->rate || (m != c->m && m->rate <= 0);
        if (faster && left_s > longest) {
            longest = left_s;
            slowest = c;
        }
    }
    if (!slowest)
        return false;
    double left = (double)(slowest->end - slowest->at);
    double keep = m->rate > 0 ? left * slowest->rate / (slowest->rate + m->rate) : left / 2;
    uint64_t from = slowest->at + round_up((uint64_t)keep, 16 << 10);
    *ret = (struct extent){ from, slowest->end };
    if (from >= slowest->end)
        return false;
    slowest->end = from;
    return true;
}

bool engine_work(struct engine *e, const struct mirror *m, struct extent *ret)
{
    const uint64_t piece = ENGINE_PIECE;

    if (!e->has_size) { /* the first answer tells it; nobody else asks before */
        for (size_t i = 0; i < e->net.connections; i++)
            if (e->conn[i].m)
                return false;
        *ret = (struct extent){ 0, piece };
        return true;
    }
    if (!free_gap(e, ret))
        return steal(e, m, ret);
    /* Large at first, smaller towards the end, so that all end together. */
    uint64_t left = e->size - min_u64(e->size, e->have_bytes);
    uint64_t share = round_up(left / (2 * (uint64_t)e->net.connections), piece);
    if (m->rate <= 0 || e->nmirrors > 1)
        share = m->rate <= 0 ? piece : min_u64(share, round_up((uint64_t)(m->rate * 10), piece));
    ret->end = min_u64(ret->end, ret->off + max_u64(share, piece));
    return true;
}

static int fill(struct engine *e, struct wtg_err *err)
{
    double now = net_now();

    for (size_t i = 0; i < e->net.connections; i++) {
        struct extent span;
        if (e->conn[i].m)
            continue;
        struct mirror *m = mirror_choose(e->mirror, e->nmirrors, now);
        if (!m || !engine_work(e, m, &span))
            break;
        if (conn_start(&e->conn[i], m, span, err) < 0)
            return err->code;
    }
    return 0;
}

/* Time goes by. */

static size_t count_active(const struct engine *e)
{
    size_t n = 0;

    for (size_t i = 0; i < e->net.connections; i++)
        n += e->conn[i].m != NULL;
    return n;
}

/* Measures connections once a second, and lets those go on that had to wait for the limit. */
static void measure(struct engine *e)
{
    double now = net_now();

    for (size_t i = 0; i < e->net.connections; i++) {
        struct conn *c = &e->conn[i];
        if (c->m && c->paused && !engine_over_limit(e)) {
            c->paused = false;
            curl_easy_pause(c->a.easy, CURLPAUSE_CONT);
        }
        if (!c->m || now - c->mark_time < 1)
            continue;
        double rate = (double)(c->got - c->mark_got) / (now - c->mark_time);
        c->rate = c->mark_time <= c->began ? rate : (c->rate + rate) / 2;
        c->mark_time = now;
        c->mark_got = c->got;
    }
}

static int keep_synced(struct engine *e, struct wtg_err *err)
{
    double now = net_now();
    uint64_t token = 0;
    int r;

    if (!e->journal)
        return 0;
    r = background_synced(e->background, &token, err);
    if (r == 1)
        r = journal_synced(e->journal, token, err);
    if (r < 0)
        return r;
    if (e->have_bytes > e->synced_bytes && (e->have_bytes - e->synced_bytes >= ENGINE_SYNC_BYTES ||
                                            now - e->synced_at > ENGINE_SYNC_S)) {
        background_sync(e->background, journal_fd(e->journal), journal_told(e->journal));
        e->synced_bytes = e->have_bytes;
        e->synced_at = now;
    }
    return 0;
}

/* All mirrors are dead: the error of the one that was most use. */
static int give_up(struct engine *e, struct wtg_err *err)
{
    const struct mirror *best = &e->mirror[0];

    for (size_t i = 1; i < e->nmirrors; i++)
        if (e->mirror[i].got_bytes > best->got_bytes)
            best = &e->mirror[i];
    *err = best->why;
    if (e->nmirrors > 1)
        wtg_because(err, "none of %zu addresses is of use any more", e->nmirrors);
    if (!err->hint[0] && e->have_bytes > 0)
        wtg_hint(err, "what came is kept; the same command goes on from there");
    return err->code;
}

/* How long to wait at the most, in milliseconds. */
static int patience(const struct engine *e)
{
    double now = net_now(), wait = 0.1;

    if (engine_over_limit(e) && e->paid_until - now < wait)
        wait = e->paid_until - now;
    for (size_t i = 0; i < e->nmirrors; i++) {
        double left = e->mirror[i].not_before - now;
        if (!e->mirror[i].dead && left > 0 && left < wait)
            wait = left;
    }
    return (int)(wait * 1000) + 1;
}

static bool any_alive(const struct engine *e)
{
    for (size_t i = 0; i < e->nmirrors; i++)
        if (!e->mirror[i].dead)
            return true;
    return false;
}

static size_t collect(struct engine *e)
{
    CURLMsg *msg;
    size_t n = 0;
    int left;

    while ((msg = curl_multi_info_read(e->multi, &left))) {
        struct conn *c = NULL;
        CURLcode code = msg->data.result;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &c);
        if (msg->msg == CURLMSG_DONE && c)
            conn_done(c, code);
        n++;
    }
    return n;
}

/* One round; 1: finished. */
static int turn(struct engine *e, struct wtg_err *err)
{
    struct wtg_progress p = { e->step, "bytes", e->have_bytes, e->has_size ? e->size : 0 };
    int running;

    if (e->failed)
        return err->code ? err->code
                         : wtg_fail(err, WTG_E_BUG, "fetching failed and does not say why");
    if (e->changed || e->looked || (e->has_size && e->have_bytes >= e->size))
        return 1;
    if (wtg_tick(e->job, &p, err) < 0 || keep_synced(e, err) < 0 || fill(e, err) < 0)
        return err->code;
    if (count_active(e) == 0 && !any_alive(e))
        return give_up(e, err);
    measure(e);
    if (curl_multi_perform(e->multi, &running) != CURLM_OK)
        return wtg_fail_nomem(err);
    if (collect(e) == 0 && !e->failed &&
        curl_multi_poll(e->multi, NULL, 0, patience(e), NULL) != CURLM_OK)
        return wtg_fail_nomem(err);
    return 0;
}

static void close_all(struct engine *e)
{
    for (size_t i = 0; i < e->net.connections; i++) {
        struct conn *c = &e->conn[i];
        if (c->m && !e->failed && !e->changed && e->journal && c->at > c->noted) {
            struct wtg_err ignored = { 0 };
            (void)!journal_have(e->journal, c->noted, c->at, &ignored);
        }
        if (c->m) {
            curl_multi_remove_handle(e->multi, c->a.easy);
            c->m->active--;
        }
        curl_easy_cleanup(c->a.easy);
        *c = (struct conn){ .e = e };
    }
    curl_multi_cleanup(e->multi);
    e->multi = NULL;
}

int engine_run(struct engine *e, struct wtg_err *err)
{
    int r = 0;

    e->err = err;
    e->failed = e->changed = e->looked = false;
    e->have_bytes = e->synced_bytes = extents_bytes(&e->have);
    e->synced_at = net_now();
    for (size_t i = 0; i < ARRAY_LEN(e->conn); i++)
        e->conn[i] = (struct conn){ .e = e };
    e->multi = curl_multi_init();
    if (!e->multi)
        return wtg_fail_nomem(err);
    if (e->background)
        background_ready(e->background, extents_prefix(&e->have));
    while (r == 0)
        r = turn(e, err);
    close_all(e);
    return r < 0 ? r : e->changed ? ENGINE_CHANGED : 0;
}

void engine_release(struct engine *e)
{
    for (size_t i = 0; i < e->nmirrors; i++)
        mirror_release(&e->mirror[i]);
    extents_release(&e->have);
}
