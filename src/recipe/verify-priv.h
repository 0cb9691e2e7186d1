/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_VERIFY_PRIV_H
#define WTG_RECIPE_VERIFY_PRIV_H

/* What the files of this recipe share. */

#include <pthread.h>

#include "base/hash.h"
#include "base/mem.h"
#include "image/image.h"
#include "recipe/signatures.h"
#include "wtg/verify.h"

enum {
    VERIFY_MAX_BAD = 1000, /* damaged files that are named; then it is enough */
    VERIFY_WHY_BYTES = 256,
    VERIFY_MAX_CATALOG_BYTES = 512 << 20, /* kept until all came; a Windows has 30 to 100 MB */
    VERIFY_MAX_BOOT = 256,                /* boot files judged: ten images, ten files each */
};

/* What a blob is, by its order; fixed before content is read. */
enum { BLOB_CATALOG = 1, BLOB_BOOT = 2 };

struct verify_bad {
    const struct tree_blob *blob;
    char why[VERIFY_WHY_BYTES];
};

/* A program that no signature of its own proves. */
struct verify_program {
    const struct tree_blob *blob;
    enum wtg_sign_state state; /* of the signatures inside */
    uint8_t sha256[SHA256_BYTES], sha1[SHA1_BYTES];
};
struct verify_catalog {
    const struct tree_blob *blob;
    uint8_t *bytes;
    size_t n;
};
struct verify_boot {
    const struct tree_blob *blob;
    struct wtg_verdict verdict;
};

struct verify {
    const struct wtg_verify_opts *opts;
    struct wtg_job *job;
    const struct wtg_verify_watch *watch;
    unsigned failed;
    struct image *image;
    const struct tree_blob **blob; /* all of them, in order */
    size_t nblobs, norders;
    uint8_t *kind; /* of blobs, by order: BLOB_* */
    bool has_catalogs, has_boot;

    pthread_mutex_t lock; /* of all below, while content is read */
    struct verify_bad *bad;
    size_t nbad, bad_cap;
    uint64_t content_bytes; /* of blobs that were looked at */

    struct signatures signatures;
    struct verify_program *program;
    size_t nprograms, programs_cap;
    uint64_t good_programs; /* by signatures of their own */
    struct verify_catalog *catalog;
    size_t ncatalogs, catalogs_cap;
    uint64_t catalog_bytes;
    bool catalogs_dropped; /* there were too many bytes of them */
    struct verify_boot *boot;
    size_t nboot, boot_cap;
};

/* verify.c: tells one result, and one file. */
void verify_tell(struct verify *v, enum wtg_verify_check check, enum wtg_verify_state state,
                 const char *wanted, const char *fmt, ...) WTG_PRINTF(5, 6);

/* verify-trees.c */
/* Loads each image's directories in turn, and finds out what is to be looked at more closely. */
int verify_trees(struct verify *v, struct wtg_err *err) WTG_MUST_USE;
/* Where is a blob?  Calls v->watch->file for the first name of each, and for those of no image. */
struct verify_named {
    const struct tree_blob *blob;
    bool failed;
    const char *why;
};
int verify_name(struct verify *v, enum wtg_verify_check check, const struct verify_named *named,
                size_t n, struct wtg_err *err) WTG_MUST_USE;

/* verify-content.c: decodes every blob once, on all cores. */
int verify_content(struct verify *v, struct wtg_err *err) WTG_MUST_USE;

/* verify-sign.c */
int verify_sign_init(struct verify *v, struct wtg_err *err) WTG_MUST_USE;
void verify_sign_release(struct verify *v);
/* Is this blob, which begins with `head`, to be looked at as a whole? */
bool verify_sign_wants(const struct verify *v, const struct tree_blob *b, struct wtg_span head);
/* A whole blob, proved, from any thread; does nothing with those that are not wanted. */
int verify_sign_look(struct verify *v, const struct tree_blob *b, struct wtg_span bytes,
                     struct wtg_err *err) WTG_MUST_USE;
/* After all came. */
int verify_sign_results(struct verify *v, struct wtg_err *err) WTG_MUST_USE;

#endif
