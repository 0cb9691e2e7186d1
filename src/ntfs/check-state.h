/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS_CHECK_STATE_H
#define WTG_NTFS_CHECK_STATE_H

#include "ntfs/check-problems.h"
#include "ntfs/check.h"
#include "ntfs/read-names.h"
#include "ntfs/read.h"

/* What one run of the checker knows, filled pass by pass; the parts of the checker share it.
 * Functions return 0 to go on, also after a problem, and a negative code only when the check must
 * end: read error, no memory, cancelled. */

enum { /* check_row.has */
       HAS_STANDARD = 0x01,
       HAS_LIST = 0x02,
       HAS_DATA = 0x04,   /* an unnamed one */
       HAS_I30 = 0x08,    /* an $INDEX_ROOT of this name */
       HAS_VIEW = 0x10,   /* one of another name */
       HAS_INSIDE = 0x20, /* reparse point, EAs, descriptor of its own: looked at in pass 2 */
       HAS_REPARSE = 0x40,
       HAS_SPARSE = 0x80, /* unnamed data is */
       HAS_DESCRIPTOR = 0x100,
       HAS_OLD_STANDARD = 0x200, /* the form without a security id */
       HAS_OBJECT_ID = 0x400,
       HAS_EA = 0x800,
       HAS_PARTS = 0x1000, /* extension records */
};

struct check_row {    /* a record; facts about a file are in the row of its base record */
    uint64_t base;    /* ref: of an extension record */
    uint64_t time[4]; /* created, written, changed, accessed */
    uint64_t data_size, data_allocated; /* unnamed data, as a $FILE_NAME tells it */
    uint32_t attributes;                /* of $STANDARD_INFORMATION */
    uint32_t security_id;
    uint32_t tag;      /* of the reparse point */
    uint16_t ea_bytes; /* packed */
    uint16_t links;    /* as the header says */
    uint16_t flags;    /* NTFS_RECORD_* */
    uint16_t has;      /* HAS_* */
    uint32_t names;    /* found */
};

struct check_name {         /* a $FILE_NAME */
    uint64_t owner, parent; /* record; ref */
    const uint8_t *value;   /* on the arena */
    uint16_t n;
    bool seen; /* in the index of its directory */
};

struct check_piece { /* an attribute of a file that has several records */
    uint64_t base;
    struct ntfs_attr attr; /* the name is on the arena, value and pairs are gone */
    uint64_t real;         /* clusters that are no holes */
    bool listed;
};

struct check_reparse {
    uint64_t ref;
    uint32_t tag;
    bool seen;
};

struct check_object {
    uint64_t ref;
    uint8_t id[16];
    bool seen;
};

struct check {
    struct ntfs_volume *vol;
    const struct ntfs_check_opts *opts;
    struct wtg_job *job;
    struct ntfs_check_result result;
    size_t max_problems;
    struct arena arena;
    uint64_t records;
    struct check_row *row;        /* per record */
    struct ntfs_place_row *place; /* per record */
    struct check_name *name;      /* after pass 1 by owner, parent, name space, name */
    size_t nnames, names_cap;
    struct check_piece *piece;
    size_t npieces, pieces_cap;
    struct check_reparse *reparse; /* by record */
    size_t nreparse, reparse_cap;
    struct check_object *object; /* by id */
    size_t nobjects, objects_cap;
    uint8_t *cluster;         /* bitmap of what the runs use */
    uint64_t clusters_marked; /* how many marks were made, crossing ones too */
    uint64_t index_blocks;    /* over all indexes, for a limit */
    uint64_t table_bytes;     /* of compressed system files, for a limit */
    uint8_t *mft_bitmap;
    size_t mft_bitmap_n;
    uint16_t *upcase;      /* the volume's own table, 65536 units */
    struct ntfs_file file; /* of the pass that is under way */
};

static inline bool ntfs_check_bit(const uint8_t *bits, uint64_t i)
{
    return bits[i / 8] >> (i % 8) & 1;
}

/* ---- check.c ---- */
void ntfs_check_problem(struct check *c, enum ntfs_problem_number p, uint64_t record,
                        const char *fmt, ...) WTG_PRINTF(4, 5);
/* After a call of the reader: 0 stays; damage becomes a problem with the reader's words (1); all
 * else goes up. */
int ntfs_check_soft(struct check *c, int r, enum ntfs_problem_number p, uint64_t record,
                    struct wtg_err *err) WTG_MUST_USE;
