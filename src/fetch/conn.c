/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "fetch/engine.h"
#include "fetch/file.h"

/* One connection: a request for a range, and the bytes that come. */

enum {
    SHORT_BYTES = 64 << 10
}; /* a complete answer that brings less than that, and was asked for more */

static int fail(struct conn *c)
{
    c->e->failed = true;
    return c->e->err->code;
}

static int note(struct conn *c)
{
    if (c->at <= c->noted || !c->e->journal)
        return 0;
    if (journal_have(c->e->journal, c->noted, c->at, c->e->err) < 0)
        return fail(c);
    c->noted = c->at;
    return 0;
}

/* Puts those bytes into the file that are missing; what is there is never written again, since it
 * may be hashed already. */
static int put(struct conn *c, const char *p, uint64_t n)
{
    struct engine *e = c->e;
    uint64_t end = c->at + n;
    struct extent gap;

    for (uint64_t from = c->at; from < end; from = gap.end) {
        if (!extents_gap(&e->have, from, end, &gap))
            break;
        if (file_write_at(e->fd, gap.off, p + (gap.off - c->at), gap.end - gap.off, e->err) < 0) {
            wtg_because(e->err, "'%s'", e->path);
            return fail(c);
        }
        e->have_bytes += gap.end - gap.off;
    }
    if (extents_add(&e->have, c->at, end, e->err) < 0)
        return fail(c);
    c->at = end;
    background_ready(e->background, extents_prefix(&e->have));
    return c->at - c->noted >= ENGINE_NOTE_BYTES ? note(c) : 0;
}

/* A limit that was not used for a while is not made up for. */
static void pay(struct engine *e, size_t n)
{
    const double most_s = 0.1;
    double now = net_now();

    if (e->paid_until < now - most_s)
        e->paid_until = now - most_s;
    e->paid_until += (double)n / (double)e->net.limit_rate;
}

static size_t on_body(char *p, size_t one, size_t n, void *user)
{
    struct conn *c = user;

    (void)one;
    if (conn_judge(c) != VERDICT_TAKE)
        return 0;
    if (engine_over_limit(c->e)) {
        c->paused = true;
        return CURL_WRITEFUNC_PAUSE; /* the same bytes come again */
    }
    uint64_t fits = c->at < c->end ? min_u64(n, c->end - c->at) : 0;
    c->got += fits;
    c->m->got_bytes += fits;
    c->e->got_bytes += fits;
    if (c->e->net.limit_rate)
        pay(c->e, n);
    if (put(c, p, fits) < 0)
        return 0;
    c->full = c->at == c->end;
    /* More than what fits: a thief has taken the rest, or the server does not know when to stop. */
    return fits == n ? n : 0;
}

int conn_start(struct conn *c, struct mirror *m, struct extent span, struct wtg_err *err)
{
    struct engine *e = c->e;
    CURL *easy = c->a.easy ? c->a.easy : curl_easy_init();
    char range[64];

    if (!easy)
        return wtg_fail_nomem(err);
    *c = (struct conn){ .e = e,
                        .m = m,
                        .asked = span,
                        .at = span.off,
                        .end = span.end,
                        .noted = span.off,
                        .began = net_now() };
    c->a.easy = easy;
    c->mark_time = c->began;
    curl_easy_reset(easy);
    if (net_setup(&c->a, &e->net, mirror_address(m), err) < 0) {
        c->m = NULL;
        return err->code;
    }
    snprintf(range, sizeof range, "%" PRIu64 "-%" PRIu64, span.off, span.end - 1);
    bool good = curl_easy_setopt(easy, CURLOPT_RANGE, range) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "identity") == CURLE_OK &&
                /* What is packed on the way is refused, never unpacked. */
                curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_WRITEDATA, c) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_PRIVATE, c) == CURLE_OK &&
                curl_multi_add_handle(e->multi, easy) == CURLM_OK;
    if (!good) {
        c->m = NULL;
        return wtg_fail_nomem(err);
    }
    m->active++;
    return 0;
}

/* All of a file whose length nobody told has come. */
static enum verdict learn_end(struct conn *c)
{
    if (c->e->has_size) {
        wtg_fail(&c->why, WTG_E_NETWORK, "'%.300s' ends at byte %" PRIu64, c->m->guard.url, c->at);
        return VERDICT_AGAIN;
    }
    c->end = c->at;
    return engine_learn_size(c->e, c->at, c->e->err) < 0 ? VERDICT_STOP : VERDICT_TAKE;
}

/* What became of it. */
static enum verdict outcome(struct conn *c, CURLcode code)
{
    static const enum verdict of[] = {
        [NET_AGAIN] = VERDICT_AGAIN, [NET_NEVER] = VERDICT_NEVER, [NET_STOP] = VERDICT_STOP
    };

    if (c->e->failed)
        return VERDICT_STOP;
    if (c->verdict == VERDICT_TAKE && c->full)
        return VERDICT_TAKE;
    if (code == CURLE_OK && conn_judge(c) == VERDICT_TAKE) {
        if (c->whole && !c->a.head.has_length)
            return learn_end(c);
        if (c->at < c->end && c->got < SHORT_BYTES) {
            wtg_fail(&c->why, WTG_E_NETWORK, "'%.300s': only %" PRIu64 " bytes came",
                     c->m->guard.url, c->got);
            return VERDICT_AGAIN;
        }
        return VERDICT_TAKE;
    }
    if (c->verdict > VERDICT_TAKE)
        return c->verdict;
    return of[net_judge(&c->a, code, c->m->guard.url, &c->why)];
}

static void act(struct conn *c, enum verdict v)
{
    struct engine *e = c->e;
    struct mirror *m = c->m;

    switch (v) {
    case VERDICT_NONE:
    case VERDICT_TAKE:
        m->faults = 0;
        break;
    case VERDICT_NEVER:
        if (!mirror_unpin(m)) {
            mirror_give_up(m, &e->net, &c->why);
            break;
        } /* the place was only lent: ask again where to go */
        __attribute__((fallthrough));
    case VERDICT_AGAIN:
        mirror_fault(m, &e->net, c->began, c->got, c->a.head.retry_after_s, &c->why);
        break;
    case VERDICT_CHANGED:
        if (!e->changed)
            net_note(&e->net, "%s; starting over", c->why.text);
        e->changed = true;
        m->why = c->why;
        break;
    case VERDICT_LOOKED:
        e->looked = true;
        break;
    case VERDICT_STOP:
        if (!e->failed && !e->err->code)
            *e->err = c->why;
        e->failed = true;
        break;
    }
}

void conn_done(struct conn *c, CURLcode code)
{
    curl_multi_remove_handle(c->e->multi, c->a.easy);
    c->m->active--;
    if (!c->e->failed)
        (void)note(c);
    mirror_measure(c->m, c->got, net_now() - c->began);
    act(c, outcome(c, code));
    c->m = NULL;
}
