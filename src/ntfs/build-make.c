/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/build-priv.h"

#include "tree/names.h"

/* The bytes of each area, made when they are written: nothing of the size of $MFT or of the
 * indexes ever stands in memory.  Each function fills [off, off+n) of its area; both are multiples
 * of 4096. */

/* ---- $MFT ---- */

/* The file that owns a record, or NONE. */
static uint32_t file_of_record(const struct ntfs_build *b, uint64_t record)
{
    size_t low = 0, high = b->nfiles;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (b->file[mid].record + (uint64_t)b->file[mid].nrecords <= record)
            low = mid + 1;
        else
            high = mid;
    }
    return low < b->nfiles && b->file[low].record <= record ? (uint32_t)low : NONE;
}

/* Collects and spreads the attributes of a file, as the plan did. */
static int compose(struct ntfs_build *b, uint32_t file, struct wtg_err *err)
{
    const struct build_file *f = &b->file[file];
    if (b->composed == file)
        return 0;
    if (f->node->mark != file)
        return wtg_fail(err, WTG_E_BUG, "somebody changed the marks of the tree");
    if (file_attrs(b, f, err) < 0 || mft_pack(&b->mft, b->record_bytes, b->lcn_bytes, err) < 0)
        return err->code;
    if (b->mft.nrecords != f->nrecords)
        return wtg_fail(err, WTG_E_BUG, "record %u takes %u records and not %u as planned",
                        f->record, b->mft.nrecords, f->nrecords);
    b->composed = file;
    return 0;
}

static struct mft_head file_head(const struct build_file *f)
{
    uint16_t flags = f->system ? f->system->flags : 0;
    if (file_is_directory(f))
        flags |= NTFS_RECORD_DIRECTORY;
    return (struct mft_head){ f->record, f->sequence, flags | NTFS_RECORD_IN_USE };
}

static int make_mft(void *ctx, uint64_t off, uint8_t *buf, size_t n, struct wtg_err *err)
{
    struct ntfs_build *b = ctx;
    for (uint64_t at = off; at < off + n; at += b->record_bytes, buf += b->record_bytes) {
        uint64_t record = at / b->record_bytes;
        uint32_t file = file_of_record(b, record);
        if (file == NONE) {
            bool reserved = record >= NTFS_REC_FIRST_UNUSED && record < NTFS_REC_QUOTA;
            mft_put_free(record, reserved ? (uint16_t)record : 1, b->record_bytes, buf);
            continue;
        }
        if (compose(b, file, err) < 0)
            return err->code;
        const struct build_file *f = &b->file[file];
        struct mft_head head = file_head(f);
        mft_put_record(&b->mft, &head, (uint32_t)(record - f->record), b->record_bytes, buf);
    }
    return 0;
}

/* ---- Bitmaps ---- */

/* Sets the bits [first, end) of a bitmap whose bytes [off, off+n) stand in buf. */
static void set_bits(uint64_t off, uint8_t *buf, size_t n, uint64_t first, uint64_t end)
{
    uint64_t at = max_u64(first, off * 8), to = min_u64(end, (off + n) * 8);
    while (at < to) {
        uint8_t *byte = &buf[at / 8 - off];
        if (at % 8 == 0 && to - at >= 8) {
            size_t whole = (size_t)((to - at) / 8);
            memset(byte, 0xff, whole);
            at += whole * 8;
        } else {
            *byte = (uint8_t)(*byte | 1u << at % 8);
            at++;
        }
    }
}

static int make_mft_bitmap(void *ctx, uint64_t off, uint8_t *buf, size_t n, struct wtg_err *err)
{
    const struct ntfs_build *b = ctx;
    (void)err;
    memset(buf, 0, n);
    for (size_t i = 0; i < SYSTEM_FILES; i++)
        set_bits(off, buf, n, system_files[i].record, system_files[i].record + 1u);
    set_bits(off, buf, n, NTFS_FIRST_USER_RECORD, b->next_record);
    return 0;
}

static int make_bitmap(void *ctx, uint64_t off, uint8_t *buf, size_t n, struct wtg_err *err)
{
    const struct ntfs_build *b = ctx;
    const struct area *data = &b->area[AREA_DATA], *mft = &b->area[AREA_MFT];
    (void)err;
    memset(buf, 0, n);
    set_bits(off, buf, n, 0, mft->lcn + mft->clusters);
    set_bits(off, buf, n, data->lcn, data->lcn + data->clusters);
    set_bits(off, buf, n, b->clusters, b->area[AREA_BITMAP].bytes * 8);
    return 0;
}

/* ---- The rest ---- */

static int make_upcase(void *ctx, uint64_t off, uint8_t *buf, size_t n, struct wtg_err *err)
{
    const uint16_t *upcase = names_upcase();
    (void)ctx, (void)err;
    for (size_t i = 0; i < n; i += 2)
        put_le16(buf + i, upcase[(off + i) / 2]);
    return 0;
}

static int make_attrdef(void *ctx, uint64_t off, uint8_t *buf, size_t n, struct wtg_err *err)
{
    (void)ctx, (void)off, (void)err;
    memset(buf, 0, n);
    system_put_attrdef(buf);
    return 0;
}

static int make_sds(void *ctx, uint64_t off, uint8_t *buf, size_t n, struct wtg_err *err)
{
    const struct ntfs_build *b = ctx;
    (void)err;
    secure_put_sds(&b->secure, off, buf, n);
    return 0;
}

