/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sign/der.h"

#include <limits.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>

bool der_next(struct wtg_span *rest, struct der *ret)
{
    const unsigned char *p = rest->p;
    long n = 0;

    if (rest->n == 0 || rest->n > LONG_MAX)
        return false;
    int flags = ASN1_get_object(&p, &n, &ret->tag, &ret->class, (long)rest->n);
    if (flags & 0x81) { /* not DER, or longer than the rest; or of indefinite length */
        ERR_clear_error();
        return false;
    }
    const size_t head = (size_t)(p - rest->p), all = head + (size_t)n;
    ret->body = span_sub(*rest, head, (size_t)n);
    ret->whole = span_sub(*rest, 0, all);
    *rest = span_sub(*rest, all, rest->n - all);
    return ret->whole.p != NULL;
}

bool der_take(struct wtg_span *rest, int tag, struct wtg_span *ret_body)
{
    struct der d;

    if (!der_next(rest, &d) || d.class != V_ASN1_UNIVERSAL || d.tag != tag)
        return false;
    *ret_body = d.body;
    return true;
}

bool der_is(struct wtg_span rest, int tag)
{
    struct wtg_span body;
    return der_take(&rest, tag, &body);
}

bool oid_is(const struct oid *oid, struct wtg_span body)
{
    return body.n == oid->n && memcmp(body.p, oid->b, oid->n) == 0;
}

bool oid_is_object(const struct oid *oid, const ASN1_OBJECT *o)
{
    return oid_is(oid, (struct wtg_span){ OBJ_get0_data(o), OBJ_length(o) });
}
