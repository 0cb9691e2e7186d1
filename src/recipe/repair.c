/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/repair-plan.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "blk/draft.h"
#include "image/image.h"
#include "ntfs/check.h"
#include "recipe/target-words.h"

/* The repairs, in the order in which they are tried: what stands lower on the disk first. */
/* clang-format off */
const struct repair_row repair_rows[] = {
    { "gpt-search", "gpt_both_damaged", PLAN_WRITES,
      N_("write a new partition table for the file systems that were found"), false, false,
      repair_check_gpt_search, repair_run_gpt_search },
    { "gpt", "gpt_primary_damaged gpt_backup_damaged gpt_backup_misplaced gpt_copies_differ", PLAN_WRITES,
      N_("write both copies of the partition table anew, from the one that is right"), false, false,
      repair_check_gpt, repair_run_gpt },
    { "protective-mbr", "protective_mbr_damaged", PLAN_WRITES,
      N_("write the protective MBR anew"), false, false,
      repair_check_protective_mbr, repair_run_protective_mbr },
    { "ntfs-boot", "ntfs_boot_sector_damaged ntfs_backup_boot_damaged", PLAN_WRITES,
      N_("write the boot sector of Windows' volume, or its copy, anew from the other"), false, false,
      repair_check_ntfs_boot, repair_run_ntfs_boot },
    { "ntfs-mirror", "ntfs_mft_mirror_differs", PLAN_WRITES,
      N_("make $MFTMirr and the first records of $MFT the same again, from what is whole"), false, true,
      repair_check_ntfs_mirror, repair_run_ntfs_mirror },
    { "ntfs-dirty", "ntfs_dirty_volume", PLAN_WRITES,
      N_("take the dirty mark from Windows' volume, whose structure was proved"), false, true,
      repair_check_ntfs_dirty, repair_run_ntfs_dirty },
    { "partition-type", "partition_wrong_type usb_partition_typed_as_esp", PLAN_WRITES,
      N_("give the partitions the types that Windows and firmware look for"), false, false,
      repair_check_partition_type, repair_run_partition_type },
    { "read-only", "write_protected_media", PLAN_WRITES,
      N_("take the read-only mark from Windows' partition"), false, false,
      repair_check_read_only, repair_run_read_only },
    { "hibernation", "windows_fast_startup", PLAN_DESTROYS,
      N_("remove what Windows keeps of its last start; what was open then is lost"), true, true,
      repair_check_hibernation, repair_run_hibernation },
    { "files", "system_file_damaged system_file_missing component_store_corrupt", PLAN_WRITES,
      N_("restore the files of Windows that are damaged or missing from the image"), false, true,
      repair_check_files, repair_run_files },
    { "hive", "registry_hive_dirty registry_hive_damaged", PLAN_DESTROYS,
      N_("close a registry file, or put an older copy in the place of a damaged one; what came later is lost"),
      true, true, repair_check_hive, repair_run_hive },
    { "control-set", "control_set_unresolved", PLAN_WRITES,
      N_("let the registry name a control set that it holds"), false, true,
      repair_check_control_set, repair_run_control_set },
    { "boot-drivers", "usb_boot_drivers_not_configured usb_filter_driver_not_boot_start", PLAN_WRITES,
      N_("let the USB and disk drivers start with the loader"), false, true,
      repair_check_boot_drivers, repair_run_boot_drivers },
    { "san-policy", "san_policy_wrong", PLAN_WRITES,
      N_("keep the disks of the computer it runs on offline"), false, true,
      repair_check_san_policy, repair_run_san_policy },
    { "portable-flag", "portable_flag_missing", PLAN_WRITES,
      N_("tell Windows that it runs from a stick"), false, true,
      repair_check_portable_flag, repair_run_portable_flag },
    { "bitlocker-prevent", "bitlocker_auto_encryption", PLAN_WRITES,
      N_("keep Windows from encrypting the stick for one computer by itself"), false, true,
      repair_check_bitlocker_prevent, repair_run_bitlocker_prevent },
    { "stale-mounts", "stale_dism_mount", PLAN_WRITES,
      N_("forget images that are noted as mounted"), false, true,
      repair_check_stale_mounts, repair_run_stale_mounts },
    { "esp", "esp_file_system_damaged", PLAN_DESTROYS,
      N_("make the file system of the EFI system partition anew; what can be read in it is kept"),
      false, false, repair_check_esp, repair_run_esp },
    { "boot-files", "esp_boot_file_missing esp_boot_file_damaged", PLAN_WRITES,
      N_("put the boot files of this Windows onto the EFI system partition"), false, false,
      repair_check_boot_files, repair_run_boot_files },
    { "bcd", "bcd_missing bcd_damaged bcd_store_empty bcd_device_unresolved bcd_path_missing", PLAN_WRITES,
      N_("make the boot configuration (BCD) anew for the disk as it is; other entries are kept"),
      false, false, repair_check_bcd, repair_run_bcd },
    { "policy-file", "secureboot_policy_newer_than_bootloader", PLAN_DESTROYS,
      N_("remove the policy file that demands a newer boot manager"), true, false,
      repair_check_policy_file, repair_run_policy_file },
};
/* clang-format on */
const size_t repair_nrows = ARRAY_LEN(repair_rows);

