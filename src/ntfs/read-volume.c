/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/read.h"

#include <string.h>

enum { WINDOW_BYTES = 512 * 1024 };

static bool is_power_of_two(uint64_t v)
{
    return v && !(v & (v - 1));
}

/* Record and block sizes: clusters, or 2^-code bytes when negative; 0 when senseless. */
static uint32_t coded_size(uint8_t code, uint32_t cluster_bytes, uint32_t max)
{
    uint64_t bytes = 0;
    if (code < 0x80)
        bytes = (uint64_t)code * cluster_bytes;
    else if (code > 0x100 - 32)
        bytes = UINT64_C(1) << (0x100 - code);
    if (!is_power_of_two(bytes) || bytes < NTFS_STRIDE_BYTES || bytes > max)
        return 0;
    return (uint32_t)bytes;
}

static int geom_sizes(const struct ntfs_boot_disk *d, struct ntfs_geom *g, struct wtg_err *err)
{
    g->sector_bytes = get_le16(d->sector_bytes);
    if (!is_power_of_two(g->sector_bytes) || g->sector_bytes < 512 || g->sector_bytes > 4096)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "sector size %u at byte 0x0b is not 512, 1024, 2048 or 4096",
                        g->sector_bytes);
    uint64_t sectors = d->cluster_sectors;
    if (sectors > 0x80)
        sectors = sectors > 0x100 - 16 ? UINT64_C(1) << (0x100 - sectors) : 0;
    uint64_t cluster = sectors * g->sector_bytes;
    if (!is_power_of_two(cluster) || cluster > 2 * 1024 * 1024)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "cluster size code 0x%02x at byte 0x0d has no meaning", d->cluster_sectors);
    g->cluster_bytes = (uint32_t)cluster;
    g->record_bytes = coded_size(d->record_size, g->cluster_bytes, NTFS_READ_RECORD_MAX);
    if (!g->record_bytes)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "record size code 0x%02x at byte 0x40 has no meaning", d->record_size);
    g->block_bytes = coded_size(d->index_block_size, g->cluster_bytes, NTFS_READ_BLOCK_MAX);
    if (!g->block_bytes)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "index block size code 0x%02x at byte 0x44 has no meaning",
                        d->index_block_size);
    return 0;
}

int ntfs_geom_read(const struct ntfs_boot_disk *d, uint64_t volume_bytes, struct ntfs_geom *ret,
                   struct wtg_err *err)
{
    if (memcmp(d->oem, NTFS_OEM, sizeof d->oem) != 0) {
        wtg_fact(err, "ntfs.oem", "%.8s", (const char *)d->oem);
        return wtg_fail(err, WTG_E_VOLUME_FORMAT, "no 'NTFS' at byte 3 of the volume");
    }
    struct ntfs_geom g = { 0 };
    int r = geom_sizes(d, &g, err);
    if (r < 0)
        return r;
    g.sectors = get_le64(d->total_sectors);
    if (g.sectors > volume_bytes / g.sector_bytes)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "the boot sector counts %llu sectors, but the volume has %llu",
                        (unsigned long long)g.sectors,
                        (unsigned long long)(volume_bytes / g.sector_bytes));
    g.clusters = g.sectors * g.sector_bytes / g.cluster_bytes;
    if (g.clusters > NTFS_READ_CLUSTERS_MAX)
        return wtg_fail(err, WTG_E_UNSUPPORTED,
                        "a volume of %llu clusters is larger than any "
                        "that Windows uses",
                        (unsigned long long)g.clusters);
    g.mft_lcn = get_le64(d->mft_lcn);
    g.mirror_lcn = get_le64(d->mirror_lcn);
    g.serial = get_le64(d->serial);
    if (g.mft_lcn >= g.clusters || g.mirror_lcn >= g.clusters)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "$MFT at cluster %llu and its mirror at %llu must lie on the volume, "
                        "which has %llu clusters",
                        (unsigned long long)g.mft_lcn, (unsigned long long)g.mirror_lcn,
                        (unsigned long long)g.clusters);
    *ret = g;
    return 0;
}

/* The record of $MFT itself, straight from where the boot sector points. */
static int read_first_record(struct ntfs_volume *v, uint8_t *buf, struct wtg_err *err)
{
    int r =
        blk_read(v->blk, v->geom.mft_lcn * v->geom.cluster_bytes, buf, v->geom.record_bytes, err);
    if (r == 0)
        r = ntfs_fixup(buf, v->geom.record_bytes, NTFS_MAGIC_FILE, err);
    if (r == 0)
        r = ntfs_record_look(&v->geom, buf, err);
    return r;
}

