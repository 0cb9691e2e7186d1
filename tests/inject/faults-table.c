/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "faults-priv.h"

#include "disk/gpt-disk.h"

/* ---- Bytes ------------------------------------------------------------------------------ */

void fault_flip(struct stick *s, uint64_t off, size_t n)
{
    stick_bytes(s)[off + rng_below(&s->rng, n)] ^= (uint8_t)(1u << rng_below(&s->rng, 8));
}

uint64_t fault_end_of(const struct stick *s)
{
    return s->size_bytes;
}

uint8_t *fault_entry(struct stick *s, bool backup, size_t i)
{
    return stick_bytes(s) + (backup ? fault_end_of(s) - SECTOR - ENTRIES : 2 * SECTOR) + i * 128;
}

/* ---- Partition table -------------------------------------------------------------------- */

void fault_primary_header(struct stick *s)
{
    fault_flip(s, SECTOR, 92);
}
void fault_primary_entries(struct stick *s)
{
    fault_flip(s, 2 * SECTOR, 3 * 128);
}
void fault_primary_wiped(struct stick *s)
{
    memset(stick_bytes(s) + SECTOR, (int)rng_below(&s->rng, 2) * 0xff,
           SECTOR * (1 + rng_below(&s->rng, 33)));
}
void fault_beginning_wiped(struct stick *s)
{
    memset(stick_bytes(s), 0, SECTOR * (2 + rng_below(&s->rng, 32)));
}
void fault_backup_header(struct stick *s)
{
    fault_flip(s, fault_end_of(s) - SECTOR, 92);
}
void fault_backup_entries(struct stick *s)
{
    fault_flip(s, fault_end_of(s) - SECTOR - ENTRIES, 3 * 128);
}
void fault_backup_wiped(struct stick *s)
{
    size_t n = SECTOR * (1 + rng_below(&s->rng, 33));
    memset(stick_bytes(s) + fault_end_of(s) - n, 0, n);
}
void fault_both_headers(struct stick *s)
{
    fault_primary_header(s);
    (rng_below(&s->rng, 2) ? fault_backup_header : fault_backup_wiped)(s);
}
void fault_grown(struct stick *s)
{
    s->grow_bytes = (1 + rng_below(&s->rng, 64)) << 20;
}
void fault_copies_differ(struct stick *s)
{
    uint8_t *e = fault_entry(s, true, rng_below(&s->rng, 3));
    if (rng_below(&s->rng, 2))
        e[16 + rng_below(&s->rng, 16)] ^= 0x55;
    else
        e[0x38 + 2 * rng_below(&s->rng, 5)] ^= 1;
    stick_seal_gpt(s, false, true);
}
void fault_mbr_wiped(struct stick *s)
{
    memset(stick_bytes(s), 0, SECTOR);
}
void fault_mbr_foreign(struct stick *s)
{
    static const uint8_t types[] = { 0x07, 0x0c, 0x83, 0x0b };
    uint8_t *p = stick_bytes(s) + 446;
    memset(p, 0, 64);
    p[4] = types[rng_below(&s->rng, 4)];
    put_le32(p + 8, 2048);
    put_le32(p + 12, 65536);
}

void fault_set_type(struct stick *s, size_t i, const char *type)
{
    struct guid g;
    if (!guid_parse(type, &g))
        abort();
    memcpy(fault_entry(s, false, i), &g, sizeof g);
    memcpy(fault_entry(s, true, i), &g, sizeof g);
    stick_seal_gpt(s, true, true);
}

#define ESP_TYPE "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
#define DATA_TYPE "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"
void fault_windows_typed_esp(struct stick *s)
{
    fault_set_type(s, WINDOWS_ENTRY, ESP_TYPE);
}
void fault_windows_typed_other(struct stick *s)
{
    static const char *const types[] = { "0fc63daf-8483-4772-8e79-3d69d8477de4",
                                         "de94bba4-06d1-4d40-a16a-bfd50179d6ac",
                                         "48465300-0000-11aa-aa11-00306543ecac" };
    fault_set_type(s, WINDOWS_ENTRY, types[rng_below(&s->rng, 3)]);
}
void fault_esp_typed_data(struct stick *s)
{
    fault_set_type(s, ESP_ENTRY,
                   rng_below(&s->rng, 2) ? DATA_TYPE : "0fc63daf-8483-4772-8e79-3d69d8477de4");
}
void fault_esp_removed(struct stick *s)
{
    memset(fault_entry(s, false, ESP_ENTRY), 0, 128);
    memset(fault_entry(s, true, ESP_ENTRY), 0, 128);
    memset(stick_bytes(s) + stick_part(s, DISK_ROLE_ESP)->offset_bytes, 0, 8 * SECTOR);
    stick_seal_gpt(s, true, true);
}

