/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "fetch/engine.h"

/* Is this answer what was asked for?  Nothing of it is taken before that is known. */

enum {
    IGNORED_MAX = 2
}; /* ranges that a server may ignore before the whole file is taken from it */

static enum verdict say(struct conn *c, enum verdict v, const char *fmt, ...) WTG_PRINTF(3, 4);
static enum verdict say(struct conn *c, enum verdict v, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    wtg_fail(&c->why, WTG_E_SERVER, "'%.300s': %s", c->m->guard.url, text);
    return v;
}

static enum verdict stop(struct conn *c)
{
    c->why = *c->e->err;
    return VERDICT_STOP;
}

/* By what the file is known there now. */
static int seen_guard(struct conn *c, struct guard *g, char **effective, struct wtg_err *err)
{
    AUTO_FREE char *place = NULL;

    *effective = NULL;
    curl_easy_getinfo(c->a.easy, CURLINFO_EFFECTIVE_URL, effective);
    if (!*effective)
        *effective = c->m->url;
    if (net_shown(*effective, true, &place, err) < 0)
        return err->code;
    *g = c->m->guard;
    snprintf(g->place, sizeof g->place, "%s", place);
    snprintf(g->etag, sizeof g->etag, "%s", c->a.head.etag);
    snprintf(g->modified, sizeof g->modified, "%s", c->a.head.modified);
    return 0;
}

/* The first answer of a mirror in its life: does it fit to those of the others? */
static enum verdict meet(struct conn *c, const struct guard *seen)
{
    struct engine *e = c->e;

    for (size_t i = 0; i < e->nmirrors && !e->proof; i++) {
        const struct mirror *other = &e->mirror[i];
        if (other->known && *other->guard.modified && *seen->modified &&
            strcmp(other->guard.modified, seen->modified) != 0)
            return say(
                c, VERDICT_NEVER,
                "its file is of '%s', that of another address of '%s'; a checksum could tell "
                "whether they are the same",
                seen->modified, other->guard.modified);
    }
    return VERDICT_TAKE;
}

static enum verdict look_at_guard(struct conn *c)
{
    struct mirror *m = c->m;
    struct engine *e = c->e;
    char *effective;
    struct guard seen;

    if (seen_guard(c, &seen, &effective, e->err) < 0)
        return stop(c);
    enum guard_answer g = m->known ? guard_compare(&m->guard, &seen) : GUARD_SAME;
    if (g == GUARD_CHANGED || (g == GUARD_UNSURE && !e->proof))
        return say(c, VERDICT_CHANGED, "the file has changed there: it was %s %s, it is %s %s",
                   m->guard.etag, m->guard.modified, seen.etag, seen.modified);
    if (!m->known && meet(c, &seen) != VERDICT_TAKE)
        return VERDICT_NEVER;
    bool news = !m->known || strcmp(m->guard.place, seen.place) != 0;
    m->known = true;
    if (news)
        m->guard = seen;
    if (news && e->journal && journal_guard(e->journal, &m->guard, e->err) < 0)
        return stop(c);
    return mirror_pin(m, effective, e->err) < 0 ? stop(c) : VERDICT_TAKE;
}

static enum verdict look_at_size(struct conn *c, uint64_t size)
{
    struct engine *e = c->e;

    if (e->want_size && size != e->want_size)
        return say(c, VERDICT_NEVER, "it has %" PRIu64 " bytes there, and should have %" PRIu64,
                   size, e->want_size);
    if (!e->has_size)
        return engine_learn_size(e, size, e->err) < 0 ? stop(c) : VERDICT_TAKE;
    if (size == e->size)
        return VERDICT_TAKE;
    bool others = false; /* that are known to have the old size */
    for (size_t i = 0; i < e->nmirrors; i++)
        others |= e->mirror[i].known && &e->mirror[i] != c->m;
    return say(c, c->m->known || !others ? VERDICT_CHANGED : VERDICT_NEVER,
               "it has %" PRIu64 " bytes there, not %" PRIu64, size, e->size);
}

