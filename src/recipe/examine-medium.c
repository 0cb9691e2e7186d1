/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/examine-priv.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "disk/identity.h"

/* The medium: who it is, whether it reads, whether it is as large as it says. */

/* ---- A brick that never fails ----------------------------------------------------------- */

enum {
    WATCH_STEP = 4096,
    WATCH_SINGLE = 256, /* failing places that are looked at one by one: each may take seconds */
    PROBES = 64,        /* places spread over the disk that are read once */
};

/* Everything above it sees zeroes where nothing can be read, finds out what that spoils, and goes
 * on. */
struct watch {
    struct blk blk;                                   /* first */
    atomic_uint_fast64_t failed, first_bad, last_bad; /* steps; byte offsets */
};

static void note(struct watch *w, uint64_t off)
{
    if (atomic_fetch_add(&w->failed, 1) == 0)
        atomic_store(&w->first_bad, off);
    atomic_store(&w->last_bad, off);
}

static int watch_read(struct blk *b, uint64_t off, void *buf, size_t n, struct wtg_err *err)
{
    struct watch *w = (struct watch *)b;
    struct wtg_err why = { 0 };
    int r = blk_read(b->below, off, buf, n, &why);

    if (r == 0 || r == WTG_E_NOMEM || r == WTG_E_CANCELLED) {
        if (r < 0)
            *err = why;
        return r;
    }
    for (size_t at = 0; at < n;) {
        size_t step = (size_t)min_u64(n - at, WATCH_STEP - (off + at) % WATCH_STEP);
        if (atomic_load(&w->failed) >= WATCH_SINGLE)
            step = n - at;
        if (step == n || atomic_load(&w->failed) >= WATCH_SINGLE ||
            blk_read(b->below, off + at, (uint8_t *)buf + at, step, &why) < 0) {
            memset((uint8_t *)buf + at, 0, step);
            note(w, off + at);
        }
        at += step;
    }
    return 0;
}

static int watch_write(struct blk *b, uint64_t off, const void *buf, size_t n, struct wtg_err *err)
{
    (void)b, (void)off, (void)buf, (void)n;
    return wtg_fail(err, WTG_E_BUG, "an examination never writes");
}

static int watch_flush(struct blk *b, struct wtg_err *err)
{
    (void)b, (void)err;
    return 0;
}

static void watch_free(struct blk *b)
{
    free(b);
}

static const struct blk_ops watch_ops = {
    .name = "watch",
    .read = watch_read,
    .write = watch_write,
    .flush = watch_flush,
    .free = watch_free,
};

int exam_watch_new(struct blk *below, uint32_t sector_bytes, struct blk **ret, struct wtg_err *err)
{
    struct watch *w = mem_zeroed(1, sizeof *w, err);

    if (!w)
        return err->code;
    w->blk = (struct blk){
        .ops = &watch_ops, .below = below, .size = below->size, .sector_bytes = sector_bytes
    };
    *ret = &w->blk;
    return 0;
}

/* ---- The device ------------------------------------------------------------------------- */

static int tell_link(struct exam *x, const struct disk_identity *id, struct wtg_err *err)
{
    if (id->bus != DISK_BUS_USB || !id->usb_mbps)
        return 0;
    return exam_fact(x, "medium.link", id->usb_mbps <= 480 ? "usb2" : "usb3", x->name, err,
                     "the stick runs at %u Mbit/s", id->usb_mbps);
}

static int tell_device(struct exam *x, const struct disk_identity *id, struct wtg_err *err)
{
    int r = exam_judge(x, !id->read_only, "medium.write_protect", "on", x->name, err,
                       "the kernel may write to the disk", "the disk is write-protected");
    if (r == 0)
        r = tell_link(x, id, err);
    if (r == 0 && id->sector_bytes)
        r = exam_fact(x, "medium.sector", id->sector_bytes == 512 ? "512" : "4096", x->name, err,
                      "the disk has sectors of %u bytes", id->sector_bytes);
    return r;
}

/* A device has a name in /sys; an image file has none of this. */
static int look_at_device(struct exam *x, struct wtg_err *err)
{
    struct wtg_err ignored = { 0 };
    struct disk_identity *all = NULL;
    size_t n = 0;
    int r = 0;

    if (!x->o->target || strncmp(x->o->target, "/dev/", 5) != 0)
        return 0;
    int listed = disk_list(x->o->host, &all, &n, &ignored);
    if (listed < 0)
        return exam_soft(listed) < 0 ? wtg_fail_nomem(err) : 0;
    for (size_t i = 0; r == 0 && i < n; i++)
        if (strcmp(all[i].path, x->o->target) == 0)
            r = tell_device(x, &all[i], err);
    free(all);
    return r;
}

