/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FETCH_PROOF_H
#define WTG_FETCH_PROOF_H

#include "fetch/net.h"
#include "fetch/signature.h"
#include "fetch/sums.h"

/* What a file is to be proved by. Zero-initialise. */
struct proof_sum {
    struct wanted_sum want;
    char from[WTG_FETCH_WHO]; /* who says so */
};
struct proof {
    uint64_t size_bytes; /* 0: any */
    struct proof_sum sum[5];
    size_t nsums;
    char *signature; /* detached, of the file itself; NULL: none */
    size_t signature_bytes;
    const char *keyring, *signature_name;
    bool list_signed; /* the list of checksums was, and that is proved */
    struct signature_by list_by;
};

/* Reads what was given: lists and signatures are fetched, and those of lists are judged, before
 * anything large is.  `name`: the file's names, NULL-terminated. */
int proof_prepare(struct proof *p, const struct wtg_fetch_opts *o, const char *const *name,
                  const struct wtg_net_opts *net, struct wtg_job *job,
                  struct wtg_err *err) WTG_MUST_USE;
bool proof_any(const struct proof *p);       /* will content be proved? */
unsigned proof_kinds(const struct proof *p); /* for sums_begin */
/* The first checksum as "sha256 HEX" for the journal; "" when there is none. */
void proof_slug(const struct proof *p, char *text, size_t cap);
/* Judges a file of which all hashes are known, and adds what was proved to `ret`.  IMAGE_HASH,
 * NOT_SIGNED. */
int proof_judge(const struct proof *p, const struct sums *s, int fd, uint64_t size,
                struct wtg_job *job, struct wtg_fetch_result *ret,
                struct wtg_err *err) WTG_MUST_USE;
void proof_release(struct proof *p);

#endif