int ntfs_check_tick(struct check *c, int pass, uint64_t record, struct wtg_err *err) WTG_MUST_USE;
/* Reads the whole of a stream; 1 when it is missing or damaged (reported as `p`). */
int ntfs_check_slurp(struct check *c, const struct ntfs_file *f, uint32_t type, const char *name,
                     size_t limit, enum ntfs_problem_number p, uint8_t **ret, size_t *ret_n,
                     struct wtg_err *err) WTG_MUST_USE;

/* ---- The parts, in the order in which they run ---- */
int ntfs_check_boot(struct check *c, struct wtg_err *err) WTG_MUST_USE;
int ntfs_check_records(struct check *c, struct wtg_err *err) WTG_MUST_USE; /* pass 1 */
int ntfs_check_lists(struct check *c, struct wtg_err *err) WTG_MUST_USE;
int ntfs_check_insides(struct check *c, struct wtg_err *err) WTG_MUST_USE; /* pass 2 */
void ntfs_check_files(struct check *c);
int ntfs_check_directories(struct check *c, struct wtg_err *err) WTG_MUST_USE; /* pass 3 */
int ntfs_check_security(struct check *c, struct wtg_err *err) WTG_MUST_USE;
int ntfs_check_views(struct check *c, struct wtg_err *err) WTG_MUST_USE;
int ntfs_check_system(struct check *c, struct wtg_err *err) WTG_MUST_USE;
int ntfs_check_clusters(struct check *c, struct wtg_err *err) WTG_MUST_USE;

/* ---- check-attr.c: one attribute, in pass 1 ---- */
/* `base`: the record whose file it belongs to; `many`: that file has several records. */
int ntfs_check_attr(struct check *c, const struct ntfs_attr *a, uint64_t base, bool many,
                    struct wtg_err *err) WTG_MUST_USE;
/* The sizes of a whole stream against what its runs map. */
void ntfs_check_sizes(struct check *c, uint64_t record, const struct ntfs_attr *first,
                      uint64_t mapped, uint64_t real);
const char *ntfs_check_attr_name(const struct ntfs_attr *a, char *buf,
                                 size_t cap); /* "$DATA 'x'" */

/* ---- check-value.c: what stands in the small attributes, in pass 1 ---- */
int ntfs_check_value(struct check *c, const struct ntfs_attr *a, uint64_t base,
                     struct wtg_err *err) WTG_MUST_USE;

/* ---- check-file.c ---- */
int ntfs_check_names_sort(struct check *c, struct wtg_err *err) WTG_MUST_USE;
struct check_name *ntfs_check_name_find(const struct check *c, const struct check_name *key);
bool ntfs_check_name_is(const struct check_name *x, const char *ascii);
/* The first name of a record, or c->nnames. */
size_t ntfs_check_names_of(const struct check *c, uint64_t record);
/* The record of the child of $Extend with this name, or NTFS_NO_RECORD. */
uint64_t ntfs_check_extend_child(const struct check *c, const char *name);
/* The row of the file that a ref names, or NULL. */
struct check_row *ntfs_check_target(const struct check *c, uint64_t ref);

/* ---- check-collate.c ---- */
/* Order of two names through the volume's $UpCase; both UTF-16LE. */
int ntfs_check_collate_names(const struct check *c, const uint8_t *a, size_t an, const uint8_t *b,
                             size_t bn);
/* Order of two keys by a rule (NTFS_COLLATE_*); -1 when nobody knows the rule. */
int ntfs_check_collate(const struct check *c, uint32_t rule, struct wtg_span a, struct wtg_span b);

/* ---- check-index.c ---- */
struct check_entry {
    uint64_t ref; /* $I30 only */
    struct wtg_span key, data;
    const struct ntfs_index_entry_disk *disk;
};
struct check_index_kind {
    const char *name;
    uint32_t indexed_type, collation;
    /* Called for each entry in the tree's order. */
    int (*entry)(struct check *c, uint64_t record, const struct check_entry *e, void *user,
                 struct wtg_err *err);
};
int ntfs_check_index(struct check *c, const struct ntfs_file *f,
                     const struct check_index_kind *kind, void *user,
                     struct wtg_err *err) WTG_MUST_USE;

/* ---- check-wof.c ---- */
int ntfs_check_wof(struct check *c, const struct ntfs_file *f, struct wtg_span data,
                   struct wtg_err *err) WTG_MUST_USE;

#endif
