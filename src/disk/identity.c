/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk/identity.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "disk/host-files.h"
#include "disk/kinds.h"
#include "disk/text.h"
#include "disk/udev.h"

static const char *const bus_names[] = {
    [DISK_BUS_OTHER] = "unknown", [DISK_BUS_USB] = "usb",         [DISK_BUS_SD] = "sd",
    [DISK_BUS_EMMC] = "emmc",     [DISK_BUS_ATA] = "ata",         [DISK_BUS_NVME] = "nvme",
    [DISK_BUS_SCSI] = "scsi",     [DISK_BUS_VIRTIO] = "virtio",   [DISK_BUS_LOOP] = "loop",
    [DISK_BUS_FILE] = "file",     [DISK_BUS_VIRTUAL] = "virtual",
};

const char *disk_bus_name(enum disk_bus bus)
{
    return (size_t)bus < ARRAY_LEN(bus_names) ? bus_names[bus] : bus_names[DISK_BUS_OTHER];
}

bool disk_is_stick(const struct disk_identity *id)
{
    return id->bus == DISK_BUS_USB || id->bus == DISK_BUS_SD ||
           (id->removable && id->bus != DISK_BUS_LOOP && id->bus != DISK_BUS_VIRTUAL);
}

/* ---- reading it ------------------------------------------------------------------------- */

/* Where in the tree of devices a disk hangs tells its bus; the first row that fits counts, so a
 * card reader on USB is USB. */
static const struct {
    const char *pattern;
    enum disk_bus bus;
} bus_rows[] = {
    { "*/usb[0-9]*/*", DISK_BUS_USB },
    { "*/mmc_host/*", DISK_BUS_SD },
    { "*/nvme/*", DISK_BUS_NVME },
    { "*/nvme-subsystem/*", DISK_BUS_NVME },
    { "*/ata[0-9]*/*", DISK_BUS_ATA },
    { "*/virtio[0-9]*/*", DISK_BUS_VIRTIO },
    { "*/virtual/block/loop*", DISK_BUS_LOOP },
    { "*/virtual/block/*", DISK_BUS_VIRTUAL },
    { "*/host[0-9]*/*", DISK_BUS_SCSI },
};

static enum disk_bus bus_of(const struct disk_host *h, const char *name, const char *real)
{
    char type[16];
    enum disk_bus bus = DISK_BUS_OTHER;

    for (size_t i = 0; i < ARRAY_LEN(bus_rows) && bus == DISK_BUS_OTHER; i++)
        if (fnmatch(bus_rows[i].pattern, real, 0) == 0)
            bus = bus_rows[i].bus;
    host_line(h, type, sizeof type, "/sys/class/block/%s/device/type", name);
    return bus == DISK_BUS_SD && strcmp(type, "SD") != 0 ? DISK_BUS_EMMC : bus;
}

/* Up the tree to the USB device itself, which knows serial number and speed. */
static void read_usb(const struct disk_host *h, const char *real, struct disk_identity *id)
{
    char at[HOST_PATH_BYTES];

    snprintf(at, sizeof at, "%s", real);
    for (char *slash; (slash = strrchr(at, '/')) && slash != at; *slash = 0) {
        if (!host_exists(h, "%s/idVendor", at))
            continue;
        host_line(h, id->serial, sizeof id->serial, "%s/serial", at);
        if (!id->vendor[0])
            host_line(h, id->vendor, sizeof id->vendor, "%s/manufacturer", at);
        if (!id->model[0])
            host_line(h, id->model, sizeof id->model, "%s/product", at);
        id->usb_mbps = (uint32_t)host_number(h, "%s/speed", at);
        return;
    }
}

/* The serial number in SCSI's vital product data, page 0x80: four bytes, then text. */
static void read_vpd_serial(const struct disk_host *h, struct disk_identity *id)
{
    char path[HOST_PATH_BYTES], page[256] = "";
    FILE *f = fopen(host_path(h, path, "/sys/class/block/%s/device/vpd_pg80", id->name), "rbe");

    if (!f)
        return;
    size_t n = fread(page, 1, sizeof page - 1, f);
    fclose(f);
    page[n] = 0;
    if (n > 4)
        disk_printable(id->serial, sizeof id->serial, page + 4);
}

