/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/check-state.h"

#include <stdio.h>
#include <string.h>

/* One attribute: does it suit its type, do its runs lie on free clusters, do its sizes fit them? */

enum residence { EITHER, RESIDENT, NONRESIDENT };
enum { NAMED = 1, BASE_ONLY = 2, MAY_SHRINK = 4 /* sparse, compressed or encrypted */ };

/* What is allowed for each type.  Sizes are those of $AttrDef, where it has any. */
/* clang-format off */
static const struct rule {
    uint32_t type;
    const char *name;
    enum residence residence;
    unsigned may;
    uint64_t min, max;
} rules[] = {
    { NTFS_AT_STANDARD_INFORMATION,  "$STANDARD_INFORMATION",  RESIDENT,    BASE_ONLY, 48, 72 },
    { NTFS_AT_ATTRIBUTE_LIST,        "$ATTRIBUTE_LIST",        EITHER,      BASE_ONLY, 0, NTFS_ATTR_LIST_MAX },
    { NTFS_AT_FILE_NAME,             "$FILE_NAME",             RESIDENT,    0, 68, 578 },
    { NTFS_AT_OBJECT_ID,             "$OBJECT_ID",             RESIDENT,    0, 16, 256 },
    { NTFS_AT_SECURITY_DESCRIPTOR,   "$SECURITY_DESCRIPTOR",   EITHER,      0, 20, NTFS_SDS_BLOCK },
    { NTFS_AT_VOLUME_NAME,           "$VOLUME_NAME",           RESIDENT,    0, 0, 256 },
    { NTFS_AT_VOLUME_INFORMATION,    "$VOLUME_INFORMATION",    RESIDENT,    0, 12, 12 },
    { NTFS_AT_DATA,                  "$DATA",                  EITHER,      NAMED | MAY_SHRINK, 0, INT64_MAX },
    { NTFS_AT_INDEX_ROOT,            "$INDEX_ROOT",            RESIDENT,    NAMED, 48, NTFS_READ_RECORD_MAX },
    { NTFS_AT_INDEX_ALLOCATION,      "$INDEX_ALLOCATION",      NONRESIDENT, NAMED, 0, INT64_MAX },
    { NTFS_AT_BITMAP,                "$BITMAP",                EITHER,      NAMED, 0, INT64_MAX },
    { NTFS_AT_REPARSE_POINT,         "$REPARSE_POINT",         EITHER,      0, 8, NTFS_REPARSE_MAX },
    { NTFS_AT_EA_INFORMATION,        "$EA_INFORMATION",        RESIDENT,    0, 8, 8 },
    { NTFS_AT_EA,                    "$EA",                    EITHER,      0, 0, NTFS_EA_MAX },
    { NTFS_AT_LOGGED_UTILITY_STREAM, "$LOGGED_UTILITY_STREAM", EITHER,      NAMED | MAY_SHRINK, 0, NTFS_EA_MAX },
};
/* clang-format on */

static const struct rule *rule_of(uint32_t type)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        if (rules[i].type == type)
            return &rules[i];
    return NULL;
}

const char *ntfs_check_attr_name(const struct ntfs_attr *a, char *buf, size_t cap)
{
    const struct rule *rule = rule_of(a->type);
    int n =
        rule ? snprintf(buf, cap, "%s", rule->name) : snprintf(buf, cap, "attribute 0x%x", a->type);
    if (!a->name_len || n < 0 || (size_t)n + 4 >= cap)
        return buf;
    size_t at = (size_t)n;
    at += (size_t)snprintf(buf + at, cap - at, " '");
    for (unsigned i = 0; i < a->name_len && at + 2 < cap; i++) {
        uint16_t u = le16_at(a->name + i * 2);
        buf[at++] = u >= ' ' && u < 0x7f ? (char)u : '?';
    }
    snprintf(buf + at, cap - at, "'");
    return buf;
}

/* ---- Clusters --------------------------------------------------------------------------- */

/* Marks a run as used; returns the first cluster that was so before, or UINT64_MAX. */
static uint64_t mark(uint8_t *bits, uint64_t lcn, uint64_t n)
{
    uint64_t crossed = UINT64_MAX;
    for (uint64_t i = lcn; i < lcn + n;) {
        bool whole = i % 8 == 0 && lcn + n - i >= 8;
        uint8_t mask = (uint8_t)(whole ? 0xffu : 1u << i % 8);
        if ((bits[i / 8] & mask) && crossed == UINT64_MAX)
            crossed = i;
        bits[i / 8] |= mask;
        i += whole ? 8 : 1;
    }
    return crossed;
}