const char *repair_slug(size_t i)
{
    return i < repair_nrows ? repair_rows[i].slug : NULL;
}

const char *repair_causes(size_t i)
{
    return i < repair_nrows ? repair_rows[i].causes : NULL;
}

/* Is `word` one of the words of `list`? */
static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);

    for (const char *p = list; *p; p += *p == ' ') {
        size_t len = strcspn(p, " ");
        if (len == n && memcmp(p, word, n) == 0)
            return true;
        p += len;
    }
    return false;
}

static bool is_named(const struct wtg_repair_opts *o, const struct repair_row *row)
{
    for (size_t i = 0; i < o->nonly; i++)
        if (has_word(row->causes, o->only[i]) || strcmp(row->slug, o->only[i]) == 0)
            return true;
    return false;
}

static int check_only(const struct wtg_repair_opts *o, struct wtg_err *err)
{
    for (size_t i = 0; i < o->nonly; i++) {
        const struct wtg_repair_opts one = { .only = &o->only[i], .nonly = 1 };
        bool known = false;
        for (size_t k = 0; k < repair_nrows; k++)
            known |= is_named(&one, &repair_rows[k]);
        if (known)
            continue;
        wtg_fail(err, WTG_E_USAGE, "there is no repair for a cause '%s'", o->only[i]);
        return wtg_hint(err,
                        "'wtg diagnose' names causes, docs/commands/repair.md lists those that "
                        "can be mended");
    }
    return 0;
}

/* ---- opening ---------------------------------------------------------------------------- */

/* Disks know the size of their sectors; of an image file the table tells. */
static uint32_t guess_sector(struct blk *b)
{
    struct gpt_look l = { 0 };
    struct wtg_err ignored = { 0 };
    uint32_t found = gpt_look(b, &l, &ignored) == 0 ? l.other_sector_bytes : 0;

    gpt_look_release(&l);
    return found;
}

static int open_target(struct repair *r, struct wtg_err *err)
{
    struct disk_target_opts o = { .allow_fixed = r->opts.allow_fixed,
                                  .source = &r->opts.image,
                                  .nsources = r->opts.image ? 1 : 0 };
    int code = disk_target_look(NULL, r->opts.target, &o, &r->id, err);

    if (code == 0 && !r->id.exists)
        code = wtg_fail(err, WTG_E_NOT_FOUND, "there is no '%s'", r->opts.target);
    if (code == 0 && r->opts.look_only)
        code = blk_open(r->id.path, &r->opened, err);
    else if (code == 0) {
        code = disk_target_claim(NULL, r->opts.target, &o, &r->target, err);
        int fd = code == 0 ? fcntl(r->target.fd, F_DUPFD_CLOEXEC, 0) : -1;
        if (code == 0 && fd < 0)
            code = wtg_fail_errno(err, errno, "cannot use '%s' twice", r->opts.target);
        if (code == 0)
            code = blk_from_fd(fd, r->id.size_bytes, r->id.sector_bytes, &r->opened, err);
    }
    if (code < 0)
        return code;
    r->opened->sector_bytes = r->id.sector_bytes;
    uint32_t other = r->id.bus == DISK_BUS_FILE ? guess_sector(r->opened) : 0;
    if (other)
        r->opened->sector_bytes = r->id.sector_bytes = other;
    r->on.disk = r->opened;
    return 0;
}

