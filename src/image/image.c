/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/image.h"

#include <stdio.h>
#include <string.h>

#include "image/iso-disk.h"
#include "image/iso.h"
#include "image/udf.h"
#include "image/wim.h"

struct image {
    struct blk *base; /* the file that was opened */
    bool owns_base;
    char *dir; /* where it stands: "/mnt/" or ""; NULL: nowhere */
    struct wim *wim;
    enum image_container container;
    char *inside; /* path of the WIM in the ISO; NULL without one */
    bool several_inside;
    /* While it is opened: */
    struct iso iso;
    struct udf *udf;
};

/* What people give by mistake, so that the message can name it. */
/* clang-format off */
static const struct {
    size_t off, n;
    const char *magic, *what;
} mistakes[] = {
    { 0,     4, "PK\3\4",               "a ZIP archive" },
    { 0,     6, "7z\xbc\xaf\x27\x1c",   "a 7z archive" },
    { 0,     4, "Rar!",                 "a RAR archive" },
    { 0,     8, "vhdxfile",             "a virtual disk (VHDX)" },
    { 0,     8, "conectix",             "a virtual disk (VHD)" },
    { 0,     4, "QFI\xfb",              "a virtual disk (QCOW2)" },
    { 0,     4, "MSCF",                 "a cabinet" },
    { 0,     2, "MZ",                   "a Windows program" },
    { 0,     5, "<!DOC",                "a web page" },
    { 0,     5, "<html",                "a web page" },
    { 3,     8, "NTFS    ",             "an NTFS volume" },
    { 512,   8, "EFI PART",             "a disk image" },
    { 0,    16, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "a file that begins with zeroes: a download that "
                                                    "never finished, perhaps" },
};
/* clang-format on */

static int not_an_image(const struct wtg_span head, struct wtg_err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        const uint8_t *p = span_at(head, mistakes[i].off, mistakes[i].n);
        if (p && memcmp(p, mistakes[i].magic, mistakes[i].n) == 0) {
            wtg_fail(err, WTG_E_IMAGE_FORMAT, "neither a WIM nor an ISO, but %s", mistakes[i].what);
            return wtg_hint(err, "give a Windows ISO, or its install.wim, .esd or .swm");
        }
    }
    wtg_fail(err, WTG_E_IMAGE_FORMAT,
             "neither a WIM ('MSWIM' at byte 0) nor an ISO ('CD001' or "
             "'BEA01' at byte 32769)");
    return wtg_hint(err, "give a Windows ISO, or its install.wim, .esd or .swm");
}

/* Files beside the WIM, for the other parts of a split one. */

static int sibling_file(void *ctx, const char *name, struct blk **ret, struct wtg_err *err)
{
    const struct image *i = ctx;
    AUTO_FREE char *path = NULL;

    if (!i->dir)
        return wtg_fail(err, WTG_E_NOT_FOUND, "there are no files beside it");
    if (asprintf(&path, "%s%s", i->dir, name) < 0)
        return wtg_fail_nomem(err);
    return blk_open(path, ret, err);
}

/* Finds a file in the ISO: in UDF, which Microsoft's discs consist of, else in ISO 9660. */
static int disc_find(struct image *i, const char *path, struct blk **ret, char **ret_path,
                     struct wtg_err *err)
{
    int r = wtg_fail(err, WTG_E_NOT_FOUND, "there is no '%s'", path);

    if (i->udf) {
        r = udf_find(i->udf, path, ret, ret_path, err);
        if (r == 0)
            i->container = IMAGE_IN_UDF;
    }
    /* Also when libudfread cannot map the file: the bridge has it a second time. */
    if ((r == WTG_E_NOT_FOUND || r == WTG_E_UNSUPPORTED) && i->iso.present) {
        struct wtg_err udf = *err;
        r = iso_find(&i->iso, path, ret, ret_path, err);
        if (r == 0)
            i->container = IMAGE_IN_ISO;
        else if (r == WTG_E_NOT_FOUND && udf.code != WTG_E_NOT_FOUND)
            *err = udf;
        r = r == 0 ? 0 : err->code;
    }
    return r;
}

static int sibling_inside(void *ctx, const char *name, struct blk **ret, struct wtg_err *err)
{
    struct image *i = ctx;
    const char *slash = strrchr(i->inside, '/');
    AUTO_FREE char *path = NULL, *written = NULL;
    int dir = slash ? (int)(slash - i->inside + 1) : 0;

    if (asprintf(&path, "%.*s%s", dir, i->inside, name) < 0)
        return wtg_fail_nomem(err);
    return disc_find(i, path, ret, &written, err);
}

/* The WIM in the ISO. */

