/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_REPAIR_PRIV_H
#define WTG_RECIPE_REPAIR_PRIV_H

/* What the files of this recipe share. */

#include "base/mem.h"
#include "boot/device.h"
#include "disk/contents.h"
#include "disk/gpt-look.h"
#include "disk/target.h"
#include "fat/fat-read.h"
#include "ntfs/look.h"
#include "plan/plan.h"
#include "recipe/repair.h"
#include "tree/tree.h"

/* What is where on a stick, looked at through one brick.  What is NULL is not there, or cannot be
 * read. */
struct repair_stick {
    struct blk *disk; /* borrowed */
    struct gpt_look gpt;
    struct disk_contents table;
    const struct disk_content_part *esp, *windows;
    struct blk *esp_blk, *windows_blk;
    struct ntfs_look ntfs; /* of Windows' volume */
    struct fat *fat;       /* the ESP's; NULL: no FAT32 */
    bool other_fat;        /* the ESP holds FAT12 or FAT16 */
    struct tree *esp_tree;
    size_t esp_lost; /* things in it that could not be read */
    struct tree *windows_tree;
    bool windows_read; /* it was tried */
};
int repair_stick_look(struct blk *disk, struct repair_stick *ret, struct wtg_err *err) WTG_MUST_USE;
void repair_stick_release(struct repair_stick *s);
/* Windows' files, read when they are first asked for.  NULL in `*ret`: they cannot be read. */
int repair_windows_tree(struct repair_stick *s, struct wtg_job *job, struct tree **ret,
                        struct wtg_err *err) WTG_MUST_USE;
/* How the BCD names a partition of this disk. */
struct boot_partition repair_place(const struct repair_stick *s, const struct disk_content_part *p);
/* What damage brings is no failure: 0 unless memory is out or the person said stop. */
static inline int repair_soft(int r)
{
    return r == WTG_E_NOMEM || r == WTG_E_CANCELLED ? r : 0;
}

enum repair_need {
    REPAIR_FINE,   /* nothing to do */
    REPAIR_USEFUL, /* it would change something; done when it is asked for */
    REPAIR_NEEDED,
    REPAIR_CANNOT, /* something is wrong, and this repair cannot mend it */
};

/* What a comparison with the image found; made once for a plan. */
struct repair_files {
    bool known;
    const char **path;
    size_t n, cap, missing;
    struct arena words;
    struct wtg_err err; /* of the collecting */
};

/* One repair at work. */
struct repair_case {
    struct repair_stick stick; /* as it stands before this repair */
    struct blk *out;           /* the draft that is written to; reads as the stick else */
    const struct wtg_repair_opts *opts;
    bool asked;              /* one of its causes was named */
    uint64_t time;           /* FILETIME of what is new */
    struct tree *image_tree; /* of --image; NULL: not given */
    struct repair_files *files;
    struct wtg_job *job;
    const char *cause; /* which of the row's causes it is: set by check */
    char why[256];     /* what was found, or why it cannot: set by check */
};
enum repair_need repair_says(struct repair_case *c, enum repair_need need, const char *cause,
                             const char *fmt, ...) WTG_PRINTF(4, 5);

struct repair_row {
    const char *slug;
    const char
        *causes; /* names of data/diagnose/causes.tsv, separated by spaces; the first is usual */
    enum plan_effect effect;
    const char *text;  /* what it does; a message id */
    bool only_asked;   /* never without being named: something is lost */
    bool whole_volume; /* the structure of NTFS is proved before and after */
    /* Looks at c->stick.  Fails only with what repair_soft lets through, or on the image. */
    int (*check)(struct repair_case *c, enum repair_need *ret, struct wtg_err *err);
    /* Writes to c->out. */
    int (*run)(struct repair_case *c, struct wtg_err *err);
};
extern const struct repair_row repair_rows[];
extern const size_t repair_nrows;

#define REPAIR_FUNCTIONS(name)                                                                     \
    int repair_check_##name(struct repair_case *c, enum repair_need *ret, struct wtg_err *err);    \
    int repair_run_##name(struct repair_case *c, struct wtg_err *err);
REPAIR_FUNCTIONS(gpt) /* repair-table.c */
REPAIR_FUNCTIONS(protective_mbr)
REPAIR_FUNCTIONS(partition_type)
REPAIR_FUNCTIONS(read_only)
REPAIR_FUNCTIONS(gpt_search) /* repair-search.c */
REPAIR_FUNCTIONS(ntfs_boot)  /* repair-ntfs.c */
REPAIR_FUNCTIONS(ntfs_mirror)
REPAIR_FUNCTIONS(ntfs_dirty)
REPAIR_FUNCTIONS(esp) /* repair-esp.c */
REPAIR_FUNCTIONS(boot_files)
REPAIR_FUNCTIONS(policy_file)
REPAIR_FUNCTIONS(bcd)   /* repair-bcd.c */
REPAIR_FUNCTIONS(files) /* repair-files.c */
REPAIR_FUNCTIONS(hibernation)
REPAIR_FUNCTIONS(hive)        /* repair-registry.c */
REPAIR_FUNCTIONS(control_set) /* repair-hives.c */
REPAIR_FUNCTIONS(boot_drivers)
REPAIR_FUNCTIONS(san_policy)
REPAIR_FUNCTIONS(portable_flag)
REPAIR_FUNCTIONS(bitlocker_prevent)
REPAIR_FUNCTIONS(stale_mounts)

/* repair-search.c: what the boot configuration on a FAT32 volume calls the partitions of its disk.
 */
struct repair_names {
    bool known;
    struct boot_partition system, windows;
};
void repair_find_names(struct blk *disk, uint64_t off, uint64_t bytes, struct repair_names *ret);

/* repair-bcd.c: the store that belongs on this stick, malloc'ed; what is readable of the old one is
 * kept. */
int repair_make_bcd(struct repair_case *c, uint8_t **ret, size_t *ret_n,
                    struct wtg_err *err) WTG_MUST_USE;

/* repair-esp-write.c: the EFI system partition with other files on it. */
enum repair_pick { REPAIR_KEEP, REPAIR_TAKE, REPAIR_DROP };
/* `over`: files to take from, or NULL.  `pick` is asked for each path that is on the old one:
 * `newer` is NULL when `over` has none.  Those that only `over` has are taken. */
int repair_write_esp(struct repair_case *c, const struct tree *over,
                     enum repair_pick (*pick)(void *ctx, const char *path,
                                              const struct tree_node *old,
                                              const struct tree_node *newer),
                     void *ctx, struct wtg_err *err) WTG_MUST_USE;

#endif
