/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS_BUILD_PRIV_H
#define WTG_NTFS_BUILD_PRIV_H

#include "ntfs/build.h"
#include "ntfs/index.h"
#include "ntfs/mft.h"
#include "ntfs/ntfs-disk.h"
#include "ntfs/secure.h"

/* What the builder's files share.  The steps of ntfs_build_new, a file each:
 *   build-files.c    which files there are, their names, streams and descriptors
 *   build-dirs.c     what stands in each directory's index, in order
 *   build-plan.c     what is resident, how many records each file takes, the shape of each index
 *   build-layout.c   where everything stands
 * and then, when it is written:
 *   build-attrs.c    the attributes of a file (used for planning as well)
 *   build-views.c    the kinds of indexes
 *   build-make.c     the bytes of each area
 *   build-system.c   the system files' own contents */

enum {
    CLUSTER = 4096,
    SPARSE_UNIT_CLUSTERS = 1 << NTFS_SPARSE_UNIT_LOG,
};
#define NONE UINT32_MAX /* no index, no file; too large for an enum */

/* The volume from front to back. */
enum area_id {
    AREA_BOOT,
    AREA_MIRROR,
    AREA_MFT_BITMAP,
    AREA_UPCASE,
    AREA_ATTRDEF,
    AREA_SDS,
    AREA_LOG,
    AREA_BITMAP,
    AREA_INDEX, /* the blocks of all indexes */
    AREA_ODDS,  /* lists, EAs and the like that found no place in $MFT */
    AREA_MFT,   /* the zone, free space for $MFT to grow into, follows */
    AREA_DATA,
    AREAS
};
struct area {
    uint64_t lcn, clusters, bytes; /* bytes: size of the stream */
};

/* A row of the table of system files (build-system.c). */
struct system_file {
    uint8_t record;
    const char *name; /* NULL: none */
    uint16_t flags;   /* NTFS_RECORD_* without IN_USE */
    uint16_t security_id;
    uint32_t attributes;
    bool in_extend; /* stands in $Extend, else in the root */
};
enum { SYSTEM_FILES = 19, SYSTEM_ROOT = 5, SYSTEM_OBJID = 17, SYSTEM_EXTEND = 11 };
extern const struct system_file system_files[SYSTEM_FILES];

/* A stream or the reparse data of a file. */
struct place {
    const struct tree_blob *blob; /* NULL: empty */
    const uint16_t *name;
    struct ntfs_run *run; /* with holes: how the stream is mapped; LCNs count from `at` */
    uint32_t nruns;
    uint8_t name_len;
    bool reparse; /* $REPARSE_POINT, else $DATA */
    bool sparse;  /* marked so, with or without holes */
    bool outside; /* not resident */
    uint64_t at;  /* outside: LCN; else, and for all reparse data: offset in build->keep */
};

/* Things of a file that may have to stand outside its records, in AREA_ODDS. */
enum odd_kind { ODD_LIST, ODD_BITMAP, ODD_BITMAP_2, ODD_REPARSE, ODD_EA, ODD_KINDS };
struct odd {
    uint32_t file;
    enum odd_kind kind;
    uint32_t bytes;
    uint64_t cluster; /* in AREA_ODDS */
};

struct build_file {
    const struct tree_node *node;       /* the system's: one of build->system_node */
    const struct system_file *system;   /* NULL: a file of the tree; the root is both */
    const struct tree_link *short_link; /* the name whose short name is stored; NULL: none */
    uint32_t record, nrecords;
    uint32_t security_id;
    uint32_t place, nplaces; /* the unnamed stream first (not in directories), reparse data last */
    uint32_t index;          /* first of `nindexes` */
    uint32_t first_odd;
    uint16_t sequence;
    uint8_t nindexes;
    uint8_t odds; /* bit set: 1 << odd_kind */
    bool list;    /* needs an $ATTRIBUTE_LIST */
    bool has_object_id;
};

struct index_view;
struct build_index {
    struct index_keys keys; /* first: callbacks get the index from it */
    const struct ntfs_build *b;
    const struct index_view *view;
    const uintptr_t *name; /* $I30: see name_link */
    struct index_shape shape;
    uint32_t first_block; /* in AREA_INDEX */
};
/* A kind of index. */
struct index_view {
    uint16_t name[4];
    uint8_t name_len;
    struct index_kind kind;
    uint32_t (*entry_bytes)(const struct index_keys *k, size_t i);
    void (*put)(const struct index_keys *k, size_t i, uint8_t *entry);
};
extern const struct index_view view_i30, view_sdh, view_sii, view_quota_o, view_quota_q,
    view_objid_o, view_reparse_r;

struct reparse_key {
    uint32_t tag;
    uint64_t ref;
};
struct objid_key {
    const uint8_t *id; /* 16 bytes, or all 64 */
    uint32_t file;
    bool all;
};

struct ntfs_build {
    const struct tree *tree;
    struct ntfs_build_opts o;
    uint16_t *label;
    size_t label_len;
    struct guid volume_id;
    uint32_t record_bytes;
    uint64_t clusters;  /* of the volume */
    unsigned lcn_bytes; /* signed bytes that each LCN fits */
    struct arena arena;

