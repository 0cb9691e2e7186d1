/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "fetch/fetch-priv.h"
#include "fetch/file.h"

enum { RESTARTS_MAX = 3 }; /* of a file that keeps changing */

static int init_mirrors(struct engine *e, const struct wtg_fetch_opts *o, struct wtg_err *err)
{
    for (size_t i = 0; i < o->nurls; i++) {
        int r = mirror_init(&e->mirror[i], o->url[i], e->net.connections, err);
        e->nmirrors = i + 1;
        if (r < 0)
            return r;
        e->mirror[i].has_others = o->nurls > 1;
    }
    return 0;
}

/* What an earlier run knew about the addresses of this one; false when it knew none of them. */
static bool recall_guards(struct engine *e, const struct journal_state *s)
{
    bool any = s->nguards == 0;

    for (size_t i = 0; i < e->nmirrors; i++)
        for (size_t k = 0; k < s->nguards; k++)
            if (strcmp(e->mirror[i].guard.url, s->guard[k].url) == 0) {
                e->mirror[i].guard = s->guard[k];
                e->mirror[i].known = any = true;
            }
    return any;
}

/* Why an earlier run's bytes are of no use; NULL when they are. */
static const char *why_anew(struct fetch *f, struct engine *e, const struct journal_state *s)
{
    char slug[sizeof s->wrong];
    struct stat st;

    proof_slug(&f->proof, slug, sizeof slug);
    if (s->have.n == 0)
        return NULL;
    if (!s->has_size)
        return "the earlier part does not say how long the file is";
    if (f->proof.size_bytes && s->size != f->proof.size_bytes)
        return "the earlier part is of a file of another size";
    if (fstat(f->fd, &st) < 0 || (uint64_t)st.st_size < s->have.item[s->have.n - 1].end)
        return "the earlier part is shorter than its journal says";
    if (s->wrong[0] && strcmp(s->wrong, slug) == 0)
        return "the earlier part was complete, and wrong";
    if (!recall_guards(e, s) && !proof_any(&f->proof))
        return "the earlier part is from other addresses, and no checksum could tell whether it is "
               "the same file";
    return NULL;
}

/* Empties the part and everything that is known about it. */
static int forget(struct fetch *f, struct engine *e, struct wtg_err *err)
{
    extents_release(&e->have);
    e->has_size = false;
    e->size = 0;
    for (size_t i = 0; i < e->nmirrors; i++) {
        struct mirror *m = &e->mirror[i];
        m->known = false;
        m->guard.place[0] = m->guard.etag[0] = m->guard.modified[0] = '\0';
        (void)mirror_unpin(m);
    }
    if (ftruncate(f->fd, 0) < 0)
        return wtg_fail_errno(err, errno, "cannot empty '%s'", f->part);
    return 0;
}

/* What is there from earlier runs; the medium has it afterwards. */
static int recall(struct fetch *f, struct engine *e, struct journal_state *s, struct wtg_err *err)
{
    int r = journal_load(f->log, s, err);

    if (r == WTG_E_NOT_FOUND || r == WTG_E_IMAGE_FORMAT) {
        if (r == WTG_E_IMAGE_FORMAT)
            net_note(&f->net, "%s; starting over", err->text);
        *err = (struct wtg_err){ 0 };
        return forget(f, e, err);
    }
    if (r < 0)
        return r;
    const char *why = why_anew(f, e, s);
    if (why) {
        net_note(&f->net, "%s; starting over", why);
        journal_state_release(s);
        *s = (struct journal_state){ 0 };
        return forget(f, e, err);
    }
    e->has_size = s->has_size;
    e->size = s->size;
    e->have = s->have; /* belongs to the engine now */
    f->result->resumed_bytes = extents_bytes(&e->have);
    if (fdatasync(f->fd) < 0)
        return wtg_fail_errno(err, errno, "cannot write '%s'", f->part);
    return 0;
}

/* One attempt, with what is there; ENGINE_CHANGED: the file has changed, what is there is
 * worthless. */
