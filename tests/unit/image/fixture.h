/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_IMAGE_FIXTURE_H
#define TEST_IMAGE_FIXTURE_H

/* A temporary folder, and programs run in it. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "image/image.h"
#include "test.h"

static char fixture_dir[64];

static inline void fixture_remove(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", fixture_dir);
    if (fixture_dir[0] && system(command) != 0)
        printf("# cannot remove %s\n", fixture_dir);
}

/* Makes it on the first call; it goes away at exit. */
static inline const char *fixture(void)
{
    if (!fixture_dir[0]) {
        snprintf(fixture_dir, sizeof fixture_dir, "/tmp/wtg-image-XXXXXX");
        if (!mkdtemp(fixture_dir))
            exit(99);
        atexit(fixture_remove);
    }
    return fixture_dir;
}

static inline char *fixture_path(const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", fixture(), name);
    return path;
}

/* Runs a shell script there, quietly; says what it printed when it fails. */
__attribute__((format(printf, 1, 2))) static inline bool shell(const char *fmt, ...)
{
    char script[8192], command[9000];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(script, sizeof script, fmt, ap);
    va_end(ap);
    snprintf(command, sizeof command,
             "cd '%s' && cat >script <<'END_OF_SCRIPT' && sh -e script >log 2>&1 || "
             "{ sed 's/^/# /' log; exit 1; }\n%s\nEND_OF_SCRIPT\n",
             fixture(), script);
    fflush(stdout);
    return system(command) == 0;
}

static inline bool have(const char *program)
{
    char command[128];
    snprintf(command, sizeof command, "command -v %s >/dev/null", program);
    return system(command) == 0;
}

/* The whole of a file there; NULL when there is none. */
static inline uint8_t *fixture_read(const char *name, size_t *ret_n)
{
    char path[256];
    FILE *f = fopen(fixture_path(name, path), "rb");
    if (!f)
        return NULL;
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    uint8_t *p = malloc((size_t)n + 1);
    if (!p || fread(p, 1, (size_t)n, f) != (size_t)n)
        exit(99);
    fclose(f);
    *ret_n = (size_t)n;
    return p;
}

static inline void fixture_write(const char *name, const void *p, size_t n)
{
    char path[256];
    FILE *f = fopen(fixture_path(name, path), "wb");
    if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0)
        exit(99);
}

static inline int blob_by_order(const void *a, const void *b)
{
    const struct tree_blob *x = *(const struct tree_blob *const *)a;
    const struct tree_blob *y = *(const struct tree_blob *const *)b;
    return (x->order > y->order) - (x->order < y->order);
}

/* All blobs of a tree, each once, in the order of their source; malloc'ed. */
static inline const struct tree_blob **fixture_blobs(const struct tree *t, size_t *ret_n)
{
    struct wtg_err err = { 0 };
    const struct tree_blob **all = NULL;
    size_t n = 0, cap = 0, kept = 0;

    for (size_t i = 0; i < t->nnodes; i++) {
        const struct tree_node *node = t->node[i];
        for (uint32_t k = 0; k < node->nstreams + 2; k++) {
            const struct tree_blob *b = k < node->nstreams    ? node->stream[k].blob
                                        : k == node->nstreams ? node->reparse
                                                              : node->efs;
            if (b && mem_grow(&all, &cap, n, sizeof(struct tree_blob *), &err) < 0)
                exit(99);
            if (b)
                all[n++] = b;
        }
    }
    if (n > 0)
        qsort(all, n, sizeof(struct tree_blob *), blob_by_order);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || all[i] != all[i - 1])
            all[kept++] = all[i];
    *ret_n = kept;
    return all;
}

#endif
