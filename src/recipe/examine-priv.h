/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_EXAMINE_PRIV_H
#define WTG_RECIPE_EXAMINE_PRIV_H

/* What the files of this recipe share. */

#include "boot/bcd.h"
#include "disk/contents.h"
#include "disk/gpt-look.h"
#include "fat/fat-read.h"
#include "hive/hive.h"
#include "image/image.h"
#include "ntfs/look.h"
#include "recipe/examine.h"
#include "tree/edit.h"

/* A partition, and what its first and last sectors make of it. */
struct exam_part {
    struct disk_content_part part;
    enum exam_kind { EXAM_OTHER, EXAM_NTFS, EXAM_FAT, EXAM_BITLOCKER } kind;
};

struct exam {
    const struct examine_opts *o;
    struct diagnose_case *c;
    struct wtg_job *job;
    const char *name; /* of the target, for people */

    struct blk *opened; /* what examine() opened itself */
    struct blk *disk;   /* over it: reads that fail give zeroes and are counted */

    struct gpt_look gpt;
    struct disk_contents table;
    struct exam_part *part;
    size_t nparts;
    bool beyond;                       /* a partition does not lie on the disk */
    const struct exam_part *esp, *win; /* NULL: there is none */

    struct blk *esp_blk, *win_blk; /* the volumes */
    struct blk *win_whole;         /* Windows' volume, boot sector and $MFT put right; or NULL */
    struct fat *fat;
    struct tree *esp_tree, *win_tree; /* NULL: cannot be read */
    bool esp_sound, win_sound;        /* no damage was found in the file system */

    struct image *image;
    struct tree *image_tree; /* as it stands in the image; NULL: none given */
    struct tree_edits edits; /* what create changes of it: no differences */
    uint64_t ubr;            /* of the Windows on the stick; 0: not known */
};

/* Adds a fact. */
int exam_fact(struct exam *x, const char *key, const char *value, const char *where,
              struct wtg_err *err, const char *fmt, ...) WTG_PRINTF(6, 7) WTG_MUST_USE;
/* One of two values, by whether it is as it should be. */
int exam_judge(struct exam *x, bool fine, const char *key, const char *bad, const char *where,
               struct wtg_err *err, const char *good_text, const char *bad_text) WTG_MUST_USE;
/* What damage brings is no failure: 0 unless memory is out or the person said stop. */
static inline int exam_soft(int r)
{
    return r == WTG_E_NOMEM || r == WTG_E_CANCELLED ? r : 0;
}
/* A file of a volume, at most `limit` bytes.  1: it is there; 0: not, or it cannot be read (the
 * reason stands in `why`). */
int exam_slurp(const struct tree *t, const char *path, size_t limit, uint8_t **ret, size_t *ret_n,
               struct wtg_err *why);

/* The parts, in the order in which they run. */
int exam_medium(struct exam *x, struct wtg_err *err) WTG_MUST_USE;     /* examine-medium.c */
int exam_table(struct exam *x, struct wtg_err *err) WTG_MUST_USE;      /* examine-table.c */
int exam_volumes(struct exam *x, struct wtg_err *err) WTG_MUST_USE;    /* examine-table.c */
int exam_image(struct exam *x, struct wtg_err *err) WTG_MUST_USE;      /* examine-files.c */
int exam_windows(struct exam *x, struct wtg_err *err) WTG_MUST_USE;    /* examine-ntfs.c */
int exam_esp(struct exam *x, struct wtg_err *err) WTG_MUST_USE;        /* examine-esp.c */
int exam_sign(struct exam *x, struct wtg_err *err) WTG_MUST_USE;       /* examine-sign.c */
int exam_bcd(struct exam *x, struct wtg_err *err) WTG_MUST_USE;        /* examine-bcd.c */
int exam_hives(struct exam *x, struct wtg_err *err) WTG_MUST_USE;      /* examine-hives.c */
int exam_files(struct exam *x, struct wtg_err *err) WTG_MUST_USE;      /* examine-files.c */
int exam_acl(struct exam *x, struct wtg_err *err) WTG_MUST_USE;        /* examine-acl.c */
int exam_space(struct exam *x, struct wtg_err *err) WTG_MUST_USE;      /* examine-space.c */
int exam_host(struct exam *x, struct wtg_err *err) WTG_MUST_USE;       /* examine-host.c */
int exam_host_space(struct exam *x, struct wtg_err *err) WTG_MUST_USE; /* examine-space.c */
int exam_folder(struct exam *x, struct wtg_err *err) WTG_MUST_USE;     /* a folder: its room */
int exam_logs(struct exam *x, struct wtg_err *err) WTG_MUST_USE;       /* examine-logs.c */
int exam_reads(struct exam *x, struct wtg_err *err) WTG_MUST_USE;      /* examine-medium.c: last */

/* examine-medium.c: the brick that never fails; `below` must outlive it. */
int exam_watch_new(struct blk *below, uint32_t sector_bytes, struct blk **ret,
                   struct wtg_err *err) WTG_MUST_USE;
/* examine.c: for those that run some of the parts. */
int exam_open(struct exam *x, struct wtg_err *err) WTG_MUST_USE;
void exam_release(struct exam *x);
/* examine-files.c */
void exam_image_release(struct exam *x);
/* examine-compare.c: contents of many files, on all cores, in the order in which they stand on the
 * volume.  `same` is set for each whose SHA-1 is that of `sha1`. */
struct exam_pair {
    const struct tree_blob *blob; /* on the volume */
    const uint8_t *sha1;
    const struct tree_link *link; /* of the image */
    bool same, read;              /* read: false when it could not be read */
};
int exam_compare(struct exam *x, struct exam_pair *pair, size_t n,
                 struct wtg_err *err) WTG_MUST_USE;

#endif
