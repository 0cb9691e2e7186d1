/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/prove.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/mem.h"
#include "blk/blk.h"
#include "plan/plan.h"

enum {
    READ_BYTES = 4 << 20,
    RECORDS_MAX = 64, /* the oldest go */
    HEX_BYTES = 2 * SHA256_BYTES,
    LINE_BYTES = HEX_BYTES + 4 * 21 + PATH_MAX + 2,
};

static int identify(const char *path, struct prove_file *ret, bool *ret_regular,
                    struct wtg_err *err)
{
    struct stat s;

    if (stat(path, &s) < 0)
        return wtg_fail_errno(err, errno, "cannot look at '%s'", path);
    *ret_regular = S_ISREG(s.st_mode);
    *ret = (struct prove_file){ .device = s.st_dev,
                                .inode = s.st_ino,
                                .size_bytes = (uint64_t)s.st_size,
                                .changed_ns =
                                    s.st_mtim.tv_sec * INT64_C(1000000000) + s.st_mtim.tv_nsec };
    return 0;
}

static bool same_file(const struct prove_file *a, const struct prove_file *b)
{
    return a->device == b->device && a->inode == b->inode && a->size_bytes == b->size_bytes &&
           a->changed_ns == b->changed_ns;
}

/* ---- Records: one a line, the newest last ------------------------------------------------- */

static bool records_path(char path[PATH_MAX])
{
    char dir[PATH_MAX - 16];
    struct wtg_err ignored = { 0 };

    return plan_state_dir(dir, sizeof dir, &ignored) == 0 &&
           snprintf(path, PATH_MAX, "%s/proved", dir) < PATH_MAX;
}

struct record {
    char sha256[HEX_BYTES + 1];
    struct prove_file file;
    const char *path; /* in the line */
};

static bool parse(char *line, struct record *ret)
{
    int at = 0;
    size_t n = strlen(line);

    if (n > 0 && line[n - 1] == '\n')
        line[n - 1] = '\0';
    if (sscanf(line, "%64[0-9a-f] %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNd64 " %n", ret->sha256,
               &ret->file.device, &ret->file.inode, &ret->file.size_bytes, &ret->file.changed_ns,
               &at) != 5 ||
        at == 0 || strlen(ret->sha256) != HEX_BYTES)
        return false;
    ret->path = line + at;
    return true;
}

static void find_record(const char *real, struct proof *p)
{
    char path[PATH_MAX], line[LINE_BYTES];
    struct record r;
    FILE *f = records_path(path) ? fopen(path, "re") : NULL;

    while (f && fgets(line, sizeof line, f))
        if (parse(line, &r) && strcmp(r.path, real) == 0) {
            bool same = same_file(&r.file, &p->file);
            memcpy(p->sha256, same ? r.sha256 : "", same ? sizeof r.sha256 : 1);
            p->recorded = same;
        }
    if (f)
        fclose(f);
}

/* All records but those of this path. */
static void copy_others(const char *path, const char *real, FILE *to)
{
    char line[LINE_BYTES], copy[LINE_BYTES];
    struct record r;
    size_t n = 0, skip;
    FILE *f = fopen(path, "re");

    while (f && fgets(line, sizeof line, f))
        n++;
    skip = n >= RECORDS_MAX ? n - RECORDS_MAX + 1 : 0;
    if (f)
        rewind(f);
    for (size_t i = 0; f && fgets(line, sizeof line, f); i++) {
        memcpy(copy, line, sizeof copy);
        if (i >= skip && parse(copy, &r) && strcmp(r.path, real) != 0)
            fputs(line, to);
    }
    if (f)
        fclose(f);
}

