/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "blk/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/mem.h"
#include "blk/undo-disk.h"

/* Reading and playing back. */

/* A part is a block, or a list of 16 bytes at most for each block of a whole target. */
enum { PART_MAX_BYTES = 1 << 30 };

static bool file_read(int fd, uint64_t off, void *buf, size_t n)
{
    uint8_t *p = buf;

    while (n > 0) {
        ssize_t got = pread(fd, p, n, (off_t)off);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        p += got;
        off += (uint64_t)got;
        n -= (size_t)got;
    }
    return true;
}

/* ---- head and parts --------------------------------------------------------------------- */

static int read_head(struct undo *u, struct wtg_err *err)
{
    struct undo_head_disk d;

    if (!file_read(u->fd, 0, &d, sizeof d) || memcmp(d.magic, UNDO_MAGIC, sizeof d.magic) != 0)
        return wtg_fail(err, WTG_E_IMAGE_FORMAT, "no '%s' at byte 0: it is no undo file",
                        UNDO_MAGIC);
    uint32_t block = get_le32(d.block_bytes);
    if (get_le64(d.hash) != hash_quick(&d, offsetof(struct undo_head_disk, hash)) ||
        get_le32(d.head_bytes) != sizeof d || block < 4096 || block > 65536 ||
        (block & (block - 1)))
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "the head of the undo file is damaged");
    memcpy(u->file_id, d.id, sizeof u->file_id);
    memcpy(u->id.disk, d.disk, sizeof u->id.disk);
    memcpy(u->id.target, d.target, sizeof u->id.target - 1);
    memcpy(u->id.what, d.what, sizeof u->id.what - 1);
    u->id.target_bytes = get_le64(d.target_bytes);
    u->id.sector_bytes = get_le32(d.sector_bytes);
    u->id.time = get_le64(d.time);
    u->block_bytes = block;
    u->end = round_up(sizeof d, UNDO_ALIGN_BYTES);
    return 0;
}

/* Is there the head of a part of this file at `off`? */
static bool part_at(const struct undo *u, uint64_t off, struct undo_part_disk *ret)
{
    return file_read(u->fd, off, ret, sizeof *ret) && memcmp(ret->magic, "PART", 4) == 0 &&
           memcmp(ret->id, u->file_id, sizeof ret->id) == 0 &&
           get_le64(ret->hash) == hash_quick(ret, offsetof(struct undo_part_disk, hash));
}

static int take_block(struct undo *u, const struct undo_part_disk *d, struct wtg_err *err)
{
    uint64_t off = get_le64(d->offset), size = u->id.target_bytes;
    uint32_t n = get_le32(d->bytes);

    if (off % u->block_bytes || off >= size || n != min_u64(u->block_bytes, size - off))
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                        "part %u of the undo file keeps %u bytes at byte %" PRIu64
                        " of the target, which has %" PRIu64,
                        u->nparts, n, off, size);
    if (mem_grow(&u->block, &u->blocks_cap, u->nblocks, sizeof u->block[0], err) < 0)
        return err->code;
    u->block[u->nblocks++] = (struct undo_block){
        .off = off, .at = u->end + sizeof *d, .bytes = n, .before = get_le64(d->data_hash)
    };
    return 0;
}

static int take_witness(struct undo *u, const uint8_t *bytes, size_t n, struct wtg_err *err)
{
    size_t count = n / sizeof(struct undo_witness_disk);
    struct undo_witness *w = mem_zeroed(count + 1, sizeof *w, err);

    if (!w)
        return err->code;
    for (size_t i = 0; i < count; i++) {
        struct undo_witness_disk d;
        memcpy(&d, bytes + i * sizeof d, sizeof d);
        w[i] = (struct undo_witness){ get_le64(d.offset), get_le64(d.hash) };
    }
    free(u->witness);
    u->witness = w;
    u->nwitness = count;
    return 0;
}

static int take_end(struct undo *u, const uint8_t *bytes, size_t n, struct wtg_err *err)
{
    if (n != u->nblocks * sizeof(le64))
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                        "the end of the undo file is about %zu blocks, "
                        "it holds %zu",
                        n / sizeof(le64), u->nblocks);
    for (size_t i = 0; i < u->nblocks; i++)
        u->block[i].after = le64_at(bytes + i * sizeof(le64));
    u->ended = true;
    return 0;
}

