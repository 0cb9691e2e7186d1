/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FUZZ_NTFS_VOLUME_H
#define FUZZ_NTFS_VOLUME_H

/* A good volume with bytes changed where the input says.  A whole volume is too large to be an
 * input, and one torn record would end most of them: so the input is a list of changes of 8 bytes
 * each, and fixups are done again after a change.
 *
 *   byte 0     1, 2, 4 or 8 bytes are changed (its low two bits); bit 7: bytes 6 and 7 as well
 *   byte 1, 2  which record, index block or cluster
 *   byte 3, 4  where in it
 *   byte 5..7  the value */

#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "base/mem.h"
#include "blk/blk.h"
#include "rich.h"

enum { NTFS_FUZZ_WINDOWS = 2048, NTFS_FUZZ_CHANGES = 64 };

struct ntfs_fuzz {
    struct blk *vol;
    uint8_t *good; /* a copy of the volume */
    struct {
        uint32_t at, n;
        bool fixups;
    } window[NTFS_FUZZ_WINDOWS];
    size_t nwindows;
};

/* Records and index blocks, and all other clusters that hold something. */
static inline void ntfs_fuzz_find(struct ntfs_fuzz *f)
{
    uint32_t step = 4096;
    for (uint32_t at = 0; at < RICH_BYTES && f->nwindows < NTFS_FUZZ_WINDOWS; at += step) {
        const uint8_t *p = f->good + at;
        bool file = memcmp(p, "FILE", 4) == 0, indx = memcmp(p, "INDX", 4) == 0;
        step = file ? 1024 : 4096 - at % 4096;
        if (!file && !indx && (p[0] == 0xff || (p[0] == 0 && memcmp(p, p + 1, 4095) == 0)))
            continue;
        f->window[f->nwindows].at = at;
        f->window[f->nwindows].n = step;
        f->window[f->nwindows++].fixups = file || indx;
    }
}

static inline struct ntfs_fuzz *ntfs_fuzz_new(void)
{
    struct ntfs_fuzz *f = calloc(1, sizeof *f);
    if (!f || !(f->good = malloc(RICH_BYTES)))
        abort();
    f->vol = rich_small_volume_new();
    memcpy(f->good, blk_mem_bytes(f->vol), RICH_BYTES);
    ntfs_fuzz_find(f);
    return f;
}

/* Moves the saved words of a record between its update sequence and the ends of its strides. */
static inline void ntfs_fuzz_fix(uint8_t *p, size_t n, bool put)
{
    size_t at = le16_at(p + 4), strides = n / 512;
    if (at < 8 || at + 2 * (strides + 1) > 510)
        return;
    for (size_t i = 0; i < strides; i++) {
        uint8_t *end = p + (i + 1) * 512 - 2;
        if (put)
            memcpy(p + at + 2 + i * 2, end, 2);
        memcpy(end, put ? p + at : p + at + 2 + i * 2, 2);
    }
}

static inline void ntfs_fuzz_change(struct ntfs_fuzz *f, const uint8_t *c)
{
    size_t w = le16_at(c + 1) % f->nwindows, width = (size_t)1 << (c[0] & 3);
    size_t n = f->window[w].n, off = le16_at(c + 3) % (n - width + 1);
    uint8_t *p = blk_mem_bytes(f->vol) + f->window[w].at;
    uint8_t value[8] = { c[5], c[6], c[7], 0, 0, 0, (uint8_t)(c[0] & 0x80 ? 0xff : 0), 0 };
    if (f->window[w].fixups)
        ntfs_fuzz_fix(p, n, false);
    memcpy(p + off, value, width);
    if (f->window[w].fixups)
        ntfs_fuzz_fix(p, n, true);
}

static inline void ntfs_fuzz_apply(struct ntfs_fuzz *f, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size / 8 && i < NTFS_FUZZ_CHANGES; i++)
        ntfs_fuzz_change(f, data + i * 8);
}

static inline void ntfs_fuzz_undo(struct ntfs_fuzz *f, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size / 8 && i < NTFS_FUZZ_CHANGES; i++) {
        size_t w = le16_at(data + i * 8 + 1) % f->nwindows;
        memcpy(blk_mem_bytes(f->vol) + f->window[w].at, f->good + f->window[w].at, f->window[w].n);
    }
}

#endif
