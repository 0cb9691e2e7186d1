/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BASE_MEM_H
#define WTG_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Cleanup on leaving the scope.  Initialise at declaration; hand over with TAKE_*. */
static inline void wtg_free_ptr(void *p) { free(*(void **)p); }
static inline void wtg_close_fd(int *fd) { if (*fd >= 0) close(*fd); }
#define AUTO_FREE __attribute__((cleanup(wtg_free_ptr)))
#define AUTO_FD __attribute__((cleanup(wtg_close_fd))) int
#define TAKE_PTR(p) (__extension__({ __typeof__(p) taken_ = (p); (p) = NULL; taken_; }))
#define TAKE_FD(fd) (__extension__({ int taken_ = (fd); (fd) = -1; taken_; }))

/* Arithmetic on sizes that come from input: true when the result does not fit. */
#define ADD_OVERFLOW(a, b, r) __builtin_add_overflow((a), (b), (r))
#define MUL_OVERFLOW(a, b, r) __builtin_mul_overflow((a), (b), (r))

static inline uint64_t round_up(uint64_t v, uint64_t step) { return (v + step - 1) / step * step; }
static inline uint64_t div_up(uint64_t v, uint64_t by) { return v / by + (v % by != 0); }
static inline uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }
static inline uint64_t max_u64(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* Grows a malloc'ed array so that one more element fits: doubles *cap.  `array` points to the
 * pointer.  Usage: if (mem_grow(&v->item, &v->cap, v->n, sizeof v->item[0], err) < 0) ... */
int mem_grow(void *array, size_t *cap, size_t n, size_t elem_bytes, struct wtg_err *err)
    WTG_MUST_USE;

/* calloc of n elements, with the error filled in. */
void *mem_zeroed(size_t n, size_t elem_bytes, struct wtg_err *err) WTG_MUST_USE;

/* A bump allocator for things that live and die together.  Zero-initialise; pointers stay valid
 * until _release.  Not thread-safe. */
struct arena {
    struct arena_block *block;
    size_t used, cap;
    size_t total_bytes; /* given out so far */
};
void *arena_alloc(struct arena *a, size_t n, struct wtg_err *err) WTG_MUST_USE; /* zeroed, 8-aligned; NULL on failure */
void *arena_dup(struct arena *a, const void *p, size_t n, struct wtg_err *err) WTG_MUST_USE;
void arena_release(struct arena *a);

#endif