static int attempt(struct fetch *f, struct engine *e, const struct journal_state *s,
                   struct wtg_err *err)
{
    int r = journal_open(f->log, s, &e->journal, err);

    if (r == 0)
        r = file_sync_folder(f->part, err);
    if (r == 0)
        r = sums_begin(&f->sums, proof_kinds(&f->proof), err);
    if (r == 0)
        r = background_new(f->fd, sums_any(&f->sums) ? &f->sums : NULL, &e->background, err);
    if (r == 0)
        r = engine_run(e, err);
    if (r == 0)
        r = background_finish(e->background, e->size, f->job, err);
    background_free(e->background);
    e->background = NULL;
    journal_close(e->journal);
    e->journal = NULL;
    return r;
}

/* All bytes are there.  When they are wrong, the next run has to know. */
static int finish(struct fetch *f, const struct engine *e, struct journal_state *s,
                  struct wtg_err *err)
{
    int r = ftruncate(f->fd, (off_t)e->size) < 0
                ? wtg_fail_errno(err, errno, "cannot cut '%s'", f->part)
                : fetch_finish(f, e->size, err);

    if (r == WTG_E_IMAGE_HASH) {
        struct wtg_err ignored = { 0 };
        struct journal *j = NULL;
        s->has_size = true;
        s->size = e->size;
        s->have = e->have;
        s->nguards = 0;
        for (size_t i = 0; i < e->nmirrors; i++)
            if (e->mirror[i].known)
                s->guard[s->nguards++] = e->mirror[i].guard;
        proof_slug(&f->proof, s->wrong, sizeof s->wrong);
        if (journal_open(f->log, s, &j, &ignored) == 0)
            journal_close(j);
        wtg_hint(err, "is it the checksum of this very file? if so, run the same again: it fetches "
                      "everything anew; with another checksum what is there is looked at again");
    }
    if (r == 0)
        (void)unlink(f->log);
    return r;
}

static int bring(struct fetch *f, struct engine *e, struct wtg_err *err)
{
    AUTO_FREE struct journal_state *s = mem_zeroed(1, sizeof *s, err);

    if (!s || fetch_open_part(f, err) < 0)
        return err->code;
    e->fd = f->fd;
    int r = recall(f, e, s, err);
    for (unsigned n = 0; r == 0; n++) {
        r = attempt(f, e, s, err);
        if (r != ENGINE_CHANGED)
            break;
        if (n == RESTARTS_MAX) {
            wtg_fail(err, WTG_E_SERVER,
                     "the file on the server has changed %u times while it was fetched", n + 1);
            return wtg_hint(err, "try again later");
        }
        f->result->resumed_bytes = 0;
        e->step = "fetch-anew";
        *s = (struct journal_state){ 0 };
        r = forget(f, e, err);
    }
    if (r == 0)
        r = finish(f, e, s, err);
    else if (e->have.n == 0) { /* nothing to keep */
        (void)unlink(f->log);
        (void)unlink(f->part);
    }
    f->result->size_bytes = e->size;
    return r;
}

static int look(struct fetch *f, struct engine *e, struct wtg_err *err)
{
    e->look_only = true;
    e->fd = -1;
    int r = engine_run(e, err);
    f->result->size_bytes = e->size;
    f->result->looked_only = true;
    return r < 0 ? r : 0;
}

int fetch_download(struct fetch *f, struct wtg_err *err)
{
    AUTO_FREE struct engine *e = mem_zeroed(1, sizeof *e, err);

    if (!e)
        return err->code;
    e->net = f->net;
    e->job = f->job;
    e->step = "fetch";
    e->path = f->part;
    e->proof = proof_any(&f->proof);
    e->want_size = f->proof.size_bytes;
    int r = init_mirrors(e, f->opts, err);
    if (r == 0 && e->nmirrors > 1 && !e->proof)
        net_note(&f->net, "nothing proves that all addresses have the same file; a checksum would");
    if (r == 0)
        r = f->opts->look_only ? look(f, e, err) : bring(f, e, err);
    f->result->got_bytes = e->got_bytes;
    engine_release(e);
    return r;
}