/* One more partition in front of the first: the first MiB is free. */
static void add_entry(struct stick *s, const char *type, uint64_t first, uint64_t last)
{
    struct guid g;
    for (int k = 0; k < 2; k++) {
        uint8_t *e = fault_entry(s, k, 3);
        if (!guid_parse(type, &g))
            abort();
        memcpy(e, &g, sizeof g);
        stick_noise(&(struct rng){ s->rng.state }, e + 16, 16);
        put_le64(e + 32, first);
        put_le64(e + 40, last);
        e[0x38] = 'x';
    }
    stick_seal_gpt(s, true, true);
}
void fault_second_esp(struct stick *s)
{
    add_entry(s, ESP_TYPE, 64, 1024 + rng_below(&s->rng, 1000));
}
void fault_small_partition(struct stick *s)
{
    add_entry(s, "0fc63daf-8483-4772-8e79-3d69d8477de4", 64, 1024 + 8 * rng_below(&s->rng, 100));
}
void fault_overlap(struct stick *s)
{
    uint64_t at = stick_part(s, DISK_ROLE_WINDOWS)->start_lba + rng_below(&s->rng, 60000);
    add_entry(s, DATA_TYPE, at, at + 2048 + rng_below(&s->rng, 8000));
}
void fault_cut_short(struct stick *s)
{
    struct wtg_err err = { 0 };
    if (blk_slice_new(s->disk, 0, s->size_bytes - ((1 + rng_below(&s->rng, 20)) << 20), &s->above,
                      &err) < 0)
        abort();
}

/* ---- The medium ------------------------------------------------------------------------- */

/* Reads of some place fail. */
struct bad_blk {
    struct blk blk;
    uint64_t from, to;
};
static int bad_read(struct blk *b, uint64_t off, void *buf, size_t n, struct wtg_err *err)
{
    const struct bad_blk *d = (struct bad_blk *)b;
    if (off < d->to && off + n > d->from)
        return wtg_fail(err, WTG_E_IO, "Input/output error");
    return blk_read(b->below, off, buf, n, err);
}
static int bad_write(struct blk *b, uint64_t off, const void *buf, size_t n, struct wtg_err *err)
{
    return blk_write(b->below, off, buf, n, err);
}
static int bad_flush(struct blk *b, struct wtg_err *err)
{
    return blk_flush(b->below, err);
}
static void bad_free(struct blk *b)
{
    free(b);
}
static const struct blk_ops bad_ops = {
    .name = "bad", .read = bad_read, .write = bad_write, .flush = bad_flush, .free = bad_free
};
static void fails_from(struct stick *s, uint64_t from, uint64_t to)
{
    struct bad_blk *d = calloc(1, sizeof *d);
    if (!d)
        abort();
    *d = (struct bad_blk){ { .ops = &bad_ops,
                             .below = s->disk,
                             .size = s->disk->size,
                             .sector_bytes = 512,
                             .writable = true },
                           from,
                           to };
    s->above = &d->blk;
}
void fault_bad_sectors(struct stick *s)
{
    uint64_t at[] = { fault_mft_at(s), fault_fat_at(s), fault_win_at(s) + (32 << 10),
                      fault_esp_at(s), 0 };
    uint64_t from = at[rng_below(&s->rng, 5)] + 4096 * rng_below(&s->rng, 4);
    fails_from(s, from, from + 4096 * (1 + rng_below(&s->rng, 3)));
}
void fault_ends_early(struct stick *s)
{
    fails_from(s, (s->size_bytes / 4 * (1 + rng_below(&s->rng, 3))) & ~UINT64_C(4095), UINT64_MAX);
}
void fault_wraps(struct stick *s)
{
    struct wtg_err err = { 0 };
    const struct blk_lie lie = { .kind = BLK_LIE_WRAP,
                                 .off = UINT64_C(32) << (20 + rng_below(&s->rng, 3)) };
    uint8_t *p = stick_bytes(s);
    /* What was written behind the real end fell onto what stands at its beginning; the table came
     * last. */
    if (blk_lie_new(s->disk, &lie, &s->above, &err) < 0)
        abort();
    memset(p + lie.off, 0, s->size_bytes - lie.off);
}

/* ---- Unknown ---------------------------------------------------------------------------- */

static void attribute(struct stick *s, uint64_t bits)
{
    for (int k = 0; k < 2; k++)
        put_le64(fault_entry(s, k, WINDOWS_ENTRY) + 48, bits);
    stick_seal_gpt(s, true, true);
}
void fault_hidden(struct stick *s)
{
    attribute(s, UINT64_C(1) << (61 + rng_below(&s->rng, 2)));
}
void fault_odd_attribute(struct stick *s)
{
    attribute(s, UINT64_C(1) << (3 + rng_below(&s->rng, 40)));
}
void fault_lost_services(struct stick *s)
{
    struct wtg_err err = { 0 };
    struct hive *h = NULL;
    hive_key k;
    uint8_t *out = NULL;
    size_t n = 0;
    bool control = rng_below(&s->rng, 2);
    if (hive_new("SYSTEM", "ROOT", 5, s->time, &h, &err) < 0 ||
        hive_make(h, hive_root(h), "Select", &k, &err) < 0 ||
        hive_set_dword(h, k, "Current", 1, &err) < 0 ||
        hive_set_dword(h, k, "Default", 1, &err) < 0 ||
        hive_make(h, hive_root(h),
                  control ? "ControlSet001\\Control\\BitLocker"
                          : "ControlSet001\\Services\\partmgr\\Parameters",
                  &k, &err) < 0 ||
        hive_set_dword(h, k, control ? "PreventDeviceEncryption" : "SanPolicy", control ? 1 : 4,
                       &err) < 0)
        abort();
    if (control && (hive_make(h, hive_root(h), "ControlSet001\\Control", &k, &err) < 0 ||
                    hive_set_dword(h, k, "PortableOperatingSystem", 1, &err) < 0))
        abort();
    if (hive_commit(h, &out, &n, &err) < 0)
        abort();
    hive_free(h);
    stick_put(s, s->tree, SYSTEM_HIVE, out, n);
    free(out);
}
