/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk/udev.h"

#include <libudev.h>

#include "base/mem.h"
#include "disk/text.h"

void disk_udev_fill(const struct disk_host *host, struct disk_identity *id)
{
    const struct {
        char *to;
        size_t cap;
        const char *property;
    } rows[] = {
        { id->vendor, sizeof id->vendor, "ID_VENDOR" },
        { id->model, sizeof id->model, "ID_MODEL" },
        { id->serial, sizeof id->serial, "ID_SERIAL_SHORT" },
        { id->wwn, sizeof id->wwn, "ID_WWN" },
    };

    if ((host && host->root && host->root[0]) || id->bus == DISK_BUS_LOOP)
        return;
    struct udev *u = udev_new();
    struct udev_device *d = u ? udev_device_new_from_subsystem_sysname(u, "block", id->name) : NULL;
    for (size_t i = 0; d && i < ARRAY_LEN(rows); i++) {
        const char *v = udev_device_get_property_value(d, rows[i].property);
        /* ATA disks have their maker in the model. */
        if (v && !rows[i].to[0] && !(i == 0 && id->bus == DISK_BUS_ATA))
            disk_printable(rows[i].to, rows[i].cap, v);
    }
    udev_device_unref(d);
    udev_unref(u);
}