    struct build_file *file; /* by rising record; the first SYSTEM_FILES are the system's */
    size_t nfiles, files_cap;
    struct place *place;
    size_t nplaces, places_cap;
    struct build_index *index;
    size_t nindexes, indexes_cap;
    struct odd *odd;
    size_t nodds, odds_cap;
    struct reparse_key *reparse; /* by rising key */
    size_t nreparse, reparse_cap;
    struct objid_key *objid; /* by rising key */
    size_t nobjid, objid_cap;
    struct secure secure;
    struct tree_node system_node[SYSTEM_FILES];
    struct tree_link system_link[SYSTEM_FILES];
    uint16_t system_name[SYSTEM_FILES][12];

    uint32_t *order; /* places with content, in the order of their sources */
    size_t norder;
    uint8_t *keep; /* resident content and all reparse data, once they have been read */
    uint64_t keep_bytes;

    struct area area[AREAS];
    uint64_t next_record; /* after the last one in use */
    uint64_t nrecords;    /* of $MFT */
    uint64_t zone_clusters;

    /* For making bytes: the file whose attributes `mft` holds, the odd in `odd_bytes`. */
    struct mft_file mft;
    uint32_t composed;
    uint8_t *odd_bytes;
    uint32_t odd_made;
    uint8_t boot[CLUSTER], tail[CLUSTER]; /* the boot sector and its copy at the end */
    struct ntfs_build_info info;
};

/* ---- build-files.c ---- */
int build_files(struct ntfs_build *b, struct wtg_err *err) WTG_MUST_USE;
/* The file that a node became. */
static inline struct build_file *node_file(const struct ntfs_build *b, const struct tree_node *n)
{
    return &b->file[n->mark];
}
static inline bool file_is_directory(const struct build_file *f)
{
    return (f->node->attributes & ATTR_DIRECTORY) != 0;
}
static inline uint64_t file_ref(const struct build_file *f)
{
    return ntfs_ref(f->record, f->sequence);
}
/* Is this link one that the volume will have?  (Deleted files leave links behind.) */
bool link_counts(const struct ntfs_build *b, const struct tree_link *l);
static inline uint64_t place_bytes(const struct place *p)
{
    return (p->blob ? p->blob->size_bytes : 0) +
           (p->reparse ? sizeof(struct ntfs_reparse_disk) : 0);
}

/* ---- build-dirs.c ---- */
int build_dirs(struct ntfs_build *b, struct wtg_err *err) WTG_MUST_USE;
/* Entries of directories: a link, with the lowest bit set when it stands for its short name. */
static inline const struct tree_link *name_link(uintptr_t name)
{
    return (const struct tree_link *)(name & ~(uintptr_t)1);
}
static inline bool name_is_short(uintptr_t name)
{
    return name & 1;
}
/* NTFS_NS_* of a name. */
uint8_t name_space(const struct ntfs_build *b, uintptr_t name);
/* Calls for each name of a file, the short one too. */
uint32_t file_name_bytes(uintptr_t name);
void file_name_put(const struct ntfs_build *b, uintptr_t name, uint8_t *value);

/* ---- build-plan.c ---- */
int build_plan(struct ntfs_build *b, struct wtg_err *err) WTG_MUST_USE;

/* ---- build-attrs.c ---- */
/* Collects the attributes of a file into b->mft. */
int file_attrs(struct ntfs_build *b, const struct build_file *f, struct wtg_err *err) WTG_MUST_USE;
/* FILE_ATTRIBUTE_* as $STANDARD_INFORMATION has them. */
uint32_t file_attributes(const struct build_file *f);
uint64_t file_ea_bytes(const struct tree_node *n, uint64_t *ret_packed);
void file_put_ea(const struct tree_node *n, uint8_t *value);
void file_put_reparse(const struct ntfs_build *b, const struct build_file *f, uint8_t *value);
/* Bytes of an index's $BITMAP. */
uint32_t index_bitmap_bytes(const struct build_index *x);
void index_put_bitmap(const struct build_index *x, uint8_t *value);
/* Size and allocation of the unnamed stream, as $FILE_NAME has them. */
void file_sizes(const struct ntfs_build *b, const struct build_file *f, uint64_t *ret_size,
                uint64_t *ret_allocated);
/* Clusters that a place takes outside, holes not counted. */
uint64_t place_clusters(const struct place *p);

/* ---- build-layout.c ---- */
int build_layout(struct ntfs_build *b, struct wtg_err *err) WTG_MUST_USE;
/* The smallest partition for what has been planned. */
uint64_t layout_needed_bytes(const struct ntfs_build *b);

/* ---- build-make.c ---- */
/* All that PASS_METADATA and PASS_BOOT write. */
int make_regions(struct ntfs_build *b, struct tree_regions *ret, struct wtg_err *err) WTG_MUST_USE;

/* ---- build-system.c ---- */
void system_files_init(struct ntfs_build *b);
/* Adds the attributes of one type that a system file has beside what every file has. */
int system_attrs(struct ntfs_build *b, const struct build_file *f, uint32_t type,
                 struct wtg_err *err) WTG_MUST_USE;
/* The area that is a system file's unnamed stream, or AREAS. */
enum area_id system_data_area(const struct system_file *s);
void system_put_boot(const struct ntfs_build *b, uint8_t *sector);
void system_put_attrdef(uint8_t *buf);

#endif
