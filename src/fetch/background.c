/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/background.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "fetch/file.h"

enum { STEP_BYTES = 1 << 20 };

struct background {
    int fd;
    struct sums *sums;
    pthread_mutex_t lock;
    pthread_cond_t change;
    pthread_t hasher, syncer;
    bool has_hasher, has_syncer;
    /* All under the lock. */
    bool stop, all;
    uint64_t ready, hashed;
    int journal_fd;
    uint64_t token;
    enum { SYNC_IDLE, SYNC_WANTED, SYNC_DONE } sync;
    int sync_errno;
    struct wtg_err hash_err;
    uint8_t *buffer;
};

/* How much may be hashed now: whole steps, or the rest at the end; 0: stop. */
static size_t next_step(struct background *b)
{
    size_t n = 0;

    pthread_mutex_lock(&b->lock);
    while (!b->stop) {
        n = (size_t)min_u64(b->ready - b->hashed, STEP_BYTES);
        if (n == STEP_BYTES || b->all)
            break;
        pthread_cond_wait(&b->change, &b->lock);
    }
    n = b->stop ? 0 : n;
    pthread_mutex_unlock(&b->lock);
    return n;
}

static void *hash_loop(void *user)
{
    struct background *b = user;
    size_t n, got = 0;

    while ((n = next_step(b)) > 0) {
        struct wtg_err err = { 0 };
        int r = file_read_at(b->fd, b->hashed, b->buffer, n, &got, &err);
        if (r == 0 && got < n)
            r = wtg_fail(&err, WTG_E_IO, "the file has become shorter meanwhile");
        if (r == 0)
            sums_add(b->sums, b->buffer, n);
        pthread_mutex_lock(&b->lock);
        b->hashed += n;
        b->hash_err = err;
        b->stop |= r < 0;
        pthread_cond_broadcast(&b->change);
        pthread_mutex_unlock(&b->lock);
    }
    return NULL;
}

static void *sync_loop(void *user)
{
    struct background *b = user;

    pthread_mutex_lock(&b->lock);
    for (;;) {
        while (!b->stop && b->sync != SYNC_WANTED)
            pthread_cond_wait(&b->change, &b->lock);
        if (b->stop)
            break;
        int journal_fd = b->journal_fd;
        pthread_mutex_unlock(&b->lock);
        int sys = fdatasync(b->fd) < 0 || fdatasync(journal_fd) < 0 ? errno : 0;
        pthread_mutex_lock(&b->lock);
        b->sync = SYNC_DONE;
        b->sync_errno = sys;
    }
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

int background_new(int fd, struct sums *sums, struct background **ret, struct wtg_err *err)
{
    struct background *b = mem_zeroed(1, sizeof *b, err);
    sigset_t all, old;

    if (!b)
        return err->code;
    b->fd = fd;
    b->sums = sums;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->change, NULL);
    if (sums && !(b->buffer = malloc(STEP_BYTES))) {
        background_free(b);
        return wtg_fail_nomem(err);
    }
    sigfillset(&all); /* signals are for the thread that waits */
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int sys = pthread_create(&b->syncer, NULL, sync_loop, b);
    b->has_syncer = sys == 0;
    if (sys == 0 && sums) {
        sys = pthread_create(&b->hasher, NULL, hash_loop, b);
        b->has_hasher = sys == 0;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (sys) {
        background_free(b);
        return wtg_fail_errno(err, sys, "cannot start a thread");
    }
    *ret = b;
    return 0;
}

void background_ready(struct background *b, uint64_t bytes)
{
    pthread_mutex_lock(&b->lock);
    bool wake = bytes >= b->hashed + STEP_BYTES;
    b->ready = max_u64(b->ready, bytes);
    if (wake && b->sums)
        pthread_cond_broadcast(&b->change);
    pthread_mutex_unlock(&b->lock);
}

void background_sync(struct background *b, int journal_fd, uint64_t token)
{
    pthread_mutex_lock(&b->lock);
    if (b->sync == SYNC_IDLE) {
        b->journal_fd = journal_fd;
        b->token = token;
        b->sync = SYNC_WANTED;
        pthread_cond_broadcast(&b->change);
    }
    pthread_mutex_unlock(&b->lock);
}

int background_synced(struct background *b, uint64_t *ret, struct wtg_err *err)
{
    int r = 0;

    pthread_mutex_lock(&b->lock);
    if (b->sync == SYNC_DONE) {
        b->sync = SYNC_IDLE;
        *ret = b->token;
        r = b->sync_errno ? wtg_fail_errno(err, b->sync_errno, "the medium does not take the file")
                          : 1;
    }
    pthread_mutex_unlock(&b->lock);
    return r;
}

int background_finish(struct background *b, uint64_t size, struct wtg_job *job, struct wtg_err *err)
{
    int r = 0;

    if (!b->sums)
        return 0;
    pthread_mutex_lock(&b->lock);
    b->ready = size;
    b->all = true;
    pthread_cond_broadcast(&b->change);
    while (r == 0 && b->hashed < size && !b->stop) {
        struct timespec until;
        struct wtg_progress p = { "prove", "bytes", b->hashed, size };
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 100000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&b->change, &b->lock, &until);
        pthread_mutex_unlock(&b->lock);
        r = wtg_tick(job, &p, err);
        pthread_mutex_lock(&b->lock);
    }
    if (r == 0 && b->hash_err.code) {
        *err = b->hash_err;
        r = err->code;
    }
    pthread_mutex_unlock(&b->lock);
    if (r == 0)
        sums_end(b->sums);
    return r;
}

void background_free(struct background *b)
{
    if (!b)
        return;
    pthread_mutex_lock(&b->lock);
    b->stop = true;
    pthread_cond_broadcast(&b->change);
    pthread_mutex_unlock(&b->lock);
    if (b->has_hasher)
        pthread_join(b->hasher, NULL);
    if (b->has_syncer)
        pthread_join(b->syncer, NULL);
    pthread_cond_destroy(&b->change);
    pthread_mutex_destroy(&b->lock);
    free(b->buffer);
    free(b);
}