/* Each kind of disk keeps these in another place; the first that is there counts. */
static void read_names(const struct disk_host *h, struct disk_identity *id)
{
    static const char *const models[] = { "device/model", "device/name" };
    static const char *const serials[] = { "device/serial", "serial" };
    static const char *const wwns[] = { "wwid", "device/wwid", "device/cid" };

    host_line(h, id->vendor, sizeof id->vendor, "/sys/class/block/%s/device/vendor", id->name);
    /* "ATA" is no maker, and virtio and PCI have numbers. */
    if (strcmp(id->vendor, "ATA") == 0 || strncmp(id->vendor, "0x", 2) == 0)
        id->vendor[0] = 0;
    for (size_t i = 0; i < ARRAY_LEN(models) && !id->model[0]; i++)
        host_line(h, id->model, sizeof id->model, "/sys/class/block/%s/%s", id->name, models[i]);
    for (size_t i = 0; i < ARRAY_LEN(serials) && !id->serial[0]; i++)
        host_line(h, id->serial, sizeof id->serial, "/sys/class/block/%s/%s", id->name, serials[i]);
    for (size_t i = 0; i < ARRAY_LEN(wwns) && !id->wwn[0]; i++)
        host_line(h, id->wwn, sizeof id->wwn, "/sys/class/block/%s/%s", id->name, wwns[i]);
    if (id->bus == DISK_BUS_LOOP)
        host_line(h, id->model, sizeof id->model, "/sys/class/block/%s/loop/backing_file",
                  id->name);
}

int disk_identify(const struct disk_host *h, const char *name, struct disk_identity *ret,
                  struct wtg_err *err)
{
    char real[HOST_PATH_BYTES], dev[32];
    struct disk_identity id = { .exists = true };

    if (strlen(name) >= sizeof id.name || !host_real(h, real, "/sys/class/block/%s", name))
        return wtg_fail(err, WTG_E_DISK_GONE, "there is no disk '/dev/%s'", name);
    snprintf(id.name, sizeof id.name, "%s", name);
    snprintf(id.path, sizeof id.path, "/dev/%s", name);
    for (char *p = id.path; (p = strchr(p, '!'));) /* sysfs has '!' for '/' in names */
        *p = '/';
    id.bus = bus_of(h, name, real);
    read_names(h, &id);
    if (id.bus == DISK_BUS_USB)
        read_usb(h, real, &id);
    else if (!id.serial[0])
        read_vpd_serial(h, &id);
    disk_udev_fill(h, &id);
    id.size_bytes = host_number(h, "/sys/class/block/%s/size", name) * 512; /* always of 512 */
    id.sector_bytes =
        (uint32_t)host_number(h, "/sys/class/block/%s/queue/logical_block_size", name);
    id.physical_sector_bytes =
        (uint32_t)host_number(h, "/sys/class/block/%s/queue/physical_block_size", name);
    id.removable = host_number(h, "/sys/class/block/%s/removable", name);
    id.rotational = host_number(h, "/sys/class/block/%s/queue/rotational", name);
    id.read_only = host_number(h, "/sys/class/block/%s/ro", name);
    char *colon = NULL; /* "8:16" */
    if (!host_line(h, dev, sizeof dev, "/sys/class/block/%s/dev", name) ||
        !(colon = strchr(dev, ':')))
        return wtg_fail(err, WTG_E_DISK_GONE, "'/dev/%s' is about to vanish", name);
    id.dev_major = (uint32_t)strtoul(dev, NULL, 10);
    id.dev_minor = (uint32_t)strtoul(colon + 1, NULL, 10);
    *ret = id;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct disk_identity *x = a, *y = b;
    size_t n = strlen(x->name), m = strlen(y->name);
    return n != m ? (n > m) - (n < m) : strcmp(x->name, y->name);
}

int disk_list(const struct disk_host *h, struct disk_identity **ret, size_t *ret_n,
              struct wtg_err *err)
{
    struct host_names names = { 0 };
    int r = host_list(h, &names, err, "/sys/block");
    size_t n = 0;

    if (r < 0)
        return r;
    struct disk_identity *list = mem_zeroed(names.n, sizeof *list, err);
    for (size_t i = 0; list && i < names.n; i++) {
        struct wtg_err gone = { 0 }; /* pulled out while we look */
        if (!disk_no_target(names.name[i]) &&
            disk_identify(h, names.name[i], &list[n], &gone) == 0 && list[n].size_bytes > 0)
            n++;
    }
    host_names_release(&names);
    if (!list)
        return err->code;
    qsort(list, n, sizeof *list, by_name);
    *ret = list;
    *ret_n = n;
    return 0;
}

/* ---- telling and comparing it ----------------------------------------------------------- */

