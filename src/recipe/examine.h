/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_EXAMINE_H
#define WTG_RECIPE_EXAMINE_H

#include "blk/blk.h"
#include "diagnose/diagnose.h"
#include "disk/host.h"
#include "wtg/space.h"

/* The wish "diagnose this stick": looks at everything that data/diagnose/facts.tsv lists and tells
 * it to a case, what is fine too. */

/* A file that is not what the image holds; for whoever will restore it. */
enum examine_difference {
    EXAMINE_MISSING, /* the image has it, the volume not */
    EXAMINE_DAMAGED, /* other content or size, though nobody has written it since */
    EXAMINE_CHANGED, /* other content, and a later time: Windows or a person wrote it */
};
struct examine_file {
    const char *path; /* "\Windows\System32\ntoskrnl.exe" */
    enum examine_difference what;
    bool system; /* below \Windows */
};

struct examine_opts {
    const char *target; /* a whole disk, an image file or a folder; with `blk` only for messages */
    struct blk *blk;    /* already open, borrowed; NULL: `target` is opened, read only */
    const struct disk_host *host; /* NULL: this computer */
    const char *image, *inside;   /* what the stick was made from; NULL: not known */
    unsigned index;               /* which Windows of it; 0: not chosen by index */
    const char *edition;          /* NULL: not chosen by name */
    bool compare_files;           /* with `image`: every file of it, not only names and sizes */
    unsigned threads;             /* that compare; 0: one per core */
    const char *dbx;              /* forbidden signatures (DBX) to look boot files up in, or NULL */
    bool no_logs;                 /* leave Windows' own logs on the stick unread */
    void (*differs)(const struct examine_file *f, void *user); /* NULL: nobody asks; one thread */
    void *user;
    const char *temporary; /* the host's folder for temporary files, to be looked at; or NULL */
    /* Called for each place whose room was looked at, or NULL; `s` stands during the call. */
    void (*space)(const struct wtg_space *s, void *user);
    void *user_space;
};

/* Writes nothing, and looks at disks that are in use too.  Damage never makes it fail: CANCELLED,
 * NOMEM, and what opening target or image can bring (NOT_FOUND, PERMISSION, IMAGE_*). */
int examine(const struct examine_opts *opts, struct diagnose_case *c, struct wtg_job *job,
            struct wtg_err *err) WTG_MUST_USE;

/* The security descriptor of a file or folder on the volume of Windows, line by line as icacls
 * prints it.  Fails as examine() does, and NOT_FOUND without such a volume, path or descriptor. */
int examine_acl(const struct examine_opts *opts, const char *path,
                void (*line)(const char *text, void *user), void *user, struct wtg_job *job,
                struct wtg_err *err) WTG_MUST_USE;

#endif
