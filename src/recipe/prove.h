/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_RECIPE_PROVE_H
#define WTG_RECIPE_PROVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* An image file that is known to be the publisher's, byte for byte, needs no second look at what it
 * holds.  A proof leaves a record in the state directory, so that the file is hashed once only. */
struct prove_file { /* this very file, unchanged */
    uint64_t device, inode, size_bytes;
    int64_t changed_ns; /* its time of change (mtime), since 1970 */
};
struct proof {
    struct prove_file file;
    char sha256[65]; /* hex; "": nothing is known */
    bool recorded;   /* an earlier run hashed it */
};

/* `sha256` in hex: the file is read once from front to back and its hash compared; USAGE when it is
 * no SHA-256, IMAGE_HASH when the file has another one.  NULL: looks for a record; finding none is
 * no error.  Progress: step "hash-image", in bytes. */
int prove_image(const char *path, const char *sha256, struct wtg_job *job, struct proof *ret,
                struct wtg_err *err) WTG_MUST_USE;
/* The SHA-256 of a whole file.  Progress: step "hash-image", in bytes. */
int prove_hash(const char *path, struct wtg_job *job, char hex[65], struct wtg_err *err) WTG_MUST_USE;
/* Is it still the file that was proved?  IMAGE_HASH when not. */
int prove_still(const char *path, const struct proof *p, struct wtg_err *err) WTG_MUST_USE;

#endif