/* A place here and there: sticks with worn flash, or less of it than they say, fail some. */
int exam_medium(struct exam *x, struct wtg_err *err)
{
    uint8_t buf[WATCH_STEP];
    uint64_t size = x->disk->size;

    for (uint64_t i = 0; size >= sizeof buf && i <= PROBES; i++) {
        uint64_t at = (size - sizeof buf) / PROBES * i;
        if (i == PROBES)
            at = size - sizeof buf;
        int r = blk_read(x->disk, at, buf, sizeof buf, err);
        if (r < 0)
            return r;
    }
    return look_at_device(x, err);
}

/* ---- What failed to read ---------------------------------------------------------------- */

/* Nothing from some place to the end: the stick is smaller than it says. */
static bool ends_early(struct exam *x, uint64_t *ret)
{
    struct blk *below = x->disk->below;
    struct wtg_err ignored = { 0 };
    uint8_t buf[WATCH_STEP];
    uint64_t good = 0, bad = 0, size = below->size / WATCH_STEP;

    if (size < 2 || blk_read(below, (size - 1) * WATCH_STEP, buf, sizeof buf, &ignored) == 0 ||
        blk_read(below, 0, buf, sizeof buf, &ignored) < 0)
        return false;
    for (bad = size - 1; bad - good > 1;) {
        uint64_t at = good + (bad - good) / 2;
        *(blk_read(below, at * WATCH_STEP, buf, sizeof buf, &ignored) == 0 ? &good : &bad) = at;
    }
    for (uint64_t i = 1; i <= 8; i++) { /* a single bad place at the end is no early end */
        uint64_t at = bad + (size - 1 - bad) / 8 * i;
        if (at < size && blk_read(below, at * WATCH_STEP, buf, sizeof buf, &ignored) == 0)
            return false;
    }
    *ret = bad * WATCH_STEP;
    return size - bad > size / 64;
}

/* A stick with less flash than it says often counts from 0 again: its beginning, which no other
 * place of a disk with a partition table equals, shows once more at a round place. */
static int find_echo(struct exam *x, uint64_t *ret, struct wtg_err *err)
{
    uint8_t first[WATCH_STEP], other[WATCH_STEP];
    static const uint8_t nothing[512];

    *ret = 0;
    if (x->disk->size < sizeof first)
        return 0;
    int r = blk_read(x->disk, 0, first, sizeof first, err);
    if (r < 0 || memcmp(first + 512, nothing, sizeof nothing) == 0)
        return r;
    for (uint64_t at = UINT64_C(16) << 20; r == 0 && at <= x->disk->size - sizeof first; at *= 2) {
        r = blk_read(x->disk, at, other, sizeof other, err);
        if (r == 0 && memcmp(first, other, sizeof first) == 0) {
            *ret = at;
            break;
        }
        if (at > UINT64_MAX / 2)
            break;
    }
    return r;
}

static int tell_size(struct exam *x, struct wtg_err *err)
{
    uint64_t echo = 0;
    int r = find_echo(x, &echo, err);

    if (r == 0 && echo)
        return exam_fact(x, "medium.size", "wraps", x->name, err,
                         "byte %" PRIu64
                         " shows what stands at byte 0: the disk counts from 0 again "
                         "there, and has %" PRIu64 " bytes, not %" PRIu64,
                         echo, echo, x->disk->size);
    return r < 0 ? r
                 : exam_fact(x, "medium.size", "fine", x->name, err,
                             "the disk reads up to its last sector, %" PRIu64 " bytes",
                             x->disk->size);
}

int exam_reads(struct exam *x, struct wtg_err *err)
{
    struct watch *w = (struct watch *)x->disk;
    uint64_t failed = atomic_load(&w->failed), end = 0;

    if (failed == 0) {
        int r = exam_fact(x, "medium.reads", "fine", x->name, err,
                          "everything that was looked at can be read");
        return r < 0 ? r : tell_size(x, err);
    }
    if (ends_early(x, &end))
        return exam_fact(x, "medium.size", "short", x->name, err,
                         "the disk says it has %" PRIu64
                         " bytes, and nothing reads behind byte %" PRIu64,
                         x->disk->size, end);
    return exam_fact(x, "medium.reads", "errors", x->name, err,
                     "%" PRIu64 "%s reads failed, from byte %" PRIu64 " to %" PRIu64, failed,
                     failed >= WATCH_SINGLE ? " or more" : "", (uint64_t)atomic_load(&w->first_bad),
                     (uint64_t)atomic_load(&w->last_bad));
}
