/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "recipe/verify-priv.h"

void verify_tell(struct verify *v, enum wtg_verify_check check, enum wtg_verify_state state,
                 const char *wanted, const char *fmt, ...)
{
    char seen[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(seen, sizeof seen, fmt, ap);
    va_end(ap);
    const struct wtg_verify_result result = {
        .check = check,
        .state = state,
        .seen = seen,
        .wanted = wanted,
        .hint = state == WTG_VERIFY_FAILED && check <= WTG_VERIFY_CONTENT
                    ? N_("get the image again, and compare its size and SHA-256 with what its "
                         "publisher says")
                    : "",
    };
    v->failed += state == WTG_VERIFY_FAILED;
    if (v->watch->result)
        v->watch->result(&result, v->watch->user);
}

/* The image did not open: the check that found out failed, what comes before it was fine, and
 * nothing behind it can be looked at. */
static void tell_broken(struct verify *v, enum wtg_verify_check broken, const struct wtg_err *why)
{
    for (enum wtg_verify_check c = 0; c < WTG_VERIFY_COUNT; c++)
        if (c == broken)
            verify_tell(v, c, WTG_VERIFY_FAILED, "", "%s", why->text);
        else if (c > broken)
            verify_tell(v, c, WTG_VERIFY_SKIPPED, "", "not looked at: '%s' failed",
                        wtg_verify_slug(broken));
}

static bool stage_of(const struct wtg_err *err, enum wtg_verify_check *ret)
{
    for (size_t i = 0; i < err->nfacts; i++)
        for (enum wtg_verify_check c = 0; c < WTG_VERIFY_COUNT; c++)
            if (strcmp(err->fact[i].key, "image.stage") == 0 &&
                strcmp(err->fact[i].value, wtg_verify_slug(c)) == 0) {
                *ret = c;
                return true;
            }
    return false;
}

/* 1: it is open; 0: it is too broken for that, which has been told. */
static int open_image(struct verify *v, const char *path, struct wtg_err *err)
{
    struct wtg_err why = { 0 };
    enum wtg_verify_check broken;
    int r = image_open(path, v->opts->inside, &v->image, &why);

    if (r == 0)
        return 1;
    bool damage = why.code == WTG_E_IMAGE_DAMAGED || why.code == WTG_E_IMAGE_PART ||
                  why.code == WTG_E_IMAGE_HASH || why.code == WTG_E_UNSUPPORTED ||
                  why.code == WTG_E_IO;
    if (!damage || !stage_of(&why, &broken)) {
        *err = why;
        return r;
    }
    tell_broken(v, broken, &why);
    return 0;
}

static void tell_structure(struct verify *v)
{
    const struct image_facts f = image_facts(v->image);
    size_t images = 0;

    (void)image_infos(v->image, &images);
    if (f.missing_bytes)
        verify_tell(v, WTG_VERIFY_FILE, WTG_VERIFY_FAILED, "",
                    "%" PRIu64 " bytes: %" PRIu64 " are missing", f.file_bytes, f.missing_bytes);
    else
        verify_tell(v, WTG_VERIFY_FILE, WTG_VERIFY_FINE, "",
                    "%" PRIu64 " bytes, nothing stands behind the end", f.file_bytes);
    if (f.container == IMAGE_IN_FILE)
        verify_tell(v, WTG_VERIFY_DISC, WTG_VERIFY_SKIPPED, "", "the file is no disc image");
    else
        verify_tell(v, WTG_VERIFY_DISC, WTG_VERIFY_FINE, "", "'%s', found through %s", f.inside,
                    image_container_name(f.container));
    if (f.boot_index > images)
        verify_tell(v, WTG_VERIFY_HEADER, WTG_VERIFY_FAILED, "the number of an image, or 0",
                    "image %u is to be booted, of %zu", f.boot_index, images);
    else
        verify_tell(v, WTG_VERIFY_HEADER, WTG_VERIFY_FINE, "", "%zu images, %s, chunks of %u KiB",
                    images, codec_name(f.solid ? f.solid_kind : f.kind),
                    (f.solid ? f.solid_chunk_bytes : f.chunk_bytes) / 1024);
    if (f.parts == 1)
        verify_tell(v, WTG_VERIFY_PARTS, WTG_VERIFY_SKIPPED, "", "the image is not split");
    else
        verify_tell(v, WTG_VERIFY_PARTS, WTG_VERIFY_FINE, "",
                    "all %u parts are there and belong together, %" PRIu64 " bytes", f.parts,
                    f.wim_bytes);
    verify_tell(v, WTG_VERIFY_XML, WTG_VERIFY_FINE, "", "it describes %zu images", images);
    verify_tell(v, WTG_VERIFY_TABLE, WTG_VERIFY_FINE, "",
                "%zu contents of %" PRIu64 " bytes, each inside the file", f.nblobs,
                f.content_bytes);
}

/* The integrity table, by a thread of its own while content is decoded: both read the same bytes.
 */
struct integrity {
    struct verify *v;
    struct wtg_job job; /* without progress: only one thread may tell */
    pthread_t thread;
    bool started, present;
    int r;
    struct wtg_err err;
};

static void *integrity_main(void *arg)
{
    struct integrity *k = arg;
    k->r = image_verify_integrity(k->v->image, &k->job, &k->present, &k->err);
    return NULL;
}

static int integrity_end(struct integrity *k, bool cancel, struct wtg_err *err)
{
    if (cancel)
        atomic_store(&k->job.cancel, true);
    if (k->started)
        pthread_join(k->thread, NULL);
    k->started = false;
    if (cancel)
        return err->code;
    if (k->r < 0 && k->r != WTG_E_IMAGE_HASH && k->r != WTG_E_IMAGE_DAMAGED && k->r != WTG_E_IO) {
        *err = k->err;
        return k->r;
    }
    if (k->r < 0)
        verify_tell(k->v, WTG_VERIFY_INTEGRITY, WTG_VERIFY_FAILED, "", "%s", k->err.text);
    else if (k->present)
        verify_tell(k->v, WTG_VERIFY_INTEGRITY, WTG_VERIFY_FINE, "",
                    "every stretch of the file has the SHA-1 of the table");
    else
        verify_tell(k->v, WTG_VERIFY_INTEGRITY, WTG_VERIFY_SKIPPED, "", "the image has none");
    return 0;
}

static int tell_content(struct verify *v, struct wtg_err *err)
{
    AUTO_FREE struct verify_named *named = mem_zeroed(v->nbad, sizeof *named, err);
    if (!named)
        return err->code;
    for (size_t i = 0; i < v->nbad; i++)
        named[i] = (struct verify_named){ v->bad[i].blob, true, v->bad[i].why };
    int r = verify_name(v, WTG_VERIFY_CONTENT, named, v->nbad, err);
    if (r < 0)
        return r;
    if (v->nbad)
        verify_tell(v, WTG_VERIFY_CONTENT, WTG_VERIFY_FAILED,
                    "the SHA-1 that the table of contents promises",
                    "%s%zu of %zu contents are damaged",
                    v->nbad == VERIFY_MAX_BAD ? "at least " : "", v->nbad, v->nblobs);
    else
        verify_tell(v, WTG_VERIFY_CONTENT, WTG_VERIFY_FINE, "",
                    "%zu contents, %" PRIu64 " bytes, each with the SHA-1 that the table promises",
                    v->nblobs, v->content_bytes);
    return 0;
}

static int look_inside(struct verify *v, struct wtg_err *err)
{
    struct integrity k = { .v = v };

    tell_structure(v);
    int r = image_blobs(v->image, &v->blob, &v->nblobs, &v->norders, err);
    if (r == 0 && !(v->kind = mem_zeroed(v->norders, 1, err)))
        r = err->code;
    if (r < 0)
        return r;
    k.started = pthread_create(&k.thread, NULL, integrity_main, &k) == 0;
    if (!k.started)
        integrity_main(&k);
    r = verify_trees(v, err);
    if (r == 0)
        r = verify_content(v, err);
    r = integrity_end(&k, r < 0, err);
    if (r == 0)
        r = tell_content(v, err);
    if (r == 0 && !v->opts->no_signatures)
        r = verify_sign_results(v, err);
    return r;
}

int verify_image(const char *path, const struct wtg_verify_opts *opts, struct wtg_job *job,
                 const struct wtg_verify_watch *watch, unsigned *ret_failed, struct wtg_err *err)
{
    struct verify v = { .opts = opts, .job = job, .watch = watch };

    pthread_mutex_init(&v.lock, NULL);
    int r = verify_sign_init(&v, err);
    if (r == 0)
        r = open_image(&v, path, err);
    if (r > 0)
        r = look_inside(&v, err);
    verify_sign_release(&v);
    image_free(v.image);
    free(v.blob);
    free(v.kind);
    free(v.bad);
    pthread_mutex_destroy(&v.lock);
    if (r == 0)
        *ret_failed = v.failed;
    return r;
}