static const char *const places[] = { "sources/", "x64/sources/", "x86/sources/" };
static const char *const names[] = { "install.wim", "install.esd", "install.swm" };

static int find_in_place(struct image *i, const char *place, struct blk **ret, char **ret_path,
                         struct wtg_err *err)
{
    char path[64];
    int r = WTG_E_NOT_FOUND;

    for (size_t n = 0; r == WTG_E_NOT_FOUND && n < ARRAY_LEN(names); n++) {
        snprintf(path, sizeof path, "%s%s", place, names[n]);
        r = disc_find(i, path, ret, ret_path, err);
    }
    return r;
}

static int find_install(struct image *i, struct blk **ret, struct wtg_err *err)
{
    int r = WTG_E_NOT_FOUND;
    size_t p = 0;

    while (r == WTG_E_NOT_FOUND && p < ARRAY_LEN(places))
        r = find_in_place(i, places[p++], ret, &i->inside, err);
    if (r == WTG_E_NOT_FOUND) {
        wtg_fail(err, WTG_E_IMAGE_FORMAT, "the ISO holds no sources/install.wim, .esd or .swm");
        return wtg_hint(err, "take the ISO of a Windows installation disc");
    }
    enum image_container container = i->container;
    while (r == 0 && !i->several_inside && p < ARRAY_LEN(places)) {
        struct blk *other = NULL;
        AUTO_FREE char *path = NULL;
        int also = find_in_place(i, places[p++], &other, &path, err);
        i->several_inside = also == 0;
        r = also == WTG_E_NOT_FOUND ? 0 : also;
        blk_free(other);
    }
    i->container = container;
    return r;
}

static int open_in_disc(struct image *i, const char *inside, struct wtg_err *err)
{
    const struct wim_siblings siblings = { sibling_inside, i };
    struct blk *blk = NULL;
    int r = iso_open(i->base, &i->iso, err);

    if (r == 0 && i->iso.udf)
        r = udf_open(i->base, &i->udf, err);
    if (r < 0 && i->iso.udf && i->iso.present && r != WTG_E_NOMEM && r != WTG_E_IO)
        r = 0; /* the bridge has everything once more */
    if (r == 0)
        r = inside ? disc_find(i, inside, &blk, &i->inside, err) : find_install(i, &blk, err);
    if (r < 0) {
        blk_free(blk);
        return wim_stage(err, "disc");
    }
    const char *slash = strrchr(i->inside, '/');
    r = wim_open(blk, slash ? slash + 1 : i->inside, &siblings, &i->wim, err);
    return r < 0 ? wtg_because(err, "'%s' in the ISO", i->inside) : 0;
}

static int open_wim(struct image *i, const char *name, struct wtg_err *err)
{
    const struct wim_siblings siblings = { sibling_file, i };
    struct blk *blk = NULL;
    int r = blk_slice_new(i->base, 0, i->base->size, &blk, err);

    return r < 0 ? r : wim_open(blk, name, &siblings, &i->wim, err);
}

static bool is_wim(struct wtg_span head)
{
    const uint8_t *p = span_at(head, 0, 8);
    return p && (memcmp(p, WIM_MAGIC, 8) == 0 || memcmp(p, WIM_MAGIC_PIPE, 8) == 0);
}

static bool is_disc(struct wtg_span first_descriptor)
{
    const uint8_t *p = span_at(first_descriptor, 1, 5);
    return p && (memcmp(p, "CD001", 5) == 0 || memcmp(p, "BEA01", 5) == 0);
}

static int open_any(struct image *i, const char *name, const char *inside, struct wtg_err *err)
{
    const uint64_t at = (uint64_t)ISO_FIRST_DESCRIPTOR * ISO_SECTOR_BYTES;
    uint8_t head[1024], descriptor[8];
    struct wtg_span h = { head, (size_t)min_u64(i->base->size, sizeof head) };
    struct wtg_span d = { descriptor,
                          i->base->size >= at + sizeof descriptor ? sizeof descriptor : 0 };

    int r = blk_read(i->base, 0, head, h.n, err);
    if (r == 0 && d.n > 0)
        r = blk_read(i->base, at, descriptor, d.n, err);
    if (r < 0)
        return r;
    if (is_wim(h) && inside)
        return wtg_fail(err, WTG_E_USAGE, "it is a WIM, not an ISO that could hold '%s'", inside);
    if (is_wim(h))
        return open_wim(i, name, err);
    return is_disc(d) ? open_in_disc(i, inside, err) : not_an_image(h, err);
}

