/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How fast the way from a WIM to bytes is: one reader, N decoders, nothing written.
 *
 *     bench-decode [-t THREADS] [-u UNIT_KIB] [-s] IMAGE [INDEX]
 *
 * -s also computes each piece's SHA-1.  Prints wall and CPU time and rates.  With `perf record`
 * nearly all of it must be libwim's decompressors (and libcrypto). */

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/hash.h"
#include "base/mem.h"
#include "image/image.h"

enum { MAX_THREADS = 64 };

struct bench {
    struct tree_feed *feed;
    pthread_mutex_t lock; /* of the reader */
    bool sha1;
    int failed;
    struct wtg_err err;
    uint64_t bytes, units, pieces;
};

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct worker {
    struct tree_unit unit;
    uint8_t *out;
    size_t out_cap;
    uint8_t **dst;
    size_t dst_cap;
    struct hash *hash;
    void *decoder;
};

static int room(struct worker *w, struct wtg_err *err)
{
    size_t bytes = 0;
    for (size_t i = 0; i < w->unit.npieces; i++)
        bytes += w->unit.piece[i].len;
    if (bytes > w->out_cap) {
        free(w->out);
        w->out = malloc(bytes);
        w->out_cap = w->out ? bytes : 0;
    }
    if (w->unit.npieces > w->dst_cap) {
        free(w->dst);
        w->dst = malloc(w->unit.npieces * sizeof *w->dst);
        w->dst_cap = w->dst ? w->unit.npieces : 0;
    }
    if (!w->out || !w->dst)
        return wtg_fail_nomem(err);
    uint8_t *at = w->out;
    for (size_t i = 0; i < w->unit.npieces; at += w->unit.piece[i++].len)
        w->dst[i] = at;
    return 0;
}

static int one_unit(struct bench *b, struct worker *w, struct wtg_err *err)
{
    pthread_mutex_lock(&b->lock);
    int more = b->feed->ops->next(b->feed, &w->unit, err);
    pthread_mutex_unlock(&b->lock);
    if (more <= 0)
        return more;
    int r = room(w, err);
    if (r == 0)
        r = b->feed->ops->decode(b->feed, w->decoder, &w->unit, w->dst, NULL, err);
    uint8_t digest[SHA1_BYTES];
    for (size_t i = 0; r == 0 && i < w->unit.npieces; i++) {
        if (b->sha1) {
            hash_reset(w->hash);
            hash_add(w->hash, w->dst[i], w->unit.piece[i].len);
            hash_end(w->hash, digest);
        }
        __atomic_fetch_add(&b->bytes, w->unit.piece[i].len, __ATOMIC_RELAXED);
    }
    __atomic_fetch_add(&b->units, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&b->pieces, w->unit.npieces, __ATOMIC_RELAXED);
    return r < 0 ? r : 1;
}

static void *work(void *arg)
{
    struct bench *b = arg;
    struct worker w = { 0 };
    struct wtg_err err = { 0 };

    int r = hash_new(HASH_SHA1, &w.hash, &err);
    if (r == 0)
        r = b->feed->ops->decoder_new(b->feed, &w.decoder, &err);
    for (int more = 1; r == 0 && more == 1;) {
        more = one_unit(b, &w, &err);
        r = more < 0 ? more : 0;
    }
    if (r < 0) {
        b->failed = r;
        b->err = err;
    }
    b->feed->ops->decoder_free(b->feed, w.decoder);
    hash_free(w.hash);
    tree_unit_release(&w.unit);
    free(w.out);
    free(w.dst);
    return NULL;
}

static int by_order(const void *a, const void *b)
{
    const struct tree_blob *x = *(const struct tree_blob *const *)a;
    const struct tree_blob *y = *(const struct tree_blob *const *)b;
    return (x->order > y->order) - (x->order < y->order);
}

