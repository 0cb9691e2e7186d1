/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk/table.h"

#include <errno.h>
#include <libfdisk.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"

/* A file in memory stands for the disk: sparse, so it costs only the few pages that a table has.
 * libfdisk edits that; the bytes are then taken out of it. */

struct disk_table {
    uint8_t *head, *tail;
    size_t head_bytes, tail_bytes; /* MBR, header, entries; entries, header */
    uint64_t tail_offset;
};

/* Enough for 128 entries of 128 bytes and two sectors of any size. */
enum { ENTRIES_BYTES = 128 * 128 };

void disk_table_free(struct disk_table *t)
{
    if (!t)
        return;
    free(t->head);
    free(t->tail);
    free(t);
}

/* libfdisk says -errno; why stands only in its debug log. */
static int said(int r, const char *doing, struct wtg_err *err)
{
    if (r == 0)
        return 0;
    if (r == -ENOMEM)
        return wtg_fail_nomem(err);
    return wtg_fail_errno(err, r < 0 ? -r : EINVAL, "%s with libfdisk", doing);
}

static int fill_part(struct fdisk_partition *pa, struct fdisk_context *c,
                     const struct disk_layout *l, size_t i)
{
    const struct disk_part *p = &l->part[i];
    char type[GUID_TEXT_BYTES], id[GUID_TEXT_BYTES];

    guid_text(&p->type, type);
    guid_text(&p->id, id);
    struct fdisk_parttype *t = fdisk_label_parse_parttype(fdisk_get_label(c, NULL), type);
    int r = t ? fdisk_partition_set_type(pa, t) : -ENOMEM;
    fdisk_unref_parttype(t);
    fdisk_partition_size_explicit(pa, 1);
    if (!r)
        r = fdisk_partition_set_partno(pa, i);
    if (!r)
        r = fdisk_partition_set_start(pa, p->start_lba);
    if (!r)
        r = fdisk_partition_set_size(pa, p->size_bytes / l->sector_bytes);
    if (!r)
        r = fdisk_partition_set_name(pa, p->name);
    if (!r)
        r = fdisk_partition_set_uuid(pa, id);
    return r;
}

static int add_part(struct fdisk_context *c, const struct disk_layout *l, size_t i,
                    struct wtg_err *err)
{
    struct fdisk_partition *pa = fdisk_new_partition();
    size_t number = i;

    if (!pa)
        return wtg_fail_nomem(err);
    int r = fill_part(pa, c, l, i);
    if (!r)
        r = fdisk_add_partition(c, pa, &number);
    if (!r)
        r = fdisk_gpt_set_partition_attrs(c, number, l->part[i].attributes);
    fdisk_unref_partition(pa);
    return said(r, "adding a partition", err);
}

/* What libfdisk would choose by itself, or by chance: its own first usable sector is 2048, Windows'
 * and everybody else's the first behind the entries. */
static int set_headers(struct fdisk_context *c, struct fdisk_script *script,
                       const struct disk_layout *l)
{
    char id[GUID_TEXT_BYTES], first[24];

    guid_text(&l->id, id);
    snprintf(first, sizeof first, "%u",
             2 + (ENTRIES_BYTES + l->sector_bytes - 1) / l->sector_bytes);
    int r = fdisk_script_set_header(script, "label", "gpt");
    if (!r)
        r = fdisk_script_set_header(script, "label-id", id);
    if (!r)
        r = fdisk_script_set_header(script, "first-lba", first);
    return r ? r : fdisk_apply_script_headers(c, script);
}

static int make_label(struct fdisk_context *c, const struct disk_layout *l, struct wtg_err *err)
{
    struct fdisk_script *script = fdisk_new_script(c);

    if (!script)
        return wtg_fail_nomem(err);
    int r = said(set_headers(c, script, l), "making a GPT", err);
    for (size_t i = 0; r == 0 && i < l->nparts; i++)
        r = add_part(c, l, i, err);
    fdisk_set_script(c, NULL);
    fdisk_unref_script(script);
    if (r == 0 && fdisk_verify_disklabel(c) != 0)
        r = wtg_fail(err, WTG_E_BUG, "libfdisk finds fault with the new partition table");
    return r == 0 ? said(fdisk_write_disklabel(c), "writing the GPT", err) : r;
}

