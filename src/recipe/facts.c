/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *recipe_text(struct arena *a, struct wtg_err *err, const char *fmt, ...)
{
    char buf[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(buf, sizeof buf, fmt, ap);
    va_end(ap);
    return arena_dup(a, buf, strlen(buf) + 1, err);
}

/* "en-US zh-CN": the default language first. */
static const char *languages(struct arena *a, const struct image_info *i, struct wtg_err *err)
{
    const char *first = i->default_language;
    size_t n = strlen(first);
    char rest[512] = "";

    if (!n)
        return i->languages;
    for (const char *p = i->languages; *p;) {
        size_t len = strcspn(p, " ");
        if (len && !(len == n && strncmp(p, first, n) == 0)) {
            size_t used = strlen(rest);
            snprintf(rest + used, sizeof rest - used, " %.*s", (int)len, p);
        }
        p += len + strspn(p + len, " ");
    }
    return recipe_text(a, err, "%s%s", first, rest);
}

static int fill_edition(struct wtg_edition *e, struct arena *a, const struct image_info *i,
                        struct wtg_err *err)
{
    *e = (struct wtg_edition){
        .index = i->index,
        .name = i->name,
        .display_name = i->display_name,
        .description = i->description,
        .edition_id = i->edition_id,
        .architecture = i->arch == IMAGE_ARCH_UNKNOWN ? "" : image_arch_name(i->arch),
        .version = i->build ? recipe_text(a, err, "%u.%u.%u.%u", i->major, i->minor, i->build,
                                          i->spbuild)
                            : "",
        .build = i->build,
        .languages = languages(a, i, err),
        .total_bytes = i->total_bytes,
        .files = i->file_count,
        .directories = i->dir_count,
        .created = i->created,
        .modified = i->modified,
    };
    return e->version && e->languages ? 0 : err->code;
}

int recipe_facts_init(struct recipe_facts *ret, const char *path, const struct image *image,
                      struct wtg_err *err)
{
    struct image_facts f = image_facts(image);
    size_t n = 0;
    const struct image_info *infos = image_infos(image, &n);
    int r = 0;

    *ret = (struct recipe_facts){ 0 };
    ret->edition = mem_zeroed(n, sizeof *ret->edition, err);
    if (!ret->edition)
        return err->code;
    for (size_t i = 0; i < n && r == 0; i++)
        r = fill_edition(&ret->edition[i], &ret->words, &infos[i], err);
    if (r < 0) {
        recipe_facts_release(ret);
        return r;
    }
    ret->info = (struct wtg_image_info){
        .path = path,
        .container = f.container == IMAGE_IN_UDF   ? "ISO (UDF)"
                     : f.container == IMAGE_IN_ISO ? "ISO 9660"
                                                   : "",
        .member = f.inside,
        .several_inside = f.several_inside,
        .compression = codec_name(f.solid ? f.solid_kind : f.kind),
        .chunk_bytes = f.solid ? f.solid_chunk_bytes : f.chunk_bytes,
        .solid = f.solid,
        .integrity = f.has_integrity,
        .parts = f.parts,
        .file_bytes = f.wim_bytes,
        .boot_index = f.boot_index,
        .neditions = (unsigned)n,
        .edition = ret->edition,
    };
    guid_text(&f.guid, ret->info.guid);
    return 0;
}

void recipe_facts_release(struct recipe_facts *f)
{
    free(f->edition);
    arena_release(&f->words);
    *f = (struct recipe_facts){ 0 };
}

int recipe_blame_file(const struct tree *t, const struct tree_blob *b, struct wtg_err *err)
{
    struct image_stored s;
    char path[512];

    tree_blob_path(t, b, path, sizeof path);
    if (!b->content_bytes && !image_blob_stored(b, &s)) {
        wtg_because(err, "'%s' in the temporary file", path);
        return wtg_hint(err, "the disk or the memory of this computer does not return what was "
                             "written to it");
    }
    wtg_because(err, "'%s' in the image", path);
    return wtg_hint(err, "the image file is damaged: get it again, compare its SHA-256 with the "
                         "publisher's, and look for a failing disk or memory when it differs");
}

uint64_t recipe_memory(uint64_t asked)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    uint64_t quarter = pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size / 4 : 0;

    if (asked)
        return asked;
    return quarter ? min_u64(quarter, UINT64_C(2) << 30) : UINT64_C(256) << 20;
}