/* 1: taken; 0: its bytes are not what its head says. */
static int take_part(struct undo *u, const struct undo_part_disk *d, struct wtg_err *err)
{
    uint32_t n = get_le32(d->bytes);
    AUTO_FREE uint8_t *bytes = n <= PART_MAX_BYTES ? malloc((size_t)n + 1) : NULL;
    int r = 0;

    if (!bytes)
        return n <= PART_MAX_BYTES ? wtg_fail_nomem(err) : 0;
    if (!file_read(u->fd, u->end + sizeof *d, bytes, n) ||
        hash_quick(bytes, n) != get_le64(d->data_hash))
        return 0;
    switch (get_le32(d->kind)) {
    case UNDO_PART_BLOCK:
        r = take_block(u, d, err);
        break;
    case UNDO_PART_WITNESS:
        r = take_witness(u, bytes, n, err);
        break;
    case UNDO_PART_END:
        r = take_end(u, bytes, n, err);
        break;
    case UNDO_PART_PLAY:
        u->playing = true;
        break;
    default:
        r = wtg_fail(err, WTG_E_UNSUPPORTED,
                     "part %u of the undo file is of kind %u: it was made by a newer wtg",
                     u->nparts, get_le32(d->kind));
    }
    u->end = round_up(u->end + sizeof *d + n, UNDO_ALIGN_BYTES);
    u->nparts++;
    return r < 0 ? r : 1;
}

/* Where the parts stop to make sense: a power cut leaves nothing behind that; if there is another
 * part, what stands before it was damaged later. */
static int judge_tail(struct undo *u, uint64_t size, bool whole, struct wtg_err *err)
{
    struct undo_part_disk d;

    for (uint64_t at = u->end + UNDO_ALIGN_BYTES; at < size; at += UNDO_ALIGN_BYTES)
        if (part_at(u, at, &d))
            return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                            "part %u of the undo file, at byte %" PRIu64
                            ", is damaged, and part %u at byte %" PRIu64 " is not",
                            u->nparts, u->end, get_le32(d.number), at);
    if (u->end < size)
        u->torn_at = u->end;
    if (whole && !u->ended)
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                        "the undo file was whole once, and stops making sense at byte %" PRIu64,
                        u->end);
    return 0;
}

static int read_parts(struct undo *u, uint64_t size, bool whole, struct wtg_err *err)
{
    struct undo_part_disk d;
    int r = read_head(u, err);

    while (r == 0 && u->end < size && part_at(u, u->end, &d) && get_le32(d.number) == u->nparts) {
        r = take_part(u, &d, err);
        if (r == 0)
            break;
        r = r > 0 ? 0 : r;
    }
    return r < 0 ? r : judge_tail(u, size, whole, err);
}

int undo_read(int fd, bool whole, struct undo **ret, struct wtg_err *err)
{
    AUTO_FD own = fd;
    struct stat st;

    if (fstat(own, &st) < 0)
        return wtg_fail_errno(err, errno, "cannot look at the undo file");
    struct undo *u = mem_zeroed(1, sizeof *u, err);
    if (!u)
        return err->code;
    u->fd = TAKE_FD(own);
    int r = read_parts(u, (uint64_t)st.st_size, whole, err);
    if (r < 0) {
        undo_close(u);
        return r;
    }
    *ret = u;
    return 0;
}

int undo_open(const char *path, struct undo **ret, struct wtg_err *err)
{
    size_t n = strlen(path), suffix = sizeof UNDO_OPEN_SUFFIX - 1;
    bool whole = n < suffix || strcmp(path + n - suffix, UNDO_OPEN_SUFFIX) != 0;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return wtg_fail_errno(err, errno, "cannot open the undo file '%s'", path);
    int r = undo_read(fd, whole, ret, err);
    return r < 0 ? wtg_because(err, "'%s'", path) : 0;
}

void undo_close(struct undo *u)
{
    if (!u)
        return;
    if (u->fd >= 0)
        close(u->fd);
    free(u->block);
    free(u->witness);
    free(u);
}

/* ---- looking ---------------------------------------------------------------------------- */

static int check_size(const struct undo *u, const struct blk *target, struct wtg_err *err)
{
    if (target->size == u->id.target_bytes)
        return 0;
    return wtg_fail(err, WTG_E_DISK_CHANGED,
                    "the target has %" PRIu64 " bytes, the one that was changed has %" PRIu64,
                    target->size, u->id.target_bytes);
}