char *disk_size_text(uint64_t bytes, char buf[DISK_SIZE_TEXT_BYTES])
{
    static const char *const units[] = { "bytes", "kB", "MB", "GB", "TB", "PB" };
    size_t u = 0;
    double v = (double)bytes;

    for (; v >= 999.95 && u + 1 < ARRAY_LEN(units); u++)
        v /= 1000;
    snprintf(buf, DISK_SIZE_TEXT_BYTES, u ? "%.1f %s" : "%.0f %s", v, units[u]);
    return buf;
}

static void append(char *buf, size_t cap, const char *fmt, ...) WTG_PRINTF(3, 4);
static void append(char *buf, size_t cap, const char *fmt, ...)
{
    size_t n = strlen(buf);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(buf + n, cap - n, fmt, ap);
    va_end(ap);
}

char *disk_identity_text(const struct disk_identity *id, char buf[DISK_TEXT_BYTES])
{
    char size[DISK_SIZE_TEXT_BYTES];
    const char *what = id->bus == DISK_BUS_FILE ? "image file" : "disk without a name";

    buf[0] = 0;
    if (id->vendor[0] || id->model[0])
        append(buf, DISK_TEXT_BYTES, "%s%s%s", id->vendor, id->vendor[0] && id->model[0] ? " " : "",
               id->model);
    else
        append(buf, DISK_TEXT_BYTES, "%s", what);
    if (id->serial[0])
        append(buf, DISK_TEXT_BYTES, ", serial %s", id->serial);
    append(buf, DISK_TEXT_BYTES, ", %s", disk_size_text(id->size_bytes, size));
    if (id->usb_mbps >= 1000)
        append(buf, DISK_TEXT_BYTES, ", USB %u Gbit/s", id->usb_mbps / 1000);
    else if (id->usb_mbps)
        append(buf, DISK_TEXT_BYTES, ", USB %u Mbit/s", id->usb_mbps);
    else if (id->bus != DISK_BUS_FILE)
        append(buf, DISK_TEXT_BYTES, ", %s", disk_bus_name(id->bus));
    append(buf, DISK_TEXT_BYTES, " (%s)", id->path);
    return buf;
}

char *disk_identity_digest(const struct disk_identity *id, char hex[DISK_DIGEST_BYTES])
{
    char all[1024];
    uint8_t digest[SHA256_BYTES];

    int n = snprintf(all, sizeof all, "%s\n%s\n%s\n%s\n%s\n%" PRIu64 "\n%u\n%s\n",
                     disk_bus_name(id->bus), id->vendor, id->model, id->serial, id->wwn,
                     id->size_bytes, id->sector_bytes, id->bus == DISK_BUS_FILE ? id->path : "");
    hash_sha256(all, min_u64((uint64_t)n, sizeof all - 1), digest);
    hash_hex(digest, sizeof digest, hex);
    return hex;
}

char *disk_identity_difference(const struct disk_identity *want, const struct disk_identity *got,
                               char *buf, size_t cap)
{
    const struct {
        const char *what, *want, *got;
    } texts[] = {
        { "bus", disk_bus_name(want->bus), disk_bus_name(got->bus) },
        { "vendor", want->vendor, got->vendor },
        { "model", want->model, got->model },
        { "serial number", want->serial, got->serial },
        { "WWN", want->wwn, got->wwn },
        { "path", want->bus == DISK_BUS_FILE ? want->path : "",
          got->bus == DISK_BUS_FILE ? got->path : "" },
    };
    char a[DISK_SIZE_TEXT_BYTES], b[DISK_SIZE_TEXT_BYTES];

    buf[0] = 0;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (strcmp(texts[i].want, texts[i].got) != 0)
            append(buf, cap, "%s%s '%s', not '%s'", buf[0] ? ", " : "", texts[i].what, texts[i].got,
                   texts[i].want);
    if (want->size_bytes != got->size_bytes)
        append(buf, cap, "%ssize %s (%" PRIu64 " bytes), not %s (%" PRIu64 ")", buf[0] ? ", " : "",
               disk_size_text(got->size_bytes, b), got->size_bytes,
               disk_size_text(want->size_bytes, a), want->size_bytes);
    if (want->sector_bytes != got->sector_bytes)
        append(buf, cap, "%ssectors of %u bytes, not %u", buf[0] ? ", " : "", got->sector_bytes,
               want->sector_bytes);
    return buf;
}

bool disk_identity_same(const struct disk_identity *a, const struct disk_identity *b)
{
    char difference[64];

    return disk_identity_difference(a, b, difference, sizeof difference)[0] == 0;
}
