/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tree/sd.h"

#include <string.h>

#include "base/hash.h"
#include "base/le.h"
#include "tree/tree.h"

enum {
    SD_HEADER_BYTES = 20, /* revision, pad, control u16, offsets of owner, group, SACL, DACL */
    SD_SACL_PRESENT = 0x0010,
    SD_DACL_PRESENT = 0x0004,
    SD_SELF_RELATIVE = 0x8000,
};

/* 0 stands for "none". */
static bool sid_valid(struct wtg_span sd, uint32_t off)
{
    if (off == 0)
        return true;
    const uint8_t *head = span_at(sd, off, 8); /* revision, count of sub-authorities, authority */
    return head && head[0] == 1 && head[1] <= 15 && span_at(sd, off, 8 + 4 * (uint64_t)head[1]);
}

static bool acl_valid(struct wtg_span sd, uint32_t off)
{
    if (off == 0)
        return true;
    const uint8_t *head = span_at(sd, off, 8); /* revision, pad, size u16, count u16, pad */
    if (!head)
        return false;
    struct wtg_span acl = span_sub(sd, off, le16_at(head + 2));
    uint64_t at = 8;
    for (unsigned i = 0; i < le16_at(head + 4); i++) {
        const uint8_t *ace = span_at(acl, at, 4); /* type, flags, size u16 */
        if (!ace || le16_at(ace + 2) < 4 || !span_at(acl, at, le16_at(ace + 2)))
            return false;
        at += le16_at(ace + 2);
    }
    return acl.p != NULL;
}

bool sd_valid(struct wtg_span sd)
{
    const uint8_t *h = span_at(sd, 0, SD_HEADER_BYTES);
    if (!h || h[0] != 1 || sd.n > SD_MAX_BYTES)
        return false;
    unsigned control = le16_at(h + 2);
    return (control & SD_SELF_RELATIVE) && sid_valid(sd, le32_at(h + 4)) &&
           sid_valid(sd, le32_at(h + 8)) &&
           (!(control & SD_SACL_PRESENT) || acl_valid(sd, le32_at(h + 12))) &&
           (!(control & SD_DACL_PRESENT) || acl_valid(sd, le32_at(h + 16)));
}

/* From bytes to the one shared copy: open addressing over a 64-bit hash of the bytes. */

struct sd_index {
    size_t nslots; /* a power of two */
    struct tree_sd *slot[];
};

static uint64_t sd_hash(const void *bytes, size_t n)
{
    uint8_t d[SHA1_BYTES];
    hash_sha1(bytes, n, d);
    return le64_at(d);
}

static struct tree_sd **slot_of(struct sd_index *x, const void *bytes, size_t n)
{
    for (size_t i = (size_t)sd_hash(bytes, n);; i++) {
        struct tree_sd **s = &x->slot[i & (x->nslots - 1)];
        if (!*s || ((*s)->size_bytes == n && memcmp((*s)->bytes, bytes, n) == 0))
            return s;
    }
}

/* Makes room so that at least half of the slots are free. */
static int index_grow(struct tree *t, struct wtg_err *err)
{
    struct sd_index *old = t->sd_index;
    if (old && t->nsds < old->nslots / 2)
        return 0;
    size_t nslots = old ? old->nslots * 2 : 256;
    struct sd_index *x = mem_zeroed(1, sizeof *x + nslots * sizeof x->slot[0], err);
    if (!x)
        return err->code;
    x->nslots = nslots;
    for (size_t i = 0; i < t->nsds; i++)
        *slot_of(x, t->sd[i]->bytes, t->sd[i]->size_bytes) = t->sd[i];
    free(old);
    t->sd_index = x;
    return 0;
}

int tree_share_sd(struct tree *t, const void *bytes, size_t n, const struct tree_sd **ret,
                  struct wtg_err *err)
{
    if (!sd_valid((struct wtg_span){ bytes, n }))
        return wtg_fail(err, WTG_E_IMAGE_DAMAGED,
                        "%zu bytes are not a self-relative security descriptor", n);
    int r = index_grow(t, err);
    if (r < 0)
        return r;
    struct tree_sd **slot = slot_of(t->sd_index, bytes, n);
    if (!*slot) {
        if (mem_grow(&t->sd, &t->sds_cap, t->nsds, sizeof *t->sd, err) < 0)
            return err->code;
        struct tree_sd *sd = arena_alloc(&t->arena, sizeof *sd, err);
        if (!sd || !(sd->bytes = arena_dup(&t->arena, bytes, n, err)))
            return err->code;
        sd->size_bytes = (uint32_t)n;
        sd->id = (uint32_t)t->nsds;
        t->sd[t->nsds++] = *slot = sd;
    }
    *ret = *slot;
    return 0;
}
