/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "boot/device.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "boot/bcd-disk.h"
#include "hive/hive.h"

static_assert(BOOT_PARTITION_BYTES == sizeof(struct bcd_partition_disk), "one size");

void boot_device_encode(const struct boot_partition *p, uint8_t ret[BOOT_PARTITION_BYTES])
{
    struct bcd_partition_disk e = {
        .descriptor = { .type = to_le32(BCD_DEVICE_PARTITION),
                        .size = to_le32(sizeof e - BCD_OPTIONS_BYTES) },
        .kind = to_le32(BCD_BLOCK_HARD_DISK),
        .disk.style = to_le32(p->mbr ? BCD_STYLE_MBR : BCD_STYLE_GPT),
    };
    if (p->mbr) {
        put_le64(e.partition, p->offset_bytes);
        put_le32(e.disk.id, p->signature);
    } else {
        memcpy(e.partition, p->partition.b, sizeof e.partition);
        memcpy(e.disk.id, p->disk.b, sizeof e.disk.id);
    }
    memcpy(ret, &e, sizeof e);
}

/* The next layer; the last one over again when there are too many. */
static struct boot_device_layer *add_layer(struct boot_device *d, enum boot_device_kind kind)
{
    d->nlayers += d->nlayers < BOOT_DEVICE_LAYERS;
    struct boot_device_layer *l = &d->layer[d->nlayers - 1];
    *l = (struct boot_device_layer){ .kind = kind };
    return l;
}

static void add_unknown(struct boot_device *d, uint32_t code)
{
    add_layer(d, BOOT_DEVICE_UNKNOWN)->code = code;
}

static void decode_descriptor(struct boot_device *d, struct wtg_span at);

/* A file path is a descriptor and then a path. */
static void decode_file(struct boot_device *d, struct wtg_span body, enum boot_device_kind kind)
{
    const struct bcd_file_path_disk *f = span_at(body, 0, sizeof *f);
    struct wtg_span rest = f ? span_sub(body, 0, get_le32(f->size)) : (struct wtg_span){ 0 };
    const struct bcd_descriptor_disk *source = span_at(rest, sizeof *f, sizeof *source);
    if (!source || !span_at(rest, sizeof *f, get_le32(source->size))) {
        add_layer(d, BOOT_DEVICE_DAMAGED);
        return;
    }
    uint64_t path_at = sizeof *f + (uint64_t)get_le32(source->size);
    add_layer(d, kind)->path = span_sub(rest, path_at, rest.n - path_at);
    decode_descriptor(d, span_sub(rest, sizeof *f, get_le32(source->size)));
}

/* A disk, or with `partition` (16 bytes) a partition of it. */
static void decode_disk(struct boot_device *d, struct wtg_span body, const uint8_t *partition)
{
    const struct bcd_disk_id *id = span_at(body, 0, sizeof *id);
    if (!id) {
        add_layer(d, BOOT_DEVICE_DAMAGED);
        return;
    }
    uint32_t style = get_le32(id->style);
    if (style != BCD_STYLE_GPT && style != BCD_STYLE_MBR) {
        add_unknown(d, style);
        return;
    }
    struct boot_partition *p =
        &add_layer(d, partition ? BOOT_DEVICE_PARTITION : BOOT_DEVICE_DISK)->partition;
    p->mbr = style == BCD_STYLE_MBR;
    if (p->mbr) {
        p->signature = le32_at(id->id);
        p->offset_bytes = partition ? le64_at(partition) : 0;
    } else {
        memcpy(p->disk.b, id->id, sizeof p->disk.b);
        if (partition)
            memcpy(p->partition.b, partition, sizeof p->partition.b);
    }
}

static void decode_block(struct boot_device *d, struct wtg_span block, const uint8_t *partition)
{
    const le32 *kind = span_at(block, 0, sizeof *kind);
    if (!kind) {
        add_layer(d, BOOT_DEVICE_DAMAGED);
        return;
    }
    struct wtg_span body = span_sub(block, sizeof *kind, block.n - sizeof *kind);
    size_t skip = sizeof(struct bcd_disk_id);
    switch (get_le32(*kind)) {
    case BCD_BLOCK_HARD_DISK:
        decode_disk(d, body, partition);
        break;
    case BCD_BLOCK_VHD:
        decode_disk(d, body, partition);
        if (body.n > skip)
            decode_descriptor(d, span_sub(body, skip, body.n - skip));
        break;
    case BCD_BLOCK_FILE:
        decode_file(d, body, BOOT_DEVICE_FILE);
        break;
    case BCD_BLOCK_RAMDISK:
        skip = BCD_RAMDISK_BYTES;
        decode_file(d, span_sub(body, skip, body.n >= skip ? body.n - skip : 0),
                    BOOT_DEVICE_RAMDISK);
        break;
    default:
        add_unknown(d, get_le32(*kind));
    }
}