static void mark_run(struct check *c, const struct ntfs_attr *a, const struct ntfs_extent *x)
{
    char name[64];
    /* Each cluster is marked once on a good volume; so a volume whose every record claims all of
     * it does not take for ever. */
    c->clusters_marked += x->clusters;
    if (c->clusters_marked > 2 * c->vol->geom.clusters)
        return;
    uint64_t crossed = mark(c->cluster, x->lcn, x->clusters);
    if (crossed != UINT64_MAX)
        ntfs_check_problem(c, NTFS_P_CROSS_LINK, a->record,
                           "cluster %llu or one soon behind it, of %s", (unsigned long long)crossed,
                           ntfs_check_attr_name(a, name, sizeof name));
}

static bool is_bad_clusters(const struct ntfs_attr *a)
{
    return a->record == NTFS_REC_BADCLUS && a->type == NTFS_AT_DATA && ntfs_attr_named(a, "$Bad");
}

/* Decodes the runs of one piece, marks them, counts the real clusters; 1: damaged. */
static int check_runs(struct check *c, const struct ntfs_attr *a, uint64_t *ret_real,
                      struct wtg_err *err)
{
    struct ntfs_extents e = { 0 };
    struct ntfs_attr alone = *a; /* the pieces before it are looked at later */
    char name[64];
    alone.lowest_vcn = 0;
    int r = ntfs_check_soft(c, ntfs_extents_add(&e, &alone, c->vol->geom.clusters, err),
                            NTFS_P_RUNS, a->record, err);
    uint64_t real = 0;
    for (size_t i = 0; r == 0 && i < e.n; i++) {
        const struct ntfs_extent *x = &e.item[i], *before = i ? x - 1 : NULL;
        if (x->lcn == NTFS_HOLE) {
            if (!(a->flags & (NTFS_ATTR_SPARSE | NTFS_ATTR_COMPRESSED)) && !is_bad_clusters(a))
                ntfs_check_problem(c, NTFS_P_RUNS_HOLE, a->record, "%s at its cluster %llu",
                                   ntfs_check_attr_name(a, name, sizeof name),
                                   (unsigned long long)(a->lowest_vcn + x->vcn));
            continue;
        }
        if (before && before->lcn != NTFS_HOLE && before->lcn + before->clusters == x->lcn)
            ntfs_check_problem(c, NTFS_P_RUNS_SPLIT, a->record, "%s",
                               ntfs_check_attr_name(a, name, sizeof name));
        real += x->clusters;
        mark_run(c, a, x);
    }
    ntfs_extents_release(&e);
    *ret_real = real;
    return r;
}

/* ---- Sizes ------------------------------------------------------------------------------ */

static void size_problem(struct check *c, enum ntfs_problem_number p, const struct ntfs_attr *a,
                         const char *what, uint64_t found, uint64_t want)
{
    char name[64];
    ntfs_check_problem(c, p, a->record, "%s: %s %llu, %llu",
                       ntfs_check_attr_name(a, name, sizeof name), what, (unsigned long long)found,
                       (unsigned long long)want);
}

void ntfs_check_sizes(struct check *c, uint64_t record, const struct ntfs_attr *a, uint64_t mapped,
                      uint64_t real)
{
    uint64_t cluster = c->vol->geom.cluster_bytes, unit = cluster;
    bool holes = a->flags & (NTFS_ATTR_SPARSE | NTFS_ATTR_COMPRESSED);
    (void)record;
    if (a->allocated != mapped * cluster)
        size_problem(c, NTFS_P_SIZE_ALLOCATED, a, "allocated and mapped", a->allocated,
                     mapped * cluster);
    if (holes && a->total_allocated != real * cluster)
        size_problem(c, NTFS_P_SIZE_TOTAL, a, "total allocated and taken", a->total_allocated,
                     real * cluster);
    if (a->data_size > a->allocated)
        size_problem(c, NTFS_P_SIZE_DATA, a, "size and allocated", a->data_size, a->allocated);
    if (a->initialized > a->data_size)
        size_problem(c, NTFS_P_SIZE_INITIALIZED, a, "initialized and size", a->initialized,
                     a->data_size);
    if (holes && a->compression_unit < 8)
        unit = cluster << a->compression_unit;
    if (a->allocated > a->data_size && a->allocated - a->data_size >= unit)
        size_problem(c, NTFS_P_SIZE_SLACK, a, "allocated and size", a->allocated, a->data_size);
    if (holes ? a->compression_unit > NTFS_SPARSE_UNIT_LOG : a->compression_unit)
        size_problem(c, NTFS_P_ATTR_FLAGS, a, "compression unit and flags", a->compression_unit,
                     a->flags);
}

/* ---- Form ------------------------------------------------------------------------------- */

