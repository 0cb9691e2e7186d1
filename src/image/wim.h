/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_IMAGE_WIM_H
#define WTG_IMAGE_WIM_H

/* A WIM with all its parts, opened for reading.  Only this room includes it. */

#include <pthread.h>

#include "base/guid.h"
#include "base/mem.h"
#include "base/span.h"
#include "blk/blk.h"
#include "codec/codec.h"
#include "image/image.h"
#include "image/wim-disk.h"
#include "tree/tree.h"

/* Limits on what a file may make us allocate. A Windows image has 0.1 to 0.25 million blobs, 20 to
 * 60 MB of metadata and 50 KB of XML for each of its images. */
enum {
    WIM_MAX_BLOBS = 4 * 1024 * 1024,
    WIM_MAX_XML_BYTES = 16 * 1024 * 1024,
    WIM_MAX_METADATA_BYTES = 512 * 1024 * 1024,
    WIM_MAX_IMAGES = 65535,                       /* what imagex and wimlib allow */
    WIM_MAX_CHUNK_TABLE_BYTES = 64 * 1024 * 1024, /* of one resource: 256 GiB in 32 KiB chunks */
    WIM_MAX_SOLID_CHUNKS = 1024 * 1024, /* of all solid resources: 32 GiB in 32 KiB chunks */
    WIM_MAX_DEPTH = 1024, /* directories in directories; a Win32 path has at most 16,383 names,
                           * real ones below 100 */
};

struct wim_res { /* struct wim_res_disk in host order */
    uint64_t off, stored, size;
    uint8_t flags;
};

struct wim_header {
    uint32_t version, flags;
    enum codec_kind kind;
    uint32_t chunk_bytes; /* 0 with CODEC_NONE */
    struct guid guid;
    uint16_t part, parts;
    uint32_t images, boot_index;
    struct wim_res table, xml, integrity;
};

struct wim_part {
    struct blk *blk; /* owned */
    char *name;      /* for messages */
    struct wim_header h;
};

/* Many blobs compressed as one. */
struct wim_solid {
    uint16_t part; /* index into wim->part */
    enum codec_kind kind;
    uint32_t chunk_bytes;
    uint64_t off;  /* of its header, in the part */
    uint64_t size; /* decoded */
    uint64_t stored;
    uint64_t run_start; /* where it starts in the decoded resources of its run, end to end */
    uint32_t nchunks;
    uint64_t *chunk_off; /* nchunks + 1 offsets in the part; on wim->arena */
};

struct wim_blob {
    struct tree_blob b;            /* first: the tree's view of it */
    const struct wim_solid *solid; /* NULL: a resource of its own */
    uint64_t off;                  /* in the part, or in the decoded solid resource */
    uint64_t stored;               /* bytes in the part; with `solid`: 0 */
    uint16_t part;                 /* index into wim->part */
    uint8_t flags;                 /* WIM_RES_* */
};

/* One chunk as it stands in a part. */
struct wim_chunk {
    struct blk *blk;
    uint64_t off;
    uint32_t stored, size; /* equal: not compressed */
    enum codec_kind kind;
    uint32_t chunk_bytes;
};

/* What decoding needs, for one thread at a time.  Zero-initialise. */
struct wim_decoder {
    struct {
        struct codec *codec;
        enum codec_kind kind;
        uint32_t chunk_bytes;
    } slot[3]; /* an ESD has LZMS solid, and metadata in smaller chunks */
    size_t next_slot;
    uint8_t *raw; /* wim-read.c: a stored chunk */
    size_t raw_cap;
    uint8_t *chunk; /* wim-feed.c: a decoded one */
    size_t chunk_cap;
};

/* Chunks lately decoded by random reads. */
enum { WIM_CACHE_SLOTS = 8, WIM_CACHE_BYTES = 8 * 1024 * 1024 };
struct wim_cached {
    struct wim_chunk key; /* blk NULL: free */
    uint8_t *bytes;
    uint64_t used;
};

struct wim {
    struct tree_source source; /* first: blobs point here */
    struct arena arena;
    struct wim_part *part;
    size_t nparts;
    struct wim_blob *blob; /* sorted by place; blob[i].b.order == i */
    size_t nblobs;
    uint32_t *index; /* positions in `blob`, by SHA-1, none twice */
    size_t nindex;
    struct wim_solid **solid;
    size_t nsolids, solids_cap;
    uint32_t nsolid_chunks;
    struct wim_blob *metadata; /* nmetadata, one for each image, by index */
    size_t nmetadata, metadata_cap;
    struct image_info *info; /* nimages, by index */
    size_t nimages;
    pthread_mutex_t lock; /* of all below */
    struct wim_decoder decoder;
    struct wim_cached cache[WIM_CACHE_SLOTS];
    uint64_t cache_clock, cache_bytes;
};

