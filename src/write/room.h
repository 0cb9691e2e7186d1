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
    WRITE_STAGE_BYTES = 4 * 1024 * 1024,  /* gathered before they are written; no write is larger */
};

/* Where the bytes of one blob go: regions[first .. first + n) of the sorted array; n = 0: nowhere
 * on this target. */
struct want {
    const struct tree_blob *blob;
    size_t first, n;
    uint64_t done; /* blobs that are written with this one, also those of an earlier run */
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
    size_t at_want, now_wants; /* want[at_want .. at_want + now_wants): of the source that comes */
    struct arena late; /* bytes of blobs that later passes write */
    struct sink *sink;
    struct write_proof *proof; /* NULL: none is wanted of this pass */
    uint64_t marked_bytes;     /* result->bytes at the last mark */
    size_t marked_extents;     /* of the proof, told at the last mark */
};

int run_tick(struct run *r, struct wtg_err *err) WTG_MUST_USE;

/* sink.c: all writing.  By the caller's thread only; runs that follow each other on the target
 * become large writes, several in flight. */
struct sink;
int sink_new(struct run *r, struct sink **ret, struct wtg_err *err) WTG_MUST_USE;
/* Writes [off, off+n) from p.  What is not copied stays in use until `*busy`, which is raised, is 0
 * again. */
int sink_put(struct sink *s, uint64_t off, uint8_t *p, size_t n, unsigned *busy,
             struct wtg_err *err) WTG_MUST_USE;
/* Room for bytes that go to `off`: at most `want`, at least one, `*ret` as far from a block as
 * `off`.  Then sink_filled says how many there are. */
int sink_room(struct sink *s, uint64_t off, uint64_t want, uint8_t **ret, size_t *ret_n,
              struct wtg_err *err) WTG_MUST_USE;
void sink_filled(struct sink *s, size_t n);
/* Begins to write what is gathered. */
int sink_push(struct sink *s, struct wtg_err *err) WTG_MUST_USE;
/* Waits until a write has ended, but not long, and looks at the job. */
int sink_wait(struct sink *s, struct wtg_err *err) WTG_MUST_USE;
unsigned sink_busy(const struct sink *s); /* writes in flight */
/* Writes all that was put, and waits for it. */
int sink_flush(struct sink *s, struct wtg_err *err) WTG_MUST_USE;
/* After a failure: waits until nobody's buffer is in use. */
void sink_settle(struct sink *s);
void sink_free(struct sink *s); /* NULL is fine */
uint64_t sink_memory_bytes(void); /* at the most */

/* proof.c.  NULL: nothing is noted. */
int write_proof_add(struct write_proof *p, uint64_t off, const uint8_t *bytes, size_t n,
                    struct wtg_err *err) WTG_MUST_USE;
/* A region of PASS_WIPE: what of it is not written over later is part of the proof. */
int write_proof_wipe(struct write_proof *p, const struct tree_region *g, struct wtg_err *err)
    WTG_MUST_USE;
/* The extents noted since the first `from`; borrowed until the next one is added. */
const struct write_extent *write_proof_since(const struct write_proof *p, size_t from,
                                             size_t *ret_n);
/* All that must be found, by rising offset, none overlapping. */
int write_proof_extents(const struct write_proof *p, struct write_extent **ret, size_t *ret_n,
                        struct wtg_err *err) WTG_MUST_USE;
bool proof_is_one_byte(const uint8_t *p, size_t n);

/* One of the targets that a pipeline writes, each by a thread of its own. */
struct seat {
    struct run *run;
    struct want *want; /* one for each blob of the feed */
    uint64_t put;      /* units that were given to its sink; its own thread's */
    uint64_t done;     /* units that it needs no more */
    bool gone;         /* it failed: nobody waits for it */
    size_t completed;  /* blobs that are written whole; its own thread's */
};

/* One piece of work in the pipeline: a unit, the buffer its bytes are decoded into, and what is
 * to be written from there. */
struct slot_write {
    uint64_t off; /* on the target */
    uint8_t *at;  /* in the slot's buffer, as far from a 4096 boundary as `off` */
    size_t len;
};
struct slot_part { /* of one seat */
    struct slot_write *write;
    size_t nwrites, writes_cap;
    unsigned busy; /* writes in flight that use `out`; the seat's own thread's */
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
    struct slot_part *part; /* a seat each */
    size_t nparts;
    struct slot_copy *copy;
    size_t ncopies, copies_cap;
};
int slot_init(struct slot *s, size_t seats, struct wtg_err *err) WTG_MUST_USE;
/* After the unit was read: decides where each piece is decoded to and what is written. */
int slot_plan(struct slot *s, const struct seat *seat, struct wtg_err *err) WTG_MUST_USE;
/* The bytes of piece i, which is of `blob`, that are to be hashed once they are decoded; `*ret_n` 0:
 * none. */
const uint8_t *slot_content(const struct slot *s, size_t i, const struct tree_blob *blob,
                            size_t *ret_n);
/* After decoding: fills the other places of blobs that go to several. */
void slot_copy_all(const struct slot *s);
void slot_release(struct slot *s);

/* Stage 1: all blobs, from the sorted wants. */
int content_run(struct run *r, struct wtg_err *err) WTG_MUST_USE;
/* The order of two blobs of one source: <0, 0, >0. */
int content_order(const struct tree_blob *p, const struct tree_blob *q);
/* group.c: waits for the other members, then writes the blobs of one source. */
int group_round(struct write_group *g, size_t member, struct run *r, struct wtg_err *err)
    WTG_MUST_USE;
/* The blobs of one source for n > 0 runs: want[at_want .. at_want + now_wants) of each. */
struct pipeline;
int pipeline_new(struct run *const *run, size_t n, struct pipeline **ret, struct wtg_err *err)
    WTG_MUST_USE;
/* Writes what the run at this place wants; by its own thread.  The run stays in use until
 * pipeline_free, also when this fails. */
int pipeline_write(struct pipeline *p, size_t seat, struct wtg_err *err) WTG_MUST_USE;
/* When all seats have written, or failed.  NULL is fine. */
void pipeline_free(struct pipeline *p);
/* Stage 2: the other regions of one pass, in large writes by rising offset. */
int burst_run(struct run *r, enum tree_region_pass pass, struct wtg_err *err) WTG_MUST_USE;

#endif
