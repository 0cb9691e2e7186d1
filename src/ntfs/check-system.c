/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/check-state.h"

#include <string.h>

#include "tree/names.h"

/* The file system's own files. */

/* ---- Where and what they are ------------------------------------------------------------ */

/* clang-format off */
static const struct {
    uint8_t record;
    uint16_t flags;
    const char *name;
} own[] = {
    { NTFS_REC_MFT,      NTFS_RECORD_IN_USE,                          "$MFT" },
    { NTFS_REC_MFTMIRR,  NTFS_RECORD_IN_USE,                          "$MFTMirr" },
    { NTFS_REC_LOGFILE,  NTFS_RECORD_IN_USE,                          "$LogFile" },
    { NTFS_REC_VOLUME,   NTFS_RECORD_IN_USE,                          "$Volume" },
    { NTFS_REC_ATTRDEF,  NTFS_RECORD_IN_USE,                          "$AttrDef" },
    { NTFS_REC_ROOT,     NTFS_RECORD_IN_USE | NTFS_RECORD_DIRECTORY,  "." },
    { NTFS_REC_BITMAP,   NTFS_RECORD_IN_USE,                          "$Bitmap" },
    { NTFS_REC_BOOT,     NTFS_RECORD_IN_USE,                          "$Boot" },
    { NTFS_REC_BADCLUS,  NTFS_RECORD_IN_USE,                          "$BadClus" },
    { NTFS_REC_SECURE,   NTFS_RECORD_IN_USE | NTFS_RECORD_VIEW_INDEX, "$Secure" },
    { NTFS_REC_UPCASE,   NTFS_RECORD_IN_USE,                          "$UpCase" },
    { NTFS_REC_EXTEND,   NTFS_RECORD_IN_USE | NTFS_RECORD_DIRECTORY,  "$Extend" },
};

static const struct {
    const char *name;
    uint8_t record;
} extend[] = {
    { "$Quota", NTFS_REC_QUOTA }, { "$ObjId", NTFS_REC_OBJID }, { "$Reparse", NTFS_REC_REPARSE },
};
/* clang-format on */

static void check_own(struct check *c)
{
    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        uint64_t n = own[i].record;
        size_t x = ntfs_check_names_of(c, n);
        if (!c->place[n].in_use || c->row[n].base || x == c->nnames ||
            ntfs_ref_record(c->name[x].parent) != NTFS_REC_ROOT ||
            !ntfs_check_name_is(&c->name[x], own[i].name))
            ntfs_check_problem(c, NTFS_P_SYSTEM_FILE, n, "it is not '%s'", own[i].name);
        else if (c->row[n].flags != own[i].flags)
            ntfs_check_problem(c, NTFS_P_SYSTEM_DETAIL, n, "flags 0x%x, expected 0x%x",
                               c->row[n].flags, own[i].flags);
    }
    for (uint64_t n = NTFS_REC_RESERVED; n < NTFS_REC_QUOTA && n < c->records; n++)
        if (c->place[n].in_use != (n < NTFS_REC_FIRST_UNUSED))
            ntfs_check_problem(c, NTFS_P_SYSTEM_DETAIL, n, "it is %s",
                               c->place[n].in_use ? "in use" : "free");
    for (size_t i = 0; i < ARRAY_LEN(extend); i++) {
        uint64_t n = ntfs_check_extend_child(c, extend[i].name);
        uint16_t flags = NTFS_RECORD_IN_USE | NTFS_RECORD_EXTEND | NTFS_RECORD_VIEW_INDEX;
        if (n != extend[i].record || c->row[n].flags != flags)
            ntfs_check_problem(c, NTFS_P_SYSTEM_DETAIL, n, "'%s' is not record %u with flags 0x%x",
                               extend[i].name, extend[i].record, flags);
    }
}

/* ---- Contents --------------------------------------------------------------------------- */

/* Loads a record and reads a whole stream of it; 1: reported. */
static int content(struct check *c, uint64_t record, uint32_t type, const char *name, size_t limit,
                   enum ntfs_problem_number p, uint8_t **ret, size_t *ret_n, struct wtg_err *err)
{
    int r = ntfs_check_soft(c, ntfs_file_load(c->vol, record, &c->file, err), p, record, err);
    return r ? r : ntfs_check_slurp(c, &c->file, type, name, limit, p, ret, ret_n, err);
}

