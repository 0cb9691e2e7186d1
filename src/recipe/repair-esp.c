/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/repair-priv.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "boot/files.h"
#include "fat/fat-check.h"
#include "sign/pe-sum.h"
#include "sign/pe.h"

/* The EFI system partition: its file system, and the boot files on it. */

#define BCD_PATH "\\EFI\\Microsoft\\Boot\\BCD"
#define POLICY_PATH "\\EFI\\Microsoft\\Boot\\SkuSiPolicy.p7b"
enum { BOOT_FILE_MAX_BYTES = 64 << 20 }; /* none comes near: the largest font has 20 MB */

/* The tree that boot files come from: the volume's own Windows, or the image where that is not
 * whole.  `*ret` NULL: there is none. */
static int boot_source(struct repair_case *c, struct tree **ret, struct wtg_err *err)
{
    struct tree *windows = NULL;
    const struct boot_arch *arch = NULL;
    struct wtg_err why = { 0 };
    int r = repair_windows_tree(&c->stick, c->job, &windows, err);

    if (r < 0)
        return r;
    *ret = windows && boot_is_windows(windows, &arch, &why) == 0 ? windows : c->image_tree;
    return repair_soft(why.code);
}

/* `bcd`: malloc'ed, taken over. */
static int wanted_files(struct repair_case *c, uint8_t *bcd, size_t n, struct boot_esp *ret,
                        struct wtg_err *err)
{
    struct tree *source = NULL;
    int r = boot_source(c, &source, err);

    if (r == 0 && !source)
        r = wtg_fail(err, WTG_E_NOT_WINDOWS, "Windows' volume does not hold the boot files");
    if (r < 0) {
        free(bcd);
        wtg_hint(err, "give the image that the stick was made from with '--image'");
        return r;
    }
    return boot_files(source, bcd, n, c->time, ret, err);
}

/* ---- Judging one file ------------------------------------------------------------------- */

enum verdict { SAME, OTHER_VERSION, MISSING, DAMAGED };

/* Updates renew either of the two alone: a program whose checksum fits is another version, and so
 * is any other file of another size. */
static enum verdict judge(struct wtg_span have, struct wtg_span want)
{
    struct pe_info pe;
    struct wtg_err ignored = { 0 };

    if (have.n == want.n && memcmp(have.p, want.p, have.n) == 0)
        return SAME;
    bool program = pe_read(want, &pe, &ignored) == 0;
    if (program && pe_sum(want) == PE_SUM_WRONG) /* the twin is the one that is damaged */
        return pe_sum(have) == PE_SUM_FITS ? OTHER_VERSION : DAMAGED;
    if (program && pe_sum(have) == PE_SUM_FITS)
        return OTHER_VERSION;
    return program || have.n == want.n || have.n == 0 ? DAMAGED : OTHER_VERSION;
}

static int judge_blobs(const struct tree_blob *have, const struct tree_blob *want,
                       enum verdict *ret, struct wtg_err *err)
{
    AUTO_FREE uint8_t *a = NULL, *b = NULL;
    size_t na = 0, nb = 0;
    struct wtg_err why = { 0 };
    int r = tree_blob_slurp(want, BOOT_FILE_MAX_BYTES, &b, &nb, &why);

    if (r < 0) { /* nothing to compare with */
        *ret = SAME;
    } else {
        r = tree_blob_slurp(have, BOOT_FILE_MAX_BYTES, &a, &na, &why);
        *ret = r < 0 ? DAMAGED : judge((struct wtg_span){ a, na }, (struct wtg_span){ b, nb });
    }
    if (repair_soft(r) < 0)
        *err = why;
    return repair_soft(r);
}

/* The programs that nothing starts without. */
static bool is_essential(const char *path, const struct boot_arch *arch)
{
    const char *name = strrchr(path, '\\');
    return name &&
           (strcasecmp(name + 1, arch->fallback) == 0 || strcasecmp(name + 1, "bootmgfw.efi") == 0);
}

struct tally {
    size_t missing, damaged;
    bool essential; /* one of them is */
    char first[200];
};

