/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FETCH_MIRROR_H
#define WTG_FETCH_MIRROR_H

#include "fetch/journal.h"
#include "fetch/net.h"

/* One address of the file: how fast it is, whether it may be asked now, and by what the file there
 * is known. */
struct mirror {
    char *url; /* as it was given */
    char *at;  /* where its redirects led to, and is asked from then on; NULL */
    struct guard guard;
    bool known;         /* the guard was filled in, by this run or an earlier one */
    bool has_others;    /* it is not the only address */
    bool dead;          /* of no use any more */
    struct wtg_err why; /* what it did wrong last */
    double rate;        /* bytes a second of one connection; 0: not measured */
    double not_before;  /* of net_now() */
    double fault_at;
    unsigned faults; /* in a row, without anything that came */
    unsigned active, max_active;
    unsigned ignored; /* ranges in a row that it did not look at */
    uint64_t got_bytes;
};

int mirror_init(struct mirror *m, const char *url, unsigned max_active,
                struct wtg_err *err) WTG_MUST_USE;
void mirror_release(struct mirror *m);
/* The address to ask now. */
const char *mirror_address(const struct mirror *m);
/* Keeps to where redirects led to, so that all parts come from one server. */
int mirror_pin(struct mirror *m, const char *effective, struct wtg_err *err) WTG_MUST_USE;
/* Forgets that again; false when there was nothing to forget. */
bool mirror_unpin(struct mirror *m);

/* Something that may pass went wrong on a connection that began at `began` and brought `got` bytes;
 * `wait_s`: Retry-After, or negative.  `err` says what.  Gives the mirror up after so many tries.
 */
void mirror_fault(struct mirror *m, const struct wtg_net_opts *net, double began, uint64_t got,
                  int64_t wait_s, const struct wtg_err *err);
void mirror_give_up(struct mirror *m, const struct wtg_net_opts *net, const struct wtg_err *err);
/* A connection brought so much in so many seconds. */
void mirror_measure(struct mirror *m, uint64_t bytes, double seconds);
/* The one to ask next, NULL when none may be asked now: first those not measured yet, then the
 * fastest. */
struct mirror *mirror_choose(struct mirror *m, size_t n, double now);

enum guard_answer {
    GUARD_SAME,
    GUARD_UNSURE, /* another server, with other dates, or one that tells other things than before */
    GUARD_CHANGED, /* the file is not the one that it was */
};
enum guard_answer guard_compare(const struct guard *known, const struct guard *seen);

#endif
