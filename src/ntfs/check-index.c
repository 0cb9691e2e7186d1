/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/check-state.h"

#include <string.h>

/* Walks an index in the order of its keys, and proves that it is a B-tree: every block reached
 * once, and marked so in the bitmap; every key above the one before, wherever that stood; all
 * leaves equally deep.  Rising keys over the whole walk are what the rule for separators comes to:
 * below an entry stand the keys before it, and behind the one before. */

/* Each level has at least twice the blocks of the one above; volumes have fewer clusters. */
enum { MAX_DEPTH = 32, MAX_KEY = 65535 };

struct walk {
    struct check *c;
    uint64_t record;
    const struct check_index_kind *kind;
    void *user;
    struct ntfs_stream blocks;
    uint64_t nblocks;
    uint32_t vcn_bytes;
    uint8_t *bitmap, *visited;
    size_t bitmap_n;
    uint8_t *buf[MAX_DEPTH]; /* a block per level, made when it is needed */
    uint8_t *before;         /* the key before this one */
    size_t before_n;
    bool any;
    int leaf_depth; /* -1: not known yet */
};

static int walk_node(struct walk *w, struct wtg_span node, int depth, struct wtg_err *err);

static void problem(struct walk *w, enum ntfs_problem_number p, const char *what, uint64_t n)
{
    ntfs_check_problem(w->c, p, w->record, "%s: %s %llu", w->kind->name, what,
                       (unsigned long long)n);
}

/* Reads and fixes up the block at a VCN; *ret_node is from its index header on.  1: damaged. */
static int read_block(struct walk *w, uint64_t vcn, int depth, struct wtg_span *ret_node,
                      struct wtg_err *err)
{
    uint32_t bytes = w->c->vol->geom.block_bytes;
    uint64_t at, i;
    if (MUL_OVERFLOW(vcn, w->vcn_bytes, &at) || at % bytes || at / bytes >= w->nblocks) {
        problem(w, NTFS_P_INDEX, "there is no block at VCN", vcn);
        return 1;
    }
    i = at / bytes;
    if (ntfs_check_bit(w->visited, i)) {
        problem(w, NTFS_P_INDEX_CYCLE, "VCN", vcn);
        return 1;
    }
    w->visited[i / 8] |= (uint8_t)(1u << i % 8);
    if (i / 8 >= w->bitmap_n || !ntfs_check_bit(w->bitmap, i))
        problem(w, NTFS_P_INDEX_BITMAP, "a block in use is marked free, VCN", vcn);
    if (!w->buf[depth] && !(w->buf[depth] = malloc(bytes)))
        return wtg_fail_nomem(err);
    int r = ntfs_stream_read(w->c->vol->blk, w->c->vol->geom.cluster_bytes, &w->blocks, at,
                             w->buf[depth], bytes, err);
    if (r == 0)
        r = ntfs_fixup(w->buf[depth], bytes, NTFS_MAGIC_INDX, err);
    r = ntfs_check_soft(w->c, r, NTFS_P_INDEX_BLOCK, w->record, err);
    if (r != 0)
        return r;
    const struct ntfs_index_block_disk *d = (const void *)w->buf[depth];
    if (get_le64(d->vcn) != vcn)
        problem(w, NTFS_P_INDEX_BLOCK, "a block has the VCN of another, it says", get_le64(d->vcn));
    *ret_node = (struct wtg_span){ w->buf[depth] + NTFS_BLOCK_HEADER_OFFSET,
                                   bytes - NTFS_BLOCK_HEADER_OFFSET };
    if (get_le32(d->header.bytes_allocated) != ret_node->n)
        problem(w, NTFS_P_INDEX_DETAIL, "allocated in a block",
                get_le32(d->header.bytes_allocated));
    return 0;
}

static int descend(struct walk *w, uint64_t vcn, int depth, struct wtg_err *err)
{
    struct wtg_span node;
    if (depth >= MAX_DEPTH) {
        problem(w, NTFS_P_INDEX, "the tree is deeper than", MAX_DEPTH);
        return 0;
    }
    int r = read_block(w, vcn, depth, &node, err);
    if (r != 0)
        return r < 0 ? r : 0;
    return walk_node(w, node, depth, err);
}

static int look_at_key(struct walk *w, const struct check_entry *e, struct wtg_err *err)
{
    struct wtg_span before = { w->before, w->before_n };
    /* How Windows sorts SIDs is not known for sure; ours are sorted as bytes. */
    bool known = w->kind->collation != NTFS_COLLATE_SID || w->c->opts->strict;
    if (w->any && known && ntfs_check_collate(w->c, w->kind->collation, before, e->key) >= 0)
        ntfs_check_problem(w->c, NTFS_P_INDEX_ORDER, w->record,
                           "%s: a key of %zu bytes does not belong behind the one before",
                           w->kind->name, e->key.n);
    memcpy(w->before, e->key.p, e->key.n);
    w->before_n = e->key.n;
    w->any = true;
    return w->kind->entry(w->c, w->record, e, w->user, err);
}