static int check_volume(struct check *c, struct wtg_err *err)
{
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    int r = content(c, NTFS_REC_VOLUME, NTFS_AT_VOLUME_INFORMATION, "", 64, NTFS_P_SYSTEM_FILE,
                    &bytes, &n, err);
    struct wtg_span s = { bytes, n };
    const struct ntfs_volume_information_disk *d = r ? NULL : span_at(s, 0, sizeof *d);
    if (!d)
        return r;
    if (d->major != 3 || d->minor != 1)
        ntfs_check_problem(c, NTFS_P_VOLUME_VERSION, NTFS_REC_VOLUME, "%u.%u", d->major, d->minor);
    if (get_le16(d->flags))
        ntfs_check_problem(c, NTFS_P_VOLUME_DIRTY, NTFS_REC_VOLUME, "flags 0x%x",
                           get_le16(d->flags));
    return 0;
}

/* CRC-64 as Windows keeps it of $UpCase; found by matching tables against their $Info. */
static uint64_t crc64(const uint8_t *p, size_t n)
{
    const uint64_t polynomial = UINT64_C(0x9a6c9329ac4bc9b5); /* reflected */
    uint64_t table[256], crc = UINT64_MAX;
    for (unsigned i = 0; i < ARRAY_LEN(table); i++) {
        table[i] = i;
        for (int k = 0; k < 8; k++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? polynomial : 0);
    }
    for (size_t i = 0; i < n; i++)
        crc = table[(uint8_t)crc ^ p[i]] ^ crc >> 8;
    return ~crc;
}

static int check_upcase(struct check *c, struct wtg_err *err)
{
    AUTO_FREE uint8_t *bytes = NULL, *info = NULL;
    size_t n = 0, info_n = 0;
    int r = content(c, NTFS_REC_UPCASE, NTFS_AT_DATA, "", NTFS_UPCASE_BYTES, NTFS_P_UPCASE, &bytes,
                    &n, err);
    if (r != 0)
        return r;
    if (n != NTFS_UPCASE_BYTES)
        ntfs_check_problem(c, NTFS_P_UPCASE, NTFS_REC_UPCASE, "%zu bytes", n);
    for (size_t i = 0; i < n / 2; i++)
        if (c->upcase[i] != names_upcase()[i]) {
            ntfs_check_problem(c, NTFS_P_UPCASE, NTFS_REC_UPCASE,
                               "0x%04zx becomes 0x%04x, not 0x%04x", i, c->upcase[i],
                               names_upcase()[i]);
            break;
        }
    if (!ntfs_file_find(&c->file, NTFS_AT_DATA, "$Info") && !c->opts->strict)
        return 0; /* older than Windows 8 */
    r = ntfs_check_slurp(c, &c->file, NTFS_AT_DATA, "$Info", NTFS_UPCASE_INFO_BYTES,
                         NTFS_P_UPCASE_INFO, &info, &info_n, err);
    struct wtg_span s = { info, info_n };
    const struct ntfs_upcase_info_disk *d = r ? NULL : span_at(s, 0, sizeof *d);
    if (r == 0 && (!d || get_le32(d->length) != sizeof *d || get_le64(d->crc) != crc64(bytes, n)))
        ntfs_check_problem(c, NTFS_P_UPCASE_INFO, NTFS_REC_UPCASE, "length and CRC are not those");
    return r;
}

/* clang-format off */
static const struct {
    const char *name;
    uint32_t type, flags;
    uint64_t min, max;
} attrdef[] = {
    { "$STANDARD_INFORMATION",  0x10,  0x40, 48, 72 },
    { "$ATTRIBUTE_LIST",        0x20,  0x80, 0,  UINT64_MAX },
    { "$FILE_NAME",             0x30,  0x42, 68, 578 },
    { "$OBJECT_ID",             0x40,  0x40, 0,  256 },
    { "$SECURITY_DESCRIPTOR",   0x50,  0x80, 0,  UINT64_MAX },
    { "$VOLUME_NAME",           0x60,  0x40, 2,  256 },
    { "$VOLUME_INFORMATION",    0x70,  0x40, 12, 12 },
    { "$DATA",                  0x80,  0x00, 0,  UINT64_MAX },
    { "$INDEX_ROOT",            0x90,  0x40, 0,  UINT64_MAX },
    { "$INDEX_ALLOCATION",      0xa0,  0x80, 0,  UINT64_MAX },
    { "$BITMAP",                0xb0,  0x80, 0,  UINT64_MAX },
    { "$REPARSE_POINT",         0xc0,  0x80, 0,  16384 },
    { "$EA_INFORMATION",        0xd0,  0x40, 8,  8 },
    { "$EA",                    0xe0,  0x00, 0,  65536 },
    { "$LOGGED_UTILITY_STREAM", 0x100, 0x80, 0,  65536 },
};
/* clang-format on */

