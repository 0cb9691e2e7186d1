/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/examine-priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "boot/files.h"
#include "sign/pe-sum.h"
#include "fat/fat-check.h"

/* The EFI system partition: its file system, and whether what it holds is what Windows puts there.
 */

/* The largest boot file of any Windows has 3 MB; BCD-like things are small. */
enum { FILE_MAX_BYTES = 32 << 20 };

#define MANAGER "\\EFI\\Microsoft\\Boot\\bootmgfw.efi"

/* ---- File system ------------------------------------------------------------------------ */

struct fat_tally {
    uint64_t problems;
    bool unclean;
    char first[FAT_CHECK_TEXT_BYTES];
};

/* What firmware and other systems leave behind without doing harm. */
static void on_problem(const char *text, void *user)
{
    struct fat_tally *t = user;

    if (strstr(text, "unmounted cleanly") || strstr(text, "FSINFO counts")) {
        t->unclean = true;
        return;
    }
    if (t->problems++ == 0)
        snprintf(t->first, sizeof t->first, "%s", text);
}

static int check_fat(struct exam *x, const char *where, struct wtg_err *err)
{
    struct fat_tally t = { 0 };
    struct wtg_err why = { 0 };
    size_t n = 0;
    int r = fat_check(x->esp_blk, on_problem, &t, &n, &why);

    if (exam_soft(r) < 0) {
        *err = why;
        return r;
    }
    if (r < 0)
        return exam_fact(x, "esp.fat", "unreadable", where, err,
                         "the EFI system partition holds no FAT32 that can be read: %s", why.text);
    x->esp_sound = t.problems == 0;
    if (t.problems)
        return exam_fact(x, "esp.fat", "damaged", where, err,
                         "%" PRIu64 " problems in the FAT32 volume; the first: %s", t.problems,
                         t.first);
    return exam_fact(x, "esp.fat", t.unclean ? "unclean" : "fine", where, err,
                     "the FAT32 volume is %s",
                     t.unclean ? "sound, and was not unmounted" : "sound");
}

static int load_tree(struct exam *x, struct wtg_err *err)
{
    struct wtg_err why = { 0 };
    int r = fat_open(x->esp_blk, &x->fat, &why);

    if (r == 0)
        r = fat_read_tree(x->fat, &x->esp_tree, &why);
    if (exam_soft(r) < 0)
        *err = why;
    return exam_soft(r);
}

/* ---- Boot files ------------------------------------------------------------------------- */

enum verdict { FINE, OTHER_VERSION, WRONG_MACHINE, MISSING, DAMAGED };
static const char *const verdict_name[] = { "fine", "other-version", "wrong-machine", "missing",
                                            "damaged" };

/* What is said of the boot manager, of its copy where firmware looks, and of all else. */
enum role { MANAGER_FILE, FALLBACK_FILE, OTHER_FILE, ROLES };
static const char *const role_key[] = { "esp.boot_manager", "esp.fallback", "esp.files" };

struct tally {
    enum verdict worst[ROLES];
    char path[ROLES][512]; /* of the worst */
    uint64_t seen[ROLES];
};

static void take(struct tally *t, enum role role, enum verdict v, const char *path)
{
    t->seen[role]++;
    if (v > t->worst[role] || t->seen[role] == 1) {
        t->worst[role] = v;
        snprintf(t->path[role], sizeof t->path[role], "%s", path);
    }
}

/* By itself: is it a program that could be what Windows put there? */
static enum verdict judge_alone(struct wtg_span file, uint16_t machine)
{
    struct pe_info pe;
    struct wtg_err ignored = { 0 };

    if (pe_read(file, &pe, &ignored) < 0 || pe_sum(file) == PE_SUM_WRONG)
        return DAMAGED;
    return machine && pe.machine != machine ? WRONG_MACHINE : FINE;
}

/* Beside its twin.  An update renews either of the two alone: a program whose checksum fits is
 * another version, and so is any other file of another size. */
static enum verdict judge_twins(struct wtg_span have, struct wtg_span want, uint16_t machine)
{
    struct pe_info pe;
    struct wtg_err ignored = { 0 };

    if (have.n == want.n && memcmp(have.p, want.p, have.n) == 0)
        return FINE;
    bool program = pe_read(want, &pe, &ignored) == 0;
    if (program && pe_sum(want) == PE_SUM_WRONG)
        return judge_alone(have, machine); /* the twin is the one that is damaged */
    if (program && pe_sum(have) == PE_SUM_FITS)
        return machine && pe_read(have, &pe, &ignored) == 0 && pe.machine != machine
                   ? WRONG_MACHINE
                   : OTHER_VERSION;
    return program || have.n == want.n || have.n == 0 ? DAMAGED : OTHER_VERSION;
}

static enum role role_of(const char *path, const struct boot_arch *arch)
{
    const char *name = strrchr(path, '\\');

    if (strcasecmp(path, MANAGER) == 0)
        return MANAGER_FILE;
    return name && arch && strcasecmp(name + 1, arch->fallback) == 0 ? FALLBACK_FILE : OTHER_FILE;
}

static int judge_file(struct exam *x, const struct boot_arch *arch, const struct tree_link *l,
                      struct tally *t, struct wtg_err *err)
{
    char path[512];
    AUTO_FREE uint8_t *have = NULL, *want = NULL;
    size_t nhave = 0, nwant = 0;
    struct wtg_err why = { 0 };

