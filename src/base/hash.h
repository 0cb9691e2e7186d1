/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BASE_HASH_H
#define WTG_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Running hashes over libcrypto. */
enum hash_kind { HASH_SHA1, HASH_SHA256, HASH_SHA512, HASH_MD5 };
enum { SHA1_BYTES = 20, SHA256_BYTES = 32, SHA512_BYTES = 64, MD5_BYTES = 16 };
enum { HASH_KINDS = HASH_MD5 + 1, HASH_MAX_BYTES = SHA512_BYTES };

size_t hash_bytes(enum hash_kind kind);
const char *hash_name(enum hash_kind kind); /* "SHA-256" */

struct hash;
int hash_new(enum hash_kind kind, struct hash **ret, struct wtg_err *err) WTG_MUST_USE;
void hash_reset(struct hash *h); /* starts again; cheaper than a new one */
void hash_add(struct hash *h, const void *p, size_t n);
void hash_end(struct hash *h, uint8_t *digest); /* hash_bytes(kind) */
void hash_free(struct hash *h);

/* One-shot. */
void hash_sha1(const void *p, size_t n, uint8_t digest[SHA1_BYTES]);
void hash_sha256(const void *p, size_t n, uint8_t digest[SHA256_BYTES]);

/* XXH3 in 64 bits, at the speed of memory: finds accidents (a wrong bit is missed once in 2^64), and
 * forgeries not at all. */
uint64_t hash_quick(const void *p, size_t n);

/* Lower-case hex with a NUL: needs 2 * n + 1 bytes. */
void hash_hex(const uint8_t *digest, size_t n, char *hex);
/* Reads 2 * n hexadecimal digits, either case; false when one of them is none. */
bool hash_unhex(const char *hex, size_t n, uint8_t *digest);

#endif
