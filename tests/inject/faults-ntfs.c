/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "faults-priv.h"

#include "ntfs/build.h"
#include "ntfs/read.h"

/* ---- NTFS ------------------------------------------------------------------------------- */

uint64_t fault_win_at(const struct stick *s)
{
    return stick_part(s, DISK_ROLE_WINDOWS)->offset_bytes;
}
static uint64_t win_end(const struct stick *s)
{
    return fault_win_at(s) + stick_part(s, DISK_ROLE_WINDOWS)->size_bytes;
}
uint64_t fault_mft_at(struct stick *s)
{
    const uint8_t *b = stick_bytes(s) + fault_win_at(s);
    return fault_win_at(s) + le64_at(b + 0x30) * b[0x0d] * SECTOR;
}
static uint64_t mirror_at(struct stick *s)
{
    const uint8_t *b = stick_bytes(s) + fault_win_at(s);
    return fault_win_at(s) + le64_at(b + 0x38) * b[0x0d] * SECTOR;
}

void fault_ntfs_boot(struct stick *s)
{
    uint8_t *b = stick_bytes(s) + fault_win_at(s);
    switch (rng_below(&s->rng, 4)) {
    case 0:
        memset(b, 0, SECTOR);
        break;
    case 1:
        stick_noise(&s->rng, b, SECTOR);
        break;
    case 2:
        stick_noise(&s->rng, b + 0x30, 8);
        break;
    default:
        b[0x0d] ^= 0xff;
    }
}
void fault_ntfs_backup(struct stick *s)
{
    uint8_t *b = stick_bytes(s) + win_end(s) - SECTOR;
    switch (rng_below(&s->rng, 3)) {
    case 0:
        memset(b, 0, SECTOR);
        break;
    case 1:
        stick_noise(&s->rng, b, SECTOR);
        break;
    default:
        b[0x48 + rng_below(&s->rng, 8)] ^= 0x10;
    }
}
void fault_ntfs_mirror(struct stick *s)
{
    if (rng_below(&s->rng, 2))
        stick_noise(&s->rng, stick_bytes(s) + mirror_at(s), 4096);
    else
        fault_flip(s, mirror_at(s) + 0x38 + 1024 * rng_below(&s->rng, 4), 100);
}
void fault_mft_first(struct stick *s)
{
    stick_noise(&s->rng, stick_bytes(s) + fault_mft_at(s) + 1024 * rng_below(&s->rng, 4), 200);
}

/* The flags of $VOLUME_INFORMATION in record 3, and in its mirror. */
void fault_dirty(struct stick *s)
{
    for (int k = 0; k < 2; k++) {
        uint8_t *rec = stick_bytes(s) + (k ? mirror_at(s) : fault_mft_at(s)) + 3 * 1024;
        for (size_t at = le16_at(rec + 20); at < 900 && le32_at(rec + at) != NTFS_AT_END;
             at += le32_at(rec + at + 4))
            if (le32_at(rec + at) == NTFS_AT_VOLUME_INFORMATION)
                rec[at + le16_at(rec + at + 20) + 10] |= 1;
    }
}

/* A record of a file of Windows: found by its name. */
static uint8_t *record_of(struct stick *s, const char *name)
{
    uint8_t wide[64];
    size_t n = strlen(name);
    for (size_t i = 0; i < n; i++)
        put_le16(wide + 2 * i, (uint16_t)name[i]);
    uint8_t *mft = stick_bytes(s) + fault_mft_at(s);
    for (size_t rec = 24; rec < 4000; rec++)
        if (memcmp(mft + rec * 1024, "FILE", 4) == 0 && memmem(mft + rec * 1024, 1024, wide, 2 * n))
            return mft + rec * 1024;
    abort();
}
void fault_ntfs_structure(struct stick *s)
{
    char name[32];
    snprintf(name, sizeof name, "module-%02zu.dll", rng_below(&s->rng, 40));
    uint8_t *rec = record_of(s, name);
    switch (rng_below(&s->rng, 4)) {
    case 0:
        memcpy(rec, "BAAD", 4);
        break;
    case 1: /* torn */
        rec[510] ^= 0x21;
        break;
    case 2: /* no longer in use, though the folder lists it */
        rec[0x16] &= 0xfe;
        break;
    default:
        stick_noise(&s->rng, rec + 0x38, 300);
    }
}
void fault_ntfs_index(struct stick *s)
{
    const uint8_t *from = stick_bytes(s) + fault_win_at(s);
    uint8_t *at = stick_bytes(s) + fault_mft_at(s);
    at = memmem(from, win_end(s) - fault_win_at(s), "INDX(\0", 6);
    if (!at)
        abort();
    stick_noise(&s->rng, at + 0x40, 200);
}
void fault_no_windows(struct stick *s)
{
    memset(stick_bytes(s) + fault_win_at(s), 0, 64 << 10);
    memset(stick_bytes(s) + win_end(s) - SECTOR, 0, SECTOR);
    if (rng_below(&s->rng, 2))
        fault_set_type(s, WINDOWS_ENTRY, "0fc63daf-8483-4772-8e79-3d69d8477de4");
}
static uint64_t bytes_needed(struct stick *s)
{
    const struct disk_part *p = stick_part(s, DISK_ROLE_WINDOWS);
    const struct ntfs_build_opts o = {
        .sector_bytes = 512, .start_lba = p->start_lba, .serial = 1, .time = s->time
    };
    struct wtg_err err = { 0 };
    uint64_t need = 0;
    if (ntfs_build_needed(s->tree, &o, &need, &err) < 0)
        abort();
    return need;
}
void fault_fill_up(struct stick *s) /* but for less than a hundredth */
{
    uint64_t size = stick_part(s, DISK_ROLE_WINDOWS)->size_bytes, n = size - bytes_needed(s);
    uint8_t *bytes = calloc(1, n);
    uint64_t slack = (uint64_t)rng_below(&s->rng, 256 << 10);
    if (!bytes)
        abort();
    for (;;) {
        stick_put(s, s->tree, "\\Users\\Public\\Documents\\film.mkv", bytes, n);
        uint64_t need = bytes_needed(s) + slack;
        if (need <= size)
            break;
        n -= need - size;
    }
    free(bytes);
}
void fault_asleep(struct stick *s)
{
    size_t n = (1 + rng_below(&s->rng, 3)) << 20;
    uint8_t *p = calloc(1, n);
    if (!p)
        abort();
    memcpy(p, rng_below(&s->rng, 2) ? "hibr" : "HIBR", 4);
    stick_noise(&s->rng, p + 4096, 4096);
    stick_put(s, s->tree, "\\hiberfil.sys", p, n);
    free(p);
}
