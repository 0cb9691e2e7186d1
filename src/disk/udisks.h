/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DISK_UDISKS_H
#define WTG_DISK_UDISKS_H

#include "base/err.h"

/* Disks for somebody who is not root: UDisks2 opens them, after polkit has asked.  On the system
 * bus, or where DBUS_SYSTEM_BUS_ADDRESS says. */

/* Is UDisks2 there (it is started for that), and does it know this disk ("/dev/sdb")?  Asks nobody
 * for a password.  UNSUPPORTED: no bus, no UDisks2.  DISK_GONE: it does not know the disk. */
int disk_udisks_knows(const char *path, struct wtg_err *err) WTG_MUST_USE;

/* Opens it for reading and writing, O_EXCL.  Waits while polkit asks somebody.  PERMISSION: denied;
 * CANCELLED: whoever was asked closed the question; DISK_IN_USE; and those of disk_udisks_knows. */
int disk_udisks_open(const char *path, int *ret, struct wtg_err *err) WTG_MUST_USE;

#endif
