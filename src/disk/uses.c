/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk/uses.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "disk/host-files.h"
#include "disk/text.h"

struct uses {
    const struct disk_host *host;
    struct host_names family; /* the disk, its partitions, what stands on them, and so on */
    struct disk_use *use;
    size_t n, cap;
};

/* Where a running system lives; `below`: everything in there too.  The last rows are where live
 * systems keep the medium that they run from. */
static const struct {
    const char *path;
    bool below;
} system_rows[] = {
    { "/", false },     { "/boot", true },        { "/efi", true },           { "/usr", true },
    { "/var", false },  { "/etc", false },        { "/home", false },         { "/nix", true },
    { "/opt", false },  { "/root", false },       { "/sysroot", true },       { "/run/live", true },
    { "/cdrom", true }, { "/run/archiso", true }, { "/run/initramfs", true },
};

static bool is_system(const char *where)
{
    for (size_t i = 0; i < ARRAY_LEN(system_rows); i++) {
        size_t n = strlen(system_rows[i].path);
        if (strncmp(where, system_rows[i].path, n) == 0 &&
            (where[n] == 0 || (system_rows[i].below && where[n] == '/')))
            return true;
    }
    return false;
}

static bool same_use(const struct disk_use *a, const struct disk_use *b)
{
    return a->kind == b->kind && strcmp(a->device, b->device) == 0 &&
           strcmp(a->where, b->where) == 0;
}

static int add_use(struct uses *u, enum disk_use_kind kind, const char *device, const char *where,
                   const char *remedy, struct wtg_err *err)
{
    int r = mem_grow(&u->use, &u->cap, u->n, sizeof *u->use, err);
    if (r < 0)
        return r;
    struct disk_use *one = &u->use[u->n];
    *one = (struct disk_use){ .kind = kind, .system = kind == DISK_USE_MOUNT && is_system(where) };
    disk_printable(one->device, sizeof one->device, device);
    disk_printable(one->where, sizeof one->where, where);
    disk_printable(one->remedy, sizeof one->remedy, remedy);
    for (size_t i = 0; i < u->n; i++) /* bind mounts stand many times in the list */
        if (same_use(&u->use[i], one))
            return 0;
    u->n++;
    return 0;
}

/* ---- who belongs to the disk ------------------------------------------------------------ */

/* LVM's "group-volume", in which a '-' of a name is doubled. */
static void vg_of(const char *name, char *buf, size_t cap)
{
    size_t n = 0;

    for (; *name && n + 1 < cap; buf[n++] = *name++)
        if (name[0] == '-' && *++name != '-')
            break;
    buf[n] = 0;
}

static int add_holder(struct uses *u, const char *below, const char *holder, struct wtg_err *err)
{
    char uuid[160], name[128], vg[128], where[200], remedy[256];

    host_line(u->host, uuid, sizeof uuid, "/sys/class/block/%s/dm/uuid", holder);
    host_line(u->host, name, sizeof name, "/sys/class/block/%s/dm/name", holder);
    if (strncmp(uuid, "LVM-", 4) == 0) {
        snprintf(where, sizeof where, "LVM volume '%s'", name);
        vg_of(name, vg, sizeof vg);
        snprintf(remedy, sizeof remedy, "vgchange -an '%s'", vg);
    } else if (strncmp(uuid, "CRYPT-", 6) == 0) {
        snprintf(where, sizeof where, "encrypted volume '%s'", name);
        snprintf(remedy, sizeof remedy, "cryptsetup close '%s'", name);
    } else if (strncmp(holder, "md", 2) == 0) {
        snprintf(where, sizeof where, "RAID '%s'", holder);
        snprintf(remedy, sizeof remedy, "mdadm --stop /dev/%s", holder);
    } else {
        snprintf(where, sizeof where, "device '%s'", name[0] ? name : holder);
        snprintf(remedy, sizeof remedy, "dmsetup remove '%s'", name[0] ? name : holder);
    }
    return add_use(u, DISK_USE_HOLDER, below, where, remedy, err);
}

