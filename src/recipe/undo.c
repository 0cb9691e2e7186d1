/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/undo.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "disk/contents.h"
#include "disk/target.h"
#include "plan/plan.h"
#include "recipe/facts.h"
#include "recipe/target-words.h"

#define SUFFIX ".undo"

/* ---- who, and where --------------------------------------------------------------------- */

int undo_file_path(const char *state_dir, const struct disk_identity *id, uint64_t when,
                   char path[UNDO_PATH_BYTES], struct wtg_err *err)
{
    char digest[DISK_DIGEST_BYTES], stamp[32], open_path[UNDO_PATH_BYTES + sizeof UNDO_OPEN_SUFFIX];
    time_t t = (time_t)when;
    struct tm tm;

    disk_identity_digest(id, digest);
    if (!gmtime_r(&t, &tm) || !strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm))
        snprintf(stamp, sizeof stamp, "%" PRIu64, when);
    for (unsigned n = 0; n < 1000; n++) { /* several in one second */
        if (snprintf(path, UNDO_PATH_BYTES, "%s/%s-%03u-%.12s" SUFFIX, state_dir, stamp, n,
                     digest) >= UNDO_PATH_BYTES)
            return wtg_fail(err, WTG_E_USAGE, "the path '%.100s...' is too long", state_dir);
        snprintf(open_path, sizeof open_path, "%s" UNDO_OPEN_SUFFIX, path);
        if (access(path, F_OK) < 0 && access(open_path, F_OK) < 0)
            return 0;
    }
    return wtg_fail(err, WTG_E_IO, "there are too many undo files in '%s'", state_dir);
}

void undo_file_id(const struct disk_identity *id, uint64_t when, const char *what,
                  struct undo_id *ret)
{
    char digest[DISK_DIGEST_BYTES], text[DISK_TEXT_BYTES];

    *ret = (struct undo_id){ .target_bytes = id->size_bytes,
                             .sector_bytes = id->sector_bytes,
                             .time = when };
    disk_identity_digest(id, digest);
    if (!hash_unhex(digest, sizeof ret->disk, ret->disk))
        memset(ret->disk, 0, sizeof ret->disk);
    snprintf(ret->target, sizeof ret->target, "%.255s", disk_identity_text(id, text));
    snprintf(ret->what, sizeof ret->what, "%.511s", what);
}

/* ---- listing ---------------------------------------------------------------------------- */

enum { LIST_MAX = 4096 };

struct listed {
    struct wtg_undo_entry entry;
    uint8_t disk[UNDO_DISK_BYTES];
    uint64_t target_bytes;
};
struct wtg_undo_list {
    struct listed *item; /* newest first */
    size_t n, cap;
    struct arena words;
};

static bool is_undo_file(const char *name)
{
    size_t n = strlen(name), suffix = sizeof SUFFIX - 1, open = sizeof UNDO_OPEN_SUFFIX - 1;

    if (n > open && strcmp(name + n - open, UNDO_OPEN_SUFFIX) == 0)
        n -= open;
    return n > suffix && memcmp(name + n - suffix, SUFFIX, suffix) == 0;
}

static int add_file(struct wtg_undo_list *l, const char *dir, const char *name, struct wtg_err *err)
{
    struct undo *u = NULL;
    struct wtg_err why = { 0 };
    const char *path = recipe_text(&l->words, err, "%s/%s", dir, name);

    if (!path || l->n == LIST_MAX || mem_grow(&l->item, &l->cap, l->n, sizeof l->item[0], err) < 0)
        return path && l->n == LIST_MAX ? 0 : err->code;
    int r = undo_open(path, &u, &why);
    if (r == WTG_E_NOMEM)
        return wtg_fail_nomem(err);
    struct listed *x = &l->item[l->n];
    *x = (struct listed){ .entry = { .path = path, .damage = "", .target = "", .what = "" } };
    if (r < 0) {
        x->entry.damage = recipe_text(&l->words, err, "%s", why.text);
    } else {
        memcpy(x->disk, u->id.disk, sizeof x->disk);
        x->target_bytes = u->id.target_bytes;
        x->entry.target = recipe_text(&l->words, err, "%s", u->id.target);
        x->entry.what = recipe_text(&l->words, err, "%s", u->id.what);
        x->entry.time = u->id.time;
        x->entry.ended = u->ended;
        for (size_t i = 0; i < u->nblocks; i++)
            x->entry.kept_bytes += u->block[i].bytes;
    }
    undo_close(u);
    if (!x->entry.damage || !x->entry.target || !x->entry.what)
        return err->code;
    l->n++;
    return 0;
}

/* Names begin with the time. */
static int newest_first(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    return strcmp(y->entry.path, x->entry.path);
}

