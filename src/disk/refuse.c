/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk/refuse.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "disk/host-files.h"
#include "disk/kinds.h"

static const char *const verbs[] = {
    [DISK_USE_MOUNT] = "is mounted at",
    [DISK_USE_SWAP] = "is used for swapping as",
    [DISK_USE_HOLDER] = "is part of the",
    [DISK_USE_LOOP] = "is shown as the",
};

static void describe_use(const struct disk_use *u, char *buf, size_t cap)
{
    bool quote = u->kind == DISK_USE_MOUNT || u->kind == DISK_USE_SWAP;
    const char *mark = quote ? "'" : "";

    snprintf(buf, cap, "'%s' %s %s%s%s", u->device, verbs[u->kind], mark, u->where, mark);
}

int disk_refuse_uses(const char *path, const struct disk_use *use, size_t n, struct wtg_err *err)
{
    char what[600] = "", how[320] = "", one[400];

    if (n == 0)
        return 0;
    if (use[0].system) {
        describe_use(&use[0], one, sizeof one);
        wtg_fail(err, WTG_E_DISK_SYSTEM, "'%s' holds the running system: %s", path, one);
        return wtg_hint(err, "choose another disk; wtg never writes to this one while the system "
                             "runs from it");
    }
    for (size_t i = 0; i < n; i++) {
        size_t w = strlen(what), h = strlen(how);
        describe_use(&use[i], one, sizeof one);
        if (w + strlen(one) + 3 < sizeof what)
            snprintf(what + w, sizeof what - w, "%s%s", w ? ", " : "", one);
        if (h + strlen(use[i].remedy) + 5 < sizeof how)
            snprintf(how + h, sizeof how - h, "%s%s", h ? "; " : "", use[i].remedy);
    }
    wtg_fail(err, WTG_E_DISK_IN_USE, "'%s' is in use: %s", path, what);
    return wtg_hint(err, "end that and try again: %s", how);
}

static int refuse_kind(const struct disk_host *host, const char *name, struct wtg_err *err)
{
    char real[HOST_PATH_BYTES], disk[HOST_PATH_BYTES];
    const char *what = disk_no_target(name);

    if (what) {
        wtg_fail(err, WTG_E_TARGET, "'/dev/%s' is %s, not a disk", name, what);
        return wtg_hint(err, "'lsblk -d' lists the disks of this computer");
    }
    if (!host_exists(host, "/sys/class/block/%s/partition", name) ||
        !host_real(host, real, "/sys/class/block/%s", name))
        return 0;
    char *slash = strrchr(real, '/'); /* a partition's folder stands in its disk's */
    if (slash)
        *slash = 0;
    snprintf(disk, sizeof disk, "%s", host_base(real));
    wtg_fail(err, WTG_E_TARGET,
             "'/dev/%s' is a partition; wtg writes whole disks, and this one is "
             "on '/dev/%.64s'",
             name, disk);
    return wtg_hint(err, "if all of '/dev/%.64s' may be erased, name that", disk);
}

static int refuse_state(const struct disk_identity *id, const struct disk_target_opts *opts,
                        struct wtg_err *err)
{
    char text[DISK_TEXT_BYTES];

    if (id->read_only) {
        wtg_fail(err, WTG_E_DISK_READ_ONLY, "'%s' is locked against writing", id->path);
        return wtg_hint(err, "slide the lock of the card or stick to the other side; if it has "
                             "none, the stick may have worn out and locked itself");
    }
    if (id->sector_bytes != 512 && id->sector_bytes != 4096)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "'%s' has sectors of %u bytes, not 512 or 4096",
                        id->path, id->sector_bytes);
    if (opts->allow_fixed || disk_is_stick(id))
        return 0;
    wtg_fail(err, WTG_E_DISK_FIXED, "'%s' is no USB stick, SD card or other removable disk: %s",
             id->path, disk_identity_text(id, text));
    return wtg_hint(err, "if this is the disk to erase, say so with --allow-fixed");
}

int disk_look_device(const struct disk_host *host, const char *name,
                     const struct disk_target_opts *opts, struct disk_identity *ret,
                     struct wtg_err *err)
{
    struct disk_identity id = { 0 };
    AUTO_FREE struct disk_use *use = NULL;
    size_t n = 0;

    int r = refuse_kind(host, name, err);
    if (r == 0)
        r = disk_identify(host, name, &id, err);
    if (r < 0)
        return r;
    if (id.size_bytes == 0) {
        wtg_fail(err, WTG_E_DISK_GONE, "there is no medium in '%s'", id.path);
        return wtg_hint(err, "put the card in, or plug the stick out and in");
    }
    r = disk_uses(host, name, &use, &n, err);
    if (r == 0)
        r = disk_refuse_uses(id.path, use, n, err);
    if (r == 0)
        r = refuse_state(&id, opts, err);
    if (r == 0)
        *ret = id;
    return r;
}

int disk_same_as_plan(const struct disk_host *host, const char *name,
                      const struct disk_identity *plan, struct disk_identity *ret,
                      struct wtg_err *err)
{
    char difference[300];
    struct disk_identity now;
    int r = disk_identify(host, name, &now, err);

    if (r < 0)
        return r;
    if (disk_identity_difference(plan, &now, difference, sizeof difference)[0]) {
        wtg_fail(err, WTG_E_DISK_CHANGED, "'%s' is not the disk of the plan: %s", now.path,
                 difference);
        return wtg_hint(err, "nothing was written; plug in the disk that is meant and start again");
    }
    *ret = now;
    return 0;
}
