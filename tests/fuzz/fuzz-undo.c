/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Undo files: the bytes are one, with its checksums put right as far as the parts can be found, so
 * that what they say is looked at too.  Nothing may crash, and nothing be written beyond a target. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "blk/undo-disk.h"
#include "blk/undo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TARGET_BYTES = 200000 };

static void put_right(uint8_t *p, size_t n)
{
    struct undo_head_disk h;
    struct undo_part_disk d;

    if (n < sizeof h)
        return;
    memcpy(&h, p, sizeof h);
    h.hash = to_le64(hash_quick(&h, offsetof(struct undo_head_disk, hash)));
    memcpy(p, &h, sizeof h);
    for (size_t at = 1024; at + sizeof d <= n; at += UNDO_ALIGN_BYTES) {
        memcpy(&d, p + at, sizeof d);
        if (memcmp(d.magic, "PART", 4) != 0)
            continue;
        memcpy(d.id, h.id, sizeof d.id);
        if (get_le32(d.bytes) <= n - at - sizeof d)
            d.data_hash = to_le64(hash_quick(p + at + sizeof d, get_le32(d.bytes)));
        d.hash = to_le64(hash_quick(&d, offsetof(struct undo_part_disk, hash)));
        memcpy(p + at, &d, sizeof d);
    }
}

static void look(const uint8_t *data, size_t size, bool whole)
{
    struct wtg_err err = { 0 };
    struct undo *u = NULL;
    struct undo_state s;
    struct blk *target = NULL;
    int fd = memfd_create("undo", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size || undo_read(fd, whole, &u, &err) < 0)
        return;
    if (u->id.target_bytes <= TARGET_BYTES && blk_mem_new(u->id.target_bytes, &target, &err) == 0) {
        if (undo_look(u, target, &s, &err) == 0 && undo_play(u, target, NULL, &err) < 0 &&
            err.code != WTG_E_VERIFY) /* two parts may keep the same block */
            abort();
        blk_free(target);
    }
    undo_close(u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *p = malloc(size + 1);

    if (!p || size > 1 << 20) {
        free(p);
        return 0;
    }
    memcpy(p, data, size);
    look(p, size, true);
    put_right(p, size);
    look(p, size, false);
    look(p, size, true);
    free(p);
    return 0;
}
