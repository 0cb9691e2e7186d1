/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/examine-space.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/mem.h"
#include "ntfs/quota.h"
#include "recipe/examine-priv.h"
#include "tree/sd-text.h"

/* How much room there is, for whom, and how much is needed. */

enum {
    RESIDENT_BYTES = 700, /* content up to about this stands in the file's own record */
    CRUMB_CLUSTERS = 8,   /* free pieces below this on average, and none larger than a MiB: large
                           * files run out of room for their run lists before space runs out */
    LITTLE_PERCENT = 2,
};
/* With less Windows cannot even make its page file. */
static const uint64_t little = UINT64_C(64) << 20;

/* ---- The verdict ------------------------------------------------------------------------ */

static const char *const verdict_names[] = {
    [SPACE_ENOUGH] = "enough",         [SPACE_FULL] = "full",
    [SPACE_RESERVED] = "reserved",     [SPACE_QUOTA] = "quota",
    [SPACE_FRAGMENTED] = "fragmented", [SPACE_TOO_SMALL] = "too-small",
};

const char *space_verdict_name(enum space_verdict v)
{
    return verdict_names[v];
}

enum space_verdict space_judge(const struct wtg_space *s)
{
    const uint64_t want = s->wanted_bytes;
    uint64_t least = s->needed_compact_bytes ? s->needed_compact_bytes : s->needed_bytes;
    uint64_t quota_left =
        s->quota_limit_bytes > s->quota_used_bytes ? s->quota_limit_bytes - s->quota_used_bytes : 0;

    if (least > s->size_bytes && !s->holds_windows)
        return SPACE_TOO_SMALL;
    if (s->free_bytes == 0 || s->free_bytes < want)
        return SPACE_FULL;
    if (s->has_quota && quota_left < want)
        return SPACE_QUOTA;
    if (s->available_bytes < want)
        return SPACE_RESERVED;
    if (s->free_runs &&
        s->free_bytes / s->free_runs < CRUMB_CLUSTERS * (uint64_t)s->cluster_bytes &&
        s->largest_free_bytes < 1 << 20 && s->free_runs > 1000)
        return SPACE_FRAGMENTED;
    return SPACE_ENOUGH;
}

/* ---- What the image needs --------------------------------------------------------------- */

static uint64_t in_clusters(uint64_t bytes, uint64_t cluster)
{
    return bytes <= RESIDENT_BYTES ? 0 : round_up(bytes, cluster);
}

/* Plain, and with what the image holds compressed left so: its own chunks are what Windows would
 * read.  Of solid images nobody knows it file by file. */
static void count_image(const struct tree *t, struct wtg_space *s)
{
    bool compact = true;

    for (size_t i = 0; i < t->nnodes; i++) {
        const struct tree_node *n = t->node[i];
        for (uint32_t k = 0; k < n->nstreams; k++) {
            const struct tree_blob *b = n->stream[k].blob;
            struct image_stored stored = { 0 };
            uint64_t plain = b ? in_clusters(b->size_bytes, s->cluster_bytes) : 0, small = plain;
            if (b && image_blob_stored(b, &stored)) {
                compact &= !stored.solid;
                if (!stored.solid && stored.kind != CODEC_NONE)
                    small = min_u64(plain, in_clusters(stored.stored_bytes, s->cluster_bytes));
            }
            s->needed_bytes += plain;
            s->needed_compact_bytes += small;
        }
        s->needed_bytes += n->nlinks ? 1024 : 0; /* its record in $MFT */
        s->needed_compact_bytes += n->nlinks ? 1024 : 0;
    }
    if (!compact)
        s->needed_compact_bytes = 0;
}

/* ---- Telling ---------------------------------------------------------------------------- */

static int tell(struct exam *x, const char *key, struct wtg_space *s, struct wtg_err *err)
{
    enum space_verdict v = space_judge(s);
    char quota[160] = "", need[160] = "";

    s->verdict = space_verdict_name(v);
    if (s->has_quota)
        snprintf(quota, sizeof quota, "; %.60s uses %" PRIu64 " bytes of a quota of %" PRIu64,
                 s->quota_owner, s->quota_used_bytes, s->quota_limit_bytes);
    if (s->needed_bytes)
        snprintf(need, sizeof need,
                 "; the image needs %" PRIu64 " bytes in clusters, %" PRIu64 " as it is compressed",
                 s->needed_bytes, s->needed_compact_bytes);
    if (x->o->space)
        x->o->space(s, x->o->user_space);
    return exam_fact(x, key, s->verdict, s->where, err,
                     "%s: %" PRIu64 " of %" PRIu64 " bytes are free, %" PRIu64
                     " of them available%s%s",
                     s->verdict, s->free_bytes, s->size_bytes, s->available_bytes, quota, need);
}