static int open_image(struct repair *r, struct wtg_err *err)
{
    uint32_t index = 0;
    int code = image_open(r->opts.image, r->opts.inside, &r->image, err);

    if (code == 0)
        code = image_select(r->image, r->opts.index, r->opts.edition, &index, err);
    return code < 0 ? code : image_load_tree(r->image, index, &r->image_tree, err);
}

static int open_all(struct repair *r, struct wtg_err *err)
{
    struct wtg_err ignored = { 0 };
    int code = 0;

    if (r->on.state_dir)
        snprintf(r->state_dir, sizeof r->state_dir, "%s", r->on.state_dir);
    else
        code = plan_state_dir(r->state_dir, sizeof r->state_dir, err);
    if (code == 0 && !r->on.disk)
        code = open_target(r, err);
    else if (code == 0) {
        r->id = r->on.id;
        r->id.size_bytes = r->on.disk->size;
        r->id.sector_bytes = r->on.disk->sector_bytes;
        r->id.exists = true;
    }
    if (code == 0)
        code = watch_new(r->on.disk, &r->watch, err);
    if (code == 0 && r->opts.image)
        code = open_image(r, err);
    if (code == 0 && r->opened &&
        disk_contents_probe(r->id.path, r->id.sector_bytes, &r->contents, &ignored) < 0)
        r->contents = (struct disk_contents){ 0 };
    r->time = r->on.time ? r->on.time : (uint64_t)time(NULL);
    return code;
}

/* ---- trying ----------------------------------------------------------------------------- */

struct blk *repair_top(const struct repair *r)
{
    struct blk *top = r->watch;

    for (size_t i = 0; i < r->nitems; i++)
        if (r->item[i].layer)
            top = r->item[i].layer;
    return top;
}

int repair_case_init(struct repair *r, const struct repair_row *row, struct blk *below,
                     struct blk *out, struct repair_case *ret, struct wtg_err *err)
{
    static const uint64_t epoch = UINT64_C(11644473600); /* seconds from 1601 to 1970 */
    struct repair_case c = {
        .out = out,
        .opts = &r->opts,
        .asked = is_named(&r->opts, row),
        .time = (r->time + epoch) * 10000000,
        .image_tree = r->image_tree,
        .files = &r->files,
        .job = r->job,
    };
    int code = repair_stick_look(below, &c.stick, err);

    if (code == 0)
        *ret = c;
    return code;
}

/* What a row says of the stick as it is in `below`. */
static int ask(struct repair *r, struct repair_item *item, struct blk *below, enum repair_need *ret,
               struct wtg_err *err)
{
    struct repair_case c;
    int code = repair_case_init(r, item->row, below, below, &c, err);

    if (code < 0)
        return code;
    code = item->row->check(&c, ret, err);
    if (code == 0 && *ret != REPAIR_FINE) {
        item->cause = c.cause;
        memcpy(item->why, c.why, sizeof item->why);
    }
    repair_stick_release(&c.stick);
    return code;
}

static int count_bytes(void *ctx, uint64_t off, const void *bytes, size_t n, struct wtg_err *err)
{
    (void)off, (void)bytes, (void)err;
    *(uint64_t *)ctx += n;
    return 0;
}

