/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_TREE_TREE_H
#define WTG_TREE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "tree/content.h"

/* The common tongue of the rooms: a Windows directory tree in memory.  `image` fills it, edits
 * change it, `ntfs` and `fat` build volumes from it.  Everything hangs on the tree's arena and
 * lives until tree_free.
 *
 * A node is a file or directory without a name; a link is a name of a node in a directory (a WIM
 * dentry, an NTFS $FILE_NAME).  Several links on one node are hard links.  Directories have one.
 * A node without any link (an edit deleted it) is no part of the volume: builders pass it over. */

/* FILE_ATTRIBUTE_* (Windows SDK, winnt.h). */
enum {
    ATTR_READONLY = 0x1,
    ATTR_HIDDEN = 0x2,
    ATTR_SYSTEM = 0x4,
    ATTR_DIRECTORY = 0x10,
    ATTR_ARCHIVE = 0x20,
    ATTR_NORMAL = 0x80,
    ATTR_TEMPORARY = 0x100,
    ATTR_SPARSE = 0x200,
    ATTR_REPARSE = 0x400,
    ATTR_COMPRESSED = 0x800,
    ATTR_OFFLINE = 0x1000,
    ATTR_NOT_INDEXED = 0x2000,
    ATTR_ENCRYPTED = 0x4000,
};

/* A self-relative security descriptor, shared by all nodes that have the same bytes. */
struct tree_sd {
    uint32_t size_bytes;
    uint32_t id; /* position in tree->sd */
    uint8_t *bytes;
};

/* An extended attribute. */
struct tree_ea {
    uint8_t flags;     /* 0x80: needed to understand the file */
    uint8_t name_len;  /* bytes, without the NUL */
    uint16_t value_len;
    const char *name;  /* NUL-terminated, OEM characters */
    const uint8_t *value;
};

/* A data stream: name_len 0 is the unnamed one, the file's content. */
struct tree_stream {
    const uint16_t *name;
    uint8_t name_len;
    const struct tree_blob *blob; /* NULL: empty */
    bool hole; /* the unnamed one: the volume stores none of it, a filter (node->reparse_tag) makes
                * it of another stream */
};

struct tree_node {
    uint32_t attributes;
    uint32_t reparse_tag;      /* with ATTR_REPARSE */
    uint16_t reparse_reserved; /* the u16 after the data length in REPARSE_DATA_BUFFER */
    uint16_t object_id_len;    /* 0, 16 or 64 */
    uint64_t created, accessed, written, changed; /* 100 ns since 1601-01-01 UTC */
    const struct tree_sd *sd;  /* NULL: none in the image */
    struct tree_stream *stream; /* nstreams; the unnamed one first when there is one */
    const struct tree_blob *reparse; /* data without its 8-byte header; NULL: no data */
    const struct tree_blob *efs;     /* raw EFS stream; such a file cannot be laid down */
    const uint8_t *object_id;
    const struct tree_ea *ea;
    struct tree_link *link; /* first name; the others hang on link->next */
    struct tree_link **child; /* directories: nchildren, in names_compare order after tree_sort */
    uint32_t nstreams, neas, nlinks, nchildren, children_cap;
    uint64_t mark; /* free for whoever walks the tree at the moment (record number, ...) */
};

struct tree_link {
    struct tree_node *node;   /* what is named */
    struct tree_node *parent; /* in which directory; NULL for the root's own link */
    struct tree_link *next;   /* another name of the same node */
    const uint16_t *name;
    const uint16_t *short_name; /* DOS name, NULL: none */
    uint8_t name_len, short_len;
};

struct tree {
    struct arena arena;
    struct tree_node *root;
    struct tree_node **node; /* all nodes, root first, in the order they were made */
    size_t nnodes, nodes_cap;
    struct tree_sd **sd;
    size_t nsds, sds_cap;
    size_t nlinks; /* without the root's own */
    void *sd_index; /* tree.c's table from bytes to descriptor */
};

/* A tree with an empty root directory without descriptor. */
int tree_new(struct tree **ret, struct wtg_err *err) WTG_MUST_USE;
void tree_free(struct tree *t);

/* Adds a node without a name. Directories by ATTR_DIRECTORY in `attributes`. */
int tree_add_node(struct tree *t, uint32_t attributes, struct tree_node **ret,
                  struct wtg_err *err) WTG_MUST_USE;
/* Names `node` in `parent`; names are copied; short_len 0: no short name.  Fails on names that
 * are not valid (IMAGE_NAME), and on a second name for a directory or a reparse point. Does not
 * look for duplicates: tree_sort does. */
int tree_add_link(struct tree *t, struct tree_node *parent, struct tree_node *node,
                  const uint16_t *name, size_t name_len, const uint16_t *short_name,
                  size_t short_len, struct tree_link **ret, struct wtg_err *err) WTG_MUST_USE;
/* Adds a stream; `blob` is borrowed and must outlive the tree (or hang on its arena). */
int tree_add_stream(struct tree *t, struct tree_node *node, const uint16_t *name, size_t name_len,
                    const struct tree_blob *blob, struct wtg_err *err) WTG_MUST_USE;
/* The tree's one copy of these bytes; they must be a valid self-relative descriptor. */
int tree_share_sd(struct tree *t, const void *bytes, size_t n, const struct tree_sd **ret,
                  struct wtg_err *err) WTG_MUST_USE;

/* Puts every directory into collation order; fails on two links of the same name in one directory
 * (same case; names that differ only in case are fine).  To be called once after filling. */
int tree_sort(struct tree *t, struct wtg_err *err) WTG_MUST_USE;

/* Looks a path up, without case (an exact match wins): UTF-8, '\\' or '/' between names, a
 * leading separator is optional, "" and "\\" are the root.  NULL when there is none. Needs a
 * sorted tree. */
struct tree_link *tree_find(const struct tree *t, const char *path);
/* A child by name, exact match first; NULL when there is none. */
struct tree_link *tree_find_child(const struct tree_node *dir, const uint16_t *name, size_t n);

/* The unnamed stream's blob; NULL for an empty or absent one. */
const struct tree_blob *tree_data(const struct tree_node *node);
uint64_t tree_data_size(const struct tree_node *node);

/* "\Windows\notepad.exe", truncated on the left ("...") when it does not fit.  Returns `buf`. */
char *tree_path(const struct tree_link *link, char *buf, size_t cap);
/* The path of some file that holds this blob; "(no file)" when none does. Slow; for messages. */
char *tree_blob_path(const struct tree *t, const struct tree_blob *blob, char *buf, size_t cap);

/* Reads a whole file into memory, at most `limit` bytes (the caller says why in `err`'s context).
 * `*ret` is malloc'ed, with a NUL behind the bytes. The SHA-1 is checked when the blob has one. */
int tree_read_file(const struct tree *t, const char *path, size_t limit, uint8_t **ret,
                   size_t *ret_n, struct wtg_err *err) WTG_MUST_USE;

#endif
