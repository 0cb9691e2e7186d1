/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf16.h"
#include "ntfs/check-state.h"
#include "tree/names.h"

enum {
    MAX_PROBLEMS = 1000, /* enough to see what is wrong; a wiped $MFT has millions */
    PASSES = 3,
};

static const struct ntfs_problem_kind kinds[] = {
#define FINE NTFS_FINE
#define WARNING NTFS_WARNING
#define ERROR NTFS_ERROR
#define P(name, id, normal, strict, text) { id, text, normal, strict },
    NTFS_PROBLEMS(P)
#undef P
#undef FINE
#undef WARNING
#undef ERROR
};

const struct ntfs_problem_kind *ntfs_problem_kinds(size_t *ret_n)
{
    *ret_n = ARRAY_LEN(kinds);
    return kinds;
}

void ntfs_check_problem(struct check *c, enum ntfs_problem_number p, uint64_t record,
                        const char *fmt, ...)
{
    struct ntfs_check_result *r = &c->result;
    enum ntfs_severity s = c->opts->strict ? kinds[p].strict : kinds[p].normal;
    va_list ap;
    if (s == NTFS_FINE)
        return;
    *(s == NTFS_ERROR ? &r->errors : &r->warnings) += 1;
    if (r->nproblems == c->max_problems)
        return;
    struct ntfs_problem *one = &r->problem[r->nproblems++];
    *one = (struct ntfs_problem){ kinds[p].id, kinds[p].text, s, record, "", "" };
    va_start(ap, fmt);
    vsnprintf(one->detail, sizeof one->detail, fmt, ap);
    va_end(ap);
}

int ntfs_check_soft(struct check *c, int r, enum ntfs_problem_number p, uint64_t record,
                    struct wtg_err *err)
{
    if (r >= 0)
        return 0;
    if (r != WTG_E_VOLUME_DAMAGED && r != WTG_E_UNSUPPORTED)
        return r;
    ntfs_check_problem(c, p, record, "%s", err->text);
    *err = (struct wtg_err){ 0 };
    return 1;
}

int ntfs_check_tick(struct check *c, int pass, uint64_t record, struct wtg_err *err)
{
    struct wtg_progress p = { "check-volume", "files", (uint64_t)pass * c->records + record,
                              PASSES * c->records };
    return record % 1024 ? 0 : wtg_tick(c->job, &p, err);
}

int ntfs_check_slurp(struct check *c, const struct ntfs_file *f, uint32_t type, const char *name,
                     size_t limit, enum ntfs_problem_number p, uint8_t **ret, size_t *ret_n,
                     struct wtg_err *err)
{
    const struct ntfs_attr *a = ntfs_file_find(f, type, name);
    struct ntfs_stream s = { 0 };
    if (!a) {
        ntfs_check_problem(c, p, f->record, "it has no attribute 0x%x '%s'", type, name);
        return 1;
    }
    int r = ntfs_stream_open(c->vol, f, a, &s, err);
    if (r == 0)
        r = ntfs_stream_slurp(c->vol, &s, limit, ret, ret_n, err);
    ntfs_stream_release(&s);
    return ntfs_check_soft(c, r, p, f->record, err);
}

/* ---- Paths ------------------------------------------------------------------------------ */

/* The name to show: any but the DOS one. */
static const struct check_name *name_to_show(const struct check *c, uint64_t record)
{
    const struct check_name *best = NULL;
    for (size_t i = ntfs_check_names_of(c, record); i < c->nnames && c->name[i].owner == record;
         i++) {
        const struct ntfs_file_name_disk *d = (const void *)c->name[i].value;
        if (d->name_space != NTFS_NS_DOS)
            return &c->name[i];
        best = &c->name[i];
    }
    return best;
}

/* Writes the path from its end to its start; "..." where it does not fit or goes in a circle. */
static void tell_path(const struct check *c, uint64_t record, char *buf, size_t cap)
{
    enum { MAX_DEPTH = 64 };
    size_t at = cap - 1;
    buf[at] = '\0';
    for (int depth = 0; record != NTFS_REC_ROOT; depth++) {
        char name[UTF16_MAX_UTF8(NTFS_NAME_MAX)];
        uint16_t units[NTFS_NAME_MAX];
        const struct check_name *x = name_to_show(c, record);
        if (!x)
            break;
        const struct ntfs_file_name_disk *d = (const void *)x->value;
        for (unsigned i = 0; i < d->name_len; i++)
            units[i] = le16_at(x->value + sizeof *d + i * 2);
        size_t n = utf16_to_utf8(units, d->name_len, name, sizeof name);
        if (n + 1 + 3 > at || depth == MAX_DEPTH) {
            at -= 3;
            memcpy(buf + at, "...", 3);
            break;
        }
        at -= n;
        memcpy(buf + at, name, n);
        buf[--at] = '\\';
        record = ntfs_ref_record(x->parent);
    }
    memmove(buf, buf + at, cap - at);
}

