/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_COMPACT_H
#define WTG_RECIPE_COMPACT_H

#include "ntfs/wof.h"
#include "recipe/recompress.h"
#include "tree/tree.h"

/* Files go onto the volume as the image stores them, where Windows can read that (WOF); where a
 * form is asked for by name, what stands in the image in another one is compressed anew. */
struct compact_opts {
    const char *how; /* "auto", "off", "lzx", "xpress4k", "xpress8k", "xpress16k" */
    uint32_t build;  /* of the Windows in the tree; 0: not known */
    bool boots;      /* its loader will read the files */
    bool estimate;   /* compress nothing anew: what that would make is guessed, and never read */
    uint64_t memory_bytes; /* for compressing; 0: 256 MiB */
    unsigned threads;      /* 0: one per core */
    struct wtg_job *job;   /* of compressing */
};

struct compact {
    const struct ntfs_wof_form *form; /* NULL: all files are laid down plain */
    struct tree_blob *reparse;        /* that the tree's files share: outlives it */
    uint64_t files;
    uint64_t content_bytes, stored_bytes; /* of these files */
    uint64_t saved_bytes;                 /* of clusters, not to be written and not taken */
    /* Of files that could be compact, but stand in the image in a form that Windows does not read
     * from a volume; in none. */
    uint64_t other_bytes, uncompressed_bytes;
    uint64_t made_bytes;     /* content that was compressed anew for that; 0: none */
    uint64_t compared_bytes; /* with SHA-1s in the image, beyond those that the writing compares */
    bool estimated;          /* the sizes of what would be made are guessed */
    struct spool *spool;     /* where that stands: outlives the tree */
};

/* Rewrites the tree's nodes.  USAGE for an unknown `how`; UNSUPPORTED for a Windows that reads no
 * compact files.  Of compressing anew: IMAGE_HASH and IMAGE_DAMAGED with the file's name, NO_SPACE
 * for the temporary file, NOMEM when memory_bytes is less than the image needs, CANCELLED. */
int compact_tree(struct tree *t, const struct compact_opts *o, struct compact *ret,
                 struct wtg_err *err) WTG_MUST_USE;
void compact_release(struct compact *c);
/* One file, whose content becomes `stored`.  For compact.c and recompress-tree.c. */
int compact_wrap(struct compact *c, struct tree *t, struct tree_node *n,
                 const struct tree_blob *stored, struct wtg_err *err) WTG_MUST_USE;

/* recompress-tree.c: makes the files compact whose `mark` is COMPACT_ANEW, into c->form, and lets
 * the tree refer to the spool for all that would have to be decoded a second time. */
enum { COMPACT_ANEW = 1 };
int recompress_tree(struct tree *t, const struct compact_opts *o, struct compact *c,
                    struct wtg_err *err) WTG_MUST_USE;

/* Which files stay plain: patterns of paths. */
struct compact_rules {
    struct compact_rule *rule;
    size_t n, cap;
    struct arena arena;
};
/* "\Windows\System32\config\*": that, and all below; "name.*" or "dir\name": files of that name
 * anywhere; "dir\": all below any directory of that name.  '*' and '?' stand for characters of one
 * name; case does not count.  Patterns that no name can match are passed over. */
int compact_rules_add(struct compact_rules *r, const char *pattern,
                      struct wtg_err *err) WTG_MUST_USE;
/* The [PrepopulateList] of a WimBootCompress.ini. */
int compact_rules_add_ini(struct compact_rules *r, const uint8_t *ini, size_t n,
                          struct wtg_err *err) WTG_MUST_USE;
/* The rules for one Windows: what Windows itself leaves plain, what its loader cannot read, and its
 * own list. */
int compact_rules_for(struct compact_rules *r, const struct tree *t, const struct compact_opts *o,
                      struct wtg_err *err) WTG_MUST_USE;
bool compact_rules_match(const struct compact_rules *r, const struct tree_link *l);
void compact_rules_release(struct compact_rules *r);

#endif
