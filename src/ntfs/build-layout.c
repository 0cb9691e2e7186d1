/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/build-priv.h"

/* Step 4: where everything stands.  What makes it a file system is one stretch at the front, then
 * free space for $MFT to grow into, then the content of files in the order of its source. */

#define MIB UINT64_C(1048576)
#define GIB UINT64_C(1073741824)

/* ---- Order of content ---- */

/* Somebody who wants bytes of a blob. */
struct want {
    const struct tree_blob *blob;
    uint32_t place;
    uint32_t source_first, blob_first; /* the first place that wants this source, this blob */
};

/* Groups wants of one source and of one blob, in any order of groups. */
static int by_pointer(const void *a, const void *b)
{
    const struct want *x = a, *y = b;
    if (x->blob->source != y->blob->source)
        return (uintptr_t)x->blob->source < (uintptr_t)y->blob->source ? -1 : 1;
    if (x->blob != y->blob)
        return (uintptr_t)x->blob < (uintptr_t)y->blob ? -1 : 1;
    return x->place < y->place ? -1 : 1;
}

/* Sources by first appearance in the tree, their blobs in the source's order; the same blob's
 * wants next to each other.  No pointer counts, so the same tree gives the same volume. */
static int by_source(const void *a, const void *b)
{
    const struct want *x = a, *y = b;
    const uint64_t u[] = { x->source_first, x->blob->order, x->blob_first, x->place };
    const uint64_t v[] = { y->source_first, y->blob->order, y->blob_first, y->place };
    for (size_t i = 0; i < ARRAY_LEN(u); i++)
        if (u[i] != v[i])
            return u[i] < v[i] ? -1 : 1;
    return 0;
}

static void find_firsts(struct want *want, size_t n)
{
    for (size_t i = 0, source = 0, blob = 0; i < n; i++) {
        if (want[i].blob->source != want[source].blob->source)
            source = i;
        if (want[i].blob != want[blob].blob)
            blob = i;
        want[i].blob_first = want[blob].place;
        if (want[i].place < want[source].source_first || i == source)
            want[source].source_first = want[i].place;
    }
    for (size_t i = 0, source = 0; i < n; i++) {
        if (want[i].blob->source != want[source].blob->source)
            source = i;
        want[i].source_first = want[source].source_first;
    }
}

static int order_content(struct ntfs_build *b, struct wtg_err *err)
{
    AUTO_FREE struct want *want = mem_zeroed(b->nplaces, sizeof *want, err);
    if (!want)
        return err->code;
    size_t n = 0;
    for (size_t i = 0; i < b->nplaces; i++)
        if (b->place[i].blob && b->place[i].blob->size_bytes > 0)
            want[n++] = (struct want){ .blob = b->place[i].blob, .place = (uint32_t)i };
    if (n > 1)
        qsort(want, n, sizeof *want, by_pointer);
    find_firsts(want, n);
    if (n > 1)
        qsort(want, n, sizeof *want, by_source);
    b->order = mem_zeroed(n, sizeof b->order[0], err);
    if (!b->order)
        return err->code;
    for (size_t i = 0; i < n; i++)
        b->order[i] = want[i].place;
    b->norder = n;
    return 0;
}

/* Gives content its clusters, counted from 0 here, or its place in the kept bytes. */
static void place_content(struct ntfs_build *b)
{
    uint64_t cluster = 0;
    const struct place *kept = NULL;
    for (size_t i = 0; i < b->norder; i++) {
        struct place *p = &b->place[b->order[i]];
        if (p->outside && !p->reparse) {
            p->at = cluster;
            cluster += place_clusters(p);
        } else if (kept && kept->blob == p->blob) {
            p->at = kept->at;
        } else {
            p->at = b->keep_bytes;
            b->keep_bytes += p->blob->size_bytes;
            kept = p;
        }
        if (!p->outside)
            b->info.resident_bytes += p->blob->size_bytes;
    }
    b->area[AREA_DATA].clusters = cluster;
}

/* ---- Areas ---- */

/* About what mkntfs takes, and less on volumes that are no disks.  Never less on a larger volume:
 * layout_needed_bytes counts on it. */
static uint64_t log_bytes(uint64_t volume_bytes)
{
    if (volume_bytes < 16 * MIB)
        return MIB / 4;
    return max_u64(2 * MIB, min_u64(64 * MIB, round_up(volume_bytes / 200, CLUSTER)));
}

