/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_SIGN_DER_H
#define WTG_SIGN_DER_H

#include <stdbool.h>

#include <openssl/asn1.h>

#include "base/span.h"
#include "wtg/error.h"

/* Walks through DER, for the structures that libcrypto has no type for.  Indefinite lengths (BER)
 * are refused: what is signed is DER. */

struct der {
    int tag, class; /* V_ASN1_* */
    struct wtg_span body, whole;
};
/* Takes the next element off `rest`; false at the end and where there is no DER. */
bool der_next(struct wtg_span *rest, struct der *ret) WTG_MUST_USE;
/* Takes the next one, which must be of this universal type. */
bool der_take(struct wtg_span *rest, int tag, struct wtg_span *ret_body) WTG_MUST_USE;
/* Is the next one of this universal type?  Takes nothing. */
bool der_is(struct wtg_span rest, int tag);

/* Object identifiers of Microsoft, as they stand in DER: all begin with 1.3.6.1.4.1.311. */
struct oid {
    uint8_t n, b[10];
};
#define MS_OID(n_, ...)                                                                            \
    {                                                                                              \
        7 + (n_),                                                                                  \
        {                                                                                          \
            0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, __VA_ARGS__                                  \
        }                                                                                          \
    }
static const struct oid oid_indirect_data = MS_OID(3, 2, 1, 4); /* SPC_INDIRECT_DATA */
static const struct oid oid_nested = MS_OID(3, 2, 4, 1);        /* SPC_NESTED_SIGNATURE */
static const struct oid oid_stamp = MS_OID(3, 3, 3, 1);         /* SPC_RFC3161 */
static const struct oid oid_trust_list = MS_OID(2, 10, 1);      /* szOID_CTL */
static const struct oid oid_lifetime = MS_OID(3, 10, 3, 13);    /* lifetime signing */
static const struct oid oid_catalog = MS_OID(3, 12, 1, 1);      /* szOID_CATALOG_LIST */
bool oid_is(const struct oid *oid, struct wtg_span body);
bool oid_is_object(const struct oid *oid, const ASN1_OBJECT *o);

#endif
