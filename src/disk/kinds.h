/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DISK_KINDS_H
#define WTG_DISK_KINDS_H

/* Private to the room: block devices that are no disks. */

/* What the device with this kernel name is ("an optical drive") when nobody would write Windows to
 * it; NULL when it may be a disk. */
const char *disk_no_target(const char *name);

#endif