/* Finds an attribute in one record: by type and name, or by type and instance. */
static int find_in_record(struct wtg_span rec, uint32_t type, const char *name, int instance,
                          struct ntfs_attr *ret, struct wtg_err *err)
{
    uint32_t off = 0;
    struct ntfs_attr a;
    int r;
    while ((r = ntfs_attr_next(rec, &off, &a, err)) > 0) {
        if (a.type != type || (name && !ntfs_attr_named(&a, name)) ||
            (instance >= 0 && a.instance != instance))
            continue;
        *ret = a;
        return 1;
    }
    return r;
}

/* Extends the map of $MFT by one piece, which stands in a record that is mapped already. */
static int add_mft_piece(struct ntfs_volume *v, const struct ntfs_attr_list_entry_disk *e,
                         struct wtg_err *err)
{
    AUTO_FREE uint8_t *buf = mem_zeroed(1, v->geom.record_bytes, err);
    if (!buf)
        return WTG_E_NOMEM;
    uint64_t n = ntfs_ref_record(get_le64(e->ref));
    struct ntfs_attr a;
    int r = ntfs_record_read(v, n, buf, err);
    if (r == 0)
        r = find_in_record((struct wtg_span){ buf, v->geom.record_bytes }, NTFS_AT_DATA, "",
                           get_le16(e->instance), &a, err);
    if (r == 0)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "record %llu does not hold the piece of $MFT it should",
                        (unsigned long long)n);
    if (r > 0)
        r = ntfs_extents_add(&v->mft.extents, &a, v->geom.clusters, err);
    return r;
}

static int follow_mft_list(struct ntfs_volume *v, struct wtg_span list, struct wtg_err *err)
{
    uint64_t off = 0;
    while (off < list.n) {
        const struct ntfs_attr_list_entry_disk *e = span_at(list, off, sizeof *e);
        uint16_t length = e ? get_le16(e->length) : 0;
        if (length < sizeof *e || length > list.n - off)
            return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                            "the entry at byte %llu of $MFT's attribute list does not fit",
                            (unsigned long long)off);
        if (get_le32(e->type) == NTFS_AT_DATA && e->name_len == 0 && get_le64(e->lowest_vcn)) {
            int r = add_mft_piece(v, e, err);
            if (r < 0)
                return r;
        }
        off += length;
    }
    return 0;
}

/* $MFT may be in so many pieces that it has an $ATTRIBUTE_LIST; Windows sees to it that each piece
 * of the map stands in a part of $MFT that the pieces before it map. */
static int map_mft_list(struct ntfs_volume *v, const struct ntfs_file *one, struct wtg_err *err)
{
    const struct ntfs_attr *a = ntfs_file_find(one, NTFS_AT_ATTRIBUTE_LIST, "");
    if (!a)
        return 0;
    struct ntfs_stream s = { 0 };
    AUTO_FREE uint8_t *list = NULL;
    size_t n = 0;
    int r = ntfs_stream_open(v, one, a, &s, err);
    if (r == 0)
        r = ntfs_stream_slurp(v, &s, NTFS_ATTR_LIST_MAX, &list, &n, err);
    ntfs_stream_release(&s);
    if (r == 0)
        r = follow_mft_list(v, (struct wtg_span){ list, n }, err);
    return r;
}

/* All the attributes of one record, without following a list. */
static int attrs_of_record(struct wtg_span rec, struct ntfs_file *f, struct wtg_err *err)
{
    uint32_t off = 0;
    struct ntfs_attr a;
    int r;
    while ((r = ntfs_attr_next(rec, &off, &a, err)) > 0) {
        r = mem_grow(&f->attr, &f->attrs_cap, f->nattrs, sizeof a, err);
        if (r < 0)
            return r;
        f->attr[f->nattrs++] = a;
    }
    return r;
}

static int map_mft(struct ntfs_volume *v, struct wtg_err *err)
{
    uint8_t buf[NTFS_READ_RECORD_MAX];
    struct ntfs_file one = { 0 };
    struct ntfs_attr a;
    struct wtg_span rec = { buf, v->geom.record_bytes };
    int r = read_first_record(v, buf, err);
    if (r == 0)
        r = find_in_record(rec, NTFS_AT_DATA, "", -1, &a, err);
    if (r == 0 || (r > 0 && (!a.nonresident || a.lowest_vcn != 0)))
        r = wtg_fail(err, WTG_E_VOLUME_DAMAGED, "record 0 does not map $MFT from its start");
    if (r > 0)
        r = ntfs_extents_add(&v->mft.extents, &a, v->geom.clusters, err);
    if (r == 0) {
        v->mft.size_bytes = min_u64(a.data_size, a.allocated);
        v->mft.initialized = min_u64(a.initialized, v->mft.size_bytes);
        /* So much is mapped; the list may bring the rest. */
        v->records = a.clusters * v->geom.cluster_bytes / v->geom.record_bytes;
        r = attrs_of_record(rec, &one, err);
    }
    if (r == 0)
        r = map_mft_list(v, &one, err);
    ntfs_file_release(&one);
    return r;
}

