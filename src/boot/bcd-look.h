/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BOOT_BCD_LOOK_H
#define WTG_BOOT_BCD_LOOK_H

#include "boot/bcd.h"

/* What a store would start: the boot manager, and the systems that it offers. */

struct boot_bcd_start {
    const char *object; /* its key in the store */
    bool manager;       /* the boot manager, not a system */
    bool has_device, has_system_device;
    struct boot_device device;        /* where `path` is */
    struct boot_device system_device; /* where `root` is; systems only */
    char path[512], root[512];        /* UTF-8; "" when the store does not say */
};
enum { BOOT_BCD_STARTS = 32 }; /* a menu with more is not looked at to its end */

struct boot_bcd_look {
    struct boot_bcd_start start[BOOT_BCD_STARTS];
    size_t nstarts;
    bool has_manager; /* the store has a boot manager object */
    size_t systems;   /* that are offered and there */
    size_t dangling;  /* that are offered and not there */
};
/* Borrows from `b`.  Never fails: what cannot be understood is missing. */
void boot_bcd_look(const struct boot_bcd *b, struct boot_bcd_look *ret);

#endif
