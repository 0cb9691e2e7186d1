/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/mem.h"

#include <string.h>

int mem_grow(void *array, size_t *cap, size_t n, size_t elem_bytes, struct wtg_err *err)
{
    if (n < *cap)
        return 0;
    size_t want = *cap ? *cap * 2 : 16, bytes;
    if (want < n || MUL_OVERFLOW(want, elem_bytes, &bytes))
        return wtg_fail_nomem(err);
    void *old;
    memcpy(&old, array, sizeof old);
    void *p = realloc(old, bytes);
    if (!p)
        return wtg_fail_nomem(err);
    memcpy(array, &p, sizeof p);
    *cap = want;
    return 0;
}

void *mem_zeroed(size_t n, size_t elem_bytes, struct wtg_err *err)
{
    void *p = calloc(n ? n : 1, elem_bytes);
    if (!p)
        wtg_fail_nomem(err);
    return p;
}

struct arena_block {
    struct arena_block *older;
    uint64_t align;
};

enum { ARENA_BLOCK_BYTES = 256 * 1024 };

void *arena_alloc(struct arena *a, size_t n, struct wtg_err *err)
{
    size_t need;
    if (ADD_OVERFLOW(n, (size_t)7, &need)) {
        wtg_fail_nomem(err);
        return NULL;
    }
    need &= ~(size_t)7;
    if (!a->block || need > a->cap - a->used) {
        size_t cap = need > ARENA_BLOCK_BYTES ? need : ARENA_BLOCK_BYTES, bytes;
        struct arena_block *b = NULL;
        if (!ADD_OVERFLOW(cap, sizeof *b, &bytes))
            b = calloc(1, bytes);
        if (!b) {
            wtg_fail_nomem(err);
            return NULL;
        }
        b->older = a->block;
        a->block = b;
        a->cap = cap;
        a->used = 0;
    }
    void *p = (uint8_t *)(a->block + 1) + a->used;
    a->used += need;
    a->total_bytes += need;
    return p;
}

void *arena_dup(struct arena *a, const void *p, size_t n, struct wtg_err *err)
{
    void *q = arena_alloc(a, n, err);
    if (q && n)
        memcpy(q, p, n);
    return q;
}

void arena_release(struct arena *a)
{
    while (a->block) {
        struct arena_block *older = a->block->older;
        free(a->block);
        a->block = older;
    }
    *a = (struct arena){ 0 };
}
