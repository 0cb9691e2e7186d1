/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_STICK_H
#define TEST_STICK_H

/* Small Windows sticks in memory, made with the rooms that `wtg create` uses, whole or with a
 * fault: what the bench of diagnosis and the tests of examination and repair start from.
 *
 * Everything follows from a seed.  Our own mistakes end the program: these are tests. */

#include "base/guid.h"
#include "boot/files.h"
#include "disk/layout.h"
#include "hive/hive.h"
#include "image/image.h"
#include "tree/edit.h"

/* Random numbers that are the same everywhere. */
struct rng {
    uint64_t state;
};
struct rng rng_of(const char *text);
uint64_t rng_next(struct rng *r);
/* 0 to n-1. */
size_t rng_below(struct rng *r, size_t n);

/* The image that all sticks are made of: a directory of its own below $TMPDIR or /tmp. */
struct stick_image {
    char dir[64], path[96];
    struct image *image;
};
void stick_image_make(struct stick_image *i);
void stick_image_remove(struct stick_image *i);

struct stick {
    struct stick_image *from;
    struct rng rng;
    char seed[80];
    uint64_t size_bytes;
    uint64_t grow_bytes; /* how much larger than its partition table the disk is */
    struct tree *tree;   /* of Windows; edits are applied to it */
    struct disk_layout layout;
    struct guid bcd_disk, bcd_esp, bcd_windows; /* what the BCD will name */
    uint8_t *bcd;
    size_t bcd_bytes;
    bool no_bcd;
    struct boot_esp esp;
    struct tree_edits edits[3]; /* they must outlive the trees */
    uint64_t time;
    struct blk *disk;  /* memory; writable */
    struct blk *above; /* over it, when the medium itself is at fault; else NULL */
};

/* Where a fault or a variation comes in: each is called at its time, when what is before has been
 * done. */
struct stick_change {
    void (*layout)(struct stick *s); /* partitions and what the BCD names */
    void (*files)(struct stick *s);  /* the tree of Windows, settings made */
    void (*bcd)(struct stick *s);    /* s->bcd, s->bcd_bytes */
    void (*esp)(struct stick *s);    /* s->esp.tree */
    void (*bytes)(struct stick *s);  /* the disk */
};
/* One after the other; all of `change` may be NULL. */
void stick_make(struct stick *s, struct stick_image *from, const char *seed,
                const struct stick_change *const *change, size_t n);
void stick_release(struct stick *s);
/* What a program would open. */
struct blk *stick_blk(struct stick *s);

/* For changes. */
void stick_put(struct stick *s, struct tree *t, const char *path, const void *bytes, size_t n);
void stick_delete(struct stick *s, struct tree *t, const char *path);
uint8_t *stick_read(const struct tree *t, const char *path, size_t *ret_n);
void stick_set_dword(struct stick *s, const char *hive, const char *key, const char *name,
                     uint32_t v);
void stick_make_key(struct stick *s, const char *hive, const char *key);
uint8_t *stick_bytes(struct stick *s); /* the disk's own memory */
const struct disk_part *stick_part(const struct stick *s, enum disk_role role);
/* Where the first bytes of a file stand on the disk, in that partition. */
uint64_t stick_find(struct stick *s, enum disk_role role, const void *bytes, size_t n);
void stick_noise(struct rng *r, void *buf, size_t n);
/* Both copies' checksums as the entries now are. */
void stick_seal_gpt(struct stick *s, bool primary, bool backup);

#endif