static int add_once(struct uses *u, const char *name, struct wtg_err *err)
{
    return host_names_have(&u->family, name) ? 0 : host_names_add(&u->family, name, err);
}

static int add_partitions(struct uses *u, const char *name, struct wtg_err *err)
{
    struct host_names in = { 0 };
    int r = host_list(u->host, &in, err, "/sys/class/block/%s", name);

    for (size_t i = 0; r == 0 && i < in.n; i++)
        if (host_exists(u->host, "/sys/class/block/%s/%s/partition", name, in.name[i]))
            r = add_once(u, in.name[i], err);
    host_names_release(&in);
    return r;
}

static int add_holders(struct uses *u, const char *name, struct wtg_err *err)
{
    struct host_names in = { 0 };
    int r = host_list(u->host, &in, err, "/sys/class/block/%s/holders", name);

    for (size_t i = 0; r == 0 && i < in.n; i++) {
        r = add_holder(u, name, in.name[i], err);
        if (r == 0)
            r = add_once(u, in.name[i], err);
    }
    host_names_release(&in);
    return r;
}

/* Loop devices over `file`, a path without the host's root. */
static int add_loops(struct uses *u, const char *device, const char *file, struct wtg_err *err)
{
    struct host_names in = { 0 };
    char backing[HOST_PATH_BYTES], remedy[128], where[96];
    int r = host_list(u->host, &in, err, "/sys/block");

    for (size_t i = 0; r == 0 && i < in.n; i++) {
        if (strncmp(in.name[i], "loop", 4) != 0 ||
            !host_line(u->host, backing, sizeof backing, "/sys/block/%s/loop/backing_file",
                       in.name[i]) ||
            strcmp(backing, file) != 0)
            continue;
        snprintf(where, sizeof where, "loop device '/dev/%s'", in.name[i]);
        snprintf(remedy, sizeof remedy, "losetup -d /dev/%s", in.name[i]);
        r = add_use(u, DISK_USE_LOOP, device, where, remedy, err);
        if (r == 0)
            r = add_once(u, in.name[i], err);
    }
    host_names_release(&in);
    return r;
}

/* The list grows while it is walked; each name enters once, so it ends. */
static int find_family(struct uses *u, struct wtg_err *err)
{
    char path[HOST_NAME_BYTES + 8];
    int r = 0;

    for (size_t i = 0; r == 0 && i < u->family.n; i++) {
        char name[HOST_NAME_BYTES];
        memcpy(name, u->family.name[i], sizeof name);
        snprintf(path, sizeof path, "/dev/%s", name);
        r = add_partitions(u, name, err);
        if (r == 0)
            r = add_holders(u, name, err);
        if (r == 0)
            r = add_loops(u, name, path, err);
    }
    return r;
}

/* ---- what is done with them ------------------------------------------------------------- */

/* The kernel writes spaces and the like as \040. */
static void unescape(char *s)
{
    char *to = s;

    for (; *s; to++) {
        if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
            s[3] >= '0' && s[3] <= '7') {
            *to = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
            s += 4;
        } else {
            *to = *s++;
        }
    }
    *to = 0;
}

/* The member of the family that a device is, by its number or by its path; NULL: none. */
static const char *member(const struct uses *u, const char *number, const char *path)
{
    char dev[32], real[HOST_PATH_BYTES] = "";

    for (size_t i = 0; number && i < u->family.n; i++)
        if (host_line(u->host, dev, sizeof dev, "/sys/class/block/%s/dev", u->family.name[i]) &&
            strcmp(dev, number) == 0)
            return u->family.name[i];
    if (strncmp(path, "/dev/", 5) != 0 || !host_real(u->host, real, "%s", path))
        return NULL;
    for (size_t i = 0; i < u->family.n; i++)
        if (strcmp(host_base(real), u->family.name[i]) == 0)
            return u->family.name[i];
    return NULL;
}