static enum verdict look_at_both(struct conn *c, uint64_t size)
{
    enum verdict v = look_at_size(c, size);

    if (v == VERDICT_TAKE)
        v = look_at_guard(c);
    return v == VERDICT_TAKE && c->e->look_only ? VERDICT_LOOKED : v;
}

/* 206: exactly the range that was asked for, or its beginning. */
static enum verdict judge_part(struct conn *c)
{
    const struct head *h = &c->a.head;

    if (!h->has_range || h->bad_range)
        return say(c, VERDICT_AGAIN, "a part without a Content-Range that makes sense");
    if (h->first != c->asked.off || h->last >= c->asked.end)
        return say(c, VERDICT_AGAIN,
                   "bytes %" PRIu64 " to %" PRIu64 " were asked for, %" PRIu64 " to %" PRIu64
                   " come",
                   c->asked.off, c->asked.end - 1, h->first, h->last);
    if (h->has_length && h->length != h->last - h->first + 1)
        return say(c, VERDICT_AGAIN, "it lies: %" PRIu64 " bytes for %" PRIu64 " to %" PRIu64,
                   h->length, h->first, h->last);
    if (!h->has_total)
        return say(c, VERDICT_NEVER, "it does not say how long the file is");
    c->m->ignored = 0;
    c->end = min_u64(c->end, h->last + 1);
    return look_at_both(c, h->total);
}

/* 200: the whole file, because that was asked for or because ranges are ignored. */
static enum verdict judge_whole(struct conn *c)
{
    const struct head *h = &c->a.head;
    bool from_begin = c->asked.off == 0;

    if (!from_begin && ++c->m->ignored < IGNORED_MAX)
        return say(c, VERDICT_AGAIN, "it sends everything where a part was asked for");
    if (!h->has_length && !h->chunked && !c->e->proof)
        return say(c, VERDICT_NEVER,
                   "it does not say how long the file is, so nobody could tell whether "
                   "all of it came; with a checksum it would do");
    c->whole = true;
    c->at = c->noted = 0;
    c->end = c->e->has_size ? c->e->size : UINT64_MAX;
    if (!h->has_length) /* its end will tell */
        return c->e->look_only ? VERDICT_LOOKED : look_at_guard(c);
    c->end = h->length;
    return look_at_both(c, h->length);
}

/* 416: there is nothing from there on. */
static enum verdict judge_beyond(struct conn *c)
{
    const struct head *h = &c->a.head;

    if (h->has_total && !h->bad_range && h->total <= c->asked.off) {
        enum verdict v = look_at_both(c, h->total);
        c->end = c->at; /* its body is an error page */
        if (v != VERDICT_TAKE || h->total == 0)
            return v;
    }
    return say(c, VERDICT_AGAIN, "it says that bytes from %" PRIu64 " on are not there",
               c->asked.off);
}

enum verdict conn_judge(struct conn *c)
{
    static const enum verdict of[] = {
        [NET_AGAIN] = VERDICT_AGAIN, [NET_NEVER] = VERDICT_NEVER, [NET_STOP] = VERDICT_STOP
    };
    const struct head *h = &c->a.head;

    if (c->verdict != VERDICT_NONE)
        return c->verdict;
    if ((h->status == 200 || h->status == 206) && h->encoding[0])
        c->verdict =
            say(c, VERDICT_NEVER,
                "it packs the file on the way (Content-Encoding: %s) though it was told not "
                "to; parts of that fit to nothing",
                h->encoding);
    else if (h->status == 206)
        c->verdict = judge_part(c);
    else if (h->status == 200)
        c->verdict = judge_whole(c);
    else if (h->status == 416)
        c->verdict = judge_beyond(c);
    else
        c->verdict = of[net_judge_status(h, c->m->guard.url, &c->why)];
    return c->verdict;
}
