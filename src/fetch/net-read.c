/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "fetch/file.h"
#include "fetch/net.h"

/* Small files as a whole: checksums, signatures, catalogues. */

enum { SMALL_TRIES = 4, SMALL_RETRY_AFTER_MAX_S = 30 };

struct small {
    struct answer a;
    struct wtg_job *job;
    char *text;
    size_t n, cap, max;
    bool too_long, no_memory;
};

static size_t on_body(char *p, size_t one, size_t n, void *user)
{
    struct small *s = user;

    (void)one;
    if (s->a.head.status / 100 != 2)
        return n; /* what an error page says */
    if (n > s->max - s->n) {
        s->too_long = true;
        return 0;
    }
    if (s->n + n + 1 > s->cap) {
        size_t cap = 2 * (s->n + n + 1);
        char *more = realloc(s->text, cap);
        s->no_memory = !more;
        if (!more)
            return 0;
        s->text = more;
        s->cap = cap;
    }
    memcpy(s->text + s->n, p, n);
    s->n += n;
    s->text[s->n] = '\0';
    return n;
}

static int on_time(void *user, curl_off_t total, curl_off_t now, curl_off_t up, curl_off_t up_now)
{
    const struct small *s = user;

    (void)total, (void)now, (void)up, (void)up_now;
    return s->job && atomic_load(&s->job->cancel);
}

/* Waits in small steps, so that it can be stopped. */
static int wait_for(double seconds, struct wtg_job *job, struct wtg_err *err)
{
    const struct timespec step = { .tv_nsec = 50000000 };
    const struct wtg_progress p = { .step = "fetch", .unit = "bytes" };

    for (double end = net_now() + seconds; net_now() < end;) {
        if (wtg_tick(job, &p, err) < 0)
            return err->code;
        nanosleep(&step, NULL);
    }
    return 0;
}

static enum net_next get_once(struct small *s, const struct wtg_net_opts *net, const char *url,
                              const char *shown, struct wtg_err *err)
{
    CURL *e = s->a.easy;

    curl_easy_reset(e);
    s->n = 0;
    *err = (struct wtg_err){ 0 };
    if (net_setup(&s->a, net, url, err) < 0)
        return NET_STOP;
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_time);
    curl_easy_setopt(e, CURLOPT_XFERINFODATA, s);
    curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, ""); /* small and whole: packing does no harm */
    CURLcode code = curl_easy_perform(e);
    if (s->job && atomic_load(&s->job->cancel)) {
        wtg_fail(err, WTG_E_CANCELLED, "stopped while fetching '%s'", shown);
        return NET_STOP;
    }
    if (s->no_memory) {
        wtg_fail_nomem(err);
        return NET_STOP;
    }
    if (s->too_long) {
        wtg_fail(err, WTG_E_SERVER, "'%s' has more than the %zu bytes of any such file", shown,
                 s->max);
        return NET_STOP;
    }
    if (code != CURLE_OK)
        return net_judge(&s->a, code, shown, err);
    if (s->a.head.status != 200)
        return net_judge_status(&s->a.head, shown, err);
    return NET_AGAIN; /* and err->code is 0 */
}

static int get(struct small *s, const struct wtg_net_opts *net, const char *url, const char *shown,
               struct wtg_err *err)
{
    for (unsigned n = 1;; n++) {
        enum net_next next = get_once(s, net, url, shown, err);
        if (err->code == 0)
            return 0;
        int64_t asked = s->a.head.retry_after_s;
        if (next != NET_AGAIN || n >= min_u64(SMALL_TRIES, net->tries) ||
            asked > SMALL_RETRY_AFTER_MAX_S)
            return err->code;
        double wait = net_backoff(n + 1);
        net_note(net, "%s; trying again", err->text);
        if (wait_for(asked > wait ? (double)asked : wait, s->job, err) < 0)
            return err->code;
    }
}

static int read_url(const char *url, const struct wtg_net_opts *net, size_t max,
                    struct wtg_job *job, char **ret, size_t *ret_n, struct wtg_err *err)
{
    struct small s = { .job = job, .max = max };
    AUTO_FREE char *shown = NULL;

    if (net_check_url(url, err) < 0 || net_shown(url, false, &shown, err) < 0)
        return err->code;
    s.cap = 4096;
    s.text = calloc(1, s.cap);
    s.a.easy = curl_easy_init();
    int r = s.text && s.a.easy ? get(&s, net, url, shown, err) : wtg_fail_nomem(err);
    curl_easy_cleanup(s.a.easy);
    if (r < 0) {
        free(s.text);
        return r;
    }
    *ret = s.text;
    *ret_n = s.n;
    return 0;
}

int net_read(const char *file_or_url, const struct wtg_net_opts *net, size_t max,
             struct wtg_job *job, char **ret, size_t *ret_n, struct wtg_err *err)
{
    return net_is_url(file_or_url) ? read_url(file_or_url, net, max, job, ret, ret_n, err)
                                   : file_read(file_or_url, max, ret, ret_n, err);
}
