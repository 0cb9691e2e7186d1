/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BOOT_BCD_MEND_H
#define WTG_BOOT_BCD_MEND_H

#include "boot/bcd.h"

/* A store that fits a disk again, with everything in it that was not about where things stand. */

const struct boot_bcd_object *boot_bcd_find_object(const struct boot_bcd *b, const char *key);
/* NULL: there is none that is present. */
const struct boot_bcd_element *boot_bcd_find_element(const struct boot_bcd_object *o, uint32_t id);
/* The loader that the boot manager starts by itself; NULL when the store names none. */
const struct boot_bcd_object *boot_bcd_default_loader(const struct boot_bcd *b);
const struct boot_bcd_object *boot_bcd_manager(const struct boot_bcd *b);
/* Does the element (NULL: no) name exactly this partition? */
bool boot_bcd_names(const struct boot_bcd_element *e, const struct boot_partition *p);
/* The partition that an element names, in its outermost layer; false: none, or another device. */
bool boot_bcd_partition(const struct boot_bcd_element *e, struct boot_partition *ret);

/* Makes the store that `p` asks for, and keeps of `old` (NULL: nothing) what it can: other objects,
 * other elements, a person's settings.  Elements that named the old disk or partitions name the new
 * ones.  `p->loader` and `p->resume` are taken from `old` when it has them.  `*ret` malloc'ed. */
int boot_bcd_mend(const struct boot_bcd *old, const struct boot_bcd_params *p, uint8_t **ret,
                  size_t *ret_n, struct wtg_err *err) WTG_MUST_USE;

#endif