static int make_index(void *ctx, uint64_t off, uint8_t *buf, size_t n, struct wtg_err *err)
{
    const struct ntfs_build *b = ctx;
    uint32_t block = (uint32_t)(off / INDEX_BLOCK_BYTES);
    size_t low = 0, high = b->nindexes; /* the last index that begins there or before */
    (void)err;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (b->index[mid].first_block <= block)
            low = mid;
        else
            high = mid;
    }
    for (size_t at = 0; at < n; at += INDEX_BLOCK_BYTES, block++) {
        while (block - b->index[low].first_block >= b->index[low].shape.nblocks)
            low++;
        const struct build_index *x = &b->index[low];
        index_put_block(&x->keys, &x->shape, block - x->first_block, buf + at);
    }
    return 0;
}

/* Makes a whole odd in b->odd_bytes. */
static int make_odd(struct ntfs_build *b, uint32_t which, struct wtg_err *err)
{
    const struct odd *o = &b->odd[which];
    const struct build_file *f = &b->file[o->file];
    struct mft_head head = file_head(f);
    if (b->odd_made == which)
        return 0;
    b->odd_made = NONE;
    memset(b->odd_bytes, 0, round_up(o->bytes, CLUSTER));
    if (o->kind == ODD_LIST && compose(b, o->file, err) < 0)
        return err->code;
    if (o->kind == ODD_LIST)
        mft_put_list(&b->mft, &head, b->odd_bytes);
    else if (o->kind == ODD_REPARSE)
        file_put_reparse(b, f, b->odd_bytes);
    else if (o->kind == ODD_EA)
        file_put_ea(f->node, b->odd_bytes);
    else
        index_put_bitmap(&b->index[f->index + (o->kind == ODD_BITMAP_2)], b->odd_bytes);
    b->odd_made = which;
    return 0;
}

static int make_odds(void *ctx, uint64_t off, uint8_t *buf, size_t n, struct wtg_err *err)
{
    struct ntfs_build *b = ctx;
    for (size_t at = 0; at < n; at += CLUSTER) {
        uint64_t cluster = (off + at) / CLUSTER;
        size_t low = 0, high = b->nodds;
        while (high - low > 1) {
            size_t mid = low + (high - low) / 2;
            if (b->odd[mid].cluster <= cluster)
                low = mid;
            else
                high = mid;
        }
        if (make_odd(b, (uint32_t)low, err) < 0)
            return err->code;
        memcpy(buf + at, b->odd_bytes + (cluster - b->odd[low].cluster) * CLUSTER, CLUSTER);
    }
    return 0;
}

/* ---- Regions ---- */

static const struct {
    enum area_id area;
    int (*make)(void *ctx, uint64_t off, uint8_t *buf, size_t n, struct wtg_err *err);
} makers[] = {
    { AREA_MIRROR, make_mft }, /* the first records of $MFT, byte for byte */
    { AREA_MFT_BITMAP, make_mft_bitmap },
    { AREA_UPCASE, make_upcase },
    { AREA_ATTRDEF, make_attrdef },
    { AREA_SDS, make_sds },
    { AREA_BITMAP, make_bitmap },
    { AREA_INDEX, make_index },
    { AREA_ODDS, make_odds },
    { AREA_MFT, make_mft },
};

/* The boot sector, and behind the last cluster its copy in the partition's last sector. */
static int boot_regions(struct ntfs_build *b, struct tree_regions *ret, struct wtg_err *err)
{
    uint64_t end = b->clusters * CLUSTER, tail = b->o.size_bytes - end;
    const struct tree_region regions[] = {
        { .kind = REGION_FILL,
          .pass = PASS_METADATA,
          .offset = CLUSTER,
          .length = NTFS_BOOT_FILE_BYTES - CLUSTER },
        { .kind = REGION_BYTES,
          .pass = PASS_METADATA,
          .offset = end,
          .length = tail,
          .bytes = b->tail },
        { .kind = REGION_BYTES, .pass = PASS_BOOT, .length = CLUSTER, .bytes = b->boot },
    };
    memset(b->boot, 0, sizeof b->boot);
    memset(b->tail, 0, sizeof b->tail);
    system_put_boot(b, b->boot);
    system_put_boot(b, b->tail + tail - b->o.sector_bytes);
    for (size_t i = 0; i < ARRAY_LEN(regions); i++)
        if (tree_regions_add(ret, &regions[i], err) < 0)
            return err->code;
    return 0;
}

int make_regions(struct ntfs_build *b, struct tree_regions *ret, struct wtg_err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(makers); i++) {
        const struct area *a = &b->area[makers[i].area];
        const struct tree_region r = { .kind = REGION_MAKE,
                                       .pass = PASS_METADATA,
                                       .offset = a->lcn * CLUSTER,
                                       .length = a->clusters * CLUSTER,
                                       .make = makers[i].make,
                                       .ctx = b };
        if (r.length > 0 && tree_regions_add(ret, &r, err) < 0)
            return err->code;
    }
    /* A log of nothing but FF is empty and clean. */
    const struct tree_region log = { .kind = REGION_FILL,
                                     .pass = PASS_METADATA,
                                     .offset = b->area[AREA_LOG].lcn * CLUSTER,
                                     .length = b->area[AREA_LOG].clusters * CLUSTER,
                                     .fill = 0xff };
    if (tree_regions_add(ret, &log, err) < 0)
        return err->code;
    return boot_regions(b, ret, err);
}
