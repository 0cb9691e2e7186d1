/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/examine-priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "ntfs/check.h"
#include "ntfs/read.h"
#include "ntfs/wof.h"

/* The volume of Windows: its boot sectors, its structure, its room, and whether it sleeps. */

static void place(const struct exam *x, char *buf, size_t cap)
{
    snprintf(buf, cap, "partition %u", x->win->part.number);
}

/* ---- What stands twice ------------------------------------------------------------------ */

static int tell_boot(struct exam *x, const struct ntfs_look *l, const char *where,
                     struct wtg_err *err)
{
    bool both = l->boot == NTFS_TWIN_FINE && l->backup == NTFS_TWIN_FINE;
    int r = exam_judge(x, l->boot == NTFS_TWIN_FINE, "ntfs.boot", "damaged", where, err,
                       "the boot sector makes sense", "the boot sector is damaged");
    if (r < 0)
        return r;
    return exam_fact(x, "ntfs.backup_boot",
                     both && !l->boot_same         ? "differs"
                     : l->backup == NTFS_TWIN_FINE ? "fine"
                                                   : "damaged",
                     where, err,
                     "the copy of the boot sector, at byte %" PRIu64 " of the volume, %s",
                     l->backup_off,
                     both && !l->boot_same         ? "makes sense and says something else"
                     : l->backup == NTFS_TWIN_FINE ? "is fine"
                                                   : "is damaged");
}

static int tell_mft(struct exam *x, const struct ntfs_look *l, const char *where,
                    struct wtg_err *err)
{
    bool both = l->mft == NTFS_TWIN_FINE && l->mirror == NTFS_TWIN_FINE;
    int r =
        exam_judge(x, l->mft == NTFS_TWIN_FINE, "ntfs.mft", "damaged", where, err,
                   "the first records of $MFT are fine", "the first records of $MFT are damaged");
    if (r < 0)
        return r;
    return exam_fact(x, "ntfs.mirror",
                     both && !l->mft_same          ? "differs"
                     : l->mirror == NTFS_TWIN_FINE ? "fine"
                                                   : "damaged",
                     where, err, "$MFTMirr %s",
                     both && !l->mft_same          ? "is not the same as the first records of $MFT"
                     : l->mirror == NTFS_TWIN_FINE ? "is fine"
                                                   : "is damaged");
}

/* ---- Structure -------------------------------------------------------------------------- */

/* Problems that facts of their own tell. */
static const struct {
    const char *id, *key, *value;
} own_facts[] = {
    { "volume-dirty", "ntfs.dirty", "set" }, { "log-dirty", "ntfs.log", "open" },
    { "log", "ntfs.log", "damaged" },        { "mft-mirror", NULL, NULL },
    { "boot-backup", NULL, NULL },           { "boot-field", NULL, NULL },
};

static int own_fact_of(const char *id)
{
    for (size_t i = 0; i < ARRAY_LEN(own_facts); i++)
        if (strcmp(own_facts[i].id, id) == 0)
            return (int)i;
    return -1;
}

static int tell_structure(struct exam *x, const struct ntfs_check_result *c, const char *where,
                          struct wtg_err *err)
{
    const struct ntfs_problem *worst = NULL;
    const char *dirty = "fine", *log = "fine";
    uint64_t errors = 0;

    for (size_t i = 0; i < c->nproblems; i++) {
        const struct ntfs_problem *p = &c->problem[i];
        int own = own_fact_of(p->id);
        if (own < 0 && p->severity == NTFS_ERROR && errors++ == 0)
            worst = p;
        if (own >= 0 && own_facts[own].key)
            *(strcmp(own_facts[own].key, "ntfs.dirty") == 0 ? &dirty : &log) = own_facts[own].value;
    }
    x->win_sound = errors == 0;
    int r = exam_fact(x, "ntfs.dirty", dirty, where, err, "the volume %s marked as to be checked",
                      strcmp(dirty, "fine") == 0 ? "is not" : "is");
    if (r == 0)
        r = exam_fact(x, "ntfs.log", log, where, err, "$LogFile %s",
                      strcmp(log, "fine") == 0   ? "was closed"
                      : strcmp(log, "open") == 0 ? "was not closed: changes wait in it"
                                                 : "is damaged");
    if (r < 0)
        return r;
    if (errors == 0)
        return exam_fact(x, "ntfs.structure", "fine", where, err,
                         "the file system is sound: %" PRIu64 " files, %" PRIu64 " folders",
                         c->files, c->directories);
    return exam_fact(x, "ntfs.structure", "damaged", where, err,
                     "%" PRIu64 " problems in the file system; the first: %s%s%.150s%s%.200s",
                     errors, worst->text, worst->path[0] ? " '" : "", worst->path,
                     worst->path[0]     ? "'"
                     : worst->detail[0] ? ": "
                                        : "",
                     worst->path[0] ? "" : worst->detail);
}

