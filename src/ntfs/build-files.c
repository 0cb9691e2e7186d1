/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/build-priv.h"

#include <stdio.h>

#include "tree/names.h"

/* Step 1: which files the volume will have, in the order of their records: the system's, then the
 * tree's, directory by directory.  Deleted nodes are still in the tree's list but cannot be
 * reached from its root. */

enum { PATH_TEXT = 320 };

static int fail_file(const struct build_file *f, struct wtg_err *err)
{
    char path[PATH_TEXT] = "\\";
    if (f->node->link && f->node->link->parent)
        tree_path(f->node->link, path, sizeof path);
    return wtg_because(err, "'%s'", path);
}

bool link_counts(const struct ntfs_build *b, const struct tree_link *l)
{
    return l->parent && l->parent->mark < b->nfiles && b->file[l->parent->mark].node == l->parent;
}

static int add_file(struct ntfs_build *b, struct tree_node *node, const struct system_file *system,
                    struct wtg_err *err)
{
    if (mem_grow(&b->file, &b->files_cap, b->nfiles, sizeof b->file[0], err) < 0)
        return err->code;
    node->mark = b->nfiles;
    b->file[b->nfiles++] = (struct build_file){ .node = node,
                                                .system = system,
                                                .sequence = 1,
                                                .nrecords = 1,
                                                .index = NONE,
                                                .first_odd = NONE };
    return 0;
}

/* Adds the files that a directory holds and that are not there yet. */
static int add_children(struct ntfs_build *b, const struct tree_node *dir, struct wtg_err *err)
{
    for (uint32_t i = 0; i < dir->nchildren; i++) {
        struct tree_node *n = dir->child[i]->node;
        if (n->mark == UINT64_MAX && add_file(b, n, NULL, err) < 0)
            return err->code;
    }
    return 0;
}

static int collect_files(struct ntfs_build *b, struct wtg_err *err)
{
    const struct tree *t = b->tree;
    if (t->nnodes > INT32_MAX)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "%zu files are too many for one volume", t->nnodes);
    for (size_t i = 0; i < t->nnodes; i++)
        t->node[i]->mark = UINT64_MAX;
    for (size_t i = 0; i < SYSTEM_FILES; i++) {
        struct tree_node *n = i == SYSTEM_ROOT ? t->root : &b->system_node[i];
        if (add_file(b, n, &system_files[i], err) < 0)
            return err->code;
        struct build_file *f = &b->file[i];
        f->record = system_files[i].record;
        f->security_id = system_files[i].security_id;
        if (f->record > 0 && f->record < NTFS_REC_FIRST_UNUSED)
            f->sequence = (uint16_t)f->record;
    }
    int r = add_children(b, t->root, err);
    for (size_t i = SYSTEM_FILES; r == 0 && i < b->nfiles; i++)
        r = add_children(b, b->file[i].node, err);
    return r;
}

/* ---- Streams ---- */

static struct place *add_place(struct ntfs_build *b, struct build_file *f, struct wtg_err *err)
{
    if (mem_grow(&b->place, &b->places_cap, b->nplaces, sizeof b->place[0], err) < 0)
        return NULL;
    struct place *p = &b->place[b->nplaces++];
    *p = (struct place){ 0 };
    f->nplaces++;
    return p;
}

/* Appends clusters to a run list; the same kind of run is made longer. */
static void add_run(struct place *p, uint64_t lcn, uint64_t clusters)
{
    if (clusters > 0)
        p->run[p->nruns++] = (struct ntfs_run){ lcn, clusters };
}

/* Maps a sparse stream around its holes, unit by unit: what is allocated is so in whole units. */
static int map_holes(struct ntfs_build *b, struct place *p, const struct ntfs_hole *hole, size_t n,
                     struct wtg_err *err)
{
    const uint64_t unit = SPARSE_UNIT_CLUSTERS * CLUSTER;
    uint64_t size = p->blob->size_bytes, units = div_up(size, unit), at = 0, stored = 0;
    p->run = arena_alloc(&b->arena, (2 * n + 1) * sizeof p->run[0], err);
    if (!p->run)
        return err->code;
    for (size_t i = 0; i < n; i++) {
        uint64_t end = hole[i].off + hole[i].bytes;
        uint64_t from = div_up(hole[i].off, unit), to = end >= size ? units : end / unit;
        if (from < at || to <= from)
            continue;
        add_run(p, stored * SPARSE_UNIT_CLUSTERS, (from - at) * SPARSE_UNIT_CLUSTERS);
        stored += from - at;
        add_run(p, RUN_HOLE, (to - from) * SPARSE_UNIT_CLUSTERS);
        b->info.hole_bytes += (to - from) * unit;
        at = to;
    }
    add_run(p, stored * SPARSE_UNIT_CLUSTERS, (units - at) * SPARSE_UNIT_CLUSTERS);
    return 0;
}

