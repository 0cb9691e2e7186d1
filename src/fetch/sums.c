/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/sums.h"

int sums_begin(struct sums *s, unsigned kinds, struct wtg_err *err)
{
    sums_release(s);
    for (unsigned k = 0; k < HASH_KINDS; k++)
        if (kinds & 1u << k && hash_new((enum hash_kind)k, &s->hash[k], err) < 0) {
            sums_release(s);
            return err->code;
        }
    return 0;
}

void sums_add(struct sums *s, const void *p, size_t n)
{
    for (unsigned k = 0; k < HASH_KINDS; k++)
        if (s->hash[k])
            hash_add(s->hash[k], p, n);
}

void sums_end(struct sums *s)
{
    for (unsigned k = 0; k < HASH_KINDS; k++)
        if (s->hash[k])
            hash_end(s->hash[k], s->digest[k]);
}

void sums_release(struct sums *s)
{
    for (unsigned k = 0; k < HASH_KINDS; k++) {
        hash_free(s->hash[k]);
        s->hash[k] = NULL;
    }
}

bool sums_parse(enum hash_kind kind, const char *hex, size_t n, struct wanted_sum *ret)
{
    ret->kind = kind;
    return n == 2 * hash_bytes(kind) && hash_unhex(hex, hash_bytes(kind), ret->digest);
}
