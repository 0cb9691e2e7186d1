/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/preflight-priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "disk/refuse.h"

/* The target: who it is, how it hangs on this computer, what is on it, how fast it is. */

/* ---- looking ---------------------------------------------------------------------------- */

/* The kernel's name of the disk that is meant; "" for an image file. */
static void find_name(const struct preflight *p, char name[HOST_NAME_BYTES])
{
    char real[HOST_PATH_BYTES];
    struct stat st;

    name[0] = 0;
    if (p->on.disk)
        snprintf(name, HOST_NAME_BYTES, "%s", p->on.disk);
    else if (stat(p->o->create.target, &st) == 0 && S_ISBLK(st.st_mode) &&
             host_real(p->on.host, real, "/sys/dev/block/%u:%u", major(st.st_rdev),
                       minor(st.st_rdev)))
        snprintf(name, HOST_NAME_BYTES, "%.*s", HOST_NAME_BYTES - 1, host_base(real));
}

/* An image file may well be as small as its image wants; a folder or a name without a size may not.
 */
static void look(struct preflight *p, const char *name)
{
    const struct wtg_create_opts *o = &p->o->create;
    const struct disk_target_opts opts = {
        .allow_fixed = o->allow_fixed,
        .size_bytes = o->size_bytes,
        .sector_bytes = o->sector_bytes,
        .source = &o->image,
        .nsources = o->image ? 1 : 0,
    };
    struct wtg_err ignored = { 0 };

    if (name[0]) {
        p->known = disk_identify(p->on.host, name, &p->id, &ignored) == 0;
        if (disk_look_device(p->on.host, name, &opts, &p->id, &p->refusal) < 0)
            return;
        p->known = true;
        p->refusal = (struct wtg_err){ 0 };
        return;
    }
    p->known = disk_target_look(p->on.host, o->target, &opts, &p->id, &p->refusal) == 0;
    p->is_file = p->known;
    if (p->known)
        p->refusal = (struct wtg_err){ 0 };
}

/* Once for all rows; a disk in use is left alone. */
static int measure(struct preflight *p, struct wtg_err *err)
{
    struct blk *b = NULL;
    struct wtg_err ignored = { 0 };

    if (p->on.blk)
        b = p->on.blk;
    else if (!p->id.exists || blk_open(p->id.path, &b, &ignored) < 0)
        return 0;
    int r = preflight_measure(b, p->job, &p->speed, err);
    if (!p->on.blk)
        blk_free(b);
    p->measured = r == 0;
    return r;
}

static int write_test(struct preflight *p, struct wtg_err *err)
{
    const struct wtg_create_opts *o = &p->o->create;
    const struct disk_target_opts opts = { .allow_fixed = o->allow_fixed,
                                           .sector_bytes = o->sector_bytes };
    struct disk_target t = { .fd = -1 };
    struct blk *b = NULL;

    if (p->on.blk)
        return preflight_write_test(p->on.blk, &p->id, p->on.state_dir, p->job, &p->speed, err);
    if (!p->id.exists)
        return 0;
    int r = disk_target_claim(p->on.host, o->target, &opts, &t, err);
    if (r == 0) {
        int fd = dup(t.fd);
        r = fd < 0 ? wtg_fail(err, WTG_E_IO, "no second handle for '%s'", p->id.path)
                   : blk_from_fd(fd, t.id.size_bytes, t.id.sector_bytes, &b, err);
    }
    if (r == 0)
        r = preflight_write_test(b, &t.id, p->on.state_dir, p->job, &p->speed, err);
    blk_free(b);
    disk_target_release(&t);
    return r;
}

int preflight_look_target(struct preflight *p, struct wtg_err *err)
{
    char name[HOST_NAME_BYTES];
    struct wtg_err ignored = { 0 };
    int r = 0;

    find_name(p, name);
    look(p, name);
    if (!p->known)
        return 0;
    if (name[0])
        r = disk_uses(p->on.host, name, &p->use, &p->nuses, err);
    if (r < 0)
        return r;
    if (p->id.exists && !p->on.disk)
        p->contents_known =
            disk_contents_probe(p->id.path, p->id.sector_bytes, &p->contents, &ignored) == 0;
    if (p->o->quick || p->nuses)
        return 0;
    r = measure(p, err);
    return r == 0 && p->o->write_test && p->refusal.code == 0 ? write_test(p, err) : r;
}

/* ---- who it is -------------------------------------------------------------------------- */

int preflight_target(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    char text[DISK_TEXT_BYTES];

    if (!p->o->create.target)
        return PREFLIGHT_NONE;
    row->where = recipe_text(&p->words, err, "%s",
                             p->refusal.code ? p->refusal.text : disk_identity_text(&p->id, text));
    row->seen = p->refusal.code ? wtg_code_text(p->refusal.code) : N_("may be written");
    row->todo = p->refusal.hint;
    if (!row->where)
        return err->code;
    if (p->refusal.code) {
        row->verdict = WTG_PREFLIGHT_STOP;
        row->err = &p->refusal;
    }
    return 0;
}