static int judge_file(struct repair_case *c, const struct boot_esp *want, const struct tree_link *l,
                      struct tally *t, struct wtg_err *err)
{
    char path[512];
    enum verdict v = MISSING;
    const struct tree_link *have = tree_find(c->stick.esp_tree, tree_path(l, path, sizeof path));

    if (have && judge_blobs(tree_data(have->node), tree_data(l->node), &v, err) < 0)
        return err->code;
    if (v == SAME || v == OTHER_VERSION)
        return 0;
    bool essential = is_essential(path, want->arch);
    if (!t->first[0] || (essential && !t->essential))
        snprintf(t->first, sizeof t->first, "%.199s", path);
    t->essential |= essential;
    (v == MISSING ? &t->missing : &t->damaged)[0]++;
    return 0;
}

static int judge_files(struct repair_case *c, const struct boot_esp *want, struct tally *t,
                       struct wtg_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < want->tree->nnodes; i++) {
        const struct tree_node *n = want->tree->node[i];
        if (n->link && n->link->parent && !(n->attributes & ATTR_DIRECTORY) &&
            tree_data(n) != want->bcd)
            r = judge_file(c, want, n->link, t, err);
    }
    return r;
}

/* ---- boot-files ------------------------------------------------------------------------- */

int repair_check_boot_files(struct repair_case *c, enum repair_need *ret, struct wtg_err *err)
{
    struct boot_esp want = { 0 };
    struct tally t = { 0 };
    struct wtg_err why = { 0 };
    uint8_t *none = mem_zeroed(1, 1, err);

    *ret = REPAIR_FINE;
    if (!none)
        return err->code;
    if (!c->stick.esp_tree || c->stick.other_fat) {
        free(none);
        return 0;
    }
    int r = wanted_files(c, none, 1, &want, &why);
    if (r < 0) {
        bool gone = !tree_find(c->stick.esp_tree, "\\EFI\\Microsoft\\Boot\\bootmgfw.efi");
        if (repair_soft(r) < 0)
            *err = why;
        else if (gone)
            *ret = repair_says(c, REPAIR_CANNOT, "esp_boot_file_missing",
                               "the boot manager is missing: %.180s", why.text);
        return repair_soft(r);
    }
    r = judge_files(c, &want, &t, err);
    boot_esp_release(&want);
    if (r == 0 && t.missing + t.damaged)
        *ret = repair_says(c, t.essential || t.damaged ? REPAIR_NEEDED : REPAIR_USEFUL,
                           t.damaged ? "esp_boot_file_damaged" : "esp_boot_file_missing",
                           "%zu boot file%s missing, %zu damaged, among them '%s'", t.missing,
                           t.missing == 1 ? "" : "s", t.damaged, t.first);
    return r;
}

struct choice {
    const struct boot_esp *want;
    struct wtg_err err; /* of the comparing */
};

static enum repair_pick pick_better(void *ctx, const char *path, const struct tree_node *old,
                                    const struct tree_node *newer)
{
    struct choice *ch = ctx;
    enum verdict v = SAME;

    (void)path;
    if (!newer || tree_data(newer) == ch->want->bcd ||
        judge_blobs(tree_data(old), tree_data(newer), &v, &ch->err) < 0)
        return REPAIR_KEEP;
    return v == DAMAGED ? REPAIR_TAKE : REPAIR_KEEP;
}

/* `rebuild`: everything new but what is foreign. */
static int write_files(struct repair_case *c, uint8_t *bcd, size_t n,
                       enum repair_pick (*pick)(void *, const char *, const struct tree_node *,
                                                const struct tree_node *),
                       struct wtg_err *err)
{
    struct boot_esp want = { 0 };
    int r = wanted_files(c, bcd, n, &want, err);
    struct choice ch = { .want = &want };

    if (r == 0)
        r = repair_write_esp(c, want.tree, pick, &ch, err);
    if (r == 0 && ch.err.code) {
        *err = ch.err;
        r = ch.err.code;
    }
    boot_esp_release(&want);
    return r;
}

