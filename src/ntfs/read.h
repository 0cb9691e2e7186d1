/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS_READ_H
#define WTG_NTFS_READ_H

#include "base/span.h"
#include "blk/blk.h"
#include "ntfs/ntfs-disk.h"
#include "tree/tree.h"

/* Reading an NTFS volume that nobody vouches for.  Everything here refuses what does not fit into
 * the volume, the record or the attribute it claims to stand in (VOLUME_DAMAGED; the text says
 * which record and what was found), follows no chain further than a stated limit, and writes
 * nothing.  Whether the pieces agree with each other is what check.h proves. */

enum {
    NTFS_READ_RECORD_MAX = 4096, /* bytes of a FILE record: 4Kn media use 4096 */
    NTFS_READ_BLOCK_MAX = 65536, /* bytes of an INDX block: its offsets are 16 bits wide */
};
/* Windows addresses clusters with 32 bits; so bitmaps of clusters stay below 512 MiB. */
#define NTFS_READ_CLUSTERS_MAX UINT64_C(0xffffffff)
/* At the largest clusters (2 MiB) a stream of 2^63 bytes, which is more than NTFS has: keeps VCN
 * times cluster size inside 64 bits. */
#define NTFS_READ_VCN_MAX (UINT64_C(1) << 42)
/* 64 GiB of $MFT; bounds tables with a row per record. */
#define NTFS_READ_RECORDS_MAX (UINT64_C(1) << 26)

struct ntfs_geom {
    uint32_t sector_bytes, cluster_bytes, record_bytes, block_bytes;
    uint64_t sectors; /* as the boot sector has it: the partition's minus one */
    uint64_t clusters;
    uint64_t mft_lcn, mirror_lcn, serial;
};
/* What a boot sector says, if that can be true on a volume of `volume_bytes`: VOLUME_FORMAT when it
 * is not NTFS's, VOLUME_DAMAGED when a field is senseless. */
int ntfs_geom_read(const struct ntfs_boot_disk *boot, uint64_t volume_bytes, struct ntfs_geom *ret,
                   struct wtg_err *err) WTG_MUST_USE;

/* ---- Extents ---------------------------------------------------------------------------- */

#define NTFS_HOLE UINT64_MAX
struct ntfs_extent {
    uint64_t vcn, lcn, clusters; /* lcn: NTFS_HOLE where nothing is stored */
};
struct ntfs_extents {
    struct ntfs_extent *item; /* by rising vcn, without gaps */
    size_t n, cap;
};

/* ---- Records and attributes ------------------------------------------------------------- */

/* Puts the saved words of a FILE record or INDX block back to the ends of its strides. */
int ntfs_fixup(uint8_t *p, size_t n, const char *magic, struct wtg_err *err) WTG_MUST_USE;

/* An attribute, or one piece of a non-resident one; it points into its record. */
struct ntfs_attr {
    uint64_t record;         /* that it stands in */
    uint32_t type;           /* NTFS_AT_* */
    uint32_t offset, length; /* in the record */
    uint16_t flags, instance;
    bool nonresident;
    uint8_t indexed;               /* resident only */
    uint8_t compression_unit;      /* non-resident only, like all that follows the value */
    uint8_t name_len;              /* units */
    const uint8_t *name;           /* UTF-16LE, unaligned */
    struct wtg_span whole;         /* header and all */
    struct wtg_span value;         /* resident only */
    struct wtg_span pairs;         /* mapping pairs */
    uint64_t lowest_vcn, clusters; /* what this piece claims to map: highest - lowest + 1 */
    uint64_t allocated, data_size, initialized; /* all the sizes are 0 unless lowest_vcn is 0 */
    uint64_t total_allocated;                   /* = allocated unless sparse or compressed */
};

/* The attribute at *offset of a record whose fixups are done; moves *offset behind it.  Begin with
 * *offset = 0.  1: there is one; 0: end mark. */
int ntfs_attr_next(struct wtg_span record, uint32_t *offset, struct ntfs_attr *ret,
                   struct wtg_err *err) WTG_MUST_USE;
/* Is it called so?  `name` is ASCII; "": has no name. */
bool ntfs_attr_named(const struct ntfs_attr *a, const char *name);
/* Order in a record and in an $ATTRIBUTE_LIST by type, then exact name, then lowest_vcn. */
int ntfs_attr_compare(const struct ntfs_attr *a, const struct ntfs_attr *b);
/* Appends what the piece maps; it must begin where `e` ends.  `volume_clusters` bounds LCNs. */
int ntfs_extents_add(struct ntfs_extents *e, const struct ntfs_attr *a, uint64_t volume_clusters,
                     struct wtg_err *err) WTG_MUST_USE;
void ntfs_extents_release(struct ntfs_extents *e);