/* The parts of an entry of this length; false: they do not fit it. */
static bool parse_entry(const struct walk *w, struct wtg_span s, struct check_entry *ret)
{
    const struct ntfs_index_entry_disk *d = (const void *)s.p;
    uint32_t room = (uint32_t)s.n - (get_le16(d->flags) & NTFS_ENTRY_CHILD ? 8 : 0);
    struct wtg_span body = span_sub(s, 0, room);
    *ret = (struct check_entry){ .disk = d };
    if (!body.p || body.n < sizeof *d)
        return false;
    if (get_le16(d->flags) & NTFS_ENTRY_END)
        return true;
    ret->key = span_sub(body, sizeof *d, get_le16(d->key_length));
    if (!ret->key.p || !ret->key.n)
        return false;
    if (w->kind->indexed_type) {
        ret->ref = get_le64(d->u.ref);
        return true;
    }
    uint32_t at = get_le16(d->u.view.data_offset), n = get_le16(d->u.view.data_length);
    ret->data = span_sub(body, at, n);
    return n == 0 || (ret->data.p && at >= sizeof *d + ret->key.n);
}

/* The entry at `at` of a node, *ret_n bytes long; false: damaged. */
static bool next_entry(const struct walk *w, struct wtg_span used, uint32_t at,
                       struct check_entry *ret, uint32_t *ret_n)
{
    const struct ntfs_index_entry_disk *d = span_at(used, at, sizeof *d);
    uint32_t n = d ? get_le16(d->length) : 0;
    struct wtg_span s = span_sub(used, at, n);
    if (!s.p || n < sizeof *d || n % 8)
        return false;
    *ret_n = n;
    return parse_entry(w, s, ret);
}

static int walk_entries(struct walk *w, struct wtg_span used, uint32_t at, bool inner, int depth,
                        struct wtg_err *err)
{
    struct check_entry e;
    uint32_t n, count = 0;
    for (;; at += n, count++) {
        if (!next_entry(w, used, at, &e, &n)) {
            problem(w, NTFS_P_INDEX, "an entry is damaged, in a node at byte", at);
            return 0;
        }
        uint16_t flags = get_le16(e.disk->flags);
        if (!!(flags & NTFS_ENTRY_CHILD) != inner) {
            problem(w, NTFS_P_INDEX, "a leaf has children or an inner node an entry without, byte",
                    at);
            return 0;
        }
        int r = inner ? descend(w, le64_at(used.p + at + n - 8), depth + 1, err) : 0;
        if (r == 0 && !(flags & NTFS_ENTRY_END))
            r = look_at_key(w, &e, err);
        if (r < 0)
            return r;
        if (flags & NTFS_ENTRY_END)
            break;
    }
    if (at + n != used.n)
        problem(w, NTFS_P_INDEX,
                "the END entry is not the last; bytes behind it:", used.n - at - n);
    if (!count && depth && !inner)
        problem(w, NTFS_P_INDEX_EMPTY, "depth", (unsigned)depth);
    return 0;
}

static int walk_node(struct walk *w, struct wtg_span node, int depth, struct wtg_err *err)
{
    const struct ntfs_index_header_disk *h = span_at(node, 0, sizeof *h);
    uint32_t first = h ? get_le32(h->entries_offset) : 0, n = h ? get_le32(h->bytes_used) : 0;
    struct check_entry e;
    if (!h || first < sizeof *h || first % 8 || n > node.n || n < first ||
        n > get_le32(h->bytes_allocated) || get_le32(h->bytes_allocated) > node.n) {
        problem(w, NTFS_P_INDEX, "the header of a node is wrong, bytes in use", n);
        return 0;
    }
    struct wtg_span used = { node.p, n };
    uint32_t entry_n;
    if (!next_entry(w, used, first, &e, &entry_n)) {
        problem(w, NTFS_P_INDEX, "the first entry of a node is damaged, at byte", first);
        return 0;
    }
    bool inner = get_le16(e.disk->flags) & NTFS_ENTRY_CHILD;
    if (inner != !!(h->flags & NTFS_INDEX_HAS_CHILDREN))
        problem(w, depth ? NTFS_P_INDEX : NTFS_P_INDEX_DETAIL,
                "the flags of a node do not fit its entries:", h->flags);
    if (!inner && w->leaf_depth < 0)
        w->leaf_depth = depth;
    if (!inner && w->leaf_depth != depth)
        problem(w, NTFS_P_INDEX_DEPTH, "a leaf at depth", (unsigned)depth);
    return walk_entries(w, used, first, inner, depth, err);
}

/* Blocks that the bitmap calls used and nobody reached. */
static void compare_bitmap(struct walk *w)
{
    for (uint64_t i = 0; i < w->bitmap_n * 8; i++) {
        if (!w->bitmap[i / 8]) {
            i |= 7;
            continue;
        }
        if (!ntfs_check_bit(w->bitmap, i) || (i < w->nblocks && ntfs_check_bit(w->visited, i)))
            continue;
        problem(w, NTFS_P_INDEX_BITMAP, "a block nobody points to is marked as used, number", i);
        return;
    }
}

