/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/logs.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum {
    READ_BYTES = 1 << 20,
    EVENTS_BYTES_MAX = 1 << 30, /* Windows keeps event logs below 100 MB; all of it is in memory */
    ENTRIES_MAX = 10000,        /* in a packed file */
    FOLDER_ENTRIES_MAX = 4000,  /* below a folder: more are no logs of one case */
};

/* ---- One log ---------------------------------------------------------------------------- */

struct logs_sink {
    struct diagnose_case *c;
    struct diagnose_log *log; /* a text, or NULL */
    int events;               /* an event log, in memory, or -1 */
    uint64_t nevents;         /* its bytes so far */
    char head[8];             /* until it is known which */
    size_t nhead;
    char name[512];
};

static const char events_head[8] = "ElfFile"; /* with its NUL */

int logs_sink_new(struct diagnose_case *c, const char *name, struct logs_sink **ret,
                  struct wtg_err *err)
{
    struct logs_sink *s = mem_zeroed(1, sizeof *s, err);

    if (!s)
        return err->code;
    s->c = c;
    s->events = -1;
    snprintf(s->name, sizeof s->name, "%s", name);
    *ret = s;
    return 0;
}

static int put_events(struct logs_sink *s, const char *p, size_t n, struct wtg_err *err)
{
    if (n > EVENTS_BYTES_MAX - s->nevents)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "the event log '%s' is larger than a gigabyte",
                        s->name);
    s->nevents += n;
    while (n) {
        ssize_t done = write(s->events, p, n);
        if (done < 0)
            return wtg_fail_errno(err, errno, "keeping '%s' in memory", s->name);
        p += done;
        n -= (size_t)done;
    }
    return 0;
}

/* The first bytes are here, or there will be no more. */
static int begin(struct logs_sink *s, struct wtg_err *err)
{
    if (s->nhead == sizeof s->head && memcmp(s->head, events_head, sizeof s->head) == 0) {
        s->events = memfd_create("wtg-events", MFD_CLOEXEC);
        if (s->events < 0)
            return wtg_fail_errno(err, errno, "no memory for '%s'", s->name);
        return put_events(s, s->head, s->nhead, err);
    }
    int r = diagnose_log_new(s->c, s->name, &s->log, err);
    return r < 0 ? r : diagnose_log_feed(s->log, s->head, s->nhead, err);
}

int logs_sink_feed(struct logs_sink *s, const void *bytes, size_t n, struct wtg_err *err)
{
    const char *p = bytes;

    if (!s->log && s->events < 0) {
        size_t take = min_u64(n, sizeof s->head - s->nhead);
        memcpy(s->head + s->nhead, p, take);
        s->nhead += take;
        p += take;
        n -= take;
        if (s->nhead < sizeof s->head)
            return 0;
        int r = begin(s, err);
        if (r < 0)
            return r;
    }
    return s->log ? diagnose_log_feed(s->log, p, n, err) : put_events(s, p, n, err);
}

int logs_sink_end(struct logs_sink *s, struct wtg_job *job, struct wtg_err *err)
{
    char path[64];
    int r = 0;

    if (!s->log && s->events < 0)
        r = begin(s, err);
    if (s->log && diagnose_log_end(s->log, err) < 0)
        r = err->code;
    if (r == 0 && s->events >= 0) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", s->events);
        r = logs_add_events(s->c, path, s->name, job, err);
    }
    wtg_close_fd(&s->events);
    free(s);
    return r;
}

/* ---- A file, packed or not -------------------------------------------------------------- */

struct reader {
    struct diagnose_case *c;
    struct wtg_job *job;
    struct archive *a;
    const char *name; /* without folders */
    uint64_t done, total;
};

static void free_reader(struct reader *r)
{
    archive_read_free(r->a);
}

/* libarchive unpacks what is packed; "raw" is everything else. */
static int start(struct reader *r, int fd, struct wtg_err *err)
{
    r->a = archive_read_new();
    if (!r->a)
        return wtg_fail_nomem(err);
    archive_read_support_filter_gzip(r->a);
    archive_read_support_filter_xz(r->a);
    archive_read_support_filter_zstd(r->a);
    archive_read_support_filter_bzip2(r->a);
    archive_read_support_format_zip_streamable(r->a);
    archive_read_support_format_cab(r->a);
    archive_read_support_format_raw(r->a);
    archive_read_support_format_empty(r->a);
    if (archive_read_open_fd(r->a, fd, READ_BYTES) != ARCHIVE_OK)
        return wtg_fail(err, WTG_E_IO, "reading '%s': %s", r->name, archive_error_string(r->a));
    return 0;
}

/* The bytes of one entry; one that is damaged ends where the damage begins. */
static int copy_entry(struct reader *r, struct logs_sink *s, struct wtg_err *err)
{
    const void *bytes;
    size_t n;
    la_int64_t at;
    int got, ret = 0;

    while (ret == 0 && ((got = archive_read_data_block(r->a, &bytes, &n, &at)) == ARCHIVE_OK ||
                        got == ARCHIVE_WARN || got == ARCHIVE_RETRY)) {
        const struct wtg_progress p = { "read-logs", "bytes", r->done, r->total };
        if (got == ARCHIVE_RETRY)
            continue;
        ret = wtg_tick(r->job, &p, err);
        if (ret == 0)
            ret = logs_sink_feed(s, bytes, n, err);
        r->done += n;
    }
    return ret;
}

