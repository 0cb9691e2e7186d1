/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk/layout.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "disk/identity.h"

/* A Windows partition below this cannot even hold an empty NTFS volume's metadata comfortably. */
#define WINDOWS_LEAST_BYTES (UINT64_C(16) << 20)

/* What GPT keeps at the end of a disk: 128 entries of 128 bytes and a header. */
static uint64_t tail_bytes(uint32_t sector_bytes)
{
    return round_up(128 * 128, sector_bytes) + sector_bytes;
}

/* clang-format off */
/* Types: UEFI specification (ESP); Microsoft, PARTITION_INFORMATION_GPT.  Names and attributes as
 * Windows' own tools write them. */
static const struct {
    enum disk_role role;
    bool boot; /* only on a disk that boots */
    uint64_t size_bytes; /* 0: to the end */
    const char *type, *name;
    uint64_t attributes;
} rows[] = {
    { DISK_ROLE_ESP, true, DISK_ESP_BYTES, "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
      "EFI system partition", DISK_ATTR_NO_LETTER },
    { DISK_ROLE_MSR, true, DISK_MSR_BYTES, "e3c9e316-0b5c-4db8-817d-f92df00215ae",
      "Microsoft reserved partition", DISK_ATTR_NO_LETTER },
    { DISK_ROLE_WINDOWS, false, 0, "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7",
      "Basic data partition", 0 },
};
/* clang-format on */

static uint64_t windows_offset(bool no_boot)
{
    uint64_t at = DISK_ALIGN_BYTES;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (!no_boot || !rows[i].boot)
            at += rows[i].size_bytes;
    return at;
}

uint64_t disk_layout_least_bytes(const struct disk_layout_opts *o)
{
    uint64_t windows = round_up(max_u64(o->windows_bytes, WINDOWS_LEAST_BYTES), DISK_ALIGN_BYTES);
    return windows_offset(o->no_boot) + windows + tail_bytes(o->sector_bytes);
}

static const struct guid *id_of(const struct disk_layout_opts *o, enum disk_role role)
{
    switch (role) {
    case DISK_ROLE_ESP:
        return &o->esp_id;
    case DISK_ROLE_MSR:
        return &o->msr_id;
    default:
        return &o->windows_id;
    }
}

static int check_size(const struct disk_layout_opts *o, struct wtg_err *err)
{
    char need[DISK_SIZE_TEXT_BYTES], have[DISK_SIZE_TEXT_BYTES];
    uint64_t least = disk_layout_least_bytes(o);

    if (o->size_bytes >= least)
        return 0;
    wtg_fail(err, WTG_E_DISK_TOO_SMALL,
             "%s (%" PRIu64 " bytes) are needed, the target has %s (%" PRIu64 " bytes)",
             disk_size_text(least, need), least, disk_size_text(o->size_bytes, have),
             o->size_bytes);
    wtg_fact(err, "disk.least_bytes", "%" PRIu64, least);
    return wtg_hint(err, "take a target of %s or more", need);
}

int disk_layout_make(const struct disk_layout_opts *o, struct disk_layout *ret, struct wtg_err *err)
{
    if (o->sector_bytes != 512 && o->sector_bytes != 4096)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "sectors of %u bytes, not 512 or 4096",
                        o->sector_bytes);
    int r = check_size(o, err);
    if (r < 0)
        return r;
    uint64_t size = o->size_bytes / o->sector_bytes * o->sector_bytes, at = DISK_ALIGN_BYTES;
    uint64_t end = (size - tail_bytes(o->sector_bytes)) / DISK_ALIGN_BYTES * DISK_ALIGN_BYTES;
    struct disk_layout l = {
        .size_bytes = size,
        .sector_bytes = o->sector_bytes,
        .id = o->disk_id,
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (o->no_boot && rows[i].boot)
            continue;
        struct disk_part *p = &l.part[l.nparts++];
        *p = (struct disk_part){
            .role = rows[i].role,
            .offset_bytes = at,
            .size_bytes = rows[i].size_bytes ? rows[i].size_bytes : end - at,
            .start_lba = at / o->sector_bytes,
            .id = *id_of(o, rows[i].role),
            .attributes = rows[i].attributes,
            .name = rows[i].name,
        };
        if (!guid_parse(rows[i].type, &p->type))
            return wtg_fail(err, WTG_E_BUG, "'%s' is no GUID", rows[i].type);
        at += p->size_bytes;
    }
    *ret = l;
    return 0;
}

const struct disk_part *disk_layout_part(const struct disk_layout *l, enum disk_role role)
{
    for (size_t i = 0; i < l->nparts; i++)
        if (l->part[i].role == role)
            return &l->part[i];
    return NULL;
}
