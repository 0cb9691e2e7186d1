/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FETCH_H
#define WTG_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wtg/error.h"
#include "wtg/job.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Getting one file, from mirrors or from this computer, and proving it.  It takes its final name
 * only when everything that was asked for is proved. */

/* How the network is used.  Zero: the defaults. */
struct wtg_net_opts {
    const char *ca_file;    /* certificates to trust, instead of the system's (PEM) */
    uint64_t limit_rate;    /* bytes a second, over all connections; 0: no limit */
    unsigned connections;   /* at most, over all mirrors; 0: 4 */
    unsigned tries;         /* of a mirror that brings nothing, before it is given up; 0: 10 */
    unsigned stall_seconds; /* a connection that is slower than stall_rate for so long ...; 0: 20 */
    uint64_t stall_rate;    /* ... is ended, in bytes a second; 0: 1000 */
    /* Something a person should know, one sentence; from the thread that calls.  May be NULL. */
    void (*on_note)(const char *text, void *user);
    void *user;
};
enum { WTG_FETCH_MAX_MIRRORS = 16, WTG_FETCH_MAX_CONNECTIONS = 16 };

/* Zero everything that is not wanted. */
struct wtg_fetch_opts {
    const char *const *url; /* mirrors of one file, http or https */
    size_t nurls;
    const char *from;    /* a file of this computer instead of URLs */
    const char *output;  /* file or folder; NULL: here, under the name in the first URL */
    const char *name;    /* the name to use and to look for in lists; NULL: that of the URL */
    uint64_t size_bytes; /* what it must have; 0: not known */
    const char *sha256, *sha1, *sha512, *md5; /* in hex */
    const char *checksums; /* file or URL: a list as sha256sum writes it, or in the BSD form */
    const char *signature; /* file or URL: of the file, or of the list of checksums */
    const char *keyring;   /* file of OpenPGP keys: the only ones that count */
    struct wtg_net_opts net;
    bool look_only; /* ask the server, write nothing */
};

enum { WTG_FETCH_PATH = 4096, WTG_FETCH_WHO = 256, WTG_FETCH_PROOFS = 6 };

/* One thing that was proved. */
struct wtg_fetch_proof {
    const char *kind;         /* "SHA-256", "SHA-1", "SHA-512", "MD5", "size", "signature" */
    char value[160];          /* digest in hex, fingerprint of the key, or number */
    char from[WTG_FETCH_WHO]; /* who says so: "--sha256", a list, the key's owner */
    bool weak;                /* can be forged today: finds accidents only */
};

struct wtg_fetch_result {
    char path[WTG_FETCH_PATH];
    uint64_t size_bytes;
    uint64_t got_bytes;     /* over the network in this run, of the file itself */
    uint64_t resumed_bytes; /* were there from earlier runs */
    double seconds;
    bool was_there; /* the final file existed, and was proved */
    bool looked_only;
    size_t nproofs; /* 0: nothing was asked for, nothing is proved */
    struct wtg_fetch_proof proof[WTG_FETCH_PROOFS];
};

/* NETWORK, SERVER, NOT_TRUSTED, IMAGE_HASH, NOT_SIGNED, EXISTS, NO_SPACE, CANCELLED, USAGE.  What
 * was fetched stays in FILE.part, and the next call goes on from there.  Progress: steps "fetch",
 * "fetch-anew" (the file has changed), "prove". */
WTG_API int wtg_fetch(const struct wtg_fetch_opts *opts, struct wtg_job *job,
                      struct wtg_fetch_result *ret, struct wtg_err *err) WTG_MUST_USE;

/* Microsoft's list of images: products.xml, or the products.cab that holds it. */
struct wtg_catalog;
struct wtg_catalog_file {
    const char *name;          /* "19045.3803....esd" */
    const char *language;      /* "de-de" */
    const char *language_name; /* "German (Germany)" */
    const char *editions;      /* "Core Professional": with spaces between */
    const char *architecture;  /* "x64", "x86", "arm64" */
    const char *build;         /* "19045.3803"; "" when the name does not say */
    uint64_t size_bytes;
    const char *sha1, *sha256; /* in hex; "" */
    const char *url;
    bool encrypted; /* needs a key: of no use here */
};
/* What is wanted; NULL: any.  Upper and lower case are the same; "amd64" is "x64"; a build fits by
 * its beginning: "19045" or "19045.3803". */
struct wtg_catalog_filter {
    const char *language, *edition, *architecture, *build;
};
WTG_API int wtg_catalog_open(const char *file_or_url, const struct wtg_net_opts *net,
                             struct wtg_job *job, struct wtg_catalog **ret,
                             struct wtg_err *err) WTG_MUST_USE;
/* The files that fit, in the order of the list: the `i`th from 0, NULL behind the last. */
WTG_API const struct wtg_catalog_file *
wtg_catalog_find(const struct wtg_catalog *c, const struct wtg_catalog_filter *filter, size_t i);
WTG_API void wtg_catalog_free(struct wtg_catalog *c);

#ifdef __cplusplus
}
#endif
#endif
