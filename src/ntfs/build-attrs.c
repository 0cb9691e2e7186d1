/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/build-priv.h"

#include "tree/names.h"

/* The attributes of a file: what is in them and in which order.  The same function collects them
 * for planning, when nothing has a place yet, and for writing. */

uint32_t file_attributes(const struct build_file *f)
{
    uint32_t a = f->node->attributes;
    if (f->system && f->node->mark != SYSTEM_ROOT)
        return a & ~(uint32_t)ATTR_DIRECTORY;
    a &= ~(uint32_t)(ATTR_DIRECTORY | ATTR_NORMAL | ATTR_ENCRYPTED) &
         ~(NTFS_FN_DIRECTORY | NTFS_FN_VIEW_INDEX);
    /* Content is stored plain; on a directory the mark only says what new files shall be. */
    return a & ~(uint32_t)(file_is_directory(f) ? ATTR_SPARSE : ATTR_COMPRESSED);
}

uint64_t place_clusters(const struct place *p)
{
    uint64_t clusters = div_up(place_bytes(p), CLUSTER), stored = 0;
    if (p->sparse)
        clusters = round_up(clusters, SPARSE_UNIT_CLUSTERS);
    if (!p->run)
        return clusters;
    for (uint32_t i = 0; i < p->nruns; i++)
        if (p->run[i].lcn != RUN_HOLE)
            stored += p->run[i].clusters;
    return stored;
}

void file_sizes(const struct ntfs_build *b, const struct build_file *f, uint64_t *ret_size,
                uint64_t *ret_allocated)
{
    *ret_size = *ret_allocated = 0;
    if (f->system) {
        enum area_id id = system_data_area(f->system);
        if (id == AREAS)
            return;
        *ret_size = b->area[id].bytes;
        *ret_allocated = b->area[id].clusters * CLUSTER;
    } else if (!file_is_directory(f)) {
        const struct place *p = &b->place[f->place];
        *ret_size = place_bytes(p);
        *ret_allocated = p->outside ? place_clusters(p) * CLUSTER : round_up(*ret_size, 8);
    }
}

/* ---- Extended attributes ---- */

static uint32_t ea_bytes(const struct tree_ea *ea)
{
    return (uint32_t)round_up(sizeof(struct ntfs_ea_disk) + ea->name_len + 1u + ea->value_len, 4);
}

uint64_t file_ea_bytes(const struct tree_node *n, uint64_t *ret_packed)
{
    uint64_t bytes = 0;
    *ret_packed = 0;
    for (uint32_t i = 0; i < n->neas; i++) {
        bytes += ea_bytes(&n->ea[i]);
        *ret_packed += NTFS_EA_PACKED_OVERHEAD + n->ea[i].name_len + (uint64_t)n->ea[i].value_len;
    }
    return bytes;
}

void file_put_ea(const struct tree_node *n, uint8_t *value)
{
    for (uint32_t i = 0; i < n->neas; i++) {
        const struct tree_ea *ea = &n->ea[i];
        struct ntfs_ea_disk *d = (void *)value;
        d->next_offset = to_le32(ea_bytes(ea));
        d->flags = ea->flags;
        d->name_len = ea->name_len;
        d->value_len = to_le16(ea->value_len);
        uint8_t *name = value + sizeof *d;
        memcpy(name, ea->name, ea->name_len);
        if (ea->value_len)
            memcpy(name + ea->name_len + 1, ea->value, ea->value_len);
        value += ea_bytes(ea);
    }
}

/* ---- Values ---- */

static void put_standard_information(const struct mft_attr *a, uint8_t *value)
{
    const struct build_file *f = a->thing;
    const struct tree_node *n = f->node;
    struct ntfs_standard_information_disk *d = (void *)value;
    d->created = to_le64(n->created);
    d->written = to_le64(n->written);
    d->changed = to_le64(n->changed);
    d->accessed = to_le64(n->accessed);
    d->attributes = to_le32(file_attributes(f));
    d->security_id = to_le32(f->security_id);
}

static void put_file_name(const struct mft_attr *a, uint8_t *value)
{
    file_name_put(a->owner, (uintptr_t)a->thing, value);
}