static int read_entry(struct reader *r, struct archive_entry *e, struct wtg_err *err)
{
    const char *inside = archive_entry_pathname(e);
    struct logs_sink *s = NULL;
    struct wtg_err ended = { 0 };
    char name[512];

    if (archive_format(r->a) == ARCHIVE_FORMAT_RAW || !inside)
        snprintf(name, sizeof name, "%s", r->name);
    else
        snprintf(name, sizeof name, "%s/%s", r->name, inside);
    int ret = logs_sink_new(r->c, name, &s, err);
    if (ret < 0)
        return ret;
    ret = copy_entry(r, s, err);
    if (logs_sink_end(s, r->job, &ended) < 0 && ret == 0) {
        *err = ended;
        ret = err->code;
    }
    return ret;
}

static int read_fd(struct diagnose_case *c, int fd, const char *path, struct wtg_job *job,
                   struct wtg_err *err)
{
    const char *slash = strrchr(path, '/');
    __attribute__((cleanup(free_reader))) struct reader r = {
        .c = c, .job = job, .name = slash && slash[1] ? slash + 1 : path
    };
    struct archive_entry *e;
    struct stat st;
    int ret, got = ARCHIVE_OK;

    r.total = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    ret = start(&r, fd, err);
    for (unsigned i = 0; ret == 0 && i < ENTRIES_MAX; i++) {
        got = archive_read_next_header(r.a, &e);
        if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
            break;
        ret = read_entry(&r, e, err);
    }
    if (ret == 0 && got == ARCHIVE_FATAL && r.done == 0)
        return wtg_fail(err, WTG_E_IO, "reading '%s': %s", r.name, archive_error_string(r.a));
    return ret;
}

/* ---- A folder --------------------------------------------------------------------------- */

static bool is_log_name(const char *name)
{
    static const char *const ends[] = { ".log", ".txt", ".evtx", ".gz",  ".xz",  ".zst", ".bz2",
                                        ".cab", ".old", ".err",  ".out", ".etl", ".1",   ".2" };
    size_t n = strlen(name);

    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        if (n > strlen(ends[i]) && strcasecmp(name + n - strlen(ends[i]), ends[i]) == 0)
            return true;
    return false;
}

/* Files, and folders that are still to be looked into: those are replaced by what they hold. */
struct folder {
    char **path;
    size_t n, cap;
};

static void free_folder(struct folder *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->path[i]);
    free(f->path);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_path(struct folder *f, const char *folder, const char *name, struct wtg_err *err)
{
    if (f->n == FOLDER_ENTRIES_MAX)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "there are more than %d logs and folders in it",
                        FOLDER_ENTRIES_MAX);
    if (mem_grow(&f->path, &f->cap, f->n, sizeof *f->path, err) < 0)
        return err->code;
    if (asprintf(&f->path[f->n], "%s/%s", folder, name) < 0)
        return wtg_fail_nomem(err);
    f->n++;
    return 0;
}

/* Links are not followed: they may lead round in circles. */
static int list_one(struct folder *f, const char *path, struct wtg_err *err)
{
    DIR *d = opendir(path);
    struct stat st;
    int r = 0;

    if (!d)
        return wtg_fail_errno(err, errno, "looking into '%s'", path);
    for (struct dirent *e; r == 0 && (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISDIR(st.st_mode) || (S_ISREG(st.st_mode) && is_log_name(e->d_name)))
            r = add_path(f, path, e->d_name, err);
    }
    closedir(d);
    return r;
}

static int read_path(struct diagnose_case *c, const char *path, struct wtg_job *job,
                     struct wtg_err *err)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return wtg_fail_errno(err, errno, "opening '%s'", path);
    return read_fd(c, fd, path, job, err);
}

static int read_folder(struct diagnose_case *c, const char *path, struct wtg_job *job,
                       struct wtg_err *err)
{
    __attribute__((cleanup(free_folder))) struct folder f = { 0 };
    struct stat st;
    int r = list_one(&f, path, err);

    for (size_t i = 0; r == 0 && i < f.n; i++)
        if (stat(f.path[i], &st) == 0 && S_ISDIR(st.st_mode))
            r = list_one(&f, f.path[i], err);
    if (r == 0 && f.n)
        qsort(f.path, f.n, sizeof *f.path, by_name);
    for (size_t i = 0; r == 0 && i < f.n; i++)
        if (stat(f.path[i], &st) == 0 && S_ISREG(st.st_mode))
            r = read_path(c, f.path[i], job, err);
    return r;
}

int logs_add(struct diagnose_case *c, const char *path, struct wtg_job *job, struct wtg_err *err)
{
    struct stat st;

    if (strcmp(path, "-") == 0)
        return read_fd(c, STDIN_FILENO, "-", job, err);
    if (stat(path, &st) != 0)
        return wtg_fail_errno(err, errno, "opening '%s'", path);
    return S_ISDIR(st.st_mode) ? read_folder(c, path, job, err) : read_path(c, path, job, err);
}
