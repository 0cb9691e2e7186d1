/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/head.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

/* A value in a line: not terminated. */
struct word {
    const char *p;
    size_t n;
};

static struct word trimmed(const char *p, size_t n)
{
    while (n > 0 && (*p == ' ' || *p == '\t')) {
        p++;
        n--;
    }
    while (n > 0 && strchr(" \t\r\n", p[n - 1]))
        n--;
    return (struct word){ p, n };
}

/* Digits at the front; false when there are none or too many. */
static bool take_number(struct word *w, uint64_t *ret)
{
    uint64_t v = 0;
    size_t i = 0;

    for (; i < w->n && w->p[i] >= '0' && w->p[i] <= '9'; i++)
        if (__builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (unsigned)(w->p[i] - '0'), &v))
            return false;
    if (i == 0)
        return false;
    w->p += i;
    w->n -= i;
    *ret = v;
    return true;
}

static bool take_char(struct word *w, char c)
{
    if (w->n == 0 || *w->p != c)
        return false;
    w->p++;
    w->n--;
    return true;
}

static void on_status(struct head *h, struct word w)
{
    uint64_t status = 0;

    *h = (struct head){ .retry_after_s = -1 };
    while (w.n > 0 && !take_char(&w, ' ')) {
        w.p++;
        w.n--;
    }
    if (take_number(&w, &status) && status < 1000)
        h->status = (int)status;
}

/* "bytes FIRST-LAST/TOTAL", where TOTAL may be "*", or "bytes * /TOTAL" (without the space). */
static void on_range(struct head *h, struct word w)
{
    bool again = h->has_range || h->has_total || h->bad_range, open = false;

    h->has_range = h->has_total = false;
    h->bad_range = true;
    if (again || w.n < 6 || strncasecmp(w.p, "bytes ", 6) != 0)
        return;
    w = trimmed(w.p + 6, w.n - 6);
    bool nothing = take_char(&w, '*');
    if (!nothing && (!take_number(&w, &h->first) || !take_char(&w, '-') ||
                     !take_number(&w, &h->last) || h->first > h->last))
        return;
    if (!take_char(&w, '/'))
        return;
    open = take_char(&w, '*');
    if ((open && nothing) || (!open && !take_number(&w, &h->total)) || w.n > 0)
        return;
    if (!open && (h->total > INT64_MAX || (!nothing && h->last >= h->total)))
        return;
    h->has_range = !nothing;
    h->has_total = !open;
    h->bad_range = h->last >= INT64_MAX;
}

static void on_length(struct head *h, struct word w)
{
    h->has_length = take_number(&w, &h->length) && w.n == 0 && h->length <= INT64_MAX;
}

static void on_retry(struct head *h, struct word w, int64_t now_s)
{
    char date[HEAD_DATE_BYTES];
    uint64_t seconds;
    struct word number = w;

    if (take_number(&number, &seconds) && number.n == 0) {
        h->retry_after_s = seconds < INT32_MAX ? (int64_t)seconds : INT32_MAX;
        return;
    }
    if (w.n >= sizeof date)
        return;
    memcpy(date, w.p, w.n);
    date[w.n] = '\0';
    time_t at = curl_getdate(date, NULL);
    if (at >= 0)
        h->retry_after_s = at > now_s ? (int64_t)at - now_s : 0;
}

/* Visible ASCII and spaces; what does not fit is cut, always at the same place. */
static void keep(char *to, size_t cap, struct word w)
{
    size_t n = 0;

    for (size_t i = 0; i < w.n && n + 1 < cap; i++)
        if (w.p[i] >= ' ' && w.p[i] <= '~')
            to[n++] = w.p[i];
    to[n] = '\0';
}

static bool is(struct word name, const char *wanted)
{
    return name.n == strlen(wanted) && strncasecmp(name.p, wanted, name.n) == 0;
}

void head_line(struct head *h, const char *line, size_t n, int64_t now_s)
{
    if (n >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        on_status(h, trimmed(line, n));
        return;
    }
    const char *colon = memchr(line, ':', n);
    if (!colon)
        return;
    struct word name = { line, (size_t)(colon - line) };
    struct word value = trimmed(colon + 1, n - name.n - 1);
    if (is(name, "Content-Length"))
        on_length(h, value);
    else if (is(name, "Content-Range"))
        on_range(h, value);
    else if (is(name, "Transfer-Encoding"))
        h->chunked = value.n >= 7 && strncasecmp(value.p + value.n - 7, "chunked", 7) == 0;
    else if (is(name, "Retry-After"))
        on_retry(h, value, now_s);
    else if (is(name, "ETag"))
        keep(h->etag, sizeof h->etag, value);
    else if (is(name, "Last-Modified"))
        keep(h->modified, sizeof h->modified, value);
    else if (is(name, "Location"))
        keep(h->location, sizeof h->location, value);
    else if (is(name, "Content-Encoding") && !is(value, "identity"))
        keep(h->encoding, sizeof h->encoding, value);
}