static int check_attrdef(struct check *c, struct wtg_err *err)
{
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    struct ntfs_attrdef_disk want[NTFS_ATTRDEF_ENTRIES] = { 0 };
    /* Older tables are larger; 64 KiB is beyond all of them. */
    int r = content(c, NTFS_REC_ATTRDEF, NTFS_AT_DATA, "", 65536, NTFS_P_ATTRDEF, &bytes, &n, err);
    if (r != 0)
        return r;
    for (size_t i = 0; i < ARRAY_LEN(attrdef); i++) {
        for (size_t k = 0; attrdef[i].name[k]; k++)
            want[i].name[k] = to_le16((uint8_t)attrdef[i].name[k]);
        want[i].type = to_le32(attrdef[i].type);
        want[i].flags = to_le32(attrdef[i].flags);
        want[i].min_bytes = to_le64(attrdef[i].min);
        want[i].max_bytes = to_le64(attrdef[i].max);
    }
    if (n != sizeof want)
        ntfs_check_problem(c, NTFS_P_ATTRDEF, NTFS_REC_ATTRDEF, "%zu bytes", n);
    for (size_t i = 0; i < sizeof want && i < n; i++)
        if (bytes[i] != ((const uint8_t *)want)[i]) {
            ntfs_check_problem(c, NTFS_P_ATTRDEF, NTFS_REC_ATTRDEF, "row %zu, byte %zu",
                               i / sizeof want[0], i % sizeof want[0]);
            break;
        }
    return 0;
}

/* ---- $LogFile --------------------------------------------------------------------------- */

/* A restart page: of a volume that was unmounted in order, or not. */
static void check_restart(struct check *c, uint8_t *page, size_t n)
{
    struct wtg_err quiet = { 0 };
    const struct ntfs_restart_disk *d = (const void *)page;
    size_t size = get_le32(d->system_page_bytes);
    if (size < 512 || size > n || size % 512 || ntfs_fixup(page, size, NTFS_MAGIC_RSTR, &quiet)) {
        ntfs_check_problem(c, NTFS_P_LOG, NTFS_REC_LOGFILE, "a restart page of %zu bytes", size);
        return;
    }
    struct wtg_span s = { page, size };
    const struct ntfs_restart_area_disk *a = span_at(s, get_le16(d->area_offset), sizeof *a);
    if (!a)
        ntfs_check_problem(c, NTFS_P_LOG, NTFS_REC_LOGFILE, "a restart area at byte %u",
                           get_le16(d->area_offset));
    else if (!(get_le16(a->flags) & NTFS_RESTART_CLEAN) &&
             get_le16(a->client_in_use_list) != NTFS_RESTART_NO_CLIENT)
        ntfs_check_problem(c, NTFS_P_LOG_DIRTY, NTFS_REC_LOGFILE, "flags 0x%x", get_le16(a->flags));
    else
        ntfs_check_problem(c, NTFS_P_LOG_USED, NTFS_REC_LOGFILE, "it was used by Windows");
}

static bool all_ff(const uint8_t *p, size_t n)
{
    return n == 0 || (p[0] == 0xff && memcmp(p, p + 1, n - 1) == 0);
}

/* Empty is FF from end to end; whether to the end only a strict check reads. */
static int check_log_pages(struct check *c, const struct ntfs_stream *s, uint8_t *buf, size_t cap,
                           struct wtg_err *err)
{
    for (uint64_t at = 0; at < s->size_bytes; at += cap) {
        size_t n = (size_t)min_u64(cap, s->size_bytes - at);
        int r = ntfs_stream_read(c->vol->blk, c->vol->geom.cluster_bytes, s, at, buf, n, err);
        if (r < 0)
            return r;
        if (at == 0 && n >= sizeof(struct ntfs_restart_disk) &&
            memcmp(buf, NTFS_MAGIC_RSTR, 4) == 0) {
            check_restart(c, buf, n);
            return 0;
        }
        if (!all_ff(buf, n)) {
            ntfs_check_problem(c, at ? NTFS_P_LOG_USED : NTFS_P_LOG, NTFS_REC_LOGFILE,
                               "neither empty nor a log, in the bytes from %llu on",
                               (unsigned long long)at);
            return 0;
        }
        if (!c->opts->strict)
            return 0;
    }
    return 0;
}

static int check_log(struct check *c, struct wtg_err *err)
{
    enum { PIECE = 1024 * 1024 };
    AUTO_FREE uint8_t *buf = malloc(PIECE);
    struct ntfs_stream s = { 0 };
    if (!buf)
        return wtg_fail_nomem(err);
    int r = ntfs_check_soft(c, ntfs_file_load(c->vol, NTFS_REC_LOGFILE, &c->file, err),
                            NTFS_P_SYSTEM_FILE, NTFS_REC_LOGFILE, err);
    const struct ntfs_attr *a = r ? NULL : ntfs_file_find(&c->file, NTFS_AT_DATA, "");
    if (!a)
        return r < 0 ? r : 0;
    r = ntfs_stream_open(c->vol, &c->file, a, &s, err);
    if (r == 0)
        r = check_log_pages(c, &s, buf, PIECE, err);
    ntfs_stream_release(&s);
    return ntfs_check_soft(c, r, NTFS_P_LOG, NTFS_REC_LOGFILE, err);
}

