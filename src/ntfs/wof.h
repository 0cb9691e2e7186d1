/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS_WOF_H
#define WTG_NTFS_WOF_H

#include "codec/codec.h"
#include "ntfs/ntfs-disk.h"
#include "tree/tree.h"

/* Files that Windows keeps compressed without telling programs ("Compact OS"): the Windows Overlay
 * Filter (WOF) makes the unnamed stream, which is one hole, of chunks in another stream. */

struct ntfs_wof_form {
    const char *name; /* as Windows' own 'compact /exe:' calls it */
    uint32_t algorithm;
    enum codec_kind kind;
    uint32_t chunk_bytes;
};
/* NULL: there is none such. */
const struct ntfs_wof_form *ntfs_wof_form_named(const char *name);
const struct ntfs_wof_form *ntfs_wof_form_numbered(uint32_t algorithm);
const struct ntfs_wof_form *ntfs_wof_form_of(enum codec_kind kind, uint32_t chunk_bytes);

/* The reparse data of all files of one form, as one blob. */
int ntfs_wof_reparse_new(const struct ntfs_wof_form *f, struct tree_blob **ret,
                         struct wtg_err *err) WTG_MUST_USE;
/* Makes a file with nothing but content one whose content stands in `stored` (its chunk table and
 * chunks).  Both blobs are borrowed as long as the tree lives. */
int ntfs_wof_wrap(struct tree *t, struct tree_node *n, const struct tree_blob *reparse,
                  const struct tree_blob *stored, struct wtg_err *err) WTG_MUST_USE;
/* What a stored form decodes to, as a blob of size_bytes on the tree's arena.  `source` is that of
 * ntfs_wof_source_new; `stored` NULL or `form` NULL: reading it says what is wrong. */
int ntfs_wof_content(struct tree *t, struct tree_source *source, const struct tree_blob *stored,
                     const struct ntfs_wof_form *form, uint64_t size_bytes, struct tree_blob **ret,
                     struct wtg_err *err) WTG_MUST_USE;
/* The other way round, for a file as it stands on a volume: its unnamed stream becomes a blob that
 * decodes.  `source` is that of ntfs_wof_source_new.  Files of other kinds stay as they are. */
int ntfs_wof_unwrap(struct tree *t, struct tree_node *n, struct tree_source *source,
                    struct wtg_err *err) WTG_MUST_USE;
/* On the tree's arena. */
struct tree_source *ntfs_wof_source_new(struct tree *t, struct wtg_err *err);

/* Where a stored form's chunks stand. */
struct ntfs_wof_cut {
    uint64_t chunks, table_bytes;
    uint32_t entry_bytes; /* of the table: 8 from 4 GiB of content on, else 4 */
};
struct ntfs_wof_cut ntfs_wof_cut_of(uint64_t content_bytes, uint32_t chunk_bytes);

#endif
