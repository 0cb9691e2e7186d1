/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/raw-priv.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"

struct raw {
    struct raw_info info;
    struct blk *blk;
    char *member;
    const struct raw_codec *codec; /* NULL: plain */
    void *state;
    struct raw_file file;
    uint64_t at;   /* packed: where the next byte of `state` stands */
    uint8_t *head; /* packed: the first bytes, unpacked to look at them */
    size_t head_n;
};

static int no_size(struct blk *b, struct raw_info *info, struct wtg_err *err)
{
    (void)b, (void)info, (void)err;
    return 0;
}

/* clang-format off */
static const struct form {
    size_t n;
    const char *magic, *name, *suffix;
    const struct raw_codec *codec;
    int (*size)(struct blk *b, struct raw_info *info, struct wtg_err *err);
} forms[] = {
    { 3, "\x1f\x8b\x08",       "gzip",  ".gz",  &raw_gzip,    no_size },
    { 6, "\xfd" "7zXZ\0",      "xz",    ".xz",  &raw_archive, raw_xz_size },
    { 4, "\x28\xb5\x2f\xfd",   "zstd",  ".zst", &raw_archive, raw_zstd_size },
    { 3, "BZh",                "bzip2", ".bz2", &raw_archive, no_size },
    { 4, "PK\3\4",             "zip",   ".zip", &raw_archive, no_size },
};
/* clang-format on */

int raw_file_next(struct raw_file *f, struct wtg_err *err)
{
    size_t n = (size_t)min_u64(RAW_FILE_BYTES, f->blk->size - f->at);
    int r = n ? blk_read(f->blk, f->at, f->buf, n, err) : 0;

    if (r < 0)
        return r;
    if (f->hash)
        hash_add(f->hash, f->buf, n);
    f->at += n;
    f->n = n;
    return 0;
}

static const struct form *form_of(struct wtg_span head)
{
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        const uint8_t *p = span_at(head, 0, forms[i].n);
        if (p && memcmp(p, forms[i].magic, forms[i].n) == 0)
            return &forms[i];
    }
    return NULL;
}

static void stop_unpacking(struct raw *r)
{
    if (r->state)
        r->codec->free(r->state);
    r->state = NULL;
    r->file.at = 0;
    r->file.n = 0;
}

static int open_packed(struct raw *r, const struct form *f, struct wtg_err *err)
{
    r->info.form = f->name;
    r->info.suffix = f->suffix;
    r->codec = f->codec;
    r->file.blk = r->blk;
    r->file.buf = mem_zeroed(RAW_FILE_BYTES, 1, err);
    int ret = r->file.buf ? f->size(r->blk, &r->info, err) : err->code;
    if (ret == 0 && strcmp(f->name, "zip") == 0) {
        ret = raw_zip_look(r->blk, &r->member, &r->info, err);
        r->info.member = r->member ? r->member : "";
    }
    if (ret == 0)
        ret = r->codec->open(&r->file, &r->info, &r->state, err);
    if (ret == 0)
        ret = r->codec->read(r->state, r->head, RAW_HEAD_BYTES, &r->head_n, err);
    if (ret == 0 && r->head_n == 0)
        ret = wtg_fail(err, WTG_E_IMAGE_FORMAT, "there are no bytes in it");
    /* raw_read begins anew: the file's hash, if it is wanted, must see every byte. */
    stop_unpacking(r);
    return ret < 0 ? ret : raw_refuse((struct wtg_span){ r->head, r->head_n }, &r->info, err);
}

static int open_any(struct raw *r, const char *path, struct wtg_err *err)
{
    int ret = blk_open(path, &r->blk, err);

    if (ret < 0)
        return ret;
    r->info = (struct raw_info){
        .form = "plain", .suffix = "", .member = "", .file_bytes = r->blk->size
    };
    if (r->blk->size == 0)
        return wtg_fail(err, WTG_E_IMAGE_FORMAT, "the file is empty");
    r->head = mem_zeroed(RAW_HEAD_BYTES, 1, err);
    if (!r->head)
        return err->code;
    struct wtg_span head = { r->head, (size_t)min_u64(RAW_HEAD_BYTES, r->blk->size) };
    ret = blk_read(r->blk, 0, r->head, head.n, err);
    if (ret < 0)
        return ret;
    const struct form *f = form_of(head);
    if (f)
        return open_packed(r, f, err);
    r->info.size_known = r->info.size_exact = true;
    r->info.size_bytes = r->blk->size;
    ret = raw_refuse(head, &r->info, err);
    return ret < 0 ? ret : raw_refuse_windows(r->blk, &r->info, err);
}

int raw_open(const char *path, struct raw **ret, struct wtg_err *err)
{
    struct raw *r = mem_zeroed(1, sizeof *r, err);
    if (!r)
        return err->code;
    if (open_any(r, path, err) < 0) {
        raw_free(r);
        return wtg_because(err, "'%s'", path);
    }
    *ret = r;
    return 0;
}

void raw_free(struct raw *r)
{
    if (!r)
        return;
    stop_unpacking(r);
    free(r->file.buf);
    free(r->head);
    free(r->member);
    blk_free(r->blk);
    free(r);
}

const struct raw_info *raw_info(const struct raw *r)
{
    return &r->info;
}

void raw_hash_file(struct raw *r, struct hash *file)
{
    r->file.hash = file;
}

int raw_finish(struct raw *r, struct wtg_err *err)
{
    int ret = 0;

    while (r->codec && r->file.hash && ret == 0 && r->file.at < r->blk->size)
        ret = raw_file_next(&r->file, err);
    return ret;
}

static int read_plain(struct raw *r, uint64_t off, void *buf, size_t n, size_t *ret_n,
                      struct wtg_err *err)
{
    size_t part = off < r->blk->size ? (size_t)min_u64(n, r->blk->size - off) : 0;
    int ret = part ? blk_read(r->blk, off, buf, part, err) : 0;

    if (ret == 0)
        *ret_n = part;
    return ret;
}

/* Unpacks what lies between two pieces that are wanted and forgets it. */
static int skip(struct raw *r, uint64_t off, struct wtg_err *err)
{
    while (r->at < off) {
        size_t want = (size_t)min_u64(RAW_HEAD_BYTES, off - r->at), got = 0;
        int ret = r->codec->read(r->state, r->head, want, &got, err);
        if (ret < 0)
            return ret;
        r->at += got;
        if (got < want)
            break;
    }
    return 0;
}

int raw_read(struct raw *r, uint64_t off, void *buf, size_t n, size_t *ret_n, struct wtg_err *err)
{
    size_t got = 0;

    if (!r->codec)
        return read_plain(r, off, buf, n, ret_n, err);
    int ret = r->state ? 0 : r->codec->open(&r->file, &r->info, &r->state, err);
    if (ret == 0)
        ret = skip(r, off, err);
    if (ret == 0 && r->at == off)
        ret = r->codec->read(r->state, buf, n, &got, err);
    if (ret < 0)
        return wtg_because(err, "unpacking at byte %" PRIu64, r->at);
    r->at += got;
    *ret_n = got;
    return 0;
}
