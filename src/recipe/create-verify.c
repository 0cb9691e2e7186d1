/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/create-priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "recipe/structure.h"

/* The proof: everything that was written is read back, and what it makes is a sound disk. */

/* "partition 3 (Windows)", or what stands outside of all. */
static void place_text(const struct create *c, uint64_t off, char *buf, size_t cap)
{
    for (size_t i = 0; i < c->layout.nparts; i++) {
        const struct disk_part *p = &c->layout.part[i];
        if (off >= p->offset_bytes && off - p->offset_bytes < p->size_bytes) {
            snprintf(buf, cap, "partition %zu (%s)", i + 1, p->name);
            return;
        }
    }
    snprintf(buf, cap, "the partition table");
}

/* The name of the file, in the image or among the boot files; "" when it has none. */
static void file_text(const struct create *c, char *buf, size_t cap)
{
    char path[320];
    const struct tree *const tree[] = { c->from->tree, c->esp.tree };
    const struct write_verdict *v = &c->verdict;

    buf[0] = '\0';
    if (!v->bad_blob)
        snprintf(buf, cap, ", the file system's own tables");
    for (size_t i = 0; v->bad_blob && i < ARRAY_LEN(tree) && tree[i] && !buf[0]; i++) {
        tree_blob_path(tree[i], v->bad_blob, path, sizeof path);
        if (path[0] != '\\' && path[0] != '.')
            continue;
        size_t n = (size_t)snprintf(buf, cap, ", '%s'", path);
        if (v->bad_others && n < cap)
            snprintf(buf + n, cap - n, " or one of %zu others", v->bad_others);
    }
}

static int name_the_place(const struct create *c, struct wtg_err *err)
{
    char place[96], file[400];

    place_text(c, c->verdict.bad_off, place, sizeof place);
    file_text(c, file, sizeof file);
    wtg_fact(err, "verify.place", "%.60s", place);
    return wtg_because(err, "reading back %s%s", place, file);
}

int create_verify(void *ctx, struct wtg_job *job, struct wtg_err *err)
{
    struct create *c = ctx;
    struct blk *target = NULL;
    int r = create_open_target(c, &target, err);

    if (r == 0)
        r = write_verify(target, c->readback, &c->regions, job, &c->verdict, err);
    blk_free(target);
    return r == WTG_E_VERIFY ? name_the_place(c, err) : r;
}

/* The first problem stands in the error; how many there are too. */
struct first {
    char text[480];
    uint64_t problems;
};

static void on_problem(const struct wtg_problem *p, void *user)
{
    struct first *f = user;

    if (f->problems++ == 0)
        snprintf(f->text, sizeof f->text, "%s: %s", p->where, p->text);
}

int create_check(void *ctx, struct wtg_job *job, struct wtg_err *err)
{
    struct create *c = ctx;
    struct blk *target = NULL;
    struct first first = { 0 };
    const struct wtg_check_opts o = { .strict = true, .no_content = true };
    const struct wtg_progress p = { "check", "bytes", 0, 0 };
    uint64_t errors = 0;
    int r = wtg_tick(job, &p, err);

    if (r == 0)
        r = create_open_target(c, &target, err);
    if (r == 0)
        r = recipe_check_blk(target, &o, job, on_problem, &first, &errors, err);
    blk_free(target);
    if (r < 0 || first.problems == 0)
        return r;
    wtg_fail(err, WTG_E_VOLUME_DAMAGED, "%" PRIu64 " problem%s on the written disk: %s",
             first.problems, first.problems == 1 ? "" : "s", first.text);
    return wtg_hint(
        err,
        c->verdict.bytes
            ? "the target holds what wtg wrote, so this is a mistake of wtg: please report it"
            : "write again without '--no-verify': that tells a bad target from a mistake of wtg");
}