/* A record that cannot be kept only costs the next run a second look. */
static void keep_record(const char *real, const struct proof *p)
{
    char path[PATH_MAX], part[PATH_MAX + 8];

    if (strchr(real, '\n') || !records_path(path))
        return;
    snprintf(part, sizeof part, "%s.part", path);
    FILE *f = fopen(part, "we");
    if (!f)
        return;
    copy_others(path, real, f);
    if (p->sha256[0])
        fprintf(f, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 " %s\n", p->sha256,
                p->file.device, p->file.inode, p->file.size_bytes, p->file.changed_ns, real);
    bool good = fflush(f) == 0 && fsync(fileno(f)) == 0;
    good = fclose(f) == 0 && good;
    if (!good || rename(part, path) < 0)
        unlink(part);
}

/* ---- Hashing ------------------------------------------------------------------------------ */

int prove_hash(const char *path, struct wtg_job *job, char hex[HEX_BYTES + 1], struct wtg_err *err)
{
    uint8_t digest[SHA256_BYTES];
    struct blk *b = NULL;
    struct hash *h = NULL;
    AUTO_FREE uint8_t *buf = aligned_alloc(4096, READ_BYTES);
    int r = buf ? blk_open(path, &b, err) : wtg_fail_nomem(err);

    if (r == 0)
        r = hash_new(HASH_SHA256, &h, err);
    for (uint64_t off = 0; r == 0 && off < b->size; off += READ_BYTES) {
        const struct wtg_progress p = { "hash-image", "bytes", off, b->size };
        size_t n = (size_t)min_u64(READ_BYTES, b->size - off);
        r = wtg_tick(job, &p, err);
        if (r == 0)
            r = blk_read(b, off, buf, n, err);
        if (r == 0)
            hash_add(h, buf, n);
    }
    if (r == 0) {
        hash_end(h, digest);
        hash_hex(digest, sizeof digest, hex);
    }
    hash_free(h);
    blk_free(b);
    return r;
}

static int fail_hash(const char *path, const char *got, const char *want, struct wtg_err *err)
{
    wtg_fail(err, WTG_E_IMAGE_HASH, "the SHA-256 of '%s' is %s, not %s", path, got, want);
    return wtg_hint(err, "get the image again: it is another one, incomplete or damaged");
}

static int hash_and_compare(const char *path, const char *want, struct wtg_job *job,
                            struct proof *p, struct wtg_err *err)
{
    char got[HEX_BYTES + 1];
    struct prove_file after;
    bool regular;
    int r = prove_hash(path, job, got, err);

    if (r == 0)
        r = identify(path, &after, &regular, err);
    if (r == 0 && !same_file(&p->file, &after))
        return wtg_fail(err, WTG_E_IMAGE_HASH, "'%s' was changed while it was read", path);
    if (r == 0 && strcasecmp(got, want) != 0)
        r = fail_hash(path, got, want, err);
    memcpy(p->sha256, r == 0 ? got : "", r == 0 ? sizeof got : 1);
    return r;
}

int prove_image(const char *path, const char *sha256, struct wtg_job *job, struct proof *ret,
                struct wtg_err *err)
{
    char real[PATH_MAX];
    bool regular = false;

    *ret = (struct proof){ 0 };
    if (sha256 &&
        (strlen(sha256) != HEX_BYTES || strspn(sha256, "0123456789abcdefABCDEF") != HEX_BYTES))
        return wtg_fail(err, WTG_E_USAGE, "'%.80s' is no SHA-256: that has 64 hexadecimal digits",
                        sha256);
    int r = identify(path, &ret->file, &regular, err);
    if (r < 0)
        return r;
    bool keeps = regular && realpath(path, real);
    if (!sha256) {
        if (keeps)
            find_record(real, ret);
        return 0;
    }
    r = hash_and_compare(path, sha256, job, ret, err);
    if (keeps && (r == 0 || r == WTG_E_IMAGE_HASH))
        keep_record(real, ret);
    return r;
}

int prove_still(const char *path, const struct proof *p, struct wtg_err *err)
{
    struct prove_file now;
    bool regular;
    int r = identify(path, &now, &regular, err);

    if (r < 0 || same_file(&now, &p->file))
        return r;
    return wtg_fail(err, WTG_E_IMAGE_HASH, "'%s' was changed since its SHA-256 was compared", path);
}
