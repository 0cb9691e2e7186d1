/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/raw-priv.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* xz, zstd, bzip2 and zip through libarchive.  Reading is strictly front to back, so that the
 * file can be hashed on the way; only the look into a zip's directory jumps. */
struct packed {
    struct archive *a;
    struct raw_file *file;
    struct wtg_err read_err; /* why the file could not be read, which libarchive does not tell */
};

/* libarchive's own words, or why the file below could not be read. */
static int failed(struct packed *p, struct wtg_err *err)
{
    const char *why = archive_error_string(p->a);

    if (p->read_err.code) {
        *err = p->read_err;
        return err->code;
    }
    if (archive_errno(p->a) == ENOMEM)
        return wtg_fail_nomem(err);
    return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "%s", why ? why : "it cannot be unpacked");
}

static la_ssize_t on_read(struct archive *a, void *ctx, const void **ret)
{
    struct packed *p = ctx;

    if (raw_file_next(p->file, &p->read_err) < 0) {
        archive_set_error(a, EIO, "the file cannot be read");
        return -1;
    }
    *ret = p->file->buf;
    return (la_ssize_t)p->file->n;
}

static la_int64_t on_seek(struct archive *a, void *ctx, la_int64_t off, int whence)
{
    struct raw_file *f = ((struct packed *)ctx)->file;
    int64_t base = whence == SEEK_SET   ? 0
                   : whence == SEEK_CUR ? (int64_t)f->at
                                        : (int64_t)f->blk->size;

    (void)a;
    if (ADD_OVERFLOW(base, off, &base) || base < 0 || (uint64_t)base > f->blk->size)
        return ARCHIVE_FATAL;
    f->at = (uint64_t)base;
    return base;
}

static int allow(struct archive *a, const char *form, bool seeks)
{
    if (strcmp(form, "zip") == 0)
        return seeks ? archive_read_support_format_zip_seekable(a)
                     : archive_read_support_format_zip_streamable(a);
    int r = strcmp(form, "xz") == 0     ? archive_read_support_filter_xz(a)
            : strcmp(form, "zstd") == 0 ? archive_read_support_filter_zstd(a)
                                        : archive_read_support_filter_bzip2(a);
    return r == ARCHIVE_OK ? archive_read_support_format_raw(a) : r;
}

static int start(struct packed *p, const char *form, bool seeks, struct wtg_err *err)
{
    p->a = archive_read_new();
    if (!p->a)
        return wtg_fail_nomem(err);
    if (allow(p->a, form, seeks) != ARCHIVE_OK) /* WARN: by a program, which we do not want */
        return wtg_fail(err, WTG_E_UNSUPPORTED, "this libarchive cannot unpack %s", form);
    if (seeks)
        archive_read_set_seek_callback(p->a, on_seek);
    archive_read_set_read_callback(p->a, on_read);
    archive_read_set_callback_data(p->a, p);
    return archive_read_open1(p->a) == ARCHIVE_OK ? 0 : failed(p, err);
}

/* The next entry; NULL behind the last one. */
static int next_entry(struct packed *p, struct archive_entry **ret, struct wtg_err *err)
{
    int r = archive_read_next_header(p->a, ret);

    if (r == ARCHIVE_EOF)
        *ret = NULL;
    return r == ARCHIVE_OK || r == ARCHIVE_WARN || r == ARCHIVE_EOF ? 0 : failed(p, err);
}

static void packed_free(void *codec)
{
    struct packed *p = codec;

    archive_read_free(p->a);
    free(p);
}

static bool is_member(struct archive_entry *e, const char *name)
{
    const char *path = archive_entry_pathname(e);
    return path && strcmp(path, name) == 0;
}

static int packed_open(struct raw_file *f, const struct raw_info *info, void **ret,
                       struct wtg_err *err)
{
    struct archive_entry *e = NULL;
    struct packed *p = mem_zeroed(1, sizeof *p, err);
    if (!p)
        return err->code;
    p->file = f;
    int r = start(p, info->form, false, err);
    do {
        r = r == 0 ? next_entry(p, &e, err) : r;
    } while (r == 0 && e && info->member[0] && !is_member(e, info->member));
    if (r == 0 && !e)
        r = wtg_fail(err, WTG_E_IMAGE_DAMAGED, "there is nothing in it");
    if (r < 0) {
        packed_free(p);
        return r;
    }
    *ret = p;
    return 0;
}

