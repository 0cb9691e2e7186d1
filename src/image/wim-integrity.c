/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/wim.h"

#include <inttypes.h>
#include <string.h>

#include "base/hash.h"

/* SHA-1 hashes over stretches of each part, from behind the header to the end of the blob table:
 * the only proof there is of metadata, XML excepted, and of the order of things. */

enum { READ_BYTES = 1024 * 1024, INTEGRITY_MAX_HASHES = 16 * 1024 * 1024 };

struct check {
    struct blk *blk;
    struct hash *hash;
    uint8_t *buf; /* READ_BYTES */
    struct wtg_job *job;
    struct wtg_progress progress;
};

/* The hashes, and into how long stretches they cut the part. */
static int hashes_load(const struct wim_part *p, uint64_t covered, uint8_t **ret,
                       uint32_t *ret_chunk_bytes, struct wtg_err *err)
{
    struct wim_integrity_disk d;
    const struct wim_res *res = &p->h.integrity;

    int r =
        wim_range_check(p, "its integrity table", res->off, max_u64(res->stored, sizeof d), err);
    if (r == 0)
        r = blk_read(p->blk, res->off, &d, sizeof d, err);
    if (r < 0)
        return r;
    uint32_t n = get_le32(d.count), chunk = get_le32(d.chunk_bytes);
    uint64_t bytes = (uint64_t)n * SHA1_BYTES;
    if (chunk == 0 || div_up(covered, chunk) != n || n > INTEGRITY_MAX_HASHES ||
        sizeof d + bytes > res->stored)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                        "the integrity table of '%s' has %u hashes of %u bytes each for %" PRIu64,
                        p->name, n, chunk, covered);
    AUTO_FREE uint8_t *hash = mem_zeroed(n, SHA1_BYTES, err);
    if (!hash)
        return err->code;
    r = blk_read(p->blk, res->off + sizeof d, hash, bytes, err);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(hash);
    *ret_chunk_bytes = chunk;
    return 0;
}

static int stretch_check(struct check *c, uint64_t off, uint64_t n, const uint8_t *want,
                         struct wtg_err *err)
{
    uint8_t found[SHA1_BYTES];

    hash_reset(c->hash);
    for (uint64_t done = 0; done < n;) {
        size_t part = (size_t)min_u64(n - done, READ_BYTES);
        int r = blk_read(c->blk, off + done, c->buf, part, err);
        if (r < 0)
            return r;
        hash_add(c->hash, c->buf, part);
        done += part;
        c->progress.done += part;
        r = wtg_tick(c->job, &c->progress, err);
        if (r < 0)
            return r;
    }
    hash_end(c->hash, found);
    if (memcmp(found, want, sizeof found) != 0)
        return wtg_fail(err, WTG_E_IMAGE_HASH,
                        "bytes %" PRIu64 " to %" PRIu64 " are not those the integrity table knows",
                        off, off + n);
    return 0;
}

static uint64_t covered_bytes(const struct wim_part *p)
{
    return p->h.table.off + p->h.table.stored - sizeof(struct wim_header_disk);
}

static int part_verify(struct check *c, const struct wim_part *p, struct wtg_err *err)
{
    AUTO_FREE uint8_t *want = NULL;
    uint32_t chunk = 0;
    uint64_t end = sizeof(struct wim_header_disk) + covered_bytes(p);

    int r = hashes_load(p, covered_bytes(p), &want, &chunk, err);
    c->blk = p->blk;
    uint64_t off = sizeof(struct wim_header_disk);
    for (size_t i = 0; r == 0 && off < end; i++, off += chunk)
        r = stretch_check(c, off, min_u64(chunk, end - off), want + i * SHA1_BYTES, err);
    if (r == WTG_E_IMAGE_HASH) {
        wtg_because(err, "'%s' is damaged", p->name);
        return wtg_hint(err, "download or copy it again");
    }
    return r;
}

static bool has_table(const struct wim_part *p)
{
    return p->h.integrity.off != 0 && p->h.table.off >= sizeof(struct wim_header_disk);
}

int wim_integrity_verify(struct wim *w, struct wtg_job *job, bool *ret_present, struct wtg_err *err)
{
    struct check c = { .job = job, .progress = { .step = "verify-integrity", .unit = "bytes" } };
    bool present = false;

    AUTO_FREE uint8_t *buf = c.buf = mem_zeroed(READ_BYTES, 1, err);
    int r = buf ? hash_new(HASH_SHA1, &c.hash, err) : err->code;
    for (size_t i = 0; i < w->nparts; i++)
        if (has_table(&w->part[i]))
            c.progress.total += covered_bytes(&w->part[i]);
    for (size_t i = 0; r == 0 && i < w->nparts; i++)
        if (has_table(&w->part[i])) {
            present = true;
            r = part_verify(&c, &w->part[i], err);
        }
    hash_free(c.hash);
    if (r == 0)
        *ret_present = present;
    return r;
}
