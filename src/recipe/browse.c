/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/browse.h"

#include <pthread.h>
#include <string.h>

#include "base/utf16.h"
#include "image/image.h"
#include "ntfs/read.h"

struct wtg_files {
    struct image *image; /* or: */
    struct blk *volume;
    struct tree *tree;
    pthread_mutex_t lock; /* of reads from a volume, which is one thread's at a time */
};

static bool is_ntfs(struct blk *b)
{
    char boot[512];
    struct wtg_err ignored = { 0 };
    return b->size >= sizeof boot && blk_read(b, 0, boot, sizeof boot, &ignored) == 0 &&
           memcmp(boot + 3, "NTFS    ", 8) == 0;
}

static int open_image(struct wtg_files *f, const char *path, const char *inside, unsigned index,
                      struct wtg_err *err)
{
    uint32_t chosen = 0;
    int r = image_open(path, inside, &f->image, err);

    if (r == 0)
        r = image_select(f->image, index, NULL, &chosen, err);
    return r < 0 ? r : image_load_tree(f->image, chosen, &f->tree, err);
}

int browse_open(const char *path, const char *inside, unsigned index, struct wtg_files **ret,
                struct wtg_err *err)
{
    struct wtg_files *f = mem_zeroed(1, sizeof *f, err);
    if (!f)
        return err->code;
    pthread_mutex_init(&f->lock, NULL);
    int r = blk_open(path, &f->volume, err);
    if (r == 0 && is_ntfs(f->volume)) {
        r = ntfs_read_tree(f->volume, NULL, &f->tree, err);
    } else if (r == 0) {
        blk_free(f->volume);
        f->volume = NULL;
        r = open_image(f, path, inside, index, err);
    }
    if (r < 0) {
        browse_free(f);
        return r;
    }
    *ret = f;
    return 0;
}

void browse_free(struct wtg_files *f)
{
    if (!f)
        return;
    tree_free(f->tree);
    image_free(f->image);
    blk_free(f->volume);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

static struct wtg_file describe(const struct tree_node *n)
{
    return (struct wtg_file){
        .is_dir = n->attributes & ATTR_DIRECTORY,
        .size_bytes = tree_data_size(n),
        .attributes = n->attributes,
        .links = n->nlinks,
        .created = n->created,
        .accessed = n->accessed,
        .written = n->written,
    };
}

bool browse_find(const struct wtg_files *f, const char *path, struct wtg_file *ret)
{
    const struct tree_link *l = tree_find(f->tree, path);

    if (l)
        *ret = describe(l->node);
    return l;
}

int browse_list(const struct wtg_files *f, const char *path,
                int (*each)(const char *name, const struct wtg_file *file, void *user), void *user,
                struct wtg_err *err)
{
    const struct tree_link *dir = tree_find(f->tree, path);
    char name[UTF16_MAX_UTF8(255)];

    if (!dir || !(dir->node->attributes & ATTR_DIRECTORY))
        return wtg_fail(err, WTG_E_NOT_FOUND, "there is no directory '%s'", path);
    for (uint32_t i = 0; i < dir->node->nchildren; i++) {
        const struct tree_link *l = dir->node->child[i];
        const struct wtg_file file = describe(l->node);
        utf16_to_utf8(l->name, l->name_len, name, sizeof name);
        if (each(name, &file, user) != 0)
            break;
    }
    return 0;
}

int browse_read(struct wtg_files *f, const char *path, uint64_t off, void *buf, size_t n,
                size_t *ret_n, struct wtg_err *err)
{
    const struct tree_link *l = tree_find(f->tree, path);

    if (!l)
        return wtg_fail(err, WTG_E_NOT_FOUND, "there is no '%s'", path);
    if (l->node->nstreams && l->node->stream[0].hole)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "'%s' is compressed on the volume", path);
    const struct tree_blob *b = tree_data(l->node);
    uint64_t size = b ? b->size_bytes : 0;
    size_t part = off < size ? (size_t)min_u64(n, size - off) : 0;
    int r = 0;
    if (f->volume)
        pthread_mutex_lock(&f->lock);
    if (part > 0)
        r = tree_blob_read(b, off, buf, part, err);
    if (f->volume)
        pthread_mutex_unlock(&f->lock);
    if (r == 0)
        *ret_n = part;
    return r;
}
