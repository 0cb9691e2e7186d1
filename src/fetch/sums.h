/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FETCH_SUMS_H
#define WTG_FETCH_SUMS_H

#include "base/hash.h"
#include "base/span.h"

/* Several hashes of the same bytes.  Zero-initialise. */
struct sums {
    struct hash *hash[HASH_KINDS]; /* NULL: not wanted */
    uint8_t digest[HASH_KINDS][HASH_MAX_BYTES];
};
/* `kinds`: bits 1 << HASH_SHA256 and so on; begins anew when it was begun before. */
int sums_begin(struct sums *s, unsigned kinds, struct wtg_err *err) WTG_MUST_USE;
void sums_add(struct sums *s, const void *p, size_t n);
void sums_end(struct sums *s); /* fills digest[] */
void sums_release(struct sums *s);
static inline bool sums_any(const struct sums *s)
{
    return s->hash[HASH_SHA1] || s->hash[HASH_SHA256] || s->hash[HASH_SHA512] || s->hash[HASH_MD5];
}

/* A checksum that a file should have. */
struct wanted_sum {
    enum hash_kind kind;
    uint8_t digest[HASH_MAX_BYTES];
};
/* Reads the hex of a hash; false when it is none. */
bool sums_parse(enum hash_kind kind, const char *hex, size_t n, struct wanted_sum *ret);

/* Looks into a list of checksums for the first of `name` (NULL-terminated) that it has and gives
 * the strongest hash that it has of it.  Forms: "HEX  NAME", "HEX *NAME", "\HEX  NAME" with
 * escapes, "SHA256 (NAME) = HEX", and a file of nothing but one HEX.  Names fit as a whole or by
 * what stands behind the last '/'.  NOT_FOUND with the names that it has; IMAGE_FORMAT when it is
 * no list, or contradicts itself. */
int sums_find(struct wtg_span list, const char *const *name, struct wanted_sum *ret,
              struct wtg_err *err) WTG_MUST_USE;

#endif
