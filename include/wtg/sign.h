/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_SIGN_H
#define WTG_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wtg/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Who signed a file, does the chain hold, is it revoked.  Plain data; nothing to free. */

/* How a signature, or a file with all its signatures, stands.  One row: name, slug (stable, stands
 * in --json), one sentence. */
/* clang-format off */
#define WTG_SIGN_STATES(S)                                                                         \
    S(GOOD,            "good",            "signed, unchanged, and the chain holds")                 \
    S(NONE,            "not-signed",      "not signed, and in no catalog")                          \
    S(CHANGED,         "changed",         "changed after it was signed")                            \
    S(WRONG,           "wrong",           "the signature itself is damaged or forged")              \
    S(INCOMPLETE,      "incomplete",      "the certificate of an issuer is missing")                \
    S(UNKNOWN_ROOT,    "unknown-root",    "signed, but by nobody that is trusted here")             \
    S(NO_CODE_SIGNING, "no-code-signing", "signed with a certificate that is not for programs")     \
    S(EXPIRED,         "expired",         "signed with a certificate that was not valid then")      \
    S(REVOKED,         "revoked",         "revoked: firmware with that list refuses it")
/* clang-format on */
enum wtg_sign_state {
#define S(name, slug, text) WTG_SIGN_##name,
    WTG_SIGN_STATES(S)
#undef S
};
WTG_API const char *wtg_sign_slug(enum wtg_sign_state state);
WTG_API const char *wtg_sign_text(enum wtg_sign_state state);

/* The authorities that firmware knows, since which of them signed decides where a stick starts. */
/* clang-format off */
#define WTG_SIGN_CAS(C)                                                                            \
    C(OTHER,        "other")                                                                       \
    C(WINDOWS_2011, "windows-2011") /* Microsoft Windows Production PCA 2011 */                    \
    C(WINDOWS_2023, "windows-2023") /* Windows UEFI CA 2023 */                                     \
    C(UEFI_2011,    "uefi-2011")    /* Microsoft Corporation UEFI CA 2011, for all the others */   \
    C(UEFI_2023,    "uefi-2023")    /* Microsoft UEFI CA 2023, its successor */
/* clang-format on */
enum wtg_sign_ca {
#define C(name, slug) WTG_CA_##name,
    WTG_SIGN_CAS(C)
#undef C
};
WTG_API const char *wtg_sign_ca_slug(enum wtg_sign_ca ca);

enum { WTG_SIGN_NAME = 128, WTG_SIGN_WHY = 224, WTG_SIGN_MAX = 8, WTG_SBAT_MAX = 16 };

/* Where a signature stands. */
enum wtg_sign_place {
    WTG_SIGN_EMBEDDED, /* in the file's certificate table, or the file is a catalog */
    WTG_SIGN_NESTED,   /* inside another signature */
    WTG_SIGN_CATALOG,  /* in a catalog that lists the file */
};

/* Strings are UTF-8 without control characters; "" where there is nothing to say. */
struct wtg_signature {
    enum wtg_sign_state state;
    char why[WTG_SIGN_WHY]; /* the details when it is not good */
    enum wtg_sign_place place;
    char catalog[WTG_SIGN_NAME];  /* its name */
    char digest[12];              /* how the file was hashed: "sha256" */
    char signer[WTG_SIGN_NAME];   /* common names: of the signer, */
    char issuer[WTG_SIGN_NAME];   /* of who issued its certificate, */
    char root[WTG_SIGN_NAME];     /* and of the end of the chain, as far as it could be followed */
    enum wtg_sign_ca ca;          /* by the certificate's hash, not by its name */
    int64_t valid_from, valid_to; /* the signer's certificate; seconds since 1970 */
    int64_t stamped_at;           /* time that an authority confirms; 0: no timestamp that counts */
    char stamper[WTG_SIGN_NAME];
    char stamp_why[WTG_SIGN_WHY]; /* why there is a timestamp that does not count */
};

struct wtg_sbat_row {
    char component[48];
    uint32_t generation;
    uint32_t least; /* what a current shim demands of it (SbatLevel); 0: it does not say */
};

struct wtg_verdict {
    enum wtg_sign_state state;
    char why[WTG_SIGN_WHY];
    bool is_pe, is_catalog;
    char sha256[65], sha1[41]; /* hexadecimal: Authenticode hash of a program, else of all bytes */
    unsigned nsignatures;
    struct wtg_signature signature[WTG_SIGN_MAX];
    unsigned deciding; /* the signature that `state` comes from; nsignatures: none */
    bool has_svn;      /* security version of Windows' boot manager */
    uint16_t svn_major, svn_minor;
    unsigned nsbat; /* SBAT: generations of the parts of shim, GRUB and the like */
    struct wtg_sbat_row sbat[WTG_SBAT_MAX];
};

struct wtg_sign_opts {
    const char *const *catalog; /* catalog files that may list what is looked at */
    size_t ncatalogs;
    const char *const *dbx; /* revocation lists: dbxupdate.bin, or dbx of efivarfs */
    size_t ndbx;
    const char *const *root; /* certificates (PEM, DER) to be trusted beside Microsoft's */
    size_t nroots;
};

/* Looks at each file (up to 64 MiB) and calls `each`.  Reads only.  `ret_bad` counts those that are
 * not WTG_SIGN_GOOD.  IO, NOT_FOUND, SIGNATURE (a catalog, list or root that cannot be read). */
WTG_API int wtg_signatures(const char *const *file, size_t n, const struct wtg_sign_opts *opts,
                           void (*each)(const char *file, const struct wtg_verdict *v, void *user),
                           void *user, size_t *ret_bad, struct wtg_err *err) WTG_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