/* All that libfdisk might ask or say is answered by the return codes. */
static int no_answer(struct fdisk_context *c, struct fdisk_ask *ask, void *data)
{
    (void)c, (void)ask, (void)data;
    return -EINVAL;
}

static int write_table(int fd, const struct disk_layout *l, struct wtg_err *err)
{
    char path[32];
    struct fdisk_context *c = fdisk_new_context();

    if (!c)
        return wtg_fail_nomem(err);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int r = said(fdisk_save_user_sector_size(c, l->sector_bytes, l->sector_bytes),
                 "setting the sector size", err);
    if (r == 0)
        r = said(fdisk_set_ask(c, no_answer, NULL), "silencing it", err);
    if (r == 0)
        r = said(fdisk_assign_device_by_fd(c, fd, path, 0), "opening memory", err);
    if (r == 0) {
        r = make_label(c, l, err);
        fdisk_deassign_device(c, 1);
    }
    fdisk_unref_context(c);
    return r;
}

static int take_bytes(int fd, uint64_t off, size_t n, uint8_t **ret, struct wtg_err *err)
{
    uint8_t *p = mem_zeroed(n, 1, err);

    if (!p)
        return err->code;
    if (pread(fd, p, n, (off_t)off) != (ssize_t)n) {
        free(p);
        return wtg_fail_errno(err, errno ? errno : EIO, "reading the new partition table");
    }
    *ret = p;
    return 0;
}

int disk_table_new(const struct disk_layout *l, struct disk_table **ret, struct wtg_err *err)
{
    AUTO_FD fd = memfd_create("wtg-table", MFD_CLOEXEC);

    if (fd < 0 || ftruncate(fd, (off_t)l->size_bytes) < 0)
        return wtg_fail_errno(err, errno, "making a partition table in memory");
    struct disk_table *t = mem_zeroed(1, sizeof *t, err);
    if (!t)
        return err->code;
    t->tail_bytes = (size_t)round_up(ENTRIES_BYTES, l->sector_bytes) + l->sector_bytes;
    t->head_bytes = t->tail_bytes + l->sector_bytes;
    t->tail_offset = l->size_bytes - t->tail_bytes;
    int r = write_table(fd, l, err);
    if (r == 0)
        r = take_bytes(fd, 0, t->head_bytes, &t->head, err);
    if (r == 0)
        r = take_bytes(fd, t->tail_offset, t->tail_bytes, &t->tail, err);
    if (r < 0) {
        disk_table_free(t);
        return r;
    }
    *ret = t;
    return 0;
}

int disk_table_regions(const struct disk_table *t, struct tree_regions *regions,
                       struct wtg_err *err)
{
    struct tree_region backup = {
        .kind = REGION_BYTES,
        .pass = PASS_BOOT,
        .offset = t->tail_offset,
        .length = t->tail_bytes,
        .bytes = t->tail,
    };
    struct tree_region primary = {
        .kind = REGION_BYTES,
        .pass = PASS_TABLE,
        .length = t->head_bytes,
        .bytes = t->head,
    };
    int r = tree_regions_add(regions, &backup, err);
    return r == 0 ? tree_regions_add(regions, &primary, err) : r;
}

static int add_wipe(struct tree_regions *regions, uint64_t off, uint64_t n, struct wtg_err *err)
{
    struct tree_region wipe = {
        .kind = REGION_FILL, .pass = PASS_WIPE, .offset = off, .length = n
    };
    return tree_regions_add(regions, &wipe, err);
}

int disk_wipe_regions(const struct disk_layout *l, struct tree_regions *regions,
                      struct wtg_err *err)
{
    const uint64_t piece = DISK_ALIGN_BYTES;
    int r = add_wipe(regions, 0, piece, err);

    for (size_t i = 0; r == 0 && i < l->nparts; i++)
        r = add_wipe(regions, l->part[i].offset_bytes, min_u64(piece, l->part[i].size_bytes), err);
    return r == 0 ? add_wipe(regions, l->size_bytes - piece, piece, err) : r;
}
