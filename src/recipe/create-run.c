/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/create-priv.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "boot/bcd.h"
#include "fat/fat-read.h"

enum { BOOT_FILE_MAX_BYTES = 64 << 20 }; /* none comes near: the largest font has 20 MB */

/* Step 1: everything is written. */

static int same_target(void *ctx, struct wtg_err *err)
{
    struct create *c = ctx;
    return disk_target_recheck(NULL, &c->target, &c->id, err);
}

int create_open_target(struct create *c, struct blk **ret, struct wtg_err *err)
{
    int fd = fcntl(c->target.fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return wtg_fail_errno(err, errno, "cannot use '%s' twice", c->id.path);
    return blk_from_fd(fd, c->id.size_bytes, c->id.sector_bytes, ret, err);
}

/* An error about a blob becomes one about a file. */
static int name_the_file(struct create *c, struct wtg_err *err)
{
    return c->written.bad_blob ? recipe_blame_file(c->from->tree, c->written.bad_blob, err)
                               : err->code;
}

/* Files have nothing to discard; a stick that cannot do it is as good as before. */
static int discard(struct create *c, struct blk *target, struct wtg_err *err)
{
    bool done = false;
    int r = blk_discard(target, &done, err);

    if (r == 0 && !done && c->id.bus != DISK_BUS_FILE)
        snprintf(c->warning, sizeof c->warning, "the target does not know how to discard");
    return r;
}

static int write_all(void *ctx, struct wtg_job *job, struct wtg_err *err)
{
    struct create *c = ctx;
    struct blk *target = NULL;
    const struct write_opts o = {
        .decoders = c->opts.decoders,
        .memory_bytes = recipe_memory(c->opts.memory_bytes),
        .proof = c->readback,
        .trusted = c->from->proof.sha256[0] && c->from->facts.parts == 1,
        .progress = { .done = c->opts.resume ? c->resume.done : 0,
                      .mark_bytes = c->opts.mark_bytes,
                      .mark = resume_mark,
                      .ctx = &c->resume },
        .group = c->group,
        .member = c->member,
    };
    int r = o.trusted ? prove_still(c->opts.image, &c->from->proof, err) : 0;

    if (r == 0 && !c->opts.resume)
        r = disk_target_begin(&c->target, err);
    if (r == 0)
        r = create_open_target(c, &target, err);
    if (r == 0 && c->opts.resume)
        r = create_go_on(c, target, job, err);
    if (r == 0 && c->opts.discard && !c->opts.resume)
        r = discard(c, target, err);
    if (r == 0)
        r = resume_begin(&c->resume, c->wish, c->seed_text, c->opts.resume, err);
    if (r == 0)
        r = write_regions(target, &c->regions, &o, job, &c->written, err);
    blk_free(target);
    return r < 0 ? name_the_file(c, err) : 0;
}

/* Step 2: what the firmware will read is read back. */

static int compare_bcd(struct create *c, const struct tree *esp, struct wtg_err *err)
{
    struct boot_bcd meant = { 0 }, found = { 0 };
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    int r = tree_read_file(esp, "\\EFI\\Microsoft\\Boot\\BCD", BOOT_BCD_MAX_BYTES, &bytes, &n, err);

    if (r == 0)
        r = boot_bcd_decode((struct wtg_span){ c->bcd, c->bcd_bytes }, &meant, err);
    if (r == 0)
        r = boot_bcd_decode((struct wtg_span){ bytes, n }, &found, err);
    if (r == 0)
        r = boot_bcd_compare(&meant, &found, err);
    boot_bcd_release(&meant);
    boot_bcd_release(&found);
    return r;
}

/* Every file of the partition against what was meant to be there. */
static int compare_files(struct create *c, const struct tree *esp, struct wtg_err *err)
{
    char path[512];

    for (size_t i = 0; i < c->esp.tree->nnodes; i++) {
        const struct tree_node *n = c->esp.tree->node[i];
        const struct tree_blob *want = tree_data(n);
        uint8_t sha1[20];
        AUTO_FREE uint8_t *bytes = NULL;
        size_t size = 0;
        if (!n->link || (n->attributes & ATTR_DIRECTORY))
            continue;
        tree_path(n->link, path, sizeof path);
        int r = tree_read_file(esp, path, BOOT_FILE_MAX_BYTES, &bytes, &size, err);
        if (r < 0)
            return r;
        hash_sha1(bytes, size, sha1);
        if (want && want->has_sha1 && (size != want->size_bytes || memcmp(sha1, want->sha1, 20) != 0))
            return wtg_fail(err, WTG_E_VOLUME_DAMAGED,
                            "'%s' on the EFI system partition is not what was written", path);
    }
    return 0;
}

static int read_back_boot(void *ctx, struct wtg_job *job, struct wtg_err *err)
{
    struct create *c = ctx;
    const struct disk_part *part = disk_layout_part(&c->layout, DISK_ROLE_ESP);
    const struct wtg_progress p = { "check", N_("bytes"), 0, 0 };
    struct blk *disk = NULL, *esp = NULL;
    struct fat *fat = NULL;
    struct tree *tree = NULL;
    int r = wtg_tick(job, &p, err);

    if (r == 0)
        r = create_open_target(c, &disk, err);
    if (r == 0)
        r = blk_slice_new(disk, part->offset_bytes, part->size_bytes, &esp, err);
    if (r == 0)
        r = fat_open(esp, &fat, err);
    if (r == 0)
        r = fat_read_tree(fat, &tree, err);
    if (r == 0)
        r = compare_bcd(c, tree, err);
    if (r == 0)
        r = compare_files(c, tree, err);
    tree_free(tree);
    fat_free(fat);
    blk_free(esp);
    blk_free(disk);
    if (r == 0 || r == WTG_E_CANCELLED)
        return r;
    wtg_because(err, "reading the boot partition back");
    return wtg_hint(err, "a stick that does not return what was written to it is worn out or a fake");
}

/* Step 3: the kernel looks. */

static int reread_table(void *ctx, struct wtg_job *job, struct wtg_err *err)
{
    struct create *c = ctx;

    (void)job;
    if (disk_reread(&c->target, err) < 0) {
        snprintf(c->warning, sizeof c->warning, "%.190s", err->text);
        *err = (struct wtg_err){ 0 };
    }
    return 0;
}

enum { ALWAYS, VERIFYING, BOOTING };
static const struct {
    int when;
    struct plan_step step;
} all_steps[] = {
    { ALWAYS,
      { "write", N_("write the partition table, the file systems and all files"), PLAN_DESTROYS,
        same_target, write_all } },
    { VERIFYING,
      { "verify", N_("read everything back and compare it"), PLAN_READS, NULL, create_verify } },
    { ALWAYS, { "check", N_("check the file systems"), PLAN_READS, NULL, create_check } },
    { BOOTING,
      { "check-boot", N_("compare the boot partition with what it is made of"), PLAN_READS, NULL,
        read_back_boot } },
    { ALWAYS,
      { "reread", N_("let the kernel see the new partitions"), PLAN_READS, NULL, reread_table } },
};

void create_choose_steps(struct create *c)
{
    static_assert(ARRAY_LEN(all_steps) <= CREATE_MAX_STEPS, "room for all steps");
    const bool wanted[] = {
        [ALWAYS] = true, [VERIFYING] = !c->opts.no_verify, [BOOTING] = !c->opts.no_boot
    };

    c->nsteps = 0;
    for (size_t i = 0; i < ARRAY_LEN(all_steps); i++)
        if (wanted[all_steps[i].when])
            c->step[c->nsteps++] = all_steps[i].step;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fill_report(const struct create *c, double seconds, struct wtg_report *ret)
{
    *ret = (struct wtg_report){
        .written_bytes = c->written.bytes,
        .content_bytes = c->written.content_bytes + c->from->compact.compared_bytes,
        .files = c->plan_info.files,
        .directories = c->plan_info.directories,
        .seconds = seconds,
        .disk_guid = c->plan_info.disk_guid,
        .verified_bytes = c->verdict.bytes,
        .rereads = c->verdict.rereads,
        .warning = c->warning,
    };
    uint8_t sha1[SHA1_BYTES];
    image_metadata_sha1(c->from->image, c->from->info->index, sha1);
    hash_hex(sha1, sizeof sha1, ret->image_hash);
    snprintf(ret->volume_serial, sizeof ret->volume_serial, "%016" PRIX64, c->ntfs_serial);
}

int create_run(struct create *c, struct wtg_job *job, struct wtg_report *ret, struct wtg_err *err)
{
    char dir[PATH_MAX];
    struct plan p = { .id = c->plan_info.disk_guid, .ctx = c };
    struct plan_journal *journal = NULL;
    struct wtg_err ignored = { 0 }; /* a stick can be made on a computer that keeps no journal */
    double began = now();

    if (c->target.fd < 0)
        return wtg_fail(err, WTG_E_BUG, "a plan that was only to be looked at is to be run");
    if (plan_state_dir(dir, sizeof dir, &ignored) == 0 &&
        plan_journal_open(dir, p.id, &journal, &ignored) < 0)
        journal = NULL;
    c->job = job;
    p.step = c->step;
    p.nsteps = c->nsteps;
    int r = c->opts.no_verify ? 0 : write_proof_new(&c->readback, err);
    if (r == 0)
        r = plan_run(&p, journal, job, err);
    plan_journal_close(journal);
    c->job = NULL;
    if (r < 0)
        return create_stop(c, err);
    resume_forget(&c->resume);
    disk_target_release(&c->target);
    fill_report(c, now() - began, ret);
    return 0;
}