static int packed_read(void *codec, uint8_t *buf, size_t n, size_t *ret_n, struct wtg_err *err)
{
    struct packed *p = codec;
    size_t done = 0;

    while (done < n) {
        la_ssize_t got = archive_read_data(p->a, buf + done, n - done);
        if (got == ARCHIVE_RETRY)
            continue;
        if (got < 0) /* also a mere warning: sizes that contradict each other */
            return failed(p, err);
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *ret_n = done;
    return 0;
}

const struct raw_codec raw_archive = { packed_open, packed_read, packed_free };

/* Which of the files in a zip: the only one, or the only one with the name of an image. */

enum { ZIP_MAX_ENTRIES = 10000 }; /* a zip with an image in it has a handful */

struct choice {
    size_t files, images;
    char *member; /* the one of `images`, or the first of `files` */
    bool size_known, encrypted;
    uint64_t size;
};

static bool has_image_name(const char *path)
{
    static const char *const suffix[] = { ".img", ".iso", ".raw", ".bin", ".dd", ".image", ".wic" };
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot && i < ARRAY_LEN(suffix); i++)
        if (strcasecmp(dot, suffix[i]) == 0)
            return true;
    return false;
}

static int consider(struct choice *c, struct archive_entry *e, struct wtg_err *err)
{
    const char *path = archive_entry_pathname(e);
    size_t n = path ? strlen(path) : 0;

    if (n == 0 || path[n - 1] == '/' || archive_entry_filetype(e) == AE_IFDIR)
        return 0;
    bool image = has_image_name(path);
    if (c->files++ == 0 || (image && c->images == 0)) {
        free(c->member);
        c->member = strdup(path);
        if (!c->member)
            return wtg_fail_nomem(err);
        c->size_known = archive_entry_size_is_set(e);
        c->size = c->size_known ? (uint64_t)archive_entry_size(e) : 0;
        c->encrypted = archive_entry_is_data_encrypted(e);
    }
    c->images += image;
    return 0;
}

static int decide(const struct choice *c, struct wtg_err *err)
{
    if (c->files == 0)
        return wtg_fail(err, WTG_E_IMAGE_FORMAT, "there is no file in the zip");
    if (c->images > 1 || (c->images == 0 && c->files > 1)) {
        wtg_fail(err, WTG_E_IMAGE_FORMAT,
                 "the zip holds %zu files, and it is not clear which one "
                 "is the image",
                 c->files);
        return wtg_hint(err, "unpack it and give the image itself");
    }
    if (!c->encrypted)
        return 0;
    wtg_fail(err, WTG_E_UNSUPPORTED, "'%s' in the zip is encrypted", c->member);
    return wtg_hint(err, "unpack it with its password and give the image itself");
}

int raw_zip_look(struct blk *b, char **ret_member, struct raw_info *info, struct wtg_err *err)
{
    AUTO_FREE uint8_t *buf = mem_zeroed(RAW_FILE_BYTES, 1, err);
    struct raw_file f = { .blk = b, .buf = buf };
    struct packed p = { .file = &f };
    struct choice c = { 0 };
    struct archive_entry *e = NULL;
    size_t n = 0;

    int r = buf ? start(&p, "zip", true, err) : err->code;
    while (r == 0 && (r = next_entry(&p, &e, err)) == 0 && e) {
        r = consider(&c, e, err);
        if (r == 0 && ++n > ZIP_MAX_ENTRIES)
            r = wtg_fail(err, WTG_E_IMAGE_FORMAT, "the zip holds more than %d files: no image",
                         ZIP_MAX_ENTRIES);
    }
    archive_read_free(p.a);
    if (r == 0)
        r = decide(&c, err);
    if (r < 0) {
        free(c.member);
        return r;
    }
    *ret_member = c.member;
    info->size_known = info->size_exact = c.size_known;
    info->size_bytes = c.size;
    return 0;
}
