/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_WRITE_H
#define WTG_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wtg/create.h"
#include "wtg/error.h"
#include "wtg/job.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A raw image onto one or many targets, in the same three calls as wtg/create.h: make a plan, show
 * it, run it. */

enum wtg_write_phase {
    WTG_WRITE_WRITES,
    WTG_WRITE_FLUSHES, /* waits for the device */
    WTG_WRITE_PROVES,  /* reads back and compares */
    WTG_WRITE_DONE,
    WTG_WRITE_FAILED,
};

/* How far one target is. */
struct wtg_write_state {
    const char *path;
    enum wtg_write_phase phase;
    uint64_t written_bytes; /* that the device has taken */
    uint64_t proved_bytes;  /* read back and found equal */
    uint64_t total_bytes;   /* of either; 0: not known yet */
};

/* Zero everything that is not wanted.  Strings are borrowed until the plan is freed. */
struct wtg_write_opts {
    const char *image;         /* raw image or hybrid ISO, plain or gz, xz, zst, bz2, zip */
    const char *const *target; /* whole disks, or image files */
    size_t ntargets;           /* 1 to WTG_WRITE_MAX_TARGETS */
    const char *sha256;        /* in hex, of the file or of what is in it; NULL: not given */
    uint64_t size_bytes;       /* image files: their size; 0: the one they have, or the image's */
    uint64_t memory_bytes;     /* for buffers; 0: 64 MiB for one target, 256 MiB for several */
    bool no_verify;            /* do not read back */
    bool allow_fixed;          /* a disk that is no stick */
    bool look_only;            /* the plan will not be run: claim nothing, only look */
    /* From the thread that runs the plan, now and then; may be NULL. */
    void (*on_state)(const struct wtg_write_state *state, size_t n, void *user);
    void *user;
};
enum { WTG_WRITE_MAX_TARGETS = 64 };

/* The plan in plain data; strings and arrays belong to the plan. */
struct wtg_write_info {
    const char *image;        /* as it was given */
    const char *form;         /* "plain", "gzip", "xz", "zstd", "bzip2", "zip" */
    const char *member;       /* the file in a zip; else "" */
    uint64_t file_bytes;      /* of the file */
    uint64_t image_bytes;     /* unpacked; 0: not known before */
    uint64_t write_bytes;     /* to each target; 0: not known before */
    const char *bmap;         /* path of the block map; "" without one */
    const char *sha256;       /* what the image should have, in hex; "" when nobody says */
    const char *sha256_from;  /* who says so: "--sha256", or the path of a file */
    bool verify;              /* it will be read back */
    const struct wtg_plan_target *target;
    size_t ntargets;
    const char *const *note;  /* what the person should know, one sentence each */
    size_t nnotes;
};

struct wtg_write_result { /* of one target */
    const char *path;
    struct wtg_err err;     /* code 0: it is good */
    uint64_t written_bytes; /* that the device has taken */
    uint64_t proved_bytes;  /* read back and found equal */
    double seconds;
    const char *warning;    /* "" or something that did not matter for the result */
};
struct wtg_write_report {
    uint64_t image_bytes;
    char sha256[65];  /* of the file as it is, where it was computed; else "" */
    bool image_failed; /* all failed for the same reason: the image */
    size_t nresults, nfailed;
    const struct wtg_write_result *result; /* belong to the plan */
};

struct wtg_write;

/* Opens the image, its block map and its checksum file, looks at the targets and claims them.  Writes
 * nothing.  DISK_TOO_SMALL where the size is known. */
WTG_API int wtg_write_plan(const struct wtg_write_opts *opts, struct wtg_job *job,
                           struct wtg_write **ret, struct wtg_err *err) WTG_MUST_USE;
WTG_API const struct wtg_write_info *wtg_write_info(const struct wtg_write *plan);
/* Carries it out, once.  `ret` is always set, also on failure.  IMAGE_HASH when the image is not the
 * one that was meant: then no target boots.  Else the error of the first target that failed; the
 * others are good. */
WTG_API int wtg_write_run(struct wtg_write *plan, struct wtg_job *job, struct wtg_write_report *ret,
                          struct wtg_err *err) WTG_MUST_USE;
WTG_API void wtg_write_free(struct wtg_write *plan);

#ifdef __cplusplus
}
#endif
#endif
