/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/examine-priv.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"

/* Content on all cores.  Files are taken in the order in which they stand on the volume, so that
 * the medium reads forward; the kernel's read-ahead does the rest. */

enum { STEP_BYTES = 1 << 20, THREADS_MAX = 64 };

struct crew {
    struct exam *x;
    struct exam_pair *pair;
    size_t n;
    atomic_size_t next;
    atomic_uint_fast64_t bytes;
    uint64_t total;
    atomic_int code; /* of whoever failed first */
};

static bool tick(struct crew *c, bool main_thread)
{
    struct wtg_err err = { 0 };
    const struct wtg_progress p = { "compare-files", "bytes", atomic_load(&c->bytes), c->total };

    if (main_thread && wtg_tick(c->x->job, &p, &err) < 0) {
        int none = 0;
        atomic_compare_exchange_strong(&c->code, &none, WTG_E_CANCELLED);
    }
    return atomic_load(&c->code) == 0;
}

static void compare_one(struct crew *c, struct exam_pair *p, struct hash *h, uint8_t *buf,
                        bool main_thread)
{
    struct wtg_err err = { 0 };
    uint8_t digest[SHA1_BYTES];
    int r = 0;

    hash_reset(h);
    for (uint64_t at = 0; r == 0 && at < p->blob->size_bytes && tick(c, main_thread);) {
        size_t n = (size_t)min_u64(STEP_BYTES, p->blob->size_bytes - at);
        r = tree_blob_read(p->blob, at, buf, n, &err);
        if (r == 0)
            hash_add(h, buf, n);
        at += n;
        atomic_fetch_add(&c->bytes, n);
    }
    if (r == WTG_E_NOMEM)
        atomic_store(&c->code, r);
    hash_end(h, digest);
    p->read = r == 0;
    p->same = r == 0 && memcmp(digest, p->sha1, sizeof digest) == 0;
}

static void work(struct crew *c, bool main_thread)
{
    struct wtg_err err = { 0 };
    struct hash *h = NULL;
    AUTO_FREE uint8_t *buf = malloc(STEP_BYTES);

    if (!buf || hash_new(HASH_SHA1, &h, &err) < 0)
        atomic_store(&c->code, WTG_E_NOMEM);
    else
        for (size_t i; tick(c, main_thread) && (i = atomic_fetch_add(&c->next, 1)) < c->n;)
            compare_one(c, &c->pair[i], h, buf, main_thread);
    hash_free(h);
}

static void *help(void *crew)
{
    work(crew, false);
    return NULL;
}

static int by_place(const void *a, const void *b)
{
    uint64_t x = ((const struct exam_pair *)a)->blob->order;
    uint64_t y = ((const struct exam_pair *)b)->blob->order;
    return (x > y) - (x < y);
}

int exam_compare(struct exam *x, struct exam_pair *pair, size_t n, struct wtg_err *err)
{
    struct crew c = { .x = x, .pair = pair, .n = n };
    pthread_t thread[THREADS_MAX];
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t want = x->o->threads ? x->o->threads : cores > 0 ? (size_t)cores : 1, helpers = 0;

    qsort(pair, n, sizeof *pair, by_place);
    for (size_t i = 0; i < n; i++)
        c.total += pair[i].blob->size_bytes;
    while (helpers + 1 < min_u64(min_u64(want, n), THREADS_MAX) &&
           pthread_create(&thread[helpers], NULL, help, &c) == 0)
        helpers++;
    work(&c, true);
    while (helpers > 0)
        pthread_join(thread[--helpers], NULL);
    int code = atomic_load(&c.code);
    if (code == WTG_E_NOMEM)
        return wtg_fail_nomem(err);
    return code < 0 ? wtg_fail(err, code, "the comparison was stopped") : 0;
}
