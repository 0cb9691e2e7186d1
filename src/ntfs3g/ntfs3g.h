/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS3G_NTFS3G_H
#define WTG_NTFS3G_NTFS3G_H

#include "blk/blk.h"
#include "tree/tree.h"

/* An NTFS volume, changed in place.  Paths are UTF-8 with '\\' between names, compared without
 * case. One thread.  After a failure the volume may be half changed: drop it, and what it was
 * written to. */
struct ntfs3g;

enum {
    NTFS3G_PROVED = 1, /* its structure was checked: a log that was not closed may be emptied */
    NTFS3G_ASLEEP = 2, /* also when it is hibernated: to end that */
};
/* `vol` is borrowed.  VOLUME_DAMAGED; UNSUPPORTED: hibernated, or the log waits. */
int ntfs3g_open(struct blk *vol, unsigned flags, struct ntfs3g **ret,
                struct wtg_err *err) WTG_MUST_USE;
/* Writes everything and closes; NULL is fine. */
int ntfs3g_close(struct ntfs3g *v, struct wtg_err *err) WTG_MUST_USE;
/* Closes after a failure. */
void ntfs3g_drop(struct ntfs3g *v);

/* The content of a file that is there; its descriptor, times of making and names stay.  NOT_FOUND.
 */
int ntfs3g_write(struct ntfs3g *v, const char *path, const void *bytes, size_t n,
                 struct wtg_err *err) WTG_MUST_USE;
/* The file (or directory) that `link` names, as its tree has it: content, attributes, times,
 * descriptor, short name; made, with the directories above it, when it is missing.  Content is laid
 * down plain.  UNSUPPORTED for reparse points. */
int ntfs3g_restore(struct ntfs3g *v, const struct tree_link *link,
                   struct wtg_err *err) WTG_MUST_USE;
/* NOT_FOUND. */
int ntfs3g_remove(struct ntfs3g *v, const char *path, struct wtg_err *err) WTG_MUST_USE;

#endif
