/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_NTFS_MUTATE_H
#define TEST_NTFS_MUTATE_H

#include "ntfs/read.h"

/* Changes a volume in memory in one place, and takes it back.  Whatever cannot be found aborts:
 * then the test is wrong. */
struct mut {
    struct blk *blk;
    uint8_t *img;
    struct ntfs_volume *vol;
    uint8_t rec[NTFS_READ_RECORD_MAX]; /* the record that was loaded last, fixups done */
    uint64_t rec_n;
    uint8_t node[NTFS_READ_BLOCK_MAX]; /* the same of an index block */
    uint64_t node_at;                  /* where it stands in the image; 0: the root in `rec` */
    struct mut_undo {
        uint64_t off;
        size_t n;
        uint8_t *old;
    } undo[64];
    size_t nundo;
};

struct mutation {
    const char *what, *expect; /* the id of the problem it must show as */
    enum { IMAGE, RECORD, ATTR, VALUE, ENTRY, STREAM, CALL } where;
    const char *file; /* name of any file, or "#9" for a record */
    uint32_t type;    /* of the attribute; ENTRY: which one, when `name` is an index's */
    const char *name; /* of the attribute; ENTRY: of the entry or of the index */
    uint32_t off;
    uint8_t width; /* bytes */
    char op;       /* '=', '+', '^' */
    uint64_t v;
    void (*call)(struct mut *m);
};

void mut_open(struct mut *m, struct blk *blk);
void mut_close(struct mut *m);
void mut_apply(struct mut *m, const struct mutation *x);
void mut_undo(struct mut *m);

void mut_poke(struct mut *m, uint64_t off, const void *p, size_t n);
uint64_t mut_find(struct mut *m, const char *file);
/* Loads a record; mut_put writes it back, and to $MFTMirr too. */
struct ntfs_record_disk *mut_load(struct mut *m, const char *file);
void mut_put(struct mut *m);
void *mut_attr(struct mut *m, uint32_t type, const char *name);
void *mut_value(struct mut *m, uint32_t type, const char *name);
void mut_remove_attr(struct mut *m, void *attr);
/* Where byte `off` of a non-resident stream stands in the image. */
uint64_t mut_stream_at(struct mut *m, const char *file, uint32_t type, const char *name,
                       uint64_t off);
/* Loads block i of an index; mut_put_node writes it back.  The same for the root: mut_root. */
struct ntfs_index_header_disk *mut_block(struct mut *m, const char *file, const char *index,
                                         uint64_t i);
struct ntfs_index_header_disk *mut_root(struct mut *m, const char *file, const char *index);
/* The root, or the first block where the root has no entries of its own. */
struct ntfs_index_header_disk *mut_first(struct mut *m, const char *file, const char *index);
void mut_put_node(struct mut *m);
struct ntfs_index_entry_disk *mut_nth(struct ntfs_index_header_disk *h, unsigned k);
/* The node with the entry of this name, loaded. */
struct ntfs_index_entry_disk *mut_entry(struct mut *m, const char *dir, const char *name,
                                        struct ntfs_index_header_disk **ret_node);
void mut_remove_entry(struct ntfs_index_header_disk *h, struct ntfs_index_entry_disk *e);

/* The tables. */
extern const struct mutation mutate_records[], mutate_indexes[], mutate_system[];
extern const size_t mutate_records_n, mutate_indexes_n, mutate_system_n;

#endif