/* Errors in the structure of Windows' volume; UINT64_MAX when it cannot be checked. */
static int count_errors(struct repair *r, struct blk *disk, uint64_t *ret, struct wtg_err *err)
{
    struct repair_stick s;
    struct ntfs_check_result result = { 0 };
    struct wtg_err why = { 0 };
    int code = repair_stick_look(disk, &s, err);

    if (code < 0)
        return code;
    *ret = UINT64_MAX;
    code = s.windows_blk ? ntfs_check(s.windows_blk, NULL, r->job, &result, &why) : 0;
    if (code == 0 && s.windows_blk)
        *ret = result.errors;
    ntfs_check_result_release(&result);
    repair_stick_release(&s);
    if (repair_soft(code) < 0)
        *err = why;
    return repair_soft(code);
}

/* Runs the row on a draft and looks at what came of it. */
static int try_on(struct repair *r, struct repair_item *item, struct blk *layer,
                  struct wtg_err *err)
{
    struct repair_case c;
    enum repair_need after = REPAIR_FINE;
    struct repair_item again = { .row = item->row };
    uint64_t errors_before = 0, errors_after = 0;
    int code = repair_case_init(r, item->row, layer->below, layer, &c, err);

    if (code < 0)
        return code;
    code = item->row->run(&c, err);
    repair_stick_release(&c.stick);
    if (code == 0)
        code = ask(r, &again, layer, &after, err);
    if (code == 0 && after != REPAIR_FINE && strcmp(again.why, item->why) == 0)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "it was tried and did not help");
    if (code == 0 && after >= REPAIR_NEEDED)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "it was tried, and then: %s", again.why);
    if (code == 0 && item->row->whole_volume) {
        code = count_errors(r, layer->below, &errors_before, err);
        if (code == 0)
            code = count_errors(r, layer, &errors_after, err);
        if (code == 0 && errors_after > errors_before)
            return wtg_fail(err, WTG_E_UNSUPPORTED, "it was tried, and made the volume worse");
    }
    return code < 0 ? code : draft_changes(layer, count_bytes, &item->bytes, err);
}

static int try_repair(struct repair *r, struct repair_item *item, struct wtg_err *err)
{
    struct blk *layer = NULL;
    struct wtg_err why = { 0 };
    int code = draft_new(repair_top(r), r->state_dir, &layer, err);

    if (code < 0)
        return code;
    code = try_on(r, item, layer, &why);
    item->state = code < 0 ? WTG_REPAIR_CANNOT : WTG_REPAIR_WILL;
    if (code == 0 && item->bytes) {
        item->layer = layer;
        return 0;
    }
    blk_free(layer);
    if (repair_soft(code) < 0) {
        *err = why;
        return code;
    }
    item->state = WTG_REPAIR_CANNOT;
    snprintf(item->why_not, sizeof item->why_not, "%.300s%s%.200s",
             code < 0 ? why.text : "it changes nothing", why.hint[0] ? "; " : "", why.hint);
    return 0;
}

static int consider(struct repair *r, const struct repair_row *row, struct wtg_err *err)
{
    const struct wtg_progress p = { "examine", N_("bytes"), 0, 0 };
    struct repair_item *item = &r->item[r->nitems];
    enum repair_need need = REPAIR_FINE;
    bool asked = is_named(&r->opts, row);

    *item = (struct repair_item){ .row = row };
    if (r->opts.nonly && !asked)
        return 0;
    int code = wtg_tick(r->job, &p, err);
    if (code == 0)
        code = ask(r, item, repair_top(r), &need, err);
    if (code < 0 || need == REPAIR_FINE)
        return code;
    if (need == REPAIR_CANNOT) {
        item->state = WTG_REPAIR_CANNOT;
        memcpy(item->why_not, item->why, sizeof item->why);
    } else if (!asked && (need == REPAIR_USEFUL || row->only_asked)) {
        item->state = WTG_REPAIR_ASK;
    } else {
        code = try_repair(r, item, err);
    }
    if (code == 0)
        r->nitems++;
    return code;
}