static int size_words(struct preflight *p, uint64_t bytes, const char **ret, struct wtg_err *err)
{
    char size[DISK_SIZE_TEXT_BYTES];

    *ret = recipe_text(&p->words, err, "%s", disk_size_text(bytes, size));
    return *ret ? 0 : err->code;
}

/* Sticks of "32 GB" have a little less. */
int preflight_size(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    if (!p->known)
        return PREFLIGHT_NONE;
    row->wanted = "32 GB";
    if (p->id.size_bytes < PREFLIGHT_WANT_BYTES / 100 * 90) {
        row->verdict = WTG_PREFLIGHT_WARNING;
        row->note = N_("Windows starts from less, but has little room for updates and files");
        row->todo = p->is_file ? N_("give a larger --size") : N_("take a larger stick");
    }
    return size_words(p, p->id.size_bytes, &row->seen, err);
}

/* ---- USB -------------------------------------------------------------------------------- */

/* The USB device above the disk in the tree of devices: "/sys/devices/.../usb2/2-1". */
static bool find_usb(const struct preflight *p, char at[HOST_PATH_BYTES])
{
    if (!host_real(p->on.host, at, "/sys/class/block/%s", p->id.name))
        return false;
    for (char *slash; (slash = strrchr(at, '/')) && slash != at; *slash = 0)
        if (host_exists(p->on.host, "%s/idVendor", at))
            return true;
    return false;
}

static bool has_fast_bus(const struct preflight *p, struct wtg_err *err)
{
    struct host_names names = { 0 };
    bool found = false;

    if (host_list(p->on.host, &names, err, "/sys/bus/usb/devices") < 0)
        return false;
    for (size_t i = 0; i < names.n; i++)
        found |= strncmp(names.name[i], "usb", 3) == 0 &&
                 host_number(p->on.host, "/sys/bus/usb/devices/%s/speed", names.name[i]) >= 5000;
    host_names_release(&names);
    return found;
}

static int slow_link(struct preflight *p, struct wtg_preflight_row *row, const char *at,
                     struct wtg_err *err)
{
    char version[16];

    row->verdict = WTG_PREFLIGHT_WARNING;
    host_line(p->on.host, version, sizeof version, "%s/version", at);
    /* A device that can do USB 3 says 2.10 on a port of USB 2: USB 3.2, 9.2.6.6 and 9.6.1. */
    bool can_more = strtod(version, NULL) >= 2.095;
    row->note = can_more ? N_("a USB 3 stick on a USB 2 port, hub or cable")
                         : N_("a USB 2 stick: Windows will be very slow");
    row->todo = !can_more              ? N_("take a USB 3 stick")
                : has_fast_bus(p, err) ? N_("plug it into a blue port or one marked SS, without "
                                            "hub or extension, quickly and fully")
                                       : N_("this computer has no USB 3 port; take another one");
    return 0;
}

int preflight_link(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    char at[HOST_PATH_BYTES];

    if (!p->known || p->id.bus != DISK_BUS_USB || !find_usb(p, at))
        return PREFLIGHT_NONE;
    uint32_t mbps = p->id.usb_mbps;
    const char *port = host_base(at); /* "2-1.4": bus 2, port 1, there port 4 of a hub */
    row->wanted = "5 Gbit/s";
    row->seen = mbps >= 1000 ? recipe_text(&p->words, err, "%u Gbit/s", mbps / 1000)
                             : recipe_text(&p->words, err, "%u Mbit/s", mbps);
    row->where = recipe_text(&p->words, err, strchr(port, '.') ? "USB %s (hub)" : "USB %s", port);
    if (!row->seen || !row->where)
        return err->code;
    return mbps < 5000 ? slow_link(p, row, at, err) : 0;
}

int preflight_removable(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    (void)err;
    if (!p->known)
        return PREFLIGHT_NONE;
    row->where = disk_bus_name(p->id.bus);
    row->seen = p->is_file              ? N_("an image file")
                : p->id.removable       ? N_("removable")
                : disk_is_stick(&p->id) ? N_("a stick that calls itself fixed")
                                        : N_("built in");
    if (!p->is_file && !disk_is_stick(&p->id))
        row->verdict = WTG_PREFLIGHT_WARNING;
    return 0;
}

int preflight_lock(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    (void)err;
    if (!p->known || p->is_file)
        return PREFLIGHT_NONE;
    row->wanted = N_("off");
    row->seen = p->id.read_only ? N_("on") : N_("off");
    if (p->id.read_only) {
        row->verdict = WTG_PREFLIGHT_STOP;
        row->todo = N_("slide the lock of the card or stick to the other side");
        row->err = &p->refusal;
    }
    return 0;
}

/* ---- what is on it ---------------------------------------------------------------------- */