/* All blobs of the tree, each once, in source order. */
static const struct tree_blob **blobs_of(const struct tree *t, size_t *ret_n)
{
    size_t n = 0, cap = 0, kept = 0;
    const struct tree_blob **all = NULL;
    struct wtg_err err = { 0 };

    for (size_t i = 0; i < t->nnodes; i++) {
        const struct tree_node *node = t->node[i];
        for (uint32_t k = 0; k <= node->nstreams; k++) {
            const struct tree_blob *b = k < node->nstreams ? node->stream[k].blob : node->reparse;
            if (!b)
                continue;
            if (mem_grow(&all, &cap, n, sizeof *all, &err) < 0)
                exit(1);
            all[n++] = b;
        }
    }
    if (n > 0)
        qsort(all, n, sizeof(struct tree_blob *), by_order);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || all[i] != all[i - 1])
            all[kept++] = all[i];
    *ret_n = kept;
    return all;
}

static void report(const struct bench *b, double wall, double cpu, unsigned threads)
{
    struct rusage u;
    double mb = (double)b->bytes / 1e6;

    getrusage(RUSAGE_SELF, &u);
    printf("%.0f MB in %llu pieces, %llu units, %u threads%s: wall %.2f s (%.0f MB/s), cpu %.2f s "
           "(%.0f MB/s), peak %ld MB\n",
           mb, (unsigned long long)b->pieces, (unsigned long long)b->units, threads,
           b->sha1 ? ", SHA-1" : "", wall, mb / wall, cpu, mb / cpu, u.ru_maxrss / 1024);
}

static int run(const char *path, uint32_t index, unsigned threads, size_t unit, bool sha1,
               struct wtg_err *err)
{
    struct bench b = { .sha1 = sha1 };
    struct image *image = NULL;
    struct tree *tree = NULL;
    pthread_t id[MAX_THREADS];
    size_t n = 0;

    double start = seconds(CLOCK_MONOTONIC);
    int r = image_open(path, NULL, &image, err);
    if (r == 0)
        r = image_load_tree(image, index, &tree, err);
    if (r < 0)
        return r;
    printf("tree of %zu nodes, %zu links, %zu descriptors in %.3f s\n", tree->nnodes, tree->nlinks,
           tree->nsds, seconds(CLOCK_MONOTONIC) - start);
    AUTO_FREE const struct tree_blob **blob = blobs_of(tree, &n);
    start = seconds(CLOCK_MONOTONIC);
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    if (n > 0)
        r = tree_feed_open(blob[0]->source, blob, n, unit, &b.feed, err);
    pthread_mutex_init(&b.lock, NULL);
    for (unsigned i = 0; n > 0 && r == 0 && i < threads; i++)
        pthread_create(&id[i], NULL, work, &b);
    for (unsigned i = 0; n > 0 && r == 0 && i < threads; i++)
        pthread_join(id[i], NULL);
    if (b.failed)
        *err = b.err;
    report(&b, seconds(CLOCK_MONOTONIC) - start, seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, threads);
    tree_feed_free(b.feed);
    tree_free(tree);
    image_free(image);
    return b.failed ? b.failed : r;
}

int main(int argc, char **argv)
{
    unsigned threads = 1;
    size_t unit = 2048;
    bool sha1 = false;
    struct wtg_err err = { 0 };

    for (int o; (o = getopt(argc, argv, "t:u:s")) != -1;) {
        if (o == 't')
            threads = (unsigned)min_u64(strtoul(optarg, NULL, 10), MAX_THREADS);
        else if (o == 'u')
            unit = strtoul(optarg, NULL, 10);
        else if (o == 's')
            sha1 = true;
        else
            return 2;
    }
    if (optind >= argc) {
        fprintf(stderr, "usage: bench-decode [-t THREADS] [-u UNIT_KIB] [-s] IMAGE [INDEX]\n");
        return 2;
    }
    uint32_t index = optind + 1 < argc ? (uint32_t)strtoul(argv[optind + 1], NULL, 10) : 1;
    if (run(argv[optind], index, threads, unit * 1024, sha1, &err) == 0)
        return 0;
    fprintf(stderr, "%s: %s\n%s\n", wtg_code_name(err.code), err.text, err.hint);
    return 1;
}
