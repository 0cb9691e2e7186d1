/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/look.h"

#include <string.h>

#include "ntfs/read.h"

enum { TWIN_RECORDS = 4, BITMAP_STEP = 65536 };

/* A boot sector makes sense and leads to something like an $MFT. */
static bool leads_to_mft(struct blk *vol, const struct ntfs_boot_disk *d, struct ntfs_geom *g)
{
    struct wtg_err ignored = { 0 };
    uint8_t magic[4];

    return d->mark[0] == 0x55 && d->mark[1] == 0xaa && get_le16(d->reserved_sectors) == 0 &&
           d->fats == 0 && get_le16(d->sectors_16) == 0 && d->media == 0xf8 &&
           get_le32(d->sectors_32) == 0 && ntfs_geom_read(d, vol->size, g, &ignored) == 0 &&
           blk_read(vol, g->mft_lcn * g->cluster_bytes, magic, sizeof magic, &ignored) == 0 &&
           memcmp(magic, NTFS_MAGIC_FILE, sizeof magic) == 0;
}

/* A boot sector with the right words whose $MFT is gone: better than none. */
static bool makes_sense(struct blk *vol, const struct ntfs_boot_disk *d, struct ntfs_geom *g)
{
    struct wtg_err ignored = { 0 };

    return d->mark[0] == 0x55 && d->mark[1] == 0xaa &&
           ntfs_geom_read(d, vol->size, g, &ignored) == 0;
}

static enum ntfs_twin look_at_boot(struct blk *vol, uint64_t off, struct ntfs_boot_disk *d,
                                   struct ntfs_geom *g)
{
    struct wtg_err ignored = { 0 };

    memset(d, 0, sizeof *d);
    if (off > vol->size || sizeof *d > vol->size - off)
        return NTFS_TWIN_DAMAGED;
    if (blk_read(vol, off, d, sizeof *d, &ignored) < 0)
        return NTFS_TWIN_UNREADABLE;
    return leads_to_mft(vol, d, g) ? NTFS_TWIN_FINE : NTFS_TWIN_DAMAGED;
}

/* Four records in a row: every one whole, in use and with its own number. */
static enum ntfs_twin look_at_records(struct blk *vol, const struct ntfs_geom *g, uint64_t off,
                                      uint8_t *buf)
{
    size_t n = g->record_bytes;
    uint8_t copy[NTFS_READ_RECORD_MAX];
    struct wtg_err ignored = { 0 };

    if (off > vol->size || TWIN_RECORDS * n > vol->size - off)
        return NTFS_TWIN_DAMAGED;
    if (blk_read(vol, off, buf, TWIN_RECORDS * n, &ignored) < 0)
        return NTFS_TWIN_UNREADABLE;
    for (size_t i = 0; i < TWIN_RECORDS; i++) {
        const struct ntfs_record_disk *d = (const void *)copy;
        uint32_t at = 0;
        struct ntfs_attr a;
        int r;
        memcpy(copy, buf + i * n, n);
        if (ntfs_fixup(copy, n, NTFS_MAGIC_FILE, &ignored) < 0 ||
            ntfs_record_look(g, copy, &ignored) < 0 || !(get_le16(d->flags) & NTFS_RECORD_IN_USE) ||
            get_le32(d->number) != i)
            return NTFS_TWIN_DAMAGED;
        do
            r = ntfs_attr_next((struct wtg_span){ copy, n }, &at, &a, &ignored);
        while (r > 0);
        if (r < 0)
            return NTFS_TWIN_DAMAGED;
    }
    return NTFS_TWIN_FINE;
}

static void look_at_mft(struct blk *vol, const struct ntfs_geom *g, struct ntfs_look *l,
                        uint8_t *buf)
{
    size_t n = (size_t)TWIN_RECORDS * g->record_bytes;

    l->records_bytes = (uint32_t)n;
    l->mft_off = g->mft_lcn * g->cluster_bytes;
    l->mirror_off = g->mirror_lcn * g->cluster_bytes;
    l->mft = look_at_records(vol, g, l->mft_off, buf);
    l->mirror = look_at_records(vol, g, l->mirror_off, buf + n);
    l->mft_same =
        l->mft == NTFS_TWIN_FINE && l->mirror == NTFS_TWIN_FINE && memcmp(buf, buf + n, n) == 0;
}

int ntfs_look(struct blk *vol, struct ntfs_look *ret, struct wtg_err *err)
{
    static const char bitlocker[] = "-FVE-FS-";
    struct ntfs_look l = { .mft = NTFS_TWIN_DAMAGED, .mirror = NTFS_TWIN_DAMAGED };
    struct ntfs_boot_disk first, last;
    struct ntfs_geom g[2], *good = NULL;
    AUTO_FREE uint8_t *buf = malloc((size_t)2 * TWIN_RECORDS * NTFS_READ_RECORD_MAX);

    if (!buf)
        return wtg_fail_nomem(err);
    l.boot = look_at_boot(vol, 0, &first, &g[0]);
    l.backup_off = vol->size >= vol->sector_bytes ? vol->size - vol->sector_bytes : 0;
    if (l.boot == NTFS_TWIN_FINE && g[0].sectors < vol->size / g[0].sector_bytes)
        l.backup_off = g[0].sectors * g[0].sector_bytes; /* not every volume fills its partition */
    l.backup = look_at_boot(vol, l.backup_off, &last, &g[1]);
    l.boot_same = l.boot == NTFS_TWIN_FINE && l.backup == NTFS_TWIN_FINE &&
                  memcmp(&first, &last, sizeof first) == 0;
    l.encrypted = memcmp(first.oem, bitlocker, sizeof first.oem) == 0;
    if (l.boot == NTFS_TWIN_FINE)
        good = &g[0];
    else if (l.backup == NTFS_TWIN_FINE)
        good = &g[1];
    else if (makes_sense(vol, &first, &g[0]) && makes_sense(vol, &last, &g[1]) &&
             g[0].mft_lcn == g[1].mft_lcn) {
        good = &g[0]; /* both are right, and the $MFT is what is damaged */
        l.boot = l.backup = NTFS_TWIN_FINE;
        l.boot_same = memcmp(&first, &last, sizeof first) == 0;
    }
    if (good)
        look_at_mft(vol, good, &l, buf);
    *ret = l;
    return 0;
}