static int open_base(struct blk *base, bool owns_base, const char *path, const char *inside,
                     struct image **ret, struct wtg_err *err)
{
    struct image *i = mem_zeroed(1, sizeof *i, err);
    if (!i) {
        if (owns_base)
            blk_free(base);
        return err->code;
    }
    i->base = base;
    i->owns_base = owns_base;
    const char *slash = path ? strrchr(path, '/') : NULL;
    const char *name = slash ? slash + 1 : path;
    int r = 0;
    if (path && !(i->dir = strndup(path, (size_t)(name - path))))
        r = wtg_fail_nomem(err);
    if (r == 0)
        r = open_any(i, path ? name : "image", inside, err);
    udf_free(i->udf);
    i->udf = NULL;
    if (r < 0) {
        image_free(i);
        return r;
    }
    *ret = i;
    return 0;
}

int image_open(const char *path, const char *inside, struct image **ret, struct wtg_err *err)
{
    struct blk *base = NULL;
    int r = blk_open(path, &base, err);

    if (r < 0)
        return r;
    r = open_base(base, true, path, inside, ret, err);
    return r < 0 ? wtg_because(err, "'%s'", path) : 0;
}

int image_open_blk(struct blk *b, const char *inside, struct image **ret, struct wtg_err *err)
{
    return open_base(b, false, NULL, inside, ret, err);
}

void image_free(struct image *i)
{
    if (!i)
        return;
    wim_free(i->wim);
    if (i->owns_base)
        blk_free(i->base);
    free(i->dir);
    free(i->inside);
    free(i);
}

static void facts_of_content(const struct wim *w, struct image_facts *f)
{
    f->nblobs = w->nindex;
    for (size_t k = 0; k < w->nindex; k++) {
        const struct wim_blob *b = &w->blob[w->index[k]];
        f->content_bytes += b->b.size_bytes;
        if (b->solid && b->solid->chunk_bytes >= f->solid_chunk_bytes) {
            f->solid = true;
            f->solid_kind = b->solid->kind;
            f->solid_chunk_bytes = b->solid->chunk_bytes;
        }
    }
}

struct image_facts image_facts(const struct image *i)
{
    const struct wim *w = i->wim;
    const struct wim_header *h = &w->part[0].h;
    struct image_facts f = { .container = i->container,
                             .inside = i->inside ? i->inside : "",
                             .several_inside = i->several_inside,
                             .file_bytes = i->base->size,
                             .kind = h->kind,
                             .chunk_bytes = h->chunk_bytes,
                             .has_integrity = true,
                             .parts = h->parts,
                             .boot_index = h->boot_index,
                             .guid = h->guid };

    for (size_t k = 0; k < w->nparts; k++) {
        f.wim_bytes += w->part[k].blk->size;
        f.missing_bytes += wim_part_missing(&w->part[k]);
        f.has_integrity = f.has_integrity && w->part[k].h.integrity.off != 0;
    }
    facts_of_content(w, &f);
    return f;
}

const struct image_info *image_infos(const struct image *i, size_t *ret_n)
{
    *ret_n = i->wim->nimages;
    return i->wim->info;
}

int image_load_tree(struct image *i, uint32_t index, struct tree **ret, struct wtg_err *err)
{
    uint32_t checked = 0;
    int r = image_select(i, index, NULL, &checked, err);

    return r < 0 ? r : wim_tree_load(i->wim, checked - 1, ret, err);
}

size_t image_nmetadata(const struct image *i)
{
    return i->wim->nmetadata;
}

int image_blobs(const struct image *i, const struct tree_blob ***ret, size_t *ret_n,
                size_t *ret_orders, struct wtg_err *err)
{
    const struct wim *w = i->wim;
    const struct tree_blob **blob = mem_zeroed(w->nindex, sizeof(struct tree_blob *), err);
    size_t n = 0;

    if (!blob)
        return err->code;
    for (size_t k = 0; k < w->nblobs; k++)
        if (w->blob[k].b.has_sha1) /* else it stands there a second time */
            blob[n++] = &w->blob[k].b;
    *ret = blob;
    *ret_n = n;
    *ret_orders = w->nblobs;
    return 0;
}

void image_metadata_sha1(const struct image *i, uint32_t index, uint8_t ret[20])
{
    memcpy(ret, i->wim->metadata[index - 1].b.sha1, 20);
}

int image_verify_integrity(struct image *i, struct wtg_job *job, bool *ret_present,
                           struct wtg_err *err)
{
    return wim_integrity_verify(i->wim, job, ret_present, err);
}

const char *image_container_name(enum image_container c)
{
    static const char *const text[] = {
        [IMAGE_IN_FILE] = "file", [IMAGE_IN_UDF] = "UDF", [IMAGE_IN_ISO] = "ISO 9660"
    };
    return text[c];
}
