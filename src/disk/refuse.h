/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DISK_REFUSE_H
#define WTG_DISK_REFUSE_H

#include "disk/target.h"
#include "disk/uses.h"

/* For this room and the preflight, apart from the opening of devices so that tests can ask about
 * made-up ones. */

/* disk_target_look for the block device with this kernel name. */
int disk_look_device(const struct disk_host *host, const char *name,
                     const struct disk_target_opts *opts, struct disk_identity *ret,
                     struct wtg_err *err) WTG_MUST_USE;
/* disk_target_look for an image file. */
int disk_look_file(const struct disk_host *host, const char *path,
                   const struct disk_target_opts *opts, struct disk_identity *ret,
                   struct wtg_err *err) WTG_MUST_USE;
/* Makes an error of uses: DISK_SYSTEM or DISK_IN_USE, with how to end them; 0 for none. */
int disk_refuse_uses(const char *path, const struct disk_use *use, size_t n,
                     struct wtg_err *err) WTG_MUST_USE;
/* DISK_CHANGED unless the device that has this kernel name now is the one of the plan. */
int disk_same_as_plan(const struct disk_host *host, const char *name,
                      const struct disk_identity *plan, struct disk_identity *ret,
                      struct wtg_err *err) WTG_MUST_USE;

#endif