/* File systems that a system may live on, or data that would be missed. */
static bool is_system(const char *fs)
{
    static const char *const names[] = { "ntfs",       "BitLocker", "ext2",       "ext3",
                                         "ext4",       "btrfs",     "xfs",        "f2fs",
                                         "apfs",       "hfsplus",   "zfs_member", "crypto_LUKS",
                                         "LVM2_member" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(fs, names[i]) == 0)
            return true;
    return false;
}

int preflight_contents(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    char line[DISK_LINE_BYTES], all[600] = "";
    size_t n = 0;

    if (!p->contents_known)
        return PREFLIGHT_NONE;
    row->seen = recipe_text(&p->words, err, "%s", disk_contents_summary(&p->contents, line));
    for (size_t i = 0; i < p->contents.nparts; i++) {
        const struct disk_content_part *part = &p->contents.part[i];
        if (!is_system(part->fs))
            continue;
        row->verdict = WTG_PREFLIGHT_WARNING;
        if (n < sizeof all)
            n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", n ? "; " : "",
                                  disk_content_line(&p->contents, part, line));
    }
    row->where = recipe_text(&p->words, err, "%s", all);
    if (row->verdict == WTG_PREFLIGHT_WARNING) {
        row->note = N_("all of that will be erased");
        row->todo = N_("copy what you need first");
    }
    return row->seen && row->where ? 0 : err->code;
}

/* ---- how fast it is --------------------------------------------------------------------- */

static int rate_row(struct preflight *p, struct wtg_preflight_row *row, uint64_t rate,
                    struct wtg_err *err)
{
    row->wanted = "100 MB/s";
    row->seen = recipe_text(&p->words, err, "%" PRIu64 " MB/s", (rate + 500000) / 1000000);
    if (rate < PREFLIGHT_WANT_RATE) {
        row->verdict = WTG_PREFLIGHT_WARNING;
        row->note = N_("Windows will start and work slowly from it");
        row->todo = N_("take a faster stick, best an SSD in a USB case");
    }
    return row->seen ? 0 : err->code;
}

int preflight_read_rate(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    return p->speed.read_rate ? rate_row(p, row, p->speed.read_rate, err) : PREFLIGHT_NONE;
}

int preflight_write_rate(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    return p->speed.write_rate ? rate_row(p, row, p->speed.write_rate, err) : PREFLIGHT_NONE;
}

int preflight_random(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    enum { WANT_US = 1000 }; /* a good stick takes 0.3 ms, an SSD 0.1, a disk 10 */

    if (!p->speed.random_us)
        return PREFLIGHT_NONE;
    row->wanted = "1.0 ms";
    row->seen = recipe_text(&p->words, err, "%.2f ms", (double)p->speed.random_us / 1000);
    if (p->speed.random_us > WANT_US) {
        row->verdict = WTG_PREFLIGHT_WARNING;
        row->note = N_("Windows reads many small pieces, and will wait for each");
    }
    return row->seen ? 0 : err->code;
}

int preflight_reach(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    if (!p->speed.places)
        return PREFLIGHT_NONE;
    if (size_words(p, p->id.size_bytes, &row->wanted, err) < 0 ||
        size_words(p, p->speed.lost ? p->speed.lost_at : p->speed.reached_bytes, &row->seen, err) <
            0)
        return err->code;
    if (p->speed.read_err.code || p->speed.lost) {
        if (!p->speed.read_err.code)
            wtg_fail(&p->speed.read_err, WTG_E_VERIFY,
                     "'%s' does not hold what was written at byte %" PRIu64, p->id.path,
                     p->speed.lost_at);
        row->verdict = WTG_PREFLIGHT_STOP;
        row->where = p->speed.read_err.text;
        row->note = p->speed.lost
                        ? N_("a fake stick: it has less room than it says, or is worn out")
                        : N_("it does not read everywhere");
        row->todo = N_("do not use this stick");
        row->err = &p->speed.read_err;
    } else if (!p->speed.write_rate) {
        row->verdict = WTG_PREFLIGHT_TOLD;
        row->note =
            N_("it reads up to there; whether it also keeps data there, --write-test tells");
    }
    return 0;
}

/* Reading back takes as long as the medium reads. */
int preflight_time(struct preflight *p, struct wtg_preflight_row *row, struct wtg_err *err)
{
    const char *source = N_("from the measured rates");
    uint64_t rate = p->speed.write_rate, back = p->speed.read_rate;

    if (!p->known || !p->write_bytes)
        return PREFLIGHT_NONE;
    if (!rate) {
        rate = create_assumed_rate(&p->id, &source);
        if (p->speed.read_rate) /* nothing is written faster than it is read */
            rate = min_u64(rate, p->speed.read_rate);
    }
    uint64_t seconds = div_up(p->write_bytes, rate);
    if (!p->o->create.no_verify)
        seconds += div_up(p->write_bytes, back ? back : rate);
    row->verdict = WTG_PREFLIGHT_TOLD;
    row->seen = recipe_text(&p->words, err, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds / 3600,
                            seconds / 60 % 60, seconds % 60);
    row->note = source;
    return row->seen ? size_words(p, p->write_bytes, &row->where, err) : err->code;
}
