/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DISK_UDEV_H
#define WTG_DISK_UDEV_H

#include "disk/identity.h"

/* Private to the room: asks udev for what sysfs did not tell (it has sent commands of its own to
 * the disk).  Does nothing for a made-up host or without udev. */
void disk_udev_fill(const struct disk_host *host, struct disk_identity *id);

#endif
