/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BASE_SPAN_H
#define WTG_BASE_SPAN_H

#include <stddef.h>
#include <stdint.h>

/* Untrusted bytes, borrowed. */
struct wtg_span {
    const uint8_t *p;
    size_t n;
};

/* The only way to look into untrusted bytes: NULL when [off, off+len) is not inside. */
static inline const void *span_at(struct wtg_span s, uint64_t off, uint64_t len)
{
    if (!s.p || off > s.n || len > s.n - off) /* NULL + 0 has no meaning in C */
        return NULL;
    return s.p + off;
}

/* The part [off, off+len), or an empty span ({NULL, 0}) when that is not inside. */
static inline struct wtg_span span_sub(struct wtg_span s, uint64_t off, uint64_t len)
{
    const uint8_t *p = span_at(s, off, len);
    return (struct wtg_span){ p, p ? (size_t)len : 0 };
}

#endif