static void put_bytes(const struct mft_attr *a, uint8_t *value)
{
    memcpy(value, a->thing, a->value_len);
}

static void put_kept(const struct mft_attr *a, uint8_t *value)
{
    const struct ntfs_build *b = a->owner;
    const struct place *p = a->thing;
    memcpy(value, b->keep + p->at, a->value_len);
}

/* Third parties' data begins with a GUID that the length does not count. */
void file_put_reparse(const struct ntfs_build *b, const struct build_file *f, uint8_t *value)
{
    const struct place *p = &b->place[f->place + f->nplaces - 1];
    uint64_t n = p->blob ? p->blob->size_bytes : 0, length = n;
    if (!(f->node->reparse_tag & NTFS_REPARSE_MICROSOFT) && n >= NTFS_REPARSE_GUID_BYTES)
        length -= NTFS_REPARSE_GUID_BYTES;
    struct ntfs_reparse_disk *d = (void *)value;
    d->tag = to_le32(f->node->reparse_tag);
    d->data_length = to_le16((uint16_t)length);
    d->reserved = to_le16(f->node->reparse_reserved);
    if (n)
        memcpy(value + sizeof *d, b->keep + p->at, n);
}

static void put_reparse(const struct mft_attr *a, uint8_t *value)
{
    file_put_reparse(a->owner, a->thing, value);
}

static void put_root(const struct mft_attr *a, uint8_t *value)
{
    const struct build_index *x = a->thing;
    index_put_root(&x->keys, &x->shape, &x->view->kind, value);
}

uint32_t index_bitmap_bytes(const struct build_index *x)
{
    return (uint32_t)round_up(div_up(x->shape.nblocks, 8), 8);
}

void index_put_bitmap(const struct build_index *x, uint8_t *value)
{
    for (uint32_t i = 0; i < x->shape.nblocks; i++)
        value[i / 8] = (uint8_t)(value[i / 8] | 1u << i % 8);
}

static void put_bitmap(const struct mft_attr *a, uint8_t *value)
{
    index_put_bitmap(a->thing, value);
}

static void put_ea_information(const struct mft_attr *a, uint8_t *value)
{
    const struct tree_node *n = a->thing;
    struct ntfs_ea_information_disk *d = (void *)value;
    uint64_t packed, bytes = file_ea_bytes(n, &packed), needed = 0;
    for (uint32_t i = 0; i < n->neas; i++)
        needed += (n->ea[i].flags & NTFS_EA_NEED) != 0;
    d->packed_bytes = to_le16((uint16_t)packed);
    d->need_count = to_le16((uint16_t)needed);
    d->unpacked_bytes = to_le32((uint32_t)bytes);
}

static void put_ea(const struct mft_attr *a, uint8_t *value)
{
    file_put_ea(a->thing, value);
}

static void put_list(const struct mft_attr *a, uint8_t *value)
{
    const struct ntfs_build *b = a->owner;
    const struct build_file *f = a->thing;
    struct mft_head head = { .number = f->record, .sequence = f->sequence };
    mft_put_list(&b->mft, &head, value);
}

/* ---- Attributes ---- */

/* A resident attribute; `put` looks at b and `thing`. */
static struct mft_attr *add(struct ntfs_build *b, uint32_t type, uint64_t value_len, mft_put *put,
                            const void *thing, struct wtg_err *err)
{
    struct mft_attr *a = mft_add(&b->mft, type, NULL, 0, err);
    if (a) {
        a->value_len = (uint32_t)value_len;
        a->put = put;
        a->owner = b;
        a->thing = thing;
    }
    return a;
}

static void set_extent(struct mft_attr *a, uint64_t lcn, uint64_t bytes)
{
    a->nonresident = true;
    a->one = (struct ntfs_run){ lcn, div_up(bytes, CLUSTER) };
    a->allocated = a->total_allocated = a->one.clusters * CLUSTER;
    a->data_size = a->initialized = bytes;
}

/* Moves an attribute's value to AREA_ODDS if the plan says so. */
static void set_odd(struct ntfs_build *b, const struct build_file *f, struct mft_attr *a,
                    enum odd_kind kind)
{
    uint64_t cluster = 0;
    if (!(f->odds & 1u << kind))
        return;
    for (size_t i = f->first_odd; i < b->nodds && b->odd[i].file == f->node->mark; i++)
        if (b->odd[i].kind == kind)
            cluster = b->odd[i].cluster;
    set_extent(a, b->area[AREA_ODDS].lcn + cluster, a->value_len);
}

