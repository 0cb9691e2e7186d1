/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_CREATE_H
#define WTG_CREATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wtg/error.h"
#include "wtg/image.h"
#include "wtg/job.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The main job in three calls: make a plan (nothing is written), show it, run it.
 *
 *     wtg_create_plan(&opts, &job, &plan, &err)
 *     wtg_plan_info(plan)                          ... print, ask
 *     wtg_plan_run(plan, &job, &report, &err)
 *     wtg_plan_free(plan)
 */

/* Zero everything that is not wanted.  Strings are borrowed until the plan is freed. */
struct wtg_create_opts {
    const char *image;          /* ISO, WIM, ESD, or the first part of a split WIM */
    const char *inside;         /* which WIM of an ISO with several ("x86/sources/install.wim"), or NULL */
    const char *target;         /* a whole disk, or an image file */
    uint64_t size_bytes;        /* image file: its size; 0: the size it has */
    uint32_t sector_bytes;      /* image file: 512 or 4096; 0: 512 */
    unsigned index;             /* which Windows of the image; 0: not chosen by index */
    const char *edition;        /* its edition id or name; NULL: not chosen by name */
    const char *seed;           /* makes all GUIDs, serials and times; NULL: random and now */
    /* "auto": files are laid down compressed where the image stores them so; "off"; "lzx",
     * "xpress4k", "xpress8k", "xpress16k": in this form, compressed anew while planning where the
     * image has another one; NULL: auto, with no_boot off */
    const char *compact;
    const char *sha256;         /* of the image file, in hex: hashed before all else; NULL: not known */
    const char *unattend;       /* answer file to put in place; NULL: none */
    const char *const *without; /* slugs of settings to leave out */
    size_t nwithout;
    bool no_boot;               /* any WIM onto one NTFS partition, unchanged */
    bool allow_fixed;           /* a disk that is no stick */
    bool skip_encrypted;        /* leave EFS files out instead of refusing */
    bool no_verify;             /* do not read back what was written */
    bool discard;               /* tell a device first that nothing on it is needed any more */
    bool resume;                /* go on where an interrupted run of this very plan stopped */
    uint64_t mark_bytes;        /* how much an interruption may cost; 0: 256 MiB */
    bool look_only;             /* the plan will not be run: claim nothing, only look */
    uint64_t memory_bytes;      /* for buffers; 0: a quarter of the memory, at most 2 GiB */
    unsigned decoders;          /* threads that decompress; 0: one per core */
};
enum { WTG_CREATE_MAX_TARGETS = 64 };

struct wtg_plan_target {
    const char *path, *text; /* "/dev/sdb"; "SanDisk Extreme, serial 12AB, 128.0 GB, USB 5 Gbit/s" */
    const char *bus, *model, *serial;
    uint64_t size_bytes;
    uint32_t sector_bytes;
    bool is_file;
    const char *holds;        /* what is there now, in one line */
    const char *const *lines; /* the same partition by partition */
    size_t nlines;
};

struct wtg_plan_part {
    const char *name, *file_system; /* "EFI system partition", "FAT32" */
    const char *guid;
    uint64_t offset_bytes, size_bytes;
};

/* One change of what the image holds. */
struct wtg_plan_change {
    const char *slug;   /* "san-policy"; the name that leaves it out; "" when it cannot be */
    const char *where;  /* a file, or a registry value */
    const char *what;   /* "1 -> 4", "new file of 1,234 bytes" */
    const char *why;    /* one sentence */
};

struct wtg_plan_step {
    const char *slug;   /* "write" */
    const char *effect; /* "reads", "writes", "destroys" */
    const char *text;
};