int repair_run_boot_files(struct repair_case *c, struct wtg_err *err)
{
    uint8_t *bcd = NULL;
    size_t n = 0;
    struct wtg_err why = { 0 };
    int r = repair_make_bcd(c, &bcd, &n, &why); /* used only where there is none */

    if (r < 0) { /* another repair tells that */
        bcd = mem_zeroed(1, 1, err);
        n = bcd ? 1 : 0;
        r = repair_soft(r);
        if (r < 0)
            *err = why;
    }
    return bcd && r == 0 ? write_files(c, bcd, n, pick_better, err) : err->code;
}

/* ---- esp -------------------------------------------------------------------------------- */

struct fat_tally {
    size_t problems;
    char first[FAT_CHECK_TEXT_BYTES];
};

/* What firmware and other systems leave behind without doing harm does not count. */
static void on_problem(const char *text, void *user)
{
    struct fat_tally *t = user;

    if (strstr(text, "unmounted cleanly") || strstr(text, "FSINFO counts"))
        return;
    if (t->problems++ == 0)
        snprintf(t->first, sizeof t->first, "%s", text);
}

static bool is_typed_esp(const struct disk_content_part *p)
{
    struct guid g;
    return p->mbr_type == 0xef || (guid_parse("c12a7328-f81f-11d2-ba4b-00a0c93ec93b", &g) &&
                                   memcmp(&g, &p->type, sizeof g) == 0);
}

int repair_check_esp(struct repair_case *c, enum repair_need *ret, struct wtg_err *err)
{
    struct fat_tally t = { 0 };
    struct wtg_err why = { 0 };
    size_t n = 0;

    *ret = REPAIR_FINE;
    if (!c->stick.esp || c->stick.other_fat || !is_typed_esp(c->stick.esp))
        return 0;
    int r = fat_check(c->stick.esp_blk, on_problem, &t, &n, &why);
    if (repair_soft(r) < 0) {
        *err = why;
        return r;
    }
    if (r < 0)
        *ret = repair_says(c, REPAIR_NEEDED, "esp_file_system_damaged",
                           "partition %u holds no FAT32 that can be read: %.150s",
                           c->stick.esp->number, why.text);
    else if (t.problems)
        *ret = repair_says(c, REPAIR_NEEDED, "esp_file_system_damaged",
                           "%zu problem%s in the FAT32 volume; the first: %.180s", t.problems,
                           t.problems == 1 ? "" : "s", t.first);
    return 0;
}

static enum repair_pick pick_new(void *ctx, const char *path, const struct tree_node *old,
                                 const struct tree_node *newer)
{
    (void)ctx, (void)path, (void)old;
    return newer ? REPAIR_TAKE : REPAIR_KEEP;
}

int repair_run_esp(struct repair_case *c, struct wtg_err *err)
{
    uint8_t *bcd = NULL;
    size_t n = 0;
    int r = repair_make_bcd(c, &bcd, &n, err);

    return r < 0 ? r : write_files(c, bcd, n, pick_new, err);
}

/* ---- policy-file ------------------------------------------------------------------------ */

int repair_check_policy_file(struct repair_case *c, enum repair_need *ret, struct wtg_err *err)
{
    (void)err;
    *ret = REPAIR_FINE;
    if (c->stick.esp_tree && tree_find(c->stick.esp_tree, POLICY_PATH))
        *ret = repair_says(c, REPAIR_USEFUL, "secureboot_policy_newer_than_bootloader",
                           "'" POLICY_PATH
                           "' demands a newer boot manager of every computer that starts "
                           "it; it may have been put there on purpose");
    return 0;
}

static enum repair_pick drop_policy(void *ctx, const char *path, const struct tree_node *old,
                                    const struct tree_node *newer)
{
    (void)ctx, (void)old, (void)newer;
    return strcasecmp(path, POLICY_PATH) == 0 ? REPAIR_DROP : REPAIR_KEEP;
}

int repair_run_policy_file(struct repair_case *c, struct wtg_err *err)
{
    return repair_write_esp(c, NULL, drop_policy, NULL, err);
}
