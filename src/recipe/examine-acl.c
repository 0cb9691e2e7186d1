/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/mem.h"
#include "ntfs/read.h"
#include "recipe/examine-priv.h"
#include "tree/sd-text.h"

/* Who may what on the volume of Windows. */

static struct wtg_span sd_of(const struct tree_node *n)
{
    return n->sd ? (struct wtg_span){ n->sd->bytes, n->sd->size_bytes } : (struct wtg_span){ 0 };
}

/* What Windows cannot start or be serviced without. */
static const char *const places[] = { "\\", "\\Windows", "\\Windows\\System32",
                                      "\\Windows\\System32\\config", "\\Windows\\WinSxS" };

/* Is it another one than the image has, where both have one? */
static bool is_other(const struct exam *x, const char *path, struct wtg_span sd)
{
    const struct tree_link *l = x->image_tree ? tree_find(x->image_tree, path) : NULL;
    struct wtg_span was = l ? sd_of(l->node) : (struct wtg_span){ 0 };

    return was.p && sd.p && (was.n != sd.n || memcmp(was.p, sd.p, sd.n) != 0);
}

int exam_acl(struct exam *x, struct wtg_err *err)
{
    const char *other = NULL;

    if (!x->win_tree || !tree_find(x->win_tree, "\\Windows\\System32"))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        const struct tree_link *l = tree_find(x->win_tree, places[i]);
        struct wtg_span sd = l ? sd_of(l->node) : (struct wtg_span){ 0 };
        char mask[128];
        if (!sd.p)
            continue;
        uint32_t no = sd_refused(sd, SD_SYSTEM, SD_READ_EXECUTE);
        uint32_t admins = sd_refused(sd, SD_ADMINISTRATORS, SD_READ_EXECUTE);
        if (no | admins)
            return exam_fact(x, "acl.system", "refused", places[i], err,
                             "the security descriptor of '%s' refuses %s %s", places[i],
                             no ? "Windows itself (SYSTEM)" : "administrators",
                             sd_rights_text(no ? no : admins, mask, sizeof mask));
        if (!other && is_other(x, places[i], sd))
            other = places[i];
    }
    if (other)
        return exam_fact(x, "acl.system", "differs", other, err,
                         "the security descriptor of '%s' is not the one of the image", other);
    return exam_fact(x, "acl.system", "fine", "\\Windows", err,
                     "Windows and administrators may read and pass the system folders");
}

int examine_acl(const struct examine_opts *opts, const char *path,
                void (*line)(const char *text, void *user), void *user, struct wtg_job *job,
                struct wtg_err *err)
{
    struct exam x = { .o = opts, .job = job, .name = opts->target ? opts->target : "the disk" };
    int r = diagnose_case_new(&x.c, err);

    if (r == 0)
        r = exam_open(&x, err);
    if (r == 0)
        r = exam_table(&x, err);
    if (r == 0)
        r = exam_volumes(&x, err);
    if (r == 0 && !x.win_blk)
        r = wtg_fail(err, WTG_E_NOT_FOUND, "no partition of '%s' holds an NTFS volume", x.name);
    if (r == 0)
        r = ntfs_read_tree(x.win_blk, job, &x.win_tree, err);
    const struct tree_link *l = r == 0 ? tree_find(x.win_tree, path) : NULL;
    if (r == 0 && !l)
        r = wtg_fail(err, WTG_E_NOT_FOUND, "there is no '%s' on the volume of Windows", path);
    if (r == 0 && !l->node->sd)
        r = wtg_fail(err, WTG_E_NOT_FOUND, "'%s' has no security descriptor", path);
    if (r == 0)
        (void)sd_lines(sd_of(l->node), line, user); /* damage is one of the lines */
    exam_release(&x);
    diagnose_case_free(x.c);
    return r;
}