static int compare_off(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static int look_at_witnesses(const struct undo *u, struct blk *target, uint8_t *bytes,
                             struct undo_state *s, struct wtg_err *err)
{
    AUTO_FREE uint64_t *kept = mem_zeroed(u->nblocks + 1, sizeof *kept, err);

    if (!kept)
        return err->code;
    for (size_t i = 0; i < u->nblocks; i++)
        kept[i] = u->block[i].off;
    qsort(kept, u->nblocks, sizeof *kept, compare_off);
    for (size_t i = 0; i < u->nwitness; i++) {
        const struct undo_witness *w = &u->witness[i];
        if (w->off >= target->size || bsearch(&w->off, kept, u->nblocks, sizeof *kept, compare_off))
            continue;
        size_t n = (size_t)min_u64(u->block_bytes, target->size - w->off);
        int r = blk_read(target, w->off, bytes, n, err);
        if (r < 0)
            return r;
        if (hash_quick(bytes, n) != w->hash && s->used++ == 0)
            s->other_off = w->off;
    }
    return 0;
}

int undo_look(const struct undo *u, struct blk *target, struct undo_state *ret, struct wtg_err *err)
{
    struct undo_state s = { 0 };
    AUTO_FREE uint8_t *bytes = aligned_alloc(4096, 65536);
    int r = bytes ? check_size(u, target, err) : wtg_fail_nomem(err);

    for (size_t i = 0; r == 0 && i < u->nblocks; i++) {
        const struct undo_block *b = &u->block[i];
        r = blk_read(target, b->off, bytes, b->bytes, err);
        uint64_t now = r == 0 ? hash_quick(bytes, b->bytes) : 0;
        if (r == 0 && now == b->before)
            s.before++;
        else if (r == 0 && u->ended && now == b->after)
            s.after++;
        else if (r == 0 && s.other++ == 0)
            s.other_off = b->off;
    }
    if (r == 0)
        r = look_at_witnesses(u, target, bytes, &s, err);
    if (r == 0)
        *ret = s;
    return r;
}

/* ---- playing ---------------------------------------------------------------------------- */

/* From here on a block may be half one and half the other. */
static int mark_playing(struct undo *u, struct wtg_err *err)
{
    struct undo_part_disk d = {
        .magic = "PART",
        .kind = to_le32(UNDO_PART_PLAY),
        .number = to_le32(u->nparts),
        .data_hash = to_le64(hash_quick("", 0)),
    };

    if (u->playing)
        return 0;
    memcpy(d.id, u->file_id, sizeof d.id);
    d.hash = to_le64(hash_quick(&d, offsetof(struct undo_part_disk, hash)));
    if (ftruncate(u->fd, (off_t)u->end) < 0 ||
        pwrite(u->fd, &d, sizeof d, (off_t)u->end) != (ssize_t)sizeof d || fdatasync(u->fd) < 0)
        return wtg_fail_errno(err, errno ? errno : EIO, "cannot write to the undo file");
    u->playing = true;
    return 0;
}

enum { BLOCKS_A_TICK = 64 };

static int put_back(struct undo *u, struct blk *target, uint8_t *bytes, struct wtg_job *job,
                    struct wtg_err *err)
{
    for (size_t i = u->nblocks; i-- > 0;) {
        const struct undo_block *b = &u->block[i];
        const struct wtg_progress p = { "take-back", N_("bytes"),
                                        (uint64_t)(u->nblocks - i) * u->block_bytes,
                                        (uint64_t)u->nblocks * u->block_bytes };
        if (i % BLOCKS_A_TICK == 0 && wtg_tick(job, &p, err) < 0)
            return err->code;
        if (!file_read(u->fd, b->at, bytes, b->bytes) || hash_quick(bytes, b->bytes) != b->before)
            return wtg_fail(err, WTG_E_IO, "the undo file cannot be read at byte %" PRIu64, b->at);
        int r = blk_write(target, b->off, bytes, b->bytes, err);
        if (r < 0)
            return r;
    }
    return blk_flush(target, err);
}

static int prove(const struct undo *u, struct blk *target, uint8_t *bytes, struct wtg_err *err)
{
    blk_forget(target);
    for (size_t i = 0; i < u->nblocks; i++) {
        const struct undo_block *b = &u->block[i];
        int r = blk_read(target, b->off, bytes, b->bytes, err);
        if (r < 0)
            return r;
        if (hash_quick(bytes, b->bytes) != b->before)
            return wtg_fail(err, WTG_E_VERIFY,
                            "the target does not hold at byte %" PRIu64 " what was put back there",
                            b->off);
    }
    return 0;
}

int undo_play(struct undo *u, struct blk *target, struct wtg_job *job, struct wtg_err *err)
{
    AUTO_FREE uint8_t *bytes = aligned_alloc(4096, 65536);
    int r = bytes ? check_size(u, target, err) : wtg_fail_nomem(err);

    if (r == 0)
        r = mark_playing(u, err);
    if (r == 0)
        r = put_back(u, target, bytes, job, err);
    if (r == 0)
        r = prove(u, target, bytes, err);
    return r < 0 ? wtg_because(err, "taking back what was done") : 0;
}
