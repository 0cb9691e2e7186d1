/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_SIGN_SIGN_H
#define WTG_SIGN_SIGN_H

#include "base/err.h"
#include "base/span.h"
#include "sign/dbx.h"
#include "sign/roots.h"
#include "wtg/sign.h"

/* Who signed these bytes, does the chain hold, is it revoked.  Nothing here reads files, asks the
 * network or trusts what this computer trusts: all that counts is given. */

struct sign_catalogs;

/* What counts.  Not changed by use; threads may share it. */
struct sign_policy {
    const struct sign_roots *roots;       /* never NULL */
    const struct sign_dbx *dbx;           /* NULL: nothing is revoked */
    const struct sign_catalogs *catalogs; /* NULL: none */
    int64_t now;                          /* seconds since 1970; for what has no timestamp */
};

/* Catalogs (.cat): lists of file hashes, signed as a whole. */
int sign_catalogs_new(struct sign_catalogs **ret, struct wtg_err *err) WTG_MUST_USE;
/* Adds one and judges its signature; nothing of the bytes is needed later, and `name` is copied.
 * SIGNATURE when it is no catalog. */
int sign_catalogs_add(struct sign_catalogs *c, struct wtg_span catalog, const char *name,
                      const struct sign_policy *policy, struct wtg_err *err) WTG_MUST_USE;
size_t sign_catalogs_members(const struct sign_catalogs *c); /* hashes in all */
void sign_catalogs_free(struct sign_catalogs *c);
/* The signature of the catalog that lists a file of this digest (SHA-1 or SHA-256; of a program its
 * Authenticode hash); NULL: none. */
const struct wtg_signature *sign_catalogs_find(const struct sign_catalogs *c,
                                               struct wtg_span digest);

/* Longer files are refused by callers who read them: the largest signed file of a Windows is 40 MB.
 */
enum { SIGN_FILE_MAX_BYTES = 64 << 20 };

/* Judges a file: a program with its own signatures, a catalog, or anything that a catalog lists.
 * `name` decides only whether the file is a boot manager that must have a security version.
 * Fails only with NOMEM: whatever is wrong with the file is the verdict. */
int sign_check_file(struct wtg_span file, const char *name, const struct sign_policy *policy,
                    struct wtg_verdict *ret, struct wtg_err *err) WTG_MUST_USE;

/* The security version of Windows' boot manager; false: it has none, and counts as the oldest. */
bool sign_svn(struct wtg_span file, uint16_t *ret_major, uint16_t *ret_minor);
/* The rows of the section .sbat, at most WTG_SBAT_MAX; 0: there is none. */
unsigned sign_sbat(struct wtg_span file, struct wtg_sbat_row row[WTG_SBAT_MAX]);

#endif
