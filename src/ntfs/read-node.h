/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS_READ_NODE_H
#define WTG_NTFS_READ_NODE_H

#include "ntfs/read-security.h"

/* Makes tree nodes of loaded files; what they hold hangs on the tree's arena. */
struct ntfs_node_maker {
    struct ntfs_volume *vol;    /* borrowed */
    struct tree *tree;          /* borrowed */
    struct tree_source *source; /* on the tree's arena */
    struct tree_source *wof;    /* of compressed files, on the tree's arena too */
    struct ntfs_security security;
};

int ntfs_node_maker_init(struct ntfs_node_maker *m, struct ntfs_volume *vol, struct tree *tree,
                         struct wtg_err *err) WTG_MUST_USE;
void ntfs_node_maker_release(struct ntfs_node_maker *m);
/* Everything but its names. */
int ntfs_node_fill(struct ntfs_node_maker *m, const struct ntfs_file *f, struct tree_node *node,
                   struct wtg_err *err) WTG_MUST_USE;

#endif
