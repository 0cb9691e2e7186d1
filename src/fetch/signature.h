/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FETCH_SIGNATURE_H
#define WTG_FETCH_SIGNATURE_H

#include <stdbool.h>

#include "base/span.h"
#include "base/err.h"

/* OpenPGP signatures, judged by GnuPG against the keys of one file and no others: a home of its
 * own, which is gone afterwards. */
struct signature_by {
    char fingerprint[64]; /* of the key, hex */
    char owner[256];      /* UTF-8 without control characters */
};

/* Does the text begin like one that carries its signature ("-----BEGIN PGP SIGNED MESSAGE-----")?
 */
bool signature_is_clear(struct wtg_span text);

/* NOT_SIGNED when it does not prove the bytes, with the fact "signature" that says why: "bad",
 * "unknown-key", "expired", "key-expired", "revoked", "none"; UNSUPPORTED without GnuPG. */

/* Are there keys in it?  IMAGE_FORMAT, NOT_FOUND. */
int signature_try_keyring(const char *keyring, struct wtg_err *err) WTG_MUST_USE;
/* Of bytes in memory. */
int signature_of_bytes(struct wtg_span signature, struct wtg_span bytes, const char *keyring,
                       struct signature_by *ret, struct wtg_err *err) WTG_MUST_USE;
/* Of a whole file.  Progress: step "prove". */
int signature_of_file(struct wtg_span signature, int fd, uint64_t size, const char *keyring,
                      struct wtg_job *job, struct signature_by *ret,
                      struct wtg_err *err) WTG_MUST_USE;
/* Of a text that carries it; `*ret_text` is what was signed, malloc'ed. */
int signature_clear(struct wtg_span text, const char *keyring, char **ret_text, size_t *ret_n,
                    struct signature_by *ret, struct wtg_err *err) WTG_MUST_USE;

#endif
