/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/mirror.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum {
    MOVED_BYTES = 64 << 10,    /* a connection that brought so much was of use */
    MEASURED_BYTES = 64 << 10, /* less says little about speed */
    FIRST_TRIES = 4,           /* of a mirror that never brought anything */
    WAIT_MAX_S = 600,          /* one that wants more patience is given up */
};

int mirror_init(struct mirror *m, const char *url, unsigned max_active, struct wtg_err *err)
{
    AUTO_FREE char *shown = NULL;

    *m = (struct mirror){ .max_active = max_active };
    if (net_check_url(url, err) < 0 || net_shown(url, false, &shown, err) < 0)
        return err->code;
    snprintf(m->guard.url, sizeof m->guard.url, "%s", shown);
    m->url = strdup(url);
    return m->url ? 0 : wtg_fail_nomem(err);
}

void mirror_release(struct mirror *m)
{
    free(m->url);
    free(m->at);
    *m = (struct mirror){ 0 };
}

const char *mirror_address(const struct mirror *m)
{
    return m->at ? m->at : m->url;
}

int mirror_pin(struct mirror *m, const char *effective, struct wtg_err *err)
{
    if (m->at || strcmp(m->url, effective) == 0 ||
        strchr(m->url, '@')) /* a password is for its host */
        return 0;
    m->at = strdup(effective);
    return m->at ? 0 : wtg_fail_nomem(err);
}

bool mirror_unpin(struct mirror *m)
{
    bool was = m->at != NULL;

    free(m->at);
    m->at = NULL;
    return was;
}

void mirror_give_up(struct mirror *m, const struct wtg_net_opts *net, const struct wtg_err *err)
{
    if (!m->dead && m->has_others)
        net_note(net, "%s; this address is given up", err->text);
    m->dead = true;
    m->why = *err;
}

void mirror_fault(struct mirror *m, const struct wtg_net_opts *net, double began, uint64_t got,
                  int64_t wait_s, const struct wtg_err *err)
{
    double now = net_now();
    unsigned tries = m->got_bytes > 0 ? net->tries : (unsigned)min_u64(net->tries, FIRST_TRIES);

    m->why = *err;
    if (got >= MOVED_BYTES)
        m->faults = 0;
    else if (began < m->fault_at)
        return; /* one outage, told by several connections */
    m->fault_at = now;
    m->faults++;
    if (m->faults >= tries || wait_s > WAIT_MAX_S) {
        mirror_give_up(m, net, err);
        return;
    }
    if (wait_s >= 0) /* it is busy: fewer at once */
        m->max_active = m->max_active > 1 ? m->max_active / 2 : 1;
    double wait = net_backoff(m->faults);
    wait = (double)wait_s > wait ? (double)wait_s : wait;
    m->not_before = now + wait;
    if (wait >= 1)
        net_note(net, "%s; trying again in %.0f s", err->text, wait);
}

void mirror_measure(struct mirror *m, uint64_t bytes, double seconds)
{
    if (bytes < MEASURED_BYTES)
        return;
    double rate = (double)bytes / (seconds > 1e-4 ? seconds : 1e-4);
    m->rate = m->rate > 0 ? 0.7 * m->rate + 0.3 * rate : rate;
    m->faults = 0;
}

static bool better(const struct mirror *a, const struct mirror *b)
{
    if (!b)
        return true;
    bool fresh_a = a->rate <= 0, fresh_b = b->rate <= 0;
    if (fresh_a != fresh_b) /* one connection is enough to measure one */
        return fresh_a ? a->active == 0 : b->active > 0;
    return fresh_a ? a->active < b->active : a->rate > b->rate;
}

struct mirror *mirror_choose(struct mirror *m, size_t n, double now)
{
    struct mirror *best = NULL;

    for (size_t i = 0; i < n; i++)
        if (!m[i].dead && m[i].not_before <= now && m[i].active < m[i].max_active &&
            better(&m[i], best))
            best = &m[i];
    return best;
}

static bool both_differ(const char *a, const char *b)
{
    return *a && *b && strcmp(a, b) != 0;
}

/* Is there anything that both told? */
static bool comparable(const struct guard *a, const struct guard *b)
{
    bool silent = !*a->etag && !*a->modified && !*b->etag && !*b->modified;

    return silent || (*a->etag && *b->etag) || (*a->modified && *b->modified);
}

enum guard_answer guard_compare(const struct guard *known, const struct guard *seen)
{
    bool same_place = strcmp(known->place, seen->place) == 0;
    bool dates_differ = both_differ(known->modified, seen->modified);

    if (same_place && (both_differ(known->etag, seen->etag) || dates_differ))
        return GUARD_CHANGED;
    return dates_differ || !comparable(known, seen) ? GUARD_UNSURE : GUARD_SAME;
}
