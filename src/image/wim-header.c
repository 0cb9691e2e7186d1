/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/wim.h"

#include <inttypes.h>
#include <string.h>

struct wim_res wim_res_get(const struct wim_res_disk *d)
{
    uint8_t stored[8] = { 0 };

    memcpy(stored, d->stored, sizeof d->stored);
    return (struct wim_res){ .off = get_le64(d->off),
                             .stored = le64_at(stored),
                             .size = get_le64(d->size),
                             .flags = d->flags };
}

static int check_magic(const struct wim_header_disk *d, struct wtg_err *err)
{
    if (memcmp(d->magic, WIM_MAGIC_PIPE, sizeof d->magic) == 0) {
        wtg_fail(err, WTG_E_IMAGE_FORMAT,
                 "a pipable WIM ('WLPWM'), which can only be read from "
                 "front to back");
        return wtg_hint(err, "make a normal one of it: wimlib-imagex export IN.wim all OUT.wim");
    }
    if (memcmp(d->magic, WIM_MAGIC, sizeof d->magic) != 0)
        return wtg_fail(err, WTG_E_IMAGE_FORMAT, "expected 'MSWIM' at byte 0 of a WIM");
    if (get_le32(d->header_bytes) != sizeof *d)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "the header says it has %u bytes, not 208",
                        get_le32(d->header_bytes));
    return 0;
}

static int check_version(uint32_t version, struct wtg_err *err)
{
    if (version == WIM_VERSION_PLAIN || version == WIM_VERSION_SOLID)
        return 0;
    return wtg_fail(err, WTG_E_IMAGE_FORMAT, "WIM version 0x%x at byte 12 is neither 0x%x nor 0x%x",
                    version, WIM_VERSION_PLAIN, WIM_VERSION_SOLID);
}

static int compression_of(struct wim_header *h, struct wtg_err *err)
{
    static const struct {
        uint32_t flag;
        enum codec_kind kind;
    } rows[] = {
        { WIM_LZX, CODEC_LZX },
        { WIM_LZMS, CODEC_LZMS },
        { WIM_XPRESS, CODEC_XPRESS },
        { WIM_XPRESS_ALT, CODEC_XPRESS },
    };

    if (!(h->flags & WIM_COMPRESSED)) {
        h->chunk_bytes = 0;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(rows) && h->kind == CODEC_NONE; i++)
        if (h->flags & rows[i].flag)
            h->kind = rows[i].kind;
    if (h->kind == CODEC_NONE)
        return wtg_fail(err, WTG_E_IMAGE_FORMAT,
                        "a compression that is not known (flags 0x%x at "
                        "byte 16)",
                        h->flags);
    if (!codec_chunk_valid(h->kind, h->chunk_bytes))
        return wtg_fail(err, WTG_E_IMAGE_FORMAT,
                        "a chunk size of %u bytes (at byte 20), which %s "
                        "does not have",
                        h->chunk_bytes, codec_name(h->kind));
    return 0;
}

static int check_counts(const struct wim_header *h, struct wtg_err *err)
{
    if (h->part == 0 || h->part > h->parts)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "the header (byte 40) says part %u of %u",
                        h->part, h->parts);
    if (h->images > WIM_MAX_IMAGES)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                        "the header (byte 44) says %u images, more than %d", h->images,
                        WIM_MAX_IMAGES);
    return 0;
}

int wim_header_read(struct blk *b, struct wim_header *ret, struct wtg_err *err)
{
    struct wim_header_disk d;

    if (b->size < sizeof d)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                        "a WIM begins with 208 bytes, the file has %" PRIu64, b->size);
    int r = blk_read(b, 0, &d, sizeof d, err);
    if (r == 0)
        r = check_magic(&d, err);
    if (r == 0)
        r = check_version(get_le32(d.version), err);
    if (r < 0)
        return r;
    struct wim_header h = {
        .version = get_le32(d.version),
        .flags = get_le32(d.flags),
        .chunk_bytes = get_le32(d.chunk_bytes),
        .part = get_le16(d.part),
        .parts = get_le16(d.parts),
        .images = get_le32(d.images),
        .boot_index = get_le32(d.boot_index),
        .table = wim_res_get(&d.table),
        .xml = wim_res_get(&d.xml),
        .integrity = wim_res_get(&d.integrity),
    };
    memcpy(h.guid.b, d.guid, sizeof h.guid.b);
    r = compression_of(&h, err);
    if (r == 0)
        r = check_counts(&h, err);
    if (r < 0)
        return r;
    *ret = h;
    return 0;
}
