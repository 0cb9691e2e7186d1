/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_NOMEM_H
#define TEST_NOMEM_H

/* For tests in which the nth allocation fails.  Link with
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup. */

#include <stddef.h>

static long allocations_left = -1; /* -1: all succeed; 0: the next one fails, later ones do not */

static inline int allocation_fails(void)
{
    return allocations_left >= 0 && allocations_left-- == 0;
}

#define WRAP_ALLOCATION(name, params, args)                                                        \
    void *__real_##name params;                                                                    \
    void *__wrap_##name params;                                                                    \
    void *__wrap_##name params                                                                     \
    {                                                                                              \
        return allocation_fails() ? NULL : __real_##name args;                                     \
    }
WRAP_ALLOCATION(malloc, (size_t n), (n))
WRAP_ALLOCATION(calloc, (size_t n, size_t m), (n, m))
WRAP_ALLOCATION(realloc, (void *p, size_t n), (p, n))
WRAP_ALLOCATION(strdup, (const char *s), (s))
WRAP_ALLOCATION(strndup, (const char *s, size_t n), (s, n))

/* Runs `call`, an int expression that wants a struct wtg_err `err`, until no allocation fails any
 * more.  Each failure must be NOMEM. `undo` cleans up after a success. */
#define WALK_ALLOCATIONS(call, undo)                                                               \
    do {                                                                                           \
        int walk_ = WTG_E_NOMEM;                                                                   \
        for (long n_ = 0; walk_ < 0 && n_ < 20000; n_++) {                                         \
            struct wtg_err err = { 0 };                                                            \
            allocations_left = n_;                                                                 \
            walk_ = (call);                                                                        \
            bool all_ = allocations_left >= 0;                                                     \
            allocations_left = -1;                                                                 \
            if (walk_ == 0) {                                                                      \
                undo;                                                                              \
                CHECK(all_);                                                                       \
            } else if (walk_ != WTG_E_NOMEM) {                                                     \
                printf("# allocation %ld: %d %s\n", n_, walk_, err.text);                          \
                CHECK(walk_ == WTG_E_NOMEM);                                                       \
                break;                                                                             \
            }                                                                                      \
        }                                                                                          \
        CHECK(walk_ == 0);                                                                         \
    } while (0)

#endif
