/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The first byte says what follows: 'f', a file (WIM); 'm', a metadata resource, which is put into
 * a WIM with the right hash, since no fuzzer finds a SHA-1. Everything that opens is read. */

#include "../unit/image/made.h"
#include "blk/blk.h"
#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { UNIT_BYTES = 64 * 1024, MAX_BLOB_BYTES = 4 * 1024 * 1024, MAX_IMAGES = 4 };

static int by_order(const void *a, const void *b)
{
    const struct tree_blob *x = *(const struct tree_blob *const *)a;
    const struct tree_blob *y = *(const struct tree_blob *const *)b;
    return (x->order > y->order) - (x->order < y->order);
}

static void add(const struct tree_blob **all, size_t *n, size_t cap, const struct tree_blob *b)
{
    if (b && *n < cap && b->size_bytes <= MAX_BLOB_BYTES)
        all[(*n)++] = b;
}

static size_t blobs_of(const struct tree *t, const struct tree_blob **all, size_t cap)
{
    size_t n = 0, kept = 0;

    for (size_t i = 0; i < t->nnodes; i++) {
        const struct tree_node *node = t->node[i];
        for (uint32_t k = 0; k < node->nstreams; k++)
            add(all, &n, cap, node->stream[k].blob);
        add(all, &n, cap, node->reparse);
        add(all, &n, cap, node->efs);
    }
    qsort(all, n, sizeof(struct tree_blob *), by_order);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || all[i] != all[i - 1])
            all[kept++] = all[i];
    return kept;
}

static void feed(const struct tree_blob *const *blob, size_t n)
{
    struct wtg_err err = { 0 };
    struct tree_feed *f = NULL;
    struct tree_unit u = { 0 };
    void *decoder = NULL;
    int r = tree_feed_open(blob[0]->source, blob, n, UNIT_BYTES, &f, &err);

    if (r == 0)
        r = f->ops->decoder_new(f, &decoder, &err);
    while (r == 0 && f->ops->next(f, &u, &err) == 1) {
        uint8_t **dst = calloc(u.npieces, sizeof *dst), **content = calloc(u.npieces, sizeof *dst);
        uint64_t sum = 0;
        for (size_t i = 0; i < u.npieces; i++) {
            bool stored = blob[u.piece[i].blob]->content_bytes != 0;
            dst[i] = malloc(u.piece[i].len);
            content[i] = stored ? malloc(u.piece[i].content_len) : NULL;
            sum += stored ? u.piece[i].content_len : u.piece[i].len;
        }
        if (u.npieces == 0 || sum > f->unit_bytes)
            abort();
        r = f->ops->decode(f, decoder, &u, dst, content, &err);
        for (size_t i = 0; i < u.npieces; i++) {
            free(dst[i]);
            free(content[i]);
        }
        free(dst);
        free(content);
    }
    if (f)
        f->ops->decoder_free(f, decoder);
    tree_feed_free(f);
    tree_unit_release(&u);
}

static void read_tree(const struct tree *t)
{
    const struct tree_blob *all[256];
    uint8_t part[100];
    size_t n = blobs_of(t, all, sizeof all / sizeof all[0]);

    for (size_t i = 0; i < n; i++) {
        struct wtg_err err = { 0 };
        size_t len = all[i]->size_bytes < sizeof part ? (size_t)all[i]->size_bytes : sizeof part;
        if (tree_blob_read(all[i], all[i]->size_bytes - len, part, len, &err) < 0 && !err.text[0])
            abort();
    }
    if (n > 0)
        feed(all, n);
    /* And where there is one, the stored form in its place. */
    for (size_t i = 0; i < n; i++) {
        struct wtg_err err = { 0 };
        struct image_stored s;
        if (image_blob_stored(all[i], &s) && !s.solid && s.kind != CODEC_NONE &&
            image_stored_blob(all[i], &all[i], &err) < 0)
            abort();
    }
    if (n > 0)
        feed(all, n);
}

static void read_file(const uint8_t *data, size_t size)
{
    struct wtg_err err = { 0 };
    struct blk *b = NULL;
    struct image *image = NULL;
    size_t n = 0;
    bool present = false;

    if (blk_mem_wrap(data, size, &b, &err) == 0 && image_open_blk(b, NULL, &image, &err) == 0) {
        image_infos(image, &n);
        for (uint32_t i = 1; i <= n && i <= MAX_IMAGES; i++) {
            struct tree *t = NULL;
            if (image_load_tree(image, i, &t, &err) == 0)
                read_tree(t);
            tree_free(t);
        }
        if (image_verify_integrity(image, NULL, &present, &err) < 0 && !err.text[0])
            abort();
    }
    image_free(image);
    blk_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] == 'm') {
        struct bytes w = made_wrap(data + 1, size - 1);
        read_file(w.p, w.n);
        free(w.p);
    } else if (size > 0) {
        read_file(data + 1, size - 1);
    }
    return 0;
}
