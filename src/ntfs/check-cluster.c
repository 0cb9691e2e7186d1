/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/check-state.h"

#include <string.h>

/* $Bitmap against the union of all runs. */

enum { PIECE_BYTES = 1024 * 1024 };

/* A stretch of clusters that are wrong in the same way. */
struct stretch {
    enum ntfs_problem_number problem;
    uint64_t first, n;
};

static void end_stretch(struct check *c, struct stretch *s)
{
    if (s->n)
        ntfs_check_problem(c, s->problem, NTFS_REC_BITMAP, "%llu from %llu on",
                           (unsigned long long)s->n, (unsigned long long)s->first);
    s->n = 0;
}

static void compare_cluster(struct check *c, struct stretch *s, uint64_t i, bool says, bool is)
{
    enum ntfs_problem_number p = says ? NTFS_P_CLUSTER_LOST : NTFS_P_CLUSTER_FREE;
    if (s->n && (says == is || p != s->problem || i != s->first + s->n))
        end_stretch(c, s);
    if (says == is)
        return;
    if (!s->n)
        *s = (struct stretch){ p, i, 0 };
    s->n++;
}

/* Bytes [at, at+n) of both bitmaps. */
static void compare_piece(struct check *c, struct stretch *s, uint64_t at, const uint8_t *says,
                          size_t n)
{
    uint64_t clusters = c->vol->geom.clusters;
    for (size_t k = 0; k < n && (at + k) * 8 < clusters; k++) {
        uint8_t is = c->cluster[at + k];
        c->result.clusters_used += (unsigned)__builtin_popcount(is);
        if (says[k] == is) {
            end_stretch(c, s);
            continue;
        }
        for (unsigned b = 0; b < 8 && (at + k) * 8 + b < clusters; b++)
            compare_cluster(c, s, (at + k) * 8 + b, says[k] >> b & 1, is >> b & 1);
    }
}

/* Bits behind the last cluster are set, so that nobody takes them. */
static void check_beyond(struct check *c, uint64_t at, const uint8_t *says, size_t n)
{
    uint64_t clusters = c->vol->geom.clusters;
    for (uint64_t i = max_u64(clusters, at * 8); i < (at + n) * 8; i++)
        if (!ntfs_check_bit(says, i - at * 8)) {
            ntfs_check_problem(c, NTFS_P_CLUSTER_BEYOND, NTFS_REC_BITMAP, "bit %llu of %llu",
                               (unsigned long long)i, (unsigned long long)clusters);
            return;
        }
}

static int compare_bitmap(struct check *c, const struct ntfs_stream *s, struct wtg_err *err)
{
    AUTO_FREE uint8_t *buf = malloc(PIECE_BYTES);
    struct stretch stretch = { 0 };
    if (!buf)
        return wtg_fail_nomem(err);
    uint64_t need = div_up(c->vol->geom.clusters, 8);
    if (s->size_bytes < need)
        ntfs_check_problem(
            c, NTFS_P_SYSTEM_FILE, NTFS_REC_BITMAP, "%llu bytes are too few for %llu bits",
            (unsigned long long)s->size_bytes, (unsigned long long)c->vol->geom.clusters);
    if (s->size_bytes != round_up(need, 8))
        ntfs_check_problem(c, NTFS_P_SYSTEM_DETAIL, NTFS_REC_BITMAP, "%llu bytes for %llu bits",
                           (unsigned long long)s->size_bytes,
                           (unsigned long long)c->vol->geom.clusters);
    uint64_t end = min_u64(s->size_bytes, round_up(need, 8));
    for (uint64_t at = 0; at < end; at += PIECE_BYTES) {
        size_t n = (size_t)min_u64(PIECE_BYTES, end - at);
        int r = ntfs_stream_read(c->vol->blk, c->vol->geom.cluster_bytes, s, at, buf, n, err);
        if (r < 0)
            return r;
        compare_piece(c, &stretch, at, buf, n);
        check_beyond(c, at, buf, n);
    }
    end_stretch(c, &stretch);
    return 0;
}

int ntfs_check_clusters(struct check *c, struct wtg_err *err)
{
    struct ntfs_stream s = { 0 };
    int r = ntfs_check_soft(c, ntfs_file_load(c->vol, NTFS_REC_BITMAP, &c->file, err),
                            NTFS_P_SYSTEM_FILE, NTFS_REC_BITMAP, err);
    const struct ntfs_attr *a = r == 0 ? ntfs_file_find(&c->file, NTFS_AT_DATA, "") : NULL;
    if (r == 0 && (!a || !a->nonresident)) {
        ntfs_check_problem(c, NTFS_P_SYSTEM_FILE, NTFS_REC_BITMAP,
                           "its $DATA must not be resident");
        r = 1;
    }
    if (r == 0)
        r = ntfs_stream_open(c->vol, &c->file, a, &s, err);
    if (r == 0)
        r = compare_bitmap(c, &s, err);
    ntfs_stream_release(&s);
    r = ntfs_check_soft(c, r, NTFS_P_SYSTEM_FILE, NTFS_REC_BITMAP, err);
    return r < 0 ? r : 0;
}