/* ---- What the boot sector points to ----------------------------------------------------- */

/* The first extent of a file's unnamed $DATA; lcn NTFS_HOLE when there is none.  1: reported. */
static int first_extent(struct check *c, uint64_t record, struct ntfs_extent *ret,
                        uint64_t *ret_size, struct wtg_err *err)
{
    struct ntfs_stream s = { 0 };
    *ret = (struct ntfs_extent){ .lcn = NTFS_HOLE };
    *ret_size = 0;
    int r = ntfs_file_load(c->vol, record, &c->file, err);
    const struct ntfs_attr *a = r ? NULL : ntfs_file_find(&c->file, NTFS_AT_DATA, "");
    if (a)
        r = ntfs_stream_open(c->vol, &c->file, a, &s, err);
    if (s.extents.n)
        *ret = s.extents.item[0];
    *ret_size = s.size_bytes;
    ntfs_stream_release(&s);
    return ntfs_check_soft(c, r, NTFS_P_SYSTEM_FILE, record, err);
}

static int check_anchors(struct check *c, struct wtg_err *err)
{
    const struct ntfs_geom *g = &c->vol->geom;
    const struct {
        uint64_t record, lcn, min_bytes;
        enum ntfs_problem_number problem;
    } anchor[] = {
        { NTFS_REC_MFT, g->mft_lcn, 0, NTFS_P_SYSTEM_FILE },
        { NTFS_REC_MFTMIRR, g->mirror_lcn, 4 * (uint64_t)g->record_bytes, NTFS_P_SYSTEM_FILE },
        { NTFS_REC_BOOT, 0, NTFS_BOOT_FILE_BYTES, NTFS_P_BOOT_FILE },
    };
    for (size_t i = 0; i < ARRAY_LEN(anchor); i++) {
        struct ntfs_extent x;
        uint64_t size;
        int r = first_extent(c, anchor[i].record, &x, &size, err);
        if (r < 0)
            return r;
        if (r == 0 && (x.lcn != anchor[i].lcn || size < anchor[i].min_bytes))
            ntfs_check_problem(c, anchor[i].problem, anchor[i].record,
                               "%llu bytes from cluster %llu on, expected %llu from %llu on",
                               (unsigned long long)size, (unsigned long long)x.lcn,
                               (unsigned long long)anchor[i].min_bytes,
                               (unsigned long long)anchor[i].lcn);
    }
    return 0;
}

static int check_bad_clusters(struct check *c, struct wtg_err *err)
{
    const struct ntfs_geom *g = &c->vol->geom;
    int r = ntfs_check_soft(c, ntfs_file_load(c->vol, NTFS_REC_BADCLUS, &c->file, err),
                            NTFS_P_SYSTEM_FILE, NTFS_REC_BADCLUS, err);
    if (r != 0)
        return r;
    const struct ntfs_attr *a = ntfs_file_find(&c->file, NTFS_AT_DATA, "$Bad");
    uint64_t want = g->clusters * g->cluster_bytes;
    if (!a || !a->nonresident || a->data_size != want || a->allocated != want)
        ntfs_check_problem(c, NTFS_P_BAD_CLUSTERS, NTFS_REC_BADCLUS, "%llu bytes, expected %llu",
                           (unsigned long long)(a ? a->data_size : 0), (unsigned long long)want);
    return 0;
}

static int check_extend(struct check *c, struct wtg_err *err)
{
    int r = ntfs_check_soft(c, ntfs_file_load(c->vol, NTFS_REC_EXTEND, &c->file, err),
                            NTFS_P_SYSTEM_FILE, NTFS_REC_EXTEND, err);
    /* Windows Server 2003 does not mount a volume where it has more than a root. */
    if (r == 0 && ntfs_file_find(&c->file, NTFS_AT_INDEX_ALLOCATION, NTFS_NAME_I30))
        ntfs_check_problem(c, NTFS_P_SYSTEM_DETAIL, NTFS_REC_EXTEND, "its index is not resident");
    return r;
}

int ntfs_check_system(struct check *c, struct wtg_err *err)
{
    static int (*const part[])(struct check *, struct wtg_err *) = {
        check_volume, check_upcase,  check_attrdef,      check_log,
        check_extend, check_anchors, check_bad_clusters,
    };
    int r = 0;
    check_own(c);
    for (size_t i = 0; r >= 0 && i < ARRAY_LEN(part); i++)
        r = part[i](c, err);
    return r < 0 ? r : 0;
}
