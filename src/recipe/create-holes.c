/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/create-priv.h"

#include <string.h>

/* Sparse files are rare in Windows images, but may be huge, and an image stores their zeroes like
 * any other bytes.  They are decoded once more while planning, so that holes stay holes. */

enum { SCAN_BYTES = 1 << 20, HOLE_UNIT_BYTES = 64 * 1024 /* what NTFS can leave out */ };

struct hole_list {
    struct ntfs_hole *hole;
    size_t n, cap;
};

static bool is_zero(const uint8_t *p, size_t n)
{
    return n > 0 && p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

static int add_hole(struct hole_list *l, uint64_t off, uint64_t bytes, struct wtg_err *err)
{
    struct ntfs_hole *last = l->n ? &l->hole[l->n - 1] : NULL;

    if (last && last->off + last->bytes == off) {
        last->bytes += bytes;
        return 0;
    }
    int r = mem_grow(&l->hole, &l->cap, l->n, sizeof *l->hole, err);
    if (r == 0)
        l->hole[l->n++] = (struct ntfs_hole){ off, bytes };
    return r;
}

static int scan(struct create *c, const struct tree_blob *b, uint8_t *buf, struct hole_list *l,
                struct wtg_err *err)
{
    for (uint64_t off = 0; off < b->size_bytes; off += SCAN_BYTES) {
        size_t n = (size_t)min_u64(SCAN_BYTES, b->size_bytes - off);
        const struct wtg_progress p = { "scan-sparse", "bytes", off, b->size_bytes };
        int r = tree_blob_read(b, off, buf, n, err);
        if (r == 0)
            r = wtg_tick(c->job, &p, err);
        for (size_t at = 0; at < n && r == 0; at += HOLE_UNIT_BYTES) {
            size_t part = n - at < HOLE_UNIT_BYTES ? n - at : HOLE_UNIT_BYTES;
            if (is_zero(buf + at, part))
                r = add_hole(l, off + at, part, err);
        }
        if (r < 0)
            return r;
    }
    return 0;
}

int create_holes(void *ctx, const struct tree_blob *blob, struct ntfs_hole **ret, size_t *ret_n,
                 struct wtg_err *err)
{
    struct create *c = ctx;
    struct hole_list l = { 0 };
    char path[256];
    AUTO_FREE uint8_t *buf = mem_zeroed(SCAN_BYTES, 1, err);

    if (!buf)
        return err->code;
    if (scan(c, blob, buf, &l, err) < 0) {
        free(l.hole);
        return wtg_because(err, "looking for holes in '%s'",
                           tree_blob_path(c->from->tree, blob, path, sizeof path));
    }
    *ret = l.hole;
    *ret_n = l.n;
    return 0;
}