int ntfs_look_through(struct blk *vol, const struct ntfs_look *l, struct blk **ret,
                      struct wtg_err *err)
{
    struct blk_extent e[6];
    size_t n = 0;
    uint64_t at = 0;
    bool boot = l->boot != NTFS_TWIN_FINE && l->backup == NTFS_TWIN_FINE;
    bool mft = l->mft != NTFS_TWIN_FINE && l->mirror == NTFS_TWIN_FINE && l->records_bytes;

    if (!boot && !mft)
        return wtg_fail(err, WTG_E_UNSUPPORTED,
                        "nothing of the volume can be put back from a copy");
    if (boot) {
        e[n++] = (struct blk_extent){ l->backup_off, sizeof(struct ntfs_boot_disk) };
        at = sizeof(struct ntfs_boot_disk);
    }
    if (mft && l->mft_off >= at) {
        if (l->mft_off > at)
            e[n++] = (struct blk_extent){ at, l->mft_off - at };
        e[n++] = (struct blk_extent){ l->mirror_off, l->records_bytes };
        at = l->mft_off + l->records_bytes;
    }
    if (at < vol->size)
        e[n++] = (struct blk_extent){ at, vol->size - at };
    return blk_extents_new(vol, e, n, ret, err);
}

/* ---- Space ------------------------------------------------------------------------------ */

struct count {
    struct ntfs_space *s;
    uint64_t run, at;
    uint64_t zone; /* the next cluster that would belong to the zone behind $MFT */
};

static void count_bits(struct count *c, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n * 8 && c->at < c->s->clusters; i++, c->at++) {
        if (p[i / 8] >> (i % 8) & 1) {
            c->run = 0;
            continue;
        }
        c->s->free_clusters++;
        c->s->free_runs += c->run == 0;
        c->s->largest_free = max_u64(c->s->largest_free, ++c->run);
        if (c->at == c->zone && c->s->zone_clusters < NTFS_ZONE_MAX_BYTES / c->s->cluster_bytes) {
            c->s->zone_clusters++;
            c->zone++;
        }
    }
}

static int count_stream(struct ntfs_volume *v, const struct ntfs_stream *b, struct ntfs_space *s,
                        struct wtg_err *err)
{
    const struct ntfs_extents *mft = &v->mft.extents;
    const struct ntfs_extent *last = mft->n ? &mft->item[mft->n - 1] : NULL;
    struct count c = { .s = s, .zone = last ? last->lcn + last->clusters : UINT64_MAX };
    AUTO_FREE uint8_t *buf = malloc(BITMAP_STEP);
    int r = buf ? 0 : wtg_fail_nomem(err);

    for (uint64_t at = 0; r == 0 && at < b->size_bytes && c.at < s->clusters; at += BITMAP_STEP) {
        size_t n = (size_t)min_u64(BITMAP_STEP, b->size_bytes - at);
        r = ntfs_stream_read(v->blk, v->geom.cluster_bytes, b, at, buf, n, err);
        if (r == 0)
            count_bits(&c, buf, n);
    }
    return r;
}

int ntfs_look_space(struct blk *vol, struct ntfs_space *ret, struct wtg_err *err)
{
    struct ntfs_volume *v = NULL;
    struct ntfs_file f = { 0 };
    struct ntfs_stream b = { 0 };
    const struct ntfs_attr *a = NULL;
    int r = ntfs_volume_open(vol, &v, err);

    if (r == 0)
        r = ntfs_file_load(v, NTFS_REC_BITMAP, &f, err);
    if (r == 0 && !(a = ntfs_file_find(&f, NTFS_AT_DATA, "")))
        r = wtg_fail(err, WTG_E_VOLUME_DAMAGED, "$Bitmap has no content");
    if (r == 0)
        r = ntfs_stream_open(v, &f, a, &b, err);
    if (r == 0) {
        struct ntfs_space s = { .clusters = v->geom.clusters,
                                .cluster_bytes = v->geom.cluster_bytes,
                                .mft_runs = v->mft.extents.n };
        r = count_stream(v, &b, &s, err);
        if (r == 0)
            *ret = s;
    }
    ntfs_stream_release(&b);
    ntfs_file_release(&f);
    ntfs_volume_free(v);
    return r;
}

/* ---- Hibernation ------------------------------------------------------------------------ */

/* PO_MEMORY_IMAGE.Signature: "hibr" (also "HIBR") while an image waits in it, "wake" once it was
 * resumed, zeroes when it was never used.  Source: ntfs-3g and Volatility read it so. */
enum ntfs_hibernation ntfs_look_hibernation(struct wtg_span head)
{
    const uint8_t *p = span_at(head, 0, 4);
    static const uint8_t nothing[4];

    if (!p)
        return NTFS_AWAKE;
    if (memcmp(p, "hibr", 4) == 0 || memcmp(p, "HIBR", 4) == 0)
        return NTFS_HIBERNATED;
    if (memcmp(p, "wake", 4) == 0 || memcmp(p, "WAKE", 4) == 0 || memcmp(p, nothing, 4) == 0)
        return NTFS_AWAKE;
    return NTFS_HIBERNATION_UNKNOWN;
}