static int find_holes(struct ntfs_build *b, struct place *p, struct wtg_err *err)
{
    AUTO_FREE struct ntfs_hole *hole = NULL;
    size_t n = 0;
    if (!b->o.holes || !p->blob)
        return 0;
    if (b->o.holes(b->o.holes_ctx, p->blob, &hole, &n, err) < 0)
        return err->code;
    return n > 0 ? map_holes(b, p, hole, n, err) : 0;
}

/* A stream that a filter makes of another one: nothing of it is stored. */
static int map_nothing(struct ntfs_build *b, struct place *p, struct wtg_err *err)
{
    uint64_t units = div_up(place_bytes(p), SPARSE_UNIT_CLUSTERS * CLUSTER);
    p->sparse = true;
    if (units == 0)
        return 0;
    p->run = arena_alloc(&b->arena, sizeof p->run[0], err);
    if (!p->run)
        return err->code;
    add_run(p, RUN_HOLE, units * SPARSE_UNIT_CLUSTERS);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return names_compare(x->name, x->name_len, y->name, y->name_len);
}

static int add_named_streams(struct ntfs_build *b, struct build_file *f, struct wtg_err *err)
{
    const struct tree_node *n = f->node;
    size_t first = b->nplaces;
    for (uint32_t i = 0; i < n->nstreams; i++) {
        const struct tree_stream *s = &n->stream[i];
        if (s->name_len == 0)
            continue;
        struct place *p = add_place(b, f, err);
        if (!p)
            return err->code;
        p->blob = s->blob;
        p->name = s->name;
        p->name_len = s->name_len;
    }
    size_t count = b->nplaces - first;
    if (count == 0)
        return 0;
    struct place *p = b->place + first;
    if (count > 1)
        qsort(p, count, sizeof *p, by_name);
    for (size_t i = 1; i < count; i++)
        if (names_same(p[i - 1].name, p[i - 1].name_len, p[i].name, p[i].name_len))
            return wtg_fail(err, WTG_E_IMAGE_NAME, "two of its streams have the same name");
    return 0;
}

static int add_places(struct ntfs_build *b, struct build_file *f, struct wtg_err *err)
{
    const struct tree_node *n = f->node;
    f->place = (uint32_t)b->nplaces;
    if (!file_is_directory(f)) {
        struct place *p = add_place(b, f, err);
        if (!p)
            return err->code;
        p->blob = tree_data(n);
        p->sparse = (n->attributes & ATTR_SPARSE) != 0;
        bool hole = n->nstreams > 0 && n->stream[0].name_len == 0 && n->stream[0].hole;
        int r = hole ? map_nothing(b, p, err) : p->sparse ? find_holes(b, p, err) : 0;
        if (r < 0)
            return r;
    }
    if (add_named_streams(b, f, err) < 0)
        return err->code;
    if (n->attributes & ATTR_REPARSE) {
        struct place *p = add_place(b, f, err);
        if (!p)
            return err->code;
        p->reparse = true;
        p->blob = n->reparse;
    }
    return b->nplaces < NONE ? 0 : wtg_fail(err, WTG_E_UNSUPPORTED, "too many streams");
}

/* ---- What a file has beside its streams ---- */

static int check_file(const struct build_file *f, struct wtg_err *err)
{
    const struct tree_node *n = f->node;
    uint64_t packed, ea = file_ea_bytes(n, &packed);
    if (!file_is_directory(f) && (n->efs || (n->attributes & ATTR_ENCRYPTED)))
        return wtg_fail(err, WTG_E_IMAGE_ENCRYPTED, "is encrypted by EFS and cannot be laid down");
    if (ea > NTFS_EA_MAX || packed > UINT16_MAX)
        return wtg_fail(err, WTG_E_UNSUPPORTED,
                        "has %llu bytes of extended attributes, NTFS can keep %d",
                        (unsigned long long)ea, NTFS_EA_MAX);
    if (n->reparse && n->reparse->size_bytes > NTFS_REPARSE_MAX - sizeof(struct ntfs_reparse_disk))
        return wtg_fail(err, WTG_E_UNSUPPORTED, "has %llu bytes of reparse data, NTFS can keep %zu",
                        (unsigned long long)n->reparse->size_bytes,
                        NTFS_REPARSE_MAX - sizeof(struct ntfs_reparse_disk));
    return 0;
}

/* A file has one DOS name at the most, whichever of its links it belongs to. */
static void choose_short_name(struct ntfs_build *b, struct build_file *f)
{
    for (const struct tree_link *l = f->node->link; l; l = l->next) {
        if (!link_counts(b, l))
            continue;
        b->info.names++;
        if (l->short_len == 0)
            continue;
        if (f->short_link)
            b->info.short_names_dropped++;
        else
            f->short_link = l;
    }
}

