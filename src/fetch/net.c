/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/net.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "base/mem.h"
#include "fetch/journal.h"

/* Addresses. */

bool net_is_url(const char *text)
{
    return strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;
}

int net_check_url(const char *url, struct wtg_err *err)
{
    CURLU *u = curl_url();
    char *host = NULL;

    if (!u)
        return wtg_fail_nomem(err);
    bool good = net_is_url(url) && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK && *host;
    curl_free(host);
    curl_url_cleanup(u);
    if (!good)
        return wtg_fail(err, WTG_E_USAGE, "'%.200s' is no address like https://host/file", url);
    if (strlen(url) >= JOURNAL_URL_BYTES)
        return wtg_fail(err, WTG_E_USAGE, "'%.80s...' has more than %d characters", url,
                        JOURNAL_URL_BYTES - 1);
    return 0;
}

int net_shown(const char *url, bool no_query, char **ret, struct wtg_err *err)
{
    static const CURLUPart secret[] = { CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS,
                                        CURLUPART_FRAGMENT, CURLUPART_QUERY };
    CURLU *u = curl_url();
    char *text = NULL;
    bool good = u && curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;

    for (size_t i = 0; good && i < ARRAY_LEN(secret) - !no_query; i++)
        good = curl_url_set(u, secret[i], NULL, 0) == CURLUE_OK;
    good = good && curl_url_get(u, CURLUPART_URL, &text, 0) == CURLUE_OK;
    *ret = strdup(good ? text : "(no address)");
    curl_free(text);
    curl_url_cleanup(u);
    return *ret ? 0 : wtg_fail_nomem(err);
}

bool net_is_name(const char *name)
{
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strlen(name) > 240)
        return false;
    for (; *name; name++)
        if (*name == '/' || (unsigned char)*name < ' ' || *name == 0x7f)
            return false;
    return true;
}

int net_name(const char *url, char **ret, struct wtg_err *err)
{
    CURLU *u = curl_url();
    char *path = NULL;
    int n = 0;

    if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK)
        (void)curl_url_get(u, CURLUPART_PATH, &path, 0);
    const char *slash = path ? strrchr(path, '/') : NULL;
    char *name = curl_easy_unescape(NULL, slash ? slash + 1 : "", 0, &n);
    curl_free(path);
    curl_url_cleanup(u);
    if (!name)
        return wtg_fail_nomem(err);
    if (strlen(name) == (size_t)n && net_is_name(name)) {
        *ret = strdup(name);
        curl_free(name);
        return *ret ? 0 : wtg_fail_nomem(err);
    }
    curl_free(name);
    wtg_fail(err, WTG_E_USAGE, "'%.200s' ends in no name that a file could have", url);
    return wtg_hint(err, "say where it should go: --output FILE");
}

/* curl and signals. */

int net_begin(struct net_hold *h, struct wtg_err *err)
{
    sigset_t pipe;

    *h = (struct net_hold){ .curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK };
    if (!h->curl)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "libcurl does not start");
    /* A server that hangs up while TLS writes would end the program. */
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    h->held = pthread_sigmask(SIG_BLOCK, &pipe, &h->mask) == 0;
    return 0;
}

void net_end(struct net_hold *h)
{
    const struct timespec at_once = { 0 };
    sigset_t pipe;

    if (h->held && !sigismember(&h->mask, SIGPIPE)) {
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        while (sigtimedwait(&pipe, NULL, &at_once) > 0)
            ;
    }
    if (h->held)
        pthread_sigmask(SIG_SETMASK, &h->mask, NULL);
    if (h->curl)
        curl_global_cleanup();
    *h = (struct net_hold){ 0 };
}

/* Transfers. */

struct wtg_net_opts net_defaults(const struct wtg_net_opts *net)
{
    struct wtg_net_opts o = *net;

    o.connections = o.connections ? o.connections : 4;
    o.connections = (unsigned)min_u64(o.connections, WTG_FETCH_MAX_CONNECTIONS);
    o.tries = o.tries ? o.tries : 10;
    o.stall_seconds = o.stall_seconds ? o.stall_seconds : 20;
    o.stall_rate = o.stall_rate ? o.stall_rate : 1000;
    if (o.limit_rate) /* slow on purpose is not stalled */
        o.stall_rate = min_u64(o.stall_rate, o.limit_rate / (4 * (uint64_t)o.connections) + 1);
    return o;
}

static size_t on_header(char *line, size_t one, size_t n, void *user)
{
    struct answer *a = user;
    char *at = NULL;

    (void)one;
    head_line(&a->head, line, n, time(NULL));
    if (a->head.status / 100 != 3 || !a->head.location[0])
        return n;
    curl_easy_getinfo(a->easy, CURLINFO_EFFECTIVE_URL, &at);
    a->downgrade =
        at && strncasecmp(at, "https:", 6) == 0 && strncasecmp(a->head.location, "http:", 5) == 0;
    return a->downgrade ? 0 : n;
}

int net_setup(struct answer *a, const struct wtg_net_opts *net, const char *url,
              struct wtg_err *err)
{
    CURL *e = a->easy;
    const char *schemes = strncasecmp(url, "https:", 6) == 0 ? "https" : "http,https";
    bool good = true;

