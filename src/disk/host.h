/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DISK_HOST_H
#define WTG_DISK_HOST_H

/* The computer whose /sys, /proc, /dev and udev are asked.  Tests give a folder with a made-up one;
 * everybody else passes NULL for the one we run on. */
struct disk_host {
    const char *root; /* put before "/sys", "/proc", "/dev"; "" or NULL: the real ones */
};

#endif