    tree_path(l, path, sizeof path);
    enum role role = role_of(path, arch);
    bool there = tree_find(x->esp_tree, path);
    int r = tree_blob_slurp(tree_data(l->node), FILE_MAX_BYTES, &want, &nwant, &why);
    if (r == 0 || exam_soft(r) == 0) {
        bool known = r == 0;
        r = exam_slurp(x->esp_tree, path, FILE_MAX_BYTES, &have, &nhave, &why);
        if (r >= 0)
            take(t, role,
                 !there   ? MISSING
                 : r == 0 ? DAMAGED
                 : known  ? judge_twins((struct wtg_span){ have, nhave },
                                        (struct wtg_span){ want, nwant },
                                       role == OTHER_FILE ? 0 : arch->machine)
                 : role == OTHER_FILE
                     ? FINE
                     : judge_alone((struct wtg_span){ have, nhave }, arch->machine),
                 path);
    }
    if (r < 0)
        *err = why;
    return r < 0 ? r : 0;
}

static int judge_all(struct exam *x, const struct tree *windows, struct tally *t, bool *ret_done,
                     struct wtg_err *err)
{
    struct wtg_err why = { 0 };
    struct boot_esp want = { 0 };
    uint8_t *none = mem_zeroed(1, 1, err);
    int r = none ? boot_files(windows, none, 1, 0, &want, &why) : err->code;

    *ret_done = r == 0;
    if (r < 0)
        return exam_soft(r) < 0 ? wtg_fail_nomem(err) : 0;
    for (size_t i = 0; r == 0 && i < want.tree->nnodes; i++) {
        const struct tree_node *n = want.tree->node[i];
        if (!(n->attributes & ATTR_DIRECTORY) && n->link && tree_data(n) != want.bcd)
            r = judge_file(x, want.arch, n->link, t, err);
    }
    boot_esp_release(&want);
    return r;
}

/* Without a Windows to compare with. */
static int judge_manager(struct exam *x, struct tally *t, struct wtg_err *err)
{
    static const struct {
        const char *path;
        enum role role;
    } files[] = { { MANAGER, MANAGER_FILE },
                  { "\\EFI\\Boot\\bootx64.efi", FALLBACK_FILE },
                  { "\\EFI\\Boot\\bootaa64.efi", FALLBACK_FILE },
                  { "\\EFI\\Boot\\bootia32.efi", FALLBACK_FILE } };

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        AUTO_FREE uint8_t *have = NULL;
        size_t n = 0;
        struct wtg_err why = { 0 };
        bool there = tree_find(x->esp_tree, files[i].path);
        int r = exam_slurp(x->esp_tree, files[i].path, FILE_MAX_BYTES, &have, &n, &why);
        if (r < 0) {
            *err = why;
            return r;
        }
        if (there)
            take(t, files[i].role, r ? judge_alone((struct wtg_span){ have, n }, 0) : DAMAGED,
                 files[i].path);
    }
    for (enum role k = MANAGER_FILE; k <= FALLBACK_FILE; k++)
        if (!t->seen[k])
            take(t, k, MISSING, k == MANAGER_FILE ? MANAGER : "\\EFI\\Boot");
    return 0;
}

static int tell_files(struct exam *x, const struct tally *t, const char *where, struct wtg_err *err)
{
    static const char *const words[] = { "is what Windows has", "is of another version",
                                         "is for another kind of processor", "is missing",
                                         "is not what Windows put there" };
    int r = 0;

    for (size_t i = 0; r == 0 && i < ROLES; i++)
        if (t->seen[i])
            r = exam_fact(x, role_key[i], verdict_name[t->worst[i]], where, err, "'%s' %s",
                          t->path[i], words[t->worst[i]]);
    return r;
}

/* A policy that locks the computer to newer boot managers; KB5042562 puts it on the ESP. */
static int tell_policy(struct exam *x, const char *where, struct wtg_err *err)
{
    bool stray = tree_find(x->esp_tree, "\\EFI\\Microsoft\\Boot\\SkuSiPolicy.p7b");

    return exam_judge(
        x, !stray, "esp.policy", "stray", where, err,
        "no policy on the EFI system partition demands a newer boot manager",
        "'\\EFI\\Microsoft\\Boot\\SkuSiPolicy.p7b' demands a newer boot manager on every "
        "computer that starts it");
}

int exam_esp(struct exam *x, struct wtg_err *err)
{
    char where[64];
    struct tally t = { 0 };
    bool done = false;

    if (!x->esp)
        return 0;
    snprintf(where, sizeof where, "partition %u", x->esp->part.number);
    int r = check_fat(x, where, err);
    if (r == 0)
        r = load_tree(x, err);
    if (r < 0 || !x->esp_tree)
        return r;
    if (x->win_tree)
        r = judge_all(x, x->win_tree, &t, &done, err);
    if (r == 0 && !done && x->image_tree)
        r = judge_all(x, x->image_tree, &t, &done, err);
    if (r == 0 && !done)
        r = judge_manager(x, &t, err);
    if (r == 0)
        r = tell_files(x, &t, where, err);
    return r < 0 ? r : tell_policy(x, where, err);
}
