/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BLK_UNDO_H
#define WTG_BLK_UNDO_H

#include "blk/blk.h"

/* Taking back what was done to a target.  The undo brick keeps the old bytes of every block in an
 * undo file, and the medium has them before the block is overwritten; whatever happens then, the
 * target can be made again what it was, byte for byte.  docs/formats/undo.md tells the format. */

enum {
    UNDO_BLOCK_BYTES = 16384, /* kept at once; readers take 4 KiB to 64 KiB */
    UNDO_DISK_BYTES = 32,
    UNDO_TARGET_BYTES = 256,
    UNDO_WHAT_BYTES = 512,
};

/* Whose undo file it is. */
struct undo_id {
    uint8_t
        disk[UNDO_DISK_BYTES]; /* SHA-256 of who the target is; this room does not know what of */
    uint64_t target_bytes;
    uint32_t sector_bytes;
    uint64_t time;                  /* seconds since 1970 UTC */
    char target[UNDO_TARGET_BYTES]; /* who it is, for people */
    char what[UNDO_WHAT_BYTES];     /* what is done to it, for people */
};

struct undo_range {
    uint64_t off, bytes;
};

/* Makes the undo file, which must not exist, and the brick over `below`; what it has to say is on
 * the medium when this returns.  `witness`: places that change when somebody uses the target
 * afterwards (a journal, the first records of a file system); so that can be told later.  Those of
 * them that the work changes itself do not count.  One thread. */
int undo_begin(const char *path, const struct undo_id *id, struct blk *below,
               const struct undo_range *witness, size_t nwitness, struct blk **ret,
               struct wtg_err *err) WTG_MUST_USE;
/* Keeps all these places at once: one wait for the medium instead of many.  Optional. */
int undo_keep(struct blk *undo, const struct undo_range *range, size_t n,
              struct wtg_err *err) WTG_MUST_USE;
/* The work is done: flushes, writes down how every block was left, and gives the file the name
 * that whole ones have. */
int undo_end(struct blk *undo, struct wtg_err *err) WTG_MUST_USE;
uint64_t undo_kept_bytes(struct blk *undo);
/* An undo file that is not ended is called so behind its name: what is cut off a whole one is seen.
 */
#define UNDO_OPEN_SUFFIX "-open"

/* ---- an undo file ----------------------------------------------------------------------- */

struct undo_block { /* as it was kept */
    uint64_t off;   /* of the target */
    uint64_t at;    /* of the file: its bytes */
    uint32_t bytes;
    uint64_t before, after; /* hashes; after: only when ended */
};
struct undo_witness {
    uint64_t off, hash;
};
struct undo {
    int fd;
    struct undo_id id;
    uint8_t file_id[16];
    uint32_t block_bytes;
    struct undo_block *block; /* in the order in which they were kept */
    size_t nblocks, blocks_cap;
    struct undo_witness *witness;
    size_t nwitness;
    bool ended;       /* the work came to its end */
    bool playing;     /* it was begun to be taken back */
    uint64_t torn_at; /* where the file stops making sense, as a power cut leaves it; 0: nowhere */
    uint64_t end;     /* of what makes sense */
    uint32_t nparts;
};
/* Reads and proves all of it.  IMAGE_FORMAT: no undo file.  IMAGE_DAMAGED: something in the middle
 * is damaged, or the end of a whole one is missing; where. */
int undo_open(const char *path, struct undo **ret, struct wtg_err *err) WTG_MUST_USE;
/* The same from an open file, which it takes over.  `whole`: it was ended once. */
int undo_read(int fd, bool whole, struct undo **ret, struct wtg_err *err) WTG_MUST_USE;
void undo_close(struct undo *u);

/* How the target stands to the file. */
struct undo_state {
    size_t before, after, other; /* blocks as they were, as they were left, and neither */
    size_t used;        /* witnesses that have changed: somebody has used the target since */
    uint64_t other_off; /* one that is neither, or a witness */
};
int undo_look(const struct undo *u, struct blk *target, struct undo_state *ret,
              struct wtg_err *err) WTG_MUST_USE;
/* Puts every block back, newest first, and proves it.  May be stopped at any time and begun again.
 * DISK_CHANGED when the size is another. */
int undo_play(struct undo *u, struct blk *target, struct wtg_job *job,
              struct wtg_err *err) WTG_MUST_USE;

#endif
