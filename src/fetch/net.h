/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FETCH_NET_H
#define WTG_FETCH_NET_H

#include <curl/curl.h>
#include <signal.h>
#include <stdbool.h>

#include "base/err.h"
#include "fetch/head.h"
#include "wtg/fetch.h"

/* What all transfers have in common: addresses, safety, the head of the answer. */

enum { NET_CONNECT_SECONDS = 20, NET_REDIRECTS = 10 };

/* Is it an address that wtg fetches from? */
bool net_is_url(const char *text);
/* "http" or "https", a host, not too long; USAGE. */
int net_check_url(const char *url, struct wtg_err *err) WTG_MUST_USE;
/* The address without user, password and fragment, malloc'ed; for people, journals, comparing.
 * `no_query`: also without what stands behind '?'. */
int net_shown(const char *url, bool no_query, char **ret, struct wtg_err *err) WTG_MUST_USE;
/* The name at the end of its path, decoded; USAGE when there is none that could be a file's. */
int net_name(const char *url, char **ret, struct wtg_err *err) WTG_MUST_USE;
/* May a file have that name: no '/', no control characters, not "." or ".."? */
bool net_is_name(const char *name);

/* What curl needs for the time of some work; `hold` keeps SIGPIPE from this thread. */
struct net_hold {
    bool held, curl;
    sigset_t mask;
};
int net_begin(struct net_hold *h, struct wtg_err *err) WTG_MUST_USE;
void net_end(struct net_hold *h);

/* The same with every zero replaced by its default. */
struct wtg_net_opts net_defaults(const struct wtg_net_opts *net);

/* One answer as it comes. */
struct answer {
    CURL *easy;
    struct head head;
    bool downgrade; /* a redirect led from https to http */
    char why[CURL_ERROR_SIZE];
};
/* Sets everything that does not depend on what is asked for.  `a` must stay where it is. */
int net_setup(struct answer *a, const struct wtg_net_opts *net, const char *url,
              struct wtg_err *err) WTG_MUST_USE;

/* What to do after a transfer that failed. */
enum net_next {
    NET_AGAIN, /* it may work later */
    NET_NEVER, /* this address is of no use */
    NET_STOP,  /* the fault is here */
};
enum net_next net_judge(const struct answer *a, CURLcode code, const char *shown,
                        struct wtg_err *err);
/* The same for an answer that came, with a status that is not wanted. */
enum net_next net_judge_status(const struct head *h, const char *shown, struct wtg_err *err);

/* Seconds to wait before try `n` (from 1): doubles, with jitter. */
double net_backoff(unsigned n);
double net_now(void); /* seconds of a clock that only goes forward */
void net_note(const struct wtg_net_opts *net, const char *fmt, ...) WTG_PRINTF(2, 3);

/* The whole of a small file, from an address or a path, with a NUL behind it. */
int net_read(const char *file_or_url, const struct wtg_net_opts *net, size_t max,
             struct wtg_job *job, char **ret, size_t *ret_n, struct wtg_err *err) WTG_MUST_USE;

#endif
