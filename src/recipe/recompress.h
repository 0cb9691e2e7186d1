/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_RECOMPRESS_H
#define WTG_RECIPE_RECOMPRESS_H

#include "ntfs/wof.h"
#include "tree/tree.h"

/* Content that stands in an image in a form that Windows does not read from a volume is decoded and
 * compressed anew, once, before the volume is laid out: only then the sizes are known.  What comes
 * of it waits in a temporary file without a name. */

/* recompress-spool.c: that file, as a source of blobs. */
struct spool;
/* In $TMPDIR, else in /var/tmp.  NO_SPACE when that has less than need_bytes free. */
int spool_new(uint64_t need_bytes, struct spool **ret, struct wtg_err *err) WTG_MUST_USE;
void spool_free(struct spool *s); /* NULL is fine */
int spool_write(struct spool *s, uint64_t off, const void *bytes, size_t n,
                struct wtg_err *err) WTG_MUST_USE;
int spool_read(struct spool *s, uint64_t off, void *bytes, size_t n,
               struct wtg_err *err) WTG_MUST_USE;
/* [off, off + n) of the file as a blob with this SHA-1; it belongs to the spool. */
int spool_blob(struct spool *s, uint64_t off, uint64_t n, const uint8_t sha1[20],
               const struct tree_blob **ret, struct wtg_err *err) WTG_MUST_USE;

struct recompress_item {
    const struct tree_blob *blob;
    bool pack; /* into the form; else it is kept as it is */
    bool keep; /* in any case; else only what takes fewer clusters when it is packed */
    /* What has become of it; NULL: not kept. */
    const struct tree_blob *kept;
    bool packed; /* `kept` is a chunk table and chunks, else the content */
};

struct recompress_opts {
    const struct ntfs_wof_form *form;
    uint64_t memory_bytes; /* for buffers; 0: 256 MiB */
    unsigned threads;      /* 0: one per core */
    struct wtg_job *job;   /* step "recompress", in bytes of content */
};

/* recompress.c: one ordered reader, N threads that decode and compress, one ordered writer.  The
 * items are blobs of one source by rising order, none twice and none empty.  Each one's SHA-1 is
 * compared.  What is kept depends on items and form alone.  `*ret_bad`, also on failure: the item
 * that an IMAGE_DAMAGED or IMAGE_HASH is about, else n. */
int recompress_run(struct recompress_item *item, size_t n, const struct recompress_opts *o,
                   struct spool *spool, size_t *ret_bad, struct wtg_err *err) WTG_MUST_USE;

/* About how many bytes of writing it saves to have so much content in this form. */
uint64_t recompress_saves(const struct ntfs_wof_form *form, uint64_t content_bytes);

static inline bool recompress_is_worth(uint64_t content_bytes, uint64_t stored_bytes)
{
    return div_up(stored_bytes, 4096) < div_up(content_bytes, 4096); /* clusters */
}

#endif
