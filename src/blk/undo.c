/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "blk/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/mem.h"
#include "blk/undo-disk.h"

/* Keeping: the brick, and the file that it writes. */

struct keeper {
    struct blk blk;
    int fd;
    char path[PATH_MAX]; /* as it will be called when it is ended */
    uint8_t id[16];
    uint64_t end; /* of the file */
    uint32_t nparts;
    uint8_t *kept; /* a bit a block */
    uint64_t *off; /* of the kept blocks, in their order */
    size_t n, cap;
    uint64_t kept_bytes;
};

static int file_write(int fd, uint64_t off, const void *buf, size_t n, struct wtg_err *err)
{
    const uint8_t *p = buf;

    while (n > 0) {
        ssize_t put = pwrite(fd, p, n, (off_t)off);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return wtg_fail_errno(err, put < 0 ? errno : EIO, "cannot write the undo file");
        p += put;
        off += (uint64_t)put;
        n -= (size_t)put;
    }
    return 0;
}

static int file_sync(int fd, struct wtg_err *err)
{
    if (fdatasync(fd) < 0)
        return wtg_fail_errno(err, errno, "the undo file was not taken by its disk");
    return 0;
}

/* The new name is on the medium too. */
static int sync_folder(const char *path, struct wtg_err *err)
{
    char copy[PATH_MAX];

    snprintf(copy, sizeof copy, "%s", path);
    AUTO_FD fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return wtg_fail_errno(err, errno, "the folder of '%s' was not taken by its disk", path);
    return 0;
}

/* ---- parts ------------------------------------------------------------------------------ */

static int put_part(struct keeper *k, enum undo_part_kind kind, uint64_t offset, const void *bytes,
                    size_t n, struct wtg_err *err)
{
    struct undo_part_disk d = {
        .magic = "PART",
        .kind = to_le32(kind),
        .offset = to_le64(offset),
        .bytes = to_le32((uint32_t)n),
        .number = to_le32(k->nparts),
        .data_hash = to_le64(hash_quick(bytes, n)),
    };

    memcpy(d.id, k->id, sizeof d.id);
    d.hash = to_le64(hash_quick(&d, offsetof(struct undo_part_disk, hash)));
    int r = file_write(k->fd, k->end, &d, sizeof d, err);
    if (r == 0)
        r = file_write(k->fd, k->end + sizeof d, bytes, n, err);
    if (r < 0)
        return r;
    k->end = round_up(k->end + sizeof d + n, UNDO_ALIGN_BYTES);
    k->nparts++;
    return 0;
}

static int put_head(struct keeper *k, const struct undo_id *id, struct wtg_err *err)
{
    struct undo_head_disk d = {
        .magic = UNDO_MAGIC,
        .head_bytes = to_le32(sizeof d),
        .block_bytes = to_le32(UNDO_BLOCK_BYTES),
        .target_bytes = to_le64(k->blk.size),
        .sector_bytes = to_le32(k->blk.sector_bytes),
        .time = to_le64(id->time),
    };

    memcpy(d.id, k->id, sizeof d.id);
    memcpy(d.disk, id->disk, sizeof d.disk);
    snprintf(d.target, sizeof d.target, "%s", id->target);
    snprintf(d.what, sizeof d.what, "%s", id->what);
    d.hash = to_le64(hash_quick(&d, offsetof(struct undo_head_disk, hash)));
    int r = file_write(k->fd, 0, &d, sizeof d, err);
    k->end = round_up(sizeof d, UNDO_ALIGN_BYTES);
    return r;
}

static uint64_t block_count(const struct keeper *k)
{
    return div_up(k->blk.size, UNDO_BLOCK_BYTES);
}

static size_t block_size(const struct keeper *k, uint64_t block)
{
    return (size_t)min_u64(UNDO_BLOCK_BYTES, k->blk.size - block * UNDO_BLOCK_BYTES);
}

static bool is_kept(const struct keeper *k, uint64_t block)
{
    return k->kept[block / 8] >> block % 8 & 1;
}

enum { WITNESS_MAX = 65536 }; /* places: 1 GiB of target and 1 MiB of file */

static int put_witness(struct keeper *k, const struct undo_range *range, size_t n,
                       struct wtg_err *err)
{
    uint8_t bytes[UNDO_BLOCK_BYTES];
    AUTO_FREE struct undo_witness_disk *w = NULL;
    size_t count = 0, cap = 0;

