/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/resume.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/hash.h"
#include "base/le.h"
#include "base/mem.h"
#include "plan/plan.h"

/* Reading what was left. */

static bool read_extent(const json_t *a, struct write_extent *ret)
{
    const char *hash = json_string_value(json_array_get(a, 2));
    const char *head = json_string_value(json_array_get(a, 3));
    json_int_t off = json_integer_value(json_array_get(a, 0));
    json_int_t len = json_integer_value(json_array_get(a, 1));

    if (!hash || !head || off < 0 || len <= 0)
        return false;
    *ret = (struct write_extent){ .off = (uint64_t)off,
                                  .len = (uint64_t)len,
                                  .hash = strtoull(hash, NULL, 16),
                                  .head = strtoull(head, NULL, 16) };
    return true;
}

static bool read_mark(struct resume *r, const json_t *o)
{
    const json_t *list = json_object_get(o, "extents");
    size_t before = r->n;
    struct wtg_err err = { 0 };

    for (size_t i = 0; i < json_array_size(list); i++) {
        if (mem_grow(&r->extent, &r->cap, r->n, sizeof *r->extent, &err) < 0 ||
            !read_extent(json_array_get(list, i), &r->extent[r->n])) {
            r->n = before;
            return false;
        }
        r->bytes += r->extent[r->n++].len;
    }
    r->done = (uint64_t)json_integer_value(json_object_get(o, "done"));
    r->last = before;
    return true;
}

static bool read_head(struct resume *r, const json_t *o)
{
    const char *wish = json_string_value(json_object_get(o, "wish"));
    const char *seed = json_string_value(json_object_get(o, "seed"));

    if (json_integer_value(json_object_get(o, "wtg_resume")) != 1 || !wish || !seed ||
        strlen(wish) >= sizeof r->wish || strlen(seed) >= sizeof r->seed)
        return false;
    snprintf(r->wish, sizeof r->wish, "%s", wish);
    snprintf(r->seed, sizeof r->seed, "%s", seed);
    return true;
}

static void read_file(struct resume *r, FILE *f)
{
    AUTO_FREE char *line = NULL;
    size_t cap = 0;
    bool good = true;

    for (size_t i = 0; good && getline(&line, &cap, f) > 0; i++) {
        if (!strchr(line, '\n'))
            break;
        json_t *o = json_loads(line, 0, NULL);
        good = o && (i == 0 ? read_head(r, o) : read_mark(r, o));
        json_decref(o);
    }
}

void resume_look(const struct disk_identity *target, struct resume *ret)
{
    char dir[3800], digest[DISK_DIGEST_BYTES];
    struct wtg_err ignored = { 0 };

    *ret = (struct resume){ .fd = -1 };
    if (plan_state_dir(dir, sizeof dir, &ignored) < 0)
        return;
    disk_identity_digest(target, digest);
    snprintf(ret->path, sizeof ret->path, "%s/unfinished-%.32s.jsonl", dir, digest);
    FILE *f = fopen(ret->path, "re");
    if (!f)
        return;
    read_file(ret, f);
    fclose(f);
}

void resume_release(struct resume *r)
{
    if (r->fd >= 0)
        close(r->fd);
    free(r->extent);
    *r = (struct resume){ .fd = -1 };
}

/* Which plan. */

static void add_number(struct hash *h, uint64_t v)
{
    uint8_t b[8];
    put_le64(b, v);
    hash_add(h, b, sizeof b);
}

void resume_wish(const struct disk_identity *target, const struct tree_regions *regions,
                 char wish[RESUME_WISH_BYTES])
{
    char digest[DISK_DIGEST_BYTES];
    uint8_t sha256[SHA256_BYTES];
    struct wtg_err err = { 0 };
    struct hash *h = NULL;

    wish[0] = '\0';
    if (hash_new(HASH_SHA256, &h, &err) < 0)
        return; /* equals nothing: no resuming */
    disk_identity_digest(target, digest);
    hash_add(h, digest, sizeof digest);
    hash_add(h, WTG_VERSION, sizeof WTG_VERSION);
    for (size_t i = 0; i < regions->n; i++) {
        const struct tree_region *g = &regions->region[i];
        if (g->pass != PASS_DATA || !g->blob) /* later passes are written anew in any case */
            continue;
        add_number(h, g->kind);
        add_number(h, g->offset);
        add_number(h, g->length);
        add_number(h, g->blob_off);
        add_number(h, g->blob->size_bytes);
        hash_add(h, g->blob->sha1, sizeof g->blob->sha1);
    }
    hash_end(h, sha256);
    hash_hex(sha256, sizeof sha256, wish);
    hash_free(h);
}

/* Writing. */

static int put_line(struct resume *r, json_t *o, struct wtg_err *err)
{
    AUTO_FREE char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

    json_decref(o);
    if (!text)
        return wtg_fail_nomem(err);
    size_t n = strlen(text);
    text[n] = '\n'; /* where the NUL was: one write, whole or torn */
    if (write(r->fd, text, n + 1) == (ssize_t)(n + 1) && fdatasync(r->fd) == 0)
        return 0;
    return wtg_fail_errno(err, errno, "cannot write '%s'", r->path);
}

int resume_begin(struct resume *r, const char *wish, const char *seed, bool go_on,
                 struct wtg_err *err)
{
    if (!r->path[0] || !wish[0])
        return 0; /* a computer that keeps no state: the work is done all the same */
    r->fd = open(r->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (go_on ? 0 : O_TRUNC), 0600);
    if (r->fd < 0 || go_on)
        return 0;
    return put_line(r, json_pack("{s:i, s:s, s:s}", "wtg_resume", 1, "wish", wish, "seed", seed),
                    err);
}

int resume_mark(void *ctx, uint64_t done, const struct write_extent *extent, size_t n,
                struct wtg_err *err)
{
    struct resume *r = ctx;
    json_t *list = json_array();

    if (r->fd < 0) {
        json_decref(list);
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        char hash[20], head[20];
        snprintf(hash, sizeof hash, "%" PRIx64, extent[i].hash);
        snprintf(head, sizeof head, "%" PRIx64, extent[i].head);
        json_array_append_new(list, json_pack("[I, I, s, s]", (json_int_t)extent[i].off,
                                              (json_int_t)extent[i].len, hash, head));
    }
    r->done = done;
    return put_line(r, json_pack("{s:I, s:o}", "done", (json_int_t)done, "extents", list), err);
}

void resume_forget(struct resume *r)
{
    if (r->fd >= 0)
        unlink(r->path);
    r->done = 0;
}