/* Opens $INDEX_ALLOCATION and $BITMAP; without them the root is all there is.  1: damaged. */
static int open_blocks(struct walk *w, const struct ntfs_file *f, bool wanted, struct wtg_err *err)
{
    struct check *c = w->c;
    const struct ntfs_geom *g = &c->vol->geom;
    const struct ntfs_attr *a = ntfs_file_find(f, NTFS_AT_INDEX_ALLOCATION, w->kind->name);
    const struct ntfs_attr *b = ntfs_file_find(f, NTFS_AT_BITMAP, w->kind->name);
    if (!a != !b || (wanted && !a)) {
        problem(w, NTFS_P_INDEX_HEAD, "$INDEX_ALLOCATION and $BITMAP must be there both or not",
                (a ? 1u : 0u) + (b ? 2u : 0u));
        return 1;
    }
    if (!a)
        return 0;
    if (!wanted)
        problem(w, NTFS_P_INDEX_DETAIL, "an unused $INDEX_ALLOCATION of bytes", a->data_size);
    int r = ntfs_check_soft(c, ntfs_stream_open(c->vol, f, a, &w->blocks, err), NTFS_P_INDEX,
                            w->record, err);
    if (r != 0)
        return r;
    w->nblocks = w->blocks.size_bytes / g->block_bytes;
    c->index_blocks += w->nblocks;
    /* All indexes together fit the volume; that bounds what hostile ones can cost. */
    if (c->index_blocks > g->clusters * g->cluster_bytes / g->block_bytes) {
        problem(w, NTFS_P_INDEX, "more blocks than the volume has room for:", w->nblocks);
        return 1;
    }
    if (w->blocks.size_bytes % g->block_bytes || w->blocks.initialized != w->blocks.size_bytes)
        problem(w, NTFS_P_INDEX_DETAIL, "its size is no number of blocks:", w->blocks.size_bytes);
    r = ntfs_check_slurp(c, f, NTFS_AT_BITMAP, w->kind->name, (size_t)(w->nblocks / 8 + 64 * 1024),
                         NTFS_P_INDEX, &w->bitmap, &w->bitmap_n, err);
    if (r == 0 && !(w->visited = mem_zeroed((size_t)(w->nblocks / 8 + 1), 1, err)))
        r = WTG_E_NOMEM;
    return r;
}

static int check_root(struct walk *w, const struct ntfs_file *f, struct wtg_span value,
                      struct wtg_err *err)
{
    const struct ntfs_geom *g = &w->c->vol->geom;
    const struct ntfs_index_root_disk *d = span_at(value, 0, sizeof *d);
    if (!d) {
        problem(w, NTFS_P_INDEX, "the root is too small, bytes:", value.n);
        return 0;
    }
    uint32_t unit = g->cluster_bytes <= g->block_bytes ? g->cluster_bytes : NTFS_STRIDE_BYTES;
    if (get_le32(d->indexed_type) != w->kind->indexed_type ||
        get_le32(d->collation) != w->kind->collation)
        problem(w, NTFS_P_INDEX_HEAD, "indexed attribute and collation are not those, found rule",
                get_le32(d->collation));
    if (get_le32(d->block_bytes) != g->block_bytes) {
        problem(w, NTFS_P_INDEX_HEAD, "blocks of bytes", get_le32(d->block_bytes));
        return 0;
    }
    if (d->block_clusters != g->block_bytes / unit)
        problem(w, NTFS_P_INDEX_HEAD, "blocks of clusters", d->block_clusters);
    struct wtg_span node = span_sub(value, offsetof(struct ntfs_index_root_disk, header),
                                    value.n - offsetof(struct ntfs_index_root_disk, header));
    if (get_le32(d->header.bytes_used) != get_le32(d->header.bytes_allocated) ||
        get_le32(d->header.bytes_used) != node.n)
        problem(w, NTFS_P_INDEX_DETAIL, "bytes in use of the root", get_le32(d->header.bytes_used));
    w->vcn_bytes = unit;
    int r = open_blocks(w, f, d->header.flags & NTFS_INDEX_HAS_CHILDREN, err);
    if (r == 0)
        r = walk_node(w, node, 0, err);
    if (r == 0)
        compare_bitmap(w);
    return r < 0 ? r : 0;
}

int ntfs_check_index(struct check *c, const struct ntfs_file *f,
                     const struct check_index_kind *kind, void *user, struct wtg_err *err)
{
    struct walk w = { .c = c, .record = f->record, .kind = kind, .user = user, .leaf_depth = -1 };
    const struct ntfs_attr *root = ntfs_file_find(f, NTFS_AT_INDEX_ROOT, kind->name);
    if (!root || root->nonresident) {
        problem(&w, NTFS_P_INDEX, "there is no index root in record", f->record);
        return 0;
    }
    w.before = malloc(MAX_KEY);
    int r = w.before ? check_root(&w, f, root->value, err) : wtg_fail_nomem(err);
    free(w.before);
    free(w.bitmap);
    free(w.visited);
    for (size_t i = 0; i < MAX_DEPTH; i++)
        free(w.buf[i]);
    ntfs_stream_release(&w.blocks);
    return r;
}