    for (size_t i = 0; i < n; i++) {
        uint64_t end = 0;
        if (ADD_OVERFLOW(range[i].off, range[i].bytes, &end) || end > k->blk.size)
            return wtg_fail(err, WTG_E_BUG, "a witness lies beyond the target");
        for (uint64_t b = range[i].off / UNDO_BLOCK_BYTES;
             b * UNDO_BLOCK_BYTES < end && count < WITNESS_MAX; b++) {
            if (mem_grow(&w, &cap, count, sizeof *w, err) < 0 ||
                blk_read(k->blk.below, b * UNDO_BLOCK_BYTES, bytes, block_size(k, b), err) < 0)
                return err->code;
            w[count].offset = to_le64(b * UNDO_BLOCK_BYTES);
            w[count++].hash = to_le64(hash_quick(bytes, block_size(k, b)));
        }
    }
    return put_part(k, UNDO_PART_WITNESS, 0, w, count * sizeof *w, err);
}

/* ---- the brick -------------------------------------------------------------------------- */

/* `bytes`: room for a block. */
static int keep_block(struct keeper *k, uint64_t block, uint8_t *bytes, struct wtg_err *err)
{
    uint64_t off = block * UNDO_BLOCK_BYTES;
    size_t n = block_size(k, block);
    int r = blk_read(k->blk.below, off, bytes, n, err);

    if (r == 0)
        r = mem_grow(&k->off, &k->cap, k->n, sizeof k->off[0], err);
    if (r == 0)
        r = put_part(k, UNDO_PART_BLOCK, off, bytes, n, err);
    if (r == 0) {
        k->off[k->n++] = off;
        k->kept_bytes += n;
    }
    return r;
}

/* Only blocks that the file's medium has are marked: after a failure they are kept again. */
static int keep(struct keeper *k, const struct undo_range *range, size_t n, struct wtg_err *err)
{
    size_t first = k->n;
    AUTO_FREE uint8_t *bytes = aligned_alloc(4096, UNDO_BLOCK_BYTES);
    int r = bytes ? 0 : wtg_fail_nomem(err);

    for (size_t i = 0; r == 0 && i < n; i++) {
        uint64_t last = range[i].bytes ? (range[i].off + range[i].bytes - 1) / UNDO_BLOCK_BYTES : 0;
        for (uint64_t b = range[i].off / UNDO_BLOCK_BYTES; r == 0 && range[i].bytes && b <= last;
             b++)
            if (!is_kept(k, b) && (k->n == first || k->off[k->n - 1] != b * UNDO_BLOCK_BYTES))
                r = keep_block(k, b, bytes, err);
    }
    if (r == 0 && k->n > first)
        r = file_sync(k->fd, err);
    if (r < 0)
        return wtg_because(err, "keeping what is overwritten");
    for (size_t i = first; i < k->n; i++) {
        uint64_t b = k->off[i] / UNDO_BLOCK_BYTES;
        k->kept[b / 8] |= (uint8_t)(1 << b % 8);
    }
    return 0;
}

int undo_keep(struct blk *undo, const struct undo_range *range, size_t n, struct wtg_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (range[i].off > undo->size || range[i].bytes > undo->size - range[i].off)
            return wtg_fail(err, WTG_E_BUG, "what is to be kept lies beyond the target");
    return keep((struct keeper *)undo, range, n, err);
}

static int undo_brick_read(struct blk *b, uint64_t off, void *buf, size_t n, struct wtg_err *err)
{
    return blk_read(b->below, off, buf, n, err);
}

static int undo_brick_write(struct blk *b, uint64_t off, const void *buf, size_t n,
                            struct wtg_err *err)
{
    const struct undo_range range = { off, n };
    int r = keep((struct keeper *)b, &range, 1, err);

    return r < 0 ? r : blk_write(b->below, off, buf, n, err);
}

static int undo_brick_flush(struct blk *b, struct wtg_err *err)
{
    return blk_flush(b->below, err);
}

static void undo_brick_forget(struct blk *b)
{
    blk_forget(b->below);
}

static void undo_brick_free(struct blk *b)
{
    struct keeper *k = (struct keeper *)b;

    if (k->fd >= 0)
        close(k->fd);
    free(k->kept);
    free(k->off);
    free(k);
}