/* ---- Streams ---------------------------------------------------------------------------- */

/* The bytes of an attribute. */
struct ntfs_stream {
    uint64_t size_bytes, initialized;
    uint16_t flags;
    struct wtg_span resident; /* borrowed; used when there are no extents */
    struct ntfs_extents extents;
};
void ntfs_stream_release(struct ntfs_stream *s);

/* ---- Volumes and files ------------------------------------------------------------------ */

struct ntfs_volume {
    struct blk *blk; /* borrowed */
    struct ntfs_geom geom;
    struct ntfs_stream mft;
    uint64_t records; /* that $MFT has room for and that are initialized */
    uint8_t *window;  /* of $MFT, for reading it from front to back */
    uint64_t window_first, window_n;
};
/* `blk` must outlive the volume.  One thread at a time. */
int ntfs_volume_open(struct blk *blk, struct ntfs_volume **ret, struct wtg_err *err) WTG_MUST_USE;
void ntfs_volume_free(struct ntfs_volume *v);

/* Record n as it stands on disk, record_bytes long; cheap when n rises by one. */
int ntfs_record_read_raw(struct ntfs_volume *v, uint64_t n, uint8_t *buf,
                         struct wtg_err *err) WTG_MUST_USE;
/* The same with fixups done and its header looked at. */
int ntfs_record_read(struct ntfs_volume *v, uint64_t n, uint8_t *buf,
                     struct wtg_err *err) WTG_MUST_USE;
/* Header bounds of a record whose fixups are done. */
int ntfs_record_look(const struct ntfs_geom *g, const uint8_t *record,
                     struct wtg_err *err) WTG_MUST_USE;

/* A file: its base record, its extension records, and all their attributes in order. Zero it
 * first, then load as many as you like one after the other. */
struct ntfs_file {
    uint64_t record;
    uint16_t sequence, links, flags;
    uint64_t base_ref; /* not 0: it is an extension record; nothing is followed */
    bool has_list;
    struct ntfs_attr *attr; /* sorted by ntfs_attr_compare; the list itself is among them */
    size_t nattrs, attrs_cap;
    uint8_t *bytes; /* the records */
    size_t bytes_cap;
    uint8_t *list; /* the bytes of its $ATTRIBUTE_LIST */
};
int ntfs_file_load(struct ntfs_volume *v, uint64_t record, struct ntfs_file *f,
                   struct wtg_err *err) WTG_MUST_USE;
/* Only what stands in this one record, in its order. */
int ntfs_file_load_record(struct ntfs_volume *v, uint64_t record, struct ntfs_file *f,
                          struct wtg_err *err) WTG_MUST_USE;
void ntfs_file_release(struct ntfs_file *f);
/* The first piece of the attribute of this type and ASCII name, or NULL. */
const struct ntfs_attr *ntfs_file_find(const struct ntfs_file *f, uint32_t type, const char *name);

/* Maps an attribute from its first piece, which is of `f`; `f` must stay loaded while a resident
 * stream is used. */
int ntfs_stream_open(const struct ntfs_volume *v, const struct ntfs_file *f,
                     const struct ntfs_attr *a, struct ntfs_stream *ret,
                     struct wtg_err *err) WTG_MUST_USE;
/* Bytes [off, off+n), which must lie inside.  Holes and what is not initialized read as zeroes.
 * Compressed (LZNT1) streams with stored clusters are UNSUPPORTED. */
int ntfs_stream_read(struct blk *blk, uint32_t cluster_bytes, const struct ntfs_stream *s,
                     uint64_t off, void *buf, size_t n, struct wtg_err *err) WTG_MUST_USE;
/* All of it in one malloc'ed buffer; VOLUME_DAMAGED when it is larger than `limit`. */
int ntfs_stream_slurp(const struct ntfs_volume *v, const struct ntfs_stream *s, size_t limit,
                      uint8_t **ret, size_t *ret_n, struct wtg_err *err) WTG_MUST_USE;

/* ---- Tree ------------------------------------------------------------------------------- */

/* Everything on the volume that is not the file system's own, as a sorted tree: names, DOS names,
 * hard links, streams (lazy: blobs without a SHA-1 over `blk`), descriptors, reparse data, object
 * ids, extended attributes.  Files that the Windows Overlay Filter keeps compressed ("Compact OS")
 * come as they are stored: a reparse point, a hole for content, and the stream NTFS_WOF_STREAM.
 * Content that is compressed with LZNT1 is UNSUPPORTED when it is read.  `blk` must outlive the
 * tree. Progress: step "read-volume", records. */
int ntfs_read_tree(struct blk *blk, struct wtg_job *job, struct tree **ret,
                   struct wtg_err *err) WTG_MUST_USE;

#endif
