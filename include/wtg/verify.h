/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_VERIFY_H
#define WTG_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "wtg/error.h"
#include "wtg/job.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Is an image whole, and is it Microsoft's?  A list of checks, from the outermost structure to the
 * last byte of the last file. */

/* One row: name, slug (stable, stands in --json), what is looked at. */
/* clang-format off */
#define WTG_VERIFY_CHECKS(C)                                                                       \
    C(FILE,      "file",      "the file is as long as what stands in it")                          \
    C(DISC,      "disc",      "the file system of the disc")                                       \
    C(HEADER,    "header",    "the header of the WIM")                                             \
    C(PARTS,     "parts",     "all parts of a split image")                                        \
    C(XML,       "xml",       "the description of the images (XML)")                               \
    C(TABLE,     "table",     "the table of contents")                                             \
    C(INTEGRITY, "integrity", "the integrity table")                                               \
    C(METADATA,  "metadata",  "the directories of all images")                                     \
    C(CONTENT,   "content",   "the SHA-1 of every file")                                           \
    C(BOOT,      "boot",      "the signatures of what boots")                                      \
    C(CATALOGS,  "catalogs",  "the signatures of the catalogs")                                    \
    C(PROGRAMS,  "programs",  "the signatures of programs")
/* clang-format on */
enum wtg_verify_check {
#define C(name, slug, text) WTG_VERIFY_##name,
    WTG_VERIFY_CHECKS(C)
#undef C
    WTG_VERIFY_COUNT
};
WTG_API const char *wtg_verify_slug(enum wtg_verify_check check);
WTG_API const char *wtg_verify_text(enum wtg_verify_check check);

enum wtg_verify_state {
    WTG_VERIFY_FINE,
    WTG_VERIFY_WARNING, /* odd, but what was looked at is whole */
    WTG_VERIFY_FAILED,
    WTG_VERIFY_SKIPPED, /* there is nothing of that kind, or an earlier check failed */
};
WTG_API const char *wtg_verify_state_slug(enum wtg_verify_state state);

struct wtg_verify_result {
    enum wtg_verify_check check;
    enum wtg_verify_state state;
    const char *seen, *wanted; /* one sentence each; `wanted` may be "" */
    const char *hint;          /* what to do; "" */
};

/* A file of the image that is damaged, or whose signature is not good. */
struct wtg_verify_file {
    enum wtg_verify_check check;
    bool failed;      /* else only worth knowing */
    unsigned image;   /* the first one that holds it; 0: none does */
    const char *path; /* "\Windows\notepad.exe"; "" when no image holds it */
    const char *why;
};

/* What is told while it goes on; the strings live for the call only. */
struct wtg_verify_watch {
    void (*result)(const struct wtg_verify_result *r, void *user);
    void (*file)(const struct wtg_verify_file *f, void *user); /* before its check's result */
    void *user;
};

struct wtg_verify_opts {
    const char *inside;    /* see wtg_image_open */
    uint64_t memory_bytes; /* for buffers; 0: a quarter of this computer's, at most 2 GiB */
    unsigned threads;      /* 0: one per core */
    bool no_signatures;    /* only whether it is whole */
    const char *const *root; /* certificates (PEM, DER) to be trusted beside Microsoft's */
    size_t nroots;
    const char *const *dbx; /* see struct wtg_sign_opts */
    size_t ndbx;
};

/* Reads everything, writes nothing.  `*ret_failed`: how many checks failed.  Fails itself only when
 * the question cannot be put: NOT_FOUND, PERMISSION, IMAGE_FORMAT (it is no image), NOMEM,
 * CANCELLED, SIGNATURE (a root or list that was given), USAGE.  Progress: step "verify-content", in
 * bytes. */
WTG_API int wtg_image_verify(const char *path, const struct wtg_verify_opts *opts,
                             struct wtg_job *job, const struct wtg_verify_watch *watch,
                             unsigned *ret_failed, struct wtg_err *err) WTG_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
