/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/mem.h"
#include "disk/contents-read.h"
#include "disk/text.h"

static void take_value(blkid_probe pr, const char *key, char *buf, size_t cap)
{
    const char *v = NULL;

    if (blkid_probe_lookup_value(pr, key, &v, NULL) == 0 && v)
        disk_printable(buf, cap, v);
}

/* What file system (or other volume) is there?  What libblkid cannot read is simply not known. */
static int probe_part(int fd, uint32_t sector_bytes, struct disk_content_part *p,
                      struct wtg_err *err)
{
    blkid_probe pr = blkid_new_probe();

    if (!pr)
        return wtg_fail_nomem(err);
    if (blkid_probe_set_device(pr, fd, (blkid_loff_t)p->offset_bytes,
                               (blkid_loff_t)p->size_bytes) == 0) {
        blkid_probe_set_sectorsize(pr, sector_bytes);
        blkid_probe_enable_superblocks(pr, 1);
        blkid_probe_set_superblocks_flags(pr, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL);
        int r = blkid_do_safeprobe(pr);
        if (r == 0) {
            take_value(pr, "TYPE", p->fs, sizeof p->fs);
            take_value(pr, "LABEL", p->fs_label, sizeof p->fs_label);
        } else if (r == -2) {
            snprintf(p->fs, sizeof p->fs, "traces of several volumes");
        }
    }
    blkid_free_probe(pr);
    return 0;
}

static int probe_all(int fd, struct blk *b, struct disk_contents *c, struct wtg_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < c->nparts; i++)
        r = probe_part(fd, b->sector_bytes, &c->part[i], err);
    if (r < 0 || c->label != DISK_LABEL_NONE)
        return r;
    struct disk_content_part whole = { .size_bytes = b->size };
    r = probe_part(fd, b->sector_bytes, &whole, err);
    return r == 0 && whole.fs[0] ? contents_add(c, b->size, &whole, err) : r;
}

int disk_contents_probe(const char *path, uint32_t sector_bytes, struct disk_contents *ret,
                        struct wtg_err *err)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct disk_contents c = { 0 };
    struct blk *b = NULL;

    if (fd < 0) {
        wtg_fail_errno(err, errno, "looking at what is on '%s'", path);
        return err->code == WTG_E_PERMISSION ? wtg_hint(err, "run it again with sudo: sudo wtg ...")
                                             : err->code;
    }
    int r = blk_open(path, &b, err);
    if (r < 0)
        return r;
    b->sector_bytes = sector_bytes;
    r = disk_contents_read(b, &c, err);
    if (r == 0)
        r = probe_all(fd, b, &c, err);
    blk_free(b);
    if (r < 0) {
        disk_contents_release(&c);
        return wtg_because(err, "looking at what is on '%s'", path);
    }
    *ret = c;
    return 0;
}