int undo_list_new(const char *state_dir, struct wtg_undo_list **ret, struct wtg_err *err)
{
    char dir[PATH_MAX];
    int r = 0;

    if (state_dir)
        snprintf(dir, sizeof dir, "%s", state_dir);
    else
        r = plan_state_dir(dir, sizeof dir, err);
    struct wtg_undo_list *l = r == 0 ? mem_zeroed(1, sizeof *l, err) : NULL;
    if (!l)
        return err->code;
    DIR *d = opendir(dir);
    if (!d)
        r = wtg_fail_errno(err, errno, "cannot look into '%s'", dir);
    for (struct dirent *e; r == 0 && (e = readdir(d));)
        if (is_undo_file(e->d_name))
            r = add_file(l, dir, e->d_name, err);
    if (d)
        closedir(d);
    if (r < 0) {
        undo_list_free(l);
        return r;
    }
    if (l->n)
        qsort(l->item, l->n, sizeof l->item[0], newest_first);
    *ret = l;
    return 0;
}

const struct wtg_undo_entry *undo_list_entry(const struct wtg_undo_list *l, size_t i)
{
    return i < l->n ? &l->item[i].entry : NULL;
}

void undo_list_free(struct wtg_undo_list *l)
{
    if (!l)
        return;
    arena_release(&l->words);
    free(l->item);
    free(l);
}

/* ---- taking back ------------------------------------------------------------------------ */

enum { NOTES_MAX = 4 };

struct taking_back {
    struct wtg_undo_opts opts;
    struct repair_on on;
    struct wtg_undo_list *list;
    const struct listed *file;
    struct undo *undo;
    struct disk_target target;
    struct disk_identity id;
    struct disk_contents contents;
    struct blk *opened;
    struct undo_state state;
    struct arena words;
    struct wtg_undo_info info;
    const char *note[NOTES_MAX];
};

/* The path that stands at the end of what a disk or file is called: "... (/dev/sdb)". */
static int path_of(struct taking_back *t, const char *text, const char **ret, struct wtg_err *err)
{
    const char *open = strstr(text, " (/"), *end = strrchr(text, ')');

    if (!open || !end || end < open)
        return wtg_fail(err, WTG_E_NOT_FOUND, "the newest undo file does not tell where '%s' is",
                        text);
    *ret = recipe_text(&t->words, err, "%.*s", (int)(end - open - 2), open + 2);
    return *ret ? 0 : err->code;
}

static int choose_target(struct taking_back *t, struct wtg_err *err)
{
    for (size_t i = 0; !t->opts.target && i < t->list->n; i++)
        if (!t->list->item[i].entry.damage[0])
            return path_of(t, t->list->item[i].entry.target, &t->opts.target, err);
    if (t->opts.target)
        return 0;
    wtg_fail(err, WTG_E_NOT_FOUND,
             "there is nothing to take back: no repair has left an undo file");
    return wtg_hint(err,
                    "an undo file stays with the user and the computer that made it; with 'sudo' "
                    "it is another user's");
}

static int open_target(struct taking_back *t, struct wtg_err *err)
{
    struct disk_target_opts o = { .allow_fixed = t->opts.allow_fixed };
    struct wtg_err ignored = { 0 };
    int r = disk_target_look(NULL, t->opts.target, &o, &t->id, err);

    if (r == 0 && !t->id.exists)
        r = wtg_fail(err, WTG_E_NOT_FOUND, "there is no '%s'", t->opts.target);
    if (r == 0 && t->opts.look_only)
        r = blk_open(t->id.path, &t->opened, err);
    else if (r == 0) {
        r = disk_target_claim(NULL, t->opts.target, &o, &t->target, err);
        int fd = r == 0 ? fcntl(t->target.fd, F_DUPFD_CLOEXEC, 0) : -1;
        if (r == 0 && fd < 0)
            r = wtg_fail_errno(err, errno, "cannot use '%s' twice", t->opts.target);
        if (r == 0)
            r = blk_from_fd(fd, t->id.size_bytes, t->id.sector_bytes, &t->opened, err);
    }
    if (r < 0)
        return r;
    if (disk_contents_probe(t->id.path, t->id.sector_bytes, &t->contents, &ignored) < 0)
        t->contents = (struct disk_contents){ 0 };
    t->on.disk = t->opened;
    return 0;
}

/* The sectors of an image file are known only from its table, and that may have been damaged: then
 * the identity is that of the other size. */
static bool is_of(const struct taking_back *t, const struct listed *x)
{
    const uint32_t sizes[] = { t->id.sector_bytes, 512, 4096 };
    struct disk_identity id = t->id;
    struct undo_id u;

    for (size_t i = 0; i < (t->id.bus == DISK_BUS_FILE ? ARRAY_LEN(sizes) : 1); i++) {
        id.sector_bytes = sizes[i];
        undo_file_id(&id, 0, "", &u);
        if (memcmp(u.disk, x->disk, sizeof u.disk) == 0)
            return true;
    }
    return false;
}

static int find_file(struct taking_back *t, struct wtg_err *err)
{
    for (size_t i = 0; i < t->list->n && !t->file; i++)
        if (!t->list->item[i].entry.damage[0] && is_of(t, &t->list->item[i]))
            t->file = &t->list->item[i];
    if (t->file)
        return undo_open(t->file->entry.path, &t->undo, err);
    wtg_fail(err, WTG_E_NOT_FOUND, "there is nothing to take back on '%s'", t->id.path);
    for (size_t i = 0; i < t->list->n; i++)
        if (t->list->item[i].entry.damage[0])
            return wtg_hint(err, "there is a damaged undo file: %s", t->list->item[i].entry.damage);
    return wtg_hint(err, "'wtg undo --list' lists what can be taken back");
}

