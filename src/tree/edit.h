/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_TREE_EDIT_H
#define WTG_TREE_EDIT_H

#include "tree/tree.h"

/* Changes to a tree, as data: the plan prints them with their reasons, tests compare arrays, and
 * conflicts are found before anything is written. */
enum tree_edit_op {
    TREE_EDIT_ADD,     /* a new file; missing parent directories are made */
    TREE_EDIT_REPLACE, /* the content of a file that is there; all else stays */
    TREE_EDIT_DELETE,  /* a file (all its links) or an empty or full directory */
};

struct tree_edit {
    enum tree_edit_op op;
    char *path; /* UTF-8, "\Windows\System32\..." ; compared as NTFS compares names */
    struct tree_blob *content; /* ADD, REPLACE; NULL: empty. Owned when it came from tree_edits_add */
    uint32_t attributes;       /* ADD; 0: ATTR_ARCHIVE */
    char *why;                 /* one sentence for the plan: "keep internal disks offline" */
    char *detail;              /* what exactly changes, for the plan; may be NULL */
};

struct tree_edits {
    struct tree_edit *edit;
    size_t n, cap;
};

/* Appends one; strings are copied, `content` is taken over (also on failure). */
int tree_edits_add(struct tree_edits *e, enum tree_edit_op op, const char *path,
                   struct tree_blob *content, const char *why, const char *detail,
                   struct wtg_err *err) WTG_MUST_USE;
void tree_edits_release(struct tree_edits *e);

/* EDIT_CONFLICT on: two edits of one path (or of one file through two hard links), an edit below a
 * deleted directory, ADD of what exists, REPLACE or DELETE of what does not, a file in the place
 * of a directory.  Writes nothing. */
int tree_edits_check(const struct tree *t, const struct tree_edits *e, struct wtg_err *err)
    WTG_MUST_USE;
/* Checks, then applies; the tree stays sorted. New nodes get `time` as all their times and their
 * directory's descriptor. `e` must outlive the tree's use. */
int tree_edits_apply(struct tree *t, const struct tree_edits *e, uint64_t time,
                     struct wtg_err *err) WTG_MUST_USE;

#endif