/* Where the parts of an attribute stand when nobody wastes room. */
static void check_layout(struct check *c, const struct ntfs_attr *a)
{
    char name[64];
    uint64_t head = sizeof(struct ntfs_attr_resident_disk);
    const uint8_t *body = a->nonresident ? a->pairs.p : a->value.p;
    /* Only the first piece of a stream tells how much of it is really taken. */
    bool total = a->lowest_vcn == 0 && (a->flags & (NTFS_ATTR_SPARSE | NTFS_ATTR_COMPRESSED));
    if (a->nonresident)
        head = total ? NTFS_NONRESIDENT_SPARSE_HEADER : NTFS_NONRESIDENT_HEADER;
    uint64_t body_at = round_up(head + a->name_len * 2u, 8);
    if ((a->name_len && a->name != a->whole.p + head) || body != a->whole.p + body_at)
        ntfs_check_problem(c, NTFS_P_ATTR_DETAIL, a->record, "%s: name or value stand elsewhere",
                           ntfs_check_attr_name(a, name, sizeof name));
    if (!a->nonresident && a->length != round_up(body_at + a->value.n, 8))
        ntfs_check_problem(c, NTFS_P_ATTR_DETAIL, a->record, "%s: %u bytes for a value of %zu",
                           ntfs_check_attr_name(a, name, sizeof name), a->length, a->value.n);
    if (!a->nonresident && a->indexed != (a->type == NTFS_AT_FILE_NAME))
        ntfs_check_problem(c, NTFS_P_ATTR_DETAIL, a->record, "%s: indexed is %u",
                           ntfs_check_attr_name(a, name, sizeof name), a->indexed);
}

static void check_flags(struct check *c, const struct ntfs_attr *a, const struct rule *rule)
{
    char name[64];
    uint16_t may = 0;
    if (rule->may & MAY_SHRINK)
        may = NTFS_ATTR_COMPRESSED | NTFS_ATTR_SPARSE | NTFS_ATTR_ENCRYPTED;
    /* Compressed directories hand the flag down from their root to new files. */
    if (!a->nonresident && c->opts->strict)
        may = 0;
    if (a->type == NTFS_AT_INDEX_ROOT)
        may = NTFS_ATTR_COMPRESSED;
    if (a->flags & ~may)
        ntfs_check_problem(c, NTFS_P_ATTR_FLAGS, a->record, "%s: 0x%x",
                           ntfs_check_attr_name(a, name, sizeof name), a->flags);
}

static void check_rule(struct check *c, const struct ntfs_attr *a, uint64_t base,
                       const struct rule *rule)
{
    char name[64];
    uint64_t size = a->nonresident ? a->data_size : a->value.n;
    if (rule->residence != EITHER && a->nonresident != (rule->residence == NONRESIDENT))
        ntfs_check_problem(c, NTFS_P_ATTR_RESIDENCE, a->record, "%s is %sresident", rule->name,
                           a->nonresident ? "not " : "");
    if ((rule->may & BASE_ONLY) && a->record != base)
        ntfs_check_problem(c, NTFS_P_ATTR_RESIDENCE, a->record, "%s stands in an extension record",
                           rule->name);
    if (a->lowest_vcn == 0 && (size < rule->min || size > rule->max))
        ntfs_check_problem(c, NTFS_P_ATTR_SIZE, a->record, "%s has %llu bytes",
                           ntfs_check_attr_name(a, name, sizeof name), (unsigned long long)size);
    if (a->name_len && !(rule->may & NAMED))
        ntfs_check_problem(c, NTFS_P_ATTR_DETAIL, a->record, "%s has a name",
                           ntfs_check_attr_name(a, name, sizeof name));
    check_flags(c, a, rule);
    check_layout(c, a);
}

static int keep_piece(struct check *c, const struct ntfs_attr *a, uint64_t base, uint64_t real,
                      struct wtg_err *err)
{
    int r = mem_grow(&c->piece, &c->pieces_cap, c->npieces, sizeof *c->piece, err);
    if (r < 0)
        return r;
    struct check_piece p = { .base = base, .attr = *a, .real = real };
    p.attr.value = p.attr.pairs = p.attr.whole = (struct wtg_span){ NULL, 0 };
    p.attr.name = arena_dup(&c->arena, a->name, a->name_len * 2u, err);
    if (!p.attr.name)
        return WTG_E_NOMEM;
    c->piece[c->npieces++] = p;
    return 0;
}

int ntfs_check_attr(struct check *c, const struct ntfs_attr *a, uint64_t base, bool many,
                    struct wtg_err *err)
{
    const struct rule *rule = rule_of(a->type);
    uint64_t real = 0;
    int r = 0;
    if (rule)
        check_rule(c, a, base, rule);
    else
        ntfs_check_problem(c, NTFS_P_ATTR_TYPE, a->record, "0x%x at byte %u", a->type, a->offset);
    if (a->nonresident)
        r = check_runs(c, a, &real, err);
    if (r == 0 && a->nonresident && !many) {
        if (a->lowest_vcn)
            ntfs_check_problem(c, NTFS_P_STREAM_GAP, a->record,
                               "attribute 0x%x begins at its cluster %llu", a->type,
                               (unsigned long long)a->lowest_vcn);
        else
            ntfs_check_sizes(c, a->record, a, a->clusters, real);
    }
    if (r >= 0 && many)
        r = keep_piece(c, a, base, real, err);
    return r < 0 ? r : ntfs_check_value(c, a, base, err);
}