/* A stick that fails reads gets worse with every one: it is copied first. */
static int refuse_failing(const struct repair *r, struct wtg_err *err)
{
    uint64_t off = 0;
    bool wrote = false;

    if (!watch_failure(r->watch, &off, &wrote))
        return 0;
    wtg_fail(err, WTG_E_IO, "'%s' fails reads (at byte %" PRIu64 "): it is not repaired as it is",
             r->id.path, off);
    wtg_fact(err, "medium.read", "failed");
    return wtg_hint(err,
                    "copy it first: 'ddrescue -d %s copy.img copy.map', repair the copy with 'wtg "
                    "repair copy.img', and put that onto a good stick with 'wtg write'",
                    r->id.path);
}

static int try_all(struct repair *r, struct wtg_err *err)
{
    for (size_t i = 0; i < repair_nrows; i++) {
        int code = consider(r, &repair_rows[i], err);
        if (repair_soft(code) == 0 && refuse_failing(r, err) < 0)
            return err->code;
        if (code < 0)
            return code;
    }
    return 0;
}

/* ---- in plain data ---------------------------------------------------------------------- */

static void add_note(struct repair *r, const char *text)
{
    if (r->info.nnotes < REPAIR_NOTES_MAX)
        r->note[r->info.nnotes++] = text;
}

static int describe(struct repair *r, struct wtg_err *err)
{
    struct wtg_repair_item *out = arena_alloc(&r->words, sizeof *out * (r->nitems + 1), err);

    if (!out || recipe_target_words(&r->words, &r->id, &r->contents, &r->info.target, err) < 0)
        return err->code;
    for (size_t i = 0; i < r->nitems; i++) {
        const struct repair_item *item = &r->item[i];
        out[i] = (struct wtg_repair_item){
            .slug = item->row->slug,
            .cause = item->cause,
            .text = item->row->text,
            .why = item->why,
            .why_not = item->why_not,
            .effect = plan_effect_name(item->row->effect),
            .state = item->state,
            .bytes = item->bytes,
        };
        r->info.nwill += item->state == WTG_REPAIR_WILL;
        r->info.ncannot += item->state == WTG_REPAIR_CANNOT;
        r->info.bytes += item->bytes;
    }
    r->info.item = out;
    r->info.nitems = r->nitems;
    r->info.note = r->note;
    if (r->info.nwill)
        add_note(
            r, N_("every byte that is overwritten is kept first; 'wtg undo' takes all of it back"));
    if (r->opts.look_only)
        add_note(r, N_("the target was only looked at, nothing was claimed or written"));
    return 0;
}

/* ---- the plan --------------------------------------------------------------------------- */

int repair_new(const struct wtg_repair_opts *opts, const struct repair_on *on, struct wtg_job *job,
               struct repair **ret, struct wtg_err *err)
{
    int code = check_only(opts, err);
    struct repair *r = code == 0 ? mem_zeroed(1, sizeof *r, err) : NULL;

    if (!r)
        return err->code;
    r->opts = *opts;
    if (on)
        r->on = *on;
    r->target.fd = -1;
    r->job = job;
    code = open_all(r, err);
    if (code == 0)
        code = try_all(r, err);
    if (code == 0)
        code = describe(r, err);
    r->job = NULL;
    if (code < 0) {
        repair_free(r);
        return code;
    }
    *ret = r;
    return 0;
}

const struct wtg_repair_info *repair_info(const struct repair *r)
{
    return &r->info;
}

void repair_free(struct repair *r)
{
    if (!r)
        return;
    for (size_t i = r->nitems; i-- > 0;)
        blk_free(r->item[i].layer);
    blk_free(r->undo);
    blk_free(r->watch);
    blk_free(r->opened);
    tree_free(r->image_tree);
    image_free(r->image);
    disk_contents_release(&r->contents);
    disk_target_release(&r->target);
    free(r->files.path);
    arena_release(&r->files.words);
    arena_release(&r->words);
    free(r);
}