static uint64_t bitmap_bytes(uint64_t clusters)
{
    return round_up(div_up(clusters, 8), 8);
}

static void set_area(struct ntfs_build *b, enum area_id id, uint64_t bytes)
{
    b->area[id].bytes = bytes;
    b->area[id].clusters = div_up(bytes, CLUSTER);
}

static void size_areas(struct ntfs_build *b)
{
    const struct build_index *last = &b->index[b->nindexes - 1];
    const struct odd *odd = b->nodds ? &b->odd[b->nodds - 1] : NULL;
    /* A sixteenth of free records, so that $MFT need not grow at once. */
    b->nrecords = round_up(b->next_record + b->next_record / 16, CLUSTER / NTFS_RECORD_BYTES);
    set_area(b, AREA_BOOT, NTFS_BOOT_FILE_BYTES);
    set_area(b, AREA_MIRROR, max_u64(4 * (uint64_t)b->record_bytes, CLUSTER));
    set_area(b, AREA_MFT_BITMAP, bitmap_bytes(b->nrecords));
    set_area(b, AREA_UPCASE, NTFS_UPCASE_BYTES);
    set_area(b, AREA_ATTRDEF, NTFS_ATTRDEF_BYTES);
    set_area(b, AREA_SDS, b->secure.sds_bytes);
    set_area(b, AREA_LOG, log_bytes(b->o.size_bytes));
    set_area(b, AREA_BITMAP, bitmap_bytes(b->clusters));
    set_area(b, AREA_INDEX, (last->first_block + last->shape.nblocks) * (uint64_t)CLUSTER);
    set_area(b, AREA_ODDS, odd ? (odd->cluster + div_up(odd->bytes, CLUSTER)) * CLUSTER : 0);
    set_area(b, AREA_MFT, b->nrecords * b->record_bytes);
}

static uint64_t used_clusters(const struct ntfs_build *b)
{
    uint64_t clusters = 0;
    for (size_t i = 0; i < AREAS; i++)
        clusters += b->area[i].clusters;
    return clusters;
}

uint64_t layout_needed_bytes(const struct ntfs_build *b)
{
    uint64_t fixed = used_clusters(b) - b->area[AREA_LOG].clusters - b->area[AREA_BITMAP].clusters;
    uint64_t clusters = fixed, before;
    do { /* the log and the bitmap grow with the volume, but slower */
        before = clusters;
        clusters = fixed + log_bytes((before + 1) * CLUSTER) / CLUSTER +
                   div_up(bitmap_bytes(before), CLUSTER);
    } while (clusters > before);
    return (clusters + 1) * CLUSTER; /* and room for the backup boot sector */
}

static int fail_too_small(const struct ntfs_build *b, struct wtg_err *err)
{
    unsigned long long need = layout_needed_bytes(b), have = b->o.size_bytes;
    wtg_fail(err, WTG_E_DISK_TOO_SMALL, "the files need a volume of %llu bytes, this one has %llu",
             need, have);
    wtg_fact(err, "need_bytes", "%llu", need);
    return wtg_hint(err, "take a target with at least %llu MiB for this volume, better twice that",
                    need / MIB + 1);
}

/* Windows takes the free space behind $MFT as the zone it grows into. */
static uint64_t zone_clusters(const struct ntfs_build *b, uint64_t used)
{
    uint64_t want = max_u64(64 * MIB, min_u64(b->o.size_bytes / 8, GIB));
    return min_u64(want / CLUSTER, (b->clusters - used) / 2);
}

int build_layout(struct ntfs_build *b, struct wtg_err *err)
{
    if (order_content(b, err) < 0)
        return err->code;
    place_content(b);
    size_areas(b);
    uint64_t used = used_clusters(b), lcn = 0;
    if (used > b->clusters)
        return fail_too_small(b, err);
    b->zone_clusters = zone_clusters(b, used);
    for (enum area_id id = 0; id < AREAS; id++) {
        if (id == AREA_DATA)
            lcn += b->zone_clusters;
        b->area[id].lcn = lcn;
        lcn += b->area[id].clusters;
    }
    for (size_t i = 0; i < b->norder; i++) {
        struct place *p = &b->place[b->order[i]];
        if (!p->outside || p->reparse)
            continue;
        p->at += b->area[AREA_DATA].lcn;
        for (uint32_t r = 0; r < p->nruns; r++)
            if (p->run[r].lcn != RUN_HOLE)
                p->run[r].lcn += p->at;
    }
    return 0;
}