static const struct blk_ops undo_ops = { .name = "undo",
                                         .read = undo_brick_read,
                                         .write = undo_brick_write,
                                         .flush = undo_brick_flush,
                                         .free = undo_brick_free,
                                         .forget = undo_brick_forget };

static int make_file(struct keeper *k, const char *path, struct wtg_err *err)
{
    char open_path[PATH_MAX];

    if (snprintf(k->path, sizeof k->path, "%s", path) >= (int)sizeof k->path ||
        snprintf(open_path, sizeof open_path, "%s" UNDO_OPEN_SUFFIX, path) >= (int)sizeof open_path)
        return wtg_fail(err, WTG_E_USAGE, "the path '%.100s...' is too long", path);
    if (access(path, F_OK) == 0)
        return wtg_fail_errno(err, EEXIST, "cannot make the undo file '%s'", path);
    k->fd = open(open_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (k->fd < 0)
        return wtg_fail_errno(err, errno, "cannot make the undo file '%s'", open_path);
    return 0;
}

int undo_begin(const char *path, const struct undo_id *id, struct blk *below,
               const struct undo_range *witness, size_t nwitness, struct blk **ret,
               struct wtg_err *err)
{
    struct keeper *k = mem_zeroed(1, sizeof *k, err);

    if (!k)
        return err->code;
    k->blk = (struct blk){ .ops = &undo_ops,
                           .below = below,
                           .size = below->size,
                           .sector_bytes = below->sector_bytes,
                           .writable = below->writable };
    k->fd = -1;
    k->kept = mem_zeroed((size_t)(block_count(k) / 8 + 1), 1, err);
    int r = k->kept ? 0 : err->code;
    if (r == 0 && getrandom(k->id, sizeof k->id, 0) != sizeof k->id)
        r = wtg_fail_errno(err, errno, "asking for random numbers");
    if (r == 0)
        r = make_file(k, path, err);
    if (r == 0)
        r = put_head(k, id, err);
    if (r == 0)
        r = put_witness(k, witness, nwitness, err);
    if (r == 0)
        r = file_sync(k->fd, err);
    if (r == 0)
        r = sync_folder(path, err);
    if (r < 0 && k->fd >= 0) { /* nothing was overwritten yet */
        char open_path[PATH_MAX + sizeof UNDO_OPEN_SUFFIX];
        snprintf(open_path, sizeof open_path, "%s" UNDO_OPEN_SUFFIX, k->path);
        unlink(open_path);
    }
    if (r < 0) {
        undo_brick_free(&k->blk);
        return wtg_because(err, "beginning the undo file");
    }
    *ret = &k->blk;
    return 0;
}

uint64_t undo_kept_bytes(struct blk *undo)
{
    return ((struct keeper *)undo)->kept_bytes;
}

/* ---- the end ---------------------------------------------------------------------------- */

static int put_end(struct keeper *k, struct wtg_err *err)
{
    AUTO_FREE uint8_t *bytes = aligned_alloc(4096, UNDO_BLOCK_BYTES);
    AUTO_FREE le64 *hash = mem_zeroed(k->n + 1, sizeof *hash, err);

    if (!bytes || !hash)
        return wtg_fail_nomem(err);
    for (size_t i = 0; i < k->n; i++) {
        size_t n = block_size(k, k->off[i] / UNDO_BLOCK_BYTES);
        if (blk_read(k->blk.below, k->off[i], bytes, n, err) < 0)
            return err->code;
        hash[i] = to_le64(hash_quick(bytes, n));
    }
    return put_part(k, UNDO_PART_END, 0, hash, k->n * sizeof *hash, err);
}

int undo_end(struct blk *undo, struct wtg_err *err)
{
    struct keeper *k = (struct keeper *)undo;
    char open_path[PATH_MAX + sizeof UNDO_OPEN_SUFFIX];
    int r = blk_flush(k->blk.below, err);

    if (r == 0)
        r = put_end(k, err);
    if (r == 0)
        r = file_sync(k->fd, err);
    if (r < 0)
        return wtg_because(err, "ending the undo file");
    snprintf(open_path, sizeof open_path, "%s" UNDO_OPEN_SUFFIX, k->path);
    if (rename(open_path, k->path) < 0)
        return wtg_fail_errno(err, errno, "cannot rename '%s'", open_path);
    return sync_folder(k->path, err);
}
