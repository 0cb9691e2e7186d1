/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sign/pe.h"
#include "sign/room.h"

#include "base/mem.h"
#include "sign/pe-disk.h"

bool indirect_read(struct wtg_span content, struct indirect *ret)
{
    struct wtg_span data, message, algorithm, oid, digest;
    const int nid_of[] = { NID_sha256, NID_sha1, NID_sha384, NID_sha512 };

    /* data: what kind of file it is; not needed to compare a hash */
    if (!der_take(&content, V_ASN1_SEQUENCE, &data) ||
        !der_take(&content, V_ASN1_SEQUENCE, &message) ||
        !der_take(&message, V_ASN1_SEQUENCE, &algorithm) ||
        !der_take(&algorithm, V_ASN1_OBJECT, &oid) ||
        !der_take(&message, V_ASN1_OCTET_STRING, &digest))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(nid_of); i++) {
        const ASN1_OBJECT *o = OBJ_nid2obj(nid_of[i]);
        const EVP_MD *md = EVP_get_digestbynid(nid_of[i]);
        if (OBJ_length(o) == oid.n && memcmp(OBJ_get0_data(o), oid.p, oid.n) == 0 && md &&
            (size_t)EVP_MD_get_size(md) == digest.n) {
            *ret = (struct indirect){ md, digest };
            return true;
        }
    }
    return false;
}

/* Everything but the checksum, the place of the signatures and the signatures themselves, in the
 * order of the file.  Microsoft's description hashes section by section in that order; where the
 * two could differ (bytes that belong to no section), this one leaves nothing out. */
int sign_digest(struct wtg_span file, const struct pe *pe, const EVP_MD *md,
                uint8_t digest[EVP_MAX_MD_SIZE], struct wtg_err *err)
{
    static const uint8_t padding[8] = { 0 };
    struct {
        uint64_t at, bytes;
    } hole[3] = { { 0, 0 } };
    size_t nholes = 0;
    uint64_t at = 0;

    if (pe) {
        hole[nholes].at = pe->checksum_at;
        hole[nholes++].bytes = sizeof(le32);
        if (pe->cert_entry_at) {
            hole[nholes].at = pe->cert_entry_at;
            hole[nholes++].bytes = sizeof(struct pe_dir_disk);
        }
        if (pe->certificates.n) {
            hole[nholes].at = (uint64_t)(pe->certificates.p - file.p);
            hole[nholes++].bytes = pe->certificates.n;
        }
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex(ctx, md, NULL) == 1;
    for (size_t i = 0; i < nholes && ok; i++) {
        struct wtg_span part = span_sub(file, at, hole[i].at - at);
        ok = EVP_DigestUpdate(ctx, part.p, part.n) == 1;
        at = hole[i].at + hole[i].bytes;
    }
    struct wtg_span rest = span_sub(file, at, file.n - at);
    ok = ok && EVP_DigestUpdate(ctx, rest.p, rest.n) == 1;
    /* Signers pad a program before they hash it, so that their table begins at a multiple of 8. */
    if (ok && pe && !pe->certificates.n && file.n % 8)
        ok = EVP_DigestUpdate(ctx, padding, 8 - file.n % 8) == 1;
    ok = ok && EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return ok ? 0 : wtg_fail_nomem(err);
}
