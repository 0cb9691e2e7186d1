/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/build-priv.h"

#include "base/utf16.h"

/* The builder's public calls. */

enum { LABEL_MAX_UNITS = 32 }; /* what Windows lets one type */
/* Windows counts clusters in 32 bits. */
#define CLUSTERS_MAX (UINT64_C(1) << 32)

static int check_opts(const struct ntfs_build_opts *o, struct wtg_err *err)
{
    if (o->sector_bytes != 512 && o->sector_bytes != CLUSTER)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "sectors of %u bytes; NTFS needs 512 or 4096",
                        o->sector_bytes);
    if (o->size_bytes % o->sector_bytes != 0 || o->size_bytes == 0)
        return wtg_fail(err, WTG_E_BUG, "a partition of %llu bytes with sectors of %u",
                        (unsigned long long)o->size_bytes, o->sector_bytes);
    if (o->size_bytes / CLUSTER >= CLUSTERS_MAX)
        return wtg_fail(err, WTG_E_UNSUPPORTED,
                        "a volume of %llu bytes; with clusters of 4 KiB NTFS has 16 TiB at most",
                        (unsigned long long)o->size_bytes);
    if (o->serial == 0)
        return wtg_fail(err, WTG_E_BUG, "the serial number of a volume must not be 0");
    return 0;
}

static int set_label(struct ntfs_build *b, struct wtg_err *err)
{
    if (!b->o.label)
        return 0;
    if (utf16_from_utf8(b->o.label, &b->label, &b->label_len, err) < 0)
        return wtg_because(err, "volume label");
    if (b->label_len > LABEL_MAX_UNITS)
        return wtg_fail(err, WTG_E_USAGE,
                        "the volume label '%s' has %zu characters, at most %d fit", b->o.label,
                        b->label_len, LABEL_MAX_UNITS);
    return 0;
}

static void sum_up(struct ntfs_build *b)
{
    struct ntfs_build_info *i = &b->info;
    uint64_t clusters = 0;
    for (size_t a = 0; a < AREAS; a++)
        clusters += b->area[a].clusters;
    i->needed_bytes = layout_needed_bytes(b);
    i->size_bytes = b->o.size_bytes;
    i->used_bytes = clusters * CLUSTER;
    i->data_bytes = b->area[AREA_DATA].clusters * CLUSTER;
    i->metadata_bytes =
        i->used_bytes - i->data_bytes - CLUSTER + (b->o.size_bytes - b->clusters * CLUSTER);
    i->mft_bytes = b->area[AREA_MFT].bytes;
    i->index_bytes = b->area[AREA_INDEX].bytes;
    i->log_bytes = b->area[AREA_LOG].bytes;
    i->zone_bytes = b->zone_clusters * CLUSTER;
    i->records = b->next_record - NTFS_FIRST_USER_RECORD + SYSTEM_FILES;
}

/* All steps but the last, which may find the volume too small. */
static int plan(const struct tree *t, const struct ntfs_build_opts *o, struct ntfs_build **ret,
                struct wtg_err *err)
{
    if (check_opts(o, err) < 0)
        return err->code;
    struct ntfs_build *b = mem_zeroed(1, sizeof *b, err);
    if (!b)
        return err->code;
    b->tree = t;
    b->o = *o;
    b->record_bytes = o->sector_bytes > NTFS_RECORD_BYTES ? o->sector_bytes : NTFS_RECORD_BYTES;
    b->clusters = (o->size_bytes / o->sector_bytes - 1) / (CLUSTER / o->sector_bytes);
    /* Four bytes at least, so that the plan, and with it the needed size, is the same for every
     * volume below 8 TiB. */
    b->lcn_bytes = (unsigned)max_u64(4, runlist_lcn_bytes(b->clusters));
    b->composed = b->odd_made = NONE;
    if (o->volume_id)
        b->volume_id = *o->volume_id;
    system_files_init(b);
    if (set_label(b, err) < 0 || build_files(b, err) < 0 || build_dirs(b, err) < 0 ||
        build_plan(b, err) < 0) {
        ntfs_build_free(b);
        return err->code;
    }
    *ret = b;
    return 0;
}

