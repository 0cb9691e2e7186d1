/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/create-priv.h"

#include <string.h>

void create_look_back(struct create *c)
{
    resume_look(&c->id, &c->resume);
}

int create_match_resume(struct create *c, struct wtg_err *err)
{
    resume_wish(&c->id, &c->regions, c->wish);
    if (!c->opts.resume)
        return 0;
    if (!c->resume.done || !c->id.exists) {
        wtg_fail(err, WTG_E_USAGE, "there is nothing to go on with on '%s'", c->id.path);
        return wtg_hint(err, c->several
                                 ? "leave out this target, or '--resume' to begin anew with all"
                                 : "leave '--resume' out to begin anew");
    }
    if (strcmp(c->wish, c->resume.wish) == 0 && strcmp(c->seed_text, c->resume.seed) == 0)
        return 0;
    wtg_fail(err, WTG_E_USAGE, "what was interrupted on '%s' was another plan", c->id.path);
    return wtg_hint(err, "give the image and the options of then, or leave '--resume' out to begin "
                         "anew");
}

int create_go_on(struct create *c, struct blk *target, struct wtg_job *job, struct wtg_err *err)
{
    const struct tree_regions none = { 0 };
    const struct resume *old = &c->resume;
    struct write_proof *last = NULL;
    struct write_verdict verdict;
    int r = write_proof_new(&last, err);

    if (r == 0)
        r = write_proof_restore(last, old->extent + old->last, old->n - old->last, err);
    if (r == 0)
        r = write_verify(target, last, &none, job, &verdict, err);
    if (r == 0 && c->readback)
        r = write_proof_restore(c->readback, old->extent, old->n, err);
    write_proof_free(last);
    if (r != WTG_E_VERIFY)
        return r;
    wtg_because(err, "looking at what the interrupted run left");
    return wtg_hint(err, "it cannot be gone on with: leave '--resume' out to begin anew");
}

int create_stop(struct create *c, struct wtg_err *err)
{
    /* What may be better the next time; a damaged image or a lying stick is not. */
    static const int passing[] = { WTG_E_CANCELLED, WTG_E_IO, WTG_E_NO_SPACE, WTG_E_DISK_GONE,
                                   WTG_E_NOMEM };
    bool passes = false;

    for (size_t i = 0; i < ARRAY_LEN(passing); i++)
        passes |= err->code == passing[i];
    if (!passes || c->resume.fd < 0 || !c->resume.done) {
        resume_forget(&c->resume);
        return err->code;
    }
    disk_target_release(&c->target); /* what is there is worth keeping */
    c->can_resume = true;
    if (!err->hint[0])
        wtg_hint(err, c->several ? "'--resume' with only this target goes on where it stopped"
                                 : "the same command with '--resume' goes on where it stopped");
    return err->code;
}