static int check_structure(struct exam *x, struct blk *vol, const char *where, struct wtg_err *err)
{
    const struct ntfs_check_opts o = { .max_problems = 200 };
    struct ntfs_check_result c = { 0 };
    struct wtg_err why = { 0 };
    int r = ntfs_check(vol, &o, x->job, &c, &why);

    if (r < 0 && exam_soft(r) < 0) {
        *err = why;
        return r;
    }
    r = r < 0
            ? exam_fact(x, "ntfs.structure", "damaged", where, err, "the file system: %s", why.text)
            : tell_structure(x, &c, where, err);
    ntfs_check_result_release(&c);
    return r;
}

static int tell_space(struct exam *x, struct blk *vol, const char *where, struct wtg_err *err)
{
    struct ntfs_space s = { 0 };
    struct wtg_err why = { 0 };
    const uint64_t little = UINT64_C(64)
                            << 20; /* with less Windows cannot even make its page file */
    int r = ntfs_look_space(vol, &s, &why);

    if (r < 0) {
        if (exam_soft(r) < 0)
            *err = why;
        return exam_soft(r);
    }
    uint64_t unused = s.free_clusters * s.cluster_bytes;
    return exam_fact(x, "ntfs.space",
                     s.free_clusters == 0                                            ? "full"
                     : unused < little && unused < s.clusters * s.cluster_bytes / 50 ? "low"
                                                                                     : "fine",
                     where, err,
                     "%" PRIu64 " of %" PRIu64 " clusters of %u bytes are free, %" PRIu64
                     " of them side by side; $MFT has %" PRIu64 " pieces",
                     s.free_clusters, s.clusters, s.cluster_bytes, s.largest_free, s.mft_runs);
}

/* ---- The tree --------------------------------------------------------------------------- */

static int unwrap_all(struct tree *t, struct wtg_err *err)
{
    struct tree_source *source = ntfs_wof_source_new(t, err);
    int r = source ? 0 : err->code;

    for (size_t i = 0; r == 0 && i < t->nnodes; i++)
        r = exam_soft(ntfs_wof_unwrap(t, t->node[i], source, err));
    return r;
}

static int load_tree(struct exam *x, struct blk *vol, const char *where, struct wtg_err *err)
{
    struct wtg_err why = { 0 };
    int r = ntfs_read_tree(vol, x->job, &x->win_tree, &why);

    if (r == 0)
        r = unwrap_all(x->win_tree, &why);
    if (r < 0 && exam_soft(r) < 0) {
        *err = why;
        return r;
    }
    if (r < 0)
        return exam_fact(x, "part.windows", "unreadable", where, err,
                         "the files of the volume cannot be listed: %s", why.text);
    bool windows = tree_find(x->win_tree, "\\Windows\\System32");
    return exam_fact(x, "part.windows", windows ? "fine" : "no-windows", where, err, "%s",
                     windows ? "the volume holds a Windows" : "the volume holds no Windows");
}

static int tell_hibernation(struct exam *x, const char *where, struct wtg_err *err)
{
    const struct tree_link *l = tree_find(x->win_tree, "\\hiberfil.sys");
    const struct tree_blob *b = l ? tree_data(l->node) : NULL;
    struct wtg_err why = { 0 };
    uint8_t head[4096] = { 0 };
    size_t n = b ? (size_t)min_u64(b->size_bytes, sizeof head) : 0;

    int r = n ? exam_soft(tree_blob_read(b, 0, head, n, &why)) : 0;
    if (r < 0) {
        *err = why;
        return r;
    }
    bool asleep = ntfs_look_hibernation((struct wtg_span){ head, n }) == NTFS_HIBERNATED;
    return exam_judge(
        x, !asleep, "ntfs.hibernation", "asleep", where, err,
        "Windows was shut down, not put to sleep",
        "Windows sleeps on it (hibernation or fast startup): '\\hiberfil.sys' holds its "
        "memory");
}

int exam_windows(struct exam *x, struct wtg_err *err)
{
    struct ntfs_look l;
    struct wtg_err why = { 0 };
    char where[64];

    if (!x->win)
        return 0;
    place(x, where, sizeof where);
    int r = ntfs_look(x->win_blk, &l, err);
    if (r == 0)
        r = tell_boot(x, &l, where, err);
    if (r == 0 && l.records_bytes)
        r = tell_mft(x, &l, where, err);
    if (r < 0)
        return r;
    r = ntfs_look_through(x->win_blk, &l, &x->win_whole, &why);
    if (r == WTG_E_NOMEM)
        return wtg_fail_nomem(err);
    struct blk *vol = x->win_whole ? x->win_whole : x->win_blk;
    r = check_structure(x, vol, where, err);
    if (r == 0)
        r = tell_space(x, vol, where, err);
    if (r == 0)
        r = load_tree(x, vol, where, err);
    return r < 0 || !x->win_tree ? r : tell_hibernation(x, where, err);
}