static int count_records(struct ntfs_volume *v, struct wtg_err *err)
{
    const struct ntfs_extents *e = &v->mft.extents;
    uint64_t mapped = 0;
    for (size_t i = 0; i < e->n; i++) {
        if (e->item[i].lcn == NTFS_HOLE)
            return wtg_fail(err, WTG_E_VOLUME_DAMAGED, "$MFT has a hole at cluster %llu",
                            (unsigned long long)e->item[i].vcn);
        mapped += e->item[i].clusters;
    }
    if (v->mft.size_bytes / v->geom.cluster_bytes > mapped)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                        "$MFT says it has %llu bytes, but maps only "
                        "%llu clusters",
                        (unsigned long long)v->mft.size_bytes, (unsigned long long)mapped);
    v->records = v->mft.initialized / v->geom.record_bytes;
    if (v->records > NTFS_READ_RECORDS_MAX)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "an $MFT of %llu records is more than wtg reads",
                        (unsigned long long)v->records);
    if (v->records <= NTFS_REC_EXTEND)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED, "$MFT has only %llu records",
                        (unsigned long long)v->records);
    return 0;
}

int ntfs_volume_open(struct blk *blk, struct ntfs_volume **ret, struct wtg_err *err)
{
    struct ntfs_boot_disk boot;
    if (blk->size < sizeof boot)
        return wtg_fail(err, WTG_E_VOLUME_FORMAT, "a volume of %llu bytes is too small for NTFS",
                        (unsigned long long)blk->size);
    struct ntfs_volume *v = mem_zeroed(1, sizeof *v, err);
    if (!v)
        return WTG_E_NOMEM;
    v->blk = blk;
    v->window = malloc(WINDOW_BYTES);
    int r = v->window ? 0 : wtg_fail_nomem(err);
    if (r == 0)
        r = blk_read(blk, 0, &boot, sizeof boot, err);
    if (r == 0)
        r = ntfs_geom_read(&boot, blk->size, &v->geom, err);
    if (r == 0)
        r = map_mft(v, err);
    if (r == 0)
        r = count_records(v, err);
    if (r < 0) {
        ntfs_volume_free(v);
        return wtg_because(err, "opening the NTFS volume");
    }
    *ret = v;
    return 0;
}

void ntfs_volume_free(struct ntfs_volume *v)
{
    if (!v)
        return;
    ntfs_stream_release(&v->mft);
    free(v->window);
    free(v);
}

/* Fills the window from record n on. */
static int fill_window(struct ntfs_volume *v, uint64_t n, struct wtg_err *err)
{
    uint32_t rb = v->geom.record_bytes;
    uint64_t count = min_u64(WINDOW_BYTES / rb, v->records - n);
    v->window_n = 0;
    int r = ntfs_stream_read(v->blk, v->geom.cluster_bytes, &v->mft, n * rb, v->window,
                             (size_t)count * rb, err);
    if (r < 0)
        return r;
    v->window_first = n;
    v->window_n = count;
    return 0;
}

int ntfs_record_read_raw(struct ntfs_volume *v, uint64_t n, uint8_t *buf, struct wtg_err *err)
{
    uint32_t rb = v->geom.record_bytes;
    if (n >= v->records)
        return wtg_fail(err, WTG_E_VOLUME_DAMAGED, "there is no record %llu, $MFT has %llu",
                        (unsigned long long)n, (unsigned long long)v->records);
    bool inside = n >= v->window_first && n - v->window_first < v->window_n;
    int r = 0;
    uint64_t end = v->window_first + v->window_n;
    /* From the start, or going on not far behind it: somebody reads from front to back. */
    if (!inside && (n == 0 || (n >= end && n - end < WINDOW_BYTES / rb))) {
        r = fill_window(v, n, err);
        inside = r == 0;
    }
    if (inside)
        memcpy(buf, v->window + (n - v->window_first) * rb, rb);
    else if (r == 0)
        r = ntfs_stream_read(v->blk, v->geom.cluster_bytes, &v->mft, n * rb, buf, rb, err);
    return r < 0 ? wtg_because(err, "record %llu", (unsigned long long)n) : 0;
}

int ntfs_record_read(struct ntfs_volume *v, uint64_t n, uint8_t *buf, struct wtg_err *err)
{
    int r = ntfs_record_read_raw(v, n, buf, err);
    if (r < 0)
        return r;
    r = ntfs_fixup(buf, v->geom.record_bytes, NTFS_MAGIC_FILE, err);
    if (r == 0)
        r = ntfs_record_look(&v->geom, buf, err);
    return r < 0 ? wtg_because(err, "record %llu", (unsigned long long)n) : 0;
}