/* Opens the file that holds part `name` of a split image, beside the first one. NOT_FOUND when it
 * is not there. */
struct wim_siblings {
    int (*open)(void *ctx, const char *name, struct blk **ret, struct wtg_err *err);
    void *ctx;
};

/* wim.c: takes over `first` (also on failure), whose file name (without folders) is `name`. */
int wim_open(struct blk *first, const char *name, const struct wim_siblings *siblings,
             struct wim **ret, struct wtg_err *err) WTG_MUST_USE;
void wim_free(struct wim *w);

/* Notes in `err` what of an image an error is about, unless that is known already; gives its code. */
int wim_stage(struct wtg_err *err, const char *stage);

/* Bytes that a part's header names and that are not in the file. */
uint64_t wim_part_missing(const struct wim_part *p);

/* wim-header.c */
int wim_header_read(struct blk *b, struct wim_header *ret, struct wtg_err *err) WTG_MUST_USE;
struct wim_res wim_res_get(const struct wim_res_disk *d);

/* wim-table.c: all parts' blob tables. */
int wim_table_load(struct wim *w, struct wtg_err *err) WTG_MUST_USE;
/* NULL when no part has it. */
const struct wim_blob *wim_find(const struct wim *w, const uint8_t sha1[20]);

/* wim-xml.c: fills w->info, one for each of `nimages`. Strings hang on the arena. */
int wim_xml_parse(struct wtg_span utf16le, size_t nimages, struct arena *arena,
                  struct image_info **ret, struct wtg_err *err) WTG_MUST_USE;

/* wim-read.c */
/* A blob that stands in no table: the table itself, the XML. */
struct wim_blob wim_blob_of(const struct wim *w, size_t part, struct wim_res r);
int wim_read(struct wim *w, const struct wim_blob *b, uint64_t off, void *buf, size_t n,
             struct wtg_err *err) WTG_MUST_USE;
/* The whole of a blob of at most `limit` bytes; `*ret` is malloc'ed. */
int wim_slurp(struct wim *w, const struct wim_blob *b, uint64_t limit, uint8_t **ret,
              struct wtg_err *err) WTG_MUST_USE;
/* "off 123, 45 bytes" does not lie in the part: says so and that it is not complete. */
int wim_range_check(const struct wim_part *p, const char *what, uint64_t off, uint64_t n,
                    struct wtg_err *err) WTG_MUST_USE;

/* Its bytes when decoded, also of a stored form. */
static inline uint64_t wim_content_bytes(const struct wim_blob *b)
{
    return b->b.content_bytes ? b->b.content_bytes : b->b.size_bytes;
}

/* How a resource that is not solid is cut up. `chunk_bytes` 0: it is stored as it is. */
struct wim_cut {
    enum codec_kind kind;
    uint32_t chunk_bytes;
    uint64_t nchunks;
    uint32_t entry_bytes; /* of the chunk table: 4 or 8 */
    uint64_t table_bytes;
};
struct wim_cut wim_cut_of(const struct wim *w, const struct wim_blob *b);
/* Decoded size of chunk i of `size` bytes. */
static inline uint32_t wim_chunk_size(uint64_t size, uint32_t chunk_bytes, uint64_t i)
{
    return (uint32_t)min_u64(chunk_bytes, size - i * chunk_bytes);
}
/* Where chunk i starts behind the chunk table, from the table entry before it. */
uint64_t wim_cut_entry(const struct wim_cut *c, const uint8_t *table, uint64_t i);
/* Can a chunk of `size` bytes be stored in [start, end) of `total`? */
int wim_chunk_check(uint64_t i, uint64_t start, uint64_t end, uint64_t total, uint32_t size,
                    struct wtg_err *err) WTG_MUST_USE;

/* wim-decoder.c */
int wim_decode(struct wim_decoder *d, enum codec_kind kind, uint32_t chunk_bytes, const uint8_t *in,
               size_t in_n, uint8_t *out, size_t out_n, struct wtg_err *err) WTG_MUST_USE;
void wim_decoder_release(struct wim_decoder *d);
/* A buffer of at least n bytes, its old content lost. */
int wim_buffer(uint8_t **p, size_t *cap, size_t n, struct wtg_err *err) WTG_MUST_USE;

/* wim-feed.c */
int wim_feed(struct tree_source *s, const struct tree_blob *const *blob, size_t n,
             size_t unit_bytes, struct tree_feed **ret, struct wtg_err *err) WTG_MUST_USE;

/* wim-dentry.c, wim-tree.c */
int wim_tree_load(struct wim *w, size_t image, struct tree **ret, struct wtg_err *err) WTG_MUST_USE;

/* wim-integrity.c */
int wim_integrity_verify(struct wim *w, struct wtg_job *job, bool *ret_present,
                         struct wtg_err *err) WTG_MUST_USE;

#endif