static int name_attr(struct ntfs_build *b, const struct tree_link *l, bool is_short,
                     struct wtg_err *err)
{
    uintptr_t name = (uintptr_t)l | is_short;
    return add(b, NTFS_AT_FILE_NAME, file_name_bytes(name), put_file_name, (const void *)name, err)
               ? 0
               : err->code;
}

static int name_attrs(struct ntfs_build *b, const struct build_file *f, struct wtg_err *err)
{
    if (f->system) {
        const struct tree_link *l = &b->system_link[f - b->file];
        return l->name_len ? name_attr(b, l, false, err) : 0;
    }
    for (const struct tree_link *l = f->node->link; l; l = l->next) {
        if (!link_counts(b, l))
            continue;
        if (name_attr(b, l, false, err) < 0)
            return err->code;
        if (l == f->short_link && name_space(b, (uintptr_t)l) == NTFS_NS_WIN32 &&
            name_attr(b, l, true, err) < 0)
            return err->code;
    }
    return 0;
}

/* A stream with holes: in one piece when the file has one record, else in several. */
static int sparse_attrs(struct ntfs_build *b, const struct build_file *f, const struct place *p,
                        struct wtg_err *err)
{
    size_t limit = f->list ? mft_room(b->record_bytes) / 8 : SIZE_MAX;
    uint64_t vcn = 0, size = place_bytes(p);
    for (uint32_t i = 0; i < p->nruns;) {
        uint32_t n = 0;
        uint64_t clusters = 0;
        for (size_t bytes = 1; i + n < p->nruns; n++) {
            bytes += run_bytes_max(&p->run[i + n], b->lcn_bytes);
            if (bytes > limit)
                break;
            clusters += p->run[i + n].clusters;
        }
        struct mft_attr *a = mft_add(&b->mft, NTFS_AT_DATA, NULL, 0, err);
        if (!a)
            return err->code;
        a->flags = NTFS_ATTR_SPARSE;
        a->nonresident = true;
        a->pinned = i == 0;
        a->run = p->run + i;
        a->nruns = n;
        a->lowest_vcn = vcn;
        a->allocated = round_up(size, (uint64_t)SPARSE_UNIT_CLUSTERS * CLUSTER);
        a->data_size = a->initialized = size;
        a->total_allocated = place_clusters(p) * CLUSTER;
        vcn += clusters;
        i += n;
    }
    return 0;
}

static int data_attr(struct ntfs_build *b, const struct build_file *f, const struct place *p,
                     struct wtg_err *err)
{
    if (p->run)
        return sparse_attrs(b, f, p, err);
    struct mft_attr *a = add(b, NTFS_AT_DATA, place_bytes(p), put_kept, p, err);
    if (!a)
        return err->code;
    a->name = p->name;
    a->name_len = p->name_len;
    a->pinned = p->name_len == 0;
    if (p->outside)
        set_extent(a, p->at, place_bytes(p));
    if (p->sparse) {
        a->flags = NTFS_ATTR_SPARSE;
        a->one.clusters = place_clusters(p);
        a->allocated = a->total_allocated = a->one.clusters * CLUSTER;
    }
    return 0;
}

static int data_attrs(struct ntfs_build *b, const struct build_file *f, struct wtg_err *err)
{
    for (uint32_t i = 0; i < f->nplaces; i++) {
        const struct place *p = &b->place[f->place + i];
        if (!p->reparse && data_attr(b, f, p, err) < 0)
            return err->code;
    }
    return system_attrs(b, f, NTFS_AT_DATA, err);
}

