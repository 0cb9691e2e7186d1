/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BLK_BLK_H
#define WTG_BLK_BLK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The brick: bytes that can be read and written at an offset.  Bricks stack; nothing else in the
 * library touches a device or an image file.  blk_read and blk_write check every access against
 * `size`; an access that does not lie inside is an error, never a short count.  Reads and writes
 * of one brick may run in several threads at once unless its constructor says otherwise. */
struct blk;
struct blk_queue;

struct blk_ops {
    const char *name; /* "file", "mem", "slice", "extents", "fault", "trace" */
    int (*read)(struct blk *b, uint64_t off, void *buf, size_t n, struct wtg_err *err);
    int (*write)(struct blk *b, uint64_t off, const void *buf, size_t n, struct wtg_err *err);
    int (*flush)(struct blk *b, struct wtg_err *err);
    void (*free)(struct blk *b); /* frees the brick itself; not the one below */
    /* All of these may be NULL. */
    void (*forget)(struct blk *b);
    int (*discard)(struct blk *b, bool *ret, struct wtg_err *err);
    int (*queue)(struct blk *b, unsigned depth, struct blk_queue **ret, struct wtg_err *err);
};

struct blk { /* first member of every concrete brick */
    const struct blk_ops *ops;
    struct blk *below;     /* borrowed; NULL at the bottom of the stack */
    uint64_t size;         /* bytes */
    uint32_t sector_bytes; /* of the medium: 512 or 4096 */
    bool writable;
};

int blk_read(struct blk *b, uint64_t off, void *buf, size_t n, struct wtg_err *err) WTG_MUST_USE;
int blk_write(struct blk *b, uint64_t off, const void *buf, size_t n, struct wtg_err *err)
    WTG_MUST_USE;
/* Everything written so far is on the medium when this returns 0. */
int blk_flush(struct blk *b, struct wtg_err *err) WTG_MUST_USE;
/* What was flushed is read from the medium next, not from a cache, as far as this may be asked for. */
void blk_forget(struct blk *b);
/* Tells the medium that nothing on it is needed any more.  `*ret` says whether it took that: image
 * files and many sticks do not. */
int blk_discard(struct blk *b, bool *ret, struct wtg_err *err) WTG_MUST_USE;
/* NULL is fine. Bricks below stay. */
void blk_free(struct blk *b);

/* Several reads and writes in flight.  One thread uses a queue.  The caller owns `io` and its
 * buffer, and leaves both alone until blk_queue_get gives them back; they come back in any order.
 * Accesses in flight must not overlap, and a flush is only about those that came back. */
struct blk_io {
    bool write;
    uint64_t off;
    void *buf;
    size_t n;
};
/* At most `depth` (1 to BLK_QUEUE_MAX) in flight.  A file or device uses io_uring, past the page
 * cache; where that may not be (containers often forbid it), with depth 1, and with all other
 * bricks, every access is done when blk_queue_put returns. */
enum { BLK_QUEUE_MAX = 64 };
int blk_queue_new(struct blk *b, unsigned depth, struct blk_queue **ret, struct wtg_err *err)
    WTG_MUST_USE;
/* Begins an access.  On failure it is not in flight.  It is a BUG to have more than `depth`. */
int blk_queue_put(struct blk_queue *q, struct blk_io *io, struct wtg_err *err) WTG_MUST_USE;
/* Waits up to wait_ms for one to end.  `*ret` is NULL when none did; it is set also when that
 * access failed, which is the error. */
int blk_queue_get(struct blk_queue *q, unsigned wait_ms, struct blk_io **ret, struct wtg_err *err)
    WTG_MUST_USE;
unsigned blk_queue_busy(const struct blk_queue *q); /* in flight */
/* Waits for all that is in flight, whatever comes of it.  NULL is fine. */
void blk_queue_free(struct blk_queue *q);

/* An image or any other file (or device), read only.  The size of a device is asked for. */
int blk_open(const char *path, struct blk **ret, struct wtg_err *err) WTG_MUST_USE;

/* Takes over `fd`, open for reading and writing, of a claimed device or an image file of the
 * given size.  Writes whose offset, length and buffer are multiples of 4096 go past the page
 * cache (O_DIRECT) where the target allows it. */
int blk_from_fd(int fd, uint64_t size, uint32_t sector_bytes, struct blk **ret,
                struct wtg_err *err) WTG_MUST_USE;

/* Memory, zeroed, writable, owned by the brick.  blk_mem_bytes gives its bytes. */
int blk_mem_new(uint64_t size, struct blk **ret, struct wtg_err *err) WTG_MUST_USE;
/* Borrowed read-only bytes. */
int blk_mem_wrap(const void *p, size_t n, struct blk **ret, struct wtg_err *err) WTG_MUST_USE;
uint8_t *blk_mem_bytes(struct blk *b);

/* The part [off, off+size) of `below`, which is borrowed and must outlive it. */
int blk_slice_new(struct blk *below, uint64_t off, uint64_t size, struct blk **ret,
                  struct wtg_err *err) WTG_MUST_USE;

/* A file made of pieces of `below` one after the other, read only: how a file stands in an ISO.
 * A piece with off == BLK_HOLE reads as zeroes.  The array is copied. */
struct blk_extent {
    uint64_t off;  /* in `below` */
    uint64_t size; /* bytes */
};
#define BLK_HOLE UINT64_MAX
int blk_extents_new(struct blk *below, const struct blk_extent *extent, size_t n,
                    struct blk **ret, struct wtg_err *err) WTG_MUST_USE;

/* For tests: the nth read, write or flush (counting from 0) fails with EIO, and every one after
 * it too when `stays_broken`; -1 never. Counts are kept for walking n = 0, 1, 2, ... */
struct blk_fault {
    long fail_read, fail_write, fail_flush;
    bool stays_broken;
    bool no_space; /* failing writes say ENOSPC instead of EIO */
};
int blk_fault_new(struct blk *below, const struct blk_fault *f, struct blk **ret,
                  struct wtg_err *err) WTG_MUST_USE;

/* For tests: a target that lies.  It says that all went well, and the proof has to find out. */
struct blk_lie {
    enum blk_lie_kind {
        BLK_LIE_DROP,  /* writes into [off, off+n) are forgotten: what stood there stays */
        BLK_LIE_WRAP,  /* a fake stick: byte x lands at x modulo `off`, its real size */
        BLK_LIE_FLIP,  /* one bit of what is read at byte `off` is wrong, `n` times (0: always) */
        BLK_LIE_SHORT, /* of a write of more than `n` bytes only the first n arrive */
    } kind;
    uint64_t off, n;
};
int blk_lie_new(struct blk *below, const struct blk_lie *lie, struct blk **ret,
                struct wtg_err *err) WTG_MUST_USE;

/* Counts what passes through. */
struct blk_counts {
    uint64_t reads, read_bytes, writes, write_bytes, flushes;
    uint64_t large_write_bytes; /* in writes of 1 MiB or more */
    uint64_t backward_writes;   /* that began before the end of the one before */
};
int blk_count_new(struct blk *below, struct blk **ret, struct wtg_err *err) WTG_MUST_USE;
struct blk_counts blk_counts(struct blk *counting);

#endif