static void decode_locate(struct boot_device *d, struct wtg_span at)
{
    size_t head = sizeof(struct bcd_descriptor_disk);
    const struct bcd_locate_disk *l = span_at(at, head, sizeof *l);
    if (!l) {
        add_layer(d, BOOT_DEVICE_DAMAGED);
        return;
    }
    size_t path_at = head + sizeof *l;
    uint64_t parent = get_le32(l->parent);
    struct boot_device_layer *layer = add_layer(d, BOOT_DEVICE_LOCATE);
    layer->code = get_le32(l->element);
    layer->path = span_sub(at, path_at, at.n - path_at);
    if (parent >= path_at && parent < at.n)
        decode_descriptor(d, span_sub(at, parent, at.n - parent));
    else if (parent != 0)
        add_layer(d, BOOT_DEVICE_DAMAGED);
}

static void decode_descriptor(struct boot_device *d, struct wtg_span at)
{
    const struct bcd_descriptor_disk *h = span_at(at, 0, sizeof *h);
    struct wtg_span all = h ? span_sub(at, 0, get_le32(h->size)) : (struct wtg_span){ 0 };
    if (all.n < sizeof *h || d->nlayers == BOOT_DEVICE_LAYERS) {
        add_layer(d, BOOT_DEVICE_DAMAGED);
        return;
    }
    struct wtg_span body = span_sub(all, sizeof *h, all.n - sizeof *h);
    const uint8_t *partition = span_at(body, 0, 16);
    switch (get_le32(h->type)) {
    case BCD_DEVICE_BOOT:
        add_layer(d, BOOT_DEVICE_START);
        break;
    case BCD_DEVICE_BLOCK:
        decode_block(d, body, NULL);
        break;
    case BCD_DEVICE_PARTITION:
        if (partition)
            decode_block(d, span_sub(body, 16, body.n - 16), partition);
        else
            add_layer(d, BOOT_DEVICE_DAMAGED);
        break;
    case BCD_DEVICE_LOCATE:
        decode_locate(d, all);
        break;
    default:
        add_unknown(d, get_le32(h->type));
    }
}

void boot_device_decode(struct wtg_span element, struct boot_device *ret)
{
    *ret = (struct boot_device){ 0 };
    const uint8_t *options = span_at(element, 0, BCD_OPTIONS_BYTES);
    if (!options) {
        add_layer(ret, BOOT_DEVICE_DAMAGED);
        return;
    }
    memcpy(ret->options.b, options, sizeof ret->options.b);
    decode_descriptor(ret, span_sub(element, BCD_OPTIONS_BYTES, element.n - BCD_OPTIONS_BYTES));
}

static void print_partition(FILE *f, const struct boot_device_layer *l)
{
    const struct boot_partition *p = &l->partition;
    char disk[GUID_TEXT_BYTES], part[GUID_TEXT_BYTES];
    bool whole = l->kind == BOOT_DEVICE_DISK;
    guid_text(&p->disk, disk);
    guid_text(&p->partition, part);
    if (p->mbr && !whole)
        fprintf(f, "partition at byte %" PRIu64 " of ", p->offset_bytes);
    else if (!whole)
        fprintf(f, "partition %s of ", part);
    if (p->mbr)
        fprintf(f, "disk %08" PRIx32, p->signature);
    else
        fprintf(f, "disk %s", disk);
}

static void print_layer(FILE *f, const struct boot_device_layer *l)
{
    char path[512];
    hive_decode_text(l->path.p, l->path.n, path, sizeof path);
    switch (l->kind) {
    case BOOT_DEVICE_START:
        fputs("boot", f);
        break;
    case BOOT_DEVICE_DISK:
    case BOOT_DEVICE_PARTITION:
        print_partition(f, l);
        break;
    case BOOT_DEVICE_FILE:
        fprintf(f, "file '%s'", path);
        break;
    case BOOT_DEVICE_RAMDISK:
        fprintf(f, "ramdisk from '%s'", path);
        break;
    case BOOT_DEVICE_LOCATE:
        fprintf(f, "the first volume with what element %08" PRIx32 " names", l->code);
        break;
    case BOOT_DEVICE_UNKNOWN:
        fprintf(f, "unknown kind %" PRIu32, l->code);
        break;
    case BOOT_DEVICE_DAMAGED:
        fputs("damaged", f);
        break;
    }
}

char *boot_device_text(struct wtg_span element, char *buf, size_t cap)
{
    struct boot_device d;
    boot_device_decode(element, &d);
    FILE *f = fmemopen(buf, cap, "w");
    buf[0] = '\0';
    if (!f)
        return buf;
    for (size_t i = 0; i < d.nlayers; i++) {
        fputs(i ? " on " : "", f);
        print_layer(f, &d.layer[i]);
    }
    fclose(f);
    buf[cap - 1] = '\0';
    return buf;
}