    a->head = (struct head){ .retry_after_s = -1 };
    a->downgrade = false;
    a->why[0] = '\0';
#define SET(option, value) good = good && curl_easy_setopt(e, option, value) == CURLE_OK
    SET(CURLOPT_URL, url);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 1L);
    SET(CURLOPT_REDIR_PROTOCOLS_STR, schemes);
    SET(CURLOPT_MAXREDIRS, (long)NET_REDIRECTS);
    SET(CURLOPT_CONNECTTIMEOUT, (long)NET_CONNECT_SECONDS);
    SET(CURLOPT_LOW_SPEED_LIMIT, (long)min_u64(net->stall_rate, INT32_MAX));
    SET(CURLOPT_LOW_SPEED_TIME, (long)net->stall_seconds);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    /* Ranges over several connections are the plan; streams in one connection would share its fate.
     */
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_USERAGENT, "wtg/" WTG_VERSION);
    SET(CURLOPT_BUFFERSIZE, net->limit_rate ? 16L * 1024 : 128L * 1024);
    SET(CURLOPT_ERRORBUFFER, a->why);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, a);
    if (net->ca_file)
        SET(CURLOPT_CAINFO, net->ca_file);
#undef SET
    return good ? 0 : wtg_fail(err, WTG_E_UNSUPPORTED, "this libcurl lacks something wtg needs");
}

/* clang-format off */
static const struct {
    CURLcode code;
    enum net_next next;
    int error;
} curl_faults[] = {
    { CURLE_OUT_OF_MEMORY,             NET_STOP,  WTG_E_NOMEM },
    { CURLE_SSL_CACERT_BADFILE,        NET_STOP,  WTG_E_NOT_TRUSTED },
    { CURLE_PEER_FAILED_VERIFICATION,  NET_NEVER, WTG_E_NOT_TRUSTED },
    { CURLE_SSL_ISSUER_ERROR,          NET_NEVER, WTG_E_NOT_TRUSTED },
    { CURLE_SSL_CIPHER,                NET_NEVER, WTG_E_NOT_TRUSTED },
    { CURLE_TOO_MANY_REDIRECTS,        NET_NEVER, WTG_E_SERVER },
    { CURLE_URL_MALFORMAT,             NET_NEVER, WTG_E_SERVER },
    { CURLE_BAD_CONTENT_ENCODING,      NET_NEVER, WTG_E_SERVER },
    { CURLE_UNSUPPORTED_PROTOCOL,      NET_NEVER, WTG_E_NOT_TRUSTED },
};
/* clang-format on */

enum net_next net_judge(const struct answer *a, CURLcode code, const char *shown,
                        struct wtg_err *err)
{
    const char *why = a->why[0] ? a->why : curl_easy_strerror(code);
    size_t i = 0;

    if (a->downgrade) {
        wtg_fail(err, WTG_E_NOT_TRUSTED,
                 "'%s' leads from https to '%.300s', which anybody on the way can change", shown,
                 a->head.location);
        return NET_NEVER;
    }
    while (i < ARRAY_LEN(curl_faults) && curl_faults[i].code != code)
        i++;
    if (code == CURLE_UNSUPPORTED_PROTOCOL && a->head.status / 100 != 3)
        i = ARRAY_LEN(curl_faults); /* no redirect: what came was not HTTP */
    if (i == ARRAY_LEN(curl_faults)) {
        wtg_fail(err, WTG_E_NETWORK, "'%s': %s", shown, why);
        return NET_AGAIN;
    }
    wtg_fail(err, curl_faults[i].error, "'%s': %s", shown, why);
    if (curl_faults[i].error == WTG_E_NOT_TRUSTED)
        wtg_hint(err, "somebody may stand between you and the server, or its certificate is wrong; "
                      "a certificate of your own goes with --ca-file");
    return curl_faults[i].next;
}

enum net_next net_judge_status(const struct head *h, const char *shown, struct wtg_err *err)
{
    static const short later[] = { 408, 425, 429, 500, 502, 503, 504 };

    wtg_fail(err, WTG_E_SERVER, "'%s': the server answers %d", shown, h->status);
    wtg_fact(err, "http.status", "%d", h->status);
    if (h->status == 404 || h->status == 410)
        wtg_hint(err, "look whether the address is right; files move");
    for (size_t i = 0; i < ARRAY_LEN(later); i++)
        if (h->status == later[i])
            return NET_AGAIN;
    return h->status >= 500 ? NET_AGAIN : NET_NEVER;
}

double net_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double net_backoff(unsigned n)
{
    double wait = 0.1;
    uint16_t dice = 0;

    for (unsigned i = 1; i < n && wait < 30; i++)
        wait *= 2;
    wait = wait > 30 ? 30 : wait;
    if (getrandom(&dice, sizeof dice, GRND_NONBLOCK) != sizeof dice)
        dice = UINT16_MAX / 2;
    return wait * (0.5 + (double)dice / UINT16_MAX); /* so that many do not come back at once */
}

void net_note(const struct wtg_net_opts *net, const char *fmt, ...)
{
    char text[768];
    va_list ap;

    if (!net->on_note)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    net->on_note(text, net->user);
}
