/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk/udisks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "base/mem.h"

#define SERVICE "org.freedesktop.UDisks2"
#define DISKS "/org/freedesktop/UDisks2/block_devices"
#define BLOCK SERVICE ".Block"

/* Somebody has to find and type a password. */
#define ASK_USEC (UINT64_C(5) * 60 * 1000000)

struct call {
    sd_bus *bus;
    sd_bus_message *message, *reply;
    sd_bus_error error;
};

static void call_release(struct call *c)
{
    sd_bus_error_free(&c->error);
    sd_bus_message_unref(c->message);
    sd_bus_message_unref(c->reply);
    sd_bus_flush_close_unref(c->bus);
}

/* What the bus and UDisks2 say, in ours.  The first row that fits counts; the last fits all. */
static const struct {
    const char *name; /* of the error, or the end of it */
    const char *in;   /* what its text must contain */
    int code;
    const char *hint;
} refusals[] = {
    { "UDisks2.Error.NotAuthorizedDismissed", "", WTG_E_CANCELLED, "" },
    { "UDisks2.Error.NotAuthorizedCanObtain", "", WTG_E_PERMISSION,
      "nobody could be asked for a password here; run it again with sudo: sudo wtg ..." },
    { "UDisks2.Error.NotAuthorized", "", WTG_E_PERMISSION, "run it again with sudo: sudo wtg ..." },
    { "UDisks2.Error.Cancelled", "", WTG_E_CANCELLED, "" },
    { "UDisks2.Error.DeviceBusy", "", WTG_E_DISK_IN_USE, "unmount what is mounted from it" },
    { "", "busy", WTG_E_DISK_IN_USE, "unmount what is mounted from it" },
    { "", "Read-only", WTG_E_DISK_READ_ONLY, "slide the lock of the card or stick" },
    { "DBus.Error.UnknownObject", "", WTG_E_DISK_GONE, "plug the disk out and in" },
    { "DBus.Error.UnknownInterface", "", WTG_E_DISK_GONE, "plug the disk out and in" },
    { "DBus.Error.UnknownMethod", "", WTG_E_UNSUPPORTED,
      "UDisks2 here is older than 2.7.3; run it with sudo: sudo wtg ..." },
    { "DBus.Error.AccessDenied", "", WTG_E_PERMISSION, "run it again with sudo: sudo wtg ..." },
    { "DBus.Error.ServiceUnknown", "", WTG_E_UNSUPPORTED,
      "install udisks2, or run it with sudo: sudo wtg ..." },
    { "DBus.Error.NameHasNoOwner", "", WTG_E_UNSUPPORTED,
      "install udisks2, or run it with sudo: sudo wtg ..." },
    { "", "", WTG_E_PERMISSION, "run it again with sudo: sudo wtg ..." },
};

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

static int refuse(const char *path, const sd_bus_error *e, struct wtg_err *err)
{
    const char *name = e->name ? e->name : "", *text = e->message ? e->message : "";
    size_t i = 0;

    while (!ends_with(name, refusals[i].name) || !strstr(text, refusals[i].in))
        i++;
    wtg_fail(err, refusals[i].code, "UDisks2 did not open '%s': %s (%s)", path, text, name);
    return wtg_hint(err, "%s", refusals[i].hint);
}

/* A call to the object of this disk, whose name is that of the device with all else but letters
 * and digits written as "_2d". */
static int prepare(struct call *c, const char *path, const char *interface, const char *method,
                   struct wtg_err *err)
{
    char object[256] = DISKS "/";
    size_t n = strlen(object);

    if (strncmp(path, "/dev/", 5) != 0)
        return wtg_fail(err, WTG_E_TARGET, "'%s' is no device, so UDisks2 does not know it", path);
    for (const char *p = path + 5; *p && n + 4 < sizeof object; p++) {
        bool plain =
            (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');
        n += (size_t)snprintf(object + n, sizeof object - n, plain ? "%c" : "_%02x",
                              (unsigned char)*p);
    }
    int r = sd_bus_open_system(&c->bus);
    if (r < 0) {
        wtg_fail(err, WTG_E_UNSUPPORTED, "asking UDisks2 for '%s': there is no system bus: %s",
                 path, strerror(-r));
        return wtg_hint(err, "run it with sudo: sudo wtg ...");
    }
    r = sd_bus_message_new_method_call(c->bus, &c->message, SERVICE, object, interface, method);
    return r < 0 ? wtg_fail_errno(err, -r, "asking UDisks2 for '%s'", path) : 0;
}

static int send(struct call *c, const char *path, struct wtg_err *err)
{
    int r = sd_bus_call(c->bus, c->message, ASK_USEC, &c->error, &c->reply);
    return r < 0 ? refuse(path, &c->error, err) : 0;
}

static int knows(struct call *c, const char *path, struct wtg_err *err)
{
    int r = prepare(c, path, "org.freedesktop.DBus.Properties", "Get", err);

    if (r == 0 && (r = sd_bus_message_append(c->message, "ss", BLOCK, "Size")) < 0)
        r = wtg_fail_errno(err, -r, "asking UDisks2 for '%s'", path);
    return r < 0 ? r : send(c, path, err);
}

int disk_udisks_knows(const char *path, struct wtg_err *err)
{
    struct call c = { 0 };
    int r = knows(&c, path, err);

    /* Objects that are not there have no methods, say the buses of some languages. */
    if (r < 0 && sd_bus_error_has_name(&c.error, SD_BUS_ERROR_UNKNOWN_METHOD)) {
        r = wtg_fail(err, WTG_E_DISK_GONE, "UDisks2 does not know '%s'", path);
        wtg_hint(err, "plug the disk out and in");
    }
    call_release(&c);
    return r;
}

static int open_disk(struct call *c, const char *path, int *ret, struct wtg_err *err)
{
    int fd = -1;
    int r = prepare(c, path, BLOCK, "OpenDevice", err);

    if (r < 0)
        return r;
    /* UDisks2 (since 2.7.3) adds O_RDWR and O_CLOEXEC to these flags. */
    r = sd_bus_message_append(c->message, "sa{sv}", "rw", 1, "flags", "i", O_EXCL);
    if (r >= 0)
        r = sd_bus_message_set_allow_interactive_authorization(c->message, 1);
    if (r < 0)
        return wtg_fail_errno(err, -r, "asking UDisks2 for '%s'", path);
    r = send(c, path, err);
    if (r < 0)
        return r;
    r = sd_bus_message_read(c->reply, "h", &fd); /* of the reply, which closes it */
    if (r < 0)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "UDisks2 gave no open file for '%s'", path);
    AUTO_FD own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (own < 0)
        return wtg_fail_errno(err, errno, "taking over '%s' from UDisks2", path);
    int flags = fcntl(own, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) != O_RDWR)
        return wtg_fail(err, WTG_E_PERMISSION, "UDisks2 opened '%s' for reading only", path);
    *ret = TAKE_FD(own);
    return 0;
}

int disk_udisks_open(const char *path, int *ret, struct wtg_err *err)
{
    struct call c = { 0 };
    int r = disk_udisks_knows(path, err);

    if (r == 0)
        r = open_disk(&c, path, ret, err);
    call_release(&c);
    return r;
}
