/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <xxhash.h>

#include "base/mem.h"

struct hash {
    EVP_MD_CTX *ctx;
    const EVP_MD *md;
};

/* clang-format off */
static const struct {
    const char *name;
    size_t bytes;
    const EVP_MD *(*md)(void);
} kinds[HASH_KINDS] = {
    [HASH_SHA1]   = { "SHA-1",   SHA1_BYTES,   EVP_sha1 },
    [HASH_SHA256] = { "SHA-256", SHA256_BYTES, EVP_sha256 },
    [HASH_SHA512] = { "SHA-512", SHA512_BYTES, EVP_sha512 },
    [HASH_MD5]    = { "MD5",     MD5_BYTES,    EVP_md5 },
};
/* clang-format on */

size_t hash_bytes(enum hash_kind kind)
{
    return kinds[kind].bytes;
}

const char *hash_name(enum hash_kind kind)
{
    return kinds[kind].name;
}

int hash_new(enum hash_kind kind, struct hash **ret, struct wtg_err *err)
{
    struct hash *h = mem_zeroed(1, sizeof *h, err);
    if (!h)
        return err->code;
    h->md = kinds[kind].md();
    h->ctx = EVP_MD_CTX_new();
    if (!h->ctx || EVP_DigestInit_ex(h->ctx, h->md, NULL) != 1) {
        hash_free(h);
        return wtg_fail_nomem(err);
    }
    *ret = h;
    return 0;
}

void hash_reset(struct hash *h)
{
    EVP_DigestInit_ex(h->ctx, NULL, NULL);
}

void hash_add(struct hash *h, const void *p, size_t n)
{
    EVP_DigestUpdate(h->ctx, p, n);
}

void hash_end(struct hash *h, uint8_t *digest)
{
    EVP_DigestFinal_ex(h->ctx, digest, NULL);
}

void hash_free(struct hash *h)
{
    if (h)
        EVP_MD_CTX_free(h->ctx);
    free(h);
}

void hash_sha1(const void *p, size_t n, uint8_t digest[SHA1_BYTES])
{
    SHA1(p, n, digest);
}

void hash_sha256(const void *p, size_t n, uint8_t digest[SHA256_BYTES])
{
    SHA256(p, n, digest);
}

uint64_t hash_quick(const void *p, size_t n)
{
    return XXH3_64bits(p, n);
}

void hash_hex(const uint8_t *digest, size_t n, char *hex)
{
    static const char digit[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        hex[2 * i] = digit[digest[i] >> 4];
        hex[2 * i + 1] = digit[digest[i] & 15];
    }
    hex[2 * n] = '\0';
}

static int digit_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

bool hash_unhex(const char *hex, size_t n, uint8_t *digest)
{
    for (size_t i = 0; i < n; i++) {
        int hi = digit_value(hex[2 * i]), lo = hi < 0 ? -1 : digit_value(hex[2 * i + 1]);
        if (lo < 0)
            return false;
        digest[i] = (uint8_t)((unsigned)hi << 4 | (unsigned)lo);
    }
    return true;
}
