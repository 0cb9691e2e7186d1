/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fetch/signature.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gpgme.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "fetch/file.h"

enum {
    KEYRING_MAX_BYTES = 16 << 20, /* Debian's whole keyring has 8 MB */
    PLAIN_MAX_BYTES = 16 << 20,   /* lists of checksums */
};

bool signature_is_clear(struct wtg_span text)
{
    static const char begin[] = "-----BEGIN PGP SIGNED MESSAGE-----";

    return text.n >= sizeof begin && memcmp(text.p, begin, sizeof begin - 1) == 0;
}

/* A GnuPG of its own. */

struct gpg {
    char home[64];
    gpgme_ctx_t ctx;
};

static int gpg_failed(gpgme_error_t e, const char *what, struct wtg_err *err)
{
    char text[128];

    if (gpgme_err_code(e) == GPG_ERR_ENOMEM)
        return wtg_fail_nomem(err);
    gpgme_strerror_r(e, text, sizeof text);
    return wtg_fail(err, WTG_E_UNSUPPORTED, "%s: %s", what, text);
}

static void remove_home(const char *home)
{
    /* GnuPG makes files here, and one folder of private keys, which stays empty. */
    DIR *d = opendir(home);
    const struct dirent *entry;

    while (d && (entry = readdir(d)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            unlinkat(dirfd(d), entry->d_name, 0) < 0)
            (void)unlinkat(dirfd(d), entry->d_name, AT_REMOVEDIR);
    if (d)
        closedir(d);
    (void)rmdir(home);
}

static void gpg_close(struct gpg *g)
{
    if (g->ctx)
        gpgme_release(g->ctx);
    if (g->home[0])
        remove_home(g->home);
    *g = (struct gpg){ .ctx = NULL };
}

static int make_home(struct gpg *g, struct wtg_err *err)
{
    /* No help from outside, no agent, and no hash that can be forged. */
    static const char conf[] = "trust-model always\nno-auto-key-locate\nno-auto-key-retrieve\n"
                               "no-autostart\nweak-digest SHA1\nno-auto-check-trustdb\n";
    const char *temp = getenv("TMPDIR");
    AUTO_FREE char *path = NULL;
    char home[sizeof g->home];

    /* Sockets of GnuPG stand in there, whose names have to be short. */
    if (!temp || strlen(temp) > 30)
        temp = "/tmp";
    snprintf(home, sizeof home, "%s/wtg-keys-XXXXXX", temp);
    if (!mkdtemp(home))
        return wtg_fail_errno(err, errno, "cannot make a folder in '%s'", temp);
    memcpy(g->home, home, sizeof home);
    if (asprintf(&path, "%s/gpg.conf", home) < 0) {
        path = NULL;
        return wtg_fail_nomem(err);
    }
    AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return wtg_fail_errno(err, errno, "cannot make '%s'", path);
    return file_write_at(fd, 0, conf, sizeof conf - 1, err);
}

static int import(struct gpg *g, const char *keyring, struct wtg_err *err)
{
    AUTO_FREE char *keys = NULL;
    gpgme_data_t data = NULL;
    size_t n = 0;

    if (file_read(keyring, KEYRING_MAX_BYTES, &keys, &n, err) < 0)
        return wtg_because(err, "the keyring");
    gpgme_error_t e = gpgme_data_new_from_mem(&data, keys, n, 0);
    if (!e)
        e = gpgme_op_import(g->ctx, data);
    gpgme_data_release(data);
    if (e && gpgme_err_code(e) != GPG_ERR_NO_DATA)
        return gpg_failed(e, "reading the keyring", err);
    gpgme_import_result_t result = gpgme_op_import_result(g->ctx);
    if (!e && result && result->imported + result->unchanged > 0)
        return 0;
    return wtg_fail(err, WTG_E_IMAGE_FORMAT, "'%s' holds no OpenPGP key", keyring);
}

static int gpg_open(const char *keyring, struct gpg *ret, struct wtg_err *err)
{
    struct gpg g = { .ctx = NULL };

    if (!gpgme_check_version("1.14.0"))
        return wtg_fail(err, WTG_E_UNSUPPORTED, "gpgme is older than 1.14");
    if (gpgme_engine_check_version(GPGME_PROTOCOL_OpenPGP)) {
        wtg_fail(err, WTG_E_UNSUPPORTED,
                 "GnuPG is not installed, so nobody can look at signatures");
        return wtg_hint(err, "install the package 'gpg' or 'gnupg'");
    }
    int r = make_home(&g, err);
    gpgme_error_t e = r == 0 ? gpgme_new(&g.ctx) : 0;
    if (r == 0 && !e)
        e = gpgme_ctx_set_engine_info(g.ctx, GPGME_PROTOCOL_OpenPGP, NULL, g.home);
    if (e)
        r = gpg_failed(e, "starting GnuPG", err);
    if (r == 0)
        r = import(&g, keyring, err);
    if (r < 0)
        gpg_close(&g);
    else
        *ret = g;
    return r;
}

int signature_try_keyring(const char *keyring, struct wtg_err *err)
{
    struct gpg g;

    if (gpg_open(keyring, &g, err) < 0)
        return err->code;
    gpg_close(&g);
    return 0;
}

/* Judging. */

static void date_of(unsigned long seconds, char date[16])
{
    time_t t = (time_t)seconds;
    struct tm tm;

    if (seconds == 0 || !gmtime_r(&t, &tm) || strftime(date, 16, "%Y-%m-%d", &tm) == 0)
        snprintf(date, 16, "?");
}

/* Whose key is it?  "" when it is not in the keyring. */
static void look_at_key(struct gpg *g, const char *fingerprint, struct signature_by *by,
                        unsigned long *ret_expires)
{
    gpgme_key_t key = NULL;
    size_t n = 0;

    *by = (struct signature_by){ .owner = "" };
    *ret_expires = 0;
    snprintf(by->fingerprint, sizeof by->fingerprint, "%s", fingerprint ? fingerprint : "");
    if (!fingerprint || gpgme_get_key(g->ctx, fingerprint, &key, 0))
        return;
    for (const char *c = key->uids && key->uids->uid ? key->uids->uid : "";
         *c && n + 1 < sizeof by->owner; c++)
        if ((unsigned char)*c >= ' ' && *c != 0x7f)
            by->owner[n++] = *c;
    for (gpgme_subkey_t s = key->subkeys; s; s = s->next)
        if (s->fpr && strcmp(s->fpr, fingerprint) == 0)
            *ret_expires = (unsigned long)s->expires;
    gpgme_key_unref(key);
}

static int refuse(struct wtg_err *err, const char *state, const char *hint, const char *fmt, ...)
    WTG_PRINTF(4, 5);
static int refuse(struct wtg_err *err, const char *state, const char *hint, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    wtg_fail(err, WTG_E_NOT_SIGNED, "%s", text);
    wtg_fact(err, "signature", "%s", state);
    return wtg_hint(err, "%s", hint);
}

static int judge_one(struct gpg *g, gpgme_signature_t s, struct signature_by *by,
                     struct wtg_err *err)
{
    unsigned long key_expires;
    char a[16], b[16];

    look_at_key(g, s->fpr, by, &key_expires);
    date_of(s->timestamp, a);
    switch (gpgme_err_code(s->status)) {
    case GPG_ERR_NO_ERROR:
        return 0;
    case GPG_ERR_BAD_SIGNATURE:
        return refuse(err, "bad",
                      "the bytes are not those that were signed: changed, damaged, or the "
                      "signature is of another file",
                      "the signature of '%s' (%s) does not fit", by->owner, by->fingerprint);
    case GPG_ERR_NO_PUBKEY:
        return refuse(err, "unknown-key", "get the publisher's key from a place you trust",
                      "it is signed with the key %s, which is not in the keyring", by->fingerprint);
    case GPG_ERR_SIG_EXPIRED:
        date_of(s->exp_timestamp, b);
        return refuse(err, "expired", "look for a newer file or signature",
                      "the signature of '%s' of %s has expired on %s", by->owner, a, b);
    case GPG_ERR_KEY_EXPIRED:
        date_of(key_expires, b);
        return refuse(err, "key-expired",
                      "the publisher may have a newer key, or this one with a later date",
                      "the key %s of '%s' has expired on %s", by->fingerprint, by->owner, b);
    case GPG_ERR_CERT_REVOKED:
        return refuse(err, "revoked",
                      "do not use the file: whoever signed it may have stolen the key",
                      "the key %s of '%s' was revoked", by->fingerprint, by->owner);
    default:
        gpgme_strerror_r(s->status, err->hint, sizeof err->hint);
        snprintf(a, sizeof a, "%.15s", err->hint);
        return refuse(err, "bad", "", "the signature (%s) cannot be checked: %s", by->fingerprint,
                      gpgme_strerror(s->status));
    }
}

/* One good signature proves it, unless another one says that the bytes are not right. */
static int judge(struct gpg *g, gpgme_error_t e, struct signature_by *ret, struct wtg_err *err)
{
    gpgme_verify_result_t v = gpgme_op_verify_result(g->ctx);
    bool good = false;
    int r = 0;

    if (e && gpgme_err_code(e) != GPG_ERR_NO_DATA && gpgme_err_code(e) != GPG_ERR_BAD_SIGNATURE)
        return gpg_failed(e, "GnuPG", err);
    if (e || !v || !v->signatures)
        return refuse(err, "none", "is it the right file?", "there is no OpenPGP signature in it");
    for (gpgme_signature_t s = v->signatures; s; s = s->next) {
        struct signature_by by;
        struct wtg_err one = { 0 };
        if (judge_one(g, s, &by, &one) == 0) {
            good = true;
            *ret = by;
        } else if (gpgme_err_code(s->status) == GPG_ERR_BAD_SIGNATURE || r == 0) {
            *err = one;
            r = one.code;
            if (gpgme_err_code(s->status) == GPG_ERR_BAD_SIGNATURE)
                return r;
        }
    }
    if (good)
        *err = (struct wtg_err){ 0 };
    return good ? 0 : r;
}

int signature_of_bytes(struct wtg_span signature, struct wtg_span bytes, const char *keyring,
                       struct signature_by *ret, struct wtg_err *err)
{
    gpgme_data_t sig = NULL, data = NULL;
    struct gpg g;

    if (gpg_open(keyring, &g, err) < 0)
        return err->code;
    gpgme_error_t e = gpgme_data_new_from_mem(&sig, (const char *)signature.p, signature.n, 0);
    if (!e)
        e = gpgme_data_new_from_mem(&data, (const char *)bytes.p, bytes.n, 0);
    if (!e)
        e = gpgme_op_verify(g.ctx, sig, data, NULL);
    int r = judge(&g, e, ret, err);
    gpgme_data_release(sig);
    gpgme_data_release(data);
    gpg_close(&g);
    return r;
}

struct reading {
    int fd;
    uint64_t at, size;
    struct wtg_job *job;
    struct wtg_err *err;
};

static ssize_t on_read(void *user, void *p, size_t n)
{
    struct reading *f = user;
    struct wtg_progress progress = { "prove", "bytes", f->at, f->size };
    size_t got = 0;

    if (wtg_tick(f->job, &progress, f->err) < 0 ||
        file_read_at(f->fd, f->at, p, n, &got, f->err) < 0) {
        errno = ECANCELED;
        return -1;
    }
    f->at += got;
    return (ssize_t)got;
}

int signature_of_file(struct wtg_span signature, int fd, uint64_t size, const char *keyring,
                      struct wtg_job *job, struct signature_by *ret, struct wtg_err *err)
{
    struct gpgme_data_cbs cbs = { .read = on_read };
    struct reading f = { .fd = fd, .size = size, .job = job, .err = err };
    gpgme_data_t sig = NULL, data = NULL;
    struct gpg g;

    if (gpg_open(keyring, &g, err) < 0)
        return err->code;
    gpgme_error_t e = gpgme_data_new_from_mem(&sig, (const char *)signature.p, signature.n, 0);
    if (!e)
        e = gpgme_data_new_from_cbs(&data, &cbs, &f);
    if (!e)
        e = gpgme_op_verify(g.ctx, sig, data, NULL);
    int r = err->code ? err->code : judge(&g, e, ret, err);
    gpgme_data_release(sig);
    gpgme_data_release(data);
    gpg_close(&g);
    return r;
}

/* What GnuPG gave out, as a string. */
static int plain_of(gpgme_data_t data, char **ret, size_t *ret_n, struct wtg_err *err)
{
    off_t size = gpgme_data_seek(data, 0, SEEK_END);

    if (size < 0 || size > PLAIN_MAX_BYTES || gpgme_data_seek(data, 0, SEEK_SET) < 0)
        return wtg_fail(err, WTG_E_IMAGE_FORMAT, "the signed text is too long");
    char *text = mem_zeroed((size_t)size + 1, 1, err);
    if (!text)
        return err->code;
    size_t n = 0;
    while (n < (size_t)size) {
        ssize_t got = gpgme_data_read(data, text + n, (size_t)size - n);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    *ret = text;
    *ret_n = n;
    return 0;
}

int signature_clear(struct wtg_span text, const char *keyring, char **ret_text, size_t *ret_n,
                    struct signature_by *ret, struct wtg_err *err)
{
    gpgme_data_t sig = NULL, plain = NULL;
    struct gpg g;

    if (gpg_open(keyring, &g, err) < 0)
        return err->code;
    gpgme_error_t e = gpgme_data_new_from_mem(&sig, (const char *)text.p, text.n, 0);
    if (!e)
        e = gpgme_data_new(&plain);
    if (!e)
        e = gpgme_op_verify(g.ctx, sig, NULL, plain);
    int r = judge(&g, e, ret, err);
    if (r == 0)
        r = plain_of(plain, ret_text, ret_n, err);
    gpgme_data_release(sig);
    gpgme_data_release(plain);
    gpg_close(&g);
    return r;
}
