/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/iso.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/utf16.h"
#include "image/iso-disk.h"

enum {
    MAX_DESCRIPTORS = 64,           /* real images have 3 to 8 */
    MAX_DIRECTORY_BYTES = 16 << 20, /* about 300,000 names */
    MAX_EXTENTS = 1024,             /* of one file: 4 TiB */
    NAME_CAP = UTF16_MAX_UTF8(128),
};

static int check_complete(const struct iso *iso, struct wtg_err *err)
{
    if (iso->bytes <= iso->blk->size)
        return 0;
    wtg_fail(err, WTG_E_IMAGE_DAMAGED,
             "the ISO is not complete: its volume has %" PRIu64 " bytes, the file only %" PRIu64
             ": %" PRIu64 " are missing",
             iso->bytes, iso->blk->size, iso->bytes - iso->blk->size);
    wtg_fact(err, "image.stage", "file");
    return wtg_hint(err,
                    "download or copy it again and compare its SHA-256 with what its publisher "
                    "says");
}

int iso_extent_check(const struct blk *b, const char *path, uint64_t off, uint64_t n,
                     struct wtg_err *err)
{
    if (off <= b->size && n <= b->size - off)
        return 0;
    wtg_fail(err, WTG_E_IMAGE_DAMAGED,
             "the ISO is not complete: '%s' reaches to byte %" PRIu64 ", the file ends at %" PRIu64,
             path, off + n, b->size);
    wtg_fact(err, "image.stage", "file");
    return wtg_hint(err,
                    "download or copy it again and compare its SHA-256 with what its publisher "
                    "says");
}

static bool is_joliet(const struct iso_descriptor_disk *d)
{
    return d->escape[0] == '%' && d->escape[1] == '/' &&
           (d->escape[2] == '@' || d->escape[2] == 'C' || d->escape[2] == 'E');
}

static int take_descriptor(struct iso *iso, const struct iso_descriptor_disk *d,
                           struct wtg_err *err)
{
    uint32_t block = get_le16(d->block_bytes);

    if (d->type != ISO_PRIMARY && !(d->type == ISO_SUPPLEMENTARY && is_joliet(d)))
        return 0;
    if (block != 512 && block != 1024 && block != ISO_SECTOR_BYTES)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                        "the ISO has blocks of %u bytes, not 512, 1024 or 2048", block);
    if (d->type == ISO_PRIMARY)
        iso->bytes = (uint64_t)get_le32(d->blocks) * block;
    iso->present = true;
    iso->joliet = d->type == ISO_SUPPLEMENTARY; /* comes behind the primary one */
    iso->block_bytes = block;
    iso->root_off = ((uint64_t)get_le32(d->root.lba) + d->root.xattr_blocks) * block;
    iso->root_bytes = get_le32(d->root.size);
    return 0;
}

int iso_open(struct blk *b, struct iso *ret, struct wtg_err *err)
{
    struct iso iso = { .blk = b };
    struct iso_descriptor_disk d;
    bool ended = false;

    for (uint64_t i = 0; i < MAX_DESCRIPTORS; i++) {
        uint64_t off = (ISO_FIRST_DESCRIPTOR + i) * ISO_SECTOR_BYTES;
        if (off + sizeof d > b->size)
            break;
        int r = blk_read(b, off, &d, sizeof d, err);
        if (r < 0)
            return r;
        if (memcmp(d.id, "NSR02", 5) == 0 || memcmp(d.id, "NSR03", 5) == 0)
            iso.udf = true;
        else if (memcmp(d.id, "CD001", 5) == 0 && !ended)
            r = take_descriptor(&iso, &d, err);
        else if (memcmp(d.id, "CD001", 5) != 0 && memcmp(d.id, "BEA01", 5) != 0 &&
                 memcmp(d.id, "TEA01", 5) != 0 && memcmp(d.id, "BOOT2", 5) != 0)
            break; /* the sequence is over */
        ended |= d.type == ISO_LAST && memcmp(d.id, "CD001", 5) == 0;
        if (r < 0)
            return r;
    }
    int r = check_complete(&iso, err);
    if (r < 0)
        return r;
    *ret = iso;
    return 0;
}

/* "INSTALL.WIM;1", "README.;1": without what only ISO 9660 adds. */
static void plain_name(char *name)
{
    char *version = strrchr(name, ';');

    if (version)
        *version = '\0';
    size_t n = strlen(name);
    if (n > 1 && name[n - 1] == '.')
        name[n - 1] = '\0';
}

static void name_of(const struct iso *iso, const uint8_t *p, size_t n, char name[NAME_CAP])
{
    uint16_t units[128];
    size_t count = n / 2;

    if (iso->joliet) { /* UCS-2, big endian */
        for (size_t i = 0; i < count; i++)
            units[i] = (uint16_t)(p[2 * i] << 8 | p[2 * i + 1]);
        utf16_to_utf8(units, count, name, NAME_CAP);
    } else {
        memcpy(name, p, n);
        name[n] = '\0';
    }
    plain_name(name);
}