/* The attributes of one type of all indexes of a file. */
static int index_attrs(struct ntfs_build *b, const struct build_file *f, uint32_t type,
                       struct wtg_err *err)
{
    for (uint32_t i = 0; i < f->nindexes; i++) {
        const struct build_index *x = &b->index[f->index + i];
        struct mft_attr *a;
        if (type != NTFS_AT_INDEX_ROOT && x->shape.nblocks == 0)
            continue;
        if (type == NTFS_AT_INDEX_ROOT)
            a = add(b, type, x->shape.root_bytes, put_root, x, err);
        else
            a = add(b, type, index_bitmap_bytes(x), put_bitmap, x, err);
        if (!a)
            return err->code;
        a->name = x->view->name;
        a->name_len = x->view->name_len;
        a->pinned = true;
        if (type == NTFS_AT_INDEX_ROOT && (file_attributes(f) & ATTR_COMPRESSED))
            a->flags = NTFS_ATTR_COMPRESSED; /* new files in this directory shall be */
        else if (type == NTFS_AT_INDEX_ALLOCATION)
            set_extent(a, b->area[AREA_INDEX].lcn + x->first_block,
                       x->shape.nblocks * (uint64_t)INDEX_BLOCK_BYTES);
        else if (type == NTFS_AT_BITMAP)
            set_odd(b, f, a, i == 0 ? ODD_BITMAP : ODD_BITMAP_2);
    }
    return 0;
}

/* What stands behind the indexes: reparse data and extended attributes. */
static int tail_attrs(struct ntfs_build *b, const struct build_file *f, struct wtg_err *err)
{
    const struct tree_node *n = f->node;
    struct mft_attr *a;
    if (n->attributes & ATTR_REPARSE) {
        uint64_t bytes = place_bytes(&b->place[f->place + f->nplaces - 1]);
        a = add(b, NTFS_AT_REPARSE_POINT, bytes, put_reparse, f, err);
        if (!a)
            return err->code;
        set_odd(b, f, a, ODD_REPARSE);
    }
    uint64_t packed, bytes = file_ea_bytes(n, &packed);
    if (bytes == 0)
        return 0;
    if (!add(b, NTFS_AT_EA_INFORMATION, sizeof(struct ntfs_ea_information_disk), put_ea_information,
             n, err))
        return err->code;
    a = add(b, NTFS_AT_EA, bytes, put_ea, n, err);
    if (!a)
        return err->code;
    set_odd(b, f, a, ODD_EA);
    return 0;
}

/* What stands in front of the streams. */
static int head_attrs(struct ntfs_build *b, const struct build_file *f, struct wtg_err *err)
{
    struct mft_attr *a =
        add(b, NTFS_AT_STANDARD_INFORMATION, sizeof(struct ntfs_standard_information_disk),
            put_standard_information, f, err);
    if (!a)
        return err->code;
    a->pinned = true;
    if (f->list) {
        a = add(b, NTFS_AT_ATTRIBUTE_LIST, 0, put_list, f, err); /* its length: file_attrs */
        if (!a)
            return err->code;
        a->pinned = true;
    }
    if (name_attrs(b, f, err) < 0)
        return err->code;
    if (f->has_object_id) {
        const uint8_t *id = f->record == NTFS_REC_VOLUME ? b->volume_id.b : f->node->object_id;
        if (!add(b, NTFS_AT_OBJECT_ID, NTFS_OBJECT_ID_SHORT_BYTES, put_bytes, id, err))
            return err->code;
    }
    return 0;
}

int file_attrs(struct ntfs_build *b, const struct build_file *f, struct wtg_err *err)
{
    mft_clear(&b->mft);
    b->composed = NONE;
    if (head_attrs(b, f, err) < 0 || system_attrs(b, f, NTFS_AT_VOLUME_NAME, err) < 0 ||
        system_attrs(b, f, NTFS_AT_VOLUME_INFORMATION, err) < 0 || data_attrs(b, f, err) < 0 ||
        index_attrs(b, f, NTFS_AT_INDEX_ROOT, err) < 0 ||
        index_attrs(b, f, NTFS_AT_INDEX_ALLOCATION, err) < 0 ||
        index_attrs(b, f, NTFS_AT_BITMAP, err) < 0 || system_attrs(b, f, NTFS_AT_BITMAP, err) < 0 ||
        tail_attrs(b, f, err) < 0)
        return err->code;
    if (f->list) {
        struct mft_attr *list = &b->mft.attr[1];
        list->value_len = (uint32_t)mft_list_bytes(&b->mft);
        set_odd(b, f, list, ODD_LIST);
    }
    return 0;
}
