/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_WRITE_ROOM_H
#define WTG_WRITE_ROOM_H

/* What the files of this room share. */

#include "base/hash.h"
#include "base/mem.h"
#include "write/write.h"

enum {
    WRITE_ALIGN = 4096,                   /* what O_DIRECT asks of offset, length and buffer */
    WRITE_UNIT_BYTES = 2 * 1024 * 1024,   /* decoded bytes of one unit: one write of that size */
    WRITE_BURST_BYTES = 4 * 1024 * 1024,  /* one write of metadata */
};

/* Where the bytes of one blob go: regions[first .. first + n) of the sorted array. */
struct want {
    const struct tree_blob *blob;
    size_t first, n;
};

/* One call of write_regions. */
struct run {
    struct blk *target;
    const struct write_opts *opts;
    struct wtg_job *job;
    struct write_result *result;
    uint64_t total;             /* bytes that will be written */
    const char *step;           /* for progress */
    struct tree_region *sorted; /* blob regions, by source and order */
    size_t nsorted;
    struct tree_region *other; /* all the rest, and blob regions of later passes, now in memory */
    size_t nother;
    struct want *want;
    size_t nwants;
    struct arena late; /* bytes of blobs that later passes write */
};

int run_tick(struct run *r, struct wtg_err *err) WTG_MUST_USE;
/* Writes and counts. */
int run_put(struct run *r, uint64_t off, const void *p, size_t n, struct wtg_err *err)
    WTG_MUST_USE;

/* One piece of work in the pipeline: a unit, the buffer its bytes are decoded into, and what is
 * to be written from there. */
struct slot_write {
    uint64_t off; /* on the target */
    uint8_t *at;  /* in the slot's buffer, as far from a 4096 boundary as `off` */
    size_t len;
};
struct slot_copy {
    const uint8_t *from;
    uint8_t *to;
    size_t len;
};
enum slot_state { SLOT_READ, SLOT_DECODED, SLOT_READY };
struct slot {
    struct tree_unit unit;
    enum slot_state state;
    uint8_t *out;
    size_t out_cap;
    uint8_t **dst;     /* a piece each */
    uint8_t **content; /* of stored forms: where it is decoded to for its hash; NULL: it is not */
    size_t dst_cap;    /* of both */
    struct slot_write *write;
    size_t nwrites, writes_cap;
    struct slot_copy *copy;
    size_t ncopies, copies_cap;
};
/* After the unit was read: decides where each piece is decoded to and what is written.  `want` is
 * the part of run->want that the feed was opened with. */
int slot_plan(struct slot *s, const struct run *r, const struct want *want, struct wtg_err *err)
    WTG_MUST_USE;
/* The bytes of piece i that are to be hashed, once they are decoded; `*ret_n` 0: none. */
const uint8_t *slot_content(const struct slot *s, size_t i, const struct want *want, size_t *ret_n);
/* After decoding: fills the other places of blobs that go to several. */
void slot_copy_all(const struct slot *s);
void slot_release(struct slot *s);

/* Stage 1: all blobs, from the sorted wants. */
int content_run(struct run *r, struct wtg_err *err) WTG_MUST_USE;
/* The blobs of one source: want[first .. first + n). */
int pipeline_run(struct run *r, size_t first, size_t n, struct wtg_err *err) WTG_MUST_USE;
/* Stage 2: the other regions of one pass, in large writes by rising offset. */
int burst_run(struct run *r, enum tree_region_pass pass, struct wtg_err *err) WTG_MUST_USE;

#endif
