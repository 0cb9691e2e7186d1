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

struct blk_ops {
    const char *name; /* "file", "mem", "slice", "extents", "fault", "trace" */
    int (*read)(struct blk *b, uint64_t off, void *buf, size_t n, struct wtg_err *err);
    int (*write)(struct blk *b, uint64_t off, const void *buf, size_t n, struct wtg_err *err);
    int (*flush)(struct blk *b, struct wtg_err *err);
    void (*free)(struct blk *b); /* frees the brick itself; not the one below */
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
/* NULL is fine. Bricks below stay. */
void blk_free(struct blk *b);

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

/* Counts what passes through. */
struct blk_counts {
    uint64_t reads, read_bytes, writes, write_bytes, flushes;
    uint64_t large_write_bytes; /* in writes of 1 MiB or more */
    uint64_t backward_writes;   /* that began before the end of the one before */
};
int blk_count_new(struct blk *below, struct blk **ret, struct wtg_err *err) WTG_MUST_USE;
struct blk_counts blk_counts(struct blk *counting);

#endif