/* The target must be as the repair left it, or as it was before, or between the two while one of
 * both is not ended. */
static int judge_state(struct taking_back *t, struct wtg_err *err)
{
    bool between = !t->undo->ended || t->undo->playing;
    int r = undo_look(t->undo, t->on.disk, &t->state, err);

    if (r < 0 || t->opts.force || (t->state.used == 0 && (between || t->state.other == 0)))
        return r;
    wtg_fail(err, WTG_E_DISK_CHANGED,
             "'%s' was changed since it was repaired (at byte %" PRIu64
             "): putting the old bytes back would mix two states of it",
             t->id.path, t->state.other_off);
    return wtg_hint(err,
                    "Windows changes a stick whenever it starts from it; '--force' puts them back "
                    "all the same");
}

static int describe(struct taking_back *t, struct wtg_err *err)
{
    t->info.entry = t->file->entry;
    t->info.blocks = t->undo->nblocks;
    t->info.changed = t->state.other;
    t->info.note = t->note;
    if (!t->undo->ended)
        t->note[t->info.nnotes++] = N_("the repair was interrupted");
    if (t->undo->playing)
        t->note[t->info.nnotes++] = N_("taking it back was begun before, and goes on");
    if (t->opts.force && (t->state.used || t->state.other))
        t->note[t->info.nnotes++] =
            N_("the target was changed since, and it is put back all the same");
    return recipe_target_words(&t->words, &t->id, &t->contents, &t->info.target, err);
}

int taking_back_new(const struct wtg_undo_opts *opts, const struct repair_on *on,
                    struct wtg_job *job, struct taking_back **ret, struct wtg_err *err)
{
    struct taking_back *t = mem_zeroed(1, sizeof *t, err);

    (void)job;
    if (!t)
        return err->code;
    t->opts = *opts;
    t->target.fd = -1;
    if (on)
        t->on = *on;
    int r = undo_list_new(t->on.state_dir, &t->list, err);
    if (r == 0 && !t->on.disk)
        r = choose_target(t, err);
    if (r == 0 && !t->on.disk)
        r = open_target(t, err);
    else if (r == 0) {
        t->id = t->on.id;
        t->id.size_bytes = t->on.disk->size;
        t->id.sector_bytes = t->on.disk->sector_bytes;
        t->id.exists = true;
    }
    if (r == 0)
        r = find_file(t, err);
    if (r == 0)
        r = judge_state(t, err);
    if (r == 0)
        r = describe(t, err);
    if (r < 0) {
        taking_back_free(t);
        return r;
    }
    *ret = t;
    return 0;
}

const struct wtg_undo_info *taking_back_info(const struct taking_back *t)
{
    return &t->info;
}

static int same_target(void *ctx, struct wtg_err *err)
{
    struct taking_back *t = ctx;
    return t->opened ? disk_target_recheck(NULL, &t->target, &t->id, err) : 0;
}

static int play(void *ctx, struct wtg_job *job, struct wtg_err *err)
{
    struct taking_back *t = ctx;
    int r = undo_play(t->undo, t->on.disk, job, err);

    if (r == 0 && unlink(t->file->entry.path) < 0)
        return wtg_fail_errno(err, errno, "all was put back, but '%s' stays", t->file->entry.path);
    return r;
}

int taking_back_run(struct taking_back *t, struct wtg_job *job, struct wtg_err *err)
{
    static const struct plan_step steps[] = {
        { "take-back", N_("put back what the repair has overwritten"), PLAN_DESTROYS, same_target,
          play },
    };
    char dir[PATH_MAX], digest[DISK_DIGEST_BYTES], id[40];
    struct plan_journal *journal = NULL;
    struct wtg_err ignored = { 0 };

    if (t->opts.look_only)
        return wtg_fail(err, WTG_E_BUG, "a plan that was only to be looked at is to be run");
    snprintf(id, sizeof id, "repair-%.16s", disk_identity_digest(&t->id, digest));
    if (t->on.state_dir)
        snprintf(dir, sizeof dir, "%s", t->on.state_dir);
    if ((t->on.state_dir || plan_state_dir(dir, sizeof dir, &ignored) == 0) &&
        plan_journal_open(dir, id, &journal, &ignored) < 0)
        journal = NULL;
    const struct plan p = { .id = id, .step = steps, .nsteps = ARRAY_LEN(steps), .ctx = t };
    int r = plan_run(&p, journal, job, err);
    plan_journal_close(journal);
    if (r == 0 && t->opened && disk_reread(&t->target, &ignored) < 0)
        return 0; /* pulling it out and in does the same */
    return r;
}

void taking_back_free(struct taking_back *t)
{
    if (!t)
        return;
    undo_close(t->undo);
    blk_free(t->opened);
    disk_contents_release(&t->contents);
    disk_target_release(&t->target);
    undo_list_free(t->list);
    arena_release(&t->words);
    free(t);
}