/* The plan in plain data; strings and arrays belong to the plan. */
struct wtg_plan_info {
    const struct wtg_image_info *image;
    const struct wtg_edition *edition;
    struct wtg_plan_target target;
    const char *disk_guid;
    const char *seed; /* gives the same plan again */
    bool boots;       /* false with no_boot */
    const struct wtg_plan_part *part;
    size_t nparts;
    const struct wtg_plan_change *change;
    size_t nchanges;
    const char *const *note; /* what the person should know, one sentence each */
    size_t nnotes;
    const struct wtg_plan_step *step;
    size_t nsteps;
    uint64_t files, directories;
    uint64_t write_bytes;     /* to the target */
    uint64_t done_bytes;      /* of them, by the interrupted run that goes on; about */
    uint64_t free_bytes;      /* on the Windows volume afterwards */
    uint64_t rate;            /* bytes per second, for `seconds` */
    const char *rate_source;  /* where the rate comes from: "assumed for USB 3" */
    uint64_t seconds;         /* expected */
    /* Files that Windows decompresses when it reads them. */
    const char *compact;          /* their form: "lzx", "xpress4k", ...; "" when all are plain */
    uint64_t compact_files;
    uint64_t compact_saved_bytes; /* not to be written, and not taken on the volume */
    uint64_t compact_made_bytes;  /* content that had to be compressed anew for that */
    bool compact_estimated;       /* sizes are guessed, as look_only compresses nothing */
    const char *proved;           /* SHA-256 of the image file; "" when not compared */
};

struct wtg_report {
    uint64_t written_bytes, content_bytes; /* to the target; decoded and compared with its SHA-1 */
    uint64_t verified_bytes; /* read back and found right; 0: not asked for */
    uint64_t rereads;        /* places that were right only at the second reading */
    uint64_t files, directories;
    double seconds;
    char image_hash[48]; /* SHA-1 of the image's metadata, which holds that of every file */
    char volume_serial[20];
    const char *disk_guid;
    const char *warning; /* "" or something that did not matter for the result */
};

struct wtg_plan;

/* Reads the image, looks at the target, decides everything.  Writes nothing, but claims the target
 * (O_EXCL) until the plan is freed, unless look_only.  All codes that an image or a target can
 * bring. */
WTG_API int wtg_create_plan(const struct wtg_create_opts *opts, struct wtg_job *job, struct wtg_plan **ret,
                    struct wtg_err *err) WTG_MUST_USE;
WTG_API const struct wtg_plan_info *wtg_plan_info(const struct wtg_plan *plan);
/* Carries it out, once.  On failure the target holds nothing that could be mistaken for whole. */
WTG_API int wtg_plan_run(struct wtg_plan *plan, struct wtg_job *job, struct wtg_report *ret,
                 struct wtg_err *err) WTG_MUST_USE;
WTG_API void wtg_plan_free(struct wtg_plan *plan);

/* Several targets from one decode: a plan for each, made and carried out together.  Each gets its
 * own GUIDs and serial numbers; opts->seed is the root of one seed for each, and the plan's seed
 * gives the same bytes when its target is the only one. */

/* Fills ret[0 .. n), or claims and makes nothing: one target that may not be written, or is too
 * small, refuses all.  opts->target is not looked at. */
WTG_API int wtg_create_plan_many(const struct wtg_create_opts *opts, const char *const *target,
                                 size_t n, struct wtg_job *job, struct wtg_plan **ret,
                                 struct wtg_err *err) WTG_MUST_USE;

/* How far one of them is. */
struct wtg_plan_state {
    const char *path;
    const char *step;     /* as in wtg_progress; "" before the first, at the end "done" or "failed" */
    uint64_t done, total; /* bytes; total 0: not known */
};
struct wtg_plan_watch {
    /* From the thread that called, now and then; may be NULL. */
    void (*on_state)(const struct wtg_plan_state *state, size_t n, void *user);
    void *user;
};
struct wtg_plan_result {
    const char *path;
    struct wtg_err err; /* code 0: it is good, and has a report */
    struct wtg_report report;
};
/* Carries out plans that were made together, once.  One that fails or is slow does not stop the
 * others.  Fills ret[0 .. n) in any case; the error is that of the first that failed, or what is
 * the same for all: CANCELLED, or an error of the image.  `job` only says when to stop. */
WTG_API int wtg_plan_run_many(struct wtg_plan *const *plan, size_t n,
                              const struct wtg_plan_watch *watch, struct wtg_job *job,
                              struct wtg_plan_result *ret, struct wtg_err *err) WTG_MUST_USE;

/* The settings that `without` can leave out, counted from 0: its slug and its reason; NULL behind
 * the last. */
WTG_API const char *wtg_setting_slug(size_t i);
WTG_API const char *wtg_setting_why(size_t i);

#ifdef __cplusplus
}
#endif
#endif
