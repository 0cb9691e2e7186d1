/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FETCH_HEAD_H
#define WTG_FETCH_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the head of a server's answer says (RFC 9110).  Untrusted: a field that makes no sense is
 * one that is not there, except for Content-Range, which must not be guessed at. */
enum { HEAD_TAG_BYTES = 256, HEAD_DATE_BYTES = 64, HEAD_WORD_BYTES = 32, HEAD_PLACE_BYTES = 1024 };

struct head {
    int status;      /* 0: no answer has begun */
    bool has_length; /* Content-Length */
    bool has_range;  /* Content-Range: bytes first-last/... */
    bool has_total;  /* Content-Range: .../total */
    bool bad_range;  /* a Content-Range that cannot be understood, or two */
    bool chunked;    /* its end can be seen without a length */
    uint64_t length;
    uint64_t first, last, total;     /* first <= last < total, as far as they are there */
    int64_t retry_after_s;           /* -1: does not say */
    char etag[HEAD_TAG_BYTES];       /* as it stands, with quotes; "": none */
    char modified[HEAD_DATE_BYTES];  /* Last-Modified as it stands */
    char encoding[HEAD_WORD_BYTES];  /* Content-Encoding other than identity */
    char location[HEAD_PLACE_BYTES]; /* where a redirect leads to */
};

/* Takes one line, with or without its end.  A status line begins a new head.  `now_s`: seconds
 * since 1970, to which a date in Retry-After is compared. */
void head_line(struct head *h, const char *line, size_t n, int64_t now_s);

#endif