static int add_object_id(struct ntfs_build *b, size_t file, struct wtg_err *err)
{
    struct build_file *f = &b->file[file];
    const struct tree_node *n = f->node;
    bool volume = file == NTFS_REC_VOLUME && b->o.volume_id;
    if (n->object_id_len == 0 && !volume)
        return 0;
    if (mem_grow(&b->objid, &b->objid_cap, b->nobjid, sizeof b->objid[0], err) < 0)
        return err->code;
    b->objid[b->nobjid++] =
        (struct objid_key){ .id = volume ? b->volume_id.b : n->object_id,
                            .file = (uint32_t)file,
                            .all = n->object_id_len >= sizeof(struct ntfs_object_id_disk) };
    f->has_object_id = true;
    return 0;
}

/* As $O is ordered: four little-endian words; of the same ids the first file's comes first. */
static int by_object_id(const void *a, const void *b)
{
    const struct objid_key *x = a, *y = b;
    for (size_t i = 0; i < sizeof(struct guid); i += 4) {
        uint32_t u = le32_at(x->id + i), v = le32_at(y->id + i);
        if (u != v)
            return u < v ? -1 : 1;
    }
    return x->file < y->file ? -1 : x->file > y->file;
}

static void sort_object_ids(struct ntfs_build *b)
{
    size_t kept = 0;
    if (b->nobjid > 1)
        qsort(b->objid, b->nobjid, sizeof b->objid[0], by_object_id);
    for (size_t i = 0; i < b->nobjid; i++) {
        if (kept > 0 && memcmp(b->objid[kept - 1].id, b->objid[i].id, sizeof(struct guid)) == 0) {
            b->file[b->objid[i].file].has_object_id = false;
            b->info.object_ids_dropped++;
        } else {
            b->objid[kept++] = b->objid[i];
        }
    }
    b->nobjid = kept;
}

/* ---- Descriptors ---- */

static int share_sd(struct ntfs_build *b, const uint8_t *sd, uint32_t n, uint32_t *id,
                    struct wtg_err *err)
{
    for (size_t i = 0; i < 2 && i < b->secure.n; i++) { /* the system's may be the tree's too */
        const struct secure_entry *e = &b->secure.entry[i];
        if (e->sd_bytes == n && memcmp(e->sd, sd, n) == 0) {
            *id = e->id;
            return 0;
        }
    }
    return secure_add(&b->secure, sd, n, id, err);
}

/* What files without a descriptor get: the root's, else one that lets everybody in, which stands in
 * the tree perhaps; NULL: it does not. */
static const struct tree_sd *default_sd(const struct tree *t)
{
    const struct tree_sd *sd = t->root->sd;
    for (size_t i = 0; !sd && i < t->nsds; i++)
        if (t->sd[i]->size_bytes == sizeof secure_sd_open &&
            memcmp(t->sd[i]->bytes, secure_sd_open, sizeof secure_sd_open) == 0)
            sd = t->sd[i];
    return sd;
}

/* Ids in the order of first use. */
static int assign_descriptors(struct ntfs_build *b, struct wtg_err *err)
{
    const struct tree_sd *fallback = default_sd(b->tree);
    AUTO_FREE uint32_t *ids = mem_zeroed(b->tree->nsds, sizeof ids[0], err);
    uint32_t open_id = 0, ignored;
    if (!ids ||
        secure_add(&b->secure, secure_sd_system, sizeof secure_sd_system, &ignored, err) < 0 ||
        secure_add(&b->secure, secure_sd_extend, sizeof secure_sd_extend, &ignored, err) < 0)
        return err->code;
    for (size_t i = SYSTEM_ROOT; i < b->nfiles; i++) {
        struct build_file *f = &b->file[i];
        if (f->system && i != SYSTEM_ROOT)
            continue;
        const struct tree_sd *sd = f->node->sd ? f->node->sd : fallback;
        uint32_t *id = sd ? &ids[sd->id] : &open_id;
        const uint8_t *bytes = sd ? sd->bytes : secure_sd_open;
        uint32_t n = sd ? sd->size_bytes : sizeof secure_sd_open;
        if (*id == 0 && share_sd(b, bytes, n, id, err) < 0)
            return fail_file(f, err);
        f->security_id = *id;
    }
    b->info.descriptors = (uint32_t)b->secure.n;
    return secure_close(&b->secure, err);
}

int build_files(struct ntfs_build *b, struct wtg_err *err)
{
    if (collect_files(b, err) < 0)
        return err->code;
    for (size_t i = 0; i < b->nfiles; i++) {
        struct build_file *f = &b->file[i];
        if (!f->system)
            *(file_is_directory(f) ? &b->info.directories : &b->info.files) += 1;
        if (!f->system)
            choose_short_name(b, f);
        if (f->system && i != SYSTEM_ROOT) {
            if (add_object_id(b, i, err) < 0)
                return err->code;
            continue;
        }
        if (check_file(f, err) < 0 || add_places(b, f, err) < 0 || add_object_id(b, i, err) < 0)
            return fail_file(f, err);
    }
    sort_object_ids(b);
    return assign_descriptors(b, err);
}