/* A line: "36 35 98:0 /root /mount/point rw,noatime shared:1 - ext3 /dev/root rw", proc(5). */
static int take_mount(struct uses *u, char *line, struct wtg_err *err)
{
    char *field[5] = { 0 }, *rest = line, *source, remedy[320];
    char *tail = strstr(line, " - ");

    if (!tail)
        return 0;
    *tail = 0;
    tail += 3;
    for (size_t i = 0; i < ARRAY_LEN(field); i++)
        if (!(field[i] = strsep(&rest, " ")))
            return 0;
    strsep(&tail, " ");
    source = strsep(&tail, " ");
    unescape(field[4]);
    if (source)
        unescape(source);
    const char *device = member(u, field[2], source ? source : "");
    if (!device)
        return 0;
    snprintf(remedy, sizeof remedy, "umount '%s'", field[4]);
    return add_use(u, DISK_USE_MOUNT, device, field[4], remedy, err);
}

/* `file`: also swap files of this path, when not NULL. */
static int take_swap(struct uses *u, char *line, const char *file, struct wtg_err *err)
{
    char *path = strsep(&line, " \t"), remedy[320];

    if (!path || path[0] != '/')
        return 0;
    unescape(path);
    const char *device = file && strcmp(path, file) == 0 ? file : member(u, NULL, path);
    if (!device)
        return 0;
    snprintf(remedy, sizeof remedy, "swapoff '%s'", path);
    return add_use(u, DISK_USE_SWAP, host_base(device), path, remedy, err);
}

static int find_mounts(struct uses *u, struct wtg_err *err)
{
    AUTO_FREE char *text = NULL;
    int r = host_text(u->host, "/proc/self/mountinfo", &text, err);
    char *rest = text;

    for (char *line; r == 0 && (line = strsep(&rest, "\n"));)
        r = take_mount(u, line, err);
    return r;
}

static int find_swaps(struct uses *u, const char *file, struct wtg_err *err)
{
    AUTO_FREE char *text = NULL;
    int r = host_text(u->host, "/proc/swaps", &text, err);
    char *rest = text;

    for (char *line; r == 0 && (line = strsep(&rest, "\n"));)
        r = take_swap(u, line, file, err);
    return r;
}

/* ---- the two questions ------------------------------------------------------------------ */

static int by_weight(const void *a, const void *b)
{
    const struct disk_use *x = a, *y = b;
    int w = (int)y->system - (int)x->system;

    w = w ? w : (int)x->kind - (int)y->kind;
    w = w ? w : strcmp(x->where, y->where); /* "/" says it best */
    return w ? w : strcmp(x->device, y->device);
}

static int finish(struct uses *u, int r, struct disk_use **ret, size_t *ret_n)
{
    host_names_release(&u->family);
    if (r < 0) {
        free(u->use);
        return r;
    }
    if (u->n > 1)
        qsort(u->use, u->n, sizeof *u->use, by_weight);
    *ret = u->use;
    *ret_n = u->n;
    return 0;
}

int disk_uses(const struct disk_host *host, const char *name, struct disk_use **ret, size_t *ret_n,
              struct wtg_err *err)
{
    struct uses u = { .host = host };
    int r = add_once(&u, name, err);

    if (r == 0)
        r = find_family(&u, err);
    if (r == 0)
        r = find_mounts(&u, err);
    if (r == 0)
        r = find_swaps(&u, NULL, err);
    return finish(&u, r, ret, ret_n);
}

int disk_file_uses(const struct disk_host *host, const char *path, struct disk_use **ret,
                   size_t *ret_n, struct wtg_err *err)
{
    struct uses u = { .host = host };
    int r = add_loops(&u, host_base(path), path, err);

    if (r == 0)
        r = find_family(&u, err);
    if (r == 0)
        r = find_mounts(&u, err);
    if (r == 0)
        r = find_swaps(&u, path, err);
    return finish(&u, r, ret, ret_n);
}