int ntfs_build_new(const struct tree *t, const struct ntfs_build_opts *o, struct ntfs_build **ret,
                   struct wtg_err *err)
{
    struct ntfs_build *b = NULL;
    if (plan(t, o, &b, err) < 0)
        return wtg_because(err, "laying out the NTFS volume");
    if (build_layout(b, err) < 0) {
        ntfs_build_free(b);
        return wtg_because(err, "laying out the NTFS volume");
    }
    sum_up(b);
    *ret = b;
    return 0;
}

void ntfs_build_free(struct ntfs_build *b)
{
    if (!b)
        return;
    free(b->label);
    free(b->file);
    free(b->place);
    free(b->index);
    free(b->odd);
    free(b->reparse);
    free(b->objid);
    free(b->order);
    free(b->keep);
    free(b->odd_bytes);
    secure_release(&b->secure);
    mft_release(&b->mft);
    arena_release(&b->arena);
    free(b);
}

/* The regions of one place with content: kept, or one for each run. */
static int place_regions(const struct ntfs_build *b, const struct place *p, bool keep,
                         struct tree_regions *ret, struct wtg_err *err)
{
    struct tree_region r = { .pass = PASS_DATA, .blob = p->blob };
    if (keep) {
        r.kind = REGION_KEEP;
        r.length = p->blob->size_bytes;
        r.keep = b->keep + p->at;
        return tree_regions_add(ret, &r, err);
    }
    struct ntfs_run one = { p->at, place_clusters(p) };
    const struct ntfs_run *run = p->run ? p->run : &one;
    r.kind = REGION_BLOB;
    for (uint32_t i = 0; i < (p->run ? p->nruns : 1); i++) {
        r.offset = run[i].lcn * CLUSTER;
        r.length = run[i].clusters * CLUSTER;
        if (run[i].lcn != RUN_HOLE && tree_regions_add(ret, &r, err) < 0)
            return err->code;
        r.blob_off += r.length;
    }
    return 0;
}

static int data_regions(const struct ntfs_build *b, struct tree_regions *ret, struct wtg_err *err)
{
    const struct place *kept = NULL;
    for (size_t i = 0; i < b->norder; i++) {
        const struct place *p = &b->place[b->order[i]];
        bool keep = !p->outside || p->reparse;
        if (keep && kept && kept->blob == p->blob)
            continue; /* the same bytes serve both */
        if (place_regions(b, p, keep, ret, err) < 0)
            return err->code;
        if (keep)
            kept = p;
    }
    return 0;
}

static int make_room(struct ntfs_build *b, struct wtg_err *err)
{
    uint64_t largest = 0;
    for (size_t i = 0; i < b->nodds; i++)
        largest = max_u64(largest, round_up(b->odd[i].bytes, CLUSTER));
    if (!b->keep && !(b->keep = mem_zeroed(b->keep_bytes, 1, err)))
        return err->code;
    if (!b->odd_bytes && !(b->odd_bytes = mem_zeroed(largest, 1, err)))
        return err->code;
    return 0;
}

int ntfs_build_regions(struct ntfs_build *b, struct tree_regions *ret, struct wtg_err *err)
{
    if (make_room(b, err) < 0 || data_regions(b, ret, err) < 0 || make_regions(b, ret, err) < 0)
        return wtg_because(err, "listing what to write of the NTFS volume");
    return 0;
}

const struct ntfs_build_info *ntfs_build_info(const struct ntfs_build *b)
{
    return &b->info;
}

int ntfs_build_needed(const struct tree *t, const struct ntfs_build_opts *o, uint64_t *ret_bytes,
                      struct wtg_err *err)
{
    struct ntfs_build_opts large = *o;
    struct ntfs_build *b = NULL;
    large.size_bytes = UINT64_C(1) << 42; /* 4 TiB: more than any image */
    if (ntfs_build_new(t, &large, &b, err) < 0)
        return err->code;
    *ret_bytes = b->info.needed_bytes;
    ntfs_build_free(b);
    return 0;
}