/* A file or directory while it is looked for. */
struct found {
    char name[NAME_CAP];
    bool is_dir;
    struct blk_extent *extent; /* malloc'ed */
    size_t n, cap;
};

/* One record; `*more`: the file goes on in the next one. */
static int match(const struct iso *iso, struct wtg_span record, const char *want, size_t want_n,
                 struct found *f, bool *more, struct wtg_err *err)
{
    const struct iso_record_disk *d = span_at(record, 0, sizeof *d);
    const uint8_t *raw = d ? span_at(record, sizeof *d, d->name_bytes) : NULL;
    char name[NAME_CAP];

    if (!raw)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "a directory record of %zu bytes is too short",
                        record.n);
    name_of(iso, raw, d->name_bytes, name);
    if (d->name_bytes == 1 && raw[0] <= 1) /* the directory itself and its parent */
        return 0;
    if ((d->flags & ISO_ASSOCIATED) || strlen(name) != want_n ||
        strncasecmp(name, want, want_n) != 0)
        return 0;
    if (d->unit != 0 || d->gap != 0 || f->n == MAX_EXTENTS)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "'%s' is interleaved or in more than %d pieces",
                        name, MAX_EXTENTS);
    int r = mem_grow(&f->extent, &f->cap, f->n, sizeof *f->extent, err);
    if (r < 0)
        return r;
    struct blk_extent e = {
        .off = ((uint64_t)get_le32(d->lba) + d->xattr_blocks) * iso->block_bytes,
        .size = get_le32(d->size),
    };
    f->extent[f->n++] = e;
    memcpy(f->name, name, sizeof f->name);
    f->is_dir = d->flags & ISO_DIRECTORY;
    *more = d->flags & ISO_MORE_EXTENTS;
    return iso_extent_check(iso->blk, name, e.off, e.size, err);
}

/* Goes through one sector of a directory. 1: found, all of it. */
static int search_sector(const struct iso *iso, struct wtg_span sector, const char *want, size_t n,
                         struct found *f, struct wtg_err *err)
{
    for (size_t at = 0; at < sector.n && sector.p[at] != 0; at += sector.p[at]) {
        struct wtg_span record = span_sub(sector, at, sector.p[at]);
        bool more = false;
        size_t before = f->n;
        if (!record.p)
            return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "a directory record crosses its sector");
        int r = match(iso, record, want, n, f, &more, err);
        if (r < 0)
            return r;
        if (f->n > before && !more)
            return 1;
    }
    return 0;
}

/* Looks for a name in the directory that stands at [off, off+bytes). */
static int search(const struct iso *iso, uint64_t off, uint64_t bytes, const char *want, size_t n,
                  struct found *f, struct wtg_err *err)
{
    uint8_t sector[ISO_SECTOR_BYTES];

    f->n = 0;
    int r = iso_extent_check(iso->blk, "a directory", off, bytes, err);
    if (r == 0 && bytes > MAX_DIRECTORY_BYTES)
        r = wtg_fail(err, WTG_E_IMAGE_DAMAGED, "a directory of %" PRIu64 " bytes", bytes);
    for (uint64_t at = 0; r == 0 && at < bytes; at += sizeof sector) {
        size_t part = (size_t)min_u64(sizeof sector, bytes - at);
        r = blk_read(iso->blk, off + at, sector, part, err);
        if (r == 0)
            r = search_sector(iso, (struct wtg_span){ sector, part }, want, n, f, err);
    }
    if (r == 0)
        r = wtg_fail(err, WTG_E_NOT_FOUND, "there is no '%.*s'", (int)n, want);
    return r < 0 ? r : 0;
}

int iso_find(const struct iso *iso, const char *path, struct blk **ret, char **ret_path,
             struct wtg_err *err)
{
    struct found f = { .is_dir = true };
    AUTO_FREE char *written = calloc(1, strlen(path) + 2);
    uint64_t off = iso->root_off, bytes = iso->root_bytes;
    int r = written ? 0 : wtg_fail_nomem(err);

    for (const char *name = path; r == 0 && *name;) {
        size_t n = strcspn(name, "/\\");
        if (!f.is_dir)
            r = wtg_fail(err, WTG_E_NOT_FOUND, "'%s' is no directory", f.name);
        else if (n > 0)
            r = search(iso, off, bytes, name, n, &f, err);
        if (r == 0 && n > 0) {
            off = f.extent[0].off;
            bytes = f.extent[0].size;
            if (*written)
                written[strlen(written)] = '/';
            memcpy(written + strlen(written), f.name, n); /* as long as `name`: there is room */
        }
        name += n + (name[n] != '\0');
    }
    if (r == 0 && f.is_dir)
        r = wtg_fail(err, WTG_E_NOT_FOUND, "'%s' is a directory", path);
    if (r == 0)
        r = blk_extents_new(iso->blk, f.extent, f.n, ret, err);
    if (r == 0)
        *ret_path = TAKE_PTR(written);
    free(f.extent);
    return r;
}