/* The user who is nearest to a limit that is enforced. */
static int look_at_quotas(struct blk *vol, struct wtg_space *s, struct wtg_err *err)
{
    struct ntfs_quotas q = { 0 };
    struct wtg_err why = { 0 };
    uint64_t least = UINT64_MAX;
    int r = ntfs_quotas_read(vol, &q, &why);

    for (size_t i = 0; r == 0 && q.enforced && i < q.n; i++) {
        const struct ntfs_quota *one = &q.item[i];
        uint64_t left = one->limit_bytes > one->used_bytes ? one->limit_bytes - one->used_bytes : 0;
        if (one->limit_bytes == NTFS_QUOTA_NONE || left >= least)
            continue;
        least = left;
        s->has_quota = true;
        s->quota_used_bytes = one->used_bytes;
        s->quota_limit_bytes = one->limit_bytes;
        sid_text((struct wtg_span){ one->sid, one->sid_bytes }, s->quota_owner,
                 sizeof s->quota_owner);
    }
    ntfs_quotas_release(&q);
    if (exam_soft(r) < 0)
        *err = why;
    return exam_soft(r);
}

static uint64_t slack_of(const struct tree *t, uint32_t cluster)
{
    uint64_t slack = 0;

    for (size_t i = 0; t && i < t->nnodes; i++) {
        uint64_t n = tree_data_size(t->node[i]);
        if (n > RESIDENT_BYTES)
            slack += round_up(n, cluster) - n;
    }
    return slack;
}

/* The volume of Windows. */
int exam_space(struct exam *x, struct wtg_err *err)
{
    struct ntfs_space n = { 0 };
    struct wtg_err why = { 0 };
    struct blk *vol = x->win_whole ? x->win_whole : x->win_blk;
    int r = vol ? ntfs_look_space(vol, &n, &why) : WTG_E_NOT_FOUND;

    if (r < 0) {
        if (exam_soft(r) < 0)
            *err = why;
        return exam_soft(r);
    }
    struct wtg_space s = {
        .cluster_bytes = n.cluster_bytes,
        .size_bytes = n.clusters * n.cluster_bytes,
        .free_bytes = n.free_clusters * n.cluster_bytes,
        .available_bytes = n.free_clusters * n.cluster_bytes,
        .largest_free_bytes = n.largest_free * n.cluster_bytes,
        .zone_bytes = n.zone_clusters * n.cluster_bytes,
        .free_runs = n.free_runs,
        .mft_runs = n.mft_runs,
        .slack_bytes = slack_of(x->win_tree, n.cluster_bytes),
    };
    snprintf(s.where, sizeof s.where, "partition %u", x->win->part.number);
    s.wanted_bytes = min_u64(little, s.size_bytes * LITTLE_PERCENT / 100);
    s.holds_windows = x->win_tree && tree_find(x->win_tree, "\\Windows\\System32\\ntoskrnl.exe");
    if (x->image_tree)
        count_image(x->image_tree, &s);
    r = look_at_quotas(vol, &s, err);
    return r < 0 ? r : tell(x, "space.verdict", &s, err);
}

static int look_at_folder(struct exam *x, const char *path, const char *key, bool image,
                          struct wtg_err *err)
{
    struct statvfs f;

    if (statvfs(path, &f) < 0)
        return 0; /* what is not there has no room to speak of */
    struct wtg_space s = {
        .cluster_bytes = (uint32_t)f.f_frsize,
        .size_bytes = (uint64_t)f.f_blocks * f.f_frsize,
        .free_bytes = (uint64_t)f.f_bfree * f.f_frsize,
        .available_bytes = (uint64_t)f.f_bavail * f.f_frsize,
    };
    snprintf(s.where, sizeof s.where, "%s", path);
    s.wanted_bytes = min_u64(little, s.size_bytes * LITTLE_PERCENT / 100);
    if (image && x->image_tree && s.cluster_bytes) {
        count_image(x->image_tree, &s);
        s.wanted_bytes = s.needed_compact_bytes ? s.needed_compact_bytes : s.needed_bytes;
    }
    return tell(x, key, &s, err);
}

int exam_folder(struct exam *x, struct wtg_err *err)
{
    return look_at_folder(x, x->o->target, "space.verdict", true, err);
}

int exam_host_space(struct exam *x, struct wtg_err *err)
{
    return x->o->temporary ? look_at_folder(x, x->o->temporary, "space.host", false, err) : 0;
}