static void tell_paths(struct check *c)
{
    for (size_t i = 0; i < c->result.nproblems; i++) {
        struct ntfs_problem *p = &c->result.problem[i];
        if (p->record == NTFS_REC_ROOT)
            memcpy(p->path, "\\", 2);
        else if (p->record != NTFS_NO_RECORD)
            tell_path(c, p->record, p->path, sizeof p->path);
    }
}

/* ---- The whole -------------------------------------------------------------------------- */

/* The volume's own table orders its indexes; wtg's where there is none. */
static int load_upcase(struct check *c, struct wtg_err *err)
{
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    c->upcase = malloc(UPCASE_UNITS * sizeof *c->upcase);
    if (!c->upcase)
        return wtg_fail_nomem(err);
    memcpy(c->upcase, names_upcase(), UPCASE_UNITS * sizeof *c->upcase);
    int r = ntfs_check_soft(c, ntfs_file_load(c->vol, NTFS_REC_UPCASE, &c->file, err),
                            NTFS_P_UPCASE, NTFS_REC_UPCASE, err);
    if (r == 0)
        r = ntfs_check_slurp(c, &c->file, NTFS_AT_DATA, "", NTFS_UPCASE_BYTES, NTFS_P_UPCASE,
                             &bytes, &n, err);
    if (r < 0)
        return r;
    for (size_t i = 0; r == 0 && i < n / 2; i++)
        c->upcase[i] = le16_at(bytes + i * 2);
    return 0;
}

static int make_tables(struct check *c, struct wtg_err *err)
{
    c->records = c->vol->records;
    c->result.records = c->records;
    c->result.clusters = c->vol->geom.clusters;
    c->row = mem_zeroed(c->records, sizeof *c->row, err);
    c->place = c->row ? mem_zeroed(c->records, sizeof *c->place, err) : NULL;
    c->cluster = c->place ? mem_zeroed(c->vol->geom.clusters / 8 + 1, 1, err) : NULL;
    return c->cluster ? load_upcase(c, err) : WTG_E_NOMEM;
}

static int run_passes(struct check *c, struct wtg_err *err)
{
    static int (*const part[])(struct check *, struct wtg_err *) = {
        make_tables,        ntfs_check_records,     ntfs_check_names_sort, ntfs_check_lists,
        ntfs_check_insides, ntfs_check_directories, ntfs_check_security,   ntfs_check_views,
        ntfs_check_system,  ntfs_check_clusters,
    };
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(part); i++)
        r = part[i](c, err);
    if (r == 0)
        ntfs_check_files(c);
    return r;
}

static void release(struct check *c)
{
    ntfs_file_release(&c->file);
    ntfs_volume_free(c->vol);
    arena_release(&c->arena);
    free(c->row);
    free(c->place);
    free(c->name);
    free(c->piece);
    free(c->reparse);
    free(c->object);
    free(c->cluster);
    free(c->mft_bitmap);
    free(c->upcase);
}

int ntfs_check(struct blk *vol, const struct ntfs_check_opts *opts, struct wtg_job *job,
               struct ntfs_check_result *ret, struct wtg_err *err)
{
    static const struct ntfs_check_opts usual;
    struct check c = { .opts = opts ? opts : &usual, .job = job };
    c.max_problems = c.opts->max_problems ? c.opts->max_problems : MAX_PROBLEMS;
    c.result.problem = mem_zeroed(c.max_problems, sizeof *c.result.problem, err);
    int r = c.result.problem ? ntfs_volume_open(vol, &c.vol, err) : WTG_E_NOMEM;
    if (r == WTG_E_VOLUME_DAMAGED) {
        r = ntfs_check_soft(&c, r, NTFS_P_UNREADABLE, NTFS_NO_RECORD, err);
    } else if (r == 0) {
        r = ntfs_check_boot(&c, err);
        if (r == 0)
            r = run_passes(&c, err);
    }
    if (r >= 0)
        tell_paths(&c);
    release(&c);
    if (r < 0) {
        ntfs_check_result_release(&c.result);
        return wtg_because(err, "checking the volume");
    }
    *ret = c.result;
    return 0;
}

void ntfs_check_result_release(struct ntfs_check_result *r)
{
    free(r->problem);
    *r = (struct ntfs_check_result){ 0 };
}
